import type { InstrumentRules } from '../domain/instrument-rules';
import type { Instrument } from '../domain/instruments';
import { tradesOf, type LogEntry } from '../domain/log-entry';
import type { Order, Trade } from '../domain/order';
import { accountItemsOf, type AccountItem, type IsAccountWanted } from './account-items';
import type { MarketNews } from './news';

/** One trade, order or instrument of an entry; `index` counts all that an entry tells, in the order in which it is told. */
export type MarketItem = { readonly instrument: string; readonly index: number } & (
  | { readonly channel: 'trades'; readonly trade: Trade }
  | { readonly channel: 'orders'; readonly order: Order; readonly owner: string | null }
  | { readonly channel: 'instruments'; readonly rules: InstrumentRules }
);
export type EntryItem = MarketItem | AccountItem;

/** Whether anybody follows something: what nobody follows is left out. */
export interface Wanted {
  ofInstrument(channel: MarketItem['channel'], instrument: string): boolean;
  /** Whether anybody follows an account's orders; null where nobody follows any account's. */
  readonly ordersOf: ((instrument: string, account: string) => boolean) | null;
  /** null where nobody follows any account. */
  readonly ofAccount: IsAccountWanted | null;
}

/**
 * Which fill of each maker is its last within an entry, where one may have several: of an iceberg, which trades part by part, and in a call
 * auction. It is told once, as it became. null where none has.
 */
function lastFills({ kind, fills }: LogEntry): ReadonlyMap<string, number> | null {
  if (kind !== 'auction' && !fills.some(({ maker }) => maker.traits.display !== undefined)) return null;
  return new Map(fills.map(({ maker }, at) => [maker.orderId, at]));
}

/** The trades and orders of an entry, and what it tells accounts. A refusal is between the venue and its client: it has none. */
export function itemsOf(entry: LogEntry, wanted: Wanted): EntryItem[] {
  if (entry.kind === 'refuse' || entry.kind === 'keep') return [];
  const items: EntryItem[] = [];
  if (entry.fills.some(({ maker }) => wanted.ofInstrument('trades', maker.instrument))) {
    for (const [index, trade] of tradesOf(entry).entries()) {
      if (wanted.ofInstrument('trades', trade.instrument)) items.push({ channel: 'trades', instrument: trade.instrument, index, trade });
    }
  }
  let index = entry.fills.length;
  const addOrder = (order: Order): void => {
    const { instrument, clientId } = order;
    if (wanted.ofInstrument('orders', instrument)) items.push({ channel: 'orders', instrument, index, order, owner: null });
    if (wanted.ordersOf?.(instrument, clientId) === true) items.push({ channel: 'orders', instrument, index, order, owner: clientId });
    index++;
  };
  for (const order of entry.orders) addOrder(order);
  const told = lastFills(entry);
  // In a call auction an order may make and take: what it has become is told above.
  const took = entry.kind === 'auction' ? new Set(entry.orders.map(({ orderId }) => orderId)) : null;
  entry.fills.forEach(({ maker }, at) => {
    if ((told?.get(maker.orderId) ?? at) === at && took?.has(maker.orderId) !== true) addOrder(maker);
    else index++;
  });
  for (const event of entry.events) {
    if (event.type !== 'instrument') continue;
    const { rules } = event;
    if (wanted.ofInstrument('instruments', rules.instrument)) items.push({ channel: 'instruments', instrument: rules.instrument, index, rules });
    index++;
  }
  // Whoever trades holds something: where money is kept, an entry that moves any tells a balance.
  if (wanted.ofAccount === null || entry.balances.length === 0) return items;
  return [...items, ...accountItemsOf(entry, index, wanted.ofAccount)];
}

/** @param instrumentOf undefined for one that is traded no more @returns null for what is of such a one */
export function newsOfItem(item: EntryItem, { sequence, timeUs }: LogEntry, instrumentOf: (name: string) => Instrument | undefined): MarketNews | null {
  if (item.channel === 'balances') return { kind: 'balances', isWhole: false, account: item.account, balances: item.balances, sequence, timeUs };
  const instrument = instrumentOf(item.channel === 'fills' ? item.fill.instrument : item.instrument);
  if (instrument === undefined) return null;
  switch (item.channel) {
    case 'trades': return { kind: 'trade', trade: item.trade, instrument, sequence, timeUs };
    case 'instruments': return { kind: 'instrument', rules: item.rules, instrument, sequence, timeUs };
    case 'orders': return { kind: 'order', order: item.order, instrument, sequence, timeUs };
    case 'fills': return { kind: 'fill', account: item.account, fill: item.fill, instrument, sequence, timeUs };
  }
}
