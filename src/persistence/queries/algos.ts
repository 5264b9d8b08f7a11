import type { NamedQuery } from '../database';

const query = (name: string, text: string): NamedQuery => ({ name: `algos_${name}`, text });

export const ALGO_COLUMNS = `algo_id, client_id, actor, instrument, side, quantity_lots, limit_ticks, duration_s, slices, status, status_reason, is_stopping, filled_lots,
  notional::text, slices_placed, slices_refused, refused_in_a_row, next_slice, next_us, created_us, updated_us`;
export const SLICE_COLUMNS = 'algo_id, slice, order_id, quantity_lots, status, filled_lots, notional::text, reason, at_us';

/** Whoever starts another one of the same account waits: its bound holds over all processes. */
export const HOLD_ACCOUNT = query('hold_account', "SELECT pg_advisory_xact_lock(hashtextextended('openfill:algos:' || $1 || ':' || $2, 0))");
/** Where the account has fewer running than it may ($13). */
export const START = query('start', `
  INSERT INTO algos (algo_id, shard, kind, client_id, actor, idempotency, instrument, side, quantity_lots, limit_ticks, duration_s, slices, status, is_stopping,
      filled_lots, notional, slices_placed, slices_refused, refused_in_a_row, next_slice, next_us, created_us, updated_us)
    SELECT $1::uuid, $2::text, 'twap', $3::text, $4::text, $5::text, $6::text, $7::text, $8::bigint, $9::bigint, $10::integer, $11::integer, 'running', false,
        0, 0, 0, 0, 0, 1, $12::bigint, $12::bigint, $12::bigint
      WHERE (SELECT count(*) FROM algos WHERE shard = $2 AND client_id = $3 AND status = 'running') < $13::bigint
    ON CONFLICT (shard, idempotency) DO NOTHING RETURNING algo_id`);

export const ONE = query('one', `SELECT ${ALGO_COLUMNS} FROM algos WHERE shard = $1 AND algo_id = $2`);
export const BY_KEY = query('by_key', `SELECT ${ALGO_COLUMNS} FROM algos WHERE shard = $1 AND idempotency = $2`);
export const HOLD = query('hold', `SELECT ${ALGO_COLUMNS} FROM algos WHERE shard = $1 AND algo_id = $2 FOR UPDATE`);
export const OF_CLIENT = query('of_client', `
  SELECT ${ALGO_COLUMNS} FROM algos
    WHERE shard = $1 AND client_id = $2 AND ($3 OR status = 'running') AND ($4::uuid IS NULL OR number < (SELECT number FROM algos WHERE algo_id = $4))
    ORDER BY number DESC LIMIT $5`);
/** Those that there is something to do of, the one that waits longest first. */
export const DUE = query('due', `SELECT ${ALGO_COLUMNS} FROM algos WHERE shard = $1 AND status = 'running' AND next_us <= $2 ORDER BY next_us LIMIT $3`);
export const SLICES = query('slices', `SELECT ${SLICE_COLUMNS} FROM algo_slices WHERE algo_id = $1 ORDER BY slice`);
export const PLACING = query('placing', `SELECT ${SLICE_COLUMNS} FROM algo_slices WHERE algo_id = $1 AND status = 'placing'`);

export const DECIDE_SLICE = query('decide_slice', `
  INSERT INTO algo_slices (algo_id, slice, order_id, quantity_lots, status, filled_lots, notional, at_us) VALUES ($1, $2, $3, $4, 'placing', 0, 0, $5)`);
/** Both in one step, for an algo that is still as it was read ($5, $6): else nothing. */
export const DECIDE_AT_ONCE = query('decide_at_once', `
  WITH held AS (
    SELECT algo_id FROM algos WHERE shard = $7 AND algo_id = $1 AND status = 'running' AND NOT is_stopping AND next_slice = $5 AND filled_lots = $6 FOR UPDATE
  ), decided AS (
    INSERT INTO algo_slices (algo_id, slice, order_id, quantity_lots, status, filled_lots, notional, at_us)
      SELECT algo_id, $2::integer, $3::uuid, $4::bigint, 'placing', 0, 0, $8::bigint FROM held ON CONFLICT DO NOTHING RETURNING algo_id
  )
  UPDATE algos SET next_slice = $2::integer, updated_us = $8::bigint WHERE algo_id IN (SELECT algo_id FROM decided) RETURNING algo_id`);
/** Of one that is being placed: whoever comes second changes nothing. */
export const NOTE_SLICE = query('note_slice', `
  UPDATE algo_slices SET status = $3, filled_lots = $4, notional = $5::numeric, reason = $6 WHERE algo_id = $1 AND slice = $2 AND status = 'placing' RETURNING slice`);
const CHANGED = `status = $2, status_reason = $3, is_stopping = $4, filled_lots = $5, notional = $6::numeric, slices_placed = $7, slices_refused = $8,
  refused_in_a_row = $9, next_slice = $10, next_us = $11, updated_us = $12`;
export const CHANGE = query('change', `UPDATE algos SET ${CHANGED} WHERE algo_id = $1`);
/** Both in one step, for an algo that is still as it was read ($13, $14, $15): else nothing. */
export const NOTE_AT_ONCE = query('note_at_once', `
  WITH held AS (
    SELECT algo_id FROM algos WHERE shard = $20 AND algo_id = $1 AND status = 'running' AND is_stopping = $13 AND next_slice = $14 AND filled_lots = $15 FOR UPDATE
  ), noted AS (
    UPDATE algo_slices SET status = $16, filled_lots = $17, notional = $18::numeric, reason = $19 FROM held
      WHERE algo_slices.algo_id = held.algo_id AND slice = $14 AND algo_slices.status = 'placing' RETURNING held.algo_id
  )
  UPDATE algos SET ${CHANGED} WHERE algo_id IN (SELECT algo_id FROM noted) RETURNING algo_id`);
export const COUNT_RUNNING = query('count_running', "SELECT count(*) AS count FROM algos WHERE shard = $1 AND status = 'running'");
