import type { NamedQuery } from '../database';

export const CHECKPOINT: NamedQuery = {
  name: 'checkpoint',
  text: 'SELECT epoch, sequence, time_us FROM checkpoints WHERE shard = $1',
};

/** With how money was kept when the record was begun, or last rebuilt from. */
export const AUDITED_CHECKPOINT: NamedQuery = {
  name: 'audited_checkpoint',
  text: 'SELECT epoch, sequence, time_us, funds FROM checkpoints WHERE shard = $1',
};

export const FUNDS_SWITCHES: NamedQuery = {
  name: 'funds_switches',
  text: 'SELECT sequence, funds FROM recoveries WHERE shard = $1 AND funds IS NOT NULL ORDER BY recovery_id',
};

export const CREATE_CHECKPOINT: NamedQuery = {
  name: 'create_checkpoint',
  text: `INSERT INTO checkpoints (shard, epoch, sequence, funds) VALUES ($1, $2, 0, $3) ON CONFLICT (shard) DO NOTHING RETURNING shard`,
};

export const SET_FROZEN: NamedQuery = {
  name: 'set_frozen',
  text: 'UPDATE checkpoints SET frozen = $2 WHERE shard = $1',
};

export const ORDER_COLUMNS = `order_id, client_id, client_order_id, instrument, side, type, time_in_force, post_only, price_ticks,
  quantity_lots, filled_lots, notional::text, status, status_reason, sequence, fill_sequence, priority,
  placed_sequence, created_us, updated_us, maker_fee_rate, taker_fee_rate, fee_units::text, fee_millionths, traits`;

export const ORDERS: NamedQuery = {
  name: 'orders',
  text: `SELECT ${ORDER_COLUMNS} FROM orders WHERE order_id = ANY ($1::uuid[])`,
};

// By the log's sequence, not by id: ids are of a clock, and clocks step back. Orders of a list are placed at the same one.
export const ORDERS_OF_CLIENT: NamedQuery = {
  name: 'orders_of_client',
  text: `SELECT ${ORDER_COLUMNS} FROM orders
    WHERE shard = $1 AND client_id = $2 AND ($3::text IS NULL OR instrument = $3) AND ($4::bigint IS NULL OR (placed_sequence, order_id) < ($4, $5::uuid))
    ORDER BY placed_sequence DESC, order_id DESC LIMIT $6`,
};

// The first order of each list, of which there is one at a sequence. The condition is that of the index.
export const LISTS_OF_CLIENT: NamedQuery = {
  name: 'lists_of_client',
  text: `SELECT ${ORDER_COLUMNS} FROM orders
    WHERE shard = $1 AND client_id = $2 AND traits ? 'list' AND right(order_id::text, 1) = '1' AND ($3::bigint IS NULL OR placed_sequence < $3)
    ORDER BY placed_sequence DESC LIMIT $4`,
};

export const TRADE_COLUMNS = 'instrument, trade_id, price_ticks, quantity_lots, taker_side, maker_order_id, taker_order_id, executed_us';

export const TRADES: NamedQuery = {
  name: 'trades',
  text: `SELECT ${TRADE_COLUMNS} FROM trades WHERE instrument = $1 AND ($2::bigint IS NULL OR trade_id < $2)
    ORDER BY trade_id DESC LIMIT $3`,
};

// A trade of before money was kept names no accounts: its orders do. One of a refused entry may be in the record without them.
export const SETTLED_COLUMNS = `${TRADE_COLUMNS}, maker_fee::text, taker_fee::text,
  coalesce(maker_account, (SELECT client_id FROM orders WHERE order_id = maker_order_id), '') AS maker_account,
  coalesce(taker_account, (SELECT client_id FROM orders WHERE order_id = taker_order_id), '') AS taker_account`;

// Two index scans; OR over the two columns would read one of them by its worse index.
export const TRADES_OF_ORDER: NamedQuery = {
  name: 'trades_of_order',
  text: `SELECT ${SETTLED_COLUMNS} FROM trades WHERE maker_order_id = $1
    UNION ALL SELECT ${SETTLED_COLUMNS} FROM trades WHERE taker_order_id = $1
    ORDER BY trade_id`,
};

// The time bound lets Postgres skip the partitions that cannot hold the entry. An entry that Postgres refused is
// no less what was answered.
export const JOURNAL_ENTRY: NamedQuery = {
  name: 'journal_entry',
  text: `SELECT payload FROM journal WHERE shard = $1 AND sequence = $2 AND at >= to_timestamp($3) AND at < to_timestamp($3) + interval '1 day'
    UNION ALL SELECT payload FROM dead_letters WHERE shard = $1 AND sequence = $2
    LIMIT 1`,
};

// Entries that Postgres refused were told like all others.
export const JOURNAL_PAGE: NamedQuery = {
  name: 'journal_page',
  text: `SELECT sequence, payload FROM journal WHERE shard = $1 AND sequence > $2 AND sequence <= $3
    UNION ALL SELECT sequence, payload FROM dead_letters WHERE shard = $1 AND sequence > $2 AND sequence <= $3
    ORDER BY sequence`,
};

export const SWEPT: NamedQuery = {
  name: 'swept',
  text: 'SELECT swept_sequence FROM checkpoints WHERE shard = $1',
};

// Entries without a key come along: a page is a range of the primary key, whatever share of it has one. One that Postgres
// refused has its time and key in its text only; what is not even in an entry's form has none.
export const SWEEP_PAGE: NamedQuery = {
  name: 'sweep_page',
  text: `(SELECT sequence, idempotency, NULL AS payload FROM journal WHERE shard = $1 AND sequence > $2 AND at < to_timestamp($3)
      ORDER BY sequence LIMIT $4)
    UNION ALL (SELECT sequence, NULL, payload FROM dead_letters WHERE shard = $1 AND sequence > $2
        AND substring(payload FROM '^\\[\\d+,"[a-z_]+",\\d+,(\\d{1,18}),')::bigint < $3::bigint * 1000000
      ORDER BY sequence LIMIT $4)
    ORDER BY sequence LIMIT $4`,
};

export const MOVE_SWEPT: NamedQuery = {
  name: 'move_swept',
  text: 'UPDATE checkpoints SET swept_sequence = $2 WHERE shard = $1 AND swept_sequence < $2 RETURNING swept_sequence',
};

export const DEAD_SEQUENCES: NamedQuery = {
  name: 'dead_sequences',
  text: 'SELECT sequence FROM dead_letters WHERE shard = $1 AND sequence > $2 AND resolved_at IS NULL',
};
