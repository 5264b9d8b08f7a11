import { SCOPES, USER_ROLES, type Scope, type UserRole } from '../domain/access';
import { UnavailableError } from '../domain/unavailable';
import type {
  ApiKeyRow, AuditEntry, AuditRow, ChangedUserRow, Credentials, EndReason, ForeignIdentity, NewApiKey, NewSession, NewTokenSession, OwnerKind, OwnerRow, PeopleChanges, Reservation, ReservedUser, SessionRow, UserChange, UserRow, UserState,
} from '../domain/people';
import type { Database, NamedQuery, Query, Row } from './database';
import * as sql from './queries/people';

/** Rows of one page. */
const PAGE = 10_000;
const NOTHING: PeopleChanges = { users: [], owners: [], keys: [], endedSessions: [] };

/** Addresses by which somebody is known, the latest; as many as the migration that made the table took over. */
const ADDRESSES_MAX = 100;

/** Seconds after which a name may be taken over whose account never came about. */
const RESERVATION_S = 60;

/** Longest pause between two statements of a change: a process that stands still, or is cut off, lets others go on after it. */
const CHANGE_IDLE_MS = 5_000;
/** Longest wait for changes that are ahead. */
const CHANGE_WAIT_MS = 3_000;

/** How far clocks may be apart, and how long it may take until a token is signed that the row of its login tells of already, in seconds. */
const SLACK_S = 60;

/** Seconds for which a login stays on record after all of it. */
const KEPT_S = 3_600;

/** Logins beyond a user's limit that one more of them ends at most: nobody waits long for it. */
const ENDED_AT_ONCE_MAX = 1_000;

interface ChangeRow extends Row { change: number }
interface AbandonedUser extends Row { user_id: string; username: string }
interface UserRecord extends Row { user_id: string; username: string; roles: string[]; status: UserState }
/** Of many: lists are text. */
interface ChangedUser extends Row { user_id: string; username: string; roles: string; status: UserState; powers_change: number }
interface OwnerRecord extends Row { account: string; user_id: string; kind: OwnerKind; status: OwnerRow['status'] }
interface KeyRecord extends Row {
  api_key: string; user_id: string; name: string; scopes: string; accounts: string[] | null; ip_allow: string[] | null; sealed_secret: Buffer | null;
  public_key: string | null; expires_ms: number | null; created_ms: number; is_ended: boolean; change: number;
}
interface SessionRecord extends Row {
  session_id: string; user_id: string; current_digest: Buffer | null; previous_digest: Buffer | null; successor: Buffer | null; is_ended: boolean; is_over: boolean;
  is_fresh: boolean | null;
}
interface EndedRecord extends Row { session_id: string; left_ms: number }
interface AuditRecord extends Row {
  audit_id: number; at: Date; actor: string; api_key: string | null; acting_for: string | null; action: string; target: string | null; request_id: string | null;
  outcome: string | null;
}

/** Lists of words are few, and shared by all that have them. */
const lists = new Map<string, readonly string[]>();

/** @param given words with spaces between them @throws Error for a word that this program does not know */
function wordsOf<W extends string>(known: readonly W[], given: string): readonly W[] {
  const list = lists.get(given) as readonly W[] | undefined;
  if (list !== undefined && list.every((word) => known.includes(word))) return list;
  const words = (given === '' ? [] : given.split(' ')).map((word) => {
    if (!(known as readonly string[]).includes(word)) throw new Error(`postgres holds an unknown word: ${word}`);
    return word as W;
  });
  lists.set(given, words);
  return words;
}

function userOf({ user_id: userId, username, roles, status }: UserRecord): UserRow {
  return { userId, username, roles: wordsOf<UserRole>(USER_ROLES, roles.join(' ')), status };
}

function changedUserOf({ user_id: userId, username, roles, status, powers_change: powersChange }: ChangedUser): ChangedUserRow {
  return { userId, username, roles: wordsOf<UserRole>(USER_ROLES, roles), status, powersChange };
}

