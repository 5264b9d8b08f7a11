import fc from 'fast-check';
import { AMOUNT_MAX, AMOUNT_TEXT_LENGTH_MAX, NumberText, averagePrice, formatAmount, parseAmount, parseStep, textOfInput, wholeNumberOf, type AmountResult, type Step } from '../../src/domain/amounts';
import { testSeed } from '../support/seed';

const RUNS = 1_000;

/** A decimal text as an exact fraction: digits over a power of ten. */
function fraction(text: string): { digits: bigint; decimals: number } {
  const point = text.indexOf('.');
  return { digits: BigInt(text.replace('.', '')), decimals: point < 0 ? 0 : text.length - point - 1 };
}

/** How many whole steps a text is, by nothing but BigInt; null when it is no whole number of them. */
function stepsOf(text: string, step: Step): bigint | null {
  const amount = fraction(text);
  const size = fraction(step.text);
  const numerator = amount.digits * 10n ** BigInt(size.decimals);
  const denominator = size.digits * 10n ** BigInt(amount.decimals);
  return numerator % denominator === 0n ? numerator / denominator : null;
}

const digits = (min: number, max: number): fc.Arbitrary<string> => fc.string({ unit: fc.constantFrom(...Array.from('0123456789')), minLength: min, maxLength: max });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.integer({ min: 0, max: 15 }).map((decimals) => (decimals === 0 ? '1' : `0.${'1'.padStart(decimals, '0')}`)),
  fc.tuple(digits(1, 4), digits(0, 15)).map(([whole, decimals]) => (decimals === '' ? whole : `${whole}.${decimals}`)).filter((text) => /[1-9]/.test(text)),
).map(parseStep);
const decimalText = fc.tuple(digits(1, 20), digits(0, 20)).map(([whole, decimals]) => (decimals === '' ? whole : `${whole}.${decimals}`));
/** Texts that are likely to be a whole number of the step. */
const fitting = (of: Step): fc.Arbitrary<string> => fc.tuple(fc.maxSafeNat(), fc.integer({ min: 0, max: 3 })).map(([count, zeros]) => {
  const text = formatAmount(count, of);
  return text.includes('.') ? `${text}${'0'.repeat(zeros)}` : text;
});

