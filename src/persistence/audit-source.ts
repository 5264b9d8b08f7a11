import type pg from 'pg';
import type { Algo, AlgoSlice } from '../domain/algo';
import type { StoredCandle } from '../domain/candle';
import type { Control } from '../domain/controls';
import type { InstrumentRules } from '../domain/instrument-rules';
import type { Account, FeeGroup, Funds } from '../domain/money';
import type { Order, SettledTrade } from '../domain/order';
import { algoOf, sliceOf, type AlgoRow, type SliceRow } from './algo-store';
import { candleOfRow, type CandleRow } from './candle-history';
import { controlOfRow, type ControlRow } from './control-rows';
import { rulesOfRow, type CatalogueRow } from './catalogue-rows';
import type { Database, Row } from './database';
import { orderOfRow, settledTradeOfRow, type Checkpoint, type OrderRow, type SettledTradeRow } from './history';
import type { BalanceRow, FillRow, RecordedPosition, RecordedTransferKind } from './money-batch';
import {
  accountOfRow, feeGroupOfRow, snapshotOfRow, transferOfRow, type AccountRow, type AccountSnapshot, type FeeGroupRow, type RecordedTransfer, type SnapshotRow,
  type TransferRowRead,
} from './money-rows';
import { positionOfRow, type PositionRow } from './position-row';
import { ALGO_COLUMNS, SLICE_COLUMNS } from './queries/algos';
import { CONTROLS } from './queries/controls';
import { CATALOGUE } from './queries/catalogue';
import { AUDITED_CHECKPOINT, FUNDS_SWITCHES, ORDER_COLUMNS, SETTLED_COLUMNS } from './queries/history';
import { ACCOUNT_COLUMNS, TRANSFER_COLUMNS } from './queries/money';
import { POSITION_COLUMNS } from './queries/write-money';

const TIMEOUT_MS = 600_000;
const PAGE = 5_000;

export interface JournalRow {
  readonly sequence: number;
  readonly payload: string;
  /** What the journal tells of the entry in columns of their own; null for one that is kept in dead_letters instead. */
  readonly columns: { readonly timeUs: number; readonly kind: string; readonly idempotency: string | null } | null;
}

interface JournalColumns extends Row {
  sequence: number; payload: string; is_letter: boolean; time_us: number; kind: string; idempotency: string | null;
}

/** Postgres as an auditor reads it: one snapshot, whatever the writer does meanwhile. */
export class AuditSource {
  private cursors = 0;

  private constructor(private readonly session: pg.Client, private readonly shard: string) {}

  static async open(database: Database, shard: string): Promise<AuditSource> {
    const session = await database.session(TIMEOUT_MS);
    await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    return new AuditSource(session, shard);
  }

  private get literal(): string {
    return this.session.escapeLiteral(this.shard);
  }

  async close(): Promise<void> {
    await this.session.end();
  }

  async checkpoint(): Promise<Checkpoint & { readonly funds: Funds } | null> {
    const { rows } = await this.session.query<{ epoch: string; sequence: number; time_us: number; funds: Funds }>(AUDITED_CHECKPOINT.text, [this.shard]);
    const [row] = rows;
    return row === undefined ? null : { epoch: row.epoch, sequence: row.sequence, timeUs: row.time_us, funds: row.funds };
  }

  /** Where money was kept otherwise from then on, as it happened; behind which log sequence. */
  async fundsSwitches(): Promise<readonly { readonly sequence: number; readonly funds: Funds }[]> {
    const { rows } = await this.session.query<{ sequence: number; funds: Funds }>(FUNDS_SWITCHES.text, [this.shard]);
    return rows;
  }

  /** Rows of a query, page by page: whatever is there twice comes twice. Several may be read side by side. */
  private async *rows<T extends Row>(query: string): AsyncGenerator<T> {
    const cursor = `audited_${++this.cursors}`;
    await this.session.query(`DECLARE ${cursor} NO SCROLL CURSOR FOR ${query}`);
    for (;;) {
      const { rows } = await this.session.query<T>(`FETCH ${PAGE} FROM ${cursor}`);
      yield* rows;
      if (rows.length < PAGE) break;
    }
    await this.session.query(`CLOSE ${cursor}`);
  }

