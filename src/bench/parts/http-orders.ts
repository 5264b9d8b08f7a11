import { CpuWatch } from '../cpu';
import { startFloor } from '../floor-server';
import { closedLoad, latencyPoint, openLoad, requireExpected } from '../http-load';
import { orderRequests, orderSource } from '../orders';
import type { Bench, LatencyPoint, Part } from '../result';
import { BenchVenue } from '../venue';

const CONNECTIONS = 64;
const WARM_UP_S = 2;
/** Offered rates: each half as much again, until the venue is past what it can do. */
const RATES = [250, 500, 1_000, 1_500, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 10_000, 12_000, 15_000, 20_000];
const KEPT_UP = 0.97;
const SATURATED_P99_MS = 250;

async function single(bench: Bench) {
  const venue = await BenchVenue.start(bench);
  try {
    const load = { port: venue.port, connections: CONNECTIONS, expected: 201 };
    requireExpected(await closedLoad({ ...load, seconds: WARM_UP_S, request: orderRequests('warm') }));
    const watch = new CpuWatch(venue.processes);
    const before = await venue.redis.info('commandstats');
    const result = await closedLoad({ ...load, seconds: bench.seconds, request: orderRequests('run') });
    requireExpected(result);
    const cpu = watch.microsecondsPer(result.answered);
    await venue.untilDrained();
    const { text } = await venue.call('POST', '/orders', orderSource('size')(0));
    return { result, cpu, bytes: text.length, usInFunction: functionUs(before, await venue.redis.info('commandstats')) / result.answered };
  } finally {
    await venue.stop();
  }
}

function functionUs(before: string, after: string): number {
  const us = (info: string): number => Number(/^cmdstat_fcall:calls=\d+,usec=(\d+)/m.exec(info)?.[1] ?? 0);
  return us(after) - us(before);
}

/** The same generator on a server that does nothing. @returns requests a second */
async function bareServer(bench: Bench, bytes: number): Promise<number> {
  const server = await startFloor('http', String(bytes));
  try {
    const load = { port: server.port, connections: CONNECTIONS, expected: 200, request: orderRequests('bare') };
    await closedLoad({ ...load, seconds: WARM_UP_S });
    const { answered, seconds } = await closedLoad({ ...load, seconds: bench.seconds / 2 });
    return answered / seconds;
  } finally {
    await server.stop();
  }
}

async function run(bench: Bench) {
  const { result, cpu, bytes, usInFunction } = await single(bench);
  const floor = { name: 'bare node:http', value: await bareServer(bench, bytes) };
  const rate = result.answered / result.seconds;
  return {
    figures: [
      { name: 'POST /orders, 64 connections', value: rate, unit: 'orders/s', floor, goal: { bound: 6_000, better: 'higher' as const } },
      { name: 'POST /orders as a share of the floor', value: rate / floor.value, unit: '', goal: { bound: 0.3, better: 'higher' as const } },
      { name: 'POST /orders, p99', value: result.latencies.percentile(99), unit: 'ms', goal: { bound: 40, better: 'lower' as const } },
    ],
    tables: [{
      title: 'Where the CPU of a single order goes',
      columns: ['process', 'µs an order'],
      rows: [...cpu, ['the engine\'s function inside Redis', usInFunction] as [string, number]],
    }],
  };
}

export const httpOrdersPart: Part = { name: 'http-orders', about: 'single orders over HTTP, as fast as 64 connections can', run };

async function curve(bench: Bench) {
  const venue = await BenchVenue.start(bench);
  const points: LatencyPoint[] = [];
  try {
    const load = { port: venue.port, connections: 256, expected: 201 };
    requireExpected(await closedLoad({ ...load, connections: CONNECTIONS, seconds: WARM_UP_S, request: orderRequests('warm') }));
    for (const rate of RATES) {
      const result = await openLoad({ ...load, rate, seconds: bench.seconds / 2, request: orderRequests(`rate-${rate}`) });
      requireExpected(result);
      const point = latencyPoint(rate, result);
      points.push(point);
      await venue.untilDrained();
      if (point.answered < rate * KEPT_UP || point.p99 > SATURATED_P99_MS) break;
    }
  } finally {
    await venue.stop();
  }
  const kept = points.filter((point) => point.answered >= point.offered * KEPT_UP);
  const at = points.find((point) => point.offered === 2_000);
  return {
    figures: [
      { name: 'highest offered rate that is kept up with', value: kept.at(-1)?.offered ?? 0, unit: 'orders/s' },
      ...(at === undefined ? [] : [
        { name: 'p95 at 2,000 orders/s', value: at.p95, unit: 'ms', goal: { bound: 15, better: 'lower' as const } },
        { name: 'p99 at 2,000 orders/s', value: at.p99, unit: 'ms', goal: { bound: 40, better: 'lower' as const } },
      ]),
    ],
    tables: [{
      title: 'Latency of single orders by offered rate (open model)',
      columns: ['orders/s offered', 'orders/s answered', 'p50 ms', 'p95 ms', 'p99 ms'],
      rows: points.map(({ offered, answered, p50, p95, p99 }) => [offered, answered, p50, p95, p99]),
    }],
    latency: points,
  };
}

export const latencyPart: Part = { name: 'latency', about: 'latency of single orders at rates up to saturation, counted from when each was due', run: curve };
