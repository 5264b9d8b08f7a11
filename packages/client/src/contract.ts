// Written from packages/contract by scripts/client-types.mjs; a test holds it to that.

/** What the venue takes and gives, by the names of its contract (`/openapi.json`, `/asyncapi.json`). */

export type Side = 'buy' | 'sell';

/** Decimal text such as "50000.00": amounts never pass through a float. */
export type Decimal = string;

export type TimeInForce = 'gtc' | 'ioc' | 'fok' | 'gtd' | 'day';

export type SelfTradePrevention = 'none' | 'cancel_taker' | 'cancel_maker' | 'cancel_both' | 'decrement';

export type Ack = 'redis' | 'postgres';

export interface LimitOrderRequest {
  /** Who trades: the name of an account. Left out, it is the caller's own account. A venue that asks nobody who they are (`AUTH=off`) answers 400 then, naming the field. */
  readonly client_id?: string;
  /** BTC-USD where it is left out. */
  readonly instrument?: string;
  readonly side: Side;
  readonly type: 'limit';
  readonly price: Decimal;
  readonly quantity: Decimal;
  /** gtc rests until filled or cancelled; ioc trades what it can at once and cancels the rest; fok trades all of it at once or nothing; gtd rests until expires_at; day until the next midnight UTC. gtc where it is left out. */
  readonly time_in_force?: TimeInForce;
  /** With gtc only: an order that would trade at once is rejected instead. false where it is left out. */
  readonly post_only?: boolean;
  /** Where it may rest (gtc, gtd, day): what the book shows of the order at a time. Each time that much has traded, as much again is shown, behind the others at the price. */
  readonly display_quantity?: Decimal;
  /** With gtd: when the order ends by itself, by the venue's clock. UTC. */
  readonly expires_at?: string;
  /** What happens where it would trade with an order of the same account, or owner (STP_SCOPE): it trades; or what is left of it is cancelled, or the order that waits, or both; or both lose the smaller of the two quantities, and whoever has no more is cancelled. The default is none in an open venue, else cancel_taker. */
  readonly self_trade_prevention?: SelfTradePrevention;
  readonly client_order_id?: string;
  readonly idempotency_key?: string;
  /** Answer when Redis has the order on disk, or when Postgres holds it as well. The default is the server's setting. */
  readonly ack?: Ack;
}

export interface MarketOrderRequest {
  /** Who trades: the name of an account. Left out, it is the caller's own account. A venue that asks nobody who they are (`AUTH=off`) answers 400 then, naming the field. */
  readonly client_id?: string;
  /** BTC-USD where it is left out. */
  readonly instrument?: string;
  readonly side: Side;
  readonly type: 'market';
  readonly quantity?: Decimal;
  /** Instead of quantity: it buys, or sells, for so much money, fees apart, as long as another lot fits. Its quantity is then what it has traded. */
  readonly quote_quantity?: Decimal;
  /** How far behind the best price it may take, as a fraction of that: what is left is cancelled. */
  readonly max_slippage?: Decimal;
  /** ioc where it is left out. */
  readonly time_in_force?: 'ioc';
  /** false where it is left out. */
  readonly post_only?: false;
  /** What happens where it would trade with an order of the same account, or owner (STP_SCOPE): it trades; or what is left of it is cancelled, or the order that waits, or both; or both lose the smaller of the two quantities, and whoever has no more is cancelled. The default is none in an open venue, else cancel_taker. */
  readonly self_trade_prevention?: SelfTradePrevention;
  readonly client_order_id?: string;
  readonly idempotency_key?: string;
  /** Answer when Redis has the order on disk, or when Postgres holds it as well. The default is the server's setting. */
  readonly ack?: Ack;
}

export interface StopOrderRequest {
  /** Who trades: the name of an account. Left out, it is the caller's own account. A venue that asks nobody who they are (`AUTH=off`) answers 400 then, naming the field. */
  readonly client_id?: string;
  /** BTC-USD where it is left out. */
  readonly instrument?: string;
  readonly side: Side;
  readonly type: 'stop';
  /** It waits as `pending` until a trade's price reaches this: a buy at or above, a sell at or below. */
  readonly stop_price: Decimal;
  readonly quantity?: Decimal;
  /** Of a buy, instead of quantity: what it spends at most, fees apart. It holds so much, and the fee on it, from the start. */
  readonly quote_quantity?: Decimal;
  /** How far behind the best price it may take, as a fraction of that: what is left is cancelled. */
  readonly max_slippage?: Decimal;
  /** ioc where it is left out. */
  readonly time_in_force?: 'ioc';
  /** false where it is left out. */
  readonly post_only?: false;
  /** What happens where it would trade with an order of the same account, or owner (STP_SCOPE): it trades; or what is left of it is cancelled, or the order that waits, or both; or both lose the smaller of the two quantities, and whoever has no more is cancelled. The default is none in an open venue, else cancel_taker. */
  readonly self_trade_prevention?: SelfTradePrevention;
  readonly client_order_id?: string;
  readonly idempotency_key?: string;
  /** Answer when Redis has the order on disk, or when Postgres holds it as well. The default is the server's setting. */
  readonly ack?: Ack;
}

export interface StopLimitOrderRequest {
  /** Who trades: the name of an account. Left out, it is the caller's own account. A venue that asks nobody who they are (`AUTH=off`) answers 400 then, naming the field. */
  readonly client_id?: string;
  /** BTC-USD where it is left out. */
  readonly instrument?: string;
  readonly side: Side;
  readonly type: 'stop_limit';
  readonly price: Decimal;
  /** As of a stop. */
  readonly stop_price: Decimal;
  readonly quantity: Decimal;
  /** Of the limit order that it becomes. gtc where it is left out. */
  readonly time_in_force?: TimeInForce;
  /** With gtc only: of the limit order that it becomes. false where it is left out. */
  readonly post_only?: boolean;
  /** Where it may rest (gtc, gtd, day): what the book shows of the order at a time. Each time that much has traded, as much again is shown, behind the others at the price. */
  readonly display_quantity?: Decimal;
  /** With gtd: when the order ends by itself, by the venue's clock. UTC. */
  readonly expires_at?: string;
  /** What happens where it would trade with an order of the same account, or owner (STP_SCOPE): it trades; or what is left of it is cancelled, or the order that waits, or both; or both lose the smaller of the two quantities, and whoever has no more is cancelled. The default is none in an open venue, else cancel_taker. */
  readonly self_trade_prevention?: SelfTradePrevention;
  readonly client_order_id?: string;
  readonly idempotency_key?: string;
  /** Answer when Redis has the order on disk, or when Postgres holds it as well. The default is the server's setting. */
  readonly ack?: Ack;
}

export interface TakeProfitOrderRequest {
  /** Who trades: the name of an account. Left out, it is the caller's own account. A venue that asks nobody who they are (`AUTH=off`) answers 400 then, naming the field. */
  readonly client_id?: string;
  /** BTC-USD where it is left out. */
  readonly instrument?: string;
  readonly side: Side;
  readonly type: 'take_profit';
  /** It waits as `pending` until a trade's price reaches this: a buy at or below, a sell at or above. */
  readonly stop_price: Decimal;
  readonly quantity?: Decimal;
  /** Of a buy, instead of quantity: what it spends at most, fees apart. It holds so much, and the fee on it, from the start. */
  readonly quote_quantity?: Decimal;
  /** How far behind the best price it may take, as a fraction of that: what is left is cancelled. */
  readonly max_slippage?: Decimal;
  /** ioc where it is left out. */
  readonly time_in_force?: 'ioc';
  /** false where it is left out. */
  readonly post_only?: false;
  /** What happens where it would trade with an order of the same account, or owner (STP_SCOPE): it trades; or what is left of it is cancelled, or the order that waits, or both; or both lose the smaller of the two quantities, and whoever has no more is cancelled. The default is none in an open venue, else cancel_taker. */
  readonly self_trade_prevention?: SelfTradePrevention;
  readonly client_order_id?: string;
  readonly idempotency_key?: string;
  /** Answer when Redis has the order on disk, or when Postgres holds it as well. The default is the server's setting. */
  readonly ack?: Ack;
}

