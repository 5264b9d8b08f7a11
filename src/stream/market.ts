import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { decodeLogEntry, type LogEntry, type RawLogEntry } from '../domain/log-entry';
import { LogEpochError, LogGapError } from '../log/log-reader';
import { BookReplica } from './book-replica';

export interface MarketLog {
  read(epoch: string, after: number, count: number, blockMs: number): Promise<RawLogEntry[]>;
}

export interface MarketEngine {
  meta(): Promise<{ readonly state: string; readonly epoch: string; readonly sequence: number; readonly timeUs: number } | null>;
  readLevels(instrument: string, side: 0 | 1, behindPriceTicks: number | null, pageSize: number):
    Promise<{ levels: [priceTicks: number, quantityLots: number][] }>;
}

export interface MarketListener {
  /** One log entry, applied to the books already. */
  entry(entry: LogEntry, market: Market): void;
  /** The books were read anew: what came between is not told entry by entry. */
  reset(market: Market): void;
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
const RETRY_MS = 250;
const LEVELS_PAGE = 1_000;

/**
 * Follows the shard log and keeps every book in memory: what the stream sends and what order book reads
 * are answered from. Each API process has its own.
 */
export class Market {
  private readonly books = new Map<string, BookReplica>();
  private readonly waiters = new Set<{ readonly sequence: number; readonly wake: () => void }>();
  private running: Promise<void> | null = null;
  private stopping = false;
  private isSynced = false;
  private isIntact = false;
  private wakeStop: () => void = () => undefined;
  private readonly stopped = new Promise<void>((resolve) => { this.wakeStop = resolve; });
  /** Last log sequence that the books contain. */
  sequence = 0;
  timeUs = 0;
  epoch = '';

  constructor(
    private readonly instruments: readonly string[],
    private readonly engine: MarketEngine,
    private readonly log: MarketLog,
    private readonly listener: MarketListener,
    private readonly logger: Logger,
  ) {}

  /** Whether the books follow the log now. */
  get synced(): boolean {
    return this.isSynced;
  }

  /** Whether the books are what the log tells up to `sequence`: then they go on from there, also after an interruption. */
  get intact(): boolean {
    return this.isIntact;
  }

  book(instrument: string): BookReplica | undefined {
    return this.books.get(instrument);
  }

  start(): void {
    this.running = this.loop();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.wakeStop();
    await this.running;
  }

  /** @returns false when the books do not contain `sequence` in time. */
  waitFor(sequence: number, timeoutMs: number): Promise<boolean> {
    if (this.isSynced && this.sequence >= sequence) return Promise.resolve(true);
    return new Promise((resolve) => {
      const waiter = {
        sequence,
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
        for (const raw of raws) this.apply(decodeLogEntry(raw.payload));
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
    if (meta === null || meta.epoch !== this.epoch || meta.sequence < this.sequence) {
      throw new OtherLifeError();
    }
  }

  private apply(entry: LogEntry): void {
    this.isIntact = false;
    this.applyToBooks(entry);
    this.listener.entry(entry, this);
    this.isIntact = true;
    this.wakeWaiters();
  }

  private applyToBooks(entry: LogEntry): void {
    for (const level of entry.levels) {
      const book = this.books.get(level.instrument);
      if (book === undefined) continue;
      book.apply(level);
      book.changedSequence = entry.sequence;
      book.changedUs = entry.timeUs;
    }
    this.sequence = entry.sequence;
    this.timeUs = entry.timeUs;
  }

  private wakeWaiters(): void {
    if (this.waiters.size === 0) return;
    for (const waiter of this.waiters) {
      if (waiter.sequence <= this.sequence) waiter.wake();
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
   * the sequence after the last page, the books are exact.
   */
  private async resync(): Promise<void> {
    const before = await this.engine.meta();
    if (before === null) throw new Error('redis is empty');
    if (before.state === 'recovering') throw new Error('the book is being rebuilt');
    this.books.clear();
    for (const instrument of this.instruments) {
      const book = new BookReplica();
      for (const side of [0, 1] as const) {
        let behind: number | null = null;
        for (;;) {
          const { levels } = await this.engine.readLevels(instrument, side, behind, LEVELS_PAGE);
          for (const [priceTicks, quantityLots] of levels) {
            book.apply({ instrument, side: side === 0 ? 'buy' : 'sell', priceTicks, quantityLots });
          }
          const last = levels[levels.length - 1];
          if (last === undefined || levels.length < LEVELS_PAGE) break;
          behind = last[0];
        }
      }
      book.changedSequence = before.sequence;
      book.changedUs = before.timeUs;
      this.books.set(instrument, book);
    }
    const after = await this.engine.meta();
    if (after === null || after.epoch !== before.epoch) throw new OtherLifeError();
    this.sequence = before.sequence;
    this.timeUs = before.timeUs;
    this.epoch = before.epoch;
    while (this.sequence < after.sequence) {
      const raws = await this.log.read(this.epoch, this.sequence, READ_COUNT, BLOCK_MS);
      if (raws.length === 0) throw new Error('the log ends before the sequence');
      for (const raw of raws) this.applyToBooks(decodeLogEntry(raw.payload));
    }
    this.isIntact = true;
    this.isSynced = true;
    this.listener.reset(this);
  }
}
