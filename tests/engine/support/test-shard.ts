import { randomBytes } from 'node:crypto';
import pino from 'pino';
import type { MoneyScale } from '../../../src/domain/assets';
import type { Funds } from '../../../src/domain/money';
import { Engine, type EngineLimits } from '../../../src/engine/engine';
import { buildLibrary, type FunctionLibrary } from '../../../src/engine/library';
import { RedisConnection } from '../../../src/engine/redis-connection';
import { readShard, type LiveShard } from './read-shard';
import type { RedisTarget } from './redis-targets';

export const TEST_LIMITS: EngineLimits = {
  fillsPerOrderMax: 10_000,
  triggersPerCommandMax: 100,
  openOrdersPerClientMax: 100_000,
  icebergPartsMax: 100,
  backlogMax: 1_000_000_000,
  idempotencyTtlS: 86_400,
  duePage: 1_000,
  auctionPage: 1_000,
  commandsPerCallMax: 50,
  commandsInFlightMax: 1_000_000,
  timeoutMs: 20_000,
};

export const EPOCH = 'test-epoch';

/** Engines log what they refuse and survive; here only what is unexpected should be read. */
export const quiet = pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' });

export interface ShardOptions {
  readonly limits?: Partial<EngineLimits>;
  readonly library?: FunctionLibrary;
  /** false leaves the shard's keys out: an empty Redis. */
  readonly initialise?: boolean;
  /** How money is kept, and what instruments are worth; off by default. */
  readonly money?: { readonly funds: Funds; readonly scales: ReadonlyMap<string, MoneyScale> };
}

/** A shard of its own for one test, on a shared server: nothing else uses its keys. */
export class TestShard {
  private readonly connections: RedisConnection[] = [];
  private readonly engines: Engine[] = [];

  private constructor(
    readonly name: string,
    readonly redis: RedisConnection,
    readonly engine: Engine,
    private readonly target: RedisTarget,
    private readonly options: ShardOptions,
  ) {
    this.connections.push(redis);
    this.engines.push(engine);
  }

  static async open(target: RedisTarget, options: ShardOptions = {}): Promise<TestShard> {
    const name = `test-${randomBytes(6).toString('hex')}`;
    const redis = await connectTo(target);
    const shard = new TestShard(name, redis, engineOn(redis, name, options), target, options);
    if (options.initialise !== false) await shard.engine.initialise(EPOCH, options.money?.funds);
    if (options.money !== undefined) await shard.engine.register(options.money.scales);
    return shard;
  }

  /** Another engine on the same shard, over a connection of its own, as another process would have. */
  async anotherEngine(options: ShardOptions = this.options): Promise<Engine> {
    const redis = await connectTo(this.target);
    this.connections.push(redis);
    const engine = engineOn(redis, this.name, options);
    this.engines.push(engine);
    return engine;
  }

  /** The shard as Redis holds it. */
  read(): Promise<LiveShard> {
    return readShard(this.redis, this.name);
  }

  async send(...command: string[]): Promise<unknown> {
    return this.redis.send(command, 5000);
  }

  /** Removes the shard's keys and closes every connection. */
  async close(): Promise<void> {
    await dropShard(this.redis, this.name);
    for (const engine of this.engines) engine.close();
    for (const connection of this.connections) connection.close();
  }
}

export async function connectTo(target: RedisTarget): Promise<RedisConnection> {
  const redis = new RedisConnection(target.url, 'test', quiet);
  await redis.connect();
  return redis;
}

let standardLibrary: FunctionLibrary | undefined;

/** An engine whose limits are those of the tests, but for what `options` names. */
export function engineOn(redis: RedisConnection, name: string, options: ShardOptions = {}): Engine {
  standardLibrary ??= buildLibrary();
  return new Engine(redis, options.library ?? standardLibrary, name, { ...TEST_LIMITS, ...options.limits }, quiet);
}

export async function dropShard(redis: RedisConnection, name: string): Promise<void> {
  const keys = (await redis.send(['KEYS', `{${name}}:*`], 5000)) as string[];
  if (keys.length > 0) await redis.send(['DEL', ...keys], 5000);
}
