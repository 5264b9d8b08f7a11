import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { decodeLogEntry, type LogEntry, type RawLogEntry } from '../domain/log-entry';
import { LogEpochError, LogGapError } from '../log/log-reader';
import { instrumentOfRules, type InstrumentRules } from '../domain/instrument-rules';
import type { Instrument } from '../domain/instruments';
import { isSameLife, reaches, type LogPosition } from '../domain/log-position';
import type { Side } from '../domain/order';
import { BookReplica } from './book-replica';
import { LogTail } from './log-tail';

export interface MarketLog {
  read(epoch: string, after: number, count: number, blockMs: number): Promise<RawLogEntry[]>;
}

export interface MarketEngine {
  meta(): Promise<{ readonly state: string; readonly epoch: string; readonly sequence: number; readonly timeUs: number } | null>;
  readLevels(instrument: string, side: 0 | 1, behindPriceTicks: number | null, pageSize: number):
    Promise<{ levels: [priceTicks: number, quantityLots: number][] }>;
  /** Instruments that were made or changed, as they are. */
  readCatalogue(): Promise<readonly InstrumentRules[]>;
}

/** A price level that an entry changed, in lots before and after. */
export interface AppliedChange {
  readonly instrument: string;
  readonly side: Side;
  readonly priceTicks: number;
  readonly before: number;
  readonly after: number;
}

export interface MarketListener {
  /** An instrument was made or changed: ahead of the entry that tells it, and of each ahead of a reset. */
  instrument?(rules: InstrumentRules, at: LogPosition): void;
  /** One log entry, applied to the books already. */
  entry(entry: LogEntry, market: Market, changes: readonly AppliedChange[]): void;
  /** The books were read anew: what came between is not told entry by entry. */
  reset(market: Market): void;
}

interface Waiter {
  readonly isReached: () => boolean;
  readonly wake: () => void;
}

/** The books, and up to where of which life of the shard they have the log. */
interface Replica {
  readonly epoch: string;
  readonly books: Map<string, BookReplica>;
  /** The newest entries, up to `sequence`. */
  readonly tail: LogTail;
  /** Last log sequence that the books contain. */
  sequence: number;
  timeUs: number;
}

/** The log is of another life of the shard than the books. */
class OtherLifeError extends Error {
  constructor() {
    super('the shard began another life');
    this.name = 'OtherLifeError';
  }
}

const READ_COUNT = 1_000;
const BLOCK_MS = 500;
/** What the log holds already is there at once. */
const TAIL_BLOCK_MS = 1;
const RETRY_MS = 250;
const LEVELS_PAGE = 1_000;

/**
 * Follows the shard log and keeps every book in memory: what the stream sends and what order book reads
 * are answered from. Each API process has its own.
 */
export class Market {
  private replica: Replica;
  private readonly instruments: Map<string, Instrument>;
  private readonly waiters = new Set<Waiter>();
  private running: Promise<void> | null = null;
  private stopping = false;
  private isSynced = false;
  private isIntact = false;
  private wakeStop: () => void = () => undefined;
  private readonly stopped = new Promise<void>((resolve) => { this.wakeStop = resolve; });

  constructor(
    instruments: readonly Instrument[],
    private readonly engine: MarketEngine,
    private readonly log: MarketLog,
    private readonly listener: MarketListener,
    private readonly logger: Logger,
    /** Entries that are kept in memory. */
    private readonly tailEntries: number,
  ) {
    this.instruments = new Map(instruments.map((instrument) => [instrument.instrument, instrument]));
    this.replica = this.replicaAt('', 0, 0);
  }

  private replicaAt(epoch: string, sequence: number, timeUs: number): Replica {
    return { epoch, books: new Map<string, BookReplica>(), tail: new LogTail(this.tailEntries), sequence, timeUs };
  }

  get epoch(): string {
    return this.replica.epoch;
  }

  /** Last log sequence that the books contain. */
  get sequence(): number {
    return this.replica.sequence;
  }

  get timeUs(): number {
    return this.replica.timeUs;
  }

  /** The newest entries, up to `sequence`. */
  get tail(): LogTail {
    return this.replica.tail;
  }

