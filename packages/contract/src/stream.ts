import {
  answer, either, flag, growingWord, integer, list, named, optional, orNull, request, required, string, texts, word,
  type Shape,
} from './language';
import { DisconnectRule } from './controls';
import { BatchResults, Order, OrderList, OrderWithTrades, Problem } from './orders';
import { AuctionFields, InstrumentData } from './instruments';
import { CHECKSUM_MAX, Candle, Level, TickerFields, Trade } from './market';
import { Balance, Fill } from './money';
import { Username } from './people';
import { AccountName, InstrumentName, Interval, Sequence, Time } from './values';
import { CHANNELS, ENTRY_ID_LENGTH_MAX } from './words';

/** The messages of the stream and of order entry: each once. */

/** A message of the stream. Those of one instrument name it, the others carry null. */
export interface StreamMessageShape {
  readonly summary: string;
  readonly ofInstrument: boolean;
  readonly data: Shape;
}

export const Channel = named('Channel', word(CHANNELS));

const epoch = required(string(), 'Life of the shard: sequences of one epoch are never used twice.');
const LIMITED_DEPTH = 'Levels of each side that books are limited to.';

export const BookData = answer('BookData', {
  bids: required(list(Level), 'Best first.'),
  asks: required(list(Level), 'Best first.'),
  checksum: required(integer({ min: 0, max: CHECKSUM_MAX }), 'CRC-32 over the ten best levels a side that the client holds, by Kraken v2\'s rule, after this message.'),
});

export const DeltaData = answer('DeltaData', {
  first_sequence: required(Sequence),
  previous_sequence: required(Sequence, 'Sequence of the book message before this one: a gap shows.'),
}, { parts: [BookData] });

export const CandleData = answer('CandleData', {
  interval: required(Interval),
  closed: required(flag(), 'Whether its time is over: nothing more comes to it.'),
}, { parts: [Candle] });

export const BalancesData = answer('BalancesData', {
  account_id: required(AccountName),
  balances: required(list(Balance), 'By asset.'),
});

export const FillData = answer('FillData', { account_id: required(AccountName) }, { parts: [Fill] });

const Subscription = answer('Subscription', {
  channel: required(Channel),
  instruments: optional(list(InstrumentName), 'Of a channel of instruments.'),
  accounts: optional(list(AccountName), 'Of a channel of accounts.'),
  depth: optional(integer({ min: 1 }), LIMITED_DEPTH),
});

/** What the service sends over `/stream`, by type. */
export const STREAM_MESSAGES = {
  orderbook_snapshot: { summary: 'A whole book, best levels first: on subscribing, and behind a resync.', ofInstrument: true, data: BookData },
  orderbook_delta: {
    summary: 'New totals of the levels that changed; "0" takes a level away. With a depth, also of those that came among the best levels or left them.',
    ofInstrument: true, data: DeltaData,
  },
  trade: { summary: 'A trade.', ofInstrument: true, data: Trade },
  order: { summary: 'An order after it changed, without its trades.', ofInstrument: true, data: Order },
  ticker: { summary: 'The ticker after it changed, at most once a turn; on subscribing, as it is.', ofInstrument: true, data: TickerFields },
  candle: { summary: 'A candle with new trades, or one that is over: `closed`, once. On subscribing, the last one of each interval.', ofInstrument: true, data: CandleData },
  instrument: { summary: 'An instrument after it was made or changed; on subscribing, as it is.', ofInstrument: true, data: InstrumentData },
  auction: { summary: 'What a call auction would come to after that changed, at most ten times a second; on subscribing, as it is.', ofInstrument: true, data: AuctionFields },
  balances_snapshot: { summary: 'What an account has, of every asset that it ever had: on subscribing, and behind a resync.', ofInstrument: false, data: BalancesData },
  balances: { summary: 'What an account has behind an entry of the log, of the assets that the entry touched.', ofInstrument: false, data: BalancesData },
  fill: { summary: 'A trade as one of its accounts sees it; one of an account with itself is two of them.', ofInstrument: true, data: FillData },
  heartbeat: { summary: 'After each second of silence.', ofInstrument: false, data: answer(null, { epoch }) },
  subscribed: { summary: 'What the connection gets from here on.', ofInstrument: false, data: answer(null, { subscriptions: required(list(Subscription)), epoch }) },
  pong: { summary: 'The answer to a ping.', ofInstrument: false, data: answer(null, { epoch }) },
  authenticated: {
    summary: 'The connection is a caller\'s from here on.', ofInstrument: false,
    data: answer(null, { username: required(Username), account_id: required(orNull(AccountName), 'The caller\'s own account.'), epoch }),
  },
  error: {
    summary: 'A message of the client was not understood, or asks for too much.', ofInstrument: false,
    data: answer(null, { code: required(growingWord(['malformed_json', 'validation_failed', 'subscription_limit', 'rate_limited', 'funds_off', 'unauthenticated', 'invalid_token', 'token_expired', 'wrong_token_type', 'session_ended', 'user_suspended', 'invalid_api_key', 'timestamp_out_of_window', 'signature_reused', 'account_not_found', 'forbidden', 'auth_off'])), message: required(string()), epoch }),
  },
  resumed: {
    summary: 'What was missed behind `since` has been told, books included. Cut off before this, go on from the same sequence as before.',
    ofInstrument: false, data: answer(null, { since: required(Sequence), epoch }),
  },
  resync: {
    summary: 'Something had to be skipped: trades, orders and fills are missing, fresh snapshots follow.', ofInstrument: false,
    data: answer(null, {
      reason: required(growingWord(['market_data_interrupted', 'slow_consumer', 'since_too_old', 'since_in_future', 'other_life', 'history_unavailable'])), epoch,
    }),
  },
  shutdown: { summary: 'The service is about to close the connection.', ofInstrument: false, data: answer(null, { reason: required(string()), epoch }) },
} as const satisfies Readonly<Record<string, StreamMessageShape>>;

