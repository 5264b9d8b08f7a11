import { averagePrice, formatAmount } from '../../domain/amounts';
import type { AssetTable } from '../../domain/asset-table';
import { formatRate } from '../../domain/assets';
import { formatBudget } from '../../domain/budget';
import type { Instrument } from '../../domain/instruments';
import { chargedUnits, expiryUs, formatTimeUs, remainingLots, type Order, type Role, type SettledTrade, type Trade } from '../../domain/order';
import { NO_TRAITS, stpModeOf, type StpMode } from '../../domain/order-traits';
import { listIdOf } from '../../domain/order-list';
import { displayedType } from '../../domain/order-type';
import type { Staleness } from '../../domain/staleness';
import { formatPercent, stopTicksOf } from '../../domain/trailing';

/** Header of an answer that the request's key got first. */
export const REPLAYED = { 'Idempotency-Replayed': 'true' } as const;

const NO_RATE = '0';

/** Orders and trades as clients see them (the contract's snake_case, decimal strings, ISO times). */

export interface OrderView {
  order_id: string; client_order_id: string | null; client_id: string; instrument: string;
  side: string; type: string; time_in_force: string; post_only: boolean;
  price: string | null; quantity: string; filled_quantity: string; remaining_quantity: string; average_price: string | null;
  display_quantity?: string;
  maker_fee_rate: string; taker_fee_rate: string; fee: string; fee_asset: string;
  self_trade_prevention?: StpMode | 'none' | undefined; quote_quantity?: string; max_slippage?: string;
  stop_price?: string; trailing_offset?: string; trailing_percent?: string;
  status: string; status_reason: string | null; sequence: number; created_at: string; updated_at: string;
  expires_at?: string;
  list_id?: string;
}

/** What everybody sees of a trade. */
export interface TradeFieldsView {
  trade_id: number; price: string; quantity: string; maker_order_id: string; taker_order_id: string; executed_at: string;
}

/** A trade inside an order's answer. */
export interface OrderTradeView extends TradeFieldsView {
  role: Role; fee: string;
}

/** A trade in the public tape. */
export interface TradeView extends TradeFieldsView {
  taker_side: string;
}

export type OrderWithTradesView = OrderView & { trades: OrderTradeView[] };

export function presentOrder(order: Order, instrument: Instrument, assets: AssetTable): OrderView {
  const { fees } = order;
  const view: OrderView = {
    order_id: order.orderId,
    client_order_id: order.clientOrderId,
    client_id: order.clientId,
    instrument: order.instrument,
    side: order.side,
    type: displayedType(order),
    time_in_force: order.timeInForce,
    post_only: order.postOnly,
    price: order.priceTicks === null ? null : formatAmount(order.priceTicks, instrument.tick),
    quantity: formatAmount(order.quantityLots, instrument.lot),
    filled_quantity: formatAmount(order.filledLots, instrument.lot),
    remaining_quantity: formatAmount(remainingLots(order), instrument.lot),
    average_price: averagePrice(order.notional, order.filledLots, instrument.tick),
    maker_fee_rate: fees === null ? NO_RATE : formatRate(fees.makerRate),
    taker_fee_rate: fees === null ? NO_RATE : formatRate(fees.takerRate),
    fee: assets.format(instrument.quote, fees === null ? '0' : chargedUnits(fees)),
    fee_asset: instrument.quote,
    status: order.status,
    status_reason: order.reason,
    sequence: order.sequence,
    created_at: formatTimeUs(order.createdUs),
    updated_at: formatTimeUs(order.updatedUs),
  };
  const expires = expiryUs(order);
  if (expires !== null) view.expires_at = formatTimeUs(expires);
  if (order.traits !== NO_TRAITS) presentTraits(view, order, instrument);
  return view;
}

/** What only some orders ask for: there where it is asked for. */
function presentTraits(view: OrderView, order: Order, instrument: Instrument): void {
  const { traits } = order;
  const mode = stpModeOf(traits);
  const { display, trailingOffset, trailingPercent } = traits;
  if (display !== undefined) view.display_quantity = formatAmount(display, instrument.lot);
  if (mode !== null) view.self_trade_prevention = mode;
  if (traits.list !== undefined) view.list_id = listIdOf(order);
  if (traits.trigger !== undefined) {
    const stopTicks = stopTicksOf(order);
    if (stopTicks !== null) view.stop_price = formatAmount(stopTicks, instrument.tick);
    if (trailingOffset !== undefined) view.trailing_offset = formatAmount(trailingOffset, instrument.tick);
    if (trailingPercent !== undefined) view.trailing_percent = formatPercent(trailingPercent);
  }
  if (traits.budget !== undefined) view.quote_quantity = formatBudget(traits.budget, instrument);
  if (traits.slippage !== undefined) view.max_slippage = formatRate(traits.slippage);
}

function presentTradeFields(trade: Trade, instrument: Instrument): TradeFieldsView {
  return {
    trade_id: trade.tradeId,
    price: formatAmount(trade.priceTicks, instrument.tick),
    quantity: formatAmount(trade.quantityLots, instrument.lot),
    maker_order_id: trade.makerOrderId,
    taker_order_id: trade.takerOrderId,
    executed_at: formatTimeUs(trade.executedUs),
  };
}

/** A trade as one of its orders sees it. */
function presentOrderTrade(trade: SettledTrade, orderId: string, instrument: Instrument, assets: AssetTable): OrderTradeView {
  const role: Role = trade.makerOrderId === orderId ? 'maker' : 'taker';
  const fee = assets.format(instrument.quote, role === 'maker' ? trade.makerFee : trade.takerFee);
  return Object.assign(presentTradeFields(trade, instrument), { role, fee });
}

export function presentTrade(trade: Trade, instrument: Instrument): TradeView {
  return Object.assign(presentTradeFields(trade, instrument), { taker_side: trade.takerSide });
}

export function presentOrderWithTrades(
  order: Order, trades: readonly SettledTrade[], instrument: Instrument, assets: AssetTable,
): OrderWithTradesView {
  // Added to the view itself: a copy of its fields would cost as much as making them.
  return Object.assign(presentOrder(order, instrument, assets), {
    trades: trades.map((trade) => presentOrderTrade(trade, order.orderId, instrument, assets)),
  });
}

/** What an answer says that may not hold all that there is; nothing for one that does. */
export function presentStaleness(stale: Staleness | null) {
  return stale === null ? null : { stale: true, lag_entries: stale.lagEntries, lag_seconds: stale.lagSeconds } as const;
}
