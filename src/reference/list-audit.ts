import type { LogEntry } from '../domain/entry';
import { traitsAtEnd } from '../domain/iceberg';
import { isOpen, isResting, type Order } from '../domain/order';
import { isFulfilled, LIST_ROLE_CODE, listIdOf, membershipOf, siblingIds, traitsBehindFirst, waitsForFirst } from '../domain/order-list';
import { triggerOf } from '../domain/order-type';

type OrderOf = (orderId: string) => Order | undefined;
type Wrong = (what: string) => void;

/** Follows a shard's log and checks that orders of lists live and end together as they should. */
export class ListAudit {
  /** By sequence, of the last command and of all that has gone because of it: firsts that were filled, and those of instruments that have not traded since. */
  private readonly filled = new Map<number, { readonly instrument: string; readonly firsts: ReadonlySet<string> }>();

  /** Whether an order of an entry is one that the entry places. */
  isPlaced({ kind, command, orders }: LogEntry, order: Order): boolean {
    return (kind === 'place' && orders[0] === order) || (command?.op === 'list' && membershipOf(order) !== null && listIdOf(order) === command.listId);
  }

  /** An order that is cancelled because of another one of its list: nothing else of it has changed. */
  checkLinked(entry: LogEntry, before: Order | undefined, order: Order, wrong: Wrong): void {
    const name = `order ${order.orderId}`;
    if (before === undefined) {
      if (!this.isPlaced(entry, order)) wrong(`${name} was not there`);
      return;
    }
    if (!isOpen(before)) wrong(`${name} was done already`);
    const { sequence, timeUs: updatedUs } = entry;
    // What one that trails has seen by then is for the audit of triggers.
    const seen = order.traits.best === undefined ? {} : { best: order.traits.best };
    const expected: Order = { ...before, sequence, updatedUs, status: 'cancelled', reason: 'linked', traits: { ...traitsAtEnd(before.traits), ...seen } };
    if (!isSame(order, expected)) wrong(`${name} is ${JSON.stringify(order)}, cancelled with another one`);
  }

  /**
   * @param after of every order that the entry has changed, what it is now
   * @param orderOf orders as they were ahead of the entry
   * @param trades whether an instrument trades as its orders come: what follows a first of one that does not goes once it does
   */
  check(entry: LogEntry, after: ReadonlyMap<string, Order>, orderOf: OrderOf, trades: (instrument: string) => boolean, wrong: Wrong): void {
    const { command } = entry;
    const trigger = command?.op === 'trigger' ? command : null;
    const caused = new Set<string>();
    for (const order of after.values()) {
      const membership = membershipOf(order);
      if (membership === null) {
        if (order.reason === 'linked') wrong(`order ${order.orderId} is linked to nothing`);
        continue;
      }
      const before = orderOf(order.orderId);
      const goes = trigger?.orderId === order.orderId;
      this.checkRole(before, order, goes && before !== undefined && waitsForFirst(before), wrong);
      if (goes && before !== undefined && waitsForFirst(before)) this.checkRelease(order, trigger.cause, wrong);
      if (order.reason === 'linked') continue;
      const isLeg = membership.role === 'leg';
      const isPriceReached = goes && order.status !== 'pending' && triggerOf(order.traits) !== null;
      const endsOthers = (!isOpen(order) && order.status !== 'filled' && !(membership.role === 'first' && isFulfilled(order))) || (isLeg && (order.filledLots > (before?.filledLots ?? 0) || isPriceReached
        || (before === undefined && triggerOf(order.traits) !== null && order.status !== 'pending')));
      if (!endsOthers) continue;
      for (const orderId of siblingIds(order)) {
        caused.add(orderId);
        const sibling = after.get(orderId) ?? orderOf(orderId);
        if (sibling !== undefined && isOpen(sibling)) wrong(`order ${orderId} goes on, although ${order.orderId} of its list is ${order.status}`);
      }
    }
    for (const order of after.values()) {
      if (order.reason === 'linked' && membershipOf(order) !== null && orderOf(order.orderId)?.reason !== 'linked' && !caused.has(order.orderId)) wrong(`order ${order.orderId} is cancelled with none of its list`);
      if (isResting(order) && siblingIds(order).some((orderId) => isRestingOrder(after.get(orderId) ?? orderOf(orderId)))) wrong(`order ${order.orderId} rests beside another one of its list`);
    }
    if (command?.op === 'list') this.checkPlaced(command.listId, after, wrong);
    this.note(entry, after, trades);
  }

  private checkPlaced(listId: string, after: ReadonlyMap<string, Order>, wrong: Wrong): void {
    const placed = [...after.values()].filter((order) => membershipOf(order) !== null && listIdOf(order) === listId);
    const [first] = placed;
    if (first === undefined) return;
    if (siblingIds(first).some((orderId) => !after.has(orderId))) wrong(`list ${listId} is placed in parts`);
  }

  private checkRole(before: Order | undefined, order: Order, isReleased: boolean, wrong: Wrong): void {
    if (before === undefined) return;
    const expected = isReleased ? traitsBehindFirst(before).listRole : before.traits.listRole;
    // One that ends where it was to go is what it would have been.
    if (order.traits.list !== before.traits.list || order.traits.listRole !== expected) {
      wrong(`order ${order.orderId} was ${before.traits.listRole ?? 0} of its ${before.traits.list ?? 'none'}, and is ${order.traits.listRole ?? 0} of ${order.traits.list ?? 'none'}`);
    }
  }

  private checkRelease(order: Order, cause: number, wrong: Wrong): void {
    const first = siblingIds(order).concat(order.orderId).sort()[0] as string;
    if (this.filled.get(cause)?.firsts.has(first) !== true) wrong(`order ${order.orderId} goes because of entry ${cause}, which has not filled the first of its list`);
  }

  private note({ sequence, kind }: LogEntry, after: ReadonlyMap<string, Order>, trades: (instrument: string) => boolean): void {
    // What goes because of a command does so before the next one.
    if (kind !== 'trigger' && kind !== 'due' && kind !== 'instrument' && kind !== 'auction') {
      for (const [cause, { instrument }] of this.filled) if (trades(instrument)) this.filled.delete(cause);
    }
    const firsts = [...after.values()].filter((order) => order.traits.listRole === LIST_ROLE_CODE.first && isFulfilled(order));
    const [one] = firsts;
    if (one !== undefined) this.filled.set(sequence, { instrument: one.instrument, firsts: new Set(firsts.map(({ orderId }) => orderId)) });
  }
}

const isRestingOrder = (order: Order | undefined): boolean => order !== undefined && isResting(order);

function isSame(a: Order, b: Order): boolean {
  return (Object.keys(a) as (keyof Order)[]).every((field) => JSON.stringify(a[field]) === JSON.stringify(b[field]));
}
