import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseStep } from '../domain/amounts';
import { DEFAULT_INSTRUMENTS } from '../domain/instruments';
import { answerOf, operationOf, type ClientOf } from '../conformance/play';
import type { OperationResult, VenueInstrument } from '../conformance/venue-client';
import { inBatches } from './batching';
import { HttpConnection, requestText } from './http-load';
import { batchRequests } from './orders';
import type { Bench } from './result';
import type { PreparedStream } from './streams';
import type { BenchVenue } from './venue';

/** The conformance streams in HTTP batches, on an instrument of their own. */

const INSTRUMENT: VenueInstrument = { instrument: 'BENCH-USD', tick: parseStep('1'), lot: parseStep('1') };
const OPERATIONS_IN_BATCH = 900;
/** Batches that are on their way on one connection: while one is answered, the next is read. */
const IN_FLIGHT = 6;
/** Of orders for another instrument, before anything is timed: a service that has just been started compiles its code first. */
const WARM_UP_BATCHES = 60;

export interface Sent {
  readonly seconds: number;
  readonly requestBytes: number;
  readonly answerBytes: number;
  readonly batches: number;
}

/** @returns the file for INSTRUMENTS_FILE */
export function instrumentsFile(bench: Bench): string {
  const file = join(mkdtempSync(join(bench.directory, 'batches-')), 'instruments.json');
  writeFileSync(file, JSON.stringify([
    ...DEFAULT_INSTRUMENTS, { instrument: INSTRUMENT.instrument, base: 'BENCH', quote: 'USD', tick_size: '1', lot_size: '1' },
  ]));
  return file;
}

/** Sends requests down one connection, `IN_FLIGHT` at a time. @returns the bodies of the answers, in order */
export async function sendAll(port: number, requests: readonly Buffer[]): Promise<{ bodies: Buffer[]; seconds: number }> {
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

export async function warmUp(venue: BenchVenue): Promise<void> {
  const requests = batchRequests('warm', OPERATIONS_IN_BATCH);
  await sendAll(venue.port, Array.from({ length: WARM_UP_BATCHES }, (_, n) => Buffer.from(requests(n))));
  await venue.untilDrained();
}

/** Requests of a stream, made before anything is timed. */
export function batchesOf(stream: PreparedStream, clientOf?: ClientOf): Buffer[] {
  const operations = stream.commands.map((command) => JSON.stringify(operationOf(command, INSTRUMENT, clientOf)));
  return inBatches(operations, OPERATIONS_IN_BATCH)
    .map((batch) => Buffer.from(requestText('POST', '/orders/batch', `{"operations":[${batch.join(',')}]}`)));
}

const bytes = (buffers: readonly Buffer[]): number => buffers.reduce((sum, { length }) => sum + length, 0);

/** @param whenSent runs when the last answer is there @throws Error when the reports are not the expected ones */
export async function playBatches(venue: BenchVenue, stream: PreparedStream, requests: readonly Buffer[], whenSent: () => void | Promise<void>): Promise<Sent> {
  const { bodies, seconds } = await sendAll(venue.port, requests);
  await whenSent();
  const answers = bodies.flatMap((body) => (JSON.parse(body.toString('utf8')) as { results: OperationResult[] }).results);
  stream.check(answers.map((answer) => answerOf(answer, INSTRUMENT)));
  return { seconds, requestBytes: bytes(requests), answerBytes: bytes(bodies), batches: requests.length };
}
