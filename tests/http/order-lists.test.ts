import { limit, type Client, type OrderView, type ProblemBody } from '../support/client';
import { Purse, type Body } from './money/support/purse';

/** Orders that belong together, over HTTP: what happens to them, what they hold, and what makes no list. */

type Problem = ProblemBody & { readonly needed?: string; readonly available?: string };

interface ListView {
  readonly list_id: string;
  readonly type: string;
  readonly client_id: string;
  readonly instrument: string;
  readonly status: 'open' | 'done';
  readonly created_at: string;
  readonly orders: readonly OrderView[];
}

let purse: Purse;
let client: Client;
beforeAll(async () => {
  purse = await Purse.open('required');
  client = purse.client;
});
afterAll(() => purse.close());

const sell = (price: string, quantity = '1'): Body => ({ side: 'sell', type: 'limit', price, quantity });
const buy = (price: string, quantity = '1'): Body => ({ side: 'buy', type: 'limit', price, quantity });
const stop = (price: string, quantity = '1'): Body => ({ side: 'sell', type: 'stop', stop_price: price, quantity });

async function place(terms: Body): Promise<ListView> {
  const { status, body } = await client.post<ListView>('/order-lists', terms);
  expect([status, body]).toEqual([201, expect.anything()]);
  return body;
}

const read = async ({ list_id: id }: ListView): Promise<ListView> => (await client.get<ListView>(`/order-lists/${id}`)).body;

/** Status, reason and what is filled of each order of a list. */
const fates = ({ orders }: ListView): readonly (readonly [string, string | null, string])[] => (
  orders.map(({ status, status_reason: reason, filled_quantity: filled }) => [status, reason, filled])
);

const held = async (account: string, asset: string): Promise<string> => (await purse.balance(account, asset))?.[1] ?? '0';

/** A book with a market: somebody who buys at a price, and somebody who sells there. */
async function market(price: string): Promise<{ readonly book: string; readonly base: string }> {
  const book = purse.service.nextBook();
  const [base] = book.split('-') as [string];
  await trade(book, price, '0.01');
  return { book, base };
}

/** A trade of the market's own at a price. */
async function trade(book: string, price: string, quantity: string): Promise<void> {
  const [base] = book.split('-') as [string];
  const [buyer, seller] = [await purse.account({ USD: '1000000' }), await purse.account({ [base]: quantity })];
  await client.place(limit({ client_id: seller, instrument: book, side: 'sell', price, quantity }));
  expect((await client.place(limit({ client_id: buyer, instrument: book, side: 'buy', price, quantity }))).body.status).toBe('filled');
}

