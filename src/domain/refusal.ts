import type { Order, Trade } from './order';
import { RESULT_CODES, type ResultCode } from './result-code';
import type { Staleness } from './staleness';
import { UnavailableError } from './unavailable';

/** What a request says of an order, by the domain's name for it; a dialect may have another one. */
export type RequestField =
  | 'op' | 'instrument' | 'side' | 'type' | 'timeInForce' | 'postOnly' | 'price' | 'quantity' | 'remainingQuantity'
  | 'orderId' | 'clientOrderId' | 'cursor';

export interface FieldFault {
  readonly field: RequestField;
  /** Completes "<field> …". */
  readonly message: string;
}

/** An order and its trades, oldest first, as a call tells them. */
export interface OrderWithTrades {
  readonly order: Order;
  readonly trades: readonly Trade[];
  /** Set where trades may be missing. */
  readonly stale: Staleness | null;
}

/** What there is to say beside the code. */
export interface RefusalFacts {
  /** A sentence for this case, where the code's own is too general. */
  readonly detail?: string;
  readonly fields?: readonly FieldFault[];
  /** The order that is done already. */
  readonly order?: OrderWithTrades;
  /** Orders that were cancelled before it came to this. */
  readonly cancelled?: readonly string[];
  /** Name of an instrument that there is not. */
  readonly instrument?: string;
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

/** The refusal that an error stands for; null for a fault of ours. */
export function refusalOf(error: unknown): Refusal | null {
  if (error instanceof Refusal) return error;
  return error instanceof UnavailableError ? new Refusal(error.code) : null;
}
