import type { InstrumentCommand } from '../../src/domain/commands';
import { NO_PROGRESS, NOTHING_WANTED, type InstrumentRules, type InstrumentState } from '../../src/domain/instrument-rules';
import type { LogEntry } from '../../src/domain/log-entry';
import { STP_CODE } from '../../src/domain/order-traits';
import { encodeInstrument } from '../../src/engine/commands/instrument';
import { abandonedCall } from './support/abandoned-call';
import { BTC, ETH, entryOf, fillsOf, placeCommand } from './support/desk';
import { buy, fates, listCommand, sell, stop } from './support/listed';
import { describeOnEachRedis } from './support/redis-targets';
import { useShard } from './support/use-shard';

const rulesOf = (instrument: string): InstrumentRules => ({
  instrument, base: instrument.slice(0, 3), quote: 'USD', tickSize: '1', lotSize: '1', baseDecimals: 0, quoteDecimals: 0, state: 'open', priceTicksMin: 1,
  priceTicksMax: Number.MAX_SAFE_INTEGER, quantityLotsMin: 1, quantityLotsMax: Number.MAX_SAFE_INTEGER, minValue: 0, priceBand: 0, bandWindowS: 0, maxSlippage: 0,
  ...NO_PROGRESS,
});

const change = (state: InstrumentState, instrument = BTC): { readonly op: 'instrument' } & InstrumentCommand => ({
  op: 'instrument', actor: null, opens: false, listed: rulesOf(instrument), wanted: { ...NOTHING_WANTED, state }, idempotency: null, request: null,
});