describe('oco', () => {
  it('holds the larger of both once, and a fill of one cancels the other in the same step', async () => {
    const { book, base } = await market('100.00');
    const account = await purse.account({ [base]: '3' });
    const list = await place({ type: 'oco', client_id: account, instrument: book, orders: [sell('110.00', '2'), stop('90.00', '3')] });
    expect(list).toMatchObject({ type: 'oco', client_id: account, instrument: book, status: 'open' });
    expect(list.orders.map(({ order_id: id }) => id)).toEqual([`${list.list_id.slice(0, -1)}1`, `${list.list_id.slice(0, -1)}2`]);
    expect(fates(list)).toEqual([['open', null, '0.00000000'], ['pending', null, '0.00000000']]);
    expect(await held(account, base)).toBe('3.00000000');

    await trade(book, '100.00', '0.01');
    const taker = await purse.account({ USD: '1000' });
    await client.place(limit({ client_id: taker, instrument: book, side: 'buy', price: '110.00', quantity: '0.5' }));
    const after = await read(list);
    expect(fates(after)).toEqual([['partially_filled', null, '0.50000000'], ['cancelled', 'linked', '0.00000000']]);
    expect(after.orders[0]?.sequence).toBe(after.orders[1]?.sequence);
    expect(await held(account, base)).toBe('1.50000000');
  });

  it('whose stop is reached cancels the limit ahead of it', async () => {
    const { book, base } = await market('100.00');
    const account = await purse.account({ [base]: '1' });
    const bidder = await purse.account({ USD: '10000' });
    await client.place(limit({ client_id: bidder, instrument: book, side: 'buy', price: '85.00', quantity: '5' }));
    const list = await place({ type: 'oco', client_id: account, instrument: book, orders: [stop('90.00'), sell('110.00')] });
    await trade(book, '89.00', '0.01');
    const after = await read(list);
    expect(fates(after)).toEqual([['filled', null, '1.00000000'], ['cancelled', 'linked', '0.00000000']]);
    expect(after.status).toBe('done');
    expect(await held(account, base)).toBe('0.00000000');
  });

  it('of which one is reached as it comes goes with that one alone', async () => {
    const { book, base } = await market('80.00');
    const account = await purse.account({ [base]: '1' });
    const list = await place({ type: 'oco', client_id: account, instrument: book, orders: [sell('110.00'), { ...stop('90.00'), type: 'stop_limit', price: '85.00' }] });
    expect(fates(list)).toEqual([['cancelled', 'linked', '0.00000000'], ['open', null, '0.00000000']]);
  });

  it('ends with whichever of its orders is cancelled, and frees what it held', async () => {
    const { book, base } = await market('100.00');
    const account = await purse.account({ [base]: '1' });
    const list = await place({ type: 'oco', client_id: account, instrument: book, orders: [sell('110.00'), stop('90.00')] });
    const cancelled = await client.call<OrderView>('DELETE', `/orders/${list.orders[1]?.order_id ?? ''}`);
    expect(cancelled.body).toMatchObject({ status: 'cancelled', status_reason: 'requested' });
    expect(fates(await read(list))).toEqual([['cancelled', 'linked', '0.00000000'], ['cancelled', 'requested', '0.00000000']]);
    expect(await held(account, base)).toBe('0.00000000');
  });

  it('holds what the larger holds after an amend of one', async () => {
    const { book, base } = await market('100.00');
    const account = await purse.account({ [base]: '2' });
    const list = await place({ type: 'oco', client_id: account, instrument: book, orders: [sell('110.00', '1'), stop('90.00', '1')] });
    const [first, second] = list.orders as [OrderView, OrderView];
    expect((await client.call('PATCH', `/orders/${first.order_id}`, { body: { quantity: '2' } })).status).toBe(200);
    expect(await held(account, base)).toBe('2.00000000');
    expect((await client.call('PATCH', `/orders/${second.order_id}`, { body: { quantity: '2', stop_price: '91.00' } })).status).toBe(200);
    expect(await held(account, base)).toBe('2.00000000');
    expect((await client.call<Problem>('PATCH', `/orders/${second.order_id}`, { body: { quantity: '3' } })).body).toMatchObject({ code: 'insufficient_funds', needed: '1.00000000', available: '0.00000000' });
    expect((await client.call('PATCH', `/orders/${first.order_id}`, { body: { quantity: '1' } })).status).toBe(200);
    expect(await held(account, base)).toBe('2.00000000');
  });
});

