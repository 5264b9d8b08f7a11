import { LOG_ENTRY_VERSION, ORDER_RECORD_VERSION, SHARD_LAYOUT_VERSION } from '../../src/domain/layouts';
import { readMigrations } from '../../src/persistence/migrate';
import { runCommand } from '../audit/support';
import { readCatalog } from '../persistence/support/catalog';
import { readRecord } from '../persistence/support/record';
import { ServiceProcess } from '../persistence/support/service-process';
import { ShardView } from '../persistence/support/shard-view';
import { WriterRig } from '../persistence/support/writer-rig';
import { Client } from '../support/client';
import { PrivateServer } from '../support/servers';
import { until } from '../support/until';
import { Venue } from '../support/venue';

jest.setTimeout(120_000);

const LATER = 9;
const COMMANDS = ['verify', 'recover', 'freeze', 'unfreeze', 'dead-letters'] as const;
/** Looks of a service at Redis in which it would have said a thing again. */
const LOOKS = 30;

let server: PrivateServer;
let venue: Venue;
let shard: ShardView;

beforeAll(async () => { server = await PrivateServer.redis(); });
afterAll(() => server.remove());
beforeEach(async () => {
  venue = await Venue.open({ redisUrl: server.url });
  shard = new ShardView(venue);
});
afterEach(async () => {
  await ServiceProcess.killAll();
  await venue.close();
});

