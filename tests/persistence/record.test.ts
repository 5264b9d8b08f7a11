import { Venue } from '../support/venue';
import { Client } from '../support/client';
import { Load, testSeed } from './support/load';
import { faultsOf, readRecord } from './support/record';
import { ShardView } from './support/shard-view';

/** Redis drops whole nodes of a stream, so a trimmed log may keep a node more than it was asked to. */
const STREAM_NODE_ENTRIES = 100;

describe('the record in Postgres', () => {
  let venue: Venue;
  let shard: ShardView;

  beforeEach(async () => {
    venue = await Venue.open();
    shard = new ShardView(venue);
  });
  afterEach(async () => { await venue.close(); });

  it('holds exactly what was answered, and the log word for word', async () => {
    const seed = testSeed('record');
    const running = await venue.start({ LOG_TAIL_ENTRIES: '1000000', WRITER_BATCH_ENTRIES_MAX: '97' });
    const load = new Load(() => running.url, { seed, workers: 8 });
    await load.run(700);
    load.close();
    await shard.persisted();

    const record = await readRecord(venue.database);
    expect(faultsOf(record, load)).toEqual([]);
    expect(record.deadLetters).toEqual([]);
    expect(record.checkpoint).toBe(await shard.meta('seq'));
    const log = await shard.log();
    expect(log.map(({ sequence }) => sequence)).toEqual(record.sequences);
    expect(log.map(({ payload }) => payload)).toEqual(record.payloads);
    // Enough of everything for the comparison to mean something.
    expect(record.trades.length).toBeGreaterThan(300);
    expect(new Set([...record.orders.values()].map((order) => order.status))).toEqual(
      new Set(['open', 'partially_filled', 'filled', 'cancelled', 'rejected']),
    );
  });

  it('lets Redis forget what is persisted: done orders, the log behind its tail, old trades', async () => {
    const seed = testSeed('trim');
    const tail = 50;
    const kept = 20;
    const running = await venue.start({ LOG_TAIL_ENTRIES: String(tail), RECENT_TRADES_KEPT: String(kept), WRITER_BATCH_ENTRIES_MAX: '50' });
    const load = new Load(() => running.url, { seed, workers: 8 });
    await load.run(500);
    await shard.persisted();

    const record = await readRecord(venue.database);
    expect(faultsOf(record, load)).toEqual([]);
    const open = [...record.orders.values()].filter((order) => order.status === 'open' || order.status === 'partially_filled');
    expect(open.length).toBeGreaterThan(0);
    expect(await venue.redis.command('HLEN', shard.key('orders'))).toBe(open.length);
    const { length } = await shard.log();
    expect(length).toBeGreaterThanOrEqual(tail);
    expect(length).toBeLessThanOrEqual(tail + STREAM_NODE_ENTRIES);
    for (const instrument of ['BTC-USD', 'ETH-USD']) {
      const trades = record.trades.filter((trade) => trade.instrument === instrument);
      expect(trades.length).toBeGreaterThan(kept);
      expect(await venue.redis.command('LLEN', shard.key(`trades:${instrument}`))).toBe(kept);
    }

    // What Redis forgot is still answered, from the record.
    const client = new Client(() => running.url);
    for (const [id, order] of [...record.orders].filter((_, i) => i % 25 === 0)) {
      const { status, body } = await client.get(`/public/orders/${id}`);
      expect(status).toBe(200);
      expect(body).toMatchObject({ order_id: id, status: order.status, sequence: Number(order.sequence) });
    }
    const all: number[] = [];
    let before = '';
    for (;;) {
      const { body } = await client.get(`/public/trades?instrument=BTC-USD&limit=70${before}`);
      const page = (body as { trades: { trade_id: number }[] }).trades.map((trade) => trade.trade_id);
      if (page.length === 0) break;
      all.push(...page);
      before = `&before=${all.at(-1) ?? 0}`;
    }
    expect(all).toEqual(record.trades.filter((trade) => trade.instrument === 'BTC-USD').map((trade) => Number(trade.trade_id)).reverse());
    client.close();
    load.close();
  });
});