export interface TakeProfitLimitOrderRequest {
  /** Who trades: the name of an account. Left out, it is the caller's own account. A venue that asks nobody who they are (`AUTH=off`) answers 400 then, naming the field. */
  readonly client_id?: string;
  /** BTC-USD where it is left out. */
  readonly instrument?: string;
  readonly side: Side;
  readonly type: 'take_profit_limit';
  readonly price: Decimal;
  /** As of a take_profit. */
  readonly stop_price: Decimal;
  readonly quantity: Decimal;
  /** Of the limit order that it becomes. gtc where it is left out. */
  readonly time_in_force?: TimeInForce;
  /** With gtc only: of the limit order that it becomes. false where it is left out. */
  readonly post_only?: boolean;
  /** Where it may rest (gtc, gtd, day): what the book shows of the order at a time. Each time that much has traded, as much again is shown, behind the others at the price. */
  readonly display_quantity?: Decimal;
  /** With gtd: when the order ends by itself, by the venue's clock. UTC. */
  readonly expires_at?: string;
  /** What happens where it would trade with an order of the same account, or owner (STP_SCOPE): it trades; or what is left of it is cancelled, or the order that waits, or both; or both lose the smaller of the two quantities, and whoever has no more is cancelled. The default is none in an open venue, else cancel_taker. */
  readonly self_trade_prevention?: SelfTradePrevention;
  readonly client_order_id?: string;
  readonly idempotency_key?: string;
  /** Answer when Redis has the order on disk, or when Postgres holds it as well. The default is the server's setting. */
  readonly ack?: Ack;
}

export interface TrailingStopOrderRequest {
  /** Who trades: the name of an account. Left out, it is the caller's own account. A venue that asks nobody who they are (`AUTH=off`) answers 400 then, naming the field. */
  readonly client_id?: string;
  /** BTC-USD where it is left out. */
  readonly instrument?: string;
  readonly side: Side;
  readonly type: 'trailing_stop';
  /** It waits as `pending` so far behind the best trade since it was placed: a sell below the highest, a buy above the lowest. Where it stands moves only in its owner's favour. */
  readonly trailing_offset?: Decimal;
  /** Instead of trailing_offset: the same as a percentage of that best price, rounded up to whole ticks. */
  readonly trailing_percent?: Decimal;
  readonly quantity?: Decimal;
  /** Of a buy, instead of quantity: what it spends at most, fees apart. It holds so much, and the fee on it, from the start. */
  readonly quote_quantity?: Decimal;
  /** How far behind the best price it may take, as a fraction of that: what is left is cancelled. */
  readonly max_slippage?: Decimal;
  /** ioc where it is left out. */
  readonly time_in_force?: 'ioc';
  /** false where it is left out. */
  readonly post_only?: false;
  /** What happens where it would trade with an order of the same account, or owner (STP_SCOPE): it trades; or what is left of it is cancelled, or the order that waits, or both; or both lose the smaller of the two quantities, and whoever has no more is cancelled. The default is none in an open venue, else cancel_taker. */
  readonly self_trade_prevention?: SelfTradePrevention;
  readonly client_order_id?: string;
  readonly idempotency_key?: string;
  /** Answer when Redis has the order on disk, or when Postgres holds it as well. The default is the server's setting. */
  readonly ack?: Ack;
}

export type PlaceRequest = 
  | LimitOrderRequest
  | MarketOrderRequest
  | StopOrderRequest
  | StopLimitOrderRequest
  | TakeProfitOrderRequest
  | TakeProfitLimitOrderRequest
  | TrailingStopOrderRequest;

export type PlaceOperation = PlaceRequest & { readonly op: 'place' };

export interface CancelFields {
  readonly idempotency_key?: string;
}

/** The venue's id of an order, or the client's own name of an open one. */
export type OrderReference = { readonly order_id: string; readonly client_id?: string } | { readonly client_id?: string; readonly client_order_id: string };

export type CancelOperation = CancelFields & OrderReference & { readonly op: 'cancel' };

/** At least one of the prices, distances and quantities; of the two quantities one. */
export interface AmendFields {
  readonly price?: Decimal;
  /** The new total, what is filled already included. */
  readonly quantity?: Decimal;
  /** The new open part. */
  readonly remaining_quantity?: Decimal;
  /** Of an order that waits for a price: which one. */
  readonly stop_price?: Decimal;
  /** Of a trailing stop that has one: how far behind the best price it waits from now on. */
  readonly trailing_offset?: Decimal;
  /** Likewise. */
  readonly trailing_percent?: Decimal;
  readonly idempotency_key?: string;
}

export type AmendOperation = AmendFields & OrderReference & { readonly op: 'amend' };

export type Operation = PlaceOperation | CancelOperation | AmendOperation;

export interface ListedLimitOrder {
  readonly side: Side;
  readonly type: 'limit';
  readonly price: Decimal;
  readonly quantity: Decimal;
  /** gtc rests until filled or cancelled; ioc trades what it can at once and cancels the rest; fok trades all of it at once or nothing; gtd rests until expires_at; day until the next midnight UTC. gtc where it is left out. */
  readonly time_in_force?: TimeInForce;
  /** With gtc only: an order that would trade at once is rejected instead. false where it is left out. */
  readonly post_only?: boolean;
  /** Where it may rest (gtc, gtd, day): what the book shows of the order at a time. Each time that much has traded, as much again is shown, behind the others at the price. */
  readonly display_quantity?: Decimal;
  /** With gtd: when the order ends by itself, by the venue's clock. UTC. */
  readonly expires_at?: string;
  /** What happens where it would trade with an order of the same account, or owner (STP_SCOPE): it trades; or what is left of it is cancelled, or the order that waits, or both; or both lose the smaller of the two quantities, and whoever has no more is cancelled. The default is none in an open venue, else cancel_taker. */
  readonly self_trade_prevention?: SelfTradePrevention;
  readonly client_order_id?: string;
}

export interface ListedMarketOrder {
  readonly side: Side;
  readonly type: 'market';
  readonly quantity?: Decimal;
  /** Instead of quantity: it buys, or sells, for so much money, fees apart, as long as another lot fits. Its quantity is then what it has traded. */
  readonly quote_quantity?: Decimal;
  /** How far behind the best price it may take, as a fraction of that: what is left is cancelled. */
  readonly max_slippage?: Decimal;
  /** ioc where it is left out. */
  readonly time_in_force?: 'ioc';
  /** false where it is left out. */
  readonly post_only?: false;
  /** What happens where it would trade with an order of the same account, or owner (STP_SCOPE): it trades; or what is left of it is cancelled, or the order that waits, or both; or both lose the smaller of the two quantities, and whoever has no more is cancelled. The default is none in an open venue, else cancel_taker. */
  readonly self_trade_prevention?: SelfTradePrevention;
  readonly client_order_id?: string;
}

export interface ListedStopOrder {
  readonly side: Side;
  readonly type: 'stop';
  /** It waits as `pending` until a trade's price reaches this: a buy at or above, a sell at or below. */
  readonly stop_price: Decimal;
  readonly quantity?: Decimal;
  /** Of a buy, instead of quantity: what it spends at most, fees apart. It holds so much, and the fee on it, from the start. */
  readonly quote_quantity?: Decimal;
  /** How far behind the best price it may take, as a fraction of that: what is left is cancelled. */
  readonly max_slippage?: Decimal;
  /** ioc where it is left out. */
  readonly time_in_force?: 'ioc';
  /** false where it is left out. */
  readonly post_only?: false;
  /** What happens where it would trade with an order of the same account, or owner (STP_SCOPE): it trades; or what is left of it is cancelled, or the order that waits, or both; or both lose the smaller of the two quantities, and whoever has no more is cancelled. The default is none in an open venue, else cancel_taker. */
  readonly self_trade_prevention?: SelfTradePrevention;
  readonly client_order_id?: string;
}

