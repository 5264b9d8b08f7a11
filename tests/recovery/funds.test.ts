import { metricOf } from '../support/metrics';
import { PrivateServer } from '../support/servers';
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
  await venue.close();
});

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
});
