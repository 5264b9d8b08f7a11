import type { MassCancelled } from '../../src/domain/commands';
import type { Order, Placing } from '../../src/domain/order';
import { newOrderId } from '../../src/domain/order-id';
import { seededRandom } from '../../src/seeded-random';
import { testSeed } from '../persistence/support/load';
import { orderOf, placeCommand } from './support/desk';
import { describeOnEachRedis } from './support/redis-targets';
import { EPOCH } from './support/test-shard';
import { useShard } from './support/use-shard';

describeOnEachRedis('an order read back', (target) => {
  const venue = useShard(target);

  test('with its fills as maker, as taker and in an amend, newest first', async () => {
    const { desk, shard } = venue;
    await desk.rest('sell', 100, 2);
    const taken = await desk.buy(100, 9);
    const order = orderOf(taken);
    const sold = await desk.sell(100, 3);
    await desk.rest('sell', 105, 1);
    const amended = await desk.amend(order, { price: 105 });
    const soldAgain = await desk.sell(90, 1);
    const cancelled = await desk.cancel(order);
    expect(await shard.engine.readOrder(order.orderId)).toEqual({
      order: orderOf(cancelled), entries: [soldAgain, amended, sold, taken], reachedFrom: 0,
    });
    expect(await shard.engine.readRecord(order.orderId)).toEqual(orderOf(cancelled));
  });

  test('without fills, or unknown', async () => {
    const { desk, shard } = venue;
    const order = await desk.rest('sell', 100, 2);
    expect(await shard.engine.readOrder(order.orderId)).toEqual({ order, entries: [], reachedFrom: 0 });
    expect(await shard.engine.readOrder(newOrderId())).toBeNull();
    expect(await shard.engine.readRecord(newOrderId())).toBeNull();
  });

  test('with more fills than one page of the walk', async () => {
    const { desk, shard } = venue;
    const order = await desk.rest('sell', 100, 1201);
    const takers = await Promise.all(Array.from({ length: 1200 }, () => desk.buy(100, 1, { kind: 'limit_ioc' })));
    const read = await shard.engine.readOrder(order.orderId);
    expect(read?.order).toMatchObject({ filledLots: 1200, status: 'partially_filled' });
    expect(read?.entries.map((entry) => entry.sequence)).toEqual(takers.map((entry) => entry.sequence).reverse());
    expect(read?.reachedFrom).toBe(0);
  });

  test('tells from where on its fills have left the log', async () => {
    const { desk, shard } = venue;
    const order = await desk.rest('sell', 100, 1000);
    for (let i = 0; i < 3; i++) await shard.engine.submitAll(Array.from({ length: 100 }, () => placeCommand('buy', 100, 1, { kind: 'limit_ioc' })));
    await shard.engine.trim(EPOCH, 301, { entries: 50, trades: 0 }, new Map(), []);
    const firstKept = (await shard.read()).log[0]?.sequence as number;
    expect(firstKept).toBeGreaterThan(2);
    const read = await shard.engine.readOrder(order.orderId);
    expect(read?.reachedFrom).toBe(firstKept - 1);
    expect(read?.entries.map((entry) => entry.sequence)).toEqual(Array.from({ length: 302 - firstKept }, (_, i) => 301 - i));
    await shard.send('DEL', shard.engine.keys.log);
  });
});

describeOnEachRedis('single orders of the book', (target) => {
  const venue = useShard(target);

  test('are those of the best levels, in the order in which they will trade', async () => {
    const random = seededRandom(testSeed('single orders'));
    const { desk, shard } = venue;
    const open: Order[] = [];
    for (let i = 0; i < 600; i++) {
      const side = random.pick(['buy', 'sell'] as const);
      const rested = await desk.rest(side, side === 'buy' ? 100 - random.below(6) : 101 + random.below(6), 1 + random.below(50));
      open.push(rested);
      if (open.length > 1 && random.below(4) === 0) await desk.cancel(open.splice(random.below(open.length), 1)[0] as Order);
      if (random.below(4) === 0) await desk.amend(open[random.below(open.length)] as Order, { quantity: 60 + i });
    }
    const { state } = await shard.read();
    const [book] = state.books;
    const records = new Map(state.orders.map((order) => [order.orderId, order]));
    for (const levels of [1, 2, 5, 6, 100]) {
      for (const ordersMax of [1, 99, 100, 101, 1000]) {
        const read = await shard.engine.readOrders('BTC-USD', levels, ordersMax, 10);
        for (const side of ['bids', 'asks'] as const) {
          const all = (book?.[side] ?? []).slice(0, levels).flatMap((level) => level.orderIds).map((id) => records.get(id));
          expect(read[side].orders).toEqual(all.slice(0, ordersMax));
          expect(read[side].isCut).toBe(all.length > ordersMax);
          expect(read[side].top).toEqual(book?.[side].map((level) => [level.priceTicks, level.quantityLots]));
        }
        expect(read.sequence).toBe(state.sequence);
      }
    }
    expect(await shard.engine.readOrders('ETH-USD', 5, 5, 10)).toMatchObject({ bids: { orders: [], isCut: false, top: [] } });
  });
});