export interface ListedStopLimitOrder {
  readonly side: Side;
  readonly type: 'stop_limit';
  readonly price: Decimal;
  /** As of a stop. */
  readonly stop_price: Decimal;
  readonly quantity: Decimal;
  /** Of the limit order that it becomes. gtc where it is left out. */
  readonly time_in_force?: TimeInForce;
  /** With gtc only: of the limit order that it becomes. false where it is left out. */
  readonly post_only?: boolean;
  /** Where it may rest (gtc, gtd, day): what the book shows of the order at a time. Each time that much has traded, as much again is shown, behind the others at the price. */
  readonly display_quantity?: Decimal;
  /** With gtd: when the order ends by itself, by the venue's clock. UTC. */
  readonly expires_at?: string;
  /** What happens where it would trade with an order of the same account, or owner (STP_SCOPE): it trades; or what is left of it is cancelled, or the order that waits, or both; or both lose the smaller of the two quantities, and whoever has no more is cancelled. The default is none in an open venue, else cancel_taker. */
  readonly self_trade_prevention?: SelfTradePrevention;
  readonly client_order_id?: string;
}

export interface ListedTakeProfitOrder {
  readonly side: Side;
  readonly type: 'take_profit';
  /** It waits as `pending` until a trade's price reaches this: a buy at or below, a sell at or above. */
  readonly stop_price: Decimal;
  readonly quantity?: Decimal;
  /** Of a buy, instead of quantity: what it spends at most, fees apart. It holds so much, and the fee on it, from the start. */
  readonly quote_quantity?: Decimal;
  /** How far behind the best price it may take, as a fraction of that: what is left is cancelled. */
  readonly max_slippage?: Decimal;
  /** ioc where it is left out. */
  readonly time_in_force?: 'ioc';
  /** false where it is left out. */
  readonly post_only?: false;
  /** What happens where it would trade with an order of the same account, or owner (STP_SCOPE): it trades; or what is left of it is cancelled, or the order that waits, or both; or both lose the smaller of the two quantities, and whoever has no more is cancelled. The default is none in an open venue, else cancel_taker. */
  readonly self_trade_prevention?: SelfTradePrevention;
  readonly client_order_id?: string;
}

export interface ListedTakeProfitLimitOrder {
  readonly side: Side;
  readonly type: 'take_profit_limit';
  readonly price: Decimal;
  /** As of a take_profit. */
  readonly stop_price: Decimal;
  readonly quantity: Decimal;
  /** Of the limit order that it becomes. gtc where it is left out. */
  readonly time_in_force?: TimeInForce;
  /** With gtc only: of the limit order that it becomes. false where it is left out. */
  readonly post_only?: boolean;
  /** Where it may rest (gtc, gtd, day): what the book shows of the order at a time. Each time that much has traded, as much again is shown, behind the others at the price. */
  readonly display_quantity?: Decimal;
  /** With gtd: when the order ends by itself, by the venue's clock. UTC. */
  readonly expires_at?: string;
  /** What happens where it would trade with an order of the same account, or owner (STP_SCOPE): it trades; or what is left of it is cancelled, or the order that waits, or both; or both lose the smaller of the two quantities, and whoever has no more is cancelled. The default is none in an open venue, else cancel_taker. */
  readonly self_trade_prevention?: SelfTradePrevention;
  readonly client_order_id?: string;
}

export interface ListedTrailingStopOrder {
  readonly side: Side;
  readonly type: 'trailing_stop';
  /** It waits as `pending` so far behind the best trade since it was placed: a sell below the highest, a buy above the lowest. Where it stands moves only in its owner's favour. */
  readonly trailing_offset?: Decimal;
  /** Instead of trailing_offset: the same as a percentage of that best price, rounded up to whole ticks. */
  readonly trailing_percent?: Decimal;
  readonly quantity?: Decimal;
  /** Of a buy, instead of quantity: what it spends at most, fees apart. It holds so much, and the fee on it, from the start. */
  readonly quote_quantity?: Decimal;
  /** How far behind the best price it may take, as a fraction of that: what is left is cancelled. */
  readonly max_slippage?: Decimal;
  /** ioc where it is left out. */
  readonly time_in_force?: 'ioc';
  /** false where it is left out. */
  readonly post_only?: false;
  /** What happens where it would trade with an order of the same account, or owner (STP_SCOPE): it trades; or what is left of it is cancelled, or the order that waits, or both; or both lose the smaller of the two quantities, and whoever has no more is cancelled. The default is none in an open venue, else cancel_taker. */
  readonly self_trade_prevention?: SelfTradePrevention;
  readonly client_order_id?: string;
}

export type ListedOrderRequest = 
  | ListedLimitOrder
  | ListedMarketOrder
  | ListedStopOrder
  | ListedStopLimitOrder
  | ListedTakeProfitOrder
  | ListedTakeProfitLimitOrder
  | ListedTrailingStopOrder;

export interface OrderListRequest {
  /** oco: two orders of which one goes and the other is cancelled. oto: the second is placed once the first is filled. otoco: a pair is. */
  readonly type: 'oco' | 'oto' | 'otoco';
  /** Who trades: the name of an account. Left out, it is the caller's own account. A venue that asks nobody who they are (`AUTH=off`) answers 400 then, naming the field. */
  readonly client_id?: string;
  /** BTC-USD where it is left out. */
  readonly instrument?: string;
  /** Two, of an otoco three. Both of a pair are of the same side: one waits for the price to rise, the other for it to fall. */
  readonly orders: readonly ListedOrderRequest[];
  readonly idempotency_key?: string;
  /** Answer when Redis has the order on disk, or when Postgres holds it as well. The default is the server's setting. */
  readonly ack?: Ack;
}

export interface PlaceListOperation extends OrderListRequest {
  readonly op: 'place_list';
}

export interface CancelRequest extends CancelFields {
  /** When given, the order must be this client's. */
  readonly client_id?: string;
}

export interface CancelListOperation extends CancelRequest {
  readonly op: 'cancel_list';
  readonly list_id: string;
}

/** UTC with microseconds: 2026-01-31T09:26:53.589793Z. */
export type Time = string;

export interface BookFields {
  readonly instrument: string;
  /** The book contains every change up to this one. */
  readonly sequence: number;
  /** CRC-32 over the ten best asks from the lowest, then the ten best bids from the highest: price and quantity of each level with the point and leading zeros removed, all joined. */
  readonly checksum: number;
  /** Of the last change that it contains. */
  readonly timestamp: Time;
}

/** Price and total quantity. */
export type Level = readonly [price: Decimal, quantity: Decimal];

export interface Orderbook extends BookFields {
  /** Best (highest) first. */
  readonly bids: readonly Level[];
  /** Best (lowest) first. */
  readonly asks: readonly Level[];
}

/** Price, open quantity and id of one order. */
export type QueuedOrder = readonly [price: Decimal, quantity: Decimal, orderId: string];

/** Single orders: the book at level 3. */
export interface OrderQueues extends BookFields {
  /** Best (highest) first, those of one price in the order in which they will trade. */
  readonly bids: readonly QueuedOrder[];
  /** Best (lowest) first. */
  readonly asks: readonly QueuedOrder[];
  /** Where a side has more orders at these prices than are told. */
  readonly truncated?: true;
}

export interface FieldError {
  readonly field: string;
  readonly message: string;
}

export type OrderType = 'limit' | 'market' | 'stop' | 'stop_limit' | 'take_profit' | 'take_profit_limit' | 'trailing_stop';

export type OrderStatus = 'open' | 'partially_filled' | 'filled' | 'cancelled' | 'rejected' | 'expired' | 'pending';

