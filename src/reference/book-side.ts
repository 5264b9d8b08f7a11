import type { Side } from '../domain/order';

/** One price: who waits there, first come first served, and how many lots they wait with together. */
export interface PriceLevel {
  readonly priceTicks: number;
  /** Order ids in queue order: a Set keeps the order of insertion and forgets any member at once. */
  readonly queue: Set<string>;
  totalLots: number;
}

/** One side of one instrument's book. Knows prices and queues; what an order is, its owner knows. */
export class BookSide {
  private readonly byPrice = new Map<number, PriceLevel>();
  /** Prices that hold an order, best first. */
  private readonly prices: number[] = [];

  constructor(readonly side: Side) {}

  /** Levels with at least one order, best first. */
  *levels(): Generator<PriceLevel> {
    for (const price of this.prices) yield this.byPrice.get(price) as PriceLevel;
  }

  /** Lots waiting at a price, 0 where nobody waits. */
  totalLots(priceTicks: number): number {
    return this.byPrice.get(priceTicks)?.totalLots ?? 0;
  }

  /** The best price that anybody waits at, null where nobody does. */
  get bestTicks(): number | null {
    return this.prices[0] ?? null;
  }

  /** Whether an order of the other side would trade with this side at once; null stands for a market order. */
  wouldMatch(limitTicks: number | null): boolean {
    const best = this.prices[0];
    return best !== undefined && (limitTicks === null || this.isWithin(best, limitTicks));
  }

  /** Whether somebody here, asking for `priceTicks`, trades with an order limited to `limitTicks`. */
  isWithin(priceTicks: number, limitTicks: number): boolean {
    return this.side === 'sell' ? priceTicks <= limitTicks : priceTicks >= limitTicks;
  }

  /** Puts an order at the back of its price's queue. */
  join(orderId: string, priceTicks: number, lots: number): void {
    let level = this.byPrice.get(priceTicks);
    if (level === undefined) {
      level = { priceTicks, queue: new Set(), totalLots: 0 };
      this.byPrice.set(priceTicks, level);
      this.prices.splice(this.placeOf(priceTicks), 0, priceTicks);
    }
    level.queue.add(orderId);
    level.totalLots += lots;
  }

  /** Takes an order out of the queue, with the lots it still waits with. */
  leave(orderId: string, priceTicks: number, lots: number): void {
    const level = this.levelAt(priceTicks);
    if (!level.queue.delete(orderId)) throw new Error(`order ${orderId} does not wait at ${priceTicks}`);
    level.totalLots -= lots;
    if (level.queue.size > 0) return;
    this.byPrice.delete(priceTicks);
    this.prices.splice(this.placeOf(priceTicks), 1);
  }

  /** Changes what an order waits with, without moving it in the queue. */
  change(priceTicks: number, lots: number): void {
    this.levelAt(priceTicks).totalLots += lots;
  }

  /** Puts an order that waits to the back of its price's queue. */
  requeue(orderId: string, priceTicks: number): void {
    const { queue } = this.levelAt(priceTicks);
    if (!queue.delete(orderId)) throw new Error(`order ${orderId} does not wait at ${priceTicks}`);
    queue.add(orderId);
  }

  private levelAt(priceTicks: number): PriceLevel {
    const level = this.byPrice.get(priceTicks);
    if (level === undefined) throw new Error(`nobody waits at ${priceTicks}`);
    return level;
  }

  /** Where a price stands, or would stand, among the prices. */
  private placeOf(priceTicks: number): number {
    let low = 0;
    let high = this.prices.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const price = this.prices[middle] as number;
      const isBetter = this.side === 'sell' ? price < priceTicks : price > priceTicks;
      if (isBetter) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
