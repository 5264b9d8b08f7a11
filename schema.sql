-- Openfill's record in Postgres: what the writer brings over from the shard log, exactly once.
-- All of a fresh database, for whoever reads it or makes one by hand (psql -f schema.sql). The service needs no such help: it
-- comes to the same by src/persistence/migrations, and goes on from here where this was applied.
-- Prices and quantities are ticks and lots (see instruments), amounts of assets whole units of 10^-decimals (see assets), which
-- outgrow a bigint; times are the venue's clock.

BEGIN;

-- The migrations that this database has been through, each by its file.
CREATE TABLE schema_version (
  version    integer     PRIMARY KEY,
  applied_at timestamptz NOT NULL DEFAULT now(),
  name       text,
  -- SHA-256 of the file; the service fills it in at its first start.
  checksum   text
);

-- Every instrument ever traded. Amounts are stored in its ticks and lots, so these never change.
CREATE TABLE instruments (
  instrument    text        PRIMARY KEY,
  base          text        NOT NULL,
  quote         text        NOT NULL,
  tick_size     text        NOT NULL,
  lot_size      text        NOT NULL,
  registered_at timestamptz NOT NULL DEFAULT now()
);

-- Instruments that were made while the venue ran, or changed: as the log last told each.
CREATE TABLE catalogue (
  shard             text     NOT NULL,
  instrument        text     NOT NULL,
  base              text     NOT NULL,
  quote             text     NOT NULL,
  tick_size         text     NOT NULL,
  lot_size          text     NOT NULL,
  base_decimals     smallint NOT NULL,
  quote_decimals    smallint NOT NULL,
  state             text     NOT NULL,
  price_ticks_min   bigint   NOT NULL,
  price_ticks_max   bigint   NOT NULL,
  quantity_lots_min bigint   NOT NULL,
  quantity_lots_max bigint   NOT NULL,
  -- Ticks times lots; fractions in millionths; 0 is none.
  min_value         bigint   NOT NULL,
  price_band        integer  NOT NULL,
  band_window_s     integer  NOT NULL,
  max_slippage      integer  NOT NULL,
  -- Price in ticks of a call auction that is being carried out, else 0.
  opening_price     bigint   NOT NULL,
  -- Entry of the log from which on trades are the reference of the price band.
  band_from         bigint   NOT NULL,
  sequence          bigint   NOT NULL,
  PRIMARY KEY (shard, instrument)
);

-- Every asset ever kept. Amounts are stored in its units, so these never change.
CREATE TABLE assets (
  asset         text        PRIMARY KEY,
  decimals      smallint    NOT NULL CHECK (decimals BETWEEN 0 AND 18),
  registered_at timestamptz NOT NULL DEFAULT now()
);

-- How far each shard's log is persisted, and in which life of the shard. Moved in the transaction that
-- writes the batch: whoever does not find the old sequence here is not the writer any more.
CREATE TABLE checkpoints (
  shard      text        PRIMARY KEY,
  epoch      text        NOT NULL,
  sequence   bigint      NOT NULL CHECK (sequence >= 0),
  time_us    bigint      NOT NULL DEFAULT 0,
  updated_at timestamptz NOT NULL DEFAULT now(),
  -- How far idempotency keys past their lifetime have been swept out of Redis.
  swept_sequence bigint  NOT NULL DEFAULT 0,
  -- Frozen by its operator: a rebuilt shard stays so.
  frozen     boolean     NOT NULL DEFAULT false,
  -- Up to which entry the candles hold the trades. The same as sequence, except behind a writer that knew no candles yet:
  -- the next one makes up for it from the trades.
  candles_sequence bigint NOT NULL DEFAULT 0,
  -- How money was kept when the shard was begun, or last rebuilt from here: what is held is known only where it was.
  funds      text        NOT NULL DEFAULT 'off'
);

-- The shard log, word for word and for ever.
CREATE TABLE journal (
  shard       text        NOT NULL,
  sequence    bigint      NOT NULL,
  at          timestamptz NOT NULL,
  kind        text        NOT NULL,
  idempotency text,
  payload     text        NOT NULL,
  PRIMARY KEY (shard, sequence, at)
) PARTITION BY RANGE (at);

CREATE TABLE journal_default PARTITION OF journal DEFAULT;

