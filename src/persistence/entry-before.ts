import type { Query, Row } from './database';
import { ENTRY_AT } from './queries/money';

/**
 * The last entry of before a moment: everything of a day lies between two of these. Entries are found by their sequence, and times never
 * go back along it, so halving finds it without an index of times.
 * @param checkpoint where the record ends
 * @returns 0 where there is none
 */
export async function entryBefore(query: Query, shard: string, timeUs: number, checkpoint: number): Promise<number> {
  let [low, high] = [0, checkpoint];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const [entry] = await query<Row & { sequence: number; time_us: number }>(ENTRY_AT, [shard, middle]);
    // An entry that Postgres refused is not in the journal.
    if (entry === undefined || entry.sequence <= low || entry.time_us < timeUs) low = middle;
    else high = entry.sequence - 1;
  }
  return low;
}