  /** Every entry behind `after`, by sequence: from the journal, or from dead_letters where it is only there. */
  async *journal(after = 0): AsyncGenerator<JournalRow> {
    const shard = this.literal;
    const behind = Math.trunc(after);
    const rows = this.rows<JournalColumns>(
      `SELECT sequence, payload, false AS is_letter, (extract(epoch FROM at) * 1000000)::bigint AS time_us, kind, idempotency
         FROM journal WHERE shard = ${shard} AND sequence > ${behind}
       UNION ALL
       SELECT sequence, payload, true, 0, '', NULL FROM dead_letters AS letter WHERE shard = ${shard} AND sequence > ${behind}
         AND NOT EXISTS (SELECT FROM journal WHERE journal.shard = letter.shard AND journal.sequence = letter.sequence)
       ORDER BY sequence`,
    );
    for await (const row of rows) {
      yield {
        sequence: row.sequence, payload: row.payload,
        columns: row.is_letter ? null : { timeUs: row.time_us, kind: row.kind, idempotency: row.idempotency },
      };
    }
  }

  /** Entries that Postgres refused and nobody has dealt with. */
  async openLetters(): Promise<number[]> {
    const { rows } = await this.session.query<{ sequence: number }>(
      'SELECT sequence FROM dead_letters WHERE shard = $1 AND resolved_at IS NULL ORDER BY sequence', [this.shard],
    );
    return rows.map((row) => row.sequence);
  }

  async *orders(): AsyncGenerator<Order> {
    for await (const row of this.rows<OrderRow>(`SELECT ${ORDER_COLUMNS} FROM orders WHERE shard = ${this.literal} ORDER BY order_id`)) yield orderOfRow(row);
  }

  async *trades(): AsyncGenerator<{ readonly trade: SettledTrade; readonly sequence: number }> {
    const rows = this.rows<SettledTradeRow & { sequence: number }>(`SELECT ${SETTLED_COLUMNS}, sequence FROM trades WHERE shard = ${this.literal} ORDER BY instrument, trade_id`);
    for await (const row of rows) yield { trade: settledTradeOfRow(row), sequence: row.sequence };
  }

  async controls(): Promise<Control[]> {
    const { rows } = await this.session.query<ControlRow>(CONTROLS.text, [this.shard]);
    return rows.map(controlOfRow);
  }

  async *candles(): AsyncGenerator<StoredCandle> {
    const rows = this.rows<CandleRow & { instrument: string; interval_s: number }>(`SELECT * FROM candles WHERE shard = ${this.literal} ORDER BY instrument, interval_s, start_s`);
    for await (const row of rows) yield { instrument: row.instrument, intervalS: row.interval_s, candle: candleOfRow(row) };
  }
  async *accounts(): AsyncGenerator<{ readonly account: Account; readonly sequence: number }> {
    const rows = this.rows<AccountRow & { sequence: number }>(`SELECT ${ACCOUNT_COLUMNS}, sequence FROM accounts WHERE shard = ${this.literal} ORDER BY account`);
    for await (const row of rows) yield { account: accountOfRow(row), sequence: row.sequence };
  }

  async *balances(): AsyncGenerator<BalanceRow> {
    yield* this.rows<BalanceRow & Row>(
      `SELECT account, asset, total::text, held::text, sequence, postings FROM balances WHERE shard = ${this.literal} ORDER BY account, asset`,
    );
  }

  /** Totals that are not what their movements add up to, with that. */
  async *unposted(): AsyncGenerator<{ readonly account: string; readonly asset: string; readonly posted: string }> {
    yield* this.rows<Row & { account: string; asset: string; posted: string }>(
      `SELECT account, asset, coalesce(posted, 0)::text AS posted
         FROM (SELECT account, asset, total FROM balances WHERE shard = ${this.literal}) AS kept
         FULL JOIN (SELECT account, asset, sum(amount) AS posted FROM ledger WHERE shard = ${this.literal} GROUP BY account, asset) AS moved USING (account, asset)
         WHERE coalesce(total, 0) <> coalesce(posted, 0) ORDER BY account, asset`,
    );
  }

