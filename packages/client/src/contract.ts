/** What the venue takes and gives, by the names of its contract (`/openapi.json`). */

/** Decimal text such as "50000.00": amounts never pass through a float. */
export type Decimal = string;
/** UTC with microseconds: 2026-01-31T09:26:53.589793Z. */
export type Time = string;

export type Side = 'buy' | 'sell';
export type OrderType = 'limit' | 'market';
export type TimeInForce = 'gtc' | 'ioc' | 'fok';
export type OrderStatus = 'open' | 'partially_filled' | 'filled' | 'cancelled' | 'rejected' | 'expired';
export type Ack = 'redis' | 'postgres';
export type Interval = '1s' | '1m' | '5m' | '15m' | '1h' | '1d';

interface PlaceFields {
  readonly client_id: string;
  /** BTC-USD where it is left out. */
  readonly instrument?: string;
  readonly side: Side;
  readonly quantity: Decimal;
  /** The client's own name for the order, unique among its open ones. */
  readonly client_order_id?: string;
  /** One is made up where it is left out. */
  readonly idempotency_key?: string;
  /** Answer when Redis has the order on disk, or when Postgres holds it as well. */
  readonly ack?: Ack;
}

export interface LimitOrderRequest extends PlaceFields {
  readonly type: 'limit';
  readonly price: Decimal;
  readonly time_in_force?: TimeInForce;
  readonly post_only?: boolean;
}

export interface MarketOrderRequest extends PlaceFields {
  readonly type: 'market';
  readonly time_in_force?: 'ioc';
}

export type PlaceRequest = LimitOrderRequest | MarketOrderRequest;

/** The venue's id of an order, or the client's own name of an open one. */
export type OrderReference =
  | { readonly order_id: string; readonly client_id?: string }
  | { readonly client_id: string; readonly client_order_id: string };

export interface CancelFields { readonly idempotency_key?: string }

/** At least one of price and quantity; of the two quantities one. */
export interface AmendFields {
  readonly price?: Decimal;
  /** The new total, what is filled included. */
  readonly quantity?: Decimal;
  /** The new open part. */
  readonly remaining_quantity?: Decimal;
  readonly idempotency_key?: string;
}

export type PlaceOperation = PlaceRequest & { readonly op: 'place' };
export type CancelOperation = OrderReference & CancelFields & { readonly op: 'cancel' };
export type AmendOperation = OrderReference & AmendFields & { readonly op: 'amend' };
export type Operation = PlaceOperation | CancelOperation | AmendOperation;

export interface Order {
  readonly order_id: string;
  readonly client_order_id: string | null;
  readonly client_id: string;
  readonly instrument: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly time_in_force: TimeInForce;
  readonly post_only: boolean;
  /** null for a market order. */
  readonly price: Decimal | null;
  readonly quantity: Decimal;
  readonly filled_quantity: Decimal;
  readonly remaining_quantity: Decimal;
  readonly average_price: Decimal | null;
  readonly status: OrderStatus;
  /** Why a done order was not filled: requested, ioc_remainder, no_liquidity, … */
  readonly status_reason: string | null;
  /** Of its last change in the venue's log. */
  readonly sequence: number;
  readonly created_at: Time;
  readonly updated_at: Time;
}

export interface OrderTrade {
  /** Counts up by one for each instrument. */
  readonly trade_id: number;
  readonly price: Decimal;
  readonly quantity: Decimal;
  readonly maker_order_id: string;
  readonly taker_order_id: string;
  readonly executed_at: Time;
}

export interface Trade extends OrderTrade { readonly taker_side: Side }

/** There when an answer could not be made from all of history. */
export interface Staleness {
  readonly stale?: true;
  readonly lag_entries?: number | null;
  readonly lag_seconds?: number | null;
}

export interface OrderWithTrades extends Order, Staleness {
  /** Oldest first; of an amend, those of the amend. */
  readonly trades: readonly OrderTrade[];
}

