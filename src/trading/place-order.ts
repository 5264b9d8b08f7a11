import { parseAmount, type AmountInput, type Step as AmountStep } from '../domain/amounts';
import { parseFraction } from '../domain/assets';
import { parseBudget } from '../domain/budget';
import type { CancelCommand, CommandResult, FailureStep, PlaceCommand } from '../domain/commands';
import type { Context } from '../domain/context';
import type { InstrumentTable } from '../domain/instrument-table';
import type { Instrument } from '../domain/instruments';
import { EXPIRY_US_END, kindCode, type TimeInForce } from '../domain/order';
import type { ListedOrder } from '../domain/order-list';
import { namesToTrait, NO_TRAITS, STP_CODE, type OrderTraits, type StpMode } from '../domain/order-traits';
import { baseTypeOf, TRIGGER_CODE, WAITING_TYPES } from '../domain/order-type';
import { newOrderId } from '../domain/order-id';
import { initiator, requireAccount } from '../domain/principal';
import { Refusal, type FieldFault, type RequestField } from '../domain/refusal';
import { resultCodeOf } from '../domain/result-code';
import { parsePercent, PERCENT_PROBLEM } from '../domain/trailing';
import type { Asked, Outcomes } from './outcomes';
import type { OrderEngine, TradingObserver } from './ports';
import { fingerprintOfPlace, type RequestFingerprint } from './request-fingerprint';
import type { AckAfter, OrderTerms, Outcome, PlaceRequest } from './requests';
import type { Awaitable, Step } from './step';

/** How the venue keeps accounts from trading with themselves. */
export interface SelfTrade {
  /** Of an order that does not say. */
  readonly mode: StpMode | 'none';
  /** Accounts, but for the one asked about, whose orders are those of the same owner. */
  accountsBeside(account: string): Awaitable<readonly string[]>;
}

/** Whether what is left of an order with it may wait. */
export const MAY_REST: ReadonlySet<TimeInForce> = new Set(['gtc', 'gtd', 'day'] as const);

/** Placing an order. */
export class PlaceOrder {
  /** @param digest of a client and its idempotency key */
  constructor(
    private readonly instruments: InstrumentTable, private readonly outcomes: Outcomes, private readonly observer: TradingObserver,
    private readonly digest: (clientId: string, key: string) => string, private readonly engine: Pick<OrderEngine, 'hasKey'>,
    private readonly selfTrade: SelfTrade,
  ) {}

  /** @throws Refusal for an account that is not the caller's, an instrument that there is not, or amounts that do not fit it */
  prepare(context: Context, request: PlaceRequest): Awaitable<Step> {
    requireAccount(context.principal, request.clientId);
    // A retry is answered as before, even where nobody could ask for it anew.
    if (request.key !== null && this.instruments.isRetired(request.instrument)) return this.prepareRetired(context, request, request.key);
    const instrument = this.instruments.require(request.instrument);
    const beside = this.besideOf(request);
    return beside instanceof Promise ? beside.then((known) => this.stepOf(context, request, instrument, known)) : this.stepOf(context, request, instrument, beside);
  }

  private stepOf(context: Context, request: PlaceRequest, instrument: Instrument, beside: readonly string[]): Step {
    const command = this.commandOf(context, request, instrument, beside);
    this.observer.received(request.instrument, request.type, request.side);
    return new PlaceStep(this.outcomes, this.observer, context, command, request);
  }

  /** @throws Refusal `instrument_not_found` where the key was not used before */
  private async prepareRetired(context: Context, request: PlaceRequest, key: string): Promise<Step> {
    if (!(await this.engine.hasKey(this.digest(request.clientId, key)))) throw notFound(request.instrument);
    const asked = this.commandOf(context, request, this.instruments.of(request.instrument), await this.besideOf(request));
    return new RepeatStep(this.outcomes, context, asked, request);
  }

