import { formatAmount } from '../domain/amounts';
import { CHECKSUM_LEVELS, bookChecksum } from '../domain/checksum';
import type { Instrument } from '../domain/instruments';
import { tradesOf, type LogEntry } from '../domain/log-entry';
import { formatTimeUs, type Order } from '../domain/order';
import { presentOrder, presentTrade } from '../dialects/native/present';
import type { BookFeed } from './book-feed';
import type { BookReplica } from './book-replica';
import type { FeedDelta } from './feed-delta';
import type { LevelStep } from './level-merge';
import { Message } from './message';
import type { Position } from './position';

/** What the stream says, as the contract has it. */

type LevelView = [price: string, quantity: string];

function viewLevels(levels: readonly (readonly [number, number])[], instrument: Instrument): LevelView[] {
  return levels.map(([ticks, lots]) => [formatAmount(ticks, instrument.tick), formatAmount(lots, instrument.lot)]);
}

/** JSON of levels: amounts are digits and a point. */
function textOfSteps(steps: readonly LevelStep[], { tick, lot }: Instrument): string {
  let text = '[';
  for (const { priceTicks, after } of steps) {
    text += `${text === '[' ? '' : ','}["${formatAmount(priceTicks, tick)}","${after === 0 ? '0' : formatAmount(after, lot)}"]`;
  }
  return `${text}]`;
}

function textOf(type: string, instrument: string | null, sequence: number, timeUs: number, data: unknown): string {
  return JSON.stringify({ type, instrument, sequence, timestamp: formatTimeUs(timeUs), data });
}

/** @param levels of each side */
export function checksumOf(book: BookReplica, instrument: Instrument, levels: number): number {
  return levels >= CHECKSUM_LEVELS ? book.checksum(instrument) : bookChecksum(book.bids.top(levels), book.asks.top(levels), instrument);
}

/** The book as a feed's clients have it after the feed's last message. */
export function snapshotMessage(feed: BookFeed, book: BookReplica): Message {
  const { instrument, levels, toldSequence } = feed;
  return new Message('orderbook_snapshot', textOf('orderbook_snapshot', instrument.instrument, toldSequence, book.changedUs, {
    bids: viewLevels(book.bids.top(levels), instrument),
    asks: viewLevels(book.asks.top(levels), instrument),
    checksum: checksumOf(book, instrument, feed.checksumLevels),
  }), toldSequence);
}

/**
 * The message that a busy book sends most: its text is joined, in less than half the time that JSON.stringify takes. Nothing in it
 * needs to be escaped, an instrument's name included.
 * @param checksum of the book as it is after the delta
 */
export function deltaMessage(delta: FeedDelta, checksum: number, position: Position | null): Message {
  const { instrument } = delta.feed;
  const text = `{"type":"orderbook_delta","instrument":"${instrument.instrument}","sequence":${delta.sequence},`
    + `"timestamp":"${formatTimeUs(delta.timeUs)}","data":{"first_sequence":${delta.firstSequence},`
    + `"previous_sequence":${delta.previousSequence},"bids":${textOfSteps(delta.bids, instrument)},`
    + `"asks":${textOfSteps(delta.asks, instrument)},"checksum":${checksum}}}`;
  return new Message('orderbook_delta', text, delta.sequence, position, delta);
}

/** One trade or order of an entry; `index` counts both, in the order in which they are told. */
export interface EntryItem {
  readonly channel: 'trades' | 'orders';
  readonly instrument: string;
  readonly index: number;
  make(instrument: Instrument, position: Position | null): Message;
}

/**
 * The trades and orders of an entry. A refusal is between the venue and its client: it has none.
 * @param isWanted whether anybody follows a channel of an instrument; the others' items are left out
 */
export function itemsOf(entry: LogEntry, isWanted: (channel: EntryItem['channel'], instrument: string) => boolean): EntryItem[] {
  if (entry.kind === 'refuse' || entry.kind === 'keep') return [];
  const items: EntryItem[] = [];
  const trades = entry.fills.length;
  const taker = entry.orders[0];
  if (taker !== undefined && trades > 0 && isWanted('trades', taker.instrument)) {
    for (const [index, trade] of tradesOf(entry).entries()) {
      items.push({
        channel: 'trades', instrument: trade.instrument, index,
        make: (instrument, position) => new Message(
          'trade', textOf('trade', trade.instrument, entry.sequence, entry.timeUs, presentTrade(trade, instrument)), entry.sequence, position,
        ),
      });
    }
  }
  let index = trades;
  const addOrder = (order: Order): void => {
    if (isWanted('orders', order.instrument)) {
      items.push({
        channel: 'orders', instrument: order.instrument, index,
        make: (instrument, position) => new Message(
          'order', textOf('order', order.instrument, entry.sequence, entry.timeUs, presentOrder(order, instrument)), entry.sequence, position,
        ),
      });
    }
    index++;
  };
  for (const order of entry.orders) addOrder(order);
  for (const fill of entry.fills) addOrder(fill.maker);
  return items;
}

/** A message of a channel that another market listener feeds. */
export interface ChannelMessage {
  readonly type: string;
  readonly sequence: number;
  readonly timeUs: number;
  readonly data: unknown;
}

export function channelMessage({ type, sequence, timeUs, data }: ChannelMessage, instrument: string): Message {
  return new Message(type, textOf(type, instrument, sequence, timeUs, data), sequence);
}

/** A message about the connection. */
export function controlMessage(type: string, sequence: number, data: unknown, position: Position | null = null): Message {
  return new Message(type, textOf(type, null, sequence, Date.now() * 1000, data), sequence, position);
}
