import { STORED_INTERVALS_S, storedIntervalS, type Candle, type StoredCandle } from '../domain/candle';
import type { Trade } from '../domain/order';
import type { Database, Row } from './database';
import { tradeOfRow, type TradeRow } from './history';
import {
  CANDLES_BEFORE, CANDLES_FROM, CANDLES_SEQUENCE, CANDLE_BEFORE, LAST_TRADES, MAKE_UP_CANDLES, MOVE_CANDLES_SEQUENCE, RECENT_CANDLES,
} from './queries/candles';

export interface CandleRow extends Row {
  start_s: number; open_ticks: number; high_ticks: number; low_ticks: number; close_ticks: number; volume_lots: string; notional: string;
  trades: number; first_trade_id: number; last_trade_id: number;
}

export function candleOfRow(row: CandleRow): Candle {
  return {
    startS: row.start_s, openTicks: row.open_ticks, highTicks: row.high_ticks, lowTicks: row.low_ticks, closeTicks: row.close_ticks,
    volumeLots: BigInt(row.volume_lots), notional: BigInt(row.notional), trades: row.trades,
    firstTradeId: row.first_trade_id, lastTradeId: row.last_trade_id,
  };
}

/** Candles, and the place in the log up to which they hold every trade. */
export interface CandlesAt<T> {
  readonly epoch: string;
  readonly sequence: number;
  /** Oldest first. */
  readonly candles: T[];
}

/** Rows of candles beside their checkpoint; where there are none, the checkpoint alone. */
type WithCheckpoint<T> = T & { epoch: string; sequence: number };

function candlesAt<T extends CandleRow, C>(rows: readonly WithCheckpoint<T>[], candleOf: (row: T) => C): CandlesAt<C> {
  const [first] = rows;
  return {
    epoch: first?.epoch ?? '',
    sequence: first?.sequence ?? 0,
    candles: rows.filter((row) => (row.start_s as number | null) !== null).map(candleOf),
  };
}

/** The candles that the writer keeps. Every method throws DatabaseUnavailableError while Postgres is away. */
export class CandleHistory {
  constructor(private readonly database: Database, private readonly shard: string) {}

  /**
   * Candles that begin from `fromS` on and before `toS`.
   * @param newest where there are more than `limit`: the newest instead of the oldest
   */
  async candles(instrument: string, intervalS: number, fromS: number, toS: number, limit: number, newest: boolean): Promise<CandlesAt<Candle>> {
    const stored = storedIntervalS(intervalS);
    const rows = await this.database.query<WithCheckpoint<CandleRow>>(newest ? CANDLES_BEFORE : CANDLES_FROM, [
      this.shard, instrument, stored, fromS, toS, intervalS / stored, intervalS, limit,
    ]);
    return candlesAt(rows, candleOfRow);
  }

  /** The last one that begins before `beforeS`; of the stored intervals, so that any of them may be asked for. */
  async candleBefore(instrument: string, intervalS: number, beforeS: number): Promise<Candle | null> {
    const [row] = await this.database.query<CandleRow>(CANDLE_BEFORE, [instrument, storedIntervalS(intervalS), beforeS]);
    return row === undefined ? null : candleOfRow(row);
  }

  /** The minutes since `minutesFromS` and the seconds since `secondsFromS`. */
  async recent(instruments: readonly string[], minutesFromS: number, secondsFromS: number): Promise<CandlesAt<StoredCandle>> {
    const rows = await this.database.query<WithCheckpoint<CandleRow & { instrument: string; interval_s: number }>>(
      RECENT_CANDLES, [this.shard, instruments, minutesFromS, secondsFromS],
    );
    return candlesAt(rows, (row) => ({ instrument: row.instrument, intervalS: row.interval_s, candle: candleOfRow(row) }));
  }

  /** The last trade of each instrument that has one. */
  async lastTrades(instruments: readonly string[]): Promise<Trade[]> {
    return (await this.database.query<TradeRow>(LAST_TRADES, [instruments])).map(tradeOfRow);
  }
}

/** It reads every trade there is, once. */
const MAKE_UP_TIMEOUT_MS = 3_600_000;

/**
 * Makes up for a writer of a version without candles: adds the trades that it wrote. For the one writer, while it holds
 * the shard's lock.
 * @param sequence the checkpoint
 * @returns whether there was anything to make up for
 */
export async function makeUpCandles(database: Database, shard: string, sequence: number): Promise<boolean> {
  const [row] = await database.query<{ candles_sequence: number }>(CANDLES_SEQUENCE, [shard]);
  const from = row?.candles_sequence ?? sequence;
  if (from >= sequence) return false;
  const session = await database.session(MAKE_UP_TIMEOUT_MS);
  try {
    await session.query('BEGIN');
    await session.query({ ...MAKE_UP_CANDLES, values: [from, sequence, STORED_INTERVALS_S, shard] });
    const moved = await session.query({ ...MOVE_CANDLES_SEQUENCE, values: [shard, from, sequence] });
    if (moved.rowCount !== 1) throw new Error('another writer has made up the candles');
    await session.query('COMMIT');
  } finally {
    await session.end();
  }
  return true;
}
