import type { RawLogEntry } from '../domain/log-entry';
import type { Direction } from '../domain/order-type';

/** Names of a shard's keys. All carry its hash tag, so that they share one slot of a Redis Cluster. */
export interface ShardKeys {
  readonly meta: string;
  readonly log: string;
  readonly orders: string;
  readonly clientOrderIds: string;
  readonly idempotency: string;
  readonly accounts: string;
  readonly instruments: string;
  readonly catalogue: string;
  readonly feeGroups: string;
  readonly transfers: string;
  readonly timers: string;
  readonly due: string;
  readonly killed: string;
  lease(lease: string): string;
  readonly references: string;
  /** Ahead of the second by which what is good once is timed. It says nothing of the book: it goes when its time is over, and not before. */
  readonly oncePrefix: string;
  trades(instrument: string): string;
  band(instrument: string): string;
  /** Orders whose list's first is filled and that are still to go. */
  released(instrument: string): string;
  book(instrument: string, side: 'bids' | 'asks'): string;
  depth(instrument: string, side: 'bids' | 'asks'): string;
  hidden(instrument: string, side: 'bids' | 'asks'): string;
  open(escapedClient: string): string;
  /** Orders that wait for a price. */
  stops(instrument: string, direction: Direction): string;
  /** Groups of those that trail, by name of the trail (stored-trails.ts), and the orders of a group. */
  trails(name: string): string;
  trail(name: string, store: string): string;
  /** Entries whose trades have reached some of them. */
  reached(instrument: string): string;
}

export function shardKeys(shard: string): ShardKeys {
  const tag = `{${shard}}:`;
  return {
    meta: `${tag}meta`,
    log: `${tag}log`,
    orders: `${tag}orders`,
    clientOrderIds: `${tag}client_order_ids`,
    idempotency: `${tag}idem`,
    accounts: `${tag}accounts`,
    instruments: `${tag}instruments`,
    catalogue: `${tag}catalogue`,
    feeGroups: `${tag}fee_groups`,
    transfers: `${tag}transfers`,
    timers: `${tag}timers`,
    due: `${tag}due`,
    killed: `${tag}killed`,
    lease: (lease) => `${tag}lease:${lease}`,
    references: `${tag}references`,
    oncePrefix: `${tag}once:`,
    trades: (instrument) => `${tag}trades:${instrument}`,
    band: (instrument) => `${tag}band:${instrument}`,
    released: (instrument) => `${tag}released:${instrument}`,
    book: (instrument, side) => `${tag}book:${instrument}:${side}`,
    depth: (instrument, side) => `${tag}depth:${instrument}:${side}`,
    hidden: (instrument, side) => `${tag}hidden:${instrument}:${side}`,
    open: (client) => `${tag}open:${client}`,
    stops: (instrument, direction) => `${tag}stops:${instrument}:${direction}`,
    trails: (name) => `${tag}trails:${name}`,
    trail: (name, store) => `${tag}trail:${name}:${store}`,
    reached: (instrument) => `${tag}reached:${instrument}`,
  };
}

/** Field of a log entry's payload in the stream. */
export const LOG_FIELD = 'e';

/** One element of the stream: the log entries of one engine call, under the sequence of the last. */
export type StreamElement = readonly [id: string, fields: readonly string[]];

/** The log entries of an element, oldest first. */
export function entriesOf([id, fields]: StreamElement): RawLogEntry[] {
  const last = Number(id.slice(0, id.indexOf('-')));
  const entries: RawLogEntry[] = [];
  for (let i = 1; i < fields.length; i += 2) {
    entries.push({ sequence: last - (fields.length - 1 - i) / 2, payload: fields[i] as string });
  }
  return entries;
}

/** How many elements a reader asks for who wants so many entries: as many as its last read says. */
export class ElementCount {
  /** Rather too many before it has seen one: a first read fetches too few and not too much. */
  private entriesPerElement = 50;

  /** @returns elements that hold about `entries` entries, at least one */
  of(entries: number): number {
    return Math.ceil(entries / this.entriesPerElement);
  }

  /** Tells what a read has found. */
  note(elements: number, entries: number): void {
    if (elements > 0) this.entriesPerElement = entries / elements;
  }
}