export interface Order {
  readonly order_id: string;
  readonly client_order_id: string | null;
  readonly client_id: string;
  readonly instrument: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly time_in_force: TimeInForce;
  readonly post_only: boolean;
  /** null for an order that trades at any price. */
  readonly price: Decimal | null;
  /** Of an order that waits for a price, or has: which one. Of a trailing stop: where it stands, or stood as it went; left out as long as no trade tells. */
  readonly stop_price?: Decimal;
  /** Of a trailing stop: how far behind the best price it waits. */
  readonly trailing_offset?: Decimal;
  /** The same as a percentage of that price. */
  readonly trailing_percent?: Decimal;
  /** Of an order by money: what it has traded. */
  readonly quantity: Decimal;
  readonly filled_quantity: Decimal;
  readonly remaining_quantity: Decimal;
  /** Of an order that asked for it: what of it the book shows at a time. */
  readonly display_quantity?: Decimal;
  /** Of what is filled, rounded half up to the price's decimals; null while nothing is. */
  readonly average_price: Decimal | null;
  /** Fraction of money that it is charged for what it trades while it waits; set when it is placed. Below zero is a rebate. */
  readonly maker_fee_rate: Decimal;
  /** The same for what it takes. */
  readonly taker_fee_rate: Decimal;
  /** What it has been charged so far: exactly its fees, rounded up to the asset's unit. */
  readonly fee: Decimal;
  readonly fee_asset: string;
  /** Left out for none. */
  readonly self_trade_prevention?: SelfTradePrevention;
  /** Of a market order by money: what it could trade for. */
  readonly quote_quantity?: Decimal;
  /** Of a market order with a bound. */
  readonly max_slippage?: Decimal;
  readonly status: OrderStatus;
  /** Why a done order was not filled. */
  readonly status_reason: string | null;
  /** Of the order's last change: what a stream message or a read with the same or a higher number contains. */
  readonly sequence: number;
  readonly created_at: Time;
  readonly updated_at: Time;
  /** When it ends by itself: of gtd and day orders. */
  readonly expires_at?: Time;
  /** The list that it belongs to. */
  readonly list_id?: string;
}

/** There when an answer could not be made from all of history. */
export interface Staleness {
  /** Present when history could not be read to its end. */
  readonly stale?: true;
  /** Log entries that history is behind by; null where it cannot be told. */
  readonly lag_entries?: number | null;
  /** Age of the oldest of them. */
  readonly lag_seconds?: number | null;
}

export interface TradeFields {
  /** Counts up by one for each instrument. */
  readonly trade_id: number;
  readonly price: Decimal;
  readonly quantity: Decimal;
  readonly maker_order_id: string;
  readonly taker_order_id: string;
  readonly executed_at: Time;
}

export type Role = 'maker' | 'taker';

export interface OrderTrade extends TradeFields {
  /** Whether the order waited, or took. */
  readonly role: Role;
  /** What the order was charged for it; below zero is a rebate. */
  readonly fee: Decimal;
}

export interface OrderWithTrades extends Order, Staleness {
  /** Oldest first; of an amend, those of the amend. */
  readonly trades: readonly OrderTrade[];
}

export interface OrderListFields {
  readonly list_id: string;
  readonly type: 'oco' | 'oto' | 'otoco';
  readonly client_id: string;
  readonly instrument: string;
  /** open as long as any of its orders is: one that waits for the first of them is `pending`. */
  readonly status: 'open' | 'done';
  readonly created_at: Time;
}

export interface OrderList extends OrderListFields {
  /** As they were sent. */
  readonly orders: readonly OrderWithTrades[];
}

export interface Withdrawal {
  readonly withdrawal_id: string;
  readonly account_id: string;
  readonly asset: string;
  readonly amount: Decimal;
  readonly destination: string | null;
  /** requested: the amount is held. completed: it is gone. rejected, cancelled: it is free again. */
  readonly status: string;
  /** At which it was requested. */
  readonly sequence: number;
  /** When it was requested. */
  readonly at: Time;
}

export interface Transfer {
  readonly transfer_id: string;
  readonly from: string;
  readonly to: string;
  readonly asset: string;
  readonly amount: Decimal;
  /** What has moved: less than the amount where it was posted in part, nothing until it is posted. */
  readonly settled_amount: Decimal;
  /** pending: the amount is held. posted: it has moved. voided, expired: it is free again. */
  readonly status: string;
  readonly note: string | null;
  /** The transfer that it moves back. */
  readonly reverses: string | null;
  /** In a refused reversal: what moved it back before. */
  readonly reversed_by?: string;
  /** When a pending one is released by itself; null for never. */
  readonly expires_at: Time | null;
  /** At which it was made. */
  readonly sequence: number;
  /** When it was made. */
  readonly at: Time;
}

/** RFC 9457. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** For people; its wording may change. */
  readonly detail: string;
  /** The request's id, as in X-Request-Id. */
  readonly instance: string;
  /** For programs; it stays. */
  readonly code: string;
  /** What is wrong with which field. */
  readonly errors?: readonly FieldError[];
  /** With order_not_open: the order's final state. */
  readonly order?: OrderWithTrades;
  /** With order_list_not_open: the list's final state. */
  readonly list?: OrderList;
  /** With insufficient_funds: what is wanting. */
  readonly asset?: string;
  /** With insufficient_funds: what this would commit. */
  readonly needed?: Decimal;
  /** With insufficient_funds: what the account has free. */
  readonly available?: Decimal;
  /** With withdrawal_resolved: its state. */
  readonly withdrawal?: Withdrawal;
  /** With transfer_resolved: its state. */
  readonly transfer?: Transfer;
  /** With failure_injected: where. */
  readonly step?: 'reserve_funds' | 'submit_order' | 'process_fills' | 'settle';
  /** Where it is about what an instrument takes, or is. */
  readonly instrument?: string;
  /** With instrument_not_open: its state. */
  readonly state?: string;
  /** With value_below_minimum: the least price × quantity. */
  readonly min_value?: Decimal;
  /** With outside_instrument_limits, as the three beside it: what it takes. */
  readonly price_min?: Decimal;
  readonly price_max?: Decimal;
  readonly quantity_min?: Decimal;
  readonly quantity_max?: Decimal;
  /** With rate_limited: the allowance that is used up. */
  readonly class?: 'address' | 'login' | 'principal' | 'mutate' | 'cancel' | 'expensive';
  /** With rate_limited: when there is some of it again. */
  readonly retry_after_ms?: number;
  /** With an interrupted cancel-all: what has been cancelled all the same. */
  readonly cancelled?: readonly string[];
}

export interface OrderPage extends Staleness {
  /** Newest first. */
  readonly orders: readonly Order[];
  /** Give it as cursor to go on; null behind the last page. */
  readonly next_cursor: string | null;
}

export interface CancelledOrders {
  readonly cancelled: readonly string[];
}

export interface AmendRequest extends AmendFields {
  /** When given, the order must be this client's. */
  readonly client_id?: string;
}

export interface ListedOrderList extends OrderListFields {
  /** As they were sent. */
  readonly orders: readonly Order[];
}

export interface OrderListPage extends Staleness {
  /** Newest first. */
  readonly order_lists: readonly ListedOrderList[];
  /** Give it as cursor to go on; null behind the last page. */
  readonly next_cursor: string | null;
}

export interface TwapRequest {
  /** Who trades: the name of an account. Left out, it is the caller's own account. A venue that asks nobody who they are (`AUTH=off`) answers 400 then, naming the field. */
  readonly client_id?: string;
  /** BTC-USD where it is left out. */
  readonly instrument?: string;
  readonly side: Side;
  /** Of all slices together. */
  readonly quantity: Decimal;
  /** Seconds over which it is spread. */
  readonly duration_s: number;
  /** Orders that it is divided into: at most ten a second, each of a lot at least. */
  readonly slices: number;
  /** No slice trades at a worse price. Without it they are market orders. */
  readonly limit_price?: Decimal;
  readonly idempotency_key?: string;
}

export interface Algo {
  readonly algo_id: string;
  readonly type: 'twap';
  readonly client_id: string;
  readonly instrument: string;
  readonly side: Side;
  readonly quantity: Decimal;
  readonly filled_quantity: Decimal;
  readonly remaining_quantity: Decimal;
  /** Of what is filled, rounded half up to the price's decimals; null while nothing is. */
  readonly average_price: Decimal | null;
  /** null where its slices are market orders. */
  readonly limit_price: Decimal | null;
  readonly duration_s: number;
  readonly slices: number;
  /** Orders that it has placed. */
  readonly slices_placed: number;
  readonly slices_refused: number;
  /** completed: all is filled. expired: its time is over, and something is left. stopped: too many slices were refused, or none can be placed any more. */
  readonly status: string;
  /** Why it ended before all was filled: requested, unfilled, or the code with which its last slice was refused. */
  readonly status_reason: string | null;
  /** When its next slice is due; null where there is none. */
  readonly next_at: Time | null;
  /** Its first slice is due then. */
  readonly created_at: Time;
  /** No slice is placed later. */
  readonly ends_at: Time;
  readonly updated_at: Time;
}

