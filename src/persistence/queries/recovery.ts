import type { NamedQuery } from '../database';
import { ORDER_COLUMNS, TRADE_COLUMNS } from './history';

// The key of the index that holds open orders only: each page goes on where the last one ended, so memory stays
// bounded and no page is dearer than another. Refills of one entry have the same priority: their ids tell them apart.
export const OPEN_ORDERS: NamedQuery = {
  name: 'open_orders',
  text: `SELECT ${ORDER_COLUMNS} FROM orders
    WHERE shard = $1 AND status IN ('open', 'partially_filled')
      AND (instrument, side, price_ticks, priority, order_id) > ($2, $3, $4, $5, $6)
    ORDER BY instrument, side, price_ticks, priority, order_id LIMIT $7`,
};

/** Orders that wait for a price, or for the first of their list: they stand in no book. Those of a list may have the same priority. */
export const PENDING_ORDERS: NamedQuery = {
  name: 'pending_orders',
  text: `SELECT ${ORDER_COLUMNS} FROM orders
    WHERE shard = $1 AND status = 'pending' AND (instrument, priority, order_id) > ($2, $3, $4)
    ORDER BY instrument, priority, order_id LIMIT $5`,
};

/** When orders were filled that others wait for. */
export const FILLED_ORDERS: NamedQuery = {
  name: 'filled_orders',
  text: `SELECT order_id, fill_sequence FROM orders WHERE order_id = ANY ($1::uuid[]) AND (status = 'filled' OR (status_reason = 'budget_exhausted' AND fill_sequence > 0))`,
};

export const RECORDED_FUNDS: NamedQuery = {
  name: 'recorded_funds',
  text: 'SELECT funds FROM checkpoints WHERE shard = $1',
};

export const SET_FUNDS: NamedQuery = {
  name: 'set_funds',
  text: 'UPDATE checkpoints SET funds = $2 WHERE shard = $1',
};

export const IS_FROZEN: NamedQuery = {
  name: 'is_frozen',
  text: 'SELECT frozen FROM checkpoints WHERE shard = $1',
};

export const OPEN_ORDER_COUNT: NamedQuery = {
  name: 'open_order_count',
  // Each from an index of its own.
  text: `SELECT (SELECT count(*) FROM orders WHERE shard = $1 AND status IN ('open', 'partially_filled'))
      + (SELECT count(*) FROM orders WHERE shard = $1 AND status = 'pending') AS count`,
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

/** The newest trades ahead of one, with the entries that made them. */
export const TRADES_BACK: NamedQuery = {
  name: 'trades_back',
  text: `SELECT trade_id, sequence, price_ticks FROM trades WHERE instrument = $1 AND ($2::bigint IS NULL OR trade_id < $2)
    ORDER BY trade_id DESC LIMIT $3`,
};

/** What the reference price of a band comes from behind trade $2: the last trade of each second, as far back as is $3 seconds older than the last one. */
export const BAND_SAMPLES: NamedQuery = {
  name: 'band_samples',
  text: `WITH newest AS (SELECT max(start_s) AS second FROM candles WHERE instrument = $1 AND interval_s = 1),
    reference AS (
      SELECT start_s FROM candles WHERE instrument = $1 AND interval_s = 1 AND start_s <= (SELECT second FROM newest) - $3::bigint
      ORDER BY start_s DESC LIMIT 1
    )
    SELECT start_s AS second, close_ticks AS price_ticks FROM candles
    WHERE instrument = $1 AND interval_s = 1 AND last_trade_id > $2
      AND start_s >= coalesce((SELECT start_s FROM reference), (SELECT second FROM newest) - $3::bigint)
    ORDER BY start_s`,
};

/** The trade that a band begins with. */
export const BAND_ANCHOR: NamedQuery = {
  name: 'band_anchor',
  text: 'SELECT price_ticks FROM trades WHERE instrument = $1 AND trade_id = greatest($2::bigint, 1)',
};

export const ACCOUNT_COUNT: NamedQuery = {
  name: 'account_count',
  text: 'SELECT count(*)::bigint AS count FROM accounts WHERE shard = $1',
};

/** Accounts by name, with a row for each balance; the venue's own have no row of `accounts`. */
export const ACCOUNT_PAGE: NamedQuery = {
  name: 'account_page',
  text: `WITH page AS (
      (SELECT account FROM accounts WHERE shard = $1 AND account > $2 ORDER BY account LIMIT $3)
      UNION
      (SELECT DISTINCT account FROM balances WHERE shard = $1 AND account > $2 ORDER BY account LIMIT $3)
      ORDER BY account LIMIT $3
    )
    SELECT page.account, name, status, credit, fee_group, created_us, asset, total::text, held::text
    FROM page LEFT JOIN accounts ON accounts.shard = $1 AND accounts.account = page.account
      LEFT JOIN balances ON balances.shard = $1 AND balances.account = page.account
    ORDER BY page.account, asset`,
};

/** An account without a row is one of the venue's own. */
export const UNCOVERED: NamedQuery = {
  name: 'uncovered',
  text: `SELECT account, asset, count(*) OVER ()::bigint AS count FROM balances JOIN accounts USING (shard, account)
    WHERE shard = $1 AND held > total AND credit <> 'unlimited' ORDER BY account, asset LIMIT $2`,
};

/** What may happen once for ever and has happened: deposits with a reference, and reversals. */
export const USED_REFERENCES: NamedQuery = {
  name: 'used_references',
  text: `SELECT sequence, created_us / 1000000 AS second, asset, reference, reverses FROM transfers
    WHERE shard = $1 AND sequence > $2 AND ((kind = 'deposit' AND reference IS NOT NULL) OR reverses IS NOT NULL)
    ORDER BY sequence LIMIT $3`,
};

// What an account holds without having ever had anything has no row yet.
export const SET_HELD: NamedQuery = {
  name: 'set_held',
  text: `INSERT INTO balances (shard, account, asset, total, held, sequence, postings)
    SELECT $1, account, asset, 0, held, $2, 0 FROM unnest($3::text[], $4::text[], $5::numeric[]) AS computed (account, asset, held)
    ON CONFLICT (shard, account, asset) DO UPDATE SET held = excluded.held, sequence = excluded.sequence`,
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

export const RECORD_FUNDS: NamedQuery = {
  name: 'record_funds',
  text: 'UPDATE recoveries SET funds = $2 WHERE recovery_id = $1 RETURNING sequence',
};

export const FINISH_RECOVERY: NamedQuery = {
  name: 'finish_recovery',
  text: 'UPDATE recoveries SET open_orders = $2, book_hash = $3, opened_at = now() WHERE recovery_id = $1',
};
