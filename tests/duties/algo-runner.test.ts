import { setTimeout as sleep } from 'node:timers/promises';
import { AlgoRunner, type OrderedSlice, type RunAlgos, type SlicePlacer } from '../../src/duties/algo-runner';
import { isRunning, type Algo, type SliceOutcome } from '../../src/domain/algo';
import { newOrderId } from '../../src/domain/order-id';
import { AlgoStore } from '../../src/persistence/algo-store';
import { Database } from '../../src/persistence/database';
import { migrate } from '../../src/persistence/migrate';
import { seededRandom, type Random } from '../../src/seeded-random';
import { TestDatabase } from '../support/postgres';
import { testSeed } from '../support/seed';
import { sharedUrl } from '../support/servers';
import { until } from '../support/until';
import { testLogger } from '../support/venue';

/** Parent orders go on over every break: whoever runs them is cut off ahead of each step and behind it, and another one may run them too. */

const ALGOS = 40;
const REFUSALS_MAX = 3;
const US_PER_MS = 1_000;
/** Of a step, that it is cut off. */
const BREAKS = 0.15;
const STOPS = 0.2;

let database: TestDatabase;
let pool: Database;
let store: AlgoStore;
beforeAll(async () => {
  database = await TestDatabase.create(sharedUrl('TEST_DATABASE_URL'));
  pool = new Database(database.url, 10_000, 8, testLogger);
  await migrate(pool);
  store = new AlgoStore(pool, 'main');
});
afterAll(async () => {
  await pool.close();
  expect(await database.drop()).toEqual([]);
});

/** What the venue's engine is to a slice: one key, one order, whoever asks and however often. */
class KeyedBook implements SlicePlacer {
  /** What each key was used for: an order, a refusal, or nothing ever. */
  readonly used = new Map<string, SliceOutcome>();
  readonly orders = new Map<string, SliceOutcome>();
  readonly asked = new Map<string, Set<string>>();

  constructor(private readonly random: Random) {}

  async place({ slice, key }: OrderedSlice): Promise<SliceOutcome> {
    await sleep(this.random.below(5));
    this.asked.set(key, (this.asked.get(key) ?? new Set<string>()).add(`${slice.orderId} ${slice.quantityLots}`));
    const known = this.used.get(key);
    if (known !== undefined) return known;
    const isRefused = this.random.next() < 0.1;
    const filledLots = isRefused ? 0 : Math.ceil(slice.quantityLots * Math.min(1, this.random.next() * 3));
    const outcome: SliceOutcome = { status: isRefused ? 'refused' : 'placed', filledLots, notional: String(filledLots * 7), reason: isRefused ? 'insufficient_funds' : null };
    this.used.set(key, outcome);
    if (!isRefused) {
      expect(this.orders.has(slice.orderId)).toBe(false);
      this.orders.set(slice.orderId, outcome);
    }
    return outcome;
  }

  find({ slice }: OrderedSlice): Promise<SliceOutcome | null> {
    return Promise.resolve(this.orders.get(slice.orderId) ?? null);
  }

  withdraw({ key }: OrderedSlice): Promise<SliceOutcome> {
    const missed: SliceOutcome = { status: 'missed', filledLots: 0, notional: '0', reason: null };
    const known = this.used.get(key) ?? missed;
    this.used.set(key, known);
    return Promise.resolve(known);
  }
}

/** The same, cut off now and then: nothing was done, or all of it and nobody heard. */
function breaking<T extends object>(what: T, names: readonly (keyof T & string)[], random: Random): T {
  return new Proxy(what, {
    get(target, name): unknown {
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== 'function') return value;
      if (!(names as readonly string[]).includes(String(name))) return value.bind(target) as unknown;
      return async (...given: unknown[]): Promise<unknown> => {
        const choice = random.next();
        if (choice < BREAKS) throw new Error('cut off before');
        const result = await (value as (...args: unknown[]) => Promise<unknown>).apply(target, given);
        if (choice < 2 * BREAKS) throw new Error('cut off behind');
        return result;
      };
    },
  });
}

