import { CHECKSUM_LEVELS, CRC_START, addLevel, crcOf, type Steps } from '../domain/checksum';
import type { LevelChange } from '../domain/log-entry';
import type { Side } from '../domain/order';

/**
 * One side of a book in memory: prices sorted with the best last, so that changes near the best move
 * little, and the lots of each.
 */
export class ReplicaSide {
  private readonly prices: number[] = [];
  private readonly lots = new Map<number, number>();
  /** Counts the changes among the levels of a checksum: most are further behind. */
  private topChanges = 0;

  constructor(private readonly side: Side) {}

  get size(): number {
    return this.prices.length;
  }

  /**
   * @param lots new total; 0 removes the level
   * @returns the lots before, 0 for a level that was not there
   */
  set(price: number, lots: number): number {
    const before = this.lots.get(price) ?? 0;
    const edge = this.edge(CHECKSUM_LEVELS);
    if (edge === null || !this.isBehind(price, edge)) this.topChanges++;
    if (lots === 0) {
      if (this.lots.delete(price)) this.prices.splice(this.indexOf(price), 1);
      return before;
    }
    if (before === 0) this.prices.splice(this.indexOf(price), 0, price);
    this.lots.set(price, lots);
    return before;
  }

  lotsAt(price: number): number {
    return this.lots.get(price) ?? 0;
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

  /** Another number each time that the levels of a checksum changed. */
  get topVersion(): number {
    return this.topChanges;
  }

  /** @returns the register of a CRC after this side's levels of a checksum */
  addTop(register: number, steps: Steps): number {
    let added = register;
    const last = Math.max(0, this.prices.length - CHECKSUM_LEVELS);
    for (let i = this.prices.length - 1; i >= last; i--) {
      const price = this.prices[i] as number;
      added = addLevel(added, price, this.lots.get(price) as number, steps);
    }
    return added;
  }

  /** Price of the last of the best `count` levels; null where there are fewer. */
  edge(count: number): number | null {
    return this.prices[this.prices.length - count] ?? null;
  }

  /** Whether `price` is worse than `other`. */
  isBehind(price: number, other: number): boolean {
    return this.side === 'buy' ? price < other : price > other;
  }

  /** Prices behind `from`, best first, down to `to` itself; null for the end of the side. */
  *behind(from: number, to: number | null): Generator<number> {
    for (let i = this.indexOf(from) - 1; i >= 0; i--) {
      const price = this.prices[i] as number;
      if (to !== null && this.isBehind(price, to)) return;
      yield price;
    }
  }

  /** Where the price is, or would stand. */
  private indexOf(price: number): number {
    let low = 0;
    let high = this.prices.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.isBehind(this.prices[middle] as number, price)) low = middle + 1;
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
  // The checksum that was told last, and of what: asks come first in it.
  private askRegister = CRC_START;
  private askVersion = -1;
  private bidVersion = -1;
  private known = 0;

  /** @returns the level's lots before */
  apply(level: LevelChange): number {
    return (level.side === 'buy' ? this.bids : this.asks).set(level.priceTicks, level.quantityLots);
  }

  /** @param steps of the book's instrument, the same each time */
  checksum(steps: Steps): number {
    if (this.askVersion !== this.asks.topVersion) {
      this.askRegister = this.asks.addTop(CRC_START, steps);
      this.askVersion = this.asks.topVersion;
      this.bidVersion = -1;
    }
    if (this.bidVersion !== this.bids.topVersion) {
      this.known = crcOf(this.bids.addTop(this.askRegister, steps));
      this.bidVersion = this.bids.topVersion;
    }
    return this.known;
  }
}