describe('oto', () => {
  it('places the second once the first is filled, with what the first has brought', async () => {
    const { book, base } = await market('100.00');
    const account = await purse.account({ USD: '100' });
    const list = await place({ type: 'oto', client_id: account, instrument: book, orders: [buy('100.00'), sell('110.00')] });
    expect(fates(list)).toEqual([['open', null, '0.00000000'], ['pending', null, '0.00000000']]);
    expect(await held(account, base)).toBe('0');
    await fill(book, base, '100.00', '0.4');
    expect(fates(await read(list))).toEqual([['partially_filled', null, '0.40000000'], ['pending', null, '0.00000000']]);
    await fill(book, base, '100.00', '0.6');
    expect(fates(await read(list))).toEqual([['filled', null, '1.00000000'], ['open', null, '0.00000000']]);
    expect(await held(account, base)).toBe('1.00000000');
  });

  it('drops the second where the first ends otherwise', async () => {
    const { book, base } = await market('100.00');
    const account = await purse.account({ USD: '100' });
    const list = await place({ type: 'oto', client_id: account, instrument: book, orders: [buy('100.00'), sell('110.00')] });
    await fill(book, base, '100.00', '0.4');
    expect((await client.call('DELETE', `/orders/${list.orders[0]?.order_id ?? ''}`)).status).toBe(200);
    expect(fates(await read(list))).toEqual([['cancelled', 'requested', '0.40000000'], ['cancelled', 'linked', '0.00000000']]);
  });

  it('holds from the start what the first does not bring', async () => {
    const { book } = await market('100.00');
    const account = await purse.account({ USD: '190' });
    const orders = [buy('100.00'), buy('90.00')];
    expect((await place({ type: 'oto', client_id: account, instrument: book, orders })).status).toBe('open');
    expect((await purse.balance(account, 'USD'))?.[2]).toBe('0.0000000000');
    const poor = await purse.account({ USD: '189' });
    const refused = await client.post<Problem>('/order-lists', { type: 'oto', client_id: poor, instrument: book, orders });
    expect([refused.status, refused.body]).toMatchObject([409, { code: 'insufficient_funds', asset: 'USD', needed: '190.0000000000', available: '189.0000000000' }]);
  });

  it('ends the second where the first did not bring enough', async () => {
    const { book, base } = await market('100.00');
    const account = await purse.account({ USD: '100' });
    const list = await place({ type: 'oto', client_id: account, instrument: book, orders: [buy('100.00'), sell('110.00', '2')] });
    await fill(book, base, '100.00', '1');
    expect(fates(await read(list))).toEqual([['filled', null, '1.00000000'], ['cancelled', 'insufficient_funds', '0.00000000']]);
  });

  it('whose first trades at once has placed both', async () => {
    const { book, base } = await market('100.00');
    const seller = await purse.account({ [base]: '1' });
    await client.place(limit({ client_id: seller, instrument: book, side: 'sell', price: '100.00', quantity: '1' }));
    const account = await purse.account({ USD: '200' });
    const list = await place({ type: 'oto', client_id: account, instrument: book, orders: [{ side: 'buy', type: 'market', quantity: '1' }, stop('90.00')] });
    expect(list.orders[0]).toMatchObject({ status: 'filled', trades: [{ price: '100.00', quantity: '1.00000000' }] });
    expect(fates(await read(list))).toEqual([['filled', null, '1.00000000'], ['pending', null, '0.00000000']]);
    expect(await held(account, base)).toBe('1.00000000');
  });

  it('whose first has spent its money places the second, whatever of it no lot fits', async () => {
    const { book, base } = await market('3.00');
    const seller = await purse.account({ [base]: '9' });
    await client.place(limit({ client_id: seller, instrument: book, side: 'sell', price: '3.00', quantity: '9' }));
    const account = await purse.account({ USD: '10' });
    const list = await place({ type: 'oto', client_id: account, instrument: book, orders: [{ side: 'buy', type: 'market', quote_quantity: '10' }, sell('4.00', '3')] });
    expect(fates(await read(list))).toEqual([['cancelled', 'budget_exhausted', '3.33333333'], ['open', null, '0.00000000']]);
  });

  it('drops the second where a first by money finds too little', async () => {
    const { book, base } = await market('3.00');
    const seller = await purse.account({ [base]: '1' });
    await client.place(limit({ client_id: seller, instrument: book, side: 'sell', price: '3.00', quantity: '1' }));
    const account = await purse.account({ USD: '10' });
    const list = await place({ type: 'oto', client_id: account, instrument: book, orders: [{ side: 'buy', type: 'market', quote_quantity: '10' }, sell('4.00', '1')] });
    expect(fates(list)).toEqual([['cancelled', 'no_liquidity', '1.00000000'], ['cancelled', 'linked', '0.00000000']]);
  });
});

describe('otoco', () => {
  it('places a pair of which one lives', async () => {
    const { book, base } = await market('100.00');
    const account = await purse.account({ USD: '100' });
    const list = await place({ type: 'otoco', client_id: account, instrument: book, orders: [buy('100.00'), sell('110.00'), stop('90.00')] });
    expect(fates(list).map(([status]) => status)).toEqual(['open', 'pending', 'pending']);
    await fill(book, base, '100.00', '1');
    expect(fates(await read(list)).map(([status]) => status)).toEqual(['filled', 'open', 'pending']);
    expect(await held(account, base)).toBe('1.00000000');
    const taker = await purse.account({ USD: '1000' });
    await client.place(limit({ client_id: taker, instrument: book, side: 'buy', price: '110.00', quantity: '1' }));
    const after = await read(list);
    expect(fates(after)).toEqual([['filled', null, '1.00000000'], ['filled', null, '1.00000000'], ['cancelled', 'linked', '0.00000000']]);
    expect(after.status).toBe('done');
  });
});

