import { signalPostgres } from '../../src/servers/embedded-postgres';
import { PrivateServer } from '../support/servers';
import { Venue } from '../support/venue';
import { Client } from '../support/client';
import { ServiceProcess, type LogLine } from './support/service-process';
import { until } from '../support/until';

jest.setTimeout(120_000);

interface Readiness {
  readonly status: string;
  readonly problem: string | null;
  readonly redis: { readonly durability_problems: readonly string[] };
  readonly postgres: { readonly durability_problems: readonly string[]; readonly setting_problems: readonly string[] };
}

let redis: PrivateServer;
let postgres: PrivateServer;
let venue: Venue;
let service: ServiceProcess;
let http: Client;

beforeAll(async () => { [redis, postgres] = await Promise.all([PrivateServer.redis(), PrivateServer.postgres()]); });
afterAll(async () => { await Promise.all([redis.remove(), postgres.remove()]); });
beforeEach(async () => {
  venue = await Venue.open({
    redisUrl: redis.url, databaseServerUrl: postgres.url, environment: { SETTINGS_CHECK_MS: '50', REQUIRE_DURABLE: 'true', LOG_LEVEL: 'info' },
  });
});
afterEach(async () => {
  http.close();
  await ServiceProcess.killAll();
  await venue.close();
});

async function start(environment: Readonly<Record<string, string>> = {}): Promise<void> {
  service = new ServiceProcess(venue.environment(environment));
  const url = await service.serving();
  http = new Client(() => url);
}

const ready = async (): Promise<Readiness> => (await http.get('/readyz')).body as Readiness;
const database = (): string => new URL(venue.database.url).pathname.slice(1);

/** Words on a setting, in their order. */
const toldOf = (setting: string): [string, string][] => service.lines
  .map((line: LogLine): [string, string] => [line.msg ?? '', (line.setting ?? line.was ?? '') as string])
  .filter(([, words]) => words.startsWith(setting));

type Change = readonly [setting: string, words: string, wrong: () => Promise<unknown>, right: () => Promise<unknown>];

const sql = (text: () => string) => (): Promise<unknown> => venue.database.query(text());
const config = (name: string, value: string) => (): Promise<unknown> => venue.redis.command('CONFIG', 'SET', name, value);
const system = (setting: string, value: string) => async (): Promise<void> => {
  await venue.database.query(`ALTER SYSTEM SET ${setting} = ${value}`);
  await venue.database.query('SELECT pg_reload_conf()');
};

describe('settings that can lose what was acknowledged, changed under a running venue', () => {
  const changes: Record<string, Change[]> = {
    postgres: [
      ['synchronous_commit', 'off (of the database), not on: ', sql(() => `ALTER DATABASE ${database()} SET synchronous_commit = off`), sql(() => `ALTER DATABASE ${database()} RESET synchronous_commit`)],
      ['synchronous_commit', 'off (of the role), not on: ', sql(() => 'ALTER ROLE CURRENT_USER SET synchronous_commit = off'), sql(() => 'ALTER ROLE CURRENT_USER RESET synchronous_commit')],
      ['synchronous_commit', 'off (of the role in the database), not on: ', sql(() => `ALTER ROLE CURRENT_USER IN DATABASE ${database()} SET synchronous_commit = off`), sql(() => `ALTER ROLE CURRENT_USER IN DATABASE ${database()} RESET synchronous_commit`)],
      ['zero_damaged_pages', 'on (of the server), not off: ', system('zero_damaged_pages', 'on'), system('zero_damaged_pages', 'off')],
      ['table dead_letters', 'unlogged: ', sql(() => 'ALTER TABLE dead_letters SET UNLOGGED'), sql(() => 'ALTER TABLE dead_letters SET LOGGED')],
    ],
    redis: [
      ['appendfsync', 'no, not always: ', config('appendfsync', 'no'), config('appendfsync', 'always')],
      ['maxmemory-policy', 'allkeys-lru, not noeviction: ', config('maxmemory-policy', 'allkeys-lru'), config('maxmemory-policy', 'noeviction')],
    ],
  };

  it.each(Object.entries(changes).flatMap(([server, list]) => list.map((change) => [server as 'redis' | 'postgres', ...change] as const)))(
    '%s: %s is %sseen, told once, and keeps the venue from being ready until it is right again', async (server, setting, words, wrong, right) => {
      await start();
      await until('it is ready', async () => (await ready()).status === 'ready');
      try {
        await wrong();
        await until('it is not ready', async () => (await ready()).problem === `${server}_not_durable`);
        const said = `${setting} is ${words}`;
        expect((await ready())[server].durability_problems).toEqual([expect.stringContaining(said)]);
        expect((await ready())[server === 'redis' ? 'postgres' : 'redis'].durability_problems).toEqual([]);
        // Matching goes on: only probes are told.
        expect((await http.post('/orders', { client_id: 'ann', side: 'buy', type: 'limit', price: '1.00', quantity: '1' })).status).toBe(201);
        await right();
        await until('it is ready again', async () => (await ready()).status === 'ready');
        // What it says comes on another way than its answers.
        await until('it has said so', () => toldOf(setting).length > 1);
        expect(toldOf(setting)).toEqual([
          [`${server} is not durable`, expect.stringContaining(said)], ['a setting is not so any more', expect.stringContaining(said)],
        ]);
      } finally {
        await right();
      }
    },
  );

  it('fsync and full_page_writes are read of the server, and known from the start', async () => {
    await venue.close();
    await postgres.stop();
    const careless = await PrivateServer.postgres({ fsync: 'off', full_page_writes: 'off' });
    try {
      venue = await Venue.open({ redisUrl: redis.url, databaseServerUrl: careless.url, environment: { LOG_LEVEL: 'info', REQUIRE_DURABLE: 'true' } });
      await start();
      expect(await ready()).toMatchObject({
        status: 'not_ready', problem: 'postgres_not_durable', postgres: { durability_problems: [
          expect.stringContaining('fsync is off (of the server), not on: '), expect.stringContaining('full_page_writes is off (of the server), not on: '),
        ] },
      });
      await ServiceProcess.killAll();
      http.close();
      await start({ REQUIRE_DURABLE: 'false' });
      expect(await ready()).toMatchObject({ status: 'ready', problem: null });
      expect(toldOf('fsync')).toHaveLength(1);
      http.close();
      await ServiceProcess.killAll();
      await venue.close();
    } finally {
      await careless.remove();
      await postgres.restart();
      venue = await Venue.open({ redisUrl: redis.url, databaseServerUrl: postgres.url });
    }
  });
});

