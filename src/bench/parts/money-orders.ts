import { CpuWatch } from '../cpu';
import { closedLoad, requireExpected } from '../http-load';
import { ACCOUNTS } from '../money';
import { orderRequests } from '../orders';
import type { Bench, Part } from '../result';
import { median } from '../turns';
import { byTurns, medianCpu, shareOf } from '../venues-by-turns';

const CONNECTIONS = 64;
const WARM_UP_S = 2;
const ROUNDS = 7;
const PROCESSES = ['service', 'Redis', 'Postgres', 'load generator'] as const;

interface Measured {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpu: readonly (readonly [process: string, us: number | null])[];
}

async function run(bench: Bench) {
  const load = { connections: CONNECTIONS, expected: 201 };
  const measured = await byTurns(
    bench, {}, ROUNDS,
    async ({ port }) => requireExpected(await closedLoad({ ...load, port, seconds: WARM_UP_S, request: orderRequests('warm', ACCOUNTS) })),
    async (venue, side, round): Promise<Measured> => {
      const watch = new CpuWatch(venue.processes);
      const result = await closedLoad({ ...load, port: venue.port, seconds: bench.seconds / 2, request: orderRequests(`run-${round}`, ACCOUNTS) });
      requireExpected(result);
      await venue.untilDrained();
      const { latencies, answered, seconds } = result;
      return { rate: answered / seconds, p50: latencies.percentile(50), p99: latencies.percentile(99), cpu: watch.microsecondsPer(answered) };
    },
  );
  return {
    figures: [
      { name: 'POST /orders, paper, as a share of off', value: shareOf(measured, ({ rate }) => rate), unit: '', goal: { bound: 0.85, better: 'higher' as const } },
    ],
    tables: [{
      title: `Medians of ${ROUNDS} turns; CPU of an order until Postgres has it, µs`, columns: ['FUNDS', 'orders/s', 'p50 ms', 'p99 ms', ...PROCESSES],
      rows: Object.entries(measured).map(([side, all]) => [
        side, ...[all.map(({ rate }) => rate), all.map(({ p50 }) => p50), all.map(({ p99 }) => p99)].map(median), ...medianCpu(all.map(({ cpu }) => cpu)),
      ]),
    }],
  };
}

export const moneyOrdersPart: Part = { name: 'money-orders', about: 'single orders over HTTP, at two venues by turns, without money and with it', funds: ['off', 'paper'], run };