const clock = (): Promise<{ timeUs: number }> => Promise.resolve({ timeUs: Date.now() * US_PER_MS });

async function begin(random: Random, account: string): Promise<Algo> {
  const nowUs = Date.now() * US_PER_MS;
  const slices = 1 + random.below(6);
  const begun = await store.start({
    algoId: newOrderId(), clientId: account, actor: null, instrument: 'BTC-USD', side: 'buy', quantityLots: slices + random.below(1_000), limitTicks: null, durationS: 1, slices,
    createdUs: nowUs, updatedUs: nowUs, status: 'running', reason: null, isStopping: false, filledLots: 0, notional: '0', slicesPlaced: 0, slicesRefused: 0, refusedInARow: 0,
    nextSlice: 1, nextUs: nowUs,
  }, null, ALGOS);
  if (begun === null) throw new Error('there may be no more of them');
  return begun.algo;
}

it('places no slice twice and loses none, whatever is cut off, and whoever else runs them', async () => {
  const random = seededRandom(testSeed('algos'));
  const book = new KeyedBook(random);
  const runners = [1, 2].map(() => new AlgoRunner(
    breaking<RunAlgos>(store, ['advance', 'note'], random), breaking<SlicePlacer>(book, ['place', 'find', 'withdraw'], random),
    { refusalsMax: REFUSALS_MAX, isOnDuty: () => true, clock }, testLogger, { slice: () => undefined, ended: () => undefined },
  ));
  const algos = await Promise.all(Array.from({ length: ALGOS }, (_, i) => begin(random, `account-${i}`)));
  for (const runner of runners) runner.start();
  const stops = new Map<string, number>();
  await Promise.all(algos.filter(() => random.next() < STOPS).map(async ({ algoId }) => {
    await sleep(random.below(900));
    const asked = await store.askStop(algoId, Date.now() * US_PER_MS);
    if (asked === null) return;
    if (isRunning(asked)) await until('it has stopped', async () => (await store.one(algoId))?.status !== 'running', 20_000);
    stops.set(algoId, ordersOf(algoId).length);
  }));
  await until('all have ended', async () => await store.countRunning() === 0, 20_000);
  for (const runner of runners) await runner.stop();

  function ordersOf(algoId: string): string[] {
    return [...book.used].filter(([key, { status }]) => key.includes(algoId) && status === 'placed').map(([key]) => key);
  }
  const statuses = new Set<string>();
  for (const { algoId } of algos) {
    const algo = await store.one(algoId) as Algo;
    const slices = await store.slicesOf(algoId);
    const placed = slices.filter(({ status }) => status === 'placed');
    statuses.add(algo.status);
    // What it tells is what was traded for it, by its keys.
    expect(placed.length).toBe(ordersOf(algoId).length);
    expect([algo.slicesPlaced, algo.slicesRefused]).toEqual([placed.length, slices.filter(({ status }) => status === 'refused').length]);
    for (const { orderId, filledLots, notional } of placed) expect(book.orders.get(orderId)).toMatchObject({ filledLots, notional });
    expect(algo.filledLots).toBe(placed.reduce((sum, { filledLots }) => sum + filledLots, 0));
    expect(algo.notional).toBe(String(algo.filledLots * 7));
    expect(algo.filledLots).toBeLessThanOrEqual(algo.quantityLots);
    expect(algo.status === 'completed').toBe(algo.filledLots === algo.quantityLots);
    if (stops.has(algoId)) expect(ordersOf(algoId).length).toBe(stops.get(algoId));
  }
  // A key is asked for with the same order each time.
  for (const asked of book.asked.values()) expect(asked.size).toBe(1);
  expect(book.orders.size).toBe([...book.used.values()].filter(({ status }) => status === 'placed').length);
  expect(statuses.size).toBeGreaterThanOrEqual(3);
});
