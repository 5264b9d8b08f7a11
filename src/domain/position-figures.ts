import { formatUnits, type MoneyScale } from './assets';
import type { Instrument } from './instruments';
import type { Position } from './money-history';

/** Decimals that an average price has beyond those of a price. */
const AVERAGE_DECIMALS = 4;

const sizeOf = (value: bigint): bigint => (value < 0n ? -value : value);

/**
 * Price at which the open part of a position was entered on average, halves rounded up; null while nothing is open. It is
 * computed when it is shown: what is kept are sums.
 * @param decimals of the instrument's assets
 */
export function averageEntry(
  { netLots, cost }: Pick<Position, 'netLots' | 'cost'>, { tick }: Instrument, { lotUnits }: MoneyScale,
  decimals: { readonly base: number; readonly quote: number },
): string | null {
  const base = sizeOf(BigInt(netLots)) * lotUnits;
  if (base === 0n) return null;
  const shown = tick.decimals + AVERAGE_DECIMALS;
  const money = sizeOf(BigInt(cost)) * 10n ** BigInt(decimals.base + shown);
  const divisor = base * 10n ** BigInt(decimals.quote);
  return formatUnits((2n * money + divisor) / (2n * divisor), shown);
}

/** @param doubleTicks twice the price @returns units of the quote asset, rounded down where a mid is no whole tick */
export function valueAt(netLots: string, doubleTicks: bigint, { valueUnits }: MoneyScale): bigint {
  const double = BigInt(netLots) * doubleTicks * valueUnits;
  return (double - (((double % 2n) + 2n) % 2n)) / 2n;
}

/** @param doubleTicks twice the price @returns decimal text with the price's decimals, and one more where it is no whole tick */
export function formatDoubleTicks(doubleTicks: bigint, { tick }: Instrument): string {
  if (doubleTicks % 2n === 0n) return formatUnits((doubleTicks / 2n) * tick.units, tick.decimals);
  return formatUnits(doubleTicks * tick.units * 5n, tick.decimals + 1);
}
