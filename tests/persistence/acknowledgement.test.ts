import { until } from '../support/until';
import { Venue } from '../support/venue';
import { Client } from '../support/client';

const ORDERS = 40;

describe('an acknowledgement after Postgres', () => {
  let venue: Venue;

  beforeEach(async () => { venue = await Venue.open(); });
  afterEach(async () => { await venue.close(); });

  const order = (n: number): Record<string, unknown> => ({ client_id: 'ann', side: n % 2 === 0 ? 'buy' : 'sell', type: 'limit', price: '10.00', quantity: '1' });

  /** Places orders side by side and looks each one up in Postgres the moment it is answered. */
  const placeAndLook = async (client: Client, more: Record<string, unknown>): Promise<void> => {
    await Promise.all(Array.from({ length: ORDERS }, async (_, n) => {
      const { status, body } = await client.post('/orders', { ...order(n), ...more });
      expect(status).toBe(201);
      const { order_id: id, sequence, trades } = body as { order_id: string; sequence: number; trades: { trade_id: number }[] };
      const rows = await venue.database.query('SELECT 1 FROM orders WHERE order_id = $1', [id]);
      expect(rows).toHaveLength(1);
      expect(await venue.database.query('SELECT 1 FROM journal WHERE sequence = $1', [sequence])).toHaveLength(1);
      for (const { trade_id: tradeId } of trades) {
        expect(await venue.database.query('SELECT 1 FROM trades WHERE trade_id = $1', [tradeId])).toHaveLength(1);
      }
    }));
  };

  it('means that the row is there: asked for with the order', async () => {
    const running = await venue.start();
    const client = new Client(() => running.url);
    await placeAndLook(client, { ack: 'postgres' });
    client.close();
  });

  it('means that the row is there: by ACK_AFTER, with the writer in another process', async () => {
    const running = await venue.start({ ROLES: 'api', ACK_AFTER: 'postgres' });
    await venue.start({ ROLES: 'writer' });
    const client = new Client(() => running.url);
    await placeAndLook(client, {});
    const { body } = await client.post('/orders', order(0));
    const { order_id: id } = body as { order_id: string };
    const statusOf = async (): Promise<unknown> => (await venue.database.query<{ status: string }>('SELECT status FROM orders WHERE order_id = $1', [id]))[0]?.status;
    expect((await client.call('PATCH', `/orders/${id}`, { body: { price: '9.00' } })).status).toBe(200);
    expect(await venue.database.query(`SELECT price_ticks::int AS price FROM orders WHERE order_id = $1`, [id])).toEqual([{ price: 900 }]);
    expect((await client.post(`/orders/${id}/cancel`, {})).status).toBe(200);
    expect(await statusOf()).toBe('cancelled');
    client.close();
  });

  it('says outcome_unknown when no commit comes, and the key tells later', async () => {
    const running = await venue.start({ ROLES: 'api', ENGINE_TIMEOUT_MS: '400' });
    const client = new Client(() => running.url);
    const body = { ...order(0), ack: 'postgres', idempotency_key: 'patient' };
    const unknown = await client.post('/orders', body);
    expect(unknown.status).toBe(504);
    expect(unknown.body).toMatchObject({ code: 'outcome_unknown' });
    await venue.start({ ROLES: 'writer' });
    let answer = await client.post('/orders', body);
    await until('the outcome is known', async () => {
      answer = await client.post('/orders', body);
      return answer.status !== 504;
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('idempotency-replayed')).toBe('true');
    expect(await venue.database.query('SELECT 1 FROM orders')).toHaveLength(1);
    client.close();
  });
});
