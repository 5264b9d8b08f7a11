import { mkdirSync } from 'node:fs';
import { createConnection } from 'node:net';
import { basename, join } from 'node:path';
import { describeExit, lastLines, startChild, type Child } from './child';
import { serverEnvironment } from './environment';
import type { EmbeddedServer } from './embedded-server';
import { findFreePort } from './ports';
import { endProcesses, findServers } from './process-table';
import { redisServerProgram } from './redis-binary';
import { makeDirectory } from './files';
import { pause, reportOnStderr, telling, unlessAborted, type StartOptions } from './waiting';

const HOST = '127.0.0.1';
const POLL_MS = 20;
const ANSWER_TIMEOUT_MS = 1_000;
/** Reading the append-only file back takes about a second for each few hundred megabytes. */
const START_TIMEOUT_MS = 10 * 60_000;
const STOP_TIMEOUT_MS = 30_000;
/** One that is not in use yet has nothing to bring to an end. */
const ABORT_TIMEOUT_MS = 3_000;
const PORT_ATTEMPTS = 5;
const SLOT_LAST = 16_383;
const OWNER_ONLY = 0o700;

/** Settings that "acknowledged" stands on, and how the file behind it is kept short. */
export const REDIS_SETTINGS = {
  // Each answer waits for the disk, and memory that runs out refuses instead of evicting.
  appendonly: 'yes',
  appendfsync: 'always',
  'no-appendfsync-on-rewrite': 'no',
  'maxmemory-policy': 'noeviction',
  save: '',
  // The append-only file is written anew by a process beside Redis that takes a core for as long as it lasts: seldom, and
  // without compressing what the next one replaces. A file of this size is read back in two to three seconds.
  'auto-aof-rewrite-min-size': '256mb',
  rdbcompression: 'no',
  // A packed hash is searched from its beginning: the totals of a book's levels are looked up with every order.
  'hash-max-listpack-entries': '16',
} as const;

export interface EmbeddedRedisOptions extends StartOptions {
  /** Holds `redis/` (the data) and `logs/redis.log`. */
  readonly dataDir: string;
  /** The same port again after a restart; by default a free one. */
  readonly port?: number;
  /** A cluster of this one node that owns all slots: it refuses what a bigger cluster would refuse. */
  readonly cluster?: boolean;
  /** Settings beyond, or instead of, our own. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Sends one inline command and reads the first chunk of the answer: all that start-up needs of the protocol. */
function ask(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: HOST });
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => fail(new Error(`redis did not answer ${command}`)));
    socket.once('error', fail);
    socket.once('close', () => reject(new Error('redis closed the connection')));
    socket.once('data', (data) => {
      resolve(data.toString('utf8'));
      socket.destroy();
    });
    socket.once('connect', () => socket.write(`${command}\r\n`));
  });
}

/** Waits until it answers and has loaded its data; in cluster mode, until it serves every slot. */
async function waitUntilReady(child: Child, port: number, cluster: boolean, logFile: string, options: StartOptions): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  let problem = 'no answer yet';
  const ready = async (): Promise<boolean> => {
    const answer = await ask(port, 'PING');
    problem = answer.trim();
    if (!answer.startsWith('+PONG')) return false;
    if (!cluster) return true;
    const state = await ask(port, 'CLUSTER INFO');
    problem = 'its slots';
    if (state.includes('cluster_state:ok')) return true;
    if (state.includes('cluster_slots_assigned:0')) await ask(port, `CLUSTER ADDSLOTSRANGE 0 ${SLOT_LAST}`);
    return false;
  };
  await telling(options.report ?? reportOnStderr, () => `redis to be ready: ${problem}`, async () => {
    while (Date.now() < deadline) {
      if (child.hasExited()) {
        throw new Error(`redis ended while starting (${describeExit(await child.exited)}):\n${lastLines(logFile)}`);
      }
      const isReady = await unlessAborted(ready().catch((error: unknown) => {
        problem = (error as Error).message;
        return false;
      }), options.signal);
      if (isReady) return;
      await pause(POLL_MS, options.signal);
    }
    throw new Error(`redis was not ready within ${START_TIMEOUT_MS / 1000} s:\n${lastLines(logFile)}`);
  });
}

/**
 * Starts a durable Redis on its data directory and waits until it has read its data back. One that an earlier life
 * left running on the same directory is stopped first: two would write over each other.
 * @throws Error that says in a few lines what is wrong, or what to install; the signal's reason when it is aborted
 */
export async function startEmbeddedRedis(options: EmbeddedRedisOptions): Promise<EmbeddedServer> {
  const directory = join(options.dataDir, 'redis');
  const logFile = join(options.dataDir, 'logs', 'redis.log');
  const cluster = options.cluster ?? false;
  makeDirectory(options.dataDir);
  mkdirSync(directory, { recursive: true, mode: OWNER_ONLY });
  const program = await redisServerProgram(join(options.dataDir, 'tools'), options);
  const orphans = findServers(directory, ['redis-server', 'valkey-server', 'redis-check-rdb', basename(program)]);
  await endProcesses(orphans, 'SIGTERM', STOP_TIMEOUT_MS, 'the redis', options);

  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? await findFreePort();
    const settings: Record<string, string> = {
      bind: HOST,
      port: String(port),
      dir: '.',
      daemonize: 'no',
      logfile: '',
      ...REDIS_SETTINGS,
      ...(cluster ? { 'cluster-enabled': 'yes', 'cluster-config-file': 'nodes.conf', 'cluster-port': String(await findFreePort()) } : {}),
      ...options.settings,
    };
    const child = await startChild({
      command: program,
      args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
      cwd: directory,
      env: serverEnvironment(),
      logFile,
      deathSignal: 'SIGTERM',
    });
    try {
      await waitUntilReady(child, port, cluster, logFile, options);
    } catch (error) {
      await child.stop('SIGTERM', ABORT_TIMEOUT_MS);
      // Another process may have taken the port between our look and Redis' own.
      const portTaken = /Address already in use/.test((error as Error).message);
      if (portTaken && options.port === undefined && attempt < PORT_ATTEMPTS) continue;
      throw error;
    }
    return {
      url: `redis://${HOST}:${port}`,
      port,
      pid: child.pid,
      process: child.process,
      exited: child.exited,
      stop: () => child.stop('SIGTERM', STOP_TIMEOUT_MS),
    };
  }
}
