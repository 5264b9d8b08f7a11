import type { NamedQuery } from '../database';

/** Users, the accounts they may act for, their API keys and logins, and what was done with powers. */

const query = (name: string, text: string): NamedQuery => ({ name: `people_${name}`, text });

export const CLOCK = query('clock', 'SELECT change FROM people_clock');
/** Of this transaction alone, in ms: how long it may stand still between two statements, and wait for a row. */
export const LIMIT_CHANGE = query('limit_change', "SELECT set_config('idle_in_transaction_session_timeout', $1, true), set_config('lock_timeout', $2, true)");
/** Holds the row until the end: whoever changes something next waits, so that numbers become visible in their order. */
export const NEXT_CHANGE = query('next_change', 'UPDATE people_clock SET change = change + 1 RETURNING change');
/** The same without a number, for what nobody has to hear of. */
export const HOLD_CLOCK = query('hold_clock', 'SELECT change FROM people_clock FOR UPDATE');

/**
 * Pages of what changed behind $1, each behind the last row of the one before. A main account is its user's: that is known by the user.
 * There may be a hundred thousand rows: lists come as text and times as numbers, which are cheap to read.
 */
export const USERS_CHANGED = query('users_changed', `
  SELECT user_id, username, array_to_string(roles, ' ') AS roles, status, powers_change FROM users
    WHERE change > $1 AND user_id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY user_id LIMIT $3`);
export const OWNERS_CHANGED = query('owners_changed', `
  SELECT account, user_id, kind, status FROM account_owners 
    WHERE change > $1 AND kind <> 'main' AND (account, user_id) > (coalesce($2, ''), coalesce($3::uuid, '00000000-0000-0000-0000-000000000000')) ORDER BY account, user_id LIMIT $4`);
export const KEYS_CHANGED = query('keys_changed', `
  SELECT api_key, user_id, name, array_to_string(scopes, ' ') AS scopes, accounts, ip_allow, sealed_secret, public_key,
      floor(extract(epoch FROM expires_at) * 1000)::bigint AS expires_ms, floor(extract(epoch FROM created_at) * 1000)::bigint AS created_ms, ended_at IS NOT NULL AS is_ended, change
    FROM api_keys WHERE change > $1 AND api_key > coalesce($2, '') ORDER BY api_key LIMIT $3`);
/**
 * A token is good until the row says; where a program of before wrote it, for as long as tokens of now are ($4, in seconds). One that is
 * all there is of its login is in the row in any case.
 */
export const SESSIONS_ENDED = query('sessions_ended', `
  SELECT session_id, ceil(extract(epoch FROM until - now()) * 1000)::bigint AS left_ms
    FROM sessions, LATERAL (SELECT greatest(tokens_until, CASE WHEN current_digest IS NULL THEN expires_at ELSE ended_at + make_interval(secs => $4) END) AS until) AS token
    WHERE change > $1 AND session_id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000') AND until > now() ORDER BY session_id LIMIT $3`);

export const ADD_USER = query('add_user', `
  INSERT INTO users (user_id, username, username_key, password_hash, roles, status, change)
    VALUES ($1, $2, lower($2), $3, $4, 'opening', $5) ON CONFLICT (username_key) DO NOTHING RETURNING user_id`);
/** Of $1's name, whose account did not come about in $2 seconds. */
export const ABANDONED_USER = query('abandoned_user', `
  SELECT user_id, username FROM users WHERE username_key = lower($1) AND status = 'opening' AND created_at < now() - make_interval(secs => $2)`);
/** It goes on as somebody else's, under its id: by that the account, if it was made, is known as its own. */
export const TAKE_OVER_USER = query('take_over_user', `
  UPDATE users SET username = $2, password_hash = $3, roles = $4, created_at = now(), change = $5 WHERE user_id = $1 AND status = 'opening' RETURNING user_id`);
export const ABANDON_USER = query('abandon_user', "UPDATE users SET created_at = 'epoch' WHERE user_id = $1 AND change = $2 AND status = 'opening'");
/** Of a user who was abandoned, by whatever name: whoever it is comes again. */
export const FREE_IDENTITY = query('free_identity', `
  DELETE FROM identities USING users WHERE issuer = $1 AND subject = $2 AND users.user_id = identities.user_id
    AND users.status = 'opening' AND users.created_at < now() - make_interval(secs => $3)`);
