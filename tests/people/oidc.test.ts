import { Client, type ProblemBody } from '../support/client';
import { until } from '../support/until';
import { PASSWORD, PeopleVenue, bearer } from './support/people-venue';
import { Provider, Visitor } from './support/provider';

interface Tokens {
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly user_id: string;
}
interface Me {
  readonly username: string;
  readonly account_id: string;
  readonly roles: readonly string[];
}

const SECRET = 'a secret of the tests: 100% & more';

describe('a login elsewhere', () => {
  let provider: Provider;
  let venue: PeopleVenue;
  let other: Client;

  beforeAll(async () => {
    provider = await Provider.at(SECRET);
    venue = await PeopleVenue.open(provider.environment);
    other = await venue.another();
    await provider.start([venue.url]);
  });
  afterAll(async () => {
    await provider.stop();
    await venue.close();
  });
  afterEach(async () => { await provider.asked().catch(() => undefined); });

  const begin = (visitor: Visitor, query = '', url = venue.url): Promise<Response> => visitor.ask(new URL(`${url}/auth/oidc/login${query}`));
  /** What the venue answers where the browser comes back. */
  const finish = async (visitor: Visitor, back: URL): Promise<{ readonly status: number; readonly body: Tokens & ProblemBody; readonly answer: Response }> => {
    const answer = await visitor.ask(back);
    const text = await answer.text();
    return { status: answer.status, body: (text.startsWith('{') ? JSON.parse(text) : {}) as Tokens & ProblemBody, answer };
  };
  const logIn = async (login: string, visitor = new Visitor()): ReturnType<typeof finish> => finish(visitor, await visitor.comeBack(await begin(visitor), login));
  const me = async (token: string): Promise<Me> => (await venue.client.get<Me>('/auth/me', bearer(token))).body;
  const codeOf = ({ status, body }: { readonly status: number; readonly body: ProblemBody }): readonly unknown[] => [status, body.code];

  it('goes to the provider with PKCE, state and nonce, and keeps what it began in a cookie for the callback alone', async () => {
    const begun = await begin(new Visitor());
    const url = new URL(begun.headers.get('location') ?? '');
    expect([begun.status, `${url.origin}${url.pathname}`]).toEqual([302, `${provider.issuer}/auth`]);
    const { code_challenge: challenge, state, nonce, ...rest } = Object.fromEntries(url.searchParams);
    expect(rest).toEqual({
      client_id: 'venue', response_type: 'code', scope: 'openid profile email', redirect_uri: `${venue.url}/auth/oidc/callback`, code_challenge_method: 'S256',
    });
    for (const random of [challenge, state, nonce]) expect(random).toMatch(/^[\w-]{43}$/);
    const [cookie = ''] = begun.headers.getSetCookie();
    expect(cookie).toMatch(/^openfill_login=[\w-]+; Max-Age=600; Path=\/auth\/oidc\/callback; HttpOnly; SameSite=Lax$/);
    for (const name of ['state', 'nonce']) expect(Buffer.from(cookie.split(/[=;]/)[1] ?? '', 'base64url').includes(url.searchParams.get(name) ?? '-')).toBe(false);
    const again = new URL((await begin(new Visitor())).headers.get('location') ?? '');
    for (const name of ['state', 'nonce', 'code_challenge']) expect(again.searchParams.get(name)).not.toBe(url.searchParams.get(name));
  });

  it('makes a user with an account, and finds the same one ever after, at any process', async () => {
    const first = await logIn('ann');
    expect(first.status).toBe(200);
    expect(first.answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(await me(first.body.access_token)).toMatchObject({ username: 'ann', account_id: 'ann', roles: ['trader'] });
    expect((await venue.client.place({ side: 'buy', type: 'limit', price: '10.00', quantity: '1' }, bearer(first.body.access_token))).body.client_id).toBe('ann');
    const renewed = await venue.client.post<Tokens>('/auth/refresh', { refresh_token: first.body.refresh_token });
    expect([renewed.status, renewed.body.user_id]).toEqual([200, first.body.user_id]);
    // Called otherwise meanwhile: who it is is told by its subject.
    await provider.call('ann', 'anna');
    expect((await logIn('ann')).body.user_id).toBe(first.body.user_id);
    const visitor = new Visitor();
    const back = await visitor.comeBack(await begin(visitor), 'ann');
    visitor.jar.set(new URL(other.url).host, visitor.jar.get(back.host) ?? new Map<string, string>());
    const elsewhere = await finish(visitor, new URL(`${other.url}${back.pathname}${back.search}`));
    expect([elsewhere.status, elsewhere.body.user_id]).toEqual([200, first.body.user_id]);
  });

  it('takes no name that somebody has, and is nobody who registered here', async () => {
    const bob = await venue.register('Bob');
    const elsewhere = await logIn('bob');
    expect((await me(elsewhere.body.access_token)).username).toBe('bob-2');
    await provider.call('someone', 'BOB');
    expect((await me((await logIn('someone')).body.access_token)).username).toBe('BOB-3');
    await provider.call('x1', 'Zoë  Müller');
    await provider.call('x2', '??');
    expect((await me(bob.tokens.access_token)).username).toBe('Bob');
    expect((await me((await logIn('x1')).body.access_token)).username).toBe('Zoe-Muller');
    expect((await me((await logIn('x2')).body.access_token)).username).toMatch(/^user-[0-9a-f]{12}$/);
  });

  it('has no password: none is taken for it', async () => {
    const { status, body } = await venue.client.post<ProblemBody>('/auth/login', { username: 'ann', password: PASSWORD });
    expect([status, body.code]).toEqual([401, 'invalid_credentials']);
  });

  it('makes one user of a subject that comes twice at once, at two processes', async () => {
    const visitors = Array.from({ length: 4 }, () => new Visitor());
    const backs = await Promise.all(visitors.map(async (visitor) => visitor.comeBack(await begin(visitor), 'twin')));
    const answers = await Promise.all(visitors.map((visitor, i) => {
      const back = backs[i] as URL;
      if (i % 2 === 0) return finish(visitor, back);
      visitor.jar.set(new URL(other.url).host, visitor.jar.get(back.host) ?? new Map<string, string>());
      return finish(visitor, new URL(`${other.url}${back.pathname}${back.search}`));
    }));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(new Set(answers.map(({ body }) => body.user_id)).size).toBe(1);
    const rows = await venue.venue.database.query("SELECT username, status FROM users WHERE username LIKE 'twin%'");
    expect(rows).toEqual([{ username: 'twin', status: 'active' }]);
  });

  it('is not kept out by one that broke off while it made the user: name and subject are free again', async () => {
    await venue.venue.database.query(`
      WITH broken AS (
        INSERT INTO users (user_id, username, username_key, roles, status, created_at, change)
          VALUES (gen_random_uuid(), 'Broken', 'broken', '{trader}', 'opening', now() - interval '61 seconds', 0) RETURNING user_id
      ), owned AS (INSERT INTO account_owners (account, user_id, kind, status, change) SELECT 'Broken', user_id, 'main', 'opening', 0 FROM broken)
      INSERT INTO identities (issuer, subject, user_id) SELECT '${provider.issuer}', 'broken', user_id FROM broken`);
    // Under another name than then.
    await provider.call('broken', 'mended');
    const { status, body } = await logIn('broken');
    expect([status, (await me(body.access_token)).username]).toEqual([200, 'mended']);
    await venue.register('Broken');
    expect((await me((await logIn('broken')).body.access_token)).username).toBe('mended');
  });

  it('ends in the browser that began it, once, with the state that it began with', async () => {
    const visitor = new Visitor();
    const back = await visitor.comeBack(await begin(visitor), 'ann');
    // A link that somebody else was given: it would log this browser in as them.
    expect(codeOf(await finish(new Visitor(), back))).toEqual([400, 'login_not_begun']);
    const victim = new Visitor();
    await begin(victim);
    expect(codeOf(await finish(victim, back))).toEqual([400, 'login_not_begun']);
    for (const change of [(to: URL) => to.searchParams.set('state', 'x'), (to: URL) => to.searchParams.delete('state'), (to: URL) => to.searchParams.append('state', 'x')]) {
      const changed = new URL(back);
      change(changed);
      expect(codeOf(await finish(visitor, changed))).toEqual([400, 'login_not_begun']);
    }
    const kept = new Map(visitor.jar.get(back.host));
    expect((await finish(visitor, back)).status).toBe(200);
    expect(visitor.jar.get(back.host)?.has('openfill_login')).toBe(false);
    visitor.jar.set(back.host, kept);
    expect(codeOf(await finish(visitor, back))).toEqual([400, 'login_not_begun']);
    // At the other process as well.
    visitor.jar.set(new URL(other.url).host, kept);
    expect(codeOf(await finish(visitor, new URL(`${other.url}${back.pathname}${back.search}`)))).toEqual([400, 'login_not_begun']);
    const forged = new Visitor();
    forged.jar.set(back.host, new Map([['openfill_login', Buffer.from(JSON.stringify({ state: back.searchParams.get('state') })).toString('base64url')]]));
    expect(codeOf(await finish(forged, back))).toEqual([400, 'login_not_begun']);
  });

  it('is over after ten minutes', async () => {
    const visitor = new Visitor();
    const back = await visitor.comeBack(await begin(visitor), 'ann');
    const now = Date.now.bind(Date);
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() + 600_000);
    try {
      expect(codeOf(await finish(visitor, back))).toEqual([400, 'login_not_begun']);
    } finally {
      clock.mockRestore();
    }
  });

  it('is nothing with a code that was used, or that is none', async () => {
    const [one, two] = [new Visitor(), new Visitor()];
    const used = await one.comeBack(await begin(one), 'ann');
    expect((await finish(one, used)).status).toBe(200);
    for (const code of [used.searchParams.get('code') ?? '', 'none']) {
      const back = await two.comeBack(await begin(two), 'ann');
      back.searchParams.set('code', code);
      expect(codeOf(await finish(two, back))).toEqual([401, 'login_not_proven']);
    }
  });

  it.each(['nonce', 'no_nonce', 'audience', 'party', 'expired', 'issuer', 'signature', 'unsigned'])('is nothing with a token that is spoilt: %s', async (spoil) => {
    const visitor = new Visitor();
    const back = await visitor.comeBack(await begin(visitor), 'ann');
    await provider.asked(spoil);
    expect(codeOf(await finish(visitor, back))).toEqual([401, 'login_not_proven']);
    await provider.asked();
    expect((await logIn('ann')).status).toBe(200);
  });

  it('is nothing where the provider lets nobody in', async () => {
    const visitor = new Visitor();
    const begun = await begin(visitor);
    const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state') ?? '';
    const iss = encodeURIComponent(provider.issuer);
    expect(codeOf(await finish(visitor, new URL(`${venue.url}/auth/oidc/callback?error=access_denied&state=${state}&iss=${iss}`)))).toEqual([403, 'login_refused']);
  });

  it('is refused to a user who is suspended', async () => {
    const powers = await (await venue.withRoles('root', ['trader', 'admin'])).sudo();
    expect((await logIn('hugo')).status).toBe(200);
    expect((await powers.call('PATCH', '/users/hugo', { status: 'suspended' })).status).toBe(200);
    expect(codeOf(await logIn('hugo'))).toEqual([403, 'user_suspended']);
    expect((await powers.call('PATCH', '/users/hugo', { status: 'active' })).status).toBe(200);
    expect((await logIn('hugo')).status).toBe(200);
  });

  it('goes on at a path of the service\'s own, with the refresh token in a cookie', async () => {
    const visitor = new Visitor();
    const { status, answer } = await finish(visitor, await visitor.comeBack(await begin(visitor, '?return_to=%2Fdocs%3Fa%3Db'), 'ann'));
    expect([status, answer.headers.get('location')]).toEqual([302, '/docs?a=b']);
    const [cleared, set = ''] = answer.headers.getSetCookie();
    expect(cleared).toBe('openfill_login=; Max-Age=0; Path=/auth/oidc/callback; HttpOnly; SameSite=Lax');
    expect(set).toMatch(/^openfill_refresh=[\w.-]+; Max-Age=2592000; Path=\/auth\/refresh; HttpOnly; SameSite=Strict$/);
    const renewed = await venue.client.call<Tokens>('POST', '/auth/refresh', { headers: { Origin: venue.url, Cookie: set.split(';')[0] ?? '' } });
    expect(renewed.status).toBe(200);
    expect((await me(renewed.body.access_token)).username).toBe('ann');
  });

  it.each([
    '//evil.example', '/\\evil.example', '\\\\evil.example', 'https://evil.example', 'javascript:alert(1)', '/\t/evil.example', '/\n/evil.example', 'docs', '', '/%', ' /docs', `/${'a'.repeat(512)}`,
  ])('goes to no other origin: %j', async (path) => {
    const isOwn = path === '/%';
    const visitor = new Visitor();
    const begun = await begin(visitor, `?return_to=${encodeURIComponent(path)}`);
    expect(begun.status).toBe(isOwn ? 302 : 400);
    if (!isOwn) expect((await begun.json() as ProblemBody).code).toBe('validation_failed');
  });

  it('keeps the answers\' form', async () => {
    expect((await venue.client.get('/auth/oidc/login')).status).toBe(302);
    expect((await venue.client.get<ProblemBody>('/auth/oidc/login?return_to=x')).body.code).toBe('validation_failed');
    expect((await venue.client.get<ProblemBody>('/auth/oidc/login?x=y')).body.code).toBe('validation_failed');
    expect((await venue.client.get<ProblemBody>('/auth/oidc/callback')).body.code).toBe('login_not_begun');
  });

  it('leaves nothing of the provider\'s in Postgres but who it is', async () => {
    const rows = await venue.venue.database.query("SELECT issuer, subject FROM identities WHERE subject = 'ann'");
    expect(rows).toEqual([{ issuer: provider.issuer, subject: 'ann' }]);
  });

  it('asks for the provider\'s keys where one is new, once a minute at most, and knows a new one without a restart', async () => {
    await logIn('ann');
    const before = await provider.asked();
    expect((await logIn('ann')).status).toBe(200);
    expect((await provider.asked())['/jwks']).toBe(before['/jwks']);
    await provider.stop();
    await provider.start([venue.url]);
    for (let attempt = 0; attempt < 3; attempt++) expect(codeOf(await logIn('ann'))).toEqual([401, 'login_not_proven']);
    expect((await provider.asked())['/jwks']).toBeUndefined();
    const now = Date.now.bind(Date);
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() + 61_000);
    try {
      for (let attempt = 0; attempt < 3; attempt++) expect((await logIn('ann')).status).toBe(200);
    } finally {
      clock.mockRestore();
    }
    expect((await provider.asked())['/jwks']).toBe(1);
  });

  it('keeps nobody else out by what a browser says that the provider said', async () => {
    const fresh = await venue.venue.start();
    const client = new Client(fresh.url);
    for (let i = 0; i < 10; i++) {
      const visitor = new Visitor();
      const begun = await begin(visitor);
      const { state = '' } = Object.fromEntries(new URL(begun.headers.get('location') ?? '').searchParams);
      // Each process ends what another began.
      visitor.jar.set(new URL(fresh.url).host, visitor.jar.get(new URL(venue.url).host) ?? new Map<string, string>());
      const said = new URLSearchParams({ state, error: 'server_error', iss: provider.issuer });
      expect(codeOf(await finish(visitor, new URL(`${fresh.url}/auth/oidc/callback?${said.toString()}`)))).toEqual([503, 'login_provider_unavailable']);
    }
    expect((await client.get<{ people: { login_provider: unknown } }>('/readyz')).body.people.login_provider).toBe('up');
    client.close();
    await fresh.stop();
  });

  it('is a 503 while the provider is away, and goes on when it is there again; passwords work all the while', async () => {
    const [known, early] = [new Visitor(), new Visitor()];
    const back = await known.comeBack(await begin(known), 'ann');
    await provider.stop();
    const away = await finish(known, back);
    expect([...codeOf(away), away.answer.headers.get('retry-after')]).toEqual([503, 'login_provider_unavailable', '5']);
    const fresh = await venue.venue.start();
    for (let attempt = 0; attempt < 4; attempt++) {
      const answer = await begin(early, '', fresh.url);
      expect([answer.status, (await answer.json() as ProblemBody).code]).toEqual([503, 'login_provider_unavailable']);
    }
    expect((await venue.logIn('Bob')).name).toBe('Bob');
    await provider.start([venue.url, fresh.url]);
    await until('logins begin again', async () => (await begin(new Visitor(), '', fresh.url)).status === 302);
    const visitor = new Visitor();
    expect((await finish(visitor, await visitor.comeBack(await begin(visitor, '', fresh.url), 'ann'))).status).toBe(200);
    await fresh.stop();
  });
});

