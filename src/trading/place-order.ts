import { parseAmount, type AmountInput, type Step as AmountStep } from '../domain/amounts';
import type { CommandResult, PlaceCommand } from '../domain/commands';
import { actorOf, type Context } from '../domain/context';
import type { InstrumentTable } from '../domain/instrument-table';
import { kindCode } from '../domain/order';
import { newOrderId } from '../domain/order-id';
import { Refusal, type FieldFault, type RequestField } from '../domain/refusal';
import { resultCodeOf } from '../domain/result-code';
import type { Asked, Outcomes } from './outcomes';
import type { TradingObserver } from './ports';
import { fingerprintOfPlace, type RequestFingerprint } from './request-fingerprint';
import type { AckAfter, Outcome, PlaceRequest } from './requests';
import type { Awaitable, Step } from './step';

/** Placing an order. */
export class PlaceOrder {
  /** @param digest of a client and its idempotency key */
  constructor(
    private readonly instruments: InstrumentTable, private readonly outcomes: Outcomes, private readonly observer: TradingObserver,
    private readonly digest: (clientId: string, key: string) => string,
  ) {}

  /** @throws Refusal for an instrument that there is not, or amounts that do not fit it */
  prepare(context: Context, request: PlaceRequest): Step {
    const instrument = this.instruments.require(request.instrument);
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
    this.observer.received(request.instrument, request.type, request.side);
    return new PlaceStep(this.outcomes, this.observer, context, {
      op: 'place',
      actor: actorOf(context, null),
      instrument: request.instrument,
      side: request.side,
      kind: kindCode(request.type, request.timeInForce, request.postOnly),
      priceTicks,
      quantityLots,
      orderId: newOrderId(),
      clientId: request.clientId,
      clientOrderId: request.clientOrderId,
      idempotency: request.key === null ? null : this.digest(request.clientId, request.key),
    }, request.ackAfter);
  }
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

  finish(result: CommandResult, epoch: string | null): Awaitable<Outcome> {
    this.observe(result);
    return this.outcomes.of(result, epoch, this);
  }

  private observe(result: CommandResult): void {
    const { instrument } = this.command;
    if (result.outcome === 'refused') this.observer.rejected(instrument, result.code);
    if (result.outcome !== 'logged') return;
    const { entry } = result;
    if (entry.kind === 'refuse') this.observer.rejected(instrument, resultCodeOf(entry.code));
    const order = entry.orders[0];
    if (order?.status === 'rejected' && order.reason !== null) this.observer.rejected(instrument, order.reason);
    if (entry.fills.length > 0) this.observer.matched(instrument, entry.fills.length);
  }
}
