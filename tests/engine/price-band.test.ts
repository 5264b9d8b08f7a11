import { NO_PROGRESS, NOTHING_WANTED, type InstrumentRules, type WantedRules } from '../../src/domain/instrument-rules';
import type { LogEntry } from '../../src/domain/log-entry';
import type { Order } from '../../src/domain/order';
import { STP_CODE } from '../../src/domain/order-traits';
import { TRIGGER_CODE } from '../../src/domain/order-type';
import { BTC, amendCommand, cancelCommand, fillsOf, orderOf, placeCommand } from './support/desk';
import { buy, listCommand, sell, stop } from './support/listed';
import { describeOnEachRedis } from './support/redis-targets';
import { until } from '../support/until';
import { useShard } from './support/use-shard';

const LISTED: InstrumentRules = {
  instrument: BTC, base: 'BTC', quote: 'USD', tickSize: '1', lotSize: '1', baseDecimals: 0, quoteDecimals: 0, state: 'open', priceTicksMin: 1,
  priceTicksMax: Number.MAX_SAFE_INTEGER, quantityLotsMin: 1, quantityLotsMax: Number.MAX_SAFE_INTEGER, minValue: 0, priceBand: 0, bandWindowS: 0, maxSlippage: 0,
  ...NO_PROGRESS,
};
const TENTH = 100_000;
const SECOND_US = 1_000_000;

