import type pg from 'pg';
import type { StoredCandle } from '../domain/candle';
import type { Order, Trade } from '../domain/order';
import { candleOfRow, type CandleRow } from './candle-history';
import type { Database, Row } from './database';
import { orderOfRow, tradeOfRow, type Checkpoint, type OrderRow, type TradeRow } from './history';
import { CHECKPOINT, ORDER_COLUMNS, TRADE_COLUMNS } from './queries/history';

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

  async checkpoint(): Promise<Checkpoint | null> {
    const { rows } = await this.session.query<{ epoch: string; sequence: number; time_us: number }>(CHECKPOINT.text, [this.shard]);
    const [row] = rows;
    return row === undefined ? null : { epoch: row.epoch, sequence: row.sequence, timeUs: row.time_us };
  }

  /** Rows of a query, page by page: whatever is there twice comes twice. */
  private async *rows<T extends Row>(query: string): AsyncGenerator<T> {
    await this.session.query(`DECLARE audited NO SCROLL CURSOR FOR ${query}`);
    for (;;) {
      const { rows } = await this.session.query<T>(`FETCH ${PAGE} FROM audited`);
      yield* rows;
      if (rows.length < PAGE) break;
    }
    await this.session.query('CLOSE audited');
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

  async *trades(): AsyncGenerator<{ readonly trade: Trade; readonly sequence: number }> {
    const rows = this.rows<TradeRow & { sequence: number }>(`SELECT ${TRADE_COLUMNS}, sequence FROM trades WHERE shard = ${this.literal} ORDER BY instrument, trade_id`);
    for await (const row of rows) yield { trade: tradeOfRow(row), sequence: row.sequence };
  }
  async *candles(): AsyncGenerator<StoredCandle> {
    const rows = this.rows<CandleRow & { instrument: string; interval_s: number }>(`SELECT * FROM candles WHERE shard = ${this.literal} ORDER BY instrument, interval_s, start_s`);
    for await (const row of rows) yield { instrument: row.instrument, intervalS: row.interval_s, candle: candleOfRow(row) };
  }
}
