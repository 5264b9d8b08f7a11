import { AMOUNT_MAX, AMOUNT_TEXT_LENGTH_MAX, PLAIN_DECIMAL } from '../../domain/amounts';
import { INTERVALS } from '../../domain/candle';
import { INSTRUMENT_NAME } from '../../domain/instruments';
import { REASON_CODE, SIDES, STATUS_CODE } from '../../domain/order';
import { RESULT_CODES } from '../../domain/result-code';
import {
  PRINTABLE,
} from '../schemas';
import { CLIENT_ID_LENGTH_MAX, CLIENT_ORDER_ID_LENGTH_MAX, IDEMPOTENCY_KEY_LENGTH_MAX, INSTRUMENT_DEFAULT } from '../shapes';

/** What clients send and get, as JSON Schema. Bounds come from the constants that the service itself checks by. */

export type Schema = Readonly<Record<string, unknown>>;

export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

/** As Redis tells it; `empty` for a Redis without a shard, `unknown` for one that does not answer. */
const SHARD_STATES = ['open', 'frozen', 'recovering', 'faulted', 'empty', 'unknown'];

const ORDER_ID_EXAMPLE = '019c2b4e-7d10-7c3a-9f52-1b6f0a4f8e21';
const OTHER_ORDER_ID_EXAMPLE = '019c2b4e-7d05-7b9e-8a11-6a0d4c1f2b37';
const TIME_EXAMPLE = '2026-01-31T09:26:53.589793Z';

const text = (max: number, description: string, example: string): Schema => ({
  type: 'string', minLength: 1, maxLength: max, pattern: PRINTABLE.source, description, examples: [example],
});

const amount = (description: string, number: number, string: string): Schema => ({
  description: `${description} A JSON number or a decimal string, read digit by digit and never rounded: one that is finer `
    + 'than the instrument\'s step is refused, and so are signs, exponents and spaces. At most '
    + `${AMOUNT_MAX} steps, and what the instrument's own limits say.`,
  oneOf: [
    { type: 'number', exclusiveMinimum: 0 },
    { type: 'string', maxLength: AMOUNT_TEXT_LENGTH_MAX, pattern: PLAIN_DECIMAL.source, not: { pattern: '^[0.]*$' } },
  ],
  examples: [number, string],
});

const object = (properties: Record<string, Schema>, required: readonly string[], more: Record<string, unknown> = {}): Schema => ({
  type: 'object', properties, required, ...more,
});

/** A body, which is refused when it has a field too many. */
const body = (properties: Record<string, Schema>, required: readonly string[], more: Record<string, unknown> = {}): Schema =>
  object(properties, required, { additionalProperties: false, ...more });

const orNull = (schema: Schema): Schema => ({ oneOf: [schema, { type: 'null' }] });

const commonPlaceFields = {
  client_id: ref('ClientId'),
  instrument: { ...ref('InstrumentName'), default: INSTRUMENT_DEFAULT },
  side: { ...ref('Side') },
  quantity: ref('Quantity'),
  client_order_id: ref('ClientOrderId'),
  idempotency_key: ref('IdempotencyKey'),
  ack: {
    type: 'string', enum: ['redis', 'postgres'],
    description: 'Answer when Redis has the order on disk, or when Postgres holds it as well. The default is the server\'s setting.',
  },
};

const limitFields = {
  ...commonPlaceFields,
  type: { type: 'string', const: 'limit' },
  price: ref('Price'),
  time_in_force: {
    type: 'string', enum: ['gtc', 'ioc', 'fok'], default: 'gtc',
    description: 'gtc rests until filled or cancelled; ioc trades what it can at once and cancels the rest; fok trades all of it at once or nothing.',
  },
  post_only: { type: 'boolean', default: false, description: 'With gtc only: an order that would trade at once is rejected instead.' },
};

const marketFields = {
  ...commonPlaceFields,
  type: { type: 'string', const: 'market' },
  time_in_force: { type: 'string', const: 'ioc', default: 'ioc' },
  post_only: { type: 'boolean', const: false, default: false },
};

