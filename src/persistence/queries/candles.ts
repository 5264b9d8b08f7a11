import type { NamedQuery } from '../database';

const COLUMNS = `open_ticks, high_ticks, low_ticks, close_ticks, volume_lots, notional, trades, first_trade_id, last_trade_id`;

// Open and close are those of the lowest and highest trade id: a refused entry may be written after later ones.
const MERGE = `ON CONFLICT (instrument, interval_s, start_s) DO UPDATE SET
      open_ticks = CASE WHEN excluded.first_trade_id < candles.first_trade_id THEN excluded.open_ticks ELSE candles.open_ticks END,
      high_ticks = greatest(candles.high_ticks, excluded.high_ticks),
      low_ticks = least(candles.low_ticks, excluded.low_ticks),
      close_ticks = CASE WHEN excluded.last_trade_id > candles.last_trade_id THEN excluded.close_ticks ELSE candles.close_ticks END,
      volume_lots = candles.volume_lots + excluded.volume_lots,
      notional = candles.notional + excluded.notional,
      trades = candles.trades + excluded.trades,
      first_trade_id = least(candles.first_trade_id, excluded.first_trade_id),
      last_trade_id = greatest(candles.last_trade_id, excluded.last_trade_id)`;

/** Adds what a batch's trades come to. Exactly once, since trades and checkpoint are of the same transaction. */
export const ADD_CANDLES: NamedQuery = {
  name: 'add_candles',
  text: `INSERT INTO candles (instrument, interval_s, start_s, ${COLUMNS}, shard)
    SELECT added.*, $13 FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
      $8::numeric[], $9::numeric[], $10::bigint[], $11::bigint[], $12::bigint[]) AS added
    ${MERGE}`,
};

// The trades of a log sequence are found by no index: this is for the one time after an older version has written.
export const MAKE_UP_CANDLES: NamedQuery = {
  name: 'make_up_candles',
  text: `INSERT INTO candles (instrument, interval_s, start_s, ${COLUMNS}, shard)
    SELECT instrument, interval_s, executed_us / 1000000 / interval_s * interval_s AS start_s,
      (array_agg(price_ticks ORDER BY trade_id))[1], max(price_ticks), min(price_ticks), (array_agg(price_ticks ORDER BY trade_id DESC))[1],
      sum(quantity_lots::numeric), sum(price_ticks::numeric * quantity_lots), count(*), min(trade_id), max(trade_id), $4
    FROM trades CROSS JOIN unnest($3::integer[]) AS stored (interval_s)
    WHERE shard = $4 AND sequence > $1 AND sequence <= $2
    GROUP BY 1, 2, 3
    ${MERGE}`,
};

export const CANDLES_SEQUENCE: NamedQuery = {
  name: 'candles_sequence',
  text: 'SELECT candles_sequence FROM checkpoints WHERE shard = $1',
};

export const MOVE_CANDLES_SEQUENCE: NamedQuery = {
  name: 'move_candles_sequence',
  text: 'UPDATE checkpoints SET candles_sequence = $3 WHERE shard = $1 AND candles_sequence = $2',
};

/**
 * Candles of any interval from stored ones, with the checkpoint that they are of: one statement sees one moment. The
 * page is taken of the stored ones first, so its cost does not depend on how much history there is; a candle that it
 * cuts in two lies beyond the limit, since no candle is made of more than $6 stored ones.
 */
const page = (direction: 'ASC' | 'DESC'): string => `WITH stored AS (
      SELECT start_s, ${COLUMNS} FROM candles
      WHERE instrument = $2 AND interval_s = $3 AND start_s >= $4 AND start_s < $5
      ORDER BY start_s ${direction} LIMIT $6::bigint * $8
    ), page AS (
      SELECT start_s / $7 * $7 AS start_s, (array_agg(open_ticks ORDER BY start_s))[1] AS open_ticks, max(high_ticks) AS high_ticks,
        min(low_ticks) AS low_ticks, (array_agg(close_ticks ORDER BY start_s DESC))[1] AS close_ticks, sum(volume_lots) AS volume_lots,
        sum(notional) AS notional, sum(trades)::bigint AS trades, min(first_trade_id) AS first_trade_id, max(last_trade_id) AS last_trade_id
      FROM stored GROUP BY 1 ORDER BY 1 ${direction} LIMIT $8
    )
    SELECT checkpoints.epoch, checkpoints.sequence, page.* FROM checkpoints LEFT JOIN page ON true
    WHERE shard = $1 ORDER BY start_s`;

/** The oldest candles from a moment on. */
export const CANDLES_FROM: NamedQuery = { name: 'candles_from', text: page('ASC') };

/** The newest candles before a moment. */
export const CANDLES_BEFORE: NamedQuery = { name: 'candles_before', text: page('DESC') };

/** The last candle before a moment. */
export const CANDLE_BEFORE: NamedQuery = {
  name: 'candle_before',
  text: `SELECT start_s, ${COLUMNS} FROM candles WHERE instrument = $1 AND interval_s = $2 AND start_s < $3 ORDER BY start_s DESC LIMIT 1`,
};

/** The minutes and the seconds of all instruments since two moments, with the checkpoint that they are of. */
export const RECENT_CANDLES: NamedQuery = {
  name: 'recent_candles',
  text: `WITH recent AS (
      SELECT instrument, interval_s, start_s, ${COLUMNS} FROM candles
      WHERE instrument = ANY ($2) AND interval_s = 60 AND start_s >= $3
      UNION ALL
      SELECT instrument, interval_s, start_s, ${COLUMNS} FROM candles
      WHERE instrument = ANY ($2) AND interval_s = 1 AND start_s >= $4
    )
    SELECT checkpoints.epoch, checkpoints.sequence, recent.* FROM checkpoints LEFT JOIN recent ON true
    WHERE shard = $1 ORDER BY start_s`,
};

export const LAST_TRADES: NamedQuery = {
  name: 'last_trades',
  text: `SELECT last.* FROM unnest($1::text[]) AS named (name), LATERAL (
      SELECT instrument, trade_id, price_ticks, quantity_lots, taker_side, maker_order_id, taker_order_id, executed_us
      FROM trades WHERE instrument = named.name ORDER BY trade_id DESC LIMIT 1
    ) AS last`,
};