export interface AlgoPage {
  /** Newest first. */
  readonly algos: readonly Algo[];
  /** Give it as cursor to go on; null behind the last page. */
  readonly next_cursor: string | null;
}

export interface AlgoSlice {
  /** Its number. One that was missed while the venue was away is left out. */
  readonly slice: number;
  /** null where there is no order. */
  readonly order_id: string | null;
  readonly quantity: Decimal;
  readonly filled_quantity: Decimal;
  /** placing: what came of it is not known yet. missed: it was not placed in time. */
  readonly status: string;
  /** Why it was refused, or missed. */
  readonly status_reason: string | null;
  /** When it was decided. */
  readonly at: Time;
}

export interface AlgoWithSlices extends Algo {
  /** Its slices so far. */
  readonly orders: readonly AlgoSlice[];
}

export interface CancelAfterRequest {
  /** Whose orders it is about. Left out, it is the caller's own account. A venue that asks nobody who they are (`AUTH=off`) answers 400 then, naming the field. */
  readonly client_id?: string;
  /** Seconds from now after which all its open orders are cancelled, unless it is called again before. 0 takes it off. */
  readonly timeout_s: number;
  /** Orders of this instrument alone: a switch of its own. */
  readonly instrument?: string;
}

export interface CancelAfter {
  readonly client_id: string;
  /** null for all. */
  readonly instrument: string | null;
  readonly timeout_s: number;
  /** null where it is taken off. */
  readonly triggers_at: Time | null;
}

export interface AccountKill {
  readonly account_id: string;
  /** Whether it is stopped: it may not order. */
  readonly killed: boolean;
  /** Since when; null where it is not. */
  readonly killed_at: Time | null;
  /** The ids of the orders that were cancelled, oldest first. */
  readonly cancelled: readonly string[];
}

export interface OpeningDeposit {
  readonly asset: string;
  readonly amount: Decimal;
}

export interface OpenAccountRequest {
  readonly account_id: string;
  /** For people. */
  readonly name?: string;
  /** unlimited: never refused for want of money. none: it needs what it commits, where FUNDS is required. Left out, it is as FUNDS has it. */
  readonly credit?: 'unlimited' | 'none';
  readonly fee_group?: string;
  /** What it opens with. */
  readonly deposits?: readonly OpeningDeposit[];
  readonly idempotency_key?: string;
}

export interface Account {
  readonly account_id: string;
  readonly name: string | null;
  readonly status: 'active' | 'suspended' | 'closed';
  readonly credit: 'unlimited' | 'none';
  readonly fee_group: string;
  readonly created_at: Time;
}

export interface AccountPage extends Staleness {
  /** By name. */
  readonly accounts: readonly Account[];
  /** Give it as cursor to go on; null behind the last page. */
  readonly next_cursor: string | null;
}

/** What is left out stays as it is. */
export interface ChangeAccountRequest {
  /** For people. */
  readonly name?: string;
  /** suspended: no new orders, amends, transfers and withdrawals. closed: nothing any more; only where nothing is left. */
  readonly status?: 'active' | 'suspended' | 'closed';
  /** unlimited: never refused for want of money. none: it needs what it commits, where FUNDS is required. Left out, it is as FUNDS has it. */
  readonly credit?: 'unlimited' | 'none';
  readonly fee_group?: string;
  readonly idempotency_key?: string;
}

export interface Balance {
  readonly asset: string;
  readonly total: Decimal;
  /** Of the total, what open orders and pending transfers and withdrawals may take. */
  readonly held: Decimal;
  /** The rest. */
  readonly available: Decimal;
}

export interface Balances {
  readonly account_id: string;
  /** The balances contain every change up to this one. */
  readonly sequence: number;
  /** By asset. */
  readonly balances: readonly Balance[];
}

export interface AccountEvent {
  /** `<sequence>:<index>` */
  readonly event_id: string;
  readonly sequence: number;
  readonly kind: string;
  readonly asset: string;
  /** Those of an asset add up to its total. */
  readonly amount: Decimal;
  readonly total_after: Decimal;
  /** The account's own order. */
  readonly order_id?: string;
  readonly trade_id?: number;
  readonly transfer_id?: string;
  readonly counterparty?: string;
  readonly at: Time;
}

export interface AccountEventPage extends Staleness {
  /** Newest first. */
  readonly events: readonly AccountEvent[];
  /** Give it as before to go on; null behind the last page. */
  readonly next_cursor: string | null;
}

export interface AccountSnapshot {
  /** Where it stands. */
  readonly sequence: number;
  /** By asset. */
  readonly totals: readonly { readonly asset: string; readonly total: Decimal }[];
  readonly at: Time;
}

export interface AccountSnapshots extends Staleness {
  /** Newest first. */
  readonly snapshots: readonly AccountSnapshot[];
}

export interface KeyedRequest {
  readonly idempotency_key?: string;
}

export interface BalanceDifference {
  readonly asset: string;
  /** What the account has. */
  readonly live: Decimal;
  /** What the latest snapshot and the events behind it come to. */
  readonly from_snapshot: Decimal;
  /** What all events come to. */
  readonly from_events: Decimal;
}

export interface RebuildReport {
  readonly ok: boolean;
  /** Where the latest snapshot stands; null without one. */
  readonly snapshot_sequence: number | null;
  /** Events behind that snapshot. */
  readonly events_replayed: number;
  /** How long the snapshot and the events behind it took. */
  readonly recovery_ms: number;
  readonly differences: readonly BalanceDifference[];
}

export interface Position {
  readonly instrument: string;
  /** Bought less sold: below zero where more was sold here than bought. */
  readonly net_quantity: Decimal;
  /** At which the open part was entered, rounded half up to four decimals more than a price has; null while nothing is open. */
  readonly average_price: Decimal | null;
  /** Of the open part, exactly, with the sign of net_quantity. */
  readonly cost: Decimal;
  /** Without fees. */
  readonly realized_pnl: Decimal;
  /** Of the open part at mark_price, without fees; null where that is. */
  readonly unrealized_pnl: Decimal | null;
  /** The last trade's; null before the first. */
  readonly mark_price: Decimal | null;
  readonly fees: Decimal;
  readonly bought_quantity: Decimal;
  readonly sold_quantity: Decimal;
  readonly updated_at: Time;
}

export interface Positions extends Staleness {
  /** Of the account's last trade that they contain, 0 without one: every one up to there is in them, and none behind it. */
  readonly sequence: number;
  /** By instrument. */
  readonly positions: readonly Position[];
}

export interface PositionWithStaleness extends Position, Staleness {
}

export interface PortfolioLine {
  /** In which instruments are quoted. */
  readonly asset: string;
  readonly total: Decimal;
  readonly available: Decimal;
  /** Of the open positions, at their marks; null where one has none. */
  readonly position_value: Decimal | null;
  readonly unrealized_pnl: Decimal | null;
  readonly realized_pnl: Decimal;
  readonly fees: Decimal;
  /** Realized and unrealized, less fees. */
  readonly total_pnl: Decimal | null;
}

export interface Portfolio extends Staleness {
  readonly account_id: string;
  readonly mark: 'last' | 'mid';
  /** Of the balances. */
  readonly sequence: number;
  /** By asset. */
  readonly assets: readonly PortfolioLine[];
}

export interface StatementLine {
  readonly asset: string;
  readonly opening: Decimal;
  readonly deposits: Decimal;
  readonly withdrawals: Decimal;
  readonly transfers_in: Decimal;
  readonly transfers_out: Decimal;
  /** What trades brought of it. */
  readonly bought: Decimal;
  /** What trades took of it. */
  readonly sold: Decimal;
  /** Below zero where rebates were more. */
  readonly fees: Decimal;
  /** opening + deposits - withdrawals + transfers_in - transfers_out + bought - sold - fees */
  readonly closing: Decimal;
}

