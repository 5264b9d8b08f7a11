import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { LaterVersionError } from '../../domain/later-version';
import { scaleOfRules } from '../../domain/instrument-rules';
import { isLaterEntry, laterEntryError } from '../../domain/log-entry';
import { recordedCatalogue } from '../catalogue-rows';
import { DatabaseUnfitError, type Database } from '../database';
import type { Checkpoint, History } from '../history';
import { BatchWriter, MoneyRefusedError } from './batch-writer';
import { Housekeeping } from './housekeeping';
import { KeySweeper } from './key-sweeper';
import { Leadership, NotTheWriterError, type Turn } from './leadership';
import type { LogSource, Trimmer, WriterObserver, WriterOptions } from './ports';
import { Trim } from './trim';

/** Longest wait for new entries before the loop looks around: standby, shutdown, housekeeping. */
const BLOCK_MS = 500;
const STANDBY_MS = 1_000;
const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 2_000;

/**
 * Brings the shard log to Postgres: journal, orders and trades of a batch in one transaction with the
 * checkpoint, so that every entry takes effect exactly once whatever is killed. One writer works per
 * shard (an advisory lock, and the checkpoint itself); others stand by.
 */
export class Writer {
  private turn: Turn | null = null;
  private running: Promise<void> | null = null;
  private stopping = false;
  /** What it cannot get past, as it was told. */
  private stoppedBy = '';
  private readonly wake = new AbortController();
  private readonly leadership: Leadership;
  private readonly trim: Trim;
  private readonly batches: BatchWriter;
  private readonly housekeeping: Housekeeping;

  constructor(
    database: Database,
    history: History,
    private readonly log: LogSource,
    private readonly engine: Trimmer,
    private readonly options: WriterOptions,
    private readonly logger: Logger,
    private readonly observer: WriterObserver,
  ) {
    this.leadership = new Leadership(database, history, engine, options.shard, logger);
    this.trim = new Trim(history, log, engine, options);
    this.batches = new BatchWriter(options, this.trim, logger, observer);
    this.housekeeping = new Housekeeping(new KeySweeper(history, (digests) => engine.forgetKeys(digests), options.idempotencyTtlS), logger);
  }

  /** How far this writer has committed; null while it stands by. */
  get committed(): Checkpoint | null {
    return this.turn?.checkpoint ?? null;
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
      if (this.turn !== null) await this.drain(this.turn, deadline);
    } catch (error) {
      this.logger.warn({ err: error }, 'writer could not drain: the log keeps what is left');
    }
    await this.release();
  }

  private async drain(turn: Turn, deadline: number): Promise<void> {
    while (Date.now() < deadline && await this.step(turn, 1) > 0);
  }

  private async loop(): Promise<void> {
    let failures = 0;
    while (!this.stopping) {
      try {
        const turn = this.turn ?? await this.takeOver();
        if (turn === null) {
          await this.pause(STANDBY_MS);
          continue;
        }
        const brought = await this.step(turn, BLOCK_MS);
        await this.housekeeping.step(turn);
        // A transaction and its trim cost nearly the same for one entry as for a hundred: under load let some gather.
        const isBehind = brought >= this.options.batchEntriesMax / 2;
        if (brought > 0 && !isBehind && this.options.lingerMs > 0) await this.pause(this.options.lingerMs);
        failures = 0;
        if (brought > 0) this.stoppedBy = '';
      } catch (error) {
        failures++;
        await this.release();
        if (error instanceof LaterVersionError || error instanceof DatabaseUnfitError) this.stopAt(error);
        else if (error instanceof MoneyRefusedError) await this.standStill(error);
        else if (error instanceof NotTheWriterError) this.logger.warn('another writer is at work: standing by');
        else this.logger.warn({ err: error, failures }, 'writer interrupted: trying again');
        // Jitter, so that several waiting writers do not come back in step.
        const wait = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(failures, 10));
        await this.pause(wait * (0.5 + Math.random() / 2));
      }
    }
  }

  /** Said once: it lasts until somebody starts the later program, or stops this one. */
  private stopAt({ message }: Error): void {
    if (message === this.stoppedBy) return;
    this.stoppedBy = message;
    this.logger.error({ shard: this.options.shard, reason: message }, 'writer stands by: a later version is at work');
  }

  /**
   * Behind an entry that it cannot leave out. The shard takes no more commands: what the record cannot follow must not go on. Each
   * attempt to write the entry tells it so again.
   */
  private async standStill({ message, epoch, sequence }: MoneyRefusedError): Promise<void> {
    if (message !== this.stoppedBy) {
      this.stoppedBy = message;
      this.logger.error({ shard: this.options.shard, sequence, reason: message }, 'shard is stopped: postgres refuses an entry that changes money');
    }
    await this.engine.fault(epoch, message).catch((error: unknown) => {
      this.logger.warn({ err: error }, 'the shard could not be stopped: trying again');
    });
  }

  private async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.wake.signal }).catch(() => undefined);
  }

  private tell(isActive: boolean, checkpoint: Checkpoint): void {
    this.observer.active(isActive);
    this.logger.info({ shard: this.options.shard, checkpoint: checkpoint.sequence }, isActive ? 'writer at work' : 'writer stands by');
  }

  private async takeOver(): Promise<Turn | null> {
    this.turn = await this.leadership.take(async (turn) => {
      // Another writer may have brought over instruments that were made since this process began.
      for (const rules of await recordedCatalogue(turn.session, this.options.shard)) {
        this.options.scales.set(rules.instrument, scaleOfRules(rules));
        this.options.instrument?.(rules, turn.checkpoint);
      }
      await this.housekeeping.begin(turn.session);
      await this.trim.finish(turn);
    });
    if (this.turn !== null) this.tell(true, this.turn.checkpoint);
    return this.turn;
  }

  private async release(): Promise<void> {
    const { turn } = this;
    if (turn === null) return;
    this.turn = null;
    this.tell(false, turn.checkpoint);
    // Ends the advisory lock with it.
    await turn.session.end().catch(() => undefined);
  }

  /** One batch. @returns how many entries it brought over. */
  private async step(turn: Turn, blockMs: number): Promise<number> {
    const { epoch, sequence } = turn.checkpoint;
    const raws = await this.log.read(epoch, sequence, this.options.batchEntriesMax, blockMs);
    if (raws.length === 0) {
      await this.leadership.confirm(turn.checkpoint);
      return 0;
    }
    // What a later program has logged is that program's to write: not even as a refused entry.
    const later = raws.findIndex(({ payload }) => isLaterEntry(payload));
    const known = later < 0 ? raws : raws.slice(0, later);
    if (known.length > 0) await this.batches.write(turn, known);
    const { sequence: stop, payload } = raws[known.length] ?? { sequence: 0, payload: '' };
    if (later >= 0) throw laterEntryError(`the log of shard ${this.options.shard} has entry ${stop}`, payload);
    return raws.length;
  }
}
