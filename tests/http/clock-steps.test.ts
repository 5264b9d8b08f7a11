import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ServiceProcess } from '../persistence/support/service-process';
import { ShardView } from '../persistence/support/shard-view';
import { Client, type OrderView } from '../support/client';
import { temporaryDirectory } from '../support/servers';
import { Venue } from '../support/venue';

/** What was before is told by the log; a clock may step wherever it likes. */

const CLOCK = join(__dirname, 'support', 'clock.cjs');
const NAMES = ['AAA-USD', 'BBB-USD'] as const;
const PAGE = 3;

interface Placed {
  readonly id: string;
  readonly instrument: string;
}

let venue: Venue;
let offsetMs = 0;
const clients: Client[] = [];
const directory = temporaryDirectory('clock');

beforeAll(() => {
  const now = Date.now.bind(Date);
  jest.spyOn(Date, 'now').mockImplementation(() => now() + offsetMs);
  const file = join(directory.path, 'instruments.json');
  writeFileSync(file, JSON.stringify(NAMES.map((instrument) => ({
    instrument, base: instrument.slice(0, 3), quote: 'USD', tick_size: '0.01', lot_size: '0.01',
  }))));
});
afterAll(() => {
  jest.restoreAllMocks();
  directory.remove();
});
beforeEach(async () => {
  offsetMs = 0;
  venue = await Venue.open({ environment: { INSTRUMENTS_FILE: join(directory.path, 'instruments.json'), MASS_CANCEL_PAGE: String(PAGE) } });
});
afterEach(async () => {
  offsetMs = 0;
  await ServiceProcess.killAll();
  for (const client of clients.splice(0)) client.close();
  await venue.close();
});

const clientOf = (url: string): Client => {
  const client = new Client(url);
  clients.push(client);
  return client;
};

/** A service in this process, whose clock is `offsetMs` off from one moment to the next. */
const here = async (environment: Record<string, string> = {}): Promise<Client> => clientOf((await venue.start(environment)).url);

/** A service in a process of its own, on a machine whose clock is off. */
const elsewhere = async (clockMs: number, environment: Record<string, string> = {}): Promise<{ client: Client; service: ServiceProcess }> => {
  const service = new ServiceProcess({ ...venue.environment(environment), LOG_LEVEL: 'info', NODE_OPTIONS: `--require ${CLOCK}`, CLOCK_OFFSET_MS: String(clockMs) });
  return { client: clientOf(await service.serving()), service };
};

let price = 0;
/** An order that rests: each at a price of its own. */
const place = async (client: Client, instrument: string = NAMES[0], more: Record<string, unknown> = {}): Promise<Placed> => {
  price++;
  const { status, body } = await client.place({ client_id: 'X', instrument, side: 'buy', type: 'limit', price: `${price}.00`, quantity: '1.00', ...more });
  expect(status).toBe(201);
  return { id: body.order_id, instrument };
};

const cancelAll = async (client: Client, query = ''): Promise<string[]> => {
  const { status, body } = await client.call<{ cancelled: string[] }>('DELETE', `/orders?client_id=X${query}`);
  expect(status).toBe(200);
  return body.cancelled;
};

/** All pages of a listing. @param between is done ahead of each page but the first */
const list = async (client: Client, query: string, between: () => Promise<unknown> = () => Promise.resolve()): Promise<OrderView[]> => {
  const found: OrderView[] = [];
  for (let cursor = ''; ;) {
    const { body } = await client.list(`?client_id=X&limit=${PAGE}${query}${cursor}`);
    expect(body.stale).toBeUndefined();
    found.push(...body.orders);
    if (body.next_cursor === null) return found;
    cursor = `&cursor=${encodeURIComponent(body.next_cursor)}`;
    await between();
  }
};

const idsOf = (orders: readonly { readonly order_id: string }[]): string[] => orders.map(({ order_id: id }) => id);
const newestFirst = (placed: readonly Placed[]): string[] => placed.map(({ id }) => id).reverse();
const isSorted = (ids: readonly string[]): boolean => ids.every((id, i) => i === 0 || id > (ids[i - 1] as string));

/** Orders over steps of the clock, for two instruments in turn; their ids do not tell their order. */
const placeOverSteps = async (client: Client): Promise<Placed[]> => {
  const placed: Placed[] = [];
  for (const stepMs of [0, -11_000, -20_000, 15_000, -3_600_000, 3_000, -11_000]) {
    offsetMs += stepMs;
    for (let i = 0; i < 2; i++) placed.push(await place(client, NAMES[i]));
  }
  expect(isSorted(placed.map(({ id }) => id))).toBe(false);
  return placed;
};

