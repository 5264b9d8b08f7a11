import { setTimeout as sleep } from 'node:timers/promises';
import { Venue, type RunningApp } from '../support/venue';
import { Client } from '../support/client';
import { ShardView } from '../persistence/support/shard-view';
import { until } from '../support/until';
import { StreamClient, type StreamMessage } from './support/stream-client';

const INSTRUMENTS = ['BTC-USD', 'ETH-USD'];
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

const typesOf = (messages: readonly StreamMessage[]): string[] =>
  messages.map(({ type, instrument }) => (instrument === null ? type : `${type} ${instrument}`));

describe('stream messages', () => {
  let venue: Venue;
  let running: RunningApp;
  let http: Client;
  let shard: ShardView;
  const clients: StreamClient[] = [];
  /** Sequence and number of trades before a test. */
  let base = 0;
  let traded = 0;
  let epoch = '';

  beforeAll(async () => {
    venue = await Venue.open();
    shard = new ShardView(venue);
    running = await venue.start();
    http = new Client(() => running.url);
  });
  beforeEach(async () => {
    base = await shard.meta('seq');
    epoch = String(await venue.redis.command('HGET', shard.key('meta'), 'epoch'));
    traded = Number(await venue.redis.command('HGET', shard.key('meta'), 'trade_id:BTC-USD'));
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    // The next test begins with empty books.
    await http.call('DELETE', '/orders?client_id=ann');
  });
  afterAll(async () => {
    http.close();
    await venue.close();
  });

  const open = async (query = ''): Promise<StreamClient> => {
    const client = await StreamClient.open(running.url, query);
    clients.push(client);
    return client;
  };

  /** Waits until a client has been told everything that has happened. */
  const caughtUp = async (client: StreamClient): Promise<void> => client.caughtUp(await shard.meta('seq'));

  const place = async (side: string, price: string, quantity: string, more: Record<string, unknown> = {}): Promise<Record<string, unknown>> => {
    const { status, body } = await http.post('/orders', { client_id: 'ann', side, type: 'limit', price, quantity, ...more });
    expect(status).toBe(201);
    return body as Record<string, unknown>;
  };

  /** An order as the stream tells it: without its trades. */
  const untraded = ({ trades: _, ...order }: Record<string, unknown>): Record<string, unknown> => order;

  it('tell a bare connection everything: a snapshot of each book, then trades, orders and deltas as they happen', async () => {
    const resting = await place('sell', '101.00', '2');
    const client = await open();
    const [btc, eth] = await client.count(2);
    expect(btc).toMatchObject({
      type: 'orderbook_snapshot', instrument: 'BTC-USD', sequence: base + 1,
      data: { bids: [], asks: [['101.00', '2.00000000']], checksum: expect.any(Number) as number },
    });
    expect(eth).toMatchObject({ type: 'orderbook_snapshot', instrument: 'ETH-USD', data: { bids: [], asks: [], checksum: 0 } });

    const taker = await place('buy', '101.50', '3', { client_order_id: 'mine' });
    const [trade, first, second, delta] = (await client.count(6)).slice(2);
    expect(trade).toEqual({
      type: 'trade', instrument: 'BTC-USD', sequence: base + 2, timestamp: taker.updated_at,
      data: {
        trade_id: traded + 1, price: '101.00', quantity: '2.00000000', taker_side: 'buy',
        maker_order_id: resting.order_id, taker_order_id: taker.order_id, executed_at: taker.updated_at,
      },
    });
    expect(first).toEqual({ type: 'order', instrument: 'BTC-USD', sequence: base + 2, timestamp: taker.updated_at, data: untraded(taker) });
    const maker = (await http.get(`/public/orders/${String(resting.order_id)}`)).body as Record<string, unknown>;
    expect(maker).toMatchObject({ status: 'filled', sequence: base + 2 });
    expect(second).toEqual({ type: 'order', instrument: 'BTC-USD', sequence: base + 2, timestamp: taker.updated_at, data: untraded(maker) });
    expect(delta).toEqual({
      type: 'orderbook_delta', instrument: 'BTC-USD', sequence: base + 2, timestamp: taker.updated_at,
      data: {
        first_sequence: base + 2, previous_sequence: base + 1, bids: [['101.50', '1.00000000']], asks: [['101.00', '0']],
        checksum: ((await http.get('/public/orderbook')).body as { checksum: number }).checksum,
      },
    });
    for (const { timestamp } of client.messages) expect(timestamp).toMatch(TIMESTAMP);
  });

  it('tell of cancels, amends and mass cancels, and nothing of refusals', async () => {
    const client = await open('?instruments=BTC-USD');
    await client.count(2);
    const one = await place('buy', '99.00', '1');
    const two = await place('buy', '98.00', '1');
    await place('buy', '97.00', '1', { instrument: 'ETH-USD' });
    const rejected = await place('sell', '1.00', '9', { time_in_force: 'fok' });
    const amended = (await http.call('PATCH', `/orders/${String(one.order_id)}`, { body: { price: '98.00' } })).body as Record<string, unknown>;
    const unchanged = await http.call('PATCH', `/orders/${String(one.order_id)}`, { body: { price: '98.00', idempotency_key: 'keeps' } });
    expect(unchanged.status).toBe(200);
    expect((await http.post('/orders/0190163d-8694-739b-aea5-966c26f8ad91/cancel', { idempotency_key: 'unknown' })).status).toBe(404);
    const cancelled = (await http.post(`/orders/${String(two.order_id)}/cancel`, {})).body as Record<string, unknown>;
    expect((await http.call('DELETE', '/orders?client_id=ann')).status).toBe(200);
    const last = (await http.get(`/public/orders/${String(one.order_id)}`)).body as Record<string, unknown>;
    await caughtUp(client);
    const told = client.told.slice(2);
    expect(typesOf(told)).toEqual([
      'order BTC-USD', 'orderbook_delta BTC-USD', 'order BTC-USD', 'orderbook_delta BTC-USD', 'order BTC-USD',
      'order BTC-USD', 'orderbook_delta BTC-USD', 'order BTC-USD', 'orderbook_delta BTC-USD', 'order BTC-USD', 'orderbook_delta BTC-USD',
    ]);
    expect(told.filter(({ type }) => type === 'order').map(({ data }) => data)).toEqual([one, two, rejected, amended, cancelled, last].map(untraded));
    expect(last).toMatchObject({ status: 'cancelled', status_reason: 'mass_cancel' });
    expect(told.filter(({ type }) => type === 'orderbook_delta').map(({ data }) => data.bids)).toEqual([
      [['99.00', '1.00000000']], [['98.00', '1.00000000']], [['99.00', '0'], ['98.00', '2.00000000']], [['98.00', '1.00000000']], [['98.00', '0']],
    ]);
  });

  it('are narrowed by the query', async () => {
    const [all, trades, books, eth] = [await open(), await open('?channels=trades'), await open('?channels=orderbook,orders&instruments=ETH-USD'), await open('?instruments=ETH-USD')];
    for (const instrument of ['BTC-USD', 'ETH-USD']) {
      await place('sell', '10.00', '1', { instrument });
      await place('buy', '10.00', '1', { instrument });
    }
    for (const client of [all, trades, books, eth]) await caughtUp(client);
    const events = (instrument: string): string[] => [
      `order ${instrument}`, `orderbook_delta ${instrument}`, `trade ${instrument}`, `order ${instrument}`, `order ${instrument}`, `orderbook_delta ${instrument}`,
    ];
    expect(typesOf(all.told)).toEqual(['orderbook_snapshot BTC-USD', 'orderbook_snapshot ETH-USD', ...events('BTC-USD'), ...events('ETH-USD')]);
    expect(typesOf(trades.told)).toEqual(['subscribed', 'trade BTC-USD', 'trade ETH-USD']);
    expect(typesOf(books.told)).toEqual(['subscribed', 'orderbook_snapshot ETH-USD', ...events('ETH-USD').filter((type) => !type.startsWith('trade'))]);
    expect(typesOf(eth.told)).toEqual(['subscribed', 'orderbook_snapshot ETH-USD', ...events('ETH-USD')]);
    expect(trades.told[0]?.data).toEqual({ epoch, subscriptions: [{ channel: 'trades', instruments: ['BTC-USD', 'ETH-USD'] }] });
    expect(books.told[0]?.data).toEqual({ epoch, subscriptions: [{ channel: 'orderbook', instruments: ['ETH-USD'] }, { channel: 'orders', instruments: ['ETH-USD'] }] });
  });

  it('say what is wrong with a query, and then wait for a better wish', async () => {
    for (const query of ['?channels=tradez', '?instruments=DOGE-USD', '?channels=', '?channels=trades,trades', '?channels=__proto__']) {
      const client = await open(query);
      const [error] = await client.count(1);
      expect(error).toMatchObject({ type: 'error', data: { code: 'validation_failed', message: expect.stringMatching(/^(channels|instruments)/) as string } });
      await place('buy', '5.00', '1');
      expect((await client.ask({ op: 'subscribe', channels: ['orderbook'], instruments: ['BTC-USD'] }, 'subscribed')).data)
        .toEqual({ epoch, subscriptions: [{ channel: 'orderbook', instruments: ['BTC-USD'] }] });
      await caughtUp(client);
      expect(typesOf(client.told)).toEqual(['error', 'subscribed', 'orderbook_snapshot BTC-USD']);
    }
  });

  it('follow what a client subscribes to and unsubscribes from', async () => {
    const client = await open('?channels=trades&instruments=BTC-USD');
    await client.count(1);
    const BTC = ['BTC-USD'];
    const subscribed = async (message: Record<string, unknown>): Promise<unknown> => (await client.ask(message, 'subscribed')).data.subscriptions;
    expect(await subscribed({ op: 'subscribe', channels: ['orderbook'], instruments: BTC })).toEqual([{ channel: 'trades', instruments: BTC }, { channel: 'orderbook', instruments: BTC }]);
    await caughtUp(client);
    expect(typesOf(client.ofType('orderbook_snapshot'))).toEqual(['orderbook_snapshot BTC-USD']);
    // A book that is followed already needs no other snapshot; one that is new does.
    expect(await subscribed({ op: 'subscribe', channels: ['orderbook'], instruments: INSTRUMENTS })).toEqual([{ channel: 'trades', instruments: BTC }, { channel: 'orderbook', instruments: INSTRUMENTS }]);
    await caughtUp(client);
    expect(typesOf(client.ofType('orderbook_snapshot'))).toEqual(['orderbook_snapshot BTC-USD', 'orderbook_snapshot ETH-USD']);
    expect(await subscribed({ op: 'unsubscribe', channels: ['orderbook'] })).toEqual([{ channel: 'trades', instruments: BTC }]);
    await place('sell', '10.00', '1');
    await place('buy', '10.00', '1');
    // Subscriptions are pairs: the trades of ETH-USD were never asked for.
    await place('sell', '10.00', '1', { instrument: 'ETH-USD' });
    await place('buy', '10.00', '1', { instrument: 'ETH-USD' });
    await caughtUp(client);
    expect(client.ofType('orderbook_delta')).toEqual([]);
    expect(typesOf(client.ofType('trade'))).toEqual(['trade BTC-USD']);
    // Anew means a snapshot anew: what came between was not told.
    await subscribed({ op: 'subscribe', channels: ['orderbook'], instruments: INSTRUMENTS });
    await caughtUp(client);
    expect(client.ofType('orderbook_snapshot')).toHaveLength(4);
    expect(client.ofType('orderbook_snapshot').at(-2)).toMatchObject({ instrument: 'BTC-USD', sequence: base + 2 });
    expect(await subscribed({ op: 'unsubscribe', instruments: BTC })).toEqual([{ channel: 'orderbook', instruments: ['ETH-USD'] }]);
    expect(await subscribed({ op: 'unsubscribe' })).toEqual([]);
    const before = client.told.length;
    await place('sell', '10.00', '1', { instrument: 'ETH-USD' });
    await caughtUp(client);
    expect(client.told).toHaveLength(before);
    expect(await subscribed({ op: 'subscribe' })).toEqual(['orderbook', 'trades', 'orders', 'instruments'].map((channel) => ({ channel, instruments: INSTRUMENTS })));
  });

  it('name a sequence and a time in answers to a ping, too', async () => {
    await place('buy', '9.00', '1');
    const client = await open();
    await caughtUp(client);
    const pong = await client.ask({ op: 'ping' }, 'pong');
    expect(pong).toEqual({ type: 'pong', instrument: null, sequence: base + 1, timestamp: expect.stringMatching(TIMESTAMP) as string, data: { epoch } });
  });

  it('come as a heartbeat after each second of silence, and only then', async () => {
    const quiet = await open('?channels=trades');
    const busy = await open();
    await until('three heartbeats', async () => {
      await place('buy', '9.00', '1');
      await sleep(100);
      return quiet.ofType('heartbeat').length >= 3;
    });
    expect(quiet.told.map(({ type }) => type)).toEqual(['subscribed']);
    expect(quiet.ofType('heartbeat')[0]).toMatchObject({ instrument: null, sequence: expect.any(Number) as number, data: { epoch } });
    expect(busy.ofType('order').length).toBeGreaterThan(5);
    // By the times in the messages: on a busy machine they may arrive together.
    for (const { messages } of [quiet, busy]) {
      messages.forEach(({ type, timestamp }, i) => {
        const before = messages[i - 1]?.timestamp;
        if (type === 'heartbeat' && before !== undefined) expect(Date.parse(timestamp) - Date.parse(before)).toBeGreaterThanOrEqual(1_000);
      });
    }
  });

  it('end with shutdown and a close frame, after everything that was answered', async () => {
    const other = await venue.start();
    const client = await StreamClient.open(other.url);
    clients.push(client);
    await client.count(2);
    await place('sell', '10.00', '1');
    const answered = await place('buy', '10.00', '1');
    await other.stop();
    expect(await client.untilClosed()).toEqual({ code: 1001, reason: 'shutdown' });
    expect(client.told.at(-1)).toMatchObject({ type: 'shutdown', instrument: null, sequence: base + 2, data: { reason: expect.any(String) as string } });
    expect(client.ofType('order').some(({ data }) => data.order_id === answered.order_id)).toBe(true);
    expect(client.ofType('orderbook_delta').at(-1)).toMatchObject({ sequence: base + 2 });
  });
});