function keyOf(row: KeyRecord): ApiKeyRow {
  return {
    apiKey: row.api_key, userId: row.user_id, name: row.name, scopes: wordsOf<Scope>(SCOPES, row.scopes), accounts: row.accounts, ipAllow: row.ip_allow,
    sealedSecret: row.sealed_secret, publicKey: row.public_key, expiresMs: row.expires_ms, createdMs: row.created_ms, isEnded: row.is_ended, change: row.change,
  };
}

/** What Postgres' absence is to whoever asks about people. */
function unavailable(error: unknown): unknown {
  return error instanceof UnavailableError ? new UnavailableError('people_unavailable', error.message, { cause: error }) : error;
}

/** A user whose account did not come about. */
async function dropReserved(query: Query, userId: string, account: string): Promise<void> {
  await query(sql.DROP_OPENING_IDENTITY, [userId]);
  await query(sql.DROP_OPENING_OWNER, [userId, account]);
  await query(sql.DROP_OPENING_USER, [userId]);
}

async function countOf(query: Query, named: NamedQuery, values: readonly unknown[]): Promise<number> {
  const [row] = await query<{ count: number }>(named, values);
  return Number(row?.count);
}

/** First pause after wrong passwords, in seconds, which each further failure doubles. */
const PAUSE_S = 15;

interface Rate { readonly perSecond: number; readonly burst: number }

/** How long a token takes to come, and all of them, in ms. */
function timesOf({ perSecond, burst }: Rate): readonly [number, number] {
  const eachMs = 1_000 / perSecond;
  return [eachMs, burst * eachMs];
}

/** What is counted of logins. Each is one statement, so that it holds over all processes. */
export class PostgresLoginLimits {
  constructor(private readonly database: Database) {}

  /** @throws UnavailableError `people_unavailable` */
  private async ask<T extends Row>(query: NamedQuery, values: readonly unknown[]): Promise<T | undefined> {
    try {
      return (await this.database.query<T>(query, values))[0];
    } catch (error) {
      throw unavailable(error);
    }
  }

  async take(bucket: string, rate: Rate): Promise<number> {
    return (await this.takeAndLook(bucket, rate, '')).waitMs;
  }

  async takeAndLook(bucket: string, rate: Rate, pause: string): Promise<{ readonly waitMs: number; readonly pauseMs: number }> {
    const row = await this.ask<{ is_taken: boolean; wait_ms: number | null; pause_ms: number | null }>(sql.TAKE_LOGIN, [bucket, ...timesOf(rate), pause]);
    // Where another process was ahead at this moment, when it was is not seen yet.
    return { waitMs: row?.is_taken === true ? 0 : Math.max(1, row?.wait_ms ?? 1), pauseMs: Math.max(0, row?.pause_ms ?? 0) };
  }

  async pause(pause: string): Promise<number> {
    return Math.max(0, (await this.ask<{ pause_ms: number }>(sql.LOGIN_PAUSE, [pause]))?.pause_ms ?? 0);
  }

  async fail(name: string, from: string, pauses: { readonly stranger: string; readonly known: string }, failures: number, windowS: number): Promise<void> {
    await this.ask(sql.FAIL_LOGIN, [name, from, pauses.stranger, pauses.known, failures, windowS * 1_000, PAUSE_S * 1_000]);
  }

  async clear(key: string): Promise<void> {
    await this.ask(sql.CLEAR_LOGIN, [key]);
  }

  async forget(): Promise<void> {
    await this.ask(sql.FORGET_LOGINS, []);
  }
}

/** Postgres' record of people. Each change takes the clock's next number, by which every process hears of it. */
export class PostgresPeople {
  /** @param tokenTtlS longest time that a token of a login with a refresh token is good for */
  constructor(private readonly database: Database, private readonly tokenTtlS: number) {}

  private async read<T extends Row>(query: NamedQuery, values: readonly unknown[]): Promise<T[]> {
    try {
      return await this.database.query<T>(query, values);
    } catch (error) {
      throw unavailable(error);
    }
  }

  /** @param clock how the clock's row is taken, which everybody else who takes it waits for @throws UnavailableError `people_unavailable` */
  private async holding<T>(clock: NamedQuery, work: (query: Query, change: number) => Promise<T>): Promise<T> {
    try {
      return await this.database.transaction(async (query) => {
        await query(sql.LIMIT_CHANGE, [String(CHANGE_IDLE_MS), String(CHANGE_WAIT_MS)]);
        const [row] = await query<ChangeRow>(clock, []);
        if (row === undefined) throw new Error('people_clock has no row');
        return work(query, row.change);
      });
    } catch (error) {
      throw unavailable(error);
    }
  }

