import type { Fill } from '../domain/entry';
import type { Order } from '../domain/order';
import { DIRECTIONS, directionOf, isReached, type Direction } from '../domain/order-type';
import { isBetter, stopTicksOf, trailingTicks, trailOf } from '../domain/trailing';
import { compareText, type WaitingState } from './state';

/** An entry that has reached orders: the prices between which its trades lie, the first and the last, or where the market stood. */
interface Reach {
  readonly sequence: number;
  readonly firstTicks: number;
  readonly lastTicks: number;
}

/** An order that goes next, and the sequence of the entry that has reached it. */
export interface Reached {
  readonly order: Order;
  readonly cause: number;
}

/** An order that waits, and the best trade since it was placed, 0 for none: of a trailing stop only. */
interface Waiter {
  readonly order: Order;
  readonly bestTicks: number;
}

const waiterOf = (order: Order): Waiter => ({ order, bestTicks: order.traits.best ?? 0 });

/** Where it stands by now, null where no trade tells. */
function standsAt({ order, bestTicks }: Waiter): number | null {
  const trail = trailOf(order.traits);
  return trail === null ? order.traits.triggerPrice as number : trailingTicks(directionOf(order), trail, bestTicks);
}

/** Nearest first, then first come; those that stand nowhere last. */
function compareWaiters(direction: Direction, a: Waiter, b: Waiter): number {
  const [here, there] = [standsAt(a), standsAt(b)];
  if (here !== null && there !== null && here !== there) return direction === 'rising' ? here - there : there - here;
  if ((here === null) !== (there === null)) return here === null ? 1 : -1;
  return a.order.priority - b.order.priority;
}

/** Orders of one instrument that wait for a price, of each direction the nearest first, then first come. */
class InstrumentWaiting {
  private readonly waiters: Record<Direction, Waiter[]> = { rising: [], falling: [] };
  /** How many of them trail. */
  private trailing = 0;
  /** Oldest first. */
  private reaches: Reach[] = [];

  get isEmpty(): boolean {
    return DIRECTIONS.every((direction) => this.waiters[direction].length === 0);
  }

  join(order: Order): void {
    const direction = directionOf(order);
    const queue = this.waiters[direction];
    const waiter = waiterOf(order);
    queue.splice(placeOf(queue, waiter, direction), 0, waiter);
    if (trailOf(order.traits) !== null) this.trailing++;
  }

  leave(order: Order): void {
    this.waiters[directionOf(order)].splice(this.at(order), 1);
    if (trailOf(order.traits) !== null) this.trailing--;
  }

  /** It stays where it is, and is another one. */
  replace(order: Order): void {
    this.waiters[directionOf(order)][this.at(order)] = waiterOf(order);
  }

  bestTicks(order: Order): number {
    return (this.waiters[directionOf(order)][this.at(order)] as Waiter).bestTicks;
  }

  note(reach: Reach): void {
    this.reaches.push(reach);
    this.settle();
  }

  /**
   * Entries are looked at one after the other, each once all are gone that those before it have reached; its first trade ahead of its last,
   * and in between what trails moves on.
   */
  settle(): void {
    for (let [reach] = this.reaches; reach !== undefined; [reach] = this.reaches) {
      if (this.metBy(reach, 'first') !== null) return;
      const { sequence, firstTicks, lastTicks } = reach;
      if (this.trailing > 0) this.moveOn(Math.min(firstTicks, lastTicks), Math.max(firstTicks, lastTicks));
      // What the first of its trades has reached is gone.
      const rest = { sequence, firstTicks: lastTicks, lastTicks };
      this.reaches[0] = rest;
      if (this.metBy(rest, 'first') !== null || this.metBy(rest, 'last') !== null) return;
      this.reaches.shift();
    }
  }

  next(): Reached | null {
    const [reach] = this.reaches;
    if (reach === undefined) return null;
    const order = this.metBy(reach, 'first') ?? this.metBy(reach, 'last');
    return order === null ? null : { order, cause: reach.sequence };
  }

  state(instrument: string): WaitingState {
    const [rising, falling] = DIRECTIONS.map((direction) => this.waiters[direction].map(({ order: { orderId } }) => orderId)) as [string[], string[]];
    const next = this.next();
    const trailing = DIRECTIONS.flatMap((direction) => this.waiters[direction])
      .filter(({ order }) => trailOf(order.traits) !== null)
      .map(({ order: { orderId }, bestTicks }) => ({ orderId, bestTicks }))
      .sort((a, b) => compareText(a.orderId, b.orderId));
    return { instrument, rising, falling, trailing, next: next === null ? null : { orderId: next.order.orderId, cause: next.cause } };
  }

