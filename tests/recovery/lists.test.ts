import { EXECUTE_ARGUMENTS } from '../../src/domain/layouts';
import { KIND_CODE } from '../../src/domain/order';
import { newOrderId } from '../../src/domain/order-id';
import { NO_TRAITS } from '../../src/domain/order-traits';
import { encodePlace } from '../../src/engine/commands/place';
import { buildLibrary } from '../../src/engine/library';
import { audit } from '../audit/support';
import { PrivateServer } from '../support/servers';
import { until } from '../support/until';
import { Venue, type RunningApp } from '../support/venue';
import { Recovery, lasting } from './support';

jest.setTimeout(90_000);

let server: PrivateServer;
let venue: Venue;
let running: RunningApp;
let recovery: Recovery;

beforeAll(async () => { server = await PrivateServer.redis(); });
afterAll(async () => { await server.remove(); });
beforeEach(async () => {
  venue = await Venue.open({ redisUrl: server.url });
  running = await venue.start({ FUNDS: 'paper' });
  recovery = new Recovery(venue, () => running);
});
afterEach(async () => {
  recovery.client.close();
  await venue.close();
});

const limit = (side: string, price: string, quantity = '1'): object => ({ side, type: 'limit', price, quantity });
const stop = (price: string, quantity = '1'): object => ({ side: 'sell', type: 'stop', stop_price: price, quantity });

async function list(type: string, orders: readonly object[], clientId = 'ann'): Promise<string> {
  const { status, body } = await recovery.client.post<{ list_id: string }>('/order-lists', { type, client_id: clientId, orders });
  expect(status).toBe(201);
  return body.list_id;
}

const fates = async (id: string): Promise<readonly string[]> => (
  (await recovery.client.get<{ orders: { status: string; status_reason: string | null }[] }>(`/order-lists/${id}`)).body.orders
    .map(({ status, status_reason: reason }) => (reason === null ? status : `${status} ${reason}`))
);

it('lists come back with their places, their cover and what each waits for', async () => {
  await recovery.place({ client_id: 'bob', price: '100.00' });
  await recovery.place({ client_id: 'eve', side: 'sell', price: '100.00' });
  const pair = await list('oco', [limit('sell', '110.00', '2'), stop('90.00', '3')]);
  const bracket = await list('otoco', [limit('buy', '95.00'), limit('sell', '120.00'), stop('80.00')]);
  const sameSide = await list('oto', [limit('buy', '94.00'), limit('buy', '85.00', '2')]);
  const filled = await list('otoco', [limit('buy', '99.00'), limit('sell', '130.00'), stop('70.00')]);
  await recovery.place({ client_id: 'eve', side: 'sell', price: '99.00' });
  await recovery.persisted();
  const before = await recovery.shard();
  expect(await fates(filled)).toEqual(['filled', 'open', 'pending']);

  await recovery.flush();
  await recovery.untilRebuilt(1);
  expect(lasting(await recovery.shard())).toEqual(lasting(before));

  // Each goes on as it would have.
  await recovery.place({ client_id: 'bob', price: '110.00', quantity: '1' });
  expect(await fates(pair)).toEqual(['partially_filled', 'cancelled linked']);
  await recovery.place({ client_id: 'eve', side: 'sell', price: '94.00', quantity: '2' });
  expect(await fates(bracket)).toEqual(['filled', 'open', 'pending']);
  expect(await fates(sameSide)).toEqual(['filled', 'open']);
  await recovery.persisted();
  await running.stop();
  expect(await audit(venue)).toEqual([]);
});

