import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom, type Random } from '../../src/seeded-random';
import { audit } from '../audit/support';
import { ServiceProcess } from '../persistence/support/service-process';
import { ShardView } from '../persistence/support/shard-view';
import { Client } from '../support/client';
import { PrivateServer } from '../support/servers';
import { testSeed } from '../support/seed';
import { until } from '../support/until';
import { Venue } from '../support/venue';

/**
 * What one command brings about in several calls of Redis, a trigger in each: a cascade of stops, pairs of which a leg goes, orders that wait for
 * the first of their list. Killed between two of them, and with timers due meanwhile, a venue ends as one that nobody has touched.
 */

jest.setTimeout(240_000);

const STOPS = 1_500;
const PAIRS = 20;
const FOLLOWED = 400;
const BATCH = 500;
/** Of the service; with every second one Redis is killed as well. */
const KILLS = Number(process.env.CASCADE_KILLS ?? 2);
const LATER_MS = 40;
const TIMERS_S = 10;
const FIRST_CENTS = 500_000;
/** Below the last stop. */
const FLOOR = '1000.00';

const priceAt = (i: number): string => ((FIRST_CENTS - 10 * i) / 100).toFixed(2);

let server: PrivateServer;

beforeAll(async () => { server = await PrivateServer.redis(); });
afterAll(async () => {
  await ServiceProcess.killAll();
  await server.remove();
});

class Scene {
  private service: ServiceProcess | null = null;
  private url = '';
  private client = new Client(() => this.url);
  /** Kills that found a command's work half done. */
  inTheMiddle = 0;
  /** When the timers fall due. */
  dueMs = 0;

  constructor(readonly venue: Venue) {}

  async start(): Promise<void> {
    this.service = new ServiceProcess(this.venue.environment({ LOG_LEVEL: 'info', TRIGGERS_PER_COMMAND: '1', FUNDS: 'paper', ENGINE_TIMEOUT_MS: '60000' }));
    this.url = await this.service.serving();
  }

  async post(path: string, body: object, expected: number): Promise<void> {
    const { status, body: told } = await this.client.post(path, body);
    expect([status, told]).toEqual([expected, told]);
  }

  async batch(orders: readonly object[]): Promise<void> {
    for (let at = 0; at < orders.length; at += BATCH) {
      const operations = orders.slice(at, at + BATCH).map((order) => ({ op: 'place', ...order }));
      const { results } = (await this.client.post<{ results: { status: number }[] }>('/orders/batch', { operations })).body;
      expect(results.filter(({ status }) => status !== 201)).toEqual([]);
    }
  }

  /** Whether orders are left that have been reached, or whose first is filled, and have not gone. */
  async isUnfinished(): Promise<boolean> {
    const left = (await this.venue.redis.command('HMGET', `{${this.venue.shard}}:meta`, 'reached', 'released')) as (string | null)[];
    return left.some((field) => field !== null);
  }

  async kill(withRedis: boolean): Promise<void> {
    await this.service?.kill();
    if (await this.isUnfinished()) this.inTheMiddle++;
    if (!withRedis) return;
    await server.kill();
    await server.restart();
    await this.venue.reconnect();
  }

  /** @returns what is left, by the names that clients gave: each order, each trade, the book */
  async end(): Promise<unknown> {
    await until('nothing is left to go', async () => !(await this.isUnfinished()), 60_000);
    const dues = `{${this.venue.shard}}:due`;
    await until('nothing is due', async () => await this.venue.redis.command('ZCARD', dues) === 0, 30_000);
    await new ShardView(this.venue).persisted();
    const { database } = this.venue;
    const orders = await database.query('SELECT client_order_id AS name, status, status_reason, filled_lots FROM orders ORDER BY client_order_id');
    const trades = await database.query(
      'SELECT trade_id, maker.client_order_id AS maker, taker.client_order_id AS taker, trades.price_ticks, trades.quantity_lots FROM trades'
      + ' JOIN orders maker ON maker.order_id = maker_order_id JOIN orders taker ON taker.order_id = taker_order_id ORDER BY trade_id',
    );
    const { bids, asks } = (await this.client.get<{ bids: unknown; asks: unknown }>('/public/orderbook?instrument=BTC-USD&levels=100')).body;
    this.client.close();
    this.service?.signal('SIGTERM');
    expect(await this.service?.exited()).toBe(0);
    expect(await audit(this.venue)).toEqual([]);
    return { orders, trades, bids, asks };
  }
}