describe('a clock that steps back', () => {
  it('by 11 s leaves no order out of a cancel of all', async () => {
    const client = await here();
    const placed = [await place(client), await place(client)];
    offsetMs = -11_000;
    expect(await cancelAll(client)).toEqual(placed.map(({ id }) => id));
    expect(await list(client, '')).toEqual([]);
  });

  it('by 9 s with a restart in between leaves none out, either', async () => {
    const before = await elsewhere(0);
    const placed = [await place(before.client), await place(before.client)];
    before.service.signal('SIGTERM');
    expect(await before.service.exited()).toBe(0);
    const after = await elsewhere(-9_000);
    // What is placed now has a lower id.
    const later = await place(after.client);
    expect(later.id < (placed[0] as Placed).id).toBe(true);
    expect(idsOf(await list(after.client, ''))).toEqual(newestFirst([...placed, later]));
    expect(await cancelAll(after.client)).toEqual([...placed, later].map(({ id }) => id));
    expect(await list(after.client, '')).toEqual([]);
  });

  it('again and again: all pages of a cancel of all, of one instrument first', async () => {
    const client = await here();
    const placed = await placeOverSteps(client);
    const [first, second] = NAMES.map((name) => placed.filter(({ instrument }) => instrument === name).map(({ id }) => id)) as [string[], string[]];
    offsetMs -= 11_000;
    expect(await cancelAll(client, `&instrument=${NAMES[0]}`)).toEqual(first);
    expect(idsOf(await list(client, ''))).toEqual([...second].reverse());
    offsetMs -= 11_000;
    expect(await cancelAll(client)).toEqual(second);
    for (const { id } of placed) expect((await client.order(id)).body).toMatchObject({ status: 'cancelled' });
    expect(idsOf(await list(client, '&status=all'))).toEqual(newestFirst(placed));
  });

  it.each(['open', 'all'])('again and again: listings of %s orders tell the newest placed first, each once over all pages', async (status) => {
    const client = await here();
    const placed = await placeOverSteps(client);
    const done = status === 'all' ? [placed[3], placed[4]] as [Placed, Placed] : [];
    for (const { id } of done) expect((await client.cancel(id)).status).toBe(200);
    // A taker is placed and done at once: it stands where it was placed.
    if (status === 'all') placed.push(await place(client, NAMES[1], { side: 'sell', time_in_force: 'ioc', price: '1000.00' }));
    expect(idsOf(await list(client, `&status=${status}`))).toEqual(newestFirst(placed));
    for (const name of NAMES) {
      expect(idsOf(await list(client, `&status=${status}&instrument=${name}`))).toEqual(newestFirst(placed.filter(({ instrument }) => instrument === name)));
    }
    // Pages go on behind the last order of the one before, whatever the clock says then and whatever is placed meanwhile.
    let steps = 0;
    const found = await list(client, `&status=${status}`, async () => {
      offsetMs += steps++ % 2 === 0 ? -11_000 : 30_000;
      await place(client);
    });
    expect(steps).toBeGreaterThan(3);
    expect(idsOf(found)).toEqual(newestFirst(placed));
  });
});

describe('processes whose clocks differ by hours', () => {
  it('tell the same order of placing, and each cancels what all of them placed', async () => {
    const desks = [await here(), (await elsewhere(3_600_000, { ROLES: 'api' })).client, (await elsewhere(-3_600_000, { ROLES: 'api' })).client];
    for (const canceller of desks) {
      const placed: Placed[] = [];
      for (let i = 0; i < 3 * PAGE; i++) placed.push(await place(desks[i % desks.length] as Client, NAMES[i % 2]));
      expect(isSorted(placed.map(({ id }) => id))).toBe(false);
      await new ShardView(venue).persisted();
      for (const desk of desks) {
        expect(idsOf(await list(desk, ''))).toEqual(newestFirst(placed));
        expect(idsOf(await list(desk, '&status=all')).slice(0, placed.length)).toEqual(newestFirst(placed));
      }
      expect(await cancelAll(canceller)).toEqual(placed.map(({ id }) => id));
      for (const desk of desks) expect(await list(desk, '')).toEqual([]);
    }
  });
});
