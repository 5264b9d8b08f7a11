import { AMOUNT_MAX, formatAmount, parseAmount, parseStep, type Step } from './amounts';

/** What the venue trades: one tick and one lot size each, and the limits that follow from them. */
export interface Instrument {
  readonly instrument: string;
  readonly base: string;
  readonly quote: string;
  readonly tick: Step;
  readonly lot: Step;
  readonly priceTicksMin: number;
  readonly priceTicksMax: number;
  readonly quantityLotsMin: number;
  readonly quantityLotsMax: number;
}

export const INSTRUMENTS_MAX = 1000;
export const INSTRUMENT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/;
export const ASSET_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,15}$/;

export const DEFAULT_INSTRUMENTS: readonly unknown[] = [
  { instrument: 'BTC-USD', base: 'BTC', quote: 'USD', tick_size: '0.01', lot_size: '0.00000001' },
  { instrument: 'ETH-USD', base: 'ETH', quote: 'USD', tick_size: '0.01', lot_size: '0.000001' },
];

const FIELDS = new Set([
  'instrument', 'base', 'quote', 'tick_size', 'lot_size', 'price_min', 'price_max', 'quantity_min', 'quantity_max',
]);

function textField(entry: Record<string, unknown>, field: string, where: string, pattern: RegExp): string {
  const value = entry[field];
  if (typeof value !== 'string' || !pattern.test(value)) {
    throw new Error(`${where}: "${field}" is missing or not a plain name`);
  }
  return value;
}

function stepField(entry: Record<string, unknown>, field: string, where: string): Step {
  const value = entry[field];
  if (typeof value !== 'string') throw new Error(`${where}: "${field}" must be a decimal string such as "0.01"`);
  try {
    return parseStep(value);
  } catch (error) {
    throw new Error(`${where}: "${field}": ${(error as Error).message}`, { cause: error });
  }
}

function limitField(entry: Record<string, unknown>, field: string, where: string, step: Step, fallback: number): number {
  const value = entry[field];
  if (value === undefined) return fallback;
  if (typeof value !== 'string') throw new Error(`${where}: "${field}" must be a decimal string`);
  const parsed = parseAmount(value, step);
  if (!parsed.ok) throw new Error(`${where}: "${field}" ${parsed.problem}`);
  return parsed.value;
}

/**
 * Reads the content of an instruments file: a JSON array as docs and `GET /public/instruments` show.
 * @throws Error naming the entry and the field that is wrong.
 */
export function parseInstruments(content: unknown): Instrument[] {
  if (!Array.isArray(content) || content.length === 0) throw new Error('must be a JSON array with at least one instrument');
  if (content.length > INSTRUMENTS_MAX) throw new Error(`must hold at most ${INSTRUMENTS_MAX} instruments`);
  const seen = new Set<string>();
  return content.map((item: unknown, index) => {
    const where = `instrument ${index + 1}`;
    if (typeof item !== 'object' || item === null || Array.isArray(item)) throw new Error(`${where}: must be an object`);
    const entry = item as Record<string, unknown>;
    for (const field of Object.keys(entry)) {
      if (!FIELDS.has(field)) throw new Error(`${where}: unknown field "${field}"`);
    }
    const name = textField(entry, 'instrument', where, INSTRUMENT_NAME);
    if (seen.has(name)) throw new Error(`${where}: "${name}" is listed twice`);
    seen.add(name);
    const tick = stepField(entry, 'tick_size', where);
    const lot = stepField(entry, 'lot_size', where);
    const instrument: Instrument = {
      instrument: name,
      base: textField(entry, 'base', where, ASSET_NAME),
      quote: textField(entry, 'quote', where, ASSET_NAME),
      tick,
      lot,
      priceTicksMin: limitField(entry, 'price_min', where, tick, 1),
      priceTicksMax: limitField(entry, 'price_max', where, tick, AMOUNT_MAX),
      quantityLotsMin: limitField(entry, 'quantity_min', where, lot, 1),
      quantityLotsMax: limitField(entry, 'quantity_max', where, lot, AMOUNT_MAX),
    };
    if (instrument.priceTicksMin > instrument.priceTicksMax) throw new Error(`${where}: "price_min" is above "price_max"`);
    if (instrument.quantityLotsMin > instrument.quantityLotsMax) throw new Error(`${where}: "quantity_min" is above "quantity_max"`);
    return instrument;
  });
}

export function formatPrice(instrument: Instrument, ticks: number): string {
  return formatAmount(ticks, instrument.tick);
}

export function formatQuantity(instrument: Instrument, lots: number): string {
  return formatAmount(lots, instrument.lot);
}
