import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { UserRole } from '../domain/access';
import type { ApiKeyRow, ChangedUserRow, OwnerKind, PeopleChanges } from '../domain/people';
import type { Person } from '../domain/principal';
import { UnavailableError } from '../domain/unavailable';
import type { PeopleStore } from './ports';

const NO_ROLES: ReadonlySet<UserRole> = new Set();
/** Shortest time between two warnings that Postgres cannot be asked. */
const TOLD_EACH_MS = 30_000;
/** Time between two looks for ended logins whose tokens are over. */
const FORGET_EACH_MS = 60_000;
/** How far the clocks of this process, of others and of Postgres may be apart. */
const CLOCKS_APART_MS = 60_000;

/** There may be a hundred thousand and more, most of them with one account: it holds little. */
class KnownPerson implements Person {
  roles: ReadonlySet<UserRole> = NO_ROLES;
  isSuspended = false;
  powersChange = 0;
  /** Beside the main account; null for none. */
  others: Set<string> | null = null;

  constructor(readonly userId: string, readonly username: string) {}

  get account(): string {
    return this.username;
  }

  get accounts(): readonly string[] {
    return this.others === null ? [this.username] : [this.username, ...this.others];
  }

  owns(account: string): boolean {
    return account === this.username || this.others?.has(account) === true;
  }
}

/** Roles in all their combinations: many thousand users share a few sets. */
const roleSets = new Map<string, ReadonlySet<UserRole>>();
function rolesOf(roles: readonly UserRole[]): ReadonlySet<UserRole> {
  const name = roles.join();
  let set = roleSets.get(name);
  if (set === undefined) roleSets.set(name, set = new Set(roles));
  return set;
}

/** An account's owners, by user. */
type Owners = Map<string, OwnerKind>;

/**
 * Users, API keys and owners of accounts as this process knows them: all of them, in memory, brought up to date by what changed in
 * Postgres. Who asks is decided by it without asking anybody.
 */
export class Directory {
  private readonly byId = new Map<string, KnownPerson>();
  private readonly byName = new Map<string, KnownPerson>();
  private readonly keys = new Map<string, ApiKeyRow>();
  /** Names of a user's keys, most often one. */
  private readonly keysByUser = new Map<string, string | readonly string[]>();
  /** But for main accounts, which are their users'. */
  private readonly ownersByAccount = new Map<string, Owners>();
  /** Logins that have ended, by when their last token is over, in ms since 1970. */
  private readonly ended = new Map<string, number>();
  private forgetMs = 0;
  private readonly listeners: (() => void)[] = [];
  private change: number | null = null;
  private freshMs = 0;
  private reading: Promise<void> | null = null;
  /** The reading behind it, for whoever asked meanwhile. */
  private next: Promise<void> | null = null;
  private isAway = false;
  private stopped = false;
  private polling: Promise<void> | null = null;
  private readonly stop = new AbortController();

  constructor(
    private readonly store: Pick<PeopleStore, 'changes'>,
    private readonly options: { readonly pollMs: number },
    private readonly logger: Logger,
  ) {}

  /** Reads all there is, and from then on what changes. @throws UnavailableError */
  async start(): Promise<void> {
    await this.catchUp();
    this.polling = this.poll();
  }

  async end(): Promise<void> {
    this.stopped = true;
    this.stop.abort();
    await this.polling;
  }

  /** Told after each change. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  private async poll(): Promise<void> {
    let toldMs = 0;
    while (!this.stopped) {
      await sleep(this.options.pollMs, undefined, { signal: this.stop.signal }).catch(() => undefined);
      if (this.stopped) return;
      try {
        await this.catchUp();
        if (this.isAway) this.logger.info('what changed about users and keys is read again');
        this.isAway = false;
      } catch (error) {
        this.isAway = true;
        if (Date.now() - toldMs < TOLD_EACH_MS) continue;
        toldMs = Date.now();
        this.logger.warn({ err: error }, 'what changed about users and keys cannot be read: those known go on');
      }
      this.forgetEnded();
    }
  }

  /**
   * Reads what has changed until now. What is being read already may have begun too early: whoever asks meanwhile waits for the one
   * reading behind it, together.
   * @throws UnavailableError
   */
  catchUp(): Promise<void> {
    if (this.reading === null) return this.begin();
    this.next ??= this.reading.then(() => undefined, () => undefined).then(() => {
      this.next = null;
      return this.begin();
    });
    return this.next;
  }

  private begin(): Promise<void> {
    const reading = this.read().finally(() => { if (this.reading === reading) this.reading = null; });
    this.reading = reading;
    return reading;
  }

  private async read(): Promise<void> {
    const startedMs = performance.now();
    // One that breaks off is begun anew: what it has told by then is told once more.
    const change = await this.store.changes(this.change, (page) => this.apply(page));
    this.freshMs = startedMs;
    if (change === null) return;
    this.change = change;
    for (const listener of this.listeners) listener();
  }

