import type { LogEntry } from '../domain/entry';
import { isResting, type Order } from '../domain/order';
import { DIRECTIONS, directionOf, isReached, triggerOf, type Direction } from '../domain/order-type';
import { isBetter, trailingTicks, trailOf } from '../domain/trailing';

/** Between which prices an entry has traded, and at which first. */
interface Reach {
  readonly sequence: number;
  readonly instrument: string;
  readonly firstTicks: number;
  readonly lastTicks: number;
}

/** The best trades of an instrument since any moment, seen from one direction: each is better than all behind it. */
class BestTrades {
  private readonly trades: { readonly sequence: number; readonly ticks: number }[] = [];

  constructor(private readonly direction: Direction) {}

  add(sequence: number, ticks: number): void {
    while (this.trades.length > 0 && !isBetter(this.direction, (this.trades[this.trades.length - 1] as { ticks: number }).ticks, ticks)) this.trades.pop();
    this.trades.push({ sequence, ticks });
  }

  /** The best of those behind a sequence, 0 for none. */
  since(sequence: number): number {
    let [low, high] = [0, this.trades.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.trades[middle] as { sequence: number }).sequence <= sequence) low = middle + 1;
      else high = middle;
    }
    return this.trades[low]?.ticks ?? 0;
  }
}

/**
 * Follows a shard's log and checks that orders that wait for a price go when, and only when, the entry that they name has reached it, and that
 * those that trail have seen the best trade since they were placed.
 */
export class TriggerAudit {
  /** Of the last trade of each instrument. */
  private readonly lastTicks = new Map<string, number>();
  /** By sequence, of the last command and of all that has gone because of it. */
  private readonly reaches = new Map<number, Reach>();
  /** Those of them that have not been looked at yet, oldest first: what they move on counts for those behind them only. */
  private unseen: Reach[] = [];
  private readonly best = new Map<string, Readonly<Record<Direction, BestTrades>>>();

  /** @param before the order as it was, undefined for a new one */
  check({ command }: LogEntry, before: Order | undefined, order: Order, wrong: (what: string) => void): void {
    const name = `order ${order.orderId}`;
    const wasPending = before?.status === 'pending';
    if (order.status === 'pending') {
      if (before !== undefined && !wasPending) wrong(`${name} was ${before.status} and waits for a price`);
      if (triggerOf(order.traits) === null) wrong(`${name} waits for no price`);
    }
    if (command?.op !== 'trigger' || command.orderId !== order.orderId) {
      if (wasPending && (isResting(order) || order.status === 'filled')) wrong(`${name} goes without a trade that has reached its price`);
      if (order.status === 'pending') this.checkBest(order, before, wrong);
      return;
    }
    if (before === undefined || !wasPending) {
      wrong(`${name} goes and did not wait for a price`);
      return;
    }
    const reach = this.reaches.get(command.cause);
    if (reach?.instrument !== order.instrument) {
      wrong(`${name} goes because of entry ${command.cause}, which has reached nobody`);
      return;
    }
    const direction = directionOf(before);
    const { firstTicks, lastTicks } = reach;
    const ticks = this.stopOf(before, order, reach, wrong);
    if (ticks === null || !isReached(direction, ticks, direction === 'rising' ? Math.max(firstTicks, lastTicks) : Math.min(firstTicks, lastTicks))) {
      wrong(`${name} waits for ${ticks ?? 'no price'} and goes because of entry ${command.cause}, from ${firstTicks} to ${lastTicks}`);
    }
  }

  note({ sequence, kind, fills, orders }: LogEntry): void {
    // What goes because of a command does so before the next one; only what falls due may come in between.
    if (kind !== 'trigger' && kind !== 'due') {
      this.look(Number.POSITIVE_INFINITY);
      this.reaches.clear();
    }
    const instrument = orders[0]?.instrument;
    if (instrument === undefined) return;
    const last = fills[fills.length - 1]?.priceTicks ?? this.lastTicks.get(instrument);
    if (last === undefined) return;
    this.lastTicks.set(instrument, last);
    // One that is amended to where the market stands already has reached that itself.
    const reach = { sequence, instrument, firstTicks: fills[0]?.priceTicks ?? last, lastTicks: last };
    this.reaches.set(sequence, reach);
    if (fills.length > 0) this.unseen.push(reach);
  }

  /** What an order that trails has seen as its record is written while it waits. */
  private checkBest(order: Order, before: Order | undefined, wrong: (what: string) => void): void {
    if (trailOf(order.traits) === null) return;
    this.look(Number.POSITIVE_INFINITY);
    const seen = before === undefined ? this.lastTicks.get(order.instrument) ?? 0 : this.bestTicks(before);
    if (order.traits.best !== seen) wrong(`order ${order.orderId} waits having seen ${order.traits.best ?? 'nothing'}, its best trade was ${seen}`);
  }

  /** The price that an order waited for which goes because of an entry, null for nowhere. */
  private stopOf(before: Order, order: Order, { sequence, firstTicks, lastTicks }: Reach, wrong: (what: string) => void): number | null {
    const trail = trailOf(before.traits);
    if (trail === null) return before.traits.triggerPrice ?? null;
    this.look(sequence);
    const direction = directionOf(before);
    let seen = this.bestTicks(before);
    // A buyer's trades go up: what waits for a rise has seen the first of them by then.
    const isMetLast = (lastTicks >= firstTicks) === (direction === 'rising');
    if (isMetLast && sequence > before.sequence && isBetter(direction, firstTicks, seen)) seen = firstTicks;
    if (order.traits.best !== seen) wrong(`order ${order.orderId} goes having seen ${order.traits.best ?? 'nothing'}, its best trade was ${seen}`);
    return trailingTicks(direction, trail, seen);
  }

  private bestTicks(before: Order): number {
    const direction = directionOf(before);
    const [known, since] = [before.traits.best ?? 0, this.best.get(before.instrument)?.[direction].since(before.sequence) ?? 0];
    return since !== 0 && isBetter(direction, since, known) ? since : known;
  }

  /** Takes the trades of entries ahead of a sequence into account. */
  private look(sequence: number): void {
    let count = 0;
    while (count < this.unseen.length && (this.unseen[count] as Reach).sequence < sequence) count++;
    for (const { sequence: at, instrument, firstTicks, lastTicks } of this.unseen.splice(0, count)) {
      let best = this.best.get(instrument);
      if (best === undefined) this.best.set(instrument, best = { rising: new BestTrades('rising'), falling: new BestTrades('falling') });
      for (const direction of DIRECTIONS) best[direction].add(at, direction === 'falling' ? Math.max(firstTicks, lastTicks) : Math.min(firstTicks, lastTicks));
    }
  }
}
