/** One thing that a venue is asked to show. */
export interface Step {
  readonly name: string;
  /** @throws StepSkippedError where it cannot be tried here, any other error where the venue does not show it */
  run(): Promise<void>;
}

export class StepSkippedError extends Error {}

export interface Outcome {
  /** From 1. */
  readonly number: number;
  readonly name: string;
  readonly verdict: 'ok' | 'FAIL' | 'skip';
  /** Why it was not tried, or what was found; null where all is well. */
  readonly reason: string | null;
}

/** @throws Error with what was found instead */
export function expect(holds: boolean, found: string): asserts holds {
  if (!holds) throw new Error(found);
}

/** Carries out steps in order. Where the first shows that nobody is there, nothing else is asked. */
export async function* carryOut(steps: readonly Step[]): AsyncGenerator<Outcome> {
  let isThere = true;
  for (const [i, step] of steps.entries()) {
    const outcome: Pick<Outcome, 'verdict' | 'reason'> = isThere ? await carryOutOne(step) : { verdict: 'skip', reason: 'nobody is there' };
    yield { number: i + 1, name: step.name, ...outcome };
    if (i === 0) isThere = outcome.verdict === 'ok';
  }
}

async function carryOutOne(step: Step): Promise<Pick<Outcome, 'verdict' | 'reason'>> {
  try {
    await step.run();
    return { verdict: 'ok', reason: null };
  } catch (error) {
    return { verdict: error instanceof StepSkippedError ? 'skip' : 'FAIL', reason: (error as Error).message };
  }
}
