import { compactId } from '../domain/order-id';
import { expiryUs, type Order } from '../domain/order';
import { compareText } from './state';

interface Expiry {
  readonly timeUs: number;
  readonly compactId: string;
  readonly orderId: string;
}

const isAhead = (a: Expiry, b: Expiry): boolean => a.timeUs < b.timeUs || (a.timeUs === b.timeUs && compareText(a.compactId, b.compactId) < 0);

/** When open orders end by themselves, the earliest first: a heap, in which orders that are done stay until they come up. */
export class Expiries {
  private readonly heap: Expiry[] = [];

  add(order: Order): void {
    const timeUs = expiryUs(order);
    if (timeUs === null) return;
    const { heap } = this;
    const added = { timeUs, compactId: compactId(order.orderId), orderId: order.orderId };
    let at = heap.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const other = heap[above] as Expiry;
      if (!isAhead(added, other)) break;
      heap[at] = other;
      at = above;
    }
    heap[at] = added;
  }

  /** The first of them, null where none is open. @param isStillOpen whether an order is */
  first(isStillOpen: (orderId: string) => boolean): { readonly timeUs: number; readonly orderId: string } | null {
    for (let top = this.heap[0]; top !== undefined; top = this.heap[0]) {
      if (isStillOpen(top.orderId)) return top;
      this.dropFirst();
    }
    return null;
  }

  private dropFirst(): void {
    const { heap } = this;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const below = right < heap.length && isAhead(heap[right] as Expiry, heap[left] as Expiry) ? right : left;
      if (!isAhead(heap[below] as Expiry, last)) break;
      heap[at] = heap[below] as Expiry;
      at = below;
    }
    heap[at] = last;
  }
}
