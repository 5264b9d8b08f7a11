import type { Scope, UserRole } from '#openfill-contract';

/** What people need of the rest of the venue. What cannot be reached throws an UnavailableError. */

export type UserState = 'opening' | 'active' | 'suspended';
export type OwnerKind = 'main' | 'opened' | 'shared';

export interface UserRow {
  readonly userId: string;
  readonly username: string;
  readonly roles: readonly UserRole[];
  readonly status: UserState;
}

export interface OwnerRow {
  readonly account: string;
  readonly userId: string;
  readonly kind: OwnerKind;
  readonly status: 'opening' | 'active' | 'ended';
}

export interface ApiKeyRow {
  readonly apiKey: string;
  readonly userId: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly accounts: readonly string[] | null;
  readonly ipAllow: readonly string[] | null;
  /** Of a key that is signed with HMAC. */
  readonly sealedSecret: Buffer | null;
  /** PEM, of one that is signed with Ed25519. */
  readonly publicKey: string | null;
  readonly expiresMs: number | null;
  readonly createdMs: number;
  readonly isEnded: boolean;
}

/** All that changed behind a number of the clock. */
export interface PeopleChanges {
  readonly change: number;
  readonly users: readonly UserRow[];
  readonly owners: readonly OwnerRow[];
  readonly keys: readonly ApiKeyRow[];
  /** Ids of logins. */
  readonly endedSessions: readonly string[];
}

export interface Credentials {
  readonly userId: string;
  readonly username: string;
  /** null where the user logs in elsewhere. */
  readonly passwordHash: string | null;
  readonly isSuspended: boolean;
}

export interface SessionRow {
  readonly sessionId: string;
  readonly userId: string;
  readonly currentDigest: Buffer;
  readonly previousDigest: Buffer | null;
  /** Sealed. */
  readonly successor: Buffer | null;
  readonly isEnded: boolean;
  readonly isOver: boolean;
  /** Whether it was renewed so shortly before that the token before it still gets the same answer. */
  readonly isFresh: boolean;
}

export type EndReason = 'logged_out' | 'password_changed' | 'refresh_reused' | 'reset';

export interface AuditRow {
  readonly auditId: number;
  readonly atMs: number;
  readonly actor: string;
  readonly actingFor: string | null;
  readonly action: string;
  readonly target: string | null;
  readonly requestId: string | null;
  readonly outcome: string;
}

/** Postgres' record of people. */
export interface PeopleStore {
  /** @param after what is known already, null for all @returns null where nothing changed */
  changes(after: number | null): Promise<PeopleChanges | null>;

  /** Takes a name, and the account of that name, for a user who is opened afterwards. @returns false where it is taken */
  reserveUser(user: { readonly userId: string; readonly username: string; readonly passwordHash: string | null; readonly roles: readonly UserRole[] }): Promise<boolean>;
  openUser(userId: string, account: string): Promise<void>;
  dropReservedUser(userId: string, account: string): Promise<void>;
  /** @returns false where there is no such user, 'last_admin' where nobody would be left to act */
  setUser(userId: string, change: { readonly roles: readonly UserRole[] | null; readonly status: 'active' | 'suspended' | null }): Promise<boolean | 'last_admin'>;
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

  addSession(session: { readonly sessionId: string; readonly userId: string; readonly digest: Buffer; readonly address: string; readonly ttlS: number }): Promise<void>;
  session(sessionId: string, graceS: number): Promise<SessionRow | null>;
  /** @returns false where it was renewed, or ended, meanwhile */
  rotate(sessionId: string, from: Buffer, to: Buffer, successor: Buffer, ttlS: number): Promise<boolean>;
  endSession(sessionId: string, reason: EndReason): Promise<void>;
  endSessions(userId: string, reason: EndReason): Promise<void>;
  knowsAddress(userId: string, address: string): Promise<boolean>;

  addIdentity(issuer: string, subject: string, userId: string): Promise<void>;
  identity(issuer: string, subject: string): Promise<string | null>;

  addAudit(entry: Omit<AuditRow, 'auditId' | 'atMs'>): Promise<void>;
  auditPage(before: number | null, limit: number): Promise<readonly AuditRow[]>;
}