describeOnEachRedis('a call auction', (target) => {
  const venue = useShard(target);
  const put = async (state: InstrumentState, instrument = BTC): Promise<LogEntry> => entryOf(await venue.shard.engine.submit(change(state, instrument)));
  const pages = async (): Promise<LogEntry[]> => (await venue.shard.read()).log.filter(({ kind }) => kind === 'auction');
  /** Opens, and waits until everything has traded. */
  const open = async (): Promise<LogEntry[]> => {
    await put('open');
    await venue.shard.engine.submit(placeCommand('buy', 1, 1, { client: 'behind' }));
    return pages();
  };

  test('gathers orders of both sides, and trades them at one price', async () => {
    const { desk } = venue;
    await put('auction');
    const first = await desk.rest('buy', 105, 4, { client: 'a' });
    const second = await desk.rest('sell', 95, 3, { client: 'b' });
    const third = await desk.rest('sell', 99, 3, { client: 'c', kind: 'limit_post_only' });
    expect((await desk.book()).bids).toEqual([[105, 4]]);
    // Four lots at any price from 99 to 105: the middle of it, as nothing has traded ever.
    const view = await desk.engine.readAuction(BTC);
    expect(view).toMatchObject({ lastTicks: null, crossing: { priceTicks: 102, lots: 4n, leftLots: 2n, leftSide: 'sell' } });
    const [page, ...more] = await open();
    expect(more).toEqual([]);
    expect(page && fillsOf(page)).toEqual([[102, 3, first.orderId], [102, 1, first.orderId]]);
    expect(page?.fills.map(({ taker }) => page.orders[taker]?.orderId)).toEqual([second.orderId, third.orderId]);
    expect(await desk.book()).toEqual({ bids: [[1, 1]], asks: [[99, 2]] });
    expect((await venue.shard.read()).state.catalogue[0]).toMatchObject({ state: 'open', openingTicks: 0 });
  });

  test('opens at once where nothing meets, and takes what trades at once again', async () => {
    const { desk } = venue;
    await put('auction');
    await desk.rest('buy', 90, 1);
    await desk.rest('sell', 91, 1);
    expect((await desk.engine.readAuction(BTC)).crossing).toBeNull();
    expect((await desk.refused(placeCommand('buy', null, 1))).code).toBe('instrument_not_open');
    expect((await desk.refused(placeCommand('buy', 91, 1, { kind: 'limit_ioc' }))).code).toBe('instrument_not_open');
    expect((await desk.refused(placeCommand('buy', 91, 1, { kind: 'limit_fok' }))).code).toBe('instrument_not_open');
    expect(await open()).toEqual([]);
    expect((await desk.buy(91, 1)).fills).toHaveLength(1);
  });

  describe('has a price', () => {
    const priced = async (orders: readonly (readonly ['buy' | 'sell', number, number])[], last: number | null = null): Promise<unknown> => {
      const { desk } = venue;
      if (last !== null) {
        await desk.rest('sell', last, 1);
        await desk.buy(last, 1);
      }
      await put('auction');
      for (const [side, price, lots] of orders) await desk.rest(side, price, lots);
      const { crossing } = await desk.engine.readAuction(BTC);
      return crossing === null ? null : [crossing.priceTicks, Number(crossing.lots), Number(crossing.leftLots), crossing.leftSide];
    };

    test('at which the most lots trade', async () => {
      // Ten at 101, five below.
      expect(await priced([['buy', 101, 10], ['sell', 99, 5], ['sell', 101, 5]], 99)).toEqual([101, 10, 0, null]);
    });

    test('then the one at which the fewest are left over', async () => {
      // Five lots anywhere from 99 to 103; above 101 two are left over, up to there seven.
      expect(await priced([['buy', 103, 7], ['buy', 101, 5], ['sell', 99, 5]], 99)).toEqual([102, 5, 2, 'buy']);
    });

    test('then the one nearest to the last trade', async () => {
      expect(await priced([['buy', 105, 5], ['sell', 95, 5]], 97)).toEqual([97, 5, 0, null]);
      await venue.desk.massCancel('client');
      expect(await priced([['buy', 105, 5], ['sell', 95, 5]])).toEqual([97, 5, 0, null]);
    });

    test('beside the last trade where that is out of reach, and in the middle without one', async () => {
      expect(await priced([['buy', 105, 5], ['sell', 96, 5]])).toEqual([100, 5, 0, null]);
      await venue.desk.massCancel('client');
      expect(await priced([['buy', 105, 5], ['sell', 96, 5], ['sell', 200, 1]])).toEqual([100, 5, 0, null]);
      await open();
      // An ask at 200 is still there.
      expect(await priced([['buy', 300, 2], ['sell', 250, 2], ['buy', 260, 1]])).toEqual([250, 3, 0, null]);
    });

    test('and of what is left over the side that it is of at that price', async () => {
      // Ten lots anywhere from 95 to 105, two left over: of the buyers up to 100, of the sellers from 101 on.
      const orders = [['buy', 105, 10], ['buy', 100, 2], ['sell', 95, 10], ['sell', 101, 2]] as const;
      expect(await priced(orders)).toEqual([100, 10, 2, 'buy']);
      await venue.desk.massCancel('client');
      await open();
      expect(await priced(orders, 103)).toEqual([103, 10, 2, 'sell']);
    });

    test('with what icebergs hide', async () => {
      const { desk } = venue;
      await put('auction');
      await desk.rest('sell', 100, 50, { traits: { display: 5 } });
      await desk.rest('buy', 103, 8);
      await desk.rest('buy', 102, 8);
      expect((await desk.engine.readAuction(BTC)).crossing).toMatchObject({ lots: 16n, leftLots: 34n, leftSide: 'sell' });
      const [page] = await open();
      expect(page?.fills.map(({ quantityLots }) => quantityLots)).toEqual([8, 8]);
      expect((await desk.book()).asks).toEqual([[100, 5]]);
    });
  });

  test('goes on in pages, with nothing between them, whoever comes', async () => {
    const { desk, shard } = venue;
    const [one, other] = [await shard.anotherEngine({ limits: { auctionPage: 2, commandsPerCallMax: 3 } }), await shard.anotherEngine({ limits: { auctionPage: 3 } })];
    await put('auction');
    for (let i = 0; i < 11; i++) {
      await desk.rest('buy', 100, 1, { client: 'buyer' });
      await desk.rest('sell', 100, 1, { client: 'seller' });
    }
    const results = await Promise.all([
      one.submitAll([placeCommand('buy', 1, 1, { name: 'ahead' }), change('open'), ...['b', 'c', 'd', 'e'].map((name) => placeCommand('buy', 100, 1, { name }))]),
      other.submitAll([placeCommand('buy', 2, 1, { client: 'other' }), placeCommand('sell', 300, 1, { client: 'other', instrument: ETH })]),
    ]);
    expect(results.flat().map(({ outcome }) => outcome)).toEqual(Array.from({ length: 8 }, () => 'logged'));
    const { log } = await shard.read();
    const begun = log.findIndex(({ kind, sequence }) => kind === 'instrument' && sequence > 1);
    const over = log.findIndex(({ kind, events }) => kind === 'auction' && events.some(({ type }) => type === 'instrument'));
    expect(log.slice(begun + 1, over + 1).map(({ kind }) => kind)).toEqual(Array.from({ length: over - begun }, () => 'auction'));
    expect(log.slice(begun + 1, over + 1).flatMap(({ fills }) => fills)).toHaveLength(11);
    const names = log.slice(over + 1).map(({ orders }) => orders[0]?.clientOrderId).filter((name) => name !== null);
    expect(names).toEqual(['b', 'c', 'd', 'e']);
  });

  test('trades what is left where it crosses, should orders end between its pages', async () => {
    const { desk, shard } = venue;
    // Ahead of Redis' own clock, which stands behind it for good: the time is the test's.
    const nowUs = Math.floor(Date.now() / 1000 + 172_800) * 1_000_000;
    const setTime = (timeUs: number): Promise<unknown> => shard.send('HSET', shard.engine.keys.meta, 'time_us', String(timeUs));
    await setTime(nowUs);
    await put('auction');
    for (let i = 0; i < 4; i++) await desk.rest('buy', 110, 1, { client: 'short', kind: 'limit_gtd', traits: { expiresUs: nowUs + 10 } });
    for (const price of [105, 104]) await desk.rest('buy', price, 1, { client: 'long' });
    for (let i = 0; i < 4; i++) await desk.rest('sell', 100, 1, { client: 'seller' });
    await desk.rest('sell', 110, 1, { client: 'high' });
    expect((await shard.engine.readAuction(BTC)).crossing).toMatchObject({ priceTicks: 107, lots: 4n });
    await abandonedCall(shard, encodeInstrument(change('open')), { auction_page: '2' });
    expect((await pages()).map(fillsOf).map((fills) => fills.map(([price]) => price))).toEqual([[107, 107]]);
    // The other two who bid the opening's price are gone: who bid less meet what is asked for less, each at the price nearest to the opening's.
    await setTime(nowUs + 10);
    await shard.engine.submit(placeCommand('buy', 1, 1, { client: 'behind' }));
    expect((await pages()).map(fillsOf).map((fills) => fills.map(([price]) => price))).toEqual([[107, 107], [105], [104]]);
    expect(await desk.book()).toEqual({ bids: [[1, 1]], asks: [[110, 1]] });
    expect((await shard.read()).state.catalogue[0]).toMatchObject({ state: 'open', openingTicks: 0 });
  });

  test('does not ask whose orders they are, nor for self-trade prevention', async () => {
    const { desk } = venue;
    await put('auction');
    await desk.rest('buy', 100, 2, { traits: { stp: STP_CODE.cancel_taker } });
    await desk.rest('sell', 100, 2, { traits: { stp: STP_CODE.cancel_taker } });
    const [page] = await open();
    expect(page?.fills).toHaveLength(1);
  });

  test('that is halted keeps what it has gathered for when it is opened', async () => {
    const { desk } = venue;
    await put('auction');
    await desk.rest('buy', 100, 2);
    await desk.rest('sell', 100, 2);
    await put('halted');
    expect((await desk.refused(placeCommand('buy', 100, 2))).code).toBe('instrument_not_open');
    expect((await open())[0]?.fills).toHaveLength(1);
  });

  describe('has lists', () => {
    test('of which a pair\'s other one goes with the page that fills the first, whole or in part', async () => {
      const { desk } = venue;
      await put('auction');
      const pair = listCommand('oco', [sell(100, 5), stop(90, 5)]);
      expect(fates(await desk.submit(pair))).toEqual(['1 open', '2 pending']);
      await desk.rest('buy', 100, 2, { client: 'a' });
      const [page] = await open();
      expect(page && fillsOf(page)).toEqual([[100, 2, expect.any(String)]]);
      expect(page && fates(page)).toContain('2 cancelled linked');
      expect((await desk.book()).asks).toEqual([[100, 3]]);
    });

    test('of which what follows a first goes once the instrument is open, in the order in which the firsts came, ahead of everything else', async () => {
      const { desk, shard } = venue;
      await put('auction');
      await desk.submit(listCommand('oto', [buy(101), sell(120)], 'first'));
      await desk.submit(listCommand('oto', [buy(100), sell(110)], 'second'));
      // Its first does not trade: what follows it waits on.
      await desk.submit(listCommand('oto', [buy(80), sell(130)], 'third'));
      await desk.rest('sell', 95, 2, { client: 'a' });
      await put('open');
      await desk.rest('buy', 1, 1, { client: 'behind' });
      const { log } = await shard.read();
      const page = log.findLast(({ kind }) => kind === 'auction') as LogEntry;
      const behind = log.filter(({ sequence }) => sequence > page.sequence);
      expect(behind.map(({ kind, orders }) => [kind, orders[0]?.priceTicks])).toEqual([['trigger', 120], ['trigger', 110], ['place', 1]]);
      expect((await desk.book()).asks).toEqual([[110, 1], [120, 1]]);
    });
  });
});
