import { INTERVAL_SECONDS, type Interval } from '../../src/domain/candle';
import { seededRandom } from '../../src/seeded-random';
import { testSeed } from '../persistence/support/load';
import { PrivateServer } from '../support/servers';
import { callOnce, type CandleView } from '../support/client';
import { Service } from './support/service';

const QUERIES = 60;
const SLOTS_MAX = 3_000;
const REQUESTS_MAX = 60;
const SIZES = [1, 7, 100, 1_000];

const iso = (second: number): string => new Date(second * 1000).toISOString().replace('Z', '000Z');
const secondOf = (start: string): number => Date.parse(start) / 1000;
const startOf = (second: number, length: number): number => Math.floor(second / length) * length;

/** A trade in a second of the past: there is one of 100 lots at a price that tells it from all others. */
interface Planted { readonly second: number; readonly id: number }

const priceOf = ({ id }: Planted): string => `${(1_000 + id * 10) / 100}`.replace(/^(\d+)$/, '$1.0').replace(/\.(\d)$/, '.$10');

/** The plainest way to filled candles: one place after another, up to and without `to`. */
function recomputed(planted: readonly Planted[], length: number, from: number, to: number): CandleView[] {
  const all: CandleView[] = [];
  const first = startOf(planted[0]?.second as number, length);
  for (let start = Math.max(from, first); start < to; start += length) {
    const inside = planted.filter(({ second }) => startOf(second, length) === start);
    const last = planted.filter(({ second }) => second < start + length).at(-1) as Planted;
    const [low, high] = inside.length === 0 ? [last, last] : [inside[0] as Planted, inside.at(-1) as Planted];
    all.push({
      start: iso(start), open: priceOf(low), high: priceOf(high), low: priceOf(low), close: priceOf(last),
      volume: `0.${String(inside.length * 100).padStart(8, '0')}`, trades: inside.length,
    });
  }
  return all;
}

describe('candles with their gaps filled', () => {
  let postgres: PrivateServer;
  let service: Service;
  const seed = testSeed('filled candles');

  beforeAll(async () => {
    postgres = await PrivateServer.postgres();
    service = await Service.open({ databaseServerUrl: postgres.url, environment: { DATABASE_TIMEOUT_MS: '1000' } });
  });
  afterAll(async () => {
    await service.close();
    await postgres.remove();
  });

  /** Trades with gaps of all sizes, the last one some time ago, as the record has them. */
  const plant = async (instrument: string, random: ReturnType<typeof seededRandom>): Promise<Planted[]> => {
    const planted: Planted[] = [];
    for (let second = Math.floor(Date.now() / 1000) - 5 * 3_600, id = 1; id <= 25; id++) {
      planted.push({ second, id });
      second += random.pick([1, 2, 61, 240, 1_500]);
    }
    await service.venue.database.query(
      `INSERT INTO candles SELECT $1, interval_s, start / interval_s * interval_s, (array_agg(price ORDER BY id))[1], max(price), min(price),
         (array_agg(price ORDER BY id DESC))[1], count(*) * 100, sum(price * 100), count(*), min(id), max(id), '${service.venue.shard}'
       FROM unnest($2::bigint[]) WITH ORDINALITY AS planted (start, id), LATERAL (SELECT 1000 + id * 10 AS price) AS priced,
         unnest('{1,60,3600}'::integer[]) AS stored (interval_s) GROUP BY 1, 2, 3`, [instrument, planted.map(({ second }) => second)]);
    return planted;
  };

  /** Asks for ranges at random, page by page, and holds each against what it should be. @returns pages that were full */
  const check = async (url: string, instrument: string, planted: readonly Planted[], random: ReturnType<typeof seededRandom>, intervals: readonly Interval[]): Promise<number> => {
    const page = async (query: string): Promise<CandleView[]> => {
      const { status, body } = await callOnce<{ candles: CandleView[] }>(url, 'GET', `/public/candles?instrument=${instrument}&fill=previous&${query}`);
      expect([query, status]).toEqual([query, 200]);
      return body.candles;
    };
    const first = planted[0]?.second as number;
    let full = 0;
    for (let i = 0; i < QUERIES; i++) {
      const interval = random.pick(intervals);
      const length = INTERVAL_SECONDS[interval];
      const now = Math.floor(Date.now() / 1000);
      const from = startOf(random.pick([0, first - 90_000, first - 5 * length, first, first + random.below(now - first), now - 50 * length]), length);
      const to = random.below(2) === 0 ? null : startOf(Math.max(from, first) + random.below(now - first), length) + length;
      const size = random.pick(SIZES);
      const what = `interval=${interval}&limit=${size}, from ${iso(from)} to ${to === null ? 'now' : iso(to)}`;
      if (Math.min(to ?? now, now) - Math.max(from, first) > Math.min(SLOTS_MAX, size * REQUESTS_MAX) * length) continue;

      const forwards: CandleView[] = [];
      for (let start = from; ;) {
        const one = await page(`interval=${interval}&limit=${size}&start=${iso(start)}${to === null ? '' : `&end=${iso(to)}`}`);
        forwards.push(...one);
        if (one.length < size) break;
        full++;
        start = secondOf(one.at(-1)?.start as string) + length;
        if (start === to) break;
      }
      // The candle under way is there, and time goes on while pages are read.
      const last = forwards.at(-1);
      const end = to !== null && to <= now ? to : last === undefined ? 0 : secondOf(last.start) + length;
      if (to === null || to > now) expect(end).toBeGreaterThan(now);
      expect([what, forwards]).toEqual([what, recomputed(planted, length, from, end)]);

      if (end - first > Math.min(SLOTS_MAX, size * REQUESTS_MAX) * length) continue;
      const backwards: CandleView[] = [];
      for (let before = end; ;) {
        const one = await page(`interval=${interval}&limit=${size}&end=${iso(before)}`);
        backwards.unshift(...one);
        if (one.length < size) break;
        full++;
        before = secondOf(one[0]?.start as string);
      }
      expect([what, backwards]).toEqual([what, recomputed(planted, length, 0, end)]);
    }
    return full;
  };

  it('begin with the first trade, go on over gaps longer than a page, and come to the same forwards and backwards', async () => {
    const random = seededRandom(seed);
    const instrument = service.nextBook();
    const planted = await plant(instrument, random);
    expect(await check(service.client.url, instrument, planted, random, ['1s', '1m', '5m', '15m', '1h', '1d'])).toBeGreaterThan(QUERIES);
  });

  it('do so from memory while Postgres is away', async () => {
    const random = seededRandom(seed + 1);
    const instrument = service.nextBook();
    const planted = await plant(instrument, random);
    // It reads what the record holds when it begins.
    const second = await service.venue.start();
    await postgres.kill();
    try {
      expect(await check(second.url, instrument, planted, random, ['1m', '5m', '15m', '1h'])).toBeGreaterThan(QUERIES);
    } finally {
      await postgres.restart();
      await second.stop();
    }
  });
});
