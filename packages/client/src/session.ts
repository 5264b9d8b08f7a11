import { createHmac, createPrivateKey, sign, type KeyObject } from 'node:crypto';
import type { Tokens } from './contract';
import { problemOf, type Answer } from './retry';

/** How a client says who it is. */
export type Auth =
  /** Logs in at the first call, and renews its tokens by itself. */
  | { readonly username: string; readonly password: string }
  /** Of a login that was made before; without a refresh token it ends with the access token. */
  | { readonly accessToken: string; readonly refreshToken?: string }
  /** An API key with its secret. */
  | { readonly apiKey: string; readonly secret: string }
  /** An API key of an Ed25519 key pair: the private key as PEM. */
  | { readonly apiKey: string; readonly privateKey: string };

/** The venue gives no tokens: what it answered instead stands for the answer to what was asked. */
export class LoginRefused extends Error {
  constructor(readonly answer: Answer) {
    super(problemOf(answer).message);
    this.name = 'LoginRefused';
  }
}

/** Sends a request as nobody. */
export type SendBare = (method: string, path: string, body: unknown, signal: AbortSignal) => Promise<Answer>;

/** What a request carries to say who it is from. */
export interface Session {
  headers(method: string, path: string, body: string, signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
  /** The same as a message of a connection. @param path by which it was opened */
  message(path: string, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>>;
  /** When what it says is nearly over, in ms since 1970: connections that are open are told what is next then. Infinity where it does not end, or nobody knows. */
  readonly renewMs: number;
  /** Renews what is nearly over. @returns undefined where there is nothing to wait for */
  fresh(signal: AbortSignal): Promise<void> | undefined;
  /** Changes when it says so in another way than before: connections that are open have to be told. */
  readonly version: number;
  /** After a refusal. @returns whether it is worth asking again */
  renew(answer: Answer, signal: AbortSignal): Promise<boolean>;
}

/** Tokens are renewed that much ahead of their end; of a short life, in its last quarter. */
const RENEW_AHEAD_MS = 30_000;
/** A token tells its times in whole seconds: it may end that much earlier than its life says. */
const ROUNDED_MS = 1_000;

/** When a token that lives so long from now on is renewed, in ms since 1970. */
function renewalOf(lifeMs: number): number {
  return Date.now() + lifeMs - Math.min(RENEW_AHEAD_MS, lifeMs / 4);
}

/** When a token says that it is over, by the venue's clock; null where it does not say so in a way that is known here. */
function endOf(token: string): number | null {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as { readonly exp?: unknown };
    return typeof exp === 'number' ? exp * 1_000 : null;
  } catch {
    // What it is made of is the venue's own business.
    return null;
  }
}

/** Codes of a token that another one helps against. */
const STALE = new Set(['token_expired', 'session_ended', 'invalid_token']);

class TokenSession implements Session {
  version = 0;
  private access: string | null = null;
  private refresh: string | null = null;
  renewMs = Infinity;
  private renewing: Promise<void> | null = null;

  constructor(private readonly auth: { readonly username: string; readonly password: string } | { readonly accessToken: string; readonly refreshToken?: string }, private readonly send: SendBare) {
    if (!('accessToken' in auth)) return;
    this.access = auth.accessToken;
    this.refresh = auth.refreshToken ?? null;
    const endMs = this.refresh === null ? null : endOf(auth.accessToken);
    if (endMs !== null) this.renewMs = renewalOf(Math.max(0, endMs - Date.now()));
  }

  async headers(_method: string, _path: string, _body: string, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    return { Authorization: `Bearer ${await this.token(signal)}` };
  }

  async message(_path: string, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    return { op: 'auth', token: await this.token(signal) };
  }

  async renew({ body }: Answer, signal: AbortSignal): Promise<boolean> {
    const { code } = (body ?? {}) as { readonly code?: string };
    if (code === undefined || !STALE.has(code) || (this.refresh === null && !('password' in this.auth))) return false;
    await this.another(signal);
    return true;
  }

  fresh(signal: AbortSignal): Promise<void> | undefined {
    return this.access === null || Date.now() > this.renewMs ? this.another(signal) : undefined;
  }

  private async token(signal: AbortSignal): Promise<string> {
    await this.fresh(signal);
    return this.access as string;
  }

  /** One for all who ask at once. */
  private another(signal: AbortSignal): Promise<void> {
    this.renewing ??= this.next(signal).finally(() => { this.renewing = null; });
    return this.renewing;
  }

  private async next(signal: AbortSignal): Promise<void> {
    if (this.refresh !== null) {
      const answer = await this.send('POST', '/auth/refresh', { refresh_token: this.refresh }, signal);
      if (answer.status === 200) {
        this.take(answer.body as Tokens);
        return;
      }
      if (answer.status !== 401 || !('password' in this.auth)) throw new LoginRefused(answer);
    }
    if (!('password' in this.auth)) throw new TypeError('the access token is over, and there is no refresh token');
    const { username, password } = this.auth;
    const answer = await this.send('POST', '/auth/login', { username, password }, signal);
    if (answer.status !== 200) throw new LoginRefused(answer);
    this.take(answer.body as Tokens);
  }

  private take({ access_token: access, refresh_token: refresh, expires_in: expiresInS }: Tokens): void {
    this.access = access;
    this.refresh = refresh ?? null;
    this.renewMs = renewalOf(Math.max(expiresInS * 500, expiresInS * 1_000 - ROUNDED_MS));
    this.version++;
  }
}

class KeySession implements Session {
  readonly version = 0;
  readonly renewMs = Infinity;
  private readonly privateKey: KeyObject | null;
  private lastMs = 0;

  constructor(private readonly auth: { readonly apiKey: string; readonly secret: string } | { readonly apiKey: string; readonly privateKey: string }) {
    this.privateKey = 'privateKey' in auth ? createPrivateKey(auth.privateKey) : null;
  }

  headers(method: string, path: string, body: string): Promise<Readonly<Record<string, string>>> {
    const { timestamp, signature } = this.signed(`${method}${path}${body}`);
    return Promise.resolve({ 'Openfill-Key': this.auth.apiKey, 'Openfill-Timestamp': timestamp, 'Openfill-Signature': signature });
  }

  message(path: string): Promise<Readonly<Record<string, unknown>>> {
    const { timestamp, signature } = this.signed(`GET${path}`);
    return Promise.resolve({ op: 'auth', key: this.auth.apiKey, timestamp, signature });
  }

  fresh(): undefined {
    return undefined;
  }

  /** What waited on its way for longer than a signature is good for is signed anew; nothing else would change by that. */
  renew({ body }: Answer): Promise<boolean> {
    return Promise.resolve((body as { readonly code?: string } | null)?.code === 'timestamp_out_of_window');
  }

  /** A signature is taken once: two equal requests need two timestamps. */
  private signed(what: string): { readonly timestamp: string; readonly signature: string } {
    this.lastMs = Math.max(this.lastMs + 1, Date.now());
    const timestamp = String(this.lastMs);
    const text = timestamp + what;
    const signature = 'secret' in this.auth
      ? createHmac('sha256', this.auth.secret).update(text).digest()
      : sign(null, Buffer.from(text), this.privateKey as KeyObject);
    return { timestamp, signature: signature.toString('base64') };
  }
}

export function sessionOf(auth: Auth, send: SendBare): Session {
  return 'apiKey' in auth ? new KeySession(auth) : new TokenSession(auth, send);
}
