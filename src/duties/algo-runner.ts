import type { Logger } from 'pino';
import { isMissed, isRunning, sliceKey, type Algo, type AlgoSlice, type AlgoStatus, type SliceOutcome } from '../domain/algo';
import { newOrderId } from '../domain/order-id';
import { LookLoop } from '../look-loop';

/** A slice, as whoever places it is told of it. */
export interface OrderedSlice {
  readonly algo: Algo;
  readonly slice: AlgoSlice;
  /** Idempotency key of its order. */
  readonly key: string;
}

/** Places slices as ordinary orders. What cannot be told now throws: it is asked for again, by the same key. */
export interface SlicePlacer {
  place(slice: OrderedSlice): Promise<SliceOutcome>;
  /** What came of it, where somebody has placed it; null where nobody has, so far. */
  find(slice: OrderedSlice): Promise<SliceOutcome | null>;
  /** Takes its key, so that nobody can place it any more. @returns what came of it, where somebody was ahead of that */
  withdraw(slice: OrderedSlice): Promise<SliceOutcome>;
}

/** What is to be done of an algo now. */
interface Task {
  readonly algo: Algo;
  readonly slice: AlgoSlice | null;
  readonly isResumed: boolean;
}

/** Algos on record, as the runner sees them. */
export interface RunAlgos {
  due(untilUs: number, limit: number): Promise<readonly Algo[]>;
  /** @param read as it was when it was read */
  advance(read: Algo, nowUs: number, orderId: string): Promise<Task | null>;
  /** @returns the algo after it; null where that was known before */
  note(read: Algo, slice: number, outcome: SliceOutcome, refusalsMax: number, nowUs: number): Promise<Algo | null>;
}

export interface AlgoObserver {
  slice(status: SliceOutcome['status']): void;
  ended(status: AlgoStatus): void;
}

export interface AlgoRunnerOptions {
  readonly refusalsMax: number;
  /** Whether this process runs them now: one of a venue's does. */
  readonly isOnDuty: () => boolean;
  /** By Redis' clock, as the engine decides. */
  readonly clock: () => Promise<{ readonly timeUs: number }>;
}

const LOOK_MS = 25;
/** How often it is asked which are due: another process may have started one, or stopped it. */
const READ_MS = 200;
/** How far ahead that is. */
const AHEAD_US = 1_000_000;
const PAGE = 500;
const AT_ONCE = 32;

/**
 * Lets parent orders trade: it decides each slice on record, places it by a key of its own, and keeps what came of it. Whatever it is cut
 * off between, the next one goes on with the slice that is on record, and its key answers where it was placed.
 */
export class AlgoRunner {
  private readonly loop: LookLoop;
  /** Those that are due soon, by id. */
  private readonly soon = new Map<string, Algo>();
  /** Those that something is being done of, by id. */
  private readonly underWay = new Map<string, Promise<void>>();
  private readAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly algos: RunAlgos, private readonly placer: SlicePlacer, private readonly options: AlgoRunnerOptions, private readonly logger: Logger,
    private readonly observer: AlgoObserver,
  ) {
    this.loop = new LookLoop(LOOK_MS, () => this.look(), (error) => this.logger.debug({ err: error }, 'algos could not be looked at'));
  }

  start(): void {
    this.loop.start();
  }

  async stop(): Promise<void> {
    await this.loop.stop();
    await Promise.all(this.underWay.values());
  }

  /** There is one more. */
  nudge(): void {
    this.readAtMs = Number.NEGATIVE_INFINITY;
  }

  private async look(): Promise<void> {
    const { isOnDuty, clock } = this.options;
    const isToRead = performance.now() - this.readAtMs >= READ_MS;
    if (!isOnDuty() || (!isToRead && this.soon.size === 0)) return;
    const { timeUs: nowUs } = await clock();
    if (isToRead) await this.read(nowUs);
    for (const algo of this.soon.values()) {
      if (this.underWay.size >= AT_ONCE) return;
      if (algo.nextUs <= nowUs) this.begin(algo, nowUs);
    }
  }

  private async read(nowUs: number): Promise<void> {
    this.readAtMs = performance.now();
    const algos = await this.algos.due(nowUs + AHEAD_US, PAGE);
    this.soon.clear();
    for (const algo of algos) if (!this.underWay.has(algo.algoId)) this.soon.set(algo.algoId, algo);
  }

  /** Most of a slice's time is waiting, for Postgres and for the writer, which take many at once. */
  private begin(algo: Algo, nowUs: number): void {
    // One that cannot go on is asked for again at the next reading, and no earlier.
    this.soon.delete(algo.algoId);
    this.underWay.set(algo.algoId, this.step(algo, nowUs).finally(() => this.underWay.delete(algo.algoId)));
  }

  /** Never throws. */
  private async step(read: Algo, nowUs: number): Promise<void> {
    const { algoId } = read;
    try {
      const task = await this.algos.advance(read, nowUs, newOrderId());
      if (task === null) return;
      const algo = task.slice === null ? task.algo : await this.settle(task.algo, task.slice, task.isResumed, nowUs);
      if (algo === null) return;
      if (!isRunning(algo)) this.observer.ended(algo.status);
      else if (algo.nextUs <= nowUs + AHEAD_US) this.soon.set(algoId, algo);
    } catch (error) {
      this.logger.debug({ err: error, algo_id: algoId }, 'what came of a slice is not known yet');
    }
  }

  private async settle(algo: Algo, slice: AlgoSlice, isResumed: boolean, nowUs: number): Promise<Algo | null> {
    const outcome = await this.outcomeOf({ algo, slice, key: sliceKey(algo.algoId, slice.slice) }, isResumed, nowUs);
    const { timeUs } = await this.options.clock();
    const noted = await this.algos.note(algo, slice.slice, outcome, this.options.refusalsMax, timeUs);
    if (noted !== null) this.observer.slice(outcome.status);
    return noted;
  }

  private async outcomeOf(ordered: OrderedSlice, isResumed: boolean, nowUs: number): Promise<SliceOutcome> {
    const { algo, slice: { slice } } = ordered;
    if (!isResumed) return this.placer.place(ordered);
    // Its key is remembered for a time only; its order is there for ever.
    const found = await this.placer.find(ordered);
    if (found !== null) return found;
    return algo.isStopping || isMissed(algo, slice, nowUs) ? this.placer.withdraw(ordered) : this.placer.place(ordered);
  }
}