export interface Statement extends Staleness {
  readonly account_id: string;
  /** YYYY-MM-DD, of UTC. */
  readonly date: string;
  /** open: the day is not over. unsettled: nobody has settled it yet. settled: it closes. mismatch: it does not. */
  readonly status: string;
  /** By asset. */
  readonly assets: readonly StatementLine[];
}

export interface DepositRequest {
  readonly account_id: string;
  readonly asset: string;
  readonly amount: Decimal;
  /** Used once for an asset, for ever: the same deposit again gets the first answer, another one is refused. */
  readonly reference?: string;
  readonly idempotency_key?: string;
}

export interface Deposit {
  readonly deposit_id: string;
  readonly account_id: string;
  readonly asset: string;
  readonly amount: Decimal;
  /** Used once for an asset, for ever. */
  readonly reference: string | null;
  readonly status: 'credited';
  /** At which it was made. */
  readonly sequence: number;
  readonly at: Time;
}

export interface DepositPage extends Staleness {
  /** Newest first. */
  readonly deposits: readonly Deposit[];
  /** Give it as cursor to go on; null behind the last page. */
  readonly next_cursor: number | null;
}

export interface WithdrawalRequest {
  readonly account_id: string;
  readonly asset: string;
  readonly amount: Decimal;
  /** Where it is to go. */
  readonly destination?: string;
  readonly idempotency_key?: string;
}

export interface WithdrawalPage extends Staleness {
  /** Newest first. */
  readonly withdrawals: readonly Withdrawal[];
  /** Give it as cursor to go on; null behind the last page. */
  readonly next_cursor: number | null;
}

export interface TransferRequest {
  readonly from: string;
  readonly to: string;
  readonly asset: string;
  readonly amount: Decimal;
  readonly note?: string;
  /** true: the amount is held until the transfer is posted or voided. */
  readonly pending?: boolean;
  /** Seconds after which a pending one is released by itself. */
  readonly timeout_s?: number;
  readonly idempotency_key?: string;
}

export interface PostTransferRequest {
  /** What of it moves; the rest is free again. All of it, where it is left out. */
  readonly amount?: Decimal;
  readonly idempotency_key?: string;
}

export interface Fill {
  readonly trade_id: number;
  readonly instrument: string;
  /** The account's own order. */
  readonly order_id: string;
  readonly side: Side;
  readonly role: Role;
  readonly price: Decimal;
  readonly quantity: Decimal;
  /** Price × quantity, exactly. */
  readonly value: Decimal;
  /** Below zero is a rebate. */
  readonly fee: Decimal;
  readonly fee_asset: string;
  readonly fee_rate: Decimal;
  readonly sequence: number;
  readonly executed_at: Time;
}

export interface FillPage extends Staleness {
  /** Newest first. */
  readonly fills: readonly Fill[];
  /** Give it as before to go on; null behind the last page. */
  readonly next_cursor: string | null;
}

export interface Netting {
  readonly instrument: string;
  /** Bought less sold. */
  readonly net_quantity: Decimal;
  /** Got less paid, without fees. */
  readonly net_money: Decimal;
  readonly money_asset: string;
  readonly fees: Decimal;
}

export interface SettledAccount {
  readonly account_id: string;
  /** By asset. */
  readonly assets: readonly StatementLine[];
  /** By instrument. */
  readonly netting: readonly Netting[];
}

export interface Settlement extends Staleness {
  /** YYYY-MM-DD, of UTC. */
  readonly date: string;
  /** open: the day is not over. unsettled: nobody has settled it yet. settled: it closes. mismatch: it does not. */
  readonly status: string;
  /** Of all accounts together, the venue's own among them. */
  readonly assets: readonly StatementLine[];
  /** A page of them, by name. */
  readonly accounts: readonly SettledAccount[];
  /** Give it as cursor to go on; null behind the last page. */
  readonly next_cursor: string | null;
}

export interface FeeGroupRow {
  /** Left out for every instrument without a row of its own. */
  readonly instrument?: string;
  readonly maker: Decimal;
  readonly taker: Decimal;
}

export interface FeeGroup {
  readonly group: string;
  readonly rates: readonly FeeGroupRow[];
}

export interface FeeGroups {
  /** By name. */
  readonly fee_groups: readonly FeeGroup[];
}

export interface FeeRateRow {
  /** Every instrument without a row of its own, where it is left out. */
  readonly instrument?: string;
  /** Of an order that waited: -0.01 to 0.1; below zero is a rebate. */
  readonly maker: Decimal;
  /** Of an order that took: 0 to 0.1. */
  readonly taker: Decimal;
}

export interface FeeGroupRequest {
  /** All of them: those of before are gone. */
  readonly rates: readonly FeeRateRow[];
  readonly idempotency_key?: string;
}

export interface AssetOverview {
  readonly asset: string;
  /** What customers have in all. */
  readonly customers: Decimal;
  /** What was brought in, below zero. */
  readonly issuance: Decimal;
  /** What orders were charged. */
  readonly fees: Decimal;
  /** Of what customers have, what orders and transfers hold. */
  readonly held: Decimal;
  /** 0, or something is wrong. */
  readonly sum: Decimal;
}

export interface AuditFinding {
  /** null where it is of all accounts together. */
  readonly account_id: string | null;
  readonly asset: string;
  readonly what: string;
  /** Up to which balances were looked at. */
  readonly sequence: number;
}

export interface MoneyOverview extends Staleness {
  readonly sequence: number;
  /** By name. */
  readonly assets: readonly AssetOverview[];
  /** What is wrong: none. */
  readonly findings: readonly AuditFinding[];
}

export interface Asset {
  readonly asset: string;
  /** Digits behind the point; they never change. */
  readonly decimals: number;
}

export interface Assets {
  /** By name. */
  readonly assets: readonly Asset[];
}

export interface Trade extends TradeFields {
  readonly taker_side: Side;
}

export interface TradesPage extends Staleness {
  readonly instrument: string;
  /** Newest first. */
  readonly trades: readonly Trade[];
}

export type Interval = '1s' | '1m' | '5m' | '15m' | '1h' | '1d';

export interface Candle {
  /** The candle holds the trades executed from here to the start of the next one. */
  readonly start: Time;
  /** Price of the first trade. */
  readonly open: Decimal;
  readonly high: Decimal;
  readonly low: Decimal;
  /** Price of the last trade. */
  readonly close: Decimal;
  /** Σ quantity, exact. */
  readonly volume: Decimal;
  /** 0 only where a gap was filled. */
  readonly trades: number;
}

export interface CandlesPage extends Staleness {
  readonly instrument: string;
  readonly interval: Interval;
  /** Oldest first. */
  readonly candles: readonly Candle[];
}

export interface TickerFields {
  /** Price of the last trade; null, as all of it, before the first. */
  readonly last: Decimal | null;
  readonly last_quantity: Decimal | null;
  readonly last_trade_id: number | null;
  readonly last_executed_at: Time | null;
  /** The best bid; null while there is none. */
  readonly bid: Decimal | null;
  readonly bid_quantity: Decimal | null;
  /** The best ask; null while there is none. */
  readonly ask: Decimal | null;
  readonly ask_quantity: Decimal | null;
  /** Price of the first trade of the last 24 hours; null, as high, low and both changes, without a trade in them. */
  readonly open: Decimal | null;
  readonly high: Decimal | null;
  readonly low: Decimal | null;
  /** Last price less open. */
  readonly change: Decimal | null;
  /** Change in percent of open, to two decimals, halves away from zero. */
  readonly change_percent: Decimal | null;
  /** Σ quantity of the last 24 hours, exact. */
  readonly volume: Decimal;
  /** Σ price × quantity of the last 24 hours, exact. */
  readonly quote_volume: Decimal;
  readonly trades: number;
}

