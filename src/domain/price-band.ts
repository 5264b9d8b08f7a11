import type { InstrumentRules } from './instrument-rules';

/** What a price band goes by: the last trade of a second, or as of second 0 the one that it begins with. */
export interface BandSample {
  readonly second: number;
  readonly priceTicks: number;
}

/** What an instrument's reference price comes from, oldest first. */
export interface BandSamples {
  readonly instrument: string;
  readonly samples: readonly BandSample[];
}

/** A trade that a band may begin with. */
export interface AnchorTrade {
  readonly tradeId: number;
  readonly priceTicks: number;
}

/** What a band begins with: it is older than all that comes. */
export function anchorSample({ priceTicks }: Pick<AnchorTrade, 'priceTicks'>): BandSample {
  return { second: 0, priceTicks };
}

const MILLIONTHS = 1_000_000n;
const US_PER_S = 1_000_000;

export function secondOf(timeUs: number): number {
  return Math.floor(timeUs / US_PER_S);
}

/** Without those that are older than the reference is at a second. @param samples oldest first */
export function samplesKept(samples: readonly BandSample[], second: number, windowS: number): readonly BandSample[] {
  const reference = samples.findLastIndex((sample) => sample.second <= second - windowS);
  return reference < 1 ? samples : samples.slice(reference);
}

/** The reference price at a second: of the last trade that is as old as the window, else of the one that the band begins with; null before there was any. */
export function referenceTicks(samples: readonly BandSample[], second: number, windowS: number): number | null {
  return samples.findLast((sample) => sample.second <= second - windowS)?.priceTicks ?? null;
}

/** The prices at which may be traded. @param priceBand millionths */
export function bandOf(referenceTicks: number, priceBand: number): { readonly lowestTicks: number; readonly highestTicks: number } {
  const off = Number(BigInt(referenceTicks) * BigInt(priceBand) / MILLIONTHS);
  return { lowestTicks: referenceTicks - off, highestTicks: referenceTicks + off };
}

/** Member of the sorted set of an instrument's samples. */
export function bandMember({ second, priceTicks }: BandSample): string {
  return `${second},${priceTicks}`;
}

/** @throws Error for what is no such member, or stands at another second's place */
export function sampleOfMember(member: string, score: string): BandSample {
  const parts = /^(\d+),(\d+)$/.exec(member);
  if (parts === null || parts[1] !== score) throw new Error(`a reference price is kept as ${member} at ${score}`);
  return { second: Number(parts[1]), priceTicks: Number(parts[2]) };
}

/** Whether an instrument's trades are bounded. */
export function hasBand(rules: Pick<InstrumentRules, 'priceBand'> | null | undefined): boolean {
  return rules !== null && rules !== undefined && rules.priceBand > 0;
}
