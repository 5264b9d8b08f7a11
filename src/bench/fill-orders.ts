import pg from 'pg';
import { DEFAULT_FEE_GROUP, ISSUANCE } from '../domain/money';
import { MAKER_RATE, TAKER_RATE } from './money';

/** Units of each asset that an account has. */
const GIVEN = `1${'0'.repeat(16)}`;

/** What the ticks and lots of each instrument are worth, in the record's assets. */
const SCALES = `
  SELECT i.instrument, i.base, i.quote, i.lot_size::numeric * 10::numeric ^ b.decimals AS lot_units,
    i.tick_size::numeric * i.lot_size::numeric * 10::numeric ^ q.decimals AS value_units
  FROM instruments AS i JOIN assets AS b ON b.asset = i.base JOIN assets AS q ON q.asset = i.quote`;

/** What each open order holds, from its row alone. A rebuild tells it from the orders as well, and refuses to differ. */
const HOLDS = `
  SELECT client_id AS account, CASE side WHEN 'sell' THEN base ELSE quote END AS asset,
    CASE side WHEN 'sell' THEN lots * lot_units ELSE value + ceil((owed + value * rate) / 1000000) - ceil(owed / 1000000) END AS units
  FROM (
    SELECT client_id, side, base, quote, lot_units, (quantity_lots - filled_lots)::numeric AS lots,
      price_ticks::numeric * (quantity_lots - filled_lots) * value_units AS value,
      fee_units * 1000000 + fee_millionths AS owed, greatest(maker_fee_rate, taker_fee_rate, 0) AS rate
    FROM orders JOIN (${SCALES}) AS scales USING (instrument)
  ) AS priced`;

/** The n-th order: both sides, 1,000 prices each, every tenth part-filled and named. */
const ORDERS = `
  SELECT n, ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS order_id, CASE WHEN n % 10 = 0 THEN 'name-' || n END AS client_order_id,
    CASE n % 3 WHEN 0 THEN 'ETH-USD' ELSE 'BTC-USD' END AS instrument, CASE n % 2 WHEN 0 THEN 'buy' ELSE 'sell' END AS side,
    CASE n % 2 WHEN 0 THEN 4000000 + n % 1000 ELSE 5000000 + n % 1000 END AS price_ticks, 1000 + n % 977 AS quantity_lots,
    CASE WHEN n % 10 = 0 THEN 7 ELSE 0 END AS filled_lots, CASE WHEN n % 10 = 0 THEN 7 * (4000000 + n % 1000) ELSE 0 END AS notional
  FROM generate_series(1, $1::bigint) AS n`;

const COLUMNS = `order_id, client_id, client_order_id, instrument, side, type, time_in_force, post_only, price_ticks, quantity_lots, filled_lots, notional,
  status, status_reason, sequence, fill_sequence, priority, created_us, updated_us, shard, placed_sequence`;

/** The columns of an order, in that order. @param client an expression of the order's number */
const columnsOf = (client: string): string => `order_id, ${client}, client_order_id, instrument, side, 'limit', 'gtc', false, price_ticks, quantity_lots, filled_lots, notional,
  CASE WHEN filled_lots > 0 THEN 'partially_filled' ELSE 'open' END, NULL, n, CASE WHEN filled_lots > 0 THEN n ELSE 0 END, n,
  1700000000000000 + n, 1700000000000000 + n, 'main', n`;

async function onDatabase(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

async function checkpointAt(client: pg.Client, sequence: number): Promise<void> {
  await client.query('UPDATE checkpoints SET sequence = $1::bigint, time_us = 1700000000000000 + $1::bigint', [sequence]);
}

/** Open orders of 100 clients as the writer would have left them. The database has its schema and a checkpoint, and nobody works on it. */
export async function fillOpenOrders(url: string, orders: number): Promise<void> {
  await onDatabase(url, async (client) => {
    await client.query(`INSERT INTO orders (${COLUMNS}) SELECT ${columnsOf("'client-' || n % 100")} FROM (${ORDERS}) AS made`, [orders]);
    await checkpointAt(client, orders);
    await client.query('ANALYZE orders');
  });
}

/**
 * The same orders with fees, of `accounts` that have been given more than enough of all they offer. Each has as many orders as any other, on both sides.
 * The database has the default instruments' assets as well.
 */
export async function fillOrdersOfAccounts(url: string, orders: number, accounts: number): Promise<void> {
  await onDatabase(url, async (client) => {
    // What is filled was filled by others: it was charged as a maker.
    await client.query(`INSERT INTO orders (${COLUMNS}, maker_fee_rate, taker_fee_rate, fee_units, fee_millionths)
      SELECT ${columnsOf("'account-' || (n - 1) / $2::bigint")}, $3::integer, $4::integer, div(owed, 1000000), mod(owed, 1000000)
      FROM (SELECT made.*, notional * value_units * $3::integer AS owed FROM (${ORDERS}) AS made JOIN (${SCALES}) AS scales USING (instrument)) AS charged`,
    [orders, orders / accounts, MAKER_RATE, TAKER_RATE]);
    await client.query(`INSERT INTO accounts (shard, account, name, status, credit, fee_group, created_us, sequence)
      SELECT 'main', client_id, NULL, 'active', 'venue', $1, min(created_us), min(sequence) FROM orders GROUP BY client_id`, [DEFAULT_FEE_GROUP]);
    await client.query(`INSERT INTO balances (shard, account, asset, total, held, postings, sequence)
      SELECT 'main', account, asset, $2, round(sum(units)), 1, $1 FROM (${HOLDS}) AS holds GROUP BY account, asset`, [orders, GIVEN]);
    await client.query(`INSERT INTO balances (shard, account, asset, total, held, postings, sequence)
      SELECT 'main', $1, asset, -sum(total), 0, count(*), $2 FROM balances GROUP BY asset`, [ISSUANCE, orders]);
    await client.query(`INSERT INTO fee_groups (shard, fee_group, rates, sequence) VALUES ('main', $1, $2, 1)`,
      [DEFAULT_FEE_GROUP, JSON.stringify([{ instrument: null, maker: MAKER_RATE, taker: TAKER_RATE }])]);
    await checkpointAt(client, orders);
    await client.query('ANALYZE orders, accounts, balances');
  });
}