CREATE TABLE orders (
  order_id        uuid        PRIMARY KEY,
  client_id       text        NOT NULL,
  client_order_id text,
  instrument      text        NOT NULL,
  side            text        NOT NULL,
  type            text        NOT NULL,
  time_in_force   text        NOT NULL,
  post_only       boolean     NOT NULL,
  price_ticks     bigint,
  quantity_lots   bigint      NOT NULL,
  filled_lots     bigint      NOT NULL CHECK (filled_lots BETWEEN 0 AND quantity_lots),
  notional        numeric     NOT NULL,
  status          text        NOT NULL,
  status_reason   text,
  sequence        bigint      NOT NULL,
  fill_sequence   bigint      NOT NULL,
  priority        bigint      NOT NULL,
  created_us      bigint      NOT NULL,
  updated_us      bigint      NOT NULL,
  shard           text        NOT NULL,
  -- Log sequence at which it was placed: what came before what, whatever clocks say.
  placed_sequence bigint      NOT NULL,
  -- Rates and exact charges, null where it is charged nothing: units + millionths / 10^6 of the quote asset's units.
  maker_fee_rate  integer,
  taker_fee_rate  integer,
  fee_units       numeric,
  fee_millionths  integer,
  -- What only some orders ask for, by name (order-traits.ts); null for the most, which ask for nothing.
  traits          jsonb,
  -- An order by money has the quantity that it has traded: nothing, where nothing of it fit.
  CONSTRAINT orders_quantity_lots_check CHECK (quantity_lots > 0 OR (quantity_lots = 0 AND traits ? 'budget'))
)
-- Autovacuum at its default scale would let a fast-changing table of this kind bloat for long.
WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX orders_of_client ON orders (shard, client_id, placed_sequence DESC);
-- What a rebuild reads: the open orders, and only them.
CREATE INDEX orders_open ON orders (shard, instrument, side, price_ticks, priority)
  WHERE status IN ('open', 'partially_filled');
-- Those that wait for a price stand in no book.
CREATE INDEX orders_pending ON orders (shard, instrument, priority) WHERE status = 'pending';
-- A client's order lists, each by its first order.
CREATE INDEX orders_of_lists ON orders (shard, client_id, placed_sequence DESC) WHERE traits ? 'list' AND right(order_id::text, 1) = '1';

CREATE TABLE trades (
  instrument     text        NOT NULL,
  trade_id       bigint      NOT NULL,
  price_ticks    bigint      NOT NULL,
  quantity_lots  bigint      NOT NULL,
  taker_side     text        NOT NULL,
  maker_order_id uuid        NOT NULL,
  taker_order_id uuid        NOT NULL,
  sequence       bigint      NOT NULL,
  executed_us    bigint      NOT NULL,
  executed_at    timestamptz NOT NULL,
  shard          text        NOT NULL,
  -- null in trades of before money was kept.
  maker_account  text,
  taker_account  text,
  maker_fee      numeric     NOT NULL DEFAULT 0,
  taker_fee      numeric     NOT NULL DEFAULT 0,
  PRIMARY KEY (instrument, trade_id, executed_at)
) PARTITION BY RANGE (executed_at);

CREATE TABLE trades_default PARTITION OF trades DEFAULT;
CREATE INDEX trades_of_maker ON trades (maker_order_id);
CREATE INDEX trades_of_taker ON trades (taker_order_id);

-- The trades of each second, minute and hour, written together with them. Longer candles are made of these on reading.
-- Sums outgrow a bigint.
CREATE TABLE candles (
  instrument     text    NOT NULL,
  interval_s     integer NOT NULL,
  start_s        bigint  NOT NULL,
  open_ticks     bigint  NOT NULL,
  high_ticks     bigint  NOT NULL,
  low_ticks      bigint  NOT NULL,
  close_ticks    bigint  NOT NULL,
  volume_lots    numeric NOT NULL,
  notional       numeric NOT NULL,
  trades         bigint  NOT NULL,
  first_trade_id bigint  NOT NULL,
  last_trade_id  bigint  NOT NULL,
  shard          text    NOT NULL,
  PRIMARY KEY (instrument, interval_s, start_s)
) WITH (fillfactor = 80);

