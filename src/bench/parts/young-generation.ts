import { CpuWatch } from '../cpu';
import { closedLoad, openLoad, requireExpected } from '../http-load';
import { orderRequests } from '../orders';
import type { Bench, Part } from '../result';
import { inTurn, median } from '../turns';
import { BenchVenue } from '../venue';

/** Of V8's semi-space, in MB: 16 is its default. */
const SIZES_MB = [16, 24, 32, 48, 64, 96];
/** Each size is measured so often, in turn, so that what the machine does meanwhile meets all of them. */
const ROUNDS = 3;
const RATE = 2_000;
const CONNECTIONS = 256;
const WARM_UP_CONNECTIONS = 64;
/** Long enough that the largest semi-space has been filled and collected. */
const WARM_UP_S = 4;

interface Measured {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** CPU of the service. */
  readonly us: number;
}

async function measure(bench: Bench, sizeMb: number, round: number): Promise<Measured> {
  // The last of two such flags counts: this one stands behind the service's own.
  const venue = await BenchVenue.start(bench, {}, [`--max-semi-space-size=${sizeMb}`]);
  try {
    const load = { port: venue.port, expected: 201 };
    requireExpected(await closedLoad({ ...load, connections: WARM_UP_CONNECTIONS, seconds: WARM_UP_S, request: orderRequests('warm') }));
    await venue.untilDrained();
    const watch = new CpuWatch(venue.processes);
    const result = await openLoad({ ...load, connections: CONNECTIONS, rate: RATE, seconds: bench.seconds, request: orderRequests(`size-${sizeMb}-${round}`) });
    requireExpected(result);
    const us = watch.microsecondsPer(result.answered).find(([name]) => name === 'service')?.[1] ?? Number.NaN;
    const { latencies } = result;
    return { p50: latencies.percentile(50), p99: latencies.percentile(99), p999: latencies.percentile(99.9), us };
  } finally {
    await venue.stop();
  }
}

async function run(bench: Bench) {
  const measured = new Map<number, Measured[]>(SIZES_MB.map((size) => [size, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const size of inTurn(SIZES_MB, round)) measured.get(size)?.push(await measure(bench, size, round));
  }
  const rows = SIZES_MB.map((size) => {
    const all = measured.get(size) ?? [];
    const of = (read: (one: Measured) => number): number => median(all.map(read));
    return { size, p50: of(({ p50 }) => p50), p99: of(({ p99 }) => p99), p999: of(({ p999 }) => p999), worstP99: Math.max(...all.map(({ p99 }) => p99)), us: of(({ us }) => us) };
  });
  const [best] = [...rows].sort((a, b) => a.p99 - b.p99);
  return {
    figures: [{ name: `semi-space with the lowest p99 at ${RATE.toLocaleString('en-US')} orders/s`, value: best?.size ?? Number.NaN, unit: 'MB' }],
    tables: [{
      title: `Latency of single orders at ${RATE.toLocaleString('en-US')} a second by --max-semi-space-size, medians of ${ROUNDS} runs`,
      columns: ['MB', 'p50 ms', 'p99 ms', 'p99.9 ms', 'worst p99 ms', 'µs of the service an order'],
      rows: rows.map(({ size, p50, p99, p999, worstP99, us }) => [size, p50, p99, p999, worstP99, us]),
    }],
  };
}

export const youngGenerationPart: Part = { name: 'young-generation', about: 'latency of single orders by how much room Node gives to young objects', run };