  /** @param work gets the number under which its changes are heard of */
  private change<T>(work: (query: Query, change: number) => Promise<T>): Promise<T> {
    return this.holding(sql.NEXT_CHANGE, work);
  }

  /**
   * All that changed, page by page: there may be a hundred thousand users and more.
   * @param after what is known already, null for all
   * @returns the number up to which that is all; null where nothing changed
   */
  async changes(after: number | null, take: (page: PeopleChanges) => void): Promise<number | null> {
    try {
      if (after !== null) {
        const [clock] = await this.database.query<ChangeRow>(sql.CLOCK, []);
        if (clock?.change === after) return null;
      }
      return await this.database.snapshot(async (query) => {
        const since = after ?? -1;
        const [clock] = await query<ChangeRow>(sql.CLOCK, []);
        const pages = async <T extends Row>(
          named: NamedQuery, first: readonly null[], behind: (row: T) => readonly unknown[], tell: (rows: readonly T[]) => void, more: readonly unknown[] = [],
        ): Promise<void> => {
          for (let at: readonly unknown[] = first; ;) {
            const rows = await query<T>(named, [since, ...at, PAGE, ...more]);
            tell(rows);
            const last = rows.at(-1);
            if (last === undefined || rows.length < PAGE) return;
            at = behind(last);
          }
        };
        await pages<ChangedUser>(sql.USERS_CHANGED, [null], ({ user_id: id }) => [id], (rows) => take({ ...NOTHING, users: rows.map(changedUserOf) }));
        await pages<OwnerRecord>(sql.OWNERS_CHANGED, [null, null], ({ account, user_id: id }) => [account, id], (rows) => take({
          ...NOTHING, owners: rows.map(({ account, user_id: userId, kind, status }) => ({ account, userId, kind, status })),
        }));
        await pages<KeyRecord>(sql.KEYS_CHANGED, [null], ({ api_key: key }) => [key], (rows) => take({ ...NOTHING, keys: rows.map(keyOf) }));
        await pages<EndedRecord>(sql.SESSIONS_ENDED, [null], ({ session_id: id }) => [id], (rows) => take({
          ...NOTHING, endedSessions: rows.map(({ session_id: sessionId, left_ms: leftMs }) => ({ sessionId, leftMs })),
        }), [this.tokenTtlS]);
        return clock?.change ?? 0;
      });
    } catch (error) {
      throw unavailable(error);
    }
  }

  async abandonedUser(username: string): Promise<string | null> {
    const [row] = await this.read<AbandonedUser>(sql.ABANDONED_USER, [username, RESERVATION_S]);
    return row?.username ?? null;
  }

  reserveUser({ userId: newId, username, passwordHash, roles, identity }: ReservedUser, over: boolean): Promise<Reservation | 'name' | 'identity'> {
    return this.change(async (query, change) => {
      // Nobody changes what is asked for in between: all who do hold the clock's row first.
      if (identity !== null) {
        await query(sql.FREE_IDENTITY, [identity.issuer, identity.subject, RESERVATION_S]);
        if ((await query(sql.IDENTITY_IS_KNOWN, [identity.issuer, identity.subject])).length > 0) return 'identity';
      }
      const [abandoned] = over ? await query<AbandonedUser>(sql.ABANDONED_USER, [username, RESERVATION_S]) : [];
      if (over) {
        // Somebody else was quicker.
        if (abandoned === undefined) return 'name';
        await query(sql.DROP_OPENING_IDENTITY, [abandoned.user_id]);
        await query(sql.DROP_OPENING_OWNER, [abandoned.user_id, abandoned.username]);
      }
      if ((await query(sql.ACCOUNT_IS_OWNED, [username])).length > 0) return 'name';
      const userId = abandoned?.user_id ?? newId;
      const reserved = await query(abandoned === undefined ? sql.ADD_USER : sql.TAKE_OVER_USER, [userId, username, passwordHash, roles, change]);
      if (reserved.length === 0) return 'name';
      await query(sql.ADD_OWNER, [username, userId, 'main', 'opening', change]);
      if (identity !== null) await query(sql.ADD_IDENTITY, [identity.issuer, identity.subject, userId]);
      return { userId, change };
    });
  }

