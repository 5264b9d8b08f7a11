import {
  anything, choice, defaulting, integer, moment, optional, request, required, string, uuid, word,
  type Kind, type Shape,
} from './language';
import { AnyBook, Candles, Health, Instruments, MARKET_EXAMPLES, Readiness, Ticker, Trades } from './market';
import {
  AmendRequest, BatchRequest, BatchResults, CancelRequest, CancelledOrders, ORDER_EXAMPLES, OrderPage, OrderWithTrades, PlaceRequest,
} from './orders';
import { ClientId, IdempotencyKey, InstrumentName, Interval, ORDER_ID_EXAMPLE, TIME_EXAMPLE } from './values';
import {
  CANDLES_INTERVAL_DEFAULT, CANDLES_LIMIT_DEFAULT, INSTRUMENT_DEFAULT, ORDERBOOK_LEVELS_DEFAULT, ORDERS_LIMIT_DEFAULT, TRADES_LIMIT_DEFAULT,
} from './words';

/**
 * The calls: each once. Routing takes method, path and whether there is a body from here; the checks take the query and the
 * body; the OpenAPI document takes all of it.
 */

/** An answer that is no problem. */
export interface Success {
  readonly description: string;
  /** Of a JSON answer. */
  readonly is?: Kind;
  readonly example?: unknown;
  /** Of an answer that is text. */
  readonly mediaType?: string;
}

/**
 * What else a call is known by is one more member: the principal that it needs and its scope, the class of limits that it
 * counts against, whether it may be made in another's name.
 */
export interface Call<Code extends string = string> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With its parameters in braces. */
  readonly path: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly description?: string;
  readonly query?: Shape;
  /** Headers that it takes, beside those that every call takes. */
  readonly headers?: Readonly<Record<string, { readonly is: Kind; readonly description: string }>>;
  /** Whether the `Idempotency-Key` header is one of them: its answers may come a second time. */
  readonly keyed?: true;
  /** Whether a body is read; one that is read and not described is refused by name. */
  readonly takesBody: boolean;
  readonly body?: { readonly is: Shape; readonly required: boolean; readonly examples: Readonly<Record<string, unknown>> };
  /** Answered whatever page or host asks: probes find the service under names that it does not know. */
  readonly isForAnyHost?: true;
  readonly answers: Readonly<Record<number, Success>>;
  /** Codes of the problems that it can answer with, beside those that any call can. */
  readonly refusals: readonly Code[];
}

export const TAGS = {
  Orders: 'Placing, changing and listing orders.',
  'Market data': 'What anyone may read.',
  Operation: 'For whoever runs it.',
} as const;
export type Tag = keyof typeof TAGS;

/** Codes that any call can get. */
export const ANY_CALL = ['origin_not_allowed', 'request_timeout', 'uri_too_long', 'rate_limited', 'headers_too_large', 'internal_error', 'shutting_down'] as const;
/** Codes of a call that takes parameters. */
const ANY_PARAMETERS = ['validation_failed'] as const;
/** Codes of a call that takes a body. */
const ANY_BODY = ['validation_failed', 'malformed_json', 'body_too_large', 'unsupported_media_type'] as const;
/** Codes of a call that reads the shard or its history. */
const ANY_READ = ['engine_recovering', 'engine_unavailable', 'history_unavailable'] as const;
/** Codes of a call that changes the book. */
const ANY_COMMAND = ['engine_frozen', ...ANY_READ, 'outcome_unknown'] as const;

/** Parameters that stand in a path, by their names. */
export const PATH_PARAMETERS: Readonly<Record<string, { readonly is: Kind; readonly description: string }>> = {
  order_id: { is: string({ examples: [ORDER_ID_EXAMPLE] }), description: 'The venue\'s id of the order. What is no UUID names no order: 404.' },
};

const instrument = defaulting(InstrumentName, INSTRUMENT_DEFAULT, 'Name of the instrument.');
const instrumentFilter = optional(InstrumentName, 'Only this instrument.');