-- Log entries that Postgres refused, whole, with its reason. The rest of the log goes on without them.
CREATE TABLE dead_letters (
  shard       text        NOT NULL,
  sequence    bigint      NOT NULL,
  payload     text        NOT NULL,
  reason      text        NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  resolved_at timestamptz,
  PRIMARY KEY (shard, sequence)
);

-- Every rebuild of Redis from this record.
CREATE TABLE recoveries (
  recovery_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  shard       text        NOT NULL,
  reason      text        NOT NULL,
  old_epoch   text        NOT NULL,
  new_epoch   text        NOT NULL,
  sequence    bigint      NOT NULL,
  open_orders bigint,
  book_hash   text,
  started_at  timestamptz NOT NULL DEFAULT now(),
  opened_at   timestamptz,
  -- How money has been kept since, where the recovery changed that.
  funds       text
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER journal_append_only
  BEFORE UPDATE OR DELETE ON journal FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER journal_not_truncated
  BEFORE TRUNCATE ON journal FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER trades_append_only
  BEFORE UPDATE OR DELETE ON trades FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER trades_not_truncated
  BEFORE TRUNCATE ON trades FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The venue's own accounts, whose names begin with @, have balances but no row here.
CREATE TABLE accounts (
  shard      text   NOT NULL,
  account    text   NOT NULL,
  name       text,
  status     text   NOT NULL,
  credit     text   NOT NULL,
  fee_group  text   NOT NULL,
  created_us bigint NOT NULL,
  -- Log sequence of the last change.
  sequence   bigint NOT NULL,
  PRIMARY KEY (shard, account)
);

CREATE TABLE balances (
  shard    text    NOT NULL,
  account  text    NOT NULL,
  asset    text    NOT NULL,
  total    numeric NOT NULL,
  held     numeric NOT NULL,
  -- How many postings made the total.
  postings bigint  NOT NULL,
  sequence bigint  NOT NULL,
  PRIMARY KEY (shard, account, asset)
)
-- Busy accounts change in every batch: a new version finds its place beside the old one.
WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- What a trade was to each of its sides, where money was kept: two rows a trade.
CREATE TABLE fills (
  sequence      bigint  NOT NULL,
  executed_us   bigint  NOT NULL,
  trade_id      bigint  NOT NULL,
  price_ticks   bigint  NOT NULL,
  quantity_lots bigint  NOT NULL,
  -- Which of its entry's trades, from 0.
  fill          integer NOT NULL,
  -- Millionths of the value.
  fee_rate      integer NOT NULL,
  order_id      uuid    NOT NULL,
  shard         text    NOT NULL,
  instrument    text    NOT NULL,
  account       text    NOT NULL,
  side          text    NOT NULL,
  role          text    NOT NULL,
  -- The quantity in units of the base asset.
  base_units    numeric NOT NULL,
  -- Units of the quote asset. A fee below zero is a rebate.
  value         numeric NOT NULL,
  fee           numeric NOT NULL,
  -- The account's totals behind this fill, its fee included.
  base_after    numeric NOT NULL,
  quote_after   numeric NOT NULL,
  -- What @fees has of the quote asset behind this fee, null where there is none.
  fees_after    numeric,
  PRIMARY KEY (shard, account, sequence, fill, role, executed_us)
) PARTITION BY RANGE (executed_us);

CREATE TABLE fills_default PARTITION OF fills DEFAULT;
-- A day of all accounts, and the history of @fees.
CREATE INDEX fills_in_order ON fills (shard, sequence, fill, role);

CREATE TRIGGER fills_append_only
  BEFORE UPDATE OR DELETE ON fills FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER fills_not_truncated
  BEFORE TRUNCATE ON fills FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- All that moves money without a trade.
CREATE TABLE transfers (
  shard          text    NOT NULL,
  -- Log sequence at which it was made, and which of its entry's, from 0: an account opens with several deposits.
  sequence       bigint  NOT NULL,
  ordinal        integer NOT NULL,
  -- null for an opening deposit.
  transfer_id    uuid,
  kind           text    NOT NULL,
  status         text    NOT NULL,
  from_account   text    NOT NULL,
  to_account     text    NOT NULL,
  asset          text    NOT NULL,
  amount         numeric NOT NULL CHECK (amount > 0),
  settled_amount numeric NOT NULL CHECK (settled_amount BETWEEN 0 AND amount),
  reference      text,
  note           text,
  expires_us     bigint,
  reverses       uuid,
  created_us     bigint  NOT NULL,
  -- Where it came to its end, null while it is pending.
  ended_sequence bigint,
  ended_us       bigint,
  -- Totals behind it, null unless it moved.
  from_after     numeric,
  to_after       numeric,
  PRIMARY KEY (shard, sequence, ordinal),
  CHECK ((status = 'pending') = (ended_sequence IS NULL)),
  CHECK ((status = 'posted') = (from_after IS NOT NULL AND to_after IS NOT NULL))
);

CREATE UNIQUE INDEX transfers_by_id ON transfers (transfer_id);
-- A reference is used once for its asset, for ever; a transfer is moved back once.
CREATE UNIQUE INDEX transfers_by_reference ON transfers (shard, asset, reference) WHERE kind = 'deposit' AND reference IS NOT NULL;
CREATE UNIQUE INDEX transfers_by_reversed ON transfers (shard, reverses) WHERE reverses IS NOT NULL;
CREATE INDEX transfers_pending ON transfers (shard, sequence) WHERE status = 'pending';
CREATE INDEX transfers_of_payer ON transfers (shard, from_account, sequence, ordinal);
CREATE INDEX transfers_of_payee ON transfers (shard, to_account, sequence, ordinal);
-- The history of each side.
CREATE INDEX transfers_paid ON transfers (shard, from_account, ended_sequence, ordinal) WHERE status = 'posted';
CREATE INDEX transfers_received ON transfers (shard, to_account, ended_sequence, ordinal) WHERE status = 'posted';

CREATE TRIGGER transfers_end_once
  BEFORE UPDATE ON transfers FOR EACH ROW WHEN (OLD.status <> 'pending') EXECUTE FUNCTION refuse_change();
CREATE TRIGGER transfers_kept
  BEFORE DELETE ON transfers FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER transfers_not_truncated
  BEFORE TRUNCATE ON transfers FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What an account has made of its trades in an instrument. Exact sums; an average is computed where it is shown.
CREATE TABLE positions (
  shard         text    NOT NULL,
  account       text    NOT NULL,
  instrument    text    NOT NULL,
  -- Below zero where more was sold than bought.
  net_lots      numeric NOT NULL,
  -- Units of the quote asset that the open part has cost, of the sign of net_lots.
  cost          numeric NOT NULL,
  realized      numeric NOT NULL,
  fees          numeric NOT NULL,
  bought_lots   numeric NOT NULL,
  bought_cost   numeric NOT NULL,
  sold_lots     numeric NOT NULL,
  sold_proceeds numeric NOT NULL,
  -- Since when there is an open part, null while there is none.
  opened_us     bigint,
  updated_us    bigint  NOT NULL,
  sequence      bigint  NOT NULL,
  PRIMARY KEY (shard, account, instrument)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- What an account had behind an entry, kept every so many postings.
CREATE TABLE account_snapshots (
  shard    text   NOT NULL,
  account  text   NOT NULL,
  sequence bigint NOT NULL,
  -- Of the account, from its first.
  postings bigint NOT NULL,
  -- By asset: asset, total, held.
  balances jsonb  NOT NULL,
  at_us    bigint NOT NULL,
  PRIMARY KEY (shard, account, sequence)
);

-- The rates of each group, in millionths: instrument (null for every other one), maker, taker.
CREATE TABLE fee_groups (
  shard     text   NOT NULL,
  fee_group text   NOT NULL,
  rates     jsonb  NOT NULL,
  sequence  bigint NOT NULL,
  PRIMARY KEY (shard, fee_group)
);

-- The daily reconciliation: of each UTC day, the entries that it is of, and what they come to by account.
CREATE TABLE settlements (
  shard         text        NOT NULL,
  day           date        NOT NULL,
  -- The day's entries lie behind the first and up to the second.
  from_sequence bigint      NOT NULL,
  to_sequence   bigint      NOT NULL,
  -- Rows whose closing is not what the movements make of the opening.
  mismatches    integer     NOT NULL,
  settled_at    timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (shard, day)
);

CREATE TABLE settlement_assets (
  shard         text    NOT NULL,
  day           date    NOT NULL,
  account       text    NOT NULL,
  asset         text    NOT NULL,
  opening       numeric NOT NULL,
  deposits      numeric NOT NULL,
  withdrawals   numeric NOT NULL,
  transfers_in  numeric NOT NULL,
  transfers_out numeric NOT NULL,
  bought        numeric NOT NULL,
  sold          numeric NOT NULL,
  fees          numeric NOT NULL,
  closing       numeric NOT NULL,
  PRIMARY KEY (shard, day, account, asset)
);

CREATE TABLE settlement_nets (
  shard      text    NOT NULL,
  day        date    NOT NULL,
  account    text    NOT NULL,
  instrument text    NOT NULL,
  net_lots   numeric NOT NULL,
  -- Units of the quote asset that came in, below zero where more went out; fees are apart.
  net_value  numeric NOT NULL,
  fees       numeric NOT NULL,
  PRIMARY KEY (shard, day, account, instrument)
);

-- Every posting: one movement of one account's total. Of each entry and asset they add up to zero, of each account and asset to its
-- total. The numbers of an entry's postings are those that its events are told by.
CREATE VIEW ledger AS
SELECT fills.shard, fills.sequence, posting.index, fills.account, posting.asset, posting.amount, posting.kind, posting.total_after,
    fills.order_id, fills.trade_id, fills.instrument, NULL::uuid AS transfer_id, NULL AS counterparty, fills.executed_us AS at_us
  FROM fills JOIN instruments USING (instrument)
  CROSS JOIN LATERAL (VALUES
    (8 * fill + CASE role WHEN 'taker' THEN 3 ELSE 0 END, base, CASE side WHEN 'buy' THEN base_units ELSE - base_units END, 'traded', base_after),
    (8 * fill + CASE role WHEN 'taker' THEN 4 ELSE 1 END, quote, CASE side WHEN 'buy' THEN - value ELSE value END, 'traded', quote_after + fee),
    (8 * fill + CASE role WHEN 'taker' THEN 5 ELSE 2 END, quote, - fee, CASE WHEN fee < 0 THEN 'rebate' ELSE 'fee' END, quote_after)
  ) AS posting (index, asset, amount, kind, total_after)
  WHERE posting.amount <> 0
UNION ALL
SELECT shard, sequence, 8 * fill + CASE role WHEN 'taker' THEN 7 ELSE 6 END, '@fees', quote, fee, CASE WHEN fee < 0 THEN 'rebate' ELSE 'fee' END, fees_after,
    order_id, trade_id, instrument, NULL, NULL, executed_us
  FROM fills JOIN instruments USING (instrument) WHERE fee <> 0
UNION ALL
SELECT shard, ended_sequence, 2 * ordinal, from_account, asset, - settled_amount,
    CASE kind WHEN 'opening' THEN 'deposited' WHEN 'deposit' THEN 'deposited' WHEN 'withdrawal' THEN 'withdrew' ELSE 'transferred_out' END, from_after,
    NULL, NULL, NULL, transfer_id, to_account, ended_us
  FROM transfers WHERE status = 'posted'
UNION ALL
SELECT shard, ended_sequence, 2 * ordinal + 1, to_account, asset, settled_amount,
    CASE kind WHEN 'opening' THEN 'deposited' WHEN 'deposit' THEN 'deposited' WHEN 'withdrawal' THEN 'withdrew' ELSE 'transferred_in' END, to_after,
    NULL, NULL, NULL, transfer_id, from_account, ended_us
  FROM transfers WHERE status = 'posted';

-- A month's partition of journal and trades. Rows that came before their partition stay in the default one.
CREATE FUNCTION ensure_partitions(month date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  first date := date_trunc('month', month)::date;
  following date := (first + interval '1 month')::date;
  suffix text := to_char(first, 'YYYY_MM');
  parent text;
  key text;
  occupied boolean;
BEGIN
  FOREACH parent IN ARRAY ARRAY['journal', 'trades'] LOOP
    IF to_regclass(parent || '_' || suffix) IS NOT NULL THEN CONTINUE; END IF;
    key := CASE parent WHEN 'journal' THEN 'at' ELSE 'executed_at' END;
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE %I >= %L AND %I < %L)',
      parent || '_default', key, first::timestamp AT TIME ZONE 'UTC', key, following::timestamp AT TIME ZONE 'UTC') INTO occupied;
    IF occupied THEN CONTINUE; END IF;
    EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
      parent || '_' || suffix, parent, first::timestamp AT TIME ZONE 'UTC', following::timestamp AT TIME ZONE 'UTC');
  END LOOP;
