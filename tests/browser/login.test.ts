import type { Browser, BrowserContext, Page } from 'playwright-core';
import { PASSWORD, PeopleVenue } from '../people/support/people-venue';
import { Provider } from '../people/support/provider';
import { chromiumProgram, startChromium } from '../support/chromium';

jest.setTimeout(180_000);

const program = chromiumProgram();

interface Tokens {
  readonly access_token: string;
  readonly refresh_token?: string;
}
interface Told<T> {
  readonly status: number;
  readonly body: T;
}

(program === null ? describe.skip : describe)('in a browser, a person', () => {
  let provider: Provider;
  let venue: PeopleVenue;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    provider = await Provider.at(null);
    venue = await PeopleVenue.open(provider.environment);
    await provider.start([venue.url]);
    // The provider's page wants letters of elsewhere.
    browser = await startChromium(program as string, ['--host-resolver-rules=MAP evil.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1']);
  });
  afterAll(async () => {
    await browser.close();
    await provider.stop();
    await venue.close();
  });
  beforeEach(async () => {
    context = await browser.newContext();
    page = await context.newPage();
  });
  afterEach(() => context.close());

  /** Types a name at the provider, and lets it tell the venue. */
  const logIn = async (name: string, query = ''): Promise<void> => {
    await page.goto(`${venue.url}/auth/oidc/login${query}`);
    expect(new URL(page.url()).origin).toBe(provider.issuer);
    await page.fill('input[name=login]', name);
    await page.fill('input[name=password]', 'anything');
    await page.click('button[type=submit]');
    await page.click('button[type=submit]');
    await page.waitForURL((url) => url.origin === venue.url);
  };
  /** As a script of the page asks. */
  const ask = <T>(method: string, path: string, { token, body, ...more }: { readonly token?: string; readonly body?: unknown; readonly credentials?: string } = {}): Promise<Told<T>> => {
    const options = {
      method, ...more, ...(body !== undefined && { body: JSON.stringify(body) }),
      headers: { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...(token !== undefined && { Authorization: `Bearer ${token}` }) },
    };
    return page.evaluate<Told<T>>(`fetch(${JSON.stringify(path)}, ${JSON.stringify(options)}).then(async (answer) => ({ status: answer.status, body: await answer.json() }))`);
  };
  const order = { side: 'buy', type: 'limit', price: '10.00', quantity: '1' };

  it('logs in elsewhere, comes back with tokens, and trades', async () => {
    await logIn('ann');
    expect(new URL(page.url()).pathname).toBe('/auth/oidc/callback');
    const { access_token: token, refresh_token: refresh } = JSON.parse(await page.innerText('body')) as Tokens;
    const placed = await ask<{ client_id: string }>('POST', '/orders', { token, body: order });
    expect([placed.status, placed.body.client_id]).toEqual([201, 'ann']);
    expect((await ask('POST', '/auth/refresh', { body: { refresh_token: refresh } })).status).toBe(200);
    // Going back, or reloading, does not log in once more.
    await page.reload();
    expect((JSON.parse(await page.innerText('body')) as { code: string }).code).toBe('login_not_begun');
    expect(await context.cookies()).toEqual(expect.not.arrayContaining([expect.objectContaining({ name: 'openfill_login' })]));
  });

  it('logs in elsewhere and goes on at a page, which renews by its cookie until it logs out', async () => {
    await logIn('ben', '?return_to=/docs');
    expect(new URL(page.url()).pathname).toBe('/docs');
    expect(await page.evaluate('document.cookie')).toBe('');
    expect(await context.cookies()).toEqual(expect.arrayContaining([
      expect.objectContaining({ name: 'openfill_refresh', path: '/auth/refresh', httpOnly: true, sameSite: 'Strict' }),
    ]));
    for (let time = 0; time < 3; time++) {
      const { status, body } = await ask<Tokens>('POST', '/auth/refresh');
      expect([status, body.refresh_token]).toEqual([200, undefined]);
      expect((await ask('POST', '/orders', { token: body.access_token, body: order })).status).toBe(201);
    }
    const { body: { access_token: token } } = await ask<Tokens>('POST', '/auth/refresh');
    expect((await ask('POST', '/auth/logout', { token })).status).toBe(200);
    expect((await context.cookies()).filter(({ name }) => name === 'openfill_refresh')).toEqual([]);
    expect((await ask('POST', '/auth/refresh')).status).toBe(401);
  });

  it('logs in by a password and keeps the login in a cookie, which no page of elsewhere can use', async () => {
    await venue.register('carl');
    await page.goto(`${venue.url}/docs`);
    const login = await ask<Tokens>('POST', '/auth/login', { body: { username: 'carl', password: PASSWORD, refresh_in: 'cookie' } });
    expect([login.status, login.body.refresh_token]).toEqual([200, undefined]);
    // Another port is the same site, whose pages a browser lets send the cookie; another site's it does not.
    for (const origin of [`http://127.0.0.1:${provider.port}`, `http://evil.example:${provider.port}`]) {
      const elsewhere = await context.newPage();
      await elsewhere.goto(`${origin}/test`);
      const learnt = await elsewhere.evaluate(`fetch('${venue.url}/auth/refresh', { method: 'POST', credentials: 'include' }).then((answer) => answer.status, () => 'nothing')`);
      const blindly = await elsewhere.evaluate(`fetch('${venue.url}/auth/refresh', { method: 'POST', mode: 'no-cors', credentials: 'include' }).then((answer) => answer.type)`);
      expect([origin, learnt, blindly]).toEqual([origin, 'nothing', 'opaque']);
      await elsewhere.close();
    }
    // Nothing was used up by that.
    const rotated = "SELECT count(*) AS times FROM sessions JOIN users USING (user_id) WHERE username = 'carl' AND rotated_at IS NOT NULL";
    expect(await venue.venue.database.query(rotated)).toEqual([{ times: '0' }]);
    const renewed = await ask<Tokens>('POST', '/auth/refresh');
    expect(renewed.status).toBe(200);
    expect((await ask<{ username: string }>('GET', '/auth/me', { token: renewed.body.access_token })).body.username).toBe('carl');
    expect(await venue.venue.database.query(rotated)).toEqual([{ times: '1' }]);
  });
});
