import type { MoneyScale } from '../domain/assets';
import { isOpen, type Order } from '../domain/order';
import { isFulfilled, membershipOf, partnerId, siblingIds, waitsForFirst } from '../domain/order-list';
import { heldBy } from './holds';
import type { LedgerChange } from './ledger';
import type { Reached } from './waiting';
import { compareText, type ShardState } from './state';

/** An order as an entry found it, null where it is new, and as it leaves it. */
export interface Changed {
  readonly before: Order | null;
  readonly after: Order;
}

type OrderOf = (orderId: string) => Order | undefined;

/** What has become of orders makes of their lists. */
export interface Linked {
  /** Open orders that are cancelled with them. */
  readonly going: readonly Order[];
  /** Firsts that are filled. */
  readonly filled: readonly Order[];
}

/**
 * An order that ends unfilled takes all others of its list along, and so does one of a pair once anything of it is traded.
 * @param changed in the order in which what comes of them is told; an order may be told several times, as it becomes
 */
export function linkedTo(changed: readonly Changed[], orderOf: OrderOf): Linked {
  const going = new Map<string, Order>();
  const filled: Order[] = [];
  for (const { before, after } of changed) {
    const membership = membershipOf(after);
    if (membership === null) continue;
    if (membership.role === 'first' && isFulfilled(after)) {
      filled.push(after);
      continue;
    }
    const hasTraded = after.filledLots > (before?.filledLots ?? 0);
    if ((isOpen(after) || after.status === 'filled') && !(membership.role === 'leg' && hasTraded)) continue;
    for (const sibling of openSiblings(after, orderOf)) going.set(sibling.orderId, sibling);
  }
  return { going: [...going.values()], filled };
}

/** The other orders of an order's list that are open. */
export function openSiblings(order: Pick<Order, 'orderId' | 'traits'>, orderOf: OrderOf): Order[] {
  return siblingIds(order).map(orderOf).filter((sibling): sibling is Order => sibling !== undefined && isOpen(sibling));
}

/** What both of a pair hold is held once: so much of it each of them holds for the other one as well. */
export function sharedUnits(leg: Order, partner: Order | undefined, scale: MoneyScale): bigint {
  if (partner === undefined || partnerId(leg) !== partner.orderId || partnerId(partner) !== leg.orderId) return 0n;
  const [a, b] = [heldBy(leg, scale).units, heldBy(partner, scale).units];
  return a < b ? a : b;
}

/**
 * Holds what pairs hold once, behind what each of their orders has been made to hold.
 * @param changed an order may be told several times, as it becomes
 * @param orderOf orders that have not changed
 */
export function settleShared(money: LedgerChange, scale: MoneyScale, changed: readonly Changed[], orderOf: OrderOf): void {
  const before = new Map<string, Order | null>();
  const after = new Map<string, Order>();
  for (const change of changed) {
    const { orderId } = change.after;
    if (!before.has(orderId)) before.set(orderId, change.before);
    after.set(orderId, change.after);
  }
  const was = (orderId: string): Order | undefined => (before.has(orderId) ? before.get(orderId) ?? undefined : orderOf(orderId));
  const done = new Set<string>();
  for (const order of after.values()) {
    const other = partnerId(order);
    if (other === null || done.has(other)) continue;
    done.add(order.orderId);
    const shared = (a: Order | undefined, b: Order | undefined): bigint => (a === undefined ? 0n : sharedUnits(a, b, scale));
    money.add(order.clientId, heldBy(order, scale).asset, 0n, shared(was(order.orderId), was(other)) - shared(order, after.get(other) ?? orderOf(other)));
  }
}

/** Orders whose list's first is filled, and that are still to go: by the entries that filled them, then who was placed first. */
export class Released {
  private queue: Reached[] = [];

  /** @param firsts that an entry has filled */
  add(firsts: readonly Order[], cause: number, orderOf: OrderOf): void {
    const waiting = firsts.flatMap((first) => openSiblings(first, orderOf));
    waiting.sort((a, b) => a.placedSequence - b.placedSequence || compareText(a.orderId, b.orderId));
    this.queue.push(...waiting.map((order) => ({ order, cause })));
  }

  /** By instrument. */
  state(orderOf: OrderOf): ShardState['released'] {
    return this.left(orderOf).sort((a, b) => compareText(a.order.instrument, b.order.instrument)).map(({ order: { orderId }, cause }) => ({ orderId, cause }));
  }

  /** @param isOpen whether an instrument trades: where it does not, what follows goes once it does */
  next(orderOf: OrderOf, isOpen: (instrument: string) => boolean): Reached | null {
    this.queue = this.left(orderOf);
    const next = this.queue.find(({ order: { instrument } }) => isOpen(instrument));
    return next === undefined ? null : { order: orderOf(next.order.orderId) as Order, cause: next.cause };
  }

  /** Those that have not gone, nor come to their end. */
  private left(orderOf: OrderOf): Reached[] {
    return this.queue.filter(({ order: { orderId } }) => {
      const order = orderOf(orderId);
      return order !== undefined && waitsForFirst(order);
    });
  }
}
