import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { CpuWatch } from '../cpu';
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

const PROCESSES = ['service', 'Redis', 'Postgres'] as const;
const TIMES = ['quiet', 'under attack'] as const;
type Time = (typeof TIMES)[number];

/** As many attempts as there are, evenly over the time, from a process of its own. @returns how many had which status */
async function attack(port: number, round: number, seconds: number): Promise<Map<string, number>> {
  const child = fork(join(__dirname, '..', 'password-attack.js'), [port, VICTIM, ATTEMPTS, seconds, round].map(String), { execArgv: [] });
  const [statuses] = (await Promise.race([once(child, 'message'), once(child, 'exit').then(([code]) => { throw new Error(`the attack ended with ${String(code)}`); })])) as [Record<string, number>];
  return new Map(Object.entries(statuses));
}

async function run(bench: Bench) {
  const measured: Record<Time, { readonly p50: number; readonly p99: number; readonly cpu: readonly (readonly [process: string, us: number | null])[] }[]> = { quiet: [], 'under attack': [] };
  const statuses = new Map<string, number>();
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
        const watch = new CpuWatch(venue.processes);
        const [{ latencies }, met] = await Promise.all([
          play(`${time}-${round}`, bench.seconds), time === 'quiet' ? new Map<string, number>() : attack(venue.port, round, bench.seconds),
        ]);
        measured[time].push({ p50: latencies.percentile(50), p99: latencies.percentile(99), cpu: watch.microsecondsPer(bench.seconds) });
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
      columns: ['', 'p50 ms', 'p99 ms', ...PROCESSES.map((name) => `${name}, s of CPU a second`)],
      rows: TIMES.map((time) => {
        const all = measured[time];
        const cpu = PROCESSES.map((name) => median(all.map((one) => (one.cpu.find(([process]) => process === name)?.[1] ?? Number.NaN) / 1e6)));
        return [time, median(all.map(({ p50 }) => p50)), median(all.map(({ p99 }) => p99)), ...cpu];
      }),
    }],
  };
}

export const peopleAttackPart: Part = { name: 'people-attack', about: 'orders while passwords are tried on one name from many addresses', run };