  /** Whether the books follow the log now. */
  get synced(): boolean {
    return this.isSynced;
  }

  /** Whether the books are what the log tells up to `sequence`: then they go on from there, also after an interruption. */
  get intact(): boolean {
    return this.isIntact;
  }

  book(instrument: string): BookReplica | undefined {
    return this.replica.books.get(instrument);
  }

  instrument(name: string): Instrument | undefined {
    return this.instruments.get(name);
  }

  start(): void {
    this.running = this.loop();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.wakeStop();
    await this.running;
  }

  /** @returns false when the books do not contain everything up to `position` in time: those of another life never do. */
  waitFor(position: LogPosition, timeoutMs: number): Promise<boolean> {
    return this.until(() => this.isSynced && reaches(this, position), timeoutMs);
  }

  /** @returns false when the books do not follow the log in time. */
  waitUntilSynced(timeoutMs: number): Promise<boolean> {
    return this.until(() => this.isSynced, timeoutMs);
  }

  private until(isReached: () => boolean, timeoutMs: number): Promise<boolean> {
    if (isReached()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const waiter: Waiter = {
        isReached,
        wake: (): void => {
          clearTimeout(timer);
          this.waiters.delete(waiter);
          resolve(true);
        },
      };
      const timer = setTimeout(() => {
        this.waiters.delete(waiter);
        resolve(false);
      }, timeoutMs);
      this.waiters.add(waiter);
    });
  }

  private async loop(): Promise<void> {
    while (!this.stopping) {
      try {
        if (!this.isSynced) await this.sync();
        const raws = await this.log.read(this.epoch, this.sequence, READ_COUNT, BLOCK_MS);
        if (raws.length === 0) await this.confirmLineage();
        for (const raw of raws) this.apply(raw);
      } catch (error) {
        if (this.stopping) return;
        if (error instanceof LogGapError || error instanceof LogEpochError || error instanceof OtherLifeError) this.isIntact = false;
        // Said once: until the books follow the log again, every attempt may fail for the same reason.
        if (this.isSynced) this.logger.warn({ err: error }, 'market data interrupted');
        this.isSynced = false;
        await Promise.race([sleep(RETRY_MS), this.stopped]);
      }
    }
  }

  /** Silence may mean that the log began anew below our sequence: another life, or an older Redis. */
  private async confirmLineage(): Promise<void> {
    const meta = await this.engine.meta();
    if (meta === null || !reaches(meta, this)) throw new OtherLifeError();
  }

  private apply(raw: RawLogEntry): void {
    this.isIntact = false;
    const entry = decodeLogEntry(raw.payload);
    const changes = this.applyTo(this.replica, raw, entry);
    this.listener.entry(entry, this, changes);
    this.isIntact = true;
    this.wakeWaiters();
  }

  /** Takes an instrument as it became. */
  private take(replica: Replica, rules: InstrumentRules, { sequence, timeUs }: Pick<LogEntry, 'sequence' | 'timeUs'>): void {
    this.instruments.set(rules.instrument, instrumentOfRules(rules));
    if (!replica.books.has(rules.instrument)) {
      const book = new BookReplica();
      book.changedSequence = sequence;
      book.changedUs = timeUs;
      replica.books.set(rules.instrument, book);
    }
    this.listener.instrument?.(rules, { epoch: replica.epoch, sequence });
  }

  private applyTo(replica: Replica, raw: RawLogEntry, entry: LogEntry): AppliedChange[] {
    const changes: AppliedChange[] = [];
    // What a refusal shows is no change.
    if (entry.kind !== 'refuse') {
      for (const event of entry.events) if (event.type === 'instrument') this.take(replica, event.rules, entry);
    }
    for (const level of entry.levels) {
      const book = replica.books.get(level.instrument);
      if (book === undefined) continue;
      const before = book.apply(level);
      changes.push({ instrument: level.instrument, side: level.side, priceTicks: level.priceTicks, before, after: level.quantityLots });
      book.changedSequence = entry.sequence;
      book.changedUs = entry.timeUs;
    }
    replica.tail.push(raw, changedBy(entry));
    replica.sequence = entry.sequence;
    replica.timeUs = entry.timeUs;
    return changes;
  }

  /** Reads what the log holds up to the books' sequence into the tail, so that streams can be resumed from before this process began. */
  private async fillTail({ epoch, sequence: last, tail }: Replica): Promise<void> {
    let after = Math.max(0, last - this.tailEntries);
    tail.restart(after);
    while (after < last) {
      let raws: RawLogEntry[];
      try {
        raws = await this.log.read(epoch, after, Math.min(READ_COUNT, last - after), TAIL_BLOCK_MS);
      } catch (error) {
        // It begins later: what is before has left it, now or while we read.
        if (!(error instanceof LogGapError)) throw error;
        after = Math.min(error.found - 1, last);
        tail.restart(after);
        continue;
      }
      if (raws.length === 0) {
        // The log of a rebuilt shard begins behind it.
        tail.restart(last);
        return;
      }
      for (const raw of raws) tail.push(raw, changedBy(decodeLogEntry(raw.payload)));
      after += raws.length;
    }
  }

  private wakeWaiters(): void {
    if (this.waiters.size === 0) return;
    for (const waiter of this.waiters) {
      if (waiter.isReached()) waiter.wake();
    }
  }

  /** Goes on where the books stand, if they can: then nothing has been missed. Else reads them anew. */
  private async sync(): Promise<void> {
    if (this.isIntact) {
      await this.confirmLineage();
      this.logger.info({ epoch: this.epoch, sequence: this.sequence }, 'market data goes on');
    } else {
      await this.resync();
      this.logger.info({ epoch: this.epoch, sequence: this.sequence }, 'market data follows the log');
    }
    this.isSynced = true;
    this.wakeWaiters();
  }

  /**
   * Reads all levels, page by page, while matching goes on. Pages are of different moments, but every
   * entry since the first moment follows and carries absolute totals: once the log has been applied up to
   * the sequence after the last page, the books are exact. Until then the market stands where it stood: nobody is told of a life
   * of the shard ahead of its reset.
   */
  private async resync(): Promise<void> {
    const before = await this.engine.meta();
    if (before === null) throw new Error('redis is empty');
    if (before.state === 'recovering') throw new Error('the book is being rebuilt');
    const replica = this.replicaAt(before.epoch, before.sequence, before.timeUs);
    for (const rules of await this.engine.readCatalogue()) this.take(replica, rules, before);
    for (const instrument of this.instruments.keys()) {
      const book = new BookReplica();
      for (const side of [0, 1] as const) {
        let behind: number | null = null;
        for (;;) {
          const { levels } = await this.engine.readLevels(instrument, side, behind, LEVELS_PAGE);
          for (const [priceTicks, quantityLots] of levels) {
            book.apply({ type: 'level', instrument, side: side === 0 ? 'buy' : 'sell', priceTicks, quantityLots });
          }
          const last = levels[levels.length - 1];
          if (last === undefined || levels.length < LEVELS_PAGE) break;
          behind = last[0];
        }
      }
      book.changedSequence = before.sequence;
      book.changedUs = before.timeUs;
      replica.books.set(instrument, book);
    }
    const after = await this.engine.meta();
    if (after === null || !isSameLife(after, before)) throw new OtherLifeError();
    await this.fillTail(replica);
    while (replica.sequence < after.sequence) {
      const raws = await this.log.read(replica.epoch, replica.sequence, READ_COUNT, BLOCK_MS);
      if (raws.length === 0) throw new Error('the log ends before the sequence');
      for (const raw of raws) this.applyTo(replica, raw, decodeLogEntry(raw.payload));
    }
    // A book that did not change since is told under the sequence of its last change, where the log still tells it.
    for (const [instrument, book] of replica.books) book.changedSequence = replica.tail.lastChange(instrument, replica.sequence) ?? book.changedSequence;
    this.replica = replica;
    this.isIntact = true;
    this.isSynced = true;
    this.listener.reset(this);
  }
}

/** Instruments whose books an entry changed. */
function changedBy({ levels }: LogEntry): readonly string[] {
  const first = levels[0]?.instrument;
  if (first === undefined) return [];
  // Only a mass cancel may touch several.
  return levels.every((level) => level.instrument === first) ? [first] : [...new Set(levels.map((level) => level.instrument))];
}
