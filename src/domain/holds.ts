import type { MoneyScale } from './assets';
import { isOpen, remainingLots, type Order } from './order';
import { isUnfunded, partnerId } from './order-list';

const MILLION = 1_000_000n;

const ceilingOf = (millionths: bigint): bigint => (millionths + MILLION - 1n) / MILLION;

/**
 * What an open order holds: a function of its record alone, so that what accounts hold can be told from the book at any time. A
 * buy holds its remaining quantity at its own limit and the fee that could come of it, a sell its remaining quantity; a buy by money that
 * waits for a price holds what it may spend and the fee on that. What both of a pair hold is held once: PairedHolds.
 * @returns units of an asset; 0 of an order that is done, or whose cover the first of its list is to bring
 */
export function holdOf(order: Order, scale: MoneyScale): { readonly asset: string; readonly units: bigint } {
  const holds = isOpen(order) && !isUnfunded(order);
  const lots = holds ? BigInt(remainingLots(order)) : 0n;
  const { budget } = order.traits;
  if (order.side === 'sell') return { asset: scale.base, units: lots * scale.lotUnits };
  const notional = holds && budget !== undefined ? BigInt(budget) : BigInt(order.priceTicks ?? 0) * lots;
  const value = notional * scale.valueUnits;
  const { fees } = order;
  const rate = BigInt(Math.max(fees?.makerRate ?? 0, fees?.takerRate ?? 0, 0));
  const owed = BigInt(fees?.millionths ?? 0);
  return { asset: scale.quote, units: value + ceilingOf(owed + value * rate) - ceilingOf(owed) };
}

/** What open orders hold that are told one after the other: of a pair the second one what it holds beyond the first. */
export class PairedHolds {
  /** Of orders whose pair's other one has not been told. */
  private readonly alone = new Map<string, bigint>();

  /** @returns by how much what is held grows with this order */
  add(order: Order, scale: MoneyScale): { readonly asset: string; readonly units: bigint } {
    const hold = holdOf(order, scale);
    const partner = isOpen(order) ? partnerId(order) : null;
    if (partner === null) return hold;
    const other = this.alone.get(partner);
    if (other === undefined) {
      this.alone.set(order.orderId, hold.units);
      return hold;
    }
    this.alone.delete(partner);
    return { asset: hold.asset, units: hold.units > other ? hold.units - other : 0n };
  }
}
