import { Client } from '../support/client';
import { ServiceProcess, type LogLine } from '../persistence/support/service-process';
import { ShardView } from '../persistence/support/shard-view';
import { until } from '../support/until';
import { StreamClient } from '../stream/support/stream-client';
import { TestRedis } from '../support/redis';
import { PrivateServer } from '../support/servers';
import { Venue } from '../support/venue';

/** Words that stand in requests and settings, and must stand in no line of the log. */
const SECRET = {
  redis: 'redis-pa55word', wrong: 'wr0ng-pa55word', client: 'client-7c1d', poison: 'poison-9e2f', idempotency: 'idempotency-3b8a', order: 'named-5d6c', price: '4711.17', header: 'header-key-1a2b',
};
const TRACE = '0af7651916cd43dd8448eb211c80319c';

describe('the log', () => {
  let redis: PrivateServer;
  let venue: Venue;
  let databasePassword: string;

  beforeAll(async () => {
    redis = await PrivateServer.redis();
    const admin = await TestRedis.connect(redis.url);
    await admin.command('CONFIG', 'SET', 'requirepass', SECRET.redis);
    admin.close();
    venue = await Venue.open({ redisUrl: redis.url.replace('redis://', `redis://:${SECRET.redis}@`) });
    databasePassword = new URL(venue.database.url).password;
    expect(databasePassword).not.toBe('');
  });
  afterEach(() => ServiceProcess.killAll());
  afterAll(async () => {
    await venue.close();
    await redis.remove();
  });

  /** Every line is JSON, and no secret stands in any. */
  const check = (service: ServiceProcess): LogLine[] => {
    const { lines } = service;
    expect(lines.length).toBeGreaterThan(0);
    for (const { level, time, msg } of lines) {
      expect(level).toMatch(/^(debug|info|warn|error|fatal)$/);
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(msg).toEqual(expect.any(String));
    }
    const written = service.stdout + service.stderr;
    const told = [...Object.values(SECRET), databasePassword, decodeURIComponent(databasePassword)]
      .map((secret) => ({ secret, line: written.split('\n').find((line) => line.includes(secret)) }))
      .filter(({ line }) => line !== undefined);
    expect(told).toEqual([]);
    return lines;
  };

  it('tells of each request by its id and trace, and never what was in it', async () => {
    const service = new ServiceProcess(venue.environment({ FUNDS: 'off', LOG_LEVEL: 'debug', STREAM_MESSAGE_BYTES_MAX: '1024' }));
    const url = await service.serving();
    const shard = new ShardView(venue);
    const http = new Client(() => url);
    await venue.database.query(`ALTER TABLE orders ADD CONSTRAINT refuses_poison CHECK (client_id <> '${SECRET.poison}')`);
    const order = {
      client_id: SECRET.client, side: 'buy', type: 'limit', price: SECRET.price, quantity: '1', client_order_id: SECRET.order, idempotency_key: SECRET.idempotency,
    };
    const placed = await http.post('/orders', order, { 'X-Request-Id': 'request-1', traceparent: `00-${TRACE}-b7ad6b7169203331-01` });
    expect(placed.status).toBe(201);
    const { order_id: id } = placed.body as { order_id: string };
    const requests: [status: number, call: () => Promise<{ status: number }>][] = [
      [201, () => http.post('/orders', order)],
      [422, () => http.post('/orders', { ...order, price: '1.00' })],
      [409, () => http.post('/orders', { ...order, idempotency_key: `${SECRET.idempotency}-2` })],
      [400, () => http.post('/orders', { ...order, side: SECRET.client, [SECRET.order]: 1 })],
      [400, () => http.post('/orders', `{"client_id":"${SECRET.client}"`)],
      [415, () => http.post('/orders', order, { 'Content-Type': `text/${SECRET.client}` })],
      [201, () => http.post('/orders', { ...order, client_id: SECRET.poison }, { 'Idempotency-Key': SECRET.idempotency })],
      [200, () => http.post('/orders/batch', { operations: [{ op: 'place', ...order }, { op: 'cancel', client_id: SECRET.client, client_order_id: SECRET.order }, { op: SECRET.client }] })],
      [409, () => http.call('DELETE', `/orders/${id}`, { headers: { 'Idempotency-Key': SECRET.header } })],
      [200, () => http.get(`/orders?client_id=${SECRET.client}&status=all`)],
      [400, () => http.get(`/orders?client_id=${SECRET.client}&status=${SECRET.order}`)],
      [200, () => http.call('DELETE', `/orders?client_id=${SECRET.client}`)],
      [404, () => http.get(`/public/orders/${SECRET.client}`)],
      [404, () => http.call('GET', `/${SECRET.client}?client_id=${SECRET.client}`, { outside: 'NotFound' })],
      [400, () => http.get(`/public/orders/%E0%A4%A-${SECRET.client}`)],
      [405, () => http.call('PUT', `/orders?client_id=${SECRET.client}`, { outside: 'MethodNotAllowed' })],
    ];
    for (const [status, call] of requests) expect((await call()).status).toBe(status);
    const stream = await StreamClient.open(url, `?channels=${SECRET.client}`);
    for (const message of [`{"op":"${SECRET.client}"}`, `"${SECRET.client}`, Buffer.from([0xff])]) await stream.ask(message, 'error');
    stream.send(`${SECRET.client}${'x'.repeat(2_000)}`);
    await stream.untilClosed();
    await shard.persisted();
    const [letter] = await venue.database.query<{ reason: string }>('SELECT reason FROM dead_letters');
    expect(letter?.reason).toContain('refuses_poison');

    // Connections that break under it.
    await shard.killAllSessions();
    for (const name of ['openfill-log-market', 'openfill-log-writer', 'openfill-engine'] as const) await shard.killRedisConnection(name);
    await until('it serves again', async () => (await http.get('/readyz')).status === 200);
    const next = `${SECRET.idempotency}-3`;
    await until('it takes orders again', async () => (await http.post('/orders', { ...order, idempotency_key: next, client_order_id: undefined })).status === 201);
    await shard.persisted();
    http.close();
    service.signal('SIGTERM');
    expect(await service.exited()).toBe(0);

    const lines = check(service);
    const told = lines.filter(({ msg }) => msg === 'request');
    expect(told.length).toBeGreaterThan(requests.length);
    for (const line of told) {
      expect(line).toMatchObject({
        request_id: expect.stringMatching(/^[\x21-\x7e]{1,128}$/) as string, traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/) as string,
        address: '127.0.0.1', method: expect.any(String) as string, route: expect.any(String) as string, status: expect.any(Number) as number, ms: expect.any(Number) as number,
      });
    }
    expect(told.find(({ request_id: requestId }) => requestId === 'request-1')).toMatchObject({
      method: 'POST', route: '/orders', status: 201, traceparent: expect.stringMatching(new RegExp(`^00-${TRACE}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`)) as string,
    });
    // What broke was told.
    expect(lines.some(({ msg }) => msg === 'log entry refused by postgres: kept in dead_letters')).toBe(true);
    expect(lines.some(({ msg }) => msg === 'market data interrupted')).toBe(true);
    expect(lines.filter(({ level }) => level === 'fatal')).toEqual([]);
  });

  it('says why a server cannot be reached, without the password that was tried', async () => {
    const database = (change: (url: URL) => void): string => {
      const url = new URL(venue.database.url);
      change(url);
      return url.toString();
    };
    const cases: [broken: Record<string, string>, said: string][] = [
      [{ REDIS_URL: redis.url.replace('redis://', `redis://:${SECRET.wrong}@`) }, 'WRONGPASS'],
      [{ REDIS_URL: `redis://:${SECRET.wrong}@127.0.0.1:1` }, 'ECONNREFUSED'],
      [{ REDIS_URL: redis.url }, 'NOAUTH'],
      [{ DATABASE_URL: database((url) => { url.password = SECRET.wrong; }) }, 'password authentication failed'],
      [{ DATABASE_URL: database((url) => { url.port = '1'; }) }, 'ECONNREFUSED'],
      [{ DATABASE_URL: database((url) => { url.pathname = '/nothing-here'; }) }, 'does not exist'],
    ];
    await Promise.all(cases.map(async ([broken, said]) => {
      const service = new ServiceProcess(venue.environment({ FUNDS: 'off', LOG_LEVEL: 'debug', ...broken }));
      await until(`it says ${said}`, () => (service.stdout + service.stderr).includes(said) || service.hasExited);
      service.signal('SIGTERM');
      await service.exited();
      expect(service.stdout + service.stderr).toContain(said);
      check(service);
    }));
  });
});
