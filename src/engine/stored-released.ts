import type { Order } from '../domain/order';
import { waitsForFirst } from '../domain/order-list';
import { expandId } from '../domain/order-id';

/** An order whose list's first is filled and that is still to go, and the entry that has filled it. */
export interface StoredReleased {
  readonly orderId: string;
  readonly cause: number;
}

/**
 * Orders that go next because of their lists, by instrument, oldest first, as they are stored, and whether `meta` says the same of them. What has come
 * to its end meanwhile is left out.
 * @param rows by instrument @param problems to which what is wrong is added
 */
export function storedReleased(
  rows: ReadonlyMap<string, readonly string[]>, meta: Readonly<Record<string, string>>, orders: ReadonlyMap<string, Order>, problems: string[],
): StoredReleased[] {
  if (meta.released !== undefined && !rows.has(meta.released)) problems.push(`meta tells that orders of ${meta.released} go because of their lists, none do`);
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([instrument, own]) => own.flatMap((row) => {
    const [cause, id] = row.split(',') as [string, string];
    const order = orders.get(expandId(id));
    if (order === undefined || !waitsForFirst(order)) return [];
    if (order.instrument !== instrument) problems.push(`order ${order.orderId} goes because of its list, with those of ${instrument}`);
    return [{ orderId: order.orderId, cause: Number(cause) }];
  }));
}
