import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Logger } from 'pino';
import type { RawLogEntry } from '../domain/log-entry';
import { UnavailableError } from '../domain/unavailable';
import { buildBatch, type Batch } from './batch';
import { makeUpCandles } from './candle-history';
import { isDataError, type Database } from './database';
import type { Checkpoint, History } from './history';
import { KeySweeper } from './key-sweeper';
import { tryWriterLock } from './writer-lock';
import { ENSURE_PARTITIONS, INSERT_DEAD_LETTER, MOVE_CHECKPOINT } from './queries/write-batch';
import { writeBatchRows } from './write-rows';

/** The shard log as the writer reads it. */
export interface LogSource {
  read(epoch: string, after: number, count: number, blockMs: number): Promise<RawLogEntry[]>;
}

/** What the writer asks of the engine: to let go of what is committed. */
export interface Trimmer {
  meta(): Promise<{ readonly state: string; readonly epoch: string; readonly sequence: number; readonly persisted: number } | null>;
  trim(
    epoch: string, sequence: number, keep: { readonly entries: number; readonly trades: number },
    lastTradeIds: ReadonlyMap<string, number>, doneOrderIds: Iterable<string>,
  ): Promise<boolean>;
  forgetKeys(digests: readonly string[]): Promise<number>;
}

export interface WriterObserver {
  committed(entries: number, seconds: number): void;
  deadLetter(): void;
  active(isActive: boolean): void;
}

export interface WriterOptions {
  readonly shard: string;
  readonly batchEntriesMax: number;
  /** Pause after a transaction that brought all there was; 0 for none. */
  readonly lingerMs: number;
  readonly keep: { readonly entries: number; readonly trades: number };
  readonly idempotencyTtlS: number;
}

/** Longest wait for new entries before the loop looks around: standby, shutdown, housekeeping. */
const BLOCK_MS = 500;
const STANDBY_MS = 1_000;
const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 2_000;
const TRANSACTION_TIMEOUT_MS = 60_000;
const HOUSEKEEPING_MS = 10_000;
/** How long the tables may be locked by somebody else before partitions are left for later. */
const PARTITIONS_WAIT_MS = 1_000;
const LOCK_NOT_AVAILABLE = '55P03';
/** Orders that one call to Redis lets go of: no call holds it for more than a few milliseconds. */
const TRIM_ORDERS_MAX = 5_000;

/** What Postgres says of a refusal, without the row that it quotes: that is its client's business. */
function describeRefusal(error: Error): { reason: string; code: unknown; constraint: unknown } {
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  return { reason: error.message, code, constraint };
}

/** Another writer has moved the checkpoint, or the shard began another life: this one stands by. */
class NotTheWriterError extends Error {
  constructor() {
    super('the checkpoint was moved by another writer');
    this.name = 'NotTheWriterError';
  }
}

/** The log that Redis holds is not the one Postgres has a checkpoint of. Recovery has to decide. */
export class LineageError extends UnavailableError {
  constructor(message: string) {
    super('engine_recovering', message);
    this.name = 'LineageError';
  }
}

/**
 * Brings the shard log to Postgres: journal, orders and trades of a batch in one transaction with the
 * checkpoint, so that every entry takes effect exactly once whatever is killed. One writer works per
 * shard (an advisory lock, and the checkpoint itself); others stand by.
 */
export class Writer {
  private session: pg.Client | null = null;
  private checkpoint: Checkpoint | null = null;
  private running: Promise<void> | null = null;
  private stopping = false;
  private readonly wake = new AbortController();
  private lastHousekeeping = 0;
  private readonly sweeper: KeySweeper;
  private isSweepDue = false;
  private isActive = false;

  constructor(
    private readonly database: Database,
    private readonly history: History,
    private readonly log: LogSource,
    private readonly engine: Trimmer,
    private readonly options: WriterOptions,
    private readonly logger: Logger,
    private readonly observer: WriterObserver,
  ) {
    this.sweeper = new KeySweeper(history, (digests) => engine.forgetKeys(digests), options.idempotencyTtlS);
  }

  /** How far this writer has committed; null while it stands by. */
  get committed(): Checkpoint | null {
    return this.isActive ? this.checkpoint : null;
  }

  start(): void {
    this.running = this.loop();
  }

  /** Commits what the log holds now, then stops. @param drainMs how long that may take */
  async stop(drainMs: number): Promise<void> {
    this.stopping = true;
    this.wake.abort();
    const deadline = Date.now() + drainMs;
    await Promise.race([this.running, sleep(drainMs, undefined, { ref: false })]);
    try {
      if (this.isActive) await this.drain(deadline);
    } catch (error) {
      this.logger.warn({ err: error }, 'writer could not drain: the log keeps what is left');
    }
    await this.release();
  }

  private async drain(deadline: number): Promise<void> {
    while (Date.now() < deadline && await this.step(1) > 0);
  }

