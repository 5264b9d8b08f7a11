import type { MoneyScale } from '../domain/assets';
import { isOpen, remainingLots, type Order, type OrderFees } from '../domain/order';
import { isUnfunded } from '../domain/order-list';
import { ceilingOf, exactFees } from './fees';

/** What of an asset something keeps from being spent. */
export interface Hold {
  readonly asset: string;
  readonly units: bigint;
}

/** What a trade is worth, in units of the quote asset. */
export function valueOf(priceTicks: number, lots: number, scale: MoneyScale): bigint {
  return BigInt(priceTicks) * BigInt(lots) * scale.valueUnits;
}

/** What `value` could be charged at the dearer of an order's rates, on top of its fees so far. */
function feeAhead(fees: OrderFees | null, value: bigint): bigint {
  if (fees === null) return 0n;
  const rate = BigInt(Math.max(fees.makerRate, fees.takerRate, 0));
  const soFar = exactFees(fees);
  return ceilingOf(soFar + value * rate) - ceilingOf(soFar);
}

type HeldTerms = Pick<Order, 'side' | 'priceTicks' | 'quantityLots' | 'filledLots' | 'fees' | 'traits'>;

/**
 * What an open order holds, from its own record alone: a buyer what is left of it at its limit with the fee that
 * could come of it, a seller what is left of it. A buyer without a limit holds what it may spend, where it said so, else nothing: nobody
 * knows yet what it will cost.
 */
export function holdOf(order: HeldTerms, scale: MoneyScale): Hold {
  const left = order.quantityLots - order.filledLots;
  if (order.side === 'sell') return { asset: scale.base, units: BigInt(left) * scale.lotUnits };
  const { budget } = order.traits;
  const value = budget === undefined ? valueOf(order.priceTicks ?? 0, left, scale) : BigInt(budget) * scale.valueUnits;
  return { asset: scale.quote, units: value + feeAhead(order.fees, value) };
}

/** What an order holds as it is, were it of no pair: a done one nothing, and nothing one whose cover the first of its list is to bring. */
export function heldBy(order: Order, scale: MoneyScale): Hold {
  if (isOpen(order) && (remainingLots(order) > 0 || order.status === 'pending') && !isUnfunded(order)) return holdOf(order, scale);
  return { asset: order.side === 'buy' ? scale.quote : scale.base, units: 0n };
}
