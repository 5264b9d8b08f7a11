import { limit, type Client, refusal, type OrderView } from '../support/client';
import { until } from '../support/until';
import type { AlgoSliceView, AlgoView } from '../../src/dialects/native/present-algos';
import { Purse, type Body } from './money/support/purse';

/** Parent orders over HTTP: what they place, tell and refuse. */

type Whole = AlgoView & { readonly orders: readonly AlgoSliceView[] };

let purse: Purse;
let client: Client;
beforeAll(async () => {
  purse = await Purse.open('required', { environment: { ALGOS_PER_ACCOUNT_MAX: '2', ALGO_SLICES_MAX: '20', ALGO_DURATION_MAX_S: '60' } });
  client = purse.client;
});
afterAll(() => purse.close());

async function start(terms: Body): Promise<AlgoView> {
  const { status, body } = await client.post<AlgoView>('/algos/twap', terms);
  expect([status, body]).toEqual([201, expect.anything()]);
  return body;
}

const read = async (id: string): Promise<Whole> => (await client.get<Whole>(`/algos/${id}`)).body;

async function ended(id: string): Promise<Whole> {
  await until('the algo has ended', async () => !['running', 'cancelling'].includes((await read(id)).status));
  return read(id);
}

/** Somebody who has something to sell there, at a price. */
async function offer(instrument: string, quantity: string, price = '100.00'): Promise<string> {
  const seller = await purse.account({ [instrument.split('-')[0] as string]: quantity });
  expect((await client.place(limit({ client_id: seller, instrument, side: 'sell', price, quantity }))).status).toBe(201);
  return seller;
}

const ordersOf = async (account: string): Promise<readonly OrderView[]> => (
  (await client.get<{ orders: OrderView[] }>(`/orders?client_id=${account}&status=all`)).body.orders
);

it('trades all of it by slices that are orders of the account, and add up', async () => {
  const book = purse.service.nextBook();
  await offer(book, '0.3', '100.00');
  await offer(book, '0.7', '102.00');
  const account = await purse.account({ USD: '1000' });
  const begun = await start({ client_id: account, instrument: book, side: 'buy', quantity: '1', duration_s: 1, slices: 3 });
  expect(begun).toMatchObject({
    type: 'twap', client_id: account, instrument: book, side: 'buy', quantity: '1.00000000', filled_quantity: '0.00000000', remaining_quantity: '1.00000000', average_price: null,
    limit_price: null, duration_s: 1, slices: 3, slices_placed: 0, slices_refused: 0, status: 'running', status_reason: null, next_at: begun.created_at,
  });
  const done = await ended(begun.algo_id);
  expect(done).toMatchObject({
    status: 'completed', status_reason: null, filled_quantity: '1.00000000', remaining_quantity: '0.00000000', average_price: '101.40', slices_placed: 3, next_at: null,
  });
  expect(done.orders.map(({ slice, quantity, filled_quantity: filled, status }) => [slice, quantity, filled, status])).toEqual([
    [1, '0.33333334', '0.33333334', 'placed'], [2, '0.33333333', '0.33333333', 'placed'], [3, '0.33333333', '0.33333333', 'placed'],
  ]);
  const orders = [...await ordersOf(account)].reverse();
  expect(orders.map(({ order_id: id }) => id)).toEqual(done.orders.map(({ order_id: id }) => id));
  for (const order of orders) expect(order).toMatchObject({ client_id: account, instrument: book, side: 'buy', type: 'market', status: 'filled' });
  // Never early: each is due by the venue's clock.
  const startedMs = Date.parse(begun.created_at);
  orders.forEach(({ created_at: at }, i) => expect(Date.parse(at)).toBeGreaterThanOrEqual(Math.floor(startedMs + i * 1_000 / 3)));
  expect(await purse.balance(account, 'USD')).toEqual(['898.6000000000', '0.0000000000', '898.6000000000']);
});

