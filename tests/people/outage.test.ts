import { randomUUID } from 'node:crypto';
import { Database } from '../../src/persistence/database';
import { PostgresPeople } from '../../src/persistence/people-store';
import type { Answer, ProblemBody } from '../support/client';
import { PrivateServer } from '../support/servers';
import { until } from '../support/until';
import { testLogger } from '../support/venue';
import { PASSWORD, PeopleVenue, signed, type MadeKey, type Person } from './support/people-venue';

const order = { side: 'buy', type: 'limit', price: '10.00', quantity: '1' };

/** TEST_OUTAGE_S=60 for a minute of it. */
const OUTAGE_S = Number(process.env.TEST_OUTAGE_S ?? 6);

describe('while Postgres is away', () => {
  let server: PrivateServer;
  let venue: PeopleVenue;
  let ann: Person;
  let key: MadeKey;
  let powers: Person;

  const withKey = (): Promise<Answer<ProblemBody>> => venue.client.get('/orders', signed(key, 'GET', '/orders'));
  const logIn = (): Promise<Answer<ProblemBody>> => venue.client.post('/auth/login', { username: 'ann', password: PASSWORD });
  const transfer = (): Promise<Answer<ProblemBody>> => ann.call('POST', '/transfers', { from: 'ann', to: 'bob', asset: 'USD', amount: '1' });

  beforeAll(async () => {
    server = await PrivateServer.postgres();
    venue = await PeopleVenue.open({ AUTH_STALE_MAX_S: String(Math.max(8, OUTAGE_S + 3)), DATABASE_TIMEOUT_MS: '2000', ENGINE_TIMEOUT_MS: '2000' }, server.url);
    ann = await venue.register('ann');
    await venue.register('bob');
    key = await ann.key();
    powers = await (await venue.withRoles('root', ['admin'])).sudo();
    expect((await transfer()).status).toBe(201);
  });
  afterAll(async () => {
    await venue.close();
    await server.remove();
  });

  it('tokens and known keys trade on, logins and transfers are a 503, keys end with what is known of them; then all is well', async () => {
    await server.kill();
    await until('a transfer is refused', async () => (await transfer()).status === 503);
    const goneMs = Date.now();
    expect((await transfer()).body.code).toBe('people_unavailable');
    expect((await ann.call('POST', '/orders', order)).status).toBe(201);
    expect((await ann.call('GET', '/auth/me')).status).toBe(200);
    expect((await withKey()).status).toBe(200);
    const refused = await logIn();
    expect([refused.status, refused.body.code, refused.headers.get('retry-after')]).toEqual([503, 'people_unavailable', '2']);
    for (const [method, path, body] of [
      ['POST', '/auth/register', { username: 'carl', password: PASSWORD }], ['POST', '/auth/refresh', { refresh_token: ann.tokens.refresh_token }],
      ['POST', '/auth/api-keys', { name: 'k', scopes: ['read'] }], ['POST', '/accounts/ann/owners', { username: 'bob' }],
    ] as const) {
      expect([path, (await ann.call(method, path, body)).body.code]).toEqual([path, 'people_unavailable']);
    }
    const { people } = (await venue.client.get<{ people: { stale_seconds: number; stale_max_seconds: number } }>('/readyz')).body;
    expect([people.stale_seconds > 2, people.stale_max_seconds]).toEqual([true, Math.max(8, OUTAGE_S + 3)]);
    // What is done with powers is done when the audit log has it, and what is read with them is told then.
    const open = async (): Promise<number> => (await ann.call<{ orders: unknown[] }>('GET', '/orders?client_id=ann&status=open')).body.orders.length;
    expect(await open()).toBeGreaterThan(0);
    for (const [method, path] of [['DELETE', '/orders?client_id=ann'], ['GET', '/orders?client_id=ann']] as const) {
      const notKept = await powers.call(method, path);
      expect([notKept.status, notKept.body.code]).toEqual([503, 'people_unavailable']);
    }
    expect(await open()).toBeGreaterThan(0);
    await until('keys are too old', async () => (await withKey()).status === 503, (OUTAGE_S + 20) * 1_000);
    expect(Date.now() - goneMs).toBeGreaterThan(4_000);
    expect((await ann.call('POST', '/orders', order)).status).toBe(201);

    await server.restart();
    await until('all is well', async () => (await withKey()).status === 200 && (await logIn()).status === 200 && (await transfer()).status === 201, 30_000);
    expect((await powers.call('DELETE', '/orders?client_id=ann')).status).toBe(200);
    expect(await open()).toBe(0);
  }, (OUTAGE_S + 90) * 1_000);

  it(`for ${OUTAGE_S} s: orders go on by token and by key, and in the end all is on record`, async () => {
    const [byToken, byKey] = [await ann.call<{ order_id: string }>('POST', '/orders', order), () => {
      const body = JSON.stringify(order);
      return venue.client.call<{ order_id: string }>('POST', '/orders', { headers: { 'Content-Type': 'application/json', ...signed(key, 'POST', '/orders', body) }, raw: body });
    }];
    const placed = [byToken.body.order_id];
    await server.kill();
    await until('logins are refused', async () => (await logIn()).status === 503);
    const endMs = Date.now() + OUTAGE_S * 1_000;
    while (Date.now() < endMs) {
      const told = [await ann.call<{ order_id: string }>('POST', '/orders', order), await byKey()];
      expect(told.map(({ status }) => status)).toEqual(told.map(() => 201));
      placed.push(...told.map(({ body }) => body.order_id));
      expect((await logIn()).body.code).toBe('people_unavailable');
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    await server.restart();
    await until('all is well', async () => (await byKey()).status === 201 && (await logIn()).status === 200, 30_000);
    await until('all is on record', async () => {
      const known = await venue.venue.database.query<{ order_id: string }>('SELECT order_id FROM orders');
      const ids = new Set(known.map(({ order_id: id }) => id));
      return placed.every((id) => ids.has(id));
    }, 30_000);
  }, (OUTAGE_S + 90) * 1_000);

  it('what is kept in the audit log is kept once, however often that is tried', async () => {
    const database = new Database(venue.venue.database.url, 5_000, 1, testLogger);
    try {
      const people = new PostgresPeople(database, 0);
      const entry = { actor: 'ann', apiKey: null, actingFor: null, action: 'tried twice', target: null, requestId: 'r' };
      const [id, other] = [randomUUID(), randomUUID()];
      for (const actId of [id, other, id]) await people.addAct(actId, entry, null);
      for (const outcome of ['ok', 'internal_error']) await people.addOutcome(id, outcome);
      expect(await venue.venue.database.query(`
        SELECT act_id, o.outcome FROM audit_log LEFT JOIN audit_outcomes AS o USING (act_id) WHERE action = 'tried twice' ORDER BY audit_id`)).toEqual([
        { act_id: id, outcome: 'ok' }, { act_id: other, outcome: null },
      ]);
    } finally {
      await database.close();
    }
  });
});
