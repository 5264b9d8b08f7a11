import { Command } from 'commander';
import type { Logger } from 'pino';
import { ConfigError, readConfig, type Config } from '../config';
import { UnavailableError } from '../domain/unavailable';
import { Engine } from '../engine/engine';
import { buildLibrary } from '../engine/library';
import { RedisConnection } from '../engine/redis-connection';
import { createLogger } from '../logger';
import { Database } from '../persistence/database';
import { readRuntime } from '../servers/runtime';

/** What an operator's command works with: the servers of a venue, running or stopped. */
export interface Operations {
  readonly config: Config;
  readonly logger: Logger;
  readonly redis: RedisConnection;
  readonly engine: Engine;
  readonly database: Database;
}

/** Ends a command with exit code 1 and this line. */
export class OperatorError extends Error {}

const CONNECT_TIMEOUT_MS = 5_000;

/** Servers named by the environment, else those that `npm run up` runs on the data directory. */
function environmentOfVenue(): NodeJS.ProcessEnv {
  if (process.env.REDIS_URL && process.env.DATABASE_URL) return process.env;
  const runtime = readRuntime(process.env.DATA_DIR || './data');
  if (runtime === null) {
    throw new OperatorError('no venue found: set REDIS_URL and DATABASE_URL, or DATA_DIR to that of a running "npm run up"');
  }
  return { ...process.env, REDIS_URL: process.env.REDIS_URL || runtime.redisUrl, DATABASE_URL: process.env.DATABASE_URL || runtime.databaseUrl };
}

async function connect(config: Config): Promise<Operations> {
  const logger = createLogger(config.logLevel);
  const redis = new RedisConnection(config.redisUrl, 'operator', logger);
  const timeout = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new OperatorError(`redis cannot be reached at ${new URL(config.redisUrl).host}`)), CONNECT_TIMEOUT_MS).unref();
  });
  await Promise.race([redis.connect(), timeout]);
  const engine = new Engine(redis, buildLibrary(), config.shard, {
    fillsPerOrderMax: config.fillsPerOrderMax,
    openOrdersPerClientMax: config.openOrdersPerClientMax,
    backlogMax: config.backlogMax,
    idempotencyTtlS: config.idempotencyTtlS,
    commandsPerCallMax: config.engineCallCommandsMax,
    commandsInFlightMax: config.engineInFlightMax,
    timeoutMs: config.engineTimeoutMs,
  }, logger);
  const database = new Database(config.databaseUrl, config.databaseTimeoutMs, 2, logger);
  return { config, logger, redis, engine, database };
}

/** Runs an operator's command: settings, connections, one clear line for what goes wrong. @param work gives the exit code */
export async function operate(work: (operations: Operations) => Promise<number>): Promise<void> {
  let operations: Operations | null = null;
  try {
    operations = await connect(readConfig(environmentOfVenue()));
    process.exitCode = await work(operations);
  } catch (error) {
    const isExpected = error instanceof OperatorError || error instanceof ConfigError || error instanceof UnavailableError;
    process.stderr.write(`openfill: ${isExpected ? (error).message : String((error as Error).stack)}\n`);
    process.exitCode = 1;
  } finally {
    operations?.engine.close();
    operations?.redis.close();
    await operations?.database.close();
  }
}

/** A command without arguments of its own. */
export function simpleCommand(name: string, description: string, work: (operations: Operations) => Promise<number>): void {
  void new Command(name).description(description).action(() => operate(work)).parseAsync();
}
