import { createHmac } from 'node:crypto';
import { SignJWT } from 'jose';
import type { AppOptions } from '../../../src/app';
import { VenueKeys } from '../../../src/people/venue-keys';
import { Client, type Answer, type ProblemBody } from '../../support/client';
import { temporaryDirectory } from '../../support/servers';
import { until } from '../../support/until';
import { Venue, type RunningApp } from '../../support/venue';

export const PASSWORD = 'correct horse battery';

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

export interface MadeKey {
  readonly api_key: string;
  readonly secret: string;
}

export const bearer = (token: string): Record<string, string> => ({ Authorization: `Bearer ${token}` });

/** Later than any before: two equal requests must not carry the same signature. */
let lastMs = 0;
export function nextTimestamp(): number {
  lastMs = Math.max(lastMs + 1, Date.now());
  return lastMs;
}

/** Headers of a request that is signed with an HMAC key. */
export function signed({ api_key: key, secret }: MadeKey, method: string, path: string, body = '', timestamp = nextTimestamp()): Record<string, string> {
  const signature = createHmac('sha256', secret).update(`${timestamp}${method}${path}${body}`).digest('base64');
  return { 'Openfill-Key': key, 'Openfill-Timestamp': String(timestamp), 'Openfill-Signature': signature };
}

/** A token that the venue's own key has signed, with what the venue would not say. */
export function forgedToken(
  { keysDir }: Pick<PeopleVenue, 'keysDir'>, claims: { readonly audience?: string; readonly ttlS?: number; readonly typ?: string; readonly kid?: string },
): Promise<string> {
  const { current } = new VenueKeys(keysDir, 'EdDSA');
  const nowS = Math.floor(Date.now() / 1_000);
  return new SignJWT({ typ: claims.typ ?? 'access', scope: 'read trade transfer withdraw', sid: 'none' })
    .setProtectedHeader({ alg: current.algorithm, kid: claims.kid ?? current.kid }).setIssuer('openfill').setAudience(claims.audience ?? 'openfill').setSubject('none').setJti('x')
    .setIssuedAt(nowS - 100).setNotBefore(nowS - 100).setExpirationTime(nowS + (claims.ttlS ?? 100)).sign(current.privateKey);
}

/** Somebody with a login. */
export class Person {
  constructor(readonly venue: PeopleVenue, readonly name: string, readonly password: string, public tokens: Tokens) {}

  get headers(): Record<string, string> {
    return bearer(this.tokens.access_token);
  }

  call<T = ProblemBody>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
    return this.venue.client.call<T>(method, path, { headers: this.headers, ...(body === undefined ? {} : { body }) });
  }

  async key(more: Readonly<Record<string, unknown>> = {}): Promise<MadeKey> {
    const made = await this.call<MadeKey>('POST', '/auth/api-keys', { name: 'k', scopes: ['read', 'trade', 'transfer'], ...more });
    if (made.status !== 201) throw new Error(`no key: ${made.text}`);
    return made.body;
  }

  /** The same one with the powers of the role. */
  async sudo(): Promise<Person> {
    const { body } = await this.call<Tokens>('POST', '/auth/sudo', { password: this.password });
    return new Person(this.venue, this.name, this.password, { ...this.tokens, access_token: body.access_token });
  }
}

/** A venue whose callers say who they are. */
export class PeopleVenue {
  private readonly others: Client[] = [];

  private constructor(readonly venue: Venue, readonly running: RunningApp, readonly client: Client, readonly keysDir: string, private readonly directory: { remove(): void }) {}

  /** @param app parts of the service that are put together otherwise */
  static async open(environment: Readonly<Record<string, string>> = {}, databaseServerUrl?: string, app: AppOptions = {}): Promise<PeopleVenue> {
    const directory = temporaryDirectory('keys');
    const venue = await Venue.open({
      app,
      ...(databaseServerUrl === undefined ? {} : { databaseServerUrl }),
      environment: { AUTH: 'required', KEYS_DIR: directory.path, LIMIT_LOGIN_PER_SECOND: '1000', LIMIT_LOGIN_BURST: '1000', ...environment },
    });
    const running = await venue.start();
    return new PeopleVenue(venue, running, new Client(running.url), directory.path, directory);
  }

  get url(): string {
    return this.running.url;
  }

  async logIn(username: string, password = PASSWORD): Promise<Person> {
    const { status, body, text } = await this.client.post<Tokens>('/auth/login', { username, password });
    if (status !== 200) throw new Error(`${username} cannot log in: ${text}`);
    return new Person(this, username, password, body);
  }

  async register(username: string): Promise<Person> {
    const { status, text } = await this.client.post('/auth/register', { username, password: PASSWORD });
    if (status !== 201) throw new Error(`${username} cannot register: ${text}`);
    return this.logIn(username);
  }

  /** A user with roles, as `npm run admin -- roles` gives them. */
  async withRoles(username: string, roles: readonly string[]): Promise<Person> {
    const person = await this.register(username);
    await this.venue.database.query(`
      WITH next AS (UPDATE people_clock SET change = change + 1 RETURNING change)
      UPDATE users SET roles = '{${roles.join()}}', change = next.change FROM next WHERE username = '${username}'`);
    await until(`${username} is ${roles.join()}`, async () => {
      const { status, body } = await person.call<{ roles: string[] }>('GET', '/auth/me');
      // 429: a test of limits whose allowance is used up by asking.
      return status === 200 && roles.every((role) => body.roles.includes(role));
    });
    return person;
  }

  /** A second process of the venue. @returns a client of it; both end with the venue */
  async another(): Promise<Client> {
    const client = new Client((await this.venue.start()).url);
    this.others.push(client);
    return client;
  }

  async close(): Promise<void> {
    for (const client of [this.client, ...this.others]) client.close();
    await this.venue.close();
    this.directory.remove();
  }
}
