import type { CancelCommand, CommandResult } from '../domain/commands';
import type { Context } from '../domain/context';
import { actorOfNamed, type OrderOwners } from './order-owners';
import type { Asked, Outcomes } from './outcomes';
import { fingerprintOfCancel, type RequestFingerprint } from './request-fingerprint';
import type { CancelRequest, NamedOrder, Outcome } from './requests';
import type { Awaitable, Step } from './step';

/** Cancelling one order. */
export class CancelOrder {
  constructor(private readonly owners: OrderOwners, private readonly outcomes: Outcomes) {}

  prepare(context: Context, { order, key }: CancelRequest): Awaitable<Step> {
    const fingerprint = key === null ? null : fingerprintOfCancel(order);
    const scope = this.owners.keyScope(context, order, key);
    return scope instanceof Promise
      ? scope.then((idempotency) => new CancelStep(this.outcomes, context, order, fingerprint, idempotency))
      : new CancelStep(this.outcomes, context, order, fingerprint, scope);
  }
}

class CancelStep implements Step, Asked {
  readonly command: CancelCommand & { readonly op: 'cancel' };

  constructor(
    private readonly outcomes: Outcomes, readonly context: Context, readonly named: NamedOrder,
    readonly fingerprint: RequestFingerprint | null, idempotency: string | null,
  ) {
    this.command = { op: 'cancel', actor: actorOfNamed(context, named), order: named, idempotency, request: fingerprint };
  }

  get ackAfter(): undefined {
    return undefined;
  }

  finish(result: CommandResult, epoch: string | null): Awaitable<Outcome> {
    return this.outcomes.of(result, epoch, this);
  }
}
