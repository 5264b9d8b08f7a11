import type { NamedQuery } from '../database';

export const UPSERT_CONTROLS: NamedQuery = {
  name: 'upsert_controls',
  text: `INSERT INTO account_controls (shard, control, account, detail, at_us, sequence)
    SELECT $1, changed.* FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[]) AS changed
    ON CONFLICT (shard, control, account, detail) DO UPDATE SET at_us = excluded.at_us, sequence = excluded.sequence
    WHERE account_controls.sequence < excluded.sequence`,
};

export const DELETE_CONTROLS: NamedQuery = {
  name: 'delete_controls',
  text: `DELETE FROM account_controls USING unnest($2::text[], $3::text[], $4::text[], $5::bigint[]) AS gone (control, account, detail, sequence)
    WHERE account_controls.shard = $1 AND account_controls.control = gone.control AND account_controls.account = gone.account
      AND account_controls.detail = gone.detail AND account_controls.sequence < gone.sequence`,
};

export const CONTROLS: NamedQuery = {
  name: 'controls',
  text: 'SELECT control, account, detail, at_us FROM account_controls WHERE shard = $1',
};
