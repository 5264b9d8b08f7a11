import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeLogEntry } from '../../src/domain/log-entry';
import type { Order } from '../../src/domain/order';
import { audit, runCommand } from '../audit/support';
import { Client, type Answer } from '../support/client';
import { ShardView } from '../persistence/support/shard-view';
import { until } from '../support/until';
import { PrivateServer, temporaryDirectory } from '../support/servers';
import { Venue, type RunningApp } from '../support/venue';
import { loadPostgres, loadRedis, readTold, type ToldRequest } from './load-fixture';

jest.setTimeout(120_000);

/** The fixture's keys are of the day it was made: the longest lifetime there is keeps them alive. */
const IDEMPOTENCY_TTL = '31536000';
const READY_TIMEOUT_MS = 60_000;
/** Orders of one of the requests below, for whoever asks for a page of them. */
const PAGE = 1_000;

type Body = Readonly<Record<string, unknown>>;

/** What answers did not tell then: what names the request that is answered, and what an order was charged. */
const NOT_TOLD = ['instance', 'maker_fee_rate', 'taker_fee_rate', 'fee', 'fee_asset', 'role'];

/** An answer as the old service would have told it. */
function lasting(body: unknown): unknown {
  if (Array.isArray(body)) return body.map(lasting);
  if (typeof body !== 'object' || body === null) return body;
  return Object.fromEntries(Object.entries(body).filter(([name]) => !NOT_TOLD.includes(name)).map(([name, value]) => [name, lasting(value)]));
}

