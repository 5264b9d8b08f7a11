import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { constants, createGunzip } from 'node:zlib';
import type { Channel, Instrument, OrderQueues, StreamMessage } from '#openfill-client';

/** A recording: lines of JSON, compressed. The first is the head, the last says up to where it is whole. */

export interface Head {
  /** Version of the form. */
  readonly recording: 1;
  readonly url: string;
  readonly started_at: string;
  readonly channels: readonly Channel[];
  readonly instruments: readonly Instrument[];
}

/** A message as it came. */
export interface MessageLine { readonly received_at: string; readonly message: StreamMessage }
/** The orders that were open when recording began: the stream tells of them only when they change. `last_price` is that of the last trade until then. */
export interface QueuesLine { readonly received_at: string; readonly queues: OrderQueues; readonly last_price?: string | null }
export interface EndLine { readonly ended_at: string; readonly sequence: number }

export type Line = Head | MessageLine | QueuesLine | EndLine;

/** Lines of a file, as many as there are of one that was cut off. */
export async function* readLines(file: string): AsyncGenerator<Line> {
  const source = createReadStream(file);
  const text = source.pipe(createGunzip({ finishFlush: constants.Z_SYNC_FLUSH }));
  source.on('error', (error) => text.destroy(error));
  try {
    for await (const line of createInterface({ input: text, crlfDelay: Infinity })) {
      let parsed: Line;
      try {
        parsed = JSON.parse(line) as Line;
      } catch {
        // The last line of a recorder that was killed.
        return;
      }
      yield parsed;
    }
  } finally {
    source.destroy();
  }
}

/** Whether a file is a recording, and not something else to replay. */
export async function isRecording(file: string): Promise<boolean> {
  if (!file.endsWith('.gz')) return false;
  for await (const line of readLines(file)) return 'recording' in line;
  return false;
}
