import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { Database, type NamedQuery, type Query, type Row } from '../../src/persistence/database';
import { migrate } from '../../src/persistence/migrate';
import { LoginSweeper } from '../../src/duties/login-sweeper';
import type { EndedSession } from '../../src/domain/people';
import { PostgresLoginLimits, PostgresPeople } from '../../src/persistence/people-store';
import { TestDatabase } from '../support/postgres';
import { sharedUrl } from '../support/servers';
import { until } from '../support/until';
import { testLogger } from '../support/venue';

const TOKEN_TTL_S = 900;
const UNAVAILABLE = { code: 'people_unavailable' };

/** A process that stands still once it holds the clock's row. */
class Standing extends Database {
  private letGo: (() => void) | undefined;
  isStanding = false;

  override transaction<T>(work: (query: Query) => Promise<T>): Promise<T> {
    return super.transaction((query) => work(async <R extends Row>(named: NamedQuery, values: readonly unknown[]): Promise<R[]> => {
      const rows = await query<R>(named, values);
      if (named.name === 'people_next_change') {
        this.isStanding = true;
        await new Promise<void>((resolve) => { this.letGo = resolve; });
      }
      return rows;
    }));
  }

  goOn(): void {
    this.letGo?.();
  }
}

describe('the record of people', () => {
  let record: TestDatabase;
  let database: Database;
  let people: PostgresPeople;

  const change = async (): Promise<number> => Number((await record.query<{ change: string }>('SELECT change FROM people_clock'))[0]?.change);
  const addUser = async (username: string): Promise<string> => {
    const reserved = await people.reserveUser({ userId: randomUUID(), username, passwordHash: 'hash', roles: ['trader'], identity: null }, false);
    if (typeof reserved === 'string') throw new Error(reserved);
    expect(await people.openUser(reserved, username)).toBe(true);
    return reserved.userId;
  };
  const endedAfter = async (of: PostgresPeople, after: number, pages: number[] = []): Promise<EndedSession[]> => {
    const all: EndedSession[] = [];
    await of.changes(after, ({ endedSessions }) => { pages.push(endedSessions.length); all.push(...endedSessions); });
    return all;
  };
  /** Somebody's rows, locked until what is returned is called. */
  const lockRows = async (text: string): Promise<() => Promise<void>> => {
    const client = new pg.Client({ connectionString: record.url });
    await client.connect();
    await client.query(`BEGIN; ${text}`);
    return () => client.end();
  };

  beforeAll(async () => {
    record = await TestDatabase.create(sharedUrl('TEST_DATABASE_URL'));
    database = new Database(record.url, 20_000, 4, testLogger);
    await migrate(database);
    people = new PostgresPeople(database, TOKEN_TTL_S);
  });
  afterAll(async () => {
    await database.close();
    expect(await record.drop()).toEqual([]);
  });

  it('forgets what is over of logins without waiting for whoever counts', async () => {
    await record.query("INSERT INTO login_buckets (key, expire) VALUES ('a', 1), ('b', 1), ('c', 1e18)");
    const unlock = await lockRows("SELECT FROM login_buckets WHERE key = 'a' FOR UPDATE");
    const limits = new PostgresLoginLimits(database);
    await limits.forget();
    expect(await record.query('SELECT key FROM login_buckets ORDER BY key')).toEqual([{ key: 'a' }, { key: 'c' }]);
    await unlock();
    await limits.forget();
    expect(await record.query('SELECT key FROM login_buckets ORDER BY key')).toEqual([{ key: 'c' }]);
  });

  it('lets others change something after a process that stands still in the middle of a change', async () => {
    const userId = await addUser('ann');
    const standing = new Standing(record.url, 20_000, 1, testLogger);
    const stuck = new PostgresPeople(standing, TOKEN_TTL_S).setUser(userId, { roles: null, status: 'suspended' });
    stuck.catch(() => undefined);
    await until('it stands still', () => standing.isStanding);
    await expect(people.setUser(userId, { roles: ['operator'], status: null })).rejects.toMatchObject(UNAVAILABLE);
    await until('its change is over', async () => (await record.query("SELECT FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = current_database()")).length === 0, 20_000);
    expect(await people.setUser(userId, { roles: ['operator'], status: null })).toBe(true);
    standing.goOn();
    await expect(stuck).rejects.toMatchObject(UNAVAILABLE);
    expect(await people.user(userId)).toMatchObject({ roles: ['operator'], status: 'active' });
    await standing.close();
  });

  it('keeps tokens without a number that all would have to look at; only one that somebody mints waits for the clock', async () => {
    const [userId, minterId] = [await addUser('bob'), await addUser('mia')];
    const session = randomUUID();
    await people.addSession({ sessionId: session, userId: minterId, passwordHash: 'hash', digest: Buffer.from('x'), address: '192.0.2.1', ttlS: 60, max: 100 });
    const before = await change();
    const minter = { userId: minterId, session };
    expect(await people.addTokenSession({ sessionId: randomUUID(), userId, minter, ttlS: 60 })).toBe(true);
    const unlock = await lockRows('UPDATE people_clock SET change = change');
    expect(await people.addTokenSession({ sessionId: randomUUID(), userId, minter: null, ttlS: 60 })).toBe(true);
    await expect(people.addTokenSession({ sessionId: randomUUID(), userId, minter, ttlS: 60 })).rejects.toMatchObject(UNAVAILABLE);
    await unlock();
    expect(await change()).toBe(before);
    await people.endSession(session, 'logged_out');
    expect(await people.addTokenSession({ sessionId: randomUUID(), userId, minter, ttlS: 60 })).toBe(false);
  });

  it('knows a user from the latest hundred addresses, whatever becomes of the logins', async () => {
    const userId = await addUser('Cleo');
    const logIn = (address: string): Promise<boolean> => (
      people.addSession({ sessionId: randomUUID(), userId, passwordHash: 'hash', digest: Buffer.from('x'), address, ttlS: 60, max: 1_000 })
    );
    for (let i = 0; i < 100; i++) expect(await logIn(`192.0.2.${i}`)).toBe(true);
    expect(await logIn('192.0.2.0')).toBe(true);
    await record.query('DELETE FROM sessions WHERE user_id = $1', [userId]);
    const before = await people.addressesOf('CLEO');
    expect(before).toHaveLength(100);
    expect(before.slice(0, 2)).toEqual(['192.0.2.0', '192.0.2.99']);
    expect(await logIn('198.51.100.1')).toBe(true);
    expect(await people.addressesOf('cleo')).toEqual(['198.51.100.1', ...before.slice(0, 99)]);
    expect(await record.query('SELECT count(*)::int AS count FROM known_addresses WHERE user_id = $1', [userId])).toEqual([{ count: 100 }]);
    // A login that does not come about tells nothing of its user.
    expect(await people.addSession({ sessionId: randomUUID(), userId, passwordHash: 'other', digest: Buffer.from('x'), address: '203.0.113.1', ttlS: 60, max: 100 })).toBe(false);
    expect(await people.addressesOf('cleo')).not.toContain('203.0.113.1');
  });

  it('goes by what a token was good for when it was given: a setting that is lowered brings no ended login back', async () => {
    const userId = await addUser('dora');
    const sessionId = randomUUID();
    await people.addSession({ sessionId, userId, passwordHash: 'hash', digest: Buffer.from('x'), address: '192.0.2.1', ttlS: 60, max: 100 });
    const lowered = new PostgresPeople(database, 0);
    await lowered.endSession(sessionId, 'logged_out');
    const left = (await endedAfter(lowered, await change() - 1)).find((ended) => ended.sessionId === sessionId)?.leftMs;
    expect(left).toBeGreaterThan((TOKEN_TTL_S - 60) * 1_000);
    // Powers are asked for later, and outlive the login's own token.
    const another = randomUUID();
    await people.addSession({ sessionId: another, userId, passwordHash: 'hash', digest: Buffer.from('x'), address: '192.0.2.1', ttlS: 60, max: 100 });
    await record.query('UPDATE sessions SET tokens_until = now() WHERE session_id = $1', [another]);
    expect(await people.useSession(another)).toBe(true);
    await lowered.endSession(another, 'logged_out');
    expect(await people.useSession(another)).toBe(false);
    expect((await endedAfter(lowered, await change() - 1)).map((ended) => ended.sessionId)).toEqual([another]);
  });

  it('ends those logins only of which something can be good, and tells of them page by page', async () => {
    const userId = await addUser('emil');
    const count = 10_050;
    await record.query(`INSERT INTO sessions (session_id, user_id, current_digest, address, expires_at)
      SELECT gen_random_uuid(), $1, 'x', '192.0.2.1', now() + CASE WHEN i <= ${count} THEN interval '1 hour' ELSE interval '-1 hour' END FROM generate_series(1, ${count + 500}) AS i`, [userId]);
    const before = await change();
    await people.endSessions(userId, 'logged_out');
    expect(await record.query('SELECT count(*)::int AS ended FROM sessions WHERE user_id = $1 AND ended_at IS NOT NULL', [userId])).toEqual([{ ended: count }]);
    const pages: number[] = [];
    const ended = await endedAfter(people, before, pages);
    expect(new Set(ended.map(({ sessionId }) => sessionId)).size).toBe(count);
    expect(Math.max(...pages)).toBe(10_000);
  });

  it('deletes logins once nothing of them can be good, and keeps all others', async () => {
    const userId = await addUser('fred');
    const [hours, names] = [(n: number): string => `now() + interval '${n} hours'`, new Map<string, string>()];
    const add = async (name: string, expires: number, tokens: number | null, ended: number | null): Promise<void> => {
      const [row] = await record.query<{ session_id: string }>(`INSERT INTO sessions (session_id, user_id, current_digest, address, expires_at, tokens_until, ended_at)
        VALUES (gen_random_uuid(), $1, 'x', '192.0.2.1', ${hours(expires)}, ${tokens === null ? 'NULL' : hours(tokens)}, ${ended === null ? 'NULL' : hours(ended)}) RETURNING session_id`, [userId]);
      names.set(String(row?.session_id), name);
    };
    for (let i = 0; i < 5; i++) await add(`over ${i}`, -2, -2, null);
    await add('over, of a program of before', -2, null, null);
    await add('ended', 1, -2, -2);
    await add('good', 1, 1, null);
    await add('over, with a token', -2, 1, null);
    await add('over a while ago', -1, -2, null);
    await add('ended, with a token', 1, 1, -2);
    await add('ended a while ago', 1, -2, -1);
    let isOnDuty = false;
    const sweeper = new LoginSweeper(people, () => isOnDuty, testLogger, 10, 2);
    const left = async (): Promise<unknown[]> => (await record.query<{ session_id: string }>('SELECT session_id FROM sessions WHERE user_id = $1', [userId])).map((row) => names.get(row.session_id)).sort();
    sweeper.start();
    isOnDuty = true;
    await until('those are gone', async () => (await left()).length <= 5);
    await sweeper.stop();
    expect(await left()).toEqual(['ended a while ago', 'ended, with a token', 'good', 'over a while ago', 'over, with a token']);
  });

  it('leaves a user so many logins at a time: those end that were renewed longest ago', async () => {
    const [userId, otherId] = [await addUser('gina'), await addUser('hugo')];
    const logIn = async (of: string, max: number): Promise<string> => {
      const sessionId = randomUUID();
      expect(await people.addSession({ sessionId, userId: of, passwordHash: 'hash', digest: Buffer.from(sessionId), address: '192.0.2.1', ttlS: 60, max })).toBe(true);
      return sessionId;
    };
    const live = async (of: string): Promise<unknown[]> => (await record.query<{ session_id: string }>('SELECT session_id FROM sessions WHERE user_id = $1 AND ended_at IS NULL', [of])).map((row) => row.session_id).sort();
    const other = await logIn(otherId, 3);
    const token = randomUUID();
    expect(await people.addTokenSession({ sessionId: token, userId, minter: null, ttlS: 1 })).toBe(true);
    const [first, second, third] = [await logIn(userId, 3), await logIn(userId, 3), await logIn(userId, 3)];
    expect(await live(userId)).toEqual([token, first, second, third].sort());
    expect(await people.rotate(first, Buffer.from(first), Buffer.from('next'), Buffer.from('sealed'), 60)).toBe(true);
    const before = await change();
    const fourth = await logIn(userId, 3);
    expect(await live(userId)).toEqual([token, first, third, fourth].sort());
    // All hear of it.
    expect((await endedAfter(people, before)).map(({ sessionId }) => sessionId)).toEqual([second]);
    const last = await logIn(userId, 1);
    expect(await live(userId)).toEqual([token, last].sort());
    expect(await live(otherId)).toEqual([other]);
    expect(await record.query("SELECT count(*)::int AS ended FROM sessions WHERE user_id = $1 AND end_reason = 'too_many'", [userId])).toEqual([{ ended: 4 }]);
  });
});