  private async loop(): Promise<void> {
    let failures = 0;
    while (!this.stopping) {
      try {
        if (!this.isActive && !(await this.takeOver())) {
          await this.pause(STANDBY_MS);
          continue;
        }
        const brought = await this.step(BLOCK_MS);
        await this.housekeep();
        // A transaction and its trim cost nearly the same for one entry as for a hundred: under load let some gather.
        const isBehind = brought >= this.options.batchEntriesMax / 2;
        if (brought > 0 && !isBehind && this.options.lingerMs > 0) await this.pause(this.options.lingerMs);
        failures = 0;
      } catch (error) {
        failures++;
        await this.release();
        if (error instanceof NotTheWriterError) this.logger.warn('another writer is at work: standing by');
        else this.logger.warn({ err: error, failures }, 'writer interrupted: trying again');
        // Jitter, so that several waiting writers do not come back in step.
        const wait = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(failures, 10));
        await this.pause(wait * (0.5 + Math.random() / 2));
      }
    }
  }

  private async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.wake.signal }).catch(() => undefined);
  }

  private setActive(isActive: boolean): void {
    if (isActive === this.isActive) return;
    this.isActive = isActive;
    this.observer.active(isActive);
    this.logger.info({ shard: this.options.shard, checkpoint: this.checkpoint?.sequence }, isActive ? 'writer at work' : 'writer stands by');
  }

  /** Becomes the writer if nobody is. */
  private async takeOver(): Promise<boolean> {
    const session = await this.database.session(TRANSACTION_TIMEOUT_MS);
    try {
      const checkpoint = await tryWriterLock(session, this.options.shard) ? await this.history.checkpoint() : null;
      if (checkpoint === null) {
        await session.end();
        return false;
      }
      const meta = await this.confirmLineage(checkpoint);
      const made = await makeUpCandles(this.database, this.options.shard, checkpoint.sequence);
      if (made) this.logger.info({ checkpoint: checkpoint.sequence }, 'candles made up from the trades');
      this.checkpoint = checkpoint;
      this.session = session;
      await this.preparePartitions(session);
      await this.trimUpTo(checkpoint, meta.persisted);
      this.lastHousekeeping = Date.now();
      this.sweeper.reset();
      this.isSweepDue = true;
      this.setActive(true);
      return true;
    } catch (error) {
      await session.end().catch(() => undefined);
      throw error;
    }
  }

  /** @throws LineageError when Redis does not carry on the life that the checkpoint is of, or is being rebuilt */
  private async confirmLineage(checkpoint: Checkpoint): Promise<{ readonly persisted: number }> {
    const meta = await this.engine.meta();
    if (meta === null) throw new LineageError('redis is empty, postgres has a history');
    if (meta.epoch !== checkpoint.epoch || meta.sequence < checkpoint.sequence) {
      throw new LineageError(`redis is at ${meta.epoch}/${meta.sequence}, postgres at ${checkpoint.epoch}/${checkpoint.sequence}`);
    }
    // Whoever rebuilds the shard needs the record to himself; what was left to bring over has been.
    const isToBeRebuilt = meta.state === 'recovering' || meta.state === 'faulted';
    if (isToBeRebuilt && meta.sequence === checkpoint.sequence) throw new LineageError('the shard is being rebuilt');
    return meta;
  }

  /** Finishes the trim of batches that were committed when their writer died before it could tell Redis. */
  private async trimUpTo(checkpoint: Checkpoint, persisted: number): Promise<void> {
    if (persisted >= checkpoint.sequence) return;
    const dead = await this.history.deadSequences(persisted);
    let after = persisted;
    while (after < checkpoint.sequence) {
      const count = Math.min(this.options.batchEntriesMax, checkpoint.sequence - after);
      const raws = await this.log.read(checkpoint.epoch, after, count, 1);
      const last = raws[raws.length - 1];
      if (last === undefined) throw new LineageError(`log ends at ${after}, before the checkpoint ${checkpoint.sequence}`);
      // Redis keeps what Postgres refused.
      const written = raws.filter((raw) => !dead.has(raw.sequence));
      await this.trim(checkpoint.epoch, after, last.sequence, written.length === 0 ? null : buildBatch(written));
      after = last.sequence;
    }
  }

  private async release(): Promise<void> {
    const session = this.session;
    this.session = null;
    this.setActive(false);
    // Ends the advisory lock with it.
    if (session) await session.end().catch(() => undefined);
  }

  /** One batch. @returns how many entries it brought over. */
  private async step(blockMs: number): Promise<number> {
    const checkpoint = this.checkpoint as Checkpoint;
    const raws = await this.log.read(checkpoint.epoch, checkpoint.sequence, this.options.batchEntriesMax, blockMs);
    if (raws.length === 0) {
      await this.confirmLineage(checkpoint);
      return 0;
    }
    await this.write(raws);
    return raws.length;
  }

  private async write(raws: readonly RawLogEntry[]): Promise<void> {
    const from = this.checkpoint as Checkpoint;
    let batch: Batch;
    const started = process.hrtime.bigint();
    try {
      batch = buildBatch(raws);
      await this.commit(batch, from);
    } catch (error) {
      if (!isDataError(error) && !(error instanceof SyntaxError)) throw error;
      if (raws.length === 1) {
        await this.bury(raws[0] as RawLogEntry, from, error as Error);
        return;
      }
      // Somewhere in here is an entry that Postgres refuses: halve until it stands alone.
      const middle = raws.length >> 1;
      await this.write(raws.slice(0, middle));
      await this.write(raws.slice(middle));
      return;
    }
    this.observer.committed(raws.length, Number(process.hrtime.bigint() - started) / 1e9);
    await this.trim(from.epoch, from.sequence, batch.lastSequence, batch);
  }

  private async transaction(work: (session: pg.Client) => Promise<void>): Promise<void> {
    const session = this.session as pg.Client;
    await session.query('BEGIN');
    try {
      await work(session);
    } catch (error) {
      await session.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
    await session.query('COMMIT');
  }

  private async moveCheckpoint(session: pg.Client, from: Checkpoint, sequence: number, timeUs: number): Promise<void> {
    const moved = await session.query({ ...MOVE_CHECKPOINT, values: [this.options.shard, from.epoch, from.sequence, sequence, timeUs] });
    if (moved.rowCount !== 1) throw new NotTheWriterError();
  }

  private async commit(batch: Batch, from: Checkpoint): Promise<void> {
    await this.transaction(async (session) => {
      // First the checkpoint: a second writer stops here, before it has written anything.
      await this.moveCheckpoint(session, from, batch.lastSequence, batch.lastTimeUs);
      await writeBatchRows(session, this.options.shard, batch);
    });
    this.checkpoint = { epoch: from.epoch, sequence: batch.lastSequence, timeUs: batch.lastTimeUs };
  }

  /** Puts one refused entry aside, whole, and goes on behind it. */
  private async bury(raw: RawLogEntry, from: Checkpoint, reason: Error): Promise<void> {
    await this.transaction(async (session) => {
      await this.moveCheckpoint(session, from, raw.sequence, from.timeUs);
      await session.query({ ...INSERT_DEAD_LETTER, values: [this.options.shard, raw.sequence, raw.payload, reason.message] });
    });
    this.checkpoint = { ...from, sequence: raw.sequence };
    this.observer.deadLetter();
    this.logger.error({ sequence: raw.sequence, ...describeRefusal(reason) }, 'log entry refused by postgres: kept in dead_letters');
    await this.trim(from.epoch, from.sequence, raw.sequence, null);
  }

  /**
   * Lets Redis go of what Postgres holds up to `sequence`.
   * @param before where it had let go up to until now
   * @param batch what was written since; null when nothing was
   */
  private async trim(epoch: string, before: number, sequence: number, batch: Batch | null): Promise<void> {
    const tell = async (upTo: number, lastTradeIds: ReadonlyMap<string, number>, done: readonly string[]): Promise<void> => {
      const isSameLife = await this.engine.trim(epoch, upTo, this.options.keep, lastTradeIds, done);
      if (!isSameLife) throw new LineageError('redis began another life of the shard');
    };
    const done = batch?.doneOrderIds ?? [];
    let told = 0;
    // The sequence moves with the last of them: a writer that takes over in between repeats the others.
    for (; done.length - told > TRIM_ORDERS_MAX; told += TRIM_ORDERS_MAX) {
      await tell(before, new Map(), done.slice(told, told + TRIM_ORDERS_MAX));
    }
    await tell(sequence, batch?.lastTradeIds ?? new Map(), done.slice(told));
  }

  /**
   * Partitions for this month and the next. Whoever reads a whole table, as a dump does, must not hold up the
   * record by that: without its partition a row goes to the default one.
   */
  private async preparePartitions(session: pg.Client): Promise<void> {
    await session.query(`SET lock_timeout = ${PARTITIONS_WAIT_MS}`);
    try {
      await session.query(ENSURE_PARTITIONS);
    } catch (error) {
      if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
      this.logger.warn('the tables are locked: partitions are made later');
    }
    await session.query('SET lock_timeout = 0');
  }

  /** Partitions ahead of time, and idempotency keys past their lifetime: a page at a turn, so that the log never waits for long. */
  private async housekeep(): Promise<void> {
    const now = Date.now();
    if (now - this.lastHousekeeping >= HOUSEKEEPING_MS) {
      this.lastHousekeeping = now;
      this.isSweepDue = true;
      await this.preparePartitions(this.session as pg.Client);
    }
    if (this.isSweepDue) this.isSweepDue = await this.sweeper.sweep((this.checkpoint as Checkpoint).timeUs);
  }
}