describe('settings of role, database and connection', () => {
  it('that lose commits lose none of what was acknowledged after Postgres has it', async () => {
    await venue.database.query(`ALTER DATABASE ${database()} SET synchronous_commit = off`);
    // The flush that would come soon by itself comes late, so that what waits for it is lost for certain.
    await venue.database.query('ALTER SYSTEM SET wal_writer_delay = 10000');
    await venue.database.query('ALTER SYSTEM SET wal_writer_flush_after = 131072');
    await venue.database.query('SELECT pg_reload_conf()');
    await start({ ACK_AFTER: 'postgres' });
    const placed: string[] = [];
    for (let i = 0; i < 40; i++) {
      const { status, body } = await http.post('/orders', { client_id: 'ann', side: 'buy', type: 'limit', price: '10.00', quantity: '1' });
      expect(status).toBe(201);
      placed.push((body as { order_id: string }).order_id);
    }
    signalPostgres(postgres.pid, postgres.dataDir, 'SIGKILL');
    await service.kill();
    await postgres.kill().catch(() => undefined);
    await postgres.restart();
    const rows = await venue.database.query<{ order_id: string }>('SELECT order_id FROM orders');
    expect(rows.map((row) => row.order_id).sort()).toEqual([...placed].sort());
    await venue.database.query('ALTER SYSTEM RESET ALL');
    await venue.database.query('SELECT pg_reload_conf()');
  });

  it('that refuse, cut off or misread do nothing to the venue, and are told', async () => {
    const name = database();
    // A session sets itself up by its first statement: it may be idle for as long as a busy process takes to that.
    await venue.database.query(`ALTER DATABASE ${name} SET statement_timeout = 1; ALTER DATABASE ${name} SET lock_timeout = 1;
      ALTER DATABASE ${name} SET idle_in_transaction_session_timeout = 1; ALTER DATABASE ${name} SET idle_session_timeout = 200;
      ALTER DATABASE ${name} SET transaction_timeout = 2; ALTER DATABASE ${name} SET default_transaction_isolation = 'serializable';
      ALTER DATABASE ${name} SET array_nulls = off; ALTER DATABASE ${name} SET datestyle = 'German';
      ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    await start({ PGOPTIONS: '-c statement_timeout=2' });
    for (let i = 0; i < 20; i++) {
      expect((await http.post('/orders', { client_id: 'ann', side: i % 2 === 0 ? 'buy' : 'sell', type: i % 4 === 0 ? 'limit' : 'market', ...(i % 4 === 0 ? { price: '10.00' } : {}), quantity: '1' })).status).toBe(201);
    }
    await until('all is persisted', async () => {
      const { writer } = (await http.get('/readyz')).body as { writer: { lag_entries: number } };
      return writer.lag_entries === 0;
    });
    expect(service.lines.filter((line) => line.msg === 'writer interrupted: trying again')).toEqual([]);
    // The look is cut off by what it looks for, too, and comes again.
    await until('the settings were seen', async () => (await ready()).postgres.setting_problems.length > 0);
    const { status, postgres: told } = await ready();
    expect([status, told.durability_problems]).toEqual(['ready', []]);
    expect(told.setting_problems.map((words) => words.slice(0, words.indexOf(',')))).toEqual([
      'default_transaction_read_only is on (of the database)', 'default_transaction_isolation is serializable (of the database)',
      'statement_timeout is 2ms (of the connection)', 'lock_timeout is 1ms (of the database)',
      'idle_in_transaction_session_timeout is 1ms (of the database)', 'idle_session_timeout is 200ms (of the database)',
      'transaction_timeout is 2ms (of the database)',
    ]);
    expect(toldOf('statement_timeout')).toEqual([['postgres is set to what the venue does not need', expect.stringContaining('2ms')]]);
    // The test's own look, and the venue's end, need a database that can be used.
    await venue.database.query(`SET default_transaction_read_only = off; ALTER DATABASE ${name} RESET ALL`).catch(() => undefined);
  });
});