/** post_only is for gtc, which is the default. */
const postOnlyIsGtc = {
  if: { properties: { post_only: { const: true } }, required: ['post_only'] },
  then: { properties: { time_in_force: { const: 'gtc' } } },
};

const limitRequired = ['client_id', 'side', 'type', 'price', 'quantity'];
const marketRequired = ['client_id', 'side', 'type', 'quantity'];

const amendFields = {
  price: ref('Price'),
  quantity: { ...ref('Quantity'), description: 'The new total, what is filled already included.' },
  remaining_quantity: { ...ref('Quantity'), description: 'The new open part.' },
  idempotency_key: ref('IdempotencyKey'),
};

/** At least one of the three, and one way only to say how much. */
const amendRules = {
  anyOf: ['price', 'quantity', 'remaining_quantity'].map((field) => ({ required: [field] })),
  dependentSchemas: { quantity: { properties: { remaining_quantity: false } } },
};

const byOrderId = { order_id: ref('OrderId'), client_id: { ...ref('ClientId'), description: 'When given, the order must be this client\'s.' } };
const byClientOrderId = { client_id: ref('ClientId'), client_order_id: ref('ClientOrderId') };

const op = (name: string): Schema => ({ type: 'string', const: name });

const orderProperties: Record<string, Schema> = {
  order_id: ref('OrderId'),
  client_order_id: orNull(ref('ClientOrderId')),
  client_id: ref('ClientId'),
  instrument: ref('InstrumentName'),
  side: ref('Side'),
  type: { type: 'string', enum: ['limit', 'market'] },
  time_in_force: { type: 'string', enum: ['gtc', 'ioc', 'fok'] },
  post_only: { type: 'boolean' },
  price: { ...orNull(ref('Decimal')), description: 'null for a market order.' },
  quantity: ref('Decimal'),
  filled_quantity: ref('Decimal'),
  remaining_quantity: ref('Decimal'),
  average_price: { ...orNull(ref('Decimal')), description: 'Of what is filled, rounded half up to the price\'s decimals; null while nothing is.' },
  status: { type: 'string', enum: Object.keys(STATUS_CODE) },
  status_reason: { enum: [null, ...Object.keys(REASON_CODE)], description: 'Why a done order was not filled.' },
  sequence: { ...ref('Sequence'), description: 'Of the order\'s last change: what a stream message or a read with the same or a higher number contains.' },
  created_at: ref('Time'),
  updated_at: ref('Time'),
};

const tradeProperties: Record<string, Schema> = {
  trade_id: { type: 'integer', minimum: 1, description: 'Counts up by one for each instrument.' },
  price: ref('Decimal'),
  quantity: ref('Decimal'),
  maker_order_id: ref('OrderId'),
  taker_order_id: ref('OrderId'),
  executed_at: ref('Time'),
};

const all = (properties: Record<string, Schema>): string[] => Object.keys(properties);

/** Members of an answer that could not be made from all of history, because Postgres is away or behind. */
const staleness: Record<string, Schema> = {
  stale: { type: 'boolean', const: true, description: 'Present when history could not be read to its end.' },
  lag_entries: { type: ['integer', 'null'], minimum: 0, description: 'Log entries that history is behind by; null where that is not known.' },
  lag_seconds: { type: ['number', 'null'], minimum: 0, description: 'Age of the oldest of them.' },
};

const tradeExample = {
  trade_id: 77, price: '49999.50', quantity: '0.20000000',
  maker_order_id: OTHER_ORDER_ID_EXAMPLE, taker_order_id: ORDER_ID_EXAMPLE, executed_at: TIME_EXAMPLE,
};

