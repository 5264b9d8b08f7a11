import { decodeLogEntry, type LogEntry } from '../../src/domain/log-entry';
import { expiryUs, type Order } from '../../src/domain/order';
import { audit } from '../audit/support';
import { ShardView } from '../persistence/support/shard-view';
import { Recovery } from '../recovery/support';
import { PrivateServer } from '../support/servers';
import { until } from '../support/until';
import { Venue, type RunningApp } from '../support/venue';

/** Orders that end by themselves, in a venue as a whole: with nobody there, over a restart, and over a rebuild. */

jest.setTimeout(60_000);

const SECOND_US = 1_000_000;

let server: PrivateServer;
let venue: Venue;
let running: RunningApp;
let recovery: Recovery;

beforeAll(async () => {
  server = await PrivateServer.redis();
  venue = await Venue.open({ redisUrl: server.url });
  running = await venue.start();
  recovery = new Recovery(venue, () => running);
});
afterAll(async () => {
  recovery.client.close();
  await venue.close();
  await server.remove();
});

/** @returns its id */
async function order(seconds: number, price: string): Promise<string> {
  const { status, body } = await recovery.place({ price, time_in_force: 'gtd', expires_at: new Date(Date.now() + seconds * 1_000).toISOString() });
  expect(status).toBe(201);
  return (body as { order_id: string }).order_id;
}

async function ended(): Promise<{ entry: LogEntry; order: Order }[]> {
  const log = (await new ShardView(venue).log()).map(({ payload }) => decodeLogEntry(payload));
  return log.filter(({ kind }) => kind === 'due').flatMap((entry) => entry.orders.map((one) => ({ entry, order: one })));
}

async function expectOnRecord(ids: readonly string[]): Promise<void> {
  for (const id of ids) expect((await recovery.client.get(`/public/orders/${id}`)).body).toMatchObject({ status: 'expired', status_reason: 'expired', remaining_quantity: '1.00000000' });
}

it('end within a second of their time and not before it, with nobody there, and whatever happens to the venue meanwhile', async () => {
  const soon = [await order(0.6, '101.00'), await order(1, '102.00')];
  const meanwhile = [await order(3.5, '104.00'), await order(3, '103.00')];
  const overMs = Date.now() + 3_500;
  const late = await order(3_600, '105.00');
  await until('all that is over by now is', async () => (await ended()).length === soon.length);
  for (const { entry, order: one } of await ended()) {
    const lateUs = entry.timeUs - (expiryUs(one) as number);
    expect(lateUs).toBeGreaterThanOrEqual(0);
    expect(lateUs).toBeLessThan(SECOND_US);
  }
  await recovery.persisted();
  await expectOnRecord(soon);

  await running.stop();
  await recovery.flush();
  await until('their time is over', () => Promise.resolve(Date.now() >= overMs));
  running = await venue.start();
  await recovery.untilReady();
  await until('what fell due meanwhile is done', async () => (await ended()).length === meanwhile.length);
  // In the order of their times.
  expect((await ended()).map(({ order: one }) => one.orderId)).toEqual(meanwhile.toReversed());
  await recovery.persisted();
  await expectOnRecord(meanwhile);
  expect((await recovery.client.get(`/public/orders/${late}`)).body).toMatchObject({ status: 'open' });
  expect(await audit(venue)).toEqual([]);
});
