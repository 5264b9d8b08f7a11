import type { MoneyScale } from '../domain/assets';
import { FEES } from '../domain/money';
import type { Order } from '../domain/order';
import { heldBy, valueOf } from './holds';
import type { LedgerChange } from './ledger';
import type { PlannedTrade } from './trades';

/** Money that an order's change moves, holds and releases. */

/** @param before null where it was not there */
export function settleHold(change: LedgerChange, scale: MoneyScale, before: Order | null, after: Order): void {
  const held = heldBy(after, scale);
  change.add(after.clientId, held.asset, 0n, held.units - (before === null ? 0n : heldBy(before, scale).units));
}

export function settleTrades(change: LedgerChange, scale: MoneyScale, taker: Order, trades: readonly PlannedTrade[]): void {
  for (const { fill, before } of trades) {
    const { maker, priceTicks, quantityLots } = fill;
    const value = valueOf(priceTicks, quantityLots, scale);
    const base = BigInt(quantityLots) * scale.lotUnits;
    const [buyer, seller] = taker.side === 'buy' ? [taker, maker] : [maker, taker];
    change.move(buyer.clientId, seller.clientId, scale.quote, value);
    change.move(seller.clientId, buyer.clientId, scale.base, base);
    change.move(maker.clientId, FEES, scale.quote, BigInt(fill.makerFee));
    change.move(taker.clientId, FEES, scale.quote, BigInt(fill.takerFee));
    settleHold(change, scale, before, maker);
  }
}