  private apply({ users, owners, keys, endedSessions }: PeopleChanges): void {
    for (const user of users) this.setUser(user);
    for (const { account, userId, kind, status } of owners) this.setOwner(account, userId, kind, status === 'active');
    for (const key of keys) this.setKey(key);
    const nowMs = Date.now();
    for (const { sessionId, leftMs } of endedSessions) this.ended.set(sessionId, nowMs + leftMs + CLOCKS_APART_MS);
  }

  private setUser({ userId, username, roles, status, powersChange }: ChangedUserRow): void {
    if (status === 'opening') return;
    const person = this.byId.get(userId) ?? new KnownPerson(userId, username);
    person.roles = rolesOf(roles);
    person.isSuspended = status === 'suspended';
    person.powersChange = powersChange;
    this.byId.set(userId, person);
    this.byName.set(username.toLowerCase(), person);
  }

  private setOwner(account: string, userId: string, kind: OwnerKind, isActive: boolean): void {
    // It is its user's for as long as there is one, and named as that.
    if (kind === 'main') return;
    const owners: Owners = this.ownersByAccount.get(account) ?? new Map<string, OwnerKind>();
    if (isActive) owners.set(userId, kind);
    else owners.delete(userId);
    if (owners.size > 0) this.ownersByAccount.set(account, owners);
    else this.ownersByAccount.delete(account);
    const person = this.byId.get(userId);
    if (person === undefined) return;
    if (isActive) {
      person.others = (person.others ?? new Set()).add(account);
    } else if (person.others?.delete(account) === true && person.others.size === 0) {
      person.others = null;
    }
  }

  private setKey(key: ApiKeyRow): void {
    const others = this.keyNamesOf(key.userId).filter((name) => name !== key.apiKey);
    if (key.isEnded) this.keys.delete(key.apiKey);
    else this.keys.set(key.apiKey, key);
    const names = key.isEnded ? others : [...others, key.apiKey];
    const [first] = names;
    if (first === undefined) this.keysByUser.delete(key.userId);
    else this.keysByUser.set(key.userId, names.length === 1 ? first : names);
  }

  private keyNamesOf(userId: string): readonly string[] {
    const names = this.keysByUser.get(userId) ?? [];
    return typeof names === 'string' ? [names] : names;
  }

  private forgetEnded(): void {
    const nowMs = Date.now();
    if (nowMs < this.forgetMs) return;
    this.forgetMs = nowMs + FORGET_EACH_MS;
    for (const [session, untilMs] of this.ended) if (untilMs <= nowMs) this.ended.delete(session);
  }

  /** Nobody before everybody is known: of somebody whose accounts are still to be read half would be told. */
  person(userId: string): Person | undefined {
    return this.isLoaded ? this.byId.get(userId) : undefined;
  }

  personNamed(username: string): Person | undefined {
    return this.byName.get(username.toLowerCase());
  }

  /** All API keys that are not ended. */
  apiKeys(): Iterable<ApiKeyRow> {
    return this.keys.values();
  }

  key(apiKey: string): ApiKeyRow | undefined {
    return this.isLoaded ? this.keys.get(apiKey) : undefined;
  }

  keysOf(userId: string): readonly ApiKeyRow[] {
    return this.keyNamesOf(userId).flatMap((name) => this.keys.get(name) ?? []);
  }

  isEnded(session: string): boolean {
    return this.ended.has(session);
  }

  /** Who may act for an account: who opened it first. */
  ownersOf(account: string): readonly { readonly person: Person; readonly kind: OwnerKind }[] {
    const main = this.byName.get(account.toLowerCase());
    const others = [...this.ownersByAccount.get(account) ?? []].flatMap(([userId, kind]) => {
      const person = this.byId.get(userId);
      return person === undefined ? [] : [{ person, kind }];
    });
    return main?.username === account ? [{ person: main, kind: 'main' }, ...others] : others;
  }

  /** The other accounts of who opened an account, none of what others share: what is one person's own. */
  accountsBeside(account: string): readonly string[] {
    const opener = this.ownersOf(account).find(({ kind }) => kind !== 'shared')?.person;
    if (opener === undefined) return [];
    return opener.accounts.filter((other) => other !== account && (other === opener.account || this.ownersByAccount.get(other)?.get(opener.userId) === 'opened'));
  }

  /** Whether everybody is known who was there when it began. */
  get isLoaded(): boolean {
    return this.change !== null;
  }

  /** For how long nothing was heard of Postgres. */
  get staleMs(): number {
    return performance.now() - this.freshMs;
  }

  /** @throws UnavailableError `people_unavailable` where what is known may be older than it should be */
  requireFresh(staleMaxMs: number): void {
    if (this.staleMs > staleMaxMs) throw new UnavailableError('people_unavailable', 'postgres has not been heard of for too long');
  }
}
