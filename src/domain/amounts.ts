/**
 * The only conversion between decimal text and the integers the venue computes with.
 *
 * A price is a whole number of ticks, a quantity a whole number of lots; both stay at or below
 * 2^53 - 1, so that they are exact as a JavaScript number, a Lua number and a Redis score.
 */

export const AMOUNT_MAX = Number.MAX_SAFE_INTEGER;

/** Longest decimal text that is looked at; anything longer cannot be a valid amount anyway. */
export const AMOUNT_TEXT_LENGTH_MAX = 64;

/** The size of one tick or lot as an exact decimal: `units` × 10^-`decimals`. */
export interface Step {
  readonly text: string;
  readonly decimals: number;
  readonly units: bigint;
}

/** A JSON number kept as the text it was written in, where a double might not hold it. */
export class NumberText {
  constructor(readonly text: string) {}
}

export type AmountInput = string | number | NumberText;

export type AmountResult =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly problem: string };

/** Digits with at most one point between them: no sign, exponent, space or digit of another script. */
export const PLAIN_DECIMAL = /^[0-9]+(?:\.[0-9]+)?$/;
const STEP_DECIMALS_MAX = 15;

function refuse(problem: string): AmountResult {
  return { ok: false, problem };
}

/**
 * Reads a tick or lot size such as `"0.01"`, `"0.25"` or `"1"`.
 * @throws Error when the text is not a plain positive decimal of at most 15 places.
 */
export function parseStep(text: string): Step {
  if (!PLAIN_DECIMAL.test(text) || text.length > AMOUNT_TEXT_LENGTH_MAX) {
    throw new Error(`"${text}" is not a plain positive decimal`);
  }
  const point = text.indexOf('.');
  const decimals = point < 0 ? 0 : text.length - point - 1;
  const units = BigInt(text.replace('.', ''));
  if (decimals > STEP_DECIMALS_MAX) throw new Error(`"${text}" has more than ${STEP_DECIMALS_MAX} decimals`);
  if (units <= 0n) throw new Error(`"${text}" must be greater than zero`);
  return { text, decimals, units };
}

/** A JSON number with an exponent. */
const WITH_EXPONENT = /^(-?)([0-9]+)(?:\.([0-9]+))?[eE]([+-]?)([0-9]+)$/;
/** Digits of an exponent that is looked at: with more of them no number of AMOUNT_TEXT_LENGTH_MAX characters is an amount. */
const EXPONENT_DIGITS_MAX = 4;

/** Why a number with an exponent is not written out: it is too large for any amount, or too fine. */
type Unwritten = 'too large' | 'too fine';

/**
 * A JSON number as plain decimal text. The exponent is looked at before anything is computed: what comes out is never longer
 * than AMOUNT_TEXT_LENGTH_MAX, unless it came in as long.
 */
function plainText(text: string): string | { readonly unwritten: Unwritten } {
  if (text.length > AMOUNT_TEXT_LENGTH_MAX) return text;
  const match = WITH_EXPONENT.exec(text);
  if (match === null) return text;
  const [, sign = '', whole = '', fraction = '', exponentSign = '', exponentDigits = ''] = match;
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  if (digits === '') return `${sign}0`;
  const unwritten = { unwritten: exponentSign === '-' ? 'too fine' : 'too large' } as const;
  const size = exponentDigits.replace(/^0+/, '');
  if (size.length > EXPONENT_DIGITS_MAX) return unwritten;
  const kept = digits.replace(/0+$/, '');
  const exponent = Number(`${exponentSign}${size}`) || 0;
  // The power of ten behind the digits that are kept.
  const power = exponent - fraction.length + digits.length - kept.length;
  const length = power >= 0 ? kept.length + power : Math.max(kept.length, 1 - power) + 1;
  if (sign.length + length > AMOUNT_TEXT_LENGTH_MAX) return { unwritten: power >= 0 ? 'too large' : 'too fine' };
  if (power >= 0) return `${sign}${kept}${'0'.repeat(power)}`;
  const padded = kept.padStart(1 - power, '0');
  return `${sign}${padded.slice(0, power)}.${padded.slice(power)}`;
}

function written(input: AmountInput): string | { readonly unwritten: Unwritten } {
  if (typeof input === 'string') return input;
  return plainText(typeof input === 'number' ? String(input) : input.text);
}

/** An amount as plain decimal text: a string as it was written, a number without its exponent, where it can be an amount at all. */
export function textOfInput(input: AmountInput): string {
  const text = written(input);
  if (typeof text === 'string') return text;
  return input instanceof NumberText ? input.text : String(input);
}

/** A whole number in JSON, however it is written: 100, 100.0 and 1e2 are one. @returns null for what is none, or what no double holds */
export function wholeNumberOf(input: unknown): number | null {
  if (typeof input === 'number') return Number.isSafeInteger(input) ? input : null;
  if (!(input instanceof NumberText)) return null;
  const text = plainText(input.text);
  if (typeof text !== 'string' || text.length > AMOUNT_TEXT_LENGTH_MAX || !/^-?[0-9]+(?:\.0+)?$/.test(text)) return null;
  const value = Number(text);
  // Zero has no sign.
  return Number.isSafeInteger(value) ? value + 0 : null;
}

