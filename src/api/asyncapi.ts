import { CHANNELS } from '../domain/channels';
import { version } from '../version';
import { schemas } from './openapi/schemas';

type Schema = Readonly<Record<string, unknown>>;

const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const object = (properties: Record<string, unknown>): Schema => ({
  type: 'object', properties, required: Object.keys(properties), additionalProperties: false,
});
const levels = { type: 'array', items: { type: 'array', items: ref('Decimal'), minItems: 2, maxItems: 2 } };
const checksum = { type: 'integer', minimum: 0, maximum: 0xffffffff, description: 'CRC-32 over the ten best levels a side, by Kraken v2\'s rule.' };
const names = { type: 'array', items: { type: 'string' } };

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
  orderbook_delta: message('orderbook_delta', 'New totals of the levels that changed; "0" takes a level away.', true, object({
    first_sequence: ref('Sequence'),
    previous_sequence: { ...ref('Sequence'), description: 'Sequence of the book message before this one: a gap shows.' },
    bids: levels, asks: levels, checksum,
  })),
  trade: message('trade', 'A trade.', true, ref('Trade')),
  order: message('order', 'An order after it changed, without its trades.', true, ref('Order')),
  heartbeat: message('heartbeat', 'After each second of silence.', false, object({})),
  subscribed: message('subscribed', 'What the connection gets from here on.', false, object({ channels: names, instruments: names })),
  pong: message('pong', 'The answer to a ping.', false, object({})),
  error: message('error', 'A message of the client was not understood.', false, object({ code: { type: 'string' }, message: { type: 'string' } })),
  resync: message('resync', 'Something had to be skipped: fresh snapshots follow.', false, object({ reason: { type: 'string' } })),
  shutdown: message('shutdown', 'The service is about to close the connection.', false, object({ reason: { type: 'string' } })),
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
    properties: { op: { enum: ['subscribe', 'unsubscribe', 'ping'] }, ...subscription },
    required: ['op'],
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
        description: 'A WebSocket. Bare, it gets everything; the query parameters `channels` and `instruments` (lists with commas) narrow it.',
        messages: { ...SENT, request: REQUEST },
      },
    },
    operations: {
      send: { action: 'send', channel: { $ref: '#/channels/stream' }, messages: Object.keys(SENT).map(messageRef) },
      receive: { action: 'receive', channel: { $ref: '#/channels/stream' }, messages: [messageRef('request')] },
    },
    components: { schemas: schemas(batchOperationsMax) },
  };
}
