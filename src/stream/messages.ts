import { formatAmount } from '../domain/amounts';
import { bookChecksum } from '../domain/checksum';
import type { Instrument } from '../domain/instruments';
import { tradesOf, type LogEntry } from '../domain/log-entry';
import { formatTimeUs, type Order } from '../domain/order';
import { presentOrder, presentTrade } from '../domain/present';
import type { BookReplica } from './book-replica';

/** Stream messages as text. Each is made once, however many clients it goes to. */


const CHECKSUM_LEVELS = 10;
type LevelView = [price: string, quantity: string];

export function viewLevels(levels: readonly (readonly [number, number])[], instrument: Instrument): LevelView[] {
  return levels.map(([ticks, lots]) => [formatAmount(ticks, instrument.tick), formatAmount(lots, instrument.lot)]);
}

function message(type: string, instrument: string | null, sequence: number, timeUs: number, data: unknown): string {
  return JSON.stringify({ type, instrument, sequence, timestamp: formatTimeUs(timeUs), data });
}

export function checksumOf(book: BookReplica, instrument: Instrument): number {
  return bookChecksum(
    viewLevels(book.bids.top(CHECKSUM_LEVELS), instrument), viewLevels(book.asks.top(CHECKSUM_LEVELS), instrument),
  );
}

/** @param levels a side; Infinity for the whole book */
export function snapshotMessage(book: BookReplica, instrument: Instrument, levels: number): string {
  return message('orderbook_snapshot', instrument.instrument, book.changedSequence, book.changedUs, {
    bids: viewLevels(book.bids.top(levels), instrument),
    asks: viewLevels(book.asks.top(levels), instrument),
    checksum: checksumOf(book, instrument),
  });
}

/** The change one entry made to one book; `previousSequence` is that of the book message before it. */
export function deltaMessage(entry: LogEntry, book: BookReplica, instrument: Instrument, previousSequence: number): string {
  const bids: LevelView[] = [];
  const asks: LevelView[] = [];
  // A level touched twice in one entry is told once, with its last total.
  const last = new Map<string, LevelView>();
  for (const level of entry.levels) {
    if (level.instrument !== instrument.instrument) continue;
    const quantity = level.quantityLots === 0 ? '0' : formatAmount(level.quantityLots, instrument.lot);
    const key = `${level.side}${level.priceTicks}`;
    const known = last.get(key);
    if (known !== undefined) {
      known[1] = quantity;
      continue;
    }
    const view: LevelView = [formatAmount(level.priceTicks, instrument.tick), quantity];
    last.set(key, view);
    (level.side === 'buy' ? bids : asks).push(view);
  }
  return message('orderbook_delta', instrument.instrument, entry.sequence, entry.timeUs, {
    first_sequence: entry.sequence,
    previous_sequence: previousSequence,
    bids,
    asks,
    checksum: checksumOf(book, instrument),
  });
}

export function tradeMessages(entry: LogEntry, instrument: Instrument): string[] {
  return tradesOf(entry).map((trade) =>
    message('trade', trade.instrument, entry.sequence, entry.timeUs, presentTrade(trade, instrument)));
}

export function orderMessage(order: Order, entry: LogEntry, instrument: Instrument): string {
  return message('order', order.instrument, entry.sequence, entry.timeUs, presentOrder(order, instrument));
}

/** A message of a channel that another market listener feeds. */
export interface ChannelMessage {
  readonly type: string;
  readonly sequence: number;
  readonly timeUs: number;
  readonly data: unknown;
}

export function channelMessage({ type, sequence, timeUs, data }: ChannelMessage, instrument: string): string {
  return message(type, instrument, sequence, timeUs, data);
}

export function controlMessage(type: string, sequence: number, timeUs: number, data: unknown): string {
  return message(type, null, sequence, timeUs, data);
}
