import { postgresProcesses, signalPostgres } from '../../src/servers/embedded-postgres';
import { audit } from '../audit/support';
import type { Answer } from '../support/client';
import { Load } from '../persistence/support/load';
import { until } from '../support/until';
import { PrivateServer } from '../support/servers';
import { Venue, type RunningApp } from '../support/venue';
import { ORDER, Recovery } from './support';

jest.setTimeout(90_000);

/** No answer may take longer while a part is away: far above what they take, far below any timeout of ours. */
const AT_ONCE_MS = 2_000;
const BACKLOG_MAX = 40;
const ENGINE_TIMEOUT_MS = 1_500;

let redis: PrivateServer;
let postgres: PrivateServer;
let venue: Venue;
let running: RunningApp;
let recovery: Recovery;
/** Brings back what is away, null when nothing is: a test that fails must not take the others with it. */
let comeBack: (() => Promise<void>) | null = null;

async function bringBack(): Promise<void> {
  const back = comeBack;
  comeBack = null;
  await back?.();
}

beforeAll(async () => { [redis, postgres] = await Promise.all([PrivateServer.redis(), PrivateServer.postgres()]); });
afterAll(async () => { await Promise.all([redis.remove(), postgres.remove()]); });
beforeEach(async () => {
  venue = await Venue.open({
    redisUrl: redis.url, databaseServerUrl: postgres.url,
    environment: { BACKLOG_MAX: String(BACKLOG_MAX), ENGINE_TIMEOUT_MS: String(ENGINE_TIMEOUT_MS), DATABASE_TIMEOUT_MS: '1000', READ_BARRIER_TIMEOUT_MS: '200' },
  });
  running = await venue.start();
  recovery = new Recovery(venue, () => running);
});
afterEach(async () => {
  await bringBack();
  recovery.client.close();
  await venue.close();
});

async function timed<T>(work: Promise<T>): Promise<T> {
  const started = Date.now();
  const result = await work;
  expect(Date.now() - started).toBeLessThan(AT_ONCE_MS);
  return result;
}

/** Of an order that was taken. */
function idOf(answer: Answer): string {
  expect(answer).toMatchObject({ status: 201 });
  return (answer.body as { order_id: string }).order_id;
}

async function expectSound(): Promise<void> {
  await recovery.untilReady();
  await recovery.persisted();
  await running.stop();
  expect(await audit(venue)).toEqual([]);
}

describe('while Postgres is away', () => {
  it.each<[string, () => Promise<void>, () => Promise<void>]>([
    ['killed', async () => {
      await postgres.kill();
      // Its sessions outlive the server by a moment, and still answer.
      await until('its sessions end', () => postgresProcesses(postgres.dataDir).length === 0);
    }, () => postgres.restart()],
    ['stopped', async () => signalPostgres(postgres.pid, postgres.dataDir, 'SIGSTOP'), async () => signalPostgres(postgres.pid, postgres.dataDir, 'SIGCONT')],
  ])('(%s) matching goes on, history says that it is stale, the backlog has a bound, and all of it is written afterwards', async (_, leave, back) => {
    const maker = idOf(await recovery.place());
    const resting = idOf(await recovery.place({ price: '90.00' }));
    await recovery.persisted();
    comeBack = back;
    await leave();
    await until('postgres is away', async () => (await recovery.ready()).postgres.status === 'down');

    const taker = await recovery.place({ client_id: 'bob', side: 'sell', quantity: '0.4' });
    expect(taker).toMatchObject({ status: 201, body: { status: 'filled', trades: [{ quantity: '0.40000000' }] } });
    expect(await recovery.client.post(`/orders/${resting}/cancel`, {})).toMatchObject({ status: 200, body: { status: 'cancelled' } });
    expect((await recovery.client.get('/public/orderbook?instrument=BTC-USD')).body).toMatchObject({ bids: [['100.00', '0.60000000']] });
    expect((await recovery.client.get('/public/trades?instrument=BTC-USD&limit=1')).body).toMatchObject({ trades: [{ quantity: '0.40000000' }] });
    expect((await recovery.client.get(`/public/orders/${maker}`)).body).toMatchObject({ status: 'partially_filled', trades: [{ quantity: '0.40000000' }] });
    const history = await recovery.client.get('/orders?client_id=ann&status=all');
    expect(history).toMatchObject({ status: 200, body: { stale: true, lag_entries: 2, orders: [{ order_id: maker, status: 'partially_filled' }] } });
    expect((history.body as { lag_seconds: number }).lag_seconds).toBeGreaterThan(0);
    expect((await recovery.ready()).status).toBe('ready');

    let taken = 2;
    for (;; taken++) {
      const answer = await recovery.place({ price: '80.00', client_id: 'filler' });
      if (answer.status === 201) continue;
      expect(answer).toMatchObject({ status: 503, body: { code: 'backlog_full' } });
      break;
    }
    expect(taken).toBe(BACKLOG_MAX);
    expect(await recovery.client.post(`/orders/${maker}/cancel`, {})).toMatchObject({ status: 200, body: { status: 'cancelled' } });

    await bringBack();
    await until('orders are taken again', async () => (await recovery.place({ price: '70.00' })).status === 201, 30_000);
    await recovery.persisted();
    expect((await recovery.client.get(`/orders?client_id=ann&status=all&limit=3`)).body).not.toHaveProperty('stale');
    expect(await recovery.recoveries()).toEqual([]);
    await expectSound();
  });

  it('a list whose cancel is carried out and that cannot be told is not said to be left as it was', async () => {
    const place = async (): Promise<string> => {
      const orders = [{ side: 'buy', type: 'limit', price: '100.00', quantity: '1' }, { side: 'sell', type: 'limit', price: '120.00', quantity: '1' }];
      const { status, body } = await recovery.client.post<{ list_id: string }>('/order-lists', { type: 'oto', client_id: 'ann', orders });
      expect(status).toBe(201);
      return body.list_id;
    };
    const lists = [await place(), await place()] as const;
    await recovery.place({ client_id: 'bob', side: 'sell', quantity: '2' });
    // What is done and in the record has left Redis.
    await recovery.persisted();
    comeBack = () => postgres.restart();
    await postgres.kill();
    await until('postgres is away', async () => (await recovery.ready()).postgres.status === 'down');
    const cancel = (id: string, key?: string) => recovery.client.call('DELETE', `/order-lists/${id}`, { body: { client_id: 'ann', idempotency_key: key } });
    expect(await cancel(lists[0])).toMatchObject({ status: 504, body: { code: 'outcome_unknown' } });
    expect(await cancel(lists[1], 'once')).toMatchObject({ status: 503, body: { code: 'history_unavailable' } });
    await bringBack();
    await recovery.untilReady();
    expect(await cancel(lists[1], 'once')).toMatchObject({ status: 200, body: { status: 'done' } });
    for (const id of lists) expect((await recovery.client.get(`/order-lists/${id}`)).body).toMatchObject({ status: 'done', orders: [{ status: 'filled' }, { status: 'cancelled' }] });
    await expectSound();
  });
});

