import { randomUUID } from 'node:crypto';
import { Database } from '../../src/persistence/database';
import { PostgresPeople } from '../../src/persistence/people-store';
import { Client, type Answer, type ProblemBody } from '../support/client';
import { testLogger } from '../support/venue';
import { PASSWORD, PeopleVenue, type Person } from './support/people-venue';

const OTHER_PASSWORD = 'battery horse correct';

describe('a registration that breaks off', () => {
  let venue: PeopleVenue;
  let other: Client;
  let stopOther: () => Promise<void>;
  let operator: Person;

  const query = (text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> => venue.venue.database.query(text, values);
  const register = (username: string, password = OTHER_PASSWORD, client = venue.client): Promise<Answer<ProblemBody & { user_id: string }>> => (
    client.post('/auth/register', { username, password })
  );
  const logIn = async (username: string, password: string): Promise<number> => (await venue.client.post('/auth/login', { username, password })).status;
  const grow = (username: string): Promise<unknown> => query("UPDATE users SET created_at = now() - interval '61 seconds' WHERE username = $1", [username]);
  const idOf = async (username: string): Promise<unknown> => (await query('SELECT user_id FROM users WHERE username = $1', [username]))[0]?.user_id;
  const forgetKeys = (): Promise<unknown> => venue.venue.redis.command('DEL', `{${venue.venue.shard}}:idem`);

  /** The name is taken and the account made; then it is over. */
  async function begin(username: string): Promise<void> {
    await query(`
      CREATE TRIGGER broken BEFORE UPDATE ON users FOR EACH ROW WHEN (NEW.status = 'active' AND OLD.status = 'opening') EXECUTE FUNCTION refuse_change()`);
    expect((await register(username, PASSWORD)).status).toBe(500);
    await query('DROP TRIGGER broken ON users');
    expect(await query('SELECT status FROM users WHERE username = $1', [username])).toEqual([{ status: 'opening' }]);
    expect((await operator.call('GET', `/accounts/${username}`)).status).toBe(200);
  }

  beforeAll(async () => {
    venue = await PeopleVenue.open();
    const second = await venue.venue.start();
    other = new Client(second.url);
    stopOther = async () => { other.close(); await second.stop(); };
    operator = await (await venue.withRoles('olivia', ['operator'])).sudo();
  });
  afterAll(async () => {
    await stopOther();
    await venue.close();
  });

  it('is taken over by whoever wants the name a minute later, with a password of their own', async () => {
    await begin('ann');
    const begun = await idOf('ann');
    expect((await register('ann')).body.code).toBe('username_taken');
    await grow('ann');
    const { status, body } = await register('ann');
    expect([status, body.user_id]).toEqual([201, begun]);
    expect([await logIn('ann', PASSWORD), await logIn('ann', OTHER_PASSWORD)]).toEqual([401, 200]);
    const ann = await venue.logIn('ann', OTHER_PASSWORD);
    expect((await ann.call('GET', '/accounts/ann/balances')).status).toBe(200);
    // It is finished now, and however old.
    await grow('ann');
    expect((await register('ann', PASSWORD)).body.code).toBe('username_taken');
    expect(await logIn('ann', OTHER_PASSWORD)).toBe(200);
  });

  it('is taken over by one of many who want it at once, at two processes', async () => {
    await begin('bea');
    await grow('bea');
    const passwords = Array.from({ length: 6 }, (_, i) => `${OTHER_PASSWORD} ${i}`);
    const answers = await Promise.all(passwords.map((password, i) => register('bea', password, i % 2 === 0 ? venue.client : other)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
    const logins = await Promise.all(passwords.map((password) => logIn('bea', password)));
    expect(logins.map((status) => status === 200)).toEqual(answers.map(({ status }) => status === 201));
  });

  it('is taken over in another case as a new name', async () => {
    await begin('Cleo');
    await grow('Cleo');
    const { status, body } = await register('CLEO');
    expect([status, body.username, body.account_id]).toEqual([201, 'CLEO', 'CLEO']);
    expect(await query("SELECT account, status FROM account_owners WHERE lower(account) = 'cleo'")).toEqual([{ account: 'CLEO', status: 'active' }]);
    expect((await operator.call('POST', '/deposits', { account_id: 'Dora', asset: 'USD', amount: '5' })).status).toBe(201);
    await begin('dora');
    await grow('dora');
    // The text that was looked for is another one.
    expect((await register('Dora')).body.code).toBe('username_taken');
    expect((await register('dora')).status).toBe(201);
  });

  it('is taken over after a day, too, when nobody knows any more whose the account was, unless somebody has used that', async () => {
    await begin('emil');
    await grow('emil');
    await forgetKeys();
    expect((await register('emil')).status).toBe(201);
    await begin('fred');
    await grow('fred');
    expect((await operator.call('POST', '/deposits', { account_id: 'fred', asset: 'USD', amount: '5' })).status).toBe(201);
    await forgetKeys();
    for (let i = 0; i < 2; i++) expect((await register('fred')).body.code).toBe('username_taken');
    expect(await idOf('fred')).toBeUndefined();
  });

  it('does nothing more once another has the name', async () => {
    const database = new Database(venue.venue.database.url, 5_000, 1, testLogger);
    try {
      const people = new PostgresPeople(database, 0);
      const user = (passwordHash: string): Parameters<PostgresPeople['reserveUser']>[0] => ({ userId: randomUUID(), username: 'gina', passwordHash, roles: ['trader'], identity: null });
      const slow = await people.reserveUser(user('slow'), false);
      if (typeof slow === 'string') throw new Error(slow);
      expect(await people.abandonedUser('gina')).toBeNull();
      await people.abandonUser(slow);
      expect(await people.abandonedUser('GINA')).toBe('gina');
      expect(await people.reserveUser(user('none'), false)).toBe('name');
      const quick = await people.reserveUser(user('quick'), true);
      if (typeof quick === 'string') throw new Error(quick);
      expect(quick.userId).toBe(slow.userId);
      expect(await people.reserveUser(user('late'), true)).toBe('name');
      await people.dropReservedUser(slow, 'gina');
      await people.abandonUser(slow);
      expect(await people.openUser(slow, 'gina')).toBe(false);
      expect(await people.abandonedUser('gina')).toBeNull();
      expect(await people.openUser(quick, 'gina')).toBe(true);
      expect(await query("SELECT status, password_hash FROM users WHERE username = 'gina'")).toEqual([{ status: 'active', password_hash: 'quick' }]);
    } finally {
      await database.close();
    }
  });
});
