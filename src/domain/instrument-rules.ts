import { scaleOf, type MoneyScale } from './assets';
import { AMOUNT_MAX, parseStep, type Step } from './amounts';
import { INSTRUMENT_CHANGEABLE, INSTRUMENT_RULES, type InstrumentRule } from './layouts';
import type { Instrument } from './instruments';

/** What an instrument is and what goes on in it: an event of the log, a field of Redis' `catalogue`, a row of the record. */

/** Codes of states, in Redis and in the log. */
export const INSTRUMENT_STATE_CODE = { open: 0, post_only: 1, cancel_only: 2, halted: 3, auction: 4 } as const;
export type InstrumentState = keyof typeof INSTRUMENT_STATE_CODE;
export const INSTRUMENT_STATES = Object.keys(INSTRUMENT_STATE_CODE) as readonly InstrumentState[];

const STATE_NAMES = new Map(Object.entries(INSTRUMENT_STATE_CODE).map(([name, code]) => [code as number, name as InstrumentState]));

/** @throws Error for a code that is in no table */
export function instrumentStateOf(code: number): InstrumentState {
  const name = STATE_NAMES.get(code);
  if (name === undefined) throw new Error(`unknown state of an instrument ${code}`);
  return name;
}

/** What an instrument is for ever: amounts in every record are counted in it. */
export interface BoundRules {
  readonly base: string;
  readonly quote: string;
  readonly tickSize: string;
  readonly lotSize: string;
  /** Decimals that the assets are kept with. */
  readonly baseDecimals: number;
  readonly quoteDecimals: number;
}

/** Window of a price band that is set without one. */
export const BAND_WINDOW_S = 300;
/** The longest one: a shard keeps the last trade of every second of it. */
export const BAND_WINDOW_S_MAX = 3_600;

/** What of an instrument may be changed. */
export interface ChangeableRules {
  readonly state: InstrumentState;
  readonly priceTicksMin: number;
  readonly priceTicksMax: number;
  readonly quantityLotsMin: number;
  readonly quantityLotsMax: number;
  /** Least price × quantity of an order, in ticks × lots; 0 for none. */
  readonly minValue: number;
  /** Millionths of the reference price; 0 for none. */
  readonly priceBand: number;
  /** How old the reference's trade is; 0 for none. */
  readonly bandWindowS: number;
  /** Millionths, of market orders that say none; 0 for none. */
  readonly maxSlippage: number;
}

/** What comes of an instrument by itself. */
export interface RulesProgress {
  /** Price of a call auction that is being carried out; 0 where none is. */
  readonly openingTicks: number;
  /** Id of the first trade that the reference of its price band may be of; 0 for any. */
  readonly bandFrom: number;
}

export const NO_PROGRESS: RulesProgress = { openingTicks: 0, bandFrom: 0 };

export interface InstrumentRules extends BoundRules, ChangeableRules, RulesProgress {
  readonly instrument: string;
}

/** null leaves a rule as it is. */
export type WantedRules = { readonly [Name in keyof ChangeableRules]: ChangeableRules[Name] | null };

export const NOTHING_WANTED: WantedRules = Object.freeze({
  state: null, priceTicksMin: null, priceTicksMax: null, quantityLotsMin: null, quantityLotsMax: null, minValue: null, priceBand: null,
  bandWindowS: null, maxSlippage: null,
});

/** By its name in the layouts. */
const FIELD_OF = {
  base: 'base', quote: 'quote', tick_size: 'tickSize', lot_size: 'lotSize', base_decimals: 'baseDecimals', quote_decimals: 'quoteDecimals',
  state: 'state', price_min: 'priceTicksMin', price_max: 'priceTicksMax', quantity_min: 'quantityLotsMin', quantity_max: 'quantityLotsMax',
  min_value: 'minValue', price_band: 'priceBand', band_window_s: 'bandWindowS', max_slippage: 'maxSlippage',
  opening_price: 'openingTicks', band_from: 'bandFrom',
} as const satisfies Record<InstrumentRule, keyof InstrumentRules>;

/** Rules as records have them: names and steps are plain text without anything to escape. */
export function encodeRules(rules: Omit<InstrumentRules, 'instrument'>): string {
  return INSTRUMENT_RULES.map((name) => {
    if (name === 'state') return String(INSTRUMENT_STATE_CODE[rules.state]);
    const value = rules[FIELD_OF[name]];
    return typeof value === 'string' ? `"${value}"` : String(value);
  }).join(',');
}

/** @param from where the rules begin @throws Error for what no such record holds */
export function decodeRules(instrument: string, wire: readonly unknown[], from: number): InstrumentRules {
  if (wire.length < from + INSTRUMENT_RULES.length) throw new Error(`instrument ${instrument} has rules of an unknown layout`);
  const rules: Record<string, unknown> = { instrument };
  INSTRUMENT_RULES.forEach((name, i) => {
    const value = wire[from + i];
    rules[FIELD_OF[name]] = name === 'state' ? instrumentStateOf(value as number) : value;
  });
  return rules as unknown as InstrumentRules;
}

