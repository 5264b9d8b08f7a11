import type { NamedQuery } from '../database';

/* The writer's statements for money, each with whole columns as arrays, as in write-batch.ts. */

export const UPSERT_ACCOUNTS: NamedQuery = {
  name: 'upsert_accounts',
  text: `INSERT INTO accounts (shard, account, name, status, credit, fee_group, created_us, sequence)
    SELECT $1, made.* FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[]) AS made
    ON CONFLICT (shard, account) DO UPDATE SET
      name = excluded.name, status = excluded.status, credit = excluded.credit, fee_group = excluded.fee_group, sequence = excluded.sequence
    WHERE accounts.sequence < excluded.sequence`,
};

export const UPSERT_FEE_GROUPS: NamedQuery = {
  name: 'upsert_fee_groups',
  text: `INSERT INTO fee_groups (shard, fee_group, rates, sequence)
    SELECT $1, made.* FROM unnest($2::text[], $3::jsonb[], $4::bigint[]) AS made
    ON CONFLICT (shard, fee_group) DO UPDATE SET rates = excluded.rates, sequence = excluded.sequence
    WHERE fee_groups.sequence < excluded.sequence`,
};

/** Balances by account and asset. */
export const BALANCES_OF: NamedQuery = {
  name: 'balances_of',
  text: `SELECT account, asset, total::text, held::text FROM balances
    JOIN unnest($2::text[], $3::text[]) AS asked (account, asset) USING (account, asset) WHERE shard = $1`,
};

// $4 is what the postings come to.
export const UPSERT_BALANCES: NamedQuery = {
  name: 'upsert_balances',
  text: `INSERT INTO balances (shard, account, asset, total, held, sequence, postings)
    SELECT $1, changed.* FROM unnest($2::text[], $3::text[], $4::numeric[], $5::numeric[], $6::bigint[], $7::bigint[]) AS changed
    ON CONFLICT (shard, account, asset) DO UPDATE SET
      total = balances.total + excluded.total, held = excluded.held, sequence = excluded.sequence, postings = balances.postings + excluded.postings
    WHERE balances.sequence < excluded.sequence`,
};

export const INSERT_FILLS: NamedQuery = {
  name: 'insert_fills',
  text: `INSERT INTO fills (shard, sequence, executed_us, trade_id, price_ticks, quantity_lots, fill, fee_rate, order_id, instrument, account,
      side, role, base_units, value, fee, base_after, quote_after, fees_after)
    SELECT $1, filled.* FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::integer[], $8::integer[], $9::uuid[],
      $10::text[], $11::text[], $12::text[], $13::text[], $14::numeric[], $15::numeric[], $16::numeric[], $17::numeric[], $18::numeric[],
      $19::numeric[]) AS filled`,
};

// One that is made and ends in two batches is one row.
export const UPSERT_TRANSFERS: NamedQuery = {
  name: 'upsert_transfers',
  text: `INSERT INTO transfers (shard, sequence, ordinal, transfer_id, kind, status, from_account, to_account, asset, amount, settled_amount,
      reference, note, expires_us, reverses, created_us, ended_sequence, ended_us, from_after, to_after)
    SELECT $1, moved.* FROM unnest($2::bigint[], $3::integer[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
      $10::numeric[], $11::numeric[], $12::text[], $13::text[], $14::bigint[], $15::uuid[], $16::bigint[], $17::bigint[], $18::bigint[],
      $19::numeric[], $20::numeric[]) AS moved
    ON CONFLICT (shard, sequence, ordinal) DO UPDATE SET
      status = excluded.status, settled_amount = excluded.settled_amount, ended_sequence = excluded.ended_sequence,
      ended_us = excluded.ended_us, from_after = excluded.from_after, to_after = excluded.to_after`,
};

export const POSITION_COLUMNS = `account, instrument, net_lots::text, cost::text, realized::text, fees::text, bought_lots::text, bought_cost::text,
  sold_lots::text, sold_proceeds::text, opened_us, updated_us, sequence`;

/** Positions by account and instrument. */
export const POSITIONS_OF: NamedQuery = {
  name: 'positions_of',
  text: `SELECT ${POSITION_COLUMNS} FROM positions
    JOIN unnest($2::text[], $3::text[]) AS asked (account, instrument) USING (account, instrument) WHERE shard = $1`,
};

export const UPSERT_POSITIONS: NamedQuery = {
  name: 'upsert_positions',
  text: `INSERT INTO positions (shard, account, instrument, net_lots, cost, realized, fees, bought_lots, bought_cost, sold_lots, sold_proceeds,
      opened_us, updated_us, sequence)
    SELECT $1, changed.* FROM unnest($2::text[], $3::text[], $4::numeric[], $5::numeric[], $6::numeric[], $7::numeric[], $8::numeric[],
      $9::numeric[], $10::numeric[], $11::numeric[], $12::bigint[], $13::bigint[], $14::bigint[]) AS changed
    ON CONFLICT (shard, account, instrument) DO UPDATE SET
      net_lots = excluded.net_lots, cost = excluded.cost, realized = excluded.realized, fees = excluded.fees,
      bought_lots = excluded.bought_lots, bought_cost = excluded.bought_cost, sold_lots = excluded.sold_lots,
      sold_proceeds = excluded.sold_proceeds, opened_us = excluded.opened_us, updated_us = excluded.updated_us, sequence = excluded.sequence`,
};

// Of the accounts whose number of postings has come past a multiple of $4 with those just added: all that they have now.
export const INSERT_SNAPSHOTS: NamedQuery = {
  name: 'insert_snapshots',
  text: `WITH due AS (
      SELECT account, sum(balances.postings) AS postings
      FROM unnest($5::text[], $6::bigint[]) AS posted (account, added) JOIN balances USING (account) WHERE shard = $1
      GROUP BY account, added
      HAVING div(sum(balances.postings), $4) > div(sum(balances.postings) - added, $4)
    )
    INSERT INTO account_snapshots (shard, account, sequence, at_us, postings, balances)
    SELECT $1, account, $2, $3, due.postings,
      jsonb_agg(jsonb_build_object('asset', asset, 'total', total::text, 'held', held::text) ORDER BY asset)
    FROM due JOIN balances USING (account) WHERE shard = $1 GROUP BY account, due.postings`,
};
