import { parseAmount, type AmountInput, type Step as AmountStep } from '../domain/amounts';
import type { CancelCommand, CommandResult, FailureStep, PlaceCommand } from '../domain/commands';
import type { Context } from '../domain/context';
import type { InstrumentTable } from '../domain/instrument-table';
import type { Instrument } from '../domain/instruments';
import { kindCode } from '../domain/order';
import { NO_TRAITS } from '../domain/order-traits';
import { newOrderId } from '../domain/order-id';
import { initiator, requireAccount } from '../domain/principal';
import { Refusal, type FieldFault, type RequestField } from '../domain/refusal';
import { resultCodeOf } from '../domain/result-code';
import type { Asked, Outcomes } from './outcomes';
import type { OrderEngine, TradingObserver } from './ports';
import { fingerprintOfPlace, type RequestFingerprint } from './request-fingerprint';
import type { AckAfter, Outcome, PlaceRequest } from './requests';
import type { Awaitable, Step } from './step';

/** Placing an order. */
export class PlaceOrder {
  /** @param digest of a client and its idempotency key */
  constructor(
    private readonly instruments: InstrumentTable, private readonly outcomes: Outcomes, private readonly observer: TradingObserver,
    private readonly digest: (clientId: string, key: string) => string, private readonly engine: Pick<OrderEngine, 'hasKey'>,
  ) {}

  /** @throws Refusal for an account that is not the caller's, an instrument that there is not, or amounts that do not fit it */
  prepare(context: Context, request: PlaceRequest): Awaitable<Step> {
    requireAccount(context.principal, request.clientId);
    // A retry is answered as before, even where nobody could ask for it anew.
    if (request.key !== null && this.instruments.isRetired(request.instrument)) return this.prepareRetired(context, request, request.key);
    const instrument = this.instruments.require(request.instrument);
    const command = this.commandOf(context, request, instrument);
    this.observer.received(request.instrument, request.type, request.side);
    return new PlaceStep(this.outcomes, this.observer, context, command, request.ackAfter);
  }

  /** @throws Refusal `instrument_not_found` where the key was not used before */
  private async prepareRetired(context: Context, request: PlaceRequest, key: string): Promise<Step> {
    if (!(await this.engine.hasKey(this.digest(request.clientId, key)))) throw notFound(request.instrument);
    const asked = this.commandOf(context, request, this.instruments.of(request.instrument));
    return new RepeatStep(this.outcomes, context, asked, request.ackAfter);
  }

  private commandOf(context: Context, request: PlaceRequest, instrument: Instrument): PlaceCommand & { readonly op: 'place' } {
    const faults: FieldFault[] = [];
    const amount = (field: RequestField, value: AmountInput, step: AmountStep, max: number, min: number): number => {
      const parsed = parseAmount(value, step, max, min);
      if (parsed.ok) return parsed.value;
      faults.push({ field, message: parsed.problem });
      return 0;
    };
    const priceTicks = request.price === undefined
      ? 0
      : amount('price', request.price, instrument.tick, instrument.priceTicksMax, instrument.priceTicksMin);
    const quantityLots = amount('quantity', request.quantity, instrument.lot, instrument.quantityLotsMax, instrument.quantityLotsMin);
    if (faults.length > 0) throw new Refusal('validation_failed', { fields: faults });
    return {
      op: 'place',
      actor: initiator(context.principal),
      instrument: request.instrument,
      side: request.side,
      kind: kindCode(request.type, request.timeInForce, request.postOnly),
      priceTicks,
      quantityLots,
      traits: NO_TRAITS,
      orderId: request.orderId ?? newOrderId(),
      clientId: request.clientId,
      clientOrderId: request.clientOrderId,
      idempotency: request.key === null ? null : this.digest(request.clientId, request.key),
      ...(request.failAt === undefined ? {} : { failAt: request.failAt }),
    };
  }
}

function notFound(instrument: string): Refusal {
  return new Refusal('instrument_not_found', { instrument });
}

class PlaceStep implements Step, Asked {
  constructor(
    private readonly outcomes: Outcomes, private readonly observer: TradingObserver, readonly context: Context,
    readonly command: PlaceCommand & { readonly op: 'place' }, readonly ackAfter: AckAfter | undefined,
  ) {}

  get named(): null {
    return null;
  }

  get fingerprint(): RequestFingerprint | null {
    return this.command.idempotency === null ? null : fingerprintOfPlace(this.command);
  }

  get failAt(): FailureStep | undefined {
    return this.command.failAt;
  }

  finish(result: CommandResult, epoch: string | null): Awaitable<Outcome> {
    this.observe(result);
    return this.outcomes.of(result, epoch, this);
  }

  private observe(result: CommandResult): void {
    const { instrument } = this.command;
    // Whether an order of unknown outcome was turned down nobody knows yet.
    if (result.outcome === 'refused' && result.code !== 'outcome_unknown') this.observer.rejected(instrument, result.code);
    if (result.outcome !== 'logged') return;
    const { entry } = result;
    if (entry.kind === 'refuse') this.observer.rejected(instrument, resultCodeOf(entry.code));
    const order = entry.orders[0];
    if (order?.status === 'rejected' && order.reason !== null) this.observer.rejected(instrument, order.reason);
    if (entry.fills.length > 0) this.observer.matched(instrument, entry.fills.length);
  }
}

/**
 * The retry of a place in an instrument that is traded no more. The engine answers a key ahead of the command that it comes
 * with; the one given here does nothing, should the key's lifetime end just then.
 */
class RepeatStep implements Step, Asked {
  readonly command: CancelCommand & { readonly op: 'cancel' };
  readonly fingerprint: RequestFingerprint;

  constructor(
    private readonly outcomes: Outcomes, readonly context: Context, private readonly asked: PlaceCommand, readonly ackAfter: AckAfter | undefined,
  ) {
    this.fingerprint = fingerprintOfPlace(asked);
    this.command = { op: 'cancel', actor: asked.actor, order: { orderId: asked.orderId }, idempotency: asked.idempotency, request: this.fingerprint };
  }

  get named(): null {
    return null;
  }

  finish(result: CommandResult, epoch: string | null): Awaitable<Outcome> {
    if (result.outcome === 'repeated' || (result.outcome === 'refused' && result.code !== 'order_not_found')) return this.outcomes.of(result, epoch, this);
    throw notFound(this.asked.instrument);
  }
}
