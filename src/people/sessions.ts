import type { Credentials, SessionRow } from '../domain/people';
import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { Refusal } from '../domain/refusal';
import type { Directory } from './directory';
import type { KnownAddresses } from './known-addresses';
import type { LoginLimits } from './login-limits';
import type { Passwords } from './passwords';
import type { PeopleStore } from './ports';
import type { Tokens } from './tokens';
import type { VenueKeys } from './venue-keys';
import { isPassword } from './words';

/** A login's tokens, as whoever logged in gets them. */
export interface TokenPair {
  readonly userId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresInS: number;
}

/** The token that was just used up gets the same successor for this long: two tabs renew at once. */
const GRACE_S = 10;
const SUCCESSOR_PURPOSE = 'refresh token ';

const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();

/** Logins: from a name and a password to tokens, from one pair to the next, and their end. */
export class Sessions {
  constructor(
    private readonly store: PeopleStore, private readonly directory: Directory, private readonly passwords: Passwords, private readonly tokens: Tokens,
    private readonly keys: VenueKeys, private readonly limits: LoginLimits, private readonly addresses: KnownAddresses, readonly refreshTtlS: number,
    private readonly perUserMax: number,
  ) {}

  /** @throws Refusal `invalid_credentials`, the same whether the user exists or not; `rate_limited`, `hashing_busy`, `user_suspended` */
  async logIn(username: string, password: string, address: string): Promise<TokenPair> {
    this.limits.requireRoom(address);
    const isKnown = await this.addresses.has(username, address);
    const standing = isKnown ? 'known' : 'stranger';
    // Nothing is asked for one whose password cannot be looked at.
    const credentials = await this.passwords.withPlace(standing, username, async () => {
      await this.limits.tryPassword(username, address, isKnown);
      return this.store.credentials(username);
    });
    const isRight = await this.passwords.verify(password, credentials?.passwordHash ?? null, standing, username);
    if (credentials === null || !isRight || !isPassword(password)) {
      await this.limits.failed(username, address);
      throw new Refusal('invalid_credentials');
    }
    await this.limits.succeeded(username, address);
    // Who knows the password may know why it is of no use.
    if (credentials.isSuspended) throw new Refusal('user_suspended');
    const pair = await this.begin(credentials.userId, await this.raised(credentials, password), address);
    this.addresses.forget(username);
    return pair;
  }

  /** @returns the hash of a right password, made anew where its parameters were raised */
  private async raised({ userId, passwordHash }: Credentials, password: string): Promise<string | null> {
    if (passwordHash === null || !this.passwords.isOld(passwordHash)) return passwordHash;
    const raised = await this.passwords.hash(password, 'known', userId);
    await this.store.raisePassword(userId, passwordHash, raised);
    return raised;
  }

  /** A login of somebody whom another issuer has proven to be a user. @throws Refusal `user_suspended` */
  async enter(userId: string, address: string): Promise<TokenPair> {
    if ((await this.personOf(userId)).isSuspended) throw new Refusal('user_suspended');
    return this.begin(userId, null, address);
  }

  /** A new login of somebody who has said who it is. @param passwordHash of the password that was given, null where none was */
  private async begin(userId: string, passwordHash: string | null, address: string): Promise<TokenPair> {
    const sessionId = randomUUID();
    const refreshToken = await this.tokens.refresh(userId, sessionId);
    // One that came about behind a change of the password would outlive that.
    const isBegun = await this.store.addSession({
      sessionId, userId, passwordHash, digest: digestOf(refreshToken), address, ttlS: this.refreshTtlS, max: this.perUserMax,
    });
    if (!isBegun) throw new Refusal('invalid_credentials');
    return this.pair(userId, sessionId, refreshToken);
  }

  private async pair(userId: string, sessionId: string, refreshToken: string): Promise<TokenPair> {
    const { token, expiresInS } = await this.tokens.access(userId, sessionId);
    return { userId, accessToken: token, refreshToken, expiresInS };
  }

  /**
   * Uses a refresh token up for the next pair. Whoever presents it once more within 10 s gets the same successor; later it was stolen, from
   * one side or the other, and the login ends.
   * @throws Refusal `invalid_token`, `wrong_token_type`, `token_expired`, `session_ended`, `refresh_reused`, `user_suspended`
   */
  async refresh(refreshToken: string): Promise<TokenPair> {
    const { userId, session } = await this.tokens.check(refreshToken, 'refresh');
    const digest = digestOf(refreshToken);
    // Of two that come at once one is too late to renew, and finds what the other made.
    for (let attempt = 0; attempt < 2; attempt++) {
      const row = await this.store.session(session, GRACE_S);
      // What is not there any more was over, or ended, long ago.
      if (row === null || row.isEnded || row.isOver || row.currentDigest === null) throw new Refusal('session_ended');
      if ((await this.personOf(userId)).isSuspended) throw new Refusal('user_suspended');
      if (!timingSafeEqual(row.currentDigest, digest)) return this.again(row, digest);
      const successor = await this.tokens.refresh(userId, session);
      const isRotated = await this.store.rotate(session, digest, digestOf(successor), this.keys.seal(successor, SUCCESSOR_PURPOSE + session), this.refreshTtlS);
      if (isRotated) return this.pair(userId, session, successor);
    }
    throw new Refusal('session_ended');
  }

  private async again({ sessionId, userId, previousDigest, successor, isFresh }: SessionRow, digest: Buffer): Promise<TokenPair> {
    if (isFresh && previousDigest !== null && successor !== null && timingSafeEqual(previousDigest, digest)) {
      return this.pair(userId, sessionId, this.keys.open(successor, SUCCESSOR_PURPOSE + sessionId));
    }
    await this.store.endSession(sessionId, 'refresh_reused');
    await this.directory.catchUp();
    throw new Refusal('refresh_reused');
  }

  private async personOf(userId: string): Promise<{ readonly isSuspended: boolean }> {
    if (this.directory.person(userId) === undefined) await this.directory.catchUp();
    const person = this.directory.person(userId);
    if (person === undefined) throw new Refusal('invalid_token');
    return person;
  }

  /** @param refreshToken of the login that ends, where it is another one than `session` */
  async logOut(userId: string, session: string | null, refreshToken: string | null): Promise<void> {
    const ends = new Set(session === null ? [] : [session]);
    if (refreshToken !== null) {
      const claims = await this.tokens.check(refreshToken, 'refresh');
      if (claims.userId !== userId) throw new Refusal('invalid_token');
      ends.add(claims.session);
    }
    for (const sessionId of ends) await this.store.endSession(sessionId, 'logged_out');
    await this.directory.catchUp();
  }

  async logOutEverywhere(userId: string): Promise<void> {
    await this.store.endSessions(userId, 'logged_out');
    await this.directory.catchUp();
  }

  /** A caller's own password once more. @throws Refusal `invalid_credentials`, `rate_limited`, `hashing_busy` */
  async prove(username: string, password: string, address: string): Promise<void> {
    const credentials = await this.store.credentials(username);
    await this.limits.admitKnown(username, address);
    if (await this.passwords.verify(password, credentials?.passwordHash ?? null, 'known', username)) return this.limits.succeeded(username, address);
    await this.limits.failed(username, address);
    throw new Refusal('invalid_credentials');
  }

  /** All logins end. @throws Refusal as `prove` */
  async changePassword(userId: string, username: string, password: string, newPassword: string, address: string): Promise<void> {
    await this.prove(username, password, address);
    await this.store.setPassword(userId, await this.passwords.hash(newPassword, 'known', username), 'password_changed');
    await this.directory.catchUp();
  }
}
