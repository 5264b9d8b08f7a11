import type { AssetTable } from '../domain/asset-table';
import type { Instrument } from '../domain/instruments';
import type { LogEntry } from '../domain/log-entry';
import { listOrderId } from '../domain/order-list';
import type { SentCommand } from './ledger';
import { presentedOf, toldDifference, type Told } from './told-order';

/** @returns how an entry of a list that was placed or cancelled differs from what the client was told, null when it does not */
export function listDifference(command: SentCommand, entry: LogEntry, instruments: ReadonlyMap<string, Instrument>, assets: AssetTable): string | null {
  const isPlaced = command.op === 'list';
  if (entry.kind !== (isPlaced ? 'list' : 'cancel')) return `is a ${entry.kind}`;
  const { list_id: listId, orders } = command.body as { readonly list_id?: string; readonly orders?: readonly Told[] };
  if (listId === undefined || orders === undefined) return `was told without a list: ${JSON.stringify(command.body)}`;
  if (isPlaced && (entry.command?.op !== 'list' || entry.command.listId !== listId)) return `is not of list ${listId}`;
  const own = entry.orders.filter(({ orderId }) => listOrderId(orderId, 0) === listId);
  // A cancel leaves alone what has come to its end before.
  if (isPlaced ? own.length !== orders.length : own.length === 0) return `tells ${own.length} orders of list ${listId}`;
  for (const order of own) {
    const told = orders.find(({ order_id: id }) => id === order.orderId);
    if (told === undefined) return 'differs from the answer at an order that it lacks';
    const expected = presentedOf(order, entry, instruments, assets);
    if (expected === null) return 'differs from the answer at an instrument that nobody trades';
    const difference = toldDifference(expected, told, !isPlaced);
    if (difference !== null) return difference;
  }
  return null;
}
