import type { Account, Balance, FeeGroup, TransferKind, TransferStatus } from '../domain/money';
import type { Side } from '../domain/order';
import { MAKER_POSTINGS, POSTINGS_OF_TRADE, TAKER_POSTINGS, type PostingKind } from '../domain/postings';
import type { Database, Query, Row } from './database';
import { queryOf } from './database';
import { entryBefore } from './entry-before';
import type { RecordedPosition } from './money-batch';
import {
  accountOfRow, feeGroupOfRow, snapshotOfRow, transferOfRow, type AccountRow, type AccountSnapshot, type FeeGroupRow, type RecordedTransfer, type SnapshotRow,
  type TransferRowRead,
} from './money-rows';
import { positionOfRow, type PositionRow } from './position-row';
import { CHECKPOINT } from './queries/history';
import {
  ACCOUNT, ACCOUNTS, BALANCES, DEPOSIT_BY_REFERENCE, EVENTS, FEE_GROUPS, FILLS, PENDING_OF, POSITION, POSITIONS, POSTED, REVERSAL_OF, SNAPSHOTS, SUMS, TRANSFER,
  TRANSFERS_FROM, TRANSFERS_OF, TRANSFERS_TO, VOLUMES,
} from './queries/money';

/** Longest statement that reads all of an account or all of a month. */
const LONG_TIMEOUT_MS = 600_000;

/** Where a posting stands in the log: the two halves of an event's id. */
export interface PostingPosition {
  readonly sequence: number;
  readonly index: number;
}

/** Beyond every posting. */
const NEWEST: PostingPosition = { sequence: Number.MAX_SAFE_INTEGER, index: 2 ** 31 - 1 };

/** One movement of an account's total. Amounts are units. */
export interface AccountEvent extends PostingPosition {
  readonly kind: PostingKind;
  readonly asset: string;
  /** Below zero for what went. */
  readonly amount: string;
  readonly totalAfter: string;
  readonly orderId: string | null;
  readonly tradeId: number | null;
  readonly instrument: string | null;
  /** null for an opening deposit as well. */
  readonly transferId: string | null;
  /** Of what moved without a trade: the other account. */
  readonly counterparty: string | null;
  readonly atUs: number;
}

/** A trade as one of its sides sees it. Its position is that of its posting of the base asset. */
export interface AccountFill extends PostingPosition {
  readonly tradeId: number;
  readonly instrument: string;
  readonly orderId: string;
  readonly side: Side;
  readonly role: 'maker' | 'taker';
  readonly priceTicks: number;
  readonly quantityLots: number;
  /** Units of the quote asset. A fee below zero is a rebate. */
  readonly value: string;
  readonly fee: string;
  /** Millionths. */
  readonly feeRate: number;
  readonly executedUs: number;
}

/** What the venue has of an asset as a whole, in units. */
export interface AssetSums {
  readonly asset: string;
  readonly customers: string;
  readonly issuance: string;
  readonly fees: string;
  readonly held: string;
  /** Over all accounts: 0. */
  readonly sum: string;
}

export interface TradedVolume {
  readonly account: string;
  /** The quote asset, and units of it. */
  readonly asset: string;
  readonly value: string;
}

/** An account's totals, computed from its postings. */
export interface Recomputed {
  /** The entry that they are behind. */
  readonly sequence: number;
  /** Where the snapshot stands that the first of them are computed from, null where there is none yet. */
  readonly snapshotSequence: number | null;
  /** Postings behind that snapshot, and in all. */
  readonly replayed: number;
  readonly postings: number;
  /** Units by asset. */
  readonly fromSnapshot: ReadonlyMap<string, string>;
  readonly fromFirst: ReadonlyMap<string, string>;
  /** What the record has as its balances; null where `sequence` lies before the checkpoint. */
  readonly recorded: readonly Balance[] | null;
  /** Transfers that hold something of the account's at the checkpoint. */
  readonly pending: readonly RecordedTransfer[];
}

interface EventRow extends Row {
  sequence: number; index: number; asset: string; amount: string; kind: PostingKind; total_after: string; order_id: string | null; trade_id: number | null;
  instrument: string | null; transfer_id: string | null; counterparty: string | null; at_us: number;
}

interface FillRowRead extends Row {
  sequence: number; executed_us: number; fill: number; role: 'maker' | 'taker'; trade_id: number; instrument: string; order_id: string; side: Side;
  price_ticks: number; quantity_lots: number; value: string; fee: string; fee_rate: number;
}

interface BalanceRowRead extends Row {
  sequence: number; asset: string | null; total: string; held: string;
}

function eventOfRow(row: EventRow): AccountEvent {
  return {
    sequence: row.sequence, index: row.index, kind: row.kind, asset: row.asset, amount: row.amount, totalAfter: row.total_after, orderId: row.order_id,
    tradeId: row.trade_id, instrument: row.instrument, transferId: row.transfer_id, counterparty: row.counterparty, atUs: row.at_us,
  };
}