export const OrderbookQuery = request('OrderbookQuery', {
  instrument,
  levels: defaulting(integer({ min: 1, max: { limit: 'orderbookLevelsMax' } }, { examples: [20] }), ORDERBOOK_LEVELS_DEFAULT, 'Price levels of each side.'),
  level: defaulting(choice([1, 2, 3]), 2, '1: the best price of each side. 2: totals by price. 3: single orders, those of the best `levels` prices in queue order.'),
});
export const TradesQuery = request('TradesQuery', {
  instrument,
  limit: defaulting(integer({ min: 1, max: { limit: 'tradesLimitMax' } }, { examples: [50] }), TRADES_LIMIT_DEFAULT, 'Trades in one page.'),
  before: optional(integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), 'Only trades older than the one with this trade_id.'),
});
export const CandlesQuery = request('CandlesQuery', {
  instrument,
  interval: defaulting(Interval, CANDLES_INTERVAL_DEFAULT, 'Length of a candle. They begin at UTC\'s whole seconds, minutes, hours and days.'),
  start: optional(moment({ examples: ['2026-01-31T00:00:00Z'] }), 'Candles that begin at this moment or later. UTC, a date or a time with seconds.'),
  end: optional(moment({ examples: [TIME_EXAMPLE] }), 'Candles that begin before this moment.'),
  limit: defaulting(integer({ min: 1, max: { limit: 'candlesLimitMax' } }, { examples: [100] }), CANDLES_LIMIT_DEFAULT, 'Candles in one page.'),
  fill: optional(word(['previous']), 'previous: a flat candle without volume, at the price of the close before it, where nothing was traded.'),
});
export const TickerQuery = request('TickerQuery', { instrument });
export const OrdersQuery = request('OrdersQuery', {
  client_id: required(ClientId, 'The client.'),
  status: defaulting(word(['open', 'all']), 'open', 'The open ones, or all there ever were.'),
  instrument: instrumentFilter,
  limit: defaulting(integer({ min: 1, max: { limit: 'ordersLimitMax' } }), ORDERS_LIMIT_DEFAULT, 'Orders in one page.'),
  cursor: optional(uuid(), 'next_cursor of the page before.'),
});
export const MassCancelQuery = request('MassCancelQuery', { client_id: required(ClientId, 'The client.'), instrument: instrumentFilter });

/** Read by the stream itself: lists come as names with commas. */
export const StreamQuery = request('StreamQuery', {
  channels: optional(string({ examples: ['trades,orderbook'] }), 'Names of channels, separated by commas.'),
  instruments: optional(string({ examples: [INSTRUMENT_DEFAULT] }), 'Names of instruments, separated by commas.'),
  depth: optional(integer({ min: 1, max: { limit: 'orderbookLevelsMax' } }, { examples: [10] }), 'Levels of each side that books are limited to; without it they are whole.'),
  since: optional(string({ examples: ['1042'] }), 'Goes on behind this sequence, or behind the event with this id, instead of beginning with snapshots.'),
});

export const IDEMPOTENCY_KEY_HEADER = {
  is: IdempotencyKey,
  description: 'The same as idempotency_key in the body; when both are given they must be equal. A request with a key that '
    + 'was used before gets the first answer again, with `Idempotency-Replayed: true`.',
} as const;

const orderAnswer = (description: string): Success => ({ description, is: OrderWithTrades, example: ORDER_EXAMPLES.orderWithTrades });

const cancelling = {
  tag: 'Orders', summary: 'Cancel an order', keyed: true, takesBody: true,
  answers: { 200: { description: 'The order as it is now, cancelled.', is: OrderWithTrades, example: ORDER_EXAMPLES.cancelledOrder } },
  refusals: [...ANY_BODY, ...ANY_COMMAND, 'order_not_found', 'order_not_open', 'idempotency_key_reused'],
} as const;