/** @param stored as the `catalogue` hash has it */
export function decodeStoredRules(instrument: string, stored: string): InstrumentRules {
  return decodeRules(instrument, JSON.parse(`[${stored}]`) as readonly unknown[], 0);
}

/** What is wanted of each rule, as commands and entries have it. */
export function encodeWanted(wanted: WantedRules): string {
  return INSTRUMENT_CHANGEABLE.map((name) => {
    const value = wanted[FIELD_OF[name]];
    if (value === null) return 'null';
    return String(name === 'state' ? INSTRUMENT_STATE_CODE[value as InstrumentState] : value);
  }).join(',');
}

/** @param from where what is wanted begins @throws Error for what no such command holds */
export function decodeWanted(wire: readonly unknown[], from: number): WantedRules {
  if (wire.length < from + INSTRUMENT_CHANGEABLE.length) throw new Error('a command to an instrument has an unknown layout');
  return Object.fromEntries(INSTRUMENT_CHANGEABLE.map((name, i) => {
    const value = wire[from + i];
    return [FIELD_OF[name], name === 'state' && value !== null ? instrumentStateOf(value as number) : value];
  })) as unknown as WantedRules;
}

/** Whether orders of an instrument need nothing looked up: it is open, and nothing bounds them. */
export function isPlain({ state, priceTicksMin, priceTicksMax, quantityLotsMin, quantityLotsMax, minValue, priceBand, maxSlippage, openingTicks }: InstrumentRules): boolean {
  return state === 'open' && openingTicks === 0 && minValue === 0 && priceBand === 0 && maxSlippage === 0
    && priceTicksMin === 1 && quantityLotsMin === 1 && priceTicksMax === AMOUNT_MAX && quantityLotsMax === AMOUNT_MAX;
}

/** Whether an instrument's orders trade as they come. */
export function isOpenToTrade({ state, openingTicks }: Pick<InstrumentRules, 'state' | 'openingTicks'>): boolean {
  return state === 'open' && openingTicks === 0;
}

/** Rules with what is wanted of them. */
export function changedRules(rules: InstrumentRules, wanted: WantedRules): InstrumentRules {
  const given = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== null)) as Partial<ChangeableRules>;
  const changed = { ...rules, ...given };
  return changed.priceBand > 0 && changed.bandWindowS === 0 ? { ...changed, bandWindowS: BAND_WINDOW_S } : changed;
}

/** Whether the limits leave anything between them. */
export function areSound({ priceTicksMin, priceTicksMax, quantityLotsMin, quantityLotsMax }: ChangeableRules): boolean {
  return priceTicksMin <= priceTicksMax && quantityLotsMin <= quantityLotsMax;
}

export function boundOf({ base, quote, tickSize, lotSize, baseDecimals, quoteDecimals }: BoundRules): BoundRules {
  return { base, quote, tickSize, lotSize, baseDecimals, quoteDecimals };
}

/** Whether rules are of the same ticks, lots and assets. */
export function isSameBound(a: BoundRules, b: BoundRules): boolean {
  return JSON.stringify(boundOf(a)) === JSON.stringify(boundOf(b));
}

/** An instrument as it is traded by its rules. */
export function instrumentOfRules(rules: InstrumentRules): Instrument {
  const { instrument, base, quote, priceTicksMin, priceTicksMax, quantityLotsMin, quantityLotsMax } = rules;
  return {
    instrument, base, quote, tick: parseStep(rules.tickSize), lot: parseStep(rules.lotSize), priceTicksMin, priceTicksMax, quantityLotsMin, quantityLotsMax,
  };
}

/** The rules of an instrument that the log has told nothing of: those of the instruments file. */
export function rulesOfInstrument(instrument: Instrument, decimalsOf: (asset: string) => number): InstrumentRules {
  const { base, quote, tick, lot, priceTicksMin, priceTicksMax, quantityLotsMin, quantityLotsMax } = instrument;
  return {
    instrument: instrument.instrument, base, quote, tickSize: tick.text, lotSize: lot.text, baseDecimals: decimalsOf(base), quoteDecimals: decimalsOf(quote),
    state: 'open', priceTicksMin, priceTicksMax, quantityLotsMin, quantityLotsMax, minValue: 0, priceBand: 0, bandWindowS: 0, maxSlippage: 0, ...NO_PROGRESS,
  };
}

/** What an instrument's ticks and lots are worth, by its own rules alone. */
export function scaleOfRules(rules: InstrumentRules): MoneyScale {
  return scaleOf(instrumentOfRules(rules), new Map([[rules.base, rules.baseDecimals], [rules.quote, rules.quoteDecimals]]));
}

/** The step that values of price × quantity are counted in. */
export function valueStepOf({ tick, lot }: Pick<Instrument, 'tick' | 'lot'>): Step {
  const decimals = tick.decimals + lot.decimals;
  const units = tick.units * lot.units;
  return { text: formatStep(units, decimals), decimals, units };
}

function formatStep(units: bigint, decimals: number): string {
  const digits = units.toString().padStart(decimals + 1, '0');
  return decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}