function fillOfRow(row: FillRowRead): AccountFill {
  const { base } = row.role === 'maker' ? MAKER_POSTINGS : TAKER_POSTINGS;
  return {
    sequence: row.sequence, index: POSTINGS_OF_TRADE * row.fill + base, tradeId: row.trade_id, instrument: row.instrument, orderId: row.order_id, side: row.side,
    role: row.role, priceTicks: row.price_ticks, quantityLots: row.quantity_lots, value: row.value, fee: row.fee, feeRate: row.fee_rate, executedUs: row.executed_us,
  };
}

function balancesOf(rows: readonly BalanceRowRead[]): { sequence: number; balances: Balance[] } {
  return {
    sequence: rows[0]?.sequence ?? 0,
    balances: rows.flatMap(({ asset, total, held }) => (asset === null ? [] : [{ asset, total, held }])),
  };
}

/** What Postgres remembers of a shard's money. Every method throws DatabaseUnavailableError while it is away. Lists are newest first. */
export class MoneyHistory {
  constructor(private readonly database: Database, private readonly shard: string) {}

  private query<T extends Row>(query: Parameters<Query>[0], ...values: unknown[]): Promise<T[]> {
    return this.database.query<T>(query, [this.shard, ...values]);
  }

  /** The venue's own accounts are none of these. */
  async account(account: string): Promise<Account | null> {
    const [row] = await this.query<AccountRow>(ACCOUNT, account);
    return row === undefined ? null : accountOfRow(row);
  }

  /** By name. @param behind the name that a page goes on behind, '' for the first */
  async accounts(behind: string, limit: number): Promise<Account[]> {
    return (await this.query<AccountRow>(ACCOUNTS, behind, limit)).map(accountOfRow);
  }

  /** Balances by asset, with the checkpoint that they are of. */
  async balances(account: string): Promise<{ sequence: number; balances: Balance[] }> {
    return balancesOf(await this.query<BalanceRowRead>(BALANCES, account));
  }

  /** @param asset null for every one @param before the event that a page goes on before, null for the first */
  async events(account: string, asset: string | null, before: PostingPosition | null, limit: number): Promise<AccountEvent[]> {
    const { sequence, index } = before ?? NEWEST;
    return (await this.query<EventRow>(EVENTS, account, asset, sequence, index, limit)).map(eventOfRow);
  }

  /** @param before the fill that a page goes on before, null for the first */
  async fills(account: string, instrument: string | null, before: PostingPosition | null, limit: number): Promise<AccountFill[]> {
    const { sequence, index } = before ?? NEWEST;
    const role = index % POSTINGS_OF_TRADE < TAKER_POSTINGS.base ? 'maker' : 'taker';
    return (await this.query<FillRowRead>(FILLS, account, instrument, sequence, Math.floor(index / POSTINGS_OF_TRADE), role, limit)).map(fillOfRow);
  }

  /** Without those that the account opened with, which have no id. @param before sequence that a page goes on before, null for the first */
  deposits(account: string, before: number | null, limit: number): Promise<RecordedTransfer[]> {
    return this.transferPage(TRANSFERS_TO, account, ['deposit'], null, before, limit);
  }

  withdrawals(account: string, status: TransferStatus | null, before: number | null, limit: number): Promise<RecordedTransfer[]> {
    return this.transferPage(TRANSFERS_FROM, account, ['withdrawal'], status, before, limit);
  }

  /** Transfers to and from the account, and reversals. */
  transfers(account: string, before: number | null, limit: number): Promise<RecordedTransfer[]> {
    return this.transferPage(TRANSFERS_OF, account, ['transfer', 'reversal'], null, before, limit);
  }

  private async transferPage(
    query: Parameters<Query>[0], account: string, kinds: readonly TransferKind[], status: TransferStatus | null, before: number | null, limit: number,
  ): Promise<RecordedTransfer[]> {
    return (await this.query<TransferRowRead>(query, account, kinds, status, before ?? NEWEST.sequence, limit)).map(transferOfRow);
  }

  transfer(transferId: string): Promise<RecordedTransfer | null> {
    return this.oneTransfer(TRANSFER, transferId);
  }

  /** The deposit that used a reference. */
  depositByReference(asset: string, reference: string): Promise<RecordedTransfer | null> {
    return this.oneTransfer(DEPOSIT_BY_REFERENCE, asset, reference);
  }

  /** The transfer that moved another one back. */
  reversalOf(transferId: string): Promise<RecordedTransfer | null> {
    return this.oneTransfer(REVERSAL_OF, transferId);
  }

  private async oneTransfer(query: Parameters<Query>[0], ...values: string[]): Promise<RecordedTransfer | null> {
    const [row] = await this.query<TransferRowRead>(query, ...values);
    return row === undefined ? null : transferOfRow(row);
  }