export const DROP_OPENING_IDENTITY = query('drop_opening_identity', `
  DELETE FROM identities USING users WHERE identities.user_id = $1 AND users.user_id = identities.user_id AND users.status = 'opening'`);
export const DROP_OPENING_OWNER = query('drop_opening_owner', "DELETE FROM account_owners WHERE user_id = $1 AND account = $2 AND status = 'opening'");
export const DROP_OPENING_USER = query('drop_opening_user', "DELETE FROM users WHERE user_id = $1 AND status = 'opening'");
export const IS_RESERVED = query('is_reserved', "SELECT 1 FROM users WHERE user_id = $1 AND change = $2 AND status = 'opening'");
export const OPEN_USER = query('open_user', "UPDATE users SET status = 'active', change = $2 WHERE user_id = $1 AND status = 'opening' RETURNING user_id");
/** Powers end with each role that brings some. */
export const SET_USER = query('set_user', `
  UPDATE users SET roles = coalesce($2, roles), status = coalesce($3, status), change = $4,
      powers_change = CASE WHEN array_remove(roles, 'trader') <@ coalesce($2, roles) THEN powers_change ELSE $4 END
    WHERE user_id = $1 AND status <> 'opening' RETURNING user_id`);
/** Whether powers of the change $2 are not over. */
export const KEEPS_POWERS = query('keeps_powers', 'SELECT 1 FROM users WHERE user_id = $1 AND powers_change <= $2');
export const ACTIVE_ADMINS = query('active_admins', "SELECT count(*) AS count FROM users WHERE 'admin' = ANY (roles) AND status = 'active'");
export const SET_PASSWORD = query('set_password', 'UPDATE users SET password_hash = $2, change = $3 WHERE user_id = $1');
/** Not where it was changed meanwhile. */
export const RAISE_PASSWORD = query('raise_password', 'UPDATE users SET password_hash = $3 WHERE user_id = $1 AND password_hash = $2');
export const CREDENTIALS = query('credentials', `
  SELECT user_id, username, password_hash, status FROM users WHERE username_key = lower($1) AND status <> 'opening'`);
export const USER = query('user', "SELECT user_id, username, roles, status, created_at FROM users WHERE user_id = $1 AND status <> 'opening'");
export const USERS_PAGE = query('users_page', `
  SELECT user_id, username, roles, status, created_at FROM users WHERE status <> 'opening' AND ($1::text IS NULL OR username_key > lower($1)) ORDER BY username_key LIMIT $2`);

/** Nobody's yet, or one of the user's own that did not come about. */
export const ADD_OWNER = query('add_owner', `
  INSERT INTO account_owners (account, user_id, kind, status, change) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (account, user_id) DO UPDATE SET status = excluded.status, change = excluded.change
      WHERE account_owners.kind = excluded.kind AND account_owners.status <> 'active'
    RETURNING account`);
/** The other accounts of who opened one. */
export const ACCOUNTS_BESIDE = query('accounts_beside', `SELECT other.account FROM account_owners own JOIN account_owners other USING (user_id)
  WHERE own.account = $1 AND own.kind <> 'shared' AND own.status = 'active' AND other.kind <> 'shared' AND other.status = 'active' AND other.account <> $1
  ORDER BY 1`);
