import type { Account, AccountStatus, Balance, Credit, FeeGroup, Transfer, TransferKind, TransferStatus } from '../domain/money';
import type { Row } from './database';

export interface AccountRow extends Row {
  account: string; name: string | null; status: AccountStatus; credit: Credit; fee_group: string; created_us: number;
}

export function accountOfRow(row: AccountRow): Account {
  return { account: row.account, name: row.name, status: row.status, credit: row.credit, feeGroup: row.fee_group, createdUs: row.created_us };
}

export interface TransferRowRead extends Row {
  transfer_id: string; kind: TransferKind; status: TransferStatus; from_account: string; to_account: string; asset: string; amount: string;
  settled_amount: string; reference: string | null; note: string | null; expires_us: number | null; reverses: string | null; sequence: number;
  created_us: number; ended_sequence: number | null; ended_us: number | null; from_after: string | null; to_after: string | null;
}

/** A transfer as the record has it. */
export interface RecordedTransfer extends Transfer {
  /** Log sequence and time of its end, null while it is pending. */
  readonly endedSequence: number | null;
  readonly endedUs: number | null;
  /** Totals behind it, of the account that it came from and of the one that it went to; null unless it moved. */
  readonly fromAfter: string | null;
  readonly toAfter: string | null;
}

export function transferOfRow(row: TransferRowRead): RecordedTransfer {
  return {
    transferId: row.transfer_id, kind: row.kind, status: row.status, from: row.from_account, to: row.to_account, asset: row.asset, amount: row.amount,
    settledAmount: row.settled_amount, reference: row.reference, note: row.note, expiresUs: row.expires_us, reverses: row.reverses, sequence: row.sequence,
    createdUs: row.created_us, endedSequence: row.ended_sequence, endedUs: row.ended_us, fromAfter: row.from_after, toAfter: row.to_after,
  };
}

export interface FeeGroupRow extends Row {
  fee_group: string; rates: { instrument: string | null; maker: number; taker: number }[];
}

export function feeGroupOfRow({ fee_group: group, rates }: FeeGroupRow): FeeGroup {
  return { group, rates: rates.map(({ instrument, maker, taker }) => ({ instrument, makerRate: maker, takerRate: taker })) };
}

export interface SnapshotRow extends Row {
  sequence: number; postings: number; balances: Balance[]; at_us: number;
}

/** What an account had behind an entry. */
export interface AccountSnapshot {
  readonly sequence: number;
  /** Of the account, from its first. */
  readonly postings: number;
  /** By asset. */
  readonly balances: readonly Balance[];
  readonly atUs: number;
}

export function snapshotOfRow({ sequence, postings, balances, at_us: atUs }: SnapshotRow): AccountSnapshot {
  return { sequence, postings, atUs, balances: balances.map(({ asset, total, held }) => ({ asset, total, held })) };
}
