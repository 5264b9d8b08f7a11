import { mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { summarise, type CpuProfile } from '../cpu-profile';
import { parseCommandStats } from '../engine-shard';
import { closedLoad, requireExpected } from '../http-load';
import { batchRequests, orderRequests } from '../orders';
import type { Bench, Figure, Part, Table } from '../result';
import { BenchVenue } from '../venue';

const WARM_UP_S = 2;
const GROUPS_SHOWN = 14;
const FUNCTIONS_SHOWN = 15;
const ORDERS_IN_BATCH = 400;

/** Ways in that are looked at. */
const LOADS = [
  { name: 'single orders', connections: 64, expected: 201, ordersEach: 1, requests: orderRequests },
  { name: 'batches', connections: 2, expected: 200, ordersEach: ORDERS_IN_BATCH, requests: (run: string) => batchRequests(run, ORDERS_IN_BATCH) },
] as const;

const monotonicUs = (): number => Number(process.hrtime.bigint() / 1_000n);

async function profile(bench: Bench, load: (typeof LOADS)[number]): Promise<{ figures: Figure[]; tables: Table[] }> {
  const directory = mkdtempSync(join(bench.directory, 'profile-'));
  const venue = await BenchVenue.start(bench, {}, ['--cpu-prof', `--cpu-prof-dir=${directory}`]);
  let fromUs: number;
  let toUs: number;
  let orders: number;
  let stats: ReturnType<typeof parseCommandStats>;
  try {
    const options = { port: venue.port, connections: load.connections, expected: load.expected };
    requireExpected(await closedLoad({ ...options, seconds: WARM_UP_S, request: load.requests('warm') }));
    await venue.untilDrained();
    await venue.send('CONFIG', 'RESETSTAT');
    fromUs = monotonicUs();
    const result = await closedLoad({ ...options, seconds: bench.seconds, request: load.requests('run') });
    toUs = monotonicUs();
    requireExpected(result);
    orders = result.answered * load.ordersEach;
    await venue.untilDrained();
    stats = parseCommandStats(await venue.redis.info('commandstats'));
  } finally {
    await venue.stop();
  }
  const [file] = readdirSync(directory).filter((name) => name.endsWith('.cpuprofile'));
  if (file === undefined) throw new Error('the service left no profile');
  const { busyUs, groups, functions } = summarise(JSON.parse(readFileSync(join(directory, file), 'utf8')) as CpuProfile, fromUs, toUs);
  const share = ([name, us]: readonly [string, number]): (string | number)[] => [name, us / orders, (us / busyUs) * 100];
  const calls = [...stats].filter(([, { us }]) => us / orders >= 0.05).sort((a, b) => b[1].us - a[1].us);
  return {
    figures: [
      { name: `${load.name}: service busy for an order, under the profiler`, value: busyUs / orders, unit: 'µs' },
      { name: `${load.name}: Redis in the engine's functions for an order, the writer's trims included`, value: (stats.get('fcall')?.us ?? 0) / orders, unit: 'µs' },
    ],
    tables: [
      { title: `Service, ${load.name}: own time by whose code`, columns: ['code', 'µs an order', '% of busy'], rows: groups.slice(0, GROUPS_SHOWN).map(share) },
      { title: `Service, ${load.name}: own time by function`, columns: ['function', 'µs an order', '% of busy'], rows: functions.slice(0, FUNCTIONS_SHOWN).map(share) },
      { title: `Redis, ${load.name}: time by command; what is called inside a function is part of its fcall`, columns: ['command', 'calls an order', 'µs an order'], rows: calls.map(([name, { calls: count, us }]) => [name, count / orders, us / orders]) },
    ],
  };
}

async function run(bench: Bench) {
  const figures: Figure[] = [];
  const tables: Table[] = [];
  for (const load of LOADS) {
    const one = await profile(bench, load);
    figures.push(...one.figures);
    tables.push(...one.tables);
  }
  return { figures, tables };
}

export const profilePart: Part = { name: 'profile', about: 'where the time of an order goes, in the service and in Redis', run };
