import type { LogEntry } from '../domain/entry';
import { isResting, type Order } from '../domain/order';
import { waitsForFirst } from '../domain/order-list';
import { DIRECTIONS, directionOf, isReached, triggerOf, type Direction } from '../domain/order-type';
import { betterTicks, isBetter, trailingTicks, trailOf } from '../domain/trailing';

const COMMANDS_THAT_TRADE: ReadonlySet<LogEntry['kind']> = new Set(['place', 'amend', 'list']);

/** Between which prices an entry has traded. */
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
    for (let last = this.trades.at(-1); last !== undefined && !isBetter(this.direction, last.ticks, ticks); last = this.trades.at(-1)) this.trades.pop();
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

/** Trades of an instrument in which orders trail. */
class SeenTrades {
  readonly best: Readonly<Record<Direction, BestTrades>> = { rising: new BestTrades('rising'), falling: new BestTrades('falling') };
  /** Orders that trail. */
  readonly orders = new Set<string>();
  /** Entries that nobody has been told to have seen, oldest first: what they move on counts for those behind them only. */
  private readonly unseen: Reach[] = [];

  add(reach: Reach): void {
    this.unseen.push(reach);
  }

  /** The best prices of entries behind a sequence that nobody has been told to have seen. */
  unseenOf(sequence: number, direction: Direction): number[] {
    return this.unseen.filter((reach) => reach.sequence > sequence).map((reach) => betterTicks(direction, reach.firstTicks, reach.lastTicks));
  }

  /** Entries ahead of a sequence are seen. */
  look(sequence: number): void {
    let count = 0;
    while (count < this.unseen.length && (this.unseen[count] as Reach).sequence < sequence) count++;
    for (const reach of this.unseen.splice(0, count)) {
      for (const direction of DIRECTIONS) this.best[direction].add(reach.sequence, betterTicks(direction, reach.firstTicks, reach.lastTicks));
    }
  }
}

/**
 * Follows a shard's log and checks that orders that wait for a price go when, and only when, the entry that they name has reached it, and that
 * those that trail have seen the best trade since they began to.
 */
export class TriggerAudit {
  /** Of the last trade of each instrument. */
  private readonly lastTicks = new Map<string, number>();
  /** By sequence, of the last command and of all that has gone because of it, and those of instruments that have not traded since. */
  private readonly reaches = new Map<number, Reach>();
  /** By instrument in which orders trail. */
  private readonly seen = new Map<string, SeenTrades>();

