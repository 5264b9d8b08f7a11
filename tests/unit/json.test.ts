import fc from 'fast-check';
import { NumberText } from '../../src/domain/amounts';
import { parseJson } from '../../src/dialects/native/check/json';
import { RequestRefusal } from '../../src/http/request-refusal';

/** A JSON document as text, and every number in it as it was written, in order. */
interface Source {
  readonly text: string;
  readonly numbers: readonly string[];
}

const digits = (max: number): fc.Arbitrary<string> => fc.string({ unit: fc.constantFrom(...Array.from('0123456789')), minLength: 1, maxLength: max });
const numberText = fc.tuple(
  fc.constantFrom('', '', '', '-'), fc.oneof(fc.constant('0'), digits(22).map((text) => `${1 + Number(text[0]) % 9}${text.slice(1)}`)),
  fc.oneof(fc.constant(''), digits(22).map((text) => `.${text}`)), fc.oneof(fc.constant(''), fc.constant(''), fc.tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), digits(3)).map((parts) => parts.join(''))),
).map((parts) => parts.join(''));
const space = fc.constantFrom('', '', ' ', '\n', '\t ', '\r\n');
/** Strings that look like numbers, and ones that a careless reader would take for structure. */
const stringText = fc.oneof(numberText, fc.string(), fc.constantFrom(':1e5', '[-1', ',"x":1234567890123456789', '\\', '"', '1e400')).map((text) => JSON.stringify(text));

const source: fc.Arbitrary<Source> = fc.letrec<{ value: Source; list: Source; object: Source }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    numberText.map((text) => ({ text, numbers: [text] })),
    fc.oneof(stringText, fc.constantFrom('true', 'false', 'null')).map((text) => ({ text, numbers: [] })),
    tie('list'), tie('object'),
  ),
  list: fc.array(fc.tuple(space, tie('value'), space), { maxLength: 5 }).map((items) => ({
    text: `[${items.map(([before, item, after]) => before + item.text + after).join(',')}]`, numbers: items.flatMap(([, item]) => item.numbers),
  })),
  // Integer-like names would be moved to the front of the object.
  object: fc.uniqueArray(fc.tuple(stringText.filter((name) => !/^"\d+"$/.test(name) && name !== '"__proto__"'), space, tie('value')), { maxLength: 5, selector: ([name]) => JSON.parse(name) as string }).map((fields) => ({
    text: `{${fields.map(([name, gap, item]) => `${name}${gap}:${gap}${item.text}`).join(',')}}`, numbers: fields.flatMap(([, , item]) => item.numbers),
  })),
})).value;

function numbersOf(value: unknown): (number | NumberText)[] {
  if (typeof value === 'number' || value instanceof NumberText) return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(numbersOf);
}

/** The same document with every number put back as a double. */
function asDoubles(value: unknown): unknown {
  if (value instanceof NumberText) return Number(value.text);
  if (Array.isArray(value)) return value.map(asDoubles);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, asDoubles(item)]));
}

/** A JSON number's exact value: digits without zeros at either end, and the power of ten behind them. */
function exact(text: string): { sign: string; digits: string; power: number } {
  const [, sign = '', whole = '', decimals = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const all = `${whole}${decimals}`.replace(/^0+/, '');
  const kept = all.replace(/0+$/, '');
  return { sign, digits: kept, power: kept === '' ? 0 : Number(exponent) - decimals.length + all.length - kept.length };
}

const parse = (text: string): unknown => parseJson(Buffer.from(text));

describe('parseJson', () => {
  it('keeps every number exactly as it was written', () => {
    fc.assert(fc.property(source, ({ text, numbers }) => {
      const found = numbersOf(parse(text));
      expect(found).toHaveLength(numbers.length);
      found.forEach((number, i) => {
        if (number instanceof NumberText) expect(number.text).toBe(numbers[i]);
        // Kept as a double only where the double prints the same value again.
        else expect(exact(String(number))).toEqual(exact(numbers[i] as string));
      });
    }), { numRuns: 1_000 });
  });

  it('reads everything else as JSON.parse does', () => {
    fc.assert(fc.property(source, ({ text }) => {
      expect(asDoubles(parse(text))).toEqual(JSON.parse(text));
    }), { numRuns: 1_000 });
  });

  it('never gives a double for a sign, an exponent or more digits than a double holds', () => {
    for (const text of ['-0', '-1', '1e5', '1E-5', '12345678901234567', '0.1234567890123456', '9007199254740993', '1e400']) {
      for (const document of [text, ` ${text}`, `[${text}]`, `{"a": ${text}}`, `[1,${text}]`, `{"a":{"b":[0 , ${text} ]}}`]) {
        const last = numbersOf(parse(document)).at(-1);
        expect(last).toBeInstanceOf(NumberText);
        expect((last as NumberText).text).toBe(text);
      }
    }
  });

  it.each(['', '{', '{"a":1,}', '01', '1.', '.5', '+1', 'NaN', 'Infinity', "{'a':1}", '{"a":1}{"b":2}', '"\u0001"', '[1,2', 'nul', '{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '['.repeat(33) + ']'.repeat(33), '\ufeff{}'])('refuses %j', (text) => {
    expect(() => parse(text)).toThrow(RequestRefusal);
    try {
      parse(text);
    } catch (error) {
      expect((error as RequestRefusal).code).toBe('malformed_json');
    }
  });

  it('refuses what is not UTF-8', () => {
    expect(() => parseJson(Buffer.from([0x22, 0xff, 0x22]))).toThrow('The body is not UTF-8.');
  });

  it.each(['{"__proto__":{"x":1}}', '{"\\u005f_proto__":1}', '[{"a":{"__proto__":-1}}]'])('refuses a prototype in %j', (text) => {
    expect(() => parse(text)).toThrow('__proto__ is not allowed');
  });
});
