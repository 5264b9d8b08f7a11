import { Venue } from '../support/venue';
import { Client } from '../support/client';
import { readRecord } from './support/record';
import { ShardView } from './support/shard-view';

const BACKLOG_MAX = 20;

describe('a full backlog', () => {
  it('refuses new orders and takes cancels, until a writer has drained it', async () => {
    const venue = await Venue.open({ environment: { BACKLOG_MAX: String(BACKLOG_MAX) } });
    const shard = new ShardView(venue);
    const running = await venue.start({ ROLES: 'api' });
    const client = new Client(() => running.url);
    const order = { client_id: 'ann', side: 'buy', type: 'limit', price: '10.00', quantity: '1' };
    const ids: string[] = [];
    for (let i = 0; i < BACKLOG_MAX; i++) {
      const { status, body } = await client.post('/orders', order);
      expect(status).toBe(201);
      ids.push((body as { order_id: string }).order_id);
    }

    const refused = await client.post('/orders', { ...order, idempotency_key: 'later' });
    expect(refused.status).toBe(503);
    expect(refused.body).toMatchObject({ code: 'backlog_full', status: 503 });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await client.call('PATCH', `/orders/${ids[0]}`, { body: { price: '11.00' } })).body).toMatchObject({ code: 'backlog_full' });
    const batch = await client.post('/orders/batch', { operations: [
      { op: 'place', ...order }, { op: 'cancel', order_id: ids[0] }, { op: 'place', ...order },
    ] });
    expect((batch.body as { results: { status: number }[] }).results.map(({ status }) => status)).toEqual([503, 200, 503]);
    expect((await client.post(`/orders/${ids[1]}/cancel`, {})).status).toBe(200);
    const all = await client.call('DELETE', '/orders?client_id=ann&instrument=BTC-USD');
    expect((all.body as { cancelled: string[] }).cancelled.sort()).toEqual(ids.slice(2).sort());
    expect(await shard.meta('seq')).toBe(BACKLOG_MAX + 3);

    const writer = await venue.start({ ROLES: 'writer' });
    await shard.persisted();
    const taken = await client.post('/orders', { ...order, idempotency_key: 'later' });
    expect(taken.status).toBe(201);
    expect(taken.headers.get('idempotency-replayed')).toBeNull();
    await shard.persisted();
    const record = await readRecord(venue.database);
    expect(record.orders.size).toBe(BACKLOG_MAX + 1);
    expect([...record.orders.values()].filter(({ status }) => status === 'cancelled')).toHaveLength(BACKLOG_MAX);
    await writer.stop();
    client.close();
    await venue.close();
  });
});