it('takes nothing at a worse price than its limit, spreads what is left, and ends on time with it', async () => {
  const book = purse.service.nextBook();
  await offer(book, '0.1', '100.00');
  const account = await purse.account({ USD: '1000' });
  const { algo_id: id, ends_at: endsAt } = await start({ client_id: account, instrument: book, side: 'buy', quantity: 1, duration_s: 1, slices: 4, limit_price: 100 });
  const done = await ended(id);
  expect(done).toMatchObject({ status: 'expired', status_reason: 'unfilled', limit_price: '100.00', filled_quantity: '0.10000000', remaining_quantity: '0.90000000', slices_placed: 4 });
  expect(done.orders.map(({ quantity, filled_quantity: filled }) => [quantity, filled])).toEqual([
    ['0.25000000', '0.10000000'], ['0.30000000', '0.00000000'], ['0.45000000', '0.00000000'], ['0.90000000', '0.00000000'],
  ]);
  expect(Date.parse(done.updated_at)).toBeLessThan(Date.parse(endsAt) + 1_000);
  for (const order of await ordersOf(account)) expect(order).toMatchObject({ type: 'limit', time_in_force: 'ioc', price: '100.00', status: 'cancelled' });
});

it('is cancelled at once, keeps what it has traded, and cannot be cancelled twice', async () => {
  const book = purse.service.nextBook();
  await offer(book, '1');
  const account = await purse.account({ USD: '1000' });
  const { algo_id: id } = await start({ client_id: account, instrument: book, side: 'buy', quantity: '1', duration_s: 60, slices: 4 });
  await until('its first slice is placed', async () => (await read(id)).slices_placed === 1);
  const running = await read(id);
  expect(running).toMatchObject({ status: 'running', filled_quantity: '0.25000000' });
  expect(Date.parse(running.next_at as string) - Date.parse(running.created_at)).toBe(15_000);
  const { body } = await client.call<AlgoView>('DELETE', `/algos/${id}`);
  expect(body).toMatchObject({ status: 'cancelled', status_reason: 'requested', filled_quantity: '0.25000000', next_at: null });
  await refusal(client.call('DELETE', `/algos/${id}`), 409, 'algo_ended');
  expect((await ordersOf(account)).length).toBe(1);
});

it('stops with its reason after refusals in a row, and at once for an account that may not trade', async () => {
  const book = purse.service.nextBook();
  await offer(book, '1');
  const poor = await purse.account({ USD: '1' });
  const { algo_id: id } = await start({ client_id: poor, instrument: book, side: 'buy', quantity: '1', duration_s: 1, slices: 5 });
  const stopped = await ended(id);
  expect(stopped).toMatchObject({ status: 'stopped', status_reason: 'insufficient_funds', slices_placed: 0, slices_refused: 3, filled_quantity: '0.00000000', next_at: null });
  expect(stopped.orders.map(({ slice, order_id: order, status, status_reason: reason }) => [slice, order, status, reason])).toEqual(
    [1, 2, 3].map((slice) => [slice, null, 'refused', 'insufficient_funds']),
  );
  const account = await purse.account({ USD: '1000' });
  const suspended = await start({ client_id: account, instrument: book, side: 'buy', quantity: '1', duration_s: 1, slices: 2 });
  await until('its first slice is placed', async () => (await read(suspended.algo_id)).slices_placed === 1);
  expect((await client.call('PATCH', `/accounts/${account}`, { body: { status: 'suspended' } })).status).toBe(200);
  expect(await ended(suspended.algo_id)).toMatchObject({ status: 'stopped', status_reason: 'account_suspended', slices_placed: 1, slices_refused: 1, filled_quantity: '0.50000000' });
  const killed = await purse.account({ USD: '1000' });
  expect((await client.post(`/accounts/${killed}/kill`, {})).status).toBe(200);
  const { algo_id: killedId } = await start({ client_id: killed, instrument: book, side: 'buy', quantity: '1', duration_s: 1, slices: 2, limit_price: '1.00' });
  expect(await ended(killedId)).toMatchObject({ status: 'stopped', status_reason: 'account_killed', slices_refused: 1 });
});

it('is cancelled with all others of an account that is killed, and stays so', async () => {
  const book = purse.service.nextBook();
  await offer(book, '1');
  const account = await purse.account({ USD: '1000' });
  const begun = await Promise.all([30, 60].map((duration) => start({ client_id: account, instrument: book, side: 'buy', quantity: '1', duration_s: duration, slices: 2 })));
  await until('both have begun', async () => (await Promise.all(begun.map(({ algo_id: id }) => read(id)))).every(({ slices_placed: placed }) => placed === 1));
  expect((await client.post(`/accounts/${account}/kill`, {})).status).toBe(200);
  for (const { algo_id: id } of begun) expect(await ended(id)).toMatchObject({ status: 'cancelled', status_reason: 'requested', slices_placed: 1 });
  expect((await client.post(`/accounts/${account}/unkill`, {})).status).toBe(200);
});