/** Somebody sells at a price, to whoever waits there. */
async function fill(book: string, base: string, price: string, quantity: string): Promise<void> {
  const seller = await purse.account({ [base]: quantity });
  expect((await client.place(limit({ client_id: seller, instrument: book, side: 'sell', price, quantity }))).body.status).toBe('filled');
}

it('cancels what is left of a list, once', async () => {
  const { book } = await market('100.00');
  const account = await purse.account({ USD: '100' });
  const list = await place({ type: 'otoco', client_id: account, instrument: book, orders: [buy('100.00'), sell('110.00'), stop('90.00')] });
  const path = `/order-lists/${list.list_id}`;
  const done = await client.call<ListView>('DELETE', `${path}?idempotency_key=end`);
  expect([done.status, done.body.status]).toEqual([200, 'done']);
  expect(fates(done.body)).toEqual([['cancelled', 'requested', '0.00000000'], ['cancelled', 'linked', '0.00000000'], ['cancelled', 'linked', '0.00000000']]);
  const again = await client.call<ListView>('DELETE', `${path}?idempotency_key=end`);
  expect([again.status, again.headers.get('idempotency-replayed'), again.body]).toEqual([200, 'true', done.body]);
  const late = await client.call<ProblemBody & { list: ListView }>('DELETE', path);
  expect([late.status, late.body.code, late.body.list]).toEqual([409, 'order_list_not_open', done.body]);
  expect(await held(account, 'USD')).toBe('0.0000000000');
  expect((await client.call<Problem>('DELETE', '/order-lists/019c2b4e-9a10-7c3a-9f52-1b6f0a4f8e20')).body.code).toBe('order_list_not_found');
  expect((await client.call<Problem>('DELETE', `/order-lists/${list.orders[0]?.order_id ?? ''}`)).body.code).toBe('order_list_not_found');
});

it('answers a repeat of a key as before, whatever has become of the list', async () => {
  const { book, base } = await market('100.00');
  const account = await purse.account({ [base]: '1' });
  const terms = { type: 'oco', client_id: account, instrument: book, orders: [sell('110.00'), stop('90.00')], idempotency_key: 'once' };
  const list = await place(terms);
  await client.call('DELETE', `/order-lists/${list.list_id}`);
  const again = await client.post<ListView>('/order-lists', terms);
  expect([again.status, again.headers.get('idempotency-replayed'), again.body]).toEqual([201, 'true', list]);
  const other = await client.post<Problem>('/order-lists', { ...terms, orders: [sell('111.00'), stop('90.00')] });
  expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
  expect((await client.place(limit({ client_id: account, instrument: book, side: 'sell', price: '110.00', idempotency_key: 'once' }))).status).toBe(422);
});

it('lists a client\'s lists, newest first, and its open orders page by page', async () => {
  const { book, base } = await market('100.00');
  const account = await purse.account({ [base]: '10' });
  const lists: ListView[] = [];
  for (let i = 0; i < 3; i++) lists.unshift(await place({ type: 'oco', client_id: account, instrument: book, orders: [sell('110.00'), stop('90.00')] }));
  const first = await client.get<{ order_lists: ListView[]; next_cursor: string }>(`/order-lists?client_id=${account}&limit=2`);
  expect(first.body.order_lists.map(({ list_id: id }) => id)).toEqual(lists.slice(0, 2).map(({ list_id: id }) => id));
  const rest = await client.get<{ order_lists: ListView[]; next_cursor: null }>(`/order-lists?client_id=${account}&limit=2&cursor=${first.body.next_cursor}`);
  expect([rest.body.order_lists.map(({ list_id: id }) => id), rest.body.next_cursor]).toEqual([[lists[2]?.list_id], null]);
  expect(rest.body.order_lists[0]?.orders.map(({ status }) => status)).toEqual(['open', 'pending']);
  const expected = lists.flatMap(({ orders }) => orders.map(({ order_id: id }) => id).reverse());
  for (const status of ['open', 'all']) {
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: { readonly orders: readonly OrderView[]; readonly next_cursor: string | null } = (
        await client.get<{ orders: OrderView[]; next_cursor: string | null }>(`/orders?client_id=${account}&status=${status}&limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`)
      ).body;
      seen.push(...page.orders.map(({ order_id: id }) => id));
      cursor = page.next_cursor;
    }
    expect(seen).toEqual(expected);
  }
});