export const orderExample = {
  order_id: ORDER_ID_EXAMPLE, client_order_id: 'my-7', client_id: 'client-A', instrument: INSTRUMENT_DEFAULT,
  side: 'buy', type: 'limit', time_in_force: 'gtc', post_only: false, price: '50000.00', quantity: '0.50000000',
  filled_quantity: '0.20000000', remaining_quantity: '0.30000000', average_price: '49999.50',
  status: 'partially_filled', status_reason: null, sequence: 1042, created_at: TIME_EXAMPLE, updated_at: TIME_EXAMPLE,
};

export const orderWithTradesExample = { ...orderExample, trades: [tradeExample] };

export const cancelledOrderExample = { ...orderWithTradesExample, status: 'cancelled', status_reason: 'requested', sequence: 1050 };

export const orderbookExample = {
  instrument: INSTRUMENT_DEFAULT, sequence: 1042, bids: [['50000.00', '0.30000000']], asks: [['50010.00', '1.25000000'], ['50010.50', '0.40000000']],
  checksum: 2795410927, timestamp: TIME_EXAMPLE,
};

export const tradesExample = { instrument: INSTRUMENT_DEFAULT, trades: [{ ...tradeExample, taker_side: 'buy' }] };

export const candlesExample = {
  instrument: INSTRUMENT_DEFAULT, interval: '1m',
  candles: [{
    start: '2026-01-31T09:26:00.000000Z', open: '49990.00', high: '50010.00', low: '49985.50', close: '49999.50', volume: '12.50000000', trades: 42,
  }],
};

export const tickerExample = {
  instrument: INSTRUMENT_DEFAULT, sequence: 1042, timestamp: TIME_EXAMPLE,
  last: '49999.50', last_quantity: '0.20000000', last_trade_id: 77, last_executed_at: TIME_EXAMPLE,
  bid: '49999.00', bid_quantity: '0.30000000', ask: '50010.00', ask_quantity: '1.25000000',
  open: '49500.00', high: '50120.00', low: '49310.50', change: '499.50', change_percent: '1.01',
  volume: '1250.75000000', quote_volume: '62350887.5000000000', trades: 8841,
};

export const instrumentsExample = {
  instruments: [{
    instrument: INSTRUMENT_DEFAULT, base: 'BTC', quote: 'USD', tick_size: '0.01', lot_size: '0.00000001',
    price_min: '0.01', price_max: '90071992547409.91', quantity_min: '0.00000001', quantity_max: '90071992.54740991', state: 'open',
  }],
};

export const readinessExample = {
  status: 'ready', problem: null, roles: ['api', 'writer'], redis: { status: 'up', reason: null, durability_problems: [] }, postgres: { status: 'up', durability_problems: [], setting_problems: [] },
  shard: { name: 'main', state: 'open', epoch: '99E_tvbY', sequence: 1042 },
  writer: { active: true, lag_entries: 0, lag_seconds: 0 }, market_data: { synced: true },
};

const candleProperties = {
  start: { ...ref('Time'), description: 'The candle holds the trades executed from here to the start of the next one.' },
  open: { ...ref('Decimal'), description: 'Price of the first trade.' }, high: ref('Decimal'), low: ref('Decimal'),
  close: { ...ref('Decimal'), description: 'Price of the last trade.' },
  volume: { ...ref('Decimal'), description: 'Σ quantity, exact.' },
  trades: { type: 'integer', minimum: 0, description: '0 only where a gap was filled.' },
};

const signedDecimal = { type: ['string', 'null'], pattern: '^-?[0-9]+(?:\\.[0-9]+)?$' };
const decimalOrNull = orNull(ref('Decimal'));

