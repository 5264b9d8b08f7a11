import { INTERVALS } from '../../domain/candle';
import { DEFAULT_INSTRUMENTS, INSTRUMENT_NAME } from '../../domain/instruments';
import type { ResultCode } from '../../domain/result-code';
import {
  CANDLES_INTERVAL_DEFAULT, CANDLES_LIMIT_DEFAULT, MOMENT, ORDERBOOK_LEVELS_DEFAULT, ORDERS_LIMIT_DEFAULT, PRINTABLE, TRADES_LIMIT_DEFAULT,
} from '../schemas';
import { CLIENT_ID_LENGTH_MAX, IDEMPOTENCY_KEY_LENGTH_MAX, INSTRUMENT_DEFAULT } from '../shapes';
import { ANY_BODY, ANY_CALL, ANY_COMMAND, ANY_PARAMETERS, ANY_READ, refusals, success, successText } from './answers';
import {
  cancelledOrderExample, candlesExample, instrumentsExample, orderExample, orderWithTradesExample, orderbookExample, readinessExample, ref, tickerExample, tradesExample,
  type Schema,
} from './schemas';

/** The calls: parameters, bodies and every answer that the service gives to them. */

export interface DocumentedLimits {
  readonly batchOperationsMax: number;
  readonly orderbookLevelsMax: number;
  readonly tradesLimitMax: number;
  readonly ordersLimitMax: number;
  readonly candlesLimitMax: number;
}

const query = (name: string, description: string, schema: Schema, example?: unknown, required = false): Schema => ({
  name, in: 'query', description, required, schema, ...(example === undefined ? {} : { example }),
});

const wholeNumber = (max: number, fallback?: number): Schema => ({
  type: 'integer', minimum: 1, maximum: max, ...(fallback === undefined ? {} : { default: Math.min(fallback, max) }),
});

const moment = { type: 'string', pattern: MOMENT.source };

const instrumentName = { type: 'string', pattern: INSTRUMENT_NAME.source };

export const parameters: Record<string, Schema> = {
  OrderId: {
    name: 'order_id', in: 'path', required: true, schema: { type: 'string' }, example: orderExample.order_id,
    description: 'The venue\'s id of the order. What is no UUID names no order: 404.',
  },
  IdempotencyKey: {
    name: 'Idempotency-Key', in: 'header', required: false,
    schema: { type: 'string', minLength: 1, maxLength: IDEMPOTENCY_KEY_LENGTH_MAX, pattern: PRINTABLE.source },
    description: 'The same as idempotency_key in the body; when both are given they must be equal. A request with a key that '
      + 'was used before gets the first answer again, with `Idempotency-Replayed: true`.',
  },
  Instrument: query('instrument', 'Name of the instrument.', { ...instrumentName, default: INSTRUMENT_DEFAULT }, INSTRUMENT_DEFAULT),
  InstrumentFilter: query('instrument', 'Only this instrument.', instrumentName),
  ClientId: query('client_id', 'The client.', { type: 'string', minLength: 1, maxLength: CLIENT_ID_LENGTH_MAX, pattern: PRINTABLE.source }, 'client-A', true),
};

const parameter = (name: string): Schema => ({ $ref: `#/components/parameters/${name}` });

const jsonBody = (schema: Schema, examples: Record<string, unknown>, required = true): Schema => ({
  required,
  content: {
    'application/json': {
      schema, examples: Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }])),
    },
  },
});

interface Call {
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Schema[];
  readonly body?: Schema;
  readonly answers: Record<string, Schema>;
}

const call = ({ operationId, tag, summary, description, parameters: given, body, answers }: Call): Schema => ({
  operationId, tags: [tag], summary,
  ...(description === undefined ? {} : { description }),
  ...(given === undefined ? {} : { parameters: given }),
  ...(body === undefined ? {} : { requestBody: body }),
  responses: answers,
});

