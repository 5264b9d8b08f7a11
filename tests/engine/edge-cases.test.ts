import { AMOUNT_MAX } from '../../src/domain/amounts';
import { newOrderId } from '../../src/domain/order-id';
import { STP_CODE, type StpMode } from '../../src/domain/order-traits';
import { amendCommand, cancelCommand, fillsOf, orderOf, placeCommand } from './support/desk';
import { describeOnEachRedis } from './support/redis-targets';
import { useShard } from './support/use-shard';

/** The places where matching engines are known to break; each has a test of its own. */
describeOnEachRedis('edge cases of matching', (target) => {
  const venue = useShard(target);

  // Own: 3, then another's 4, then own 5; somebody of the same account takes 10.
  test.each<[StpMode | 'none', traded: number[], taker: object, own: [status: string, quantity: number][]]>([
    ['none', [3, 4, 3], { status: 'filled', quantityLots: 10 }, [['filled', 3], ['partially_filled', 5]]],
    ['cancel_taker', [], { status: 'cancelled', reason: 'self_trade', quantityLots: 10 }, [['open', 3], ['open', 5]]],
    ['cancel_maker', [4], { status: 'partially_filled', quantityLots: 10 }, [['cancelled', 3], ['cancelled', 5]]],
    ['cancel_both', [], { status: 'cancelled', reason: 'self_trade', quantityLots: 10 }, [['cancelled', 3], ['open', 5]]],
    ['decrement', [4], { status: 'cancelled', reason: 'self_trade', quantityLots: 7, filledLots: 4 }, [['cancelled', 3], ['open', 2]]],
  ])('an order meets others of its account: %s', async (mode, traded, taker, own) => {
    const { desk } = venue;
    const [first, , last] = [await desk.rest('sell', 100, 3), await desk.rest('sell', 100, 4, { client: 'other' }), await desk.rest('sell', 101, 5)];
    const entry = await desk.buy(101, 10, mode === 'none' ? {} : { traits: { stp: STP_CODE[mode] } });
    expect(entry.fills.map(({ quantityLots }) => quantityLots)).toEqual(traded);
    expect(orderOf(entry)).toMatchObject(taker);
    const orders = await Promise.all([first, last].map(({ orderId }) => desk.engine.readRecord(orderId)));
    expect(orders.map((order) => [order?.status, order?.quantityLots])).toEqual(own);
  });

  test('a cancel from the middle of a level, then the level is swept', async () => {
    const { desk } = venue;
    const [first, middle, last] = [await desk.rest('sell', 100, 1), await desk.rest('sell', 100, 2), await desk.rest('sell', 100, 3)];
    await desk.cancel(middle);
    const sweep = await desk.buy(100, 10);
    expect(fillsOf(sweep)).toEqual([[100, 1, first.orderId], [100, 3, last.orderId]]);
    expect(await desk.book()).toEqual({ bids: [[100, 6]], asks: [] });
  });

  test('a cancel from the head of a level, then the level is swept', async () => {
    const { desk } = venue;
    const [head, second, third] = [await desk.rest('buy', 100, 1), await desk.rest('buy', 100, 2), await desk.rest('buy', 100, 3)];
    await desk.cancel(head);
    const sweep = await desk.sell(100, 5);
    expect(fillsOf(sweep)).toEqual([[100, 2, second.orderId], [100, 3, third.orderId]]);
    expect(await desk.book()).toEqual({ bids: [], asks: [] });
  });

  test('many scattered cancels in a deep level leave the others in their order', async () => {
    const { desk } = venue;
    const entries = await Promise.all(Array.from({ length: 300 }, () => desk.sell(100, 2)));
    const orders = entries.map(orderOf);
    const isCancelled = (i: number): boolean => i % 3 === 1 || i % 7 === 0;
    await Promise.all(orders.filter((_, i) => isCancelled(i)).map((order) => desk.cancel(order)));
    const left = orders.filter((_, i) => !isCancelled(i));
    expect(await desk.book()).toEqual({ bids: [], asks: [[100, 2 * left.length]] });
    const sweep = await desk.buy(100, 2 * left.length);
    expect(sweep.fills.map((fill) => fill.maker.orderId)).toEqual(left.map((order) => order.orderId));
    expect(orderOf(sweep).status).toBe('filled');
  });

  test('a sweep across levels that ends exactly on a boundary', async () => {
    const { desk } = venue;
    for (const price of [100, 101, 102]) await desk.rest('sell', price, 5);
    const sweep = await desk.buy(102, 10);
    expect(sweep.fills.map((fill) => [fill.priceTicks, fill.quantityLots])).toEqual([[100, 5], [101, 5]]);
    expect(orderOf(sweep)).toMatchObject({ status: 'filled', filledLots: 10, notional: '1005' });
    expect(sweep.levels).toEqual([100, 101].map((priceTicks) => ({ type: 'level', instrument: 'BTC-USD', side: 'sell', priceTicks, quantityLots: 0 })));
    expect(await desk.book()).toEqual({ bids: [], asks: [[102, 5]] });
  });

  test('a limit order stops at its own price in mid-sweep, rests, and is filled there', async () => {
    const { desk } = venue;
    await desk.rest('sell', 100, 5);
    await desk.rest('sell', 101, 5);
    await desk.rest('sell', 103, 5);
    const taker = orderOf(await desk.buy(101, 12));
    expect(taker).toMatchObject({ status: 'partially_filled', filledLots: 10 });
    expect(await desk.book()).toEqual({ bids: [[101, 2]], asks: [[103, 5]] });
    const seller = await desk.sell(90, 2);
    expect(fillsOf(seller)).toEqual([[101, 2, taker.orderId]]);
    expect(seller.fills[0]?.maker).toMatchObject({ status: 'filled', filledLots: 12, notional: String(500 + 505 + 202) });
  });

  test('an amend into the spread becomes the best price', async () => {
    const { desk } = venue;
    await desk.rest('buy', 90, 1);
    await desk.rest('sell', 110, 1);
    const order = await desk.rest('buy', 85, 4);
    const amended = await desk.amend(order, { price: 100 });
    expect(amended.fills).toEqual([]);
    expect(await desk.book()).toEqual({ bids: [[100, 4], [90, 1]], asks: [[110, 1]] });
    expect(fillsOf(await desk.sell(90, 1))).toEqual([[100, 1, order.orderId]]);
  });

  test("an amend past the maker's price trades at the maker's price", async () => {
    const { desk } = venue;
    const maker = await desk.rest('sell', 105, 3);
    const order = await desk.rest('buy', 100, 5);
    const amended = await desk.amend(order, { price: 120 });
    expect(fillsOf(amended)).toEqual([[105, 3, maker.orderId]]);
    expect(orderOf(amended)).toMatchObject({ status: 'partially_filled', priceTicks: 120, filledLots: 3, notional: '315' });
    expect(await desk.book()).toEqual({ bids: [[120, 2]], asks: [] });
  });

  test('amending one of two orders at a price does not lose the other', async () => {
    const { desk } = venue;
    const [one, other] = [await desk.rest('buy', 100, 1), await desk.rest('buy', 100, 2)];
    await desk.amend(one, { price: 99 });
    expect(await desk.book()).toEqual({ bids: [[100, 2], [99, 1]], asks: [] });
    await desk.amend(one, { price: 100 });
    const sweep = await desk.sell(99, 3);
    expect(fillsOf(sweep)).toEqual([[100, 2, other.orderId], [100, 1, one.orderId]]);
  });

  test('a smaller quantity at the same price keeps the place, a larger one loses it', async () => {
    const { desk } = venue;
    const [a, b, c] = [await desk.rest('buy', 100, 5), await desk.rest('buy', 100, 5), await desk.rest('buy', 100, 5)];
    await desk.amend(a, { quantity: 2 });
    await desk.amend(b, { quantity: 6 });
    expect(fillsOf(await desk.sell(100, 13))).toEqual([[100, 2, a.orderId], [100, 5, c.orderId], [100, 6, b.orderId]]);
  });

  test('the rest of a part-filled order is cancelled', async () => {
    const { desk } = venue;
    const order = await desk.rest('sell', 100, 5);
    await desk.buy(100, 2);
    const cancelled = await desk.cancel(order);
    expect(orderOf(cancelled)).toMatchObject({ status: 'cancelled', reason: 'requested', filledLots: 2, quantityLots: 5, notional: '200' });
    expect(await desk.book()).toEqual({ bids: [], asks: [] });
  });

  test('the rest of a part-filled order is amended', async () => {
    const { desk } = venue;
    const order = await desk.rest('sell', 100, 5);
    await desk.buy(100, 2);
    const amended = await desk.amend(order, { price: 101, remaining: 7 });
    expect(orderOf(amended)).toMatchObject({ status: 'partially_filled', filledLots: 2, quantityLots: 9, priceTicks: 101 });
    expect(await desk.book()).toEqual({ bids: [], asks: [[101, 7]] });
    expect(fillsOf(await desk.buy(101, 7))).toEqual([[101, 7, order.orderId]]);
  });

  test('an amend to no more than what is filled is refused and changes nothing', async () => {
    const { desk } = venue;
    const order = await desk.rest('sell', 100, 5);
    await desk.buy(100, 2);
    for (const quantity of [1, 2]) {
      expect(await desk.refused(amendCommand(order, { quantity }))).toMatchObject({
        code: 'quantity_below_filled', order: { orderId: order.orderId, filledLots: 2, quantityLots: 5 },
      });
    }
    expect(orderOf(await desk.amend(order, { quantity: 3 })).quantityLots).toBe(3);
  });

  test('cancel and amend after a full fill are refused with the final state', async () => {
    const { desk } = venue;
    const order = await desk.rest('sell', 100, 5);
    await desk.buy(100, 5);
    for (const command of [cancelCommand(order), amendCommand(order, { price: 99 })]) {
      expect(await desk.refused(command)).toMatchObject({ code: 'order_not_open', order: { orderId: order.orderId, status: 'filled' } });
    }
  });

  test('a client order id is free again after a cancel', async () => {
    const { desk } = venue;
    const first = await desk.rest('buy', 100, 1, { name: 'mine' });
    expect(await desk.refused(placeCommand('buy', 99, 1, { name: 'mine' }))).toMatchObject({ code: 'duplicate_client_order_id' });
    await desk.cancel({ clientId: 'client', clientOrderId: 'mine' });
    const second = await desk.rest('buy', 99, 1, { name: 'mine' });
    expect(second.orderId).not.toBe(first.orderId);
    expect(orderOf(await desk.cancel({ clientId: 'client', clientOrderId: 'mine' })).orderId).toBe(second.orderId);
  });

  test('a client order id is free again after a full fill, as maker and as taker', async () => {
    const { desk } = venue;
    await desk.rest('buy', 100, 1, { name: 'maker' });
    await desk.sell(100, 1, { name: 'taker' });
    for (const name of ['maker', 'taker']) {
      expect(await desk.refused(cancelCommand({ clientId: 'client', clientOrderId: name }))).toMatchObject({ code: 'order_not_found' });
      await desk.rest('buy', 100, 1, { name });
    }
    expect(await desk.book()).toEqual({ bids: [[100, 2]], asks: [] });
  });

  test('a client order id is free again within the same call', async () => {
    const { desk, shard } = venue;
    const name = 'again';
    const results = await shard.engine.submitAll([
      placeCommand('buy', 100, 1, { name }),
      cancelCommand({ clientId: 'client', clientOrderId: name }),
      placeCommand('buy', 101, 1, { name }),
      placeCommand('sell', 101, 1),
      placeCommand('buy', 102, 1, { name }),
      placeCommand('buy', 103, 1, { name }),
    ]);
    expect(results.map((result) => result.outcome)).toEqual(['logged', 'logged', 'logged', 'logged', 'logged', 'refused']);
    expect(await desk.book()).toEqual({ bids: [[102, 1]], asks: [] });
  });

  test('ids that were never issued are not found', async () => {
    const { desk } = venue;
    await desk.rest('buy', 100, 1, { name: 'known' });
    for (const named of [newOrderId(), { clientId: 'client', clientOrderId: 'unknown' }, { clientId: 'other', clientOrderId: 'known' }]) {
      expect(await desk.refused(cancelCommand(named))).toEqual({ outcome: 'refused', code: 'order_not_found', order: null });
      expect(await desk.refused(amendCommand(named, { price: 101 }))).toEqual({ outcome: 'refused', code: 'order_not_found', order: null });
    }
    expect(await desk.book()).toEqual({ bids: [[100, 1]], asks: [] });
  });

  test.each([['in calls of their own', false], ['within one call', true]])('no phantom best price after the best level is cancelled, %s', async (_, isOneCall) => {
    const { desk, shard } = venue;
    const best = newOrderId();
    const commands = [
      placeCommand('sell', 105, 1),
      placeCommand('sell', 101, 1, { orderId: best }),
      placeCommand('buy', 100, 1),
      cancelCommand(best),
      placeCommand('buy', 104, 2, { kind: 'limit_post_only' }),
    ];
    if (isOneCall) await shard.engine.submitAll(commands);
    else for (const command of commands) await desk.submit(command);
    expect(await desk.book()).toEqual({ bids: [[104, 2], [100, 1]], asks: [[105, 1]] });
  });

  test('a part-consumed maker keeps its place between takers', async () => {
    const { desk } = venue;
    const [first, second] = [await desk.rest('sell', 100, 5), await desk.rest('sell', 100, 5)];
    expect(fillsOf(await desk.buy(100, 2))).toEqual([[100, 2, first.orderId]]);
    expect(fillsOf(await desk.buy(100, 2))).toEqual([[100, 2, first.orderId]]);
    expect(fillsOf(await desk.buy(100, 2))).toEqual([[100, 1, first.orderId], [100, 1, second.orderId]]);
  });

  test('prices near the ceiling stand apart and match exactly', async () => {
    const { desk } = venue;
    const top = await desk.rest('sell', AMOUNT_MAX, 3);
    const below = await desk.rest('sell', AMOUNT_MAX - 1, 3);
    await desk.rest('buy', AMOUNT_MAX - 2, 1);
    expect(await desk.book()).toEqual({ bids: [[AMOUNT_MAX - 2, 1]], asks: [[AMOUNT_MAX - 1, 3], [AMOUNT_MAX, 3]] });
    const sweep = await desk.buy(AMOUNT_MAX, 5);
    expect(fillsOf(sweep)).toEqual([[AMOUNT_MAX - 1, 3, below.orderId], [AMOUNT_MAX, 2, top.orderId]]);
    expect(orderOf(sweep).notional).toBe(String(3n * BigInt(AMOUNT_MAX - 1) + 2n * BigInt(AMOUNT_MAX)));
  });

  test('5,000 fills at one price', async () => {
    const { desk } = venue;
    const makers = await Promise.all(Array.from({ length: 5000 }, (_, i) => desk.sell(100, 1 + i % 3)));
    const lots = makers.reduce((sum, entry) => sum + orderOf(entry).quantityLots, 0);
    const sweep = await desk.buy(100, lots + 1);
    expect(sweep.fills.length).toBe(5000);
    expect(sweep.fills.map((fill) => fill.maker.orderId)).toEqual(makers.map((entry) => orderOf(entry).orderId));
    expect(sweep.fills.map((fill) => fill.tradeId)).toEqual(Array.from({ length: 5000 }, (_, i) => i + 1));
    expect(orderOf(sweep)).toMatchObject({ status: 'partially_filled', filledLots: lots, notional: String(100 * lots) });
    expect(sweep.levels).toEqual([
      { type: 'level', instrument: 'BTC-USD', side: 'sell', priceTicks: 100, quantityLots: 0 },
      { type: 'level', instrument: 'BTC-USD', side: 'buy', priceTicks: 100, quantityLots: 1 },
    ]);
    expect(await desk.book()).toEqual({ bids: [[100, 1]], asks: [] });
  });

  test('a taker matches orders that came earlier in the same call', async () => {
    const { desk, shard } = venue;
    const ids = [newOrderId(), newOrderId(), newOrderId()];
    const results = await shard.engine.submitAll([
      placeCommand('sell', 101, 1, { orderId: ids[0] as string }),
      placeCommand('sell', 100, 1, { orderId: ids[1] as string }),
      placeCommand('sell', 100, 1, { orderId: ids[2] as string }),
      placeCommand('buy', null, 3),
    ]);
    const last = results[3];
    expect(last?.outcome === 'logged' && fillsOf(last.entry)).toEqual([[100, 1, ids[1]], [100, 1, ids[2]], [101, 1, ids[0]]]);
    expect(await desk.book()).toEqual({ bids: [], asks: [] });
  });

  test('icebergs that are refilled stand behind whoever came since, over calls and within one', async () => {
    const { desk, shard } = venue;
    const place = async (lots: number, display?: number): Promise<string> => (
      orderOf(await desk.submit(placeCommand('sell', 100, lots, display === undefined ? {} : { traits: { display } }))).orderId
    );
    const [first, second, plain] = [await place(5, 2), await place(5, 2), await place(1)];
    expect(fillsOf(await desk.buy(100, 4)).map(([, lots, id]) => [lots, id])).toEqual([[2, first], [2, second]]);
    const last = await place(1);
    const results = await shard.engine.submitAll([
      placeCommand('buy', null, 4), placeCommand('sell', 100, 1, { orderId: newOrderId() }), placeCommand('buy', null, 3), cancelCommand(second),
    ]);
    const fills = results.map((result) => (result.outcome === 'logged' ? fillsOf(result.entry).map(([, lots, id]) => [lots, id]) : null));
    expect(fills[0]).toEqual([[1, plain], [2, first], [1, second]]);
    expect(fills[2]?.slice(0, 2)).toEqual([[1, second], [1, last]]);
    expect(fills[2]?.[2]).toEqual([1, first]);
    expect(results[3]).toMatchObject({ outcome: 'logged' });
    expect(await desk.book()).toEqual({ bids: [], asks: [[100, 1]] });
  });

  test('what an iceberg shows anew keeps its level an exact integer', async () => {
    const { desk } = venue;
    const display = 2 ** 52;
    const ice = orderOf(await desk.submit(placeCommand('sell', 100, AMOUNT_MAX, { traits: { display } })));
    await desk.buy(100, display - 2);
    const other = await desk.rest('sell', 100, AMOUNT_MAX - 2);
    expect(fillsOf(await desk.buy(100, 2))).toEqual([[100, 2, ice.orderId]]);
    expect(await desk.book()).toEqual({ bids: [], asks: [[100, AMOUNT_MAX]] });
    expect(fillsOf(await desk.buy(100, AMOUNT_MAX))).toEqual([[100, AMOUNT_MAX - 2, other.orderId], [100, 2, ice.orderId]]);
    expect(await desk.book()).toEqual({ bids: [], asks: [[100, display - 3]] });
  });
});
