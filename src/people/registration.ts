import { uuidv7 } from 'uuidv7';
import type { UserRole } from '../domain/access';
import type { ForeignIdentity } from '../domain/people';
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
    /** Names, in small letters, that only whoever runs the venue gives to somebody. */
    private readonly kept: ReadonlySet<string> = new Set(),
  ) {}

  /** @throws Refusal `username_taken`, `hashing_busy` */
  async register(username: string, password: string, roles: readonly UserRole[] = ['trader']): Promise<Registered> {
    // Ahead of the hash, which is dear; the store decides.
    if (this.isTaken(username)) throw new Refusal('username_taken');
    const made = await this.make(username, await this.passwords.hash(password, 'stranger'), roles, null);
    if (made === 'name' || made === 'identity') throw new Refusal('username_taken');
    return made;
  }

  /** A user who logs in elsewhere. @returns what of it is taken, where something is */
  async adopt(username: string, identity: ForeignIdentity): Promise<Registered | 'name' | 'identity'> {
    if (this.isTaken(username)) return 'name';
    return this.make(username, null, ['trader'], identity);
  }

  /** A user who has neither a password nor a login elsewhere. @throws Refusal `username_taken` */
  async registerBare(username: string): Promise<Registered> {
    const made = await this.make(username, null, ['trader'], null);
    if (made === 'name' || made === 'identity') throw new Refusal('username_taken');
    return made;
  }

  private isTaken(username: string): boolean {
    return this.kept.has(username.toLowerCase()) || this.directory.personNamed(username) !== undefined;
  }

  private async make(
    username: string, passwordHash: string | null, roles: readonly UserRole[], identity: ForeignIdentity | null,
  ): Promise<Registered | 'name' | 'identity'> {
    // An account of before people came is nobody's to take.
    if (await this.accounts.isKnown(username) || await this.store.isClientKnown(username)) return 'name';
    const userId = uuidv7();
    const taken = await this.store.reserveUser({ userId, username, passwordHash, roles, identity });
    if (taken !== null) return taken;
    let isOpened = false;
    try {
      isOpened = await this.accounts.open(username, userId);
    } finally {
      // Where that fails, too, the name is free again by itself.
      if (!isOpened) await this.store.dropReservedUser(userId, username).catch(() => undefined);
    }
    if (!isOpened) return 'name';
    await this.store.openUser(userId, username);
    await this.directory.catchUp();
    return { userId, username };
  }
}
