import type { LogEntry } from './entry';
import type { Order, OrderReference, Side } from './order';
import type { ResultCode } from './result-code';

export type { OrderReference } from './order';

/**
 * What a book can be told to do, and what it answers: one vocabulary for the engine and for the
 * reference book that checks it. Prices are ticks, quantities lots, ids UUIDs.
 *
 * Every command names its actor: the client that acts, null for anybody. Whose order may be changed is decided in the
 * command's own atomic step.
 */

export interface PlaceCommand {
  readonly actor: string | null;
  readonly instrument: string;
  readonly side: Side;
  /** One of KIND_CODE. */
  readonly kind: number;
  /** 0 for a market order. */
  readonly priceTicks: number;
  readonly quantityLots: number;
  /** UUID. */
  readonly orderId: string;
  readonly clientId: string;
  readonly clientOrderId: string | null;
  /** Digest of client and key (engine/idempotency.ts). */
  readonly idempotency: string | null;
}

export interface CancelCommand {
  /** The order is found only where it is this client's. */
  readonly actor: string | null;
  readonly order: OrderReference;
  readonly idempotency: string | null;
  /** What is remembered beside an idempotency key: a JSON value, null without a key. */
  readonly request: unknown;
}

/** What an amend means in one instrument's ticks and lots; `invalid` where the value does not fit it. */
export interface AmendCandidate {
  readonly instrument: string;
  readonly priceTicks: number | 'invalid' | null;
  readonly quantityLots: number | 'invalid' | null;
  readonly remainingLots: number | 'invalid' | null;
  readonly quantityLotsMax: number;
}

export interface AmendCommand {
  /** The order is found only where it is this client's. */
  readonly actor: string | null;
  readonly order: OrderReference;
  /**
   * One for each instrument the order may be of: the service need not look the order up first, and the
   * engine picks the one that applies within its atomic step.
   */
  readonly candidates: readonly AmendCandidate[];
  readonly idempotency: string | null;
  readonly request: unknown;
}

export interface MassCancelCommand {
  readonly actor: string | null;
  readonly clientId: string;
  /** null for every instrument. */
  readonly instrument: string | null;
  /** Log sequence behind which the page's orders were placed: where the page before ended, 0 for the first. */
  readonly after: number;
  /** Log sequence up to which they were placed; null for what the log ends with now, as the first page asks. */
  readonly bound: number | null;
  readonly pageSize: number;
}

export type EngineCommand =
  | ({ readonly op: 'place' } & PlaceCommand)
  | ({ readonly op: 'cancel' } & CancelCommand)
  | ({ readonly op: 'amend' } & AmendCommand)
  | ({ readonly op: 'mass_cancel' } & MassCancelCommand);

/** A command was carried out, or it was turned down and its key remembers that (entry.kind `refuse`). */
export interface Logged {
  readonly outcome: 'logged';
  readonly entry: LogEntry;
}
/** The idempotency key has an answer already; `entry` is null when it has left the log for Postgres. */
export interface Repeated {
  readonly outcome: 'repeated';
  readonly sequence: number;
  /** Second at which the key was first used. */
  readonly second: number;
  readonly entry: LogEntry | null;
}
/** Nothing was changed. `order` is the order's state where the code speaks of one. */
export interface Refused {
  readonly outcome: 'refused';
  readonly code: ResultCode;
  readonly order: Order | null;
}
/** An amend asked for what the order already is. */
export interface Unchanged {
  readonly outcome: 'unchanged';
  readonly order: Order;
}
/** A page of a mass cancel. */
export interface MassCancelled {
  readonly outcome: 'mass_cancelled';
  /** Where the next page begins; null behind the last one. */
  readonly after: number | null;
  /** What the walk is bounded by: every order acknowledged before its first page lies below. */
  readonly bound: number;
  readonly entry: LogEntry | null;
}

export type CommandResult = Logged | Repeated | Refused | Unchanged | MassCancelled;