export interface Ticker extends TickerFields, Staleness {
  readonly instrument: string;
  /** It contains every change up to this one. */
  readonly sequence: number;
  /** Of the last change that it contains. */
  readonly timestamp: Time;
}

export interface OpenInstrumentRequest {
  readonly instrument: string;
  readonly base: string;
  readonly quote: string;
  /** Bound for ever. */
  readonly tick_size: Decimal;
  /** Bound for ever. */
  readonly lot_size: Decimal;
  /** open: all orders. post_only: post-only orders, and cancels. cancel_only: cancels, and amends that only reduce. halted: nothing. auction: orders that may wait, and cancels; nothing trades before it is opened. */
  readonly state?: 'open' | 'post_only' | 'cancel_only' | 'halted' | 'auction';
  readonly price_min?: Decimal;
  readonly price_max?: Decimal;
  readonly quantity_min?: Decimal;
  readonly quantity_max?: Decimal;
  /** Least price × quantity of an order, and of what an amend leaves of one; 0 for none. */
  readonly min_value?: Decimal;
  /** How far from the reference price may be traded: whoever would trade further has the instrument gather orders for a call auction. */
  readonly price_band?: Decimal;
  /** How old the trade of the reference price is; 300 where a band is set without. */
  readonly band_window_s?: number;
  /** How far behind the best price a market order takes at most, as a fraction of that, whatever it says itself: what is left is cancelled. 0 for any. */
  readonly max_slippage?: Decimal;
  readonly idempotency_key?: string;
}

export interface InstrumentFields {
  readonly instrument: string;
  readonly base: string;
  readonly quote: string;
  readonly tick_size: Decimal;
  readonly lot_size: Decimal;
  readonly price_min: Decimal;
  readonly price_max: Decimal;
  readonly quantity_min: Decimal;
  readonly quantity_max: Decimal;
  /** Least price × quantity of an order, and of what an amend leaves of one; null for none. */
  readonly min_value: Decimal | null;
  /** How far from the reference price may be traded, as a fraction of that: whoever would trade further has the instrument gather orders for a call auction. null for none. */
  readonly price_band: Decimal | null;
  /** How old the trade of the reference price is, in seconds; null for none. */
  readonly band_window_s: number | null;
  /** How far behind the best price a market order takes at most, as a fraction of that; null for any. */
  readonly max_slippage: Decimal | null;
}

export interface InstrumentFees {
  readonly maker: Decimal;
  readonly taker: Decimal;
}

export interface Instrument extends InstrumentFields {
  /** open: all orders. post_only: post-only orders, and cancels. cancel_only: cancels. halted: nothing. auction: orders that may wait, and cancels; nothing trades before it is opened. Where the venue as a whole takes no orders, how that is. */
  readonly state: string;
  /** Of the group `default`, as fractions of money; null where they cannot be told. */
  readonly fees: InstrumentFees | null;
}

/** What is left out stays as it is. */
export interface ChangeInstrumentRequest {
  /** open: all orders. post_only: post-only orders, and cancels. cancel_only: cancels, and amends that only reduce. halted: nothing. auction: orders that may wait, and cancels; nothing trades before it is opened. */
  readonly state?: 'open' | 'post_only' | 'cancel_only' | 'halted' | 'auction';
  readonly price_min?: Decimal;
  readonly price_max?: Decimal;
  readonly quantity_min?: Decimal;
  readonly quantity_max?: Decimal;
  /** Least price × quantity of an order, and of what an amend leaves of one; 0 for none. */
  readonly min_value?: Decimal;
  /** How far from the reference price may be traded: whoever would trade further has the instrument gather orders for a call auction. */
  readonly price_band?: Decimal;
  /** How old the trade of the reference price is; 300 where a band is set without. */
  readonly band_window_s?: number;
  /** How far behind the best price a market order takes at most, as a fraction of that, whatever it says itself: what is left is cancelled. 0 for any. */
  readonly max_slippage?: Decimal;
  readonly idempotency_key?: string;
}

export interface Instruments {
  readonly instruments: readonly Instrument[];
}

export interface AuctionFields {
  /** Of the instrument: its orders are gathered while it is auction. */
  readonly state: string;
  /** At which everything would trade that can, were it opened now; null, as both quantities, where nothing would. */
  readonly price: Decimal | null;
  /** What would trade, with what icebergs hide. */
  readonly quantity: Decimal | null;
  /** What else is bid or asked at that price or better. */
  readonly left_over: Decimal | null;
  /** Whose that is; null for none. */
  readonly left_over_side: Side | null;
  /** Of the last trade; null before the first. */
  readonly last_price: Decimal | null;
}

export interface Auction extends AuctionFields {
  readonly instrument: string;
  /** It contains every change up to this one. */
  readonly sequence: number;
  /** Of the last change that it contains. */
  readonly timestamp: Time;
}

export interface Owners {
  readonly account_id: string;
  /** Who may act for it. */
  readonly owners: readonly string[];
}

export interface ShareRequest {
  readonly username: string;
}

export interface RegisterRequest {
  readonly username: string;
  readonly password: string;
}

export interface Registered {
  readonly user_id: string;
  readonly username: string;
  /** The user's main account. */
  readonly account_id: string;
}

export interface LoginRequest {
  readonly username: string;
  readonly password: string;
  /** cookie: for web pages. The refresh token is in a cookie that no script can read, and not in the answer. body where it is left out. */
  readonly refresh_in?: 'body' | 'cookie';
}

export interface Tokens {
  /** For `Authorization: Bearer`. */
  readonly access_token: string;
  /** Used once, for a new pair. Not here where it is in a cookie. */
  readonly refresh_token?: string;
  readonly token_type: 'Bearer';
  /** Seconds that the access token is good for. */
  readonly expires_in: number;
  readonly user_id: string;
}

export interface RefreshRequest {
  /** Where it is left out, the cookie has it, and the next one goes there. */
  readonly refresh_token?: string;
}

export interface OidcTokenRequest {
  /** Of the provider's, a JWT for this venue (`OIDC_AUDIENCE`), by the client credentials grant. */
  readonly access_token: string;
}

export interface MintedToken {
  /** For `Authorization: Bearer`. Its claim `act` names who minted it, if somebody did. */
  readonly access_token: string;
  readonly token_type: 'Bearer';
  /** Seconds. */
  readonly expires_in: number;
  readonly user_id: string;
  readonly scopes: readonly string[];
}

export interface LogoutRequest {
  /** Ends the login that it belongs to, where it is another one than the caller's. */
  readonly refresh_token?: string;
}

export interface Ended {
  readonly ended: boolean;
}

export interface Me {
  readonly user_id: string;
  readonly username: string;
  /** Whom calls are for that name no account. */
  readonly account_id: string;
  /** All that the caller may act for. */
  readonly accounts: readonly string[];
  readonly roles: readonly string[];
  /** What the token or key may be used for. */
  readonly scopes: readonly string[];
  /** Whether the powers of the roles are there. */
  readonly sudo: boolean;
  /** Who minted the token, and is the one who acts by it. */
  readonly minted_by: string | null;
}

export interface ChangeMeRequest {
  /** The one until now. */
  readonly password: string;
  readonly new_password: string;
}

export interface SudoRequest {
  readonly password: string;
}

export interface SudoToken {
  /** With the powers of the caller's role. */
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly expires_in: number;
}

export interface MintRequest {
  /** Whom it is for. */
  readonly username: string;
  /** What it may be used for; all of these where it is left out. Never a role's powers. */
  readonly scopes?: readonly ('read' | 'trade' | 'transfer' | 'withdraw')[];
  /** How long it is good for. 60 where it is left out. */
  readonly ttl_minutes?: number;
}

export type Scope = 'read' | 'trade' | 'transfer' | 'withdraw' | 'admin';

export interface ApiKeyRequest {
  /** For people. */
  readonly name: string;
  /** What it may be used for; no more than its user may. `withdraw` and `admin` need `ip_allow`, and `admin` is given under sudo only. */
  readonly scopes: readonly Scope[];
  /** Accounts that it may act for; all of its user's where it is left out. */
  readonly accounts?: readonly string[];
  /** Addresses and networks (CIDR) that it may be used from. */
  readonly ip_allow?: readonly string[];
  /** When it ends, UTC. */
  readonly expires_at?: string;
  /** An Ed25519 public key (PEM): requests are signed with its private key, and no secret is made. */
  readonly public_key?: string;
}