export const ACCOUNT_IS_OWNED = query('account_is_owned', "SELECT 1 FROM account_owners WHERE lower(account) = lower($1) AND kind <> 'shared'");
export const ACCOUNT_IS_BEGUN = query('account_is_begun', "SELECT 1 FROM account_owners WHERE account = $1 AND user_id = $2 AND kind = 'opened' AND status = 'opening'");
/** That a user has opened, or has begun to, but for $2; those that others share with a user; those with whom an account is shared. */
export const COUNT_OPENED = query('count_opened', "SELECT count(*) AS count FROM account_owners WHERE user_id = $1 AND account <> $2 AND kind <> 'shared' AND status <> 'ended'");
export const COUNT_SHARED_WITH = query('count_shared_with', "SELECT count(*) AS count FROM account_owners WHERE user_id = $1 AND kind = 'shared' AND status = 'active'");
export const COUNT_SHARERS = query('count_sharers', "SELECT count(*) AS count FROM account_owners WHERE account = $1 AND kind = 'shared' AND status = 'active'");
export const IS_SHARED_WITH = query('is_shared_with', "SELECT 1 FROM account_owners WHERE account = $1 AND user_id = $2 AND status = 'active'");
export const SET_OWNER = query('set_owner', 'UPDATE account_owners SET status = $3, change = $4 WHERE account = $1 AND user_id = $2 RETURNING account');
/** Clients of before anybody said who they were are nobody's account to take. */
export const CLIENT_IS_KNOWN = query('client_is_known', 'SELECT EXISTS (SELECT FROM orders WHERE client_id = $1) OR EXISTS (SELECT FROM accounts WHERE account = $1) AS is_known');
export const HAS_ORDERS = query('has_orders', 'SELECT EXISTS (SELECT FROM orders WHERE client_id = $1) AS has_orders');

export const ADD_KEY = query('add_key', `
  INSERT INTO api_keys (api_key, user_id, name, scopes, accounts, ip_allow, sealed_secret, public_key, expires_at, change)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING created_at`);
export const COUNT_KEYS = query('count_keys', 'SELECT count(*) AS count FROM api_keys WHERE user_id = $1 AND ended_at IS NULL');
export const END_KEY = query('end_key', 'UPDATE api_keys SET ended_at = now(), change = $3 WHERE api_key = $1 AND user_id = $2 AND ended_at IS NULL RETURNING api_key');

/** With where the user is known from, from now on; how many such places there are besides, and how many logins, of which no more than $8 are counted. */
export const ADD_SESSION = query('add_session', `
  WITH begun AS (
    INSERT INTO sessions (session_id, user_id, current_digest, address, expires_at, tokens_until)
      SELECT $1, user_id, $3, $4, now() + make_interval(secs => $5), now() + make_interval(secs => $7) FROM users WHERE user_id = $2 AND ($6::text IS NULL OR password_hash = $6) FOR SHARE
      RETURNING user_id
  ), known AS (
    INSERT INTO known_addresses (user_id, address, last_at) SELECT user_id, $4, now() FROM begun
      ON CONFLICT (user_id, address) DO UPDATE SET last_at = excluded.last_at
  )
  SELECT (SELECT count(*) FROM known_addresses WHERE user_id = $2 AND address <> $4) AS other_addresses,
    (SELECT count(*) FROM (SELECT FROM sessions WHERE user_id = $2 AND ended_at IS NULL AND expires_at > now() AND current_digest IS NOT NULL LIMIT $8) AS live) AS other_sessions
    FROM begun`);
/** All but the $4 of $1 that were renewed last, $5 of them at once. Tokens without a refresh token are none of them: they are over by themselves. */
export const END_OLDEST = query('end_oldest', `
  UPDATE sessions SET ended_at = now(), end_reason = $2, change = $3 WHERE session_id IN (
    SELECT session_id FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND expires_at > now() AND current_digest IS NOT NULL ORDER BY expires_at DESC OFFSET $4 LIMIT $5)`);
/** All but the latest $2 places that $1 is known from. It waits for nobody who logs in from there right now. */
export const DROP_ADDRESSES = query('drop_addresses', `
  DELETE FROM known_addresses WHERE user_id = $1 AND address IN (
    SELECT address FROM known_addresses
      WHERE user_id = $1 AND last_at < (SELECT last_at FROM known_addresses WHERE user_id = $1 ORDER BY last_at DESC OFFSET $2::int - 1 LIMIT 1)
      ORDER BY address FOR UPDATE SKIP LOCKED)`);
