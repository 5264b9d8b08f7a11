import { createServer, type AddressInfo } from 'node:net';
import pg from 'pg';
import { Client } from '../support/client';
import { until } from '../support/until';
import { PeopleVenue } from './support/people-venue';

interface Readiness {
  readonly status: string;
  readonly problem: string | null;
  readonly people: { readonly loaded: boolean | null };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => { server.close(resolve); });
  return port;
}

describe('a process whose callers say who they are', () => {
  let venue: PeopleVenue;

  beforeAll(async () => { venue = await PeopleVenue.open({ DATABASE_TIMEOUT_MS: '60000' }); });
  afterAll(() => venue.close());

  it('is ready when it knows everybody, and says until then that it does not', async () => {
    const ann = await venue.register('ann');
    expect((await venue.client.get<Readiness>('/readyz')).body).toMatchObject({ status: 'ready', people: { loaded: true } });
    const port = await freePort();
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
});
