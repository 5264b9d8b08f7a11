import { decodeJwt } from 'jose';
import { readConfig } from '../../src/config';
import { Database } from '../../src/persistence/database';
import { Client, type Answer, type ProblemBody } from '../support/client';
import { until } from '../support/until';
import { testLogger } from '../support/venue';
import { Line } from './support/people-line';
import { PASSWORD, PeopleVenue, bearer, signed, type Person } from './support/people-venue';

interface Minted { readonly access_token: string; readonly expires_in: number; readonly user_id: string; readonly scopes: readonly string[] }
interface Entry { readonly actor: string; readonly acting_for: string | null; readonly action: string; readonly target: string | null; readonly outcome: string }

const order = { side: 'buy', type: 'limit', price: '10.00', quantity: '1' };

describe('a token that is minted for somebody else', () => {
  let venue: PeopleVenue;
  let other: Client;
  let operator: Person;
  let powers: Person;
  let users = 0;

  const someone = (): Promise<Person> => venue.register(`user-${++users}`);
  const mint = async (username: string, more: object = {}, by = powers): Promise<Minted> => {
    const { status, body, text } = await by.call<Minted>('POST', '/auth/token', { username, ...more });
    if (status !== 200) throw new Error(`no token: ${text}`);
    return body;
  };
  const ask = <T = ProblemBody>(token: string, method: string, path: string, body?: unknown): Promise<Answer<T>> => (
    venue.client.call<T>(method, path, { headers: bearer(token), ...(body === undefined ? {} : { body }) })
  );
  const everywhere = (token: string): Promise<readonly string[]> => Promise.all([venue.client, other].map(async (client) => {
    const { status, body } = await client.get<ProblemBody>('/auth/me', bearer(token));
    return status === 200 ? 'ok' : body.code;
  }));
  const lastActs = async (count: number): Promise<readonly Entry[]> => (await powers.call<{ entries: Entry[] }>('GET', `/audit-log?limit=${count}`)).body.entries;

  beforeAll(async () => {
    venue = await PeopleVenue.open({ LIMIT_EXPENSIVE_PER_MINUTE: '100000' });
    other = await venue.another();
    operator = await venue.withRoles('olivia', ['trader', 'operator']);
    powers = await operator.sudo();
  });
  afterAll(() => venue.close());

  it('is the user\'s, names its minter, and is good for what and for as long as was asked', async () => {
    const { name } = await someone();
    const all = await mint(name);
    expect([all.expires_in, all.scopes]).toEqual([3_600, ['read', 'trade', 'transfer', 'withdraw']]);
    const few = await mint(name, { scopes: ['trade', 'read'], ttl_minutes: 10_080 });
    expect([few.expires_in, few.scopes]).toEqual([604_800, ['read', 'trade']]);
    const claims = decodeJwt(few.access_token);
    const { user_id: minterId } = (await operator.call<{ user_id: string }>('GET', '/auth/me')).body;
    expect([claims.sub, claims.act, claims.scope, (claims.exp ?? 0) - (claims.iat ?? 0), claims.sudo]).toEqual([few.user_id, { sub: minterId }, 'read trade', 604_800, undefined]);
    expect((await ask(few.access_token, 'GET', '/auth/me')).body).toMatchObject({ username: name, scopes: ['read', 'trade'], sudo: false, minted_by: 'olivia' });
    expect((await operator.call('GET', '/auth/me')).body).toMatchObject({ minted_by: null });
    expect((await ask(few.access_token, 'POST', '/orders', order)).status).toBe(201);
    const beyond = await ask(few.access_token, 'POST', '/transfers', { from: name, to: 'olivia', asset: 'USD', amount: '1' });
    expect([beyond.status, beyond.body.detail]).toEqual([403, 'This needs the scope transfer.']);
  });

  it.each([
    [{ ttl_minutes: 0 }, 'ttl_minutes'], [{ ttl_minutes: 10_081 }, 'ttl_minutes'], [{ ttl_minutes: 1.5 }, 'ttl_minutes'], [{ scopes: ['admin'] }, 'scopes.0'], [{ scopes: [] }, 'scopes'],
    [{ sudo: true }, 'sudo'], [{ username: 'a b' }, 'username'],
  ])('is not made of %j', async (more, field) => {
    const { status, body } = await powers.call('POST', '/auth/token', { username: 'olivia', ...more });
    expect([status, body.code, body.errors?.map((error) => error.field)]).toEqual([400, 'validation_failed', [field]]);
  });

  it('is for nobody without an operator\'s powers, in person, and of nobody who is not there or is suspended', async () => {
    const user = await someone();
    const code = async (by: Person, username: string): Promise<string> => (await by.call('POST', '/auth/token', { username })).body.code;
    expect(await code(user, user.name)).toBe('forbidden');
    expect(await code(operator, user.name)).toBe('sudo_required');
    expect(await code(powers, 'nobody-there')).toBe('user_not_found');
    const key = await powers.key({ scopes: ['read', 'admin'], ip_allow: ['127.0.0.0/8'] });
    const body = JSON.stringify({ username: user.name });
    const byKey = await venue.client.call<ProblemBody>('POST', '/auth/token', { headers: { 'Content-Type': 'application/json', ...signed(key, 'POST', '/auth/token', body) }, raw: body });
    expect([byKey.status, byKey.body.detail]).toEqual([403, 'No API key may do this: it needs a token.']);
    expect((await powers.call('PATCH', `/users/${user.name}`, { status: 'suspended' })).status).toBe(200);
    const suspended = await powers.call('POST', '/auth/token', { username: user.name });
    expect([suspended.status, suspended.body.code, suspended.body.detail]).toEqual([403, 'user_suspended', `${user.name} is suspended.`]);
    expect((await lastActs(1))[0]).toMatchObject({ actor: 'olivia', action: 'mintToken', outcome: 'user_suspended' });
  });

  it('gives no powers, whoever it is of, and makes nothing that outlives it', async () => {
    await venue.withRoles('anna', ['trader', 'admin']);
    const { access_token: token } = await mint('anna');
    expect((await ask(token, 'GET', '/users')).body.code).toBe('sudo_required');
    expect((await ask(token, 'POST', '/auth/token', { username: 'anna' })).body.code).toBe('forbidden');
    for (const [method, path, body] of [
      ['POST', '/auth/sudo', { password: PASSWORD }], ['PATCH', '/auth/me', { password: PASSWORD, new_password: `${PASSWORD} 2` }], ['POST', '/auth/api-keys', { name: 'k', scopes: ['read'] }],
      ['POST', '/accounts/anna/owners', { username: 'olivia' }], ['POST', '/auth/logout-all', undefined],
    ] as const) {
      const refused = await ask(token, method, path, body);
      expect([path, refused.status, refused.body.detail]).toEqual([path, 403, 'No token that somebody else minted may do this: it needs a login of the user\'s own.']);
    }
  });

  it('tells the audit log and the record who acts by it', async () => {
    const { name } = await someone();
    const { access_token: token } = await mint(name);
    expect((await ask(token, 'POST', '/orders', order)).status).toBe(201);
    expect((await ask(token, 'GET', `/orders?client_id=${name}`)).status).toBe(200);
    const line = await Line.opened(venue.url, '/orders', bearer(token));
    expect((await line.ask({ op: 'place', ...order, instrument: 'BTC-USD' })).code).toBeNull();
    await line.close();
    const stream = await Line.opened(venue.url, '/stream', bearer(token));
    expect((await stream.ask({ op: 'subscribe', channels: ['balances'], accounts: [name] })).code).toBeNull();
    await stream.close();
    const acts = (await lastActs(5)).filter(({ action }) => action !== 'getAuditLog');
    expect(acts.map(({ actor, acting_for: actingFor, action, outcome }) => [actor, actingFor, action, outcome])).toEqual([
      ['olivia', name, 'subscribe', 'ok'], ['olivia', name, 'place', 'ok'], ['olivia', name, 'listOrders', 'ok'], ['olivia', name, 'placeOrder', 'ok'], ['olivia', null, 'mintToken', 'ok'],
    ]);
    expect(acts.at(-1)?.target).toBe(`/auth/token {"username":"${name}"}`);
    // The venue's own record says so as well.
    await until('both orders are on record', async () => {
      const [row] = await venue.venue.database.query<{ count: number }>(`SELECT count(*)::int AS count FROM journal WHERE payload LIKE '%["P","olivia",%"${name}"%'`);
      return row?.count === 2;
    });
  });

  it.each([
    ['its user ends all logins', (user: Person) => user.call('POST', '/auth/logout-all'), 'session_ended'],
    ['its user changes the password', (user: Person) => user.call('PATCH', '/auth/me', { password: PASSWORD, new_password: 'staple horse battery' }), 'session_ended'],
    ['its user is suspended', (user: Person) => powers.call('PATCH', `/users/${user.name}`, { status: 'suspended' }), 'user_suspended'],
    ['it is logged out itself', (_user: Person, _minter: Person, token: string) => ask(token, 'POST', '/auth/logout'), 'session_ended'],
    ['its minter ends all logins', (_user: Person, minter: Person) => minter.call('POST', '/auth/logout-all'), 'session_ended'],
    ['its minter is suspended', (_user: Person, minter: Person) => powers.call('PATCH', `/users/${minter.name}`, { status: 'suspended' }), 'session_ended'],
    ['its minter is no operator any more', (_user: Person, minter: Person) => venue.venue.database.query(`
      WITH next AS (UPDATE people_clock SET change = change + 1 RETURNING change) UPDATE users SET roles = '{trader}', change = next.change FROM next WHERE username = '${minter.name}'`), 'session_ended'],
  ] as const)('is over everywhere when %s', async (_what, end, code) => {
    const user = await someone();
    const minter = await venue.withRoles(`minter-${++users}`, ['trader', 'operator']);
    const { access_token: token } = await mint(user.name, { ttl_minutes: 10_080 }, await minter.sudo());
    // The role is new, too.
    await until('it is good everywhere', async () => (await everywhere(token)).every((one) => one === 'ok'));
    await end(user, minter, token);
    const endedMs = Date.now();
    await until('everywhere', async () => (await everywhere(token)).every((one) => one === code));
    expect(Date.now() - endedMs).toBeLessThan(1_000);
  });

  it('stays over when its minter\'s role is taken and given back, and goes on when its minter logs out', async () => {
    const admin = await (await venue.withRoles('rhea', ['trader', 'admin'])).sudo();
    const user = await someone();
    const minter = await venue.withRoles(`minter-${++users}`, ['trader', 'operator']);
    const give = async (roles: readonly string[]): Promise<void> => expect((await admin.call('PATCH', `/users/${minter.name}`, { roles })).status).toBe(200);
    const { access_token: before } = await mint(user.name, { ttl_minutes: 10_080 }, await minter.sudo());
    await until('it is good everywhere', async () => (await everywhere(before)).every((one) => one === 'ok'));
    await give(['trader']);
    await give(['trader', 'operator']);
    await until('it is over everywhere', async () => (await everywhere(before)).every((one) => one === 'session_ended'));
    const { access_token: after } = await mint(user.name, {}, await minter.sudo());
    expect((await minter.call('POST', '/auth/logout')).status).toBe(200);
    expect((await minter.call('GET', '/auth/me')).body.code).toBe('session_ended');
    await until('it is good everywhere', async () => (await everywhere(after)).every((one) => one === 'ok'));
    expect(await everywhere(before)).toEqual(['session_ended', 'session_ended']);
  });

  it('stays ended in a process that starts long after, and does not make its minter\'s address one of the user\'s', async () => {
    const user = await someone();
    const { access_token: token } = await mint(user.name, { ttl_minutes: 10_080 });
    expect(await venue.venue.database.query(`SELECT address, current_digest FROM sessions WHERE user_id = (SELECT user_id FROM users WHERE username = '${user.name}') AND minted_by IS NOT NULL`))
      .toEqual([{ address: null, current_digest: null }]);
    expect((await user.call('POST', '/auth/logout-all')).status).toBe(200);
    await venue.venue.database.query(`UPDATE sessions SET ended_at = ended_at - interval '1 day' WHERE ended_at IS NOT NULL`);
    const later = await venue.venue.start();
    const client = new Client(later.url);
    expect((await client.get<ProblemBody>('/auth/me', bearer(token))).body.code).toBe('session_ended');
    client.close();
    await later.stop();
  });

  it('is not minted by a login that has ended meanwhile', async () => {
    const user = await someone();
    const minter = await venue.withRoles(`minter-${++users}`, ['trader', 'operator']);
    const sudo = await minter.sudo();
    // The end is on record, and no process has heard of it.
    await venue.venue.database.query(`UPDATE sessions SET ended_at = now(), end_reason = 'logged_out' WHERE user_id = (SELECT user_id FROM users WHERE username = '${minter.name}')`);
    expect((await sudo.call('POST', '/auth/token', { username: user.name })).body.code).toBe('session_ended');
  });

  it('is not minted of a user who was suspended meanwhile, and that is what is told', async () => {
    const user = await someone();
    const database = new Database(venue.venue.database.url, 5_000, 1, testLogger);
    let asked: Promise<Answer<ProblemBody>> | undefined;
    await database.transaction(async (query) => {
      const text = `
        WITH next AS (UPDATE people_clock SET change = change + 1 RETURNING change)
        UPDATE users SET status = 'suspended', change = next.change FROM next WHERE username = $1`;
      await query({ name: 'suspend', text }, [user.name]);
      // It has looked at the user, and waits for its turn behind the suspension.
      asked = powers.call('POST', '/auth/token', { username: user.name });
      await until('it waits', async () => (
        await venue.venue.database.query(`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%people_clock%'`)).length > 0);
    });
    await database.close();
    const refused = await asked;
    expect([refused?.status, refused?.body.code, refused?.body.detail]).toEqual([403, 'user_suspended', `${user.name} is suspended.`]);
  });
});

