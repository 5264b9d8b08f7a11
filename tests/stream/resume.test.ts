import { seededRandom } from '../../src/seeded-random';
import { Client } from '../support/client';
import { Load, testSeed } from '../persistence/support/load';
import { ShardView } from '../persistence/support/shard-view';
import { until } from '../support/until';
import { PrivateServer } from '../support/servers';
import { Venue, type RunningApp } from '../support/venue';
import { EventClient, type StreamEvent } from './support/event-client';
import { RebuiltBook, orderProblems, tradeProblems } from './support/rebuilt-book';
import { StreamClient, type StreamMessage } from './support/stream-client';

const KILLS = 50;
const EVENT_KILLS = 25;
/** Missed messages are told in pages of 500 entries: these take two. */
const UNFILLED = 600;

type TradeAnswer = Record<string, unknown> & { readonly trade_id: number };

/** Up to where a client that is cut off has been told all: an entry is whole once a later sequence has come, what was missed once `resumed` has. */
function wholeUpTo(messages: readonly StreamMessage[]): number {
  const resumed = messages.findIndex(({ type }) => type === 'resumed');
  if (resumed < 0) return 0;
  return Math.max(...messages.slice(resumed).map(({ type, sequence }) => (['heartbeat', 'pong', 'resumed'].includes(type) ? sequence : sequence - 1)));
}

