// Written from packages/contract by scripts/client-types.mjs; a test holds it to that.

/** What the venue takes and gives, by the names of its contract (`/openapi.json`, `/asyncapi.json`). */

export type Side = 'buy' | 'sell';

/** Decimal text such as "50000.00": amounts never pass through a float. */
export type Decimal = string;

export type TimeInForce = 'gtc' | 'ioc' | 'fok';

export type Ack = 'redis' | 'postgres';

export interface LimitOrderRequest {
  readonly client_id: string;
  /** BTC-USD where it is left out. */
  readonly instrument?: string;
  readonly side: Side;
  readonly type: 'limit';
  readonly price: Decimal;
  readonly quantity: Decimal;
  /** gtc rests until filled or cancelled; ioc trades what it can at once and cancels the rest; fok trades all of it at once or nothing. gtc where it is left out. */
  readonly time_in_force?: TimeInForce;
  /** With gtc only: an order that would trade at once is rejected instead. false where it is left out. */
  readonly post_only?: boolean;
  readonly client_order_id?: string;
  readonly idempotency_key?: string;
  /** Answer when Redis has the order on disk, or when Postgres holds it as well. The default is the server's setting. */
  readonly ack?: Ack;
}

export interface MarketOrderRequest {
  readonly client_id: string;
  /** BTC-USD where it is left out. */
  readonly instrument?: string;
  readonly side: Side;
  readonly type: 'market';
  readonly quantity: Decimal;
  /** ioc where it is left out. */
  readonly time_in_force?: 'ioc';
  /** false where it is left out. */
  readonly post_only?: false;
  readonly client_order_id?: string;
  readonly idempotency_key?: string;
  /** Answer when Redis has the order on disk, or when Postgres holds it as well. The default is the server's setting. */
  readonly ack?: Ack;
}

export type PlaceRequest = LimitOrderRequest | MarketOrderRequest;

export type PlaceOperation = PlaceRequest & { readonly op: 'place' };

export interface CancelFields {
  readonly idempotency_key?: string;
}

/** The venue's id of an order, or the client's own name of an open one. */
export type OrderReference = { readonly order_id: string; readonly client_id?: string } | { readonly client_id: string; readonly client_order_id: string };

export type CancelOperation = CancelFields & OrderReference & { readonly op: 'cancel' };

/** At least one of price and quantity; of the two quantities one. */
export interface AmendFields {
  readonly price?: Decimal;
  /** The new total, what is filled already included. */
  readonly quantity?: Decimal;
  /** The new open part. */
  readonly remaining_quantity?: Decimal;
  readonly idempotency_key?: string;
}

export type AmendOperation = AmendFields & OrderReference & { readonly op: 'amend' };

export type Operation = PlaceOperation | CancelOperation | AmendOperation;

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

export type OrderType = 'limit' | 'market';

export type OrderStatus = 'open' | 'partially_filled' | 'filled' | 'cancelled' | 'rejected' | 'expired';

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
  /** Of what is filled, rounded half up to the price's decimals; null while nothing is. */
  readonly average_price: Decimal | null;
  readonly status: OrderStatus;
  /** Why a done order was not filled. */
  readonly status_reason: string | null;
  /** Of the order's last change: what a stream message or a read with the same or a higher number contains. */
  readonly sequence: number;
  readonly created_at: Time;
  readonly updated_at: Time;
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

export interface OrderTrade {
  /** Counts up by one for each instrument. */
  readonly trade_id: number;
  readonly price: Decimal;
  readonly quantity: Decimal;
  readonly maker_order_id: string;
  readonly taker_order_id: string;
  readonly executed_at: Time;
}

export interface OrderWithTrades extends Order, Staleness {
  /** Oldest first; of an amend, those of the amend. */
  readonly trades: readonly OrderTrade[];
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

export interface CancelRequest extends CancelFields {
  /** When given, the order must be this client's. */
  readonly client_id?: string;
}

export interface AmendRequest extends AmendFields {
  /** When given, the order must be this client's. */
  readonly client_id?: string;
}

export interface Trade extends OrderTrade {
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
  /** Orders are taken while it is open. */
  readonly state: string;
}

export interface Instruments {
  readonly instruments: readonly Instrument[];
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

export type Channel = 'orderbook' | 'trades' | 'orders' | 'ticker' | 'candles';

export interface Subscription {
  readonly channel: Channel;
  readonly instruments: readonly string[];
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
  /** After each second of silence. */
  readonly heartbeat: Message<'heartbeat', { readonly epoch: string }, null>;
  /** What the connection gets from here on. */
  readonly subscribed: Message<'subscribed', { readonly subscriptions: readonly Subscription[]; readonly epoch: string }, null>;
  /** The answer to a ping. */
  readonly pong: Message<'pong', { readonly epoch: string }, null>;
  /** A message of the client was not understood, or asks for too much. */
  readonly error: Message<'error', { readonly code: string; readonly message: string; readonly epoch: string }, null>;
  /** What was missed behind `since` has been told, books included. Cut off before this, go on from the same sequence as before. */
  readonly resumed: Message<'resumed', { readonly since: number; readonly epoch: string }, null>;
  /** Something had to be skipped: trades and orders are missing, fresh snapshots follow. */
  readonly resync: Message<'resync', { readonly reason: string; readonly epoch: string }, null>;
  /** The service is about to close the connection. */
  readonly shutdown: Message<'shutdown', { readonly reason: string; readonly epoch: string }, null>;
}
