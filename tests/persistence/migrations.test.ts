import { cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Database, DatabaseUnavailableError } from '../../src/persistence/database';
import { MIGRATIONS_DIRECTORY, migrate, readMigrations, SchemaError } from '../../src/persistence/migrate';
import { runCommand } from '../audit/support';
import { TestDatabase } from '../support/postgres';
import { sharedUrl, temporaryDirectory } from '../support/servers';
import { Venue, testLogger } from '../support/venue';
import { readCatalog } from './support/catalog';
import { Client } from '../support/client';
import { ServiceProcess } from './support/service-process';
import { ShardView } from './support/shard-view';
import { until } from '../support/until';

const ROOT = join(__dirname, '..', '..');
const WHOLE = readFileSync(join(ROOT, 'schema.sql'), 'utf8');
/** What the last program without migrations applied at each start. */
const BEFORE_MIGRATIONS = readFileSync(join(__dirname, 'support', 'schema-before-migrations.sql'), 'utf8');
const FILES = readdirSync(MIGRATIONS_DIRECTORY).sort();
const NEWEST = FILES.length;

let record: TestDatabase;
let database: Database;

beforeEach(async () => {
  record = await TestDatabase.create(sharedUrl('TEST_DATABASE_URL'));
  database = new Database(record.url, 5_000, 1, testLogger);
});
afterEach(async () => {
  await ServiceProcess.killAll();
  await database.close();
  expect(await record.drop()).toEqual([]);
});

/** A directory of the migrations, with more or other ones. */
function migrationsWith(files: Readonly<Record<string, string>>): ReturnType<typeof readMigrations> {
  const directory = temporaryDirectory('migrations');
  try {
    cpSync(MIGRATIONS_DIRECTORY, directory.path, { recursive: true });
    for (const [name, sql] of Object.entries(files)) writeFileSync(join(directory.path, name), sql);
    return readMigrations(directory.path);
  } finally {
    directory.remove();
  }
}

const nextFile = (name: string): string => `${String(NEWEST + 1).padStart(4, '0')}_${name}.sql`;

const failure = async (work: Promise<unknown>): Promise<Error> => work.then(() => { throw new Error('it did not fail'); }, (error: unknown) => error as Error);

interface VersionRow { version: number; name: string | null; checksum: string | null }

const versions = async (): Promise<VersionRow[]> =>
  record.query<VersionRow & Record<string, unknown>>('SELECT version, name, checksum FROM schema_version ORDER BY version');

const expected = (): VersionRow[] => readMigrations().map(({ version, name, checksum }) => ({ version, name, checksum }));

