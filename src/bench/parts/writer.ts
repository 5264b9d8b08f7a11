import { setTimeout as sleep } from 'node:timers/promises';
import { engineCommandOf } from '../../conformance/commands';
import { drain } from '../drain';
import { openLoad, requireExpected } from '../http-load';
import { lagsMs, percentile, type Sample } from '../lag';
import { orderRequests } from '../orders';
import { FUNDS_UNSET, type Bench, type Part } from '../result';
import { prepareStream } from '../streams';
import { BenchVenue } from '../venue';

const RATE = 2_000;
const POLL_MS = 5;

/** At a steady rate of orders: how far is Postgres behind? */
async function lag(bench: Bench) {
  const venue = await BenchVenue.start(bench, { FUNDS: FUNDS_UNSET });
  try {
    const samples: Sample[] = [];
    let isDone = false;
    const load = openLoad({ port: venue.port, connections: 64, expected: 201, rate: RATE, seconds: bench.seconds, request: orderRequests('lag') })
      .finally(() => { isDone = true; });
    while (!isDone) {
      samples.push({ atMs: performance.now(), ...await venue.positions() });
      await sleep(POLL_MS);
    }
    const result = await load;
    requireExpected(result);
    await venue.untilDrained();
    return { lags: lagsMs(samples), answered: result.answered / result.seconds };
  } finally {
    await venue.stop();
  }
}

async function run(bench: Bench) {
  const drained = await drain(bench, FUNDS_UNSET, prepareStream('normal').commands.map((command) => engineCommandOf(command, 'BTC-USD')));
  const { lags, answered } = await lag(bench);
  return {
    figures: [
      { name: 'log entries that the writer brings to Postgres', value: drained.rate, unit: 'entries/s', floor: { name: 'COPY of the same rows', value: drained.copy }, goal: { bound: 30_000, better: 'higher' as const } },
      { name: `lag behind ${Math.round(answered).toLocaleString('en-US')} orders/s, p50`, value: percentile(lags, 50), unit: 'ms' },
      { name: `lag behind ${Math.round(answered).toLocaleString('en-US')} orders/s, p99`, value: percentile(lags, 99), unit: 'ms', goal: { bound: 250, better: 'lower' as const } },
    ],
  };
}

export const writerPart: Part = { name: 'writer', about: 'how fast the writer drains a log, and how far it is behind at 2,000 orders/s', funds: [FUNDS_UNSET], run };
