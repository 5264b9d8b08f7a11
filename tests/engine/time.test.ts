import type { CommandResult, EngineCommand } from '../../src/domain/commands';
import { DAY_US, expiryUs, type Order } from '../../src/domain/order';
import { orderOf, placeCommand, type PlaceOptions } from './support/desk';
import { describeOnEachRedis } from './support/redis-targets';
import { useShard } from './support/use-shard';

const HOUR_US = 3_600_000_000;

describeOnEachRedis('time', (target) => {
  const venue = useShard(target);

  test('is that of Redis, in microseconds, the same for all that one command does', async () => {
    const { desk, shard } = venue;
    const [seconds, micros] = (await shard.send('TIME')) as [string, string];
    const before = Number(seconds) * 1e6 + Number(micros);
    await desk.rest('sell', 100, 2);
    const entry = await desk.buy(100, 1);
    expect(entry.timeUs).toBeGreaterThanOrEqual(before);
    expect(entry.timeUs).toBeLessThan(before + 60e6);
    expect(orderOf(entry)).toMatchObject({ createdUs: entry.timeUs, updatedUs: entry.timeUs });
    expect(entry.fills[0]?.maker.updatedUs).toBe(entry.timeUs);
    expect(entry.fills[0]?.maker.createdUs).toBeLessThan(entry.timeUs);
    expect((await shard.engine.recentTrades('BTC-USD', 1, null))[0]?.executedUs).toBe(entry.timeUs);
    expect((await shard.engine.meta())?.timeUs).toBe(entry.timeUs);
  });

  test('never goes backwards: a clock that was set back stands still until it has caught up', async () => {
    const { desk, shard } = venue;
    const first = await desk.rest('sell', 100, 5);
    const future = first.createdUs + HOUR_US;
    await shard.send('HSET', shard.engine.keys.meta, 'time_us', String(future));
    const entries = [await desk.buy(100, 1), await desk.cancel(first), await desk.buy(90, 1, { key: 'k' })];
    expect(entries.map((entry) => entry.timeUs)).toEqual([future, future, future]);
    expect((await shard.engine.meta())?.timeUs).toBe(future);
    expect((await shard.engine.readBook('BTC-USD', 1)).timeUs).toBe(future);
    // A key's age is counted by the clock itself: a lifetime would end late otherwise.
    const [key] = (await shard.read()).state.idempotency;
    expect(Math.abs((key?.second ?? 0) - first.createdUs / 1e6)).toBeLessThan(60);

    const past = first.createdUs - HOUR_US;
    await shard.send('HSET', shard.engine.keys.meta, 'time_us', String(past));
    const now = (await desk.buy(80, 1)).timeUs;
    expect(now).toBeGreaterThan(past);
    expect(now).toBeLessThan(future);
    // Only a test turns time back; the check of the log after each test must not see it.
    await shard.send('DEL', shard.engine.keys.log);
  });

  describe('that is over', () => {
    let nowUs: number;
    const setTime = async (timeUs: number): Promise<void> => {
      nowUs = timeUs;
      await venue.shard.send('HSET', venue.shard.engine.keys.meta, 'time_us', String(timeUs));
    };
    // Ahead of Redis' own clock, which stands behind it for good: the time is the test's.
    beforeEach(async () => {
      await setTime(Math.floor(Date.now() / 86_400_000 + 2) * DAY_US + 20 * HOUR_US);
    });
    const gtd = (side: 'buy' | 'sell', price: number, expiresUs: number, options: PlaceOptions = {}): Promise<Order> => (
      venue.desk.rest(side, price, 1, { ...options, kind: 'limit_gtd', traits: { expiresUs } })
    );
    const due = (): Promise<CommandResult> => venue.shard.engine.submit({ op: 'due', actor: null });
    const ended = async (): Promise<Order[]> => (await venue.shard.read()).log.filter(({ kind }) => kind === 'due').flatMap(({ orders }) => orders);

    test('ends orders in order of their times, neither early nor behind what comes after', async () => {
      const orders = await Promise.all([gtd('sell', 100, nowUs + 3), gtd('sell', 100, nowUs + 2), gtd('sell', 100, nowUs + 4)]);
      await setTime(nowUs + 1);
      expect(await due()).toEqual({ outcome: 'nothing_due' });
      expect(await ended()).toEqual([]);
      await setTime(nowUs + 2);
      const taker = await venue.desk.buy(100, 3, { kind: 'limit_ioc' });
      expect(taker.fills.map(({ maker }) => maker.orderId)).toEqual([orders[2].orderId]);
      expect((await ended()).map(({ orderId, status, reason, updatedUs }) => [orderId, status, reason, updatedUs])).toEqual([
        [orders[1].orderId, 'expired', 'expired', nowUs], [orders[0].orderId, 'expired', 'expired', nowUs],
      ]);
      // What was traded is due no more.
      expect((await venue.shard.read()).meta.due_us).toBeUndefined();
    });

    test('is never that of an order that comes', async () => {
      const place = (expiresUs: number): EngineCommand => placeCommand('buy', 100, 1, { kind: 'limit_gtd', traits: { expiresUs } });
      expect((await venue.desk.refused(place(nowUs))).code).toBe('expires_at_past');
      expect((await venue.desk.refused(place(nowUs - HOUR_US))).code).toBe('expires_at_past');
      await venue.desk.submit(place(nowUs + 1));
    });

    test('is that of a day at the next midnight, also behind an amend', async () => {
      const order = await venue.desk.rest('buy', 100, 2, { kind: 'limit_day' });
      const midnight = (Math.floor(nowUs / DAY_US) + 1) * DAY_US;
      expect(expiryUs(order)).toBe(midnight);
      await setTime(midnight - 1);
      await venue.desk.amend(order, { price: 101 });
      await setTime(midnight);
      await due();
      expect(await ended()).toMatchObject([{ orderId: order.orderId, status: 'expired', priceTicks: 101 }]);
    });

    test('of more orders than a page lets whatever comes wait, in its order, and nothing in between', async () => {
      const engine = await venue.shard.anotherEngine({ limits: { duePage: 3, commandsPerCallMax: 2 } });
      for (let i = 0; i < 10; i++) await gtd('sell', 100 + i, nowUs + 1, { client: 'seller' });
      await setTime(nowUs + 1);
      const results = await engine.submitAll([
        ...Array.from({ length: 7 }, (_, i) => placeCommand('buy', 200, 1, { name: `n${i}` })),
        { op: 'mass_cancel', actor: null, clientId: 'seller', instrument: null, after: 0, bound: null, pageSize: 10 } satisfies EngineCommand,
      ]);
      const { log } = await venue.shard.read();
      expect(log.slice(10).map(({ kind, orders }) => [kind, kind === 'due' ? orders.length : orders[0]?.clientOrderId])).toEqual([
        ['due', 3], ['due', 3], ['due', 3], ['due', 1], ...Array.from({ length: 7 }, (_, i) => ['place', `n${i}`]),
      ]);
      expect(results.map(({ outcome }) => outcome)).toEqual([...Array.from({ length: 7 }, () => 'logged'), 'mass_cancelled']);
      expect(log.flatMap(({ fills }) => fills)).toEqual([]);
    });

    test('is done by a process that heard nothing of the wait of another', async () => {
      const [one, other] = [await venue.shard.anotherEngine({ limits: { duePage: 1 } }), venue.shard.engine];
      for (let i = 0; i < 3; i++) await gtd('sell', 100, nowUs + 1);
      await setTime(nowUs + 1);
      expect(await Promise.all([one.submit(placeCommand('buy', 1, 1)), other.submit(placeCommand('buy', 2, 1))])).toMatchObject([{ outcome: 'logged' }, { outcome: 'logged' }]);
      expect(await ended()).toHaveLength(3);
    });
  });
});