describe('without a provider', () => {
  it('nobody logs in elsewhere', async () => {
    const venue = await PeopleVenue.open();
    for (const path of ['/auth/oidc/login', '/auth/oidc/callback?state=x']) {
      const { status, body } = await venue.client.get<ProblemBody>(path);
      expect([path, status, body.code]).toEqual([path, 409, 'oidc_off']);
    }
    const open = await venue.venue.start({ AUTH: 'off' });
    const anyone = new Client(open.url);
    expect((await anyone.get<ProblemBody>('/auth/oidc/login')).body.code).toBe('auth_off');
    anyone.close();
    await open.stop();
    await venue.close();
  });
});

describe('where not everybody may become a user', () => {
  it.each([['provider', 403, 200], ['closed', 403, 403]] as const)('REGISTRATION=%s', async (registration, byName, byProvider) => {
    // A public client: it has no secret.
    const provider = await Provider.at(null);
    const venue = await PeopleVenue.open({ ...provider.environment, REGISTRATION: registration });
    await provider.start([venue.url]);
    const { status } = await venue.client.post('/auth/register', { username: 'carl', password: PASSWORD });
    const visitor = new Visitor();
    const answer = await visitor.ask(await visitor.comeBack(await visitor.ask(new URL(`${venue.url}/auth/oidc/login`)), 'carl'));
    expect([status, answer.status]).toEqual([byName, byProvider]);
    await provider.stop();
    await venue.close();
  });
});
