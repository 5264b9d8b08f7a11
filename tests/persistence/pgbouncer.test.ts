import { runCommand } from '../audit/support';
import { PgBouncer, pgbouncerProgram } from '../support/pgbouncer';
import { Venue } from '../support/venue';
import { faultsOf, readRecord } from './support/record';
import { Load, testSeed } from './support/load';
import { ServiceProcess } from './support/service-process';
import { ShardView } from './support/shard-view';

jest.setTimeout(120_000);

const program = pgbouncerProgram();

(program === null ? describe.skip : describe)('behind pgbouncer', () => {
  let venue: Venue;
  let bouncer: PgBouncer;

  beforeEach(async () => { venue = await Venue.open({ isDatabaseEmpty: true }); });
  afterEach(async () => {
    await ServiceProcess.killAll();
    await bouncer.stop();
    await venue.close();
  });

  it('in session mode a venue trades, keeps its record and is audited; another writer stands by', async () => {
    bouncer = await PgBouncer.start(program as string, venue.database.url, 'session', { default_pool_size: '60' });
    const environment = { DATABASE_URL: bouncer.url, REQUIRE_DURABLE: 'true' };
    const running = await venue.start({ ...environment, ACK_AFTER: 'postgres' });
    const second = await venue.start({ ...environment, ROLES: 'writer' });
    const shard = new ShardView(venue);
    const load = new Load(() => running.url, { seed: testSeed('pgbouncer'), workers: 4 });
    await load.run(200);
    load.close();
    await shard.persisted();
    expect(await shard.writerSessions()).toHaveLength(1);
    expect(faultsOf(await readRecord(venue.database), load)).toEqual([]);
    await running.stop();
    await second.stop();
    expect(await runCommand('verify', venue.environment(environment))).toMatchObject({ code: 0, stderr: '' });
  });

  const modes: [mode: 'transaction' | 'statement', settings: Record<string, string>][] = [
    ['transaction', {}], ['transaction', { default_pool_size: '1' }], ['transaction', { server_round_robin: '1' }],
    ['transaction', { server_reset_query_always: '1' }], ['statement', {}],
  ];
  it.each(modes)('in %s mode, with %j, it does not start, and says why in one line; nor do the commands', async (mode, settings) => {
    bouncer = await PgBouncer.start(program as string, venue.database.url, mode, settings);
    const line = `openfill: DATABASE_URL leads to a pooler in ${mode} mode: the writer's lock, settings and prepared statements need a session of their own; `
      + 'use session mode (pgbouncer: pool_mode = session), or connect to Postgres itself\n';
    const service = new ServiceProcess(venue.environment({ DATABASE_URL: bouncer.url }));
    expect(await service.exited()).toBe(1);
    expect(service.stderr).toBe(line);
    expect(await venue.database.query(`SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace`)).toEqual([]);
    expect(await runCommand('verify', venue.environment({ DATABASE_URL: bouncer.url }))).toEqual({ code: 1, stdout: '', stderr: line });
  });
});
