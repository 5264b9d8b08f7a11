import { runCommand } from '../audit/support';
import { ServiceProcess } from '../persistence/support/service-process';
import { metricOf } from '../support/metrics';
import { PrivateServer } from '../support/servers';
import { until } from '../support/until';
import { Venue, type RunningApp } from '../support/venue';
import { Recovery } from './support';

jest.setTimeout(90_000);

let server: PrivateServer;
let venue: Venue;
let running: RunningApp;
let recovery: Recovery;

beforeAll(async () => { server = await PrivateServer.redis(); });
afterAll(async () => { await server.remove(); });
beforeEach(async () => {
  venue = await Venue.open({ redisUrl: server.url });
  running = await venue.start();
  recovery = new Recovery(venue, () => running);
});
afterEach(async () => {
  recovery.client.close();
  await ServiceProcess.killAll();
  await venue.close();
});

/** What a start that cannot trade has said so far. */
const saidBy = (service: ServiceProcess): unknown[] => service.lines.filter(({ msg }) => msg === 'shard is not traded on').map(({ problem }) => problem);

/** Starts a venue with cover asked for, and waits until it waits, over several looks. */
async function startUncovered(): Promise<ServiceProcess> {
  const service = new ServiceProcess(venue.environment({ FUNDS: 'required', LOG_LEVEL: 'info' }));
  await until('it says what is uncovered', () => saidBy(service).includes('uncovered_funds'), 30_000);
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  return service;
}

describe('a start with another setting of FUNDS', () => {
  it('is the reason that its rebuild is told by, also where a log had to be brought over first', async () => {
    await recovery.place();
    await recovery.persisted();
    await running.stop();
    running = await venue.start({ FUNDS: 'off' });
    await recovery.untilRebuilt(1);
    expect(await metricOf(running.url, 'recoveries_total{reason="other_funds"}')).toBe(1);

    await running.stop();
    running = await venue.start({ FUNDS: 'off', ROLES: 'api' });
    await recovery.place();
    await running.stop();
    running = await venue.start();
    await recovery.untilRebuilt(2);
    expect(await metricOf(running.url, 'recoveries_total{reason="other_funds"}')).toBe(1);
    expect(await recovery.recoveries()).toMatchObject([{ reason: 'other_funds' }, { reason: 'other_funds' }]);
  });

  it.each(['paper', 'off'])('from %s that asks for cover waits where there is none, and begins nothing', async (before) => {
    await running.stop();
    running = await venue.start({ FUNDS: before });
    await recovery.place();
    await recovery.persisted();
    await running.stop();
    const [checkpoint, recoveries] = [await venue.database.query('SELECT epoch FROM checkpoints'), await recovery.recoveries()];
    const orders = await venue.redis.command('HGETALL', recovery.key('orders'));

    const service = await startUncovered();
    expect(saidBy(service)).toEqual(['other_funds', 'uncovered_funds']);
    expect(service.lines.findLast(({ problem }) => problem === 'uncovered_funds')?.reason).toMatch(/^with FUNDS=required 1 balances do not .* \(ann USD\)/);
    expect(await venue.database.query('SELECT epoch FROM checkpoints')).toEqual(checkpoint);
    expect(await recovery.recoveries()).toEqual(recoveries);
    expect(await venue.redis.command('HGETALL', recovery.key('orders'))).toEqual(orders);
    service.signal('SIGTERM');
    await service.exited();

    // As it says: with credit for all, what lacks is brought in.
    running = await venue.start({ FUNDS: 'paper' });
    expect((await recovery.client.post('/deposits', { account_id: 'ann', asset: 'USD', amount: '100' })).status).toBe(201);
    await recovery.persisted();
    await running.stop();
    running = await venue.start({ FUNDS: 'required' });
    expect((await recovery.recoveries()).at(-1)).toMatchObject({ reason: 'other_funds', opened_at: expect.any(Date) as Date });
    expect((await recovery.client.get(`/accounts/ann/balances`)).body).toMatchObject({ balances: [{ total: '100.0000000000', held: '100.0000000000' }] });
  });
});

describe('a rebuild by hand', () => {
  const funds = async (): Promise<unknown> => [await recovery.meta('funds'), (await venue.database.query<{ funds: string }>('SELECT funds FROM checkpoints'))[0]?.funds];
  const recover = (environment: Readonly<Record<string, string>>, ...args: string[]): ReturnType<typeof runCommand> => runCommand('recover', venue.environment(environment), args);
  const whole = expect.stringContaining('redis is whole: nothing to recover') as string;

  it('keeps money as the record does, where nobody says otherwise', async () => {
    await running.stop();
    running = await venue.start({ FUNDS: 'required' });
    await recovery.client.post('/deposits', { account_id: 'ann', asset: 'USD', amount: '100' });
    await recovery.place();
    await recovery.persisted();
    await running.stop();
    for (const environment of [{}, { FUNDS: '' }, { FUNDS: 'required' }]) {
      expect(await recover(environment, '--dry-run')).toMatchObject({ code: 0, stdout: whole });
      expect(await recover(environment)).toMatchObject({ code: 0, stdout: whole });
    }
    expect(await recover({}, '--force')).toMatchObject({ code: 0, stdout: expect.stringContaining('forced: the shard is rebuilt') as string });
    expect(await funds()).toEqual(['2', 'required']);
    await recovery.flush();
    expect(await recover({})).toMatchObject({ code: 0, stdout: expect.stringContaining('1 open orders') as string });
    expect(await funds()).toEqual(['2', 'required']);

    // What is said is done.
    expect(await recover({ FUNDS: 'off' }, '--dry-run')).toMatchObject({ code: 0, stdout: expect.stringContaining('other_funds: the shard would be rebuilt') as string });
    expect(await funds()).toEqual(['2', 'required']);
    expect(await recover({ FUNDS: 'off' })).toMatchObject({ code: 0, stdout: expect.stringContaining('other_funds: the shard is rebuilt') as string });
    expect(await funds()).toEqual(['0', 'off']);
    expect(await recover({}, '--dry-run')).toMatchObject({ code: 0, stdout: whole });
  });

  it('says in one line that there is no cover where it is asked for', async () => {
    await recovery.place();
    await recovery.persisted();
    await running.stop();
    expect(await recover({ FUNDS: 'required' })).toMatchObject({ code: 1, stderr: expect.stringMatching(/^openfill: with FUNDS=required 1 balances do not [^\n]*\n$/) as string });
    expect(await recovery.recoveries()).toEqual([]);
  });
});
