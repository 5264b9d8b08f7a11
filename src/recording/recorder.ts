import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { createGzip, constants } from 'node:zlib';
import { OpenfillClient, type Channel } from '#openfill-client';
import type { Line } from './recording';

export interface RecorderOptions {
  readonly url: string;
  readonly file: string;
  readonly channels: readonly Channel[];
  /** All of the venue's where they are left out. */
  readonly instruments?: readonly string[];
}

export interface RecorderReport {
  readonly messages: number;
  /** Up to where everything that happened is in the file. */
  readonly sequence: number;
  readonly breaks: number;
  readonly resyncs: number;
}

const LEVELS = 5_000;
/** What a recorder that is killed loses at most. */
const FLUSH_MS = 1_000;
/** Longest wait, at the end, for the venue to say how far it has told everything. */
const END_WAIT_MS = 3_000;

/**
 * Records a stream until the signal is given. The file is whole then, whatever the venue does meanwhile.
 * @param begun called once everything from here on is recorded
 */
export async function record({ url, file, channels, instruments: names }: RecorderOptions, signal: AbortSignal, begun: () => void): Promise<RecorderReport> {
  const client = new OpenfillClient(url);
  const instruments = (await client.instruments({ signal })).filter(({ instrument }) => names?.includes(instrument) ?? true);
  const unknown = names?.filter((name) => !instruments.some(({ instrument }) => instrument === name)) ?? [];
  if (unknown.length > 0) throw new RangeError(`the venue has no instrument ${unknown.join(', ')}`);
  const gzip = createGzip();
  const out = gzip.pipe(createWriteStream(file));
  const written = finished(out);
  const broken = new AbortController();
  written.catch(() => {
    gzip.destroy();
    broken.abort();
  });
  const put = (line: Line): boolean => gzip.write(`${JSON.stringify(line)}\n`);
  const flushing = setInterval(() => gzip.flush(constants.Z_SYNC_FLUSH), FLUSH_MS);
  put({ recording: 1, url: client.url, started_at: new Date().toISOString(), channels, instruments });
  const stream = client.stream({ channels, instruments: instruments.map(({ instrument }) => instrument) });
  const report = { messages: 0, sequence: 0, breaks: 0, resyncs: 0 };
  stream.on('disconnected', () => { report.breaks++; });
  stream.on('resync', () => { report.resyncs++; });
  const reading = (async (): Promise<void> => {
    for await (const message of stream) {
      report.messages++;
      if (!put({ received_at: new Date().toISOString(), message })) await once(gzip, 'drain', { signal: broken.signal });
    }
  })();
  try {
    const beginning = (async (): Promise<void> => {
      await stream.reached(0, { signal });
      // What they hold beyond the stream's first word comes from the stream as well: a player goes by the sequence.
      for (const { instrument } of instruments) {
        const { last: lastPrice } = await client.ticker({ instrument }, { signal });
        const queues = await client.orderQueues({ instrument, levels: LEVELS }, { signal });
        put({ received_at: new Date().toISOString(), queues, last_price: lastPrice });
      }
      begun();
      await aborted(signal);
    })();
    // The file is done with before the end only when it cannot be written.
    await Promise.race([reading, beginning, written]).catch((error: unknown) => { if (!signal.aborted) throw error; });
    report.sequence = await stream.reached(0, { signal: AbortSignal.timeout(END_WAIT_MS) }).catch(() => stream.sequence);
  } finally {
    await stream.close();
    await reading.catch(() => undefined);
    clearInterval(flushing);
    put({ ended_at: new Date().toISOString(), sequence: report.sequence });
    gzip.end();
    await written;
  }
  return report;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
