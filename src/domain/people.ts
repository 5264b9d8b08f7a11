import type { Scope, UserRole } from './access';

/** People as they are on record. */

export type UserState = 'opening' | 'active' | 'suspended';
export type OwnerKind = 'main' | 'opened' | 'shared';

export interface UserRow {
  readonly userId: string;
  readonly username: string;
  readonly roles: readonly UserRole[];
  readonly status: UserState;
}

export interface ChangedUserRow extends UserRow {
  /** Number of the change by which a role was taken last, 0 for none: powers given before are over. */
  readonly powersChange: number;
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
  /** Number of the change by which it was made; once it is ended, by which it was. */
  readonly change: number;
}

export type NewApiKey = Omit<ApiKeyRow, 'createdMs' | 'isEnded' | 'change'>;

/** A user as another issuer calls it. */
export interface ForeignIdentity {
  readonly issuer: string;
  readonly subject: string;
}

/** A part of what changed behind a number of the clock. */
export interface PeopleChanges {
  readonly users: readonly ChangedUserRow[];
  readonly owners: readonly OwnerRow[];
  readonly keys: readonly ApiKeyRow[];
  readonly endedSessions: readonly EndedSession[];
}

export interface EndedSession {
  readonly sessionId: string;
  /** For how long a token of it may still be good by itself. */
  readonly leftMs: number;
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
  /** null of a login that has no refresh token. */
  readonly currentDigest: Buffer | null;
  readonly previousDigest: Buffer | null;
  /** Sealed. */
  readonly successor: Buffer | null;
  readonly isEnded: boolean;
  readonly isOver: boolean;
  /** Whether it was renewed so shortly before that the token before it still gets the same answer. */
  readonly isFresh: boolean;
}

export type EndReason = 'logged_out' | 'password_changed' | 'refresh_reused' | 'reset' | 'too_many';

/** What is done with powers. */
export interface AuditEntry {
  readonly actor: string;
  /** The API key by which it is done; null for a token. */
  readonly apiKey: string | null;
  readonly actingFor: string | null;
  readonly action: string;
  readonly target: string | null;
  readonly requestId: string | null;
}

export interface AuditRow extends AuditEntry {
  readonly auditId: number;
  readonly atMs: number;
  /** null while none is on record: it is under way, or its process ended in between. */
  readonly outcome: string | null;
}

/** A user whose name is taken, and whose account is still to be made. */
export interface ReservedUser {
  readonly userId: string;
  readonly username: string;
  readonly passwordHash: string | null;
  readonly roles: readonly UserRole[];
  /** null of one who logs in here. */
  readonly identity: ForeignIdentity | null;
}

/** A name as it is taken: whoever takes it over later has another number, and what the one before does then is of no effect. */
export interface Reservation {
  readonly userId: string;
  readonly change: number;
}

/** null: as it is. */
export interface UserChange {
  readonly roles: readonly UserRole[] | null;
  readonly status: 'active' | 'suspended' | null;
}

/** A login without a password and without a refresh token: one access token is all that it has. */
export interface NewTokenSession {
  readonly sessionId: string;
  readonly userId: string;
  /** Who mints the token for the user, by a login of its own; null for nobody. */
  readonly minter: { readonly userId: string; readonly session: string } | null;
  readonly ttlS: number;
}

export interface NewSession {
  readonly sessionId: string;
  readonly userId: string;
  /** Of the password that was given, null where none was. */
  readonly passwordHash: string | null;
  readonly digest: Buffer;
  readonly address: string;
  readonly ttlS: number;
  /** Logins that the user may have: the one that was renewed longest ago ends. */
  readonly max: number;
}