describe('a stream that goes on behind a sequence', () => {
  let redis: PrivateServer;
  let venue: Venue;
  let shard: ShardView;
  let services: RunningApp[];
  let http: Client;

  beforeAll(async () => {
    redis = await PrivateServer.redis();
    venue = await Venue.open({ redisUrl: redis.url });
    shard = new ShardView(venue);
    services = [await venue.start(), await venue.start({ ROLES: 'api' })];
    http = new Client(() => (services[0] as RunningApp).url);
  });
  afterAll(async () => {
    http.close();
    await venue.close();
    await redis.remove();
  });

  const urlOf = (index: number): string => (services[index % services.length] as RunningApp).url;
  const place = (side: string, price: string, instrument = 'BTC-USD'): Promise<unknown> =>
    http.post('/orders', { client_id: 'zoe', side, type: 'limit', price, quantity: '1', instrument });

  /** All trades of BTC-USD, oldest first, by the pages of GET /public/trades. */
  const allTrades = async (): Promise<TradeAnswer[]> => {
    const trades: TradeAnswer[] = [];
    for (;;) {
      const before = trades.length === 0 ? '' : `&before=${(trades.at(-1) as TradeAnswer).trade_id}`;
      const page = ((await http.get(`/public/trades?limit=1000${before}`)).body as { trades: TradeAnswer[] }).trades;
      if (page.length === 0) return trades.reverse();
      trades.push(...page);
    }
  };
  const tradesOf = (messages: readonly StreamMessage[]): unknown[] => messages.filter(({ type }) => type === 'trade').map(({ data }) => data);

  it(`has exactly the trades and the book after ${KILLS} kills under load, at either of two processes`, async () => {
    const seed = testSeed('killed receiver');
    const random = seededRandom(seed);
    const load = new Load(() => urlOf(0), { seed, workers: 4 });
    const kept: StreamMessage[] = [];
    load.start();
    let since = 0;
    for (let i = 0; i <= KILLS; i++) {
      const client = await StreamClient.open(urlOf(i), `?instruments=BTC-USD&since=${since}`);
      if (i < KILLS) {
        await client.count(1 + random.below(60));
        client.socket.terminate();
      } else {
        await load.stop();
        await client.caughtUp(await shard.meta('seq'));
        await client.close();
      }
      const whole = wholeUpTo(client.messages);
      kept.push(...client.told.filter(({ sequence }) => sequence <= whole));
      since = Math.max(since, whole);
    }
    load.close();
    expect(load.unexpected).toEqual([]);
    expect(kept.filter(({ type }) => type === 'resync')).toEqual([]);
    expect(tradeProblems(kept)).toEqual([]);
    expect(orderProblems(kept)).toEqual([]);
    expect(tradesOf(kept)).toEqual(await allTrades());
    const book = RebuiltBook.of(kept);
    expect(book.problemsResumed).toEqual([]);
    const { bids, asks, checksum } = (await http.get('/public/orderbook?levels=5000')).body as Record<string, unknown>;
    expect(book.history.at(-1)).toMatchObject({ bids, asks, checksum });
  });

  it(`is exact to the message over ${EVENT_KILLS} broken event streams`, async () => {
    const seed = testSeed('broken events');
    const random = seededRandom(seed);
    const load = new Load(() => urlOf(0), { seed, workers: 4 });
    const whole = await StreamClient.open(urlOf(0), '?instruments=BTC-USD');
    const first = await EventClient.open(urlOf(1), '?instruments=BTC-USD');
    await until('the first snapshot', () => first.events.length >= 2 && first.lastEventId !== '');
    await whole.count(2);
    load.start();
    const got: StreamMessage[] = [];
    let client = first;
    for (let i = 0; i < EVENT_KILLS; i++) {
      const wanted = client.events.length + 1 + random.below(60);
      await until('some events', () => client.events.length >= wanted);
      client.cut();
      got.push(...client.events.map(({ message }) => message));
      client = await EventClient.open(urlOf(i), '?instruments=BTC-USD', client.lastEventId);
    }
    await load.stop();
    load.close();
    const end = await shard.meta('seq');
    await whole.caughtUp(end);
    await until('the end', () => Number(client.lastEventId.split(':')[1]) >= end);
    client.cut();
    got.push(...client.events.map(({ message }) => message));
    await whole.close();
    // Word for word, each once, in order.
    const told = (messages: readonly StreamMessage[]): StreamMessage[] => messages.filter(({ type }) => type === 'trade' || type === 'order');
    expect(told(got)).toEqual(told(whole.messages));
    expect(told(got).length).toBeGreaterThan(EVENT_KILLS);
    const book = RebuiltBook.of(got);
    expect(book.problemsResumed).toEqual([]);
    expect(book.snapshots).toBe(1);
    expect(book.history.at(-1)).toEqual(RebuiltBook.of(whole.messages).history.at(-1));
  });

  const emptyBooks = async (): Promise<void> => {
    for (const client of ['zoe', 'ann', 'bob "the" \\ builder', 'çèé-客户', 'dan']) await http.call('DELETE', `/orders?client_id=${encodeURIComponent(client)}`);
  };

  it('goes on from every event id of a catch-up of several pages: ids never go back, nothing comes twice, nothing is missing', async () => {
    await emptyBooks();
    await place('buy', '49.00');
    const query = '?instruments=BTC-USD';
    const before = await EventClient.open(urlOf(0), query);
    await until('the first snapshot', () => before.lastEventId !== '');
    before.cut();
    // One book change ahead of all the entries that change none.
    await place('buy', '50.00');
    const operations = Array.from({ length: UNFILLED }, () => (
      { op: 'place', client_id: 'zoe', side: 'buy', type: 'limit', time_in_force: 'ioc', price: '50.00', quantity: '1' }
    ));
    expect(await http.post('/orders/batch', { operations })).toMatchObject({ status: 200 });
    const end = await shard.meta('seq');
    const resumed = async (id: string): Promise<EventClient> => {
      const client = await EventClient.open(urlOf(0), query, id);
      await until(`all behind ${id}`, () => Number(client.lastEventId.split(':')[1]) >= end && client.events.some(({ type }) => type === 'resumed'));
      client.cut();
      return client;
    };
    const told = (events: readonly StreamEvent[]): StreamMessage[] => (
      events.map(({ message }) => message).filter(({ type }) => ['trade', 'order', 'orderbook_delta', 'orderbook_snapshot'].includes(type))
    );
    const whole = await resumed(before.lastEventId);
    expect(told(whole.events)).toHaveLength(UNFILLED + 2);
    const places = whole.ids.map((id) => id.split(':').map(Number));
    for (const [at, [, sequence = 0, count = 0, bookSequence = 0]] of places.entries()) {
      const [, lastSequence = 0, lastCount = 0, lastBookSequence = 0] = places[at - 1] ?? [];
      if (sequence < lastSequence || (sequence === lastSequence && count < lastCount) || bookSequence < lastBookSequence) {
        throw new Error(`${whole.ids[at]} came behind ${whole.ids[at - 1]}`);
      }
    }
    const delta = whole.events.findIndex(({ type }) => type === 'orderbook_delta');
    for (const [at, { id }] of whole.events.entries()) {
      if (id === '' || (at % 50 !== 0 && Math.abs(at - delta) > 2)) continue;
      expect(told((await resumed(id)).events)).toEqual(told(whole.events.slice(at + 1)));
    }
  });

  it('tells each missed trade and order, one delta of the book, and then what happens', async () => {
    await emptyBooks();
    const client = await StreamClient.open(urlOf(0), '?instruments=BTC-USD');
    await client.count(2);
    await place('buy', '50.00');
    await client.caughtUp(await shard.meta('seq'));
    const since = await shard.meta('seq');
    await client.close();
    await place('buy', '51.00');
    await place('sell', '51.00');
    await place('buy', '52.00');
    await place('buy', '5.00', 'ETH-USD');
    const again = await StreamClient.open(urlOf(1), `?instruments=BTC-USD&since=${since}`);
    await again.caughtUp(await shard.meta('seq'));
    await place('buy', '53.00');
    await again.caughtUp(await shard.meta('seq'));
    expect(again.told.map(({ type, sequence }) => `${type} ${sequence - since}`)).toEqual([
      'subscribed 4', 'order 1', 'trade 2', 'order 2', 'order 2', 'order 3', 'orderbook_delta 3', 'resumed 4', 'order 5', 'orderbook_delta 5',
    ]);
    expect(again.ofType('orderbook_delta')[0]?.data).toMatchObject({
      first_sequence: since + 1, previous_sequence: since, bids: [['51.00', '0'], ['52.00', '1.00000000']], asks: [],
    });
    const book = RebuiltBook.of([...client.messages, ...again.messages]);
    expect(book.problemsResumed).toEqual([]);
    await again.close();
  });

  it('resumes what a single subscribe names, beside what goes on', async () => {
    const client = await StreamClient.open(urlOf(0), '?channels=trades&instruments=ETH-USD');
    await client.count(1);
    await place('sell', '49.00');
    await client.caughtUp(await shard.meta('seq'));
    const since = await shard.meta('seq') - 1;
    const from = client.messages.length;
    client.send({ op: 'subscribe', channels: ['trades', 'orderbook'], instruments: ['BTC-USD'], since });
    client.send({ op: 'ping' });
    await client.next('a pong', ({ type }) => type === 'pong', from);
    expect(client.messages.slice(from).filter(({ type }) => type !== 'heartbeat').map(({ type, instrument }) => `${type} ${instrument ?? ''}`.trim()))
      .toEqual(['subscribed', 'trade BTC-USD', 'orderbook_delta BTC-USD', 'resumed', 'pong']);
    await client.close();
  });

  it('reads what is in no memory any more from the journal, and from Redis what Postgres does not have yet', async () => {
    const forgetful = await venue.start({ ROLES: 'api', STREAM_TAIL_ENTRIES: '1' });
    const client = await StreamClient.open(forgetful.url, '?channels=trades&instruments=BTC-USD&since=0');
    await client.caughtUp(await shard.meta('seq'));
    expect(tradesOf(client.messages)).toEqual(await allTrades());
    expect(client.ofType('resync')).toEqual([]);
    await client.close();
    await forgetful.stop();
  });

  it.each([
    ['of the future', () => '999999999', 'since_in_future'],
    ['of another life', (end: number) => `otherlif:${end}:0:${end}`, 'other_life'],
    ['too old', () => '0', 'since_too_old'],
  ])('says resync, and shows everything anew, for a sequence %s', async (_, since, reason) => {
    const narrow = await venue.start({ ROLES: 'api', STREAM_RESUME_ENTRIES_MAX: '10' });
    for (const query of ['', '?instruments=BTC-USD']) {
      const client = await StreamClient.open(narrow.url, `${query === '' ? '?' : `${query}&`}since=${since(await shard.meta('seq'))}`);
      await client.next('a snapshot', ({ type }) => type === 'orderbook_snapshot');
      await client.caughtUp(await shard.meta('seq'));
      expect(client.told.map(({ type, data }) => (type === 'resync' ? `resync ${data.reason as string}` : type)))
        .toEqual(query === '' ? [`resync ${reason}`, 'orderbook_snapshot', 'orderbook_snapshot'] : ['subscribed', `resync ${reason}`, 'orderbook_snapshot']);
      await place('buy', '40.00');
      await client.caughtUp(await shard.meta('seq'));
      expect(RebuiltBook.of(client.messages).problems).toEqual([]);
      expect(client.ofType('orderbook_delta')).toHaveLength(1);
      await client.close();
    }
    await narrow.stop();
  });

  it('holds across restarts of Redis and of the service', async () => {
    const client = await StreamClient.open(urlOf(1), '?instruments=BTC-USD');
    await client.count(2);
    await client.caughtUp(await shard.meta('seq'));
    const since = await shard.meta('seq');
    await client.close();
    await place('buy', '54.00');
    await shard.persisted();
    await redis.kill();
    await redis.restart();
    await venue.reconnect();
    await (services[1] as RunningApp).stop();
    services[1] = await venue.start({ ROLES: 'api' });
    await until('orders are taken', async () => ((await place('buy', '55.00')) as { status: number }).status === 201);
    const again = await StreamClient.open(urlOf(1), `?instruments=BTC-USD&since=${since}`);
    await again.caughtUp(await shard.meta('seq'));
    expect(again.ofType('resync')).toEqual([]);
    const book = RebuiltBook.of([...client.messages, ...again.messages]);
    expect(book.problems).toEqual([]);
    expect([book.snapshots, again.ofType('order').map(({ data }) => data.price)]).toEqual([1, ['54.00', '55.00']]);
    await again.close();
  });
});
