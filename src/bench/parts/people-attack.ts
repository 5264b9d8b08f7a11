import { request } from 'node:http';
import { openLoad, requireExpected, type LoadResult } from '../http-load';
import { orderSource } from '../orders';
import { UNLIMITED, USERS, benchUsers, requestOf } from '../people';
import type { Bench, Part } from '../result';
import { inTurn, median } from '../turns';
import { BenchVenue } from '../venue';

/** Well below what the machine can do: what is measured is a wait, not a queue. */
const RATE = 500;
const CONNECTIONS = 64;
const WARM_UP_S = 2;
const ROUNDS = 5;
const ATTEMPTS = 1_000;
const VICTIM = 'bench-0';

const TIMES = ['quiet', 'under attack'] as const;
type Time = (typeof TIMES)[number];

/** One wrong password, from an address of its own. @returns the status */
function attempt(port: number, localAddress: string): Promise<number> {
  const body = JSON.stringify({ username: VICTIM, password: 'wrong horse battery' });
  return new Promise((resolve, reject) => {
    const sent = request({
      host: '127.0.0.1', port, path: '/auth/login', method: 'POST', localAddress, headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
    }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** As many attempts as there are, evenly over the time. @returns how many had which status */
async function attack(port: number, round: number, seconds: number): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  const started = performance.now();
  await Promise.all(Array.from({ length: ATTEMPTS }, async (_, i) => {
    await new Promise((resolve) => setTimeout(resolve, started + (i * seconds * 1_000) / ATTEMPTS - performance.now()));
    const status = await attempt(port, `127.${round + 2}.${Math.floor(i / 250)}.${(i % 250) + 1}`);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }));
  return statuses;
}

async function run(bench: Bench) {
  const measured: Record<Time, { readonly p50: number; readonly p99: number }[]> = { quiet: [], 'under attack': [] };
  const statuses = new Map<number, number>();
  const venue = await BenchVenue.start(bench, { AUTH: 'required', ACCESS_TOKEN_TTL_S: '3600', ...UNLIMITED });
  try {
    const users = await benchUsers(venue);
    const play = async (name: string, seconds: number): Promise<LoadResult> => {
      const next = orderSource(name, 1, USERS);
      const result = await openLoad({
        connections: CONNECTIONS, expected: 201, port: venue.port, seconds, rate: RATE,
        request: (n) => requestOf(next(n), `Authorization: Bearer ${users[n % USERS]?.token ?? ''}\r\n`),
      });
      requireExpected(result);
      await venue.untilDrained();
      return result;
    };
    await play('warm', WARM_UP_S);
    for (let round = 0; round < ROUNDS; round++) {
      for (const time of inTurn(TIMES, round)) {
        const [{ latencies }, met] = await Promise.all([
          play(`${time}-${round}`, bench.seconds), time === 'quiet' ? new Map<number, number>() : attack(venue.port, round, bench.seconds),
        ]);
        measured[time].push({ p50: latencies.percentile(50), p99: latencies.percentile(99) });
        for (const [status, count] of met) statuses.set(status, (statuses.get(status) ?? 0) + count);
      }
    }
  } finally {
    await venue.stop();
  }
  const ratio = median(measured['under attack'].map(({ p99 }, round) => p99 / (measured.quiet[round] as { p99: number }).p99));
  return {
    figures: [{ name: `p99 of orders while ${ATTEMPTS} wrong passwords are tried, against before`, value: ratio, unit: '', goal: { bound: 2, better: 'lower' as const } }],
    tables: [{
      title: `Medians of ${ROUNDS} turns of ${bench.seconds} s at ${RATE} orders/s; of the attempts ${[...statuses].map(([status, count]) => `${count} were a ${status}`).join(', ')}`,
      columns: ['', 'p50 ms', 'p99 ms'],
      rows: TIMES.map((time) => [time, median(measured[time].map(({ p50 }) => p50)), median(measured[time].map(({ p99 }) => p99))]),
    }],
  };
}

export const peopleAttackPart: Part = { name: 'people-attack', about: 'orders while passwords are tried on one name from many addresses', run };
