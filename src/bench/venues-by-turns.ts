import type { Bench } from './result';
import { setVenueFees } from './money';
import { inTurn, median } from './turns';
import { BenchVenue } from './venue';

/** Two whole venues side by side, one without money and one with it, that are fed by turns: whoever waits has nothing to do. */

const SIDES = ['off', 'paper'] as const;
export type VenueSide = (typeof SIDES)[number];

/** @param measure what a venue makes of its turn; both have persisted everything before and afterwards */
export async function byTurns<T>(
  bench: Bench, environment: Readonly<Record<string, string>>, rounds: number,
  prepare: (venue: BenchVenue, side: VenueSide) => Promise<void>, measure: (venue: BenchVenue, side: VenueSide, round: number) => Promise<T>,
): Promise<Record<VenueSide, T[]>> {
  const venues: { side: VenueSide; venue: BenchVenue }[] = [];
  const measured: Record<VenueSide, T[]> = { off: [], paper: [] };
  try {
    for (const side of SIDES) {
      const venue = await BenchVenue.start(bench, { ...environment, FUNDS: side });
      venues.push({ side, venue });
      // Rewriting the append-only file takes a core, and would do so in somebody's turn.
      await venue.send('CONFIG', 'SET', 'auto-aof-rewrite-percentage', '0');
      if (side !== 'off') await setVenueFees(venue);
      await prepare(venue, side);
      await venue.untilDrained();
    }
    for (let round = 0; round < rounds; round++) {
      for (const { side, venue } of inTurn(venues, round)) {
        measured[side].push(await measure(venue, side, round));
        await venue.untilDrained();
      }
    }
    return measured;
  } finally {
    for (const { venue } of venues) await venue.stop();
  }
}

/** What a venue with money does of what one without does: the median of the rounds. @param rate the more the better */
export function shareOf<T>({ off, paper }: Readonly<Record<VenueSide, readonly T[]>>, rate: (one: T) => number): number {
  return median(off.map((one, round) => rate(paper[round] as T) / rate(one)));
}

/** Of figures by process, the median of each. */
export function medianCpu(all: readonly (readonly (readonly [process: string, us: number | null])[])[]): (number | null)[] {
  return (all[0] ?? []).map((_, i) => {
    const values = all.map((one) => one[i]?.[1] ?? null);
    return values.some((value) => value === null) ? null : median(values as number[]);
  });
}
