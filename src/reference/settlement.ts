import type { MoneyScale } from '../domain/assets';
import { FEES } from '../domain/money';
import type { Order } from '../domain/order';
import type { AuctionTrades } from './auction';
import { heldBy, valueOf } from './holds';
import type { LedgerChange } from './ledger';
import type { PlannedTrade } from './trades';

/** Money that an order's change moves, holds and releases. */

/** @param before null where it was not there */
export function settleHold(change: LedgerChange, scale: MoneyScale, before: Order | null, after: Order): void {
  const held = heldBy(after, scale);
  change.add(after.clientId, held.asset, 0n, held.units - (before === null ? 0n : heldBy(before, scale).units));
}

/** Money of a trade, but for what its sides hold. */
function settleTrade(change: LedgerChange, scale: MoneyScale, taker: Order, { fill }: PlannedTrade): void {
  const { maker, priceTicks, quantityLots } = fill;
  const value = valueOf(priceTicks, quantityLots, scale);
  const base = BigInt(quantityLots) * scale.lotUnits;
  const [buyer, seller] = taker.side === 'buy' ? [taker, maker] : [maker, taker];
  change.move(buyer.clientId, seller.clientId, scale.quote, value);
  change.move(seller.clientId, buyer.clientId, scale.base, base);
  change.move(maker.clientId, FEES, scale.quote, BigInt(fill.makerFee));
  change.move(taker.clientId, FEES, scale.quote, BigInt(fill.takerFee));
}

export function settleTrades(change: LedgerChange, scale: MoneyScale, taker: Order, trades: readonly PlannedTrade[]): void {
  for (const trade of trades) {
    settleTrade(change, scale, taker, trade);
    settleHold(change, scale, trade.before, trade.fill.maker);
  }
}

/** A call auction's trades at one price: what both sides hold is brought to what is left of them. */
export function settleAuction(change: LedgerChange, scale: MoneyScale, { trades, changes, takers }: AuctionTrades): void {
  for (const trade of trades) {
    const taker = changes.get(takers[trade.fill.taker] ?? '');
    if (taker !== undefined) settleTrade(change, scale, taker.after, trade);
  }
  for (const { before, after } of changes.values()) settleHold(change, scale, before, after);
}