  /** As they happened. */
  async *fills(): AsyncGenerator<FillRow> {
    const rows = this.rows<RecordedFill>(`SELECT * FROM fills WHERE shard = ${this.literal} ORDER BY sequence, fill, role`);
    for await (const row of rows) yield fillOfRow(row);
  }

  /** Opening deposits among them, which have no id; in the order in which they were made. */
  async *transfers(): AsyncGenerator<AuditedTransfer> {
    const rows = this.rows<TransferRowRead & { ordinal: number }>(`SELECT ${TRANSFER_COLUMNS}, ordinal FROM transfers WHERE shard = ${this.literal} ORDER BY sequence, ordinal`);
    for await (const row of rows) yield { ...transferOfRow(row), transferId: row.transfer_id, kind: row.kind, ordinal: row.ordinal };
  }

  async *positions(): AsyncGenerator<RecordedPosition> {
    const rows = this.rows<PositionRow>(`SELECT ${POSITION_COLUMNS} FROM positions WHERE shard = ${this.literal} ORDER BY account, instrument`);
    for await (const row of rows) yield positionOfRow(row);
  }

  async *snapshots(): AsyncGenerator<AccountSnapshot & { readonly account: string }> {
    const rows = this.rows<SnapshotRow & { account: string }>(`SELECT * FROM account_snapshots WHERE shard = ${this.literal} ORDER BY sequence, account`);
    for await (const row of rows) yield { account: row.account, ...snapshotOfRow(row) };
  }

  /** Instruments that were made or changed, by name. */
  async catalogue(): Promise<readonly InstrumentRules[]> {
    return (await this.session.query<CatalogueRow>(CATALOGUE.text, [this.shard])).rows.map(rulesOfRow);
  }

  async *algos(): AsyncGenerator<Algo> {
    for await (const row of this.rows<AlgoRow>(`SELECT ${ALGO_COLUMNS} FROM algos WHERE shard = ${this.literal} ORDER BY number`)) yield algoOf(row);
  }

  async *algoSlices(): AsyncGenerator<AlgoSlice> {
    const ofShard = `algo_id IN (SELECT algo_id FROM algos WHERE shard = ${this.literal})`;
    for await (const row of this.rows<SliceRow>(`SELECT ${SLICE_COLUMNS} FROM algo_slices WHERE ${ofShard} ORDER BY algo_id, slice`)) yield sliceOf(row);
  }

  async *feeGroups(): AsyncGenerator<FeeGroup> {
    const rows = this.rows<FeeGroupRow>(`SELECT fee_group, rates FROM fee_groups WHERE shard = ${this.literal} ORDER BY fee_group`);
    for await (const row of rows) yield feeGroupOfRow(row);
  }
}

export interface AuditedTransfer extends Omit<RecordedTransfer, 'transferId' | 'kind'> {
  readonly transferId: string | null;
  readonly kind: RecordedTransferKind;
  readonly ordinal: number;
}

interface RecordedFill extends Row {
  sequence: number; executed_us: number; trade_id: number; price_ticks: number; quantity_lots: number; fill: number; fee_rate: number; order_id: string;
  instrument: string; account: string; side: FillRow['side']; role: FillRow['role']; base_units: string; value: string; fee: string; base_after: string;
  quote_after: string; fees_after: string | null;
}

function fillOfRow(row: RecordedFill): FillRow {
  return {
    sequence: row.sequence, executedUs: row.executed_us, fill: row.fill, role: row.role, tradeId: row.trade_id, instrument: row.instrument, account: row.account,
    orderId: row.order_id, side: row.side, priceTicks: row.price_ticks, quantityLots: row.quantity_lots, baseUnits: BigInt(row.base_units), value: BigInt(row.value),
    fee: BigInt(row.fee), feeRate: row.fee_rate, baseAfter: BigInt(row.base_after), quoteAfter: BigInt(row.quote_after),
    feesAfter: row.fees_after === null ? null : BigInt(row.fees_after),
  };
}
