import { uuidv7 } from 'uuidv7';
import type { UserRole } from '../domain/access';
import { Refusal } from '../domain/refusal';
import type { Directory } from './directory';
import type { Passwords } from './passwords';
import type { PeopleStore } from './ports';

/** Accounts of the engine, as people make them. Where no money is kept there is nothing to make. */
export interface AccountOpener {
  /** Whether anything is known of an account of this name. */
  isKnown(account: string): Promise<boolean>;
  /**
   * Makes an account, once: the same again does nothing.
   * @param by whose it is, by which a repeat is told from another's
   * @returns false where there is one already that somebody else made
   */
  open(account: string, by: string): Promise<boolean>;
}

export interface Registered {
  readonly userId: string;
  readonly username: string;
}

/**
 * New users. The name is taken first, then the account made, then the user is there: what breaks off in between leaves a name that is
 * free again a minute later, and never a user without an account.
 */
export class Registration {
  constructor(
    private readonly store: PeopleStore, private readonly directory: Directory, private readonly passwords: Passwords, private readonly accounts: AccountOpener,
  ) {}

  /** @param password null for one who logs in elsewhere @throws Refusal `username_taken`, `hashing_busy` */
  async register(username: string, password: string | null, roles: readonly UserRole[] = ['trader']): Promise<Registered> {
    // Ahead of the hash, which is dear; the store decides.
    if (this.directory.personNamed(username) !== undefined) throw new Refusal('username_taken');
    const passwordHash = password === null ? null : await this.passwords.hash(password, 'stranger');
    // An account of before people came is nobody's to take.
    if (await this.accounts.isKnown(username) || await this.store.isClientKnown(username)) throw new Refusal('username_taken');
    const userId = uuidv7();
    if (!(await this.store.reserveUser({ userId, username, passwordHash, roles }))) throw new Refusal('username_taken');
    try {
      if (!(await this.accounts.open(username, userId))) throw new Refusal('username_taken');
    } catch (error) {
      // Where that fails, too, the name is free again by itself.
      await this.store.dropReservedUser(userId, username).catch(() => undefined);
      throw error;
    }
    await this.store.openUser(userId, username);
    await this.directory.catchUp();
    return { userId, username };
  }
}
