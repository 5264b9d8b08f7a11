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