/** Everything there is in Redis, functions included, and everything that Postgres holds of the venue. */
async function everything(): Promise<unknown> {
  const keys = (await venue.redis.keys('*')).sort();
  const dumped: Record<string, unknown> = {};
  for (const key of keys) dumped[key] = [await venue.redis.command('TYPE', key), JSON.stringify(await venue.redis.command('DUMP', key))];
  const tables = await venue.database.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname`,
  );
  const rows: Record<string, unknown> = {};
  for (const { name } of tables) rows[name] = await venue.database.query(`SELECT xmin::text, to_jsonb(one) AS row FROM "${name}" AS one ORDER BY to_jsonb(one)::text`);
  return { dumped, functions: await venue.redis.command('FUNCTION', 'LIST'), catalog: await readCatalog(venue.database), rows };
}

/** A venue at rest that has traded, and orders open on both sides. */
async function tradeAndStop(): Promise<void> {
  const running = await venue.start();
  const client = new Client(() => running.url);
  for (const [side, price] of [['buy', '10.00'], ['sell', '11.00'], ['sell', '12.00'], ['buy', '11.00']] as const) {
    expect((await client.post('/orders', { client_id: 'ann', side, type: 'limit', price, quantity: '1' })).status).toBe(201);
  }
  await shard.persisted();
  client.close();
  await running.stop();
  // One that is loaded would not be seen where one is there.
  await venue.redis.command('FUNCTION', 'FLUSH');
}

const laterEntry = (sequence: number, epoch: string): string => `[${LATER},unreadable,${sequence},"${epoch}"]`;
const epoch = async (): Promise<string> => await venue.redis.command('HGET', shard.key('meta'), 'epoch') as string;
const ending = (known: number): string => ` of version ${LATER} and this program knows versions up to ${known}: start the program that made it, or a newer one; nothing was changed\n`;

/** What a later program has left, and the line of a program that finds it. */
const FINDS: readonly (readonly [what: string, leave: () => Promise<string>])[] = [
  ['a layout in redis', async () => {
    await venue.redis.command('HSET', shard.key('meta'), 'version', String(LATER));
    return `redis holds shard ${venue.shard} in a layout${ending(SHARD_LAYOUT_VERSION)}`;
  }],
  ['an entry at the end of the log', async () => {
    const sequence = await shard.meta('seq') + 1;
    await venue.redis.command('XADD', shard.key('log'), `${sequence}-0`, 'e', laterEntry(sequence, await epoch()));
    await venue.redis.command('HSET', shard.key('meta'), 'seq', String(sequence));
    return `the log of shard ${venue.shard} in redis has entry ${sequence}${ending(LOG_ENTRY_VERSION)}`;
  }],
  ['an entry in the middle of what the log keeps', async () => {
    const log = await shard.log();
    await venue.redis.command('DEL', shard.key('log'));
    for (const { sequence, payload } of log) {
      await venue.redis.command('XADD', shard.key('log'), `${sequence}-0`, 'e', sequence === 2 ? laterEntry(2, await epoch()) : payload);
    }
    return `the log of shard ${venue.shard} in redis has entry 2${ending(LOG_ENTRY_VERSION)}`;
  }],
  ['records of orders in redis', async () => {
    const stored = await venue.redis.command('HGETALL', shard.key('orders')) as string[];
    for (let i = 0; i < stored.length; i += 2) {
      await venue.redis.command('HSET', shard.key('orders'), stored[i] as string, (stored[i + 1] as string).replace(/^\d+/, String(LATER)));
    }
    return `redis holds orders of shard ${venue.shard} in records${ending(ORDER_RECORD_VERSION)}`;
  }],
  ['an entry in the journal', async () => {
    const sequence = await shard.meta('seq') + 1;
    await venue.database.query(`INSERT INTO journal (shard, sequence, at, kind, payload) VALUES ('${venue.shard}', ${sequence}, now(), 'place', '${laterEntry(sequence, 'x')}')`);
    return `the journal of shard ${venue.shard} in postgres has entry ${sequence}${ending(LOG_ENTRY_VERSION)}`;
  }],
  ['an entry that postgres refused', async () => {
    await venue.database.query(`INSERT INTO dead_letters (shard, sequence, payload, reason) VALUES ('${venue.shard}', 1, '${laterEntry(1, 'x')}', 'refused')`);
    return `the list of refused entries of shard ${venue.shard} in postgres has entry 1${ending(LOG_ENTRY_VERSION)}`;
  }],
  ['a schema', async () => {
    const { length } = readMigrations();
    await venue.database.query(`INSERT INTO schema_version (version, name, checksum) VALUES (${length + LATER}, '0099_later', 'x')`);
    return `the database is at version ${length + LATER} and this program knows versions up to ${length}: start the program that made it, or a newer one; nothing was changed\n`;
  }],
];

describe('what a later version has left', () => {
  let turn = 0;

  it.each(FINDS)('%s: nothing starts on it, each says why in one line, and all stays as it was', async (_, leave) => {
    await tradeAndStop();
    const line = `openfill: ${await leave()}`;
    const before = await everything();
    const service = new ServiceProcess(venue.environment());
    await service.exited();
    expect([service.exitCode, service.stderr]).toEqual([1, line]);
    // All of them begin alike: each case takes the next one.
    const command = COMMANDS[turn++ % COMMANDS.length] as string;
    expect([command, await runCommand(command, venue.environment())]).toEqual([command, { code: 1, stdout: '', stderr: line }]);
    expect(await everything()).toEqual(before);
  });
});

describe('a later version that begins to work on the shard of a running service', () => {
  it('is left alone: commands are refused, the reason is told once and by /readyz, and nothing is changed', async () => {
    const service = new ServiceProcess({ ...venue.environment(), LOG_LEVEL: 'info' });
    const url = await service.serving();
    const client = new Client(() => url);
    const order = { client_id: 'ann', side: 'buy', type: 'limit', price: '10.00', quantity: '1' };
    const placed = await client.post('/orders', order);
    expect(placed.status).toBe(201);
    await shard.persisted();
    await venue.redis.command('HSET', shard.key('meta'), 'version', String(LATER));
    // At once, not at the next look.
    expect(await client.post('/orders', order)).toMatchObject({ status: 503, body: { code: 'engine_recovering' } });
    const { order_id: id } = placed.body as { order_id: string };
    for (const call of [
      () => client.post(`/orders/${id}/cancel`, {}), () => client.call('PATCH', `/orders/${id}`, { body: { price: '9.00' } }),
      () => client.call('DELETE', '/orders?client_id=ann'),
    ]) expect(await call()).toMatchObject({ status: 503, body: { code: 'engine_recovering' } });
    await until('the service knows why', async () => ((await client.get('/readyz')).body as { problem: string }).problem === 'newer_layout');
    await until('the writer stands by', () => service.lines.some(({ msg }) => msg === 'writer stands by: a later version is at work'));
    const before = await everything();
    const looks = async (): Promise<number> => Number(/cmdstat_hmget:calls=(\d+)/.exec(await venue.redis.command('INFO', 'commandstats') as string)?.[1]);
    const from = await looks();
    await until('it has looked often', async () => await looks() >= from + LOOKS);
    expect(service.lines.filter(({ msg, problem }) => msg === 'shard is not traded on' && problem === 'newer_layout')).toHaveLength(1);
    expect(service.lines.filter(({ msg }) => msg === 'writer stands by: a later version is at work')).toHaveLength(1);
    expect((await client.get('/readyz')).status).toBe(503);
    expect(await everything()).toEqual(before);

    // It was a mistake, and is taken back: the service goes on by itself.
    await venue.redis.command('HSET', shard.key('meta'), 'version', String(SHARD_LAYOUT_VERSION));
    await until('it is ready again', async () => (await client.get('/readyz')).status === 200);
    expect((await client.post('/orders', order)).status).toBe(201);
    await shard.persisted();
    client.close();
    service.signal('SIGTERM');
    expect(await service.exited()).toBe(0);
  });

  it('has migrated the record when Redis is lost: nothing is rebuilt from what may say more than this program knows', async () => {
    const service = new ServiceProcess({ ...venue.environment(), LOG_LEVEL: 'info' });
    const url = await service.serving();
    const client = new Client(() => url);
    const order = { client_id: 'ann', side: 'buy', type: 'limit', price: '10.00', quantity: '1' };
    expect((await client.post('/orders', order)).status).toBe(201);
    await shard.persisted();
    const { length } = readMigrations();
    await venue.database.query(`INSERT INTO schema_version (version, name, checksum) VALUES (${length + 1}, '0099_later', 'x')`);
    await venue.redis.command('DEL', ...(await venue.redis.keys('*')));
    await until('the service knows why', async () => ((await client.get('/readyz')).body as { problem: string }).problem === 'newer_record');
    expect((await client.post('/orders', order)).status).toBe(503);
    expect(await venue.redis.keys('*')).toEqual([]);
    expect(service.lines.filter(({ msg, problem }) => msg === 'shard is not traded on' && problem === 'newer_record')).toHaveLength(1);
    await venue.database.query(`DELETE FROM schema_version WHERE version > ${length}`);
    await until('it is rebuilt', async () => (await client.get('/readyz')).status === 200);
    expect((await client.get('/orders?client_id=ann')).body).toMatchObject({ orders: [{ status: 'open' }] });
    client.close();
    service.signal('SIGTERM');
    expect(await service.exited()).toBe(0);
  });

  it('writes its own entries: the writer brings over what is ahead of them, and stops there', async () => {
    const api = await venue.start({ ROLES: 'api' });
    const client = new Client(() => api.url);
    for (let i = 0; i < 3; i++) expect((await client.post('/orders', { client_id: 'ann', side: 'buy', type: 'limit', price: '10.00', quantity: '1' })).status).toBe(201);
    client.close();
    await api.stop();
    await venue.redis.command('XADD', shard.key('log'), '4-0', 'e', laterEntry(4, await epoch()));
    await venue.redis.command('HSET', shard.key('meta'), 'seq', '4');
    const rig = await WriterRig.start(venue);
    await until('it has stopped', () => rig.turns.filter((isActive) => !isActive).length > 1);
    const record = await readRecord(venue.database);
    expect([record.checkpoint, record.sequences, record.deadLetters, rig.deadLetters]).toEqual([3, [1, 2, 3], [], 0]);
    expect((await shard.log()).map(({ sequence }) => sequence)).toContain(4);
    await rig.stop();
  });

  it('migrates the database: what its schema refuses is not put aside, it waits for the later program', async () => {
    const api = await venue.start({ ROLES: 'api' });
    const client = new Client(() => api.url);
    const rig = await WriterRig.start(venue);
    await until('the writer is at work', () => rig.isActive);
    const { length } = readMigrations();
    await venue.database.query(`ALTER TABLE orders ADD COLUMN later text NOT NULL; INSERT INTO schema_version (version, name, checksum) VALUES (${length + 1}, '0099_later', 'x')`);
    expect((await client.post('/orders', { client_id: 'ann', side: 'buy', type: 'limit', price: '10.00', quantity: '1' })).status).toBe(201);
    await until('the writer stands by', () => !rig.isActive);
    const record = await readRecord(venue.database);
    expect([record.checkpoint, record.sequences, record.deadLetters, rig.deadLetters]).toEqual([0, [], [], 0]);
    // Nor does it begin anew.
    expect(rig.turns).toEqual([true, false]);
    await venue.database.query(`ALTER TABLE orders DROP COLUMN later; DELETE FROM schema_version WHERE version > ${length}`);
    await shard.persisted();
    expect((await readRecord(venue.database)).sequences).toEqual([1]);
    client.close();
    await rig.stop();
  });

  it('keeps its own layout: what the writer of before has committed is not let go of there', async () => {
    const api = await venue.start({ ROLES: 'api' });
    const client = new Client(() => api.url);
    expect((await client.post('/orders', { client_id: 'ann', side: 'buy', type: 'market', quantity: '1' })).status).toBe(201);
    client.close();
    await api.stop();
    let told = 0;
    const rig = await WriterRig.start(venue, {
      beforeTrim: async () => {
        told++;
        await venue.redis.command('HSET', shard.key('meta'), 'version', String(LATER));
      },
    });
    await until('it has stopped', () => told > 0 && !rig.isActive);
    expect([await shard.meta('persisted'), await venue.redis.command('HLEN', shard.key('orders'))]).toEqual([0, 1]);
    expect((await readRecord(venue.database)).deadLetters).toEqual([]);
    await rig.stop();
  });
});
