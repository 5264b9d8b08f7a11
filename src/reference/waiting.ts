import type { Fill } from '../domain/entry';
import type { Order } from '../domain/order';
import { DIRECTIONS, directionOf, isReached, type Direction } from '../domain/order-type';
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

const triggerTicksOf = ({ traits }: Pick<Order, 'traits'>): number => traits.triggerPrice as number;

/** Orders of one instrument that wait for a price, of each direction the nearest first, then first come. */
class InstrumentWaiting {
  private readonly orders: Readonly<Record<Direction, Order[]>> = { rising: [], falling: [] };
  /** Oldest first. */
  private reaches: Reach[] = [];
  /** They are left as they are until the instrument trades again. */
  private isSuspended = false;

  get isEmpty(): boolean {
    return DIRECTIONS.every((direction) => this.orders[direction].length === 0);
  }

  join(order: Order): void {
    const direction = directionOf(order);
    const queue = this.orders[direction];
    queue.splice(this.placeOf(queue, order, direction), 0, order);
  }

  leave(order: Order): void {
    const queue = this.orders[directionOf(order)];
    const at = queue.findIndex(({ orderId }) => orderId === order.orderId);
    if (at < 0) throw new Error(`order ${order.orderId} does not wait`);
    queue.splice(at, 1);
  }

  /** It stays where it is, and is another one. */
  replace(order: Order): void {
    const queue = this.orders[directionOf(order)];
    queue[queue.findIndex(({ orderId }) => orderId === order.orderId)] = order;
  }

  /** What has reached nobody as it happened is forgotten: whoever comes to wait later, while the instrument does not trade, came behind it. */
  note(reach: Reach): void {
    const { firstTicks, lastTicks } = reach;
    const [rising, falling] = [this.orders.rising[0], this.orders.falling[0]];
    const reachesRising = rising !== undefined && isReached('rising', triggerTicksOf(rising), Math.max(firstTicks, lastTicks));
    const reachesFalling = falling !== undefined && isReached('falling', triggerTicksOf(falling), Math.min(firstTicks, lastTicks));
    if (!reachesRising && !reachesFalling) return;
    this.reaches.push(reach);
    this.isSuspended = false;
  }

  /** @returns the order that goes next, null for none, or where the instrument does not trade */
  goes(isOpen: boolean): Reached | null {
    if (!isOpen && this.isSuspended) return null;
    const next = this.next();
    this.isSuspended = !isOpen && next !== null;
    return isOpen ? next : null;
  }

  next(): Reached | null {
    for (let [reach] = this.reaches; reach !== undefined; [reach] = this.reaches) {
      const { sequence, firstTicks, lastTicks } = reach;
      // A buyer's trades go up: what they meet first is what waits for a fall.
      const byTurns: readonly (readonly [Direction, number])[] = lastTicks >= firstTicks
        ? [['falling', firstTicks], ['rising', lastTicks]] : [['rising', firstTicks], ['falling', lastTicks]];
      for (const [direction, ticks] of byTurns) {
        const [nearest] = this.orders[direction];
        if (nearest !== undefined && isReached(direction, triggerTicksOf(nearest), ticks)) return { order: nearest, cause: sequence };
      }
      this.reaches = this.reaches.slice(1);
    }
    return null;
  }

  state(instrument: string): WaitingState {
    const [rising, falling] = DIRECTIONS.map((direction) => this.orders[direction].map(({ orderId }) => orderId)) as [string[], string[]];
    const next = this.next();
    return { instrument, rising, falling, next: next === null ? null : { orderId: next.order.orderId, cause: next.cause } };
  }

  /** Behind everything that is as near. */
  private placeOf(queue: readonly Order[], order: Order, direction: Direction): number {
    const sign = direction === 'rising' ? 1 : -1;
    const ticks = sign * triggerTicksOf(order);
    let [low, high] = [0, queue.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sign * triggerTicksOf(queue[middle] as Order) <= ticks) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Orders that wait for a price, and what of them has been reached. */
export class Waiting {
  private readonly byInstrument = new Map<string, InstrumentWaiting>();
  /** Of the last trade of each instrument. */
  private readonly lastTicks = new Map<string, number>();

  /** Whether an order that begins to wait would be reached already. */
  isReachedNow(order: Pick<Order, 'instrument' | 'side' | 'traits'>): boolean {
    const last = this.lastTicks.get(order.instrument);
    return last !== undefined && isReached(directionOf(order), triggerTicksOf(order), last);
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
