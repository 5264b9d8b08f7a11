import type { ResultCode } from '../domain/result-code';
import { CHECKSUM_LEVELS, bookChecksum } from '../domain/checksum';
import type { AuctionView } from '../domain/auction';
import type { Candle, Interval } from '../domain/candle';
import type { InstrumentRules } from '../domain/instrument-rules';
import type { Instrument } from '../domain/instruments';
import type { Balance } from '../domain/money';
import type { AccountFill } from '../domain/money-history';
import type { Order, Trade } from '../domain/order';
import type { BookReplica } from '../market/book-replica';
import type { FeedDelta } from './feed-delta';
import type { Subscription } from './subscriptions';

/** What the stream has to tell, in no dialect: numbers as the domain has them. */
export type News = MarketNews | DeltaNews | NoticeNews;
export type MarketNews = TradeNews | OrderNews | SnapshotNews | FillNews | BalancesNews | InstrumentNews | ChannelNews;
/** Of the channels that another market listener feeds. */
export type ChannelNews = TickerNews | CandleNews | InstrumentNews | AuctionNews;

type Level = readonly [priceTicks: number, quantityLots: number];

interface Of {
  readonly instrument: Instrument;
  readonly sequence: number;
  /** Microseconds since 1970. */
  readonly timeUs: number;
}

export interface TradeNews extends Of {
  readonly kind: 'trade';
  readonly trade: Trade;
}

export interface OrderNews extends Of {
  readonly kind: 'order';
  readonly order: Order;
}

/** An instrument as it became, or as it is. */
export interface InstrumentNews extends Of {
  readonly kind: 'instrument';
  readonly rules: InstrumentRules;
}

/** What a call auction would come to. */
export interface AuctionNews extends Of {
  readonly kind: 'auction';
  readonly auction: Pick<AuctionView, 'rules' | 'lastTicks' | 'crossing'>;
}

/** A trade as one of its accounts sees it. */
export interface FillNews extends Of {
  readonly kind: 'fill';
  readonly account: string;
  readonly fill: AccountFill;
}

/** What an account has, of all assets that it ever had or of those that changed. */
export interface BalancesNews {
  readonly kind: 'balances';
  readonly isWhole: boolean;
  readonly account: string;
  /** By asset. */
  readonly balances: readonly Balance[];
  readonly sequence: number;
  readonly timeUs: number;
}

/** A book as it is, to the depth that is followed. */
export interface SnapshotNews extends Of {
  readonly kind: 'snapshot';
  /** Best first. */
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
  readonly checksum: number;
}

export interface DeltaNews {
  readonly kind: 'delta';
  readonly delta: FeedDelta;
  /** Of the book as it is after the delta. */
  readonly checksum: number;
}

export interface TickerNews extends Of {
  readonly kind: 'ticker';
  /** The last trade ever; null before the first. */
  readonly last: Trade | null;
  readonly bid: Level | undefined;
  readonly ask: Level | undefined;
  /** The trades of the last 24 hours in one; null without any. */
  readonly day: Candle | null;
}

export interface CandleNews extends Of {
  readonly kind: 'candle';
  readonly interval: Interval;
  readonly candle: Candle;
  readonly isClosed: boolean;
}

/** About the connection. */
export interface NoticeNews {
  readonly kind: 'notice';
  readonly notice: Notice;
  /** Up to where everything has been told. */
  readonly epoch: string;
  readonly sequence: number;
  readonly timeUs: number;
}

/** What a client calls its own request, to know the answer by; null when it does not. */
export type Reference = string | number | null;

export type Notice =
  | { readonly is: 'subscribed'; readonly subscriptions: readonly Subscription[]; readonly reference: Reference }
  | { readonly is: 'pong'; readonly reference: Reference }
  /** From now on the connection is a caller's. */
  | { readonly is: 'authenticated'; readonly username: string; readonly account: string | null; readonly reference: Reference }
  | { readonly is: 'refused'; readonly refusal: Refusal }
  /** Something was skipped: everything is told anew. */
  | { readonly is: 'resync'; readonly reason: ResyncReason }
  /** What was missed since a sequence has been told. */
  | { readonly is: 'resumed'; readonly since: number }
  | { readonly is: 'heartbeat' }
  | { readonly is: 'shutdown' };

/** Why missed messages are not told one by one. */
export type ResumeRefusal = 'since_too_old' | 'since_in_future' | 'other_life' | 'history_unavailable' | 'market_data_interrupted';
export type ResyncReason = ResumeRefusal | 'slow_consumer';

/** Why a request is not carried out. */
export type Refusal = Unreadable
  | { readonly code: 'subscription_limit'; readonly subscriptionsMax: number; readonly reference: Reference }
  | { readonly code: 'rate_limited'; readonly messagesPerSecond: number; readonly reference: Reference };

/** Why somebody may not follow something, or is not whom it says. */
export type StreamDenial = Extract<ResultCode,
  | 'unauthenticated' | 'invalid_token' | 'token_expired' | 'wrong_token_type' | 'session_ended' | 'user_suspended' | 'invalid_api_key' | 'timestamp_out_of_window'
  | 'signature_reused' | 'account_not_found' | 'forbidden' | 'auth_off' | 'people_unavailable'>;

/** A request that its dialect does not understand, or that is of what the venue does not keep. */
export interface Unreadable {
  readonly code: 'malformed_json' | 'validation_failed' | 'funds_off' | StreamDenial;
  /** What of the request it is about: the message begins with it. */
  readonly field?: string;
  readonly message: string;
  readonly reference: Reference;
}

/** @param levels of each side */
export function checksumOf(book: BookReplica, instrument: Instrument, levels: number): number {
  return levels >= CHECKSUM_LEVELS ? book.checksum(instrument) : bookChecksum(book.bids.top(levels), book.asks.top(levels), instrument);
}
