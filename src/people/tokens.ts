import { randomUUID } from 'node:crypto';
import { SignJWT, decodeProtectedHeader, errors, exportJWK, jwtVerify, type JWK, type JWTPayload } from 'jose';
import { OWN_SCOPES, SCOPES, type Scope } from '../domain/access';
import { Refusal } from '../domain/refusal';
import type { VenueKeys } from './venue-keys';

/** What a token is for; one is never taken for another. */
export type TokenType = 'access' | 'refresh';

export interface Claims {
  readonly userId: string;
  /** The login that it belongs to. */
  readonly session: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly hasPowers: boolean;
  /** Of the powers that it has, or by which it was minted; 0 where it does not say. */
  readonly powersChange: number;
  /** User who minted it for the one that it is of; null for nobody. */
  readonly minterId: string | null;
  /** Whether it was given to whoever asked (`AUTH=dev`). */
  readonly isOfDevelopment: boolean;
  /** Seconds since 1970. */
  readonly expiresS: number;
}

export interface TokenOptions {
  /** Issuer and audience. */
  readonly issuer: string;
  readonly accessTtlS: number;
  readonly refreshTtlS: number;
  readonly sudoTtlS: number;
  /** Whether tokens are good here that were given to whoever asked. */
  readonly isForDevelopment: boolean;
}

/** Clocks of processes may differ by this much. */
const SKEW_S = 5;
const CLAIMS = ['iss', 'aud', 'sub', 'jti', 'iat', 'nbf', 'exp', 'typ', 'scope', 'sid'];

/** Sets of scopes are few, and shared by all that have them. */
const scopeSets = new Map<string, ReadonlySet<Scope>>();
function scopesOf(text: string): ReadonlySet<Scope> | null {
  const known = scopeSets.get(text);
  if (known !== undefined) return known;
  const words = text.split(' ');
  if (!words.every((word): word is Scope => (SCOPES as readonly string[]).includes(word))) return null;
  const set = new Set(words);
  scopeSets.set(text, set);
  return set;
}

/** @throws Refusal `invalid_token` for what names nobody */
function actorOf(act: unknown): string | null {
  if (act === undefined) return null;
  const minterId = typeof act === 'object' && act !== null ? (act as { readonly sub?: unknown }).sub : undefined;
  if (typeof minterId !== 'string') throw new Refusal('invalid_token');
  return minterId;
}

/** The venue's tokens (JWT): made and checked without asking anybody. */
export class Tokens {
  constructor(private readonly keys: VenueKeys, private readonly options: TokenOptions) {}

  async access(userId: string, session: string): Promise<{ readonly token: string; readonly expiresInS: number }> {
    const { accessTtlS } = this.options;
    return { token: await this.sign('access', userId, session, accessTtlS, { scope: OWN_SCOPES.join(' ') }), expiresInS: accessTtlS };
  }

  /** An access token with the powers of its user's roles. @param change number of the change by which a role was taken from the user last */
  async powers(userId: string, session: string, change: number): Promise<{ readonly token: string; readonly expiresInS: number }> {
    const { sudoTtlS } = this.options;
    return { token: await this.sign('access', userId, session, sudoTtlS, { scope: SCOPES.join(' '), sudo: true, powers: change }), expiresInS: sudoTtlS };
  }

  /** An access token that somebody minted for a user: the actor (RFC 8693), with the number of the minter's powers. @param minter null for nobody */
  async minted(
    userId: string, session: string, scopes: readonly Scope[], ttlS: number, minter: { readonly userId: string; readonly powersChange: number } | null,
  ): Promise<{ readonly token: string; readonly expiresInS: number }> {
    const by = minter === null ? {} : { act: { sub: minter.userId }, powers: minter.powersChange };
    return { token: await this.sign('access', userId, session, ttlS, { scope: scopes.join(' '), ...by }), expiresInS: ttlS };
  }

  /** An access token of a user for whoever asked, which no venue takes that asks who callers are. */
  async forDevelopment(userId: string, session: string, scopes: readonly Scope[], ttlS: number): Promise<{ readonly token: string; readonly expiresInS: number }> {
    return { token: await this.sign('access', userId, session, ttlS, { scope: scopes.join(' '), dev: true }), expiresInS: ttlS };
  }

  refresh(userId: string, session: string): Promise<string> {
    return this.sign('refresh', userId, session, this.options.refreshTtlS, { scope: 'refresh' });
  }

  private sign(typ: TokenType, userId: string, session: string, ttlS: number, more: JWTPayload): Promise<string> {
    const { kid, algorithm, privateKey } = this.keys.current;
    const nowS = Math.floor(Date.now() / 1_000);
    return new SignJWT({ ...more, typ, sid: session })
      .setProtectedHeader({ alg: algorithm, kid, typ: 'JWT' })
      .setIssuer(this.options.issuer).setAudience(this.options.issuer).setSubject(userId).setJti(randomUUID())
      .setIssuedAt(nowS).setNotBefore(nowS).setExpirationTime(nowS + ttlS)
      .sign(privateKey);
  }

  /**
   * Which key, and so which algorithm, is told by the venue's keys, never by the token.
   * @throws Refusal `invalid_token`, `token_expired`, `wrong_token_type`
   */
  async check(token: string, type: TokenType): Promise<Claims> {
    const { issuer } = this.options;
    let payload: JWTPayload;
    try {
      const { kid } = decodeProtectedHeader(token);
      const key = this.keys.verifying.find((one) => one.kid === kid);
      if (key === undefined) throw new Refusal('invalid_token');
      ({ payload } = await jwtVerify(token, key.publicKey, {
        algorithms: [key.algorithm], issuer, audience: issuer, clockTolerance: SKEW_S, requiredClaims: CLAIMS,
      }));
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw new Refusal('token_expired');
      if (error instanceof errors.JOSEError || error instanceof TypeError) throw new Refusal('invalid_token');
      throw error;
    }
    const { typ, sub, sid, scope, sudo, powers, exp, act, dev } = payload;
    if (typ !== type) throw new Refusal('wrong_token_type');
    const scopes = type === 'refresh' ? new Set<Scope>() : scopesOf(String(scope));
    if (typeof sub !== 'string' || typeof sid !== 'string' || exp === undefined || scopes === null) throw new Refusal('invalid_token');
    const isOfDevelopment = dev !== undefined;
    if (isOfDevelopment && !this.options.isForDevelopment) throw new Refusal('invalid_token', { detail: 'The token was given to whoever asked (AUTH=dev), and this venue asks who callers are.' });
    return {
      userId: sub, session: sid, scopes, hasPowers: sudo === true, powersChange: typeof powers === 'number' ? powers : 0, minterId: actorOf(act), isOfDevelopment, expiresS: exp,
    };
  }

  /** The public keys as a JSON Web Key Set. */
  async publicKeys(): Promise<{ readonly keys: readonly JWK[] }> {
    const keys = await Promise.all(this.keys.verifying.map(async ({ kid, algorithm, publicKey }) => (
      { ...await exportJWK(publicKey), kid, alg: algorithm, use: 'sig' }
    )));
    return { keys };
  }
}