describe('a venue for development', () => {
  let venue: PeopleVenue;

  beforeAll(async () => { venue = await PeopleVenue.open({ AUTH: 'dev' }); });
  afterAll(() => venue.close());

  const mint = (username: string, more: object = {}, headers: Readonly<Record<string, string>> = {}): Promise<Answer<Minted & ProblemBody>> => (
    venue.client.call('POST', '/auth/token', { headers: { 'Content-Type': 'application/json', ...headers }, raw: JSON.stringify({ username, ...more }) })
  );

  it('gives anybody a token of any user, made at once where there is none', async () => {
    const made = await mint('bot-1');
    expect(made.status).toBe(200);
    const again = await mint('bot-1', { scopes: ['read'] });
    expect([again.body.user_id, again.body.scopes]).toEqual([made.body.user_id, ['read']]);
    const { access_token: token } = made.body;
    expect(decodeJwt(token).act).toBeUndefined();
    const call = (method: string, path: string, body?: unknown): Promise<Answer<ProblemBody>> => venue.client.call(method, path, { headers: bearer(token), ...(body === undefined ? {} : { body }) });
    expect((await call('POST', '/orders', order)).status).toBe(201);
    // The user's own, as after a login, and makes nothing that outlives it.
    for (const [path, body] of [['/auth/api-keys', { name: 'k', scopes: ['read'] }], ['/accounts/bot-1/owners', { username: 'bot-1' }]] as const) {
      const refused = await call('POST', path, body);
      expect([path, refused.status, refused.body.detail]).toEqual([path, 403, 'No token that anybody gets (AUTH=dev) may do this, since it would outlive the token: it needs a login.']);
    }
    expect((await call('POST', '/auth/logout-all')).status).toBe(200);
    expect((await call('GET', '/auth/me')).body.code).toBe('session_ended');
  });

  it('gives tokens that are good there alone: not in the same venue once it asks who callers are', async () => {
    const { access_token: token } = (await mint('bot-3', { ttl_minutes: 10_080 })).body;
    const person = await venue.register('somebody');
    const asking = await venue.venue.start({ AUTH: 'required' });
    const client = new Client(asking.url);
    const refused = await client.get<ProblemBody>('/auth/me', bearer(token));
    expect([refused.status, refused.body.code]).toEqual([401, 'invalid_token']);
    expect(refused.body.detail).toContain('AUTH=dev');
    // A login by password goes on, and may make keys there and here.
    expect((await client.get('/auth/me', person.headers)).status).toBe(200);
    expect((await person.key()).api_key).toMatch(/^of_/);
    client.close();
    await asking.stop();
    expect((await venue.client.get('/auth/me', bearer(token))).status).toBe(200);
  });

  it('is else as any other: who does not say who it is may nothing, powers need the password, and pages of elsewhere get nothing', async () => {
    expect((await venue.client.post<ProblemBody>('/orders', { client_id: 'bot-1', ...order })).body.code).toBe('unauthenticated');
    await venue.withRoles('root', ['trader', 'admin']);
    const { access_token: token } = (await mint('root')).body;
    expect((await venue.client.get<ProblemBody>('/users', bearer(token))).body.code).toBe('sudo_required');
    const wrong = await venue.client.call<ProblemBody>('POST', '/auth/sudo', { headers: bearer(token), body: { password: 'staple horse battery' } });
    expect(wrong.body.code).toBe('invalid_credentials');
    expect((await mint('bot-1', { scopes: ['admin'] })).body.code).toBe('validation_failed');
    expect((await mint('bot-1', {}, { Origin: 'https://elsewhere.example' })).body.code).toBe('origin_not_allowed');
    expect((await mint('bot-1', {}, { Host: 'elsewhere.example' })).body.code).toBe('origin_not_allowed');
    const { body: document } = await venue.client.get<{ paths: Record<string, Record<string, { security: unknown }>> }>('/openapi.json');
    expect([document.paths['/auth/token']?.post?.security, document.paths['/orders']?.post?.security]).toEqual([[{}], [{ token: [] }, { signature: [] }]]);
  });

  it('makes nobody where REGISTRATION does not say so', async () => {
    const closed = await PeopleVenue.open({ AUTH: 'dev', REGISTRATION: 'closed' });
    const answer = await closed.client.post<ProblemBody>('/auth/token', { username: 'bot-2' });
    expect([answer.status, answer.body.code]).toEqual([403, 'registration_closed']);
    await closed.close();
  });

  it.each([
    [{ HOST: '0.0.0.0' }, 'HOST 0.0.0.0 is reachable from outside'], [{ HOST: '0.0.0.0', ALLOW_INSECURE: 'true' }, 'HOST 0.0.0.0 is reachable from outside'],
    [{ HOST: '127.0.0.1.example' }, 'HOST 127.0.0.1.example is reachable from outside'], [{ HOST: '::' }, 'HOST :: is reachable from outside'],
    [{ TRUSTED_PROXIES: 'loopback', ALLOW_INSECURE: 'true' }, 'TRUSTED_PROXIES says that others reach it through them'],
  ])('does not start with %j', (environment, why) => {
    expect(() => readConfig({ AUTH: 'dev', ...environment })).toThrow(`AUTH=dev gives whoever reaches the venue a token for every user, so it listens on loopback alone, and ${why}: set AUTH=required for that`);
  });
});
