import { LocalPositions, type Fill } from '#openfill-client';
import { presentFill, presentPosition } from '../../src/dialects/native/present-money';
import { AssetTable } from '../../src/domain/asset-table';
import { assetsOf } from '../../src/domain/assets';
import { parseInstruments, type Instrument } from '../../src/domain/instruments';
import type { AccountFill } from '../../src/domain/money-history';
import { NO_POSITION, applyFill, applySelfTrade, type Position } from '../../src/domain/position';
import { averageEntry } from '../../src/domain/position-figures';
import { seededRandom } from '../../src/seeded-random';
import { testSeed } from '../support/seed';

const instruments = parseInstruments([
  { instrument: 'BTC-USD', base: 'BTC', quote: 'USD', tick_size: '0.01', lot_size: '0.00000001' },
  // Steps that are no power of ten, and whole numbers.
  { instrument: 'ODD-EUR', base: 'ODD', quote: 'EUR', tick_size: '0.25', lot_size: '5' },
  { instrument: 'BIG-JPY', base: 'BIG', quote: 'JPY', tick_size: '1', lot_size: '1' },
]);
const assets = new AssetTable(assetsOf(instruments, new Map([['EUR', 6]])));
const [BTC, ODD] = instruments as [Instrument, Instrument];

function fill(instrument: Instrument, tradeId: number, side: 'buy' | 'sell', priceTicks: number, quantityLots: number, more: Partial<AccountFill> = {}): AccountFill {
  return {
    sequence: tradeId, index: 0, instrument: instrument.instrument, tradeId, orderId: '', side, role: 'taker', priceTicks, quantityLots, fee: '0', feeRate: 0,
    executedUs: 1_700_000_000_000_000 + tradeId, ...more,
  };
}

/** As the venue keeps it, from the same fills: written apart. */
class Kept {
  private readonly positions = new Map<string, Position>();
  private pending: AccountFill | null = null;

  add(one: AccountFill, isHalf: boolean): void {
    const instrument = instruments.find((candidate) => candidate.instrument === one.instrument) as Instrument;
    const before = this.positions.get(one.instrument) ?? NO_POSITION;
    const lots = BigInt(one.quantityLots);
    const trade = { lots, value: BigInt(one.priceTicks) * lots * assets.scaleOf(instrument).valueUnits, timeUs: one.executedUs, sequence: one.sequence };
    if (isHalf) {
      if (this.pending === null) {
        this.pending = one;
        return;
      }
      this.positions.set(one.instrument, applySelfTrade(before, { ...trade, fee: BigInt(one.fee) + BigInt(this.pending.fee) }));
      this.pending = null;
    } else {
      this.positions.set(one.instrument, applyFill(before, { ...trade, side: one.side, fee: BigInt(one.fee) }));
    }
  }

  get told(): unknown[] {
    return [...this.positions].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, { netLots, cost, realized, fees, boughtLots, soldLots, updatedUs, sequence }]) => {
      const instrument = instruments.find((candidate) => candidate.instrument === name) as Instrument;
      const position = {
        instrument: name, netLots: String(netLots), cost: String(cost), realized: String(realized), fees: String(fees), boughtLots: String(boughtLots),
        soldLots: String(soldLots), updatedUs, sequence,
      };
      const decimals = { base: assets.decimalsOf(instrument.base), quote: assets.decimalsOf(instrument.quote) };
      const averagePrice = averageEntry(position, instrument, assets.scaleOf(instrument), decimals);
      const { unrealized_pnl: _, mark_price: __, ...told } = presentPosition({ instrument, position, averagePrice, doubleTicks: null, value: null, unrealized: null }, assets);
      return told;
    });
  }
}

const told = (one: AccountFill): Fill => presentFill(one, instruments.find(({ instrument }) => instrument === one.instrument) as Instrument, assets) as Fill;

describe('positions that a client keeps from fills', () => {
  it('are the venue\'s own to the unit, through zero and back, with trades of the account with itself, from any moment on', () => {
    const random = seededRandom(testSeed('local positions'));
    for (let run = 0; run < 200; run++) {
      const kept = new Kept();
      let local = new LocalPositions();
      for (let tradeId = 1; tradeId <= 60; tradeId++) {
        const instrument = random.pick(instruments);
        const side = random.pick(['buy', 'sell'] as const);
        const isWithItself = random.below(5) === 0;
        const price = 1 + random.below(random.pick([10, 10_000_000]));
        const lots = 1 + random.below(random.pick([5, 1_000_000_000]));
        const fee = (): string => String(random.below(2_000) - 500);
        const sides: readonly ('buy' | 'sell')[] = isWithItself ? [side, side === 'buy' ? 'sell' : 'buy'] : [side];
        for (const [i, own] of sides.entries()) {
          const one = fill(instrument, tradeId, own, price, lots, { role: i === 0 ? 'maker' : 'taker', fee: fee() });
          kept.add(one, isWithItself);
          local.add(told(one));
        }
        expect(local.all).toEqual(kept.told);
        if (random.below(20) === 0) local = new LocalPositions(local.all);
      }
    }
  });

  it('take a part of the cost that is cut off, all of it at zero, and leave nothing behind', () => {
    const local = new LocalPositions();
    local.add(told(fill(BTC, 1, 'buy', 1_000, 3)));
    local.add(told(fill(BTC, 2, 'buy', 1_001, 4)));
    expect(local.of('BTC-USD')).toMatchObject({ net_quantity: '0.00000007', cost: '0.0000007004', average_price: '10.005714', realized_pnl: '0.0000000000' });
    // trunc(7004 × 2 ÷ 7) is 2001: cost goes towards zero.
    local.add(told(fill(BTC, 3, 'sell', 1_000, 2)));
    expect(local.of('BTC-USD')).toMatchObject({ net_quantity: '0.00000005', cost: '0.0000005003', realized_pnl: '-0.0000000001' });
    local.add(told(fill(BTC, 4, 'sell', 1_100, 8)));
    expect(local.of('BTC-USD')).toMatchObject({ net_quantity: '-0.00000003', cost: '-0.0000003300', average_price: '11.000000', realized_pnl: '0.0000000496' });
    local.add(told(fill(BTC, 5, 'buy', 900, 3)));
    expect(local.of('BTC-USD')).toMatchObject({ net_quantity: '0.00000000', cost: '0.0000000000', average_price: null, realized_pnl: '0.0000001096', bought_quantity: '0.00000010', sold_quantity: '0.00000010' });
  });

  it('stay as they are over a trade of the account with itself, but for what it was charged and how much it turned over', () => {
    const local = new LocalPositions();
    local.add(told(fill(ODD, 1, 'buy', 7, 3, { fee: '5' })));
    const { fees: _, bought_quantity: __, sold_quantity: ___, updated_at: ____, ...before } = local.of('ODD-EUR') ?? {};
    local.add(told(fill(ODD, 2, 'sell', 9, 2, { role: 'maker', fee: '-1' })));
    expect(local.of('ODD-EUR')).toMatchObject({ net_quantity: '5' });
    local.add(told(fill(ODD, 2, 'buy', 9, 2, { role: 'taker', fee: '3' })));
    expect(local.of('ODD-EUR')).toMatchObject({ ...before, fees: '0.000007', bought_quantity: '25', sold_quantity: '10' });
    expect(local.of('BTC-USD')).toBeUndefined();
    expect(new LocalPositions().all).toEqual([]);
  });
});
