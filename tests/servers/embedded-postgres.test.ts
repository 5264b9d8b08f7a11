import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../src/servers/embedded-postgres';
import { hydrateLinks, postgresMajor } from '../../src/servers/postgres-binaries';
import { findServers } from '../../src/servers/process-table';
import { until } from '../support/until';
import { PrivateServer, temporaryDirectory } from '../support/servers';
import { makeZombie } from './support/zombie';

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

const isRoot = process.getuid?.() === 0;

describe('an embedded Postgres', () => {
  let server: PrivateServer;
  beforeAll(async () => { server = await PrivateServer.postgres(); });
  afterAll(() => server.remove());

  it.each([
    ['fsync', 'on'], ['synchronous_commit', 'on'], ['full_page_writes', 'on'], ['server_encoding', 'UTF8'],
    ['listen_addresses', '127.0.0.1'], ['TimeZone', 'UTC'], ['data_checksums', 'on'],
  ])('runs with %s %s', async (name, value) => {
    expect(await query(server.url, `SELECT current_setting('${name}') AS value`)).toEqual([{ value }]);
  });

  it('has a database openfill behind a password that only its owner can read', async () => {
    const url = new URL(server.url);
    expect(url.pathname).toBe('/openfill');
    const file = join(server.dataDir, 'postgres.password');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8').trim()).toBe(url.password);
    url.password = 'wrong';
    await expect(query(url.toString(), 'SELECT 1')).rejects.toThrow(/password authentication failed/);
  });

  it('has its data again on the same port, after a stop as after a kill', async () => {
    const { url } = server;
    await query(url, 'CREATE TABLE kept AS SELECT 1 AS n');
    await server.stop();
    await server.restart();
    expect(server.url).toBe(url);
    await query(url, 'INSERT INTO kept VALUES (2)');
    await server.kill();
    await server.restart();
    expect(await query(url, 'SELECT n FROM kept ORDER BY n')).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('starts although its old process id belongs to another program by now', async () => {
    await server.kill();
    const pidFile = join(server.dataDir, 'postgres', 'postmaster.pid');
    const lines = readFileSync(pidFile, 'utf8').split('\n');
    writeFileSync(pidFile, [String(process.pid), ...lines.slice(1)].join('\n'));
    await server.restart();
    expect(await query(server.url, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 2 }]);
  });

  it('starts although what has its old process id is dead, and nobody asks for its end', async () => {
    const zombie = await makeZombie();
    try {
      await server.kill();
      const pidFile = join(server.dataDir, 'postgres', 'postmaster.pid');
      const lines = readFileSync(pidFile, 'utf8').split('\n');
      writeFileSync(pidFile, [String(zombie.pid), ...lines.slice(1)].join('\n'));
      await server.restart();
      expect(await query(server.url, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 2 }]);
    } finally {
      await zombie.remove();
    }
  });

  it('ends the sessions of a server that was killed before it starts: they hold its memory', async () => {
    const client = new pg.Client({ connectionString: server.url });
    client.on('error', () => undefined);
    await client.connect();
    // It sees nothing, not even the end of its server.
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const session = rows[0]?.pid ?? 0;
    process.kill(session, 'SIGSTOP');
    await server.kill();
    await server.restart();
    expect(await query(server.url, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 2 }]);
    expect(findServers(join(server.dataDir, 'postgres'), ['postgres']).map(({ pid }) => pid)).not.toContain(session);
    await client.end();
  });

  it('stops one that an earlier life left running on its directory, before it starts', async () => {
    const orphan = server.pid;
    await server.restart();
    expect(server.pid).not.toBe(orphan);
    expect(await query(server.url, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 2 }]);
  });

  (isRoot ? it : it.skip)('takes a directory that was copied: root\'s, and open to others', async () => {
    await server.stop();
    const directory = join(server.dataDir, 'postgres');
    for (const path of [directory, join(directory, 'PG_VERSION'), join(directory, 'base')]) chownSync(path, 0, 0);
    chmodSync(directory, 0o755);
    await server.restart();
    expect(await query(server.url, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 2 }]);
  });

  it('says at once when it does not let us in for a reason that waiting does not mend', async () => {
    await server.stop();
    const file = join(server.dataDir, 'postgres.password');
    const password = readFileSync(file, 'utf8');
    writeFileSync(file, 'wrong\n');
    await expect(server.restart()).rejects.toThrow(/PostgreSQL does not let us in: password authentication failed/);
    writeFileSync(file, password);
    await server.restart();
  });

  it('refuses a directory of another major version', async () => {
    await server.stop();
    const file = join(server.dataDir, 'postgres', 'PG_VERSION');
    writeFileSync(file, '9\n');
    await expect(server.restart()).rejects.toThrow(`written by PostgreSQL 9 and this version brings ${postgresMajor()}`);
    writeFileSync(file, `${postgresMajor()}\n`);
    await server.restart();
  });
});

