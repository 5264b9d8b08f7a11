import { afterSlice, isMissed, nextMove, sliceDueUs, type Algo, type SliceOutcome } from '../../src/domain/algo';
import { seededRandom } from '../../src/seeded-random';
import { testSeed } from '../support/seed';

/** What is decided of a parent order, without a venue. */

const S = 1_000_000;
const START = 1_700_000_000 * S + 7;
const REFUSALS_MAX = 3;

const algoOf = (changes: Partial<Algo>): Algo => ({
  algoId: '019c2b4e-9a10-7c3a-9f52-1b6f0a4f8e21', clientId: 'a', actor: null, instrument: 'BTC-USD', side: 'buy', quantityLots: 10, limitTicks: null, durationS: 10, slices: 3,
  createdUs: START, updatedUs: START, status: 'running', reason: null, isStopping: false, filledLots: 0, notional: '0', slicesPlaced: 0, slicesRefused: 0, refusedInARow: 0,
  nextSlice: 1, nextUs: START, ...changes,
});
const filled = (lots: number): SliceOutcome => ({ status: 'placed', filledLots: lots, notional: String(lots * 50), reason: null });
const refused = (reason: string): SliceOutcome => ({ status: 'refused', filledLots: 0, notional: '0', reason });

/** Quantities that an algo places where each slice trades all of it, looked at at these moments. */
function played(algo: Algo, timesUs: readonly number[], fill: (lots: number) => number = (lots) => lots): { readonly lots: number[]; readonly slices: number[]; readonly algo: Algo } {
  const [lots, slices]: [number[], number[]] = [[], []];
  let now = algo;
  for (const timeUs of timesUs) {
    for (;;) {
      const move = now.status === 'running' ? nextMove(now, timeUs) : { kind: 'wait' as const };
      if (move.kind !== 'place') break;
      lots.push(move.quantityLots);
      slices.push(move.slice);
      now = afterSlice(now, move.slice, filled(fill(move.quantityLots)), REFUSALS_MAX, timeUs);
    }
  }
  return { lots, slices, algo: now };
}

it('has its slices evenly over its time, the first at once, and never one early', () => {
  const algo = algoOf({ durationS: 10, slices: 3 });
  expect([1, 2, 3, 4].map((slice) => sliceDueUs(algo, slice) - START)).toEqual([0, 3_333_333, 6_666_666, 10 * S]);
  expect(nextMove({ ...algo, nextSlice: 2 }, START + 3_333_332)).toMatchObject({ kind: 'wait', slice: 2 });
  expect(nextMove({ ...algo, nextSlice: 2 }, START + 3_333_333)).toMatchObject({ kind: 'place', slice: 2 });
});

it('divides any quantity into whole lots that add up, none of them more than one larger than another', () => {
  const random = seededRandom(testSeed('twap'));
  for (let i = 0; i < 300; i++) {
    const slices = 1 + random.below(50);
    const quantityLots = i % 10 === 0 ? Number.MAX_SAFE_INTEGER - random.below(1_000) : slices + random.below(1_000_000);
    const durationS = 1 + random.below(604_800);
    const algo = algoOf({ quantityLots, slices, durationS });
    const { lots, algo: done } = played(algo, Array.from({ length: slices }, (_, k) => sliceDueUs(algo, k + 1)));
    expect(lots.length).toBe(slices);
    expect(lots.reduce((sum, lot) => sum + BigInt(lot), 0n)).toBe(BigInt(quantityLots));
    expect(Math.max(...lots) - Math.min(...lots)).toBeLessThanOrEqual(1);
    expect([done.status, done.reason, done.filledLots]).toEqual(['completed', null, quantityLots]);
  }
});

it('places what is a little late each for itself, and spreads what was missed over what is left', () => {
  const quick = algoOf({ quantityLots: 10, durationS: 1, slices: 10 });
  expect(played(quick, [START, START + 0.95 * S]).lots).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
  const slow = algoOf({ quantityLots: 100, durationS: 100, slices: 10 });
  // Slices 2 to 4 fell due while nobody looked; the fourth is late, and the next is not due yet.
  const caughtUp = played(slow, [START, START + 38 * S, ...Array.from({ length: 7 }, (_, k) => START + (40 + 10 * k) * S)]);
  expect(caughtUp.slices).toEqual([1, 4, 5, 6, 7, 8, 9, 10]);
  expect(caughtUp.lots).toEqual([10, 13, 13, 13, 13, 13, 13, 12]);
  expect(caughtUp.algo.status).toBe('completed');
  expect(isMissed(slow, 2, START + 19 * S)).toBe(false);
  expect(isMissed(slow, 2, START + 20 * S)).toBe(true);
});

it('spreads what a slice does not trade over those that are left, and is over when its time is', () => {
  const algo = algoOf({ quantityLots: 90, durationS: 30, slices: 3 });
  const half = played(algo, [START, START + 10 * S, START + 20 * S], (lots) => Math.floor(lots / 2));
  expect(half.lots).toEqual([30, 38, 56]);
  expect([half.algo.status, half.algo.reason, half.algo.filledLots]).toEqual(['expired', 'unfilled', 15 + 19 + 28]);
  expect(nextMove(algo, START + 30 * S)).toEqual({ kind: 'expire' });
  expect(nextMove({ ...algo, nextSlice: 3 }, START + 29 * S)).toMatchObject({ kind: 'place', slice: 3, quantityLots: 90 });
});

it('stops with its reason after refusals in a row, at once where nothing can come of it any more, and never for a slice that was missed', () => {
  let algo = algoOf({ slices: 10 });
  for (const [slice, outcome] of [refused('insufficient_funds'), refused('insufficient_funds'), filled(1), refused('x'), { ...refused(''), status: 'missed' as const, reason: null }].entries()) {
    algo = afterSlice(algo, slice + 1, outcome, REFUSALS_MAX, START);
    expect(algo.status).toBe('running');
  }
  expect(algo).toMatchObject({ slicesPlaced: 1, slicesRefused: 3, refusedInARow: 1, nextSlice: 6 });
  algo = afterSlice(algo, 6, refused('x'), REFUSALS_MAX, START);
  expect(afterSlice(algo, 7, refused('open_orders_limit'), REFUSALS_MAX, START)).toMatchObject({ status: 'stopped', reason: 'open_orders_limit' });
  for (const reason of ['account_suspended', 'account_closed', 'account_killed', 'instrument_not_found']) {
    expect(afterSlice(algoOf({}), 1, refused(reason), REFUSALS_MAX, START)).toMatchObject({ status: 'stopped', reason });
  }
});

it('is cancelled behind the slice that was being placed, unless that was all of it', () => {
  const stopping = algoOf({ isStopping: true });
  expect(afterSlice(stopping, 1, filled(4), REFUSALS_MAX, START)).toMatchObject({ status: 'cancelled', reason: 'requested', isStopping: false, filledLots: 4, notional: '200' });
  expect(afterSlice(stopping, 1, filled(10), REFUSALS_MAX, START)).toMatchObject({ status: 'completed', reason: null, isStopping: false });
});
