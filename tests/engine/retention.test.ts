import { newOrderId } from '../../src/domain/order-id';
import { amendCommand, cancelCommand, placeCommand } from './support/desk';
import { describeOnEachRedis } from './support/redis-targets';
import { EPOCH } from './support/test-shard';
import { useShard } from './support/use-shard';

const KEEP_ALL = { entries: 1_000_000, trades: 1_000_000 };
const NO_TRADES = new Map<string, number>();

describeOnEachRedis('what Postgres holds', (target) => {
  const venue = useShard(target);

  test('is let go of: done orders are not found any more, open ones stay', async () => {
    const { desk, shard } = venue;
    const [open, filled] = [await desk.rest('sell', 101, 1), await desk.rest('sell', 100, 1)];
    await desk.buy(100, 1);
    expect(await desk.refused(cancelCommand(filled))).toMatchObject({ code: 'order_not_open' });
    expect(await shard.engine.trim(EPOCH, 3, KEEP_ALL, NO_TRADES, [filled.orderId])).toBe(true);
    for (const command of [cancelCommand(filled), amendCommand(filled, { price: 1 })]) {
      expect(await desk.refused(command)).toMatchObject({ code: 'order_not_found', order: null });
    }
    expect(await shard.engine.readOrder(filled.orderId)).toBeNull();
    expect(await shard.engine.readRecord(open.orderId)).toEqual(open);
    await desk.cancel(open);
  });

  test('is let go of twice without harm, and the mark never goes back', async () => {
    const { desk, shard } = venue;
    for (let i = 0; i < 5; i++) await desk.rest('buy', 100 - i, 1);
    for (const sequence of [3, 3, 5, 2]) {
      expect(await shard.engine.trim(EPOCH, sequence, KEEP_ALL, NO_TRADES, [newOrderId()])).toBe(true);
    }
    expect((await shard.engine.meta())?.persisted).toBe(5);
  });

  test('of another life of the shard, or past its log, is not believed', async () => {
    const { desk, shard } = venue;
    const order = await desk.rest('buy', 100, 1);
    await desk.cancel(order);
    const before = await shard.read();
    expect(await shard.engine.trim('another', 2, { entries: 0, trades: 0 }, NO_TRADES, [order.orderId])).toBe(false);
    expect(await shard.engine.trim(EPOCH, 3, { entries: 0, trades: 0 }, NO_TRADES, [order.orderId])).toBe(false);
    expect(await shard.read()).toEqual(before);
  });

  test('of trades: those not committed and the newest few are kept, the last one in any case', async () => {
    const { desk, shard } = venue;
    await desk.rest('sell', 100, 10);
    for (let i = 0; i < 10; i++) await desk.buy(100, 1);
    const ids = async (): Promise<number[]> => (await shard.engine.recentTrades('BTC-USD', 100, null)).map((trade) => trade.tradeId);
    const persist = (trades: number, committed: number): Promise<boolean> => (
      shard.engine.trim(EPOCH, 11, { entries: 1000, trades }, new Map([['BTC-USD', committed], ['ETH-USD', 0]]), [])
    );
    await persist(2, 1);
    expect(await ids()).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2]);
    await persist(3, 10);
    expect(await ids()).toEqual([10, 9, 8]);
    await persist(0, 10);
    expect(await ids()).toEqual([10]);
    await desk.rest('sell', 100, 1);
    await desk.buy(100, 1);
    expect(await ids()).toEqual([11, 10]);
  });

  test('of the log: entries past the mark and the tail asked for are kept, in any case', async () => {
    const { desk, shard } = venue;
    const orders = await Promise.all(Array.from({ length: 450 }, () => desk.rest('buy', 100, 1)));
    const firstKept = async (): Promise<number> => (await shard.read()).log[0]?.sequence ?? 0;
    await shard.engine.trim(EPOCH, 400, { entries: 1000, trades: 0 }, NO_TRADES, []);
    expect(await firstKept()).toBe(1);
    await shard.engine.trim(EPOCH, 400, { entries: 150, trades: 0 }, NO_TRADES, []);
    expect(await firstKept()).toBeLessThanOrEqual(251);
    expect(await firstKept()).toBeGreaterThan(151);
    await shard.engine.trim(EPOCH, 400, { entries: 0, trades: 0 }, NO_TRADES, []);
    expect(await firstKept()).toBeLessThanOrEqual(401);
    expect(await firstKept()).toBeGreaterThan(300);
    expect(await shard.engine.logLength()).toBe((await shard.read()).log.length);
    // The orders are still all there.
    await shard.engine.submitAll(orders.map((order) => cancelCommand(order)));
    expect(await desk.book()).toEqual({ bids: [], asks: [] });
    await shard.send('DEL', shard.engine.keys.log);
  });

  test('a hundred thousand order ids go in one call', async () => {
    const { desk, shard } = venue;
    const order = await desk.rest('buy', 100, 1);
    await desk.cancel(order);
    const ids = Array.from({ length: 100_000 }, () => newOrderId());
    expect(await shard.engine.trim(EPOCH, 2, KEEP_ALL, NO_TRADES, [...ids, order.orderId])).toBe(true);
    expect((await shard.read()).state.orders).toEqual([]);
    expect((await shard.engine.submit(placeCommand('buy', 100, 1))).outcome).toBe('logged');
  });
});
