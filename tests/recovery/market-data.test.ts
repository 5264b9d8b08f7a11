import { INTERVALS, INTERVAL_SECONDS, type Interval } from '../../src/domain/candle';
import { audit } from '../audit/support';
import { Load, testSeed } from '../persistence/support/load';
import { PrivateServer } from '../support/servers';
import { Venue, type RunningApp } from '../support/venue';
import { Recovery } from './support';

interface TradeBody { trade_id: number; price: string; quantity: string; executed_at: string }
interface CandleBody { start: string; open: string; high: string; low: string; close: string; volume: string; trades: number }

const lots = (text: string): bigint => BigInt(text.replace('.', ''));

/** Candles as the trades of the public tape come to, by no code of the service. */
function recomputed(trades: readonly TradeBody[], interval: Interval): string[] {
  const groups = new Map<number, TradeBody[]>();
  for (const trade of [...trades].reverse()) {
    const second = Date.parse(`${trade.executed_at.slice(0, 19)}Z`) / 1000;
    const start = second - (second % INTERVAL_SECONDS[interval]);
    groups.set(start, [...groups.get(start) ?? [], trade]);
  }
  return [...groups].map(([start, group]) => {
    const prices = group.map((trade) => Number(trade.price));
    const volume = group.reduce((sum, trade) => sum + lots(trade.quantity), 0n);
    return [
      new Date(start * 1000).toISOString().replace('Z', '000Z'), group[0]?.price, Math.max(...prices).toFixed(2), Math.min(...prices).toFixed(2), group.at(-1)?.price,
      String(volume), group.length,
    ].join(' ');
  });
}

describe('candles and ticker', () => {
  let redis: PrivateServer;
  let postgres: PrivateServer;
  let venue: Venue;
  let running: RunningApp;
  let recovery: Recovery;

  beforeAll(async () => {
    [redis, postgres] = await Promise.all([PrivateServer.redis(), PrivateServer.postgres()]);
    venue = await Venue.open({
      redisUrl: redis.url, databaseServerUrl: postgres.url, environment: { DATABASE_TIMEOUT_MS: '1000', READ_BARRIER_TIMEOUT_MS: '1000', LOG_TAIL_ENTRIES: '5', WRITER_BATCH_ENTRIES_MAX: '10' },
    });
    running = await venue.start();
    recovery = new Recovery(venue, () => running);
  });
  afterAll(async () => {
    recovery.client.close();
    await venue.close();
    await Promise.all([redis.remove(), postgres.remove()]);
  });

  const get = async (path: string): Promise<Record<string, unknown>> => {
    const { status, body } = await recovery.client.get(path);
    expect([path, status]).toEqual([path, 200]);
    return body as Record<string, unknown>;
  };
  const candles = async (interval: Interval): Promise<string[]> => {
    const body = await get(`/public/candles?interval=${interval}&limit=1000`);
    return (body.candles as CandleBody[]).map((one) => [one.start, one.open, one.high, one.low, one.close, String(lots(one.volume)), one.trades].join(' '));
  };
  const tape = async (): Promise<TradeBody[]> => {
    const all: TradeBody[] = [];
    for (;;) {
      const before = all.length === 0 ? '' : `&before=${all.at(-1)?.trade_id}`;
      const page = (await get(`/public/trades?limit=1000${before}`)).trades as TradeBody[];
      all.push(...page);
      if (page.length < 1000) return all;
    }
  };
  const expectEqual = async (): Promise<void> => {
    const trades = await tape();
    expect(trades.length).toBeGreaterThan(20);
    for (const interval of INTERVALS) expect([interval, await candles(interval)]).toEqual([interval, recomputed(trades, interval)]);
    const ticker = await get('/public/ticker');
    expect(ticker).toMatchObject({ last: trades[0]?.price, last_trade_id: trades[0]?.trade_id, open: trades.at(-1)?.price, trades: trades.length });
    expect(ticker).not.toHaveProperty('stale');
  };

  test('outlive a Redis that is killed, a rebuild, a restart and a Postgres that is away', async () => {
    const load = new Load(() => running.url, { seed: testSeed('market data outages'), workers: 4, instruments: ['BTC-USD'], persistent: true });
    await load.run(80);
    await expectEqual();

    // Killed under load, and started on its file.
    load.start();
    await redis.kill();
    await redis.restart();
    await venue.reconnect();
    await recovery.untilReady();
    await load.stop();
    await expectEqual();

    await recovery.persisted();
    await recovery.flush();
    await recovery.untilRebuilt(1);
    await load.run(20);
    await expectEqual();

    await running.stop();
    running = await venue.start();
    await expectEqual();

    // What memory has: all of the minutes, and of the seconds what Postgres does not hold.
    await postgres.kill();
    for (const side of ['sell', 'buy', 'sell', 'buy']) expect((await recovery.place({ side })).status).toBe(201);
    for (const interval of ['1m', '1h', '1d'] as const) {
      const body = await get(`/public/candles?interval=${interval}`);
      expect(body).toMatchObject({ stale: true, lag_entries: expect.any(Number) as number });
      const held = (body.candles as CandleBody[]).reduce((sum, one) => sum + one.trades, 0);
      expect(held).toBe((await get('/public/ticker')).trades);
    }
    const filled = await get('/public/candles?interval=1s&fill=previous&limit=3');
    expect(filled).toMatchObject({ stale: true });
    expect(await get('/public/ticker')).not.toHaveProperty('stale');
    await postgres.restart();
    await recovery.persisted();
    await expectEqual();
    load.close();
    expect(load.unexpected).toEqual([]);
    await running.stop();
    expect(await audit(venue)).toEqual([]);
  });
});
