import type { Side } from '../domain/order';

/** A level before and after some changes, in lots; 0 where it is not there. */
export interface LevelStep {
  readonly priceTicks: number;
  readonly before: number;
  readonly after: number;
}

type Steps = Map<number, { readonly priceTicks: number; readonly before: number; after: number }>;

/** Changes of one book put together: of each level what it was at first and what it is at last. */
export class LevelMerge {
  readonly bids: Steps = new Map();
  readonly asks: Steps = new Map();

  get size(): number {
    return this.bids.size + this.asks.size;
  }

  note(side: Side, priceTicks: number, before: number, after: number): void {
    const steps = side === 'buy' ? this.bids : this.asks;
    const known = steps.get(priceTicks);
    if (known === undefined) steps.set(priceTicks, { priceTicks, before, after });
    else known.after = after;
  }

  /** Levels that are not what they were, in the order in which they were first touched. */
  static changed(steps: ReadonlyMap<number, LevelStep>): LevelStep[] {
    const changed: LevelStep[] = [];
    for (const step of steps.values()) if (step.before !== step.after) changed.push(step);
    return changed;
  }
}
