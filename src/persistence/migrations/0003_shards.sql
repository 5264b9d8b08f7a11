-- Orders, trades and candles tell their shard, and orders the log sequence at which they were placed: what came before what
-- is told by the log, not by ids, which are of a clock.

DO $$
DECLARE
  -- The shard of what does not tell it otherwise.
  only_shard text := coalesce((SELECT shard FROM checkpoints ORDER BY updated_at DESC LIMIT 1), 'main');
  recorded text;
BEGIN
  FOREACH recorded IN ARRAY ARRAY['orders', 'trades', 'candles'] LOOP
    EXECUTE format('ALTER TABLE %I ADD COLUMN shard text NOT NULL DEFAULT %L', recorded, only_shard);
    EXECUTE format('ALTER TABLE %I ALTER COLUMN shard DROP DEFAULT', recorded);
  END LOOP;
END
$$;

ALTER TABLE orders ADD COLUMN placed_sequence bigint NOT NULL DEFAULT 0;
ALTER TABLE orders ALTER COLUMN placed_sequence DROP DEFAULT;

-- Entries hold ids as base 64 in an alphabet of their own, at another place in version 1 than in version 2.
WITH entries AS (
  SELECT shard, sequence, payload::jsonb AS entry FROM journal WHERE kind = 'place'
  UNION ALL
  SELECT shard, sequence, payload::jsonb FROM dead_letters WHERE payload LIKE '[_,"place",%'
), placed AS (
  SELECT shard, sequence, encode(decode(translate(
      entry #>> CASE entry ->> 0 WHEN '1' THEN '{4,0,15}'::text[] ELSE '{4,0,16}'::text[] END,
      '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz',
      'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
    ) || '==', 'base64'), 'hex')::uuid AS order_id
  FROM entries WHERE entry ->> 0 IN ('1', '2')
)
UPDATE orders SET placed_sequence = placed.sequence, shard = placed.shard FROM placed WHERE orders.order_id = placed.order_id;

-- An order that no entry places has never lost its place, as far as anybody knows.
UPDATE orders SET placed_sequence = priority WHERE placed_sequence = 0;

-- An instrument is of one shard. Only where a database has several is there anything to put right.
ALTER TABLE trades DISABLE TRIGGER trades_append_only;
UPDATE trades SET shard = known.shard FROM (SELECT DISTINCT instrument, shard FROM orders) AS known
  WHERE trades.instrument = known.instrument AND trades.shard <> known.shard;
ALTER TABLE trades ENABLE TRIGGER trades_append_only;
UPDATE candles SET shard = known.shard FROM (SELECT DISTINCT instrument, shard FROM orders) AS known
  WHERE candles.instrument = known.instrument AND candles.shard <> known.shard;

DROP INDEX orders_of_client;
CREATE INDEX orders_of_client ON orders (shard, client_id, placed_sequence DESC);
DROP INDEX orders_open;
CREATE INDEX orders_open ON orders (shard, instrument, side, price_ticks, priority) WHERE status IN ('open', 'partially_filled');
