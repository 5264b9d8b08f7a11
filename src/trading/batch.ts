import type { Context } from '../domain/context';
import { Refusal, refusalOf } from '../domain/refusal';
import type { CommandRunner } from './command-runner';
import type { TradingObserver } from './ports';
import type { OrderRequest, Outcome } from './requests';
import { allOf, type Awaitable, type Step } from './step';

/** Many requests as one: they take effect in their order, and each has the outcome that it would have alone. */
export class Batch {
  constructor(
    private readonly prepare: (context: Context, request: OrderRequest) => Awaitable<Step>, private readonly runner: CommandRunner,
    private readonly observer: TradingObserver,
  ) {}

  /** @returns one for each request, in order; one that is turned down takes nothing from the others */
  async run(context: Context, requests: readonly OrderRequest[]): Promise<readonly (Outcome | Refusal)[]> {
    const prepared = await allOf(requests.map((request) => this.orRefusal(context, () => this.prepare(context, request))));
    const steps = prepared.filter((step): step is Step => !(step instanceof Refusal));
    const { results, epoch } = await this.runner.all(steps.map((step) => step.command));
    let next = 0;
    return allOf(prepared.map((step) => {
      if (step instanceof Refusal) return step;
      const result = results[next++];
      if (result === undefined) throw new Error('the engine left a command without a result');
      return this.orRefusal(context, () => step.finish(result, epoch));
    }));
  }

  /** @param work may throw, or reject, with a refusal */
  private orRefusal<T>(context: Context, work: () => Awaitable<T>): Awaitable<T | Refusal> {
    try {
      const value = work();
      return value instanceof Promise ? value.catch((error: unknown) => this.refusalOf(context, error)) : value;
    } catch (error) {
      return this.refusalOf(context, error);
    }
  }

  private refusalOf(context: Context, error: unknown): Refusal {
    const refusal = refusalOf(error);
    // A fault of ours in one operation takes nothing from the others: they have been carried out.
    if (refusal === null) this.observer.failed(error, context.requestId);
    return refusal ?? new Refusal('internal_error');
  }
}
