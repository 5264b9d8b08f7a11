import type { StreamMessages } from './contract';

/** The stream's messages by the names that a reader of it uses. */

export type SnapshotMessage = StreamMessages['orderbook_snapshot'];
/** Absolute quantities; "0" takes a level away. */
export type DeltaMessage = StreamMessages['orderbook_delta'];
export type TradeMessage = StreamMessages['trade'];
export type OrderMessage = StreamMessages['order'];
export type TickerMessage = StreamMessages['ticker'];
export type CandleMessage = StreamMessages['candle'];
/** All that an account has. */
export type BalancesSnapshotMessage = StreamMessages['balances_snapshot'];
/** What an account has of the assets that changed. */
export type BalancesMessage = StreamMessages['balances'];
/** An instrument after it was made or changed. */
export type InstrumentMessage = StreamMessages['instrument'];
/** What a call auction would come to. */
export type AuctionMessage = StreamMessages['auction'];
export type FillMessage = StreamMessages['fill'];
/** Something is missing; fresh snapshots follow. */
export type ResyncMessage = StreamMessages['resync'];

/** What a reader of the stream gets. */
export type StreamMessage = SnapshotMessage | DeltaMessage | TradeMessage | OrderMessage | TickerMessage | CandleMessage
  | InstrumentMessage | AuctionMessage | BalancesSnapshotMessage | BalancesMessage | FillMessage | ResyncMessage;

export type SubscribedMessage = StreamMessages['subscribed'];

/** What the stream deals with itself. */
export type ControlMessage = Exclude<StreamMessages[keyof StreamMessages], StreamMessage>;
