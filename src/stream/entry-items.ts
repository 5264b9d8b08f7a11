import type { Instrument } from '../domain/instruments';
import { tradesOf, type LogEntry } from '../domain/log-entry';
import type { Order, Trade } from '../domain/order';
import type { MarketNews } from './news';

/** One trade or order of an entry; `index` counts both, in the order in which they are told. */
export type EntryItem = { readonly instrument: string; readonly index: number } & (
  | { readonly channel: 'trades'; readonly trade: Trade }
  | { readonly channel: 'orders'; readonly order: Order }
);

/**
 * The trades and orders of an entry. A refusal is between the venue and its client: it has none.
 * @param isWanted whether anybody follows a channel of an instrument; the others' items are left out
 */
export function itemsOf(entry: LogEntry, isWanted: (channel: EntryItem['channel'], instrument: string) => boolean): EntryItem[] {
  if (entry.kind === 'refuse' || entry.kind === 'keep') return [];
  const items: EntryItem[] = [];
  if (entry.fills.some(({ maker }) => isWanted('trades', maker.instrument))) {
    for (const [index, trade] of tradesOf(entry).entries()) {
      if (isWanted('trades', trade.instrument)) items.push({ channel: 'trades', instrument: trade.instrument, index, trade });
    }
  }
  let index = entry.fills.length;
  const addOrder = (order: Order): void => {
    if (isWanted('orders', order.instrument)) items.push({ channel: 'orders', instrument: order.instrument, index, order });
    index++;
  };
  for (const order of entry.orders) addOrder(order);
  for (const fill of entry.fills) addOrder(fill.maker);
  return items;
}

export function newsOfItem(item: EntryItem, { sequence, timeUs }: LogEntry, instrument: Instrument): MarketNews {
  return item.channel === 'trades'
    ? { kind: 'trade', trade: item.trade, instrument, sequence, timeUs }
    : { kind: 'order', order: item.order, instrument, sequence, timeUs };
}
