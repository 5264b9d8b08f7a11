import type { MoneyScale } from '../domain/assets';
import { KILL_PAGE_US } from '../domain/controls';
import {
  loggedActor, type AmendCandidate, type AmendCommand, type CancelCommand, type CancelAfterCommand, type CommandResult, type EngineCommand, type KillCommand, type LeaseCommand, type InstrumentCommand, type MassCancelCommand,
  type MoneyCommand, type PlaceCommand,
} from '../domain/commands';
import type { ControlChange, EntryEvent, EntryKind, LevelChange, LogEntry, LoggedCommand, OrderChange } from '../domain/entry';
import { LOG_ENTRY_VERSION } from '../domain/layouts';
import { entryOf } from '../domain/log-entry';
import type { AccountState, Balance, Funds, Transfer } from '../domain/money';
import { displayedLots, traitsAtEnd, traitsAtRest, traitsWithLess } from '../domain/iceberg';
import {
  expiryUs, isOpen, isResting, KIND_CODE, kindCode, kindOf, remainingLots, type Order, type OrderReference, type OrderStatus, type StatusReason,
} from '../domain/order';
import { triggerOf } from '../domain/order-type';
import type { OrderTraits } from '../domain/order-traits';
import { RESULT_CODES, type ResultCode } from '../domain/result-code';
import { Answers } from './answers';
import type { BookSide } from './book-side';
import { Books } from './books';
import { Controls } from './controls';
import { Catalogue } from './catalogue';
import { uncovered, unpaid } from './cover';
import { invariantProblems } from './invariants';
import { LedgerChange } from './ledger';
import { plannedTaker, planMatch, untouched, type MatchPlan } from './matching';
import { Money } from './money';
import { decideMoney, loggedMoney } from './money-commands';
import { OrderStore } from './order-store';
import { refusedOf, shownBy, type Refusal } from './refusal';
import { settleHold, settleTrades } from './settlement';
import { compareText, type ShardState } from './state';
import { tradesOfPlan, type PlannedTrade } from './trades';
import { Waiting } from './waiting';
import { mayRest, rests, verdictOnAmend, verdictOnPlace, type Verdict } from './verdict';

export interface ReferenceLimits {
  readonly fillsPerOrderMax: number;
  readonly openOrdersPerClientMax: number;
  /** Parts of what it shows that an iceberg may be of. */
  readonly icebergPartsMax: number;
  /** Log entries that may wait to be persisted before new orders are refused. */
  readonly backlogMax: number;
  readonly idempotencyTtlS: number;
  readonly funds: Funds;
}

/** When a command runs, as the engine's clock says. */
export interface Moment {
  readonly timeUs: number;
  /** The same moment in whole seconds, by which idempotency keys age. */
  readonly second: number;
}

/** A command as its entry tells it, and by what its answer is found again. */
interface Asked {
  readonly command: LoggedCommand;
  /** Digest of its key, null without one. */
  readonly idempotency: string | null;
  /** Digest of what may happen once for ever. */
  readonly reference?: string | null;
  /** What is kept of it beside either. */
  readonly request?: unknown;
}

/** What one log entry tells besides its command, number and time. */
interface Change {
  readonly kind: EntryKind;
  readonly events: readonly EntryEvent[];
  readonly code?: number;
}

/** What an order's trades come to, and what of money goes with them: nothing has changed yet. */
interface Outcome {
  readonly order: Order;
  readonly trades: readonly PlannedTrade[];
  /** Orders of the taker's own that it met, and what becomes of them instead. */
  readonly prevented: readonly { readonly before: Order; readonly after: Order }[];
  /** null where no money is kept. */
  readonly money: LedgerChange | null;
}

/**
 * A shard as plain objects: no Redis, no cleverness. It takes the engine's commands and gives the
 * engine's answers, log entries included, and so says what the engine should have answered.
 * An order object is never changed, only replaced, so answers stay what they were.
 */
export class ReferenceShard {
  private sequence = 0;
  private persistedSequence = 0;
  private readonly books = new Books();
  private readonly waiting = new Waiting();
  private readonly orders = new OrderStore();
  private readonly controls = new Controls();
  private readonly tradeIds = new Map<string, number>();
  private readonly answered = new Answers('key');
  private readonly references = new Answers('reference');
  private readonly catalogue: Catalogue;
  private readonly money: Money;
  private isMoneyKept = false;
  private isStopped = false;
  private now: Moment = { timeUs: 0, second: 0 };

  /**
   * @param limits read at each command; where `funds` turns from off, everything open is held from then on, as a rebuild does
   * @param scales by instrument; none are needed where funds stay off
   */
  constructor(private readonly limits: ReferenceLimits, scales: ReadonlyMap<string, MoneyScale> = new Map()) {
    this.catalogue = new Catalogue(scales);
    this.money = new Money(this.catalogue);
  }

  /** Runs one command at one moment; moments may not go backwards. */
  apply(command: EngineCommand, now: Moment): CommandResult {
    this.begin(now);
    const firstUs = this.firstDueUs();
    if (firstUs !== null && firstUs <= now.timeUs) throw new Error(`something was due at ${firstUs}, and is not done at ${now.timeUs}`);
    switch (command.op) {
      case 'place': return this.place(command);
      case 'cancel': return this.cancel(command);
      case 'amend': return this.amend(command);
      case 'mass_cancel': return this.massCancel(command);
      case 'instrument': return this.changeInstrument(command);
      case 'due': return { outcome: 'nothing_due' };
      case 'kill': return this.kill(command);
      case 'lease': return this.lease(command);
      case 'cancel_after': return this.cancelAfter(command);
      default: return this.moveMoney(command);
    }
  }

