import { randomUUID } from 'node:crypto';
import { Database } from '../../src/persistence/database';
import { PostgresPeople } from '../../src/persistence/people-store';
import { Client, type Answer, type ProblemBody } from '../support/client';
import { until } from '../support/until';
import { testLogger } from '../support/venue';
import { Line } from './support/people-line';
import { PeopleVenue, bearer, signed, type MadeKey, type Person } from './support/people-venue';

describe('powers that were given before a role was taken', () => {
  let venue: PeopleVenue;
  let admin: Person;
  let olivia: Person;

  const give = async (roles: readonly string[]): Promise<void> => expect((await admin.call('PATCH', '/users/olivia', { roles })).status).toBe(200);
  const asked = async (who: { readonly headers: Record<string, string> }, path = '/users'): Promise<number | string> => {
    const { status, body } = await venue.client.get<ProblemBody>(path, who.headers);
    return status < 400 ? status : body.code;
  };
  const byKey = (key: MadeKey, path = '/users'): Promise<Answer<ProblemBody>> => venue.client.get(path, signed(key, 'GET', path));
  const adminKey = (by: Person): Promise<MadeKey> => by.key({ scopes: ['read', 'trade', 'transfer', 'admin'], ip_allow: ['127.0.0.1'] });

  beforeAll(async () => {
    venue = await PeopleVenue.open();
    admin = await (await venue.withRoles('rhea', ['trader', 'admin'])).sudo();
    olivia = await venue.withRoles('olivia', ['trader', 'operator']);
    await venue.register('bob');
  });
  afterAll(() => venue.close());

  it('are over, also when it is given back: of tokens, API keys and connections', async () => {
    const sudo = await olivia.sudo();
    const key = await adminKey(sudo);
    const line = await Line.opened(venue.url, '/stream', sudo.headers);
    expect((await line.ask({ op: 'subscribe', channels: ['balances'], accounts: ['bob'] })).code).toBeNull();
    expect([await asked(sudo), (await byKey(key)).status]).toEqual([200, 200]);

    await give(['trader']);
    expect(await asked(sudo)).toBe('forbidden');
    await give(['trader', 'operator']);
    expect([await asked(sudo), await asked(sudo, '/accounts/bob')]).toEqual(['sudo_required', 'account_not_found']);
    const refused = await byKey(key);
    expect([refused.status, refused.body.detail]).toEqual([403, 'A role was taken from the user since the API key was made: it needs another key.']);
    expect((await byKey(key, '/accounts/bob')).body.code).toBe('account_not_found');
    expect((await line.ask({ op: 'subscribe', channels: ['fills'], accounts: ['bob'] })).code).toBe('account_not_found');
    // They make no key that has them again, and go on as what they are without.
    const more = await sudo.call('POST', '/auth/api-keys', { name: 'k', scopes: ['admin'], ip_allow: ['127.0.0.1'] });
    expect([more.status, more.body.code]).toEqual([403, 'forbidden']);
    expect((await sudo.call('GET', '/auth/me')).body).toMatchObject({ username: 'olivia', sudo: false });
    expect((await byKey(key, '/orders')).status).toBe(200);

    const again = await olivia.sudo();
    expect([await asked(again), (await byKey(await adminKey(again))).status]).toEqual([200, 200]);
    await line.close();
  });

  it('are over in every process', async () => {
    const second = await venue.venue.start();
    const sudo = await olivia.sudo();
    await give(['trader']);
    await give(['trader', 'operator']);
    const other = new Client(second.url);
    await until('the other process knows', async () => (await other.get<ProblemBody>('/users', bearer(sudo.tokens.access_token))).body.code === 'sudo_required');
    other.close();
    await second.stop();
  });

  it('stay where a role is given, or none is taken that has any', async () => {
    const sudo = await olivia.sudo();
    for (const roles of [['trader', 'operator', 'admin'], ['operator', 'admin'], ['trader', 'operator', 'admin']]) await give(roles);
    expect((await admin.call('PATCH', '/users/olivia', { status: 'active' })).status).toBe(200);
    expect(await asked(sudo)).toBe(200);
    await give(['trader', 'operator']);
    expect(await asked(sudo)).toBe('sudo_required');
  });

  it('make no key while the role is taken, whatever a process knows of that', async () => {
    const database = new Database(venue.venue.database.url, 5_000, 1, testLogger);
    try {
      const people = new PostgresPeople(database, 0);
      const [row] = await venue.venue.database.query<{ user_id: string; powers_change: string }>("SELECT user_id, powers_change FROM users WHERE username = 'olivia'");
      const change = Number(row?.powers_change);
      const key = (powersChange: number | null): Promise<number | 'limit' | 'powers'> => people.addKey({
        apiKey: randomUUID(), userId: row?.user_id ?? '', name: 'k', scopes: ['admin'], accounts: null, ipAllow: null, sealedSecret: Buffer.of(1), publicKey: null, expiresMs: null,
      }, 100, powersChange);
      expect(change).toBeGreaterThan(0);
      expect([await key(change - 1), typeof await key(change), typeof await key(null)]).toEqual(['powers', 'number', 'number']);
    } finally {
      await database.close();
    }
  });
});
