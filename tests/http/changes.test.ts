import { newOrderId } from '../../src/domain/order-id';
import { BOTH_WAYS, limit, market, refusal, type Answer, type Client, type OrderWithTradesView } from '../support/client';
import { Service } from './support/service';

const UNKNOWN_ID = '01900000-0000-7000-8000-000000000000';

describe.each(BOTH_WAYS)('changing orders %s', (_name, hotPath) => {
  let service: Service;
  let client: Client;
  let instrument: string;

  beforeAll(async () => {
    service = await Service.open({ hotPath, environment: { MASS_CANCEL_PAGE: '3', BATCH_OPERATIONS_MAX: '1000' } });
    client = service.client;
  });
  afterAll(() => service.close());
  beforeEach(() => { instrument = service.nextBook(); });

  const place = async (changes: Readonly<Record<string, unknown>> = {}): Promise<OrderWithTradesView> => {
    const answer = await client.place(limit({ instrument, ...changes }));
    expect(answer.status).toBe(201);
    return answer.body;
  };
  const book = async () => (await client.book(`?instrument=${instrument}`)).body;

  const cancels: [string, (id: string, suffix?: string) => Promise<Answer<OrderWithTradesView>>][] = [
    ['POST /orders/{order_id}/cancel', (id, suffix = '') => client.call('POST', `/orders/${id}/cancel${suffix}`)],
    ['POST /orders/{order_id}/cancel with a body', (id, suffix = '') => client.call('POST', `/orders/${id}/cancel${suffix}`, { body: {} })],
    ['DELETE /orders/{order_id}', (id, suffix = '') => client.call('DELETE', `/orders/${id}${suffix}`)],
  ];
  describe.each(cancels)('%s', (_call, cancel) => {
    it('answers with the cancelled order and all its trades', async () => {
      const order = await place({ quantity: '3' });
      await client.place(market({ instrument, quantity: '1' }));
      const { status, body } = await cancel(order.order_id);
      expect(status).toBe(200);
      expect(body).toMatchObject({
        order_id: order.order_id, status: 'cancelled', status_reason: 'requested', filled_quantity: '1.00000000', remaining_quantity: '2.00000000',
      });
      expect(body.trades).toHaveLength(1);
      expect(body.sequence).toBeGreaterThan(order.sequence);
      expect((await book()).bids).toEqual([]);
      expect((await client.order(order.order_id)).body).toEqual(body);
    });

    it('refuses with the final state when the order is done already', async () => {
      const order = await place();
      const cancelled = (await cancel(order.order_id)).body;
      const again = await refusal(cancel(order.order_id), 409, 'order_not_open');
      expect(again.body.order).toEqual(cancelled);
      // The same when only Postgres knows the order any more.
      await service.persisted();
      expect(await service.isInRedis(order.order_id)).toBe(false);
      expect((await refusal(cancel(order.order_id), 409, 'order_not_open')).body.order).toEqual(cancelled);
      const filled = await place({ side: 'sell' });
      await place();
      await service.persisted();
      const { body } = await refusal(cancel(filled.order_id), 409, 'order_not_open');
      expect(body.order).toMatchObject({ status: 'filled', trades: [{ maker_order_id: filled.order_id }] });
    });

    it('knows what is no order', async () => {
      await refusal(cancel(UNKNOWN_ID), 404, 'order_not_found');
      await refusal(cancel('my-7'), 404, 'order_not_found');
      await refusal(cancel('%00'), 404, 'order_not_found');
    });

    it('takes ids in capitals and a slash at the end', async () => {
      const order = await place();
      expect((await cancel(order.order_id.toUpperCase(), '/')).body).toMatchObject({ order_id: order.order_id, status: 'cancelled' });
    });

    it('cancels no order of another client', async () => {
      const order = await place({ client_id: 'owner' });
      const asBody = (clientId: string) => client.cancel(order.order_id, { client_id: clientId });
      const asQuery = (clientId: string) => client.call<OrderWithTradesView>('DELETE', `/orders/${order.order_id}?client_id=${clientId}`);
      await refusal(asBody('thief'), 404, 'order_not_found');
      await refusal(asQuery('thief'), 404, 'order_not_found');
      expect((await asQuery('owner')).body.status).toBe('cancelled');
    });
  });

  it('refuses fields and parameters that a cancel does not have', async () => {
    const order = await place();
    const cancel = `/orders/${order.order_id}`;
    for (const body of [null, [], 'x', 1, { reason: 'x' }, { idempotency_key: 5 }]) {
      await refusal(client.call('POST', `${cancel}/cancel`, { body }), 400, 'validation_failed');
      await refusal(client.call('DELETE', cancel, { body }), 400, 'validation_failed');
    }
    await refusal(client.call('POST', `${cancel}/cancel?force=1`), 400, 'validation_failed');
    await refusal(client.call('DELETE', `${cancel}?force=1`), 400, 'validation_failed');
    await refusal(client.call('DELETE', `${cancel}?client_id=client-A`, { body: {} }), 400, 'validation_failed');
    await refusal(client.call('DELETE', `${cancel}?client_id=a&client_id=b`), 400, 'validation_failed');
    expect((await client.order(order.order_id)).body.status).toBe('open');
  });

  describe('PATCH /orders/{order_id}', () => {
    it('keeps priority when only less is wanted, and loses it otherwise', async () => {
      const [first, second] = [await place({ quantity: '2' }), await place({ quantity: '1' })];
      const less = (await client.amend(first.order_id, { quantity: '1.5' })).body;
      expect(less).toMatchObject({ quantity: '1.50000000', remaining_quantity: '1.50000000', status: 'open', trades: [] });
      const taker = (await client.place(market({ instrument, quantity: '1' }))).body;
      expect(taker.trades.map((trade) => trade.maker_order_id)).toEqual([first.order_id]);
      await client.amend(first.order_id, { remaining_quantity: '0.75' });
      const next = (await client.place(market({ instrument, quantity: '1' }))).body;
      expect(next.trades.map((trade) => trade.maker_order_id)).toEqual([second.order_id]);
    });

    it('takes the new total, or the new open part', async () => {
      const order = await place({ quantity: '3' });
      await client.place(market({ instrument, quantity: '1' }));
      expect((await client.amend(order.order_id, { quantity: '2.5' })).body).toMatchObject({
        quantity: '2.50000000', filled_quantity: '1.00000000', remaining_quantity: '1.50000000', status: 'partially_filled', trades: [],
      });
      expect((await client.amend(order.order_id, { remaining_quantity: 0.5 })).body).toMatchObject({
        quantity: '1.50000000', filled_quantity: '1.00000000', remaining_quantity: '0.50000000',
      });
      expect((await book()).bids).toEqual([['100.00', '0.50000000']]);
      for (const quantity of ['1', '0.5']) {
        await refusal(client.amend(order.order_id, { quantity }), 422, 'quantity_below_filled');
      }
      expect((await client.order(order.order_id)).body.trades).toHaveLength(1);
    });

    it('changes nothing when nothing is new', async () => {
      const order = await place();
      const same = await client.amend(order.order_id, { price: 100, quantity: 1 });
      expect(same.status).toBe(200);
      expect(same.body).toEqual(order);
      expect((await client.amend(order.order_id, { remaining_quantity: '1.0' })).body.sequence).toBe(order.sequence);
    });

    it('matches on the way in, and answers with this amend\'s trades only', async () => {
      const sell = await place({ side: 'sell', price: '101.00', quantity: '1' });
      const buy = await place({ price: '99.00', quantity: '3' });
      await client.place(market({ instrument, quantity: '1' }));
      const { body } = await client.amend(buy.order_id, { price: '101.00' });
      expect(body).toMatchObject({ price: '101.00', status: 'partially_filled', filled_quantity: '2.00000000', average_price: '100.00' });
      expect(body.trades.map((trade) => [trade.maker_order_id, trade.taker_order_id, trade.price])).toEqual([[sell.order_id, buy.order_id, '101.00']]);
      expect((await client.order(buy.order_id)).body.trades).toHaveLength(2);
      const filled = await client.amend(buy.order_id, { price: '102.00', quantity: '2.5' });
      expect(filled.body).toMatchObject({ remaining_quantity: '0.50000000', trades: [] });
    });

    it('leaves a post-only order alone that would match', async () => {
      await place({ side: 'sell', price: '101.00' });
      const order = await place({ post_only: true });
      await refusal(client.amend(order.order_id, { price: '101.00' }), 422, 'post_only_would_match');
      expect((await client.order(order.order_id)).body).toEqual(order);
      expect((await client.amend(order.order_id, { price: '100.99' })).body).toMatchObject({ price: '100.99', post_only: true });
    });

    it('refuses what is done, unknown or another client\'s', async () => {
      const order = await place();
      await refusal(client.amend(order.order_id, { client_id: 'thief', price: '1' }), 404, 'order_not_found');
      expect((await client.amend(order.order_id, { client_id: 'client-A', price: '99' })).body.price).toBe('99.00');
      await client.cancel(order.order_id);
      expect((await refusal(client.amend(order.order_id, { price: '1' }), 409, 'order_not_open')).body.order).toMatchObject({ status: 'cancelled' });
      await service.persisted();
      expect((await refusal(client.amend(order.order_id, { price: '1' }), 409, 'order_not_open')).body.order).toMatchObject({ status: 'cancelled' });
      await refusal(client.amend(UNKNOWN_ID, { price: '1' }), 404, 'order_not_found');
      await refusal(client.amend('my-7', { price: '1' }), 404, 'order_not_found');
    });

    const wrong: [string, unknown, string[]][] = [
      ['no change', {}, ['body']],
      ['both ways to say how much', { quantity: 1, remaining_quantity: 1 }, ['body']],
      ['another field', { price: 1, side: 'sell' }, ['side']],
      ['amounts that are none', { price: 'x', quantity: true }, ['quantity']],
      ['a price that is none', { price: '1e2' }, ['price']],
      ['amounts finer than a step', { price: '1.001', quantity: '0.000000001' }, ['price', 'quantity']],
      ['zero', { price: 0, remaining_quantity: '0' }, ['price', 'remaining_quantity']],
      ['null', { price: null }, ['price']],
    ];
    it.each(wrong)('refuses %s', async (_case, body, fields) => {
      const order = await place();
      const refused = await refusal(client.amend(order.order_id, body), 400, 'validation_failed');
      expect(refused.body.errors?.map(({ field }) => field)).toEqual(fields);
      expect((await client.order(order.order_id)).body).toEqual(order);
    });

    it('tells of the instrument\'s own steps, whatever others there are', async () => {
      const order = (await client.place(limit({ instrument: 'ODD-EUR', price: '10.25', quantity: '15' }))).body;
      const { body } = await refusal(client.amend(order.order_id, { price: '10.30', quantity: '12' }), 400, 'validation_failed');
      expect(body.errors).toEqual([{ field: 'price', message: 'must be a multiple of 0.25' }, { field: 'quantity', message: 'must be a multiple of 5' }]);
      expect((await client.amend(order.order_id, { price: '10.50', remaining_quantity: 20 })).body).toMatchObject({ price: '10.50', quantity: '20' });
    });

    it('refuses a total out of range and a level that could not hold it', async () => {
      const order = await place({ quantity: '2' });
      await client.place(market({ instrument, quantity: '1' }));
      await refusal(client.amend(order.order_id, { remaining_quantity: '90071992.54740991' }), 400, 'quantity_out_of_range');
      const other = await place({ client_id: 'other', quantity: '90071990' });
      await refusal(client.amend(order.order_id, { remaining_quantity: '5' }), 422, 'level_quantity_limit');
      await client.cancel(other.order_id);
    });

    it('refuses a body that is missing', async () => {
      const order = await place();
      await refusal(client.call('PATCH', `/orders/${order.order_id}`), 400, 'validation_failed');
    });
  });

  describe('DELETE /orders', () => {
    it('cancels all open orders of a client, over pages, and no other\'s', async () => {
      const placed: string[] = [];
      for (let i = 0; i < 10; i++) placed.push((await place({ client_id: 'many', price: `${90 + i}.00` })).order_id);
      const other = await place({ client_id: 'another' });
      const { status, body } = await client.call<{ cancelled: string[] }>('DELETE', '/orders?client_id=many');
      expect([status, body.cancelled]).toEqual([200, placed]);
      expect((await client.order(placed[0] as string)).body).toMatchObject({ status: 'cancelled', status_reason: 'mass_cancel' });
      expect((await client.order(other.order_id)).body.status).toBe('open');
      expect((await client.list('?client_id=many')).body.orders).toEqual([]);
      expect((await client.call('DELETE', '/orders/?client_id=many')).body).toEqual({ cancelled: [] });
    });

    it('cancels those of one instrument', async () => {
      const elsewhere = service.nextBook();
      const here = [await place({ client_id: 'picky' }), await place({ client_id: 'picky' })];
      const there = (await client.place(limit({ client_id: 'picky', instrument: elsewhere }))).body;
      const { body } = await client.call<{ cancelled: string[] }>('DELETE', `/orders?client_id=picky&instrument=${instrument}`);
      expect(body.cancelled).toEqual(here.map((order) => order.order_id));
      expect((await client.order(there.order_id)).body.status).toBe('open');
    });

    it('refuses what would cancel something else than was meant', async () => {
      const order = await place({ client_id: 'careful' });
      const all = (query: string, body?: unknown) => client.call('DELETE', `/orders${query}`, body === undefined ? {} : { body });
      await refusal(all(''), 400, 'validation_failed');
      await refusal(all('?client_id='), 400, 'validation_failed');
      await refusal(all('?client_id=%ff'), 400, 'validation_failed');
      await refusal(all('?client_id=careful%'), 400, 'validation_failed');
      await refusal(all('?client_id=careful&instrumnet=BTC-USD'), 400, 'validation_failed');
      await refusal(all('?client_id=careful&instrument='), 400, 'validation_failed');
      await refusal(all('?client_id=careful&client_id=another'), 400, 'validation_failed');
      await refusal(all('?client_id=careful', { instrument: 'BTC-USD' }), 400, 'validation_failed');
      await refusal(all('?client_id=careful&instrument=NO-SUCH'), 404, 'instrument_not_found');
      expect((await client.order(order.order_id)).body.status).toBe('open');
    });
  });

  describe('POST /orders/batch', () => {
    it('answers each operation as its single call would, in order', async () => {
      const resting = await place({ side: 'sell', price: '110.00' });
      const { status, body } = await client.batch([
        { op: 'place', ...limit({ instrument, client_order_id: 'b-1', quantity: '2' }) },
        { op: 'place', ...limit({ instrument, client_order_id: 'b-1' }) },
        { op: 'place', ...limit({ instrument, price: '-1' }) },
        { op: 'place', ...limit({ instrument: 'NO-SUCH' }) },
        { op: 'amend', client_id: 'client-A', client_order_id: 'b-1', price: '101.00' },
        { op: 'place', ...market({ instrument, quantity: '0.5' }) },
        { op: 'cancel', client_id: 'client-A', client_order_id: 'b-1' },
        { op: 'cancel', client_id: 'client-A', client_order_id: 'b-1' },
        { op: 'cancel', order_id: resting.order_id },
        { op: 'cancel', order_id: resting.order_id },
        { op: 'amend', order_id: resting.order_id, price: '1' },
        { op: 'amend', order_id: UNKNOWN_ID, price: '1' },
        { op: 'destroy' }, null, [], 5, 'x', {}, { op: 'place' }, { op: 'cancel' }, { op: 'cancel', order_id: 'my-7' },
        { op: 'cancel', order_id: UNKNOWN_ID, client_order_id: 'b-1', client_id: 'client-A' },
        { op: 'cancel', client_order_id: 'b-1' },
      ]);
      expect(status).toBe(200);
      expect(body.results.map((result) => [result.status, result.body.code ?? result.body.status])).toEqual([
        [201, 'open'], [409, 'duplicate_client_order_id'], [400, 'validation_failed'], [404, 'instrument_not_found'],
        [200, 'open'], [201, 'filled'], [200, 'cancelled'], [404, 'order_not_found'], [200, 'cancelled'], [409, 'order_not_open'],
        [409, 'order_not_open'], [404, 'order_not_found'],
        ...Array.from({ length: 8 }, () => [400, 'validation_failed']),
        // As in a path: what is no UUID names no order.
        [404, 'order_not_found'], [400, 'validation_failed'], [400, 'validation_failed'],
      ]);
      const [placed, , , , amended, taker, cancelled] = body.results.map((result) => result.body);
      expect(amended).toMatchObject({ order_id: placed?.order_id, price: '101.00' });
      expect(taker?.trades).toMatchObject([{ price: '101.00', quantity: '0.50000000', maker_order_id: placed?.order_id }]);
      expect(cancelled?.trades).toEqual(taker?.trades.map((trade) => ({ ...trade, role: 'maker' })));
      expect((await book()).asks).toEqual([]);
    });

    it('takes a thousand operations, not one more, and not none', async () => {
      const operations = Array.from({ length: 1_000 }, (_, i) => ({ op: 'place', ...limit({ instrument, client_id: 'bulk', price: `${100 + (i % 50)}.00` }) }));
      const { body } = await client.batch(operations);
      expect(body.results).toHaveLength(1_000);
      expect(new Set(body.results.map((result) => result.status))).toEqual(new Set([201]));
      const sequences = body.results.map((result) => result.body.sequence);
      expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
      const levels = (await book()).bids;
      expect([levels.length, levels[0]]).toEqual([20, ['149.00', '20.00000000']]);
      const { body: refused } = await refusal(client.batch([...operations, operations[0]]), 400, 'validation_failed');
      expect(refused.errors).toEqual([{ field: 'operations', message: 'must be an array of 1 to 1000 operations' }]);
      await refusal(client.batch([]), 400, 'validation_failed');
      expect((await client.call<{ cancelled: string[] }>('DELETE', '/orders?client_id=bulk')).body.cancelled).toHaveLength(1_000);
    });

    it('refuses what is not a batch', async () => {
      for (const body of [{}, [], null, { operations: {} }, { operations: null }, { operations: 'x' }, { operations: [], extra: 1 }]) {
        await refusal(client.call('POST', '/orders/batch', { body }), 400, 'validation_failed');
      }
      await refusal(client.call('POST', '/orders/batch'), 400, 'validation_failed');
      await refusal(client.call('POST', '/orders/batch?x=1', { body: { operations: [{ op: 'x' }] } }), 400, 'validation_failed');
    });
  });

  it('tells a thousand unknown orders of a batch one by one, whoever asks beside it', async () => {
    const operations = Array.from({ length: 1_000 }, (_, i) => ({ op: 'cancel', order_id: newOrderId(), ...(i % 2 === 0 && { idempotency_key: `unknown-${i}` }) }));
    const batches = await Promise.all([1, 2, 3, 4].map(() => client.batch(operations)));
    for (const { body: { results } } of batches) {
      expect(results.map(({ status, body }) => [status, (body as unknown as { code: string }).code])).toEqual(operations.map(() => [404, 'order_not_found']));
    }
  });
});
