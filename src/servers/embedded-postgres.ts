import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { canEnter, unprivilegedAccount, type Account } from './account';
import { describeExit, lastLines, startChild, type Child } from './child';
import { runAs, serverEnvironment } from './commands';
import type { EmbeddedServer } from './embedded-server';
import { findFreePort } from './ports';
import { postgresBinaries, postgresMajor, type PostgresBinaries } from './postgres-binaries';
import { endProcesses, findServers, identityOf } from './process-table';

const HOST = '127.0.0.1';
const USER = 'openfill';
const DATABASE = 'openfill';
const POLL_MS = 20;
const CONNECT_TIMEOUT_MS = 2_000;
const INITDB_TIMEOUT_MS = 5 * 60_000;
/** Reading back the write-ahead log after a crash: bounded by max_wal_size. */
const START_TIMEOUT_MS = 10 * 60_000;
const STOP_TIMEOUT_MS = 60_000;
const PORT_ATTEMPTS = 5;
const PASSWORD_BYTES = 24;

/** Durable, with room for the writer's batches; the rest is PostgreSQL's own default. */
const SETTINGS: Readonly<Record<string, string>> = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  shared_buffers: '256MB',
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
  max_connections: '100',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Clients come over loopback with a password: a socket file would only bring its length limit.
  unix_socket_directories: '',
  listen_addresses: HOST,
  cluster_name: 'openfill',
};

export interface EmbeddedPostgresOptions {
  /** Holds `postgres/` (the data), `postgres.password` and `logs/postgres.log`. */
  readonly dataDir: string;
  /** The same port again after a restart; by default a free one. */
  readonly port?: number;
  /** Settings beyond, or instead of, our own. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** What each step of a start needs to know. */
interface Place {
  readonly account: Account | null;
  readonly binaries: PostgresBinaries;
  readonly directory: string;
  readonly passwordFile: string;
  readonly logFile: string;
}

/**
 * How the account names its working directory. A directory below one that only root may enter (/root) has no usable
 * name for it, but a process may always work where it was started.
 */
function nameFor(account: Account | null, directory: string): string {
  return canEnter(account, directory) ? directory : '/proc/self/cwd';
}

/** Leaves a complete data directory or none: it is made aside and then renamed. */
async function initialise(place: Place): Promise<void> {
  const { account, directory, passwordFile } = place;
  const partial = `${directory}.initdb`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { mode: 0o700 });
  const secrets = mkdtempSync(join(tmpdir(), 'openfill-'));
  const secret = join(secrets, 'password');
  try {
    const password = randomBytes(PASSWORD_BYTES).toString('base64url');
    writeFileSync(secret, password, { mode: 0o600 });
    if (account) for (const path of [partial, secrets, secret]) chownSync(path, account.uid, account.gid);
    const result = await runAs(account, place.binaries.initdb, [
      '--pgdata', nameFor(account, partial), '--username', USER, '--pwfile', secret,
      '--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C', '--no-instructions',
    ], { cwd: partial, timeoutMs: INITDB_TIMEOUT_MS });
    if (!result.ok) throw new Error(`PostgreSQL's initdb failed:\n${result.output.split('\n').slice(-6).join('\n')}`);
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
    chmodSync(passwordFile, 0o600);
    renameSync(partial, directory);
  } finally {
    rmSync(secrets, { recursive: true, force: true });
    rmSync(partial, { recursive: true, force: true });
  }
}

function checkVersion(directory: string): void {
  const written = readFileSync(join(directory, 'PG_VERSION'), 'utf8').trim();
  const ours = String(postgresMajor());
  if (written !== ours) {
    throw new Error(`${directory} was written by PostgreSQL ${written} and this version brings ${ours}:\nmove the data with pg_dump and restore, or choose another DATA_DIR`);
  }
}

/** The server's own process and those of its sessions, some of which outlive it by a moment. */
export function postgresProcesses(dataDir: string): number[] {
  return findServers(join(dataDir, 'postgres'), ['postgres']).map(({ pid }) => pid);
}