describe('parseAmount', () => {
  const expectSame = (result: AmountResult, text: string, of: Step): void => {
    const steps = stepsOf(text, of);
    if (steps !== null && steps > 0n && steps <= BigInt(AMOUNT_MAX)) expect(result).toEqual({ ok: true, value: Number(steps) });
    else {
      expect(result.ok).toBe(false);
      const { problem } = result as { problem: string };
      if (steps === null) expect(problem).toBe(`must be a multiple of ${of.text}`);
      else expect(problem).toBe(steps === 0n ? 'must be greater than zero' : `must be at most ${formatAmount(AMOUNT_MAX, of)}`);
    }
  };

  it('takes exactly what is a whole number of steps within range, by BigInt', () => {
    fc.assert(fc.property(step, decimalText, (of, text) => expectSame(parseAmount(text, of), text, of)), { numRuns: RUNS });
    fc.assert(fc.property(step.chain((of) => fc.tuple(fc.constant(of), fitting(of))), ([of, text]) => expectSame(parseAmount(text, of), text, of)), { numRuns: RUNS });
  });

  it('reads a number as the decimal that it prints', () => {
    fc.assert(fc.property(step, fc.oneof(fc.integer({ min: 0 }).map((n) => n / 100), fc.integer({ min: 1 }).map((n) => n / 1e8), fc.double({ min: 0, max: 1e15, noNaN: true })), (of, value) => {
      if (Object.is(value, -0)) return;
      const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
      const { digits: units, decimals } = fraction(mantissa);
      const shift = Number(exponent) - decimals;
      const text = shift >= 0 ? `${units}${'0'.repeat(shift)}` : `${units}`.padStart(1 - shift, '0').replace(new RegExp(`(?=.{${-shift}}$)`), '.');
      const result = parseAmount(value, of);
      if (text.length > AMOUNT_TEXT_LENGTH_MAX) expect(result.ok).toBe(false);
      else expectSame(result, text, of);
    }), { numRuns: RUNS });
  });

  it('reads a number, its text and the text of a JSON number alike', () => {
    fc.assert(fc.property(step, fc.tuple(fc.nat(999_999_999), fc.integer({ min: 0, max: 6 })), (of, [value, decimals]) => {
      const text = decimals === 0 ? String(value) : `${Math.floor(value / 10 ** decimals)}.${String(value % 10 ** decimals).padStart(decimals, '0')}`;
      const result = parseAmount(text, of);
      expect(parseAmount(Number(text), of)).toEqual(result);
      expect(parseAmount(new NumberText(text), of)).toEqual(result);
    }), { numRuns: RUNS });
  });

  it('keeps to its bounds', () => {
    fc.assert(fc.property(step, fc.nat(1_000), fc.nat(1_000), fc.nat(1_000), (of, a, b, value) => {
      const [min, max] = [1 + Math.min(a, b), 1 + Math.max(a, b)];
      const result = parseAmount(formatAmount(value, of), of, max, min);
      expect(result.ok).toBe(value >= min && value <= max);
      if (!result.ok && value > max) expect(result.problem).toBe(`must be at most ${formatAmount(max, of)}`);
      if (!result.ok && value > 0 && value < min) expect(result.problem).toBe(`must be at least ${formatAmount(min, of)}`);
    }), { numRuns: RUNS });
  });

  it.each([
    ['', 'plain decimal'], [' 1', 'plain decimal'], ['1 ', 'plain decimal'], ['+1', 'plain decimal'], ['1e3', 'plain decimal'], ['1E3', 'plain decimal'],
    ['.5', 'plain decimal'], ['5.', 'plain decimal'], ['1.2.3', 'plain decimal'], ['1,000', 'plain decimal'], ['0x10', 'plain decimal'],
    ['NaN', 'plain decimal'], ['Infinity', 'plain decimal'], ['١', 'plain decimal'], ['１', 'plain decimal'], ['1_000', 'plain decimal'], ['1\n', 'plain decimal'],
    ['-1', 'greater than zero'], ['-0', 'greater than zero'], ['0', 'greater than zero'], ['0.00', 'greater than zero'], ['00', 'greater than zero'],
    ['0.001', 'multiple of 0.01'], ['0.010000000000001', 'multiple of 0.01'], ['1'.repeat(65), '64 characters'], [`0.${'0'.repeat(70)}`, '64 characters'],
    ['90071992547409.92', 'at most 90071992547409.91'], ['9'.repeat(60), 'at most 90071992547409.91'],
  ])('refuses %j: %s', (text, problem) => {
    expect(parseAmount(text, parseStep('0.01'))).toEqual({ ok: false, problem: expect.stringContaining(problem) as string });
  });

  it.each([
    [Number.NaN, 'finite'], [Number.POSITIVE_INFINITY, 'finite'], [Number.NEGATIVE_INFINITY, 'finite'], [-0, 'negative zero'], [-1, 'greater than zero'],
    [0, 'greater than zero'], [0.1 + 0.2, 'multiple of 0.01'], [1e21, 'at most'], [1e-7, 'multiple of 0.01'], [1e-100, 'multiple of 0.01'], [1e300, 'at most'], [-1e-300, 'greater than zero'], [2 ** 53, 'at most'],
  ])('refuses the number %d: %s', (value, problem) => {
    expect(parseAmount(value, parseStep('0.01'))).toEqual({ ok: false, problem: expect.stringContaining(problem) as string });
  });

  it('takes the largest amount to the last digit', () => {
    expect(parseAmount('90071992547409.91', parseStep('0.01'))).toEqual({ ok: true, value: AMOUNT_MAX });
    expect(parseAmount('00090071992547409.9100', parseStep('0.01'))).toEqual({ ok: true, value: AMOUNT_MAX });
    expect(parseAmount(AMOUNT_MAX, parseStep('1'))).toEqual({ ok: true, value: AMOUNT_MAX });
  });
});

