import type { Context } from '../domain/context';
import type { LogPosition } from '../domain/log-position';
import type { Staleness } from '../domain/staleness';
import type { CommitWatch, MoneyEngine } from './ports';

/** What Postgres tells, and how far behind it is where it may lack something. */
export interface Recorded<T> {
  readonly value: T;
  /** Set where something that was acknowledged may be missing. */
  readonly stale: Staleness | null;
}

/** Reads of Postgres that hold what was acknowledged before the call, or say that they may not. */
export class RecordReads {
  constructor(
    private readonly engine: Pick<MoneyEngine, 'position'>, private readonly commits: CommitWatch, private readonly timeoutMs: number,
  ) {}

  async read<T>(context: Context, query: () => Promise<T>): Promise<Recorded<T>> {
    const isComplete = await this.reached(context, await this.engine.position());
    return { value: await query(), stale: isComplete ? null : await this.commits.staleness() };
  }

  /** @returns false where Postgres does not hold `position` in time */
  reached(context: Context, position: LogPosition): Promise<boolean> {
    return this.commits.waitFor(position, Math.max(0, Math.min(this.timeoutMs, context.deadlineMs - performance.now())));
  }

  /** Waits until Postgres holds all that was acknowledged before the call. @returns false where it does not in time */
  async caughtUp(context: Context): Promise<boolean> {
    return this.reached(context, await this.engine.position());
  }
}