export const SESSION_IS_GOOD = query('session_is_good', 'SELECT 1 FROM sessions WHERE session_id = $1 AND ended_at IS NULL');
export const ADD_TOKEN_SESSION = query('add_token_session', `
  INSERT INTO sessions (session_id, user_id, minted_by, expires_at, tokens_until)
    SELECT $1, user_id, $3, now() + make_interval(secs => $4), now() + make_interval(secs => $5) FROM users WHERE user_id = $2 AND status = 'active' FOR SHARE
    RETURNING session_id`);
export const SESSION = query('session', `
  SELECT session_id, user_id, current_digest, previous_digest, successor, ended_at IS NOT NULL AS is_ended, expires_at <= now() AS is_over,
      rotated_at > now() - make_interval(secs => $2) AS is_fresh
    FROM sessions WHERE session_id = $1`);
/** Compare and swap: of two at once one comes first. */
export const ROTATE = query('rotate', `
  UPDATE sessions SET previous_digest = current_digest, current_digest = $3, successor = $4, rotated_at = now(), expires_at = now() + make_interval(secs => $5),
      tokens_until = greatest(tokens_until, now() + make_interval(secs => $6))
    WHERE session_id = $1 AND current_digest = $2 AND ended_at IS NULL AND expires_at > now() RETURNING session_id`);
export const END_SESSION = query('end_session', `
  UPDATE sessions SET ended_at = now(), end_reason = $2, change = $3 WHERE session_id = $1 AND ended_at IS NULL RETURNING session_id`);
/** One more token of it is good for $2 seconds. */
export const USE_SESSION = query('use_session', `
  UPDATE sessions SET tokens_until = greatest(tokens_until, now() + make_interval(secs => $2)) WHERE session_id = $1 AND ended_at IS NULL RETURNING session_id`);
/** With what the user minted for others: whoever took a login over may have done that. Those of which nothing can be good are left. */
export const END_SESSIONS = query('end_sessions', `
  UPDATE sessions SET ended_at = now(), end_reason = $2, change = $3
    WHERE (user_id = $1 OR minted_by = $1) AND ended_at IS NULL AND greatest(expires_at + make_interval(secs => $4), tokens_until) > now()`);
/** A page of logins that were over, or ended, long enough before that no token of theirs is good: $1 seconds, and $2 after what the row says. */
const SWEPT = 'coalesce(tokens_until < now() - make_interval(secs => $2), true)';
export const SWEEP_OVER = query('sweep_over', `
  DELETE FROM sessions WHERE session_id IN (
    SELECT session_id FROM sessions WHERE expires_at < now() - make_interval(secs => $1) AND ${SWEPT} ORDER BY expires_at LIMIT $3 FOR UPDATE SKIP LOCKED)
  RETURNING 1 AS one`);
export const SWEEP_ENDED = query('sweep_ended', `
  DELETE FROM sessions WHERE session_id IN (
    SELECT session_id FROM sessions WHERE ended_at < now() - make_interval(secs => $1) AND ${SWEPT} ORDER BY ended_at LIMIT $3 FOR UPDATE SKIP LOCKED)
  RETURNING 1 AS one`);
/** From where a user logged in before: strangers' failures do not keep the user out there. */
export const ADDRESSES = query('addresses', `
  SELECT address FROM known_addresses JOIN users USING (user_id) WHERE username_key = lower($1) ORDER BY last_at DESC LIMIT $2`);

/** Milliseconds since 1970, when it is looked at: whoever waited for another one goes by a later time. */
const NOW_MS = '(extract(epoch FROM clock_timestamp()) * 1000)::float8';

/**
 * A token of the bucket $1, where one comes every $2 ms and all are there after $3 ms (GCRA): the row says when the bucket is full again.
 * Beside that, how long the pause $4 still lasts.
 */
export const TAKE_LOGIN = query('take_login', `
  WITH taken AS (
    INSERT INTO login_buckets AS bucket (key, expire) VALUES ($1, ${NOW_MS} + $2)
      ON CONFLICT (key) DO UPDATE SET expire = greatest(bucket.expire, ${NOW_MS}) + $2 WHERE greatest(bucket.expire, ${NOW_MS}) + $2 <= ${NOW_MS} + $3
      RETURNING key
  )
  SELECT EXISTS (SELECT FROM taken) AS is_taken,
    (SELECT expire + $2 - $3 - ${NOW_MS} FROM login_buckets WHERE key = $1) AS wait_ms,
    (SELECT expire - ${NOW_MS} FROM login_buckets WHERE key = $4) AS pause_ms`);
