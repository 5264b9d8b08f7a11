import type { LogEntry } from '../domain/entry';
import { isResting, type Order } from '../domain/order';
import { waitsForFirst } from '../domain/order-list';
import { directionOf, isReached, triggerOf } from '../domain/order-type';

/** Between which prices an entry has traded. */
interface Reach {
  readonly instrument: string;
  readonly low: number;
  readonly high: number;
}

/** Follows a shard's log and checks that orders that wait for a price go when, and only when, the entry that they name has reached it. */
export class TriggerAudit {
  /** Of the last trade of each instrument. */
  private readonly lastTicks = new Map<string, number>();
  /** By sequence, of the last command and of all that has gone because of it, and those of instruments that have not traded since. */
  private readonly reaches = new Map<number, Reach>();

  /** @param before the order as it was, undefined for a new one */
  check({ command }: LogEntry, before: Order | undefined, order: Order, wrong: (what: string) => void): void {
    const name = `order ${order.orderId}`;
    const wasPending = before?.status === 'pending';
    if (order.status === 'pending') {
      if (before !== undefined && !wasPending) wrong(`${name} was ${before.status} and waits for a price`);
      if (triggerOf(order.traits) === null && !waitsForFirst(order)) wrong(`${name} waits for no price`);
    }
    if (command?.op !== 'trigger' || command.orderId !== order.orderId) {
      if (wasPending && (isResting(order) || order.status === 'filled')) wrong(`${name} goes without a trade that has reached its price`);
      return;
    }
    // What waited for the first of its list is looked at there.
    if (before !== undefined && waitsForFirst(before)) return;
    const ticks = before?.traits.triggerPrice;
    if (before === undefined || !wasPending || ticks === undefined) {
      wrong(`${name} goes and did not wait for a price`);
      return;
    }
    const reach = this.reaches.get(command.cause);
    if (reach?.instrument !== order.instrument) {
      wrong(`${name} goes because of entry ${command.cause}, which has reached nobody`);
      return;
    }
    const direction = directionOf(before);
    if (!isReached(direction, ticks, direction === 'rising' ? reach.high : reach.low)) {
      wrong(`${name} waits for ${ticks} and goes because of entry ${command.cause}, between ${reach.low} and ${reach.high}`);
    }
  }

  /** @param isOpen whether an instrument trades as its orders come: what was reached of one that does not goes once it does */
  note({ sequence, kind, fills, orders }: LogEntry, isOpen: (instrument: string) => boolean): void {
    // What goes because of a command does so before the next one.
    if (kind !== 'trigger' && kind !== 'due' && kind !== 'instrument' && kind !== 'auction') {
      for (const [cause, { instrument }] of this.reaches) if (isOpen(instrument)) this.reaches.delete(cause);
    }
    const instrument = orders[0]?.instrument;
    if (instrument === undefined) return;
    const prices = fills.map(({ priceTicks }) => priceTicks);
    const last = prices[prices.length - 1] ?? this.lastTicks.get(instrument);
    if (last === undefined) return;
    this.lastTicks.set(instrument, last);
    // One that is amended to where the market stands already has reached that itself.
    if (prices.length === 0 && kind !== 'amend') return;
    if (prices.length === 0) prices.push(last);
    this.reaches.set(sequence, { instrument, low: Math.min(...prices), high: Math.max(...prices) });
  }
}
