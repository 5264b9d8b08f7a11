import { PLAIN_DECIMAL, textOfInput, type AmountInput, type AmountResult, type Step } from './amounts';
import { ASSET_NAME, type Instrument } from './instruments';
import { UNITS_MAX } from './money';

/** What accounts hold, each counted in whole numbers of its smallest unit: 10^-`decimals`. */
export interface Asset {
  readonly asset: string;
  readonly decimals: number;
}

export const ASSET_DECIMALS_MAX = 18;
/** More decimals than a tick and a lot have together. */
const LARGEST_SHIFT = 40;

/** Decimals of `units` × 10^-`decimals` without zeros at the end. */
function decimalsOf(units: bigint, decimals: number): number {
  let [rest, needed] = [units, decimals];
  while (needed > 0 && rest % 10n === 0n) {
    rest /= 10n;
    needed--;
  }
  return needed;
}

const product = (tick: Step, lot: Step): number => decimalsOf(tick.units * lot.units, tick.decimals + lot.decimals);

/** An instrument's need of an asset: a lot is a whole number of units of the base, a tick of a lot one of the quote (A-02). */
export interface AssetNeed extends Asset {
  readonly instrument: string;
}

/** Units of an instrument's assets that its ticks and lots stand for, exactly. */
export interface MoneyScale {
  readonly base: string;
  readonly quote: string;
  /** Units of the base in a lot. */
  readonly lotUnits: bigint;
  /** Units of the quote in a tick of a lot: price_ticks × quantity_lots × this is what a trade is worth. */
  readonly valueUnits: bigint;
}

/** @param decimalsByAsset at least what `needsOf` says */
export function scaleOf({ base, quote, tick, lot }: Instrument, decimalsByAsset: ReadonlyMap<string, number>): MoneyScale {
  const units = (asset: string, steps: bigint, decimals: number): bigint => {
    const own = decimalsByAsset.get(asset);
    if (own === undefined) throw new Error(`asset ${asset} is in no register`);
    const scaled = steps * 10n ** BigInt(own + LARGEST_SHIFT - decimals);
    const shift = 10n ** BigInt(LARGEST_SHIFT);
    if (scaled % shift !== 0n) throw new Error(`asset ${asset} is too coarse for its instrument`);
    return scaled / shift;
  };
  return {
    base, quote, lotUnits: units(base, lot.units, lot.decimals), valueUnits: units(quote, tick.units * lot.units, tick.decimals + lot.decimals),
  };
}

export function needsOf({ instrument, base, quote, tick, lot }: Instrument): readonly AssetNeed[] {
  return [
    { instrument, asset: base, decimals: decimalsOf(lot.units, lot.decimals) },
    { instrument, asset: quote, decimals: product(tick, lot) },
  ];
}

/**
 * The assets of a venue, by name: as fine as its instruments need, or as `given` says.
 * @param given decimals by asset, of the assets file and of the record
 * @throws Error naming the instrument that needs more than an asset has
 */
export function assetsOf(instruments: readonly Instrument[], given: ReadonlyMap<string, number>): readonly Asset[] {
  const decimals = new Map(given);
  for (const need of instruments.flatMap(needsOf)) {
    const max = given.get(need.asset) ?? ASSET_DECIMALS_MAX;
    if (need.decimals > max) {
      throw new Error(`instrument ${need.instrument} needs ${need.decimals} decimals of ${need.asset}, which ${given.has(need.asset) ? `has ${max}` : `may have ${max}`}`);
    }
    if (!given.has(need.asset)) decimals.set(need.asset, Math.max(decimals.get(need.asset) ?? 0, need.decimals));
  }
  return [...decimals].map(([asset, own]) => ({ asset, decimals: own })).sort((a, b) => (a.asset < b.asset ? -1 : 1));
}

/** Longest text of an amount that is looked at. */
const UNITS_TEXT_LENGTH_MAX = 64;

export type UnitsResult =
  | { readonly ok: true; readonly units: string }
  /** Completes "<field> …". */
  | { readonly ok: false; readonly problem: string };