  /** The order whose price trades have reached and that goes next: nothing else happens in its book ahead of it. Null where there is none. */
  get reached(): Order | null {
    return this.waiting.next()?.order ?? null;
  }

  /** Has the next of the orders go that trades have reached. @throws Error where there is none */
  trigger(now: Moment): LogEntry {
    this.begin(now);
    const next = this.waiting.next();
    if (next === null) throw new Error('no order has been reached');
    const { cause } = next;
    const order = this.waiting.asOfNow(next.order);
    const { funds, fillsPerOrderMax: fillsMax } = this.limits;
    const sequence = this.sequence + 1;
    const fresh: Order = { ...order, status: 'open', sequence, updatedUs: this.now.timeUs, priority: sequence };
    let outcome = this.outcomeOf(order, fresh, this.verdictOnTrigger(fresh));
    if (outcome.money?.isTooLarge === true) outcome = this.outcomeOf(order, fresh, cancelledAtTrigger(fresh, 'balance_limit'));
    this.sequence++;
    this.waiting.leave(order);
    const levels = this.carryOut(outcome);
    if (isResting(outcome.order)) levels.push(this.books.join(outcome.order));
    const asked: Asked = { command: { op: 'trigger', actor: null, funds, fillsMax, orderId: order.orderId, cause }, idempotency: null };
    return this.entryOf('trigger', outcome, 0, levels, asked);
  }

  /** An order that was taken once is not refused any more: where it cannot be carried out it ends. */
  private verdictOnTrigger(order: Order): Verdict {
    const kind = kindCode(order.type, order.timeInForce, order.postOnly);
    const verdict = verdictOnPlace(kind, this.plan(order, this.books.makersFor(order), order.priceTicks, order.quantityLots), order.quantityLots);
    const shown = Math.min(order.traits.display ?? verdict.plan.leftLots, verdict.plan.leftLots);
    if (rests(verdict) && this.books.overflows(order, order.priceTicks as number, shown)) return cancelledAtTrigger(order, 'level_quantity_limit');
    // One that holds its cover has it.
    const needsCover = this.isMoneyKept && order.type === 'market' && (order.side === 'buy') === (order.traits.budget === undefined);
    const due = needsCover ? unpaid(this.money, this.limits.funds, order, verdict.plan) : null;
    return due === null ? verdict : cancelledAtTrigger(order, due.code === 'balance_limit' ? 'balance_limit' : 'insufficient_funds');
  }