describeOnEachRedis('a price band', (target) => {
  const venue = useShard(target);
  let nowUs: number;
  /** Ahead of Redis' own clock: the time is the test's. */
  const wait = async (seconds: number): Promise<void> => {
    nowUs += seconds * SECOND_US;
    await venue.shard.send('HSET', venue.shard.engine.keys.meta, 'time_us', String(nowUs));
  };
  beforeEach(async () => {
    nowUs = (Math.floor(Date.now() / 1000) + 3_600) * SECOND_US;
    await wait(0);
  });

  const set = (wanted: Partial<WantedRules>): Promise<LogEntry> => venue.desk.submit({
    op: 'instrument', actor: null, opens: false, listed: LISTED, wanted: { ...NOTHING_WANTED, ...wanted }, idempotency: null, request: null,
  });
  const trade = async (price: number): Promise<void> => {
    await venue.desk.rest('sell', price, 1, { client: 'maker' });
    expect((await venue.desk.buy(price, 1)).fills).toHaveLength(1);
  };
  const state = async (): Promise<string | undefined> => (await venue.shard.read()).state.catalogue[0]?.state;
  const samples = async (): Promise<unknown> => (await venue.shard.read()).state.bands[0]?.samples.map(({ priceTicks }) => priceTicks);

  test('lets trade what is within it, on either side, to the tick', async () => {
    await trade(100);
    await set({ priceBand: TENTH });
    expect((await venue.shard.read()).state.catalogue[0]).toMatchObject({ priceBand: TENTH, bandWindowS: 300, bandFrom: 1 });
    await trade(110);
    await trade(90);
    expect(await state()).toBe('open');
  });

  test('is nothing before there was a trade, which it begins with', async () => {
    await set({ priceBand: TENTH });
    await trade(100);
    await venue.desk.rest('sell', 111, 1, { client: 'maker' });
    await venue.desk.buy(111, 1);
    expect(await state()).toBe('auction');
  });

  test('stops an order before its next trade: what may wait is gathered', async () => {
    const { desk } = venue;
    await trade(100);
    await set({ priceBand: TENTH });
    for (const price of [105, 110, 111]) await desk.rest('sell', price, 1, { client: 'maker' });
    const entry = await desk.buy(120, 5);
    expect(fillsOf(entry).map(([price]) => price)).toEqual([105, 110]);
    expect(orderOf(entry)).toMatchObject({ status: 'partially_filled', reason: null, filledLots: 2, quantityLots: 5 });
    expect(entry.events.at(-1)).toMatchObject({ type: 'instrument', rules: { state: 'auction', priceBand: TENTH } });
    expect(await desk.book()).toEqual({ bids: [[120, 3]], asks: [[111, 1]] });
    // One lot trades up to 111, at 110 nothing does.
    expect((await desk.engine.readAuction(BTC)).crossing).toMatchObject({ priceTicks: 111, lots: 1n, leftLots: 2n, leftSide: 'buy' });
    expect((await desk.refused(placeCommand('buy', null, 1))).code).toBe('instrument_not_open');
    await set({ state: 'open' });
    expect((await desk.sell(120, 2)).fills).toHaveLength(1);
  });

  test.each([
    ['market', null, 'cancelled', 1], ['limit_ioc', 120, 'cancelled', 1], ['limit_fok', 120, 'rejected', 0],
  ] as const)('ends what may not wait: %s', async (kind, price, status, fills) => {
    const { desk } = venue;
    await trade(100);
    await set({ priceBand: TENTH });
    await desk.rest('sell', 110, 1, { client: 'maker' });
    await desk.rest('sell', 115, 1, { client: 'maker' });
    const entry = await desk.buy(price, 2, { kind });
    expect(entry.fills).toHaveLength(fills);
    expect(orderOf(entry)).toMatchObject({ status, reason: 'price_band' });
    expect(await state()).toBe('auction');
  });

  test('does not stop a fill-or-kill order that would not trade without it either', async () => {
    const { desk } = venue;
    await trade(100);
    await set({ priceBand: TENTH });
    await desk.rest('sell', 110, 1, { client: 'maker' });
    await desk.rest('sell', 115, 1, { client: 'maker' });
    expect(orderOf(await desk.buy(120, 3, { kind: 'limit_fok' }))).toMatchObject({ status: 'rejected', reason: 'fok_not_fillable' });
    expect(await state()).toBe('open');
  });

  test('is not reached by a post-only order, by one of its own that a taker meets, or by one that waits', async () => {
    const { desk } = venue;
    await trade(100);
    await set({ priceBand: TENTH });
    const own = await desk.rest('sell', 130, 1, { client: 'taker' });
    expect(orderOf(await desk.buy(140, 1, { client: 'maker', kind: 'limit_post_only' }))).toMatchObject({ reason: 'post_only_would_match' });
    const met = await desk.buy(140, 1, { client: 'taker', traits: { stp: STP_CODE.cancel_maker } });
    expect(met.orders.map(({ orderId, reason }) => [orderId, reason])).toEqual([[orderOf(met).orderId, null], [own.orderId, 'self_trade']]);
    expect(await state()).toBe('open');
    expect(await desk.book()).toEqual({ bids: [[140, 1]], asks: [] });
  });

  test('stops a trade that is too far below, too, and an order that is amended', async () => {
    const { desk } = venue;
    await trade(100);
    await set({ priceBand: TENTH });
    await desk.rest('buy', 80, 2, { client: 'maker' });
    const waiting = await desk.rest('sell', 105, 1);
    const amended = await desk.submit(amendCommand(waiting, { price: 70 }));
    expect([amended.fills.length, orderOf(amended).status, amended.events.at(-1)?.type]).toEqual([0, 'open', 'instrument']);
    await set({ state: 'open' });
    expect((await venue.shard.read()).state.catalogue[0]?.state).toBe('open');
  });

  test('goes by the last trade that is as old as its window', async () => {
    const { desk } = venue;
    await trade(100);
    await set({ priceBand: TENTH, bandWindowS: 10 });
    await trade(108);
    expect(await samples()).toEqual([100, 108]);
    await wait(4);
    await trade(110);
    await wait(4);
    await trade(104);
    expect(await samples()).toEqual([100, 108, 110, 104]);
    await wait(2);
    // 108 is ten seconds old by now, and nothing older than that is needed.
    await trade(118);
    expect(await samples()).toEqual([108, 110, 104, 118]);
    await wait(4);
    await trade(121);
    await desk.rest('sell', 122, 1, { client: 'maker' });
    await desk.buy(122, 1);
    expect(await state()).toBe('auction');
  });

  test('begins anew with the price of an auction', async () => {
    const { desk } = venue;
    await trade(100);
    await set({ priceBand: TENTH, bandWindowS: 10 });
    await desk.rest('sell', 150, 1, { client: 'maker' });
    await desk.buy(150, 1);
    await wait(20);
    await set({ state: 'open' });
    await desk.rest('buy', 1, 1);
    expect((await venue.shard.read()).state.catalogue[0]).toMatchObject({ state: 'open', bandFrom: 2 });
    expect(await samples()).toEqual([150]);
    await trade(160);
    expect(await state()).toBe('open');
  });

  test('is gone with all that it was kept by, and comes again with the last trade', async () => {
    await trade(100);
    await set({ priceBand: TENTH });
    await set({ priceBand: 0 });
    expect((await venue.shard.read()).state.bands).toEqual([]);
    await trade(200);
    await set({ priceBand: TENTH });
    expect(await samples()).toEqual([200]);
    expect((await venue.shard.read()).state.catalogue[0]?.bandFrom).toBe(2);
  });

  describe('and orders that wait for a price', () => {
    const waits = (side: 'buy' | 'sell', ticks: number, options: { readonly price?: number; readonly client?: string } = {}): Promise<LogEntry> => venue.desk.submit(
      placeCommand(side, options.price ?? null, 1, { client: options.client ?? 'waiter', traits: { trigger: TRIGGER_CODE.stop, triggerPrice: ticks } }),
    );
    const kinds = async (): Promise<string[]> => (await venue.shard.read()).log.map(({ kind }) => kind);

    const later = placeCommand('buy', null, 1, { traits: { trigger: TRIGGER_CODE.stop, triggerPrice: 110 } });
    /** A band ends a cascade in the middle. Returns the order that is left of it. */
    const haltAhead = async (): Promise<Order> => {
      const { desk } = venue;
      await trade(100);
      await set({ priceBand: TENTH });
      await desk.rest('buy', 95, 1, { client: 'maker' });
      await desk.rest('buy', 80, 3, { client: 'maker' });
      await waits('sell', 96);
      const left = orderOf(await waits('sell', 95, { price: 85 }));
      // It takes the one at 95, which reaches both: the first of them would trade at 80.
      const entry = await desk.sell(95, 1);
      expect(entry.fills).toHaveLength(1);
      return left;
    };

    test('what was reached as an instrument is halted goes once it is open, ahead of everything else', async () => {
      const { desk } = venue;
      await haltAhead();
      const { meta, log } = await venue.shard.read();
      expect(log.at(-1)).toMatchObject({ kind: 'trigger', orders: [{ status: 'cancelled', reason: 'price_band', filledLots: 0 }] });
      expect([meta.reached, meta.suspended]).toEqual([undefined, ';BTC-USD=95,95;']);
      expect(await state()).toBe('auction');
      // What comes to wait for a price now would be reached by what was before.
      expect((await desk.refused(later)).code).toBe('instrument_not_open');
      await set({ state: 'open' });
      const after = await venue.shard.read();
      expect([after.meta.reached, after.meta.suspended]).toEqual([undefined, undefined]);
      expect(after.log.at(-1)).toMatchObject({ kind: 'trigger', orders: [{ status: 'open', priceTicks: 85 }] });
    });

    test('once all that was reached is cancelled, others may come to wait', async () => {
      const { desk } = venue;
      const reached = await haltAhead();
      expect((await desk.refused(later)).code).toBe('instrument_not_open');
      await desk.submit(cancelCommand(reached));
      expect(orderOf(await desk.submit(later)).status).toBe('pending');
      expect((await venue.shard.read()).meta.suspended).toBeUndefined();
      await set({ state: 'open' });
      expect((await kinds()).at(-1)).toBe('instrument');
    });

    test('the price of an auction reaches them, behind all of its trades', async () => {
      const { desk } = venue;
      await trade(100);
      await set({ state: 'auction' });
      await waits('buy', 105, { price: 130 });
      await waits('buy', 200);
      for (let i = 0; i < 3; i++) await desk.rest('buy', 120, 1, { client: 'maker' });
      await desk.rest('sell', 120, 4, { client: 'seller' });
      expect((await desk.refused(placeCommand('buy', null, 1, { traits: { trigger: TRIGGER_CODE.stop, triggerPrice: 90 } }))).code).toBe('instrument_not_open');
      await set({ state: 'open' });
      await desk.rest('buy', 1, 1);
      expect((await kinds()).slice(-3)).toEqual(['auction', 'trigger', 'place']);
      const trigger = (await venue.shard.read()).log.at(-2);
      expect(trigger?.fills.map(({ priceTicks }) => priceTicks)).toEqual([120]);
    });
  });

  test('counts what the same call has traded', async () => {
    const { engine } = venue.shard;
    await set({ priceBand: TENTH });
    const results = await engine.submitAll([
      placeCommand('sell', 100, 1, { client: 'maker' }), placeCommand('buy', 100, 1), placeCommand('sell', 110, 1, { client: 'maker' }), placeCommand('buy', 110, 1),
      placeCommand('sell', 111, 1, { client: 'maker' }), placeCommand('buy', 111, 1),
    ]);
    expect(results.map((result) => (result.outcome === 'logged' ? result.entry.fills.length : result.outcome))).toEqual([0, 1, 0, 1, 0, 0]);
    expect(await state()).toBe('auction');
  });
});

