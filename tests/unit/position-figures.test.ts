import fc from 'fast-check';
import { assetsOf, scaleOf } from '../../src/domain/assets';
import { parseInstruments } from '../../src/domain/instruments';
import { averageEntry, formatDoubleTicks, valueAt } from '../../src/domain/position-figures';
import { testSeed } from '../support/seed';

const [BTC, ODD] = parseInstruments([
  { instrument: 'BTC-USD', base: 'BTC', quote: 'USD', tick_size: '0.01', lot_size: '0.00000001' },
  { instrument: 'ODD-EUR', base: 'ODD', quote: 'EUR', tick_size: '0.25', lot_size: '5' },
]) as [ReturnType<typeof parseInstruments>[0], ReturnType<typeof parseInstruments>[0]];
const DECIMALS = new Map(assetsOf([BTC, ODD], new Map()).map(({ asset, decimals }) => [asset, decimals]));
const BTC_DECIMALS = { base: 8, quote: 10 };
const ODD_DECIMALS = { base: 0, quote: 2 };

describe('the average price of a position', () => {
  it.each<[netLots: string, cost: string, average: string | null]>([
    ['0', '0', null],
    // 1 BTC for 50,000 USD, and as much sold.
    ['100000000', '500000000000000', '50000.000000'], ['-100000000', '-500000000000000', '50000.000000'],
    // Three lots for 10 ticks of a lot: 3.33… ticks.
    ['3', '10', '0.033333'], ['3', '20', '0.066667'],
    // Halves are rounded up.
    ['200000', '1', '0.000000'], ['20000', '1', '0.000001'],
  ])('of %s lots that cost %s is %s', (netLots, cost, average) => {
    expect(averageEntry({ netLots, cost }, BTC, scaleOf(BTC, DECIMALS), BTC_DECIMALS)).toBe(average);
  });

  it('is the price where all was traded at one', () => {
    const scale = scaleOf(ODD, DECIMALS);
    fc.assert(fc.property(fc.bigInt({ min: 1n, max: 2n ** 53n }), fc.integer({ min: 1, max: 10 ** 9 }), fc.boolean(), (lots, ticks, isShort) => {
      const sign = isShort ? -1n : 1n;
      const position = { netLots: String(sign * lots), cost: String(sign * lots * BigInt(ticks) * scale.valueUnits) };
      const shown = averageEntry(position, ODD, scale, ODD_DECIMALS);
      expect(Number(shown)).toBe(ticks * 0.25);
    }), { seed: testSeed('average price') });
  });
});

describe('what a position is worth', () => {
  const scale = scaleOf(BTC, DECIMALS);

  it.each<[netLots: string, doubleTicks: bigint, value: bigint]>([
    ['3', 20n, 30n], ['-3', 20n, -30n], ['3', 21n, 31n], ['-3', 21n, -32n], ['0', 21n, 0n], ['9007199254740993', 4n, 18014398509481986n],
  ])('%s lots at half of %s ticks are %s', (netLots, doubleTicks, value) => {
    expect(valueAt(netLots, doubleTicks, scale)).toBe(value);
  });

  it.each<[doubleTicks: bigint, instrument: typeof BTC, text: string]>([
    [10_000_000n, BTC, '50000.00'], [10_000_001n, BTC, '50000.005'], [8n, ODD, '1.00'], [9n, ODD, '1.125'],
  ])('half of %s ticks is written with a digit more where it needs one', (doubleTicks, instrument, text) => {
    expect(formatDoubleTicks(doubleTicks, instrument)).toBe(text);
  });
});
