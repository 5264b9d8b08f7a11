import type { CommandResult, EngineCommand } from '../domain/commands';
import type { LogEntry } from '../domain/log-entry';
import type { LogPosition } from '../domain/log-position';
import type { Order, Placing, SettledTrade } from '../domain/order';
import type { OneTimeUse } from '../domain/one-time-use';
import type { Staleness } from '../domain/staleness';

/** What trading needs of the rest of the venue. What cannot be reached throws an UnavailableError. */

/** The matching engine. */
export interface OrderEngine {
  /** @param signatureUse that the command takes: refused with `signature_reused` where it is not the first */
  submit(command: EngineCommand, signatureUse: OneTimeUse | null): Promise<CommandResult>;
  /** Commands that are handed over together take effect in their order. */
  submitAll(commands: readonly EngineCommand[]): Promise<readonly CommandResult[]>;
  /** Has leases of connections end later, or now where `ttlUs` is 0. @returns those that have ended; null where the shard cannot say */
  renewLeases(leases: readonly string[], ttlUs: number): Promise<readonly string[] | null>;
  /** @param digest of a client and its idempotency key */
  hasKey(digest: string): Promise<boolean>;
  readRecord(orderId: string): Promise<Order | null>;
  /** Those that wait for a price with where they stand now, null for one that is not there any more. */
  readWaiting(orderIds: readonly string[]): Promise<readonly (Order | null)[]>;
  readOrder(orderId: string): Promise<{ order: Order; entries: readonly LogEntry[]; reachedFrom: number } | null>;
  /** @param behind the order to go on behind */
  readOpenOrders(clientId: string, instrument: string | null, behind: Placing | null, limit: number):
    Promise<{ orders: readonly Order[]; next: Placing | null }>;
  position(): Promise<LogPosition>;
  /** The life of the shard that commands are bound to now, null before the first. */
  readonly known: { readonly epoch: string } | null;
}

/** What Postgres holds. */
export interface OrderHistory {
  order(orderId: string): Promise<Order | null>;
  ordersOfClient(clientId: string, instrument: string | null, behind: Placing | null, limit: number): Promise<readonly Order[]>;
  /** The first orders of a client's lists, the newest placed first, behind a sequence of placing. */
  listsOfClient(clientId: string, behind: number | null, limit: number): Promise<readonly Order[]>;
  tradesOfOrder(orderId: string): Promise<readonly SettledTrade[]>;
  journalEntry(sequence: number, second: number): Promise<LogEntry | null>;
}

export interface CommitWatch {
  /** @returns false when Postgres does not hold `position` in time. */
  waitFor(position: LogPosition, timeoutMs: number): Promise<boolean>;
  staleness(): Promise<Staleness>;
}

export interface TradingObserver {
  received(instrument: string, type: string, side: string): void;
  matched(instrument: string, trades: number): void;
  rejected(instrument: string, reason: string): void;
  latency(instrument: string, type: string, seconds: number): void;
  /** An operation failed for a fault of ours. */
  failed(error: unknown, requestId: string): void;
}