it('an account has nothing yet of what the first of its list is to bring', async () => {
  const id = await list('otoco', [limit('sell', '110.00'), limit('buy', '90.00'), { ...stop('120.00'), side: 'buy', quote_quantity: '100', quantity: undefined }], 'zoe');
  await recovery.persisted();
  const before = await recovery.shard();
  await recovery.flush();
  await recovery.untilRebuilt(1);
  expect(lasting(await recovery.shard())).toEqual(lasting(before));
  await recovery.place({ client_id: 'bob', price: '110.00', quantity: '1' });
  expect(await fates(id)).toEqual(['filled', 'open', 'pending']);
  await recovery.persisted();
  await running.stop();
  expect(await audit(venue)).toEqual([]);
});

it('what is let go and cannot go, as its instrument does not trade, holds nothing: its cancel releases nothing, and an audit knows', async () => {
  const change = (body: object) => recovery.client.call('PATCH', '/instruments/BTC-USD', { body });
  await recovery.place({ client_id: 'eve', side: 'sell', price: '100.00' });
  await recovery.place({ client_id: 'bob', price: '100.00' });
  expect((await change({ price_band: '0.1', band_window_s: 30 })).status).toBe(200);
  const id = await list('oto', [limit('buy', '99.00'), limit('sell', '120.00')]);
  await recovery.place({ client_id: 'bob', price: '50.00' });
  // Its second trade would be beyond the band.
  await recovery.place({ client_id: 'eve', side: 'sell', price: '50.00', quantity: '2' });
  expect(await fates(id)).toEqual(['filled', 'pending']);
  expect((await recovery.client.call('DELETE', `/order-lists/${id}`, { body: { client_id: 'ann' } })).status).toBe(200);
  expect(await fates(id)).toEqual(['filled', 'cancelled requested']);
  expect((await change({ state: 'open' })).status).toBe(200);
  await recovery.place({ client_id: 'bob', price: '49.00' });
  await recovery.persisted();
  await running.stop();
  expect(await audit(venue)).toEqual([]);
});

/** What a process leaves that ends as it has had orders go, one of them in a call, in a venue that takes no commands then. */
async function saleOfALostProcess(lots: number): Promise<void> {
  const epoch = await recovery.meta('epoch') as string;
  const limits: Readonly<Record<(typeof EXECUTE_ARGUMENTS)[number], string>> = {
    fills_max: '100', triggers_max: '1', open_orders_max: '100', iceberg_parts_max: '100', backlog_max: '1000', idempotency_ttl_s: '100', epoch,
    sequence_min: '0', due_page: '100', auction_page: '100', held_seen: '0',
  };
  const sale = encodePlace({
    actor: null, instrument: 'BTC-USD', side: 'sell', kind: KIND_CODE.limit_gtc, priceTicks: 9_900, quantityLots: lots, traits: NO_TRAITS, orderId: newOrderId(),
    clientId: 'eve', clientOrderId: null, idempotency: null,
  });
  const { redis } = venue;
  await redis.command('MULTI');
  await redis.command('FCALL', buildLibrary().functionName('execute'), '1', recovery.key('meta'), ...EXECUTE_ARGUMENTS.map((name) => limits[name]), ...sale);
  await redis.command('HSET', recovery.key('meta'), 'state', 'frozen');
  await redis.command('EXEC');
}

it('what a first has let go and had not gone yet goes behind a rebuild', async () => {
  const lists: string[] = [];
  for (let i = 0; i < 4; i++) lists.push(await list('oto', [limit('buy', '99.00', '0.00000001'), limit('sell', '130.00')]));
  await saleOfALostProcess(4);
  await recovery.persisted();
  expect(await recovery.meta('released')).toBe('BTC-USD');
  expect(await Promise.all(lists.map(fates))).toEqual([['filled', 'open'], ...Array.from({ length: 3 }, () => ['filled', 'pending'])]);
  await recovery.flush();
  await recovery.untilRebuilt(1);
  await until('all of them have gone', async () => await recovery.meta('released') === null);
  expect(await Promise.all(lists.map(fates))).toEqual(lists.map(() => ['filled', 'open']));
  await recovery.persisted();
  await running.stop();
  expect(await audit(venue)).toEqual([]);
});
