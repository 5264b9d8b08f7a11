import { CpuWatch } from '../cpu';
import { startFloor } from '../floor-server';
import { requestText } from '../http-load';
import type { Bench, Figure, Part } from '../result';
import { batchesOf, instrumentsFile, playBatches, sendAll, warmUp, type Sent } from '../stream-batches';
import { StreamReceiver } from '../stream-receiver';
import { ALL_STREAMS, isConformance, prepareStream, type StreamName } from '../streams';
import { BenchVenue } from '../venue';

interface Played extends Sent {
  readonly messages: number;
  readonly cpu: readonly [process: string, us: number | null][];
}

async function play(venue: BenchVenue, name: StreamName): Promise<Played> {
  const stream = prepareStream(name);
  const requests = batchesOf(stream);
  await warmUp(venue);
  const watch = new CpuWatch(venue.processes);
  let cpu: Played['cpu'] = [];
  const sent = await playBatches(venue, stream, requests, () => { cpu = watch.microsecondsPer(stream.messages.length); });
  return { ...sent, messages: stream.messages.length, cpu };
}

/** The same bytes to a server that does nothing, and as many back. @returns messages a second */
async function bareServer({ messages, batches, requestBytes, answerBytes }: Played): Promise<number> {
  const server = await startFloor('http', String(Math.round(answerBytes / batches)));
  try {
    const request = Buffer.from(requestText('POST', '/orders/batch', 'x'.repeat(Math.round(requestBytes / batches))));
    const { seconds } = await sendAll(server.port, Array.from({ length: batches }, () => request));
    return messages / seconds;
  } finally {
    await server.stop();
  }
}

async function run(bench: Bench) {
  const environment = { INSTRUMENTS_FILE: instrumentsFile(bench) };
  const figures: Figure[] = [];
  const cpu: { name: StreamName; spent: Played['cpu'] }[] = [];
  for (const name of ALL_STREAMS) {
    // A book, names and memory of its own for each stream.
    const venue = await BenchVenue.start(bench, environment);
    try {
      const receiver = await StreamReceiver.open(venue.port, '/stream?channels=trades,orderbook');
      const played = await play(venue, name);
      await venue.untilDrained();
      receiver.close();
      if (receiver.gaps > 0 || receiver.deltas === 0) throw new Error(`${name}: the stream told ${receiver.deltas} changes of the book, with ${receiver.gaps} gaps`);
      cpu.push({ name, spent: played.cpu });
      figures.push({
        name: `${name}: messages through HTTP batches`, value: played.messages / played.seconds, unit: 'messages/s',
        floor: { name: 'bare node:http, as many bytes', value: await bareServer(played) },
        ...(isConformance(name) && { goal: { bound: 20_000, better: 'higher' as const } }),
      });
    } finally {
      await venue.stop();
    }
  }
  const worst = Math.min(...figures.filter(({ goal }) => goal !== undefined).map(({ value }) => value));
  const table = {
    title: 'Where the CPU of a message goes, µs',
    columns: ['stream', ...cpu[0]?.spent.map(([process]) => process) ?? []],
    rows: cpu.map(({ name, spent }) => [name, ...spent.map(([, us]) => us)]),
  };
  return { tables: [table], figures: [...figures, { name: 'worst of the three that are asked for', value: worst, unit: 'messages/s', goal: { bound: 20_000, better: 'higher' as const } }] };
}

export const httpBatchesPart: Part = { name: 'http-batches', about: 'conformance streams in HTTP batches, a stream client connected, reports checked', run };
