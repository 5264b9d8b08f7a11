import { request } from 'node:http';
import { Client, type Answer, type ProblemBody } from '../support/client';
import { until } from '../support/until';
import { PASSWORD, PeopleVenue, type Person } from './support/people-venue';

const order = { side: 'buy', type: 'limit', price: '10.00', quantity: '1' };

/** Addresses of this machine, as many as are wanted. */
const addressOf = (i: number): string => `127.1.${Math.floor(i / 250)}.${(i % 250) + 1}`;

function logInFrom(venue: PeopleVenue, localAddress: string, username: string, password: string): Promise<{ readonly status: number; readonly code: string | null; readonly retryAfter: string | null }> {
  const body = JSON.stringify({ username, password });
  return new Promise((resolve, reject) => {
    const sent = request(`${venue.url}/auth/login`, {
      method: 'POST', localAddress, headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
    }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; }).on('end', () => {
        resolve({ status: response.statusCode ?? 0, code: (JSON.parse(text) as { code?: string }).code ?? null, retryAfter: response.headers['retry-after'] ?? null });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('allowances of a user', () => {
  let venue: PeopleVenue;
  let ann: Person;

  beforeAll(async () => {
    venue = await PeopleVenue.open({
      LIMIT_MUTATE_PER_SECOND: '1', LIMIT_MUTATE_BURST: '10', LIMIT_EXPENSIVE_PER_MINUTE: '3', LIMIT_PRINCIPAL_PER_SECOND: '1', LIMIT_PRINCIPAL_BURST: '8', LIMIT_SUDO_FACTOR: '3',
    });
    ann = await venue.register('ann');
  });
  afterAll(() => venue.close());

  it('end, each by itself: who may not place may still cancel', async () => {
    const { order_id: orderId } = (await ann.call<{ order_id: string }>('POST', '/orders', order)).body;
    const operations = Array.from({ length: 8 }, () => ({ op: 'place', ...order }));
    expect((await ann.call('POST', '/orders/batch', { operations })).status).toBe(200);
    const answers: Answer<ProblemBody>[] = [];
    for (let i = 0; i < 4; i++) answers.push(await ann.call('POST', '/orders', order));
    const refused = answers.at(-1) as Answer<ProblemBody>;
    expect([refused.status, refused.body.code, refused.body.class]).toEqual([429, 'rate_limited', 'mutate']);
    expect(refused.body.retry_after_ms).toBeGreaterThan(0);
    expect([refused.headers.get('retry-after'), refused.headers.get('ratelimit-policy'), refused.headers.get('ratelimit')]).toEqual(['1', '"mutate";q=10;w=10', '"mutate";r=0;t=1']);
    expect((await ann.call('PATCH', `/orders/${orderId}`, { price: '9.00' })).status).toBe(429);
    // More than there ever is at once.
    const many = await ann.call('POST', '/orders/batch', { operations: [...operations, ...operations] });
    expect([many.status, many.body.detail]).toEqual([429, 'The request takes 16 of 10 that are allowed at once.']);
    expect((await ann.call('DELETE', `/orders/${orderId}`)).status).toBe(200);
    expect((await ann.call('DELETE', '/orders')).status).toBe(200);
    // Another user has an allowance of its own.
    const bob = await venue.register('bob');
    expect((await bob.call('POST', '/orders', order)).status).toBe(201);
  });

  it('are larger for an operator with powers, and others for reads', async () => {
    const codes = async (person: Person, path: string, count: number): Promise<readonly (number | string)[]> => {
      const found: (number | string)[] = [];
      for (let i = 0; i < count; i++) {
        const { status, body } = await person.call('GET', path);
        found.push(status === 429 ? String(body.class) : status);
      }
      return found;
    };
    expect(await codes(ann, '/fills?client_id=ann', 4)).toEqual([200, 200, 200, 'expensive']);
    expect((await codes(ann, '/orders', 12)).at(-1)).toBe('principal');
    const operator = await (await venue.withRoles('olivia', ['operator'])).sudo();
    expect((await codes(operator, '/fills?client_id=ann', 10))).toEqual([...Array.from({ length: 9 }, () => 200), 'expensive']);
  });
});

describe('logins that are tried', () => {
  let venue: PeopleVenue;

  beforeAll(async () => {
    venue = await PeopleVenue.open({ LIMIT_LOGIN_PER_SECOND: '5', LIMIT_LOGIN_BURST: '10' }, undefined, { hashing: undefined });
    for (const name of ['ann', 'bea']) expect((await venue.client.post('/auth/register', { username: name, password: PASSWORD })).status).toBe(201);
  });
  afterAll(() => venue.close());

  it('are so many from one address, whatever the name', async () => {
    const startedMs = performance.now();
    const codes = (await Promise.all(Array.from({ length: 60 }, (_, i) => logInFrom(venue, '127.9.9.9', `nobody-${i}`, PASSWORD)))).map(({ code }) => code);
    const tried = codes.filter((code) => code === 'invalid_credentials').length;
    expect(tried).toBeGreaterThanOrEqual(10);
    expect(tried).toBeLessThanOrEqual(10 + Math.ceil((performance.now() - startedMs) / 1_000) * 5);
    expect(codes.filter((code) => code === 'rate_limited').length).toBe(60 - tried);
    // Another address is not touched.
    expect((await logInFrom(venue, '127.9.9.8', 'ann', PASSWORD)).status).toBe(200);
  });

  it('are counted by a bucket that fills token by token, exactly, over all processes', async () => {
    const slow = { LIMIT_LOGIN_PER_SECOND: '1', LIMIT_LOGIN_BURST: '20' };
    const [one, two] = [await venue.venue.start(slow), await venue.venue.start(slow)];
    const clients = [new Client(one.url), new Client(two.url)] as const;
    const again = async (i: number): Promise<Answer<ProblemBody>> => (clients[i % 2] as Client).post<ProblemBody>('/auth/refresh', { refresh_token: 'x.y.z' });
    const startedMs = performance.now();
    const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => again(i)));
    const passed = answers.filter(({ body }) => body.code === 'invalid_token').length;
    const refused = answers.filter(({ body }) => body.code === 'rate_limited');
    expect(passed).toBeGreaterThanOrEqual(20);
    expect(passed).toBeLessThanOrEqual(20 + Math.ceil((performance.now() - startedMs) / 1_000));
    expect(passed + refused.length).toBe(60);
    // The next one is there within a second, alone: not all of them, and not after a window is over.
    for (const { body } of refused) expect(Number(body.retry_after_ms)).toBeLessThanOrEqual(1_000);
    expect(refused[0]?.headers.get('ratelimit-policy')).toBe('"login";q=20;w=20');
    let tries = 0;
    await until('one may try again', async () => (await again(++tries)).body.code === 'invalid_token');
    const beganMs = performance.now();
    const more = (await Promise.all(Array.from({ length: 20 }, (_, i) => again(i)))).filter(({ body }) => body.code === 'invalid_token').length;
    expect(more).toBeLessThanOrEqual(Math.ceil((performance.now() - beganMs) / 1_000));
    for (const client of clients) client.close();
    await two.stop();
    await one.stop();
  });

  it('from many addresses on one name never keep its user out, from wherever that is', async () => {
    const home = addressOf(5_000);
    expect((await logInFrom(venue, home, 'bea', PASSWORD)).status).toBe(200);
    const [{ password_hash: kept }] = await venue.venue.database.query<{ password_hash: string }>("SELECT password_hash FROM users WHERE username = 'bea'") as [{ password_hash: string }];
    expect(kept.startsWith('$argon2id$v=19$m=19456,t=2,p=1$')).toBe(true);
    let isOver = false;
    const attack = Promise.all(Array.from({ length: 1_000 }, (_, i) => logInFrom(venue, addressOf(i), 'bea', 'wrong horse battery'))).finally(() => { isOver = true; });
    // While it lasts: from home at once, ahead of all strangers; their orders and reads as ever.
    const ready = async (): Promise<{ readonly hashing: Record<string, number> }> => (await venue.client.get<{ people: { hashing: Record<string, number> } }>('/readyz')).body.people;
    await until('strangers wait', async () => Number((await ready()).hashing.waiting_strangers) > 0);
    expect(await ready()).toMatchObject({ stale_max_seconds: 3_600, hashing: { running_max: 1, waiting_known: 0, waiting_max: 100 }, login_provider: null });
    const metrics = (await venue.client.get('/metrics')).text;
    expect(Number(/^passwords_waiting\{standing="stranger"\} (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThan(0);
    expect(metrics).toMatch(/^passwords_hashing [01]$/m);
    expect((await logInFrom(venue, home, 'bea', PASSWORD)).status).toBe(200);
    expect(isOver).toBe(false);
    const attempts = await attack;
    const codes = new Set(attempts.map(({ status, code }) => `${status} ${code}`));
    expect([...codes].sort()).toEqual(['401 invalid_credentials', '503 hashing_busy']);
    // Those whose turn could not come have cost Postgres nothing.
    const [counted] = await venue.venue.database.query<{ count: number }>("SELECT count(*)::int AS count FROM login_buckets WHERE key LIKE 'address:%'");
    const busy = attempts.filter(({ status }) => status === 503).length;
    expect(busy).toBeGreaterThan(0);
    expect(counted?.count).toBeLessThan(1_000 - busy + 30);
    // An address that gave a wrong one has to wait, and longer the next time.
    expect((await logInFrom(venue, addressOf(5_600), 'bea', 'wrong horse battery')).status).toBe(401);
    const again = await logInFrom(venue, addressOf(5_600), 'bea', PASSWORD);
    expect([again.status, again.code]).toEqual([429, 'rate_limited']);
    expect(Number(again.retryAfter)).toBeGreaterThan(0);
    // The user gets in: from home, and from an address that nobody knows.
    expect((await logInFrom(venue, home, 'bea', PASSWORD)).status).toBe(200);
    expect((await logInFrom(venue, addressOf(6_000), 'bea', PASSWORD)).status).toBe(200);
    // From home, too, there is an end of wrong ones.
    const own: number[] = [];
    for (let i = 0; i < 6; i++) own.push((await logInFrom(venue, home, 'bea', 'wrong horse battery')).status);
    expect(own).toEqual([401, 401, 401, 401, 401, 429]);
    // A thousand passwords that are hashed one by one, on a machine that does other things.
  }, 240_000);
});
