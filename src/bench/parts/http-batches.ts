import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inBatches } from '../batching';
import { parseStep } from '../../domain/amounts';
import { DEFAULT_INSTRUMENTS } from '../../domain/instruments';
import { answerOf, operationOf } from '../../conformance/play';
import type { OperationResult, VenueInstrument } from '../../conformance/venue-client';
import { CpuWatch } from '../cpu';
import { startFloor } from '../floor-server';
import { HttpConnection, requestText } from '../http-load';
import { batchRequests } from '../orders';
import type { Bench, Figure, Part } from '../result';
import { StreamReceiver } from '../stream-receiver';
import { ALL_STREAMS, isConformance, prepareStream, type StreamName } from '../streams';
import { BenchVenue } from '../venue';

const INSTRUMENT: VenueInstrument = { instrument: 'BENCH-USD', tick: parseStep('1'), lot: parseStep('1') };
const OPERATIONS_IN_BATCH = 900;
/** Batches that are on their way on one connection: while one is answered, the next is read. */
const IN_FLIGHT = 6;
/** Of orders for another instrument, before anything is timed: a service that has just been started compiles its code first. */
const WARM_UP_BATCHES = 60;

interface Played {
  readonly messages: number;
  readonly seconds: number;
  readonly requestBytes: number;
  readonly answerBytes: number;
  readonly batches: number;
  readonly cpu: readonly [process: string, us: number | null][];
}

/** Sends requests down one connection, `IN_FLIGHT` at a time. @returns the bodies of the answers, in order */
async function sendAll(port: number, requests: readonly Buffer[]): Promise<{ bodies: Buffer[]; seconds: number }> {
  const connection = await HttpConnection.open(port);
  const bodies: Buffer[] = [];
  const started = performance.now();
  await new Promise<void>((resolve, reject) => {
    let sent = 0;
    const next = (): void => {
      if (sent === requests.length) return;
      connection.send(requests[sent++] as Buffer, (status, body) => {
        if (status !== 200) reject(new Error(`a batch was answered ${status}: ${body.toString('utf8', 0, 300)}`));
        bodies.push(body);
        if (bodies.length === requests.length) resolve();
        else next();
      });
    };
    for (let i = 0; i < IN_FLIGHT; i++) next();
  });
  const seconds = (performance.now() - started) / 1_000;
  connection.close();
  return { bodies, seconds };
}

async function play(venue: BenchVenue, name: StreamName): Promise<Played> {
  const stream = prepareStream(name);
  const operations = stream.commands.map((command) => JSON.stringify(operationOf(command, INSTRUMENT)));
  const requests = inBatches(operations, OPERATIONS_IN_BATCH)
    .map((batch) => Buffer.from(requestText('POST', '/orders/batch', `{"operations":[${batch.join(',')}]}`)));
  const warmUp = batchRequests('warm', OPERATIONS_IN_BATCH);
  await sendAll(venue.port, Array.from({ length: WARM_UP_BATCHES }, (_, n) => Buffer.from(warmUp(n))));
  await venue.untilDrained();
  const watch = new CpuWatch(venue.processes);
  const { bodies, seconds } = await sendAll(venue.port, requests);
  const cpu = watch.microsecondsPer(stream.messages.length);
  const answers = bodies.flatMap((body) => (JSON.parse(body.toString('utf8')) as { results: OperationResult[] }).results);
  stream.check(answers.map((answer) => answerOf(answer, INSTRUMENT)));
  const bytes = (buffers: readonly Buffer[]): number => buffers.reduce((sum, { length }) => sum + length, 0);
  return { messages: stream.messages.length, seconds, requestBytes: bytes(requests), answerBytes: bytes(bodies), batches: requests.length, cpu };
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
  const instrumentsFile = join(mkdtempSync(join(bench.directory, 'batches-')), 'instruments.json');
  writeFileSync(instrumentsFile, JSON.stringify([
    ...DEFAULT_INSTRUMENTS, { instrument: INSTRUMENT.instrument, base: 'BENCH', quote: 'USD', tick_size: '1', lot_size: '1' },
  ]));
  const figures: Figure[] = [];
  const cpu: { name: StreamName; spent: Played['cpu'] }[] = [];
  for (const name of ALL_STREAMS) {
    // A book, names and memory of its own for each stream.
    const venue = await BenchVenue.start(bench, { INSTRUMENTS_FILE: instrumentsFile });
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
