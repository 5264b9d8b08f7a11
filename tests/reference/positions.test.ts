import { applyFill, applySelfTrade, NO_POSITION, type Position } from '../../src/domain/position';
import { Positions } from '../../src/reference/positions';
import { seededRandom } from '../../src/seeded-random';
import { testSeed } from '../support/seed';

/** Positions by plain steps, and as the writer keeps them. */

const STEPS = 3_000;
const HUGE = 10n ** 12n;

const only = (positions: Positions): Position => positions.all()[0]?.position ?? NO_POSITION;
const fill = (side: 'buy' | 'sell', lots: bigint, price: bigint, more: { fee?: bigint; at?: number } = {}): Parameters<Positions['fill']>[0] => (
  { account: 'ann', instrument: 'BTC-USD', side, lots, price, fee: more.fee ?? 0n, timeUs: more.at ?? 1, sequence: more.at ?? 1 });

test('a part that closes takes its share of the cost with it, cut to whole units; what goes through zero closes and opens', () => {
  const positions = new Positions();
  positions.fill(fill('buy', 3n, 10n, { at: 1 }));
  positions.fill(fill('buy', 4n, 11n, { at: 2 }));
  positions.fill(fill('sell', 2n, 20n, { fee: 5n, at: 3 }));
  // 74 for 7: trunc(74 · 2 ÷ 7) = 21 of it goes.
  expect(only(positions)).toMatchObject({ netLots: 5n, cost: 53n, realized: 19n, fees: 5n, openedUs: 1 });
  positions.fill(fill('sell', 8n, 9n, { fee: -2n, at: 4 }));
  expect(only(positions)).toEqual({
    netLots: -3n, cost: -27n, realized: 19n + 45n - 53n, fees: 3n, boughtLots: 7n, boughtCost: 74n, soldLots: 10n, soldProceeds: 112n, openedUs: 4, updatedUs: 4, sequence: 4,
  });
  positions.selfTrade(fill('buy', 2n, 9n, { fee: 1n, at: 5 }));
  expect(only(positions)).toMatchObject({ netLots: -3n, cost: -27n, realized: 11n, fees: 4n, boughtLots: 9n, soldLots: 12n, openedUs: 4, updatedUs: 5 });
  positions.fill(fill('buy', 3n, 8n, { at: 6 }));
  expect(only(positions)).toMatchObject({ netLots: 0n, cost: 0n, realized: 14n, openedUs: null });
});

test('both ways come to the same, whatever happens', () => {
  const random = seededRandom(testSeed('positions'));
  const positions = new Positions();
  let kept = NO_POSITION;
  for (let i = 1; i <= STEPS; i++) {
    const lots = random.next() < 0.1 ? HUGE * BigInt(1 + random.below(1_000)) : BigInt(1 + random.below(9));
    const one = fill(random.pick(['buy', 'sell'] as const), lots, BigInt(1 + random.below(1_000)) * (random.next() < 0.1 ? HUGE : 1n), { fee: BigInt(random.below(9) - 4), at: i });
    const counted = { side: one.side, lots, value: lots * one.price, fee: one.fee, timeUs: i, sequence: i };
    if (random.next() < 0.1) {
      positions.selfTrade(one);
      kept = applySelfTrade(kept, counted);
    } else {
      positions.fill(one);
      kept = applyFill(kept, counted);
    }
    expect(only(positions)).toEqual(kept);
  }
});
