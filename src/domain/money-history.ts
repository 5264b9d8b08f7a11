import type { Role, Side } from './order';

/**
 * What history tells of accounts. Amounts are whole units of their asset as decimal text, below zero with a sign; quantities are
 * lots, prices ticks.
 */

export const ACCOUNT_EVENT_KINDS = [
  'deposited', 'withdrew', 'transferred_in', 'transferred_out', 'traded', 'fee', 'rebate', 'adjusted',
] as const;
export type AccountEventKind = (typeof ACCOUNT_EVENT_KINDS)[number];

/** Names an event of an account: the log entry that it is of, and which of that entry's postings it is. */
export interface AccountEventId {
  readonly sequence: number;
  readonly index: number;
}

/** One change of what an account has of an asset. */
export interface AccountEvent extends AccountEventId {
  readonly kind: AccountEventKind;
  readonly asset: string;
  readonly amount: string;
  /** What the account had of the asset behind it. */
  readonly totalAfter: string;
  /** The account's own order, of what a trade moved. */
  readonly orderId: string | null;
  readonly tradeId: number | null;
  readonly transferId: string | null;
  /** Who is at the other end; null where nobody is to be told. */
  readonly counterparty: string | null;
  readonly atUs: number;
}

export interface AssetAmount {
  readonly asset: string;
  readonly amount: string;
}

/** What an account had at a log sequence: what its events up to there add up to. */
export interface AccountSnapshot {
  readonly sequence: number;
  readonly totals: readonly AssetAmount[];
  readonly atUs: number;
}

/** What an account's events add up to. */
export interface EventSums {
  readonly events: number;
  readonly sums: readonly AssetAmount[];
}

/**
 * A trade as one of its two accounts sees it. A trade of an account with itself is two of them. Its id is that of its event of the base
 * asset: a page goes on behind it.
 */
export interface AccountFill extends AccountEventId {
  readonly instrument: string;
  readonly tradeId: number;
  readonly orderId: string;
  readonly side: Side;
  readonly role: Role;
  readonly priceTicks: number;
  readonly quantityLots: number;
  /** Of the quote asset; below zero is a rebate. */
  readonly fee: string;
  /** Millionths of money. */
  readonly feeRate: number;
  readonly executedUs: number;
}

/** What an account's trades of an instrument come to (D-01 to D-04); money is of the quote asset. */
export interface Position {
  readonly instrument: string;
  /** Whole lots as decimal text, below zero where more was sold than bought. */
  readonly netLots: string;
  /** Of the open part, with the sign of `netLots`. */
  readonly cost: string;
  readonly realized: string;
  readonly fees: string;
  readonly boughtLots: string;
  readonly soldLots: string;
  readonly updatedUs: number;
  /** Log sequence of its last trade. */
  readonly sequence: number;
}

/** An asset of a statement. All but opening, closing and fees are sizes. */
export interface StatementLine {
  readonly asset: string;
  readonly opening: string;
  readonly deposits: string;
  readonly withdrawals: string;
  readonly transfersIn: string;
  readonly transfersOut: string;
  /** What trades brought of the asset, and took. */
  readonly bought: string;
  readonly sold: string;
  /** Below zero where rebates were more. */
  readonly fees: string;
  readonly closing: string;
}

/** `open`: the day is not over. `unsettled`: nobody has checked it yet. `mismatch`: movements do not lead to what is there. */
export const DAY_STATUSES = ['open', 'unsettled', 'settled', 'mismatch'] as const;
export type DayStatus = (typeof DAY_STATUSES)[number];

export interface Statement {
  readonly status: DayStatus;
  readonly lines: readonly StatementLine[];
}

/** What an account's trades of an instrument on one day come to. */
export interface Netting {
  readonly instrument: string;
  readonly netLots: string;
  /** Of the quote asset, without fees: below zero is paid. */
  readonly netMoney: string;
  readonly fees: string;
}

export interface SettledAccount {
  readonly account: string;
  readonly lines: readonly StatementLine[];
  readonly netting: readonly Netting[];
}

export interface Settlement {
  readonly status: DayStatus;
  /** Of all accounts together, the venue's own among them. */
  readonly totals: readonly StatementLine[];
  /** A page of them, by name. */
  readonly accounts: readonly SettledAccount[];
}

/** What all accounts have of an asset. */
export interface AssetTotals {
  readonly asset: string;
  readonly customers: string;
  readonly issuance: string;
  readonly fees: string;
  readonly held: string;
}

/** Something in the balances that must not be. */
export interface AuditFinding {
  /** null where it is of all accounts together. */
  readonly account: string | null;
  readonly asset: string;
  readonly what: string;
  /** Of the log, up to which balances were looked at. */
  readonly sequence: number;
}
