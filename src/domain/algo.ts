import { RESULT_CODES, type ResultCode } from './result-code';
import type { Side } from './order';

/**
 * Parent orders: one of the service, which trades by slices. A slice is an ordinary order of its account; what is decided of the
 * parent is decided here, and kept in Postgres before it is done.
 */

export const ALGO_STATUSES = ['running', 'completed', 'expired', 'cancelled', 'stopped'] as const;
export type AlgoStatus = (typeof ALGO_STATUSES)[number];

/** `placing`: decided, and not known yet what came of it. `missed`: it was never placed, and cannot be any more. */
export const SLICE_STATUSES = ['placing', 'placed', 'refused', 'missed'] as const;
export type SliceStatus = (typeof SLICE_STATUSES)[number];

export interface TwapTerms {
  readonly instrument: string;
  readonly side: Side;
  readonly quantityLots: number;
  /** Limit of every slice; null for market orders. */
  readonly limitTicks: number | null;
  readonly durationS: number;
  readonly slices: number;
}

export interface Algo extends TwapTerms {
  readonly algoId: string;
  readonly clientId: string;
  /** The main account of who started it; null in an open venue. */
  readonly actor: string | null;
  readonly createdUs: number;
  readonly updatedUs: number;
  readonly status: AlgoStatus;
  /** Why it ended; null while it runs, and where all of it was filled. */
  readonly reason: string | null;
  /** Whether it is to be cancelled once it is known what came of the slice that is being placed. */
  readonly isStopping: boolean;
  readonly filledLots: number;
  /** Σ ticks × lots of what is filled, as decimal text. */
  readonly notional: string;
  readonly slicesPlaced: number;
  readonly slicesRefused: number;
  /** Since the last one that was not. */
  readonly refusedInARow: number;
  /** Number of the next slice, from 1; one more than there are behind the last. */
  readonly nextSlice: number;
  /** When there is something to do next. */
  readonly nextUs: number;
}

export interface AlgoSlice {
  readonly slice: number;
  readonly orderId: string;
  readonly quantityLots: number;
  readonly status: SliceStatus;
  readonly filledLots: number;
  readonly notional: string;
  /** Why it was refused. */
  readonly reason: string | null;
  /** When it was decided, by the venue's clock. */
  readonly atUs: number;
}

/** What came of a slice. */
export interface SliceOutcome {
  readonly status: Exclude<SliceStatus, 'placing'>;
  readonly filledLots: number;
  readonly notional: string;
  readonly reason: string | null;
}

/** Nothing can become of an algo whose account or instrument is gone: it does not try again. */
const FINAL_REFUSALS: ReadonlySet<string> = new Set(['account_suspended', 'account_closed', 'account_killed', 'instrument_not_found']);

/** How late a slice may be of which the next one is due as well. */
const LATE_MAX_US = 1_000_000;
const US_PER_S = 1_000_000;
/** Shortest time between two slices. */
export const SLICE_INTERVAL_MIN_MS = 100;

export function isRunning({ status }: Pick<Algo, 'status'>): boolean {
  return status === 'running';
}

export function endsUs({ createdUs, durationS }: Pick<Algo, 'createdUs' | 'durationS'>): number {
  return createdUs + durationS * US_PER_S;
}

/** When a slice is due: the first at once, the others evenly, the one behind the last when it ends. */
export function sliceDueUs({ createdUs, durationS, slices }: Pick<Algo, 'createdUs' | 'durationS' | 'slices'>, slice: number): number {
  const durationUs = durationS * US_PER_S;
  const rest = durationUs % slices;
  return createdUs + (slice - 1) * ((durationUs - rest) / slices) + Math.floor((slice - 1) * rest / slices);
}

/** Whether a slice is too late to be placed: the one after it is due as well, and it has been due for longer than a venue takes. */
export function isMissed(algo: Pick<Algo, 'createdUs' | 'durationS' | 'slices'>, slice: number, nowUs: number): boolean {
  return sliceDueUs(algo, slice + 1) <= nowUs && sliceDueUs(algo, slice) < nowUs - LATE_MAX_US;
}

export type AlgoMove =
  | { readonly kind: 'wait'; readonly slice: number; readonly untilUs: number }
  | { readonly kind: 'place'; readonly slice: number; readonly quantityLots: number }
  /** The rest of its time is over. */
  | { readonly kind: 'expire' };

/** What is to be done of a running algo none of whose slices is being placed. What was missed is spread over the slices that are left. */
export function nextMove(algo: Algo, nowUs: number): AlgoMove {
  let slice = algo.nextSlice;
  while (slice <= algo.slices && isMissed(algo, slice, nowUs)) slice++;
  if (slice > algo.slices) return { kind: 'expire' };
  const dueUs = sliceDueUs(algo, slice);
  if (dueUs > nowUs) return { kind: 'wait', slice, untilUs: dueUs };
  return { kind: 'place', slice, quantityLots: shareOf(algo.quantityLots - algo.filledLots, algo.slices - slice + 1) };
}

/** The first of `parts` even parts in whole lots, the larger ones first: they add up to what is left. */
function shareOf(lots: number, parts: number): number {
  const rest = lots % parts;
  return (lots - rest) / parts + (rest > 0 ? 1 : 0);
}

function ended(algo: Algo, status: AlgoStatus, reason: string | null): Algo {
  return { ...algo, status, reason, isStopping: false };
}

/** @param nowUs the venue's time */
export function expired(algo: Algo, nowUs: number): Algo {
  return { ...ended(algo, 'expired', 'unfilled'), nextSlice: algo.slices + 1, updatedUs: nowUs };
}

export function cancelled(algo: Algo, nowUs: number): Algo {
  return { ...ended(algo, 'cancelled', 'requested'), updatedUs: nowUs };
}

/** @param refusalsMax refusals in a row at which it stops */
export function afterSlice(before: Algo, slice: number, outcome: SliceOutcome, refusalsMax: number, nowUs: number): Algo {
  const isRefused = outcome.status === 'refused';
  const nextSlice = slice + 1;
  const algo: Algo = {
    ...before,
    filledLots: before.filledLots + outcome.filledLots,
    notional: String(BigInt(before.notional) + BigInt(outcome.notional)),
    slicesPlaced: before.slicesPlaced + (outcome.status === 'placed' ? 1 : 0),
    slicesRefused: before.slicesRefused + (isRefused ? 1 : 0),
    refusedInARow: isRefused ? before.refusedInARow + 1 : outcome.status === 'placed' ? 0 : before.refusedInARow,
    nextSlice,
    nextUs: sliceDueUs(before, nextSlice),
    updatedUs: nowUs,
  };
  if (algo.filledLots === algo.quantityLots) return ended(algo, 'completed', null);
  if (algo.isStopping) return ended(algo, 'cancelled', 'requested');
  if (isRefused && (algo.refusedInARow >= refusalsMax || FINAL_REFUSALS.has(outcome.reason ?? ''))) return ended(algo, 'stopped', outcome.reason);
  return nextSlice > algo.slices ? ended(algo, 'expired', 'unfilled') : algo;
}

/** Statuses of what the venue does not take now, and may take later. */
const TRY_AGAIN = new Set([500, 503, 504]);

/** Whether a refusal says nothing of the slice: it is asked for again, by the same key. */
export function isToBeAskedAgain(code: ResultCode): boolean {
  return TRY_AGAIN.has(RESULT_CODES[code].status);
}

/** The idempotency key of a slice. No client's key begins as it does. */
export function sliceKey(algoId: string, slice: number): string {
  return `\u0000algo:${algoId}:${slice}`;
}