/** The server first, then its sessions: alone it would only keep new ones away. */
export function signalPostgres(pid: number, dataDir: string, signal: NodeJS.Signals): void {
  process.kill(pid, signal);
  for (const session of postgresProcesses(dataDir)) {
    try {
      process.kill(session, signal);
    } catch (error) {
      // A session may end meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/**
 * Ends what an earlier life left running on the directory. PostgreSQL clears away a dead server's pid file itself, but
 * refuses to start when that number belongs to some other process by now.
 */
async function clearOrphans(directory: string): Promise<void> {
  await endProcesses(findServers(directory, ['postgres']), 'SIGINT', STOP_TIMEOUT_MS);
  const pidFile = join(directory, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
  if (identityOf(pid) !== null) rmSync(pidFile);
}

/** Connects once; creates our database when it is not there yet. */
async function prepareDatabase(url: (database: string) => string): Promise<void> {
  const client = new pg.Client({ connectionString: url('postgres'), connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function waitUntilReady(child: Child, url: (database: string) => string, logFile: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  let problem = '';
  while (Date.now() < deadline) {
    if (child.hasExited()) {
      throw new Error(`PostgreSQL ended while starting (${describeExit(await child.exited)}):\n${lastLines(logFile)}`);
    }
    try {
      await prepareDatabase(url);
      return;
    } catch (error) {
      problem = (error as Error).message;
      // 28P01: no waiting helps against a wrong password.
      if ((error as { code?: string }).code === '28P01') break;
    }
    await sleep(POLL_MS);
  }
  await child.stop('SIGINT', STOP_TIMEOUT_MS);
  throw new Error(`PostgreSQL does not let us in: ${problem}`);
}

async function startOnce(place: Place, port: number, settings: Readonly<Record<string, string>>): Promise<EmbeddedServer> {
  const { account, directory, logFile } = place;
  const password = readFileSync(place.passwordFile, 'utf8').trim();
  const url = (database: string): string => `postgres://${USER}:${password}@${HOST}:${port}/${database}`;
  const child = await startChild({
    command: place.binaries.postgres,
    args: ['-D', nameFor(account, directory), '-p', String(port), ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    cwd: directory,
    env: serverEnvironment(),
    logFile,
    account,
    deathSignal: 'SIGINT',
  });
  await waitUntilReady(child, url, logFile);
  return {
    url: url(DATABASE),
    port,
    pid: child.pid,
    process: child.process,
    exited: child.exited,
    // SIGINT is PostgreSQL's fast shutdown: it ends its clients' sessions and writes a checkpoint.
    stop: () => child.stop('SIGINT', STOP_TIMEOUT_MS),
  };
}

/**
 * Starts a PostgreSQL with its own data directory, makes that directory on the first start, and waits until the
 * database `openfill` can be used. As root it runs as another account, since PostgreSQL refuses root.
 * @throws Error that says in a few lines what is wrong, or what to install
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedServer> {
  const directory = join(options.dataDir, 'postgres');
  mkdirSync(options.dataDir, { recursive: true });
  const account = unprivilegedAccount(directory);
  const place: Place = {
    account,
    binaries: postgresBinaries(account),
    directory,
    passwordFile: join(options.dataDir, 'postgres.password'),
    logFile: join(options.dataDir, 'logs', 'postgres.log'),
  };
  if (!existsSync(directory)) await initialise(place);
  checkVersion(directory);
  await clearOrphans(directory);

  const settings = { ...SETTINGS, ...options.settings };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(place, options.port ?? await findFreePort(), settings);
    } catch (error) {
      // Another process may have taken the port between our look and PostgreSQL's own.
      const portTaken = /Address already in use/.test((error as Error).message);
      if (portTaken && options.port === undefined && attempt < PORT_ATTEMPTS) continue;
      throw error;
    }
  }
}
