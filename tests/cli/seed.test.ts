import { runCommand } from '../audit/support';
import { PASSWORD, PeopleVenue } from '../people/support/people-venue';
import { metricOf } from '../support/metrics';
import { until } from '../support/until';
import { Venue } from '../support/venue';

/** What is seeded is somebody's where callers say who they are. */

const ORDERS = 400;

async function clientsOf({ database }: Venue): Promise<{ readonly clients: number; readonly first: string }> {
  for (;;) {
    const [row] = await database.query<{ orders: string; clients: string; first: string }>('SELECT count(*) AS orders, count(DISTINCT client_id) AS clients, min(client_id) AS first FROM orders');
    if (row !== undefined && Number(row.orders) >= ORDERS) return { clients: Number(row.clients), first: row.first };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('npm run seed on a venue that asks who it is', () => {
  let venue: PeopleVenue;
  const seed = (environment: Readonly<Record<string, string>> = {}) => runCommand('seed', environment, ['--url', venue.url, '--orders', String(ORDERS)]);

  afterEach(() => venue.close());

  it('registers users of its own, each with a batch in turn', async () => {
    venue = await PeopleVenue.open();
    const { code, stdout, stderr } = await seed();
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(new RegExp(`^${ORDERS} orders with seed 1: [0-9]+ open, (?=[^:;]*[0-9]+ filled)[^:;]*; [1-9][0-9]* trades$`, 'm'));
    expect(await clientsOf(venue.venue)).toEqual({ clients: 2, first: expect.stringMatching(/^load-.*-0$/) as string });
  });

  it('is the user that it is given, and says in one line where that cannot be', async () => {
    venue = await PeopleVenue.open({ REGISTRATION: 'closed' });
    expect(await seed()).toEqual({ code: 1, stdout: '', stderr: 'seed: nobody can be registered at this venue: set LOAD_USER and LOAD_PASSWORD to a user that there is\n' });
    expect(await seed({ LOAD_USER: 'loader' })).toEqual({ code: 1, stdout: '', stderr: 'seed: LOAD_USER is set and LOAD_PASSWORD is not: set both, or neither\n' });
    expect(await seed({ LOAD_USER: 'loader', LOAD_PASSWORD: PASSWORD })).toMatchObject({ code: 1, stderr: expect.stringContaining('invalid_credentials') as string });
    await venue.close();
    venue = await PeopleVenue.open();
    await venue.register('loader');
    expect(await seed({ LOAD_USER: 'loader', LOAD_PASSWORD: PASSWORD })).toMatchObject({ code: 0, stderr: '' });
    expect(await clientsOf(venue.venue)).toEqual({ clients: 1, first: 'loader' });
  });
});

/** More often than any call is repeated of which nobody says that it comes to something. */
const REFUSED_BATCHES = 8;

describe('npm run seed on a venue that recovers its book', () => {
  let venue: Venue;

  beforeEach(async () => { venue = await Venue.open({ environment: { AUTO_RECOVER: 'false' } }); });
  afterEach(() => venue.close());

  it('waits for that, and no order is lost or sent twice', async () => {
    const { url } = await venue.start();
    await venue.redis.command('HSET', `{${venue.shard}}:meta`, 'state', 'recovering');
    const seed = runCommand('seed', {}, ['--url', url, '--orders', String(ORDERS)]);
    await until('the venue has refused a batch time and again', async () => (
      await metricOf(url, 'http_request_seconds_count{method="POST",route="/orders/batch",status="200"}') >= REFUSED_BATCHES
    ));
    expect(await runCommand('recover', venue.environment())).toMatchObject({ code: 0 });
    const { code, stdout, stderr } = await seed;
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(new RegExp(`^${ORDERS} orders with seed 1: (?:[0-9]+ (?:open|filled|partially_filled|cancelled)[,;] )+[1-9][0-9]* trades$`, 'm'));
    await clientsOf(venue);
    expect(await venue.database.query('SELECT count(*)::integer AS orders FROM orders')).toEqual([{ orders: ORDERS }]);
  });
});
