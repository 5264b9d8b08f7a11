import { firstDifference } from '../audit/difference';
import type { AssetTable } from '../domain/asset-table';
import type { Instrument } from '../domain/instruments';
import { tradesOf, type LogEntry } from '../domain/log-entry';
import type { Order } from '../domain/order';
import { presentOrderWithTrades } from '../dialects/native/present';

export type Told = Readonly<Record<string, unknown>>;

/** What a client is to be told of an order of an entry, with the trades in which it took; null where nobody trades its instrument. */
export function presentedOf(order: Order, entry: LogEntry, instruments: ReadonlyMap<string, Instrument>, assets: AssetTable): Told | null {
  const instrument = instruments.get(order.instrument);
  if (instrument === undefined) return null;
  const trades = tradesOf(entry).filter(({ takerOrderId }) => takerOrderId === order.orderId);
  return { ...presentOrderWithTrades(order, trades, instrument, assets) };
}

/**
 * @param isCancel of a cancel a client is told all trades of the order, the entry has only its own
 * @returns how what a client was told differs from what it is to be told, null when it does not; how old it is does not count
 */
export function toldDifference(expected: Told, told: Told, isCancel: boolean): string | null {
  const { stale: _stale, lag_entries: _entries, lag_seconds: _seconds, ...rest } = told;
  const difference = isCancel ? firstDifference({ ...expected, trades: null }, { ...rest, trades: null }) : firstDifference(expected, rest);
  return difference === null ? null : `differs from the answer at${difference}`;
}
