import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import type { Logger } from 'pino';
import { ConfigError, readConfig, type Config } from '../config';
import { LaterVersionError } from '../domain/later-version';
import { UnavailableError } from '../domain/unavailable';
import { refuseLaterShard } from '../engine/later-shard';
import { createLogger } from '../logger';
import { DatabaseUnfitError } from '../persistence/database';
import { refuseLaterRecord } from '../persistence/later-record';
import { requireSchema } from '../persistence/migrate';
import { requireSessions } from '../persistence/pooling';
import { DataDirInUseError, lockDataDir } from '../servers/data-dir-lock';
import { startEmbeddedPostgres } from '../servers/embedded-postgres';
import { startEmbeddedRedis } from '../servers/embedded-redis';
import { forgetPostgresVariables } from '../servers/environment';
import { readRuntime } from '../servers/runtime';
import { connectionOf, type ShardConnection } from '../shard/connection';

/** What an operator's command works with: the servers of a venue, running or stopped. */
export interface Operations extends Pick<ShardConnection, 'redis' | 'engine' | 'database' | 'history' | 'statements' | 'people' | 'close'> {
  readonly config: Config;
  readonly logger: Logger;
}

/** Connections of an operator's command to Postgres beside its sessions. */
const DATABASE_CONNECTIONS = 2;

/** Whether a setting is told, and not left to its default: an empty one is not. */
export const isTold = (name: string): boolean => (process.env[name] ?? '') !== '';

/** Ends a command with exit code 1 and this line. */
export class OperatorError extends Error {}

const CONNECT_TIMEOUT_MS = 5_000;
const RECORD_POLL_MS = 200;

/**
 * Waits until Postgres has the log up to a sequence.
 * @param epoch the life of the shard that it is of, null for whichever
 * @throws OperatorError when it does not come to that in time, or the record is of another life
 */
export async function untilRecorded(history: Operations['history'], sequence: number, epoch: string | null, waitMs: number): Promise<void> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const checkpoint = await history.checkpoint();
    if (epoch !== null && checkpoint !== null && checkpoint.epoch !== epoch) {
      throw new OperatorError(`redis lives in epoch ${epoch}, postgres in ${checkpoint.epoch}: try again when the venue is up`);
    }
    const recorded = checkpoint?.sequence ?? 0;
    if (recorded >= sequence) return;
    if (Date.now() > deadline) throw new OperatorError(`${sequence - recorded} log entries are not in postgres yet: start a writer (npm run up) and try again`);
    await sleep(RECORD_POLL_MS);
  }
}

/** Settings that name the servers of a venue, and what was started for that. */
interface Found {
  readonly environment: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

const nothingToStop = (): Promise<void> => Promise.resolve();

/**
 * Servers named by the environment, else those that `npm run up` runs on the data directory, else those of a stopped
 * venue: they are started for as long as the command takes, and its service is not.
 */
async function findVenue(): Promise<Found> {
  const { REDIS_URL: redisUrl, DATABASE_URL: databaseUrl } = process.env;
  if (redisUrl && databaseUrl) return { environment: process.env, stop: nothingToStop };
  const dataDir = resolve(process.env.DATA_DIR || './data');
  // The variables of PostgreSQL's clients belong to a DATABASE_URL that somebody gives, never to a server of ours.
  if (!databaseUrl) forgetPostgresVariables();
  const missing = [...(redisUrl ? [] : ['redis']), ...(databaseUrl ? [] : ['postgres'])];
  if (!missing.some((name) => existsSync(join(dataDir, name)))) {
    throw new OperatorError(`no venue found: there is no data in ${dataDir}; set DATA_DIR to that of "npm run up", or REDIS_URL and DATABASE_URL`);
  }
  const lock = takeUnlessRunning(dataDir);
  if (lock === null) {
    const runtime = readRuntime(dataDir);
    if (runtime === null) throw new OperatorError(`the venue in ${dataDir} is starting or stopping: try again in a moment`);
    return {
      environment: { ...process.env, REDIS_URL: redisUrl || runtime.redisUrl, DATABASE_URL: databaseUrl || runtime.databaseUrl },
      stop: nothingToStop,
    };
  }
  const started: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    for (const server of started.reverse()) await server.stop();
    lock.release();
  };
  const start = async <T extends { readonly url: string; stop(): Promise<void> }>(starting: Promise<T>): Promise<string> => {
    const server = await starting;
    started.push(server);
    return server.url;
  };
  try {
    process.stderr.write(`the venue in ${dataDir} is stopped: starting its servers for this command\n`);
    const environment = {
      ...process.env,
      REDIS_URL: redisUrl || await start(startEmbeddedRedis({ dataDir, hasPassword: true })),
      DATABASE_URL: databaseUrl || await start(startEmbeddedPostgres({ dataDir })),
    };
    return { environment, stop };
  } catch (error) {
    await stop();
    throw new OperatorError((error as Error).message, { cause: error });
  }
}

/** @returns null while `npm run up` runs on the data directory */
function takeUnlessRunning(dataDir: string): ReturnType<typeof lockDataDir> | null {
  try {
    return lockDataDir(dataDir);
  } catch (error) {
    if (error instanceof DataDirInUseError) return null;
    throw new OperatorError(`${dataDir} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

async function connect(config: Config): Promise<Operations> {
  const logger = createLogger(config.logLevel);
  const connection = connectionOf(config, 'operator', DATABASE_CONNECTIONS, logger);
  const { redis } = connection;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new OperatorError(`redis cannot be reached at ${new URL(config.redisUrl).host}`)), CONNECT_TIMEOUT_MS);
  });
  try {
    await Promise.race([redis.connect(), timeout]);
  } catch (error) {
    // It would go on trying, and the command would never end.
    await connection.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  return { ...connection, config, logger };
}

/** Runs an operator's command: settings, connections, one clear line for what goes wrong. @param work gives the exit code */
export async function operate(work: (operations: Operations) => Promise<number>): Promise<void> {
  let operations: Operations | null = null;
  let venue: Found | null = null;
  try {
    venue = await findVenue();
    operations = await connect(readConfig(venue.environment));
    // Without a session there is no lock. A command of another version would misread the data, or worse, write to it.
    await requireSessions(operations.database);
    await requireSchema(operations.database);
    const { redis, database, config } = operations;
    await refuseLaterRecord(database, config.shard);
    await refuseLaterShard(redis, config.shard, config.instruments.map(({ instrument }) => instrument), config.engineTimeoutMs);
    process.exitCode = await work(operations);
  } catch (error) {
    const isExpected = error instanceof OperatorError || error instanceof ConfigError || error instanceof UnavailableError || error instanceof DatabaseUnfitError
      || error instanceof LaterVersionError;
    process.stderr.write(`openfill: ${isExpected ? error.message : String((error as Error).stack)}\n`);
    process.exitCode = 1;
  } finally {
    await operations?.close();
    await venue?.stop();
  }
}

/** A command without arguments of its own. */
export function simpleCommand(name: string, description: string, work: (operations: Operations) => Promise<number>): void {
  void new Command(name).description(description).action(() => operate(work)).parseAsync();
}