/** A falling market: each stop sells to the bid that is to set off the next. */
async function prepare(scene: Scene): Promise<void> {
  const order = (name: string, side: string, terms: object): object => ({ client_id: side, client_order_id: name, instrument: 'BTC-USD', side, quantity: '1', ...terms });
  const bid = (name: string, price: string): object => order(name, 'buy', { type: 'limit', price });
  await scene.batch(Array.from({ length: STOPS + PAIRS + 1 }, (_, i) => bid(`bid ${i}`, priceAt(i))));
  await scene.batch(Array.from({ length: STOPS }, (_, i) => order(`stop ${i}`, 'sell', { type: 'stop', stop_price: priceAt(i) })));
  for (let i = 0; i < PAIRS; i++) {
    const legs = [order(`profit ${i}`, 'sell', { type: 'limit', price: '9000.00' }), order(`loss ${i}`, 'sell', { type: 'stop', stop_price: priceAt(STOPS + i) })];
    await scene.post('/order-lists', { type: 'oco', client_id: 'sell', instrument: 'BTC-USD', orders: legs.map(bare) }, 201);
  }
  for (let i = 0; i < FOLLOWED; i++) {
    const members = [bid(`first ${i}`, FLOOR), order(`second ${i}`, 'sell', { type: 'limit', price: '8000.00' })];
    await scene.post('/order-lists', { type: 'oto', client_id: 'buy', instrument: 'BTC-USD', orders: members.map(bare) }, 201);
  }
  scene.dueMs = Date.now() + TIMERS_S * 1_000;
  const at = new Date(scene.dueMs).toISOString();
  await scene.batch(Array.from({ length: 5 }, (_, i) => order(`ends ${i}`, 'sell', { type: 'limit', price: '9500.00', time_in_force: 'gtd', expires_at: at })));
  await scene.batch([{ ...order('watched', 'sell', { type: 'limit', price: '9600.00' }), client_id: 'watched' }]);
  await scene.post('/orders/cancel-after', { client_id: 'watched', timeout_s: TIMERS_S }, 200);
}

/** A member names neither its client nor its instrument: the list does. */
const bare = ({ client_id: _client, instrument: _instrument, ...order }: { readonly client_id?: string; readonly instrument?: string }): object => order;

/** Sets off the cascade, and fills what others wait for. */
async function play(scene: Scene, interrupt: () => Promise<void>): Promise<unknown> {
  await scene.post('/orders', { client_id: 'sell', client_order_id: 'push', instrument: 'BTC-USD', side: 'sell', type: 'market', quantity: '1' }, 201);
  await interrupt();
  await scene.post('/orders', { client_id: 'sell', client_order_id: 'sweep', instrument: 'BTC-USD', side: 'sell', type: 'limit', price: FLOOR, quantity: String(FOLLOWED), time_in_force: 'ioc' }, 201);
  await interrupt();
  return scene.end();
}

async function inVenue<T>(work: (scene: Scene) => Promise<T>): Promise<T> {
  const venue = await Venue.open({ redisUrl: server.url });
  try {
    const scene = new Scene(venue);
    await scene.start();
    await prepare(scene);
    return await work(scene);
  } finally {
    await ServiceProcess.killAll();
    await venue.close();
  }
}

async function killing(scene: Scene, random: Random): Promise<void> {
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(random.below(LATER_MS));
    await scene.kill(kill % 2 === 1);
    // With the last of them nobody is there as the timers fall due.
    if (kill === KILLS - 1) await sleep(Math.max(0, scene.dueMs - Date.now()));
    await scene.start();
  }
}

it('a venue that is killed between triggers, members of lists and due timers ends as one that is not', async () => {
  const random = seededRandom(testSeed('cascade kills'));
  const expected = await inVenue((scene) => play(scene, () => Promise.resolve()));
  await inVenue(async (scene) => {
    expect(await play(scene, () => killing(scene, random))).toEqual(expected);
    expect(scene.inTheMiddle).toBeGreaterThan(0);
  });
  const { orders, trades } = expected as { orders: { name: string; status: string; status_reason: string | null }[]; trades: unknown[] };
  expect(trades).toHaveLength(1 + STOPS + PAIRS + FOLLOWED);
  const fates = (name: string): Set<string> => new Set(orders.filter((order) => order.name.startsWith(name)).map(({ status, status_reason: reason }) => `${status} ${String(reason)}`));
  expect([fates('stop'), fates('loss'), fates('profit'), fates('first'), fates('second'), fates('ends'), fates('watched')].map((set) => [...set])).toEqual([
    ['filled null'], ['filled null'], ['cancelled linked'], ['filled null'], ['open null'], ['expired expired'], ['cancelled cancel_after'],
  ]);
});
