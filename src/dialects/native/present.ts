import { averagePrice, formatAmount } from '../../domain/amounts';
import type { Instrument } from '../../domain/instruments';
import { formatTimeUs, remainingLots, type Order, type Trade } from '../../domain/order';
import type { Staleness } from '../../domain/staleness';

/** Orders and trades as clients see them (the contract's snake_case, decimal strings, ISO times). */

export interface OrderView {
  order_id: string; client_order_id: string | null; client_id: string; instrument: string;
  side: string; type: string; time_in_force: string; post_only: boolean;
  price: string | null; quantity: string; filled_quantity: string; remaining_quantity: string; average_price: string | null;
  status: string; status_reason: string | null; sequence: number; created_at: string; updated_at: string;
}

/** A trade inside an order's answer. */
export interface OrderTradeView {
  trade_id: number; price: string; quantity: string; maker_order_id: string; taker_order_id: string; executed_at: string;
}

/** A trade in the public tape. */
export interface TradeView extends OrderTradeView {
  taker_side: string;
}

export type OrderWithTradesView = OrderView & { trades: OrderTradeView[] };

export function presentOrder(order: Order, instrument: Instrument): OrderView {
  return {
    order_id: order.orderId,
    client_order_id: order.clientOrderId,
    client_id: order.clientId,
    instrument: order.instrument,
    side: order.side,
    type: order.type,
    time_in_force: order.timeInForce,
    post_only: order.postOnly,
    price: order.priceTicks === null ? null : formatAmount(order.priceTicks, instrument.tick),
    quantity: formatAmount(order.quantityLots, instrument.lot),
    filled_quantity: formatAmount(order.filledLots, instrument.lot),
    remaining_quantity: formatAmount(remainingLots(order), instrument.lot),
    average_price: averagePrice(order.notional, order.filledLots, instrument.tick),
    status: order.status,
    status_reason: order.reason,
    sequence: order.sequence,
    created_at: formatTimeUs(order.createdUs),
    updated_at: formatTimeUs(order.updatedUs),
  };
}

export function presentOrderTrade(trade: Trade, instrument: Instrument): OrderTradeView {
  return {
    trade_id: trade.tradeId,
    price: formatAmount(trade.priceTicks, instrument.tick),
    quantity: formatAmount(trade.quantityLots, instrument.lot),
    maker_order_id: trade.makerOrderId,
    taker_order_id: trade.takerOrderId,
    executed_at: formatTimeUs(trade.executedUs),
  };
}

export function presentTrade(trade: Trade, instrument: Instrument): TradeView {
  return { ...presentOrderTrade(trade, instrument), taker_side: trade.takerSide };
}

export function presentOrderWithTrades(order: Order, trades: readonly Trade[], instrument: Instrument): OrderWithTradesView {
  // Added to the view itself: a copy of its fields would cost as much as making them.
  return Object.assign(presentOrder(order, instrument), { trades: trades.map((trade) => presentOrderTrade(trade, instrument)) });
}

/** What an answer says that may not hold all that there is; nothing for one that does. */
export function presentStaleness(stale: Staleness | null) {
  return stale === null ? null : { stale: true, lag_entries: stale.lagEntries, lag_seconds: stale.lagSeconds } as const;
}
