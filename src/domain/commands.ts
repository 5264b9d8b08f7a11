import type { LogEntry } from './entry';
import type { InstrumentRules, WantedRules } from './instrument-rules';
import type { AccountStatus, Credit, FeeRate, Shortfall, Transfer, TransferEnd, TransferKind } from './money';
import type { CancelReference, Order, OrderReference, Side } from './order';
import type { ListedOrder } from './order-list';
import type { OrderTraits } from './order-traits';
import type { ResultCode } from './result-code';

export type { OrderReference } from './order';

/**
 * What a book can be told to do, and what it answers: one vocabulary for the engine and for the
 * reference book that checks it. Prices are ticks, quantities lots, ids UUIDs.
 *
 * Every command names its actor: the client that acts, null for anybody. Whose order may be changed is decided in the
 * command's own atomic step.
 */

/** Whoever may be one of several clients names them all, the own one first; the log has the one that the order is of, else the first. */
export type Actor = string | readonly [string, ...string[]] | null;

/** Whether what is a client's is the actor's. */
export function isActors(actor: Actor, clientId: string): boolean {
  if (actor === null) return true;
  return typeof actor === 'string' ? actor === clientId : actor.includes(clientId);
}

/** The actor as the log has it. @param clientId of the order, undefined where there is none */
export function loggedActor(actor: Actor, clientId: string | undefined): string | null {
  if (typeof actor === 'string' || actor === null) return actor;
  return clientId !== undefined && actor.includes(clientId) ? clientId : actor[0];
}

export interface PlaceCommand {
  readonly actor: string | null;
  readonly instrument: string;
  readonly side: Side;
  /** One of KIND_CODE. */
  readonly kind: number;
  /** 0 for a market order. */
  readonly priceTicks: number;
  readonly quantityLots: number;
  readonly traits: OrderTraits;
  /** UUID. */
  readonly orderId: string;
  readonly clientId: string;
  readonly clientOrderId: string | null;
  /** Digest of client and key (engine/idempotency.ts). */
  readonly idempotency: string | null;
  /** Where it is made to fail, undefined for nowhere. */
  readonly failAt?: FailureStep;
}

/** Orders that belong together (order-list.ts), placed in one step: their traits tell which list they are of, and what each is in it. */
export interface ListCommand {
  readonly actor: string | null;
  /** UUID that ends in 0. */
  readonly listId: string;
  readonly clientId: string;
  readonly instrument: string;
  readonly orders: readonly ListedOrder[];
  readonly idempotency: string | null;
  readonly request: unknown;
}

export interface CancelCommand {
  /** The order is found only where it is this client's, or one of these clients'. */
  readonly actor: Actor;
  readonly order: CancelReference;
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
  /** The price that the order waits for; absent where it stays as it is. */
  readonly stopTicks?: number | 'invalid' | null;
  /** The distance at which it trails, likewise: ticks, or millionths. */
  readonly trailingOffset?: number | 'invalid' | null;
  readonly trailingPercent?: number | 'invalid' | null;
  readonly quantityLotsMax: number;
}

