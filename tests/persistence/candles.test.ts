import { STORED_INTERVALS_S, storedCandlesOf, type StoredCandle } from '../../src/domain/candle';
import type { Trade } from '../../src/domain/order';
import { Database } from '../../src/persistence/database';
import { DeadLetters } from '../../src/persistence/dead-letters';
import { testLogger, Venue, type RunningApp } from '../support/venue';
import { Client } from '../support/client';
import { Load, testSeed } from './support/load';
import { ShardView } from './support/shard-view';

type Text = Record<string, string>;

const COLUMNS = [
  'instrument', 'interval_s', 'start_s', 'open_ticks', 'high_ticks', 'low_ticks', 'close_ticks', 'volume_lots', 'notional', 'trades', 'first_trade_id',
  'last_trade_id',
];

/** The plainest way to a candle, and no part of the service: all of its trades, sorted and added up. */
function recomputed(trades: readonly Text[]): Text[] {
  const groups = new Map<string, Text[]>();
  for (const intervalS of STORED_INTERVALS_S) {
    for (const trade of trades) {
      const start = (BigInt(trade.executed_us as string) / 1_000_000n / BigInt(intervalS)) * BigInt(intervalS);
      const key = [trade.instrument, intervalS, start].join(' ');
      groups.set(key, [...groups.get(key) ?? [], trade]);
    }
  }
  const big = (group: readonly Text[], column: string): bigint[] => group.map((trade) => BigInt(trade[column] as string));
  const sum = (values: readonly bigint[]): string => String(values.reduce((a, b) => a + b, 0n));
  return [...groups].map(([key, group]) => {
    const [instrument, interval, start] = key.split(' ') as [string, string, string];
    group.sort((a, b) => Number(a.trade_id) - Number(b.trade_id));
    const [prices, lots, ids] = [big(group, 'price_ticks'), big(group, 'quantity_lots'), big(group, 'trade_id')];
    const sorted = [...prices].sort((a, b) => (a < b ? -1 : 1));
    return {
      instrument, interval_s: interval, start_s: start, open_ticks: String(prices[0]), high_ticks: String(sorted.at(-1)), low_ticks: String(sorted[0]),
      close_ticks: String(prices.at(-1)), volume_lots: sum(lots), notional: sum(lots.map((lot, i) => lot * (prices[i] as bigint))),
      trades: String(group.length), first_trade_id: String(ids[0]), last_trade_id: String(ids.at(-1)),
    };
  });
}

const byKey = (a: Text, b: Text): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

