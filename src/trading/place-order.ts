import { parseAmount, type AmountInput, type Step as AmountStep } from '../domain/amounts';
import { parseRate } from '../domain/assets';
import { parseBudget } from '../domain/budget';
import type { CancelCommand, CommandResult, FailureStep, PlaceCommand } from '../domain/commands';
import type { Context } from '../domain/context';
import type { InstrumentTable } from '../domain/instrument-table';
import type { Instrument } from '../domain/instruments';
import { EXPIRY_US_END, kindCode, type TimeInForce } from '../domain/order';
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
import type { AckAfter, Outcome, PlaceRequest } from './requests';
import type { Awaitable, Step } from './step';

/** How the venue keeps accounts from trading with themselves. */
export interface SelfTrade {
  /** Of an order that does not say. */
  readonly mode: StpMode | 'none';
  /** Accounts, but for the one asked about, whose orders are those of the same owner. */
  accountsBeside(account: string): Awaitable<readonly string[]>;
}

/** Whether what is left of an order with it may wait. */
const MAY_REST: ReadonlySet<TimeInForce> = new Set(['gtc', 'gtd', 'day'] as const);

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
    const amount = (field: RequestField, value: AmountInput, step: AmountStep, max: number, min: number): number => {
      const parsed = parseAmount(value, step, max, min);
      if (parsed.ok) return parsed.value;
      faults.push({ field, message: parsed.problem });
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
    const waiting = waitingOf(request, stopTicks, offset, faults);
    const bounds = boundsOf(request, instrument, faults);
    if (quantityLots === 0 && bounds.budget === undefined && faults.length === 0) faults.push({ field: 'quantity', message: 'is required' });
    if (waiting !== NO_TRAITS && bounds.budget !== undefined && request.side === 'sell') {
      faults.push({ field: 'quoteQuantity', message: 'is for a buy: a sell that waits for a price holds its quantity' });
    }
    const kind = kindCode(baseTypeOf(request.type), request.timeInForce, request.postOnly);
    let display: number | undefined;
    if (request.displayQuantity !== undefined) {
      display = amount('displayQuantity', request.displayQuantity, instrument.lot, instrument.quantityLotsMax, 1);
      if (!MAY_REST.has(request.timeInForce)) faults.push({ field: 'displayQuantity', message: 'is only allowed where the order may rest: with time_in_force gtc, gtd or day' });
      else if (quantityLots > 0 && display > quantityLots) faults.push({ field: 'displayQuantity', message: 'must not be larger than the quantity' });
    }
    if (request.expiresUs !== undefined && request.expiresUs >= EXPIRY_US_END) faults.push({ field: 'expiresAt', message: 'must be before the year 2200' });
    if (faults.length > 0) throw new Refusal('validation_failed', { fields: faults });
    return {
      op: 'place',
      actor: initiator(context.principal),
      instrument: request.instrument,
      side: request.side,
      kind,
      priceTicks,
      quantityLots,
      traits: this.traitsOf(request, beside, display === undefined ? bounds : { display }, waiting),
      orderId: request.orderId ?? newOrderId(),
      clientId: request.clientId,
      clientOrderId: request.clientOrderId,
      idempotency: request.key === null ? null : this.digest(request.clientId, request.key),
      ...(request.failAt === undefined ? {} : { failAt: request.failAt }),
    };
  }

  /** @param own traits whose values are the instrument's @param waiting what it waits for */
  private traitsOf(request: PlaceRequest, beside: readonly string[], own: OrderTraits, waiting: OrderTraits): OrderTraits {
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

  private modeOf({ selfTradePrevention }: PlaceRequest): StpMode | 'none' {
    return selfTradePrevention ?? this.selfTrade.mode;
  }

  /** Accounts whose orders are the order's own, beside its account's. */
  private besideOf(request: PlaceRequest): Awaitable<readonly string[]> {
    return this.modeOf(request) === 'none' ? NOBODY_BESIDE : this.selfTrade.accountsBeside(request.clientId);
  }
}

/** What an order waits for, in its instrument's ticks. @param faults what is wrong is added to them */
function waitingOf({ type, trailingPercent }: PlaceRequest, stopTicks: number | undefined, offset: number | undefined, faults: FieldFault[]): OrderTraits {
  if (type === 'limit' || type === 'market') return NO_TRAITS;
  const trigger = TRIGGER_CODE[WAITING_TYPES[type].trigger];
  if (type !== 'trailing_stop') return stopTicks === undefined ? NO_TRAITS : { trigger, triggerPrice: stopTicks };
  if (trailingPercent === undefined) return { trigger, trailingOffset: offset ?? 0, best: 0 };
  const percent = parsePercent(trailingPercent);
  if (percent === null) faults.push({ field: 'trailingPercent', message: PERCENT_PROBLEM });
  return { trigger, trailingPercent: percent ?? 0, best: 0 };
}

const NOBODY_BESIDE: readonly string[] = [];

const MILLIONTHS = 1_000_000;

/** What bounds a market order. */
type Bounds = Pick<OrderTraits, 'slippage' | 'budget'>;

/** @param faults what is wrong is added to them */
function boundsOf({ quoteQuantity, maxSlippage }: PlaceRequest, instrument: Instrument, faults: FieldFault[]): Bounds {
  if (quoteQuantity === undefined && maxSlippage === undefined) return NO_TRAITS;
  const budget = quoteQuantity === undefined ? undefined : parseBudget(quoteQuantity, instrument);
  if (budget?.ok === false) faults.push({ field: 'quoteQuantity', message: budget.problem });
  const slippage = maxSlippage === undefined ? undefined : parseRate(maxSlippage);
  const isFraction = slippage === undefined || (slippage !== null && slippage >= 0 && slippage <= MILLIONTHS);
  if (!isFraction) faults.push({ field: 'maxSlippage', message: 'must be a fraction from 0 to 1, in whole millionths' });
  return {
    ...(budget?.ok === true ? { budget: budget.units } : {}), ...(slippage === undefined || slippage === null ? {} : { slippage }),
  };
}

function isModeLeft({ selfTradePrevention }: PlaceRequest): boolean {
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
