import pg from 'pg';

/**
 * Open orders as the writer would have left them: 100 clients, both sides, 1,000 prices each, every tenth part-filled and
 * named. The database has its schema and a checkpoint, and nobody works on it.
 */
export async function fillOpenOrders(url: string, orders: number): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`INSERT INTO orders (order_id, client_id, client_order_id, instrument, side, type, time_in_force, post_only, price_ticks,
        quantity_lots, filled_lots, notional, status, status_reason, sequence, fill_sequence, priority, created_us, updated_us, shard, placed_sequence)
      SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'client-' || n % 100, CASE WHEN n % 10 = 0 THEN 'name-' || n END,
        CASE n % 3 WHEN 0 THEN 'ETH-USD' ELSE 'BTC-USD' END, CASE n % 2 WHEN 0 THEN 'buy' ELSE 'sell' END, 'limit', 'gtc', false,
        CASE n % 2 WHEN 0 THEN 4000000 + n % 1000 ELSE 5000000 + n % 1000 END, 1000 + n % 977, CASE WHEN n % 10 = 0 THEN 7 ELSE 0 END,
        CASE WHEN n % 10 = 0 THEN 7 * (4000000 + n % 1000) ELSE 0 END, CASE WHEN n % 10 = 0 THEN 'partially_filled' ELSE 'open' END, NULL, n,
        CASE WHEN n % 10 = 0 THEN n ELSE 0 END, n, 1700000000000000 + n, 1700000000000000 + n, 'main', n
      FROM generate_series(1, $1::bigint) AS n`, [orders]);
    await client.query('UPDATE checkpoints SET sequence = $1::bigint, time_us = 1700000000000000 + $1::bigint', [orders]);
    await client.query('ANALYZE orders');
  } finally {
    await client.end();
  }
}
