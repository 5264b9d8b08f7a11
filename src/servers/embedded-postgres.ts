import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { canEnter, unprivilegedAccount, type Account } from './account';
import { describeExit, lastLines, startChild, type Child } from './child';
import { runAs } from './commands';
import type { EmbeddedServer } from './embedded-server';
import { forgetPostgresVariables, serverEnvironment } from './environment';
import { chownAll, makeDirectory } from './files';
import { findFreePort } from './ports';
import { postgresBinaries, postgresMajor, type PostgresBinaries } from './postgres-binaries';
import { endProcesses, findServers } from './process-table';
import { pause, reportOnStderr, telling, unlessAborted, type Report, type StartOptions } from './waiting';

const HOST = '127.0.0.1';
const USER = 'openfill';
const DATABASE = 'openfill';
const POLL_MS = 20;
const CONNECT_TIMEOUT_MS = 2_000;
/** A database is made in well under a second, on a slow disk in a few. */
const QUERY_TIMEOUT_MS = 60_000;
const CLOSE_TIMEOUT_MS = 1_000;
const INITDB_TIMEOUT_MS = 5 * 60_000;
/** Reading back the write-ahead log after a crash: bounded by max_wal_size. */
const START_TIMEOUT_MS = 10 * 60_000;
const STOP_TIMEOUT_MS = 60_000;
/** One that is not in use yet has nothing to bring to an end. */
const ABORT_TIMEOUT_MS = 3_000;
/** How long what an earlier life held may take to be let go. */
const HELD_TIMEOUT_MS = 10_000;
const HELD_POLL_MS = 250;
const PORT_ATTEMPTS = 5;
const PASSWORD_BYTES = 24;
const OWNER_ONLY_DIRECTORY = 0o700;
const OWNER_ONLY = 0o600;

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

