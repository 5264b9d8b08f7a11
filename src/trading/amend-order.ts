import { parseAmount, type AmountInput, type Step as AmountStep } from '../domain/amounts';
import type { AmendCandidate, AmendCommand, CommandResult } from '../domain/commands';
import type { Context } from '../domain/context';
import type { InstrumentTable } from '../domain/instrument-table';
import type { Instrument } from '../domain/instruments';
import { Refusal, type FieldFault, type RequestField } from '../domain/refusal';
import { parsePercent, PERCENT_PROBLEM } from '../domain/trailing';
import { actorOfNamed, type OrderOwners } from './order-owners';
import type { Asked, Outcomes } from './outcomes';
import type { TradingObserver } from './ports';
import { fingerprintOfAmend, type RequestFingerprint } from './request-fingerprint';
import type { AmendRequest, NamedOrder, Outcome } from './requests';
import type { Awaitable, Step } from './step';

/** Changing the price or quantity of an open order. */
export class AmendOrder {
  constructor(
    private readonly instruments: InstrumentTable, private readonly owners: OrderOwners, private readonly outcomes: Outcomes,
    private readonly observer: TradingObserver,
  ) {}

  /** @throws Refusal for amounts that fit no instrument */
  prepare(context: Context, request: AmendRequest): Awaitable<Step> {
    const scope = this.owners.keyScope(context, request.order, request.key);
    return scope instanceof Promise
      ? scope.then((idempotency) => this.prepareOwn(context, request, idempotency))
      : this.prepareOwn(context, request, scope);
  }

  private prepareOwn(context: Context, request: AmendRequest, idempotency: string | null): Step {
    // Only the instrument can tell ticks; an unlikely one is sorted out by the engine in its atomic step.
    const known = 'orderId' in request.order ? this.owners.instrumentOf(request.order.orderId) : undefined;
    const instruments = known === undefined ? this.instruments.everKnown : [this.instruments.of(known)];
    const candidates: AmendCandidate[] = [];
    let firstFaults: readonly FieldFault[] = [];
    let fitting = 0;
    for (const instrument of instruments) {
      const { candidate, faults } = candidateOf(instrument, request);
      if (firstFaults.length === 0) firstFaults = faults;
      if (faults.length === 0) fitting++;
      // An order in what is traded no more is not amended: the engine finds no candidate for it, once it has looked at the key.
      if (!this.instruments.isRetired(instrument.instrument)) candidates.push(candidate);
    }
    // Wrong in every instrument: no need to ask which one it is.
    if (fitting === 0) throw new Refusal('validation_failed', { fields: firstFaults });
    return new AmendStep(this.instruments, this.outcomes, this.observer, context, request, {
      op: 'amend', actor: actorOfNamed(context, request.order), order: request.order, candidates, idempotency, request: request.key === null ? null : fingerprintOfAmend(request),
    });
  }
}

class AmendStep implements Step, Asked {
  constructor(
    private readonly instruments: InstrumentTable, private readonly outcomes: Outcomes, private readonly observer: TradingObserver,
    readonly context: Context, private readonly request: AmendRequest, readonly command: AmendCommand & { readonly op: 'amend' },
  ) {}

  get fingerprint(): RequestFingerprint | null {
    return this.command.request as RequestFingerprint | null;
  }

  get named(): NamedOrder {
    return this.request.order;
  }

  get ackAfter(): undefined {
    return undefined;
  }

  finish(result: CommandResult, epoch: string | null): Awaitable<Outcome> {
    if (result.outcome === 'logged') {
      const order = result.entry.orders[0];
      if (order !== undefined && result.entry.fills.length > 0) this.observer.matched(order.instrument, result.entry.fills.length);
    }
    if (result.outcome === 'refused' && result.code === 'amend_invalid' && result.order !== null) {
      // It does not fit its order's instrument, and the fields that do not are named; or that is traded no more.
      const { instrument } = result.order;
      const { faults } = candidateOf(this.instruments.of(instrument), this.request);
      throw faults.length > 0 ? new Refusal('validation_failed', { fields: faults }) : new Refusal('instrument_not_found', { instrument });
    }
    return this.outcomes.of(result, epoch, this);
  }
}

/** What an amend means in one instrument's ticks and lots, and what of it does not fit. */
function candidateOf(instrument: Instrument, request: AmendRequest): { candidate: AmendCandidate; faults: FieldFault[] } {
  const faults: FieldFault[] = [];
  const amount = (field: RequestField, value: AmountInput | undefined, step: AmountStep, max: number, min: number): number | 'invalid' | null => {
    if (value === undefined) return null;
    const parsed = parseAmount(value, step, max, min);
    if (parsed.ok) return parsed.value;
    faults.push({ field, message: parsed.problem });
    return 'invalid';
  };
  const percent = (value: AmountInput | undefined): number | 'invalid' | null => {
    if (value === undefined) return null;
    const millionths = parsePercent(value);
    if (millionths !== null) return millionths;
    faults.push({ field: 'trailingPercent', message: PERCENT_PROBLEM });
    return 'invalid';
  };
  return {
    candidate: {
      instrument: instrument.instrument,
      priceTicks: amount('price', request.price, instrument.tick, instrument.priceTicksMax, instrument.priceTicksMin),
      quantityLots: amount('quantity', request.quantity, instrument.lot, instrument.quantityLotsMax, instrument.quantityLotsMin),
      remainingLots: amount('remainingQuantity', request.remainingQuantity, instrument.lot, instrument.quantityLotsMax, 1),
      stopTicks: amount('stopPrice', request.stopPrice, instrument.tick, instrument.priceTicksMax, instrument.priceTicksMin),
      trailingOffset: amount('trailingOffset', request.trailingOffset, instrument.tick, instrument.priceTicksMax, 1),
      trailingPercent: percent(request.trailingPercent),
      quantityLotsMax: instrument.quantityLotsMax,
    },
    faults,
  };
}
