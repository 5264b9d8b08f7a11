import type { AmountInput } from '../domain/amounts';
import type { FailureStep } from '../domain/commands';
import type { OrderWithTrades } from '../domain/refusal';
import type { Side, TimeInForce } from '../domain/order';
import type { ListType } from '../domain/order-list';
import type { StpMode } from '../domain/order-traits';
import type { DisplayedType } from '../domain/order-type';

/** What can be asked of the books, once a dialect has read it. Texts have been looked at, amounts only as to their type. */

/** What an acknowledgement waits for. */
export type AckAfter = 'redis' | 'postgres';

export interface PlaceRequest {
  readonly op: 'place';
  readonly clientId: string;
  readonly instrument: string;
  readonly side: Side;
  readonly type: DisplayedType;
  readonly timeInForce: TimeInForce;
  readonly postOnly: boolean;
  /** undefined for an order that trades at any price. */
  readonly price: AmountInput | undefined;
  /** What it waits for; absent for an order that waits for no price. */
  readonly stopPrice?: AmountInput | undefined;
  /** Of a trailing stop, one of the two: how far behind the best price it waits, and that as a percentage of the price. */
  readonly trailingOffset?: AmountInput | undefined;
  readonly trailingPercent?: AmountInput | undefined;
  /** undefined for an order by money. */
  readonly quantity: AmountInput | undefined;
  /** Of a market order instead of a quantity: what it may trade for, in the quote asset. */
  readonly quoteQuantity?: AmountInput | undefined;
  /** Of a market order: the fraction of the best price that it may take behind it. */
  readonly maxSlippage?: AmountInput | undefined;
  /** What the book shows of it at a time; undefined for all of it. */
  readonly displayQuantity?: AmountInput | undefined;
  /** When it ends by itself, in microseconds: with gtd. */
  readonly expiresUs?: number | undefined;
  /** undefined for the venue's own way. */
  readonly selfTradePrevention?: StpMode | 'none' | undefined;
  readonly clientOrderId: string | null;
  /** Idempotency key, null without one. */
  readonly key: string | null;
  /** undefined for the venue's own way. */
  readonly ackAfter: AckAfter | undefined;
  /** Its id (UUID in lower case) where that was decided beforehand; undefined for a new one. */
  readonly orderId?: string | undefined;
  /** Where it is to be made to fail, undefined for nowhere. */
  readonly failAt?: FailureStep | undefined;
}

/** What an order asks for, alone or in a list. */
export type OrderTerms = Pick<
  PlaceRequest,
  | 'side' | 'type' | 'timeInForce' | 'postOnly' | 'price' | 'stopPrice' | 'trailingOffset' | 'trailingPercent' | 'quantity' | 'quoteQuantity' | 'maxSlippage' | 'displayQuantity' | 'expiresUs'
  | 'selfTradePrevention' | 'clientOrderId'
>;

/** Orders that belong together. */
export interface ListRequest {
  readonly type: ListType;
  readonly clientId: string;
  readonly instrument: string;
  readonly orders: readonly OrderTerms[];
  readonly key: string | null;
  /** undefined for the venue's own way. */
  readonly ackAfter: AckAfter | undefined;
}

/** A list as it is told, its orders in their places. */
export interface OrderList {
  readonly listId: string;
  readonly type: ListType;
  readonly orders: readonly OrderWithTrades[];
}

/**
 * The order that a cancel or an amend means: by its id (UUID in lower case), and whose it must be, null for anybody's; or by
 * its client's own name for it.
 */
export type NamedOrder =
  | { readonly orderId: string; readonly clientId: string | null }
  | { readonly clientId: string; readonly clientOrderId: string };

export interface CancelRequest {
  readonly op: 'cancel';
  readonly order: NamedOrder;
  readonly key: string | null;
}

/** At least one of the amounts is there, and not both `quantity` and `remainingQuantity`. */
export interface AmendRequest {
  readonly op: 'amend';
  readonly order: NamedOrder;
  readonly price: AmountInput | undefined;
  /** New total, with what is filled. */
  readonly quantity: AmountInput | undefined;
  /** New open part. */
  readonly remainingQuantity: AmountInput | undefined;
  readonly stopPrice?: AmountInput | undefined;
  readonly trailingOffset?: AmountInput | undefined;
  readonly trailingPercent?: AmountInput | undefined;
  readonly key: string | null;
}

export type OrderRequest = PlaceRequest | CancelRequest | AmendRequest;

/** What came of a request: the order after it, and the trades that a place or amend made, or all of a cancelled order's. */
export interface Outcome extends OrderWithTrades {
  /** It is the answer that the request's key got first. */
  readonly replayed: boolean;
}
