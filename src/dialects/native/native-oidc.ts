import type { IncomingMessage } from 'node:http';
import type { Context } from '../../domain/context';
import { Refusal } from '../../domain/refusal';
import type { Answer } from '../../http/answer';
import { clearCookie, cookieOf, isSecure, setCookie, type Cookie } from '../../http/cookies';
import { invalid } from '../../http/request-refusal';
import { LOGIN_UNDER_WAY_S, type LoginElsewhere } from '../../people/login-elsewhere';
import type { People } from '../../people/people';
import { OIDC_LOGIN, OIDC_TOKEN } from './check/people-schemas';
import { checkBody, checkQuery } from './check/schemas';
import { presentMinted, refreshCookie, tokens } from './login-cookies';

type Query = Readonly<Record<string, unknown>>;

const CALLBACK = '/auth/oidc/callback';
/** The address of the callback has the provider's code in it. */
const NO_REFERRER = { 'Referrer-Policy': 'no-referrer' };

/** The login under way, sent where the provider sends its browser back to. */
const cookieAt = (redirectUri: string): Cookie => ({ name: 'openfill_login', path: new URL(redirectUri).pathname, sameSite: 'lax' });

function redirect(location: string, cookies: readonly string[]): Answer {
  return { status: 302, body: `${location}\n`, headers: { Location: location, 'Content-Type': 'text/plain; charset=utf-8', ...NO_REFERRER }, cookies };
}

/** Logins by a provider: the two addresses that a browser goes to, and the one for machines. All throw refusals. */
export class NativeOidc {
  /** @param redirectUri where browsers come back to; null for the service's own by the name that it is asked under */
  constructor(private readonly people: People | null, private readonly redirectUri: string | null) {}

  /** @throws Refusal `auth_off`, `oidc_off` */
  private get known(): { readonly people: People; readonly elsewhere: LoginElsewhere } {
    const { people } = this;
    if (people === null) throw new Refusal('auth_off');
    if (people.elsewhere === null) throw new Refusal('oidc_off');
    return { people, elsewhere: people.elsewhere };
  }

  private redirectUriOf(request: IncomingMessage): string {
    if (this.redirectUri !== null) return this.redirectUri;
    const { host } = request.headers;
    if (host === undefined) throw invalid([{ field: 'Host', message: 'is required' }]);
    return `${isSecure(request) ? 'https' : 'http'}://${host}${CALLBACK}`;
  }

  /** GET /auth/oidc/login */
  async logIn(request: IncomingMessage, query: Query): Promise<Answer> {
    const { elsewhere } = this.known;
    const { return_to: returnTo = null } = checkQuery(OIDC_LOGIN, query);
    const redirectUri = this.redirectUriOf(request);
    const { url, kept } = await elsewhere.begin(redirectUri, returnTo);
    return redirect(url, [setCookie(request, cookieAt(redirectUri), kept, LOGIN_UNDER_WAY_S)]);
  }

  /** POST /auth/oidc/token */
  async machine(body: unknown): Promise<Answer> {
    const { people: { machines } } = this.known;
    const { access_token: accessToken } = checkBody(OIDC_TOKEN, body);
    if (machines === null) throw new Refusal('machine_unknown');
    return { status: 200, body: presentMinted(await machines.enter(accessToken)) };
  }

  /** GET /auth/oidc/callback */
  async callback({ address }: Context, request: IncomingMessage, query: string): Promise<Answer> {
    const { people, elsewhere } = this.known;
    const cookie = cookieAt(this.redirectUriOf(request));
    const { pair, returnTo } = await elsewhere.finish(cookieOf(request, cookie), query, address);
    const cleared = clearCookie(request, cookie);
    if (returnTo === null) return { ...tokens(pair), headers: NO_REFERRER, cookies: [cleared] };
    return redirect(returnTo, [cleared, refreshCookie(request, pair, people.sessions.refreshTtlS)]);
  }
}
