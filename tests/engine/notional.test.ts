import fc from 'fast-check';
import { AMOUNT_MAX } from '../../src/domain/amounts';
import { newOrderId } from '../../src/domain/order-id';
import { buildLibrary } from '../../src/engine/library';
import { orderOf, placeCommand } from './support/desk';
import { describeOnEachRedis } from './support/redis-targets';
import { useShard } from './support/use-shard';

describeOnEachRedis('exact notional', (target) => {
  const venue = useShard(target);

  /** Two trades of one taker. @returns the taker's notional */
  async function tradeTwice(trades: readonly (readonly [price: number, quantity: number])[]): Promise<string> {
    const { desk, shard } = venue;
    const instrument = `X${newOrderId().slice(-12)}`;
    const commands = trades.map(([price, quantity]) => placeCommand('sell', price, quantity, { instrument }));
    await shard.engine.submitAll(commands);
    const total = trades.reduce((sum, [, quantity]) => sum + quantity, 0);
    const entry = await desk.buy(null, total, { instrument });
    expect(entry.fills.length).toBe(trades.length);
    for (const { maker } of entry.fills) {
      expect(maker.notional).toBe(String(BigInt(maker.priceTicks as number) * BigInt(maker.filledLots)));
    }
    return orderOf(entry).notional;
  }

  // Around 2^53, where a product or a sum stops being exact; around 1e7 and 1e14, where limbs carry; around 1e15,
  // where text stops being read as a number.
  const AMOUNTS = [1, 2, 3, 9_999_999, 10_000_000, 10_000_001, 94_906_265, 94_906_266, 99_999_999_999_999, 100_000_000_000_000,
    999_999_999_999_999, 1_000_000_000_000_001, 4_503_599_627_370_497, AMOUNT_MAX - 1, AMOUNT_MAX];

  test('of one trade is price × quantity, whatever they are', async () => {
    const { shard } = venue;
    const pairs = AMOUNTS.flatMap((price) => AMOUNTS.map((quantity) => ({ price, quantity, instrument: `P${newOrderId().slice(-12)}` })));
    const results = await shard.engine.submitAll(pairs.flatMap(({ price, quantity, instrument }) => [
      placeCommand('sell', price, quantity, { instrument }), placeCommand('buy', price, quantity, { instrument }),
    ]));
    pairs.forEach(({ price, quantity }, i) => {
      const taker = results[2 * i + 1];
      expect(taker?.outcome === 'logged' && orderOf(taker.entry).notional).toBe(String(BigInt(price) * BigInt(quantity)));
    });
  });

  test('of several trades is their sum', async () => {
    const amount = fc.oneof(fc.constantFrom(...AMOUNTS), fc.integer({ min: 1, max: AMOUNT_MAX }), fc.integer({ min: 1, max: 100_000_000 }));
    await fc.assert(fc.asyncProperty(amount, amount, amount, fc.integer({ min: 1, max: AMOUNT_MAX }), async (price, other, part, whole) => {
      const first = Math.min(part, whole - 1);
      const trades = [[price, first], [other, whole - first]] as const;
      const wanted = trades.filter(([, quantity]) => quantity > 0);
      const sum = wanted.reduce((total, [ticks, quantity]) => total + BigInt(ticks) * BigInt(quantity), 0n);
      expect(await tradeTwice(wanted)).toBe(String(sum));
    }), { numRuns: 150 });
  });

  test('carries from one limb into the next, to the top', async () => {
    // 9,999,999 × 10^7 + … : each addition of one more lot turns a row of nines over.
    const nines = 99_999_999_999_999;
    expect(await tradeTwice([[nines, 90_000_000], [nines + 1, 1]])).toBe(String(BigInt(nines) * 90_000_000n + BigInt(nines + 1)));
    expect(await tradeTwice([[1, 1], [AMOUNT_MAX, AMOUNT_MAX - 1]])).toBe(String(1n + BigInt(AMOUNT_MAX) * BigInt(AMOUNT_MAX - 1)));
  });

  test('grows over the fills of a resting order', async () => {
    const { desk } = venue;
    const price = 4_503_599_627_370_497;
    const order = await desk.rest('sell', price, 1000);
    let filled = 0n;
    for (const quantity of [1, 1, 1, 7, 90, 900]) {
      filled += BigInt(quantity);
      const entry = await desk.buy(price, quantity);
      expect(entry.fills[0]?.maker).toMatchObject({ orderId: order.orderId, notional: String(filled * BigInt(price)) });
    }
  });
});

describeOnEachRedis('addition of a product in Lua', (target) => {
  const venue = useShard(target);

  /** The library's own numbers.lua, called on its own: some carries are out of the reach of a matching book. */
  const source = (() => {
    let text = '';
    buildLibrary((file, content) => {
      if (file === 'core/prelude') text = content;
      if (file === 'core/numbers') text += `local numbers = {}\n${content}`;
      return content;
    });
    return text;
  })();

  test('is exact for texts of any length', async () => {
    const amount = fc.oneof(fc.integer({ min: 1, max: AMOUNT_MAX }), fc.integer({ min: 1, max: 10_000_000 }), fc.constant(AMOUNT_MAX));
    // Rows of nines, so that carries run through.
    const notional = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 40n }), fc.integer({ min: 0, max: 40 }))
      .map(([start, nines]) => String(start).slice(0, 41 - nines) + '9'.repeat(nines)).map((text) => String(BigInt(text)));
    const cases = fc.sample(fc.tuple(notional, amount, amount), 2000);
    const script = `${source}
      bind()
      local results = {}
      for i = 1, #ARGV, 3 do results[#results + 1] = numbers.add_product(ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])) end
      return results`;
    const results = await venue.shard.send('EVAL', script, '0', ...cases.flat().map(String));
    expect(results).toEqual(cases.map(([sum, price, quantity]) => String(BigInt(sum) + BigInt(price) * BigInt(quantity))));
  });
});
