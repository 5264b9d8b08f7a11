import { NO_TRAITS } from '../../src/domain/order-traits';
import type { MoneyScale } from '../../src/domain/assets';
import type { FeeRate } from '../../src/domain/money';
import { chargedUnits, type OrderFees, type Side } from '../../src/domain/order';
import { charge, exactFees, freshFees, losingPair, ratesOf } from '../../src/reference/fees';
import { holdOf, valueOf } from '../../src/reference/holds';
import { seededRandom, type Random } from '../../src/seeded-random';
import { testSeed } from '../support/seed';

/** Holds and fees against their formulas (spec ), worked out here from the rates and the fills alone. */

const MILLION = 1_000_000n;
const ORDERS = 60_000;

/** ⌈millionths ÷ 10^6⌉ by counting up from what integer division gives. */
function ceiling(millionths: bigint): bigint {
  let units = millionths / MILLION - 1n;
  while (units * MILLION < millionths) units++;
  return units;
}

/** A whole number of up to `digits` digits, each length as likely as another. */
function wholeOf(random: Random, digits: number): number {
  const length = 1 + random.below(digits);
  return 1 + Math.floor(random.next() * (10 ** length - 1));
}

interface Sample {
  readonly side: Side;
  readonly scale: MoneyScale;
  readonly priceTicks: number;
  readonly quantityLots: number;
  readonly fees: OrderFees | null;
}

function sampleOf(random: Random): Sample {
  const lotUnits = BigInt(wholeOf(random, 7));
  const valueUnits = BigInt(random.pick([1, 1, 10, wholeOf(random, 7)]));
  return {
    side: random.pick(['buy', 'buy', 'sell'] as const),
    scale: { base: 'BASE', quote: 'QUOTE', lotUnits, valueUnits },
    priceTicks: random.pick([wholeOf(random, 3), wholeOf(random, 15), Number.MAX_SAFE_INTEGER - random.below(3)]),
    quantityLots: random.pick([wholeOf(random, 2), wholeOf(random, 15), Number.MAX_SAFE_INTEGER - random.below(3)]),
    fees: freshFees({ makerRate: random.pick([0, -10_000, 100_000, random.below(110_001) - 10_000]), takerRate: random.pick([0, 1, 100_000, random.below(100_001)]) }),
  };
}

/** Lots of one more fill, and the price it is at: not past the order's limit. */
function fillOf(random: Random, { side, priceTicks }: Sample, left: number): { price: number; lots: number } {
  const lots = Math.min(left, random.pick([1, 1, left, wholeOf(random, 15)]));
  if (random.below(3) === 0) return { price: priceTicks, lots };
  const price = side === 'buy' ? 1 + Math.floor(random.next() * priceTicks) : priceTicks + random.below(1_000);
  return { price, lots };
}

/** As `expect`, for what is asked a million times. */
function mustBe(isSo: boolean, what: string, ...facts: readonly unknown[]): void {
  if (isSo) return;
  throw new Error(`${what}: ${facts.map((fact) => JSON.stringify(fact, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))).join(' ')}`);
}

const rateOf = (fees: OrderFees, role: 'maker' | 'taker'): number => (role === 'maker' ? fees.makerRate : fees.takerRate);

test('what an order holds always suffices for what its fills take and are charged', () => {
  const random = seededRandom(testSeed('holds'));
  let fills = 0;
  for (let n = 0; n < ORDERS; n++) {
    const sample = sampleOf(random);
    const { side, scale, priceTicks, quantityLots } = sample;
    let [filledLots, fees] = [0, sample.fees];
    let [spent, charged, sum] = [0n, 0n, 0n];
    const holdNow = (): bigint => holdOf({ side, priceTicks, quantityLots, filledLots, fees, traits: NO_TRAITS }, scale).units;
    const first = holdNow();
    const rate = BigInt(Math.max(fees?.makerRate ?? 0, fees?.takerRate ?? 0, 0));
    for (let turn = 0; turn < 4 && filledLots < quantityLots; turn++) {
      fills++;
      const { price, lots } = fillOf(random, sample, quantityLots - filledLots);
      const role = random.pick(['maker', 'taker'] as const);
      const before = holdNow();
      const value = BigInt(price) * BigInt(lots) * scale.valueUnits;
      const charged1 = fees === null ? null : charge(fees, rateOf(fees, role), value);
      const fee = charged1?.fee ?? 0n;
      sum += value * BigInt(fees === null ? 0 : role === 'maker' ? fees.makerRate : fees.takerRate);
      charged += fee;
      fees = charged1?.fees ?? null;
      filledLots += lots;
      const after = holdNow();
      const facts = [sample, { filledLots, price, lots, role, fee, before, after }];

      mustBe(valueOf(price, lots, scale) === value, 'the value is the product', ...facts);
      // Charged so far: the exact sum, rounded up once.
      mustBe(exactFees(fees) === sum, 'fees add up exactly', ...facts);
      mustBe(chargedUnits(fees) === charged && charged === ceiling(sum), 'what is charged is that, rounded up', ...facts);
      const left = BigInt(quantityLots - filledLots);
      if (side === 'buy') {
        // The hold as the spec has it.
        const atLimit = BigInt(priceTicks) * left * scale.valueUnits;
        mustBe(after === atLimit + ceiling(sum + rate * atLimit) - ceiling(sum), 'a buyer holds its rest at its limit, with fees', ...facts);
        mustBe(before - after >= value + fee, 'what is released suffices', ...facts);
        spent += value + fee;
        mustBe(spent + after <= first, 'no more is spent than was held first', ...facts);
      } else {
        mustBe(after === left * scale.lotUnits && before - after === BigInt(lots) * scale.lotUnits, 'a seller holds its rest', ...facts);
        mustBe(fee <= value, 'the fee comes out of the proceeds', ...facts);
      }
    }
  }
  mustBe(fills > ORDERS, 'orders are filled');
}, 60_000);

