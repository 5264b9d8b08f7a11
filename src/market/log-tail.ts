import type { RawLogEntry } from '../domain/log-entry';

/** Changes of a book that may pile up before the oldest are looked through. */
const CHANGES_SLACK = 256;

/**
 * The newest log entries as they stand in the log, and when each book changed: what a stream is resumed from without
 * asking Redis.
 */
export class LogTail {
  private readonly payloads: string[] = [];
  /** Sequences that changed a book, by instrument: all since the oldest one kept, which may be older than the entries. */
  private readonly changes = new Map<string, number[]>();
  private firstSequence = 1;
  private lastSequence = 0;

  constructor(private readonly capacity: number) {}

  /** Sequence of the newest entry. */
  get last(): number {
    return this.lastSequence;
  }

  /** Forgets everything. @param after sequence behind which the entries begin */
  restart(after: number): void {
    this.payloads.length = 0;
    this.changes.clear();
    this.firstSequence = after + 1;
    this.lastSequence = after;
  }

  /** @param changed instruments whose books the entry changed */
  push(entry: RawLogEntry, changed: readonly string[]): void {
    this.payloads[entry.sequence % this.capacity] = entry.payload;
    this.lastSequence = entry.sequence;
    if (this.lastSequence - this.firstSequence >= this.capacity) this.firstSequence = this.lastSequence - this.capacity + 1;
    for (const instrument of changed) this.noteChange(instrument, entry.sequence);
  }

  private noteChange(instrument: string, sequence: number): void {
    const known = this.changes.get(instrument);
    if (known === undefined) {
      this.changes.set(instrument, [sequence]);
      return;
    }
    known.push(sequence);
    if (known.length < 2 * CHANGES_SLACK || (known[CHANGES_SLACK] as number) >= this.firstSequence) return;
    // One that is older than every entry stays: it is the last change before the oldest of them.
    known.splice(0, lastAtOrBefore(known, this.firstSequence - 1));
  }

  /** @returns entries behind `after`, oldest first; null when some of them are not here any more */
  page(after: number, count: number): RawLogEntry[] | null {
    if (after + 1 < this.firstSequence) return null;
    const entries: RawLogEntry[] = [];
    for (let sequence = after + 1; sequence <= this.lastSequence && entries.length < count; sequence++) {
      entries.push({ sequence, payload: this.payloads[sequence % this.capacity] as string });
    }
    return entries;
  }

  /** @returns sequence of a book's last change up to `sequence`; null when that is not known */
  lastChange(instrument: string, sequence: number): number | null {
    const known = this.changes.get(instrument);
    return known === undefined ? null : known[lastAtOrBefore(known, sequence)] ?? null;
  }
}

/** Index of the last number that is not above `bound`; -1 when all are. */
function lastAtOrBefore(sorted: readonly number[], bound: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) <= bound) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
