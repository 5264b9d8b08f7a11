import type pg from 'pg';
import type { Order, Trade } from '../domain/order';
import type { Database, Row } from './database';
import { orderOfRow, tradeOfRow, type Checkpoint, type OrderRow, type TradeRow } from './history';
import { CHECKPOINT, ORDER_COLUMNS, TRADE_COLUMNS } from './queries/history';

const TIMEOUT_MS = 600_000;
const PAGE = 5_000;

export interface JournalRow {
  readonly sequence: number;
  readonly payload: string;
  /** Kept in dead_letters instead of the journal. */
  readonly isDeadLetter: boolean;
}

/** Postgres as an auditor reads it: one snapshot, whatever the writer does meanwhile. */
export class AuditSource {
  private constructor(private readonly session: pg.Client, private readonly shard: string) {}

  static async open(database: Database, shard: string): Promise<AuditSource> {
    const session = await database.session(TIMEOUT_MS);
    await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    return new AuditSource(session, shard);
  }

  async close(): Promise<void> {
    await this.session.end();
  }

  async checkpoint(): Promise<Checkpoint | null> {
    const { rows } = await this.session.query<{ epoch: string; sequence: number; time_us: number }>(CHECKPOINT.text, [this.shard]);
    const [row] = rows;
    return row === undefined ? null : { epoch: row.epoch, sequence: row.sequence, timeUs: row.time_us };
  }

  /** Every entry, by sequence: from the journal, or from dead_letters where Postgres refused it. */
  async *journal(): AsyncGenerator<JournalRow> {
    let after = 0;
    for (;;) {
      const { rows } = await this.session.query<Row & { sequence: number; payload: string; dead: boolean }>(
        `SELECT sequence, payload, false AS dead FROM journal WHERE shard = $1 AND sequence > $2
         UNION ALL
         SELECT sequence, payload, true FROM dead_letters
           WHERE shard = $1 AND sequence > $2 AND resolved_at IS NULL
         ORDER BY sequence LIMIT $3`,
        [this.shard, after, PAGE],
      );
      for (const row of rows) yield { sequence: row.sequence, payload: row.payload, isDeadLetter: row.dead };
      const last = rows[rows.length - 1];
      if (last === undefined || rows.length < PAGE) return;
      after = last.sequence;
    }
  }

  /** Every order, by id. */
  async *orders(): AsyncGenerator<Order> {
    let behind = '00000000-0000-0000-0000-000000000000';
    for (;;) {
      const { rows } = await this.session.query<OrderRow>(
        `SELECT ${ORDER_COLUMNS} FROM orders WHERE order_id > $1 ORDER BY order_id LIMIT $2`, [behind, PAGE],
      );
      for (const row of rows) yield orderOfRow(row);
      const last = rows[rows.length - 1];
      if (last === undefined || rows.length < PAGE) return;
      behind = last.order_id;
    }
  }

  /** Every trade, by instrument and id. */
  async *trades(): AsyncGenerator<Trade> {
    let behind: [string, number] = ['', 0];
    for (;;) {
      const { rows } = await this.session.query<TradeRow>(
        `SELECT ${TRADE_COLUMNS} FROM trades WHERE (instrument, trade_id) > ($1, $2) ORDER BY instrument, trade_id LIMIT $3`, [...behind, PAGE],
      );
      for (const row of rows) yield tradeOfRow(row);
      const last = rows[rows.length - 1];
      if (last === undefined || rows.length < PAGE) return;
      behind = [last.instrument, last.trade_id];
    }
  }
}