  openUser({ userId, change: reserved }: Reservation, account: string): Promise<boolean> {
    return this.change(async (query, change) => {
      if ((await query(sql.IS_RESERVED, [userId, reserved])).length === 0) return false;
      await query(sql.OPEN_USER, [userId, change]);
      await query(sql.SET_OWNER, [account, userId, 'active', change]);
      return true;
    });
  }

  async dropReservedUser({ userId, change }: Reservation, account: string): Promise<void> {
    await this.holding(sql.HOLD_CLOCK, async (query) => {
      if ((await query(sql.IS_RESERVED, [userId, change])).length > 0) await dropReserved(query, userId, account);
    });
  }

  async abandonUser({ userId, change }: Reservation): Promise<void> {
    await this.read(sql.ABANDON_USER, [userId, change]);
  }

  setUser(userId: string, { roles, status }: UserChange): Promise<boolean | 'last_admin'> {
    const refused = new Error('nobody would be left');
    return this.change(async (query, change): Promise<boolean | 'last_admin'> => {
      const [before] = await query<{ count: number }>(sql.ACTIVE_ADMINS, []);
      const changed = await query(sql.SET_USER, [userId, roles, status, change]);
      const [after] = await query<{ count: number }>(sql.ACTIVE_ADMINS, []);
      if (Number(before?.count) > 0 && Number(after?.count) === 0) throw refused;
      return changed.length > 0;
    }).catch((error: unknown) => {
      if (error === refused) return 'last_admin' as const;
      throw error;
    });
  }

  async credentials(username: string): Promise<Credentials | null> {
    const [row] = await this.read<{ user_id: string; username: string; password_hash: string | null; status: UserState }>(sql.CREDENTIALS, [username]);
    return row === undefined ? null : {
      userId: row.user_id, username: row.username, passwordHash: row.password_hash, isSuspended: row.status === 'suspended',
    };
  }

  async setPassword(userId: string, passwordHash: string, reason: EndReason): Promise<void> {
    await this.change(async (query, change) => {
      await query(sql.SET_PASSWORD, [userId, passwordHash, change]);
      await query(sql.END_SESSIONS, [userId, reason, change, this.tokenTtlS]);
    });
  }

  async raisePassword(userId: string, before: string, passwordHash: string): Promise<void> {
    await this.read(sql.RAISE_PASSWORD, [userId, before, passwordHash]);
  }

  async user(userId: string): Promise<(UserRow & { readonly createdMs: number }) | null> {
    const [row] = await this.read<UserRecord & { created_at: Date }>(sql.USER, [userId]);
    return row === undefined ? null : { ...userOf(row), createdMs: row.created_at.getTime() };
  }

  async usersPage(after: string | null, limit: number): Promise<readonly (UserRow & { readonly createdMs: number })[]> {
    const rows = await this.read<UserRecord & { created_at: Date }>(sql.USERS_PAGE, [after, limit]);
    return rows.map((row) => ({ ...userOf(row), createdMs: row.created_at.getTime() }));
  }

  async isAccountOwned(account: string): Promise<boolean> {
    return (await this.read(sql.ACCOUNT_IS_OWNED, [account])).length > 0;
  }

  async accountsBeside(account: string): Promise<readonly string[]> {
    return (await this.read<{ account: string }>(sql.ACCOUNTS_BESIDE, [account])).map((row) => row.account);
  }

  async isAccountBegun(account: string, userId: string): Promise<boolean> {
    return (await this.read(sql.ACCOUNT_IS_BEGUN, [account, userId])).length > 0;
  }

