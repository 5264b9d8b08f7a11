import { audit } from '../audit/support';
import { StreamClient } from '../stream/support/stream-client';
import { refusal, type Client, type OrderWithTradesView, type ProblemBody } from '../support/client';
import type { InstrumentView } from '../../src/dialects/native/present-market';
import { until } from '../support/until';
import { Venue, type RunningApp } from '../support/venue';
import { Client as VenueClient } from '../support/client';

const SOL = { instrument: 'SOL-USD', base: 'SOL', quote: 'USD', tick_size: '0.01', lot_size: '0.001' };

describe('instruments at run time', () => {
  let venue: Venue;
  let running: RunningApp;
  let client: Client;
  const stops: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    venue = await Venue.open();
    running = await venue.start();
    client = new VenueClient(() => running.url);
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
    client.close();
    await venue.close();
  });

  const listed = async (name: string): Promise<InstrumentView | undefined> => {
    const { body } = await client.get<{ instruments: InstrumentView[] }>('/public/instruments');
    return body.instruments.find(({ instrument }) => instrument === name);
  };
  const open = (body: object) => client.post<InstrumentView>('/instruments', body);
  const change = (name: string, body: object) => client.call<InstrumentView>('PATCH', `/instruments/${name}`, { body });
  const order = (more: object) => client.post<OrderWithTradesView>('/orders', {
    client_id: 'ann', instrument: 'SOL-USD', side: 'buy', type: 'limit', price: '100', quantity: '1', ...more,
  });

  test('one is made, told, traded, and stays what it is', async () => {
    const stream = await StreamClient.open(running.url);
    stops.push(() => stream.close());
    const { status, body } = await open({ ...SOL, min_value: '10', idempotency_key: 'sol' });
    expect([status, body]).toEqual([201, {
      ...SOL, price_min: '0.01', price_max: '90071992547409.91', quantity_min: '0.001', quantity_max: '9007199254740.991', min_value: '10.00000',
      price_band: null, band_window_s: null, max_slippage: null, state: 'open', fees: { maker: '0', taker: '0' },
    }]);
    const again = await open({ ...SOL, min_value: '10', idempotency_key: 'sol' });
    expect([again.status, again.headers.get('Idempotency-Replayed')]).toEqual([201, 'true']);
    await refusal(open({ ...SOL, min_value: '11', idempotency_key: 'sol' }), 422, 'idempotency_key_reused');
    await refusal(open(SOL), 409, 'instrument_exists');
    expect(await listed('SOL-USD')).toEqual(body);

    const placed = await order({});
    expect([placed.status, placed.body.status]).toEqual([201, 'open']);
    const small = await refusal(order({ quantity: '0.099' }), 422, 'value_below_minimum');
    expect(small.body).toMatchObject({ instrument: 'SOL-USD', min_value: '10.00000' });
    expect((await client.get<{ bids: unknown[] }>('/public/orderbook?instrument=SOL-USD')).body.bids).toEqual([['100.00', '1.000']]);

    // Who follows everything follows it, too.
    await until('the stream tells the order', () => Promise.resolve(stream.messages.some(({ type, instrument }) => type === 'order' && instrument === 'SOL-USD')));
    expect(stream.messages.some(({ type, instrument }) => type === 'instrument' && instrument === 'SOL-USD')).toBe(true);
    expect(stream.messages.some(({ type, instrument }) => type === 'orderbook_snapshot' && instrument === 'SOL-USD')).toBe(true);
  });

  test('what does not fit is refused', async () => {
    const errors = async (body: object): Promise<unknown> => (await refusal(open(body), 400, 'validation_failed')).body.errors;
    expect(await errors({ ...SOL, instrument: 'X-USD', base: 'X', tick_size: '0.0000000001' })).toEqual([
      { field: 'tick_size', message: 'needs 13 decimals of USD, which has 10' },
    ]);
    expect(await errors({ ...SOL, instrument: 'X-USD', tick_size: '0', lot_size: 'x' })).toMatchObject([{ field: 'tick_size' }, { field: 'lot_size' }]);
    expect(await errors({ ...SOL, instrument: 'X-X', base: 'USD' })).toMatchObject([{ field: 'quote' }]);
    expect(await errors({ ...SOL, instrument: 'X-USD', min_value: '0.000001' })).toEqual([{ field: 'min_value', message: 'must be a multiple of 0.00001' }]);
    await refusal(open({ ...SOL, instrument: 'X-USD', price_min: '2', price_max: '1' }), 422, 'instrument_limits_crossed');
    await refusal(change('NO-USD', { state: 'halted' }), 404, 'instrument_not_found');
    await refusal(change('SOL-USD', {}), 400, 'validation_failed');
  });

  test('its state decides what is taken', async () => {
    const resting = (await order({ price: '99' })).body.order_id;
    expect((await change('SOL-USD', { state: 'post_only' })).body.state).toBe('post_only');
    expect((await refusal(order({ price: '98' }), 409, 'instrument_not_open')).body).toMatchObject({ instrument: 'SOL-USD', state: 'post_only' });
    expect((await order({ price: '98', post_only: true })).status).toBe(201);
    await refusal(client.call<ProblemBody>('PATCH', `/orders/${resting}`, { body: { price: '97' } }), 409, 'instrument_not_open');
    expect((await client.call<OrderWithTradesView>('PATCH', `/orders/${resting}`, { body: { quantity: '0.5' } })).status).toBe(200);
    await refusal(client.call<ProblemBody>('PATCH', `/orders/${resting}`, { body: { quantity: '0.001' } }), 422, 'value_below_minimum');

    // An edit that does not name the state leaves it alone.
    expect((await change('SOL-USD', { quantity_max: '50' })).body).toMatchObject({ state: 'post_only', quantity_max: '50.000' });
    expect((await refusal(order({ quantity: '51', post_only: true }), 400, 'validation_failed')).body.errors).toMatchObject([{ field: 'quantity' }]);

    await change('SOL-USD', { state: 'halted' });
    await refusal(client.call<ProblemBody>('DELETE', `/orders/${resting}`), 409, 'instrument_not_open');
    await refusal(client.call<ProblemBody>('DELETE', '/orders?client_id=ann&instrument=SOL-USD'), 409, 'instrument_not_open');
    const elsewhere = (await client.post<OrderWithTradesView>('/orders', {
      client_id: 'ann', instrument: 'BTC-USD', side: 'buy', type: 'limit', price: '100', quantity: '1',
    })).body.order_id;
    expect((await client.call<{ cancelled: string[] }>('DELETE', '/orders?client_id=ann')).body.cancelled).toEqual([elsewhere]);
    const keyed = { price: '96', idempotency_key: 'halted' };
    await refusal(order(keyed), 409, 'instrument_not_open');
    await change('SOL-USD', { state: 'cancel_only', min_value: 0 });
    const replayed = await refusal(order(keyed), 409, 'instrument_not_open');
    expect([replayed.headers.get('Idempotency-Replayed'), replayed.body]).toMatchObject(['true', { state: 'halted' }]);
    expect((await client.call('DELETE', `/orders/${resting}`)).status).toBe(200);
  });

  test('bounds how far behind the best price its market orders take, whatever they say themselves', async () => {
    const market = (more: object) => client.post<OrderWithTradesView>('/orders', { client_id: 'bob', instrument: 'SOL-USD', side: 'buy', type: 'market', quantity: '3', ...more });
    for (const max_slippage of ['1.1', '0.0000001']) {
      expect((await refusal(change('SOL-USD', { max_slippage }), 400, 'validation_failed')).body.errors).toMatchObject([{ field: 'max_slippage' }]);
    }
    const key = { max_slippage: '0.02', state: 'open', idempotency_key: 'slippage' };
    expect((await change('SOL-USD', key)).body).toMatchObject({ max_slippage: '0.02', state: 'open' });
    await refusal(change('SOL-USD', { ...key, max_slippage: '0.03' }), 422, 'idempotency_key_reused');
    // Both bids of earlier tests are far below.
    for (const price of ['200', '203', '205']) await order({ side: 'sell', price, quantity: '1' });
    expect((await market({ max_slippage: '0.5' })).body).toMatchObject({ status: 'cancelled', status_reason: 'price_protection', filled_quantity: '2.000' });
  });

  test('its bound on market orders can be taken off', async () => {
    expect((await change('SOL-USD', { max_slippage: '0' })).body.max_slippage).toBeNull();
    await order({ side: 'sell', price: '300', quantity: '1' });
    const taken = (await client.post<OrderWithTradesView>('/orders', { client_id: 'bob', instrument: 'SOL-USD', side: 'buy', type: 'market', quantity: '2' })).body;
    expect([taken.status, taken.trades.map(({ price }) => price)]).toEqual(['filled', ['205.00', '300.00']]);
  });

  test('a second process knows it at once, and a start knows it again', async () => {
    const second = await venue.start();
    const other = new VenueClient(second.url);
    try {
      expect((await other.get<{ instruments: InstrumentView[] }>('/public/instruments')).body.instruments).toContainEqual(await listed('SOL-USD'));
      await change('SOL-USD', { state: 'open' });
      await until('the second process knows', async () => (await other.get<{ instruments: InstrumentView[] }>('/public/instruments')).body.instruments
        .some(({ instrument, state }) => instrument === 'SOL-USD' && state === 'open'));
      await open({ ...SOL, instrument: 'ADA-USD', base: 'ADA' });
      await until('the second process trades it', async () => (await other.get<{ instruments: InstrumentView[] }>('/public/instruments')).body.instruments
        .some(({ instrument }) => instrument === 'ADA-USD'));
      expect((await other.post('/orders', { client_id: 'bob', instrument: 'ADA-USD', side: 'sell', type: 'limit', price: '1', quantity: '1' })).status).toBe(201);
    } finally {
      other.close();
      await second.stop();
    }
    const before = await listed('SOL-USD');
    await running.stop();
    running = await venue.start();
    expect(await listed('SOL-USD')).toEqual(before);
    expect((await order({ price: '95' })).status).toBe(201);
  });

  test('a rebuilt shard has it, and the record stands up to an audit', async () => {
    await change('ADA-USD', { state: 'halted' });
    const before = await listed('ADA-USD');
    await running.stop();
    expect(await audit(venue)).toEqual([]);
    await venue.redis.dropShard(venue.shard);
    running = await venue.start();
    expect(await listed('ADA-USD')).toEqual(before);
    await refusal(order({ instrument: 'ADA-USD', price: '1' }), 409, 'instrument_not_open');
    expect((await order({ price: '100.01', side: 'sell' })).body.trades).toEqual([]);
    expect((await order({ price: '94', side: 'sell' })).body.trades).toHaveLength(1);
    await running.stop();
    expect(await audit(venue)).toEqual([]);
    running = await venue.start();
  });
});
