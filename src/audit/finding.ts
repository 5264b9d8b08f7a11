import { firstDifference } from './difference';

/** One thing the audit looked at: how many, and what was wrong with them. */
export interface Check {
  readonly name: string;
  readonly count: number;
  readonly problems: readonly string[];
}

/** Problems of one kind that are told at most: the first ones say where to look. */
const PROBLEMS_MAX = 20;

/** A check in the making. */
export class Finding implements Check {
  readonly problems: string[] = [];
  count = 0;

  constructor(readonly name: string) {}

  add(problem: string): void {
    if (this.problems.length < PROBLEMS_MAX) this.problems.push(problem);
  }

  /** @param what the thing that is compared, by its name */
  addDifference(what: string, expected: unknown, actual: unknown): void {
    const difference = firstDifference(expected, actual);
    if (difference !== null) this.add(`${what}${difference.startsWith(':') ? '' : ' '}${difference}`);
  }
}
