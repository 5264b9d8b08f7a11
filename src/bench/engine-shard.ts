import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { inBatches, windowed } from './batching';
import type { CommandResult, EngineCommand } from '../domain/commands';
import type { Funds } from '../domain/money';
import { Engine } from '../engine/engine';
import { buildLibrary } from '../engine/library';
import { RedisConnection } from '../engine/redis-connection';
import { startEmbeddedRedis } from '../servers/embedded-redis';
import { FUNDS_UNSET, type Bench } from './result';

const EPOCH = 'bench';
const TIMEOUT_MS = 60_000;
const quiet = pino({ level: 'silent' });

/** Limits out of the way, but for the size of a call, which is the service's own. */
export const BENCH_LIMITS = {
  fillsPerOrderMax: 10_000, triggersPerCommandMax: 100, openOrdersPerClientMax: 100_000_000, icebergPartsMax: 10_000, backlogMax: 100_000_000, idempotencyTtlS: 86_400, duePage: 1_000,
  auctionPage: 500,
  commandsPerCallMax: 50, commandsInFlightMax: 10_000_000, timeoutMs: TIMEOUT_MS,
};

/** What Redis charged to each of its commands since the last reset. */
export type CommandStats = ReadonlyMap<string, { readonly calls: number; readonly us: number }>;

export function parseCommandStats(info: string): CommandStats {
  return new Map([...info.matchAll(/^cmdstat_([a-z|_]+):calls=(\d+),usec=(\d+)/gm)].map(([, name, calls, us]) =>
    [name as string, { calls: Number(calls), us: Number(us) }]));
}

/** The engine on a Redis of its own, with nothing around it. */
export class EngineShard {
  private constructor(readonly redis: RedisConnection, readonly redisPid: number, private readonly stopRedis: () => Promise<void>) {}

  /** @param settings of Redis, beyond its durable ones */
  static async start(bench: Bench, settings: Readonly<Record<string, string>> = {}): Promise<EngineShard> {
    const server = await startEmbeddedRedis({ dataDir: mkdtempSync(join(bench.directory, 'redis-')), settings });
    const redis = new RedisConnection(server.url, 'bench', quiet);
    await redis.connect();
    return new EngineShard(redis, server.pid, () => server.stop());
  }

  send(...command: string[]): Promise<unknown> {
    return this.redis.send(command, TIMEOUT_MS);
  }

  /** A shard of that name, open and empty. */
  async engine(shard: string, funds: Funds = FUNDS_UNSET): Promise<Engine> {
    const engine = new Engine(this.redis, buildLibrary(), shard, BENCH_LIMITS, quiet);
    await engine.load();
    await engine.initialise(EPOCH, funds);
    engine.bind(EPOCH, 0);
    return engine;
  }

  /** Lets Redis go of what is done, as the writer does once Postgres has it. */
  async persisted(engine: Engine, doneOrderIds: Iterable<string> = []): Promise<void> {
    const { sequence } = await engine.position();
    await engine.trim(EPOCH, sequence, { entries: 10_000, trades: 1_000 }, new Map(), doneOrderIds);
  }

  async resetStats(): Promise<void> {
    await this.send('CONFIG', 'RESETSTAT');
  }

  async stats(): Promise<CommandStats> {
    return parseCommandStats((await this.send('INFO', 'commandstats')) as string);
  }

  async stop(): Promise<void> {
    this.redis.close();
    await this.stopRedis();
  }
}

/** Submits commands in calls of 50, `window` of them under way. @throws Error when one is refused, unless some may be */
export async function submitAll(engine: Engine, commands: readonly EngineCommand[], window = 8, mayRefuse = false): Promise<CommandResult[]> {
  const results = (await windowed(inBatches(commands, BENCH_LIMITS.commandsPerCallMax), window, (batch) => engine.submitAll(batch))).flat();
  const refused = mayRefuse ? undefined : results.find((result) => result.outcome === 'refused');
  if (refused !== undefined) throw new Error(`the engine refused a command: ${JSON.stringify(refused)}`);
  return results;
}
