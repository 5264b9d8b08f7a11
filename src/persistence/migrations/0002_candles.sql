-- Up to which entry the candles hold the trades. The same as sequence, except behind a writer that knew no candles yet:
-- the next one makes up for it from the trades.
ALTER TABLE checkpoints ADD COLUMN IF NOT EXISTS candles_sequence bigint NOT NULL DEFAULT 0;

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
