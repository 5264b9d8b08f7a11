import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { tryWriterLock } from '../../src/persistence/writer-lock';
import { Load } from '../persistence/support/load';
import { ServiceProcess } from '../persistence/support/service-process';
import { until } from '../support/until';
import { audit, runCommand } from '../audit/support';
import { StreamClient } from '../stream/support/stream-client';
import { PrivateServer, temporaryDirectory } from '../support/servers';
import { Venue, type RunningApp } from '../support/venue';
import { ORDER, Recovery, lasting } from './support';

jest.setTimeout(90_000);

const SEED = 7_041;
const REQUESTS = 120;
const OPEN_ORDERS = 60_000;
/** Less than a rebuild waits for a record that is held, before it says so. */
const HELD_MAX_MS = 20_000;

let server: PrivateServer;
let venue: Venue;
let running: RunningApp;
let recovery: Recovery;

beforeAll(async () => { server = await PrivateServer.redis(); });
afterAll(async () => { await server.remove(); });
beforeEach(async () => {
  venue = await Venue.open({ redisUrl: server.url });
  running = await venue.start();
  recovery = new Recovery(venue, () => running);
});
afterEach(async () => {
  recovery.client.close();
  await venue.close();
});

/** Orders, part fills, amends, cancels and keys, all persisted. */
async function trade(seed = SEED): Promise<void> {
  const load = new Load(() => running.url, { seed, workers: 3 });
  await load.run(REQUESTS);
  load.close();
  expect(load.unexpected).toEqual([]);
  await recovery.persisted();
}

/** Breaks the shard, waits for its rebuild, and expects everything as it was. */
async function expectRestored(reason: string, breakIt: () => Promise<void>): Promise<void> {
  await trade();
  const keyed = await recovery.place({ client_order_id: 'mine', idempotency_key: 'before', price: '120.00' });
  const refused = await recovery.place({ client_order_id: 'mine', idempotency_key: 'refused before' });
  expect([keyed.status, refused.status]).toEqual([201, 409]);
  await recovery.persisted();
  const before = await recovery.shard();
  const stream = await StreamClient.open(running.url);
  await stream.count(2);
  const told = stream.messages.length;

  await breakIt();
  await recovery.untilRebuilt(1);
  expect(await recovery.recoveries()).toMatchObject([{ reason }]);
  const after = await recovery.shard();
  expect(lasting(after)).toEqual(lasting(before));
  expect(after.meta.epoch).not.toBe(before.meta.epoch);
  expect(before.state.books.length).toBe(2);
  expect(before.state.idempotency.length).toBeGreaterThan(10);

  const again = await recovery.place({ client_order_id: 'mine', idempotency_key: 'before', price: '120.00' });
  expect([again.status, again.headers.get('idempotency-replayed'), again.body]).toEqual([201, 'true', keyed.body]);
  const refusedAgain = await recovery.place({ client_order_id: 'mine', idempotency_key: 'refused before' });
  expect([refusedAgain.status, refusedAgain.headers.get('idempotency-replayed')]).toEqual([409, 'true']);

  await stream.next('a resync', (message) => message.type === 'resync', told);
  for (const instrument of ['BTC-USD', 'ETH-USD']) {
    await stream.next(`a snapshot of ${instrument}`, (message) => message.type === 'orderbook_snapshot' && message.instrument === instrument, told);
  }
  await stream.close();

  await trade(SEED + 1);
  const times = (await recovery.shard()).log.map((entry) => entry.timeUs);
  expect(times.length).toBeGreaterThan(0);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(times[0]).toBeGreaterThanOrEqual(Number(before.meta.time_us));
  await running.stop();
  expect(await audit(venue)).toEqual([]);
}

