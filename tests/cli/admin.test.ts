import { runCommand, type Finished } from '../audit/support';
import { until } from '../support/until';
import { PASSWORD, PeopleVenue, type Person } from '../people/support/people-venue';

describe('npm run admin', () => {
  let venue: PeopleVenue;
  let bob: Person;

  const admin = (...args: readonly string[]): Promise<Finished> => runCommand('admin', venue.venue.environment({ ADMIN_PASSWORD: PASSWORD }), args);
  const done = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await admin(...args);
    expect([code, stderr]).toEqual([0, '']);
    return stdout;
  };

  beforeAll(async () => {
    venue = await PeopleVenue.open();
    bob = await venue.register('bob');
  });
  afterAll(() => venue.close());

  it('lists users, tells roles and gives them', async () => {
    expect(await done('create', 'Root')).toBe('Root is there, with the role admin\n');
    expect(await done('roles', 'bob')).toBe('bob has the roles trader\n');
    expect(await done('roles', 'bob', 'trader', 'operator')).toBe('bob has the roles trader, operator\n');
    expect(await done('roles', 'BOB')).toBe('bob has the roles trader, operator\n');
    const lines = (await done('users')).trimEnd().split('\n').map((line) => line.split('\t'));
    expect(lines.map(([name, status, roles]) => [name, status, roles])).toEqual([['bob', 'active', 'trader,operator'], ['Root', 'active', 'admin']]);
    for (const [, , , since] of lines) expect(since).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    const unknown = await admin('roles', 'nobody');
    expect([unknown.code, unknown.stderr]).toEqual([1, 'openfill: there is no user nobody\n']);
  }, 60_000);

  it('suspends a user and lets the user in again, but for the last admin', async () => {
    expect(await done('suspend', 'bob')).toBe('bob is suspended\n');
    await until('bob is kept out', async () => (await bob.call('GET', '/auth/me')).body.code === 'user_suspended');
    expect(await done('users')).toMatch(/^bob\tsuspended\t/m);
    expect(await done('unsuspend', 'bob')).toBe('bob is active\n');
    await until('bob is let in', async () => (await bob.call('GET', '/auth/me')).status === 200);
    const last = await admin('suspend', 'Root');
    expect([last.code, last.stderr]).toEqual([1, 'openfill: Root is the last admin who can act\n']);
    const root = await (await venue.logIn('Root')).sudo();
    const { entries } = (await root.call<{ entries: Record<string, unknown>[] }>('GET', '/audit-log?limit=10')).body;
    expect(entries.filter(({ actor }) => actor === '@admin').map(({ action, target, outcome }) => [action, target, outcome])).toEqual([
      ['suspend', 'Root', 'last_admin'], ['unsuspend', 'bob', 'ok'], ['suspend', 'bob', 'ok'], ['roles trader operator', 'bob', 'ok'], ['create admin', 'Root', 'ok'],
    ]);
  }, 60_000);
});
