import type { InstrumentRules } from '../../domain/instrument-rules';
import type { RawLogEntry } from '../../domain/log-entry';
import type { LogPosition } from '../../domain/log-position';
import type { MoneyScale } from '../../domain/assets';
import type { RecordOptions } from '../write-rows';

/** The shard log as the writer reads it. */
export interface LogSource {
  read(epoch: string, after: number, count: number, blockMs: number): Promise<RawLogEntry[]>;
}

/** What the writer asks of the engine: to let go of what is committed, and to stop where the record cannot follow. */
export interface Trimmer {
  meta(): Promise<{ readonly state: string; readonly epoch: string; readonly sequence: number; readonly persisted: number; readonly layoutVersion: number } | null>;
  trim(
    epoch: string, sequence: number, keep: { readonly entries: number; readonly trades: number },
    lastTradeIds: ReadonlyMap<string, number>, doneOrderIds: Iterable<string>,
  ): Promise<boolean>;
  forgetKeys(digests: readonly string[]): Promise<number | null>;
  /** Stops this life of the shard, with the reason for people to read; safe to repeat. */
  fault(epoch: string, reason: string): Promise<void>;
}

export interface WriterObserver {
  committed(entries: number, seconds: number): void;
  deadLetter(): void;
  active(isActive: boolean): void;
}

export interface WriterOptions extends RecordOptions {
  readonly batchEntriesMax: number;
  /** Pause after a transaction that brought all there was; 0 for none. */
  readonly lingerMs: number;
  readonly keep: { readonly entries: number; readonly trades: number };
  readonly idempotencyTtlS: number;
  /** Of every instrument that the log may tell of; filled in by the time the writer starts. Those that it makes are added. */
  readonly scales: Map<string, MoneyScale>;
  /** Told of instruments that were made or changed, once that is on record. `at`: where the log tells it, or up to where the record had it. */
  readonly instrument?: (rules: InstrumentRules, at: LogPosition) => void;
}
