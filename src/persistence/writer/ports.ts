import type { RawLogEntry } from '../../domain/log-entry';

/** The shard log as the writer reads it. */
export interface LogSource {
  read(epoch: string, after: number, count: number, blockMs: number): Promise<RawLogEntry[]>;
}

/** What the writer asks of the engine: to let go of what is committed. */
export interface Trimmer {
  meta(): Promise<{ readonly state: string; readonly epoch: string; readonly sequence: number; readonly persisted: number; readonly layoutVersion: number } | null>;
  trim(
    epoch: string, sequence: number, keep: { readonly entries: number; readonly trades: number },
    lastTradeIds: ReadonlyMap<string, number>, doneOrderIds: Iterable<string>,
  ): Promise<boolean>;
  forgetKeys(digests: readonly string[]): Promise<number | null>;
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
