import { CHANNELS } from '../domain/channels';
import { version } from '../version';
import { schemas, streamCandleProperties, tickerProperties } from './openapi/schemas';

/** Characters of a request's id in order entry. */
export const ENTRY_ID_LENGTH_MAX = 64;

type Schema = Readonly<Record<string, unknown>>;

const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const object = (properties: Record<string, unknown>): Schema => ({
  type: 'object', properties, required: Object.keys(properties), additionalProperties: false,
});
const levels = { type: 'array', items: { type: 'array', items: ref('Decimal'), minItems: 2, maxItems: 2 } };
const checksum = { type: 'integer', minimum: 0, maximum: 0xffffffff, description: 'CRC-32 over the ten best levels a side that the client holds, by Kraken v2\'s rule.' };
const epoch = { type: 'string', description: 'Life of the shard: sequences of one epoch are never used twice.' };
const depth = { type: 'integer', minimum: 1, description: 'Levels of each side that books are limited to.' };

/** A message of the stream; those of one instrument name it, the others carry null. */
function message(type: string, summary: string, ofInstrument: boolean, data: Schema): Schema {
  return {
    name: type,
    summary,
    contentType: 'application/json',
    payload: object({
      type: { const: type },
      instrument: ofInstrument ? ref('InstrumentName') : { type: 'null' },
      sequence: ref('Sequence'),
      timestamp: ref('Time'),
      data,
    }),
  };
}

/** What the service sends over `/stream`, by type. */
const SENT: Record<string, Schema> = {
  orderbook_snapshot: message('orderbook_snapshot', 'A whole book, best levels first: on subscribing, and behind a resync.', true,
    object({ bids: levels, asks: levels, checksum })),
  orderbook_delta: message('orderbook_delta', 'New totals of the levels that changed; "0" takes a level away. With a depth, also of those that came among the best levels or left them.', true, object({
    first_sequence: ref('Sequence'),
    previous_sequence: { ...ref('Sequence'), description: 'Sequence of the book message before this one: a gap shows.' },
    bids: levels, asks: levels, checksum,
  })),
  trade: message('trade', 'A trade.', true, ref('Trade')),
  order: message('order', 'An order after it changed, without its trades.', true, ref('Order')),
  ticker: message('ticker', 'The ticker after it changed, at most once a turn; on subscribing, as it is.', true, object(tickerProperties)),
  candle: message('candle', 'A candle with new trades, or one that is over: `closed`, once. On subscribing, the last one of each interval.', true,
    object(streamCandleProperties)),
  heartbeat: message('heartbeat', 'After each second of silence.', false, object({ epoch })),
  subscribed: message('subscribed', 'What the connection gets from here on.', false, object({
    subscriptions: {
      type: 'array',
      items: {
        type: 'object',
        properties: { channel: { enum: [...CHANNELS] }, instruments: { type: 'array', items: ref('InstrumentName') }, depth },
        required: ['channel', 'instruments'],
        additionalProperties: false,
      },
    },
    epoch,
  })),
  pong: message('pong', 'The answer to a ping.', false, object({ epoch })),
  error: message('error', 'A message of the client was not understood, or asks for too much.', false, object({
    code: { enum: ['malformed_json', 'validation_failed', 'subscription_limit', 'rate_limited'] }, message: { type: 'string' }, epoch,
  })),
  resumed: message('resumed', 'What was missed behind `since` has been told, books included. Cut off before this, go on from the same sequence as before.', false, object({
    since: ref('Sequence'), epoch,
  })),
  resync: message('resync', 'Something had to be skipped: trades and orders are missing, fresh snapshots follow.', false, object({
    reason: {
      enum: ['market_data_interrupted', 'slow_consumer', 'since_too_old', 'since_in_future', 'other_life', 'history_unavailable'],
    },
    epoch,
  })),
  shutdown: message('shutdown', 'The service is about to close the connection.', false, object({ reason: { type: 'string' }, epoch })),
};

const subscription = {
  channels: { type: 'array', items: { enum: [...CHANNELS] }, minItems: 1, uniqueItems: true },
  instruments: { type: 'array', items: ref('InstrumentName'), minItems: 1, uniqueItems: true },
};

