import { ACCOUNT_NAME_PATTERN } from '../domain/access';
import type { OwnerKind } from '../domain/people';
import { requireAccount, requireOwnLogin, hasPowersOf, type Caller } from '../domain/principal';
import { Refusal, refusalOf } from '../domain/refusal';
import { isOnRecord, isUnused, type AccountOpener } from './account-names';
import type { Directory } from './directory';
import type { PeopleStore } from './ports';

const NAME = new RegExp(ACCOUNT_NAME_PATTERN);

/** Where people act for accounts no name may pass for another, by a space at its end or letters that look alike. @throws Refusal `validation_failed` */
function requireName(account: string): void {
  if (!NAME.test(account)) {
    throw new Refusal('validation_failed', { fields: [{ field: 'accountId', message: 'must be letters, digits, dots, underscores and hyphens, with a single : or / between them' }] });
  }
}

export interface OwnershipOptions {
  /** That a user has opened. */
  readonly accountsPerUserMax: number;
  /** That others share with a user: these are apart, or whoever shares could keep a user from opening any. */
  readonly sharedAccountsPerUserMax: number;
  /** With whom an account is shared. */
  readonly ownersPerAccountMax: number;
}

/**
 * Who may act for which account. Owners are users: an account's first one is who opened it, further ones have it shared with them.
 * What changes is known in this process when the call ends, and in every other one shortly after.
 */
export class Ownership {
  constructor(
    private readonly store: PeopleStore, private readonly directory: Directory, private readonly options: OwnershipOptions,
    /** Names, in small letters, that only whoever runs the venue gives to somebody, with the accounts of these names. */
    private readonly kept: ReadonlySet<string>,
  ) {}

  /**
   * Takes a further account for a caller, has it made, and lets the caller act for it. What breaks off in between is the caller's to go
   * on with, by opening it again.
   * @param make makes the account
   * @param read tells of it as it is, where it was made before
   * @throws Refusal `forbidden`, `account_exists`, `accounts_limit`, or what `make` throws
   */
  async open<T>({ person, onlyAccounts }: Caller, account: string, accounts: AccountOpener, make: () => Promise<T>, read: () => Promise<T>): Promise<T> {
    if (onlyAccounts !== null && !onlyAccounts.has(account)) throw new Refusal('forbidden', { detail: 'The API key is limited to other accounts.' });
    requireName(account);
    if (person.owns(account)) return make();
    if (this.isKept(account)) throw new Refusal('account_exists');
    const { userId } = person;
    // A name that a user has in another case, or has had, or that anything is on record under, is not free. What was begun was free then.
    const isFree = await this.store.isAccountBegun(account, userId)
      || (this.directory.personNamed(account) === undefined && !(await isOnRecord(account, accounts, this.store)));
    if (!isFree) throw new Refusal('account_exists');
    const reserved = await this.store.reserveAccount(account, userId, this.options.accountsPerUserMax);
    if (reserved === 'taken') throw new Refusal('account_exists');
    if (reserved === 'limit') throw new Refusal('accounts_limit');
    let made: T | null = null;
    try {
      made = await make();
    } catch (error) {
      const code = refusalOf(error)?.code;
      const isMine = reserved === 'begun' && code === 'account_exists' && await isUnused(account, accounts, this.store);
      if (!isMine) {
        // Where nobody knows, it stays the caller's to go on with.
        const isKnown = code === 'account_exists' || (reserved === 'new' && error instanceof Refusal && code !== 'outcome_unknown');
        if (isKnown) await this.store.dropReservedAccount(account, userId).catch(() => undefined);
        throw error;
      }
    }
    if (!(await this.store.openAccount(account, userId))) throw new Refusal('account_exists');
    await this.directory.catchUp();
    return made ?? read();
  }

  /**
   * Whether an operator may make an account that is nobody's, beside those of users.
   * @throws Refusal `validation_failed`; `account_exists` for a name that is a user's, or kept for one, or has an owner, in whatever case
   */
  async requireNobodys(account: string): Promise<void> {
    requireName(account);
    if (this.isKept(account) || this.directory.personNamed(account) !== undefined || await this.store.isAccountOwned(account)) throw new Refusal('account_exists');
  }

  /** @returns the owners' names, none of an account that is nobody's @throws Refusal `account_not_found` */
  async of(caller: Caller, account: string, accounts: AccountOpener): Promise<readonly string[]> {
    requireAccount(caller, account);
    const owners = this.namesOf(account);
    // An operator may ask for any.
    if (owners.length === 0 && !(await accounts.isKnown(account))) throw new Refusal('account_not_found');
    return owners;
  }

  /** @returns the owners' names @throws Refusal `account_not_found`, `forbidden`, `user_not_found`, `owners_limit`, `shared_accounts_limit` */
  async share(caller: Caller, account: string, username: string): Promise<readonly string[]> {
    requireOwnLogin(caller);
    await this.directory.catchUp();
    requireAccount(caller, account);
    // Not even an operator: what is shared outlives the powers.
    this.requireFirst(caller, account, false);
    const person = this.directory.personNamed(username);
    if (person === undefined) throw new Refusal('user_not_found');
    const owners = this.directory.ownersOf(account);
    if (!owners.some((owner) => owner.person === person)) {
      const refused = await this.store.shareAccount(account, person.userId, this.options);
      if (refused !== null) throw new Refusal(refused);
      await this.directory.catchUp();
    }
    return this.namesOf(account);
  }

  /** @returns the owners' names that are left @throws Refusal `account_not_found`, `forbidden`, `owner_not_found`, `owner_stays` */
  async takeBack(caller: Caller, account: string, username: string): Promise<readonly string[]> {
    await this.directory.catchUp();
    requireAccount(caller, account);
    const person = this.directory.personNamed(username);
    if (caller.person !== person) this.requireFirst(caller, account, true);
    const owner = this.directory.ownersOf(account).find((one) => one.person === person);
    // The same whether there is such a user or not.
    if (person === undefined || owner === undefined) throw new Refusal('owner_not_found');
    if (owner.kind !== 'shared') throw new Refusal('owner_stays');
    await this.store.endOwner(account, person.userId);
    await this.directory.catchUp();
    return this.namesOf(account);
  }

  private isKept(account: string): boolean {
    return this.kept.has(account.toLowerCase());
  }

  /** Others may act for it, and not give it away. */
  private requireFirst(caller: Caller, account: string, orOperator: boolean): void {
    const isFirst = this.directory.ownersOf(account).some(({ person, kind }) => person === caller.person && kind !== 'shared');
    if (!isFirst && !(orOperator && hasPowersOf(caller, 'operator'))) throw new Refusal('forbidden', { detail: 'Only who opened the account may say who else acts for it.' });
  }

  private namesOf(account: string): readonly string[] {
    const rank = (kind: OwnerKind): number => (kind === 'shared' ? 1 : 0);
    return [...this.directory.ownersOf(account)].sort((a, b) => rank(a.kind) - rank(b.kind)).map(({ person }) => person.username);
  }
}
