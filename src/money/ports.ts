import type { LogEntry } from '../domain/log-entry';
import type { Account, Balance, FeeGroup, Transfer, TransferKind, TransferStatus } from '../domain/money';
import type {
  AccountEvent, AccountEventId, AccountFill, AccountSnapshot, AssetTotals, AuditFinding, EventSums, Position, Settlement, Statement,
} from '../domain/money-history';
import type { CommitWatch, OrderEngine } from '../trading/ports';

export type { CommitWatch } from '../trading/ports';

/** What money needs of the rest of the venue. What cannot be reached throws an UnavailableError. */

/** An account and all it has, at one log sequence. */
export interface AccountState {
  readonly account: Account;
  /** By asset. */
  readonly balances: readonly Balance[];
  readonly sequence: number;
}

/** The matching engine, which keeps the balances as well. */
export interface MoneyEngine extends Pick<OrderEngine, 'submit' | 'submitAll' | 'position' | 'known'> {
  /** @returns null for an account that there is not; the venue's own are there from their first movement on */
  readAccount(account: string): Promise<AccountState | null>;
  /** @returns null where Redis does not hold it: a transfer that has come to its end leaves for Postgres */
  readTransfer(transferId: string): Promise<Transfer | null>;
  /** By name. */
  readFeeGroups(): Promise<readonly FeeGroup[]>;
}

export interface EventsPage {
  /** null for every asset. */
  readonly asset: string | null;
  /** Events behind this one, null for the newest. */
  readonly before: AccountEventId | null;
  readonly limit: number;
}

export interface TransfersPage {
  readonly account: string;
  readonly kind: TransferKind;
  /** null for every one. */
  readonly status: TransferStatus | null;
  /** Sequence of the last one of the page before, null for the newest. */
  readonly before: number | null;
  readonly limit: number;
}

export interface FillsPage {
  /** null for every instrument. */
  readonly instrument: string | null;
  readonly before: AccountEventId | null;
  readonly limit: number;
}

/** What Postgres holds. Lists are the newest first, unless they say otherwise. Days are of UTC, as YYYY-MM-DD. */
export interface MoneyRecord {
  journalEntry(sequence: number, second: number): Promise<LogEntry | null>;
  /** Customers' accounts by name, behind `after`. */
  accounts(after: string | null, limit: number): Promise<readonly Account[]>;
  events(account: string, page: EventsPage): Promise<readonly AccountEvent[]>;
  /** @param upTo log sequence that they stand at or below, null for the newest */
  snapshots(account: string, upTo: number | null, limit: number): Promise<readonly AccountSnapshot[]>;
  /** Events behind log sequence `after`, up to `upTo`; computed from what moved, never from what was there. */
  eventSums(account: string, after: number, upTo: number): Promise<EventSums>;
  transfer(transferId: string): Promise<Transfer | null>;
  /** Deposits to an account, or withdrawals from it. */
  transfers(page: TransfersPage): Promise<readonly Transfer[]>;
  /** By sequence, then by trade, the taker's of a trade before the maker's. */
  fills(account: string, page: FillsPage): Promise<readonly AccountFill[]>;
  /** By instrument: all that the account ever traded. */
  positions(account: string): Promise<readonly Position[]>;
  statement(account: string, day: string): Promise<Statement>;
  /** @param after account behind which the page begins, null for the first */
  settlement(day: string, after: string | null, limit: number): Promise<Settlement>;
  totals(): Promise<{ readonly sequence: number; readonly assets: readonly AssetTotals[] }>;
}

/** What a position is held against. */
export type MarkKind = 'last' | 'mid';

export interface Marks {
  /** Twice the price in ticks, so that a mid is whole; null without one. */
  doubleTicks(instrument: string, kind: MarkKind): Promise<bigint | null>;
}

export interface BalanceAudit {
  /** What is wrong now. */
  findings(): Promise<readonly AuditFinding[]>;
}

/** What the use cases are given of the venue. */
export interface MoneyPorts {
  readonly engine: MoneyEngine;
  readonly record: MoneyRecord;
  readonly commits: CommitWatch;
  readonly marks: Marks;
  readonly audit: BalanceAudit;
}