(isRoot ? it : it.skip)('root\'s Postgres runs as another account, even below a directory that only root may enter', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'openfill-closed-'));
  chmodSync(directory, 0o700);
  const dataDir = join(directory, 'data');
  const server = await startEmbeddedPostgres({ dataDir });
  try {
    expect(statSync(join(dataDir, 'postgres')).uid).not.toBe(0);
    expect(await query(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
});

/** With these variables, until the end. */
async function withEnvironment<T>(variables: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<T> {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  try {
    return await work();
  } finally {
    for (const name of Object.keys(variables)) {
      if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before[name];
    }
  }
}

describe('a start of an embedded Postgres', () => {
  it('takes nothing from the variables of other programs, and its clients in this process do not either', async () => {
    await withEnvironment({
      PGSSLMODE: 'require', PGOPTIONS: '-c default_transaction_read_only=on', PGHOST: 'nowhere.invalid', PGPORT: '1', PGUSER: 'somebody',
      PGPASSWORD: 'secret', PGDATABASE: 'nothing', PGSSLNEGOTIATION: 'direct', PGREPLICATION: 'database', PGDATA: '/nonexistent',
    }, async () => {
      const server = await PrivateServer.postgres();
      try {
        expect(await query(server.url, 'SHOW default_transaction_read_only')).toEqual([{ default_transaction_read_only: 'off' }]);
      } finally {
        await server.remove();
      }
    });
  });

  it.each([['one that is closed to others', 0o700], ['one that is not there', null]])('needs no TMPDIR: %s', async (_, mode) => {
    const directory = temporaryDirectory('start');
    const TMPDIR = join(directory.path, 'tmp');
    if (mode !== null) mkdirSync(TMPDIR, { mode });
    try {
      await withEnvironment({ TMPDIR }, async () => {
        const server = await startEmbeddedPostgres({ dataDir: join(directory.path, 'data') });
        await server.stop();
      });
      expect(existsSync(TMPDIR) ? readdirSync(TMPDIR) : []).toEqual([]);
      expect(readdirSync(join(directory.path, 'data')).sort()).toEqual(['logs', 'postgres', 'postgres.password']);
    } finally {
      directory.remove();
    }
  });

  it.each([0o000, 0o027, 0o077])('gives its files the modes they need under the umask %i', async (umask) => {
    const directory = temporaryDirectory('start');
    const before = process.umask(umask);
    try {
      const dataDir = join(directory.path, 'above', 'data');
      const server = await startEmbeddedPostgres({ dataDir });
      await server.stop();
      const mode = (...path: string[]): number => statSync(join(dataDir, ...path)).mode & 0o777;
      expect([mode('postgres'), mode('postgres.password'), mode('logs', 'postgres.log')]).toEqual([0o700, 0o600, 0o600]);
      for (const path of ['..', '.', 'logs']) expect(mode(path)).toBe(0o755 & ~umask);
    } finally {
      process.umask(before);
      directory.remove();
    }
  });

  it('that is given up while the data directory is made leaves none', async () => {
    const directory = temporaryDirectory('start');
    const stop = new AbortController();
    try {
      const start = startEmbeddedPostgres({ dataDir: directory.path, signal: stop.signal });
      const outcome = expect(start).rejects.toThrow('stop asked');
      await until('initdb runs', () => existsSync(join(directory.path, 'postgres.initdb', 'data', 'PG_VERSION')));
      stop.abort(new Error('stop asked'));
      await outcome;
      expect(readdirSync(directory.path)).toEqual([]);
    } finally {
      directory.remove();
    }
  });

  it('that is given up while it waits says what it waits for, and leaves nothing running', async () => {
    const directory = temporaryDirectory('start');
    const postgres = join(directory.path, 'postgres');
    const stop = new AbortController();
    const said: string[] = [];
    try {
      await (await startEmbeddedPostgres({ dataDir: directory.path })).stop();
      // A standby that serves nobody never becomes ready.
      writeFileSync(join(postgres, 'standby.signal'), '');
      const start = startEmbeddedPostgres({
        dataDir: directory.path, signal: stop.signal, report: (message) => said.push(message), settings: { hot_standby: 'off' },
      });
      const outcome = expect(start).rejects.toThrow('stop asked');
      await until('it is said', () => said.length > 0);
      expect(said[0]).toMatch(/^waiting for postgres to be ready: .+ \(4 s\)$/);
      stop.abort(new Error('stop asked'));
      await outcome;
      expect(findServers(postgres, ['postgres'])).toEqual([]);
    } finally {
      directory.remove();
    }
  });
});

it('makes the library links that the package\'s own script would, however often and by how many at once', () => {
  const directory = mkdtempSync(join(tmpdir(), 'openfill-links-'));
  try {
    mkdirSync(join(directory, 'native', 'lib'), { recursive: true });
    writeFileSync(join(directory, 'native', 'lib', 'libx.so.1.2'), 'x');
    writeFileSync(join(directory, 'native', 'pg-symlinks.json'), JSON.stringify([
      { source: 'native/lib/libx.so.1.2', target: 'native/lib/libx.so' },
      { source: 'native/lib/libx.so.1.2', target: 'native/lib/libx.so.1' },
    ]));
    hydrateLinks(directory);
    hydrateLinks(directory);
    expect(readFileSync(join(directory, 'native', 'lib', 'libx.so'), 'utf8')).toBe('x');
    expect(readFileSync(join(directory, 'native', 'lib', 'libx.so.1'), 'utf8')).toBe('x');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
