import type { CommandResult, EngineCommand } from '../../domain/commands';
import { KIND_CODE, type Side } from '../../domain/order';
import { newOrderId } from '../../domain/order-id';
import { NO_TRAITS } from '../../domain/order-traits';
import type { Engine } from '../../engine/engine';
import { EngineShard, submitAll } from '../engine-shard';
import type { Bench, Figure, Part, Table } from '../result';
import { median } from '../turns';

const ORDERS = [100, 1_000, 10_000, 100_000, 1_000_000];
const LEVELS = [1, 10, 100, 1_000, 10_000, 100_000];
/** Commands of a call, all of one kind. */
const CALL = 50;
const ROUNDS = 25;
const SNAPSHOTS = 10;
/** Orders that have left are sorted out so many at a time. */
const FORGET_EACH = 10_000;
const SNAPSHOT_LEVELS = 20;
/** Orders of the wide book lie at this many prices. */
const PRICES = 10_000;
const MID = 5_000_000;
const CLIENTS = 1_000;
const FILL_PAGE = 20_000;
const KINDS = ['place', 'match', 'cancel', 'amend', 'book'] as const;
type Costs = Record<(typeof KINDS)[number], number>;

const WIDE = 'BTC-USD';
const NARROW = 'ETH-USD';

interface Resting {
  readonly orderId: string;
  readonly priceTicks: number;
}

function place(instrument: string, side: Side, priceTicks: number, orderId: string, n: number): EngineCommand {
  return {
    op: 'place', actor: null, instrument, side, kind: KIND_CODE.limit_gtc, priceTicks, quantityLots: 10, orderId,
    clientId: `client-${n % CLIENTS}`, clientOrderId: null, traits: NO_TRAITS, idempotency: null,
  };
}

const cancel = (orderId: string): EngineCommand => ({ op: 'cancel', actor: null, order: { orderId }, idempotency: null, request: null });

/** A lower quantity would keep its place: a new price is the dearer kind. */
const amend = (instrument: string, { orderId, priceTicks }: Resting): EngineCommand => ({
  op: 'amend', actor: null, order: { orderId }, idempotency: null, request: null,
  candidates: [{ instrument, priceTicks, quantityLots: null, remainingLots: null, quantityLotsMax: 1_000_000 }],
});

/** A book whose size is kept while its commands are measured. */
class MeasuredBook {
  private resting: Resting[] = [];
  private readonly gone = new Set<string>();
  private placed = 0;

  /** @param priceOf of the n-th order, all of them bids */
  constructor(private readonly shard: EngineShard, private readonly engine: Engine, private readonly instrument: string, private readonly priceOf: (n: number) => number) {}

  private next(): { resting: Resting; command: EngineCommand } {
    const n = this.placed++;
    const resting = { orderId: newOrderId(), priceTicks: this.priceOf(n) };
    return { resting, command: place(this.instrument, 'buy', resting.priceTicks, resting.orderId, n) };
  }

  private async placeMany(count: number): Promise<void> {
    const made = Array.from({ length: count }, () => this.next());
    await submitAll(this.engine, made.map(({ command }) => command));
    this.resting.push(...made.map(({ resting }) => resting));
  }

  async fill(size: number): Promise<void> {
    const open = (): number => this.resting.length - this.gone.size;
    while (open() < size) {
      await this.placeMany(Math.min(FILL_PAGE, size - open()));
      await this.shard.persisted(this.engine);
    }
  }

  /** µs of Redis for each of `count` commands. */
  private async cost(count: number, work: () => Promise<unknown>): Promise<number> {
    await this.shard.resetStats();
    await work();
    return ((await this.shard.stats()).get('fcall')?.us ?? 0) / count;
  }

  /** Orders from the middle of the book, by arrival, that are still open. */
  private middle(): Resting[] {
    const found: Resting[] = [];
    for (let i = this.resting.length >> 1; found.length < CALL && i < this.resting.length; i++) {
      const one = this.resting[i] as Resting;
      if (!this.gone.has(one.orderId)) found.push(one);
    }
    return found;
  }

  private drop(orderIds: Iterable<string>): void {
    for (const orderId of orderIds) this.gone.add(orderId);
    if (this.gone.size < FORGET_EACH) return;
    this.resting = this.resting.filter(({ orderId }) => !this.gone.has(orderId));
    this.gone.clear();
  }

