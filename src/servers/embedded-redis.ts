import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
const FILE_OWNER_ONLY = 0o600;
const PASSWORD_BYTES = 24;

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
  /** Asks for a password, which is made once and kept in `redis.password`: no other user of the machine can reach it. */
  readonly hasPassword?: boolean;
  /** Settings beyond, or instead of, our own. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** The password of the data directory, made at its first start. */
function passwordOf(dataDir: string): string {
  const file = join(dataDir, 'redis.password');
  try {
    writeFileSync(file, `${randomBytes(PASSWORD_BYTES).toString('base64url')}\n`, { mode: FILE_OWNER_ONLY, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(file, 'utf8').trim();
}

/** What Redis reads its password from: what stands on its command line every user of the machine can read. */
function writeConfig(directory: string, password: string): string {
  const file = join(directory, 'openfill.conf');
  rmSync(file, { force: true });
  writeFileSync(file, `requirepass ${password}\n`, { mode: FILE_OWNER_ONLY });
  return 'openfill.conf';
}

/** A server that is being started. */
interface Starting {
  readonly child: Child;
  readonly port: number;
  readonly isCluster: boolean;
  readonly password: string | null;
}

/** Sends one inline command and reads the first chunk of the answer: all that start-up needs of the protocol. */
async function ask({ port, password }: Starting, command: string): Promise<string> {
  if (password === null) return askOnce(port, command, '');
  const answer = await askOnce(port, command, `AUTH ${password}\r\n`);
  return answer.startsWith('+OK\r\n') ? answer.slice('+OK\r\n'.length) : answer;
}

/** @param ahead what is sent before it */
function askOnce(port: number, command: string, ahead: string): Promise<string> {
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
    socket.once('connect', () => socket.write(`${ahead}${command}\r\n`));
  });
}

/** Waits until it answers and has loaded its data; in cluster mode, until it serves every slot. */
async function waitUntilReady(starting: Starting, logFile: string, options: StartOptions): Promise<void> {
  const { child } = starting;
  const deadline = Date.now() + START_TIMEOUT_MS;
  let problem = 'no answer yet';
  const ready = async (): Promise<boolean> => {
    const answer = await ask(starting, 'PING');
    problem = answer.trim();
    if (!answer.startsWith('+PONG')) return false;
    if (!starting.isCluster) return true;
    const state = await ask(starting, 'CLUSTER INFO');
    problem = 'its slots';
    if (state.includes('cluster_state:ok')) return true;
    if (state.includes('cluster_slots_assigned:0')) await ask(starting, `CLUSTER ADDSLOTSRANGE 0 ${SLOT_LAST}`);
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
  const password = options.hasPassword === true ? passwordOf(options.dataDir) : null;

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
      args: [...password === null ? [] : [writeConfig(directory, password)], ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])],
      cwd: directory,
      env: serverEnvironment(),
      logFile,
      deathSignal: 'SIGTERM',
    });
    try {
      await waitUntilReady({ child, port, isCluster: cluster, password }, logFile, options);
    } catch (error) {
      await child.stop('SIGTERM', ABORT_TIMEOUT_MS);
      // Another process may have taken the port between our look and Redis' own.
      const portTaken = /Address already in use/.test((error as Error).message);
      if (portTaken && options.port === undefined && attempt < PORT_ATTEMPTS) continue;
      throw error;
    }
    return {
      url: `redis://${password === null ? '' : `:${password}@`}${HOST}:${port}`,
      port,
      pid: child.pid,
      process: child.process,
      exited: child.exited,
      stop: () => child.stop('SIGTERM', STOP_TIMEOUT_MS),
    };
  }
}
