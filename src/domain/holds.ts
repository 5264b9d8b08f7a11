import type { MoneyScale } from './assets';
import { isOpen, remainingLots, type Order } from './order';

const MILLION = 1_000_000n;

const ceilingOf = (millionths: bigint): bigint => (millionths + MILLION - 1n) / MILLION;

/**
 * What an open order holds: a function of its record alone, so that what accounts hold can be told from the book at any time. A
 * buy holds its remaining quantity at its own limit and the fee that could come of it, a sell its remaining quantity; a buy by money that
 * waits for a price holds what it may spend and the fee on that.
 * @returns units of an asset; 0 of an order that is done
 */
export function holdOf(order: Order, scale: MoneyScale): { readonly asset: string; readonly units: bigint } {
  const lots = isOpen(order) ? BigInt(remainingLots(order)) : 0n;
  const { budget } = order.traits;
  if (order.side === 'sell') return { asset: scale.base, units: lots * scale.lotUnits };
  const notional = isOpen(order) && budget !== undefined ? BigInt(budget) : BigInt(order.priceTicks ?? 0) * lots;
  const value = notional * scale.valueUnits;
  const { fees } = order;
  const rate = BigInt(Math.max(fees?.makerRate ?? 0, fees?.takerRate ?? 0, 0));
  const owed = BigInt(fees?.millionths ?? 0);
  return { asset: scale.quote, units: value + ceilingOf(owed + value * rate) - ceilingOf(owed) };
}
