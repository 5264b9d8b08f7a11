import { CpuWatch } from '../cpu';
import { startFloor } from '../floor-server';
import { orderSource, restingSource } from '../orders';
import type { Bench, Part } from '../result';
import { BenchVenue } from '../venue';
import { IN_FLIGHT, isTaken, WS_CONNECTIONS as CONNECTIONS, wsLoad, type WsLoadResult } from '../ws-load';

const WARM_UP_S = 2;

/** @param flow of orders, each run's keys its own */
async function measure(bench: Bench, flow: (run: string) => (n: number) => string): Promise<{ result: WsLoadResult; cpu: [process: string, us: number | null][] }> {
  const venue = await BenchVenue.start(bench);
  try {
    const url = `ws://127.0.0.1:${venue.port}/orders`;
    await wsLoad(url, WARM_UP_S, flow('warm'), isTaken);
    const watch = new CpuWatch(venue.processes);
    const result = await wsLoad(url, bench.seconds, flow('run'), isTaken);
    const cpu = watch.microsecondsPer(result.answered);
    await venue.untilDrained();
    return { result, cpu };
  } finally {
    await venue.stop();
  }
}

async function run(bench: Bench) {
  const { result, cpu } = await measure(bench, orderSource);
  const { result: resting } = await measure(bench, () => restingSource());
  const server = await startFloor('websocket', 'echo', String(Math.round(result.answerBytes / result.answered)));
  try {
    const bare = await wsLoad(`ws://127.0.0.1:${server.port}`, bench.seconds / 2, orderSource('bare'), () => true);
    const floor = { name: 'bare ws server', value: bare.answered / bare.seconds };
    return {
      figures: [
        { name: `orders over WebSocket, ${CONNECTIONS} connections, ${IN_FLIGHT} under way on each`, value: result.answered / result.seconds, unit: 'orders/s', floor, goal: { bound: 15_000, better: 'higher' as const } },
        { name: 'the same with orders that rest, without keys', value: resting.answered / resting.seconds, unit: 'orders/s' },
        { name: 'orders over WebSocket, p99', value: result.latencies.percentile(99), unit: 'ms' },
      ],
      tables: [{ title: 'Where the CPU of an order over WebSocket goes', columns: ['process', 'µs an order'], rows: cpu }],
    };
  } finally {
    await server.stop();
  }
}

export const wsOrdersPart: Part = { name: 'ws-orders', about: 'order entry over WebSocket, many under way', run };
