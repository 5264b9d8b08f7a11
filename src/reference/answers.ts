import type { Repeated } from '../domain/commands';
import type { LogEntry } from '../domain/entry';
import { compareText, type ShardState } from './state';

interface Answered {
  readonly sequence: number;
  readonly second: number;
  readonly entry: LogEntry;
}

/** Answers that are given again to whoever asks the same again: by keys for their lifetime, by references for ever. */
export class Answers {
  private readonly answered = new Map<string, Answered>();

  /** @param by what the digests are made of */
  constructor(private readonly by: Repeated['by']) {}

  /** @param ageMax seconds from which on an answer is forgotten */
  repeat(digest: string | null, second: number, ageMax = Number.POSITIVE_INFINITY): Repeated | null {
    const answer = digest === null ? undefined : this.answered.get(digest);
    if (answer === undefined || second - answer.second >= ageMax) return null;
    return { outcome: 'repeated', by: this.by, ...answer };
  }

  remember(digest: string, second: number, entry: LogEntry): void {
    this.answered.set(digest, { sequence: entry.sequence, second, entry });
  }

  /** Drops those whose lifetime is over. @returns how many. */
  forget(digests: Iterable<string>, second: number, ageMax: number): number {
    let dropped = 0;
    for (const digest of digests) {
      const answer = this.answered.get(digest);
      if (answer === undefined || second - answer.second < ageMax) continue;
      this.answered.delete(digest);
      dropped++;
    }
    return dropped;
  }

  state(): ShardState['idempotency'] {
    return [...this.answered]
      .map(([digest, { sequence, second }]) => ({ digest, sequence, second }))
      .sort((a, b) => compareText(a.digest, b.digest));
  }
}