describe('a shard is rebuilt with everything it had', () => {
  it('when Redis is flushed under a running service', () => expectRestored('redis_lost', () => recovery.flush()));

  it('when Redis comes back as an older copy of itself', async () => {
    const copy = temporaryDirectory('older');
    const directory = join(server.dataDir, 'redis');
    await trade(SEED + 2);
    cpSync(directory, copy.path, { recursive: true });
    await expectRestored('redis_older', async () => {
      await server.kill();
      rmSync(directory, { recursive: true });
      cpSync(copy.path, directory, { recursive: true });
      await server.restart();
      await venue.reconnect();
    });
    copy.remove();
  });

  it('when Redis holds the shard of another venue', () => expectRestored('redis_lost', async () => {
    await venue.redis.command('HSET', recovery.key('meta'), 'epoch', 'another0');
  }));

  it('when a command failed half-way, which stops the shard', () => expectRestored('faulted', async () => {
    // The engine trips over a key of another type in the middle of a command.
    await venue.redis.command('SET', recovery.key('open:tripping'), 'x');
    const answer = await recovery.place({ client_id: 'tripping' });
    expect(answer).toMatchObject({ status: 503, body: { code: 'engine_unavailable' } });
  }));
});

describe('a rebuild', () => {
  it('that somebody else has done leaves nobody without his answer: a service that says it is ready takes orders', async () => {
    await recovery.place();
    for (let round = 0; round < 3; round++) {
      expect(await runCommand('recover', venue.environment(), ['--force'])).toMatchObject({ code: 0 });
      await recovery.untilReady();
      expect(await recovery.place()).toMatchObject({ status: 201 });
    }
  });

  it('is given up once somebody else has done it: his writer holds the record, and the service trades on', async () => {
    await running.stop();
    running = await venue.start({ ROLES: 'api' });
    const writer = new pg.Client({ connectionString: venue.database.url });
    await writer.connect();
    try {
      expect(await tryWriterLock(writer, venue.shard)).toBe(true);
      await venue.redis.command('HSET', recovery.key('meta'), 'state', 'recovering');
      await until('the service is about to rebuild it', async () => (await recovery.ready()).problem === 'interrupted_rebuild');
      await venue.redis.command('HSET', recovery.key('meta'), 'state', 'open');
      await until('the service trades on', async () => (await recovery.ready()).status === 'ready', HELD_MAX_MS);
      expect(await recovery.recoveries()).toEqual([]);
    } finally {
      await writer.end();
    }
  });

  it('waits until what the stopped shard has logged is persisted', async () => {
    await running.stop();
    running = await venue.start({ ROLES: 'api' });
    const kept = (await recovery.place()).body as { order_id: string };
    await venue.redis.command('SET', recovery.key('open:tripping'), 'x');
    expect((await recovery.place({ client_id: 'tripping' })).status).toBe(503);
    await until('the service says what it waits for', async () => (await recovery.ready()).problem === 'draining_before_rebuild');
    expect(await recovery.recoveries()).toEqual([]);
    expect((await recovery.place()).body).toMatchObject({ code: 'engine_recovering' });
    await venue.start({ ROLES: 'writer' });
    await recovery.untilRebuilt(1);
    expect((await recovery.client.get(`/public/orders/${kept.order_id}`)).body).toMatchObject({ status: 'open' });
  });

  it('that is killed half-way is done again, as a whole', async () => {
    await recovery.place({ price: '1.00' });
    await recovery.persisted();
    await running.stop();
    await venue.database.query(
      `INSERT INTO orders SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'client-' || n % 100, NULL, 'BTC-USD', 'buy', 'limit', 'gtc', false,
         1000 + n % 500, 10 + n % 7, 0, 0, 'open', NULL, 1, 0, 1000000 + n, 1, 1, '${venue.shard}', n FROM generate_series(1, ${OPEN_ORDERS}) AS n`,
    );
    // Their accounts hold what they say: a tick of a lot is a unit of USD.
    await venue.database.query(`INSERT INTO accounts SELECT '${venue.shard}', 'client-' || n, NULL, 'active', 'venue', 'default', 1, 1 FROM generate_series(0, 99) AS n`);
    await venue.database.query(`INSERT INTO balances SELECT shard, client_id, 'USD', 0, sum(price_ticks * quantity_lots), 0, 1 FROM orders WHERE client_id LIKE 'client-%' GROUP BY 1, 2`);
    await recovery.flush();
    const first = new ServiceProcess(venue.environment({ ROLES: 'writer' }));
    await until('the rebuild is half-way', async () => Number(await venue.redis.command('HLEN', recovery.key('orders'))) > OPEN_ORDERS / 4);
    await first.kill();
    expect(await recovery.meta('state')).toBe('recovering');
    expect(Number(await venue.redis.command('HLEN', recovery.key('orders')))).toBeLessThan(OPEN_ORDERS);

    running = await venue.start();
    await recovery.untilReady();
    expect(await recovery.recoveries()).toMatchObject([{ reason: 'redis_lost', opened_at: null }, { reason: 'interrupted_rebuild', opened_at: expect.any(Date) as Date }]);
    expect(await venue.redis.command('HLEN', recovery.key('orders'))).toBe(OPEN_ORDERS + 1);
    const lots = (await venue.redis.command('HVALS', recovery.key('depth:BTC-USD:bids'))) as string[];
    const [row] = await venue.database.query<{ lots: string }>('SELECT sum(quantity_lots)::text AS lots FROM orders');
    expect(String(lots.reduce((sum, text) => sum + Number(text), 0))).toBe(row?.lots);
  });

  it('brings back the keys of entries that Postgres refused: they were answered all the same', async () => {
    // One that changes money is never put aside.
    await running.stop();
    running = await venue.start({ FUNDS: 'off' });
    await recovery.untilRebuilt(1);
    await venue.database.query(`ALTER TABLE orders ADD CONSTRAINT refuses_poison CHECK (client_id <> 'poison')`);
    const calls = ['first', 'second'].flatMap((key) => ['poison', 'ann'].map((clientId) =>
      (): ReturnType<Recovery['place']> => recovery.place({ client_id: clientId, idempotency_key: key, time_in_force: 'ioc' })));
    const before = [];
    for (const call of calls) before.push(await call());
    await recovery.persisted();
    expect(await venue.database.query('SELECT sequence::int FROM dead_letters ORDER BY 1')).toEqual([{ sequence: 1 }, { sequence: 3 }]);
    // One that nobody can read keeps nobody from the rest.
    await venue.database.query(`INSERT INTO dead_letters (shard, sequence, payload, reason) VALUES ($1, 0, 'not an entry', 'test')`, [venue.shard]);
    const keys = (await recovery.shard()).state.idempotency;
    expect(keys).toHaveLength(4);
    await recovery.flush();
    await recovery.untilRebuilt(2);
    expect((await recovery.shard()).state.idempotency).toEqual(keys);
    for (const [i, call] of calls.entries()) {
      const again = await call();
      expect([again.status, again.headers.get('idempotency-replayed'), again.body]).toEqual([201, 'true', before[i]?.body]);
    }
  });

  it('happens once, whoever notices: two processes trade on afterwards', async () => {
    const second = await venue.start({ ROLES: 'api' });
    await trade();
    await recovery.flush();
    await recovery.untilRebuilt(1);
    const other = new Recovery(venue, () => second);
    // The rebuild may be the other's before a process has seen anything of it: its first command says so, and it goes on.
    for (const one of [recovery, other]) {
      await until('the process trades on', async () => {
        const { status, body } = await one.place();
        if (status !== 201) expect({ status, body }).toMatchObject({ status: 503, body: { code: 'engine_recovering' } });
        return status === 201;
      });
    }
    expect(await recovery.recoveries()).toHaveLength(1);
    other.client.close();
  });

  it('waits for its operator where AUTO_RECOVER is off', async () => {
    await running.stop();
    running = await venue.start({ AUTO_RECOVER: 'false' });
    await trade();
    const before = await recovery.shard();
    await recovery.flush();
    await until('the service says what to do', async () => (await recovery.ready()).problem === 'redis_lost: AUTO_RECOVER is off, run "npm run recover"');
    expect(await recovery.place()).toMatchObject({ status: 503, body: { code: 'engine_recovering' } });

    const dry = await runCommand('recover', venue.environment(), ['--dry-run']);
    expect(dry).toMatchObject({ code: 0, stderr: '' });
    expect(dry.stdout).toMatch(/^redis: {4}empty\npostgres: epoch \S+, sequence \d+\nredis_lost: the shard would be rebuilt from postgres\n$/);
    expect(await recovery.recoveries()).toEqual([]);
    expect((await recovery.ready()).shard.state).toBe('empty');

    const done = await runCommand('recover', venue.environment());
    expect(done).toMatchObject({ code: 0, stdout: expect.stringMatching(/rebuilt in \S+ s: \d+ open orders, \d+ idempotency keys, \d+ recent trades\n.*\nbook hash [0-9a-f]{64}, equal in redis and postgres\n\d+ accounts, hash [0-9a-f]{64}, equal in redis and postgres\n$/) as string });
    expect(done.stderr).toMatch(/orders +\[#+\] \d+ of \d+/);
    await recovery.untilReady();
    expect(lasting(await recovery.shard())).toEqual(lasting(before));
    expect(await runCommand('recover', venue.environment())).toMatchObject({ code: 0, stdout: expect.stringContaining('redis is whole: nothing to recover') as string });
  });

  it('never touches a Redis whose record in Postgres is gone', async () => {
    await trade();
    const before = lasting(await recovery.shard());
    const [checkpoint] = await venue.database.query<Record<string, string>>('SELECT * FROM checkpoints');
    await venue.database.query('DELETE FROM checkpoints');
    await until('the service says so', async () => (await recovery.ready()).problem === 'postgres_lost');
    expect(await recovery.place()).toMatchObject({ status: 503, body: { code: 'engine_recovering' } });
    expect(lasting(await recovery.shard())).toEqual(before);
    expect(await runCommand('recover', venue.environment())).toMatchObject({ code: 1, stderr: 'openfill: postgres has no record of this shard: there is nothing to rebuild from\n' });
    await venue.database.query('INSERT INTO checkpoints (shard, epoch, sequence, time_us) VALUES ($1, $2, $3, $4)',
      [checkpoint?.shard, checkpoint?.epoch, checkpoint?.sequence, checkpoint?.time_us]);
    await recovery.untilReady();
    expect((await recovery.place()).status).toBe(201);
  });
});

describe('a frozen shard', () => {
  it('refuses every command until it is unfrozen, through a rebuild, too', async () => {
    const { order_id: id } = (await recovery.place()).body as { order_id: string };
    await recovery.persisted();
    expect(await runCommand('freeze', venue.environment())).toMatchObject({ code: 0, stdout: `shard ${venue.shard} is frozen\n`, stderr: '' });
    expect(await recovery.place()).toMatchObject({ status: 503, body: { code: 'engine_frozen' } });
    expect(await recovery.client.post(`/orders/${id}/cancel`, {})).toMatchObject({ status: 503, body: { code: 'engine_frozen' } });
    expect((await recovery.client.get(`/public/orders/${id}`)).status).toBe(200);
    expect(await runCommand('freeze', venue.environment())).toMatchObject({ code: 0, stdout: `shard ${venue.shard} was frozen already\n` });

    await recovery.flush();
    await until('the shard is rebuilt', async () => (await recovery.recoveries()).some(({ opened_at: at }) => at !== null));
    await until('the shard is frozen again', async () => (await recovery.place()).status === 503 && (await recovery.ready()).problem === 'shard_frozen');
    expect(await recovery.place()).toMatchObject({ status: 503, body: { code: 'engine_frozen' } });

    expect(await runCommand('unfreeze', venue.environment())).toMatchObject({ code: 0, stdout: `shard ${venue.shard} is open\n`, stderr: '' });
    expect(await recovery.place()).toMatchObject({ status: 201, body: { ...ORDER, status: 'open', quantity: '1.00000000' } });
    await recovery.flush();
    await recovery.untilRebuilt(2);
    expect((await recovery.place()).status).toBe(201);
  });
});