  /** By instrument. */
  async positions(account: string): Promise<RecordedPosition[]> {
    return (await this.query<PositionRow>(POSITIONS, account)).map(positionOfRow);
  }

  async position(account: string, instrument: string): Promise<RecordedPosition | null> {
    const [row] = await this.query<PositionRow>(POSITION, account, instrument);
    return row === undefined ? null : positionOfRow(row);
  }

  /** @param before sequence that a page goes on before, null for the first */
  async snapshots(account: string, before: number | null, limit: number): Promise<AccountSnapshot[]> {
    return (await this.query<SnapshotRow>(SNAPSHOTS, account, before ?? NEWEST.sequence, limit)).map(snapshotOfRow);
  }

  /** By name. */
  async feeGroups(): Promise<FeeGroup[]> {
    return (await this.query<FeeGroupRow>(FEE_GROUPS)).map(feeGroupOfRow);
  }

  /** The venue as a whole, by asset, with the checkpoint that it is of. */
  async sums(): Promise<{ sequence: number; assets: AssetSums[] }> {
    const rows = await this.query<Row & { sequence: number; asset: string | null; customers: string; issuance: string; fees: string; held: string; sum: string }>(SUMS);
    return {
      sequence: rows[0]?.sequence ?? 0,
      assets: rows.flatMap(({ asset, customers, issuance, fees, held, sum }) => (asset === null ? [] : [{ asset, customers, issuance, fees, held, sum }])),
    };
  }

  /** What each account has traded from one moment on and before another, by quote asset. */
  volumes(fromUs: number, toUs: number): Promise<TradedVolume[]> {
    return this.longSnapshot(async (query) => {
      const end = await this.checkpoint(query);
      const [from, to] = [await entryBefore(query, this.shard, fromUs, end), await entryBefore(query, this.shard, toUs, end)];
      const rows = await query<Row & { account: string; asset: string; value: string }>(VOLUMES, [this.shard, from, to]);
      return rows.map(({ account, asset, value }) => ({ account, asset, value }));
    });
  }

  /**
   * Computes an account's totals from its last snapshot, and once more from its first posting.
   * @param at the entry that they are to be behind, null for the checkpoint; not beyond that
   */
  recompute(account: string, at: number | null): Promise<Recomputed> {
    return this.longSnapshot(async (query) => {
      const checkpoint = await this.checkpoint(query);
      const sequence = at ?? checkpoint;
      if (sequence > checkpoint) throw new Error(`the record ends at entry ${checkpoint}, before entry ${sequence}`);
      const [snapshot] = await query<SnapshotRow>(SNAPSHOTS, [this.shard, account, sequence + 1, 1]);
      const posted = async (behind: number, totals: Map<string, bigint>): Promise<{ count: number; totals: ReadonlyMap<string, string> }> => {
        const rows = await query<Row & { asset: string; amount: string; postings: number }>(POSTED, [this.shard, account, behind, sequence]);
        for (const { asset, amount } of rows) totals.set(asset, (totals.get(asset) ?? 0n) + BigInt(amount));
        return { count: rows.reduce((sum, row) => sum + row.postings, 0), totals: new Map([...totals].map(([asset, total]) => [asset, String(total)])) };
      };
      const kept = new Map((snapshot?.balances ?? []).map(({ asset, total }) => [asset, BigInt(total)]));
      const fromSnapshot = await posted(snapshot?.sequence ?? 0, kept);
      const fromFirst = await posted(0, new Map<string, bigint>());
      const recorded = sequence === checkpoint ? balancesOf(await query<BalanceRowRead>(BALANCES, [this.shard, account])).balances : null;
      const pending = (await query<TransferRowRead>(PENDING_OF, [this.shard, account])).map(transferOfRow);
      return {
        sequence, snapshotSequence: snapshot?.sequence ?? null, replayed: fromSnapshot.count, postings: fromFirst.count, fromSnapshot: fromSnapshot.totals,
        fromFirst: fromFirst.totals, recorded, pending,
      };
    });
  }

  /** What an account's postings behind one entry and up to another add up to, and how many they are. */
  async posted(account: string, behind: number, upTo: number): Promise<{ postings: number; sums: { asset: string; amount: string }[] }> {
    const rows = await this.query<Row & { asset: string; amount: string; postings: number }>(POSTED, account, behind, upTo);
    return { postings: rows.reduce((sum, row) => sum + row.postings, 0), sums: rows.map(({ asset, amount }) => ({ asset, amount })) };
  }

  private async checkpoint(query: Query): Promise<number> {
    const [row] = await query<Row & { sequence: number }>(CHECKPOINT, [this.shard]);
    return row?.sequence ?? 0;
  }

  /** Reads of one moment that may take long, on a connection of their own. */
  private async longSnapshot<T>(work: (query: Query) => Promise<T>): Promise<T> {
    const session = await this.database.session(LONG_TIMEOUT_MS);
    try {
      await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      return await work(queryOf(session));
    } finally {
      await session.end();
    }
  }
}