describe('while Redis is away', () => {
  it('(killed) commands are refused at once, and service goes on by itself when it is back', async () => {
    const kept = idOf(await recovery.place());
    await redis.kill();
    comeBack = async () => {
      await redis.restart();
      await venue.reconnect();
    };
    for (let i = 0; i < 5; i++) {
      const refused = await timed(recovery.place({ idempotency_key: 'while away' }));
      // The first one may have been on its way when the connection broke.
      expect([503, 504]).toContain(refused.status);
      if (i > 0) expect(refused).toMatchObject({ status: 503, body: { code: 'engine_unavailable' } });
    }
    expect(await timed(recovery.client.get('/public/orderbook?instrument=BTC-USD'))).toMatchObject({ status: 503 });
    expect(await timed(recovery.ready())).toMatchObject({ status: 'not_ready', problem: 'redis_away' });
    await bringBack();
    await recovery.untilReady();
    expect((await recovery.client.get(`/public/orders/${kept}`)).body).toMatchObject({ status: 'open' });
    expect((await recovery.place({ idempotency_key: 'while away' })).status).toBe(201);
    expect(await recovery.recoveries()).toEqual([]);
    await expectSound();
  });

  it('(stopped) what was in flight is uncertain, what follows is refused at once, and a retry with the key tells the truth', async () => {
    await recovery.place();
    process.kill(redis.pid, 'SIGSTOP');
    comeBack = () => Promise.resolve(void process.kill(redis.pid, 'SIGCONT'));
    const uncertain = await Promise.all(['a', 'b', 'c', 'd'].map((key) => recovery.place({ idempotency_key: key, price: '95.00' })));
    expect(uncertain.map(({ status, body }) => [status, (body as { code: string }).code])).toEqual(uncertain.map(() => [504, 'outcome_unknown']));
    await until('the breaker refuses at once', async () => {
      const started = Date.now();
      const { status } = await recovery.place({ client_id: 'probe' });
      return status === 503 && Date.now() - started < ENGINE_TIMEOUT_MS / 2;
    });
    await bringBack();
    await recovery.untilReady();
    const told = [];
    for (const key of ['a', 'b', 'c', 'd']) {
      let answer = await recovery.place({ idempotency_key: key, price: '95.00' });
      await until(`the outcome of ${key} is known`, async () => {
        if (answer.status >= 500) answer = await recovery.place({ idempotency_key: key, price: '95.00' });
        return answer.status < 500;
      });
      expect(answer).toMatchObject({ status: 201, body: { status: 'open', price: '95.00' } });
      told.push(idOf(answer));
    }
    // Each key stands for one order, however often it was asked for.
    const book = (await recovery.client.get('/public/orderbook?instrument=BTC-USD')).body as { bids: [string, string][] };
    expect(book.bids.find(([price]) => price === '95.00')).toEqual(['95.00', '4.00000000']);
    expect(new Set(told).size).toBe(4);
    await expectSound();
  });

  it('(its memory full) new orders are refused, cancels are taken, and nothing is half-done', async () => {
    const load = new Load(() => running.url, { seed: 11, workers: 2 });
    await load.run(20);
    load.close();
    // Its batches may have filled the backlog.
    await recovery.persisted();
    const ids = [idOf(await recovery.place()), idOf(await recovery.place())];
    await recovery.persisted();
    await venue.redis.command('CONFIG', 'SET', 'maxmemory', '1');
    try {
      expect(await recovery.place({ idempotency_key: 'full' })).toMatchObject({ status: 503, body: { code: 'backlog_full' } });
      expect(await recovery.client.call('PATCH', `/orders/${ids[1]}`, { body: { quantity: '0.5' } })).toMatchObject({ status: 503, body: { code: 'backlog_full' } });
      expect(await recovery.client.post(`/orders/${ids[0]}/cancel`, {})).toMatchObject({ status: 200, body: { status: 'cancelled' } });
      const batch = await recovery.client.post('/orders/batch', { operations: [{ op: 'place', ...ORDER }, { op: 'cancel', order_id: ids[1] }] });
      expect((batch.body as { results: { status: number }[] }).results.map(({ status }) => status)).toEqual([503, 200]);
    } finally {
      await venue.redis.command('CONFIG', 'SET', 'maxmemory', '0');
    }
    expect(await recovery.place({ idempotency_key: 'full' })).toMatchObject({ status: 201, body: { status: 'open' } });
    await expectSound();
  });
});