const keyed = (codes: readonly ResultCode[]): Record<string, Schema> => refusals([...ANY_CALL, ...codes], true);
const plain = (codes: readonly ResultCode[]): Record<string, Schema> => refusals([...ANY_CALL, ...codes]);

const limitOrder = { client_id: 'client-A', instrument: INSTRUMENT_DEFAULT, side: 'buy', type: 'limit', price: 50000.0, quantity: 0.5 };
const otherInstrument = (DEFAULT_INSTRUMENTS[1] as { instrument: string }).instrument;

const placeExamples = {
  limit: limitOrder,
  'limit-with-everything': {
    ...limitOrder, side: 'sell', price: '50100.00', quantity: '0.50000000', time_in_force: 'gtc', post_only: true,
    client_order_id: 'my-7', idempotency_key: 'a-unique-uuid-12345', ack: 'redis',
  },
  market: { client_id: 'client-B', side: 'sell', type: 'market', quantity: '0.2' },
  'immediate-or-cancel': { ...limitOrder, client_id: 'client-C', instrument: otherInstrument, time_in_force: 'ioc', price: '2500.00' },
  'fill-or-kill': { ...limitOrder, client_id: 'client-C', time_in_force: 'fok', quantity: '10' },
};

const cancelSummary = 'Cancel an order';
const cancelRefusals = [...ANY_BODY, ...ANY_COMMAND, 'order_not_found', 'order_not_open', 'idempotency_key_reused'] as const;
const cancelAnswers = {
  200: success('The order as it is now, cancelled.', ref('OrderWithTrades'), cancelledOrderExample, true),
  ...keyed(cancelRefusals),
};

const streamParameters = (limits: DocumentedLimits): Schema[] => [
  query('channels', 'Names of channels, separated by commas.', { type: 'string' }, 'trades,orderbook'),
  query('instruments', 'Names of instruments, separated by commas.', { type: 'string' }, INSTRUMENT_DEFAULT),
  query('depth', 'Levels of each side that books are limited to; without it they are whole.', wholeNumber(limits.orderbookLevelsMax), 10),
  query('since', 'Goes on behind this sequence, or behind the event with this id, instead of beginning with snapshots.', { type: 'string' }, '1042'),
];

