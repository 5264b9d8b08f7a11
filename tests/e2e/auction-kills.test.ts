import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../src/seeded-random';
import { audit } from '../audit/support';
import { ServiceProcess } from '../persistence/support/service-process';
import { ShardView } from '../persistence/support/shard-view';
import { Client, type OrderWithTradesView } from '../support/client';
import { PrivateServer } from '../support/servers';
import { testSeed } from '../support/seed';
import { until } from '../support/until';
import { Venue } from '../support/venue';

const PAIRS = 4_000;
const BATCH = 500;
/** Of the service, and as many of Redis. */
const KILLS = Number(process.env.AUCTION_KILLS ?? 2);
const LATER_MS = 100;

let server: PrivateServer;
let venue: Venue;
let service: ServiceProcess;
let url = '';

async function start(): Promise<void> {
  service = new ServiceProcess(venue.environment({ LOG_LEVEL: 'info', AUCTION_PAGE: '1', ENGINE_TIMEOUT_MS: '60000' }));
  url = await service.serving();
}

beforeAll(async () => {
  server = await PrivateServer.redis();
  venue = await Venue.open({ redisUrl: server.url });
  await start();
});
afterAll(async () => {
  await ServiceProcess.killAll();
  await venue.close();
  await server.remove();
});

const opening = async (): Promise<string | null> => (await venue.redis.command('HGET', `{${venue.shard}}:meta`, 'opening')) as string | null;

it('a reopening goes on over kills of the service and of Redis in the middle of it: every order trades once, at one price, ahead of what comes later', async () => {
  const random = seededRandom(testSeed('auction kills'));
  const client = new Client(() => url);
  const change = (body: object) => client.call('PATCH', '/instruments/BTC-USD', { body });
  expect((await change({ state: 'auction' })).status).toBe(200);
  for (let at = 0; at < PAIRS; at += BATCH) {
    for (const [side, price] of [['buy', '110.00'], ['sell', '100.00']] as const) {
      const operations = Array.from({ length: BATCH }, () => ({ op: 'place', client_id: side, instrument: 'BTC-USD', side, type: 'limit', price, quantity: '1' }));
      const { results } = (await client.post<{ results: { status: number }[] }>('/orders/batch', { operations })).body;
      expect(results.every(({ status }) => status === 201)).toBe(true);
    }
  }
  expect((await change({ state: 'open' })).status).toBe(200);
  let inTheMiddle = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(random.below(LATER_MS));
    await service.kill();
    // Nobody else goes on with it.
    if (await opening() !== null) inTheMiddle++;
    if (kill % 2 === 1) {
      await server.kill();
      await server.restart();
      await venue.reconnect();
    }
    await start();
  }
  expect(inTheMiddle).toBeGreaterThan(0);
  // It waits for what is left of the auction.
  const late = await client.post<OrderWithTradesView>('/orders', { client_id: 'late', instrument: 'BTC-USD', side: 'sell', type: 'limit', price: '100.00', quantity: '1' });
  expect([late.status, late.body.trades]).toEqual([201, []]);
  await until('it is over', async () => await opening() === null);
  await new ShardView(venue).persisted();
  expect(await venue.database.query('SELECT count(*)::int AS trades, count(DISTINCT price_ticks)::int AS prices FROM trades')).toEqual([{ trades: PAIRS, prices: 1 }]);
  expect(await venue.database.query('SELECT count(DISTINCT maker_order_id)::int AS makers, count(DISTINCT taker_order_id)::int AS takers FROM trades')).toEqual([{ makers: PAIRS, takers: PAIRS }]);
  client.close();
  service.signal('SIGTERM');
  expect(await service.exited()).toBe(0);
  expect(await audit(venue)).toEqual([]);
}, 180_000);