  // What is counted cannot change before the end: whoever adds to it holds the clock's row.
  reserveAccount(account: string, userId: string, max: number): Promise<'new' | 'begun' | 'taken' | 'limit'> {
    return this.change(async (query, change) => {
      const isBegun = (await query(sql.ACCOUNT_IS_BEGUN, [account, userId])).length > 0;
      if (!isBegun && (await query(sql.ACCOUNT_IS_OWNED, [account])).length > 0) return 'taken';
      if (await countOf(query, sql.COUNT_OPENED, [userId, account]) >= max) return 'limit';
      if (isBegun) return 'begun';
      return (await query(sql.ADD_OWNER, [account, userId, 'opened', 'opening', change])).length > 0 ? 'new' : 'taken';
    });
  }

  openAccount(account: string, userId: string): Promise<boolean> {
    return this.change(async (query, change) => {
      if ((await query(sql.SET_OWNER, [account, userId, 'active', change])).length > 0) return true;
      if ((await query(sql.ACCOUNT_IS_OWNED, [account])).length > 0) return false;
      return (await query(sql.ADD_OWNER, [account, userId, 'opened', 'active', change])).length > 0;
    });
  }

  async endOwner(account: string, userId: string): Promise<void> {
    await this.change((query, change) => query(sql.SET_OWNER, [account, userId, 'ended', change]));
  }

  shareAccount(
    account: string, userId: string, { ownersPerAccountMax, sharedAccountsPerUserMax }: { readonly ownersPerAccountMax: number; readonly sharedAccountsPerUserMax: number },
  ): Promise<'owners_limit' | 'shared_accounts_limit' | null> {
    return this.change(async (query, change) => {
      if ((await query(sql.IS_SHARED_WITH, [account, userId])).length > 0) return null;
      if (await countOf(query, sql.COUNT_SHARERS, [account]) >= ownersPerAccountMax) return 'owners_limit';
      if (await countOf(query, sql.COUNT_SHARED_WITH, [userId]) >= sharedAccountsPerUserMax) return 'shared_accounts_limit';
      await query(sql.ADD_OWNER, [account, userId, 'shared', 'active', change]);
      return null;
    });
  }

  async dropReservedAccount(account: string, userId: string): Promise<void> {
    await this.holding(sql.HOLD_CLOCK, (query) => query(sql.DROP_OPENING_OWNER, [userId, account]));
  }

  async isClientKnown(name: string): Promise<boolean> {
    const [row] = await this.read<{ is_known: boolean }>(sql.CLIENT_IS_KNOWN, [name]);
    return row?.is_known === true;
  }

  async hasOrders(name: string): Promise<boolean> {
    const [row] = await this.read<{ has_orders: boolean }>(sql.HAS_ORDERS, [name]);
    return row?.has_orders === true;
  }

  addKey(key: NewApiKey, max: number, powersChange: number | null): Promise<number | 'limit' | 'powers'> {
    return this.change(async (query, change) => {
      if (await countOf(query, sql.COUNT_KEYS, [key.userId]) >= max) return 'limit';
      if (powersChange !== null && (await query(sql.KEEPS_POWERS, [key.userId, powersChange])).length === 0) return 'powers';
      const [row] = await query<{ created_at: Date }>(sql.ADD_KEY, [
        key.apiKey, key.userId, key.name, key.scopes, key.accounts, key.ipAllow, key.sealedSecret, key.publicKey,
        key.expiresMs === null ? null : new Date(key.expiresMs), change,
      ]);
      if (row === undefined) throw new Error('an API key was not kept');
      return row.created_at.getTime();
    });
  }

  endKey(apiKey: string, userId: string): Promise<boolean> {
    return this.change(async (query, change) => (await query(sql.END_KEY, [apiKey, userId, change])).length > 0);
  }

  async addSession({ sessionId, userId, passwordHash, digest, address, ttlS, max }: NewSession): Promise<boolean> {
    const [begun] = await this.read<{ other_addresses: number; other_sessions: number }>(
      sql.ADD_SESSION, [sessionId, userId, digest, address, ttlS, passwordHash, this.tokenTtlS + SLACK_S, max],
    );
    if (begun === undefined) return false;
    if (begun.other_addresses >= ADDRESSES_MAX) await this.read(sql.DROP_ADDRESSES, [userId, ADDRESSES_MAX]);
    const reason: EndReason = 'too_many';
    if (begun.other_sessions >= max) await this.change((query, change) => query(sql.END_OLDEST, [userId, reason, change, max, ENDED_AT_ONCE_MAX]));
    return true;
  }

