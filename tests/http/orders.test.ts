import { BOTH_WAYS, limit, market, refusal, type Client, type OrderWithTradesView } from '../support/client';
import { Service } from './support/service';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ORDER_FIELDS = [
  'order_id', 'client_order_id', 'client_id', 'instrument', 'side', 'type', 'time_in_force', 'post_only', 'price', 'quantity',
  'filled_quantity', 'remaining_quantity', 'average_price', 'maker_fee_rate', 'taker_fee_rate', 'fee', 'fee_asset',
  'status', 'status_reason', 'sequence', 'created_at', 'updated_at', 'trades',
];

describe.each(BOTH_WAYS)('POST /orders %s', (_name, hotPath) => {
  let service: Service;
  let client: Client;
  let instrument: string;

  beforeAll(async () => {
    service = await Service.open({ hotPath });
    client = service.client;
  });
  afterAll(() => service.close());
  beforeEach(() => { instrument = service.nextBook(); });

  const place = async (changes: Readonly<Record<string, unknown>> = {}): Promise<OrderWithTradesView> => {
    const answer = await client.place(limit({ instrument, ...changes }));
    expect(answer.status).toBe(201);
    return answer.body;
  };

  it('answers 201 with the whole order, its defaults filled in', async () => {
    const before = Date.now();
    const { status, body, headers } = await client.place({ client_id: 'client-A', instrument, side: 'buy', type: 'limit', price: 50000.0, quantity: 0.5 });
    expect(status).toBe(201);
    expect(headers.get('content-type')).toBe('application/json');
    expect(Object.keys(body)).toEqual(ORDER_FIELDS);
    expect(body).toMatchObject({
      client_order_id: null, client_id: 'client-A', instrument, side: 'buy', type: 'limit', time_in_force: 'gtc', post_only: false,
      price: '50000.00', quantity: '0.50000000', filled_quantity: '0.00000000', remaining_quantity: '0.50000000', average_price: null,
      maker_fee_rate: '0', taker_fee_rate: '0', fee: '0.0000000000', fee_asset: 'USD', status: 'open', status_reason: null, trades: [],
    });
    expect(body.order_id).toMatch(UUID_V7);
    expect(body.created_at).toBe(body.updated_at);
    expect(Math.abs(Date.parse(body.created_at) - before)).toBeLessThan(5_000);
  });

  it('takes the instrument for BTC-USD where none is named', async () => {
    const { body } = await client.place({ client_id: 'default', side: 'buy', type: 'limit', price: 1, quantity: 1 });
    expect(body.instrument).toBe('BTC-USD');
    expect((await client.book()).body.instrument).toBe('BTC-USD');
    expect((await client.trades()).body.instrument).toBe('BTC-USD');
  });

  it('answers a match with its trades, at the makers\' prices, and tells the makers', async () => {
    const first = await place({ side: 'sell', price: '100.00', quantity: '1', client_id: 'maker' });
    const second = await place({ side: 'sell', price: '101.00', quantity: '1', client_id: 'maker' });
    const taker = await place({ side: 'buy', price: '101.00', quantity: '2.5', client_order_id: 'my-7' });
    expect(taker).toMatchObject({
      status: 'partially_filled', client_order_id: 'my-7', filled_quantity: '2.00000000', remaining_quantity: '0.50000000', average_price: '100.50', status_reason: null,
    });
    expect(taker.trades.map(({ trade_id: id, price, quantity, maker_order_id: maker, taker_order_id: by }) => [id, price, quantity, maker, by])).toEqual([
      [1, '100.00', '1.00000000', first.order_id, taker.order_id], [2, '101.00', '1.00000000', second.order_id, taker.order_id],
    ]);
    expect(taker.trades[0]?.executed_at).toBe(taker.updated_at);
    const maker = (await client.order(first.order_id)).body;
    expect(maker).toMatchObject({ status: 'filled', filled_quantity: '1.00000000', remaining_quantity: '0.00000000', average_price: '100.00', status_reason: null, sequence: taker.sequence });
    expect(taker.trades.map(({ role, fee }) => [role, fee])).toEqual([['taker', '0.0000000000'], ['taker', '0.0000000000']]);
    expect(maker.trades).toEqual([{ ...taker.trades[0], role: 'maker' }]);
  });

  it('rounds the average price half up to the price\'s decimals', async () => {
    await place({ side: 'sell', price: '100.00', quantity: '1' });
    await place({ side: 'sell', price: '100.01', quantity: '1' });
    // 100.005 is 100.01
    expect((await place({ price: '101.00', quantity: '2' })).average_price).toBe('100.01');
    await place({ side: 'sell', price: '100.00', quantity: '2' });
    await place({ side: 'sell', price: '100.01', quantity: '1' });
    // 100.00333… is 100.00
    expect((await place({ price: '101.00', quantity: '3' })).average_price).toBe('100.00');
    await place({ side: 'sell', price: '100.00', quantity: '1' });
    await place({ side: 'sell', price: '100.01', quantity: '2' });
    // 100.00666… is 100.01
    expect((await place({ price: '101.00', quantity: '3' })).average_price).toBe('100.01');
  });

  it('trades a market order against what there is, and cancels the rest', async () => {
    await place({ side: 'buy', price: '99.00', quantity: '1' });
    const partly = (await client.place(market({ instrument, quantity: '3' }))).body;
    expect(partly).toMatchObject({
      type: 'market', time_in_force: 'ioc', price: null, status: 'cancelled', status_reason: 'no_liquidity', filled_quantity: '1.00000000',
      remaining_quantity: '2.00000000', average_price: '99.00',
    });
    const nothing = (await client.place(market({ instrument }))).body;
    expect(nothing).toMatchObject({ status: 'cancelled', status_reason: 'no_liquidity', filled_quantity: '0.00000000', average_price: null, trades: [] });
    await place({ side: 'buy', price: '98.00', quantity: '5' });
    expect((await client.place(market({ instrument, quantity: '2', time_in_force: 'ioc', post_only: false }))).body).toMatchObject({ status: 'filled', status_reason: null });
  });

  it('knows immediate-or-cancel and fill-or-kill', async () => {
    await place({ side: 'sell', price: '100.00', quantity: '1' });
    const fok = await place({ time_in_force: 'fok', price: '100.00', quantity: '1.5' });
    expect(fok).toMatchObject({ status: 'rejected', status_reason: 'fok_not_fillable', filled_quantity: '0.00000000', trades: [] });
    const ioc = await place({ time_in_force: 'ioc', price: '100.00', quantity: '1.5' });
    expect(ioc).toMatchObject({ status: 'cancelled', status_reason: 'ioc_remainder', filled_quantity: '1.00000000' });
    await place({ side: 'sell', price: '100.00', quantity: '1' });
    expect(await place({ time_in_force: 'fok', price: '100.00', quantity: '1' })).toMatchObject({ status: 'filled' });
    expect((await client.book(`?instrument=${instrument}`)).body).toMatchObject({ bids: [], asks: [] });
  });

  it('turns a post-only order down that would trade, and leaves the book as it was', async () => {
    await place({ side: 'sell', price: '100.00' });
    const before = (await client.book(`?instrument=${instrument}`)).body;
    const order = await place({ price: '100.00', post_only: true });
    expect(order).toMatchObject({ status: 'rejected', status_reason: 'post_only_would_match', post_only: true });
    const after = (await client.book(`?instrument=${instrument}`)).body;
    expect([after.bids, after.asks, after.checksum]).toEqual([before.bids, before.asks, before.checksum]);
    expect(await place({ price: '99.99', post_only: true })).toMatchObject({ status: 'open' });
    // Rejected orders are told of for ever, as all are.
    expect((await client.order(order.order_id)).body).toEqual(order);
  });

  it.each<[what: string, price: string | number | { json: string }, quantity: string | number | { json: string }, priceOut: string, quantityOut: string]>([
    ['number', 100.25, 1.5, '100.25', '1.50000000'],
    ['string', '100.25', '1.5', '100.25', '1.50000000'],
    ['trailing zeros', '100.2500000000', '1.500000000000000', '100.25', '1.50000000'],
    ['leading zeros', '000100.25', '0001.5', '100.25', '1.50000000'],
    ['the smallest', '0.01', '0.00000001', '0.01', '0.00000001'],
    ['tiny as a number', 0.01, 1e-8, '0.01', '0.00000001'],
    ['as Python writes it', { json: '1e-02' }, { json: '1e-08' }, '0.01', '0.00000001'],
    ['as Java writes it', { json: '5.0E-2' }, { json: '5.0E-4' }, '0.05', '0.00050000'],
    ['large with an exponent', { json: '1.5e+3' }, { json: '1E5' }, '1500.00', '100000.00000000'],
    ['a price of many digits with an exponent', { json: '9007199254740991e-2' }, 1, '90071992547409.91', '1.00000000'],
    ['a quantity of many digits with an exponent', 1, { json: '9007199254740991E-8' }, '1.00', '90071992.54740991'],
    ['the largest price', '90071992547409.91', '1', '90071992547409.91', '1.00000000'],
    ['the largest quantity', '0.01', '90071992.54740991', '0.01', '90071992.54740991'],
  ])('reads amounts exactly: %s', async (_case, price, quantity, priceOut, quantityOut) => {
    const written = (amount: string | number | { json: string }): string => (typeof amount === 'object' ? amount.json : JSON.stringify(amount));
    const json = JSON.stringify(limit({ instrument, price: 'P', quantity: 'Q' })).replace('"P"', written(price)).replace('"Q"', written(quantity));
    const { body } = await client.call<OrderWithTradesView>('POST', '/orders', { raw: json, headers: { 'Content-Type': 'application/json' } });
    expect([body.price, body.quantity]).toEqual([priceOut, quantityOut]);
  });

  it('refuses what is worth more than a balance can be', async () => {
    await refusal(client.place(limit({ instrument, price: '90071992547409.91', quantity: '90071992.54740991' })), 422, 'balance_limit');
  });

  it('reads a JSON number digit by digit, beyond what a double holds', async () => {
    const json = (price: string): string => `{"client_id":"a","instrument":"${instrument}","side":"buy","type":"limit","price":${price},"quantity":1}`;
    const send = (price: string) => client.call<OrderWithTradesView>('POST', '/orders', { raw: json(price), headers: { 'Content-Type': 'application/json' } });
    expect((await send('90071992547409.90')).body.price).toBe('90071992547409.90');
    expect((await send('90071992547409.91')).body.price).toBe('90071992547409.91');
    await refusal(send('90071992547409.92'), 400, 'validation_failed');
    await refusal(send('0.30000000000000004'), 400, 'validation_failed');
    expect((await send('0.3000000000000000000')).body.price).toBe('0.30');
  });

  it.each(['1e400', '1e-400', '1e999999999', '1e-999999999', `1e${'9'.repeat(60)}`, '-1e5', '0e9', '1e-3'])('refuses the JSON number %s, and says for which field', async (price) => {
    const place = `"client_id":"a","instrument":"${instrument}","side":"buy","type":"limit","quantity":1,"price":${price}`;
    const send = (method: string, path: string, raw: string) => client.call(method, path, { raw, headers: { 'Content-Type': 'application/json' } });
    expect((await refusal(send('POST', '/orders', `{${place}}`), 400, 'validation_failed')).body.errors).toMatchObject([{ field: 'price' }]);
    const { order_id: id } = (await client.place(limit({ instrument }))).body;
    expect((await refusal(send('PATCH', `/orders/${id}`, `{"price":${price}}`), 400, 'validation_failed')).body.errors).toMatchObject([{ field: 'price' }]);
    const { body } = await send('POST', '/orders/batch', `{"operations":[{"op":"place",${place}},{"op":"amend","order_id":"${id}","price":${price}}]}`);
    expect(body).toMatchObject({ results: [1, 2].map(() => ({ status: 400, body: { code: 'validation_failed', errors: [{ field: 'price' }] } })) });
  });

  it('takes an exponent in amends, batches and retries of either spelling', async () => {
    const send = (method: string, path: string, raw: string) => client.call<OrderWithTradesView>(method, path, { raw, headers: { 'Content-Type': 'application/json' } });
    const { order_id: id } = (await client.place(limit({ instrument, quantity: '1' }))).body;
    expect((await send('PATCH', `/orders/${id}`, '{"quantity":5.0E-1,"idempotency_key":"spelt"}')).body.quantity).toBe('0.50000000');
    const again = await send('PATCH', `/orders/${id}`, '{"quantity":0.5,"idempotency_key":"spelt"}');
    expect([again.headers.get('idempotency-replayed'), again.body.quantity]).toEqual(['true', '0.50000000']);
    await refusal(send('PATCH', `/orders/${id}`, '{"quantity":50e-3,"idempotency_key":"spelt"}'), 422, 'idempotency_key_reused');
    const batch = await send('POST', '/orders/batch', `{"operations":[{"op":"amend","order_id":"${id}","remaining_quantity":25E-2}]}`);
    expect(batch.body).toMatchObject({ results: [{ status: 200, body: { remaining_quantity: '0.25000000' } }] });
  });

  it('holds instruments to their own steps and limits', async () => {
    const odd = (changes: Readonly<Record<string, unknown>>) => client.place(limit({ instrument: 'ODD-EUR', price: '10.25', quantity: '15', ...changes }));
    expect((await odd({})).body).toMatchObject({ price: '10.25', quantity: '15' });
    const fields = async (changes: Readonly<Record<string, unknown>>) => (await refusal(odd(changes), 400, 'validation_failed')).body.errors;
    expect(await fields({ price: '10.30' })).toEqual([{ field: 'price', message: 'must be a multiple of 0.25' }]);
    expect(await fields({ quantity: '12' })).toEqual([{ field: 'quantity', message: 'must be a multiple of 5' }]);
    expect(await fields({ price: '0.75', quantity: '5' })).toEqual([
      { field: 'price', message: 'must be at least 1.00' }, { field: 'quantity', message: 'must be at least 10' },
    ]);
    expect(await fields({ price: '1000.25', quantity: '1000005' })).toEqual([
      { field: 'price', message: 'must be at most 1000.00' }, { field: 'quantity', message: 'must be at most 1000000' },
    ]);
    const { body } = await client.place(limit({ instrument: 'BIG-JPY', price: '9007199254740991', quantity: 1 }));
    expect([body.price, body.quantity]).toEqual(['9007199254740991', '1']);
  });

  const invalid: [name: string, order: Record<string, unknown>, fields: string[]][] = [
    ['nothing at all', {}, ['client_id', 'side', 'type', 'price', 'quantity']],
    ['an unknown field', limit({ prize: 1 }), ['prize']],
    ['no price for a limit order', limit({ price: undefined }), ['price']],
    ['a price for a market order', market({ price: 1 }), ['price']],
    ['a resting market order', market({ time_in_force: 'gtc' }), ['time_in_force']],
    ['a fill-or-kill market order', market({ time_in_force: 'fok' }), ['time_in_force']],
    ['a post-only market order', market({ post_only: true }), ['post_only']],
    ['post-only with ioc', limit({ post_only: true, time_in_force: 'ioc' }), ['post_only']],
    ['post-only with fok', limit({ post_only: true, time_in_force: 'fok' }), ['post_only']],
    ['an unknown side', limit({ side: 'BUY' }), ['side']],
    ['an unknown type', limit({ type: 'pegged' }), ['type']],
    ['an unknown time in force', limit({ time_in_force: 'gtx' }), ['time_in_force']],
    ['post_only as text', limit({ post_only: 'true' }), ['post_only']],
    ['an empty client id', limit({ client_id: '' }), ['client_id']],
    ['a client id too long', limit({ client_id: 'x'.repeat(65) }), ['client_id']],
    ['a client id with a line break', limit({ client_id: 'a\nb' }), ['client_id']],
    ['a client order id too long', limit({ client_order_id: 'x'.repeat(65) }), ['client_order_id']],
    ['a key too long', limit({ idempotency_key: 'x'.repeat(256) }), ['idempotency_key']],
    ['an empty key', limit({ idempotency_key: '' }), ['idempotency_key']],
    ['null where a value should be', limit({ price: null, client_order_id: null }), ['price', 'client_order_id']],
    ['zero', limit({ price: 0, quantity: '0.00' }), ['price', 'quantity']],
    ['negative amounts', limit({ price: -1, quantity: '-1' }), ['price', 'quantity']],
    ['amounts finer than a step', limit({ price: '100.001', quantity: '0.000000001' }), ['price', 'quantity']],
    ['a name that is no instrument\'s', limit({ instrument: 'BTC USD' }), ['instrument']],
  ];
  it.each(invalid)('refuses %s and names the fields', async (_case, order, fields) => {
    const { body } = await refusal(client.place(order), 400, 'validation_failed');
    expect(body.errors?.map(({ field }) => field)).toEqual(fields);
    expect(body.detail).toContain(fields[0]);
  });

  it('takes names of the full length, counted in characters', async () => {
    const name = '𝔘'.repeat(64);
    const order = await place({ client_id: name, client_order_id: name, idempotency_key: '𝔘'.repeat(255) });
    expect([order.client_id, order.client_order_id]).toEqual([name, name]);
    expect((await client.list(`?client_id=${encodeURIComponent(name)}`)).body.orders).toHaveLength(1);
    expect((await client.order(order.order_id)).body.client_id).toBe(name);
  });

  it('keeps clients apart whose names could be mixed up in a key', async () => {
    const names = ['a"b', 'a\\b', 'a:b', 'a{b}', 'a,b', ' a ', 'open', '*', 'ümläut', '日本', '"', '\\'];
    for (const name of names) await place({ client_id: name, client_order_id: name });
    for (const name of names) {
      const { orders } = (await client.list(`?client_id=${encodeURIComponent(name)}`)).body;
      expect(orders.map((order) => [order.client_id, order.client_order_id])).toEqual([[name, name]]);
    }
    await service.persisted();
    for (const name of names) {
      expect((await client.list(`?client_id=${encodeURIComponent(name)}&status=all`)).body.orders).toHaveLength(1);
    }
  });

  it('says that there is no such instrument', async () => {
    const { body } = await refusal(client.place(limit({ instrument: 'BTC-EUR' })), 404, 'instrument_not_found');
    expect(body.detail).toBe('There is no instrument BTC-EUR.');
    await refusal(client.place(limit({ instrument: 'constructor' })), 404, 'instrument_not_found');
  });

  it('refuses a client order id that one of the client\'s open orders has', async () => {
    const first = await place({ client_order_id: 'mine' });
    await refusal(client.place(limit({ instrument, client_order_id: 'mine' })), 409, 'duplicate_client_order_id');
    expect((await place({ client_id: 'another', client_order_id: 'mine' })).status).toBe('open');
    await client.cancel(first.order_id);
    expect((await place({ client_order_id: 'mine' })).status).toBe('open');
  });

  it('refuses a quantity that the level could not hold', async () => {
    await place({ price: '50.00', quantity: '90071992.54740991' });
    await refusal(client.place(limit({ instrument, price: '50.00', quantity: '0.00000001' })), 422, 'level_quantity_limit');
  });

  it('waits for Postgres where the order asks for it', async () => {
    const order = await place({ ack: 'postgres' });
    expect(await service.venue.database.query('SELECT order_id FROM orders WHERE order_id = $1', [order.order_id])).toHaveLength(1);
  });

  it('does not mind a slash at the end', async () => {
    expect((await client.call('POST', '/orders/', { body: limit({ instrument }) })).status).toBe(201);
  });

  it('refuses parameters in the query string', async () => {
    const { body } = await refusal(client.call('POST', '/orders?dry_run=true', { body: limit({ instrument }) }), 400, 'validation_failed');
    expect(body.errors).toEqual([{ field: 'dry_run', message: 'is not allowed' }]);
    expect((await client.book(`?instrument=${instrument}`)).body.bids).toEqual([]);
  });
});

describe('limits of orders', () => {
  it('bounds a client\'s open orders and an order\'s fills', async () => {
    const service = await Service.open({ environment: { OPEN_ORDERS_PER_CLIENT_MAX: '3', FILLS_PER_ORDER_MAX: '2' } });
    const { client } = service;
    for (let i = 0; i < 3; i++) await client.place(limit({ side: 'sell' }));
    await refusal(client.place(limit({ side: 'sell' })), 422, 'open_orders_limit');
    // What cannot rest is not bounded by it.
    expect((await client.place(limit({ side: 'sell', time_in_force: 'ioc' }))).status).toBe(201);
    const { body } = await client.place(limit({ client_id: 'taker', quantity: '3' }));
    expect(body).toMatchObject({ status: 'cancelled', status_reason: 'fills_limit', filled_quantity: '2.00000000' });
    expect(body.trades).toHaveLength(2);
    await service.close();
  });
});
