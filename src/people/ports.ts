import type {
  AuditEntry, AuditRow, Credentials, EndReason, ForeignIdentity, NewApiKey, NewSession, NewTokenSession, PeopleChanges, Reservation, ReservedUser, SessionRow, UserChange, UserRow,
} from '../domain/people';

/** What people need of the rest of the venue. What cannot be reached throws an UnavailableError. */

/** How much may be done of something. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Keys of the pauses that follow on wrong passwords: of an address that the user never logged in from, and of one where the user did. */
export interface Pauses {
  readonly stranger: string;
  readonly known: string;
}

/** What is counted of logins, over all processes. Each is one question. */
export interface LoginLimitsStore {
  /** One token of a bucket. @returns ms until there is one, 0 where it was taken */
  take(bucket: string, rate: Rate): Promise<number>;
  /** The same, and ms that a pause still lasts. */
  takeAndLook(bucket: string, rate: Rate, pause: string): Promise<{ readonly waitMs: number; readonly pauseMs: number }>;
  /** @returns ms that it still lasts */
  pause(pause: string): Promise<number>;
  /** Counts a failure of a name, and from an address at that name; from so many on there are pauses, each twice as long as the one before. */
  fail(name: string, from: string, pauses: Pauses, failures: number, windowS: number): Promise<void>;
  clear(key: string): Promise<void>;
  /** Drops what is over. */
  forget(): Promise<void>;
}

/** Postgres' record of people. */
export interface PeopleStore {
  /** @param after what is known already, null for all @returns the number up to which that was all; null where nothing changed */
  changes(after: number | null, take: (page: PeopleChanges) => void): Promise<number | null>;

  /** The name, as it was written, of a user that was begun and not opened; null where there is none, or somebody may be at it still. */
  abandonedUser(username: string): Promise<string | null>;
  /**
   * Takes a name, and the account of that name, for a user who is opened afterwards.
   * @param over whether it has to be that of a user who was abandoned: then it goes on under that one's id, and nothing else of it is left
   * @returns what of it is taken, where something is
   */
  reserveUser(user: ReservedUser, over: boolean): Promise<Reservation | 'name' | 'identity'>;
  /** @returns false where the name was taken over meanwhile */
  openUser(reserved: Reservation, account: string): Promise<boolean>;
  /** The account cannot be made: the name is free. */
  dropReservedUser(reserved: Reservation, account: string): Promise<void>;
  /** Nobody knows about the account: whoever wants the name goes on with it, from now on. */
  abandonUser(reserved: Reservation): Promise<void>;
  /** @returns false where there is no such user, 'last_admin' where nobody would be left to act */
  setUser(userId: string, change: UserChange): Promise<boolean | 'last_admin'>;
  credentials(username: string): Promise<Credentials | null>;
  /** Ends all logins. */
  setPassword(userId: string, passwordHash: string, reason: EndReason): Promise<void>;
  raisePassword(userId: string, before: string, passwordHash: string): Promise<void>;
  user(userId: string): Promise<(UserRow & { readonly createdMs: number }) | null>;
  usersPage(after: string | null, limit: number): Promise<readonly (UserRow & { readonly createdMs: number })[]>;

  /** Whether somebody has opened an account of this name, in whatever case, or has begun to. */
  isAccountOwned(account: string): Promise<boolean>;
  /** Whether a user has begun to open an account, and it is not open. */
  isAccountBegun(account: string, userId: string): Promise<boolean>;
  /** @param max accounts that a user may have opened @returns begun: the user has it already, and it is not open */
  reserveAccount(account: string, userId: string, max: number): Promise<'new' | 'begun' | 'taken' | 'limit'>;
  /** @returns false where it is another's meanwhile */
  openAccount(account: string, userId: string): Promise<boolean>;
  endOwner(account: string, userId: string): Promise<void>;
  /** @returns which limit keeps it from being shared; null where it is */
  shareAccount(
    account: string, userId: string, limits: { readonly ownersPerAccountMax: number; readonly sharedAccountsPerUserMax: number },
  ): Promise<'owners_limit' | 'shared_accounts_limit' | null>;
  dropReservedAccount(account: string, userId: string): Promise<void>;
  /** Whether orders or money are on record under a name. */
  isClientKnown(name: string): Promise<boolean>;
  hasOrders(name: string): Promise<boolean>;

  /**
   * @param powersChange of powers by which it is made, null without
   * @returns when it was made, in ms since 1970; 'limit' where the user has as many as it may have, 'powers' where those are over meanwhile
   */
  addKey(key: NewApiKey, max: number, powersChange: number | null): Promise<number | 'limit' | 'powers'>;
  endKey(apiKey: string, userId: string): Promise<boolean>;

  /** @returns false where the user has another password meanwhile */
  addSession(session: NewSession): Promise<boolean>;
  /** @returns false where the user is not active, or the minter's login has ended */
  addTokenSession(session: NewTokenSession): Promise<boolean>;
  session(sessionId: string, graceS: number): Promise<SessionRow | null>;
  /** @returns false where it was renewed, or ended, meanwhile */
  rotate(sessionId: string, from: Buffer, to: Buffer, successor: Buffer, ttlS: number): Promise<boolean>;
  /** One more token of a login is going to be given. @returns false where it has ended */
  useSession(sessionId: string): Promise<boolean>;
  endSession(sessionId: string, reason: EndReason): Promise<void>;
  endSessions(userId: string, reason: EndReason): Promise<void>;
  /** From where somebody logged in before, the latest first; nothing of a name that there is not. */
  addressesOf(username: string): Promise<readonly string[]>;

  /** @returns the id of the user whom another issuer calls so; null where there is none, or not yet */
  userOfIdentity(identity: ForeignIdentity): Promise<string | null>;
  /** Which of some names are of users who have a password, or whom another issuer proves: in whatever case, as they are written there. */
  withOwnLogins(usernames: readonly string[]): Promise<readonly string[]>;

  /** @param actId UUID of what is done: kept already, it is not kept again @param outcome null where that is kept afterwards */
  addAct(actId: string, entry: AuditEntry, outcome: string | null): Promise<void>;
  /** Of an act that is kept: once. */
  addOutcome(actId: string, outcome: string): Promise<void>;
  auditPage(before: number | null, limit: number): Promise<readonly AuditRow[]>;
}