describe('a venue of an older version', () => {
  const told = readTold();
  let server: PrivateServer;
  let venue: Venue;
  let running: RunningApp;
  let shard: ShardView;
  let client: Client;
  let beforeRetirement: Client;
  const directory = temporaryDirectory('upgrade');

  beforeAll(async () => {
    server = await PrivateServer.redis();
    venue = await Venue.open({ redisUrl: server.url, shard: told.shard, isDatabaseEmpty: true, environment: { IDEMPOTENCY_TTL } });
    shard = new ShardView(venue);
    await Promise.all([loadRedis(venue.redis), loadPostgres(venue.database.url)]);
    client = new Client(() => running.url);
    expect([await shard.meta('seq'), await shard.meta('persisted')]).toEqual([told.sequence, told.persisted]);
    expect(told.persisted).toBeLessThan(told.sequence);
    running = await venue.start();
    await until('the service is ready', async () => ((await client.get('/readyz')).body as { status: string }).status === 'ready', READY_TIMEOUT_MS);
    const file = join(directory.path, 'instruments.json');
    writeFileSync(file, JSON.stringify([...told.instruments, told.retired]));
    const second = await venue.start({ ROLES: 'api', INSTRUMENTS_FILE: file });
    beforeRetirement = new Client(() => second.url);
  });
  afterAll(async () => {
    directory.remove();
    beforeRetirement.close();
    client.close();
    await venue.close();
    await server.remove();
  });

  const readsOf = (pattern: RegExp): { path: string; body: Body }[] => {
    const reads = told.reads.filter(({ path }) => pattern.test(path));
    expect(reads.length).toBeGreaterThan(0);
    return reads;
  };
  const read = async (path: string): Promise<Body> => {
    const { status, body } = await client.get(path);
    expect([path, status]).toEqual([path, 200]);
    return lasting(body) as Body;
  };
  const retry = ({ method, path, body, headers }: ToldRequest, desk = client): Promise<Answer> =>
    desk.call(method, path, { body, ...(headers === undefined ? {} : { headers }) });
  /** Log sequence at which each order was placed, as the old service's own entries tell it. */
  const placedAt = async (): Promise<Map<string, number>> => {
    await shard.persisted();
    const rows = await venue.database.query<{ sequence: string; payload: string }>(
      `SELECT sequence, payload FROM journal WHERE kind = 'place' UNION ALL SELECT sequence, payload FROM dead_letters WHERE payload LIKE '[_,"place",%'`,
    );
    return new Map(rows.map(({ sequence, payload }) => [(decodeLogEntry(payload).orders[0] as Order).orderId, Number(sequence)]));
  };
  /** A venue at rest, with everything in Postgres. */
  const audited = async (): Promise<string[]> => {
    await shard.persisted();
    return audit(venue, Number(IDEMPOTENCY_TTL));
  };

  it('is told as its own service told it last: books, queues, trades', async () => {
    for (const { path, body } of readsOf(/^\/public\/orderbook/)) {
      const { bids, asks, checksum } = await read(path);
      expect({ path, bids, asks, checksum }).toEqual({ path, bids: body.bids, asks: body.asks, checksum: body.checksum });
      expect([(bids as unknown[]).length, (asks as unknown[]).length]).not.toContain(0);
    }
    for (const { path, body } of readsOf(/^\/public\/trades/)) {
      expect({ path, trades: (await read(path)).trades }).toEqual({ path, trades: body.trades });
      expect((body.trades as unknown[]).length).toBeGreaterThan(100);
    }
  });

  it('goes on behind a cursor of the old service', async () => {
    for (const { path, body } of readsOf(/^\/orders\?/)) {
      const orders = body.orders as Body[];
      for (const at of [0, 7, orders.length - 1]) {
        expect((await read(`${path}&cursor=${String(orders[at]?.order_id)}`)).orders).toEqual(orders.slice(at + 1));
      }
    }
  });

  it('has every open order that it had, and those that are done, with their trades', async () => {
    for (const { path, body } of readsOf(/^\/orders\?/)) {
      expect({ path, body: await read(path) }).toEqual({ path, body });
      expect((body.orders as unknown[]).length).toBeGreaterThan(10);
    }
    const statuses = new Set<unknown>();
    for (const { path, body } of readsOf(/^\/public\/orders\//)) {
      expect({ path, body: await read(path) }).toEqual({ path, body });
      statuses.add(body.status);
    }
    expect([...statuses].sort()).toEqual(['cancelled', 'filled', 'open', 'partially_filled', 'rejected']);
  });

  it('lists its whole history, what was not persisted included', async () => {
    const listed = new Map<string, Body>();
    const placed = placedAt();
    for (const name of told.clients) {
      const order: number[] = [];
      let cursor: string | null = null;
      do {
        const page = await read(`/orders?client_id=${encodeURIComponent(name)}&status=all&limit=${PAGE}${cursor === null ? '' : `&cursor=${cursor}`}`);
        expect(page.stale).toBeUndefined();
        for (const one of page.orders as Body[]) {
          listed.set(one.order_id as string, one);
          order.push((await placed).get(one.order_id as string) ?? NaN);
        }
        cursor = page.next_cursor as string | null;
      } while (cursor !== null);
      // Newest placed first, each once, by the journal's own text.
      expect(order).toEqual([...new Set(order)].sort((a, b) => b - a));
    }
    expect(listed.size).toBeGreaterThan(1_500);
    for (const { body } of readsOf(/^\/public\/orders\//)) {
      const { trades: _, ...order } = body;
      expect(listed.get(body.order_id as string)).toEqual(order);
    }
  });

  it('agrees in all its records, but for the order of the entry that Postgres once refused', async () => {
    const refused = told.requests.find(({ body }) => (body as Body).client_id === told.poison);
    expect(await audited()).toEqual([
      `no entry in dead letters: entry ${String(refused?.answer.body.sequence)} was refused by postgres: "npm run dead-letters" tells why`,
      `postgres: orders equal the replay: order ${String(refused?.answer.body.order_id)} is missing`,
    ]);
  });

  it.each(told.requests.map((request) => [request.what, request] as const))('answers again as before: %s', async (_, request) => {
    const { status, headers, body } = await retry(request);
    expect({ status, body: lasting(body) }).toEqual({ status: request.answer.status, body: lasting(request.answer.body) });
    if (request.path !== '/orders/batch') expect(headers.get('idempotency-replayed')).toBe('true');
  });

  it('answers them for an instrument that is traded no more as where it still is, and takes no new one', async () => {
    const requests = told.requests.filter(({ path, body }) => path === '/orders' && (body as Body).instrument === told.retired.instrument);
    expect(requests.length).toBeGreaterThan(3);
    for (const request of requests) {
      const { status, body } = await retry(request, beforeRetirement);
      expect({ status, body: lasting(body) }).toEqual({ status: request.answer.status, body: lasting(request.answer.body) });
      const placed = request.body as Body;
      const sequence = await shard.meta('seq');
      expect(await client.post('/orders', { ...placed, quantity: '7', idempotency_key: 'never used' })).toMatchObject({ status: 404, body: { code: 'instrument_not_found' } });
      const { idempotency_key: _, ...unkeyed } = placed;
      expect(await client.post('/orders', unkeyed)).toMatchObject({ status: 404, body: { code: 'instrument_not_found' } });
      const other = { ...placed, quantity: '7.7' };
      expect(await retry({ ...request, body: other })).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
      expect(await shard.meta('seq')).toBe(sequence);
    }
  });

  it('refuses an old key with another request', async () => {
    const placed = told.requests.find(({ path, answer }) => path === '/orders' && answer.status === 201) as ToldRequest;
    expect(await client.post('/orders', { ...(placed.body as Body), quantity: '3' })).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });

  it('brings in what Postgres refused when its operator says so, and agrees in everything', async () => {
    const environment = venue.environment();
    expect(await runCommand('dead-letters', environment, ['retry'])).toMatchObject({ code: 0, stderr: '' });
    expect(await audited()).toEqual([]);
  });

  it('trades on: old orders meet new ones in their order, and everything agrees', async () => {
    for (const { path, body } of readsOf(/level=3/)) {
      const instrument = new URLSearchParams(path.split('?')[1]).get('instrument');
      const [[price, quantity, orderId]] = body.asks as [[string, string, string]];
      const taker = await client.post('/orders', { client_id: 'new', instrument, side: 'buy', type: 'limit', price, quantity });
      expect(taker).toMatchObject({ status: 201, body: { status: 'filled', trades: [{ maker_order_id: orderId, price, quantity }] } });
    }
    for (const { body } of readsOf(/^\/orders\?/)) {
      const [newest] = body.orders as [{ order_id: string; instrument: string; client_id: string }];
      const path = `/orders/${newest.order_id}`;
      expect((await client.post(`${path}/cancel`, {})).status).toBe((await read(`/public${path}`)).status === 'cancelled' ? 200 : 409);
    }
    expect(await audited()).toEqual([]);
    await running.stop();
    running = await venue.start();
    expect((await client.get('/readyz')).status).toBe(200);
    const answer = await client.call('DELETE', `/orders?client_id=${encodeURIComponent(told.clients[0] as string)}`);
    expect(answer.status).toBe(200);
    expect((answer.body as { cancelled: string[] }).cancelled.length).toBeGreaterThan(10);
    expect(await audited()).toEqual([]);
  });
});