  private commandOf(context: Context, request: PlaceRequest, instrument: Instrument, beside: readonly string[]): PlaceCommand & { readonly op: 'place' } {
    const faults: FieldFault[] = [];
    const terms = this.termsOf(request, instrument, beside, (field, message) => faults.push({ field, message }));
    if (faults.length > 0) throw new Refusal('validation_failed', { fields: faults });
    return {
      op: 'place',
      actor: initiator(context.principal),
      instrument: request.instrument,
      side: terms.side,
      kind: terms.kind,
      priceTicks: terms.priceTicks,
      quantityLots: terms.quantityLots,
      traits: terms.traits,
      orderId: request.orderId ?? newOrderId(),
      clientId: request.clientId,
      clientOrderId: terms.clientOrderId,
      idempotency: request.key === null ? null : this.digest(request.clientId, request.key),
      ...(request.failAt === undefined ? {} : { failAt: request.failAt }),
    };
  }

  /**
   * What an order asks for in its instrument's ticks and lots.
   * @param beside accounts whose orders are its own as well
   * @param fault told of each amount that does not fit
   */
  termsOf(request: OrderTerms, instrument: Instrument, beside: readonly string[], fault: (field: RequestField, message: string) => void): ListedOrder {
    const amount = (field: RequestField, value: AmountInput, step: AmountStep, max: number, min: number): number => {
      const parsed = parseAmount(value, step, max, min);
      if (parsed.ok) return parsed.value;
      fault(field, parsed.problem);
      return 0;
    };
    const priceTicks = request.price === undefined
      ? 0
      : amount('price', request.price, instrument.tick, instrument.priceTicksMax, instrument.priceTicksMin);
    const quantityLots = request.quantity === undefined
      ? 0
      : amount('quantity', request.quantity, instrument.lot, instrument.quantityLotsMax, instrument.quantityLotsMin);
    const stopTicks = request.stopPrice === undefined
      ? undefined
      : amount('stopPrice', request.stopPrice, instrument.tick, instrument.priceTicksMax, instrument.priceTicksMin);
    const offset = request.trailingOffset === undefined ? undefined : amount('trailingOffset', request.trailingOffset, instrument.tick, instrument.priceTicksMax, 1);
    const waiting = waitingOf(request, stopTicks, offset, fault);
    const bounds = boundsOf(request, instrument, fault);
    if (request.quantity === undefined && request.quoteQuantity === undefined) fault('quantity', 'is required');
    if (waiting !== NO_TRAITS && bounds.budget !== undefined && request.side === 'sell') {
      fault('quoteQuantity', 'is for a buy: a sell that waits for a price holds its quantity');
    }
    const kind = kindCode(baseTypeOf(request.type), request.timeInForce, request.postOnly);
    let display: number | undefined;
    if (request.displayQuantity !== undefined) {
      display = amount('displayQuantity', request.displayQuantity, instrument.lot, instrument.quantityLotsMax, 1);
      if (!MAY_REST.has(request.timeInForce)) fault('displayQuantity', 'is only allowed where the order may rest: with time_in_force gtc, gtd or day');
      else if (quantityLots > 0 && display > quantityLots) fault('displayQuantity', 'must not be larger than the quantity');
    }
    if (request.expiresUs !== undefined && request.expiresUs >= EXPIRY_US_END) fault('expiresAt', 'must be before the year 2200');
    return {
      side: request.side, kind, priceTicks, quantityLots, traits: this.traitsOf(request, beside, display === undefined ? bounds : { display }, waiting), clientOrderId: request.clientOrderId,
    };
  }

  /** @param own traits whose values are the instrument's @param waiting what it waits for */
  private traitsOf(request: OrderTerms, beside: readonly string[], own: OrderTraits, waiting: OrderTraits): OrderTraits {
    const mode = this.modeOf(request);
    const { expiresUs } = request;
    const stpAccounts = namesToTrait(beside);
    if (mode === 'none' && expiresUs === undefined && own === NO_TRAITS && waiting === NO_TRAITS) return NO_TRAITS;
    return {
      ...(mode === 'none' ? {} : { stp: STP_CODE[mode], ...(stpAccounts === undefined ? {} : { stpAccounts }) }),
      ...waiting,
      ...(expiresUs === undefined ? {} : { expiresUs }),
      ...own,
    };
  }

