import type { Logger } from 'pino';
import type { UserRole } from '../domain/access';
import type { UserRow } from '../domain/people';
import { hasPowersOf, truePerson, type Caller, type Person } from '../domain/principal';
import { Refusal } from '../domain/refusal';
import { ApiKeys } from './api-keys';
import { AuditLog, TARGET_LENGTH_MAX } from './audit-log';
import { Directory } from './directory';
import { Gate, type GateOptions } from './gate';
import { Identity, type Once } from './identity';
import { LoginElsewhere } from './login-elsewhere';
import { KnownAddresses } from './known-addresses';
import { LoginLimits, type LoginLimitOptions } from './login-limits';
import { LoginProvider, type LoginProviderOptions } from './login-provider';
import { Ownership, type OwnershipOptions } from './ownership';
import { Passwords, type HashingLoad, type HashParameters } from './passwords';
import { MachineLogins, type MachineClients } from './machine-logins';
import { Minting, type MintsFor } from './minting';
import type { LoginLimitsStore, PeopleStore } from './ports';
import { Registration } from './registration';
import type { AccountOpener } from './account-names';
import { Sessions } from './sessions';
import { Tokens, type TokenOptions } from './tokens';
import type { VenueKeys } from './venue-keys';

export interface PeopleOptions extends OwnershipOptions {
  readonly tokens: TokenOptions;
  readonly login: LoginLimitOptions;
  readonly gate: GateOptions;
  readonly registration: 'open' | 'provider' | 'closed';
  /** For whom tokens of others are minted. */
  readonly mintsFor: MintsFor;
  /** By whom people may log in elsewhere; null for nobody. */
  readonly provider: LoginProviderOptions | null;
  /** Of the provider's, and who they are here. */
  readonly machines: MachineClients;
  readonly staleMaxMs: number;
  readonly pollMs: number;
  /** Longest wait of whoever acts with powers for that to be kept. */
  readonly auditTimeoutMs: number;
  readonly hashesAtOnceMax: number;
  readonly hashesWaitingMax: number;
  /** Other parameters than what passwords are kept by. */
  readonly hashing: HashParameters | undefined;
  readonly apiKeysPerUserMax: number;
  /** Logins of a user with refresh tokens. */
  readonly sessionsPerUserMax: number;
}

export interface PeopleHealth {
  /** Whether users and keys are known. */
  readonly isLoaded: boolean;
  /** For how long nothing was heard of Postgres, and for how long API keys go on without. */
  readonly staleMs: number;
  readonly staleMaxMs: number;
  readonly hashing: HashingLoad;
  /** null where nobody logs in elsewhere. */
  readonly isProviderAsked: boolean | null;
}

export interface UsersPage {
  readonly users: readonly (UserRow & { readonly createdMs: number })[];
  readonly nextCursor: string | null;
}

/** How often the venue's keys are looked at again: others may have been put there. */
const KEYS_LOOK_MS = 1_000;

/** Who callers are, what they may act for, and what they may do: the same behind every dialect. */
export class People {
  readonly directory: Directory;
  readonly tokens: Tokens;
  readonly sessions: Sessions;
  readonly apiKeys: ApiKeys;
  readonly ownership: Ownership;
  readonly audit: AuditLog;
  readonly gate: Gate;
  /** null where nobody logs in elsewhere. */
  readonly elsewhere: LoginElsewhere | null;
  readonly minting: Minting;
  /** null where no machine of the provider's logs in. */
  readonly machines: MachineLogins | null;
  private readonly registration: Registration;
  private readonly provider: LoginProvider | null;
  private readonly passwords: Passwords;
  private readonly identity: Identity;
  private readonly logins: LoginLimits;
  private look: NodeJS.Timeout | undefined;

  constructor(
    private readonly store: PeopleStore, limits: LoginLimitsStore, private readonly keys: VenueKeys, once: Once, readonly accounts: AccountOpener,
    private readonly options: PeopleOptions, private readonly logger: Logger,
  ) {
    this.tokens = new Tokens(keys, options.tokens);
    this.directory = new Directory(store, { pollMs: options.pollMs }, logger);
    this.passwords = new Passwords(options.hashesAtOnceMax, options.hashesWaitingMax, options.hashing);
    this.logins = new LoginLimits(limits, options.login);
    this.identity = new Identity(this.directory, this.tokens, keys, once, options);
    this.sessions = new Sessions(
      store, this.directory, this.passwords, this.tokens, keys, this.logins, new KnownAddresses(store), options.tokens.refreshTtlS, options.sessionsPerUserMax,
    );
    this.apiKeys = new ApiKeys(store, this.directory, keys, options.apiKeysPerUserMax);
    const kept = new Set([...options.machines.values()].map((name) => name.toLowerCase()));
    this.ownership = new Ownership(store, this.directory, options, kept);
    this.audit = new AuditLog(store, options.auditTimeoutMs, logger);
    this.gate = new Gate(this.identity, this.directory, this.logins, this.audit, options.gate);
    this.registration = new Registration(store, this.directory, this.passwords, accounts, kept);
    this.minting = new Minting(store, this.directory, this.registration, this.tokens, options.mintsFor, options.registration === 'open');
    this.provider = options.provider === null ? null : new LoginProvider(options.provider, logger);
    this.elsewhere = this.provider === null ? null : (
      new LoginElsewhere(this.provider, store, this.registration, this.sessions, keys, once, options.registration !== 'closed')
    );
    this.machines = this.provider === null || options.machines.size === 0 ? null : new MachineLogins(
      this.provider, options.machines, store, this.directory, this.registration, this.tokens, options.tokens.accessTtlS, options.registration !== 'closed',
    );
  }

