import { DEFAULT_FEE_GROUP, type FeeRate } from '../domain/money';
import type { OrderFees } from '../domain/order';

/** Fees are reckoned in millionths of a unit, whole numbers of any size, and rounded up once an order. */
const MILLION = 1_000_000n;

/** Groups of fees that a venue may have. */
export const FEE_GROUPS_MAX = 100;

/** What the groups charge, by name. */
export type FeeGroups = ReadonlyMap<string, readonly FeeRate[]>;
export type Rates = Pick<FeeRate, 'makerRate' | 'takerRate'>;

const FREE: Rates = { makerRate: 0, takerRate: 0 };

function floorOf(millionths: bigint): bigint {
  const towardsZero = millionths / MILLION;
  return towardsZero * MILLION > millionths ? towardsZero - 1n : towardsZero;
}

/** Whole units, rounded up: towards zero where they are below it. */
export function ceilingOf(millionths: bigint): bigint {
  return -floorOf(-millionths);
}

/** What an order's fills come to in fees, exactly, in millionths of a unit. */
export function exactFees(fees: OrderFees | null): bigint {
  return fees === null ? 0n : BigInt(fees.units) * MILLION + BigInt(fees.millionths);
}

/** @returns null where nothing is charged, whatever the order does */
export function freshFees({ makerRate, takerRate }: Rates): OrderFees | null {
  return makerRate === 0 && takerRate === 0 ? null : { makerRate, takerRate, units: '0', millionths: 0 };
}

export interface Charge {
  /** The order's fees behind the fill. */
  readonly fees: OrderFees;
  /** What the fill is charged, in units of the quote asset; below zero is a rebate. */
  readonly fee: bigint;
}

/**
 * The rate of a fill's maker. Rates are of the day on which an order was placed, so a rebate may meet a taker of another day who pays
 * less: it gets back no more than that (I-9).
 */
export function makerRateOf(maker: OrderFees, taker: OrderFees | null): number {
  return Math.max(maker.makerRate, 0 - (taker?.takerRate ?? 0));
}

/** Charges an order for a fill worth `value` units. */
export function charge(fees: OrderFees, rate: number, value: bigint): Charge {
  const before = exactFees(fees);
  const after = before + value * BigInt(rate);
  const units = floorOf(after);
  return {
    fees: { ...fees, units: String(units), millionths: Number(after - units * MILLION) },
    fee: ceilingOf(after) - ceilingOf(before),
  };
}

/** The row of an instrument, else the one of every other. @param instrument null for one that no row names */
function rowOf(rates: readonly FeeRate[] | undefined, instrument: string | null): Rates | undefined {
  return rates?.find((rate) => rate.instrument === instrument) ?? rates?.find((rate) => rate.instrument === null);
}

/** @param instrument null for one that no row names */
export function ratesOf(groups: FeeGroups, group: string, instrument: string | null): Rates {
  return rowOf(groups.get(group), instrument) ?? rowOf(groups.get(DEFAULT_FEE_GROUP), instrument) ?? FREE;
}

/**
 * Whether a taker and a maker could meet whose fees together are below zero.
 * @returns where, as a sentence without its full stop; null for nowhere
 */
export function losingPair(groups: FeeGroups): string | null {
  const names = new Set([DEFAULT_FEE_GROUP, ...groups.keys()]);
  const instruments = new Set([null, ...[...groups.values()].flatMap((rates) => rates.map(({ instrument }) => instrument))]);
  for (const instrument of instruments) {
    for (const taker of names) {
      for (const maker of names) {
        const sum = ratesOf(groups, taker, instrument).takerRate + ratesOf(groups, maker, instrument).makerRate;
        if (sum < 0) return `a taker of ${taker} and a maker of ${maker} in ${instrument ?? 'any other instrument'} pay ${sum} millionths`;
      }
    }
  }
  return null;
}
