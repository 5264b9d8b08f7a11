import type { MoneyScale } from '../domain/assets';
import type { Crossing } from '../domain/auction';
import { KILL_PAGE_US } from '../domain/controls';
import {
  loggedActor, type AmendCandidate, type AmendCommand, type CancelCommand, type CancelAfterCommand, type CommandResult, type EngineCommand, type KillCommand, type LeaseCommand, type InstrumentCommand, type ListCommand,
  type MassCancelCommand, type MoneyCommand, type PlaceCommand,
} from '../domain/commands';
import type { ControlChange, EntryEvent, EntryKind, Fill, LevelChange, LogEntry, LoggedCommand, OrderChange } from '../domain/entry';
import { LOG_ENTRY_VERSION } from '../domain/layouts';
import { entryOf } from '../domain/log-entry';
import type { AccountState, Balance, Funds, Transfer } from '../domain/money';
import type { InstrumentRules } from '../domain/instrument-rules';
import { hasBand } from '../domain/price-band';
import { displayedLots, traitsAtEnd, traitsAtRest, traitsWithLess } from '../domain/iceberg';
import {
  expiryUs, isOpen, isResting, KIND_CODE, kindCode, kindOf, remainingLots, type CancelReference, type Order, type OrderStatus, type Side, type StatusReason,
} from '../domain/order';
import { isFulfilled, isUnfunded, listOrderId, membershipOf, partnerId, traitsBehindFirst, waitsForFirst } from '../domain/order-list';
import { triggerOf } from '../domain/order-type';
import type { OrderTraits } from '../domain/order-traits';
import { RESULT_CODES, type ResultCode } from '../domain/result-code';
import { Answers } from './answers';
import { crossingOf, laterOf, planAuction, priceOfPage, tradesOfAuction, type AuctionTrades } from './auction';
import { Bands } from './bands';
import type { BookSide } from './book-side';
import { Books } from './books';
import { Controls } from './controls';
import { Catalogue } from './catalogue';
import { uncovered, unpaid } from './cover';
import { invariantProblems } from './invariants';
import { LedgerChange } from './ledger';
import { linkedTo, openSiblings, Released, settleShared, type Changed } from './lists';
import { bringIn, coverOf, isCostUnknown } from './list-placing';
import { plannedTaker, planMatch, untouched, type MatchPlan } from './matching';
import { Money } from './money';
import { decideMoney, loggedMoney } from './money-commands';
import { OrderStore } from './order-store';
import { refusedOf, shownBy, type Refusal } from './refusal';
import { settleAuction, settleHold, settleTrades } from './settlement';
import { compareText, type ShardState } from './state';
import { tradesOfPlan, type PlannedTrade } from './trades';
import { Waiting } from './waiting';
import { mayRest, rests, verdictOnAmend, verdictOnPlace, wouldTrade, type Verdict } from './verdict';