export interface EmbeddedPostgresOptions extends StartOptions {
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
  readonly report: Report;
  readonly signal: AbortSignal | undefined;
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
  const { account, directory, passwordFile, report, signal } = place;
  const aside = `${directory}.initdb`;
  const [partial, secret] = [join(aside, 'data'), join(aside, 'password')];
  const password = randomBytes(PASSWORD_BYTES).toString('base64url');
  rmSync(aside, { recursive: true, force: true });
  try {
    for (const made of [aside, partial]) mkdirSync(made, { mode: OWNER_ONLY_DIRECTORY });
    writeFileSync(secret, password, { mode: OWNER_ONLY });
    if (account) chownAll(aside, account);
    const result = await telling(report, () => 'initdb to make the data directory of postgres', () => runAs(account, place.binaries.initdb, [
      // Named from where it works: what lies above may be closed to the account.
      '--pgdata', nameFor(account, partial), '--pwfile', join('..', 'password'), '--username', USER,
      '--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C', '--no-instructions',
    ], { cwd: partial, timeoutMs: INITDB_TIMEOUT_MS, ...(signal ? { signal } : {}) }));
    signal?.throwIfAborted();
    if (!result.ok) throw new Error(`PostgreSQL's initdb failed:\n${result.output.split('\n').slice(-6).join('\n')}`);
    writeFileSync(passwordFile, `${password}\n`, { mode: OWNER_ONLY });
    chmodSync(passwordFile, OWNER_ONLY);
    renameSync(partial, directory);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** A directory that was copied may be root's, or open to others: PostgreSQL takes neither. */
function makeOurs({ account, directory, report }: Place): void {
  const { uid, mode } = statSync(directory);
  if (account && uid !== account.uid) {
    report(`${directory} belongs to account ${uid}: giving it to account ${account.uid}, which postgres runs as`);
    chownAll(directory, account);
  }
  // The group may read, at most.
  if ((mode & 0o027) !== 0 || (mode & OWNER_ONLY_DIRECTORY) !== OWNER_ONLY_DIRECTORY) chmodSync(directory, OWNER_ONLY_DIRECTORY);
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
  const directory = join(dataDir, 'postgres');
  return findServers(directory, ['postgres'], unprivilegedAccount(directory)).map(({ pid }) => pid);
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
 * Ends what an earlier life left running on the directory, and takes its pid file away: PostgreSQL believes in that for
 * as long as anything has the number, though it be another program, or a dead one whose parent does not ask for its end.
 */
async function clearOrphans({ account, directory, report, signal }: Place): Promise<void> {
  const pidFile = join(directory, 'postmaster.pid');
  const left = findServers(directory, ['postgres'], account);
  const server = existsSync(pidFile) ? Number.parseInt(readFileSync(pidFile, 'utf8'), 10) : Number.NaN;
  // Sessions without their server have nothing to write, and SIGINT would only end a statement of theirs.
  const name = left.some(({ pid }) => pid === server) ? 'SIGINT' : 'SIGQUIT';
  await endProcesses(left, name, name === 'SIGINT' ? STOP_TIMEOUT_MS : ABORT_TIMEOUT_MS, 'the postgres', { report, ...(signal ? { signal } : {}) });
  rmSync(pidFile, { force: true });
}

/** How a client reaches it: all that could be taken from elsewhere is said. */
interface Access {
  readonly port: number;
  readonly password: string;
}

/** Connects once; creates our database when it is not there yet. */
async function prepareDatabase({ port, password }: Access): Promise<void> {
  const client = new pg.Client({
    host: HOST, port, user: USER, password, database: 'postgres', ssl: false, application_name: 'openfill', client_encoding: 'UTF8',
    options: '-c default_transaction_read_only=off', connectionTimeoutMillis: CONNECT_TIMEOUT_MS, query_timeout: QUERY_TIMEOUT_MS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await Promise.race([client.end().catch(() => undefined), sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
  }
}

/** What a server that comes up answers until it is there. Nothing else gets better by waiting. */
const COMING_UP = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', '57P01', '57P02', '57P03']);

function isComingUp(error: Error & { code?: string }): boolean {
  return error.code === undefined ? /timeout|terminated/i.test(error.message) : COMING_UP.has(error.code);
}

async function waitUntilReady(child: Child, access: Access, { logFile, report, signal }: Place): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  let problem = 'no answer yet';
  await telling(report, () => `postgres to be ready: ${problem}`, async () => {
    while (Date.now() < deadline) {
      if (child.hasExited()) {
        throw new Error(`PostgreSQL ended while starting (${describeExit(await child.exited)}):\n${lastLines(logFile)}`);
      }
      try {
        await unlessAborted(prepareDatabase(access), signal);
        return;
      } catch (error) {
        signal?.throwIfAborted();
        problem = (error as Error).message;
        if (!isComingUp(error as Error)) throw new Error(`PostgreSQL does not let us in: ${problem}`, { cause: error });
      }
      await pause(POLL_MS, signal);
    }
    throw new Error(`PostgreSQL was not ready within ${START_TIMEOUT_MS / 1000} s: ${problem}`);
  });
}

async function startOnce(place: Place, port: number, settings: Readonly<Record<string, string>>): Promise<EmbeddedServer> {
  const { account, directory, logFile } = place;
  const password = readFileSync(place.passwordFile, 'utf8').trim();
  const child = await startChild({
    command: place.binaries.postgres,
    args: ['-D', nameFor(account, directory), '-p', String(port), ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    cwd: directory,
    env: serverEnvironment(),
    logFile,
    account,
    deathSignal: 'SIGINT',
  });
  try {
    await waitUntilReady(child, { port, password }, place);
  } catch (error) {
    await child.stop('SIGINT', ABORT_TIMEOUT_MS);
    throw error;
  }
  return {
    url: `postgres://${USER}:${password}@${HOST}:${port}/${DATABASE}`,
    port,
    pid: child.pid,
    process: child.process,
    exited: child.exited,
    // SIGINT is PostgreSQL's fast shutdown: it ends its clients' sessions and writes a checkpoint.
    stop: () => child.stop('SIGINT', STOP_TIMEOUT_MS),
  };
}

/** PostgreSQL's words for what a process that is just ending still holds. */
const STILL_HELD = /pre-existing shared memory block .* is still in use|lock file ".*" already exists/;

/**
 * Starts a PostgreSQL with its own data directory, makes that directory on the first start, and waits until the
 * database `openfill` can be used. As root it runs as another account, since PostgreSQL refuses root. From then on
 * this process knows no variables of PostgreSQL's clients: they are other programs'.
 * @throws Error that says in a few lines what is wrong, or what to install; the signal's reason when it is aborted
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedServer> {
  forgetPostgresVariables();
  const directory = join(options.dataDir, 'postgres');
  const { report = reportOnStderr, signal } = options;
  makeDirectory(options.dataDir);
  const account = unprivilegedAccount(directory);
  const place: Place = {
    account,
    binaries: postgresBinaries(account, { dataDir: options.dataDir, report }),
    directory,
    passwordFile: join(options.dataDir, 'postgres.password'),
    logFile: join(options.dataDir, 'logs', 'postgres.log'),
    report,
    signal,
  };
  if (!existsSync(directory)) await initialise(place);
  checkVersion(directory);
  makeOurs(place);
  await clearOrphans(place);

  const settings = { ...SETTINGS, ...options.settings };
  const heldUntil = Date.now() + HELD_TIMEOUT_MS;
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    try {
      return await startOnce(place, options.port ?? await findFreePort(), settings);
    } catch (error) {
      const { message } = error as Error;
      if (STILL_HELD.test(message) && Date.now() < heldUntil) {
        report(`what an earlier run held is not let go yet, trying again: ${STILL_HELD.exec(message)?.[0] ?? ''}`);
        await pause(HELD_POLL_MS, signal);
        await clearOrphans(place);
        continue;
      }
      // Another process may have taken the port between our look and PostgreSQL's own.
      const portTaken = /Address already in use/.test(message);
      if (portTaken && options.port === undefined && attempt < PORT_ATTEMPTS) continue;
      throw error;
    }
  }
}
