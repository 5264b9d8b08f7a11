import { setTimeout as sleep } from 'node:timers/promises';
import { StreamWatch } from '../chaos/stream-watch';
import { openLoad, type LoadResult } from './http-load';
import { orderRequests } from './orders';

/** An instrument that is halted, gathers orders for an auction and opens again, over and over, while orders come in. */

const INSTRUMENT = 'BTC-USD';
/** One round: what it is in turn. */
const STATES = ['halted', 'auction', 'open'] as const;
const STAYS_MS = 300;
const PLACED = 201;
/** `instrument_not_open`: what it refuses while it is not open. */
const REFUSED = 409;

export interface StateChanges {
  readonly load: LoadResult;
  readonly refused: number;
  /** Rounds of halt, auction and reopening. */
  readonly rounds: number;
  /** Changes of its book that the client was told. */
  readonly bookMessages: number;
  /** Gaps, wrong checksums, and a book that is not the venue's at the end. */
  readonly problems: readonly string[];
}

export interface StateChangeOptions {
  readonly url: string;
  readonly port: number;
  /** Orders a second. */
  readonly rate: number;
  readonly seconds: number;
  readonly connections: number;
  /** Keeps keys of two runs apart. */
  readonly run: string;
  /** Changes the instrument. @throws Error when it is refused */
  change(instrument: string, state: (typeof STATES)[number]): Promise<void>;
}

/** @throws Error when an order is answered by anything but 201 and 409 */
export async function changeStatesUnderLoad(options: StateChangeOptions): Promise<StateChanges> {
  const watch = new StreamWatch([options.url], [INSTRUMENT]);
  const loading = openLoad({ ...options, expected: PLACED, request: orderRequests(options.run) });
  const over = new AbortController();
  const ended = loading.finally(() => over.abort());
  let rounds = 0;
  while (!over.signal.aborted) {
    for (const state of STATES) {
      await options.change(INSTRUMENT, state);
      await sleep(STAYS_MS);
    }
    rounds++;
  }
  const load = await ended;
  const others = [...load.unexpected].filter(([status]) => status !== REFUSED);
  if (others.length > 0) throw new Error(`of ${load.answered} answers these were not expected: ${JSON.stringify(others)}`);
  const problems = await watch.stop();
  return { load, refused: load.unexpected.get(REFUSED) ?? 0, rounds, bookMessages: watch.messages, problems };
}
