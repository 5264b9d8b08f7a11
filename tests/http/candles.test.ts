import { setTimeout as sleep } from 'node:timers/promises';
import { INTERVALS, INTERVAL_SECONDS, type Interval } from '../../src/domain/candle';
import { seededRandom } from '../../src/seeded-random';
import { testSeed } from '../persistence/support/load';
import { until } from '../support/until';
import { callOnce, limit, refusal, type CandleView, type Client, type TradeView } from '../support/client';
import { Service } from './support/service';

const iso = (second: number): string => new Date(second * 1000).toISOString().replace('Z', '000Z');
const lots = (text: string): bigint => BigInt(text.replace('.', ''));
const decimals = (value: bigint): string => value.toString().padStart(9, '0').replace(/(\d{8})$/, '.$1');

/** The plainest way to candles, and no part of the service: all trades of the public tape, added up. */
function recomputed(trades: readonly TradeView[], intervalS: number): CandleView[] {
  const groups = new Map<number, TradeView[]>();
  for (const trade of [...trades].sort((a, b) => a.trade_id - b.trade_id)) {
    const start = Math.floor(Date.parse(`${trade.executed_at.slice(0, 19)}Z`) / 1000 / intervalS) * intervalS;
    groups.set(start, [...groups.get(start) ?? [], trade]);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([start, group]) => {
    const prices = group.map((trade) => trade.price).sort((a, b) => Number(a) - Number(b));
    return {
      start: iso(start), open: group[0]?.price as string, high: prices.at(-1) as string, low: prices[0] as string, close: group.at(-1)?.price as string,
      volume: decimals(group.reduce((sum, trade) => sum + lots(trade.quantity), 0n)), trades: group.length,
    };
  });
}