/**
 * Converts a client's amount to whole steps. Never rounds: what does not fit is refused, and the
 * `problem` says why in words that complete "<field> …".
 */
export function parseAmount(input: AmountInput, step: Step, max = AMOUNT_MAX, min = 1): AmountResult {
  if (typeof input === 'number') {
    if (!Number.isFinite(input)) return refuse('must be a finite number');
    if (Object.is(input, -0)) return refuse('must not be negative zero');
    // The commonest case, whole numbers, needs no text at all.
    if (input > 0 && step.decimals === 0 && step.units === 1n && Number.isSafeInteger(input)) {
      return inRange(input, step, max, min);
    }
  }
  const text = written(input);
  if (typeof text !== 'string') {
    if (isBelowZero(input)) return refuse('must be greater than zero');
    return refuse(text.unwritten === 'too large' ? `must be at most ${formatAmount(max, step)}` : `must be a multiple of ${step.text}`);
  }
  if (text.length > AMOUNT_TEXT_LENGTH_MAX) {
    return refuse(`must have at most ${AMOUNT_TEXT_LENGTH_MAX} characters`);
  }
  if (!PLAIN_DECIMAL.test(text)) {
    if (/^-/.test(text)) return refuse('must be greater than zero');
    return refuse('must be a plain decimal such as 123.45, without sign, exponent or spaces');
  }
  const point = text.indexOf('.');
  const whole = point < 0 ? text : text.slice(0, point);
  let fraction = point < 0 ? '' : text.slice(point + 1);
  if (fraction.length > step.decimals) {
    const excess = fraction.slice(step.decimals);
    // Trailing zeros say nothing finer; any other digit does.
    if (!/^0*$/.test(excess)) return refuse(`must be a multiple of ${step.text}`);
    fraction = fraction.slice(0, step.decimals);
  }
  const digits = whole + fraction.padEnd(step.decimals, '0');
  // Up to 15 digits are exact in a double: no BigInt on the usual way.
  if (digits.length <= 15 && step.units === 1n) return inRange(Number(digits), step, max, min);
  const units = BigInt(digits);
  if (units % step.units !== 0n) return refuse(`must be a multiple of ${step.text}`);
  const steps = units / step.units;
  if (steps > BigInt(AMOUNT_MAX)) return refuse(`must be at most ${formatAmount(max, step)}`);
  return inRange(Number(steps), step, max, min);
}

function isBelowZero(input: AmountInput): boolean {
  return (input instanceof NumberText ? input.text : String(input)).startsWith('-');
}

function inRange(value: number, step: Step, max: number, min: number): AmountResult {
  if (value === 0) return refuse('must be greater than zero');
  if (value < min) return refuse(`must be at least ${formatAmount(min, step)}`);
  if (value > max) return refuse(`must be at most ${formatAmount(max, step)}`);
  return { ok: true, value };
}

/** Whole steps as decimal text without its point and leading zeros: 5000000 at 0.01 is "5000000", 5 at 0.25 is "125". */
export function digitsOfAmount(value: number | bigint, step: Step): string {
  return step.units === 1n ? String(value) : (BigInt(value) * step.units).toString();
}

/** Whole steps as decimal text with the step's own number of decimals: 5000000 at 0.01 is "50000.00". */
export function formatAmount(value: number | bigint, step: Step): string {
  return placePoint(digitsOfAmount(value, step), step.decimals);
}

/** Σ ticks × lots as decimal text, exact: with the decimals of both. */
export function formatNotional(notional: bigint, tick: Step, lot: Step): string {
  return placePoint((notional * tick.units * lot.units).toString(), tick.decimals + lot.decimals);
}

function placePoint(digits: string, decimals: number): string {
  if (decimals === 0) return digits;
  if (digits.length > decimals) {
    const point = digits.length - decimals;
    return `${digits.slice(0, point)}.${digits.slice(point)}`;
  }
  return `0.${digits.padStart(decimals, '0')}`;
}

/**
 * Average price of what is filled, with the price's decimals, halves rounded up.
 * @param notional Σ price_ticks × quantity_lots over the fills, as decimal text (it outgrows 2^53).
 * @returns null while nothing is filled.
 */
export function averagePrice(notional: string, filledLots: number, priceStep: Step): string | null {
  if (filledLots === 0) return null;
  if (notional.length <= 15) {
    const exact = Number(notional) / filledLots;
    // One price for all fills, the usual case: the quotient is that price.
    if (Number.isSafeInteger(exact) && exact * filledLots === Number(notional)) {
      return formatAmount(exact, priceStep);
    }
  }
  const filled = BigInt(filledLots);
  const units = (2n * BigInt(notional) * priceStep.units + filled) / (2n * filled);
  return placePoint(units.toString(), priceStep.decimals);
}
