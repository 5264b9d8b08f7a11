import type pg from 'pg';
import type { InstrumentRules, InstrumentState } from '../domain/instrument-rules';
import type { Row } from './database';
import { REGISTER_ASSET } from './queries/assets';
import { CATALOGUE, UPSERT_CATALOGUE } from './queries/catalogue';
import { REGISTER_INSTRUMENT } from './queries/instruments';

export interface CatalogueRow extends Row {
  instrument: string; base: string; quote: string; tick_size: string; lot_size: string; base_decimals: number; quote_decimals: number;
  state: InstrumentState; price_ticks_min: number; price_ticks_max: number; quantity_lots_min: number; quantity_lots_max: number;
  min_value: number; price_band: number; band_window_s: number; max_slippage: number; opening_price: number; band_from: number;
}

export function rulesOfRow(row: CatalogueRow): InstrumentRules {
  return {
    instrument: row.instrument, base: row.base, quote: row.quote, tickSize: row.tick_size, lotSize: row.lot_size, baseDecimals: row.base_decimals,
    quoteDecimals: row.quote_decimals, state: row.state, priceTicksMin: row.price_ticks_min, priceTicksMax: row.price_ticks_max,
    quantityLotsMin: row.quantity_lots_min, quantityLotsMax: row.quantity_lots_max, minValue: row.min_value, priceBand: row.price_band,
    bandWindowS: row.band_window_s, maxSlippage: row.max_slippage, openingTicks: row.opening_price, bandFrom: row.band_from,
  };
}

/** Instruments that were made or changed, by name. */
export async function recordedCatalogue(session: pg.Client, shard: string): Promise<readonly InstrumentRules[]> {
  return (await session.query<CatalogueRow>({ ...CATALOGUE, values: [shard] })).rows.map(rulesOfRow);
}

/** An instrument, and the log sequence of its last change. */
export interface CatalogueChange {
  readonly rules: InstrumentRules;
  readonly sequence: number;
}

/** Writes instruments as they became; those that are new are registered, with their assets. The transaction is the caller's. */
export async function writeCatalogue(session: pg.Client, shard: string, changes: readonly CatalogueChange[]): Promise<void> {
  for (const { rules, sequence } of changes) {
    const { instrument, base, quote, tickSize, lotSize, baseDecimals, quoteDecimals } = rules;
    await session.query({ ...REGISTER_ASSET, values: [base, baseDecimals] });
    await session.query({ ...REGISTER_ASSET, values: [quote, quoteDecimals] });
    await session.query({ ...REGISTER_INSTRUMENT, values: [instrument, base, quote, tickSize, lotSize] });
    await session.query({
      ...UPSERT_CATALOGUE,
      values: [
        shard, instrument, base, quote, tickSize, lotSize, baseDecimals, quoteDecimals, rules.state, rules.priceTicksMin, rules.priceTicksMax,
        rules.quantityLotsMin, rules.quantityLotsMax, rules.minValue, rules.priceBand, rules.bandWindowS, rules.maxSlippage, rules.openingTicks,
        rules.bandFrom, sequence,
      ],
    });
  }
}
