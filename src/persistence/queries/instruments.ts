import type { NamedQuery } from '../database';

export const REGISTER_INSTRUMENT: NamedQuery = {
  name: 'register_instrument',
  text: `INSERT INTO instruments (instrument, base, quote, tick_size, lot_size) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (instrument) DO NOTHING`,
};

export const INSTRUMENTS: NamedQuery = {
  name: 'instruments',
  text: 'SELECT instrument, base, quote, tick_size, lot_size FROM instruments ORDER BY instrument',
};
