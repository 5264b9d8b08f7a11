import pg from 'pg';
import { findFreePort } from '../../src/servers/ports';
import { Client, type ProblemBody } from '../support/client';
import { until } from '../support/until';
import { PeopleVenue } from './support/people-venue';

interface Readiness {
  readonly status: string;
  readonly problem: string | null;
  readonly people: { readonly loaded: boolean | null };
}

describe('a process whose callers say who they are', () => {
  let venue: PeopleVenue;

  beforeAll(async () => { venue = await PeopleVenue.open({ DATABASE_TIMEOUT_MS: '60000' }); });
  afterAll(() => venue.close());

  it('is ready when it knows everybody, and says until then that it does not', async () => {
    const ann = await venue.register('ann');
    expect((await venue.client.get<Readiness>('/readyz')).body).toMatchObject({ status: 'ready', people: { loaded: true } });
    const port = await findFreePort();
    const client = new Client(`http://127.0.0.1:${port}`);
    const lock = new pg.Client({ connectionString: venue.venue.database.url, application_name: 'test' });
    await lock.connect();
    await lock.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
    const starting = venue.venue.start({ PORT: String(port) });
    const ready = async (): Promise<{ readonly status: number; readonly body: Readiness } | null> => client.get<Readiness>('/readyz').catch(() => null);
    let told: Awaited<ReturnType<typeof ready>> = null;
    await until('all else is there', async () => {
      told = await ready();
      return told?.status === 200 || told?.body.problem === 'people_not_loaded';
    });
    expect(told).toMatchObject({ status: 503, body: { status: 'not_ready', problem: 'people_not_loaded', people: { loaded: false } } });
    await lock.end();
    const started = await starting;
    expect(await ready()).toMatchObject({ status: 200, body: { status: 'ready', problem: null, people: { loaded: true } } });
    expect((await client.get('/auth/me', ann.headers)).status).toBe(200);
    client.close();
    await started.stop();
  });

  it('tells nobody by half of what it knows that an own account is not there', async () => {
    const bea = await venue.register('bea');
    expect((await bea.call('POST', '/accounts', { account_id: 'bea-2' })).status).toBe(201);
    const port = await findFreePort();
    const client = new Client(`http://127.0.0.1:${port}`);
    const lock = new pg.Client({ connectionString: venue.venue.database.url, application_name: 'test' });
    await lock.connect();
    // Users can be read, and not whose accounts are.
    await lock.query('BEGIN; LOCK TABLE account_owners IN ACCESS EXCLUSIVE MODE');
    const starting = venue.venue.start({ PORT: String(port) });
    try {
      await until('all else is there', async () => (await client.get<Readiness>('/readyz').catch(() => null))?.body.problem === 'people_not_loaded');
      // Once the directory has seen the users.
      await until('the reading waits for the lock', async () => (
        await venue.venue.database.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%account_owners%'")
      ).length > 0);
      const asked = await client.get<ProblemBody>('/accounts/bea-2/balances', bea.headers);
      expect([asked.status, asked.body.code]).toEqual([503, 'people_unavailable']);
    } finally {
      await lock.end();
    }
    const started = await starting;
    expect((await client.get('/accounts/bea-2/balances', bea.headers)).status).toBe(200);
    client.close();
    await started.stop();
  });
});
