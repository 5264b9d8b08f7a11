import { firstDifference } from '../audit/difference';
import type { AssetTable } from '../domain/asset-table';
import type { Instrument } from '../domain/instruments';
import { tradesOf, type LogEntry } from '../domain/log-entry';
import { listOrderId } from '../domain/order-list';
import type { Order } from '../domain/order';
import { presentOrderWithTrades } from '../dialects/native/present';
import type { SentCommand } from './ledger';

type Body = Readonly<Record<string, unknown>>;

/** @returns how an entry of a list that was placed or cancelled differs from what the client was told, null when it does not */
export function listDifference(command: SentCommand, entry: LogEntry, instruments: ReadonlyMap<string, Instrument>, assets: AssetTable): string | null {
  const isPlaced = command.op === 'list';
  if (entry.kind !== (isPlaced ? 'list' : 'cancel')) return `is a ${entry.kind}`;
  const { list_id: listId, orders } = command.body as { readonly list_id?: string; readonly orders?: readonly Body[] };
  if (listId === undefined || orders === undefined) return `was told without a list: ${JSON.stringify(command.body)}`;
  if (isPlaced && (entry.command?.op !== 'list' || entry.command.listId !== listId)) return `is not of list ${listId}`;
  const own = entry.orders.filter(({ orderId }) => listOrderId(orderId, 0) === listId);
  // A cancel leaves alone what has come to its end before.
  if (isPlaced ? own.length !== orders.length : own.length === 0) return `tells ${own.length} orders of list ${listId}`;
  for (const order of own) {
    const told = orders.find(({ order_id: id }) => id === order.orderId);
    const difference = told === undefined ? ' an order that it lacks' : orderDifference(order, told, entry, isPlaced, instruments, assets);
    if (difference !== null) return `differs from the answer at${difference}`;
  }
  return null;
}

function orderDifference(order: Order, told: Body, entry: LogEntry, isPlaced: boolean, instruments: ReadonlyMap<string, Instrument>, assets: AssetTable): string | null {
  const instrument = instruments.get(order.instrument);
  if (instrument === undefined) return ' an instrument that nobody trades';
  const trades = tradesOf(entry).filter(({ takerOrderId }) => takerOrderId === order.orderId);
  const { trades: expectedTrades, ...expected } = presentOrderWithTrades(order, trades, instrument, assets) as unknown as Record<string, unknown>;
  const { trades: toldTrades, stale: _stale, lag_entries: _entries, lag_seconds: _seconds, ...rest } = told;
  // A cancel tells all trades of an order, the entry only its own.
  return firstDifference(isPlaced ? { ...expected, trades: expectedTrades } : expected, isPlaced ? { ...rest, trades: toldTrades } : rest);
}
