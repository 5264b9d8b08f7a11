-- Openfill's record in Postgres: what the writer brings over from the shard log, exactly once.
-- Applied at start, under a lock, every statement repeatable. Amounts are ticks and lots (see instruments),
-- times are the venue's clock.

CREATE TABLE IF NOT EXISTS schema_version (
  version    integer     PRIMARY KEY,
  applied_at timestamptz NOT NULL DEFAULT now()
);

-- Every instrument ever traded. Amounts are stored in its ticks and lots, so these never change.
CREATE TABLE IF NOT EXISTS instruments (
  instrument    text        PRIMARY KEY,
  base          text        NOT NULL,
  quote         text        NOT NULL,
  tick_size     text        NOT NULL,
  lot_size      text        NOT NULL,
  registered_at timestamptz NOT NULL DEFAULT now()
);

-- How far each shard's log is persisted, and in which life of the shard. Moved in the transaction that
-- writes the batch: whoever does not find the old sequence here is not the writer any more.
CREATE TABLE IF NOT EXISTS checkpoints (
  shard      text        PRIMARY KEY,
  epoch      text        NOT NULL,
  sequence   bigint      NOT NULL CHECK (sequence >= 0),
  time_us    bigint      NOT NULL DEFAULT 0,
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- How far idempotency keys past their lifetime have been swept out of Redis.
ALTER TABLE checkpoints ADD COLUMN IF NOT EXISTS swept_sequence bigint NOT NULL DEFAULT 0;
-- Frozen by its operator: a rebuilt shard stays so.
ALTER TABLE checkpoints ADD COLUMN IF NOT EXISTS frozen boolean NOT NULL DEFAULT false;

-- Up to which entry the candles hold the trades. The same as sequence, except behind a writer that knew no candles yet:
-- the next one makes up for it from the trades.
ALTER TABLE checkpoints ADD COLUMN IF NOT EXISTS candles_sequence bigint NOT NULL DEFAULT 0;

-- The shard log, word for word and for ever.
CREATE TABLE IF NOT EXISTS journal (
  shard       text        NOT NULL,
  sequence    bigint      NOT NULL,
  at          timestamptz NOT NULL,
  kind        text        NOT NULL,
  idempotency text,
  payload     text        NOT NULL,
  PRIMARY KEY (shard, sequence, at)
) PARTITION BY RANGE (at);

CREATE TABLE IF NOT EXISTS journal_default PARTITION OF journal DEFAULT;

CREATE TABLE IF NOT EXISTS orders (
  order_id        uuid        PRIMARY KEY,
  client_id       text        NOT NULL,
  client_order_id text,
  instrument      text        NOT NULL,
  side            text        NOT NULL,
  type            text        NOT NULL,
  time_in_force   text        NOT NULL,
  post_only       boolean     NOT NULL,
  price_ticks     bigint,
  quantity_lots   bigint      NOT NULL CHECK (quantity_lots > 0),
  filled_lots     bigint      NOT NULL CHECK (filled_lots BETWEEN 0 AND quantity_lots),
  notional        numeric     NOT NULL,
  status          text        NOT NULL,
  status_reason   text,
  sequence        bigint      NOT NULL,
  fill_sequence   bigint      NOT NULL,
  priority        bigint      NOT NULL,
  created_us      bigint      NOT NULL,
  updated_us      bigint      NOT NULL
) WITH (fillfactor = 80);

-- Autovacuum at its default scale would let a fast-changing table of this kind bloat for long.
ALTER TABLE orders SET (autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX IF NOT EXISTS orders_of_client ON orders (client_id, order_id DESC);
-- What a rebuild reads: the open orders, and only them.
CREATE INDEX IF NOT EXISTS orders_open ON orders (instrument, side, price_ticks, priority)
  WHERE status IN ('open', 'partially_filled');

CREATE TABLE IF NOT EXISTS trades (
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
  PRIMARY KEY (instrument, trade_id, executed_at)
) PARTITION BY RANGE (executed_at);

CREATE TABLE IF NOT EXISTS trades_default PARTITION OF trades DEFAULT;
CREATE INDEX IF NOT EXISTS trades_of_maker ON trades (maker_order_id);
CREATE INDEX IF NOT EXISTS trades_of_taker ON trades (taker_order_id);

-- The trades of each second, minute and hour, written together with them. Longer candles are made of these on reading.
-- Sums outgrow a bigint.
CREATE TABLE IF NOT EXISTS candles (
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
  PRIMARY KEY (instrument, interval_s, start_s)
) WITH (fillfactor = 80);

-- Log entries that Postgres refused, whole, with its reason. The rest of the log goes on without them.
CREATE TABLE IF NOT EXISTS dead_letters (
  shard       text        NOT NULL,
  sequence    bigint      NOT NULL,
  payload     text        NOT NULL,
  reason      text        NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  resolved_at timestamptz,
  PRIMARY KEY (shard, sequence)
);

-- Every rebuild of Redis from this record.
CREATE TABLE IF NOT EXISTS recoveries (
  recovery_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  shard       text        NOT NULL,
  reason      text        NOT NULL,
  old_epoch   text        NOT NULL,
  new_epoch   text        NOT NULL,
  sequence    bigint      NOT NULL,
  open_orders bigint,
  book_hash   text,
  started_at  timestamptz NOT NULL DEFAULT now(),
  opened_at   timestamptz
);

CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

CREATE OR REPLACE TRIGGER journal_append_only
  BEFORE UPDATE OR DELETE ON journal FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER journal_not_truncated
  BEFORE TRUNCATE ON journal FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER trades_append_only
  BEFORE UPDATE OR DELETE ON trades FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER trades_not_truncated
  BEFORE TRUNCATE ON trades FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A month's partition of journal and trades. Rows that came before their partition stay in the default one.
CREATE OR REPLACE FUNCTION ensure_partitions(month date) RETURNS void LANGUAGE plpgsql AS $$
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

INSERT INTO schema_version (version) VALUES (1), (2) ON CONFLICT DO NOTHING;