  /** When the first of what is due falls due, null where nothing is. */
  firstDueUs(): number | null {
    const times = [this.orders.firstToExpire()?.timeUs, this.controls.first()?.timeUs].filter((timeUs) => timeUs !== undefined);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Whether something has fallen due by a moment. */
  isDue(timeUs: number): boolean {
    const first = this.firstDueUs();
    return first !== null && first <= timeUs;
  }

  /** The first of what has fallen due by a moment, as its entry would tell, null where nothing has. */
  nextDue(timeUs: number): Extract<LoggedCommand, { op: 'due' }> | null {
    if (!this.isDue(timeUs)) return null;
    const [expiry, first] = [this.orders.firstToExpire(), this.controls.first()];
    // At the same time letters decide: those of controls come first, but for one.
    if (first === null || (expiry !== null && expiry.timeUs < first.timeUs)) return { op: 'due', actor: null, what: 'orders', count: 1, account: null, detail: '', after: 0 };
    return { op: 'due', actor: null, what: first.what, count: 1, account: first.account, detail: first.detail, after: 0 };
  }

  /** Does what has fallen due, as far as an entry tells. @throws Error where so much has not */
  fallDue(due: Extract<LoggedCommand, { op: 'due' }>, now: Moment): LogEntry {
    this.begin(now);
    const account = due.account ?? '';
    if (due.what === 'cancel_after') {
      const control = this.controls.get('cancel_after', account, due.detail);
      if (control === null || control.atUs > now.timeUs) throw new Error(`the switch of ${account} is said to be due, it is at ${control?.atUs ?? 'no time'}`);
      const page = this.openPage(account, due.after, due.count);
      const isOver = page.length < due.count;
      if (isOver) this.controls.drop(control);
      const chosen = page.filter(({ instrument }) => due.detail === '' || instrument === due.detail);
      return this.cancelPage('due', chosen, 'cancel_after', isOver ? [{ type: 'control', control: { ...control, atUs: 0 }, isGone: true }] : [], due);
    }
    if (due.what === 'lease') {
      // When a lease ends is not in the log: whoever has it renews it beside.
      const control = this.controls.get('lease', account, due.detail);
      if (control === null) throw new Error(`lease ${due.detail} of ${account} is said to be over, and is not there`);
      const page = this.openPage(account, 0, due.count);
      const isOver = page.length < due.count;
      if (isOver) this.controls.drop(control);
      return this.cancelPage('due', page, 'disconnected', isOver ? [{ type: 'control', control: { ...control, atUs: 0 }, isGone: true }] : [], due);
    }
    if (due.what === 'kill') {
      // Behind a rebuild it is due at once.
      if (this.controls.restDueUs(account) === null) throw new Error(`the rest of ${account}'s orders is said to be due, and is not`);
      const page = this.openPage(account, 0, due.count);
      if (page.length < due.count) this.controls.killOn(account, null);
      return this.cancelPage('due', page, 'killed', [], due);
    }
    this.sequence++;
    const money = this.change();
    const done: (readonly [OrderChange, ...LevelChange[]])[] = [];
    while (done.length < due.count) {
      const first = this.orders.firstToExpire();
      if (first === null || first.timeUs > now.timeUs) throw new Error(`${due.count} orders are said to be over, ${done.length} are`);
      done.push(this.cancelOpen(first.order, 'expired', money, 'expired'));
    }
    const events = [...done.map(([order]) => order), ...done.flatMap(([, ...level]) => level), ...committed(money)];
    return this.entry({ kind: 'due', events }, { command: due, idempotency: null });
  }

  /**
   * Cancels just these open orders in one entry, as a page of a mass cancel does, where an entry tells no more of what was
   * asked. @returns null when one is not open
   */
  cancelTogether(orderIds: readonly string[], now: Moment): LogEntry | null {
    this.begin(now);
    const orders = orderIds.map((orderId) => this.order(orderId));
    if (!orders.every((order): order is Order => order !== null && isOpen(order))) return null;
    return this.massCancelEntry(orders, {
      op: 'mass_cancel', actor: null, clientId: orders[0]?.clientId ?? '', instrument: null, after: 0, bound: this.sequence, pageSize: orders.length,
    });
  }

  /** An entry that changes nothing here takes its place in the sequence. */
  skipEntry(): void {
    this.sequence++;
  }

  /** Everything up to `sequence` is persisted: that much less waits, and what is done may be let go of. */
  persisted(sequence: number, doneOrderIds: Iterable<string>, endedTransferIds: Iterable<string> = []): void {
    if (sequence > this.persistedSequence) this.persistedSequence = sequence;
    for (const orderId of doneOrderIds) this.orders.forget(orderId);
    for (const transferId of endedTransferIds) this.money.transfers.delete(transferId);
  }

  /** Drops those of the idempotency keys whose lifetime is over. @returns how many. */
  forgetKeys(digests: Iterable<string>, second: number): number {
    return this.answered.forget(digests, second, this.limits.idempotencyTtlS);
  }

  /** Begins to keep money, or no longer does, as the limits say: each command does so by itself. */
  takeFunds(): void {
    const isMoneyKept = this.limits.funds !== 'off';
    if (isMoneyKept && !this.isMoneyKept) this.money.begin(this.orders.allOpen());
    this.isMoneyKept = isMoneyKept;
  }

  /** Balances do not add up, or do again: from now on orders, amends and whatever takes money from an account wait for an operator, or no longer. */
  stopMoney(isStopped: boolean): void {
    this.isStopped = isStopped;
  }

  order(orderId: string): Order | null {
    return this.orders.byId.get(orderId) ?? null;
  }

  /** An order as a command names it: an open one by its client's name, any by its id. */
  named(reference: OrderReference): Order | null {
    return this.orders.find(reference, null);
  }

  /** A transfer that is held here: pending ones, and those that `persisted` has not let go of. */
  transfer(transferId: string): Transfer | null {
    return this.money.transfers.get(transferId) ?? null;
  }

  /** An account with all that it has; nothing of one that is not there. */
  account(account: string): AccountState {
    return this.money.ledger.stateOf(account);
  }

  balance(account: string, asset: string): Balance {
    const { total, held } = this.money.ledger.amounts(account, asset);
    return { asset, total: String(total), held: String(held) };
  }

  /** What an account had of an asset ahead of the last command; where it had none yet, nothing. */
  balanceBefore(account: string, asset: string): Balance {
    const { total, held } = this.money.ledger.amountsBefore(account, asset);
    return { asset, total: String(total), held: String(held) };
  }

  /** Everything the shard holds. */
  state(): ShardState {
    return {
      sequence: this.sequence,
      tradeIds: [...this.tradeIds]
        .map(([instrument, tradeId]) => ({ instrument, tradeId }))
        .sort((a, b) => compareText(a.instrument, b.instrument)),
      catalogue: this.catalogue.state(),
      books: this.books.state(),
      waiting: this.waiting.state(),
      ...this.orders.state(),
      controls: this.controls.state(),
      idempotency: this.answered.state(),
      ...this.money.state(),
      references: this.references.state(),
    };
  }

  /** @returns what is wrong with the shard, one sentence each; nothing is the right answer. */
  invariants(): string[] {
    return invariantProblems(this.state(), { funds: this.limits.funds, scales: this.catalogue.scales });
  }

  private begin(now: Moment): void {
    this.now = now;
    this.waiting.settle();
    this.takeFunds();
    this.money.ledger.beginCommand();
  }

  private place(command: PlaceCommand): CommandResult {
    const repeated = this.repeat(command.idempotency);
    if (repeated !== null) return repeated;
    if (this.isBacklogged()) return refusedOf({ code: 'backlog_full' });
    if (this.isMoneyStopped()) return refusedOf({ code: 'balance_audit_breach' });
    const { actor, instrument, side, kind, clientId, clientOrderId, orderId, quantityLots, traits, idempotency } = command;
    const { funds, fillsPerOrderMax: fillsMax, openOrdersPerClientMax: openOrdersMax } = this.limits;
    const asked: Asked = {
      command: {
        op: 'place', actor, funds, fillsMax, openOrdersMax, instrument, side, kind, priceTicks: command.priceTicks, quantityLots, traits, orderId, clientId,
        clientOrderId,
      },
      idempotency,
    };
    const refuse = (code: ResultCode): CommandResult => this.refuse({ code }, asked);
    if (this.controls.isKilled(clientId)) return refuse('account_killed');
    const standing = this.standing(clientId);
    if (standing !== null) return this.refuse(standing, asked);
    const limitTicks = kind === KIND_CODE.market ? null : command.priceTicks;
    const ruled = this.catalogue.refusalOfOrder(
      { instrument, quantityLots, priceTicks: limitTicks, traits }, kind, limitTicks ?? traits.triggerPrice ?? this.books.makersFor({ instrument, side }).bestTicks,
    );
    if (ruled !== null) return this.refuse(ruled, asked);
    const expires = expiryUs({ timeInForce: kindOf(kind).timeInForce, createdUs: this.now.timeUs, traits });
    if (expires !== null && expires <= this.now.timeUs) return refuse('expires_at_past');
    // One that is reached already as it comes is one of its kind like any other.
    const waits = triggerOf(traits) !== null && !this.waiting.isReachedNow({ instrument, side, traits });
    if ((waits || mayRest(kind)) && this.orders.openCount(clientId) >= openOrdersMax) return refuse('open_orders_limit');
    if (clientOrderId !== null && this.orders.isNamed(clientId, clientOrderId)) return refuse('duplicate_client_order_id');
    if (this.hasTooManyParts(command)) return refuse('iceberg_parts_limit');
    if (waits && funds === 'required' && side === 'buy' && kind === KIND_CODE.market && traits.budget === undefined) return refuse('quote_quantity_required');

    const sequence = this.sequence + 1;
    const { type, timeInForce, postOnly } = kindOf(kind);
    const fresh: Order = {
      orderId, clientOrderId, clientId, instrument, side, type, timeInForce, postOnly, priceTicks: limitTicks, quantityLots,
      filledLots: 0, notional: '0', status: 'open', reason: null, sequence, updatedUs: this.now.timeUs,
      fillSequence: 0, priority: sequence, placedSequence: sequence, createdUs: this.now.timeUs,
      fees: this.isMoneyKept ? this.money.feesOf(clientId, instrument) : null, traits,
    };
    const lacking = this.isMoneyKept && (waits || limitTicks !== null) ? uncovered(this.money, funds, fresh, null) : null;
    if (lacking !== null) return this.refuse(lacking, asked);
    if (waits) return this.placePending({ ...fresh, status: 'pending' }, asked, command.failAt !== undefined);
    const makers = this.books.makersFor(fresh);
    const verdict = verdictOnPlace(kind, this.plan(fresh, makers, limitTicks, quantityLots), quantityLots);
    const due = this.isMoneyKept && limitTicks === null ? unpaid(this.money, funds, fresh, verdict.plan) : null;
    if (due !== null) return this.refuse(due, asked);
    const outcome = this.outcomeOf(null, fresh, verdict);
    if (rests(verdict) && this.books.overflows(fresh, command.priceTicks, displayedLots(outcome.order))) return refuse('level_quantity_limit');
    if (outcome.money?.isTooLarge === true) return refuse('balance_limit');
    if (command.failAt !== undefined) return refuse('failure_injected');

    this.sequence++;
    const levels = this.carryOut(outcome);
    if (rests(verdict)) levels.push(this.books.join(outcome.order));
    return this.log('place', outcome, 0, levels, asked);
  }

  /** An order that waits for a price is in no book. */
  private placePending(order: Order, asked: Asked, fails: boolean): CommandResult {
    const outcome = this.outcomeOf(null, this.waiting.beginning(order), { plan: untouched(order.quantityLots), status: 'pending', reason: null });
    if (outcome.money?.isTooLarge === true) return this.refuse({ code: 'balance_limit' }, asked);
    if (fails) return this.refuse({ code: 'failure_injected' }, asked);
    this.sequence++;
    this.waiting.join(outcome.order);
    return this.log('place', outcome, 0, this.carryOut(outcome), asked);
  }

  private cancel(command: CancelCommand): CommandResult {
    const repeated = this.repeat(command.idempotency);
    if (repeated !== null) return repeated;
    const { idempotency, request } = command;
    const order = this.orders.find(command.order, command.actor);
    const actor = loggedActor(command.actor, order?.clientId);
    const asked: Asked = { command: { op: 'cancel', actor, order: command.order }, idempotency, request };
    if (order === null) return this.refuse({ code: 'order_not_found' }, asked);
    if (!isOpen(order)) return this.refuse({ code: 'order_not_open', order }, asked);
    const halted = this.catalogue.refusalOfCancel(order.instrument);
    if (halted !== null) return this.refuse(halted, asked);
    this.sequence++;
    const money = this.change();
    const events = this.cancelOpen(order, 'requested', money);
    return { outcome: 'logged', entry: this.entry({ kind: 'cancel', events: [...events, ...committed(money)] }, asked) };
  }

  private amend(command: AmendCommand): CommandResult {
    const repeated = this.repeat(command.idempotency);
    if (repeated !== null) return repeated;
    if (this.isBacklogged()) return refusedOf({ code: 'backlog_full' });
    const { idempotency, request } = command;
    const order = this.orders.find(command.order, command.actor);
    const actor = loggedActor(command.actor, order?.clientId);
    const wanted = wantedOf(command.candidates.find((candidate) => candidate.instrument === order?.instrument));
    const { funds, fillsPerOrderMax: fillsMax } = this.limits;
    const asked: Asked = { command: { op: 'amend', actor, funds, fillsMax, order: command.order, wanted }, idempotency, request };
    if (order === null) return this.refuse({ code: 'order_not_found' }, asked);
    const refuse = (code: ResultCode): CommandResult => this.refuse({ code, order }, asked);
    if (!isOpen(order)) return refuse('order_not_open');
    // A request that is not valid uses up no key.
    if (wanted === null) return refusedOf({ code: 'amend_invalid', order });
    const { priceTicks: newPrice, quantityLots: newQuantity, remainingLots: newRemaining } = wanted;
    if (order.status === 'pending') return this.amendPending(order, wanted, asked);
    if (wanted.stopTicks !== null || wanted.trailingOffset !== null || wanted.trailingPercent !== null) return refuse('order_not_pending');

    const oldPrice = order.priceTicks as number;
    const priceTicks = newPrice ?? oldPrice;
    let quantityLots = newQuantity ?? order.quantityLots;
    if (newRemaining !== null) quantityLots = order.filledLots + newRemaining;
    if (quantityLots <= order.filledLots) return refuse('quantity_below_filled');
    if (quantityLots > wanted.quantityLotsMax) return refuse('quantity_out_of_range');
    if (quantityLots > order.quantityLots && this.hasTooManyParts({ ...order, quantityLots })) return refuse('iceberg_parts_limit');
    if (priceTicks === oldPrice && quantityLots === order.quantityLots) {
      if (idempotency === null) return { outcome: 'unchanged', order };
      this.sequence++;
      return { outcome: 'logged', entry: this.entry({ kind: 'keep', events: [{ type: 'shown', order }] }, asked) };
    }
    const isReduction = priceTicks === oldPrice && quantityLots < order.quantityLots;
    if (!isReduction && this.controls.isKilled(order.clientId)) return refuse('account_killed');
    const ruled = this.catalogue.refusalOfAmend(order, { ...order, priceTicks, quantityLots }, priceTicks === oldPrice, null);
    if (ruled !== null) return this.refuse(ruled, asked);
    if (this.isMoneyStopped()) return refusedOf({ code: 'balance_audit_breach' });
    const standing = this.standing(order.clientId);
    if (standing !== null) return refuse(standing.code);

    const lots = quantityLots - order.filledLots;
    const keepsPlace = priceTicks === oldPrice && quantityLots < order.quantityLots;
    const sequence = this.sequence + 1;
    const changed: Order = {
      ...order, priceTicks, quantityLots, sequence, updatedUs: this.now.timeUs, priority: keepsPlace ? order.priority : sequence,
    };
    const lacking = this.isMoneyKept ? uncovered(this.money, funds, changed, order) : null;
    if (lacking !== null) return this.refuse(lacking.shortfall === undefined ? { ...lacking, order } : lacking, asked);
    const makers = this.books.makersFor(order);
    // At its own price it cannot match: it rested there.
    const plan = this.plan(order, makers, priceTicks, lots);
    if (order.postOnly && plan.fills.length > 0) return refuse('post_only_would_match');
    const verdict = verdictOnAmend(plan, order.filledLots);
    const outcome = this.outcomeOf(order, changed, verdict);
    const joining = displayedLots(outcome.order) - (priceTicks === oldPrice ? displayedLots(order) : 0);
    if (rests(verdict) && this.books.overflows(order, priceTicks, joining)) return refuse('level_quantity_limit');
    if (outcome.money?.isTooLarge === true) return refuse('balance_limit');

    this.sequence++;
    const levels: LevelChange[] = [];
    if (keepsPlace) this.books.own(order).change(oldPrice, joining);
    else this.books.leave(order);
    // A level that is only left behind speaks first; one that is joined again speaks last, once.
    if (priceTicks !== oldPrice || keepsPlace) levels.push(this.books.level(order, oldPrice));
    levels.push(...this.carryOut(outcome));
    if (rests(verdict) && !keepsPlace) levels.push(this.books.join(outcome.order));
    return this.log('amend', outcome, order.fillSequence, levels, asked);
  }

  /** Less of it keeps its turn among those that wait for the same price; anything else goes behind them. */
  private amendPending(order: Order, wanted: Wanted, asked: Asked): CommandResult {
    const refuse = (code: ResultCode): CommandResult => this.refuse({ code, order }, asked);
    if (wanted.priceTicks !== null && order.priceTicks === null) return refuse('order_without_price');
    if (order.traits.budget !== undefined && (wanted.quantityLots !== null || wanted.remainingLots !== null)) return refuse('order_by_money');
    const waitsBy = { triggerPrice: wanted.stopTicks, trailingOffset: wanted.trailingOffset, trailingPercent: wanted.trailingPercent };
    const names = (Object.keys(waitsBy) as (keyof typeof waitsBy)[]).filter((name) => waitsBy[name] !== null);
    if (names.some((name) => order.traits[name] === undefined)) return refuse('order_waits_otherwise');
    const quantityLots = wanted.remainingLots ?? wanted.quantityLots ?? order.quantityLots;
    if (quantityLots > wanted.quantityLotsMax) return refuse('quantity_out_of_range');
    if (quantityLots > order.quantityLots && this.hasTooManyParts({ ...order, quantityLots })) return refuse('iceberg_parts_limit');
    const priceTicks = wanted.priceTicks ?? order.priceTicks;
    const isSamePrice = priceTicks === order.priceTicks && names.every((name) => waitsBy[name] === order.traits[name]);
    if (isSamePrice && quantityLots === order.quantityLots) {
      if (asked.idempotency === null) return { outcome: 'unchanged', order };
      this.sequence++;
      return { outcome: 'logged', entry: this.entry({ kind: 'keep', events: [{ type: 'shown', order }] }, asked) };
    }
    const keepsPlace = isSamePrice && quantityLots < order.quantityLots;
    if (!keepsPlace && this.controls.isKilled(order.clientId)) return refuse('account_killed');
    const traits: OrderTraits = { ...this.waiting.asOfNow(order).traits, ...Object.fromEntries(names.map((name) => [name, waitsBy[name]])) };
    const ruled = this.catalogue.refusalOfAmend(order, { ...order, priceTicks, quantityLots, traits }, isSamePrice, traits.triggerPrice ?? this.books.makersFor(order).bestTicks);
    if (ruled !== null) return this.refuse(ruled, asked);
    if (this.isMoneyStopped()) return refusedOf({ code: 'balance_audit_breach' });
    const standing = this.standing(order.clientId);
    if (standing !== null) return refuse(standing.code);
    const sequence = this.sequence + 1;
    const changed: Order = {
      ...order, priceTicks, quantityLots, traits, sequence,
      updatedUs: this.now.timeUs, priority: keepsPlace ? order.priority : sequence,
    };
    const lacking = this.isMoneyKept ? uncovered(this.money, this.limits.funds, changed, order) : null;
    if (lacking !== null) return this.refuse(lacking.shortfall === undefined ? { ...lacking, order } : lacking, asked);
    const outcome = this.outcomeOf(order, changed, { plan: untouched(quantityLots), status: 'pending', reason: null });
    if (outcome.money?.isTooLarge === true) return refuse('balance_limit');
    this.sequence++;
    if (keepsPlace) {
      this.waiting.replace(outcome.order);
    } else {
      this.waiting.leave(order);
      this.waiting.join(outcome.order);
      if (this.waiting.isReachedNow(outcome.order)) this.waiting.overtaken(outcome.order);
    }
    return this.log('amend', outcome, 0, this.carryOut(outcome), asked);
  }

  private massCancel(command: MassCancelCommand): CommandResult {
    const { actor, clientId, instrument, after, pageSize } = command;
    const halted = instrument === null ? null : this.catalogue.refusalOfCancel(instrument);
    if (halted !== null) return refusedOf(halted);
    const bound = command.bound ?? this.sequence;
    const page = this.openPage(clientId, after, pageSize, bound);
    const next = page.length === pageSize ? (page[page.length - 1]?.placedSequence ?? null) : null;
    const chosen = page.filter((order) => (
      (instrument === null || order.instrument === instrument) && this.catalogue.refusalOfCancel(order.instrument) === null
    ));
    const logged: LoggedCommand = { op: 'mass_cancel', actor, clientId, instrument, after, bound, pageSize };
    return { outcome: 'mass_cancelled', after: next, bound, entry: chosen.length === 0 ? null : this.massCancelEntry(chosen, logged) };
  }

  private massCancelEntry(orders: readonly Order[], command: LoggedCommand): LogEntry {
    return this.cancelPage('mass_cancel', orders, 'mass_cancel', [], command);
  }

  /** Open orders of a client in the order in which they were placed, behind one sequence and up to another. */
  private openPage(clientId: string, after: number, count: number, bound = Number.POSITIVE_INFINITY): Order[] {
    return this.orders.openOf(clientId)
      .filter(({ placedSequence }) => placedSequence > after && placedSequence <= bound)
      .sort((a, b) => a.placedSequence - b.placedSequence)
      .slice(0, count);
  }

  /** @param controls what else changes */
  private cancelPage(kind: EntryKind, orders: readonly Order[], reason: StatusReason, controls: readonly ControlChange[], command: LoggedCommand): LogEntry {
    this.sequence++;
    const money = this.change();
    const done = orders.map((order) => this.cancelOpen(order, reason, money));
    const events = [...done.map(([order]) => order), ...done.flatMap(([, ...level]) => level), ...controls, ...committed(money)];
    return this.entry({ kind, events }, { command, idempotency: null });
  }

  private cancelAfter(command: CancelAfterCommand): CommandResult {
    const { actor, clientId, instrument, timeoutUs } = command;
    const isGone = timeoutUs === null;
    const control = { kind: 'cancel_after' as const, account: clientId, detail: instrument ?? '', atUs: isGone ? 0 : this.now.timeUs + timeoutUs };
    if (isGone) this.controls.drop(control);
    else this.controls.put(control);
    this.sequence++;
    const logged: LoggedCommand = { op: 'cancel_after', actor, clientId, instrument, timeoutUs };
    return { outcome: 'logged', entry: this.entry({ kind: 'cancel_after', events: [{ type: 'control', control, isGone }] }, { command: logged, idempotency: null }) };
  }

  private lease(command: LeaseCommand): CommandResult {
    const { actor, lease, clientId, begins } = command;
    const known = this.controls.get('lease', clientId, lease);
    const control = { kind: 'lease' as const, account: clientId, detail: lease, atUs: begins ? known?.atUs ?? this.now.timeUs : 0 };
    if (begins) this.controls.put(control);
    else this.controls.drop(control);
    this.sequence++;
    const entry = this.entry({ kind: 'lease', events: [{ type: 'control', control, isGone: !begins }] }, {
      command: { op: 'lease', actor, lease, clientId, begins }, idempotency: null,
    });
    return { outcome: 'logged', entry };
  }

  private kill(command: KillCommand): CommandResult {
    const { actor, account, kills, pageSize } = command;
    const logged: LoggedCommand = { op: 'kill', actor, account, kills, pageSize };
    const known = this.controls.get('kill', account);
    if (!kills) {
      if (known === null) return { outcome: 'killed', hasMore: false, sinceUs: null, entry: null };
      this.controls.drop(known);
      this.controls.killOn(account, null);
      const entry = this.cancelPage('kill', [], 'killed', [{ type: 'control', control: { ...known, atUs: 0 }, isGone: true }], logged);
      return { outcome: 'killed', hasMore: false, sinceUs: null, entry };
    }
    if (known === null && this.isMoneyKept && !this.money.ledger.has(account)) return refusedOf({ code: 'account_not_found' });
    const control = known ?? { kind: 'kill' as const, account, detail: '', atUs: this.now.timeUs };
    const page = this.openPage(account, 0, pageSize);
    if (known !== null && page.length === 0) return { outcome: 'killed', hasMore: false, sinceUs: known.atUs, entry: null };
    const hasMore = page.length === pageSize;
    this.controls.put(control);
    this.controls.killOn(account, hasMore ? this.now.timeUs + KILL_PAGE_US : null);
    const entry = this.cancelPage('kill', page, 'killed', known === null ? [{ type: 'control', control, isGone: false }] : [], logged);
    return { outcome: 'killed', hasMore, sinceUs: control.atUs, entry };
  }

  private changeInstrument(command: InstrumentCommand): CommandResult {
    const repeated = this.repeat(command.idempotency);
    if (repeated !== null) return repeated;
    const { actor, opens, listed, wanted, idempotency, request } = command;
    const asked: Asked = { command: { op: 'instrument', actor, opens, listed, wanted }, idempotency, request };
    const decided = this.catalogue.decide(command);
    if ('code' in decided) return this.refuse(decided, asked);
    this.sequence++;
    this.catalogue.put(decided.rules, opens);
    return { outcome: 'logged', entry: this.entry({ kind: 'instrument', events: [{ type: 'instrument', rules: decided.rules }] }, asked) };
  }

  /** What is about money. */
  private moveMoney(command: MoneyCommand): CommandResult {
    const { idempotency, request } = command;
    const reference = command.op === 'transfer' ? command.referenceDigest : null;
    const repeated = this.repeat(idempotency) ?? (this.isMoneyKept ? this.references.repeat(reference, this.now.second) : null);
    if (repeated !== null) return repeated;
    const { funds } = this.limits;
    const asked: Asked = { command: loggedMoney(command, funds), idempotency, reference, request };
    if (!this.isMoneyKept) return refusedOf({ code: 'funds_off' });
    // What ends a transfer frees, as a cancel does.
    if (command.op !== 'transfer_end' && this.isBacklogged()) return refusedOf({ code: 'backlog_full' });
    if (this.isMoneyStopped() && sendsMoney(command)) return refusedOf({ code: 'balance_audit_breach' });
    const decided = decideMoney(this.money, command, {
      timeUs: this.now.timeUs, sequence: this.sequence + 1, funds, hasOpenOrders: (account) => this.orders.openCount(account) > 0,
    });
    if ('code' in decided) return this.refuse(decided, asked);
    this.sequence++;
    decided.apply();
    return { outcome: 'logged', entry: this.entry({ kind: command.op, events: decided.events }, asked) };
  }

  private plan(taker: Order, makers: BookSide, limitTicks: number | null, lots: number): MatchPlan {
    const most = this.catalogue.rulesOf(taker.instrument)?.maxSlippage ?? 0;
    const { slippage = most } = taker.traits;
    const bounded = taker.type === 'market' && most > 0 ? { ...taker, traits: { ...taker.traits, slippage: Math.min(slippage, most) } } : taker;
    return planMatch(bounded, makers, this.orders.byId, limitTicks, lots, this.limits.fillsPerOrderMax);
  }

  /**
   * What a verdict comes to.
   * @param before the order as it was, null for a new one
   * @param fresh as it is ahead of its trades
   */
  private outcomeOf(before: Order | null, fresh: Order, { plan, status, reason }: Verdict): Outcome {
    const money = this.change();
    const scale = money === null ? null : this.money.scaleOf(fresh.instrument);
    const { cancelled, reduced } = plan.prevented;
    const traded = tradesOfPlan(plannedTaker(fresh, plan), plan, {
      sequence: this.sequence + 1, timeUs: this.now.timeUs, lastTradeId: this.tradeIds.get(fresh.instrument) ?? 0, scale,
    });
    const { traits } = traded.order;
    const lots = remainingLots(traded.order);
    const keepsPlace = before !== null && before.priority === fresh.priority;
    const order: Order = {
      ...traded.order, status, reason,
      traits: !rests({ status }) ? traitsAtEnd(traits) : keepsPlace ? traitsWithLess(traits, lots) : traitsAtRest(traits, lots),
    };
    const moment = { sequence: this.sequence + 1, updatedUs: this.now.timeUs };
    const prevented = cancelled.map((own): Outcome['prevented'][number] => ({
      before: own, after: { ...own, ...moment, status: 'cancelled', reason: 'self_trade', traits: traitsAtEnd(own.traits) },
    }));
    for (const { maker, lots: lost, shownLots, refill } of reduced) {
      const { traits } = maker;
      const less = { ...maker, ...moment, quantityLots: maker.quantityLots - lost };
      const shown = shownLots === undefined ? traits : { ...traits, shown: shownLots, ...(refill === null ? {} : { refill: refill.number }) };
      prevented.push({ before: maker, after: { ...less, traits: shown, ...(refill === null ? {} : { priority: moment.sequence }) } });
    }
    if (money !== null && scale !== null) {
      money.open(order.clientId);
      settleTrades(money, scale, order, traded.trades);
      settleHold(money, scale, before, order);
      for (const { before: was, after } of prevented) settleHold(money, scale, was, after);
    }
    return { order, trades: traded.trades, prevented, money };
  }

  /** Makers, trade ids and the makers' levels change, and all the money. The order's own place is the caller's. */
  private carryOut({ order, trades, prevented, money }: Outcome): LevelChange[] {
    const makers = this.books.makersFor(order);
    const touched = new Set<number>();
    for (const { before, fill: { maker, tradeId, priceTicks } } of trades) {
      this.books.change(before, maker);
      this.orders.put(maker);
      this.tradeIds.set(order.instrument, tradeId);
      touched.add(priceTicks);
    }
    this.orders.put(order);
    this.waiting.traded(order.instrument, this.sequence, trades.map(({ fill }) => fill));
    money?.commit();
    const levels = [...touched].map((priceTicks) => this.books.level({ instrument: order.instrument, side: makers.side }, priceTicks));
    for (const { before, after } of prevented) {
      this.books.change(before, after);
      this.orders.put(after);
      levels.push(this.books.level(before, before.priceTicks as number));
    }
    // Refills of the taker's own orders stand among those of trades, as they came.
    if (prevented.length > 0) this.books.requeue([...trades.map(({ fill }) => fill.maker), ...prevented.map(({ after }) => after)].filter((maker) => this.isRefilled(maker)));
    return levels;
  }

  /** @returns what became of the order and, where it was in the book, of its level */
  private cancelOpen(
    order: Order, reason: StatusReason, money: LedgerChange | null, status: OrderStatus = 'cancelled',
  ): readonly [OrderChange, ...LevelChange[]] {
    const ended = order.status === 'pending' ? this.waiting.asOfNow(order) : order;
    if (order.status === 'pending') this.waiting.leave(order);
    else this.books.leave(order);
    const cancelled: Order = { ...ended, status, reason, sequence: this.sequence, updatedUs: this.now.timeUs, traits: traitsAtEnd(ended.traits) };
    this.orders.put(cancelled);
    if (money !== null) settleHold(money, this.money.scaleOf(order.instrument), order, cancelled);
    const change: OrderChange = { type: 'order', order: cancelled, previousFill: order.fillSequence };
    return order.status === 'pending' ? [change] : [change, this.books.level(order, order.priceTicks as number)];
  }

  /** null where no money is kept. */
  private change(): LedgerChange | null {
    return this.isMoneyKept ? new LedgerChange(this.money.ledger, this.now.timeUs) : null;
  }

  private isBacklogged(): boolean {
    return this.sequence - this.persistedSequence >= this.limits.backlogMax;
  }

  private hasTooManyParts({ traits: { display }, quantityLots }: Pick<Order, 'traits' | 'quantityLots'>): boolean {
    return display !== undefined && BigInt(quantityLots) > BigInt(display) * BigInt(this.limits.icebergPartsMax);
  }

  /** Whether the entry has shown an order anew, as it is now. */
  private isRefilled({ orderId, priority, traits: { refill } }: Order): boolean {
    return priority === this.sequence && refill !== undefined && this.orders.byId.get(orderId)?.traits.refill === refill;
  }

  private isMoneyStopped(): boolean {
    return this.isMoneyKept && this.isStopped;
  }

  private standing(account: string): Refusal | null {
    return this.isMoneyKept ? this.money.standing(account) : null;
  }

  private repeat(digest: string | null): CommandResult | null {
    return this.answered.repeat(digest, this.now.second, this.limits.idempotencyTtlS);
  }

  private refuse(refusal: Refusal, asked: Asked): CommandResult {
    if (asked.idempotency === null) return refusedOf(refusal);
    this.sequence++;
    const { command, idempotency, request } = asked;
    const code = RESULT_CODES[refusal.code].number ?? 0;
    return { outcome: 'logged', entry: this.entry({ kind: 'refuse', events: shownBy(refusal), code }, { command, idempotency, request }) };
  }

  private log(kind: 'place' | 'amend', outcome: Outcome, previousFill: number, levels: readonly LevelChange[], asked: Asked): CommandResult {
    return { outcome: 'logged', entry: this.entryOf(kind, outcome, previousFill, levels, asked) };
  }

  private entryOf(
    kind: 'place' | 'amend' | 'trigger', { order, trades, prevented, money }: Outcome, previousFill: number, levels: readonly LevelChange[], asked: Asked,
  ): LogEntry {
    const events: EntryEvent[] = [
      ...trades.map(({ fill }) => fill), { type: 'order', order, previousFill },
      ...prevented.map(({ before, after }): EntryEvent => ({ type: 'order', order: after, previousFill: before.fillSequence })), ...levels, ...(money?.events() ?? []),
    ];
    return this.entry({ kind, events }, asked);
  }

  /** The entry of the command that has just advanced the sequence; with a key, or a reference, also its answer from now on. */
  private entry(change: Change, { command, idempotency, reference = null, request = null }: Asked): LogEntry {
    const entry = entryOf({
      version: LOG_ENTRY_VERSION,
      kind: change.kind,
      sequence: this.sequence,
      timeUs: this.now.timeUs,
      command,
      code: change.code ?? 0,
      events: change.events,
      idempotency,
      // Without a key there is no repeat to tell apart, so what was asked for is not kept.
      request: idempotency === null && reference === null ? null : request,
    });
    if (idempotency !== null) this.answered.remember(idempotency, this.now.second, entry);
    if (reference !== null) this.references.remember(reference, this.now.second, entry);
    return entry;
  }
}

/** Whether an account's money leaves it, or is asked to: not what comes in, nor what only frees. */
function sendsMoney(command: MoneyCommand): boolean {
  return (command.op === 'transfer' && command.kind !== 'deposit') || (command.op === 'transfer_end' && command.status === 'posted');
}

function cancelledAtTrigger({ quantityLots }: Order, reason: StatusReason): Verdict {
  return { plan: untouched(quantityLots), status: 'cancelled', reason };
}

/** Carries out what an entry changes of money. @returns what the entry tells of it */
function committed(money: LedgerChange | null): EntryEvent[] {
  const events = money?.events() ?? [];
  money?.commit();
  return events;
}

type Wanted = NonNullable<Extract<LoggedCommand, { op: 'amend' }>['wanted']>;

/** What an amend wants in its order's own ticks and lots; null where no candidate says, or a value does not fit. */
function wantedOf(candidate: AmendCandidate | undefined): Wanted | null {
  if (candidate === undefined) return null;
  const { priceTicks, quantityLots, remainingLots, stopTicks = null, trailingOffset = null, trailingPercent = null, quantityLotsMax } = candidate;
  if (priceTicks === 'invalid' || quantityLots === 'invalid' || remainingLots === 'invalid') return null;
  if (stopTicks === 'invalid' || trailingOffset === 'invalid' || trailingPercent === 'invalid') return null;
  return { priceTicks, quantityLots, remainingLots, stopTicks, trailingOffset, trailingPercent, quantityLotsMax };
}