export type StreamMessageType = keyof typeof STREAM_MESSAGES;

/** The whole of a stream's message. */
export function streamMessageShape(type: StreamMessageType): Shape {
  const { ofInstrument, data } = STREAM_MESSAGES[type];
  return request(null, {
    type: required(word([type])),
    instrument: required(ofInstrument ? InstrumentName : { kind: 'null' }),
    sequence: required(Sequence),
    timestamp: required(Time),
    data: required(data),
  });
}

/** Where to go on from. */
export const StreamSince = either([integer({ min: 0 }), string()]);

/** What a client wishes to follow. `StreamQuery` is the same as a query has it. */
export const StreamWish = request(null, {
  channels: optional(list(Channel, { min: 1, unique: true })),
  instruments: optional(list(InstrumentName, { min: 1, unique: true })),
  accounts: optional(list(AccountName, { min: 1, max: { limit: 'streamAccountsMax' }, unique: true }), 'For the channels balances and fills, which are of accounts: there it has to be.'),
  depth: optional(integer({ min: 1, max: { limit: 'orderbookLevelsMax' } }), LIMITED_DEPTH),
  since: optional(
    StreamSince,
    'Goes on behind this sequence instead of beginning with snapshots: trades, orders, fills and balances one by one, books as one delta. '
      + 'As text also `epoch:sequence:0:sequence`, which a shard that was rebuilt can tell from its own.',
  ),
});

/** What clients send over `/stream`. */
export const StreamRequest = request(null, { op: required(word(['subscribe', 'unsubscribe', 'ping'])) }, { parts: [StreamWish] });

/** Who a client is, over `/stream` and `/orders`: a token, or an API key's signature over the timestamp, GET and the path of the handshake. */
export const AuthRequest = request(null, {
  op: required(word(['auth'])),
  token: optional(string(), 'An access token.'),
  key: optional(string(), 'An API key.'),
  timestamp: optional(either([integer(), string()]), 'Milliseconds since 1970.'),
  signature: optional(string(), 'Base64.'),
  window: optional(either([integer(), string()]), 'Milliseconds by which the timestamp may differ.'),
}, { rules: [{ rule: 'one', of: ['token', 'key'] }, { rule: 'needs', field: 'key', other: 'signature' }] });

/** Fields of a request that say where to begin, and how deep: no other one may have them. */
export const ONLY_TO_SUBSCRIBE = ['depth', 'since'] as const;

const entryText = { kind: 'text', max: ENTRY_ID_LENGTH_MAX } as const;

/** A request of order entry: the operations of a batch, each with an id of the client's. */
export const EntryRequest = answer(null, {
  id: required(either([entryText, integer()])),
  op: required(word(['place', 'cancel', 'amend', 'batch', 'place_list', 'cancel_list', 'cancel_on_disconnect'])),
}, {
  description: 'The fields beside `id` are those of the operation as a batch has it; of a batch, `operations`; of a list, those of its call, a cancel\'s with the `list_id`; of `cancel_on_disconnect`, `client_id` and `enabled`.',
});

export const EntryAnswer = request(null, {
  id: required(either([entryText, integer(), { kind: 'null' }]), 'That of the request; null where it had none that can be told.'),
  status: required(integer({ min: 200, max: 599 })),
  body: required(either([OrderWithTrades, OrderList, Problem, BatchResults, DisconnectRule])),
  headers: optional(texts(), 'Such as `Idempotency-Replayed` and `Retry-After`; left out when there is none.'),
});