export function paths(limits: DocumentedLimits): Record<string, Record<string, Schema>> {
  return {
    '/orders': {
      post: call({
        operationId: 'placeOrder', tag: 'Orders', summary: 'Place an order',
        description: 'Answered when the match is done and on disk. An order that the book itself turns down (fill-or-kill, post-only) is a '
          + '201 with the status `rejected`, and leaves no trace in the book.',
        parameters: [parameter('IdempotencyKey')],
        body: jsonBody(ref('PlaceRequest'), placeExamples),
        answers: {
          201: success('The order, with its trades so far.', ref('OrderWithTrades'), orderWithTradesExample, true),
          ...keyed([
            ...ANY_BODY, ...ANY_COMMAND, 'backlog_full', 'instrument_not_found', 'duplicate_client_order_id', 'idempotency_key_reused',
            'open_orders_limit', 'level_quantity_limit',
          ]),
        },
      }),
      get: call({
        operationId: 'listOrders', tag: 'Orders', summary: 'A client\'s orders, newest first',
        description: 'As a WebSocket handshake it opens order entry instead, which the AsyncAPI document describes.',
        parameters: [
          parameter('ClientId'),
          query('status', 'The open ones, or all there ever were.', { type: 'string', enum: ['open', 'all'], default: 'open' }),
          parameter('InstrumentFilter'),
          query('limit', 'Orders in one page.', wholeNumber(limits.ordersLimitMax, ORDERS_LIMIT_DEFAULT)),
          query('cursor', 'next_cursor of the page before.', { type: 'string', format: 'uuid' }),
        ],
        answers: {
          200: success('One page.', ref('OrderPage'), { orders: [orderExample], next_cursor: null }),
          101: { description: 'The WebSocket of order entry is open.' },
          ...plain([...ANY_PARAMETERS, ...ANY_READ, 'instrument_not_found', 'order_entry_full']),
        },
      }),
      delete: call({
        operationId: 'cancelAllOrders', tag: 'Orders', summary: 'Cancel all open orders of a client',
        description: 'Orders that the client places while this runs are left alone. What was cancelled before an error is in the problem\'s `cancelled`.',
        parameters: [parameter('ClientId'), parameter('InstrumentFilter')],
        answers: {
          200: success('The ids of the cancelled orders, oldest first.', ref('CancelledOrders'), { cancelled: [orderExample.order_id] }),
          ...plain([...ANY_BODY, ...ANY_COMMAND, 'instrument_not_found']),
        },
      }),
    },
    '/orders/batch': {
      post: call({
        operationId: 'submitBatch', tag: 'Orders', summary: `Up to ${limits.batchOperationsMax} operations, applied in order`,
        description: 'Each is answered as its single call would be. Cancel and amend name their order by `order_id`, or by `client_id` and '
          + '`client_order_id`. Idempotency keys belong to the operations: a header for the whole batch is refused.',
        body: jsonBody(ref('BatchRequest'), {
          'place-amend-cancel': {
            operations: [
              { op: 'place', ...limitOrder, client_order_id: 'my-8', idempotency_key: 'a-unique-uuid-12346' },
              { op: 'amend', client_id: 'client-A', client_order_id: 'my-8', price: '49990.00' },
              { op: 'cancel', client_id: 'client-A', client_order_id: 'my-8' },
            ],
          },
        }),
        answers: {
          200: success('One result for each operation.', ref('BatchResults'), {
            results: [{ status: 201, body: orderWithTradesExample }, { status: 200, body: cancelledOrderExample }],
          }),
          ...plain([...ANY_BODY, ...ANY_READ]),
        },
      }),
    },
    '/orders/{order_id}/cancel': {
      post: call({
        operationId: 'cancelOrder', tag: 'Orders', summary: cancelSummary,
        parameters: [parameter('OrderId'), parameter('IdempotencyKey')],
        body: jsonBody(ref('CancelRequest'), { keyed: { idempotency_key: 'a-unique-uuid-12347' } }, false),
        answers: cancelAnswers,
      }),
    },
    '/orders/{order_id}': {
      delete: call({
        operationId: 'deleteOrder', tag: 'Orders', summary: cancelSummary,
        description: 'The fields may come as a JSON body instead of the query string.',
        parameters: [
          parameter('OrderId'), parameter('IdempotencyKey'),
          query('client_id', 'When given, the order must be this client\'s.', { type: 'string', minLength: 1, maxLength: CLIENT_ID_LENGTH_MAX, pattern: PRINTABLE.source }),
          query('idempotency_key', 'The same as the header.', { type: 'string', minLength: 1, maxLength: IDEMPOTENCY_KEY_LENGTH_MAX, pattern: PRINTABLE.source }),
        ],
        answers: cancelAnswers,
      }),
      patch: call({
        operationId: 'amendOrder', tag: 'Orders', summary: 'Amend an order\'s price or quantity',
        description: 'A lower quantity at the same price keeps the order\'s priority, no change changes nothing; all else goes to the back of '
          + 'the queue and may match at once.',
        parameters: [parameter('OrderId'), parameter('IdempotencyKey')],
        body: jsonBody(ref('AmendRequest'), { price: { price: '50005.00' }, quantity: { quantity: 0.4 }, 'open-part': { price: 50001, remaining_quantity: '0.1' } }),
        answers: {
          200: success('The order, with the trades of this amend.', ref('OrderWithTrades'), orderWithTradesExample, true),
          ...keyed([
            ...ANY_BODY, ...ANY_COMMAND, 'backlog_full', 'quantity_out_of_range', 'order_not_found', 'order_not_open', 'idempotency_key_reused',
            'quantity_below_filled', 'post_only_would_match', 'level_quantity_limit',
          ]),
        },
      }),
    },
    '/public/orderbook': {
      get: call({
        operationId: 'getOrderbook', tag: 'Market data', summary: 'The order book, best first',
        parameters: [
          parameter('Instrument'),
          query('level', '1: the best price of each side. 2: totals by price. 3: single orders, those of the best `levels` prices in queue order.',
            { type: 'integer', enum: [1, 2, 3], default: 2 }),
          query('levels', 'Price levels of each side.', wholeNumber(limits.orderbookLevelsMax, ORDERBOOK_LEVELS_DEFAULT), 20),
        ],
        answers: {
          200: success('The book with everything that was acknowledged before the call.', ref('Orderbook'), orderbookExample),
          ...plain([...ANY_PARAMETERS, ...ANY_READ, 'instrument_not_found']),
        },
      }),
    },
    '/public/trades': {
      get: call({
        operationId: 'getTrades', tag: 'Market data', summary: 'Trades, newest first, back through all history',
        parameters: [
          parameter('Instrument'),
          query('limit', 'Trades in one page.', wholeNumber(limits.tradesLimitMax, TRADES_LIMIT_DEFAULT), 50),
          query('before', 'Only trades older than the one with this trade_id.', wholeNumber(Number.MAX_SAFE_INTEGER)),
        ],
        answers: {
          200: success('One page.', ref('Trades'), tradesExample),
          ...plain([...ANY_PARAMETERS, ...ANY_READ, 'instrument_not_found']),
        },
      }),
    },
    '/public/candles': {
      get: call({
        operationId: 'getCandles', tag: 'Market data', summary: 'Open, high, low, close and volume by interval, oldest first',
        description: 'With a start: the candles from there on; without one: the newest before the end. Where nothing was traded there is no '
          + 'candle, unless gaps are filled. A page begins where the one before ended: `start` is its last start plus the interval, or `end` its first.',
        parameters: [
          parameter('Instrument'),
          query('interval', 'Length of a candle. They begin at UTC\'s whole seconds, minutes, hours and days.', { type: 'string', enum: [...INTERVALS], default: CANDLES_INTERVAL_DEFAULT }, '1m'),
          query('start', 'Candles that begin at this moment or later. UTC, a date or a time with seconds.', moment, '2026-01-31T00:00:00Z'),
          query('end', 'Candles that begin before this moment.', moment),
          query('limit', 'Candles in one page.', wholeNumber(limits.candlesLimitMax, CANDLES_LIMIT_DEFAULT), 100),
          query('fill', 'previous: a flat candle without volume, at the price of the close before it, where nothing was traded.', { type: 'string', enum: ['previous'] }),
        ],
        answers: {
          200: success('One page, with everything that was acknowledged before the call.', ref('Candles'), candlesExample),
          ...plain([...ANY_PARAMETERS, ...ANY_READ, 'instrument_not_found']),
        },
      }),
    },
    '/public/ticker': {
      get: call({
        operationId: 'getTicker', tag: 'Market data', summary: 'Last trade, best prices and the last 24 hours',
        description: 'The 24 hours slide by whole minutes: they are the minute under way and the 1,439 before it.',
        parameters: [parameter('Instrument')],
        answers: {
          200: success('The ticker with everything that was acknowledged before the call.', ref('Ticker'), tickerExample),
          ...plain([...ANY_PARAMETERS, ...ANY_READ, 'instrument_not_found']),
        },
      }),
    },
    '/public/orders/{order_id}': {
      get: call({
        operationId: 'getOrder', tag: 'Market data', summary: 'An order with all its trades, open or done',
        parameters: [parameter('OrderId')],
        answers: {
          200: success('The order.', ref('OrderWithTrades'), orderWithTradesExample),
          ...plain([...ANY_PARAMETERS, ...ANY_READ, 'order_not_found']),
        },
      }),
    },
    '/public/instruments': {
      get: call({
        operationId: 'getInstruments', tag: 'Market data', summary: 'What is traded: steps, limits and state',
        answers: { 200: success('All instruments.', ref('Instruments'), instrumentsExample), ...plain(ANY_PARAMETERS) },
      }),
    },
    '/stream': {
      get: call({
        operationId: 'openStream', tag: 'Market data', summary: 'A WebSocket: book snapshots and deltas, trades and orders as they happen',
        description: 'Without parameters it gives everything.',
        parameters: streamParameters(limits),
        answers: { 101: { description: 'The WebSocket is open.' }, ...plain(['upgrade_required', 'too_many_streams', 'streams_full']) },
      }),
    },
    '/public/stream': {
      get: call({
        operationId: 'openEventStream', tag: 'Market data', summary: 'The stream as server-sent events, for browsers and curl',
        description: 'The messages of `/stream`: `event` is the type, `data` the message as JSON, `id` where the client stands after it. Who '
          + 'connects again with that id as `Last-Event-ID` or `since` gets what came in between, nothing twice. A last event `close` carries the reason when the service ends it; a client that is too slow to read up to there is cut off without it. Without parameters it gives everything.',
        parameters: [
          ...streamParameters(limits),
          { name: 'Last-Event-ID', in: 'header', required: false, schema: { type: 'string' }, description: 'Id of the last event that the client has got; it wins over `since`.' },
        ],
        answers: {
          200: successText('Events, until one side closes.', 'text/event-stream'),
          ...plain([...ANY_PARAMETERS, 'too_many_streams', 'streams_full']),
        },
      }),
    },
    '/healthz': {
      get: call({
        operationId: 'getHealth', tag: 'Operation', summary: 'Whether the process is alive',
        answers: { 200: success('It is.', ref('Health'), { status: 'ok' }), ...plain([]) },
      }),
    },
    '/readyz': {
      get: call({
        operationId: 'getReadiness', tag: 'Operation', summary: 'Whether it takes orders, and how its dependencies are',
        answers: {
          200: success('It does.', ref('Readiness'), readinessExample),
          ...plain([]),
          503: withReadiness(),
        },
      }),
    },
    '/metrics': {
      get: call({
        operationId: 'getMetrics', tag: 'Operation', summary: 'Prometheus metrics',
        answers: { 200: successText('The metrics in Prometheus\' text format.', 'text/plain'), ...plain([]) },
      }),
    },
    '/openapi.json': {
      get: call({
        operationId: 'getOpenapi', tag: 'Operation', summary: 'This document',
        answers: {
          200: {
            description: 'OpenAPI 3.1.',
            content: { 'application/json': { schema: { type: 'object', required: ['openapi', 'info', 'paths'] } } },
          },
          ...plain([]),
        },
      }),
    },
    '/asyncapi.json': {
      get: call({
        operationId: 'getAsyncapi', tag: 'Operation', summary: 'The contract of the stream',
        answers: {
          200: {
            description: 'AsyncAPI 3.',
            content: { 'application/json': { schema: { type: 'object', required: ['asyncapi', 'info', 'channels'] } } },
          },
          ...plain([]),
        },
      }),
    },
    '/docs': {
      get: call({
        operationId: 'getDocs', tag: 'Operation', summary: 'A page to read and try this document',
        answers: { 200: successText('The page.', 'text/html') },
      }),
    },
  };
}

/** Not ready is told in the readiness document; a service that shuts down may refuse the call before it. */
function withReadiness(): Schema {
  const refused = refusals(['shutting_down', 'engine_unavailable'])[503] as { headers: Schema; content: Schema };
  const { 'Retry-After': _retryAfter, ...headers } = refused.headers;
  return {
    description: 'It does not, and why. While it shuts down: `shutting_down`.',
    headers,
    content: {
      'application/json': {
        schema: ref('Readiness'),
        examples: { answer: { value: { ...readinessExample, status: 'not_ready', problem: 'shard_frozen', shard: { ...readinessExample.shard, state: 'frozen' } } } },
      },
      ...refused.content,
    },
  };
}