/** A ticker's content; the stream's message carries the same. */
export const tickerProperties = {
  last: { ...decimalOrNull, description: 'Price of the last trade; null, as all of it, before the first.' },
  last_quantity: decimalOrNull, last_trade_id: { type: ['integer', 'null'], minimum: 1 }, last_executed_at: orNull(ref('Time')),
  bid: { ...decimalOrNull, description: 'The best bid; null while there is none.' }, bid_quantity: decimalOrNull,
  ask: { ...decimalOrNull, description: 'The best ask; null while there is none.' }, ask_quantity: decimalOrNull,
  open: { ...decimalOrNull, description: 'Price of the first trade of the last 24 hours; null, as high, low and both changes, without a trade in them.' },
  high: decimalOrNull, low: decimalOrNull,
  change: { ...signedDecimal, description: 'Last price less open.' },
  change_percent: { ...signedDecimal, description: 'Change in percent of open, to two decimals, halves away from zero.' },
  volume: { ...ref('Decimal'), description: 'Σ quantity of the last 24 hours, exact.' },
  quote_volume: { ...ref('Decimal'), description: 'Σ price × quantity of the last 24 hours, exact.' },
  trades: { type: 'integer', minimum: 0 },
};

/** A candle as the stream tells it. */
export const streamCandleProperties = {
  interval: { type: 'string', enum: [...INTERVALS] },
  ...candleProperties,
  closed: { type: 'boolean', description: 'Whether its time is over: nothing more comes to it.' },
};