END
$$;

-- A month's partition of fills, as ensure_partitions makes those of journal and trades.
CREATE FUNCTION ensure_fills_partition(month date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  first timestamp := date_trunc('month', month::timestamp);
  low bigint := extract(epoch FROM first)::bigint * 1000000;
  high bigint := extract(epoch FROM first + interval '1 month')::bigint * 1000000;
  partition text := 'fills_' || to_char(first, 'YYYY_MM');
BEGIN
  IF to_regclass(partition) IS NOT NULL THEN RETURN; END IF;
  IF EXISTS (SELECT FROM fills_default WHERE executed_us >= low AND executed_us < high) THEN RETURN; END IF;
  EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF fills FOR VALUES FROM (%L) TO (%L)', partition, low, high);
END
$$;

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
  change        bigint      NOT NULL,
  -- By which change a role was taken last: powers given before are over.
  powers_change bigint      NOT NULL DEFAULT 0
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
-- Names that differ in case only are one, of users and of accounts.
CREATE INDEX account_owners_name ON account_owners (lower(account));

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

-- Logins: each is a family of refresh tokens, of which one is good at a time. Once nothing of one can be good it is deleted.
CREATE TABLE sessions (
  session_id      uuid        PRIMARY KEY,
  user_id         uuid        NOT NULL REFERENCES users,
  -- SHA-256 of the refresh token that is good now, and of the one before it; none where an access token is all there is.
  current_digest  bytea,
  previous_digest bytea,
  rotated_at      timestamptz,
  -- The token that is good now, sealed: who presents the one before it shortly after gets it as well.
  successor       bytea,
  -- None of a token that was minted.
  address         text,
  created_at      timestamptz NOT NULL DEFAULT now(),
  expires_at      timestamptz NOT NULL,
  ended_at        timestamptz,
  end_reason      text CHECK (end_reason IN ('logged_out', 'password_changed', 'refresh_reused', 'reset', 'too_many')),
  -- Of its end.
  change          bigint,
  -- Who minted it for the user.
  minted_by       uuid        REFERENCES users,
  -- Until when an access token of it can be good; null where a program of before made it.
  tokens_until    timestamptz
);
CREATE INDEX sessions_by_minter ON sessions (minted_by) WHERE ended_at IS NULL AND minted_by IS NOT NULL;
CREATE INDEX sessions_by_user ON sessions (user_id, expires_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE INDEX sessions_by_end ON sessions (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX sessions_by_change ON sessions (change) WHERE change IS NOT NULL;

-- From where users logged in, the latest of each: it outlives the logins.
CREATE TABLE known_addresses (
  user_id uuid        NOT NULL REFERENCES users,
  address text        NOT NULL,
  last_at timestamptz NOT NULL,
  PRIMARY KEY (user_id, address)
);

-- Users by what another issuer calls them.
CREATE TABLE identities (
  issuer  text NOT NULL,
  subject text NOT NULL,
  user_id uuid NOT NULL REFERENCES users,
  PRIMARY KEY (issuer, subject)
);

-- How often addresses tried to log in, and names were tried with wrong passwords. It need not outlive a crash, nor wait for the disk.
CREATE UNLOGGED TABLE login_buckets (
  key    text             PRIMARY KEY,
  points integer          NOT NULL DEFAULT 0,
  -- Milliseconds since 1970: when it is over; of a bucket, when it is full.
  expire double precision NOT NULL
);

-- The same, of programs of before, which may still run.
CREATE UNLOGGED TABLE login_limits (
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
  -- ok, or the code with which it was refused; null where it follows: an act is on record before it is carried out.
  outcome    text,
  -- By which an act is kept once; acts of before had none.
  act_id     uuid        UNIQUE,
  -- By which it was done; null for a token.
  api_key    text
);
CREATE TRIGGER audit_log_append_only
  BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_log_not_truncated
  BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What came of an act. Without a row nobody knows: it is under way, or its process ended.
CREATE TABLE audit_outcomes (
  act_id  uuid        PRIMARY KEY REFERENCES audit_log (act_id),
  at      timestamptz NOT NULL DEFAULT now(),
  outcome text        NOT NULL
);
CREATE TRIGGER audit_outcomes_append_only
  BEFORE UPDATE OR DELETE ON audit_outcomes FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_outcomes_not_truncated
  BEFORE TRUNCATE ON audit_outcomes FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Parent orders of the service, and their slices: each is decided here before it is placed.
CREATE TABLE algos (
  algo_id        uuid    PRIMARY KEY,
  -- In the order in which they were started.
  number         bigint  GENERATED ALWAYS AS IDENTITY UNIQUE,
  shard          text    NOT NULL,
  kind           text    NOT NULL CHECK (kind IN ('twap')),
  client_id      text    NOT NULL,
  -- The main account of who started it.
  actor          text,
  idempotency    text,
  instrument     text    NOT NULL,
  side           text    NOT NULL CHECK (side IN ('buy', 'sell')),
  quantity_lots  bigint  NOT NULL CHECK (quantity_lots >= slices),
  limit_ticks    bigint  CHECK (limit_ticks > 0),
  duration_s     integer NOT NULL CHECK (duration_s > 0),
  slices         integer NOT NULL CHECK (slices > 0),
  status         text    NOT NULL CHECK (status IN ('running', 'completed', 'expired', 'cancelled', 'stopped')),
  status_reason  text,
  is_stopping    boolean NOT NULL CHECK (NOT is_stopping OR status = 'running'),
  filled_lots    bigint  NOT NULL CHECK (filled_lots BETWEEN 0 AND quantity_lots),
  notional       numeric NOT NULL,
  slices_placed  integer NOT NULL,
  slices_refused integer NOT NULL,
  refused_in_a_row integer NOT NULL,
  next_slice     integer NOT NULL CHECK (next_slice BETWEEN 1 AND slices + 1),
  next_us        bigint  NOT NULL,
  created_us     bigint  NOT NULL,
  updated_us     bigint  NOT NULL,
  UNIQUE (shard, idempotency)
);
CREATE INDEX algos_due ON algos (shard, next_us) WHERE status = 'running';
CREATE INDEX algos_of_client ON algos (shard, client_id, number DESC);

CREATE TABLE algo_slices (
  algo_id       uuid    NOT NULL REFERENCES algos,
  slice         integer NOT NULL CHECK (slice > 0),
  -- Of the order that it is, or would have been.
  order_id      uuid    NOT NULL UNIQUE,
  quantity_lots bigint  NOT NULL CHECK (quantity_lots > 0),
  status        text    NOT NULL CHECK (status IN ('placing', 'placed', 'refused', 'missed')),
  filled_lots   bigint  NOT NULL CHECK (filled_lots BETWEEN 0 AND quantity_lots),
  notional      numeric NOT NULL,
  reason        text,
  at_us         bigint  NOT NULL,
  PRIMARY KEY (algo_id, slice)
);
-- One at a time.
CREATE UNIQUE INDEX algo_slices_placing ON algo_slices (algo_id) WHERE status = 'placing';

-- What acts on an account's orders as a whole: a dead man's switch, a stop, the lease of a connection (domain/controls.ts).
CREATE TABLE account_controls (
  shard    text   NOT NULL,
  control  text   NOT NULL CHECK (control IN ('cancel_after', 'kill', 'lease')),
  account  text   NOT NULL,
  -- The instrument of a switch, '' for all; the lease; '' of a stop.
  detail   text   NOT NULL,
  -- When a switch triggers; else since when it is there.
  at_us    bigint NOT NULL,
  -- Log sequence of the last change.
  sequence bigint NOT NULL,
  PRIMARY KEY (shard, control, account, detail)
);

INSERT INTO schema_version (version, name) VALUES (1, '0001_record'), (2, '0002_candles'), (3, '0003_shards'),
  (4, '0004_money'), (5, '0005_people'), (6, '0006_audit_acts'), (7, '0007_names_and_limits'), (8, '0008_audit_outcomes'), (9, '0009_powers_taken'),
  (10, '0010_minted_tokens'), (11, '0011_login_limits'), (12, '0012_logins'),
  (13, '0013_order_traits'), (14, '0014_algos'), (15, '0015_account_controls'), (16, '0016_catalogue'), (17, '0017_pending_orders'), (18, '0018_orders_by_money'), (19, '0019_order_lists');

COMMIT;