  /** @param before the order as it was, undefined for a new one */
  check({ command, fills }: LogEntry, before: Order | undefined, order: Order, wrong: (what: string) => void): void {
    const name = `order ${order.orderId}`;
    const wasPending = before?.status === 'pending';
    if (order.status === 'pending') {
      if (before !== undefined && !wasPending) wrong(`${name} was ${before.status} and waits for a price`);
      if (triggerOf(order.traits) === null && !waitsForFirst(order)) wrong(`${name} waits for no price`);
    }
    if (order.status === 'pending' && trailOf(order.traits) !== null && !waitsForFirst(order)) this.checkSeen(order, before, wrong);
    else this.endSeen(order, before, fills.map(({ priceTicks }) => priceTicks), wrong);
    if (command?.op !== 'trigger' || command.orderId !== order.orderId) {
      if (wasPending && (isResting(order) || order.status === 'filled')) wrong(`${name} goes without a trade that has reached its price`);
      return;
    }
    // What waited for the first of its list is looked at there.
    if (before !== undefined && waitsForFirst(before)) return;
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

  /** What an order that trails has seen as it begins to, or takes another place. */
  private checkSeen(order: Order, before: Order | undefined, wrong: (what: string) => void): void {
    const isNew = before === undefined || waitsForFirst(before);
    const isMoved = isNew || order.priority !== before.priority;
    const trades = this.seen.get(order.instrument) ?? new SeenTrades();
    this.seen.set(order.instrument, trades);
    trades.orders.add(order.orderId);
    // Nothing is left of a cascade as an order takes its place.
    if (isMoved) trades.look(Number.POSITIVE_INFINITY);
    if (isNew) {
      const last = this.lastTicks.get(order.instrument) ?? 0;
      if (order.traits.best !== last) wrong(`order ${order.orderId} begins to trail behind ${order.traits.best ?? 'nothing'}, the last trade was at ${last}`);
    } else {
      this.checkBest(order, before, [], 'waits', wrong);
    }
    const since = isNew ? order.priority : before.traits.trailsSince;
    if (order.traits.trailsSince !== since) wrong(`order ${order.orderId} trails since ${order.traits.trailsSince ?? 'never'}, it began at ${since ?? 'none'}`);
  }

  /**
   * An order trails no more, or never has: what it has seen by then. One that goes is looked at there.
   * @param traded prices of the entry's own trades: it ended behind them
   */
  private endSeen(order: Order, before: Order | undefined, traded: readonly number[], wrong: (what: string) => void): void {
    const trades = this.seen.get(order.instrument);
    if (trades === undefined || !trades.orders.delete(order.orderId) || before === undefined || order.reason === null) return;
    this.checkBest(order, before, traded, 'ends', wrong);
  }

  /** The best trade that an order is told to have seen: of entries that are still to be looked at it may have seen those, or not. */
  private checkBest(order: Order, before: Order, traded: readonly number[], what: string, wrong: (what: string) => void): void {
    const told = order.traits.best ?? 0;
    const direction = directionOf(before);
    const least = this.bestOf(before);
    const known = [least, ...this.seen.get(order.instrument)?.unseenOf(before.priority, direction) ?? [], ...traded];
    if (!known.includes(told) || (told !== least && !isBetter(direction, told, least))) wrong(`order ${order.orderId} ${what} having seen ${told === 0 ? 'nothing' : told}, its best trade was ${least}`);
  }

  /** The price that an order waited for which goes because of an entry, null for nowhere. */
  private stopOf(before: Order, order: Order, { sequence, firstTicks, lastTicks }: Reach, wrong: (what: string) => void): number | null {
    const trail = trailOf(before.traits);
    if (trail === null) return before.traits.triggerPrice ?? null;
    this.seen.get(order.instrument)?.look(sequence);
    const direction = directionOf(before);
    let best = this.bestOf(before);
    // A buyer's trades go up: what waits for a rise has seen the first of them by then.
    const isMetLast = (lastTicks >= firstTicks) === (direction === 'rising');
    if (isMetLast && sequence > before.priority && isBetter(direction, firstTicks, best)) best = firstTicks;
    if (order.traits.best !== best) wrong(`order ${order.orderId} goes having seen ${order.traits.best ?? 'nothing'}, its best trade was ${best}`);
    return trailingTicks(direction, trail, best);
  }

  /** The best trade that an order has seen of those that were looked at: its record has that as of its place. */
  private bestOf(before: Order): number {
    const direction = directionOf(before);
    const [known, since] = [before.traits.best ?? 0, this.seen.get(before.instrument)?.best[direction].since(before.priority) ?? 0];
    return since !== 0 && isBetter(direction, since, known) ? since : known;
  }

  /** @param isOpen whether an instrument trades as its orders come: what was reached of one that does not goes once it does */
  note({ sequence, kind, fills, orders }: LogEntry, isOpen: (instrument: string) => boolean): void {
    // What goes because of a command does so before the next one.
    if (kind !== 'trigger' && kind !== 'due' && kind !== 'instrument' && kind !== 'auction') {
      for (const [cause, { instrument }] of this.reaches) if (isOpen(instrument)) this.reaches.delete(cause);
    }
    const instrument = orders[0]?.instrument;
    if (instrument === undefined) return;
    const last = fills[fills.length - 1]?.priceTicks ?? this.lastTicks.get(instrument);
    if (last === undefined) return;
    this.lastTicks.set(instrument, last);
    // One that is amended to where the market stands already has reached that itself.
    if (fills.length === 0 && kind !== 'amend') return;
    const reach = { sequence, instrument, firstTicks: fills[0]?.priceTicks ?? last, lastTicks: last };
    this.reaches.set(sequence, reach);
    if (fills.length > 0) this.noteSeen(kind, reach);
  }

  private noteSeen(kind: LogEntry['kind'], reach: Reach): void {
    const trades = this.seen.get(reach.instrument);
    if (trades === undefined) return;
    if (trades.orders.size === 0) {
      this.seen.delete(reach.instrument);
      return;
    }
    // A command trades once nothing is left of what the trades before it have reached.
    if (COMMANDS_THAT_TRADE.has(kind)) trades.look(reach.sequence);
    trades.add(reach);
  }
}