it('tells of lists where their trailing orders stand by now, and the state that refuses one', async () => {
  const { book, base } = await market('100.00');
  const account = await purse.account({ [base]: '10' });
  const trailing = { side: 'sell', type: 'trailing_stop', trailing_offset: '10.00', quantity: '1' };
  const { list_id: id } = await place({ type: 'oco', client_id: account, instrument: book, orders: [sell('200.00'), trailing] });
  const [seller, buyer] = [await purse.account({ [base]: '1' }), await purse.account({ USD: '1000' })];
  for (const [side, client_id] of [['sell', seller], ['buy', buyer]]) await client.place(limit({ client_id, instrument: book, side, price: '120.00', quantity: '1' }));
  const one = await client.get<ListView>(`/order-lists/${id}`);
  const all = await client.get<{ order_lists: ListView[] }>(`/order-lists?client_id=${account}`);
  for (const list of [one.body, all.body.order_lists[0]]) expect(list?.orders.map(({ stop_price: stop }) => stop)).toEqual([undefined, '110.00']);
  expect((await client.call('PATCH', `/instruments/${book}`, { body: { state: 'halted' } })).status).toBe(200);
  const refused = await client.post<Problem>('/order-lists', { type: 'oco', client_id: account, instrument: book, orders: [sell('200.00'), trailing] });
  expect([refused.status, refused.body]).toEqual([409, expect.objectContaining({ code: 'instrument_not_open', instrument: book, state: 'halted' })]);
  expect((await client.call('PATCH', `/instruments/${book}`, { body: { state: 'open' } })).status).toBe(200);
});

it.each<[string, Body, string]>([
  ['too few orders', { type: 'otoco', orders: [buy('100.00'), sell('110.00')] }, 'orders'],
  ['too many orders', { type: 'oco', orders: [sell('110.00'), stop('90.00'), stop('80.00')] }, 'orders'],
  ['a pair of two sides', { type: 'oco', orders: [sell('110.00'), buy('90.00')] }, 'orders.1.side'],
  ['a pair that goes one way', { type: 'oco', orders: [sell('110.00'), sell('120.00')] }, 'orders'],
  ['a pair the wrong way round', { type: 'oco', orders: [sell('90.00'), stop('110.00')] }, 'orders'],
  ['a pair of which one never waits', { type: 'oco', orders: [{ ...sell('110.00'), time_in_force: 'ioc' }, stop('90.00')] }, 'orders.0.type'],
  ['a list in a list', { type: 'oto', orders: [buy('100.00'), { type: 'oco', orders: [sell('110.00'), stop('90.00')] }] }, 'orders.1'],
  ['a client of an order', { type: 'oco', orders: [{ ...sell('110.00'), client_id: 'x' }, stop('90.00')] }, 'orders.0.client_id'],
  ['a sell by money that follows', { type: 'oto', orders: [buy('100.00'), { side: 'sell', type: 'market', quote_quantity: '100' }] }, 'orders.1.quote_quantity'],
  ['a stop that names neither quantity nor money', { type: 'oco', orders: [sell('110.00'), { side: 'sell', type: 'stop', stop_price: '90.00' }] }, 'orders.1'],
  ['a price that is none', { type: 'oco', orders: [sell('110.001'), stop('90.00')] }, 'orders.0.price'],
  ['an unknown type', { type: 'oso', orders: [sell('110.00'), stop('90.00')] }, 'type'],
])('refuses %s', async (_, terms, field) => {
  const { status, body } = await client.post<Problem>('/order-lists', { client_id: 'client', ...terms });
  expect([status, body.code, body.errors?.map((error) => error.field)]).toEqual([400, 'validation_failed', [field]]);
});
