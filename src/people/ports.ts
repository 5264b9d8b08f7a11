import type {
  ApiKeyRow, AuditRow, Credentials, EndReason, ForeignIdentity, NewSession, NewTokenSession, PeopleChanges, ReservedUser, SessionRow, UserChange, UserRow,
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

  /** Takes a name, and the account of that name, for a user who is opened afterwards. @returns what of it is taken; null where nothing is */
  reserveUser(user: ReservedUser): Promise<'name' | 'identity' | null>;
  openUser(userId: string, account: string): Promise<void>;
  dropReservedUser(userId: string, account: string): Promise<void>;
  /** @returns false where there is no such user, 'last_admin' where nobody would be left to act */
  setUser(userId: string, change: UserChange): Promise<boolean | 'last_admin'>;
  credentials(username: string): Promise<Credentials | null>;
  /** Ends all logins. */
  setPassword(userId: string, passwordHash: string, reason: EndReason): Promise<void>;
  raisePassword(userId: string, before: string, passwordHash: string): Promise<void>;
  user(userId: string): Promise<(UserRow & { readonly createdMs: number }) | null>;
  usersPage(after: string | null, limit: number): Promise<readonly (UserRow & { readonly createdMs: number })[]>;

  /** @returns false where the account is somebody's */
  reserveAccount(account: string, userId: string): Promise<boolean>;
  setOwner(account: string, userId: string, status: 'active' | 'ended'): Promise<boolean>;
  shareAccount(account: string, userId: string): Promise<void>;
  dropReservedAccount(account: string, userId: string): Promise<void>;
  /** Whether orders or money are on record under a name. */
  isClientKnown(name: string): Promise<boolean>;

  /** @returns when it was made, in ms since 1970; null where the user has as many as it may have */
  addKey(key: Omit<ApiKeyRow, 'createdMs' | 'isEnded'>, max: number): Promise<number | null>;
  endKey(apiKey: string, userId: string): Promise<boolean>;

  /** @returns false where the user has another password meanwhile */
  addSession(session: NewSession): Promise<boolean>;
  /** @returns false where the user is not active, or the minter's login has ended */
  addTokenSession(session: NewTokenSession): Promise<boolean>;
  session(sessionId: string, graceS: number): Promise<SessionRow | null>;
  /** @returns false where it was renewed, or ended, meanwhile */
  rotate(sessionId: string, from: Buffer, to: Buffer, successor: Buffer, ttlS: number): Promise<boolean>;
  endSession(sessionId: string, reason: EndReason): Promise<void>;
  endSessions(userId: string, reason: EndReason): Promise<void>;
  /** From where somebody logged in before, the latest first; nothing of a name that there is not. */
  addressesOf(username: string): Promise<readonly string[]>;

  /** @returns the id of the user whom another issuer calls so; null where there is none, or not yet */
  userOfIdentity(identity: ForeignIdentity): Promise<string | null>;

  /** @param actId UUID of what was done: kept already, it is not kept again */
  addAudit(actId: string, entry: Omit<AuditRow, 'auditId' | 'atMs'>): Promise<void>;
  auditPage(before: number | null, limit: number): Promise<readonly AuditRow[]>;
}