export interface OrderPage extends Staleness {
  /** Newest first. */
  readonly orders: readonly Order[];
  /** Cursor of the next page, null behind the last. */
  readonly next_cursor: string | null;
}

export type Level = readonly [price: Decimal, quantity: Decimal];
export type QueuedOrder = readonly [price: Decimal, quantity: Decimal, orderId: string];

interface BookOf<Row> {
  readonly instrument: string;
  /** It holds every change up to this one. */
  readonly sequence: number;
  /** Best first. */
  readonly bids: readonly Row[];
  readonly asks: readonly Row[];
  readonly checksum: number;
  readonly timestamp: Time;
}

export type Orderbook = BookOf<Level>;
/** Single orders, in the order in which they will trade. */
export interface OrderQueues extends BookOf<QueuedOrder> { readonly truncated?: true }

export interface TradesPage extends Staleness {
  readonly instrument: string;
  /** Newest first. */
  readonly trades: readonly Trade[];
}

export interface Candle {
  readonly start: Time;
  readonly open: Decimal;
  readonly high: Decimal;
  readonly low: Decimal;
  readonly close: Decimal;
  readonly volume: Decimal;
  readonly trades: number;
}

export interface CandlesPage extends Staleness {
  readonly instrument: string;
  readonly interval: Interval;
  /** Oldest first. */
  readonly candles: readonly Candle[];
}

export interface TickerFields {
  readonly last: Decimal | null;
  readonly last_quantity: Decimal | null;
  readonly last_trade_id: number | null;
  readonly last_executed_at: Time | null;
  readonly bid: Decimal | null;
  readonly bid_quantity: Decimal | null;
  readonly ask: Decimal | null;
  readonly ask_quantity: Decimal | null;
  /** Of the last 24 hours, as everything below. */
  readonly open: Decimal | null;
  readonly high: Decimal | null;
  readonly low: Decimal | null;
  readonly change: Decimal | null;
  readonly change_percent: Decimal | null;
  readonly volume: Decimal;
  readonly quote_volume: Decimal;
  readonly trades: number;
}

export interface Ticker extends TickerFields, Staleness {
  readonly instrument: string;
  readonly sequence: number;
  readonly timestamp: Time;
}

export interface Instrument {
  readonly instrument: string;
  readonly base: string;
  readonly quote: string;
  readonly tick_size: Decimal;
  readonly lot_size: Decimal;
  readonly price_min: Decimal;
  readonly price_max: Decimal;
  readonly quantity_min: Decimal;
  readonly quantity_max: Decimal;
  /** Orders are taken while it is `open`. */
  readonly state: string;
}

export interface Readiness {
  readonly status: 'ready' | 'not_ready';
  /** Why it is not ready. */
  readonly problem: string | null;
  readonly roles: readonly string[];
  readonly redis: { readonly status: string; readonly reason: string | null; readonly durability_problems: readonly string[] };
  readonly postgres: { readonly status: string; readonly durability_problems: readonly string[]; readonly setting_problems: readonly string[] };
  readonly shard: { readonly name: string; readonly state: string; readonly epoch: string | null; readonly sequence: number | null };
  readonly writer: { readonly active: boolean; readonly lag_entries: number | null; readonly lag_seconds: number | null };
  readonly market_data: { readonly synced: boolean };
}

export interface FieldError { readonly field: string; readonly message: string }

/** RFC 9457, with the venue's stable `code`. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: string;
  readonly errors?: readonly FieldError[];
  /** With `order_not_open`: its final state. */
  readonly order?: OrderWithTrades;
  /** With an interrupted cancel-all: what has been cancelled all the same. */
  readonly cancelled?: readonly string[];
}

/** What the single call of an operation would have answered. */
export type BatchResult =
  | { readonly status: 200 | 201; readonly body: OrderWithTrades }
  | { readonly status: number; readonly body: ProblemBody };

/** Whether an operation of a batch was carried out. */
export function isDone(result: BatchResult): result is Extract<BatchResult, { readonly status: 200 | 201 }> {
  return result.status === 200 || result.status === 201;
}