export interface MadeApiKey {
  /** Its public name, for `Openfill-Key`. */
  readonly api_key: string;
  readonly name: string;
  readonly kind: string;
  readonly scopes: readonly string[];
  /** null for all of its user's. */
  readonly accounts: readonly string[] | null;
  /** null for any address. */
  readonly ip_allow: readonly string[] | null;
  readonly expires_at: Time | null;
  readonly created_at: Time;
  /** Told this once. There is none where a public key was given. */
  readonly secret?: string;
}

export interface ApiKey {
  /** Its public name, for `Openfill-Key`. */
  readonly api_key: string;
  readonly name: string;
  readonly kind: string;
  readonly scopes: readonly string[];
  /** null for all of its user's. */
  readonly accounts: readonly string[] | null;
  /** null for any address. */
  readonly ip_allow: readonly string[] | null;
  readonly expires_at: Time | null;
  readonly created_at: Time;
}

export interface ApiKeys {
  readonly api_keys: readonly ApiKey[];
}

export interface Jwks {
  readonly keys: readonly object[];
}

export interface User {
  readonly user_id: string;
  readonly username: string;
  readonly account_id: string;
  readonly roles: readonly string[];
  readonly status: string;
  readonly created_at: Time;
}

export interface UserPage {
  readonly users: readonly User[];
  readonly next_cursor: string | null;
}

export type UserRole = 'trader' | 'operator' | 'admin';

export type UserStatus = 'active' | 'suspended';

export interface ChangeUserRequest {
  /** An admin may give them. */
  readonly roles?: readonly UserRole[];
  readonly status?: UserStatus;
}

export interface AuditEntry {
  readonly audit_id: number;
  readonly at: Time;
  /** Who did it: a username; of the venue's own commands, `@` and their name. */
  readonly actor: string;
  /** The API key by which it was done; null for a token. */
  readonly api_key: string | null;
  /** The account that it was done for. */
  readonly acting_for: string | null;
  readonly action: string;
  readonly target: string | null;
  readonly request_id: string | null;
  /** `ok`, or the code with which it was refused. `unknown` while none is on record: it is under way still, or its process ended in between. */
  readonly outcome: string;
}

export interface AuditLog {
  readonly entries: readonly AuditEntry[];
  readonly next_cursor: number | null;
}

export interface Health {
  readonly status: 'ok';
}

export interface Readiness {
  readonly status: 'ready' | 'not_ready';
  /** Why it is not ready. */
  readonly problem: string | null;
  readonly roles: readonly ('api' | 'writer')[];
  readonly redis: { readonly status: 'up' | 'down'; readonly reason: string | null; readonly durability_problems: readonly string[] };
  readonly postgres: { readonly status: 'up' | 'down'; readonly durability_problems: readonly string[]; readonly setting_problems: readonly string[] };
  readonly shard: { readonly name: string; readonly state: string; readonly epoch: string | null; readonly sequence: number | null };
  readonly writer: { readonly active: boolean | null; readonly lag_entries: number | null; readonly lag_seconds: number | null };
  readonly market_data: { readonly synced: boolean };
  /** null where callers are not asked who they are. */
  readonly people: { readonly loaded: boolean; readonly stale_seconds: number; readonly stale_max_seconds: number; readonly hashing: { readonly running: number; readonly running_max: number; readonly waiting_known: number; readonly waiting_strangers: number; readonly waiting_max: number }; readonly login_provider: 'up' | 'down' | null } | null;
}

export interface BookData {
  /** Best first. */
  readonly bids: readonly Level[];
  /** Best first. */
  readonly asks: readonly Level[];
  /** CRC-32 over the ten best levels a side that the client holds, by Kraken v2's rule, after this message. */
  readonly checksum: number;
}

export interface DeltaData extends BookData {
  readonly first_sequence: number;
  /** Sequence of the book message before this one: a gap shows. */
  readonly previous_sequence: number;
}

export interface CandleData extends Candle {
  readonly interval: Interval;
  /** Whether its time is over: nothing more comes to it. */
  readonly closed: boolean;
}

export interface InstrumentData extends InstrumentFields {
  readonly state: string;
}

export interface BalancesData {
  readonly account_id: string;
  /** By asset. */
  readonly balances: readonly Balance[];
}

export interface FillData extends Fill {
  readonly account_id: string;
}

export type Channel = 'orderbook' | 'trades' | 'orders' | 'ticker' | 'candles' | 'instruments' | 'auction' | 'balances' | 'fills';

export interface Subscription {
  readonly channel: Channel;
  /** Of a channel of instruments. */
  readonly instruments?: readonly string[];
  /** Of a channel of accounts. */
  readonly accounts?: readonly string[];
  /** Levels of each side that books are limited to. */
  readonly depth?: number;
}

/** A message of the stream. */
export interface Message<Type extends string, Data, Instrument extends string | null = string> {
  readonly type: Type;
  readonly instrument: Instrument;
  /** In the venue's log: everything up to the sequence before it has been told. */
  readonly sequence: number;
  readonly timestamp: Time;
  readonly data: Data;
}

/** The messages of the stream, by their types. */
export interface StreamMessages {
  /** A whole book, best levels first: on subscribing, and behind a resync. */
  readonly orderbook_snapshot: Message<'orderbook_snapshot', BookData>;
  /** New totals of the levels that changed; "0" takes a level away. With a depth, also of those that came among the best levels or left them. */
  readonly orderbook_delta: Message<'orderbook_delta', DeltaData>;
  /** A trade. */
  readonly trade: Message<'trade', Trade>;
  /** An order after it changed, without its trades. */
  readonly order: Message<'order', Order>;
  /** The ticker after it changed, at most once a turn; on subscribing, as it is. */
  readonly ticker: Message<'ticker', TickerFields>;
  /** A candle with new trades, or one that is over: `closed`, once. On subscribing, the last one of each interval. */
  readonly candle: Message<'candle', CandleData>;
  /** An instrument after it was made or changed; on subscribing, as it is. */
  readonly instrument: Message<'instrument', InstrumentData>;
  /** What a call auction would come to after that changed, at most ten times a second; on subscribing, as it is. */
  readonly auction: Message<'auction', AuctionFields>;
  /** What an account has, of every asset that it ever had: on subscribing, and behind a resync. */
  readonly balances_snapshot: Message<'balances_snapshot', BalancesData, null>;
  /** What an account has behind an entry of the log, of the assets that the entry touched. */
  readonly balances: Message<'balances', BalancesData, null>;
  /** A trade as one of its accounts sees it; one of an account with itself is two of them. */
  readonly fill: Message<'fill', FillData>;
  /** After each second of silence. */
  readonly heartbeat: Message<'heartbeat', { readonly epoch: string }, null>;
  /** What the connection gets from here on. */
  readonly subscribed: Message<'subscribed', { readonly subscriptions: readonly Subscription[]; readonly epoch: string }, null>;
  /** The answer to a ping. */
  readonly pong: Message<'pong', { readonly epoch: string }, null>;
  /** The connection is a caller's from here on. */
  readonly authenticated: Message<'authenticated', { readonly username: string; readonly account_id: string | null; readonly epoch: string }, null>;
  /** A message of the client was not understood, or asks for too much. */
  readonly error: Message<'error', { readonly code: string; readonly message: string; readonly epoch: string }, null>;
  /** What was missed behind `since` has been told, books included. Cut off before this, go on from the same sequence as before. */
  readonly resumed: Message<'resumed', { readonly since: number; readonly epoch: string }, null>;
  /** Something had to be skipped: trades, orders and fills are missing, fresh snapshots follow. */
  readonly resync: Message<'resync', { readonly reason: string; readonly epoch: string }, null>;
  /** The service is about to close the connection. */
  readonly shutdown: Message<'shutdown', { readonly reason: string; readonly epoch: string }, null>;
}
