import type { Fill } from '../domain/entry';
import type { Order } from '../domain/order';
import { waitsForFirst } from '../domain/order-list';
import { DIRECTIONS, directionOf, isReached, type Direction } from '../domain/order-type';
import { betterTicks, compareStanding, isBetter, standsAt, stopTicksOf, trailOf } from '../domain/trailing';
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

/** An order that waits, and the best trade since it began to, 0 for none: of a trailing stop only. */
interface Waiter {
  readonly order: Order;
  readonly bestTicks: number;
}

const waiterOf = (order: Order): Waiter => ({ order, bestTicks: order.traits.best ?? 0 });
const trails = ({ order }: Waiter): boolean => trailOf(order.traits) !== null;

/** Where it stands by now, null where no trade tells. */
const ticksOf = ({ order, bestTicks }: Waiter): number | null => standsAt(order, bestTicks);

function compareWaiters(direction: Direction, a: Waiter, b: Waiter): number {
  return compareStanding(direction, { order: a.order, ticks: ticksOf(a) }, { order: b.order, ticks: ticksOf(b) });
}

/** Orders of one instrument that wait for a price, of each direction the nearest first, then first come. */
class InstrumentWaiting {
  /** Orders that were reached are left as they are until the instrument trades again. */
  private suspended = false;

  /** @param reaches oldest first */
  constructor(private readonly waiters: Record<Direction, Waiter[]> = { rising: [], falling: [] }, private readonly reaches: Reach[] = []) {}

  /** All that were reached may be cancelled since. */
  get isSuspended(): boolean {
    return this.suspended && this.asIfOpen().next() !== null;
  }

  get isEmpty(): boolean {
    return DIRECTIONS.every((direction) => this.waiters[direction].length === 0);
  }

  join(order: Order): void {
    const direction = directionOf(order);
    const queue = this.waiters[direction];
    const waiter = waiterOf(order);
    queue.splice(placeOf(queue, waiter, direction), 0, waiter);
  }

  leave(order: Order): void {
    this.waiters[directionOf(order)].splice(this.at(order), 1);
  }

  /** It stays where it is, and is another one. */
  replace(order: Order): void {
    this.waiters[directionOf(order)][this.at(order)] = { order, bestTicks: this.bestTicks(order) };
  }

  bestTicks(order: Order): number {
    return (this.waiters[directionOf(order)][this.at(order)] as Waiter).bestTicks;
  }

  /**
   * What has reached nobody as it happened is forgotten, once it has moved on what trails: whoever comes to wait later, while the instrument
   * does not trade, came behind it. Where orders trail, an entry behind others is looked at in its turn only.
   */
  note(reach: Reach): void {
    const { firstTicks, lastTicks } = reach;
    if (this.isTrailing()) {
      if (this.reaches.length > 0 || this.metBy(reach, 'first') !== null) {
        this.push(reach);
        return;
      }
      this.moveOn(reach);
      if (this.metBy(reach, 'last') !== null) this.push({ ...reach, firstTicks: lastTicks });
      return;
    }
    const [rising, falling] = [this.waiters.rising[0], this.waiters.falling[0]];
    const reachesRising = rising !== undefined && isReached('rising', ticksOf(rising) as number, Math.max(firstTicks, lastTicks));
    const reachesFalling = falling !== undefined && isReached('falling', ticksOf(falling) as number, Math.min(firstTicks, lastTicks));
    if (reachesRising || reachesFalling) this.push(reach);
  }

  /** @returns the order that goes next, null for none, or where the instrument does not trade */
  goes(isOpen: boolean): Reached | null {
    if (!isOpen && this.suspended) return null;
    const next = this.next();
    this.suspended = !isOpen && next !== null;
    return isOpen ? next : null;
  }