describe('JSON numbers with an exponent', () => {
  const seed = testSeed('numbers with an exponent');
  const exponent = fc.tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), fc.constantFrom('', '', '0', '000'), fc.integer({ min: 0, max: 40 }));
  const mantissa = fc.tuple(digits(1, 12).map((text) => text.replace(/^0+(?=.)/, '')), digits(0, 12)).map(([whole, decimals]) => (decimals === '' ? whole : `${whole}.${decimals}`));

  /** The same number written out, by nothing but BigInt. */
  function writtenOut(text: string, power: number): string {
    const { digits: units, decimals } = fraction(text);
    const shift = power - decimals;
    if (shift >= 0) return (units * 10n ** BigInt(shift)).toString();
    return units.toString().padStart(1 - shift, '0').replace(new RegExp(`(?=.{${-shift}}$)`), '.');
  }

  it('are the amount that they are written out, by BigInt', () => {
    fc.assert(fc.property(step, mantissa, exponent, (of, text, [e, sign, zeros, size]) => {
      const plain = writtenOut(text, sign === '-' ? -size : size);
      const result = parseAmount(new NumberText(`${text}${e}${sign}${zeros}${size}`), of);
      const steps = stepsOf(plain, of);
      if (steps !== null && steps > 0n && steps <= BigInt(AMOUNT_MAX)) expect(result).toEqual({ ok: true, value: Number(steps) });
      else expect(result.ok).toBe(false);
    }), { numRuns: 4 * RUNS, seed });
  });

  it('are one amount, however the digits are moved', () => {
    fc.assert(fc.property(step.chain((of) => fc.tuple(fc.constant(of), fc.maxSafeNat())), fc.integer({ min: -20, max: 20 }), ([of, value], shift) => {
      // The same digits with the point elsewhere, and the exponent that takes it back.
      const { digits: units, decimals } = fraction(formatAmount(value, of));
      const result = parseAmount(new NumberText(`${writtenOut(units.toString(), shift)}e${-shift - decimals}`), of);
      if (value === 0) expect(result).toEqual({ ok: false, problem: 'must be greater than zero' });
      else expect(result).toEqual({ ok: true, value });
    }), { numRuns: RUNS, seed });
  });

  it.each([
    ['1e-05', '0.00001', 1], ['1e-7', '0.0000001', 1], ['5.0E-4', '0.0001', 5], ['1E5', '1', 100_000], ['1.5e3', '1', 1_500], ['1e+2', '1', 100], ['1e0', '1', 1],
    ['5000000e-2', '0.01', 5_000_000], ['0.00000000000000000001e20', '1', 1], ['100000000000000000000e-20', '1', 1], ['9007199254740991e-2', '0.01', AMOUNT_MAX],
    ['1e-0000000000000002', '0.01', 1], ['125e-2', '0.25', 5],
  ])('%s at a step of %s is %d', (text, of, value) => {
    expect(parseAmount(new NumberText(text), parseStep(of))).toEqual({ ok: true, value });
  });

  it.each([
    ['1e400', 'at most'], ['1e999999999', 'at most'], [`1e${'9'.repeat(50)}`, 'at most'], ['1e-400', 'multiple of 0.01'], ['1e-999999999', 'multiple of 0.01'], ['1e-3', 'multiple of 0.01'],
    ['1.001e0', 'multiple of 0.01'], ['9007199254740992e-2', 'at most'], ['-1e5', 'greater than zero'], ['-1e400', 'greater than zero'], ['-1e-400', 'greater than zero'],
    ['0e0', 'greater than zero'], ['0.0E999999999', 'greater than zero'], ['-0e5', 'greater than zero'],
  ])('%s is refused: %s', (text, problem) => {
    expect(parseAmount(new NumberText(text), parseStep('0.01'))).toEqual({ ok: false, problem: expect.stringContaining(problem) as string });
  });

  it('are not read at a million digits', () => {
    const zeros = '0'.repeat(1_000_000);
    for (const text of [`1${zeros}e5`, `1e1${zeros}`, `0.${zeros}1e1000001`]) {
      expect(parseAmount(new NumberText(text), parseStep('0.01'))).toEqual({ ok: false, problem: `must have at most ${AMOUNT_TEXT_LENGTH_MAX} characters` });
    }
    for (const text of [`1${zeros}`, `1.${zeros}`, `1e${zeros}1`]) expect(wholeNumberOf(new NumberText(text)) === null).toBe(true);
  });

  it.each(['1e5', '1E5', '1e-5', '1.5e3', '1e+2'])('are no strings: "%s"', (text) => {
    expect(parseAmount(text, parseStep('0.00001'))).toEqual({ ok: false, problem: expect.stringContaining('plain decimal') as string });
  });

  it('are told in one spelling', () => {
    expect(['1e-05', '1E-5', '0.00001', '10e-6', '0.01e-3'].map((text) => textOfInput(new NumberText(text)))).toEqual(Array(5).fill('0.00001'));
    expect([1e-5, 1e-7, 1e21].map(textOfInput)).toEqual(['0.00001', '0.0000001', '1000000000000000000000']);
  });

  it.each([['7', 7], ['1e2', 100], ['1E+2', 100], ['1.00', 1], ['-5', -5], ['-0', 0], ['120e-1', 12], ['9007199254740991', AMOUNT_MAX], ['9007199254740991.0', AMOUNT_MAX]])('%s is the whole number %d', (text, value) => {
    expect(wholeNumberOf(new NumberText(text))).toBe(value);
  });

  it.each(['1.5', '1e-1', '1e-400', '1.0000000000000000001', '9007199254740992', '9007199254740993', '1e400', '1e999999999'])('%s is no whole number', (text) => {
    expect(wholeNumberOf(new NumberText(text))).toBeNull();
  });
});