  /** All that ends logins holds the clock's row: nothing is minted behind the end of the login that mints. Where none does, there is nothing to wait for. */
  async addTokenSession({ sessionId, userId, minter, ttlS }: NewTokenSession): Promise<boolean> {
    const values = [sessionId, userId, minter?.userId ?? null, ttlS, ttlS + SLACK_S];
    if (minter === null) return (await this.read(sql.ADD_TOKEN_SESSION, values)).length > 0;
    return this.holding(sql.HOLD_CLOCK, async (query) => {
      if ((await query(sql.SESSION_IS_GOOD, [minter.session])).length === 0) return false;
      return (await query(sql.ADD_TOKEN_SESSION, values)).length > 0;
    });
  }

  async session(sessionId: string, graceS: number): Promise<SessionRow | null> {
    const [row] = await this.read<SessionRecord>(sql.SESSION, [sessionId, graceS]);
    return row === undefined ? null : {
      sessionId: row.session_id, userId: row.user_id, currentDigest: row.current_digest, previousDigest: row.previous_digest, successor: row.successor,
      isEnded: row.is_ended, isOver: row.is_over, isFresh: row.is_fresh === true,
    };
  }

  async rotate(sessionId: string, from: Buffer, to: Buffer, successor: Buffer, ttlS: number): Promise<boolean> {
    return (await this.read(sql.ROTATE, [sessionId, from, to, successor, ttlS, this.tokenTtlS + SLACK_S])).length > 0;
  }

  async useSession(sessionId: string): Promise<boolean> {
    return (await this.read(sql.USE_SESSION, [sessionId, this.tokenTtlS + SLACK_S])).length > 0;
  }

  async endSession(sessionId: string, reason: EndReason): Promise<void> {
    await this.change((query, change) => query(sql.END_SESSION, [sessionId, reason, change]));
  }

  async endSessions(userId: string, reason: EndReason): Promise<void> {
    await this.change((query, change) => query(sql.END_SESSIONS, [userId, reason, change, this.tokenTtlS]));
  }

  /** Deletes a page of logins of which nothing can be good any more. @returns whether there may be more */
  async sweepSessions(limit: number): Promise<boolean> {
    const values = [this.tokenTtlS + KEPT_S, KEPT_S, limit];
    const over = await this.read(sql.SWEEP_OVER, values);
    const ended = await this.read(sql.SWEEP_ENDED, values);
    return over.length === limit || ended.length === limit;
  }

  async addressesOf(username: string): Promise<readonly string[]> {
    return (await this.read<{ address: string }>(sql.ADDRESSES, [username, ADDRESSES_MAX])).map(({ address }) => address);
  }

  async userOfIdentity({ issuer, subject }: ForeignIdentity): Promise<string | null> {
    const [row] = await this.read<{ user_id: string }>(sql.USER_OF_IDENTITY, [issuer, subject]);
    return row?.user_id ?? null;
  }

  async withOwnLogins(usernames: readonly string[]): Promise<readonly string[]> {
    return (await this.read<{ username: string }>(sql.WITH_OWN_LOGINS, [usernames])).map(({ username }) => username);
  }

  async addAct(actId: string, { actor, apiKey, actingFor, action, target, requestId }: AuditEntry, outcome: string | null): Promise<void> {
    await this.read(sql.ADD_ACT, [actId, actor, apiKey, actingFor, action, target, requestId, outcome]);
  }

  async addOutcome(actId: string, outcome: string): Promise<void> {
    await this.read(sql.ADD_OUTCOME, [actId, outcome]);
  }

  async auditPage(before: number | null, limit: number): Promise<readonly AuditRow[]> {
    const rows = await this.read<AuditRecord>(sql.AUDIT_PAGE, [before, limit]);
    return rows.map((row) => ({
      auditId: row.audit_id, atMs: row.at.getTime(), actor: row.actor, apiKey: row.api_key, actingFor: row.acting_for, action: row.action, target: row.target,
      requestId: row.request_id, outcome: row.outcome,
    }));
  }
}