const REQUEST = {
  name: 'request',
  summary: 'Subscribe, unsubscribe or ping.',
  contentType: 'application/json',
  payload: {
    type: 'object',
    properties: {
      op: { enum: ['subscribe', 'unsubscribe', 'ping'] },
      ...subscription,
      depth,
      since: {
        type: ['integer', 'string'],
        description: 'Goes on behind this sequence instead of beginning with snapshots: trades and orders one by one, books as one delta. '
          + 'As text also `epoch:sequence:0:sequence`, which a shard that was rebuilt can tell from its own.',
      },
    },
    required: ['op'],
    additionalProperties: false,
    // Where to begin and how deep is a matter of subscribing.
    if: { properties: { op: { enum: ['unsubscribe', 'ping'] } } },
    then: { properties: { depth: false, since: false } },
  },
};

/** Requests of order entry and their answers: the operations of a batch, each with an id of the client's. */
const ENTRY_ID = { oneOf: [{ type: 'string', minLength: 1, maxLength: ENTRY_ID_LENGTH_MAX }, { type: 'integer' }] };

const ENTRY_REQUEST = {
  name: 'request',
  summary: 'An operation, or a batch of them.',
  contentType: 'application/json',
  payload: {
    type: 'object',
    properties: { id: ENTRY_ID, op: { enum: ['place', 'cancel', 'amend', 'batch'] } },
    required: ['id', 'op'],
    description: 'The fields beside `id` are those of the operation as a batch has it; of a batch, `operations`.',
  },
};

const ENTRY_ANSWER = {
  name: 'answer',
  summary: 'What the HTTP call would have answered.',
  contentType: 'application/json',
  payload: {
    type: 'object',
    properties: {
      id: { ...ENTRY_ID, oneOf: [...ENTRY_ID.oneOf, { type: 'null' }], description: 'That of the request; null where it had none that can be told.' },
      status: { type: 'integer', minimum: 200, maximum: 599 },
      body: { oneOf: [ref('OrderWithTrades'), ref('Problem'), ref('BatchResults')] },
      headers: { type: 'object', additionalProperties: { type: 'string' }, description: 'Such as `Idempotency-Replayed` and `Retry-After`; left out when there is none.' },
    },
    required: ['id', 'status', 'body'],
    additionalProperties: false,
  },
};

const messageRef = (name: string): Schema => ({ $ref: `#/channels/stream/messages/${name}` });

/** The contract of the stream as an AsyncAPI 3 document. @param batchOperationsMax for the schemas it shares with OpenAPI */
export function createAsyncapiDocument(batchOperationsMax: number): Readonly<Record<string, unknown>> {
  return {
    asyncapi: '3.0.0',
    info: { title: 'Openfill stream', version, description: 'Trades, order updates and book changes as they happen.', license: { name: 'MIT' } },
    channels: {
      stream: {
        address: '/stream',
        description: 'A WebSocket. Bare, it gets everything; the query parameters `channels` and `instruments` (lists with commas) narrow it, '
          + '`depth` limits books to their best levels, `since` goes on behind a sequence. The same messages are served at `/public/stream` as '
          + 'server-sent events. A client that is too slow is closed with 1008 `slow_consumer`; one that does not even read up to that is cut off '
          + 'without it.',
        messages: { ...SENT, request: REQUEST },
      },
      orders: {
        address: '/orders',
        description: 'A WebSocket for order entry. Many requests may be in flight; each is answered once.',
        messages: { request: ENTRY_REQUEST, answer: ENTRY_ANSWER },
      },
    },
    operations: {
      send: { action: 'send', channel: { $ref: '#/channels/stream' }, messages: Object.keys(SENT).map(messageRef) },
      receive: { action: 'receive', channel: { $ref: '#/channels/stream' }, messages: [messageRef('request')] },
      carryOut: {
        action: 'receive', channel: { $ref: '#/channels/orders' }, messages: [{ $ref: '#/channels/orders/messages/request' }],
        reply: { channel: { $ref: '#/channels/orders' }, messages: [{ $ref: '#/channels/orders/messages/answer' }] },
      },
    },
    components: { schemas: schemas(batchOperationsMax) },
  };
}
