import type { Context } from '../domain/context';
import { Refusal } from '../domain/refusal';
import type { CommitWatch } from './ports';
import type { AckAfter } from './requests';

/** Where an acknowledgement waits for Postgres: a commit that does not come in time leaves the outcome open. */
export class Acknowledgement {
  constructor(
    private readonly commits: CommitWatch, private readonly usual: AckAfter, private readonly timeoutMs: number,
  ) {}

  /** @param asked what the request itself wants, undefined for the venue's own way */
  isAfterPostgres(asked: AckAfter | undefined): boolean {
    return (asked ?? this.usual) === 'postgres';
  }

  /**
   * @param epoch null when it is not known in which life of the shard the command was carried out
   * @throws Refusal `outcome_unknown`
   */
  async committed(context: Context, epoch: string | null, sequence: number): Promise<void> {
    const timeoutMs = Math.max(0, Math.min(this.timeoutMs, context.deadlineMs - performance.now()));
    // A sequence counts within its life only: in the next one it may be somebody else's.
    if (epoch !== null && await this.commits.waitFor({ epoch, sequence }, timeoutMs)) return;
    throw new Refusal('outcome_unknown', { detail: 'The command has happened in Redis; Postgres has not confirmed it in time.' });
  }
}
