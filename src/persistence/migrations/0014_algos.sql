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