  /** Knows everybody once it resolves. @throws UnavailableError */
  async start(): Promise<void> {
    await this.warnOfMachines();
    await this.directory.start();
    this.logins.start();
    const { lookedAt, unopened } = this.identity.unopened();
    if (unopened > 0) this.logger.error({ api_keys: unopened, looked_at: lookedAt }, 'KEYS_DIR has not the keys that secrets of API keys are sealed with: requests by these are refused until it is put back, or others are made');
    this.look = setInterval(() => this.refreshKeys(), KEYS_LOOK_MS);
  }

  /** Whoever was a machine's user before the settings said so may be anybody's: nobody but who runs the venue can tell. @throws UnavailableError */
  private async warnOfMachines(): Promise<void> {
    const machines = [...this.options.machines.values()];
    const usernames = machines.length === 0 ? [] : await this.store.withOwnLogins(machines);
    if (usernames.length === 0) return;
    this.logger.error({ usernames }, 'OIDC_MACHINE_CLIENTS names users who have a password or a login elsewhere of their own: whoever knows it acts for the machine\'s account. Where that is not you, name others');
  }

  /** How it is about people, as far as this process knows. */
  get health(): PeopleHealth {
    return {
      isLoaded: this.directory.isLoaded, staleMs: this.directory.staleMs, staleMaxMs: this.options.staleMaxMs, hashing: this.passwords.load, isProviderAsked: this.provider?.isAsked ?? null,
    };
  }

  refreshKeys(): void {
    try {
      this.keys.refresh();
    } catch (error) {
      this.logger.error({ err: error }, 'the venue\'s keys cannot be read again: those known go on');
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.look);
    this.logins.stop();
    await this.audit.stop();
    this.passwords.close();
    this.provider?.close();
    await this.directory.end();
  }

  /** @throws Refusal `registration_closed`, `username_taken` */
  async register(username: string, password: string): Promise<{ readonly userId: string; readonly username: string }> {
    if (this.options.registration !== 'open') throw new Refusal('registration_closed');
    return this.registration.register(username, password);
  }

  /** A user made by whoever runs the venue. @throws Refusal `username_taken` */
  create(username: string, password: string, roles: readonly UserRole[]): Promise<{ readonly userId: string; readonly username: string }> {
    return this.registration.register(username, password, roles);
  }

  /** A token with the powers of the caller's roles. @throws Refusal `not_admin`, `invalid_credentials` */
  async sudo({ person, apiKey, session }: Caller, password: string, address: string, requestId: string): Promise<{ readonly token: string; readonly expiresInS: number }> {
    // What is taken while the password is looked at is over with it.
    const { powersChange } = person;
    // Whoever has none learns it without a word about the password.
    if (!person.roles.has('operator') && !person.roles.has('admin')) throw new Refusal('not_admin');
    const told = (outcome: string): Promise<void> => (
      this.audit.tell({ actor: person.username, apiKey, actingFor: null, action: 'sudo', target: null, requestId }, outcome)
    );
    try {
      await this.sessions.prove(person.username, password, address);
      if (session === null) throw new Refusal('forbidden');
      if (!(await this.store.useSession(session))) throw new Refusal('session_ended');
    } catch (error) {
      if (error instanceof Refusal) await told(error.code);
      throw error;
    }
    const sudo = await this.tokens.powers(person.userId, session, powersChange);
    await told('ok');
    return sudo;
  }

  /** Keeps what somebody is going to follow by an operator's powers, or as somebody else. @param names of what is followed @throws UnavailableError where it cannot be kept */
  followed(caller: Caller, names: readonly string[]): Promise<void> {
    const target = names.join(' ').slice(0, TARGET_LENGTH_MAX);
    const actingFor = caller.minter === null ? null : caller.person.account;
    return this.audit.tell({ actor: truePerson(caller).username, apiKey: caller.apiKey, actingFor, action: 'subscribe', target, requestId: null }, 'ok');
  }

  /** @param cursor name of the last user of the page before, null for the first page */
  async users(cursor: string | null, limit: number): Promise<UsersPage> {
    const users = await this.store.usersPage(cursor, limit);
    const last = users.length === limit ? users.at(-1) : undefined;
    return { users, nextCursor: last?.username ?? null };
  }

  /** @throws Refusal `user_not_found`, `forbidden`, `last_admin` */
  async changeUser(
    caller: Caller, username: string, { roles, status }: { readonly roles: readonly UserRole[] | null; readonly status: 'active' | 'suspended' | null },
  ): Promise<UserRow & { readonly createdMs: number }> {
    await this.directory.catchUp();
    const person = this.directory.personNamed(username);
    if (roles !== null && !hasPowersOf(caller, 'admin')) throw new Refusal('forbidden', { detail: 'Only the role admin gives roles.' });
    if (person === undefined) throw new Refusal('user_not_found');
    // Whoever has more powers is not for an operator to keep out.
    if (person.roles.has('admin') && !hasPowersOf(caller, 'admin')) throw new Refusal('forbidden', { detail: 'Only the role admin changes an admin.' });
    return this.set(person, roles, status);
  }

  private async set(person: Person, roles: readonly UserRole[] | null, status: 'active' | 'suspended' | null): Promise<UserRow & { readonly createdMs: number }> {
    const changed = await this.store.setUser(person.userId, { roles, status });
    if (changed === 'last_admin') throw new Refusal('last_admin');
    if (!changed) throw new Refusal('user_not_found');
    await this.directory.catchUp();
    const user = await this.store.user(person.userId);
    if (user === null) throw new Refusal('user_not_found');
    return user;
  }
}
