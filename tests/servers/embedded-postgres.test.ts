import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../src/servers/embedded-postgres';
import { hydrateLinks, postgresMajor } from '../../src/servers/postgres-binaries';
import { PrivateServer } from '../support/servers';

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

  it('stops one that an earlier life left running on its directory, before it starts', async () => {
    const orphan = server.pid;
    await server.restart();
    expect(server.pid).not.toBe(orphan);
    expect(await query(server.url, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 2 }]);
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
