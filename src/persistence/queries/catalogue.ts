import type { NamedQuery } from '../database';

const COLUMNS = `instrument, base, quote, tick_size, lot_size, base_decimals, quote_decimals, state, price_ticks_min, price_ticks_max,
    quantity_lots_min, quantity_lots_max, min_value, price_band, band_window_s, max_slippage, opening_price, band_from`;

export const CATALOGUE: NamedQuery = {
  name: 'catalogue',
  text: `SELECT ${COLUMNS} FROM catalogue WHERE shard = $1 ORDER BY instrument`,
};

export const UPSERT_CATALOGUE: NamedQuery = {
  name: 'upsert_catalogue',
  text: `INSERT INTO catalogue (shard, ${COLUMNS}, sequence)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
    ON CONFLICT (shard, instrument) DO UPDATE SET state = excluded.state, price_ticks_min = excluded.price_ticks_min,
      price_ticks_max = excluded.price_ticks_max, quantity_lots_min = excluded.quantity_lots_min, quantity_lots_max = excluded.quantity_lots_max,
      min_value = excluded.min_value, price_band = excluded.price_band, band_window_s = excluded.band_window_s, max_slippage = excluded.max_slippage,
      opening_price = excluded.opening_price, band_from = excluded.band_from,
      sequence = excluded.sequence
    WHERE catalogue.sequence < excluded.sequence`,
};
