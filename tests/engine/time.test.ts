import { orderOf } from './support/desk';
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
});
