import type { Funds } from '../domain/money';

/** What the bench measures, as the tables, the JSON and the document show it. */

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The same machine doing the least that any such service must, in the same run. */
  readonly floor?: { readonly name: string; readonly value: number };
  /** What is asked of it: met when the value is on the right side of the bound. */
  readonly goal?: Goal;
}

export interface Goal {
  readonly bound: number;
  readonly better: 'higher' | 'lower';
  /** A bound of the value over its floor; of the value itself otherwise. */
  readonly of?: 'floor';
}

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

/** One step of the latency curve: commands a second offered and answered, milliseconds. */
export interface LatencyPoint {
  readonly offered: number;
  readonly answered: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export interface PartResult {
  readonly figures: readonly Figure[];
  readonly tables?: readonly Table[];
  readonly latency?: readonly LatencyPoint[];
}

export interface MeasuredPart extends PartResult {
  readonly part: string;
  readonly about: string;
  readonly seconds: number;
  /** Settings of FUNDS that were measured, null where there was no venue; reports of before money do not tell. */
  readonly funds?: readonly Funds[] | null;
}

export interface BenchReport {
  readonly date: string;
  readonly commit: string;
  readonly machine: Readonly<Record<string, string>>;
  readonly parts: readonly MeasuredPart[];
}

/** What a part gets: how long its timed sections take, a directory that is removed at the end. */
export interface Bench {
  readonly seconds: number;
  readonly directory: string;
  /** Settings of the service that differ from its defaults. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface Part {
  readonly name: string;
  readonly about: string;
  /** Settings of FUNDS that are the part's own, null where there is no venue. Without it as the bench is set, else off. */
  readonly funds?: readonly Funds[] | null;
  run(bench: Bench): Promise<PartResult>;
}

/** What a part measures was measured before money was kept: it stays comparable without. */
export const FUNDS_UNSET: Funds = 'off';

/** @returns the settings of FUNDS that a part is measured with */
export function fundsOfPart({ funds }: Part, settings: Bench['settings']): readonly Funds[] | null {
  return funds === undefined ? [(settings.FUNDS ?? FUNDS_UNSET) as Funds] : funds;
}

export function isMet({ value, floor, goal }: Figure): boolean | null {
  if (goal === undefined) return null;
  const compared = goal.of === 'floor' ? value / (floor?.value ?? Number.NaN) : value;
  return goal.better === 'higher' ? compared >= goal.bound : compared <= goal.bound;
}

/** Three digits that matter, thousands apart; whole numbers as they are. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Number.isInteger(value)) return value.toLocaleString('en-US');
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString('en-US', { maximumFractionDigits: Math.min(digits, 3), minimumFractionDigits: Math.abs(value) < 100 ? Math.min(digits, 2) : 0 });
}
