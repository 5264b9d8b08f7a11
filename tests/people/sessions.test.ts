import { Client, type Answer, type ProblemBody } from '../support/client';
import { until } from '../support/until';
import { PASSWORD, PeopleVenue, bearer, signed, type Person } from './support/people-venue';

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

describe('logins', () => {
  let venue: PeopleVenue;
  let other: Client;
  /** The same at both API processes. */
  const everywhere = (ask: (client: Client) => Promise<Answer<ProblemBody>>): Promise<readonly (string | number)[]> => (
    Promise.all([venue.client, other].map(async (client) => { const { status, body } = await ask(client); return body.code ?? status; }))
  );
  const refresh = (token: string, client = venue.client): Promise<Answer<Tokens & ProblemBody>> => client.post('/auth/refresh', { refresh_token: token });
  const me = ({ headers }: Person) => (client: Client): Promise<Answer<ProblemBody>> => client.get('/auth/me', headers);

  beforeAll(async () => {
    venue = await PeopleVenue.open();
    other = await venue.another();
  });
  afterAll(() => venue.close());

  it('begin with a name and a password, and say no more of a name than of a password', async () => {
    const ann = await venue.register('Ann');
    expect((await ann.call('GET', '/auth/me')).body).toMatchObject({
      username: 'Ann', account_id: 'Ann', accounts: ['Ann'], roles: ['trader'], scopes: ['read', 'trade', 'transfer', 'withdraw'], sudo: false,
    });
    // The same whoever it is of, and whatever the case of the name.
    expect((await venue.client.post('/auth/login', { username: 'ANN', password: PASSWORD })).status).toBe(200);
    const wrong = await venue.client.post<ProblemBody>('/auth/login', { username: 'Ann', password: `${PASSWORD} ` });
    const unknown = await venue.client.post<ProblemBody>('/auth/login', { username: 'nobody', password: PASSWORD });
    const short = await venue.client.post<ProblemBody>('/auth/login', { username: 'Ann', password: 'x' });
    const bare = ({ instance: _instance, ...body }: ProblemBody): object => body;
    expect([wrong.status, wrong.body.code]).toEqual([401, 'invalid_credentials']);
    for (const answer of [unknown, short]) expect([answer.status, bare(answer.body)]).toEqual([401, bare(wrong.body)]);
  });

  it('are of names that are nobody else\'s, in any case, nor an account\'s of before', async () => {
    for (const username of ['ANN', 'ann', 'Ann']) {
      const { status, body } = await venue.client.post<ProblemBody>('/auth/register', { username, password: PASSWORD });
      expect([status, body.code]).toEqual([409, 'username_taken']);
    }
    const open = await venue.venue.start({ AUTH: 'off' });
    const anyone = new Client(open.url);
    expect((await anyone.place({ client_id: 'desk', side: 'buy', type: 'limit', price: '1.00', quantity: '1' })).status).toBe(201);
    anyone.close();
    await open.stop();
    expect((await venue.client.post<ProblemBody>('/auth/register', { username: 'desk', password: PASSWORD })).body.code).toBe('username_taken');
    for (const [username, password] of [['ab', PASSWORD], ['a b c', PASSWORD], ['bill', '12345678901'], ['bill', 'é'.repeat(129)]] as const) {
      expect((await venue.client.post<ProblemBody>('/auth/register', { username, password })).body.code).toBe('validation_failed');
    }
    // 12 bytes are enough, in fewer characters.
    expect((await venue.client.post('/auth/register', { username: 'bill', password: 'é'.repeat(6) })).status).toBe(201);
  });

  it('of many who register one name at once make one user', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? venue.client : other).post<ProblemBody>('/auth/register', { username: 'carla', password: PASSWORD })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
    const { rows: owners } = { rows: await venue.venue.database.query("SELECT kind, status FROM account_owners WHERE account = 'carla'") };
    expect(owners).toEqual([{ kind: 'main', status: 'active' }]);
  });

  it('go on in two tabs that renew at once, at any process', async () => {
    const bob = await venue.register('bob');
    const [one, two] = await Promise.all([refresh(bob.tokens.refresh_token), refresh(bob.tokens.refresh_token, other)]);
    expect([one.status, two.status]).toEqual([200, 200]);
    expect(one.body.refresh_token).toBe(two.body.refresh_token);
    for (const { body } of [one, two]) expect((await venue.client.get('/auth/me', bearer(body.access_token))).status).toBe(200);
    expect((await refresh(one.body.refresh_token)).status).toBe(200);
  });

  it('end for both where a token is used that was used long before', async () => {
    const dora = await venue.register('dora');
    const stolen = dora.tokens.refresh_token;
    const next = (await refresh(stolen)).body;
    await venue.venue.database.query("UPDATE sessions SET rotated_at = rotated_at - interval '11 seconds' WHERE user_id = (SELECT user_id FROM users WHERE username = 'dora')");
    expect((await refresh(stolen)).body.code).toBe('refresh_reused');
    expect((await refresh(next.refresh_token)).body.code).toBe('session_ended');
    const holder = bearer(next.access_token);
    await until('the other process hears of it', async () => (await everywhere((client) => client.get('/auth/me', holder))).every((code) => code === 'session_ended'));
    // Another login of the same user goes on.
    expect(await everywhere(me(await venue.logIn('dora')))).toEqual([200, 200]);
  });

  it('renew with nothing but a refresh token of their own', async () => {
    const emil = await venue.register('emil');
    expect((await refresh(emil.tokens.access_token)).body.code).toBe('wrong_token_type');
    expect((await refresh('x.y.z')).body.code).toBe('invalid_token');
    const powers = await venue.client.post<ProblemBody>('/auth/sudo', { password: PASSWORD }, emil.headers);
    expect([powers.status, powers.body.code]).toEqual([403, 'not_admin']);
  });

  it('are over where nothing is on record of them any more', async () => {
    const fay = await venue.register('fay');
    await venue.venue.database.query("DELETE FROM sessions WHERE user_id = (SELECT user_id FROM users WHERE username = 'fay')");
    const gone = await refresh(fay.tokens.refresh_token);
    expect([gone.status, gone.body.code]).toEqual([401, 'session_ended']);
  });

  it.each([
    ['the login is ended', (person: Person) => person.call('POST', '/auth/logout')],
    ['all logins are ended', (person: Person) => person.call('POST', '/auth/logout-all')],
    ['the password changes', (person: Person) => person.call('PATCH', '/auth/me', { password: PASSWORD, new_password: 'staple horse battery' })],
  ])('are over everywhere within a second when %s', async (what, end) => {
    const person = await venue.register(`gina-${what.replaceAll(' ', '-')}`);
    expect(await everywhere(me(person))).toEqual([200, 200]);
    expect((await end(person)).status).toBe(200);
    const endedMs = Date.now();
    await until('everywhere', async () => (await everywhere(me(person))).every((code) => code === 'session_ended'));
    expect(Date.now() - endedMs).toBeLessThan(1_000);
    expect((await refresh(person.tokens.refresh_token)).body.code).toBe('session_ended');
  });

  it('and keys stop within a second where a user is suspended or a key is ended, and go on afterwards', async () => {
    const powers = await (await venue.withRoles('root', ['trader', 'admin'])).sudo();
    const hugo = await venue.register('hugo');
    const [key, ended] = [await hugo.key(), await hugo.key()];
    const byKey = (which: typeof key) => (client: Client): Promise<Answer<ProblemBody>> => client.get('/orders', signed(which, 'GET', '/orders'));
    expect(await everywhere(byKey(key))).toEqual([200, 200]);
    expect((await hugo.call('DELETE', `/auth/api-keys/${ended.api_key}`)).status).toBe(200);
    await until('the key is no key', async () => (await everywhere(byKey(ended))).every((code) => code === 'invalid_api_key'));
    expect((await powers.call('PATCH', '/users/hugo', { status: 'suspended' })).status).toBe(200);
    const suspendedMs = Date.now();
    await until('nothing goes', async () => (await everywhere(me(hugo))).concat(await everywhere(byKey(key))).every((code) => code === 'user_suspended'));
    expect(Date.now() - suspendedMs).toBeLessThan(1_000);
    expect((await venue.client.post<ProblemBody>('/auth/login', { username: 'hugo', password: PASSWORD })).body.code).toBe('user_suspended');
    expect((await powers.call('PATCH', '/users/hugo', { status: 'active' })).status).toBe(200);
    await until('all goes', async () => (await everywhere(me(hugo))).concat(await everywhere(byKey(key))).every((code) => code === 200));
    // Nobody is left to act where the last admin is not.
    expect((await powers.call('PATCH', '/users/root', { status: 'suspended' })).body.code).toBe('last_admin');
    expect((await powers.call('PATCH', '/users/root', { roles: ['trader'] })).body.code).toBe('last_admin');
  });

  it('keep what was done with powers, and let nobody change that', async () => {
    const powers = await (await venue.logIn('root')).sudo();
    expect((await powers.call('POST', '/deposits', { account_id: 'bob', asset: 'USD', amount: '5' })).status).toBe(201);
    expect((await powers.call('POST', '/deposits', { account_id: 'bob', asset: 'NONE', amount: '5' })).status).toBe(404);
    const { body } = await powers.call<{ entries: Record<string, unknown>[] }>('GET', '/audit-log?limit=3');
    expect(body.entries.map(({ actor, acting_for: actingFor, action, target, outcome }) => [actor, actingFor, action, target, outcome])).toEqual([
      ['root', 'bob', 'deposit', '/deposits {"account_id":"bob","asset":"NONE","amount":"5"}', 'asset_not_found'],
      ['root', 'bob', 'deposit', '/deposits {"account_id":"bob","asset":"USD","amount":"5"}', 'ok'],
      ['root', null, 'sudo', null, 'ok'],
    ]);
    // What is tried and refused is kept, too, and for whom.
    expect((await powers.call('POST', '/auth/sudo', { password: 'staple horse battery' })).body.code).toBe('invalid_credentials');
    expect((await powers.call('DELETE', '/orders?client_id=bob')).status).toBe(200);
    const { body: more } = await powers.call<{ entries: Record<string, unknown>[] }>('GET', '/audit-log?limit=2');
    expect(more.entries).toEqual([
      expect.objectContaining({ action: 'cancelAllOrders', acting_for: 'bob', outcome: 'ok' }),
      expect.objectContaining({ action: 'sudo', outcome: 'invalid_credentials', request_id: expect.any(String) as string }),
    ]);
    for (const statement of [
      'UPDATE audit_log SET actor = \'x\'', 'DELETE FROM audit_log', 'TRUNCATE audit_log CASCADE', 'UPDATE audit_outcomes SET outcome = \'x\'', 'DELETE FROM audit_outcomes', 'TRUNCATE audit_outcomes',
    ]) {
      await expect(venue.venue.database.query(statement)).rejects.toThrow('is append-only');
    }
  });

  it('leave no password, token or secret in Redis, nor a token or a secret in Postgres', async () => {
    const iris = await venue.register('iris');
    const key = await iris.key();
    expect((await iris.call('GET', '/orders')).status).toBe(200);
    expect((await venue.client.get('/orders', signed(key, 'GET', '/orders'))).status).toBe(200);
    const tables = await Promise.all(['users', 'api_keys', 'sessions', 'audit_log', 'login_buckets'].map((table) => venue.venue.database.query(`SELECT t::text FROM ${table} t`)));
    const kept = JSON.stringify(tables);
    for (const secret of [PASSWORD, key.secret, iris.tokens.access_token, iris.tokens.refresh_token]) expect(kept.includes(secret)).toBe(false);
    expect(kept).toContain('$argon2id$v=19$');
  });
});

describe('more logins than a user may have', () => {
  it('end the one that was renewed longest ago', async () => {
    const venue = await PeopleVenue.open({ SESSIONS_PER_USER_MAX: '2' });
    const first = await venue.register('ann');
    const second = await venue.logIn('ann');
    const renewed = await venue.client.post<{ access_token: string }>('/auth/refresh', { refresh_token: first.tokens.refresh_token });
    const third = await venue.logIn('ann');
    const standing = (headers: Record<string, string>): Promise<Answer<ProblemBody>> => venue.client.get('/auth/me', headers);
    await until('it is ended', async () => (await standing(second.headers)).body.code === 'session_ended');
    for (const headers of [first.headers, bearer(renewed.body.access_token), third.headers]) expect((await standing(headers)).status).toBe(200);
    await venue.close();
  });
});