export function schemas(batchOperationsMax: number): Record<string, Schema> {
  return {
    ClientId: text(CLIENT_ID_LENGTH_MAX, 'Who trades.', 'client-A'),
    ClientOrderId: text(CLIENT_ORDER_ID_LENGTH_MAX, 'The client\'s own name for an order, unique among its open orders.', 'my-7'),
    IdempotencyKey: text(IDEMPOTENCY_KEY_LENGTH_MAX, 'A request with a key that was used before gets the first answer again.', 'a-unique-uuid-12345'),
    InstrumentName: { type: 'string', pattern: INSTRUMENT_NAME.source, examples: [INSTRUMENT_DEFAULT] },
    OrderId: { type: 'string', format: 'uuid', description: 'UUIDv7, given by the venue.', examples: [ORDER_ID_EXAMPLE] },
    Side: { type: 'string', enum: [...SIDES] },
    Price: amount('Price of one unit, a multiple of the tick size.', 50000, '50000.00'),
    Quantity: amount('A multiple of the lot size.', 0.5, '0.50000000'),
    Decimal: { type: 'string', pattern: PLAIN_DECIMAL.source, description: 'With the instrument\'s own number of decimals.', examples: ['50000.00'] },
    Time: {
      type: 'string', format: 'date-time', pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{6}Z$', description: 'UTC, with microseconds.',
      examples: [TIME_EXAMPLE],
    },
    Sequence: { type: 'integer', minimum: 0, description: 'Number in the shard\'s log.' },

    LimitOrderRequest: body(limitFields, limitRequired, postOnlyIsGtc),
    MarketOrderRequest: body(marketFields, marketRequired),
    PlaceRequest: { oneOf: [ref('LimitOrderRequest'), ref('MarketOrderRequest')] },
    CancelRequest: body({ client_id: byOrderId.client_id, idempotency_key: ref('IdempotencyKey') }, []),
    AmendRequest: body({ ...amendFields, client_id: byOrderId.client_id }, [], amendRules),
    PlaceLimitOperation: body({ op: op('place'), ...limitFields }, ['op', ...limitRequired], postOnlyIsGtc),
    PlaceMarketOperation: body({ op: op('place'), ...marketFields }, ['op', ...marketRequired]),
    CancelOperation: {
      oneOf: [
        body({ op: op('cancel'), ...byOrderId, idempotency_key: ref('IdempotencyKey') }, ['op', 'order_id']),
        body({ op: op('cancel'), ...byClientOrderId, idempotency_key: ref('IdempotencyKey') }, ['op', 'client_id', 'client_order_id']),
      ],
    },
    AmendOperation: {
      oneOf: [
        body({ op: op('amend'), ...byOrderId, ...amendFields }, ['op', 'order_id'], amendRules),
        body({ op: op('amend'), ...byClientOrderId, ...amendFields }, ['op', 'client_id', 'client_order_id'], amendRules),
      ],
    },
    Operation: {
      oneOf: [ref('PlaceLimitOperation'), ref('PlaceMarketOperation'), ref('CancelOperation'), ref('AmendOperation')],
    },
    BatchRequest: body({
      operations: {
        type: 'array', minItems: 1, maxItems: batchOperationsMax,
        items: ref('Operation'),
        description: 'Applied in order. One that is not valid is answered with a 400 of its own and leaves the others alone.',
      },
    }, ['operations']),

    Order: object(orderProperties, all(orderProperties)),
    OrderTrade: object(tradeProperties, all(tradeProperties)),
    OrderWithTrades: object(
      { ...orderProperties, trades: { type: 'array', items: ref('OrderTrade'), description: 'Oldest first.' }, ...staleness },
      [...all(orderProperties), 'trades'],
    ),
    OrderPage: object({
      orders: { type: 'array', items: ref('Order'), description: 'Newest first.' },
      next_cursor: { ...orNull(ref('OrderId')), description: 'Give it as cursor to go on; null behind the last page.' },
      ...staleness,
    }, ['orders', 'next_cursor']),
    CancelledOrders: object({ cancelled: { type: 'array', items: ref('OrderId') } }, ['cancelled']),
    BatchResult: object({
      status: { type: 'integer', description: 'What the single call would have answered with.' },
      body: { oneOf: [ref('OrderWithTrades'), ref('Problem')] },
    }, ['status', 'body']),
    BatchResults: object({
      results: { type: 'array', items: ref('BatchResult'), minItems: 1, maxItems: batchOperationsMax, description: 'One for each operation, in their order.' },
    }, ['results']),

    Level: {
      type: 'array', prefixItems: [{ ...ref('Decimal'), description: 'Price.' }, { ...ref('Decimal'), description: 'Total quantity.' }],
      minItems: 2, maxItems: 2,
    },
    QueuedOrder: {
      type: 'array',
      prefixItems: [{ ...ref('Decimal'), description: 'Price.' }, { ...ref('Decimal'), description: 'Open quantity.' }, ref('OrderId')],
      minItems: 3, maxItems: 3,
    },
    Orderbook: object({
      instrument: ref('InstrumentName'),
      sequence: { ...ref('Sequence'), description: 'The book contains every change up to this one.' },
      bids: { type: 'array', items: { oneOf: [ref('Level'), ref('QueuedOrder')] }, description: 'Best (highest) first. Single orders at level 3, in queue order.' },
      asks: { type: 'array', items: { oneOf: [ref('Level'), ref('QueuedOrder')] }, description: 'Best (lowest) first.' },
      checksum: {
        type: 'integer', minimum: 0, maximum: 2 ** 32 - 1,
        description: 'CRC-32 over the ten best asks from the lowest, then the ten best bids from the highest: price and quantity of each level with the point and leading zeros removed, all joined.',
      },
      timestamp: { ...ref('Time'), description: 'Of the last change that it contains.' },
      truncated: { type: 'boolean', const: true, description: 'At level 3, where a side has more orders at these prices than are told.' },
    }, ['instrument', 'sequence', 'bids', 'asks', 'checksum', 'timestamp']),
    Trade: object({ ...tradeProperties, taker_side: ref('Side') }, [...all(tradeProperties), 'taker_side']),
    Trades: object({
      instrument: ref('InstrumentName'), trades: { type: 'array', items: ref('Trade'), description: 'Newest first.' }, ...staleness,
    }, ['instrument', 'trades']),
    Candle: object(candleProperties, all(candleProperties)),
    Candles: object({
      instrument: ref('InstrumentName'),
      interval: { type: 'string', enum: [...INTERVALS] },
      candles: { type: 'array', items: ref('Candle'), description: 'Oldest first.' },
      ...staleness,
    }, ['instrument', 'interval', 'candles']),
    Ticker: object({
      instrument: ref('InstrumentName'),
      sequence: { ...ref('Sequence'), description: 'It contains every change up to this one.' },
      timestamp: { ...ref('Time'), description: 'Of the last change that it contains.' },
      ...tickerProperties, ...staleness,
    }, ['instrument', 'sequence', 'timestamp', ...all(tickerProperties)]),
    Instrument: object({
      instrument: ref('InstrumentName'), base: { type: 'string' }, quote: { type: 'string' },
      tick_size: ref('Decimal'), lot_size: ref('Decimal'),
      price_min: ref('Decimal'), price_max: ref('Decimal'), quantity_min: ref('Decimal'), quantity_max: ref('Decimal'),
      state: { type: 'string', enum: SHARD_STATES, description: 'Orders are taken while it is open.' },
    }, ['instrument', 'base', 'quote', 'tick_size', 'lot_size', 'price_min', 'price_max', 'quantity_min', 'quantity_max', 'state']),
    Instruments: object({ instruments: { type: 'array', items: ref('Instrument') } }, ['instruments']),

    Health: object({ status: { type: 'string', const: 'ok' } }, ['status']),
    Readiness: object({
      status: { type: 'string', enum: ['ready', 'not_ready'] },
      problem: { type: ['string', 'null'], description: 'Why it is not ready.' },
      roles: { type: 'array', items: { type: 'string', enum: ['api', 'writer'] } },
      redis: object({
        status: { type: 'string', enum: ['up', 'down'] },
        reason: { type: ['string', 'null'], description: 'Why it cannot be reached, in one word that stays; null while it is up.' },
        durability_problems: { type: 'array', items: { type: 'string' }, description: 'Settings of Redis with which a power cut could lose orders.' },
      }, ['status', 'reason', 'durability_problems']),
      postgres: object({
        status: { type: 'string', enum: ['up', 'down'] },
        durability_problems: { type: 'array', items: { type: 'string' }, description: 'Settings of Postgres with which a crash could lose what was acknowledged.' },
        setting_problems: { type: 'array', items: { type: 'string' }, description: 'Settings of Postgres that can refuse, hang or slow down.' },
      }, ['status', 'durability_problems', 'setting_problems']),
      shard: object({
        name: { type: 'string' },
        state: { type: 'string', enum: SHARD_STATES },
        epoch: { type: ['string', 'null'], description: 'Names one unbroken life of the shard.' },
        sequence: orNull(ref('Sequence')),
      }, ['name', 'state', 'epoch', 'sequence']),
      writer: object({
        active: { type: ['boolean', 'null'], description: 'Whether this process is the one that writes to Postgres; null where that is another one.' },
        lag_entries: { type: ['integer', 'null'], minimum: 0 },
        lag_seconds: { type: ['number', 'null'], minimum: 0 },
      }, ['active', 'lag_entries', 'lag_seconds']),
      market_data: object({ synced: { type: 'boolean' } }, ['synced']),
    }, ['status', 'problem', 'roles', 'redis', 'postgres', 'shard', 'writer', 'market_data']),

    FieldError: object({ field: { type: 'string' }, message: { type: 'string' } }, ['field', 'message']),
    Problem: object({
      type: { type: 'string', format: 'uri', pattern: '^urn:openfill:problem:[a-z_]+$' },
      title: { type: 'string' },
      status: { type: 'integer', minimum: 400, maximum: 599 },
      detail: { type: 'string', description: 'For people; its wording may change.' },
      instance: { type: 'string', description: 'The request\'s id, as in X-Request-Id.' },
      code: { type: 'string', enum: Object.keys(RESULT_CODES), description: 'For programs; it stays.' },
      errors: { type: 'array', items: ref('FieldError'), minItems: 1, description: 'What is wrong with which field.' },
      order: { ...ref('OrderWithTrades'), description: 'With order_not_open: the order\'s final state.' },
      cancelled: { type: 'array', items: ref('OrderId'), description: 'With an interrupted cancel-all: what has been cancelled all the same.' },
    }, ['type', 'title', 'status', 'detail', 'instance', 'code'], { description: 'RFC 9457.' }),
  };
}
