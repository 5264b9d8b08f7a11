-- Who may do what: users, the accounts they may act for, their API keys and logins, and what was done with powers.
-- Passwords are hashes, secrets are sealed with the venue's key, tokens are kept as digests only.

-- Counts up with every change that all processes must hear of. Whoever changes something takes the next number first, and so
-- holds the row: numbers become visible in their order.
CREATE TABLE people_clock (
  one    boolean PRIMARY KEY DEFAULT true CHECK (one),
  change bigint  NOT NULL
);
INSERT INTO people_clock (change) VALUES (0);

CREATE TABLE users (
  user_id       uuid        PRIMARY KEY,
  username      text        NOT NULL,
  -- The name in lower case: two that differ in case only are one.
  username_key  text        NOT NULL UNIQUE,
  -- argon2id with its parameters; null where the user logs in elsewhere.
  password_hash text,
  roles         text[]      NOT NULL CHECK (roles <@ ARRAY['trader', 'operator', 'admin']),
  -- opening: the name is taken, the account is not there yet.
  status        text        NOT NULL CHECK (status IN ('opening', 'active', 'suspended')),
  created_at    timestamptz NOT NULL DEFAULT now(),
  change        bigint      NOT NULL
);
CREATE INDEX users_by_change ON users (change);

-- Who may act for an account. What is taken back stays as an ended row.
CREATE TABLE account_owners (
  account  text   NOT NULL,
  user_id  uuid   NOT NULL REFERENCES users,
  -- main: the user's own, of the user's name; opened by the user; shared by who opened it.
  kind     text   NOT NULL CHECK (kind IN ('main', 'opened', 'shared')),
  status   text   NOT NULL CHECK (status IN ('opening', 'active', 'ended')),
  change   bigint NOT NULL,
  PRIMARY KEY (account, user_id)
);
CREATE UNIQUE INDEX account_owners_first ON account_owners (account) WHERE kind <> 'shared';
CREATE INDEX account_owners_by_user ON account_owners (user_id);
CREATE INDEX account_owners_by_change ON account_owners (change);

CREATE TABLE api_keys (
  api_key       text        PRIMARY KEY,
  user_id       uuid        NOT NULL REFERENCES users,
  name          text        NOT NULL,
  scopes        text[]      NOT NULL,
  -- null for all of the user's.
  accounts      text[],
  -- Addresses and networks; null for any.
  ip_allow      text[],
  -- Of a key that is signed with HMAC: its secret, sealed.
  sealed_secret bytea,
  -- Of one that is signed with Ed25519: PEM.
  public_key    text,
  expires_at    timestamptz,
  created_at    timestamptz NOT NULL DEFAULT now(),
  ended_at      timestamptz,
  change        bigint      NOT NULL,
  CHECK ((sealed_secret IS NULL) <> (public_key IS NULL))
);
CREATE INDEX api_keys_by_user ON api_keys (user_id);
CREATE INDEX api_keys_by_change ON api_keys (change);

-- Logins: each is a family of refresh tokens, of which one is good at a time.
CREATE TABLE sessions (
  session_id      uuid        PRIMARY KEY,
  user_id         uuid        NOT NULL REFERENCES users,
  -- SHA-256 of the token that is good now, and of the one before it.
  current_digest  bytea       NOT NULL,
  previous_digest bytea,
  rotated_at      timestamptz,
  -- The token that is good now, sealed: who presents the one before it shortly after gets it as well.
  successor       bytea,
  address         text        NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  expires_at      timestamptz NOT NULL,
  ended_at        timestamptz,
  end_reason      text CHECK (end_reason IN ('logged_out', 'password_changed', 'refresh_reused', 'reset')),
  -- Of its end.
  change          bigint
);
CREATE INDEX sessions_by_user ON sessions (user_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_change ON sessions (change) WHERE change IS NOT NULL;

-- Users by what another issuer calls them.
CREATE TABLE identities (
  issuer  text NOT NULL,
  subject text NOT NULL,
  user_id uuid NOT NULL REFERENCES users,
  PRIMARY KEY (issuer, subject)
);

-- How often addresses tried to log in, and names were tried with wrong passwords.
CREATE TABLE login_limits (
  key    text    PRIMARY KEY,
  points integer NOT NULL DEFAULT 0,
  expire bigint
);

-- What was done with an operator's or an admin's powers. It only grows.
CREATE TABLE audit_log (
  audit_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at         timestamptz NOT NULL DEFAULT now(),
  actor      text        NOT NULL,
  acting_for text,
  action     text        NOT NULL,
  target     text,
  request_id text,
  -- ok, or the code with which it was refused.
  outcome    text        NOT NULL
);
CREATE TRIGGER audit_log_append_only
  BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_log_not_truncated
  BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