describe('candles', () => {
  let service: Service;
  let client: Client;
  let instrument: string;

  beforeAll(async () => {
    // A log that is soon let go of, and small batches: trades lie in Postgres, in memory, and on the way.
    service = await Service.open({ environment: { LOG_TAIL_ENTRIES: '1', RECENT_TRADES_KEPT: '5', WRITER_BATCH_ENTRIES_MAX: '7' } });
    client = service.client;
  });
  afterAll(() => service.close());
  beforeEach(() => { instrument = service.nextBook(); });

  const trade = async (price = '100.00', quantity = '1'): Promise<TradeView> => {
    for (const side of ['sell', 'buy']) await client.place(limit({ instrument, side, price, quantity }));
    return (await client.trades(`?instrument=${instrument}&limit=1`)).body.trades[0] as TradeView;
  };
  const candles = async (query = ''): Promise<CandleView[]> => {
    const { status, body } = await client.candles(`?instrument=${instrument}${query}`);
    expect(status).toBe(200);
    expect(body.stale).toBeUndefined();
    return body.candles;
  };
  const tape = async (): Promise<TradeView[]> => {
    const all: TradeView[] = [];
    for (;;) {
      const { trades } = (await client.trades(`?instrument=${instrument}&limit=1000${all.length === 0 ? '' : `&before=${all.at(-1)?.trade_id}`}`)).body;
      all.push(...trades);
      if (trades.length < 1000) return all;
    }
  };
  /** Seconds of the record, as if they had been traded in: no clock can be turned back for that. */
  const plant = async (starts: readonly number[]): Promise<void> => {
    await service.venue.database.query(
      `INSERT INTO candles SELECT $1, interval_s, start / interval_s * interval_s, (array_agg(price ORDER BY id))[1], max(price), min(price),
         (array_agg(price ORDER BY id DESC))[1], count(*) * 100, sum(price * 100), count(*), min(id), max(id), '${service.venue.shard}'
       FROM unnest($2::bigint[]) WITH ORDINALITY AS planted (start, id), LATERAL (SELECT 1000 + id * 10 AS price) AS priced,
         unnest('{1,60,3600}'::integer[]) AS stored (interval_s) GROUP BY 1, 2, 3`, [instrument, starts]);
  };

  it('hold a trade as soon as it was answered, exactly once, wherever it is by then', async () => {
    const random = seededRandom(testSeed('candles over http'));
    for (let i = 0; i < 40; i++) {
      await trade(`${90 + random.below(20)}.00`, `0.${String(1 + random.below(9_999)).padStart(8, '0')}`);
      const interval = random.pick(INTERVALS);
      const trades = await tape();
      expect([interval, await candles(`&interval=${interval}`)]).toEqual([interval, recomputed(trades, INTERVAL_SECONDS[interval])]);
    }
    await service.persisted();
    for (const interval of INTERVALS) expect(await candles(`&interval=${interval}`)).toEqual(recomputed(await tape(), INTERVAL_SECONDS[interval]));
  });

  it('equal a recomputation from all trades under load', async () => {
    let isOver = false;
    const load = Promise.all([1, 2, 3].map(async (worker) => {
      const random = seededRandom(testSeed('candles under load') + worker);
      while (!isOver) {
        await client.batch(Array.from({ length: 10 }, () => ({
          op: 'place', ...limit({ instrument, side: random.pick(['buy', 'sell']), price: `${98 + random.below(4)}.00`, quantity: `0.0000000${1 + random.below(9)}` }),
        })));
      }
    }));
    let seen = 0;
    for (let i = 0; i < 25; i++) {
      // What is answered after the trades were read holds them all, and never one twice: it lies between two looks at the tape.
      const before = (await client.trades(`?instrument=${instrument}&limit=1`)).body.trades[0]?.trade_id ?? 0;
      const [day] = await candles('&interval=1d');
      const after = (await client.trades(`?instrument=${instrument}&limit=1`)).body.trades[0]?.trade_id ?? 0;
      expect(day?.trades ?? 0).toBeGreaterThanOrEqual(before);
      expect(day?.trades ?? 0).toBeLessThanOrEqual(after);
      seen = day?.trades ?? 0;
      await sleep(20);
    }
    isOver = true;
    await load;
    expect(seen).toBeGreaterThan(50);
    for (const interval of INTERVALS) expect(await candles(`&interval=${interval}`)).toEqual(recomputed(await tape(), INTERVAL_SECONDS[interval]));
  });

  it('are there of any interval, aligned to UTC, with what begins in them and nothing else', async () => {
    const day = Date.parse('2024-02-29T00:00:00Z') / 1000;
    await plant([day - 1, day, day + 1, day + 59, day + 60, day + 299, day + 300, day + 899, day + 900, day + 3_599, day + 3_600, day + 86_399, day + 86_400]);
    const counts = async (interval: Interval): Promise<[string, number][]> =>
      (await candles(`&interval=${interval}`)).map(({ start, trades }) => [start.slice(8, 19), trades]);
    expect(await counts('1d')).toEqual([['28T00:00:00', 1], ['29T00:00:00', 11], ['01T00:00:00', 1]]);
    expect(await counts('1h')).toEqual([['28T23:00:00', 1], ['29T00:00:00', 9], ['29T01:00:00', 1], ['29T23:00:00', 1], ['01T00:00:00', 1]]);
    expect((await counts('15m')).slice(0, 4)).toEqual([['28T23:45:00', 1], ['29T00:00:00', 7], ['29T00:15:00', 1], ['29T00:45:00', 1]]);
    expect((await counts('5m')).slice(1, 4)).toEqual([['29T00:00:00', 5], ['29T00:05:00', 1], ['29T00:10:00', 1]]);
    expect((await counts('1m')).slice(1, 3)).toEqual([['29T00:00:00', 3], ['29T00:01:00', 1]]);
    expect(await counts('1s')).toHaveLength(13);
    const [, whole] = await candles('&interval=1d');
    expect(whole).toEqual({ start: '2024-02-29T00:00:00.000000Z', open: '10.20', high: '11.20', low: '10.20', close: '11.20', volume: '0.00001100', trades: 11 });
  });

  it('come in pages that miss nothing and repeat nothing, forwards and backwards', async () => {
    const random = seededRandom(testSeed('candle pages'));
    const first = Date.parse('2023-12-31T22:00:00Z') / 1000;
    await plant([...new Set(Array.from({ length: 300 }, () => first + random.below(14_400)))].sort((a, b) => a - b));
    for (const interval of ['1s', '1m', '5m', '15m', '1h', '1d'] as const) {
      const all = await candles(`&interval=${interval}&limit=1000`);
      for (const size of [1, 7, 1000].filter((one) => all.length / one < 60)) {
        const forwards: CandleView[] = [];
        for (let start = '2020-01-01'; ;) {
          const page = await candles(`&interval=${interval}&limit=${size}&start=${start}`);
          forwards.push(...page);
          if (page.length < size) break;
          start = iso(Date.parse(page.at(-1)?.start as string) / 1000 + INTERVAL_SECONDS[interval]);
        }
        expect(forwards).toEqual(all);
        const backwards: CandleView[] = [];
        for (let end = ''; ;) {
          const page = await candles(`&interval=${interval}&limit=${size}${end}`);
          backwards.unshift(...page);
          if (page.length < size) break;
          end = `&end=${page[0]?.start}`;
        }
        expect(backwards).toEqual(all);
      }
    }
  });

  it('begin at the start or later, and before the end', async () => {
    const minute = Date.parse('2024-05-01T10:00:00Z') / 1000;
    await plant([minute, minute + 60, minute + 120, minute + 180]);
    const starts = async (query: string): Promise<string[]> => (await candles(`&interval=1m${query}`)).map(({ start }) => start.slice(14, 16));
    expect(await starts('&start=2024-05-01T10:01:00Z&end=2024-05-01T10:03:00Z')).toEqual(['01', '02']);
    expect(await starts('&start=2024-05-01T10:01:00.000001Z&end=2024-05-01T10:03:00.000001Z')).toEqual(['02', '03']);
    expect(await starts('&start=2024-05-01')).toEqual(['00', '01', '02', '03']);
    expect(await starts('&end=2024-05-01')).toEqual([]);
    expect(await starts('&start=2024-05-01&limit=2')).toEqual(['00', '01']);
    expect(await starts('&limit=2')).toEqual(['02', '03']);
    expect(await starts('&start=2999-01-01')).toEqual([]);
    // A candle that begins before the end is whole, although its time goes on behind it.
    expect((await candles('&interval=5m&end=2024-05-01T10:02:00Z'))[0]?.trades).toBe(4);
  });

  it('fill their gaps with the close before them where that is asked for', async () => {
    const minute = Date.parse('2024-05-01T10:00:00Z') / 1000;
    await plant([minute + 5, minute + 180, minute + 400]);
    const shown = async (query: string): Promise<[string, string, string, number][]> =>
      (await candles(`&interval=1m&fill=previous${query}`)).map(({ start, open, close, trades }) => [start.slice(14, 16), open, close, trades]);
    const filled = [
      ['00', '10.10', '10.10', 1], ['01', '10.10', '10.10', 0], ['02', '10.10', '10.10', 0], ['03', '10.20', '10.20', 1], ['04', '10.20', '10.20', 0],
    ];
    expect(await shown('&start=2024-05-01T10:00:00Z&end=2024-05-01T10:05:00Z')).toEqual(filled);
    // Nothing is known before the first trade; behind it, what a range begins with may lie before it.
    expect(await shown('&start=2024-05-01T09:58:00Z&end=2024-05-01T10:05:00Z')).toEqual(filled);
    expect(await shown('&start=2024-05-01T10:01:00Z&end=2024-05-01T10:05:00Z')).toEqual(filled.slice(1));
    expect(await shown('&end=2024-05-01T10:05:00Z&limit=3')).toEqual(filled.slice(2));
    const [flat] = await candles('&interval=1m&fill=previous&start=2024-05-01T10:04:00Z&limit=1');
    expect(flat).toEqual({ start: '2024-05-01T10:04:00.000000Z', open: '10.20', high: '10.20', low: '10.20', close: '10.20', volume: '0.00000000', trades: 0 });
    // Up to the one under way, and no further.
    const last = await candles('&interval=1d&fill=previous&limit=3');
    const today = Math.floor(Date.now() / 86_400_000) * 86_400;
    expect(last.map(({ start }) => start)).toEqual([iso(today - 2 * 86_400), iso(today - 86_400), iso(today)]);
    expect(await candles('&interval=1d&fill=previous&start=2999-01-01')).toEqual([]);
  });

  it('fill behind a trade that only memory has', async () => {
    const last = await trade('123.00');
    const second = iso(Math.floor(Date.parse(last.executed_at) / 1_000));
    let filled: CandleView | undefined;
    await until('a second behind it is told', async () => {
      [filled] = await candles('&interval=1s&fill=previous&limit=1');
      return filled !== undefined && filled.start > second;
    });
    expect(filled).toMatchObject({ open: '123.00', close: '123.00', trades: 0 });
  });

  it.each([
    ['interval=2m', 'interval'], ['interval=', 'interval'], ['interval=1M', 'interval'], ['limit=0', 'limit'], ['limit=1001', 'limit'], ['limit=1e2', 'limit'],
    ['start=yesterday', 'start'], ['start=', 'start'], ['start=2024-02-30', 'start'], ['start=2024-01-01T24:00:00Z', 'start'], ['start=1714557600', 'start'],
    ['start=2024-01-01T00:00:00', 'start'], ['start=2024-01-01T00:00:00.1234567Z', 'start'], ['start=1969-12-31', 'start'], ['end=2024-13-01', 'end'],
    ['start=2024-01-02&end=2024-01-01', 'end'], ['start=2024-01-01&end=2024-01-01', 'end'], ['fill=zero', 'fill'], ['fill=', 'fill'],
    ['granularity=60', 'granularity'], ['interval=1m&interval=1h', 'interval'], ['start=2024-01-01T00:00:00Z%27;DROP', 'start'], ['__proto__=1', '__proto__'],
  ])('refuse %s', async (query, field) => {
    const { body } = await refusal(client.candles(`?${query}`), 400, 'validation_failed');
    expect([...new Set(body.errors?.map((error) => error.field))]).toEqual([field]);
  });

  it('are none of an instrument that there is not', async () => {
    await refusal(client.candles('?instrument=NO-SUCH'), 404, 'instrument_not_found');
    expect(await candles()).toEqual([]);
    expect(await candles('&fill=previous')).toEqual([]);
  });

  describe('the ticker', () => {
    it('has nothing of an instrument that was never traded but its best prices', async () => {
      await client.place(limit({ instrument, price: '99.00', quantity: '2' }));
      const { body } = await client.ticker(`?instrument=${instrument}`);
      expect(body).toMatchObject({
        instrument, last: null, last_quantity: null, last_trade_id: null, last_executed_at: null, bid: '99.00', bid_quantity: '2.00000000', ask: null, ask_quantity: null,
        open: null, high: null, low: null, change: null, change_percent: null, volume: '0.00000000', quote_volume: '0.0000000000', trades: 0,
      });
    });

    it('is what the trades and the book come to, at once and after a restart', async () => {
      const random = seededRandom(testSeed('ticker'));
      for (let i = 0; i < 25; i++) {
        await client.batch(Array.from({ length: 6 }, () => ({
          op: 'place', ...limit({ instrument, side: random.pick(['buy', 'sell']), price: `${95 + random.below(10)}.00`, quantity: `${1 + random.below(9)}` }),
        })));
        await check();
      }
      await service.persisted();
      const { body: before } = await check();
      const second = await service.venue.start();
      const { body: after } = await check(second.url);
      expect(after).toEqual(before);
      await second.stop();
    });

    it('forgets what is older than 24 hours, by the minute', async () => {
      const now = Math.floor(Date.now() / 60_000) * 60;
      await plant([now - 2 * 86_400, now - 86_400 - 3_600, now - 86_400 + 120, now - 3_600]);
      const second = await service.venue.start();
      const { body } = await ticker(second.url);
      await second.stop();
      expect(body).toMatchObject({ open: '10.30', high: '10.40', low: '10.30', change: '0.10', change_percent: '0.97', volume: '0.00000200', trades: 2 });
    });

    it('takes an instrument and nothing else', async () => {
      await refusal(client.ticker('?instrument=NO-SUCH'), 404, 'instrument_not_found');
      await refusal(client.ticker('?instrument='), 400, 'validation_failed');
      await refusal(client.ticker('?interval=1m'), 400, 'validation_failed');
    });

    const ticker = (url = client.url) => callOnce<Record<string, unknown>>(url, 'GET', `/public/ticker?instrument=${instrument}`);

    const check = async (url = client.url) => {
      const answer = await ticker(url);
      const [trades, book] = [await tape(), (await client.book(`?instrument=${instrument}&levels=1`)).body];
      const [day] = recomputed(trades, Number.MAX_SAFE_INTEGER);
      const [open, close] = [Number(day?.open), Number(day?.close)];
      const quote = trades.reduce((sum, one) => sum + lots(one.price) * lots(one.quantity), 0n).toString().padStart(11, '0');
      expect(answer.body).toEqual({
        instrument, sequence: book.sequence, timestamp: book.timestamp, last: trades[0]?.price ?? null, last_quantity: trades[0]?.quantity ?? null,
        last_trade_id: trades[0]?.trade_id ?? null, last_executed_at: trades[0]?.executed_at ?? null,
        bid: book.bids[0]?.[0] ?? null, bid_quantity: book.bids[0]?.[1] ?? null, ask: book.asks[0]?.[0] ?? null, ask_quantity: book.asks[0]?.[1] ?? null,
        open: day?.open ?? null, high: day?.high ?? null, low: day?.low ?? null, change: day === undefined ? null : (close - open).toFixed(2),
        // Whole prices, so the quotient is no half.
        change_percent: day === undefined ? null : (((close - open) / open) * 100).toFixed(2).replace(/^-0\.00$/, '0.00'),
        volume: day?.volume ?? '0.00000000', quote_volume: quote.replace(/(\d{10})$/, '.$1'), trades: trades.length,
      });
      return answer;
    };
  });
});