describeOnEachRedis('the book read', (target) => {
  const venue = useShard(target);

  test('at one moment, best first, cut at the levels asked for', async () => {
    const { desk, shard } = venue;
    for (const price of [95, 97, 96, 97]) await desk.rest('buy', price, 2);
    for (const price of [103, 101, 1_000_000]) await desk.rest('sell', price, 3, { name: String(price) });
    const { sequence, timeUs, bids, asks } = await shard.engine.readBook('BTC-USD', 2);
    expect({ bids, asks }).toEqual({ bids: [[97, 4], [96, 2]], asks: [[101, 3], [103, 3]] });
    expect(sequence).toBe(7);
    expect(timeUs).toBe((await shard.engine.meta())?.timeUs);
    expect(await shard.engine.readBook('ETH-USD', 5)).toMatchObject({ sequence: 7, bids: [], asks: [] });
    expect((await shard.engine.readBook('BTC-USD', 5000)).asks).toEqual([[101, 3], [103, 3], [1_000_000, 3]]);
  });

  test('of 5,000 levels a side', async () => {
    const { shard } = venue;
    await shard.engine.submitAll(Array.from({ length: 5000 }, (_, i) => placeCommand('buy', 10_000 - i, 1 + i)));
    await shard.engine.submitAll(Array.from({ length: 5000 }, (_, i) => placeCommand('sell', 10_001 + i, 1 + i)));
    const { bids, asks } = await shard.engine.readBook('BTC-USD', 5000);
    expect(bids).toEqual(Array.from({ length: 5000 }, (_, i) => [10_000 - i, 1 + i]));
    expect(asks).toEqual(Array.from({ length: 5000 }, (_, i) => [10_001 + i, 1 + i]));
  });

  test('page by page', async () => {
    const { shard } = venue;
    await shard.engine.submitAll(Array.from({ length: 7 }, (_, i) => placeCommand('buy', 100 - i, 1)));
    await shard.engine.submitAll(Array.from({ length: 3 }, (_, i) => placeCommand('sell', 200 + i, 1)));
    for (const [side, prices] of [[0, [100, 99, 98, 97, 96, 95, 94]], [1, [200, 201, 202]]] as const) {
      const read: number[] = [];
      for (let behind: number | null = null; ;) {
        const { levels } = await shard.engine.readLevels('BTC-USD', side, behind, 3);
        read.push(...levels.map(([price]) => price));
        if (levels.length < 3) break;
        behind = read[read.length - 1] as number;
      }
      expect(read).toEqual(prices);
    }
  });
});

describeOnEachRedis('open orders read', (target) => {
  const venue = useShard(target);

  test('newest first, page by page, of one client and one instrument', async () => {
    const { desk, shard } = venue;
    const orders = [];
    for (let i = 0; i < 10; i++) {
      orders.push(await desk.rest('buy', 100, 1, { client: 'reader', instrument: i % 3 === 0 ? 'ETH-USD' : 'BTC-USD' }));
    }
    await desk.rest('buy', 100, 1, { client: 'reader2' });
    await desk.cancel(orders[4] as never);
    const newestFirst = orders.filter((_, i) => i !== 4).reverse();
    const all = await shard.engine.readOpenOrders('reader', null, null, 100);
    expect(all).toEqual({ orders: newestFirst, next: null });

    const pages = [];
    for (let cursor: Placing | null = null; ;) {
      const page = await shard.engine.readOpenOrders('reader', 'BTC-USD', cursor, 2);
      expect(page.orders.length).toBeLessThanOrEqual(2);
      pages.push(...page.orders);
      if (page.next === null) break;
      cursor = page.next;
    }
    expect(pages).toEqual(newestFirst.filter((order) => order.instrument === 'BTC-USD'));
    expect(await shard.engine.readOpenOrders('nobody', null, null, 10)).toEqual({ orders: [], next: null });
  });

  test('finds the few of one instrument among thousands of another', async () => {
    const { desk, shard } = venue;
    const rare = await desk.rest('buy', 100, 1, { instrument: 'ETH-USD' });
    await shard.engine.submitAll(Array.from({ length: 2500 }, () => placeCommand('buy', 100, 1)));
    expect((await shard.engine.readOpenOrders('client', 'ETH-USD', null, 5)).orders).toEqual([rare]);
  });
});

