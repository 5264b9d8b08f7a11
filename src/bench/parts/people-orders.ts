import { createHmac } from 'node:crypto';
import { CpuWatch } from '../cpu';
import { closedLoad, requireExpected } from '../http-load';
import { orderSource } from '../orders';
import { USERS, UNLIMITED, benchUsers, requestOf, type User } from '../people';
import { measureDirectory } from '../people-directory';
import type { Bench, Part } from '../result';
import { inTurn, median } from '../turns';
import { medianCpu } from '../venues-by-turns';
import { BenchVenue } from '../venue';
import { isTaken, WS_CONNECTIONS, wsLoad } from '../ws-load';

const CONNECTIONS = 64;
const WARM_UP_S = 2;
const ROUNDS = 7;
const PROCESSES = ['service', 'Redis', 'Postgres', 'load generator'] as const;
/** Signed ahead, so that the load generator's work is the same for all: no more than this in one turn. */
const SIGNED_A_SECOND = 12_000;
/** A clock that is this far ahead of the venue's stays in its window for as long as a turn lasts. */
const AHEAD_MS = 2_000;

const WAYS = ['nobody asked', 'token', 'key'] as const;
type Way = (typeof WAYS)[number];

interface Measured {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpu: readonly (readonly [process: string, us: number | null])[];
}

/** @returns the n-th request */
function requestsOf(way: Way, all: readonly User[], run: string, count: number): (n: number) => string {
  const next = orderSource(run, 1, USERS);
  if (way === 'nobody asked') return (n) => requestOf(next(n), '');
  const userOf = (n: number): User => all[n % USERS] as User;
  if (way === 'token') return (n) => requestOf(next(n), `Authorization: Bearer ${userOf(n).token}\r\n`);
  const nowMs = Date.now();
  const signed = Array.from({ length: count }, (_, n) => {
    const body = next(n);
    const { apiKey, secret } = userOf(n);
    // Each key's signatures have times of their own; all are in the window while the turn lasts.
    const timestamp = nowMs + AHEAD_MS + Math.floor(n / USERS);
    const signature = createHmac('sha256', secret).update(`${timestamp}POST/orders${body}`).digest('base64');
    return requestOf(body, `Openfill-Key: ${apiKey}\r\nOpenfill-Timestamp: ${timestamp}\r\nOpenfill-Signature: ${signature}\r\n`);
  });
  return (n) => {
    const request = signed[n];
    if (request === undefined) throw new Error(`more than ${count} orders in one turn: sign more ahead`);
    return request;
  };
}

/** Order entry of a venue, each connection of one client: nobody in particular, or a user. */
async function playWs(venue: BenchVenue, all: readonly User[] | null, name: string, seconds: number): Promise<number> {
  const sources = Array.from({ length: WS_CONNECTIONS }, (_, i) => orderSource(`${name}-${i}`, 1 + i, 1, i));
  const headersOf = (i: number): Readonly<Record<string, string>> => (all === null ? {} : { Authorization: `Bearer ${(all[i] as User).token}` });
  const result = await wsLoad(`ws://127.0.0.1:${venue.port}/orders`, seconds, (n, i) => (sources[i] as (n: number) => string)(n), isTaken, headersOf);
  await venue.untilDrained();
  return result.answered / result.seconds;
}

async function run(bench: Bench) {
  const directory = await measureDirectory(bench);
  const seconds = bench.seconds / 2;
  const overWs: Record<'open' | 'asking', number[]> = { open: [], asking: [] };
  const measured: Record<Way, Measured[]> = { 'nobody asked': [], token: [], key: [] };
  const venues: BenchVenue[] = [];
  try {
    const open = await BenchVenue.start(bench, { AUTH: 'off' });
    venues.push(open);
    const asking = await BenchVenue.start(bench, { AUTH: 'required', ACCESS_TOKEN_TTL_S: '3600', ...UNLIMITED });
    venues.push(asking);
    for (const venue of venues) await venue.send('CONFIG', 'SET', 'auto-aof-rewrite-percentage', '0');
    const all = await benchUsers(asking);
    const play = async (way: Way, name: string, forS: number): Promise<Measured> => {
      const venue = way === 'nobody asked' ? open : asking;
      const request = requestsOf(way, all, name, Math.ceil(SIGNED_A_SECOND * forS));
      const watch = new CpuWatch(venue.processes);
      const result = await closedLoad({ connections: CONNECTIONS, expected: 201, port: venue.port, seconds: forS, request });
      requireExpected(result);
      await venue.untilDrained();
      const { latencies, answered } = result;
      return { rate: answered / result.seconds, p50: latencies.percentile(50), p99: latencies.percentile(99), cpu: watch.microsecondsPer(answered) };
    };
    for (const way of WAYS) await play(way, `warm-${way}`, WARM_UP_S);
    for (let round = 0; round < ROUNDS; round++) {
      for (const way of inTurn(WAYS, round)) measured[way].push(await play(way, `run-${round}-${way}`, seconds));
    }
    const sides = [{ side: 'open', venue: open, who: null }, { side: 'asking', venue: asking, who: all }] as const;
    for (const { side, venue, who } of sides) await playWs(venue, who, `warm-ws-${side}`, WARM_UP_S);
    for (let round = 0; round < ROUNDS; round++) {
      for (const { side, venue, who } of inTurn(sides, round)) overWs[side].push(await playWs(venue, who, `ws-${round}-${side}`, seconds));
    }
  } finally {
    for (const venue of venues) await venue.stop();
  }
  const wsShares = overWs.asking.map((rate, round) => rate / (overWs.open[round] as number));
  const share = (way: Way): number => median(measured[way].map(({ rate }, round) => rate / (measured['nobody asked'][round] as Measured).rate));
  return {
    figures: [
      { name: 'POST /orders with a token, as a share of AUTH=off', value: share('token'), unit: '', goal: { bound: 0.9, better: 'higher' as const } },
      { name: 'POST /orders with an HMAC key, as a share of AUTH=off', value: share('key'), unit: '', goal: { bound: 0.85, better: 'higher' as const } },
      { name: 'order entry over an authenticated WebSocket, as a share of AUTH=off', value: median(wsShares), unit: '', goal: { bound: 0.95, better: 'higher' as const } },
      ...directory.figures,
    ],
    tables: [...directory.tables, {
      title: `Order entry over ${WS_CONNECTIONS} WebSockets, orders a second of ${ROUNDS} turns`, columns: ['who it is', 'median', 'least', 'most'],
      rows: ([['nobody asked', overWs.open], ['token', overWs.asking], ['share', wsShares]] as const).map(([name, rates]) => [name, median(rates), Math.min(...rates), Math.max(...rates)]),
    }, {
      title: `Medians of ${ROUNDS} turns; CPU of an order until Postgres has it, µs`, columns: ['who it is', 'orders/s', 'p50 ms', 'p99 ms', ...PROCESSES],
      rows: WAYS.map((way) => {
        const all = measured[way];
        return [way, ...[all.map(({ rate }) => rate), all.map(({ p50 }) => p50), all.map(({ p99 }) => p99)].map(median), ...medianCpu(all.map(({ cpu }) => cpu))];
      }),
    }],
  };
}

export const peopleOrdersPart: Part = { name: 'people-orders', about: 'orders of callers who say who they are, beside a venue that asks nobody, by turns; a start with many users', run };
