import type { NamedQuery } from '../database';
import { POSITION_COLUMNS } from './write-money';

/*
 * Reads of money. Cursors are bounds that are always there, the first page's beyond everything: so a page begins in the index where
 * the one before ended, whatever plan Postgres keeps.
 */

export const ACCOUNT_COLUMNS = 'account, name, status, credit, fee_group, created_us';

export const ACCOUNT: NamedQuery = {
  name: 'account',
  text: `SELECT ${ACCOUNT_COLUMNS} FROM accounts WHERE shard = $1 AND account = $2`,
};

export const ACCOUNTS: NamedQuery = {
  name: 'accounts',
  text: `SELECT ${ACCOUNT_COLUMNS} FROM accounts WHERE shard = $1 AND account > $2 ORDER BY account LIMIT $3`,
};

/** One row at least, so that the checkpoint is told in any case. */
export const BALANCES: NamedQuery = {
  name: 'balances',
  text: `SELECT checkpoints.sequence, asset, total::text, held::text FROM checkpoints LEFT JOIN balances ON balances.shard = $1 AND account = $2
    WHERE checkpoints.shard = $1 ORDER BY asset`,
};

// What moves money is looked for newest first by its indexes; from the oldest of these on, the ledger tells the postings. One statement
// sees one moment: nothing that is committed meanwhile falls between two pages. Of the rows at the cursor, up to four may tell nothing
// that lies before it.
export const EVENTS: NamedQuery = {
  name: 'account_events',
  text: `WITH newest AS (
      (SELECT sequence FROM fills WHERE shard = $1 AND account = $2 AND (sequence, fill) <= ($4::bigint, $5::integer / 8) 
          AND ($3::text IS NULL OR instrument IN (SELECT instrument FROM instruments WHERE base = $3 OR quote = $3))
        ORDER BY sequence DESC, fill DESC LIMIT $6 + 4)
      UNION ALL
      (SELECT sequence FROM fills WHERE $2 = '@fees' AND shard = $1 AND fee <> 0 AND (sequence, fill) <= ($4::bigint, $5::integer / 8)
          AND ($3::text IS NULL OR instrument IN (SELECT instrument FROM instruments WHERE quote = $3))
        ORDER BY sequence DESC, fill DESC LIMIT $6 + 4)
      UNION ALL
      (SELECT ended_sequence FROM transfers WHERE shard = $1 AND from_account = $2 AND status = 'posted'
          AND (ended_sequence, ordinal) <= ($4::bigint, $5::integer / 2) AND ($3::text IS NULL OR asset = $3)
        ORDER BY ended_sequence DESC, ordinal DESC LIMIT $6 + 4)
      UNION ALL
      (SELECT ended_sequence FROM transfers WHERE shard = $1 AND to_account = $2 AND status = 'posted'
          AND (ended_sequence, ordinal) <= ($4::bigint, $5::integer / 2) AND ($3::text IS NULL OR asset = $3)
        ORDER BY ended_sequence DESC, ordinal DESC LIMIT $6 + 4)
    ), oldest AS (
      SELECT min(sequence) AS sequence FROM (SELECT sequence FROM newest ORDER BY sequence DESC LIMIT $6 + 4) AS page
    )
    SELECT sequence, index, asset, amount::text, kind, total_after::text, order_id, trade_id, instrument, transfer_id, counterparty, at_us FROM ledger
    WHERE shard = $1 AND account = $2 AND sequence >= (SELECT sequence FROM oldest) AND sequence <= $4::bigint AND (sequence, index) < ($4::bigint, $5::integer)
      AND ($3::text IS NULL OR asset = $3)
    ORDER BY sequence DESC, index DESC LIMIT $6`,
};

export const FILLS: NamedQuery = {
  name: 'account_fills',
  text: `SELECT sequence, executed_us, fill, role, trade_id, instrument, order_id, side, price_ticks, quantity_lots, value::text, fee::text, fee_rate
    FROM fills WHERE shard = $1 AND account = $2 AND ($3::text IS NULL OR instrument = $3) AND (sequence, fill, role) < ($4, $5, $6)
    ORDER BY sequence DESC, fill DESC, role DESC LIMIT $7`,
};

export const TRANSFER_COLUMNS = `transfer_id, kind, status, from_account, to_account, asset, amount::text, settled_amount::text, reference, note, expires_us, reverses,
  sequence, created_us, ended_sequence, ended_us, from_after::text, to_after::text`;

/** What an account has got of a kind, newest first. */
export const TRANSFERS_TO: NamedQuery = {
  name: 'transfers_to',
  text: `SELECT ${TRANSFER_COLUMNS} FROM transfers WHERE shard = $1 AND to_account = $2 AND kind = ANY ($3) AND ($4::text IS NULL OR status = $4)
      AND sequence < $5 ORDER BY sequence DESC LIMIT $6`,
};