describeOnEachRedis('recent trades read', (target) => {
  const venue = useShard(target);

  test('newest first, from any trade backwards, contiguous', async () => {
    const { desk, shard } = venue;
    const maker = await desk.rest('sell', 100, 20);
    const entries = [];
    for (let i = 0; i < 10; i++) entries.push(await desk.buy(100, 1, { kind: 'limit_ioc' }));
    await desk.rest('buy', 50, 1, { instrument: 'ETH-USD' });
    await desk.sell(50, 1, { instrument: 'ETH-USD' });
    const trades = await shard.engine.recentTrades('BTC-USD', 100, null);
    expect(trades.map((trade) => trade.tradeId)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    const newest = entries[9] as (typeof entries)[number];
    expect(trades[0]).toEqual({
      instrument: 'BTC-USD', tradeId: 10, priceTicks: 100, quantityLots: 1, takerSide: 'buy',
      makerOrderId: maker.orderId, takerOrderId: orderOf(newest).orderId, executedUs: newest.timeUs,
    });
    const ids = async (count: number, before: number): Promise<number[]> => (
      (await shard.engine.recentTrades('BTC-USD', count, before)).map((trade) => trade.tradeId)
    );
    expect(await ids(3, 8)).toEqual([7, 6, 5]);
    expect(await ids(3, 2)).toEqual([1]);
    expect(await ids(3, 1)).toEqual([]);
    expect(await ids(2, 1000)).toEqual([10, 9]);
    expect(await shard.engine.recentTrades('NONE', 5, null)).toEqual([]);
    expect(await shard.engine.recentTrades('NONE', 5, 3)).toEqual([]);
    expect((await shard.engine.recentTrades('ETH-USD', 5, null)).map(({ tradeId, takerSide }) => [tradeId, takerSide])).toEqual([[1, 'sell']]);
  });
});

describeOnEachRedis('mass cancels', (target) => {
  const venue = useShard(target);

  test('page by page, of one client and one instrument, but nothing placed after the request', async () => {
    const { desk } = venue;
    const mine = [];
    for (let i = 0; i < 7; i++) mine.push(await desk.rest('buy', 100, 2, { instrument: i === 3 ? 'ETH-USD' : 'BTC-USD', name: `n${i}` }));
    const others = await desk.rest('buy', 100, 1, { client: 'other' });
    await desk.sell(100, 1);
    const cancelled: string[] = [];
    let later: Order | null = null;
    let after: number | null = 0;
    let bound: number | undefined;
    do {
      const page: MassCancelled = await desk.massCancel('client', { instrument: 'BTC-USD', after, ...(bound === undefined ? {} : { bound }), pageSize: 2 });
      cancelled.push(...(page.entry?.orders ?? []).map((order) => order.orderId));
      for (const order of page.entry?.orders ?? []) expect(order).toMatchObject({ status: 'cancelled', reason: 'mass_cancel' });
      ({ after, bound } = page);
      // Whatever its id says of its age.
      later ??= await desk.rest('buy', 100, 4, { orderId: '01800000-0000-7000-8000-000000000000' });
    } while (after !== null);
    expect(cancelled).toEqual(mine.filter((_, i) => i !== 3).map((order) => order.orderId));
    expect(await desk.book()).toEqual({ bids: [[100, 5]], asks: [] });
    expect(await desk.book('ETH-USD')).toEqual({ bids: [[100, 2]], asks: [] });
    await desk.cancel(later);
    await desk.cancel(others);
    expect(await desk.massCancel('nobody')).toMatchObject({ after: null, entry: null });
    await desk.rest('buy', 90, 1, { name: 'n0' });
  });

  test('sees what the same call has placed, filled and cancelled', async () => {
    const { shard } = venue;
    const ids = Array.from({ length: 4 }, () => newOrderId());
    const results = await shard.engine.submitAll([
      ...ids.map((orderId, i) => placeCommand('sell', 100 + i, 1, { orderId })),
      placeCommand('buy', 100, 1, { client: 'other' }),
      { op: 'cancel', actor: null, order: { orderId: ids[1] as string }, idempotency: null, request: null },
      { op: 'mass_cancel', actor: null, clientId: 'client', instrument: null, after: 0, bound: null, pageSize: 10 },
      { op: 'mass_cancel', actor: null, clientId: 'client', instrument: null, after: 0, bound: null, pageSize: 10 },
    ]);
    const [first, second] = results.slice(6);
    expect(first?.outcome === 'mass_cancelled' && first.entry?.orders.map((order) => order.orderId)).toEqual(ids.slice(2));
    expect(second).toMatchObject({ outcome: 'mass_cancelled', after: null, entry: null });
  });
});
