import type { LimitClass } from './access';
import type { FailureStep } from './commands';
import type { InstrumentRules } from './instrument-rules';
import type { Shortfall, Transfer } from './money';
import type { Order, SettledTrade } from './order';
import type { ListType } from './order-list';
import { RESULT_CODES, type ResultCode } from './result-code';
import type { Staleness } from './staleness';
import { UnavailableError } from './unavailable';

/** What a request says of an order, by the domain's name for it; a dialect may have another one. */
export type OrderField =
  | 'op' | 'instrument' | 'side' | 'type' | 'timeInForce' | 'postOnly' | 'selfTradePrevention' | 'price' | 'quantity' | 'remainingQuantity' | 'displayQuantity'
  | 'stopPrice' | 'trailingOffset' | 'trailingPercent' | 'quoteQuantity' | 'maxSlippage'
  | 'orders' | 'orderId' | 'clientOrderId' | 'cursor';

/** The same of accounts and money. */
export type MoneyField =
  | 'accountId' | 'name' | 'status' | 'credit' | 'feeGroup' | 'deposits' | 'asset' | 'amount' | 'reference' | 'destination'
  | 'from' | 'to' | 'note' | 'pending' | 'timeoutS' | 'transferId' | 'rates' | 'maker' | 'taker' | 'before' | 'date';

/** The same of people. */
export type PeopleField = 'username' | 'password' | 'newPassword' | 'scopes' | 'accounts' | 'ipAllow' | 'expiresAt' | 'publicKey';

/** The same of parent orders. */
export type AlgoField = 'limitPrice' | 'durationS' | 'slices';

/** The same of instruments. */
export type InstrumentField =
  | 'base' | 'quote' | 'tickSize' | 'lotSize' | 'state' | 'priceMin' | 'priceMax' | 'quantityMin' | 'quantityMax' | 'minValue' | 'priceBand'
  | 'bandWindowS' | 'maxSlippage';

export type RequestField = OrderField | AlgoField | MoneyField | PeopleField | InstrumentField;

/** A field of one of the things that a request lists, counted from 0. */
export interface ListedField {
  readonly list: RequestField;
  readonly index: number;
  readonly field: RequestField;
}

export interface FieldFault {
  readonly field: RequestField | ListedField;
  /** Completes "<field> …". */
  readonly message: string;
}

/** An order and its trades, oldest first, as a call tells them. */
export interface OrderWithTrades {
  readonly order: Order;
  readonly trades: readonly SettledTrade[];
  /** Set where trades may be missing. */
  readonly stale: Staleness | null;
}

/** An allowance that is used up. */
export interface UsedUp {
  readonly class: LimitClass;
  readonly retryMs: number;
  readonly quota: number;
  readonly windowS: number;
}

/** What there is to say beside the code. */
export interface RefusalFacts {
  /** A sentence for this case, where the code's own is too general. */
  readonly detail?: string;
  readonly fields?: readonly FieldFault[];
  /** The order that is done already. */
  readonly order?: OrderWithTrades;
  /** The list whose orders are all done already. */
  readonly list?: { readonly listId: string; readonly type: ListType; readonly orders: readonly OrderWithTrades[] };
  /** Orders that were cancelled before it came to this. */
  readonly cancelled?: readonly string[];
  /** Name of an instrument that there is not, or is already. */
  readonly instrument?: string;
  /** The instrument whose state or limits do not allow it. */
  readonly rules?: InstrumentRules;
  /** Name of an asset that there is not. */
  readonly asset?: string;
  /** What was wanting. */
  readonly shortfall?: Shortfall;
  /** The transfer, or withdrawal, that does not wait for this end, or that is reversed already. */
  readonly transfer?: Transfer;
  /** UUID of the transfer that moved it back. */
  readonly reversedBy?: string;
  /** Which allowance is used up, for how long, and how large it is. */
  readonly limit?: UsedUp;
  /** Where an order was made to fail. */
  readonly step?: FailureStep;
}

/**
 * Why something is not carried out: an answer, not a fault of ours. It knows no dialect: what a client reads of it is made
 * where the answer is encoded.
 */
export class Refusal extends Error {
  /** Whether an idempotency key brings it a second time. */
  replayed = false;

  constructor(readonly code: ResultCode, readonly facts: RefusalFacts = {}) {
    // Nobody reads where it was made, and finding that out costs more than an order.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(facts.detail ?? RESULT_CODES[code].title);
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'Refusal';
  }
}

/**
 * What a piece of work comes to. A missing dependency's own answer would say that nothing has happened: where that is not sure, or is no answer
 * yet, `code` says so instead. @throws Refusal
 */
export async function unavailableAs<T>(code: ResultCode, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof UnavailableError ? new Refusal(code) : error;
  }
}

/** The refusal that an error stands for; null for a fault of ours. */
export function refusalOf(error: unknown): Refusal | null {
  if (error instanceof Refusal) return error;
  return error instanceof UnavailableError ? new Refusal(error.code) : null;
}