describe('the candles of the record', () => {
  let venue: Venue;
  let shard: ShardView;
  let running: RunningApp;
  let client: Client;

  beforeAll(async () => {
    // Entries that Postgres refuses are put aside, and trades may be worth more than a balance can hold.
    venue = await Venue.open({ environment: { FUNDS: 'off' } });
    shard = new ShardView(venue);
    running = await venue.start();
    client = new Client(() => running.url);
  });
  afterAll(async () => {
    client.close();
    await venue.close();
  });

  const asText = (columns: readonly string[]): string => columns.map((column) => `${column}::text`).join(', ');
  const kept = async (): Promise<Text[]> => (await venue.database.query<Text>(`SELECT ${asText(COLUMNS)} FROM candles`)).sort(byKey);
  const expected = async (): Promise<Text[]> => recomputed(await venue.database.query<Text>(
    `SELECT ${asText(['instrument', 'trade_id', 'price_ticks', 'quantity_lots', 'executed_us'])} FROM trades`)).sort(byKey);
  const place = async (body: Readonly<Record<string, unknown>>): Promise<void> => {
    const { status } = await client.post('/orders', { client_id: 'ann', instrument: 'BTC-USD', type: 'limit', ...body });
    expect(status).toBe(201);
  };

  it('hold sums beyond 2^53', async () => {
    for (let i = 0; i < 3; i++) {
      for (const side of ['sell', 'buy']) await place({ side, price: '90071992547409.91', quantity: '90071992.54740991' });
    }
    await shard.persisted();
    expect(await kept()).toEqual(await expected());
    const [hour] = await venue.database.query<Text>(`SELECT max(volume_lots)::text AS volume FROM candles WHERE interval_s = 3600`);
    expect(BigInt(hour?.volume as string)).toBeGreaterThan(3n * 9_007_199_254_740_990n);
  });

  it('are what all trades come to, whatever batches they were written in', async () => {
    const load = new Load(() => running.url, { seed: testSeed('candles'), workers: 4 });
    await load.run(150);
    await running.stop();
    running = await venue.start({ WRITER_BATCH_ENTRIES_MAX: '3' });
    await load.run(150);
    await shard.persisted();
    load.close();
    expect(load.unexpected).toEqual([]);
    const candles = await kept();
    expect(candles.length).toBeGreaterThan(6);
    expect(candles).toEqual(await expected());
  });

  it('open and close by trade id where a refused entry is written later than those after it', async () => {
    await venue.database.query(`ALTER TABLE orders ADD CONSTRAINT refuses_poison CHECK (client_id <> 'poison')`);
    for (const [i, taker] of ['poison', 'bob', 'poison', 'bob', 'poison'].entries()) {
      const price = `${70 - i}.00`;
      await place({ side: 'sell', price, quantity: '1' });
      await place({ client_id: taker, side: 'buy', price, quantity: '1' });
    }
    await shard.persisted();
    expect(await kept()).toEqual(await expected());
    await venue.database.query('ALTER TABLE orders DROP CONSTRAINT refuses_poison');
    const database = new Database(venue.database.url, 5_000, 1, testLogger);
    const { written } = await new DeadLetters(database, venue.shard).retry(null);
    await database.close();
    expect(written.length).toBeGreaterThanOrEqual(3);
    expect(await kept()).toEqual(await expected());
  });

  it('are made up for by the next writer where one wrote that knew none', async () => {
    const [{ sequence }] = await venue.database.query<{ sequence: string }>('SELECT sequence FROM checkpoints') as [{ sequence: string }];
    await venue.database.query('CREATE TABLE candles_before AS TABLE candles');
    for (const side of ['sell', 'buy', 'sell', 'buy']) await place({ side, price: '1.00', quantity: '1' });
    await shard.persisted();
    await running.stop();
    for (const [candlesSequence, candles] of [[sequence, 'TABLE candles_before'], ['0', 'TABLE candles_before LIMIT 0']]) {
      await venue.database.query(`TRUNCATE candles; INSERT INTO candles ${candles}; UPDATE checkpoints SET candles_sequence = ${candlesSequence}`);
      expect(await kept()).not.toEqual(await expected());
      running = await venue.start();
      for (const side of ['sell', 'buy']) await place({ side, price: '1.00', quantity: '1' });
      await shard.persisted();
      expect(await kept()).toEqual(await expected());
      await running.stop();
    }
  });
});

describe('what trades add to the stored candles', () => {
  const trade = (instrument: string, tradeId: number, executedUs: number, priceTicks = 10): Trade => ({
    instrument, tradeId, priceTicks, quantityLots: 1, takerSide: 'buy', makerOrderId: '', takerOrderId: '', executedUs,
  });
  const starts = (stored: readonly StoredCandle[]): [string, number, number, number][] =>
    stored.map(({ instrument, intervalS, candle }) => [instrument, intervalS, candle.startS, candle.trades]);

  it('begins with the first microsecond of an interval and ends before that of the next', () => {
    const hourUs = 3_600_000_000;
    expect(starts(storedCandlesOf([trade('A', 1, hourUs - 1), trade('A', 2, hourUs), trade('A', 3, hourUs + 999_999), trade('A', 4, hourUs + 1_000_000)]))).toEqual([
      ['A', 1, 3_599, 1], ['A', 1, 3_600, 2], ['A', 1, 3_601, 1], ['A', 60, 3_540, 1], ['A', 60, 3_600, 3], ['A', 3_600, 0, 1], ['A', 3_600, 3_600, 3],
    ]);
  });

  it('comes in one order, whatever the order of the trades', () => {
    const trades = [trade('B', 1, 5e6), trade('A', 2, 9e6), trade('B', 2, 7e6), trade('A', 1, 1e6)];
    expect(starts(storedCandlesOf(trades))).toEqual(starts(storedCandlesOf([...trades].reverse())));
  });
});
