import type { Algo, AlgoSlice } from '../domain/algo';
import type { StoredCandle } from '../domain/candle';
import type { Control } from '../domain/controls';
import type { InstrumentRules } from '../domain/instrument-rules';
import type { LogEntry } from '../domain/log-entry';
import type { Account, Balance, FeeGroup, Funds, Transfer, TransferKind } from '../domain/money';
import type { Order, Role, Side, Trade } from '../domain/order';
import type { Position } from '../domain/position';
import type { ShardState } from '../reference/state';
import type { ReplayedTrade } from './compare-shard';

/* What an audit is given: a venue's record, and what its Redis holds. */

export interface AuditedCheckpoint {
  readonly epoch: string;
  /** Log sequence up to which everything is recorded. */
  readonly sequence: number;
  /** How money was kept when the record was begun, or last rebuilt from. */
  readonly funds: Funds;
}

/** Money is kept otherwise from one life of the shard on. */
export interface FundsSwitch {
  /** Log sequence of the life's last entry before. */
  readonly sequence: number;
  readonly funds: Funds;
}

/** An entry of the record; what stands beside its payload is null where it is kept in dead_letters only. */
export interface AuditedEntry {
  readonly sequence: number;
  readonly payload: string;
  readonly columns: { readonly timeUs: number; readonly kind: string; readonly idempotency: string | null } | null;
}

export interface AuditedAccount {
  readonly account: Account;
  /** Log sequence of its last change. */
  readonly sequence: number;
}

export interface AuditedBalance extends Balance {
  readonly account: string;
  readonly sequence: number;
  readonly postings: number;
}

/** What a trade was to one of its sides. Amounts are units. */
export interface AuditedFill {
  readonly sequence: number;
  /** Which of its entry's trades, from 0. */
  readonly fill: number;
  readonly role: Role;
  readonly executedUs: number;
  readonly tradeId: number;
  readonly instrument: string;
  readonly account: string;
  readonly orderId: string;
  readonly side: Side;
  readonly priceTicks: number;
  readonly quantityLots: number;
  readonly baseUnits: bigint;
  readonly value: bigint;
  readonly fee: bigint;
  readonly feeRate: number;
  /** Totals behind it. */
  readonly baseAfter: bigint | null;
  readonly quoteAfter: bigint | null;
  readonly feesAfter: bigint | null;
}

/** A transfer, or a deposit that an account opened with, which has no id. */
export interface AuditedTransfer extends Omit<Transfer, 'transferId' | 'kind'> {
  readonly transferId: string | null;
  readonly kind: TransferKind | 'opening';
  readonly ordinal: number;
  readonly endedSequence: number | null;
  readonly endedUs: number | null;
  readonly fromAfter: string | null;
  readonly toAfter: string | null;
}

export interface AuditedPosition {
  readonly account: string;
  readonly instrument: string;
  readonly position: Position;
}

export interface AuditedSnapshot {
  readonly account: string;
  readonly sequence: number;
  /** Of the account, from its first. */
  readonly postings: number;
  readonly balances: readonly Balance[];
  readonly atUs: number;
}

/** Postgres, in one snapshot. Lists may be read side by side. */
export interface AuditedRecord {
  checkpoint(): Promise<AuditedCheckpoint | null>;
  /** As they happened. */
  fundsSwitches(): Promise<readonly FundsSwitch[]>;
  journal(): AsyncGenerator<AuditedEntry>;
  /** Log sequences of the entries that Postgres refused and nobody has dealt with. */
  openLetters(): Promise<readonly number[]>;
  orders(): AsyncGenerator<Order>;
  trades(): AsyncGenerator<ReplayedTrade>;
  controls(): Promise<readonly Control[]>;
  candles(): AsyncGenerator<StoredCandle>;
  accounts(): AsyncGenerator<AuditedAccount>;
  balances(): AsyncGenerator<AuditedBalance>;
  /** As they happened, of each trade its maker's first. */
  fills(): AsyncGenerator<AuditedFill>;
  transfers(): AsyncGenerator<AuditedTransfer>;
  positions(): AsyncGenerator<AuditedPosition>;
  /** By sequence. */
  snapshots(): AsyncGenerator<AuditedSnapshot>;
  feeGroups(): AsyncGenerator<FeeGroup>;
  /** Instruments that were made or changed. */
  catalogue(): Promise<readonly InstrumentRules[]>;
  algos(): AsyncGenerator<Algo>;
  /** Of each algo, by number. */
  algoSlices(): AsyncGenerator<AlgoSlice>;
}

/** Redis, at one moment. */
export interface AuditedShard {
  readonly state: ShardState;
  readonly meta: Readonly<Record<string, string>>;
  readonly log: readonly LogEntry[];
  /** The log's payloads as they stand in it, by sequence. */
  readonly payloads: ReadonlyMap<number, string>;
  readonly trades: ReadonlyMap<string, readonly Trade[]>;
  readonly problems: readonly string[];
}

/** How what happens once is named in Redis: for as long as a key is remembered, or for ever. */
export interface ReferenceDigests {
  key(clientId: string, key: string): string;
  reference(asset: string, reference: string): string;
  reversal(transferId: string): string;
}
