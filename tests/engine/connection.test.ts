import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineCommand } from '../../src/domain/commands';
import type { Engine } from '../../src/engine/engine';
import type { RedisConnection } from '../../src/engine/redis-connection';
import { until } from '../support/until';
import { CutProxy } from './support/cut-proxy';
import { Desk, entryOf, orderOf, placeCommand } from './support/desk';
import { plainRedis } from './support/redis-targets';
import { connectTo, engineOn, TestShard } from './support/test-shard';
import { shardProblems } from './support/use-shard';

describe('a connection that breaks', () => {
  let shard: TestShard;
  let proxy: CutProxy;
  let redis: RedisConnection;
  let engine: Engine;

  beforeEach(async () => {
    shard = await TestShard.open(plainRedis());
    proxy = await CutProxy.open(plainRedis().url);
    redis = await connectTo({ name: 'proxy', url: proxy.url });
    engine = engineOn(redis, shard.name, { limits: { timeoutMs: 500 } });
  });

  afterEach(async () => {
    expect(shardProblems(await shard.read())).toEqual([]);
    engine.close();
    redis.close();
    await proxy.close();
    await shard.close();
  });

  async function untilReady(): Promise<void> {
    await until('Redis is reached', () => redis.isReady);
  }

  const unknown = { outcome: 'refused', code: 'outcome_unknown', order: null };
  const unavailable = { outcome: 'refused', code: 'engine_unavailable', order: null };

  /** The same request again, as a client repeats it: a new order id, the same key. */
  const keyed = (): EngineCommand => placeCommand('buy', 100, 1, { key: 'k' });

  test('after the command was carried out: the outcome is unknown, and the key tells that it happened', async () => {
    proxy.loseReplies();
    expect(await engine.submit(keyed())).toEqual(unknown);
    await untilReady();
    const { log } = await shard.read();
    expect(log.length).toBe(1);
    expect(await engine.submit(keyed())).toMatchObject({ outcome: 'repeated', entry: log[0] });
  });

  test('before the command got there: the outcome is unknown, and the key tells that it did not happen', async () => {
    proxy.loseRequests();
    expect(await engine.submit(keyed())).toEqual(unknown);
    await untilReady();
    expect((await shard.read()).log).toEqual([]);
    expect(entryOf(await engine.submit(keyed())).sequence).toBe(1);
  });

  test('with many commands in flight: each is told as unknown, none is sent twice', async () => {
    await new Desk(engine).rest('sell', 100, 1);
    proxy.loseReplies();
    const results = await engine.submitAll(Array.from({ length: 120 }, () => placeCommand('buy', 90, 1)));
    expect(results).toEqual(results.map(() => unknown));
    await untilReady();
    await sleep(50);
    const { log } = await shard.read();
    expect(log.length).toBeLessThanOrEqual(121);
    expect(new Set(log.map((entry) => orderOf(entry).orderId)).size).toBe(log.length);
  });

  test('and stays away: commands are refused at once as not done, reads too; it comes back by itself', async () => {
    proxy.refuse(true);
    await until('Redis is missed', () => !redis.isReady);
    const started = Date.now();
    expect(await engine.submitAll([keyed(), keyed()])).toEqual([unavailable, unavailable]);
    await expect(engine.readBook('BTC-USD', 1)).rejects.toMatchObject({ code: 'engine_unavailable' });
    expect(Date.now() - started).toBeLessThan(200);
    proxy.refuse(false);
    await untilReady();
    expect(entryOf(await engine.submit(keyed())).sequence).toBe(1);
  });

  test('no more than being slow: the outcome is unknown after the timeout, and a late answer goes to nobody', async () => {
    proxy.holdReplies();
    const started = Date.now();
    expect(await engine.submit(keyed())).toEqual(unknown);
    expect(Date.now() - started).toBeGreaterThanOrEqual(495);
    proxy.release();
    const next = entryOf(await engine.submit(placeCommand('buy', 99, 1)));
    expect(next).toMatchObject({ sequence: 2, orders: [{ priceTicks: 99 }] });
  });

  test('or hangs again and again: a breaker refuses at once, and lets in again once there are answers', async () => {
    proxy.holdReplies();
    const first = await engine.submitAll([keyed()]);
    await Promise.all([engine.submit(keyed()), sleep(5).then(() => engine.submit(keyed())), sleep(10).then(() => engine.submit(keyed()))]);
    expect(first).toEqual([unknown]);
    const started = Date.now();
    expect(await engine.submit(keyed())).toEqual(unavailable);
    expect(Date.now() - started).toBeLessThan(200);
    proxy.release();
    let result = await engine.submit(keyed());
    await until('commands are let in again', async () => {
      if (result.outcome !== 'refused') return true;
      expect(result).toEqual(unavailable);
      result = await engine.submit(keyed());
      return false;
    });
    expect(result.outcome).toBe('repeated');
    expect((await shard.read()).log.length).toBe(1);
  });
});