export interface ReferenceLimits {
  readonly fillsPerOrderMax: number;
  readonly openOrdersPerClientMax: number;
  /** Parts of what it shows that an iceberg may be of. */
  readonly icebergPartsMax: number;
  /** Log entries that may wait to be persisted before new orders are refused. */
  readonly backlogMax: number;
  readonly idempotencyTtlS: number;
  /** Trades of one entry of a call auction. */
  readonly auctionPage: number;
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
  /** Orders of its list that are placed with it, or are cancelled ahead of it. */
  readonly beside: readonly Changed[];
  /** Orders of lists that are cancelled because of what becomes of others. */
  readonly linked: readonly { readonly before: Order; readonly after: Order }[];
  /** Firsts of lists that are filled. */
  readonly filled: readonly Order[];
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
  private readonly released = new Released();
  private readonly orders = new OrderStore();
  private readonly controls = new Controls();
  private readonly tradeIds = new Map<string, number>();
  /** Of the instruments' trades what their price bands go by. */
  private readonly bands = new Bands();
  private readonly answered = new Answers('key');
  private readonly references = new Answers('reference');
  private readonly catalogue: Catalogue;
  private readonly money: Money;
  private isMoneyKept = false;
  private isStopped = false;
  private now: Moment = { timeUs: 0, second: 0 };
  /** Behind the order placed at that sequence goes a dead man's switch on that is being carried out; 0 where none is. */
  private switchedTo = 0;

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
    if (this.opening !== null) throw new Error(`the call auction of ${this.opening} is not over`);
    const firstUs = this.firstDueUs();
    if (firstUs !== null && firstUs <= now.timeUs) throw new Error(`something was due at ${firstUs}, and is not done at ${now.timeUs}`);
    switch (command.op) {
      case 'place': return this.place(command);
      case 'list': return this.list(command);
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

  /**
   * The order that goes next, since trades have reached its price, or the first of its list is filled: nothing else happens in its book ahead
   * of it. Null where there is none.
   */
  get reached(): Order | null {
    return this.nextToGo()?.order ?? null;
  }

  /** What prices have reached goes ahead of what lists let go. */
  private nextToGo(): { readonly order: Order; readonly cause: number; readonly isReleased: boolean } | null {
    const isOpen = (instrument: string): boolean => this.catalogue.isOpen(instrument);
    const reached = this.waiting.next(isOpen);
    if (reached !== null) return { ...reached, isReleased: false };
    const released = this.released.next(this.orderOf, isOpen);
    return released === null ? null : { ...released, isReleased: true };
  }

  /** Has the next of the orders go that trades have reached, or whose list's first is filled. @throws Error where there is none */
  trigger(now: Moment): LogEntry {
    this.begin(now);
    const next = this.nextToGo();
    if (next === null) throw new Error('no order has been reached');
    const { cause, isReleased } = next;
    const order = isReleased ? next.order : this.waiting.asOfNow(next.order);
    const { funds, fillsPerOrderMax: fillsMax } = this.limits;
    const sequence = this.sequence + 1;
    const traits = isReleased ? traitsBehindFirst(order) : order.traits;
    const hasTrigger = triggerOf(traits) !== null;
    const waits = isReleased && hasTrigger && !this.waiting.isReachedNow(order);
    const fresh: Order = { ...order, traits, status: waits ? 'pending' : 'open', sequence, updatedUs: this.now.timeUs, priority: sequence };
    // Of a pair the other one goes ahead of one whose price is reached.
    const isLeg = membershipOf(fresh)?.role === 'leg';
    const ahead = hasTrigger && !waits && isLeg ? openSiblings(order, this.orderOf).map((before) => ({ before, after: this.asLinked(before) })) : [];
    const levels = ahead.flatMap(({ before, after }) => this.leave(before, after));
    let verdict: Verdict = waits ? { plan: untouched(order.quantityLots), status: 'pending', reason: null, halts: false } : this.verdictOnTrigger(fresh);
    if (this.isUnpaidFor(order, fresh, verdict)) verdict = cancelledAtTrigger(fresh, 'insufficient_funds');
    let outcome = this.outcomeOf(order, verdict.status === 'pending' ? this.waiting.beginning(fresh, sequence) : fresh, verdict, ahead);
    if (outcome.money?.isTooLarge === true) {
      verdict = cancelledAtTrigger(fresh, 'balance_limit');
      outcome = this.outcomeOf(order, fresh, verdict, ahead);
    }
    this.sequence++;
    if (!isReleased) this.waiting.leave(order);
    levels.push(...this.carryOut(outcome));
    if (isResting(outcome.order)) levels.push(this.books.join(outcome.order));
    if (outcome.order.status === 'pending') this.waiting.join(outcome.order);
    const asked: Asked = { command: { op: 'trigger', actor: null, funds, fillsMax, orderId: order.orderId, cause }, idempotency: null };
    return this.entryOf('trigger', outcome, 0, [...levels, ...this.halted(verdict, order.instrument)], asked);
  }

  /** What becomes of an order by its kind. */
  private verdictOn(order: Order): Verdict {
    const { priceTicks, quantityLots } = order;
    const planned = (isFree: boolean): MatchPlan => this.plan(order, this.books.makersFor(order), priceTicks, quantityLots, isFree);
    return verdictOnPlace(kindCode(order.type, order.timeInForce, order.postOnly), planned(false), quantityLots, () => planned(true));
  }

  /** Whether the first of its list has not brought what an order takes that holds nothing yet. */
  private isUnpaidFor(before: Order, fresh: Order, { plan, status, reason }: Verdict): boolean {
    // What is turned down takes nothing.
    if (!this.isMoneyKept || !isUnfunded(before) || status === 'rejected' || reason === 'level_quantity_limit') return false;
    const { funds } = this.limits;
    if (fresh.type === 'market' && status !== 'pending') return plan.fills.length > 0 && unpaid(this.money, funds, fresh, plan) !== null;
    return uncovered(this.money, funds, fresh, null, this.orderOf(partnerId(fresh) ?? '')) !== null;
  }

  /** An order that was taken once is not refused any more: where it cannot be carried out it ends. */
  private verdictOnTrigger(order: Order): Verdict {
    const verdict = this.verdictOn(order);
    const shownLots = Math.min(order.traits.display ?? verdict.plan.leftLots, verdict.plan.leftLots);
    if (rests(verdict) && this.books.overflows(order, order.priceTicks as number, shownLots)) return cancelledAtTrigger(order, 'level_quantity_limit');
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
    return { op: 'due', actor: null, what: first.what, count: 1, account: first.account, detail: first.detail, after: first.what === 'cancel_after' ? this.switchedTo : 0 };
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
      this.switchedTo = isOver ? 0 : (page.at(-1)?.placedSequence ?? due.after);
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
    const done: Cancelled[] = [];
    while (done.length < due.count) {
      const first = this.orders.firstToExpire();
      if (first === null || first.timeUs > now.timeUs) throw new Error(`${due.count} orders are said to be over, ${done.length} are`);
      done.push(this.cancelOpen(first.order, 'expired', money, 'expired'));
    }
    return this.entry({ kind: 'due', events: [...eventsOf(done), ...committed(money)] }, { command: due, idempotency: null });
  }

  /** The instrument whose call auction is being carried out: it goes on ahead of every command. null where none is. */
  get opening(): string | null {
    return this.catalogue.opening?.instrument ?? null;
  }

  /** What a call auction of an instrument would come to now, null where nothing trades. */
  crossing(instrument: string): Crossing | null {
    return crossingOf(this.queued(instrument, 'buy'), this.queued(instrument, 'sell'), this.bands.lastTrade(instrument)?.priceTicks ?? null);
  }

  /** Carries out a page of it. @throws Error where none is under way */
  uncross(now: Moment): LogEntry {
    const { opening } = this.catalogue;
    if (opening === null) throw new Error('no call auction is under way');
    const { instrument } = opening;
    const [bids, asks] = [this.queued(instrument, 'buy'), this.queued(instrument, 'sell')];
    const priceTicks = priceOfPage(bids, asks, opening.priceTicks) ?? opening.priceTicks;
    this.begin(now);
    this.sequence++;
    const { funds, auctionPage } = this.limits;
    const asked = (page: number): Asked => ({ command: { op: 'auction', actor: null, funds, instrument, page }, idempotency: null });
    for (const page of auctionPage > 1 ? [auctionPage, 1] : [auctionPage]) {
      const plan = planAuction(bids, asks, priceTicks, page);
      const money = this.change();
      const scale = money === null ? null : this.money.scaleOf(instrument);
      const outcome = tradesOfAuction(plan, priceTicks, {
        sequence: this.sequence, timeUs: this.now.timeUs, lastTradeId: this.tradeIds.get(instrument) ?? 0, scale,
      }, (order) => this.books.own(order).totalLots(order.priceTicks as number));
      const changed = [...outcome.changes.values()];
      const comesOf = linkedTo(changed, this.orderOf);
      const moment = { sequence: this.sequence, updatedUs: this.now.timeUs };
      const linked = comesOf.going.map((before) => ({ before, after: { ...this.asLinked(before), ...moment } }));
      if (money !== null && scale !== null) {
        settleAuction(money, scale, outcome);
        for (const { before, after } of linked) settleHold(money, scale, before, after);
        settleShared(money, scale, [...changed, ...linked], this.orderOf);
      }
      if (money?.isTooLarge === true) continue;
      const events = this.carryOutAuction(instrument, outcome, linked);
      this.released.add(comesOf.filled, this.sequence, this.orderOf);
      if (plan.isOver && priceOfPage(this.queued(instrument, 'buy'), this.queued(instrument, 'sell'), priceTicks) === null) {
        const bandFrom = hasBand(this.catalogue.rulesOf(instrument)) ? this.bands.anchor(instrument) : 0;
        events.push({ type: 'instrument', rules: this.catalogue.opened(instrument, bandFrom) });
      }
      return this.entry({ kind: 'auction', events: [...events, ...committed(money)] }, asked(page));
    }
    // Not even one trade is within what accounts may have.
    const { first } = planAuction(bids, asks, priceTicks, 1);
    const money = this.change();
    const events = eventsOf([this.cancelOpen(laterOf(first.buy as Order, first.sell as Order), 'balance_limit', money)]);
    return this.entry({ kind: 'auction', events: [...events, ...committed(money)] }, asked(0));
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

  private readonly orderOf = (orderId: string): Order | undefined => this.orders.byId.get(orderId);

  order(orderId: string): Order | null {
    return this.orders.byId.get(orderId) ?? null;
  }

  /** An order as a command names it: an open one by its client's name, any by its id. */
  named(reference: CancelReference): Order | null {
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
      bands: this.bands.state(),
      books: this.books.state(),
      waiting: this.waiting.state(),
      released: this.released.state(this.orderOf),
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
    // One that is reached already as it comes is one of its kind like any other.
    const waits = triggerOf(traits) !== null && !this.waiting.isReachedNow({ instrument, side, traits });
    const ruled = this.catalogue.refusalOfOrder(
      { instrument, quantityLots, priceTicks: limitTicks, traits }, kind, waits, limitTicks ?? traits.triggerPrice ?? this.books.makersFor({ instrument, side }).bestTicks,
    ) ?? (waits ? this.notAwaited(instrument) : null);
    if (ruled !== null) return this.refuse(ruled, asked);
    const expires = expiryUs({ timeInForce: kindOf(kind).timeInForce, createdUs: this.now.timeUs, traits });
    if (expires !== null && expires <= this.now.timeUs) return refuse('expires_at_past');
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
    const verdict = this.verdictOn(fresh);
    const due = this.isMoneyKept && limitTicks === null ? unpaid(this.money, funds, fresh, verdict.plan) : null;
    if (due !== null) return this.refuse(due, asked);
    const outcome = this.outcomeOf(null, fresh, verdict);
    if (rests(verdict) && this.books.overflows(fresh, command.priceTicks, displayedLots(outcome.order))) return refuse('level_quantity_limit');
    if (outcome.money?.isTooLarge === true) return refuse('balance_limit');
    if (command.failAt !== undefined) return refuse('failure_injected');

    this.sequence++;
    const levels = this.carryOut(outcome);
    if (rests(verdict)) levels.push(this.books.join(outcome.order));
    return this.log('place', outcome, 0, [...levels, ...this.halted(verdict, instrument)], asked);
  }

  /**
   * Why an order may not take a place among those that wait for a price, null where it may: while some of them are still to go, what has
   * reached these would reach it as well.
   */
  private notAwaited(instrument: string): Refusal | null {
    const rules = this.catalogue.rulesOf(instrument);
    return this.waiting.isSuspended(instrument) && rules !== null ? { code: 'instrument_not_open', instrument: rules } : null;
  }

  /** An order that waits for a price is in no book. */
  private placePending(order: Order, asked: Asked, fails: boolean): CommandResult {
    const waiting = this.waiting.beginning({ ...order, status: 'pending' }, this.sequence + 1);
    const outcome = this.outcomeOf(null, waiting, { plan: untouched(order.quantityLots), status: 'pending', reason: null, halts: false });
    if (outcome.money?.isTooLarge === true) return this.refuse({ code: 'balance_limit' }, asked);
    if (fails) return this.refuse({ code: 'failure_injected' }, asked);
    this.sequence++;
    this.waiting.join(outcome.order);
    return this.log('place', outcome, 0, this.carryOut(outcome), asked);
  }

  /** Orders that belong together: one of them comes in, the others wait for their price or for the first. */
  private list(command: ListCommand): CommandResult {
    const repeated = this.repeat(command.idempotency);
    if (repeated !== null) return repeated;
    if (this.isBacklogged()) return refusedOf({ code: 'backlog_full' });
    if (this.isMoneyStopped()) return refusedOf({ code: 'balance_audit_breach' });
    const { actor, listId, clientId, instrument, idempotency, request } = command;
    const { funds, fillsPerOrderMax: fillsMax, openOrdersPerClientMax: openOrdersMax } = this.limits;
    const asked: Asked = {
      command: { op: 'list', actor, funds, fillsMax, openOrdersMax, listId, clientId, instrument, orders: command.orders }, idempotency, request,
    };
    const refuse = (code: ResultCode): CommandResult => this.refuse({ code }, asked);
    if (this.controls.isKilled(clientId)) return refuse('account_killed');
    const standing = this.standing(clientId);
    if (standing !== null) return this.refuse(standing, asked);
    const orders = command.orders.map(({ kind, priceTicks, ...terms }, i): Order => ({
      ...terms, ...kindOf(kind), orderId: listOrderId(listId, i + 1), clientId, instrument, priceTicks: kind === KIND_CODE.market ? null : priceTicks,
      filledLots: 0, notional: '0', status: 'open', reason: null, sequence: this.sequence + 1, updatedUs: this.now.timeUs, fillSequence: 0,
      priority: this.sequence + 1, placedSequence: this.sequence + 1, createdUs: this.now.timeUs,
      fees: this.isMoneyKept ? this.money.feesOf(clientId, instrument) : null,
    }));
    const waitsForPrice = (order: Order): boolean => triggerOf(order.traits) !== null && !this.waiting.isReachedNow(order);
    for (const [i, order] of orders.entries()) {
      const role = membershipOf(order)?.role;
      const waits = (role !== 'leg' && role !== 'first') || waitsForPrice(order);
      const ruled = this.catalogue.refusalOfOrder(
        order, command.orders[i]?.kind as number, waits, order.priceTicks ?? order.traits.triggerPrice ?? this.books.makersFor(order).bestTicks,
      ) ?? ((role === 'leg' || role === 'first') && waits ? this.notAwaited(instrument) : null);
      if (ruled !== null) return this.refuse(ruled, asked);
    }
    const names = new Set<string>();
    for (const order of orders) {
      const expires = expiryUs(order);
      if (expires !== null && expires <= this.now.timeUs) return refuse('expires_at_past');
      if (this.orders.openCount(clientId) + orders.length > openOrdersMax) return refuse('open_orders_limit');
      const { clientOrderId } = order;
      if (clientOrderId !== null && (names.has(clientOrderId) || this.orders.isNamed(clientId, clientOrderId))) return refuse('duplicate_client_order_id');
      if (clientOrderId !== null) names.add(clientOrderId);
      if (this.hasTooManyParts(order)) return refuse('iceberg_parts_limit');
      if (funds === 'required' && isCostUnknown(order, waitsForPrice)) return refuse('quote_quantity_required');
    }
    const incoming = bringIn(orders, waitsForPrice);
    const cover = this.isMoneyKept ? coverOf(orders, incoming, this.money.scaleOf(instrument)) : { asset: '', units: 0n };
    if (cover === null) return refuse('balance_limit');
    const lacking = this.isMoneyKept ? this.money.lacking(funds, clientId, cover) : null;
    if (lacking !== null) return this.refuse(lacking, asked);

    // What is told first: the one that comes in, else the first that waits.
    const [first] = orders as [Order, ...Order[]];
    const leading = incoming ?? first;
    const verdict: Verdict = incoming === undefined
      ? { plan: untouched(leading.quantityLots), status: 'pending', reason: null, halts: false }
      : this.verdictOn(incoming);
    const isFirst = membershipOf(leading)?.role === 'first';
    const goes = incoming !== undefined && (isFirst
      ? !rests(verdict) && !isFulfilled({ ...verdict, filledLots: verdict.plan.fills.length })
      : !rests(verdict) || verdict.plan.fills.length > 0 || triggerOf(incoming.traits) !== null);
    const others = orders.filter((order) => order !== leading)
      .map((order) => (goes ? { ...order, status: 'cancelled', reason: 'linked' } as const : this.waiting.beginning({ ...order, status: 'pending' }, this.sequence + 1)));
    const due = this.isMoneyKept && isFirst && incoming?.type === 'market' && verdict.plan.fills.length > 0
      ? unpaid(this.money, funds, incoming, verdict.plan, cover.units) : null;
    const told = incoming === undefined ? this.waiting.beginning({ ...leading, status: 'pending' }, this.sequence + 1) : leading;
    const outcome = this.outcomeOf(null, told, verdict, others.map((after) => ({ before: null, after })));
    if (rests(verdict) && this.books.overflows(leading, leading.priceTicks as number, displayedLots(outcome.order))) return refuse('level_quantity_limit');
    if (due !== null) return this.refuse(due, asked);
    if (outcome.money?.isTooLarge === true) return refuse('balance_limit');

    this.sequence++;
    for (const order of others) this.orders.put(order);
    const levels = this.carryOut(outcome);
    if (rests(verdict)) levels.push(this.books.join(outcome.order));
    for (const order of [outcome.order, ...others]) {
      if (order.status === 'pending' && !waitsForFirst(order)) this.waiting.join(order);
    }
    return { outcome: 'logged', entry: this.entryOf('list', outcome, 0, [...levels, ...this.halted(verdict, instrument)], asked) };
  }

  private cancel(command: CancelCommand): CommandResult {
    const repeated = this.repeat(command.idempotency);
    if (repeated !== null) return repeated;
    const { idempotency, request } = command;
    const order = this.orders.find(command.order, command.actor);
    const actor = loggedActor(command.actor, order?.clientId);
    const asked: Asked = { command: { op: 'cancel', actor, order: command.order }, idempotency, request };
    const isList = 'listId' in command.order;
    if (order === null) return this.refuse({ code: isList ? 'order_list_not_found' : 'order_not_found' }, asked);
    if (!isOpen(order)) return this.refuse({ code: isList ? 'order_list_not_open' : 'order_not_open', order }, asked);
    const halted = this.catalogue.refusalOfCancel(order.instrument);
    if (halted !== null) return this.refuse(halted, asked);
    this.sequence++;
    const money = this.change();
    const events = eventsOf([this.cancelOpen(order, 'requested', money)]);
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
    const lacking = this.isMoneyKept ? uncovered(this.money, funds, changed, order, this.orderOf(partnerId(order) ?? '')) : null;
    if (lacking !== null) return this.refuse(lacking.shortfall === undefined ? { ...lacking, order } : lacking, asked);
    // At its own price it cannot match: it rested there.
    const plan = priceTicks === oldPrice ? untouched(lots) : this.plan(order, this.books.makersFor(order), priceTicks, lots);
    if (order.postOnly && wouldTrade(plan)) return refuse('post_only_would_match');
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
    return this.log('amend', outcome, order.fillSequence, [...levels, ...this.halted(verdict, order.instrument)], asked);
  }

  /** Less of it keeps its turn among those that wait for the same price; anything else goes behind them. */
  private amendPending(waiting: Order, wanted: Wanted, asked: Asked): CommandResult {
    const order = this.waiting.asOfNow(waiting);
    const refuse = (code: ResultCode): CommandResult => this.refuse({ code, order }, asked);
    if (wanted.priceTicks !== null && order.priceTicks === null) return refuse('order_without_price');
    if (order.traits.budget !== undefined && (wanted.quantityLots !== null || wanted.remainingLots !== null)) return refuse('order_by_money');
    const waitsBy = { triggerPrice: wanted.stopTicks, trailingOffset: wanted.trailingOffset, trailingPercent: wanted.trailingPercent };
    const names = (Object.keys(waitsBy) as (keyof typeof waitsBy)[]).filter((name) => waitsBy[name] !== null);
    if (names.length > 0 && triggerOf(order.traits) === null) return refuse('order_not_pending');
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
    const isBehindFirst = waitsForFirst(order);
    const traits: OrderTraits = { ...order.traits, ...Object.fromEntries(names.map((name) => [name, waitsBy[name]])) };
    const ruled = this.catalogue.refusalOfAmend(order, { ...order, priceTicks, quantityLots, traits }, isSamePrice, traits.triggerPrice ?? this.books.makersFor(order).bestTicks)
      ?? (keepsPlace || isBehindFirst ? null : this.notAwaited(order.instrument));
    if (ruled !== null) return this.refuse(ruled, asked);
    if (this.isMoneyStopped()) return refusedOf({ code: 'balance_audit_breach' });
    const standing = this.standing(order.clientId);
    if (standing !== null) return refuse(standing.code);
    const sequence = this.sequence + 1;
    const changed: Order = {
      ...order, priceTicks, quantityLots, traits, sequence,
      updatedUs: this.now.timeUs, priority: keepsPlace || isBehindFirst ? order.priority : sequence,
    };
    const lacking = this.isMoneyKept ? uncovered(this.money, this.limits.funds, changed, order, this.orderOf(partnerId(order) ?? '')) : null;
    if (lacking !== null) return this.refuse(lacking.shortfall === undefined ? { ...lacking, order } : lacking, asked);
    const outcome = this.outcomeOf(order, changed, { plan: untouched(quantityLots), status: 'pending', reason: null, halts: false });
    if (outcome.money?.isTooLarge === true) return refuse('balance_limit');
    this.sequence++;
    if (isBehindFirst) {
      // It has no turn among those that wait for a price.
    } else if (keepsPlace) {
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
      .sort((a, b) => a.placedSequence - b.placedSequence || compareText(a.orderId, b.orderId))
      .slice(0, count);
  }

  /** @param controls what else changes */
  private cancelPage(kind: EntryKind, orders: readonly Order[], reason: StatusReason, controls: readonly ControlChange[], command: LoggedCommand): LogEntry {
    this.sequence++;
    const money = this.change();
    const done = orders.flatMap((order) => {
      // One of a list may be gone with another one of the page.
      const now = this.orderOf(order.orderId);
      return now !== undefined && isOpen(now) ? [this.cancelOpen(now, reason, money)] : [];
    });
    return this.entry({ kind, events: [...eventsOf(done), ...controls, ...committed(money)] }, { command, idempotency: null });
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
    const decided = this.catalogue.decide(command, (instrument) => this.crossing(instrument)?.priceTicks ?? null);
    if ('code' in decided) return this.refuse(decided, asked);
    this.sequence++;
    const rules: InstrumentRules = { ...decided.rules, bandFrom: this.bandFromOf(decided.rules, decided.isBandAnew) };
    this.catalogue.put(rules, opens);
    return { outcome: 'logged', entry: this.entry({ kind: 'instrument', events: [{ type: 'instrument', rules }] }, asked) };
  }

  private bandFromOf(rules: InstrumentRules, isAnew: boolean): number {
    if (hasBand(rules)) return isAnew ? this.bands.anchor(rules.instrument) : rules.bandFrom;
    this.bands.drop(rules.instrument);
    return 0;
  }

  /** What an entry tells of an instrument whose price band has stopped an order. */
  private halted({ halts }: Verdict, instrument: string): EntryEvent[] {
    return halts ? [{ type: 'instrument', rules: this.catalogue.halt(instrument) }] : [];
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

  /** @param isFree whether no price band counts */
  private plan(taker: Order, makers: BookSide, limitTicks: number | null, lots: number, isFree = false): MatchPlan {
    const { instrument } = taker;
    if (this.catalogue.gathers(instrument)) return untouched(lots);
    const rules = this.catalogue.rulesOf(instrument);
    const most = rules?.maxSlippage ?? 0;
    const { slippage = most } = taker.traits;
    const bounded = taker.type === 'market' && most > 0 ? { ...taker, traits: { ...taker.traits, slippage: Math.min(slippage, most) } } : taker;
    const band = isFree ? null : this.bands.limitsOf(instrument, rules, this.now.timeUs);
    return planMatch(bounded, makers, this.orders.byId, limitTicks, lots, this.limits.fillsPerOrderMax, band);
  }

  /**
   * What a verdict comes to.
   * @param before the order as it was, null for a new one
   * @param fresh as it is ahead of its trades
   * @param beside orders of its list that are placed with it, or are cancelled ahead of it
   */
  private outcomeOf(before: Order | null, fresh: Order, { plan, status, reason }: Verdict, beside: readonly Changed[] = []): Outcome {
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
    const changed: Changed[] = [...traded.trades.map((trade) => ({ before: trade.before, after: trade.fill.maker })), ...prevented, { before, after: order }];
    const comesOf = linkedTo(changed, this.orderOf);
    const linked = comesOf.going.map((own) => ({ before: own, after: this.asLinked(own) }));
    if (money !== null && scale !== null) {
      money.open(order.clientId);
      settleTrades(money, scale, order, traded.trades);
      settleHold(money, scale, before, order);
      for (const { before: was, after } of [...prevented, ...beside, ...linked]) settleHold(money, scale, was, after);
      settleShared(money, scale, [...changed, ...beside, ...linked], this.orderOf);
    }
    return { order, trades: traded.trades, prevented, beside, linked, filled: comesOf.filled, money };
  }

  /** An order that is cancelled because of what became of another one of its list. */
  private asLinked(order: Order): Order {
    return { ...order, sequence: this.sequence + 1, updatedUs: this.now.timeUs, status: 'cancelled', reason: 'linked', traits: traitsAtEnd(order.traits) };
  }

  /** An order as an entry leaves it. */
  private readonly toldOf = ({ before, after }: Changed): OrderChange => (
    { type: 'order', order: this.orderOf(after.orderId) as Order, previousFill: before?.fillSequence ?? 0 }
  );

  /** An open order is done: it leaves its place, and one that trails with the best trade that it has seen. @returns what became of its level */
  private leave(before: Order, ended: Order): LevelChange[] {
    const { best } = this.waiting.asOfNow(before).traits;
    const after = best === undefined ? ended : { ...ended, traits: { ...ended.traits, best } };
    this.orders.put(after);
    if (before.status === 'pending') {
      if (!waitsForFirst(before)) this.waiting.leave(before);
      return [];
    }
    this.books.leave(before);
    return [this.books.level(before, before.priceTicks as number)];
  }

  /** Orders that wait on a side, in the order in which they trade. */
  private queued(instrument: string, side: Side): Order[] {
    const orders: Order[] = [];
    for (const { queue } of this.books.own({ instrument, side }).levels()) {
      for (const orderId of queue) orders.push(this.orders.byId.get(orderId) as Order);
    }
    return orders;
  }

  /** Orders and levels of an auction's page change. @returns what its entry tells of them */
  private carryOutAuction(instrument: string, { trades, changes, takers }: AuctionTrades, linked: readonly { readonly before: Order; readonly after: Order }[]): EntryEvent[] {
    const touched = new Map<Side, Set<number>>([['buy', new Set()], ['sell', new Set()]]);
    for (const { before, after } of changes.values()) {
      touched.get(after.side)?.add(after.priceTicks as number);
      this.books.change(before, after);
      this.orders.put(after);
    }
    for (const { fill } of trades) this.noteTrade(instrument, fill);
    this.waiting.traded(instrument, this.sequence, trades.map(({ fill }) => fill));
    const levels = [...touched].flatMap(([side, prices]) => [...prices].map((price) => this.books.level({ instrument, side }, price)));
    const left = linked.flatMap(({ before, after }) => this.leave(before, after));
    return [
      ...trades.map(({ fill }) => fill), ...takers.map((orderId) => this.toldOf(changes.get(orderId) as { before: Order; after: Order })),
      ...linked.map(this.toldOf), ...levels, ...left,
    ];
  }

  /** Makers, trade ids and the makers' levels change, and all the money. The order's own place is the caller's. */
  private carryOut({ order, trades, prevented, linked, filled, money }: Outcome): LevelChange[] {
    const makers = this.books.makersFor(order);
    const touched = new Set<number>();
    for (const { before, fill } of trades) {
      const { maker, priceTicks } = fill;
      this.books.change(before, maker);
      this.orders.put(maker);
      this.noteTrade(order.instrument, fill);
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
    levels.push(...linked.flatMap(({ before, after }) => this.leave(before, after)));
    this.released.add(filled, this.sequence, this.orderOf);
    return levels;
  }

  private noteTrade(instrument: string, { tradeId, priceTicks }: Fill): void {
    this.tradeIds.set(instrument, tradeId);
    this.bands.note(instrument, this.catalogue.rulesOf(instrument), tradeId, priceTicks, this.now.timeUs);
  }

  /** An order ends, and with it all others of its list. @returns what became of them and, where they were in the book, of their levels */
  private cancelOpen(order: Order, reason: StatusReason, money: LedgerChange | null, status: OrderStatus = 'cancelled'): Cancelled {
    const moment = { sequence: this.sequence, updatedUs: this.now.timeUs };
    const siblings = openSiblings(order, this.orderOf);
    const changed = [
      { before: order, after: { ...order, ...moment, status, reason, traits: traitsAtEnd(order.traits) } },
      ...siblings.map((before) => ({ before, after: { ...this.asLinked(before), ...moment } })),
    ];
    if (money !== null) {
      const scale = this.money.scaleOf(order.instrument);
      for (const { before, after } of changed) settleHold(money, scale, before, after);
      settleShared(money, scale, changed, this.orderOf);
    }
    const levels = changed.flatMap(({ before, after }) => this.leave(before, after));
    return { orders: changed.map(this.toldOf), levels };
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

  private log(kind: 'place' | 'amend', outcome: Outcome, previousFill: number, behind: readonly EntryEvent[], asked: Asked): CommandResult {
    return { outcome: 'logged', entry: this.entryOf(kind, outcome, previousFill, behind, asked) };
  }

  private entryOf(
    kind: 'place' | 'amend' | 'trigger' | 'list', { order, trades, prevented, beside, linked, money }: Outcome, previousFill: number, behind: readonly EntryEvent[], asked: Asked,
  ): LogEntry {
    const [placed, ahead] = kind === 'list' ? [beside, []] : [[], beside];
    const events: EntryEvent[] = [
      ...trades.map(({ fill }) => fill), { type: 'order', order, previousFill }, ...placed.map(this.toldOf), ...prevented.map(this.toldOf), ...ahead.map(this.toldOf),
      ...linked.map(this.toldOf), ...behind, ...(money?.events() ?? []),
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

/** Orders that have ended with one of them, the levels that they stood in. */
interface Cancelled {
  readonly orders: readonly OrderChange[];
  readonly levels: readonly LevelChange[];
}

/** As an entry tells them: orders, then levels. */
function eventsOf(done: readonly Cancelled[]): EntryEvent[] {
  return [...done.flatMap(({ orders }) => orders), ...done.flatMap(({ levels }) => levels)];
}

function cancelledAtTrigger({ quantityLots }: Order, reason: StatusReason): Verdict {
  return { plan: untouched(quantityLots), status: 'cancelled', reason, halts: false };
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
