import type { NamedQuery } from '../database';

const query = (name: string, text: string): NamedQuery => ({ name: `algos_${name}`, text });

const COLUMNS = `algo_id, client_id, actor, instrument, side, quantity_lots, limit_ticks, duration_s, slices, status, status_reason, is_stopping, filled_lots,
  notional::text, slices_placed, slices_refused, refused_in_a_row, next_slice, next_us, created_us, updated_us`;
const SLICE_COLUMNS = 'slice, order_id, quantity_lots, status, filled_lots, notional::text, reason, at_us';

/** Whoever starts another one of the same account waits: its bound holds over all processes. */
export const HOLD_ACCOUNT = query('hold_account', "SELECT pg_advisory_xact_lock(hashtextextended('openfill:algos:' || $1 || ':' || $2, 0))");
export const RUNNING_OF_CLIENT = query('running_of_client', "SELECT count(*) AS count FROM algos WHERE shard = $1 AND client_id = $2 AND status = 'running'");
export const START = query('start', `
  INSERT INTO algos (algo_id, shard, kind, client_id, actor, idempotency, instrument, side, quantity_lots, limit_ticks, duration_s, slices, status, is_stopping,
      filled_lots, notional, slices_placed, slices_refused, refused_in_a_row, next_slice, next_us, created_us, updated_us)
    VALUES ($1, $2, 'twap', $3, $4, $5, $6, $7, $8, $9, $10, $11, 'running', false, 0, 0, 0, 0, 0, 1, $12, $12, $12)
    ON CONFLICT (shard, idempotency) DO NOTHING RETURNING algo_id`);

export const ONE = query('one', `SELECT ${COLUMNS} FROM algos WHERE shard = $1 AND algo_id = $2`);
export const BY_KEY = query('by_key', `SELECT ${COLUMNS} FROM algos WHERE shard = $1 AND idempotency = $2`);
export const HOLD = query('hold', `SELECT ${COLUMNS} FROM algos WHERE shard = $1 AND algo_id = $2 FOR UPDATE`);
export const OF_CLIENT = query('of_client', `
  SELECT ${COLUMNS} FROM algos
    WHERE shard = $1 AND client_id = $2 AND ($3 OR status = 'running') AND ($4::uuid IS NULL OR number < (SELECT number FROM algos WHERE algo_id = $4))
    ORDER BY number DESC LIMIT $5`);
/** Those that there is something to do of, the one that waits longest first. */
export const DUE = query('due', `SELECT ${COLUMNS} FROM algos WHERE shard = $1 AND status = 'running' AND next_us <= $2 ORDER BY next_us LIMIT $3`);
export const SLICES = query('slices', `SELECT ${SLICE_COLUMNS} FROM algo_slices WHERE algo_id = $1 ORDER BY slice`);
export const PLACING = query('placing', `SELECT ${SLICE_COLUMNS} FROM algo_slices WHERE algo_id = $1 AND status = 'placing'`);

export const DECIDE_SLICE = query('decide_slice', `
  INSERT INTO algo_slices (algo_id, slice, order_id, quantity_lots, status, filled_lots, notional, at_us) VALUES ($1, $2, $3, $4, 'placing', 0, 0, $5)`);
/** Of one that is being placed: whoever comes second changes nothing. */
export const NOTE_SLICE = query('note_slice', `
  UPDATE algo_slices SET status = $3, filled_lots = $4, notional = $5::numeric, reason = $6 WHERE algo_id = $1 AND slice = $2 AND status = 'placing' RETURNING slice`);
export const CHANGE = query('change', `
  UPDATE algos SET status = $2, status_reason = $3, is_stopping = $4, filled_lots = $5, notional = $6::numeric, slices_placed = $7, slices_refused = $8,
    refused_in_a_row = $9, next_slice = $10, next_us = $11, updated_us = $12 WHERE algo_id = $1`);
export const COUNT_RUNNING = query('count_running', "SELECT count(*) AS count FROM algos WHERE shard = $1 AND status = 'running'");
