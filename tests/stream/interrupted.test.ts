import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../support/client';
import { Load, testSeed } from '../persistence/support/load';
import { ShardView } from '../persistence/support/shard-view';
import { until } from '../support/until';
import { PrivateServer } from '../support/servers';
import { Venue } from '../support/venue';
import { RebuiltBook, tradeProblems } from './support/rebuilt-book';
import { StreamClient } from './support/stream-client';

const KILLS = 8;

/** The Redis is the tests' own: its connections are killed by name. */
describe('a stream whose reader is interrupted', () => {
  let redis: PrivateServer;
  let venue: Venue;
  let shard: ShardView;

  beforeAll(async () => { redis = await PrivateServer.redis(); });
  afterAll(async () => { await redis.remove(); });
  beforeEach(async () => {
    venue = await Venue.open({ redisUrl: redis.url });
    shard = new ShardView(venue);
  });
  afterEach(async () => { await venue.close(); });

  const order = (price: string): Record<string, unknown> => ({ op: 'place', client_id: 'ann', side: 'buy', type: 'limit', price, quantity: '1' });

  it('goes on without a gap, since the log still holds what came meanwhile', async () => {
    const seed = testSeed('reader killed');
    const running = await venue.start();
    const load = new Load(() => running.url, { seed, workers: 4, instruments: ['BTC-USD'] });
    const client = await StreamClient.open(running.url, '?instruments=BTC-USD');
    await client.count(2);
    load.start();
    for (let i = 0; i < KILLS; i++) {
      await sleep(100);
      expect(await shard.killRedisConnection('openfill-log-market')).toBe(1);
      await until('the reader is back', async () => String(await venue.redis.command('CLIENT', 'LIST')).includes(' name=openfill-log-market '));
    }
    await load.stop();
    load.close();
    await client.caughtUp(await shard.meta('seq'));
    const book = RebuiltBook.of(client.messages);
    expect(load.unexpected).toEqual([]);
    expect(book.problems).toEqual([]);
    expect(book.snapshots).toBe(1);
    expect(client.ofType('resync')).toEqual([]);
    expect(tradeProblems(client.messages)).toEqual([]);
    expect(client.ofType('trade')).toHaveLength(load.answers.trades.size);
    await client.close();
  });

  it('says resync and shows the book anew when the log was trimmed meanwhile', async () => {
    const running = await venue.start({ LOG_TAIL_ENTRIES: '1' });
    const http = new Client(() => running.url);
    const client = await StreamClient.open(running.url, '?instruments=BTC-USD');
    const trades = await StreamClient.open(running.url, '?channels=trades');
    await until('the reader has missed something', async () => {
      await shard.killRedisConnection('openfill-log-market');
      for (let i = 0; i < 3; i++) {
        await http.post('/orders/batch', { operations: Array.from({ length: 200 }, (_, n) => order(`${10 + n}.00`)) });
        await shard.persisted();
      }
      return client.ofType('resync').length > 0;
    });
    await client.caughtUp(await shard.meta('seq'));
    await trades.caughtUp(await shard.meta('seq'));
    const book = RebuiltBook.of(client.messages);
    expect(book.problems).toEqual([]);
    const resync = client.messages.findIndex(({ type }) => type === 'resync');
    expect(client.messages[resync]).toMatchObject({ instrument: null, data: { reason: 'market_data_interrupted' } });
    expect(client.messages.slice(resync + 1).find(({ type }) => type !== 'instrument')).toMatchObject({ type: 'orderbook_snapshot', instrument: 'BTC-USD' });
    expect(trades.ofType('resync')).toHaveLength(client.ofType('resync').length);
    const { bids, asks, checksum } = (await http.get('/public/orderbook?levels=5000')).body as { bids: unknown; asks: unknown; checksum: number };
    expect(book.history.at(-1)).toMatchObject({ bids, asks, checksum });
    expect(String((await http.get('/metrics')).body)).toMatch(/^stream_clients_resynced_total [1-9]/m);
    await client.close();
    await trades.close();
    http.close();
  });

  it('shows the book anew when the shard was rebuilt', async () => {
    const running = await venue.start();
    const http = new Client(() => running.url);
    const client = await StreamClient.open(running.url, '?instruments=BTC-USD');
    await http.post('/orders/batch', { operations: [order('10.00'), order('11.00'), order('10.00')] });
    await shard.persisted();
    await client.caughtUp(3);
    await venue.redis.dropShard(venue.shard);
    await client.next('a resync', ({ type }) => type === 'resync');
    await until('the venue takes orders again', async () => (await http.post('/orders', order('12.00'))).status !== 503);
    expect((await http.call('POST', '/orders', { body: { ...order('13.00'), op: undefined } })).status).toBe(201);
    await client.caughtUp(await shard.meta('seq'));
    const book = RebuiltBook.of(client.messages);
    expect(book.problems).toEqual([]);
    expect(book.snapshots).toBeGreaterThan(1);
    expect(book.history.at(-1)?.bids).toEqual([['13.00', '1.00000000'], ['11.00', '1.00000000'], ['10.00', '2.00000000']]);
    await client.close();
    http.close();
  });
});
