import type { LevelChange } from '../domain/log-entry';
import type { Side } from '../domain/order';

/**
 * One side of a book in memory: prices sorted with the best last, so that changes near the best move
 * little, and the lots of each.
 */
class ReplicaSide {
  private readonly prices: number[] = [];
  private readonly lots = new Map<number, number>();

  constructor(private readonly side: Side) {}

  get size(): number {
    return this.prices.length;
  }

  /** @param lots new total; 0 removes the level */
  set(price: number, lots: number): void {
    if (lots === 0) {
      if (this.lots.delete(price)) this.prices.splice(this.indexOf(price), 1);
      return;
    }
    if (!this.lots.has(price)) this.prices.splice(this.indexOf(price), 0, price);
    this.lots.set(price, lots);
  }

  /** Best first. */
  top(count: number): [priceTicks: number, quantityLots: number][] {
    const levels: [number, number][] = [];
    for (let i = this.prices.length - 1; i >= 0 && levels.length < count; i--) {
      const price = this.prices[i] as number;
      levels.push([price, this.lots.get(price) as number]);
    }
    return levels;
  }

  /** Where the price is, or would stand. */
  private indexOf(price: number): number {
    let low = 0;
    let high = this.prices.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const value = this.prices[middle] as number;
      const before = this.side === 'buy' ? value < price : value > price;
      if (before) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The book of one instrument as the log tells it: price levels, no orders. */
export class BookReplica {
  readonly bids = new ReplicaSide('buy');
  readonly asks = new ReplicaSide('sell');
  /** Log sequence of the last entry that changed this book. */
  changedSequence = 0;
  changedUs = 0;

  apply(level: LevelChange): void {
    (level.side === 'buy' ? this.bids : this.asks).set(level.priceTicks, level.quantityLots);
  }
}