  state(instrument: string): WaitingState {
    const now = this.asIfOpen();
    const next = now.next();
    const [rising, falling] = DIRECTIONS.map((direction) => now.waiters[direction].map(({ order: { orderId } }) => orderId)) as [string[], string[]];
    const trailing = DIRECTIONS.flatMap((direction) => now.waiters[direction].filter(trails))
      .map(({ order: { orderId }, bestTicks }) => ({ orderId, bestTicks }))
      .sort((a, b) => compareText(a.orderId, b.orderId));
    return { instrument, rising, falling, trailing, next: next === null ? null : { orderId: next.order.orderId, cause: next.cause } };
  }

  /** One that goes on now; this one does so in its turn. */
  private asIfOpen(): InstrumentWaiting {
    return new InstrumentWaiting({ rising: [...this.waiters.rising], falling: [...this.waiters.falling] }, [...this.reaches]);
  }

  /**
   * Entries are looked at one after the other, each once all are gone that those before it have reached: its first trade, then what trails is
   * moved on, then its last.
   */
  private next(): Reached | null {
    for (let [reach] = this.reaches; reach !== undefined; [reach] = this.reaches) {
      let order = this.metBy(reach, 'first');
      if (order === null) {
        if (this.isTrailing()) {
          this.moveOn(reach);
          // Whom the first of its trades has reached is gone.
          this.reaches[0] = { ...reach, firstTicks: reach.lastTicks };
        }
        order = this.metBy(reach, 'last');
      }
      if (order !== null) return { order, cause: reach.sequence };
      this.reaches.shift();
    }
    return null;
  }

  private push(reach: Reach): void {
    this.reaches.push(reach);
    this.suspended = false;
  }

  private isTrailing(): boolean {
    return DIRECTIONS.some((direction) => this.waiters[direction].some(trails));
  }

  /** A buyer's trades go up: what the first of them meets is what waits for a fall, the last what waits for a rise. */
  private metBy({ firstTicks, lastTicks }: Reach, trade: 'first' | 'last'): Order | null {
    const direction = (lastTicks >= firstTicks) === (trade === 'first') ? 'falling' : 'rising';
    const [nearest] = this.waiters[direction];
    const ticks = nearest === undefined ? null : ticksOf(nearest);
    return nearest !== undefined && ticks !== null && isReached(direction, ticks, trade === 'first' ? firstTicks : lastTicks) ? nearest.order : null;
  }

  private moveOn({ firstTicks, lastTicks }: Reach): void {
    for (const direction of DIRECTIONS) {
      const priceTicks = betterTicks(direction, firstTicks, lastTicks);
      const isBehind = (waiter: Waiter): boolean => trails(waiter) && isBetter(direction, priceTicks, waiter.bestTicks);
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

  /** An order as it begins to wait: where it trails, behind the last trade. @param sequence of the entry */
  beginning(order: Order, sequence: number): Order {
    if (order.status !== 'pending' || waitsForFirst(order) || trailOf(order.traits) === null) return order;
    return { ...order, traits: { ...order.traits, best: this.lastTicks.get(order.instrument) ?? 0, trailsSince: sequence } };
  }

  /** An order that waits with the best trade that it has seen by now. */
  asOfNow(order: Order): Order {
    if (order.status !== 'pending' || waitsForFirst(order) || trailOf(order.traits) === null) return order;
    return { ...order, traits: { ...order.traits, best: this.of(order.instrument).bestTicks(order) } };
  }

  /** Whether orders of an instrument that does not trade have been reached, and go once it does. */
  isSuspended(instrument: string): boolean {
    return this.byInstrument.get(instrument)?.isSuspended ?? false;
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

  /**
   * The order that goes next, null where nobody has been reached who may.
   * @param isOpen whether an instrument trades: where it does not, orders that were reached go once it does
   */
  next(isOpen: (instrument: string) => boolean): Reached | null {
    for (const [instrument, waiting] of this.byInstrument) {
      const next = waiting.goes(isOpen(instrument));
      if (next !== null) return next;
    }
    return null;
  }

  state(): WaitingState[] {
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