describe('migrations', () => {
  it('come to what schema.sql is: tables, columns, defaults, constraints, indexes, triggers, functions, partitions', async () => {
    const whole = await TestDatabase.create(sharedUrl('TEST_DATABASE_URL'));
    await whole.query(WHOLE);
    await migrate(database);
    const catalog = await readCatalog(record);
    for (const kind of ['tables', 'columns', 'constraints', 'indexes', 'triggers', 'views', 'functions', 'partitions']) expect(catalog[kind]).not.toEqual([]);
    expect(await readCatalog(whole)).toEqual(catalog);
    await whole.drop();
  });

  it('say in schema_version which were carried out; at the next start there is nothing to do', async () => {
    await migrate(database);
    expect(await versions()).toEqual(expected());
    const before = await record.query('SELECT xmin::text, * FROM schema_version');
    await migrate(database);
    expect(await record.query('SELECT xmin::text, * FROM schema_version')).toEqual(before);
  });

  it('go on from a database that schema.sql made by hand', async () => {
    await record.query(WHOLE);
    const before = await readCatalog(record);
    await migrate(database);
    expect(await readCatalog(record)).toEqual(before);
    expect(await versions()).toEqual(expected());
  });

  it('recognise a database of the last program without them, and carry out only what came since', async () => {
    await record.query(BEFORE_MIGRATIONS);
    expect(await record.query('SELECT version FROM schema_version ORDER BY version')).toEqual([{ version: 1 }, { version: 2 }]);
    await record.query(`INSERT INTO checkpoints (shard, epoch, sequence) VALUES ('main', 'e1', 7)`);
    const [applied] = await record.query<{ applied_at: Date }>('SELECT applied_at FROM schema_version WHERE version = 1');
    const sql = 'ALTER TABLE checkpoints ADD COLUMN met boolean NOT NULL DEFAULT true';
    await migrate(database, migrationsWith({ [nextFile('more')]: sql }));
    expect(await record.query('SELECT shard, sequence::int, met FROM checkpoints')).toEqual([{ shard: 'main', sequence: 7, met: true }]);
    expect(await record.query('SELECT applied_at FROM schema_version WHERE version = 1')).toEqual([applied]);
    expect((await versions()).slice(0, NEWEST)).toEqual(expected());
    // An older program of that time, started once more, changes nothing.
    await record.query('ALTER TABLE checkpoints DROP COLUMN met');
    await record.query(`DELETE FROM schema_version WHERE version > ${NEWEST}`);
    const before = await readCatalog(record);
    await record.query(BEFORE_MIGRATIONS);
    expect(await readCatalog(record)).toEqual(before);
  });

  it('bring on a database of the first programs, whose version says little', async () => {
    await record.query(BEFORE_MIGRATIONS);
    await record.query(`DELETE FROM schema_version WHERE version = 2; DROP TABLE candles, recoveries;
      ALTER TABLE checkpoints DROP COLUMN candles_sequence, DROP COLUMN frozen; DROP TRIGGER journal_not_truncated ON journal`);
    await migrate(database);
    const whole = await TestDatabase.create(sharedUrl('TEST_DATABASE_URL'));
    await whole.query(WHOLE);
    expect(await readCatalog(record)).toEqual(await readCatalog(whole));
    await whole.drop();
  });

  it('are carried out once, however many processes start at once', async () => {
    const slow = migrationsWith({ [nextFile('slow')]: 'CREATE TABLE once (n integer); INSERT INTO once SELECT 1 FROM pg_sleep(0.3)' });
    const starts = Array.from({ length: 5 }, async () => {
      await until('the migration is done', async () => {
        try {
          await migrate(database, slow);
          return true;
        } catch (error) {
          expect(error).toBeInstanceOf(DatabaseUnavailableError);
          expect((error as Error).cause).toMatchObject({ message: 'another process migrates the database' });
          return false;
        }
      });
    });
    await Promise.all(starts);
    expect(await record.query('SELECT n FROM once')).toEqual([{ n: 1 }]);
  });

  it('leave nothing of one that fails; those before it stay, and it is tried again', async () => {
    const failing = migrationsWith({ [nextFile('broken')]: 'CREATE TABLE half (n integer); SELECT 1 / 0' });
    const error = await failure(migrate(database, failing));
    expect(error).toBeInstanceOf(SchemaError);
    expect(error.message).toBe(`Migration ${nextFile('broken').slice(0, -4)} (up) failed: division by zero`);
    expect(await versions()).toEqual(expected());
    expect(await record.query(`SELECT to_regclass('half') AS half`)).toEqual([{ half: null }]);
    await migrate(database, migrationsWith({ [nextFile('broken')]: 'CREATE TABLE half (n integer)' }));
    expect((await versions()).length).toBe(NEWEST + 1);
  });

  it('refuse a file that was changed after it was carried out, or another one of its number; line ends are no change', async () => {
    await migrate(database);
    const [first] = FILES as [string];
    const text = readFileSync(join(MIGRATIONS_DIRECTORY, first), 'utf8');
    await migrate(database, migrationsWith({ [first]: text.replace(/\n/g, '\r\n') }));
    const error = await failure(migrate(database, migrationsWith({ [first]: `${text}-- changed\n` })));
    expect(error).toBeInstanceOf(SchemaError);
    expect(error.message).toContain(first);
    expect(error.message).toContain('must not be changed');
    await record.query(`UPDATE schema_version SET name = '0001_other' WHERE version = 1`);
    expect((await failure(migrate(database))).message).toContain('0001_other');
  });

  it('leave what an older process has prepared of logins as it is', async () => {
    await migrate(database, readMigrations().slice(0, 9));
    const older = new Database(record.url, 5_000, 1, testLogger);
    const count = { name: 'count', text: 'INSERT INTO login_limits (key, points, expire) VALUES ($1, 1, $2) ON CONFLICT (key) DO UPDATE SET points = login_limits.points + 1 RETURNING *' };
    expect(await older.query(count, ['ann', 1_000])).toEqual([{ key: 'ann', points: 1, expire: 1_000 }]);
    await migrate(database);
    expect(await older.query(count, ['ann', 1_000])).toEqual([{ key: 'ann', points: 2, expire: 1_000 }]);
    await older.close();
  });

  it('know users from where they logged in before: the latest hundred addresses of each', async () => {
    await migrate(database, readMigrations().slice(0, 11));
    await record.query(`INSERT INTO users (user_id, username, username_key, roles, status, change) SELECT gen_random_uuid(), name, name, '{trader}', 'active', 1 FROM (VALUES ('ann'), ('bob')) AS of (name)`);
    await record.query(`INSERT INTO sessions (session_id, user_id, current_digest, address, created_at, expires_at)
      SELECT gen_random_uuid(), user_id, 'x', '192.0.2.' || i % 150, now() - make_interval(mins => i), now() FROM users, generate_series(1, CASE username WHEN 'ann' THEN 299 ELSE 1 END) AS i`);
    await record.query(`INSERT INTO sessions (session_id, user_id, expires_at) SELECT gen_random_uuid(), user_id, now() FROM users`);
    await migrate(database);
    const of = (name: string): Promise<Record<string, unknown>[]> => record.query('SELECT address FROM known_addresses JOIN users USING (user_id) WHERE username = $1 ORDER BY last_at DESC', [name]);
    expect(await of('bob')).toEqual([{ address: '192.0.2.1' }]);
    expect(await of('ann')).toEqual(Array.from({ length: 100 }, (_, i) => ({ address: `192.0.2.${i + 1}` })));
  });

  it('are numbered without a gap, one file a number', () => {
    expect(() => migrationsWith({ [nextFile('a')]: '', [nextFile('b')]: '' })).toThrow(`is not migration ${NEWEST + 2}`);
    expect(() => migrationsWith({ '0999_far.sql': '' })).toThrow(`is not migration ${NEWEST + 1}`);
    expect(() => migrationsWith({ 'notes.txt': '' })).toThrow('notes.txt');
  });

  it('wait for a table that somebody has locked, and say so', async () => {
    await migrate(database);
    const unlock = await record.lock('orders');
    const short = migrationsWith({ [nextFile('short')]: `SET LOCAL lock_timeout = '100ms'; ALTER TABLE orders ADD COLUMN met boolean` });
    expect((await failure(migrate(database, short))).cause).toMatchObject({ message: 'canceling statement due to lock timeout' });
    await unlock();
    await migrate(database, short);
    expect((await versions()).length).toBe(NEWEST + 1);
  });
});