/** A client's amount of an asset as whole units. Never rounds, takes no sign and no zero (A-04). */
export function parseUnits(input: AmountInput, decimals: number): UnitsResult {
  const refuse = (problem: string): UnitsResult => ({ ok: false, problem });
  const text = textOfInput(input);
  if (text.length > UNITS_TEXT_LENGTH_MAX) return refuse(`must have at most ${UNITS_TEXT_LENGTH_MAX} characters`);
  if (!PLAIN_DECIMAL.test(text)) return refuse('must be a plain decimal such as 123.45, without sign, exponent or spaces');
  const [whole = '', fraction = ''] = text.split('.');
  const excess = fraction.slice(decimals);
  if (!/^0*$/.test(excess)) return refuse(`must have at most ${decimals} decimals`);
  const units = BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, '0'));
  if (units === 0n) return refuse('must be greater than zero');
  if (units > UNITS_MAX) return refuse(`must be at most ${formatUnits(UNITS_MAX, decimals)}`);
  return { ok: true, units: units.toString() };
}

/** Whole units as decimal text with the asset's decimals. */
export function formatUnits(units: bigint | string, decimals: number): string {
  const text = typeof units === 'string' ? units : units.toString();
  if (decimals === 0) return text;
  const isBelowZero = text.startsWith('-');
  const digits = (isBelowZero ? text.slice(1) : text).padStart(decimals + 1, '0');
  const point = digits.length - decimals;
  return `${isBelowZero ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
}

const RATE_DECIMALS = 6;

/** Millionths as a fraction of money: 200 is "0.0002". */
export function formatRate(millionths: number): string {
  return formatUnits(String(millionths), RATE_DECIMALS).replace(/\.?0+$/, '');
}

/** A fraction of money, which may be below zero, as whole millionths; null for what is none. */
export function parseRate(input: AmountInput): number | null {
  const text = textOfInput(input);
  const match = /^(-?)([0-9]{1,3})(?:\.([0-9]{1,20}))?$/.exec(text);
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = ''] = match;
  if (!/^0*$/.test(fraction.slice(RATE_DECIMALS))) return null;
  // Zero has no sign.
  return Number(`${sign}${whole}${fraction.slice(0, RATE_DECIMALS).padEnd(RATE_DECIMALS, '0')}`) + 0;
}

/** Of a price, of which it is all. */
const FRACTION_MAX = 10 ** RATE_DECIMALS;

/** A fraction from 0 to 1 as whole millionths, or what is wrong with it. */
export function parseFraction(input: AmountInput): AmountResult {
  const millionths = parseRate(input);
  const fits = millionths !== null && millionths >= 0 && millionths <= FRACTION_MAX;
  return fits ? { ok: true, value: millionths } : { ok: false, problem: 'must be a fraction from 0 to 1, in whole millionths' };
}

const ASSETS_MAX = 1_000;
const ASSET_FIELDS = ['asset', 'decimals'];

/**
 * Reads the content of an assets file: a JSON array of `{ "asset", "decimals" }`.
 * @returns decimals by asset
 * @throws Error naming the entry and the field that is wrong
 */
export function parseAssets(content: unknown): Map<string, number> {
  if (!Array.isArray(content)) throw new Error('must be a JSON array');
  if (content.length > ASSETS_MAX) throw new Error(`must hold at most ${ASSETS_MAX} assets`);
  const decimals = new Map<string, number>();
  content.forEach((item: unknown, index) => {
    const where = `asset ${index + 1}`;
    if (typeof item !== 'object' || item === null || Array.isArray(item)) throw new Error(`${where}: must be an object`);
    const unknownField = Object.keys(item).find((field) => !ASSET_FIELDS.includes(field));
    if (unknownField !== undefined) throw new Error(`${where}: unknown field "${unknownField}"`);
    const { asset, decimals: own } = item as { readonly asset?: unknown; readonly decimals?: unknown };
    if (typeof asset !== 'string' || !ASSET_NAME.test(asset)) throw new Error(`${where}: "asset" is missing or not a plain name`);
    if (typeof own !== 'number' || !Number.isInteger(own) || own < 0 || own > ASSET_DECIMALS_MAX) {
      throw new Error(`${where}: "decimals" must be a whole number from 0 to ${ASSET_DECIMALS_MAX}`);
    }
    if (decimals.has(asset)) throw new Error(`${where}: "${asset}" is listed twice`);
    decimals.set(asset, own);
  });
  return decimals;
}
