import type { Problem } from './problem';

/** What a call answers, whatever carries it: HTTP, a batch's result or a WebSocket message. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** @param requestId the `instance` of a problem */
export function answerOfProblem(problem: Problem, requestId: string): Answer {
  return { status: problem.status, body: problem.body(requestId), headers: { 'Content-Type': 'application/problem+json', ...problem.headers } };
}

/** How far Postgres is behind, for answers that could not be made from all of history. */
export interface Staleness {
  readonly stale: true;
  /** null where it cannot be told. */
  readonly lag_entries: number | null;
  readonly lag_seconds: number | null;
}
