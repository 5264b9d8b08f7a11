import { Client, type Answer, type ProblemBody } from '../support/client';
import { PASSWORD, PeopleVenue, bearer } from './support/people-venue';

interface Tokens {
  readonly access_token: string;
  readonly refresh_token?: string;
}

const PAGE = 'http://127.0.0.1:9';
const NAME = 'venue.example';

describe('a refresh token in a cookie', () => {
  let venue: PeopleVenue;
  let own: string;

  beforeAll(async () => {
    venue = await PeopleVenue.open({ ALLOWED_ORIGINS: PAGE, ALLOWED_HOSTS: NAME });
    own = venue.url;
    await venue.register('ann');
  });
  afterAll(() => venue.close());

  const logIn = (headers: Readonly<Record<string, string>> = { Origin: own }): Promise<Answer<Tokens>> => (
    venue.client.post('/auth/login', { username: 'ann', password: PASSWORD, refresh_in: 'cookie' }, headers)
  );
  const setBy = ({ headers }: Answer): string => headers.get('set-cookie') ?? '';
  /** As a browser sends it back. */
  const cookieOf = (answer: Answer): string => setBy(answer).split(';')[0] ?? '';
  const renew = (headers: Readonly<Record<string, string>>, client = venue.client): Promise<Answer<Tokens & ProblemBody>> => client.call('POST', '/auth/refresh', { headers });
  const codeOf = ({ status, body }: Answer<ProblemBody>): readonly unknown[] => [status, body.code];

  it('is out of every script\'s reach, and out of the answer; it renews, each time with the next', async () => {
    const first = await logIn();
    expect([first.status, first.body.refresh_token]).toEqual([200, undefined]);
    expect(setBy(first)).toMatch(/^openfill_refresh=[\w.-]+; Max-Age=2592000; Path=\/auth\/refresh; HttpOnly; SameSite=Strict$/);
    const second = await renew({ Origin: own, Cookie: `other=1; ${cookieOf(first)}; more=2` });
    expect([second.status, second.body.refresh_token]).toEqual([200, undefined]);
    expect(cookieOf(second)).not.toBe(cookieOf(first));
    expect((await venue.client.get('/auth/me', bearer(second.body.access_token))).status).toBe(200);
    expect((await renew({ Origin: own, Cookie: cookieOf(second) })).status).toBe(200);
  });

  it('is what nobody gets who did not ask for it', async () => {
    const { headers, body } = await venue.client.post<Tokens>('/auth/login', { username: 'ann', password: PASSWORD }, { Origin: own });
    expect([headers.get('set-cookie'), typeof body.refresh_token]).toEqual([null, 'string']);
    const renewed = await venue.client.post<Tokens>('/auth/refresh', { refresh_token: body.refresh_token }, { Origin: own });
    expect([renewed.headers.get('set-cookie'), typeof renewed.body.refresh_token]).toEqual([null, 'string']);
    expect((await venue.client.post<ProblemBody>('/auth/login', { username: 'ann', password: PASSWORD, refresh_in: 'header' })).body.code).toBe('validation_failed');
  });

  it('is taken from a page that may only, and is not used up by one that may not', async () => {
    const cookie = cookieOf(await logIn());
    expect(codeOf(await renew({ Cookie: cookie }))).toEqual([403, 'origin_not_allowed']);
    expect(codeOf(await renew({ Cookie: cookie, Origin: 'http://evil.example' }))).toEqual([403, 'origin_not_allowed']);
    expect(codeOf(await renew({ Cookie: cookie, Origin: 'null' }))).toEqual([403, 'origin_not_allowed']);
    expect(codeOf(await renew({ Origin: own }))).toEqual([401, 'unauthenticated']);
    expect(codeOf(await renew({ Origin: own, Cookie: 'openfill_refresh=' }))).toEqual([401, 'invalid_token']);
    expect((await renew({ Cookie: cookie, Origin: own })).status).toBe(200);
  });

  it('says nothing anywhere else', async () => {
    const cookie = cookieOf(await logIn());
    for (const [method, path] of [['GET', '/auth/me'], ['GET', '/orders'], ['POST', '/auth/logout'], ['POST', '/auth/logout-all']] as const) {
      expect(codeOf(await venue.client.call<ProblemBody>(method, path, { headers: { Cookie: cookie, Origin: own } }))).toEqual([401, 'unauthenticated']);
    }
  });

  it('goes over TLS only, but to the machine itself', async () => {
    expect(setBy(await logIn({ Origin: `https://127.0.0.1:${venue.running.port}` }))).toContain('; Secure');
    expect(setBy(await logIn({ Host: NAME }))).toContain('; Secure');
    expect(setBy(await logIn({ Host: 'localhost' }))).not.toContain('Secure');
  });

  it('is cleared by the end of the login', async () => {
    for (const path of ['/auth/logout', '/auth/logout-all']) {
      const login = await logIn();
      const answer = await venue.client.call('POST', path, { headers: { ...bearer(login.body.access_token), Origin: own } });
      expect([answer.status, setBy(answer)]).toEqual([200, 'openfill_refresh=; Max-Age=0; Path=/auth/refresh; HttpOnly; SameSite=Strict']);
      expect(codeOf(await renew({ Origin: own, Cookie: cookieOf(login) }))).toEqual([401, 'session_ended']);
    }
    const program = await venue.logIn('ann');
    expect((await program.call('POST', '/auth/logout')).headers.get('set-cookie')).toBeNull();
  });

  it('is the same at another process, and in two tabs at once', async () => {
    const running = await venue.venue.start();
    const other = new Client(running.url);
    const cookie = cookieOf(await logIn());
    const [one, two] = await Promise.all([renew({ Origin: own, Cookie: cookie }), renew({ Origin: running.url, Cookie: cookie }, other)]);
    expect([one.status, two.status, cookieOf(one)]).toEqual([200, 200, cookieOf(two)]);
    other.close();
    await running.stop();
  });

  it('may be sent by a page of ALLOWED_ORIGINS, and to no other call', async () => {
    for (const [path, allowed] of [['/auth/refresh', 'true'], ['/auth/login', 'true'], ['/orders', null]] as const) {
      const preflight = await fetch(`${venue.url}${path}`, { method: 'OPTIONS', headers: { Origin: PAGE, 'Access-Control-Request-Method': 'POST' } });
      expect([path, preflight.status, preflight.headers.get('access-control-allow-credentials')]).toEqual([path, 204, allowed]);
    }
    const login = await logIn({ Origin: PAGE });
    expect([login.headers.get('access-control-allow-origin'), login.headers.get('access-control-allow-credentials')]).toEqual([PAGE, 'true']);
    const renewed = await renew({ Origin: PAGE, Cookie: cookieOf(login) });
    expect([renewed.status, renewed.headers.get('access-control-allow-credentials')]).toEqual([200, 'true']);
    const orders = await venue.client.get('/orders', { ...bearer(renewed.body.access_token), Origin: PAGE });
    expect([orders.status, orders.headers.get('access-control-allow-credentials')]).toEqual([200, null]);
  });
});