export interface AmendCommand {
  /** The order is found only where it is this client's, or one of these clients'. */
  readonly actor: Actor;
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

/** Makes an account, with what it opens with, or changes one that is there. */
export interface AccountCommand {
  readonly actor: string | null;
  readonly account: string;
  readonly opens: boolean;
  /** null: as it is, or as FUNDS has it. */
  readonly name: string | null;
  readonly status: AccountStatus | null;
  readonly credit: Credit | null;
  readonly feeGroup: string | null;
  /** Units, each from @issuance. */
  readonly deposits: readonly { readonly asset: string; readonly amount: string }[];
  readonly idempotency: string | null;
  readonly request: unknown;
}

/** Moves money, or holds it until its end is known. */
export interface TransferCommand {
  readonly actor: string | null;
  /** UUID. */
  readonly transferId: string;
  readonly kind: TransferKind;
  readonly pending: boolean;
  readonly from: string;
  readonly to: string;
  readonly asset: string;
  /** Units. */
  readonly amount: string;
  readonly reference: string | null;
  /**
   * Digest of what may happen once for ever: a deposit's asset and reference, or the transfer that is reversed
   * (engine/idempotency.ts); null where it may happen again.
   */
  readonly referenceDigest: string | null;
  readonly note: string | null;
  /** Of a pending one: when it is released, counted from now. */
  readonly timeoutUs: number | null;
  /** UUID of the posted transfer that this one moves back. What it says never changes, so the service may look it up. */
  readonly reverses: string | null;
  readonly idempotency: string | null;
  readonly request: unknown;
}

/** Ends a pending transfer. */
export interface TransferEndCommand {
  readonly actor: string | null;
  readonly transferId: string;
  /** What it becomes. `expired` where its time is over, and only then. */
  readonly status: TransferEnd;
  /** Units that are posted, null for all of it. */
  readonly amount: string | null;
  readonly idempotency: string | null;
  readonly request: unknown;
}

export interface FeeGroupCommand {
  readonly actor: string | null;
  readonly group: string;
  /** At most one of each instrument, and one for all others. */
  readonly rates: readonly FeeRate[];
  readonly idempotency: string | null;
  readonly request: unknown;
}

/** Makes an instrument, or changes one that is there. */
export interface InstrumentCommand {
  readonly actor: string | null;
  readonly opens: boolean;
  /**
   * The new instrument; or the one that is to be changed as it is where the catalogue has nothing of it, so that the change of one that
   * only the instruments file knows is decided within the atomic step like any other.
   */
  readonly listed: InstrumentRules;
  readonly wanted: WantedRules;
  readonly idempotency: string | null;
  readonly request: unknown;
}

export type MoneyCommand =
  | ({ readonly op: 'account' } & AccountCommand)
  | ({ readonly op: 'transfer' } & TransferCommand)
  | ({ readonly op: 'transfer_end' } & TransferEndCommand)
  | ({ readonly op: 'fee_group' } & FeeGroupCommand);

/** Does nothing itself: what has fallen due is done ahead of every call's commands. */
export interface DueCommand {
  readonly op: 'due';
  /** Nobody. */
  readonly actor: string | null;
}

/** Sets a client's dead man's switch: all its orders are cancelled then, unless it is set anew before. Or takes it off. */
export interface CancelAfterCommand {
  readonly actor: string | null;
  readonly clientId: string;
  /** null for every instrument: that is a switch of its own. */
  readonly instrument: string | null;
  /** From now on; null to take it off. */
  readonly timeoutUs: number | null;
}

/** Has a client's orders go when a connection's lease ends, or stay. */
export interface LeaseCommand {
  readonly actor: string | null;
  /** A name without quotes, of one connection alone. */
  readonly lease: string;
  readonly clientId: string;
  readonly begins: boolean;
  /** After which the lease ends, unless it is renewed. */
  readonly ttlUs: number;
}

/** Stops an account: no order of it is taken any more, and its open ones are cancelled, a page in each command; or lets it order again. */
export interface KillCommand {
  readonly actor: string | null;
  readonly account: string;
  readonly kills: boolean;
  readonly pageSize: number;
}

/** Steps of a place at which it can be made to fail (spec B-02). */
export const FAILURE_STEPS = ['reserve_funds', 'submit_order', 'process_fills', 'settle'] as const;
export type FailureStep = (typeof FAILURE_STEPS)[number];

export type EngineCommand =
  | ({ readonly op: 'place' } & PlaceCommand)
  | ({ readonly op: 'list' } & ListCommand)
  | ({ readonly op: 'cancel' } & CancelCommand)
  | ({ readonly op: 'amend' } & AmendCommand)
  | ({ readonly op: 'mass_cancel' } & MassCancelCommand)
  | ({ readonly op: 'instrument' } & InstrumentCommand)
  | DueCommand
  | ({ readonly op: 'cancel_after' } & CancelAfterCommand)
  | ({ readonly op: 'lease' } & LeaseCommand)
  | ({ readonly op: 'kill' } & KillCommand)
  | MoneyCommand;

/** A command was carried out, or it was turned down and its key remembers that (entry.kind `refuse`). */
export interface Logged {
  readonly outcome: 'logged';
  readonly entry: LogEntry;
}
/** The idempotency key has an answer already; `entry` is null when it has left the log for Postgres. */
export interface Repeated {
  readonly outcome: 'repeated';
  /** What was used before. */
  readonly by: 'key' | 'reference';
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
  /** What was wanting, where the code speaks of it. */
  readonly shortfall?: Shortfall;
  /** The transfer that has come to its end, where the code speaks of one. */
  readonly transfer?: Transfer;
  /** The instrument whose state or rules do not allow it, where the code speaks of one. */
  readonly instrument?: InstrumentRules;
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

/** Nothing that has fallen due is left. */
export interface NothingDue {
  readonly outcome: 'nothing_due';
}

/** An account is killed, with a page of its orders, or may order again. */
export interface Killed {
  readonly outcome: 'killed';
  /** Whether more of its orders may be open: the same command again cancels the next page. */
  readonly hasMore: boolean;
  /** Since when it is stopped, null where it is not. */
  readonly sinceUs: number | null;
  /** null where nothing was to change. */
  readonly entry: LogEntry | null;
}

export type CommandResult = Logged | Repeated | Refused | Unchanged | MassCancelled | NothingDue | Killed;