export const LOGIN_PAUSE = query('login_pause', `SELECT expire - ${NOW_MS} AS pause_ms FROM login_buckets WHERE key = $1`);
/** One more failure of the name $1 and from the address $2, in a window of $6 ms; from $5 on a pause for each kind of address, of $7 ms at first. */
export const FAIL_LOGIN = query('fail_login', `
  WITH counted AS (
    INSERT INTO login_buckets AS counter (key, points, expire) VALUES ($1, 1, ${NOW_MS} + $6), ($2, 1, ${NOW_MS} + $6)
      ON CONFLICT (key) DO UPDATE SET points = CASE WHEN counter.expire <= ${NOW_MS} THEN 1 ELSE counter.points + 1 END,
        expire = CASE WHEN counter.expire <= ${NOW_MS} THEN excluded.expire ELSE counter.expire END
      RETURNING key, points
  ), counts AS (
    SELECT max(points) FILTER (WHERE key = $1) AS of_name, max(points) FILTER (WHERE key = $2) AS from_here FROM counted
  ), pauses AS (
    SELECT $3 AS key, least(of_name - $5::int, from_here - 1) AS beyond FROM counts WHERE of_name >= $5::int
    UNION ALL SELECT $4, from_here - $5::int FROM counts WHERE from_here >= $5::int
  )
  INSERT INTO login_buckets (key, expire) SELECT key, ${NOW_MS} + least($6::float8, $7::float8 * 2.0 ^ least(beyond, 20)) FROM pauses
    ON CONFLICT (key) DO UPDATE SET expire = excluded.expire`);
export const CLEAR_LOGIN = query('clear_login', 'DELETE FROM login_buckets WHERE key = $1');
/** It waits for nobody: those who count hold several rows, in an order of their own. What is held by them is left for the next time. */
export const FORGET_LOGINS = query('forget_logins', `
  DELETE FROM login_buckets WHERE key IN (SELECT key FROM login_buckets WHERE expire < ${NOW_MS} ORDER BY key FOR UPDATE SKIP LOCKED)`);

export const ADD_IDENTITY = query('add_identity', 'INSERT INTO identities (issuer, subject, user_id) VALUES ($1, $2, $3)');
export const IDENTITY_IS_KNOWN = query('identity_is_known', 'SELECT 1 FROM identities WHERE issuer = $1 AND subject = $2');
export const USER_OF_IDENTITY = query('user_of_identity', `
  SELECT user_id FROM identities JOIN users USING (user_id) WHERE issuer = $1 AND subject = $2 AND status <> 'opening'`);

export const WITH_OWN_LOGINS = query('with_own_logins', `
  SELECT username FROM users
    WHERE username_key IN (SELECT lower(name) FROM unnest($1::text[]) AS name) AND status <> 'opening'
      AND (password_hash IS NOT NULL OR EXISTS (SELECT FROM identities WHERE identities.user_id = users.user_id))
    ORDER BY username`);

/** Under an id that whoever asks has made: an insert whose answer was lost is tried again, and kept once. */
export const ADD_ACT = query('add_act', `
  INSERT INTO audit_log (act_id, actor, api_key, acting_for, action, target, request_id, outcome) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (act_id) DO NOTHING`);
export const ADD_OUTCOME = query('add_outcome', 'INSERT INTO audit_outcomes (act_id, outcome) VALUES ($1, $2) ON CONFLICT (act_id) DO NOTHING');
export const AUDIT_PAGE = query('audit_page', `
  SELECT audit_id, act.at, actor, api_key, acting_for, action, target, request_id, coalesce(act.outcome, audit_outcomes.outcome) AS outcome
    FROM audit_log AS act LEFT JOIN audit_outcomes USING (act_id) WHERE $1::bigint IS NULL OR audit_id < $1 ORDER BY audit_id DESC LIMIT $2`);