test('an order in tiny fills pays what it pays in one', () => {
  const random = seededRandom(testSeed('tiny fills'));
  for (let n = 0; n < 300; n++) {
    const fees = freshFees({ makerRate: random.below(110_001) - 10_000, takerRate: 1 + random.below(100_000) }) as OrderFees;
    const role = random.pick(['maker', 'taker'] as const);
    const [price, lots] = [1 + random.below(40), 1 + random.below(400)];
    const whole = charge(fees, rateOf(fees, role), BigInt(price * lots));
    let [now, paid, rebated] = [fees, 0n, 0n];
    for (let lot = 0; lot < lots; lot++) {
      const one = charge(now, rateOf(now, role), BigInt(price));
      now = one.fees;
      paid += one.fee;
      if (one.fee < 0n) rebated -= one.fee;
    }
    expect(paid).toBe(whole.fee);
    expect(now).toEqual(whole.fees);
    // Never more than is exact, to the last unit.
    expect(rebated * MILLION).toBeLessThanOrEqual(BigInt(price * lots) * BigInt(Math.max(0, -fees.makerRate)));
    if (role === 'taker') expect(paid).toBeGreaterThan(0n);
  }
});

test('where taker and maker together are never below zero, the venue never pays more than it takes', () => {
  const random = seededRandom(testSeed('rebates'));
  for (let n = 0; n < 300; n++) {
    const rebateMax = random.below(10_001);
    let venue = 0n;
    const makers: (OrderFees | null)[] = Array.from({ length: 6 }, () => freshFees({ makerRate: random.below(2 * rebateMax + 1) - rebateMax, takerRate: rebateMax }));
    let taker = freshFees({ makerRate: 0, takerRate: rebateMax });
    for (let turn = 0; turn < 60; turn++) {
      // Every now and then another one takes.
      if (random.below(5) === 0) taker = freshFees({ makerRate: -rebateMax, takerRate: rebateMax + random.below(50) });
      const at = random.below(makers.length);
      const value = BigInt(random.pick([1, 1 + random.below(300), wholeOf(random, 15)]));
      for (const role of ['maker', 'taker'] as const) {
        const fees = role === 'maker' ? makers[at] ?? null : taker;
        if (fees === null) continue;
        const { fee, fees: after } = charge(fees, rateOf(fees, role), value);
        venue += fee;
        if (role === 'maker') makers[at] = after;
        else taker = after;
      }
      mustBe(venue >= 0n, 'the venue has what it pays', { venue, n, turn });
    }
  }
});

describe('groups of fees', () => {
  const row = (instrument: string | null, makerRate: number, takerRate: number): FeeRate => ({ instrument, makerRate, takerRate });
  const groups = new Map<string, readonly FeeRate[]>([
    ['default', [row('BTC-USD', -50, 300), row(null, 100, 400)]],
    ['fine', [row(null, 10, 20)]],
    ['special', [row('ETH-USD', 1, 2)]],
  ]);

  test.each<[string, string | null, number, number]>([
    ['default', 'BTC-USD', -50, 300],
    ['default', 'ETH-USD', 100, 400],
    ['default', null, 100, 400],
    // A group's own row for everything goes before the default's for the instrument.
    ['fine', 'BTC-USD', 10, 20],
    ['special', 'ETH-USD', 1, 2],
    ['special', 'BTC-USD', -50, 300],
    ['special', 'SOL-USD', 100, 400],
    ['unheard of', 'BTC-USD', -50, 300],
  ])('%s in %s', (group, instrument, makerRate, takerRate) => {
    expect(ratesOf(groups, group, instrument)).toMatchObject({ makerRate, takerRate });
  });

  test('without a row anywhere nothing is charged', () => {
    expect(ratesOf(new Map([['default', [row('BTC-USD', 1, 2)]]]), 'fine', 'ETH-USD')).toEqual({ makerRate: 0, takerRate: 0 });
    expect(freshFees({ makerRate: 0, takerRate: 0 })).toBeNull();
    expect(freshFees({ makerRate: -1, takerRate: 0 })).not.toBeNull();
  });

  test('are asked pair by pair whether a trade could lose money', () => {
    // A maker of default in BTC-USD gets 50 back, and a taker of fine pays 20.
    expect(losingPair(groups)).toMatch(/a taker of fine and a maker of default in BTC-USD pay -30 millionths/);
    expect(losingPair(new Map([...groups, ['fine', [row(null, 10, 50)]]]))).toBeNull();
    // Within one group, and in an instrument that no row names.
    expect(losingPair(new Map([['default', [row(null, -2, 1)]]]))).toMatch(/any other instrument/);
    // Accounts of default are there before anybody has said what it pays.
    expect(losingPair(new Map([['fine', [row(null, -1, 1)]]]))).toMatch(/a taker of default and a maker of fine/);
    expect(losingPair(new Map())).toBeNull();
  });
});
