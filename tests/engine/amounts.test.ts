import fc from 'fast-check';
import { buildLibrary } from '../../src/engine/library';
import { describeOnEachRedis } from './support/redis-targets';
import { useShard } from './support/use-shard';

/** Each operation of lua/ledger/amounts.lua as BigInt has it; null for what is no amount. */
const MAX = 10n ** 30n;
const floorOf = (a: bigint, b: bigint): bigint => (a % b !== 0n && (a < 0n) !== (b < 0n) ? a / b - 1n : a / b);
const within = (value: bigint): string | null => (value > MAX || value < -MAX ? null : String(value));
const OPERATIONS: Readonly<Record<string, (a: bigint, b: bigint) => string | null>> = {
  add: (a, b) => String(a + b),
  subtract: (a, b) => String(a - b),
  is_below: (a, b) => (a < b ? '1' : '0'),
  is_beyond: (a, b) => (a + b > MAX || a + b < -MAX ? '1' : '0'),
  product: (a, b) => within(a * b),
  times: (a, b) => within(a * b),
  share: (a, ppm) => `${floorOf(a * ppm, 1_000_000n)}:${a * ppm - floorOf(a * ppm, 1_000_000n) * 1_000_000n}`,
};

const BORDERS = [
  0n, 1n, 2n, 999n, 1_000n, 999_999n, 1_000_000n, 1_000_001n, 10n ** 14n, 10n ** 15n - 1n, 10n ** 15n, 10n ** 15n + 1n,
  2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, 10n ** 20n, 10n ** 29n, 10n ** 30n - 1n, 10n ** 30n,
];
const EXACT_MAX = 2n ** 53n - 1n;

const border = fc.constantFrom(...BORDERS);
/** Of any length, not mostly of the longest. */
const ofAnyLength = fc.integer({ min: 1, max: 30 }).chain((digits) => fc.bigInt({ min: 0n, max: 10n ** BigInt(digits) }));
const amount = fc.oneof(border, ofAnyLength);
const signed = fc.tuple(amount, fc.boolean()).map(([value, isBelowZero]) => (isBelowZero ? -value : value));
const whole = fc.oneof(border, ofAnyLength).map((value) => (value > EXACT_MAX ? EXACT_MAX - (value % 1_000n) : value));
const rate = fc.oneof(fc.constantFrom(-10_000n, -1n, 0n, 1n, 500n, 100_000n), fc.bigInt({ min: -10_000n, max: 100_000n }));
const one = fc.oneof(
  fc.tuple(fc.constantFrom('add', 'subtract', 'is_below', 'is_beyond'), signed, signed),
  fc.tuple(fc.constant('product'), whole, whole),
  fc.tuple(fc.constant('times'), signed, whole),
  fc.tuple(fc.constant('share'), amount, rate),
);

describeOnEachRedis('amounts in Lua', (target) => {
  const venue = useShard(target);
  const source = (() => {
    let text = '';
    buildLibrary((file, content) => {
      if (file === 'core/prelude') text = content;
      if (file === 'ledger/amounts') text += `local amounts = {}\n${content}`;
      return content;
    });
    return text;
  })();
  const script = `${source}
    bind()
    local from_text, to_text, results = amounts.from_text, amounts.to_text, {}
    for i = 1, #ARGV, 3 do
      local op, a_high, a_low = ARGV[i], from_text(ARGV[i + 1])
      local b_high, b_low = from_text(ARGV[i + 2])
      local high, low, left
      if op == 'is_below' then high, low = 0, amounts.is_below(a_high, a_low, b_high, b_low) and 1 or 0
      elseif op == 'is_beyond' then high, low = 0, amounts.is_beyond(amounts.add(a_high, a_low, b_high, b_low)) and 1 or 0
      elseif op == 'product' then high, low = amounts.product(tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]))
      elseif op == 'times' then high, low = amounts.times(a_high, a_low, tonumber(ARGV[i + 2]))
      elseif op == 'share' then high, low, left = amounts.share(a_high, a_low, tonumber(ARGV[i + 2]))
      else high, low = amounts[op](a_high, a_low, b_high, b_low) end
      -- A product a little beyond the largest amount is told apart by whoever asks for it.
      if high and (op == 'product' or op == 'times') and amounts.is_beyond(high, low) then high = nil end
      results[#results + 1] = high and to_text(high, low) .. (left and format(':%d', left) or '') or ''
    end
    return results`;

  async function check(cases: readonly (readonly [string, bigint, bigint])[]): Promise<void> {
    const results = (await venue.shard.send('EVAL', script, '0', ...cases.flat().map(String))) as string[];
    const expected = cases.map(([op, a, b]) => `${op} ${a} ${b} = ${OPERATIONS[op]?.(a, b) ?? ''}`);
    expect(results.map((result, i) => `${cases[i]?.join(' ')} = ${result}`)).toEqual(expected);
  }

  test('are exact at every pair of borders', async () => {
    const signs = (value: bigint): bigint[] => [value, -value];
    const exact = BORDERS.map((value) => (value > EXACT_MAX ? EXACT_MAX : value));
    await check(BORDERS.flatMap(signs).flatMap((a) => BORDERS.flatMap(signs).flatMap((b) => ['add', 'subtract', 'is_below', 'is_beyond'].map((op) => [op, a, b] as const))));
    await check(exact.flatMap((a) => exact.map((b) => ['product', a, b] as const)));
    await check(BORDERS.flatMap(signs).flatMap((a) => exact.map((b) => ['times', a, b] as const)));
    await check(BORDERS.flatMap((a) => [-10_000n, -333n, -1n, 0n, 1n, 500n, 99_999n, 100_000n].map((b) => ['share', a, b] as const)));
  });

  test('are exact at random', async () => {
    const cases = fc.sample(one, 12_000);
    for (let first = 0; first < cases.length; first += 2_000) await check(cases.slice(first, first + 2_000));
  });
});