  private modeOf({ selfTradePrevention }: OrderTerms): StpMode | 'none' {
    return selfTradePrevention ?? this.selfTrade.mode;
  }

  /** Accounts whose orders are the order's own, beside its account's. */
  besideOf(request: OrderTerms & { readonly clientId: string }): Awaitable<readonly string[]> {
    return this.modeOf(request) === 'none' ? NOBODY_BESIDE : this.selfTrade.accountsBeside(request.clientId);
  }
}

/** What an order waits for, in its instrument's ticks. @param fault told of what is wrong */
function waitingOf(
  { type, trailingPercent }: OrderTerms, stopTicks: number | undefined, offset: number | undefined, fault: (field: RequestField, message: string) => void,
): OrderTraits {
  if (type === 'limit' || type === 'market') return NO_TRAITS;
  const trigger = TRIGGER_CODE[WAITING_TYPES[type].trigger];
  if (type !== 'trailing_stop') return stopTicks === undefined ? NO_TRAITS : { trigger, triggerPrice: stopTicks };
  if (trailingPercent === undefined) return { trigger, trailingOffset: offset ?? 0, best: 0, trailsSince: 0 };
  const percent = parsePercent(trailingPercent);
  if (percent === null) fault('trailingPercent', PERCENT_PROBLEM);
  return { trigger, trailingPercent: percent ?? 0, best: 0, trailsSince: 0 };
}

const NOBODY_BESIDE: readonly string[] = [];

/** What bounds a market order. */
type Bounds = Pick<OrderTraits, 'slippage' | 'budget'>;

/** @param fault told of what is wrong */
function boundsOf({ quoteQuantity, maxSlippage }: OrderTerms, instrument: Instrument, fault: (field: RequestField, message: string) => void): Bounds {
  if (quoteQuantity === undefined && maxSlippage === undefined) return NO_TRAITS;
  const budget = quoteQuantity === undefined ? undefined : parseBudget(quoteQuantity, instrument);
  if (budget?.ok === false) fault('quoteQuantity', budget.problem);
  const slippage = maxSlippage === undefined ? undefined : parseFraction(maxSlippage);
  if (slippage?.ok === false) fault('maxSlippage', slippage.problem);
  return {
    ...(budget?.ok === true ? { budget: budget.units } : {}), ...(slippage?.ok === true ? { slippage: slippage.value } : {}),
  };
}

export function isModeLeft({ selfTradePrevention }: OrderTerms): boolean {
  return selfTradePrevention === undefined;
}

function notFound(instrument: string): Refusal {
  return new Refusal('instrument_not_found', { instrument });
}

class PlaceStep implements Step, Asked {
  constructor(
    private readonly outcomes: Outcomes, private readonly observer: TradingObserver, readonly context: Context,
    readonly command: PlaceCommand & { readonly op: 'place' }, private readonly request: PlaceRequest,
  ) {}

  get ackAfter(): AckAfter | undefined {
    return this.request.ackAfter;
  }

  get named(): null {
    return null;
  }

  get fingerprint(): RequestFingerprint | null {
    return this.command.idempotency === null ? null : fingerprintOfPlace(this.command, isModeLeft(this.request));
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
    private readonly outcomes: Outcomes, readonly context: Context, private readonly asked: PlaceCommand, private readonly request: PlaceRequest,
  ) {
    this.fingerprint = fingerprintOfPlace(asked, isModeLeft(request));
    this.command = { op: 'cancel', actor: asked.actor, order: { orderId: asked.orderId }, idempotency: asked.idempotency, request: this.fingerprint };
  }

  get named(): null {
    return null;
  }

  get ackAfter(): AckAfter | undefined {
    return this.request.ackAfter;
  }

  finish(result: CommandResult, epoch: string | null): Awaitable<Outcome> {
    if (result.outcome === 'repeated' || (result.outcome === 'refused' && result.code !== 'order_not_found')) return this.outcomes.of(result, epoch, this);
    throw notFound(this.asked.instrument);
  }
}