  private measured(commands: readonly EngineCommand[]): Promise<number> {
    return this.cost(commands.length, () => submitAll(this.engine, commands));
  }

  /** Each kind of command once, a call of each; the book is as deep afterwards as before. */
  async round(): Promise<Costs> {
    const add = async (): Promise<number> => {
      const made = Array.from({ length: CALL }, () => this.next());
      const us = await this.measured(made.map(({ command }) => command));
      this.resting.push(...made.map(({ resting }) => resting));
      return us;
    };
    const placeUs = await add();
    // Each taker meets the best bid, whole.
    const takers = Array.from({ length: CALL }, (_, n) => place(this.instrument, 'sell', 1, newOrderId(), n));
    let results: readonly CommandResult[] = [];
    const matchUs = await this.cost(CALL, async () => { results = await submitAll(this.engine, takers); });
    const done = results.flatMap((result) => (result.outcome === 'logged' ? [...result.entry.orders, ...result.entry.fills.map(({ maker }) => maker)] : []))
      .map(({ orderId }) => orderId);
    this.drop(done);

    await add();
    const moved = this.middle();
    const awayUs = await this.measured(moved.map((one) => amend(this.instrument, { ...one, priceTicks: one.priceTicks - 1 })));
    const backUs = await this.measured(moved.map((one) => amend(this.instrument, one)));
    const cancelled = this.middle().map(({ orderId }) => orderId);
    const cancelUs = await this.measured(cancelled.map(cancel));
    this.drop(cancelled);
    const bookUs = await this.cost(SNAPSHOTS, async () => {
      for (let i = 0; i < SNAPSHOTS; i++) await this.engine.readBook(this.instrument, SNAPSHOT_LEVELS);
    });
    await this.shard.persisted(this.engine, [...done, ...cancelled]);
    return { place: placeUs, match: matchUs, cancel: cancelUs, amend: (awayUs + backUs) / 2, book: bookUs };
  }
}

async function costs(book: MeasuredBook, size: number): Promise<Costs> {
  await book.fill(size);
  const rounds: Costs[] = [];
  for (let i = 0; i < ROUNDS; i++) rounds.push(await book.round());
  return Object.fromEntries(KINDS.map((kind) => [kind, median(rounds.map((round) => round[kind]))])) as Costs;
}

/** How much dearer the dearest size is than the first. */
function growth(all: readonly Costs[]): Costs {
  return Object.fromEntries(KINDS.map((kind) => [kind, Math.max(...all.map((one) => one[kind])) / (all[0]?.[kind] ?? Number.NaN)])) as Costs;
}

function table(title: string, first: string, sizes: readonly number[], all: readonly Costs[]): Table {
  return { title, columns: [first, 'place', 'match', 'cancel from the middle', 'amend', 'book of 20 levels'], rows: sizes.map((size, i) => [size, ...KINDS.map((kind) => all[i]?.[kind] ?? null)]) };
}

async function run(bench: Bench) {
  // The cost inside Redis: no disk to wait for.
  const shard = await EngineShard.start(bench, { appendonly: 'no' });
  try {
    const engine = await shard.engine('depth');
    const narrow = new MeasuredBook(shard, engine, NARROW, () => MID);
    const byLevel: Costs[] = [];
    for (const size of LEVELS) byLevel.push(await costs(narrow, size));
    const wide = new MeasuredBook(shard, engine, WIDE, (n) => MID - 2 * (1 + (n * 7_919) % PRICES));
    const byOrders: Costs[] = [];
    for (const size of ORDERS) byOrders.push(await costs(wide, size));
    engine.close();
    const figures: Figure[] = KINDS.map((kind) => ({
      name: `${kind === 'book' ? 'book of 20 levels' : kind}: most at any number of resting orders, over that at ${ORDERS[0]}`, value: growth(byOrders)[kind], unit: '×',
      goal: { bound: 1.5, better: 'lower' },
    }));
    return {
      figures,
      tables: [
        table('µs inside Redis by resting orders in the book, at 10,000 prices', 'resting orders', ORDERS, byOrders),
        table('µs inside Redis by orders at one price', 'orders at the level', LEVELS, byLevel),
      ],
    };
  } finally {
    await shard.stop();
  }
}

export const depthPart: Part = { name: 'depth', about: 'cost of each command by the size of the book and of a level', funds: ['off'], run };
