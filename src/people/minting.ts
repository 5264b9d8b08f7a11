import { randomUUID } from 'node:crypto';
import { OWN_SCOPES, type Scope } from '../domain/access';
import type { Caller } from '../domain/principal';
import { Refusal } from '../domain/refusal';
import type { Directory } from './directory';
import type { PeopleStore } from './ports';
import type { Registration } from './registration';
import type { Tokens } from './tokens';

/** Longest time that a minted token is good for: a week. */
export const MINTED_TTL_MAX_S = 604_800;

/** `anybody`: of a venue for development, which takes everybody's word for who it is. */
export type MintsFor = 'operators' | 'anybody';

export interface MintRequest {
  readonly username: string;
  /** null for all that the user's own token is good for. */
  readonly scopes: readonly Scope[] | null;
  readonly ttlS: number;
}

export interface MintedToken {
  readonly userId: string;
  readonly token: string;
  readonly expiresInS: number;
  readonly scopes: readonly Scope[];
}

/**
 * Access tokens for somebody else. One is a login of its user's, which ends with all others, and it ends with whatever ends its minter's:
 * the role, the user, all logins. It has no powers and no refresh token, and what is done by it is kept as what its minter did.
 */
export class Minting {
  constructor(
    private readonly store: Pick<PeopleStore, 'addTokenSession'>, private readonly directory: Directory, private readonly registration: Registration,
    private readonly tokens: Tokens, private readonly mintsFor: MintsFor, private readonly mayRegister: boolean,
  ) {}

  /**
   * @param minter an operator with powers; null where it is for anybody
   * @throws Refusal `user_not_found`, `user_suspended`, `session_ended`, `forbidden`, `registration_closed`, `username_taken`
   */
  async mint(minter: Caller | null, { username, scopes, ttlS }: MintRequest): Promise<MintedToken> {
    if (minter === null && this.mintsFor !== 'anybody') throw new Refusal('unauthenticated');
    const wanted = OWN_SCOPES.filter((scope) => scopes === null || scopes.includes(scope));
    const beyond = minter === null ? undefined : wanted.find((scope) => !minter.scopes.has(scope));
    if (beyond !== undefined) throw new Refusal('forbidden', { detail: `The caller may not use the scope ${beyond} itself.` });
    const userId = await this.userIdOf(username);
    this.requireActive(userId, username);
    const by = minter === null || minter.session === null ? null : { userId: minter.person.userId, session: minter.session };
    const sessionId = randomUUID();
    const isBegun = await this.store.addTokenSession({ sessionId, userId, minter: by, ttlS });
    if (!isBegun) {
      // Meanwhile: either the user is kept out, or the login that mints has ended.
      await this.directory.catchUp();
      this.requireActive(userId, username);
      throw new Refusal(by === null ? 'user_suspended' : 'session_ended');
    }
    const { token, expiresInS } = minter === null
      ? await this.tokens.forDevelopment(userId, sessionId, wanted, ttlS) : await this.tokens.minted(userId, sessionId, wanted, ttlS, { userId: minter.person.userId, powersChange: minter.powersChange });
    return { userId, token, expiresInS, scopes: wanted };
  }

  /** @throws Refusal `user_suspended` */
  private requireActive(userId: string, username: string): void {
    if (this.directory.person(userId)?.isSuspended === true) throw new Refusal('user_suspended', { detail: `${username} is suspended.` });
  }

  private async userIdOf(username: string): Promise<string> {
    // Whether somebody was suspended just now is to be known as well.
    await this.directory.catchUp();
    const person = this.directory.personNamed(username);
    if (person !== undefined) return person.userId;
    if (this.mintsFor !== 'anybody') throw new Refusal('user_not_found');
    return this.registration.registerBare(username, this.mayRegister);
  }
}
