import { Client } from '../support/client';
import { ShardView } from '../persistence/support/shard-view';
import { until } from '../support/until';
import { Venue, type RunningApp } from '../support/venue';
import { EventClient } from './support/event-client';
import { RebuiltBook } from './support/rebuilt-book';
import { StreamClient, type StreamMessage } from './support/stream-client';

/** Redis loses the shard, and nobody rebuilds it before all has been asked for: there are no books to begin with. */
describe('what is subscribed to while the books are lost', () => {
  let venue: Venue;
  let shard: ShardView;
  let running: RunningApp;
  let http: Client;
  let sequence = 0;

  beforeEach(async () => {
    venue = await Venue.open();
    shard = new ShardView(venue);
    running = await venue.start({ AUTO_RECOVER: 'false' });
    http = new Client(() => running.url);
    for (const price of ['10.00', '11.00', '12.00']) await place(price);
    await shard.persisted();
    sequence = await shard.meta('seq');
  });
  afterEach(async () => {
    http.close();
    await venue.close();
  });

  const place = (price: string): Promise<{ status: number }> => http.post('/orders', { client_id: 'ann', side: 'buy', type: 'limit', price, quantity: '1' });

  const lose = (): Promise<void> => venue.redis.dropShard(venue.shard);

  const showsBook = async (): Promise<boolean> => {
    const client = await StreamClient.open(running.url, '?channels=orderbook&instruments=BTC-USD');
    await client.ask({ op: 'ping' }, 'pong');
    await client.close();
    return client.ofType('orderbook_snapshot').length > 0;
  };
  /** Waits until a subscriber is shown no book any more. */
  const untilLost = (): Promise<void> => until('the service notices', async () => !await showsBook());

  /** Another process rebuilds the shard; once its books are told again, and what else is to come first, there is one more order. */
  const recover = async (isBack: () => Promise<unknown> = () => Promise.resolve()): Promise<void> => {
    const other = await venue.start();
    await until('the books are back', showsBook);
    await isBack();
    await until('orders are taken', async () => (await place('13.00')).status === 201);
    await other.stop();
  };

  const told = (client: StreamClient, type: string): number[] => client.ofType(type).map((message) => message.sequence - sequence);
  const subscribe = async (client: StreamClient, request: Record<string, unknown>): Promise<unknown> => (
    (await client.ask({ instruments: ['BTC-USD'], ...request }, 'subscribed')).data.subscriptions
  );
  const both = [{ channel: 'orderbook', instruments: ['BTC-USD'] }, { channel: 'orders', instruments: ['BTC-USD'] }];

  const expectBook = (messages: readonly StreamMessage[]): void => {
    const book = new RebuiltBook('BTC-USD');
    for (const message of messages) book.take(message);
    expect(book.problems).toEqual([]);
    expect(book.history.at(-1)?.bids.map(([price]) => price)).toEqual(['13.00', '12.00', '11.00', '10.00']);
  };

  it('comes with the books, also where a wish to go on was refused meanwhile', async () => {
    const query = `?channels=orderbook,orders&instruments=BTC-USD&since=${sequence + 1_000}`;
    const client = await StreamClient.open(running.url, query);
    const events = await EventClient.open(running.url, query);
    await lose();
    await client.next('a resync', ({ type }) => type === 'resync');
    await recover();
    await client.next('the new order', ({ type }) => type === 'order');
    await until('the new order as an event', () => events.events.some(({ type }) => type === 'order'));
    expect(client.ofType('resync')[0]).toMatchObject({ data: { reason: 'since_in_future' } });
    await client.caughtUp(sequence + 1);
    expectBook(client.messages);
    await until('its book change', () => events.events.some(({ message }) => message.type.startsWith('orderbook_') && message.sequence > sequence));
    expectBook(events.events.map(({ message }) => message));
    events.cut();
    await client.close();
  });

  it('adds up, whatever of it goes on from where', async () => {
    const [resuming, mixed, again] = await Promise.all([0, 1, 2].map(() => StreamClient.open(running.url, '?channels=trades&instruments=ETH-USD'))) as [StreamClient, StreamClient, StreamClient];
    await lose();
    await untilLost();
    const trades = { channel: 'trades', instruments: ['ETH-USD'] };
    await subscribe(resuming, { op: 'subscribe', channels: ['orderbook'], since: sequence - 2 });
    expect(await subscribe(resuming, { op: 'subscribe', channels: ['orders'], since: sequence - 1 })).toEqual([trades, ...both]);
    await subscribe(mixed, { op: 'subscribe', channels: ['orderbook'], since: sequence });
    expect(await subscribe(mixed, { op: 'subscribe', channels: ['orders'] })).toEqual([trades, ...both]);
    // Named once more, it goes on from where it was to all the same.
    await subscribe(again, { op: 'subscribe', channels: ['orders'], since: sequence - 1 });
    expect(await subscribe(again, { op: 'subscribe', channels: ['orderbook', 'orders'] })).toEqual([trades, ...both]);
    await recover();
    for (const client of [resuming, mixed, again]) await client.caughtUp(sequence + 1);
    expect(resuming.ofType('resumed').map(({ data }) => data.since)).toEqual([sequence - 2, sequence - 1]);
    // When the books changed last before the rebuild is not known any more: they come whole.
    for (const client of [resuming, mixed, again]) {
      expectBook(client.messages);
      expect([told(client, 'orderbook_snapshot'), told(client, 'orderbook_delta')]).toEqual([[0], [1]]);
    }
    expect([resuming, mixed, again].map((client) => told(client, 'order'))).toEqual([[0, 1], [1], [0, 1]]);
    for (const client of [resuming, mixed, again]) await client.close();
  });

  it('is not told when it was unsubscribed from again, or replaced', async () => {
    const [taken, bare] = await Promise.all(['?channels=trades&instruments=ETH-USD', ''].map((query) => StreamClient.open(running.url, query))) as [StreamClient, StreamClient];
    await lose();
    await untilLost();
    const late = await StreamClient.open(running.url);
    for (const client of [taken, bare, late]) await subscribe(client, { op: 'subscribe', channels: ['orders'], since: sequence });
    await subscribe(taken, { op: 'subscribe', channels: ['orderbook'], since: sequence });
    expect(await subscribe(taken, { op: 'unsubscribe', channels: ['orderbook'] })).toEqual([{ channel: 'trades', instruments: ['ETH-USD'] }, both[1]]);
    expect(await subscribe(late, { op: 'subscribe', channels: ['trades'] })).toEqual([both[1], { channel: 'trades', instruments: ['BTC-USD'] }]);
    const before = bare.messages.length;
    await recover();
    for (const client of [taken, bare, late]) await client.caughtUp(sequence + 1);
    for (const messages of [taken.messages, bare.messages.slice(before), late.messages]) {
      expect(messages.filter(({ type }) => type.startsWith('orderbook_'))).toEqual([]);
      expect(messages.filter(({ type }) => type === 'order').map((message) => message.sequence)).toEqual([sequence + 1]);
    }
    for (const client of [taken, bare, late]) await client.close();
  });

  it('comes with accounts as well, whether the service has noticed by then or not', async () => {
    await lose();
    const open = (query: string): Promise<StreamClient> => StreamClient.open(running.url, `?channels=balances,fills,orderbook&instruments=BTC-USD&accounts=ann${query}`);
    const early = [await open(''), await open(`&since=${sequence - 1}`)];
    await untilLost();
    const clients = [...early, await open(''), await open(`&since=${sequence - 1}`)];
    for (const client of clients) expect((await client.ask({ op: 'ping' }, 'pong')).type).toBe('pong');
    expect(clients.flatMap(({ messages }) => messages).filter(({ type }) => type.startsWith('balances'))).toEqual([]);
    // What accounts have is read for those who begin to follow it: that may come behind the books.
    await recover(() => Promise.all(clients.map((client) => client.next('what ann has', ({ type }) => type.startsWith('balances')))));
    const { body } = await http.get<{ balances: unknown }>('/accounts/ann/balances');
    for (const [i, client] of clients.entries()) {
      await client.next('what the order changed', (message) => message.type === 'balances' && message.sequence === sequence + 1);
      const balances = client.messages.filter(({ type }) => type.startsWith('balances'));
      // Where it goes on from was told before all was lost.
      expect(balances.map((message) => `${message.type} ${message.sequence - sequence}`)).toEqual([i % 2 === 0 ? 'balances_snapshot 0' : 'balances 0', 'balances 1']);
      expect(balances.at(-1)?.data).toEqual({ account_id: 'ann', balances: body.balances });
      await client.close();
    }
  });

  it('is begun where it was to, if the connection breaks before there are books', async () => {
    await lose();
    await untilLost();
    const events = await EventClient.open(running.url, `?channels=orders&instruments=BTC-USD&since=${sequence - 1}`);
    await until('a heartbeat', () => events.events.some(({ type }) => type === 'heartbeat'));
    expect(events.ids).toEqual([]);
    events.cut();
  });
});