export const CALLS = {
  placeOrder: {
    method: 'POST', path: '/orders', tag: 'Orders', summary: 'Place an order',
    description: 'Answered when the match is done and on disk. An order that the book itself turns down (fill-or-kill, post-only) is a '
      + '201 with the status `rejected`, and leaves no trace in the book.',
    keyed: true, takesBody: true,
    body: { is: PlaceRequest, required: true, examples: ORDER_EXAMPLES.places },
    answers: { 201: orderAnswer('The order, with its trades so far.') },
    refusals: [
      ...ANY_BODY, ...ANY_COMMAND, 'backlog_full', 'instrument_not_found', 'duplicate_client_order_id', 'idempotency_key_reused',
      'open_orders_limit', 'level_quantity_limit',
    ],
  },
  listOrders: {
    method: 'GET', path: '/orders', tag: 'Orders', summary: 'A client\'s orders, newest first',
    description: 'As a WebSocket handshake it opens order entry instead, which the AsyncAPI document describes.',
    query: OrdersQuery, takesBody: false,
    answers: {
      200: { description: 'One page.', is: OrderPage, example: { orders: [ORDER_EXAMPLES.order], next_cursor: null } },
      101: { description: 'The WebSocket of order entry is open.' },
    },
    refusals: [...ANY_PARAMETERS, ...ANY_READ, 'instrument_not_found', 'order_entry_full'],
  },
  cancelAllOrders: {
    method: 'DELETE', path: '/orders', tag: 'Orders', summary: 'Cancel all open orders of a client',
    description: 'Orders that the client places while this runs are left alone. What was cancelled before an error is in the problem\'s `cancelled`.',
    query: MassCancelQuery, takesBody: true,
    answers: { 200: { description: 'The ids of the cancelled orders, oldest first.', is: CancelledOrders, example: { cancelled: [ORDER_EXAMPLES.order.order_id] } } },
    refusals: [...ANY_BODY, ...ANY_COMMAND, 'instrument_not_found'],
  },
  submitBatch: {
    method: 'POST', path: '/orders/batch', tag: 'Orders', summary: 'Many operations, applied in order',
    description: 'Each is answered as its single call would be. Cancel and amend name their order by `order_id`, or by `client_id` and '
      + '`client_order_id`. Idempotency keys belong to the operations: a header for the whole batch is refused.',
    takesBody: true,
    body: { is: BatchRequest, required: true, examples: ORDER_EXAMPLES.batches },
    answers: {
      200: {
        description: 'One result for each operation.', is: BatchResults,
        example: { results: [{ status: 201, body: ORDER_EXAMPLES.orderWithTrades }, { status: 200, body: ORDER_EXAMPLES.cancelledOrder }] },
      },
    },
    refusals: [...ANY_BODY, ...ANY_READ],
  },
  cancelOrder: {
    method: 'POST', path: '/orders/{order_id}/cancel', ...cancelling,
    body: { is: CancelRequest, required: false, examples: ORDER_EXAMPLES.cancels },
  },
  deleteOrder: {
    method: 'DELETE', path: '/orders/{order_id}', ...cancelling,
    // The body of a DELETE has no meaning of its own in HTTP: the document cannot describe one.
    query: CancelRequest,
    description: 'The fields may come as a JSON body instead of the query string.',
  },
  amendOrder: {
    method: 'PATCH', path: '/orders/{order_id}', tag: 'Orders', summary: 'Amend an order\'s price or quantity',
    description: 'A lower quantity at the same price keeps the order\'s priority, no change changes nothing; all else goes to the back of '
      + 'the queue and may match at once.',
    keyed: true, takesBody: true,
    body: { is: AmendRequest, required: true, examples: ORDER_EXAMPLES.amends },
    answers: { 200: orderAnswer('The order, with the trades of this amend.') },
    refusals: [
      ...ANY_BODY, ...ANY_COMMAND, 'backlog_full', 'quantity_out_of_range', 'order_not_found', 'instrument_not_found', 'order_not_open', 'idempotency_key_reused',
      'quantity_below_filled', 'post_only_would_match', 'level_quantity_limit',
    ],
  },
  getOrderbook: {
    method: 'GET', path: '/public/orderbook', tag: 'Market data', summary: 'The order book, best first',
    query: OrderbookQuery, takesBody: false,
    answers: { 200: { description: 'The book with everything that was acknowledged before the call.', is: AnyBook, example: MARKET_EXAMPLES.orderbook } },
    refusals: [...ANY_PARAMETERS, ...ANY_READ, 'instrument_not_found'],
  },
  getTrades: {
    method: 'GET', path: '/public/trades', tag: 'Market data', summary: 'Trades, newest first, back through all history',
    query: TradesQuery, takesBody: false,
    answers: { 200: { description: 'One page.', is: Trades, example: MARKET_EXAMPLES.trades } },
    refusals: [...ANY_PARAMETERS, ...ANY_READ, 'instrument_not_found'],
  },
  getCandles: {
    method: 'GET', path: '/public/candles', tag: 'Market data', summary: 'Open, high, low, close and volume by interval, oldest first',
    description: 'With a start: the candles from there on; without one: the newest before the end. Where nothing was traded there is no '
      + 'candle, unless gaps are filled. A page begins where the one before ended: `start` is its last start plus the interval, or `end` its first.',
    query: CandlesQuery, takesBody: false,
    answers: { 200: { description: 'One page, with everything that was acknowledged before the call.', is: Candles, example: MARKET_EXAMPLES.candles } },
    refusals: [...ANY_PARAMETERS, ...ANY_READ, 'instrument_not_found'],
  },
  getTicker: {
    method: 'GET', path: '/public/ticker', tag: 'Market data', summary: 'Last trade, best prices and the last 24 hours',
    description: 'The 24 hours slide by whole minutes: they are the minute under way and the 1,439 before it.',
    query: TickerQuery, takesBody: false,
    answers: { 200: { description: 'The ticker with everything that was acknowledged before the call.', is: Ticker, example: MARKET_EXAMPLES.ticker } },
    refusals: [...ANY_PARAMETERS, ...ANY_READ, 'instrument_not_found'],
  },
  getOrder: {
    method: 'GET', path: '/public/orders/{order_id}', tag: 'Market data', summary: 'An order with all its trades, open or done',
    takesBody: false,
    answers: { 200: orderAnswer('The order.') },
    refusals: [...ANY_PARAMETERS, ...ANY_READ, 'order_not_found'],
  },
  getInstruments: {
    method: 'GET', path: '/public/instruments', tag: 'Market data', summary: 'What is traded: steps, limits and state',
    takesBody: false,
    answers: { 200: { description: 'All instruments.', is: Instruments, example: MARKET_EXAMPLES.instruments } },
    refusals: ANY_PARAMETERS,
  },
  openStream: {
    method: 'GET', path: '/stream', tag: 'Market data', summary: 'A WebSocket: book snapshots and deltas, trades and orders as they happen',
    description: 'Without parameters it gives everything.',
    query: StreamQuery, takesBody: false,
    answers: { 101: { description: 'The WebSocket is open.' } },
    refusals: ['upgrade_required', 'too_many_streams', 'streams_full'],
  },
  openEventStream: {
    method: 'GET', path: '/public/stream', tag: 'Market data', summary: 'The stream as server-sent events, for browsers and curl',
    description: 'The messages of `/stream`: `event` is the type, `data` the message as JSON, `id` where the client stands after it. Who '
      + 'connects again with that id as `Last-Event-ID` or `since` gets what came in between, nothing twice. A last event `close` carries the reason when the service ends it; a client that is too slow to read up to there is cut off without it. Without parameters it gives everything.',
    query: StreamQuery, takesBody: false,
    headers: { 'Last-Event-ID': { is: string(), description: 'Id of the last event that the client has got; it wins over `since`.' } },
    answers: { 200: { description: 'Events, until one side closes.', mediaType: 'text/event-stream' } },
    refusals: [...ANY_PARAMETERS, 'too_many_streams', 'streams_full'],
  },
  getHealth: {
    method: 'GET', path: '/healthz', tag: 'Operation', summary: 'Whether the process is alive', takesBody: false, isForAnyHost: true,
    answers: { 200: { description: 'It is.', is: Health, example: { status: 'ok' } } },
    refusals: [],
  },
  getReadiness: {
    method: 'GET', path: '/readyz', tag: 'Operation', summary: 'Whether it takes orders, and how its dependencies are', takesBody: false, isForAnyHost: true,
    answers: {
      200: { description: 'It does.', is: Readiness, example: MARKET_EXAMPLES.readiness },
      503: {
        description: 'It does not, and why. While it shuts down: `shutting_down`.', is: Readiness,
        example: { ...MARKET_EXAMPLES.readiness, status: 'not_ready', problem: 'shard_frozen', shard: { ...MARKET_EXAMPLES.readiness.shard, state: 'frozen' } },
      },
    },
    refusals: ['engine_unavailable'],
  },
  getMetrics: {
    method: 'GET', path: '/metrics', tag: 'Operation', summary: 'Prometheus metrics', takesBody: false, isForAnyHost: true,
    answers: { 200: { description: 'The metrics in Prometheus\' text format.', mediaType: 'text/plain' } },
    refusals: [],
  },
  getOpenapi: {
    method: 'GET', path: '/openapi.json', tag: 'Operation', summary: 'This document', takesBody: false,
    answers: { 200: { description: 'OpenAPI 3.1.', is: anything() } },
    refusals: [],
  },
  getAsyncapi: {
    method: 'GET', path: '/asyncapi.json', tag: 'Operation', summary: 'The contract of the stream', takesBody: false,
    answers: { 200: { description: 'AsyncAPI 3.', is: anything() } },
    refusals: [],
  },
  getDocs: {
    method: 'GET', path: '/docs', tag: 'Operation', summary: 'A page to read and try this document', takesBody: false,
    answers: { 200: { description: 'The page.', mediaType: 'text/html' } },
    refusals: [],
  },
} as const satisfies Readonly<Record<string, Call>>;

export type CallId = keyof typeof CALLS;
