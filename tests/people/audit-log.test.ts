import pino from 'pino';
import { Database } from '../../src/persistence/database';
import { PostgresPeople } from '../../src/persistence/people-store';
import { AuditLog } from '../../src/people/audit-log';
import { ServiceProcess } from '../persistence/support/service-process';
import { Client, type Answer, type ProblemBody } from '../support/client';
import { until } from '../support/until';
import { testLogger } from '../support/venue';
import { PeopleVenue, bearer, signed, type Person } from './support/people-venue';

interface Entry {
  readonly actor: string;
  readonly api_key: string | null;
  readonly acting_for: string | null;
  readonly action: string;
  readonly request_id: string | null;
  readonly outcome: string;
}

const ORDER = { side: 'buy', type: 'limit', price: '10.00', quantity: '1' };

describe('what is done with powers', () => {
  let venue: PeopleVenue;
  let ann: Person;
  let operator: Person;

  const entries = async (limit: number): Promise<readonly Entry[]> => (await operator.call<{ entries: Entry[] }>('GET', `/audit-log?limit=${limit}`)).body.entries;
  /** Without an entry of its own. */
  const ofAct = async (requestId: string): Promise<Record<string, unknown>[]> => venue.venue.database.query(`
    SELECT actor, acting_for, action, coalesce(act.outcome, o.outcome) AS outcome FROM audit_log AS act LEFT JOIN audit_outcomes AS o USING (act_id) WHERE request_id = $1`, [requestId]);
  const openOrders = async (): Promise<number> => (await ann.call<{ orders: unknown[] }>('GET', '/orders?status=open')).body.orders.length;
  const untilWaiting = (table: string): Promise<void> => until('it waits', async () => (await venue.venue.database.query(
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE $1", [`%INTO ${table} %`])).length > 0);
  const place = async (): Promise<void> => expect((await ann.call('POST', '/orders', ORDER)).status).toBe(201);
  const cancelAll = (client: Client, requestId: string): Promise<Answer<ProblemBody>> => (
    client.call('DELETE', '/orders?client_id=ann', { headers: { ...operator.headers, 'X-Request-Id': requestId } })
  );

  beforeAll(async () => {
    venue = await PeopleVenue.open({ DATABASE_TIMEOUT_MS: '20000' });
    ann = await venue.register('ann');
    operator = await (await venue.withRoles('olivia', ['operator'])).sudo();
  });
  afterAll(async () => {
    await ServiceProcess.killAll();
    await venue.close();
  });

  it('is done when it is on record, and not before', async () => {
    await place();
    const unlock = await venue.venue.database.lock('audit_log');
    const answer = cancelAll(venue.client, 'held-back');
    // Somebody else's order, later, is carried out: it had its time.
    await untilWaiting('audit_log');
    await place();
    expect([await openOrders(), await ofAct('held-back')]).toEqual([2, []]);
    await unlock();
    expect((await answer).status).toBe(200);
    expect([await openOrders(), await ofAct('held-back')]).toEqual([0, [{ actor: 'olivia', acting_for: 'ann', action: 'cancelAllOrders', outcome: 'ok' }]]);
  });

  it('is on record with an unknown outcome where its process was killed before that was kept', async () => {
    const service = new ServiceProcess({ ...venue.venue.environment(), LOG_LEVEL: 'info' });
    const { port } = await service.logged('serving') as unknown as { port: number };
    const client = new Client(`http://127.0.0.1:${port}`);
    await place();
    const unlock = await venue.venue.database.lock('audit_outcomes');
    const answer = cancelAll(client, 'killed').then(({ status }) => status, () => 'broken off');
    await until('it is done', async () => (await openOrders()) === 0);
    await untilWaiting('audit_outcomes');
    await service.kill();
    // Postgres would still do what it was told.
    await venue.venue.database.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%INTO audit_outcomes%'");
    await unlock();
    expect(await answer).toBe('broken off');
    client.close();
    const [entry] = (await entries(5)).filter(({ request_id: id }) => id === 'killed');
    expect(entry).toMatchObject({ actor: 'olivia', acting_for: 'ann', action: 'cancelAllOrders', outcome: 'unknown' });
  }, 60_000);

  it('tells the API key by which it was done, and none for a token', async () => {
    const key = await operator.key({ scopes: ['read', 'trade', 'transfer', 'admin'], ip_allow: ['127.0.0.1'] });
    const raw = JSON.stringify({ account_id: 'ann', asset: 'USD', amount: '5' });
    const headers = { 'Content-Type': 'application/json', ...signed(key, 'POST', '/deposits', raw) };
    expect((await venue.client.call('POST', '/deposits', { headers, raw })).status).toBe(201);
    expect((await venue.client.get('/accounts/ann', signed(key, 'GET', '/accounts/ann'))).status).toBe(200);
    expect((await operator.call('GET', '/accounts/ann')).status).toBe(200);
    expect((await entries(3)).map(({ actor, api_key: by, action }) => [actor, by, action])).toEqual([
      ['olivia', null, 'getAccount'], ['olivia', key.api_key, 'getAccount'], ['olivia', key.api_key, 'deposit'],
    ]);
  });

  it('is not told of a read that nobody was told', async () => {
    const unlock = await venue.venue.database.lock('audit_log');
    let isTold = false;
    const told = venue.client.get('/accounts/ann', bearer(operator.tokens.access_token)).then((answer) => { isTold = true; return answer; });
    await untilWaiting('audit_log');
    expect(isTold).toBe(false);
    await unlock();
    expect((await told).status).toBe(200);
  });

  it('keeps outcomes that are late before it ends, and says which it could not', async () => {
    const database = new Database(venue.venue.database.url, 300, 2, testLogger);
    const lines: string[] = [];
    const logger = pino({ level: 'error' }, { write: (line: string) => { lines.push(line); } });
    const entry = { actor: 'olivia', apiKey: null, actingFor: null, action: 'late', target: null };
    const late = async (log: AuditLog, requestId: string): Promise<void> => {
      const act = await log.begin({ ...entry, requestId });
      void log.end(act, 'ok').catch(() => undefined);
      await until('it is late', () => lines.some((line) => line.includes(requestId)));
    };
    try {
      const people = new PostgresPeople(database, 0);
      const [patient, hasty] = [new AuditLog(people, 20_000, logger), new AuditLog(people, 1, logger)];
      const unlock = await venue.venue.database.lock('audit_outcomes');
      await late(patient, 'late-1');
      await late(hasty, 'late-2');
      await hasty.stop();
      expect(lines.filter((line) => line.includes('it stays unknown there'))).toEqual([expect.stringContaining('late-2')]);
      const stopped = patient.stop();
      await unlock();
      await stopped;
      expect(await ofAct('late-1')).toEqual([expect.objectContaining({ outcome: 'ok' })]);
      expect(lines.filter((line) => line.includes('it stays unknown there'))).toHaveLength(1);
    } finally {
      await database.close();
    }
  });
});
