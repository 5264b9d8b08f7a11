import {
  ACCOUNT_CHANNELS, EntryAnswer, EntryRequest, ONLY_TO_SUBSCRIBE, STREAM_MESSAGES, StreamRequest, streamMessageShape, type Limits, type Schema, type StreamMessageType,
} from '#openfill-contract';
import { version } from '../../../version';
import { schemaSet, type OpenapiLimits } from './openapi';

export { ENTRY_ID_LENGTH_MAX } from '#openfill-contract';

const FIELDS_OF_OTHERS = {
  if: { properties: { op: { enum: ['unsubscribe', 'ping'] } } },
  then: { properties: Object.fromEntries(ONLY_TO_SUBSCRIBE.map((name) => [name, false])) },
};

/** Where callers say who they are, those of the caller's own stand in for accounts that are not named. */
const ACCOUNTS_OF_CHANNELS = {
  if: { required: ['channels'], properties: { op: { const: 'subscribe' }, channels: { contains: { enum: ACCOUNT_CHANNELS } } } },
  then: { required: ['accounts'], properties: { accounts: true } },
};

/** Nobody has to say who they are: the venue is open. */
const OPEN: readonly Schema[] = [];

const ref = (place: string): Schema => ({ $ref: `#/${place}` });

/** The contract of the stream and of order entry as an AsyncAPI 3 document. */
export function createAsyncapiDocument(limits: Limits & Pick<OpenapiLimits, 'auth'>): Readonly<Record<string, unknown>> {
  const schemas = schemaSet(limits, false);
  const message = (name: string, summary: string, payload: Schema): Schema => ({ name, title: name, summary, contentType: 'application/json', payload });
  const sent = Object.fromEntries((Object.entries(STREAM_MESSAGES) as [StreamMessageType, { summary: string }][]).map(([type, { summary }]) => (
    [type, message(type, summary, schemas.of(streamMessageShape(type)))]
  )));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Openfill stream', version, description: 'Trades, order updates and book changes as they happen.',
      contact: { name: 'Openfill' }, license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
      tags: [{ name: 'Market data', description: 'What anyone may read.' }, { name: 'Orders', description: 'Placing and changing orders.' }],
    },
    defaultContentType: 'application/json',
    servers: { venue: { host: 'localhost:3000', protocol: 'ws', description: 'Where a venue serves that was told no other address.' } },
    channels: {
      stream: {
        address: '/stream',
        title: 'The stream',
        description: 'A WebSocket. Bare, it gets everything but what accounts have; the query parameters `channels` and `instruments` (lists with commas) narrow it, '
          + '`accounts` names those whose `balances` and `fills` are followed, `depth` limits books to their best levels, `since` goes on behind a sequence. The same messages are served at `/public/stream` as '
          + 'server-sent events. A client that is too slow is closed with 1008 `slow_consumer`; one that does not even read up to that is cut off '
          + 'without it.',
        messages: { ...sent, request: message('request', 'Subscribe, unsubscribe or ping.', {
          ...schemas.of(StreamRequest), allOf: [FIELDS_OF_OTHERS, ...schemas.asksWho ? [] : [ACCOUNTS_OF_CHANNELS]],
        }) },
      },
      orders: {
        address: '/orders',
        title: 'Order entry',
        description: 'A WebSocket for order entry. Many requests may be in flight; each is answered once.',
        messages: {
          request: message('request', 'An operation, or a batch of them.', schemas.of(EntryRequest)),
          answer: message('answer', 'What the HTTP call would have answered.', schemas.of(EntryAnswer)),
        },
      },
    },
    operations: {
      send: {
        action: 'send', title: 'What happens', description: 'Everything that the connection follows, as it happens.',
        security: OPEN, channel: ref('channels/stream'), messages: Object.keys(sent).map((type) => ref(`channels/stream/messages/${type}`)),
      },
      receive: {
        action: 'receive', title: 'What to follow', description: 'Changes what the connection gets.',
        security: OPEN, channel: ref('channels/stream'), messages: [ref('channels/stream/messages/request')],
      },
      carryOut: {
        action: 'receive', title: 'Order entry', description: 'Carries out an operation.',
        security: OPEN, channel: ref('channels/orders'), messages: [ref('channels/orders/messages/request')],
        reply: { channel: ref('channels/orders'), messages: [ref('channels/orders/messages/answer')] },
      },
    },
    components: { schemas: schemas.components },
  };
}