describe('formatAmount', () => {
  it('prints what it was read from, with the step\'s decimals', () => {
    fc.assert(fc.property(step, fc.maxSafeNat(), (of, value) => {
      const text = formatAmount(value, of);
      expect(stepsOf(text, of)).toBe(BigInt(value));
      expect(fraction(text).decimals).toBe(of.decimals);
      expect(text).toMatch(/^(0|[1-9][0-9]*)(\.[0-9]+)?$/);
      if (value > 0 && text.length <= AMOUNT_TEXT_LENGTH_MAX) expect(parseAmount(text, of)).toEqual({ ok: true, value });
    }), { numRuns: RUNS });
  });
});

describe('parseStep', () => {
  it.each(['', '0', '0.00', '-1', '1e-2', ' 1', '.1', '1.', 'x', '0.0000000000000001', '1'.repeat(65)])('refuses %j', (text) => {
    expect(() => parseStep(text)).toThrow(`"${text}"`);
  });

  it('knows its decimals and units', () => {
    expect(parseStep('0.25')).toEqual({ text: '0.25', decimals: 2, units: 25n });
    expect(parseStep('10')).toEqual({ text: '10', decimals: 0, units: 10n });
  });
});

describe('averagePrice', () => {
  it('is the exact quotient, halves rounded up, by BigInt', () => {
    const fills = fc.array(fc.tuple(fc.integer({ min: 1, max: AMOUNT_MAX }), fc.integer({ min: 1, max: AMOUNT_MAX })), { minLength: 1, maxLength: 5 });
    fc.assert(fc.property(step, fills, (price, list) => {
      const filled = list.reduce((sum, [, lots]) => sum + BigInt(lots), 0n);
      if (filled > BigInt(AMOUNT_MAX)) return;
      expectAverage(list.reduce((sum, [ticks, lots]) => sum + BigInt(ticks) * BigInt(lots), 0n), filled, price);
    }), { numRuns: RUNS });
    // Small ones, where ties are common.
    fc.assert(fc.property(step, fc.nat(10_000), fc.integer({ min: 1, max: 50 }), (price, notional, filled) => {
      expectAverage(BigInt(notional), BigInt(filled), price);
    }), { numRuns: RUNS });
  });

  it('does not exist before the first fill', () => {
    expect(averagePrice('0', 0, parseStep('0.01'))).toBeNull();
  });

  function expectAverage(notional: bigint, filled: bigint, price: Step): void {
    const units = notional * fraction(price.text).digits;
    const rounded = units / filled + (2n * (units % filled) >= filled ? 1n : 0n);
    const text = averagePrice(notional.toString(), Number(filled), price) as string;
    expect(fraction(text)).toEqual({ digits: rounded, decimals: price.decimals });
  }
});
