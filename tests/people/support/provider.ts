import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { findFreePort } from '../../../src/servers/ports';
import { until } from '../../support/until';

export const CLIENT_ID = 'venue';

/** A real provider of logins, in a process of its own; each start has new keys. */
export class Provider {
  private child: ChildProcess | null = null;

  private constructor(readonly port: number, private readonly secret: string | null) {}

  /** Not started yet: it has to know where browsers come back to. */
  static async at(secret: string | null): Promise<Provider> {
    return new Provider(await findFreePort(), secret);
  }

  get issuer(): string {
    return `http://localhost:${this.port}`;
  }

  /** Settings of a venue whose people log in here. */
  get environment(): Readonly<Record<string, string>> {
    return { OIDC_ISSUER: this.issuer, OIDC_CLIENT_ID: CLIENT_ID, ...(this.secret !== null && { OIDC_CLIENT_SECRET: this.secret }) };
  }

  async start(venues: readonly string[]): Promise<void> {
    const child = spawn(process.execPath, [join(__dirname, 'provider-process.mjs')], {
      env: {
        PATH: process.env.PATH, PORT: String(this.port), REDIRECT_URIS: venues.map((url) => `${url}/auth/oidc/callback`).join(), ...(this.secret !== null && { CLIENT_SECRET: this.secret }),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { said += text; });
    await until('the provider is ready', () => {
      if (child.exitCode !== null) throw new Error(`the provider ended:\n${said}`);
      return said.includes('ready');
    });
  }

  /** As often as each of its addresses was asked for. @param spoil how tokens are spoilt from now on; null for not at all */
  async asked(spoil: string | null = null): Promise<Readonly<Record<string, number>>> {
    const answer = await fetch(`http://127.0.0.1:${this.port}/test?spoil=${spoil ?? ''}`, { headers: { Connection: 'close' } });
    return await answer.json() as Record<string, number>;
  }

  /** What the provider gives a machine client for an audience (client credentials grant). */
  async machineToken(client: string, audience: string): Promise<string> {
    const answer = await fetch(`${this.issuer}/token`, {
      method: 'POST', headers: { Authorization: `Basic ${Buffer.from(`${client}:${client}`).toString('base64')}`, Connection: 'close' },
      body: new URLSearchParams({ grant_type: 'client_credentials', resource: audience }),
    });
    const { access_token: token, ...rest } = await answer.json() as { readonly access_token?: string };
    if (token === undefined) throw new Error(`no token: ${JSON.stringify(rest)}`);
    return token;
  }

  /** From now on a user wants to be called so. */
  async call(subject: string, name: string): Promise<void> {
    await fetch(`http://127.0.0.1:${this.port}/test?${new URLSearchParams({ subject, name }).toString()}`, { headers: { Connection: 'close' } });
  }

  async stop(): Promise<void> {
    const { child } = this;
    this.child = null;
    if (child === null || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}

/** Follows links and sends forms with cookies of its own, as a browser does for a person; without scripts. */
export class Visitor {
  /** Values by host and name: what a host sets goes to all its paths. */
  readonly jar = new Map<string, Map<string, string>>();

  private cookiesOf(url: URL): Map<string, string> {
    const cookies = this.jar.get(url.host) ?? new Map<string, string>();
    this.jar.set(url.host, cookies);
    return cookies;
  }

  async ask(url: URL, form?: Readonly<Record<string, string>>): Promise<Response> {
    const cookies = this.cookiesOf(url);
    const answer = await fetch(url, {
      redirect: 'manual', method: form === undefined ? 'GET' : 'POST', ...(form !== undefined && { body: new URLSearchParams(form) }),
      headers: { Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '), Connection: 'close' },
    });
    for (const set of answer.headers.getSetCookie()) {
      const [pair = '', ...attributes] = set.split('; ');
      const [name = '', ...value] = pair.split('=');
      if (value.join('=') === '' || attributes.includes('Max-Age=0')) cookies.delete(name);
      else cookies.set(name, value.join('='));
    }
    return answer;
  }

  /** Logs in at the provider, lets it tell the venue, and stops where that sends the browser back to the venue. @param login what is typed as a name */
  async comeBack(begun: Response, login: string): Promise<URL> {
    let url = new URL(begun.headers.get('location') ?? '');
    const provider = url.host;
    for (let step = 0; step < 20; step++) {
      const page = await this.ask(url);
      const next = page.headers.get('location');
      if (next === null) {
        const text = await page.text();
        const action = /<form[^>]* action="([^"]+)"/.exec(text)?.[1];
        if (action === undefined) throw new Error(`no form at ${url.href}: ${text.slice(0, 500)}`);
        const form: Record<string, string> = text.includes('value="login"') ? { prompt: 'login', login, password: 'anything' } : { prompt: 'consent' };
        const sent = await this.ask(new URL(action, url), form);
        url = new URL(sent.headers.get('location') ?? '', url);
      } else {
        url = new URL(next, url);
      }
      if (url.host !== provider) return url;
    }
    throw new Error('the provider goes round in circles');
  }
}