/** What an account has given of a kind, newest first. */
export const TRANSFERS_FROM: NamedQuery = {
  name: 'transfers_from',
  text: `SELECT ${TRANSFER_COLUMNS} FROM transfers WHERE shard = $1 AND from_account = $2 AND kind = ANY ($3) AND ($4::text IS NULL OR status = $4)
      AND sequence < $5 ORDER BY sequence DESC LIMIT $6`,
};

/** Both, each once. */
export const TRANSFERS_OF: NamedQuery = {
  name: 'transfers_of',
  text: `SELECT * FROM (${TRANSFERS_FROM.text}) AS given
    UNION SELECT * FROM (${TRANSFERS_TO.text}) AS got
    ORDER BY sequence DESC LIMIT $6`,
};

export const TRANSFER: NamedQuery = {
  name: 'transfer',
  text: `SELECT ${TRANSFER_COLUMNS} FROM transfers WHERE transfer_id = $2 AND shard = $1`,
};

export const DEPOSIT_BY_REFERENCE: NamedQuery = {
  name: 'deposit_by_reference',
  text: `SELECT ${TRANSFER_COLUMNS} FROM transfers WHERE shard = $1 AND asset = $2 AND reference = $3 AND kind = 'deposit'`,
};

export const REVERSAL_OF: NamedQuery = {
  name: 'reversal_of',
  text: `SELECT ${TRANSFER_COLUMNS} FROM transfers WHERE shard = $1 AND reverses = $2`,
};

/** Pending ones, in the order in which they were made. */
export const PENDING_TRANSFERS: NamedQuery = {
  name: 'pending_transfers',
  text: `SELECT ${TRANSFER_COLUMNS} FROM transfers WHERE shard = $1 AND status = 'pending' AND sequence > $2 ORDER BY sequence LIMIT $3`,
};

export const PENDING_OF: NamedQuery = {
  name: 'pending_of',
  text: `SELECT ${TRANSFER_COLUMNS} FROM transfers WHERE shard = $1 AND from_account = $2 AND status = 'pending' ORDER BY sequence`,
};

export const POSITIONS: NamedQuery = {
  name: 'positions',
  text: `SELECT ${POSITION_COLUMNS} FROM positions WHERE shard = $1 AND account = $2 ORDER BY instrument`,
};

export const POSITION: NamedQuery = {
  name: 'position',
  text: `SELECT ${POSITION_COLUMNS} FROM positions WHERE shard = $1 AND account = $2 AND instrument = $3`,
};

export const SNAPSHOTS: NamedQuery = {
  name: 'account_snapshots',
  text: `SELECT sequence, postings, balances, at_us FROM account_snapshots WHERE shard = $1 AND account = $2 AND sequence < $3
    ORDER BY sequence DESC LIMIT $4`,
};

export const FEE_GROUPS: NamedQuery = {
  name: 'fee_groups',
  text: 'SELECT fee_group, rates FROM fee_groups WHERE shard = $1 ORDER BY fee_group',
};

/** By asset, with the checkpoint: one row at least. */
export const SUMS: NamedQuery = {
  name: 'money_sums',
  text: `SELECT checkpoints.sequence, asset, coalesce(sum(total) FILTER (WHERE account NOT LIKE '@%'), 0)::text AS customers,
      coalesce(sum(total) FILTER (WHERE account = '@issuance'), 0)::text AS issuance, coalesce(sum(total) FILTER (WHERE account = '@fees'), 0)::text AS fees,
      sum(held)::text AS held, sum(total)::text AS sum
    FROM checkpoints LEFT JOIN balances USING (shard) WHERE shard = $1 GROUP BY checkpoints.sequence, asset ORDER BY asset`,
};

/** What each account has traded behind one sequence and up to another, by quote asset. */
export const VOLUMES: NamedQuery = {
  name: 'traded_volumes',
  text: `SELECT account, quote AS asset, sum(value)::text AS value FROM fills JOIN instruments USING (instrument)
    WHERE shard = $1 AND sequence > $2 AND sequence <= $3 GROUP BY account, quote ORDER BY account, quote`,
};

/** Sums of an account's postings behind one sequence and up to another. */
export const POSTED: NamedQuery = {
  name: 'posted',
  text: `SELECT asset, sum(amount)::text AS amount, count(*) AS postings FROM ledger
    WHERE shard = $1 AND account = $2 AND sequence > $3 AND sequence <= $4 GROUP BY asset`,
};

/** The entry that stands at a sequence or before it. */
export const ENTRY_AT: NamedQuery = {
  name: 'entry_at',
  text: `SELECT sequence, (extract(epoch FROM at) * 1000000)::bigint AS time_us FROM journal WHERE shard = $1 AND sequence <= $2
    ORDER BY sequence DESC LIMIT 1`,
};
