import { ageKeys } from '../support/old-keys';
import { Venue } from '../support/venue';
import { Client, type Answer } from '../support/client';
import { ShardView } from './support/shard-view';
import { until } from '../support/until';

const LIFETIME_S = 3_600;

const FILLER_BATCH = 200;

describe('idempotency keys', () => {
  it('are answered from the journal once their entries have left the log', async () => {
    const venue = await Venue.open({ environment: { LOG_TAIL_ENTRIES: '1' } });
    const shard = new ShardView(venue);
    const running = await venue.start();
    const client = new Client(() => running.url);
    const order = { client_id: 'ann', side: 'buy', type: 'limit', price: '10.00', quantity: '2' };
    const resting = (await client.post('/orders', order)).body as { order_id: string };
    const amended = (await client.post('/orders', { ...order, price: '9.00' })).body as { order_id: string };
    const done = (await client.post('/orders', { ...order, side: 'sell', price: '10.00', quantity: '1' })).body as { order_id: string };

    const calls: (() => Promise<Answer>)[] = [
      () => client.post('/orders', { ...order, side: 'sell', price: '10.00', quantity: '0.5', idempotency_key: 'trades' }),
      () => client.post('/orders', { ...order, time_in_force: 'fok', price: '1.00', idempotency_key: 'rejected' }),
      () => client.call('PATCH', `/orders/${amended.order_id}`, { body: { price: '8.00', idempotency_key: 'amend' } }),
      () => client.call('PATCH', `/orders/${amended.order_id}`, { body: { price: '8.00', idempotency_key: 'amends nothing' } }),
      () => client.post(`/orders/${resting.order_id}/cancel`, { idempotency_key: 'cancel' }),
      () => client.call('DELETE', `/orders/${done.order_id}`, { headers: { 'Idempotency-Key': 'cancel of a done order' } }),
      () => client.call('PATCH', `/orders/${done.order_id}`, { body: { quantity: '3', idempotency_key: 'amend of a done order' } }),
    ];
    const first: Answer[] = [];
    for (const call of calls) first.push(await call());
    expect(first.map(({ status }) => status)).toEqual([201, 201, 200, 200, 200, 409, 409]);
    const keyed = await shard.meta('seq');

    // Whole nodes of the stream go at once: other entries push these out.
    const filler = Array.from({ length: FILLER_BATCH }, () => ({ op: 'place', ...order, client_id: 'filler', time_in_force: 'ioc', price: '0.01' }));
    await until('the entries have left the log', async () => {
      await client.post('/orders/batch', { operations: filler });
      await shard.persisted();
      return ((await shard.log())[0]?.sequence ?? 0) > keyed;
    });

    for (const [i, call] of calls.entries()) {
      const again = await call();
      expect(again.status).toBe(first[i]?.status);
      expect(again.headers.get('idempotency-replayed')).toBe('true');
      const { instance: _before, ...before } = (first[i] as Answer).body as Record<string, unknown>;
      const { instance: _after, ...after } = again.body as Record<string, unknown>;
      expect(after).toEqual(before);
    }
    const other = await client.post('/orders', { ...order, quantity: '7', idempotency_key: 'rejected' });
    expect(other.status).toBe(422);
    expect(other.body).toMatchObject({ code: 'idempotency_key_reused' });
    client.close();
    await venue.close();
  });

  it('leave Redis once their lifetime is over, and may be used anew', async () => {
    const venue = await Venue.open({ environment: { IDEMPOTENCY_TTL: String(LIFETIME_S) } });
    const shard = new ShardView(venue);
    const running = await venue.start({ ROLES: 'api' });
    const client = new Client(() => running.url);
    const order = { client_id: 'ann', side: 'buy', type: 'limit', price: '10.00', quantity: '2' };
    const key = (n: number): Record<string, string> => ({ idempotency_key: `key ${n}` });
    const keys = async (): Promise<number> => Number(await venue.redis.command('HLEN', shard.key('idem')));
    const first: Answer[] = [];
    for (let n = 0; n < 5; n++) first.push(await client.post('/orders', { ...order, ...key(n) }));
    expect((await client.post('/orders', { ...order, ...key(0) })).headers.get('idempotency-replayed')).toBe('true');
    expect(await keys()).toBe(5);

    await ageKeys((...command) => venue.redis.command(...command), shard.key('idem'), LIFETIME_S);
    const renewed = await client.post('/orders', { ...order, quantity: '3', ...key(0) });
    expect(renewed.status).toBe(201);
    expect((renewed.body as { order_id: string }).order_id).not.toBe(((first[0] as Answer).body as { order_id: string }).order_id);
    // The sweep finds old keys by the journal's times.
    await (await venue.start({ ROLES: 'writer' })).stop();
    await venue.database.query(`BEGIN; SET LOCAL session_replication_role = replica;
      UPDATE journal SET at = at - interval '${LIFETIME_S + 1} seconds' WHERE sequence <= ${first.length}; COMMIT`);
    const writer = await venue.start({ ROLES: 'writer' });
    await until('the old keys are swept', async () => await keys() === 1);
    expect((await client.post('/orders', { ...order, quantity: '3', ...key(0) })).headers.get('idempotency-replayed')).toBe('true');
    expect((await client.post('/orders', { ...order, ...key(1) })).headers.get('idempotency-replayed')).toBeNull();
    await writer.stop();
    client.close();
    await venue.close();
  });
});
