import { once } from 'node:events';
import WebSocket from 'ws';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFloor } from '../floor-server';
import { HttpConnection, requestText } from '../http-load';
import { orderSource } from '../orders';
import type { Bench, Part } from '../result';
import { StreamReceiver } from '../stream-receiver';
import { BenchVenue } from '../venue';

const RECEIVERS = 500;
/** Orders in one batch: what a busy moment brings. */
const ORDERS_IN_BATCH = 20;
/** Batches that not every receiver has yet. */
const IN_FLIGHT = 4;
const SETTLE_MS = 500;
/** Text of a message of the usual length, for the bare server. */
const FLOOR_MESSAGE = 'x'.repeat(350);

async function openAll(port: number, path: string): Promise<StreamReceiver[]> {
  const receivers: StreamReceiver[] = [];
  // A few at a time: a server's queue of new connections is bounded.
  for (let first = 0; first < RECEIVERS; first += 50) {
    receivers.push(...await Promise.all(Array.from({ length: Math.min(50, RECEIVERS - first) }, () => StreamReceiver.open(port, path))));
  }
  return receivers;
}

const total = (receivers: readonly StreamReceiver[]): number => receivers.reduce((sum, { messages }) => sum + messages, 0);

/**
 * Publishes as fast as the slowest receiver follows. @param publish makes one piece of news, resolves once it is made
 * @returns messages delivered a second
 */
async function deliver(receivers: readonly StreamReceiver[], seconds: number, publish: () => Promise<void>): Promise<number> {
  const pace = receivers.at(-1) as StreamReceiver;
  let published = 0;
  let seen = 0;
  let wake: () => void = () => undefined;
  // What one publishing comes to is not known beforehand: the last receiver's news is taken as the sign that others may follow.
  pace.onMessages = () => { seen = published; wake(); };
  const started = performance.now();
  const before = total(receivers);
  while (performance.now() - started < seconds * 1_000) {
    await publish();
    published++;
    while (published - seen >= IN_FLIGHT) await new Promise<void>((resolve) => { wake = resolve; });
  }
  await sleep(SETTLE_MS);
  return (total(receivers) - before) / ((performance.now() - started - SETTLE_MS) / 1_000);
}

async function bareServer(seconds: number): Promise<number> {
  const server = await startFloor('websocket', 'broadcast', '0');
  try {
    const receivers = await openAll(server.port, '/');
    const source = new WebSocket(`ws://127.0.0.1:${server.port}`, { perMessageDeflate: false });
    await once(source, 'open');
    const rate = await deliver(receivers, seconds, async () => {
      for (let i = 0; i < 2 * ORDERS_IN_BATCH; i++) source.send(FLOOR_MESSAGE);
      await new Promise((resolve) => setImmediate(resolve));
    });
    for (const receiver of receivers) receiver.close();
    source.terminate();
    return rate;
  } finally {
    await server.stop();
  }
}

async function run(bench: Bench) {
  const venue = await BenchVenue.start(bench);
  let rate: number;
  let gaps: number;
  let lost: number;
  let orders = 0;
  try {
    const receivers = await openAll(venue.port, '/stream');
    const connection = await HttpConnection.open(venue.port);
    const next = orderSource('fan-out');
    rate = await deliver(receivers, bench.seconds, async () => {
      const operations = Array.from({ length: ORDERS_IN_BATCH }, () => `{"op":"place",${next(orders++).slice(1)}`);
      await new Promise<void>((resolve, reject) => {
        connection.send(requestText('POST', '/orders/batch', `{"operations":[${operations.join(',')}]}`), (status) => {
          if (status === 200) resolve();
          else reject(new Error(`a batch was answered ${status}`));
        });
      });
    });
    connection.close();
    if (receivers.some(({ deltas }) => deltas === 0)) throw new Error('a receiver was told no change of the book');
    gaps = receivers.reduce((sum, receiver) => sum + receiver.gaps, 0);
    lost = receivers.filter(({ isClosed }) => isClosed).length;
    for (const receiver of receivers) receiver.close();
    await venue.untilDrained();
  } finally {
    await venue.stop();
  }
  return {
    figures: [
      { name: `messages delivered to ${RECEIVERS} receivers`, value: rate, unit: 'messages/s', floor: { name: 'bare ws broadcast', value: await bareServer(bench.seconds / 2) }, goal: { bound: 100_000, better: 'higher' as const } },
      { name: 'gaps in the chains of book messages', value: gaps, unit: '', goal: { bound: 0, better: 'lower' as const } },
      { name: 'receivers that were closed', value: lost, unit: '', goal: { bound: 0, better: 'lower' as const } },
      { name: 'orders meanwhile', value: orders / bench.seconds, unit: 'orders/s' },
    ],
  };
}

export const fanOutPart: Part = { name: 'fan-out', about: 'every message to 500 stream clients, as fast as they follow', run };
