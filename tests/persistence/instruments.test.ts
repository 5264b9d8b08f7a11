import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../support/servers';
import { Venue } from '../support/venue';
import { callOnce, Client } from '../support/client';
import { ServiceProcess } from './support/service-process';
import { ShardView } from './support/shard-view';

const BTC = { instrument: 'BTC-USD', base: 'BTC', quote: 'USD', tick_size: '0.01', lot_size: '0.00000001' };
const SOL = { instrument: 'SOL-EUR', base: 'SOL', quote: 'EUR', tick_size: '0.05', lot_size: '0.1' };

describe('the register of instruments', () => {
  let venue: Venue;
  let directory: ReturnType<typeof temporaryDirectory>;

  beforeEach(async () => {
    venue = await Venue.open();
    directory = temporaryDirectory('instruments');
  });
  afterEach(async () => {
    directory.remove();
    await ServiceProcess.killAll();
    await venue.close();
  });

  const file = (name: string, instruments: readonly unknown[]): Record<string, string> => {
    const path = join(directory.path, name);
    writeFileSync(path, JSON.stringify(instruments));
    return { INSTRUMENTS_FILE: path };
  };

  it('refuses to start with another tick or lot than the records were made in', async () => {
    await (await venue.start(file('first.json', [BTC, SOL]))).stop();
    const cases: [name: string, change: unknown, said: string][] = [
      ['tick.json', { ...SOL, tick_size: '0.01' }, 'instrument SOL-EUR has tick 0.05 and lot 0.1 in the records, but 0.01 and 0.1 in the instruments file'],
      ['lot.json', { ...SOL, lot_size: '0.10' }, 'instrument SOL-EUR has tick 0.05 and lot 0.1 in the records, but 0.05 and 0.10 in the instruments file'],
    ];
    await Promise.all(cases.map(async ([name, change, said]) => {
      const service = new ServiceProcess(venue.environment({ ...file(name, [BTC, change]), LOG_LEVEL: 'fatal' }));
      expect(await service.exited()).toBe(1);
      expect(service.stderr).toBe(`openfill: ${said}\n`);
    }));
    // As it was, it starts; and a new instrument is welcome.
    const again = await venue.start(file('more.json', [BTC, SOL, { ...SOL, instrument: 'SOL-USD', quote: 'USD' }]));
    expect((await callOnce(again.url, 'GET', '/public/instruments')).status).toBe(200);
  });

  it('keeps the history of an instrument readable that is not traded any more', async () => {
    const shard = new ShardView(venue);
    const first = await venue.start(file('both.json', [BTC, SOL]));
    const client = new Client(() => first.url);
    const order = { client_id: 'ann', instrument: 'SOL-EUR', type: 'limit', price: '20.05', quantity: '1.5' };
    const maker = (await client.post('/orders', { ...order, side: 'sell' })).body as { order_id: string };
    const taker = (await client.post('/orders', { ...order, side: 'buy' })).body as { order_id: string; trades: unknown[] };
    expect(taker.trades).toHaveLength(1);
    const told = (await client.get(`/public/orders/${maker.order_id}`)).body;
    await shard.persisted();
    client.close();
    await first.stop();

    const second = await venue.start(file('one.json', [BTC]));
    const later = new Client(() => second.url);
    expect((await later.get(`/public/orders/${maker.order_id}`)).body).toEqual(told);
    const listed = (await later.get('/orders?client_id=ann&status=all')).body as { orders: { order_id: string; price: string; quantity: string }[] };
    expect(listed.orders.map(({ order_id: id }) => id)).toEqual([taker.order_id, maker.order_id]);
    expect(listed.orders[0]).toMatchObject({ price: '20.05', quantity: '1.5', status: 'filled' });
    expect((await later.post('/orders', { ...order, side: 'buy' })).body).toMatchObject({ code: 'instrument_not_found' });
    later.close();
  });

  it('refuses to amend an order of an instrument that is not traded any more, whoever remembers it; it can be cancelled', async () => {
    const first = await venue.start(file('both.json', [BTC, SOL]));
    const client = new Client(() => first.url);
    const order = { client_id: 'ann', instrument: 'SOL-EUR', side: 'buy', type: 'limit', price: '20.05', quantity: '1.5', client_order_id: 'mine' };
    const { order_id: id } = (await client.post('/orders', order)).body as { order_id: string };
    client.close();
    await first.stop();

    const second = await venue.start(file('one.json', [BTC]));
    const later = new Client(() => second.url);
    const byName = { op: 'amend', client_id: 'ann', client_order_id: 'mine', price: '20.10' };
    const refusals = async (): Promise<unknown[]> => {
      const { results } = (await later.post('/orders/batch', { operations: [byName] })).body as { results: { status: number; body: { code: string } }[] };
      const answers = [
        await later.call('PATCH', `/orders/${id}`, { body: { price: '20.10' } }),
        await later.call('PATCH', `/orders/${id}`, { body: { quantity: '0.5', idempotency_key: 'k' } }),
        ...results,
      ];
      return answers.map(({ status, body }) => [status, (body as { code: string }).code]);
    };
    const refused = Array.from({ length: 3 }, () => [404, 'instrument_not_found']);
    expect(await refusals()).toEqual(refused);
    // What fits none of its steps is told field by field.
    const odd = await later.call('PATCH', `/orders/${id}`, { body: { price: '20.01' } });
    expect([odd.status, (odd.body as { errors: { field: string }[] }).errors.map(({ field }) => field)]).toEqual([400, ['price']]);
    expect((await later.get(`/public/orders/${id}`)).body).toMatchObject({ status: 'open', price: '20.05' });
    expect(await refusals()).toEqual(refused);
    expect((await later.post(`/orders/${id}/cancel`, {})).body).toMatchObject({ status: 'cancelled' });
    later.close();
  });
});
