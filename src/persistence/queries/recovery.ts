import type { NamedQuery } from '../database';
import { ORDER_COLUMNS, TRADE_COLUMNS } from './history';

// The key of the index that holds open orders only: each page goes on where the last one ended, so memory stays
// bounded and no page is dearer than another.
export const OPEN_ORDERS: NamedQuery = {
  name: 'open_orders',
  text: `SELECT ${ORDER_COLUMNS} FROM orders
    WHERE shard = $1 AND status IN ('open', 'partially_filled')
      AND (instrument, side, price_ticks, priority) > ($2, $3, $4, $5)
    ORDER BY instrument, side, price_ticks, priority LIMIT $6`,
};

export const IS_FROZEN: NamedQuery = {
  name: 'is_frozen',
  text: 'SELECT frozen FROM checkpoints WHERE shard = $1',
};

export const OPEN_ORDER_COUNT: NamedQuery = {
  name: 'open_order_count',
  text: `SELECT count(*)::bigint AS count FROM orders WHERE shard = $1 AND status IN ('open', 'partially_filled')`,
};

export const LIVE_KEYS: NamedQuery = {
  name: 'live_keys',
  text: `SELECT sequence, idempotency, floor(extract(epoch FROM at))::bigint AS second FROM journal
    WHERE shard = $1 AND sequence > $2 AND at > to_timestamp($3) AND idempotency IS NOT NULL
    ORDER BY sequence LIMIT $4`,
};

// An entry that Postgres refused was answered all the same. One that was written after all stands in the journal.
export const DEAD_LETTERS_BETWEEN: NamedQuery = {
  name: 'dead_letters_between',
  text: `SELECT sequence, payload FROM dead_letters AS letter
    WHERE shard = $1 AND sequence > $2 AND ($3::bigint IS NULL OR sequence <= $3)
      AND NOT EXISTS (SELECT FROM journal WHERE journal.shard = letter.shard AND journal.sequence = letter.sequence)`,
};

export const LAST_TRADE_IDS: NamedQuery = {
  name: 'last_trade_ids',
  text: `SELECT instrument, (SELECT max(trade_id) FROM trades WHERE trades.instrument = instruments.instrument) AS trade_id
    FROM instruments`,
};

export const NEWEST_TRADES: NamedQuery = {
  name: 'newest_trades',
  text: `SELECT ${TRADE_COLUMNS} FROM trades WHERE instrument = $1 ORDER BY trade_id DESC LIMIT $2`,
};

// Fences out every writer of the old life: its checkpoint is not there any more.
export const BEGIN_EPOCH: NamedQuery = {
  name: 'begin_epoch',
  text: 'UPDATE checkpoints SET epoch = $3, updated_at = now() WHERE shard = $1 AND epoch = $2 RETURNING sequence, time_us',
};

export const RECORD_RECOVERY: NamedQuery = {
  name: 'record_recovery',
  text: `INSERT INTO recoveries (shard, reason, old_epoch, new_epoch, sequence) VALUES ($1, $2, $3, $4, $5) RETURNING recovery_id`,
};

export const FINISH_RECOVERY: NamedQuery = {
  name: 'finish_recovery',
  text: 'UPDATE recoveries SET open_orders = $2, book_hash = $3, opened_at = now() WHERE recovery_id = $1',
};
