import WebSocket from 'ws';
import { CpuWatch } from '../cpu';
import { startFloor } from '../floor-server';
import { Latencies } from '../http-load';
import { orderSource, restingSource } from '../orders';
import type { Bench, Part } from '../result';
import { BenchVenue } from '../venue';

const CONNECTIONS = 8;
/** Requests under way on each connection. */
const IN_FLIGHT = 64;
const WARM_UP_S = 2;
const STATUS = '"status":201';

interface Result {
  readonly answered: number;
  readonly seconds: number;
  readonly latencies: Latencies;
  readonly answerBytes: number;
}

async function open(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url, { perMessageDeflate: false, skipUTF8Validation: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return socket;
}

/** Closed model: `IN_FLIGHT` requests on each connection at any time. @param next the n-th order @param isGood whether an answer is what was asked for */
async function load(url: string, seconds: number, next: (n: number) => string, isGood: (answer: string) => boolean): Promise<Result> {
  const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => open(url)));
  const latencies = new Latencies();
  let [sent, answered, answerBytes] = [0, 0, 0];
  let firstBad: string | null = null;
  const started = performance.now();
  const until = started + seconds * 1_000;
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve, reject) => {
    // Answers of a connection may come in any order; latency is that of as many requests ago.
    const sentAt: number[] = [];
    let waiting = 0;
    const send = (): void => {
      const now = performance.now();
      if (now >= until) {
        if (waiting === 0) resolve();
        return;
      }
      const n = sent++;
      sentAt.push(now);
      waiting++;
      socket.send(`{"id":"${n}","op":"place",${next(n).slice(1)}`);
    };
    socket.on('message', (data: Buffer) => {
      const answer = data.toString('latin1');
      waiting--;
      answered++;
      answerBytes += data.length;
      latencies.record(sentAt.shift() as number);
      if (!isGood(answer)) firstBad ??= answer;
      send();
    });
    socket.once('close', () => reject(new Error(`${url} closed the connection`)));
    for (let i = 0; i < IN_FLIGHT; i++) send();
  })));
  const took = (performance.now() - started) / 1_000;
  for (const socket of sockets) socket.terminate();
  if (firstBad !== null) throw new Error(`an order was not taken: ${(firstBad as string).slice(0, 300)}`);
  return { answered, seconds: took, latencies, answerBytes };
}

/** @param flow of orders, each run's keys its own */
async function measure(bench: Bench, flow: (run: string) => (n: number) => string): Promise<{ result: Result; cpu: [process: string, us: number | null][] }> {
  const venue = await BenchVenue.start(bench);
  try {
    const url = `ws://127.0.0.1:${venue.port}/orders`;
    const isTaken = (answer: string): boolean => answer.includes(STATUS);
    await load(url, WARM_UP_S, flow('warm'), isTaken);
    const watch = new CpuWatch(venue.processes);
    const result = await load(url, bench.seconds, flow('run'), isTaken);
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
    const bare = await load(`ws://127.0.0.1:${server.port}`, bench.seconds / 2, orderSource('bare'), () => true);
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
