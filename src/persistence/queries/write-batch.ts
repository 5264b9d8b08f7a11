import type { NamedQuery } from '../database';

/*
 * The writer's statements. Each takes whole columns as arrays: one prepared statement writes a batch of
 * any size, 90-140 thousand rows a second where row-wise inserts reach a tenth of that.
 */

export const INSERT_JOURNAL: NamedQuery = {
  name: 'insert_journal',
  text: `INSERT INTO journal (shard, sequence, at, kind, idempotency, payload)
    SELECT $1, sequence, to_timestamp(at_us / 1000000) + (at_us % 1000000) * interval '1 microsecond', kind, idempotency, payload
    FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], string_to_array($6, E'\\n'))
      AS entry (sequence, at_us, kind, idempotency, payload)`,
};

// The last state of an order in the batch wins; an older state never overwrites a newer one.
export const UPSERT_ORDERS: NamedQuery = {
  name: 'upsert_orders',
  text: `INSERT INTO orders (order_id, client_id, client_order_id, instrument, side, type, time_in_force, post_only,
      price_ticks, quantity_lots, filled_lots, notional, status, status_reason, sequence, fill_sequence, priority,
      created_us, updated_us, placed_sequence, maker_fee_rate, taker_fee_rate, fee_units, fee_millionths, traits, shard)
    SELECT placed.*, $26 FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::boolean[],
      $9::bigint[], $10::bigint[], $11::bigint[], $12::numeric[], $13::text[], $14::text[], $15::bigint[], $16::bigint[],
      $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::integer[], $22::integer[], $23::numeric[], $24::integer[], $25::jsonb[]) AS placed
    ON CONFLICT (order_id) DO UPDATE SET
      price_ticks = excluded.price_ticks, quantity_lots = excluded.quantity_lots, filled_lots = excluded.filled_lots,
      notional = excluded.notional, status = excluded.status, status_reason = excluded.status_reason,
      sequence = excluded.sequence, fill_sequence = excluded.fill_sequence, priority = excluded.priority,
      updated_us = excluded.updated_us, maker_fee_rate = excluded.maker_fee_rate, taker_fee_rate = excluded.taker_fee_rate,
      fee_units = excluded.fee_units, fee_millionths = excluded.fee_millionths, traits = excluded.traits
    WHERE orders.sequence < excluded.sequence`,
};

export const INSERT_TRADES: NamedQuery = {
  name: 'insert_trades',
  text: `INSERT INTO trades (instrument, trade_id, price_ticks, quantity_lots, taker_side, maker_order_id, taker_order_id,
      sequence, executed_us, executed_at, shard, maker_account, taker_account, maker_fee, taker_fee)
    SELECT instrument, trade_id, price_ticks, quantity_lots, taker_side, maker, taker, sequence, at_us,
      to_timestamp(at_us / 1000000) + (at_us % 1000000) * interval '1 microsecond', $14, maker_account, taker_account, maker_fee, taker_fee
    FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::uuid[], $7::uuid[], $8::bigint[], $9::bigint[],
        $10::text[], $11::text[], $12::numeric[], $13::numeric[])
      AS trade (instrument, trade_id, price_ticks, quantity_lots, taker_side, maker, taker, sequence, at_us, maker_account, taker_account, maker_fee, taker_fee)`,
};

// No row moved means that another writer has been here, or that the shard began another life.
export const MOVE_CHECKPOINT: NamedQuery = {
  name: 'move_checkpoint',
  text: `UPDATE checkpoints SET sequence = $4, candles_sequence = $4, time_us = $5, updated_at = now()
    WHERE shard = $1 AND epoch = $2 AND sequence = $3`,
};

export const INSERT_DEAD_LETTER: NamedQuery = {
  name: 'insert_dead_letter',
  text: `INSERT INTO dead_letters (shard, sequence, payload, reason) VALUES ($1, $2, $3, $4)
    ON CONFLICT (shard, sequence) DO UPDATE SET payload = excluded.payload, reason = excluded.reason`,
};

// Months are UTC's, whatever the session's time zone.
export const ENSURE_PARTITIONS: NamedQuery = {
  name: 'ensure_partitions',
  text: `SELECT ensure_partitions(today), ensure_partitions(next), ensure_fills_partition(today), ensure_fills_partition(next)
    FROM (SELECT (now() AT TIME ZONE 'UTC')::date AS today) AS clock, LATERAL (SELECT (today + interval '1 month')::date AS next) AS ahead`,
};
