import type { Candle, Interval, Level, Order, TickerFields, Time, Trade } from './contract';

/** What the stream says, by the names of its contract (`/asyncapi.json`). */

export type Channel = 'orderbook' | 'trades' | 'orders' | 'ticker' | 'candles';

interface Message<Type extends string, Data, Instrument extends string | null = string> {
  readonly type: Type;
  readonly instrument: Instrument;
  /** In the venue's log: everything up to the sequence before it has been told. */
  readonly sequence: number;
  readonly timestamp: Time;
  readonly data: Data;
}

type Control<Type extends string, Data = unknown> = Message<Type, Data & {
  /** Life of the shard: within one, a sequence is never used twice. */
  readonly epoch: string;
}, null>;

export interface BookData {
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
  /** Of the book after this message. */
  readonly checksum: number;
}

export type SnapshotMessage = Message<'orderbook_snapshot', BookData>;
/** Absolute quantities; "0" takes a level away. */
export type DeltaMessage = Message<'orderbook_delta', BookData & { readonly first_sequence: number; readonly previous_sequence: number }>;
export type TradeMessage = Message<'trade', Trade>;
export type OrderMessage = Message<'order', Order>;
export type TickerMessage = Message<'ticker', TickerFields>;
export type CandleMessage = Message<'candle', Candle & {
  readonly interval: Interval;
  /** Its time is over: nothing more comes to it. */
  readonly closed: boolean;
}>;
/** Something is missing; fresh snapshots follow. */
export type ResyncMessage = Control<'resync', { readonly reason: string }>;

/** What a reader of the stream gets. */
export type StreamMessage = SnapshotMessage | DeltaMessage | TradeMessage | OrderMessage | TickerMessage | CandleMessage | ResyncMessage;

export type SubscribedMessage = Control<'subscribed', {
  readonly subscriptions: readonly { readonly channel: Channel; readonly instruments: readonly string[]; readonly depth?: number }[];
}>;

/** What the stream deals with itself. */
export type ControlMessage =
  | SubscribedMessage
  | Control<'heartbeat'>
  | Control<'pong'>
  | Control<'resumed', { readonly since: number }>
  | Control<'error', { readonly code: string; readonly message: string }>
  | Control<'shutdown', { readonly reason: string }>;