  /** A buyer's trades go up: what the first of them meets is what waits for a fall, the last what waits for a rise. */
  private metBy({ firstTicks, lastTicks }: Reach, trade: 'first' | 'last'): Order | null {
    const direction = (lastTicks >= firstTicks) === (trade === 'first') ? 'falling' : 'rising';
    const [nearest] = this.waiters[direction];
    const ticks = nearest === undefined ? null : standsAt(nearest);
    return nearest !== undefined && ticks !== null && isReached(direction, ticks, trade === 'first' ? firstTicks : lastTicks) ? nearest.order : null;
  }

  private moveOn(lowTicks: number, highTicks: number): void {
    for (const direction of DIRECTIONS) {
      const priceTicks = direction === 'falling' ? highTicks : lowTicks;
      const isBehind = ({ order, bestTicks }: Waiter): boolean => trailOf(order.traits) !== null && isBetter(direction, priceTicks, bestTicks);
      if (!this.waiters[direction].some(isBehind)) continue;
      this.waiters[direction] = this.waiters[direction]
        .map((waiter) => (isBehind(waiter) ? { order: waiter.order, bestTicks: priceTicks } : waiter))
        .sort((a, b) => compareWaiters(direction, a, b));
    }
  }

  private at(order: Order): number {
    const at = this.waiters[directionOf(order)].findIndex(({ order: { orderId } }) => orderId === order.orderId);
    if (at < 0) throw new Error(`order ${order.orderId} does not wait`);
    return at;
  }
}

function placeOf(queue: readonly Waiter[], waiter: Waiter, direction: Direction): number {
  let [low, high] = [0, queue.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareWaiters(direction, queue[middle] as Waiter, waiter) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Orders that wait for a price, and what of them has been reached. */
export class Waiting {
  private readonly byInstrument = new Map<string, InstrumentWaiting>();
  /** Of the last trade of each instrument. */
  private readonly lastTicks = new Map<string, number>();

  /** Whether an order that begins to wait would be reached already. */
  isReachedNow(order: Pick<Order, 'instrument' | 'side' | 'traits'>): boolean {
    const [last, ticks] = [this.lastTicks.get(order.instrument), stopTicksOf(order)];
    return last !== undefined && ticks !== null && isReached(directionOf(order), ticks, last);
  }

  /** A new order as it begins to wait: where it trails, behind the last trade. */
  beginning(order: Order): Order {
    if (trailOf(order.traits) === null) return order;
    return { ...order, traits: { ...order.traits, best: this.lastTicks.get(order.instrument) ?? 0 } };
  }

  /** An order that waits with the best trade that it has seen by now. */
  asOfNow(order: Order): Order {
    return trailOf(order.traits) === null ? order : { ...order, traits: { ...order.traits, best: this.of(order.instrument).bestTicks(order) } };
  }

  /** What has happened beside trades to those that wait: who goes next is told anew. */
  settle(): void {
    for (const waiting of this.byInstrument.values()) waiting.settle();
  }

  join(order: Order): void {
    this.of(order.instrument).join(order);
  }

  leave(order: Order): void {
    this.of(order.instrument).leave(order);
  }

  replace(order: Order): void {
    this.of(order.instrument).replace(order);
  }

  /** Trades of an entry, oldest first. */
  traded(instrument: string, sequence: number, fills: readonly Fill[]): void {
    const [first, last] = [fills[0], fills[fills.length - 1]];
    if (first === undefined || last === undefined) return;
    this.lastTicks.set(instrument, last.priceTicks);
    this.of(instrument).note({ sequence, firstTicks: first.priceTicks, lastTicks: last.priceTicks });
  }

  /** An order that waits on has been amended to a price at which the market stands already. */
  overtaken(order: Order): void {
    const ticks = this.lastTicks.get(order.instrument) as number;
    this.of(order.instrument).note({ sequence: order.priority, firstTicks: ticks, lastTicks: ticks });
  }

  /** The order that goes next, null where nobody has been reached. */
  next(): Reached | null {
    for (const waiting of this.byInstrument.values()) {
      waiting.settle();
      const next = waiting.next();
      if (next !== null) return next;
    }
    return null;
  }

  state(): WaitingState[] {
    this.settle();
    return [...this.byInstrument]
      .filter(([, waiting]) => !waiting.isEmpty)
      .map(([instrument, waiting]) => waiting.state(instrument))
      .sort((a, b) => compareText(a.instrument, b.instrument));
  }

  private of(instrument: string): InstrumentWaiting {
    let waiting = this.byInstrument.get(instrument);
    if (waiting === undefined) {
      waiting = new InstrumentWaiting();
      this.byInstrument.set(instrument, waiting);
    }
    return waiting;
  }
}
