import type { NamedQuery } from '../database';

/** What an account had behind an entry: its last totals by then, from its last snapshot on. */
export const TOTALS_AT: NamedQuery = {
  name: 'totals_at',
  text: `WITH snapshot AS (
      SELECT sequence, balances FROM account_snapshots WHERE shard = $1 AND account = $2 AND sequence <= $3 ORDER BY sequence DESC LIMIT 1
    ), told AS (
      SELECT asset, total_after AS total, sequence, index FROM ledger
      WHERE shard = $1 AND account = $2 AND sequence > coalesce((SELECT sequence FROM snapshot), 0) AND sequence <= $3
      UNION ALL
      SELECT kept.asset, kept.total, sequence, -1 FROM snapshot, jsonb_to_recordset(balances) AS kept (asset text, total numeric)
    )
    SELECT DISTINCT ON (asset) asset, total::text FROM told ORDER BY asset, sequence DESC, index DESC`,
};

const MOVEMENTS = `coalesce(sum(amount) FILTER (WHERE kind = 'deposited'), 0) AS deposits,
      coalesce(- sum(amount) FILTER (WHERE kind = 'withdrew'), 0) AS withdrawals,
      coalesce(sum(amount) FILTER (WHERE kind = 'transferred_in'), 0) AS transfers_in,
      coalesce(- sum(amount) FILTER (WHERE kind = 'transferred_out'), 0) AS transfers_out,
      coalesce(sum(amount) FILTER (WHERE kind = 'traded' AND amount > 0), 0) AS bought,
      coalesce(- sum(amount) FILTER (WHERE kind = 'traded' AND amount < 0), 0) AS sold,
      coalesce(- sum(amount) FILTER (WHERE kind IN ('fee', 'rebate')), 0) AS fees`;

const MOVEMENT_NAMES = ['deposits', 'withdrawals', 'transfers_in', 'transfers_out', 'bought', 'sold', 'fees'] as const;
const asText = MOVEMENT_NAMES.map((name) => `${name}::text`).join(', ');

/** What moved an account's totals behind one sequence and up to another, by asset. */
export const MOVED: NamedQuery = {
  name: 'moved',
  text: `SELECT asset, ${asText} FROM (
      SELECT asset, ${MOVEMENTS} FROM ledger WHERE shard = $1 AND account = $2 AND sequence > $3 AND sequence <= $4 GROUP BY asset
    ) AS moved ORDER BY asset`,
};

// What the balances say now, less what was posted since, has to be what the last posting of the day told. Accounts that nothing had ever
// reached are left out.
const DAY = `WITH posted AS (
      SELECT account, asset, sequence <= $3::bigint AS is_of_day, ${MOVEMENTS}, sum(amount) AS sum,
        (min(ARRAY[sequence, index, total_after - amount]))[3] AS opening, (max(ARRAY[sequence, index, total_after]))[3] AS closing
      FROM ledger WHERE shard = $1 AND sequence > $2::bigint GROUP BY account, asset, is_of_day
    ), day AS (
      SELECT account, asset, coalesce(posted.opening, total - coalesce(later.sum, 0)) AS opening,
        ${MOVEMENT_NAMES.map((name) => `coalesce(posted.${name}, 0) AS ${name}`).join(', ')},
        coalesce(posted.closing, total - coalesce(later.sum, 0)) AS closing, total - coalesce(later.sum, 0) AS recorded, posted.sum IS NOT NULL AS is_moved
      FROM balances LEFT JOIN (SELECT * FROM posted WHERE is_of_day) AS posted USING (account, asset)
        LEFT JOIN (SELECT * FROM posted WHERE NOT is_of_day) AS later USING (account, asset)
      WHERE shard = $1
    )`;
const DAY_COLUMNS = `account, asset, opening, ${MOVEMENT_NAMES.join(', ')}, closing`;
const IN_DAY = `FROM day WHERE opening <> 0 OR is_moved`;
const CLOSES = 'opening + deposits - withdrawals + transfers_in - transfers_out + bought - sold - fees = closing AND closing = recorded';

/** A day by account and asset: the entries behind $2 and up to $3. */
export const DAY_ASSETS: NamedQuery = {
  name: 'day_assets',
  text: `${DAY} SELECT account, asset, opening::text, ${asText}, closing::text, ${CLOSES} AS closes ${IN_DAY} ORDER BY account, asset`,
};

const NETS = `SELECT account, instrument, sum(CASE side WHEN 'buy' THEN quantity_lots ELSE - quantity_lots END) AS net_lots,
      sum(CASE side WHEN 'buy' THEN - value ELSE value END) AS net_value, sum(fee) AS fees
    FROM fills WHERE shard = $1 AND sequence > $2 AND sequence <= $3 GROUP BY account, instrument`;

export const DAY_NETS: NamedQuery = {
  name: 'day_nets',
  text: `SELECT account, instrument, net_lots::text, net_value::text, fees::text FROM (${NETS}) AS nets ORDER BY account, instrument`,
};

export const SETTLEMENT: NamedQuery = {
  name: 'settlement',
  text: 'SELECT from_sequence, to_sequence, mismatches FROM settlements WHERE shard = $1 AND day = $2',
};

export const SETTLED_ASSETS: NamedQuery = {
  name: 'settled_assets',
  text: `SELECT account, asset, opening::text, ${asText}, closing::text FROM settlement_assets WHERE shard = $1 AND day = $2 ORDER BY account, asset`,
};

export const SETTLED_NETS: NamedQuery = {
  name: 'settled_nets',
  text: `SELECT account, instrument, net_lots::text, net_value::text, fees::text FROM settlement_nets WHERE shard = $1 AND day = $2 ORDER BY account, instrument`,
};

export const WRITE_SETTLEMENT: NamedQuery = {
  name: 'write_settlement',
  text: `${DAY} INSERT INTO settlements (shard, day, from_sequence, to_sequence, mismatches)
    SELECT $1, $4::date, $2, $3, count(*) FILTER (WHERE NOT (${CLOSES})) ${IN_DAY}`,
};

export const WRITE_SETTLED_ASSETS: NamedQuery = {
  name: 'write_settled_assets',
  text: `${DAY} INSERT INTO settlement_assets (shard, day, ${DAY_COLUMNS}) SELECT $1, $4::date, ${DAY_COLUMNS} ${IN_DAY}`,
};

export const WRITE_SETTLED_NETS: NamedQuery = {
  name: 'write_settled_nets',
  text: `INSERT INTO settlement_nets (shard, day, account, instrument, net_lots, net_value, fees) SELECT $1, $4::date, nets.* FROM (${NETS}) AS nets`,
};
