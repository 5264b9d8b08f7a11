import { uuidv7 } from 'uuidv7';
import type { UserRole } from '../domain/access';
import type { ForeignIdentity, Reservation } from '../domain/people';
import { Refusal } from '../domain/refusal';
import { isOnRecord, isUnused, type AccountOpener } from './account-names';
import type { Directory } from './directory';
import type { Passwords } from './passwords';
import type { PeopleStore } from './ports';

export interface Registered {
  readonly userId: string;
  readonly username: string;
}

/**
 * New users. The name is taken first, then the account made, then the user is there: never a user without an account. What breaks off in
 * between is taken over, a minute later, by whoever wants the name then: under the same id, by which the account is known as its own.
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
    const made = await this.make(username, await this.passwords.hash(password, 'stranger', username), roles, null);
    if (made === 'name' || made === 'identity') throw new Refusal('username_taken');
    return made;
  }

  /** A user who logs in elsewhere. @returns what of it is taken, where something is */
  async adopt(username: string, identity: ForeignIdentity): Promise<Registered | 'name' | 'identity'> {
    if (this.isTaken(username)) return 'name';
    return this.make(username, null, ['trader'], identity);
  }

  /**
   * A user who is not there, with neither a password nor a login elsewhere.
   * @returns the user's id @throws Refusal `registration_closed` where nobody may be made, `username_taken`
   */
  async registerBare(username: string, mayMake: boolean): Promise<string> {
    if (!mayMake) throw new Refusal('registration_closed');
    const made = await this.make(username, null, ['trader'], null);
    if (made === 'name' || made === 'identity') throw new Refusal('username_taken');
    return made.userId;
  }

  private isTaken(username: string): boolean {
    return this.kept.has(username.toLowerCase()) || this.directory.personNamed(username) !== undefined;
  }

  private async make(
    username: string, passwordHash: string | null, roles: readonly UserRole[], identity: ForeignIdentity | null,
  ): Promise<Registered | 'name' | 'identity'> {
    const abandoned = await this.store.abandonedUser(username);
    const isSame = abandoned === username;
    // An account of before people came is nobody's to take. Of one that was abandoned the same was asked ahead of its account.
    if (!isSame && await isOnRecord(username, this.accounts, this.store)) return 'name';
    const reserved = await this.store.reserveUser({ userId: uuidv7(), username, passwordHash, roles, identity }, abandoned !== null);
    if (reserved === 'name' || reserved === 'identity') return reserved;
    const { userId } = reserved;
    if (!(await this.openAccount(username, reserved, isSame)) || !(await this.store.openUser(reserved, username))) return 'name';
    await this.directory.catchUp();
    return { userId, username };
  }

  /**
   * @param wasBegun whether it may be there from before: by which user it was made is known for as long as idempotency keys are, and
   *   afterwards it is the user's where nobody has used it
   * @returns false where it is another's: then the name is free again
   */
  private async openAccount(username: string, reserved: Reservation, wasBegun: boolean): Promise<boolean> {
    let isOpened: boolean;
    try {
      isOpened = await this.accounts.open(username, reserved.userId)
        || (wasBegun && await isUnused(username, this.accounts, this.store));
    } catch (error) {
      // It may be made all the same. Where Postgres cannot be told, the name is to be had a minute later.
      await this.store.abandonUser(reserved).catch(() => undefined);
      throw error;
    }
    if (!isOpened) await this.store.dropReservedUser(reserved, username).catch(() => undefined);
    return isOpened;
  }
}