it('is started once by its key, for ever, and tells another request by it apart', async () => {
  const account = await purse.account({ USD: '1000' });
  const terms = { client_id: account, instrument: purse.service.nextBook(), side: 'buy', quantity: '1', duration_s: 30, slices: 4, limit_price: '99.50', idempotency_key: 'k' };
  const first = await start(terms);
  for (const headers of [{}, { 'Idempotency-Key': 'k' }]) {
    const again = await client.call<AlgoView>('POST', '/algos/twap', { body: { ...terms, quantity: '1.0', limit_price: 99.5 }, headers });
    expect([again.status, again.headers.get('idempotency-replayed'), again.body.algo_id]).toEqual([201, 'true', first.algo_id]);
  }
  const { body } = await refusal(client.post('/algos/twap', { ...terms, slices: 5, limit_price: '99.51' }), 422, 'idempotency_key_reused');
  expect((body).errors?.map(({ field }) => field)).toEqual(['limit_price', 'slices']);
  expect((await client.get<{ algos: AlgoView[] }>(`/algos?client_id=${account}`)).body.algos.map(({ algo_id: id }) => id)).toEqual([first.algo_id]);
});

it('lists them newest first, page by page, and as many run at a time as may', async () => {
  const account = await purse.account({ USD: '1000' });
  const terms = { client_id: account, instrument: purse.service.nextBook(), side: 'buy', quantity: '1', duration_s: 60, slices: 2, limit_price: '1' };
  const [first, second] = [await start(terms), await start(terms)];
  await refusal(client.post('/algos/twap', terms), 422, 'algos_limit');
  expect((await client.call('DELETE', `/algos/${first.algo_id}`)).status).toBe(200);
  const third = await start(terms);
  const list = async (query: string): Promise<[string[], string | null]> => {
    const { body } = await client.get<{ algos: AlgoView[]; next_cursor: string | null }>(`/algos?client_id=${account}${query}`);
    return [body.algos.map(({ algo_id: id }) => id), body.next_cursor];
  };
  expect(await list('')).toEqual([[third.algo_id, second.algo_id], null]);
  expect(await list('&status=all&limit=2')).toEqual([[third.algo_id, second.algo_id], second.algo_id]);
  expect(await list(`&status=all&limit=2&cursor=${second.algo_id}`)).toEqual([[first.algo_id], null]);
  await refusal(client.get(`/algos?client_id=${account}&cursor=019c2b4e-9a10-7c3a-9f52-1b6f0a4f8e21`), 400, 'validation_failed');
});

it('refuses what cannot be divided so, naming the field', async () => {
  const terms = { client_id: 'x', instrument: 'ODD-EUR', side: 'buy', quantity: '100', duration_s: 10, slices: 10 };
  const fieldsOf = async (changes: Body): Promise<string[]> => {
    const { body } = await refusal(client.post('/algos/twap', { ...terms, ...changes }), 400, 'validation_failed');
    return ((body).errors ?? []).map(({ field, message }) => `${field} ${message}`);
  };
  expect(await fieldsOf({ slices: 11 })).toEqual(['slices must be so few that each has 10 at least']);
  expect(await fieldsOf({ quantity: '1000', duration_s: 1, slices: 11 })).toEqual(['slices must be at most 10 in 1 s']);
  expect(await fieldsOf({ quantity: '101', limit_price: '1.1' })).toEqual(['quantity must be a multiple of 5', 'limit_price must be a multiple of 0.25']);
  expect((await fieldsOf({ slices: 0, duration_s: 61, type: 'x', client_id: '@fees' })).map((told) => told.split(' ')[0]).sort()).toEqual(['client_id', 'duration_s', 'slices', 'type']);
  await refusal(client.post('/algos/twap', { ...terms, instrument: 'NO-NE' }), 404, 'instrument_not_found');
  for (const id of ['x', '019c2b4e-9a10-7c3a-9f52-1b6f0a4f8e21']) {
    await refusal(client.get(`/algos/${id}`), 404, 'algo_not_found');
    await refusal(client.call('DELETE', `/algos/${id}`), 404, 'algo_not_found');
  }
});