describe('a program that is older than the data', () => {
  it('refuses to start with one line that names both versions, and changes nothing; so do the commands', async () => {
    const venue = await Venue.open();
    const running = await venue.start();
    const client = new Client(() => running.url);
    expect((await client.post('/orders', { client_id: 'ann', side: 'buy', type: 'limit', price: '10.00', quantity: '1' })).status).toBe(201);
    await new ShardView(venue).persisted();
    client.close();
    await running.stop();
    await venue.database.query(`INSERT INTO schema_version (version, name, checksum) VALUES (${NEWEST + 7}, '0099_later', 'x')`);
    const before = { catalog: await readCatalog(venue.database), rows: await venue.database.query('SELECT xmin::text, * FROM checkpoints') };
    const log = await venue.redis.command('HGETALL', `{${venue.shard}}:meta`);
    const line = `openfill: the database is at version ${NEWEST + 7} and this program knows versions up to ${NEWEST}: `
      + 'start the program that made it, or a newer one; nothing was changed\n';

    const service = new ServiceProcess(venue.environment());
    await service.exited();
    expect([service.exitCode, service.stderr]).toEqual([1, line]);
    for (const command of ['verify', 'recover', 'freeze', 'dead-letters']) {
      expect(await runCommand(command, venue.environment())).toEqual({ code: 1, stdout: '', stderr: line });
    }
    expect({ catalog: await readCatalog(venue.database), rows: await venue.database.query('SELECT xmin::text, * FROM checkpoints') }).toEqual(before);
    expect(await venue.redis.command('HGETALL', `{${venue.shard}}:meta`)).toEqual(log);
    await venue.close();
  });

  it('is told apart from a command that is newer than the data: the service migrates, commands say so', async () => {
    await record.query(BEFORE_MIGRATIONS);
    await record.query('DELETE FROM schema_version WHERE version = 2');
    const done = await runCommand('verify', { REDIS_URL: sharedUrl('TEST_REDIS_URL'), DATABASE_URL: record.url });
    expect(done).toEqual({
      code: 1, stdout: '', stderr: `openfill: the database is at version 1 and this program needs ${NEWEST}: start the service once, which migrates it\n`,
    });
  });
});
