import type { Side } from '../domain/order';

/** A level before and after some changes, in lots; 0 where it is not there. */
export interface LevelStep {
  readonly priceTicks: number;
  readonly before: number;
  readonly after: number;
}

type Steps = Map<number, { readonly priceTicks: number; readonly before: number; after: number }>;

const NONE: ReadonlyMap<number, LevelStep> = new Map();

/** Changes of one book put together: of each level what it was at first and what it is at last. */
export class LevelMerge {
  // Made when they are needed: most entries change one side.
  private bidSteps: Steps | null = null;
  private askSteps: Steps | null = null;

  get bids(): ReadonlyMap<number, LevelStep> {
    return this.bidSteps ?? NONE;
  }

  get asks(): ReadonlyMap<number, LevelStep> {
    return this.askSteps ?? NONE;
  }

  get size(): number {
    return this.bids.size + this.asks.size;
  }

  note(side: Side, priceTicks: number, before: number, after: number): void {
    const steps = this.stepsOf(side);
    const known = steps.get(priceTicks);
    if (known === undefined) steps.set(priceTicks, { priceTicks, before, after });
    else known.after = after;
  }

  private stepsOf(side: Side): Steps {
    if (side === 'buy') return this.bidSteps ??= new Map() as Steps;
    return this.askSteps ??= new Map() as Steps;
  }

  /** Levels that are not what they were, in the order in which they were first touched. */
  static changed(steps: ReadonlyMap<number, LevelStep>): LevelStep[] {
    const changed: LevelStep[] = [];
    for (const step of steps.values()) if (step.before !== step.after) changed.push(step);
    return changed;
  }
}