describeOnEachRedis('a price band in a cascade', (target) => {
  const venue = useShard(target, { limits: { triggersPerCommandMax: 1 } });

  test('that halts it in another call leaves nothing that goes on, and all that is left goes once the instrument is open', async () => {
    const { desk, shard } = venue;
    const change = (wanted: Partial<WantedRules>): Promise<LogEntry> => desk.submit({
      op: 'instrument', actor: null, opens: false, listed: LISTED, wanted: { ...NOTHING_WANTED, ...wanted }, idempotency: null, request: null,
    });
    await desk.rest('sell', 100, 1, { client: 'maker' });
    await desk.buy(100, 1);
    await change({ priceBand: TENTH });
    await desk.rest('buy', 80, 1, { client: 'maker' });
    await desk.submit(listCommand('oto', [buy(95), sell(120)]));
    // Reached one after another: the first rests, the second would trade at 80, the third waits for both.
    const stops = [];
    for (const price of [109, 50, 108]) stops.push(orderOf(await desk.sell(price, 2, { client: 'ann', traits: { trigger: TRIGGER_CODE.stop, triggerPrice: 95 } })));
    // What comes with the trade that reaches them has to wait, and comes with the second.
    await shard.engine.submitAll([placeCommand('sell', 95, 1), placeCommand('buy', 1, 1)]);
    const triggered = async (): Promise<(number | null | undefined)[]> => (
      (await shard.read()).log.filter(({ kind }) => kind === 'trigger').map(({ orders }) => orders[0]?.priceTicks)
    );
    expect(await triggered()).toEqual([109, 50]);
    const { meta, state } = await shard.read();
    expect([state.catalogue[0]?.state, meta.released, meta.reached]).toEqual(['auction', undefined, undefined]);
    // What has reached them would reach whoever comes to wait behind them.
    const other = await desk.refused(placeCommand('sell', 90, 1, { traits: { trigger: TRIGGER_CODE.stop, triggerPrice: 70 } }));
    expect(other).toMatchObject({ code: 'instrument_not_open', instrument: { state: 'auction' } });
    expect((await desk.refused(listCommand('oco', [sell(120), stop(60)]))).code).toBe('instrument_not_open');
    const waiting = stops[2] as Order;
    expect((await desk.refused(amendCommand(waiting, { stop: 70 }))).code).toBe('instrument_not_open');
    expect(orderOf(await desk.amend(waiting, { quantity: 1 })).quantityLots).toBe(1);
    await change({ state: 'open', priceBand: 0 });
    await until('all have gone', async () => (await triggered()).length === 4);
    expect(await triggered()).toEqual([109, 50, 108, 120]);
  });
});
