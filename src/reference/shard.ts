import { AMOUNT_MAX } from '../domain/amounts';
import type {
  AmendCandidate, AmendCommand, CancelCommand, CommandResult, EngineCommand, MassCancelCommand, OrderReference, PlaceCommand,
} from '../domain/commands';
import type { EntryEvent, EntryKind, Fill, LevelChange, LogEntry, LoggedCommand, OrderChange } from '../domain/entry';
import { LOG_ENTRY_VERSION } from '../domain/layouts';
import { entryOf } from '../domain/log-entry';
import {
  isOpen, KIND_CODE, kindOf, remainingLots,
  type Order, type OrderStatus, type Side, type StatusReason,
} from '../domain/order';
import { RESULT_CODES, type ResultCode } from '../domain/result-code';
import { BookSide, type PriceLevel } from './book-side';
import { invariantProblems } from './invariants';
import { planMatch, type MatchPlan } from './matching';
import { compareText, type LevelState, type ShardState } from './state';

export interface ReferenceLimits {
  readonly fillsPerOrderMax: number;
  readonly openOrdersPerClientMax: number;
  /** Log entries that may wait to be persisted before new orders are refused. */
  readonly backlogMax: number;
  readonly idempotencyTtlS: number;
}

/** When a command runs, as the engine's clock says. */
export interface Moment {
  readonly timeUs: number;
  /** The same moment in whole seconds, by which idempotency keys age. */
  readonly second: number;
}

interface Answered {
  readonly sequence: number;
  readonly second: number;
  readonly entry: LogEntry;
}

/** What one log entry tells besides its number, time and key. */
interface Change {
  readonly kind: EntryKind;
  readonly command: LoggedCommand;
  readonly events: readonly EntryEvent[];
  readonly request?: unknown;
  readonly code?: number;
}

interface Book {
  readonly buy: BookSide;
  readonly sell: BookSide;
}

const opposite = (side: Side): Side => (side === 'buy' ? 'sell' : 'buy');

/**
 * A shard as plain objects: no Redis, no cleverness. It takes the engine's commands and gives the
 * engine's answers, log entries included, and so says what the engine should have answered.
 * An order object is never changed, only replaced, so answers stay what they were.
 */
export class ReferenceShard {
  private sequence = 0;
  private persistedSequence = 0;
  private readonly books = new Map<string, Book>();
  private readonly orders = new Map<string, Order>();
  private readonly tradeIds = new Map<string, number>();
  /** Ids of open orders by client. */
  private readonly openOrders = new Map<string, Set<string>>();
  /** Ids of open orders by client, then by client order id. */
  private readonly clientOrderIds = new Map<string, Map<string, string>>();
  private readonly answered = new Map<string, Answered>();
  private now: Moment = { timeUs: 0, second: 0 };

  constructor(private readonly limits: ReferenceLimits) {}

  /** Runs one command at one moment; moments may not go backwards. */
  apply(command: EngineCommand, now: Moment): CommandResult {
    this.now = now;
    switch (command.op) {
      case 'place': return this.place(command);
      case 'cancel': return this.cancel(command);
      case 'amend': return this.amend(command);
      case 'mass_cancel': return this.massCancel(command);
      default: throw new Error('the reference knows no money');
    }
  }

  /**
   * Cancels just these open orders in one entry, as a page of a mass cancel does, where an entry tells no more of what was
   * asked. @returns null when one is not open
   */
  cancelTogether(orderIds: readonly string[], now: Moment): LogEntry | null {
    this.now = now;
    const orders = orderIds.map((orderId) => this.orders.get(orderId));
    if (!orders.every((order): order is Order => order !== undefined && isOpen(order))) return null;
    return this.massCancelEntry(orders, {
      op: 'mass_cancel', actor: null, clientId: orders[0]?.clientId ?? '', instrument: null, after: 0, bound: this.sequence, pageSize: orders.length,
    });
  }

  /** An entry that changes no book takes its place in the sequence. */
  skipEntry(): void {
    this.sequence++;
  }

  /** Everything up to `sequence` is persisted: that much less waits, and done orders may be let go of. */
  persisted(sequence: number, doneOrderIds: Iterable<string>): void {
    if (sequence > this.persistedSequence) this.persistedSequence = sequence;
    for (const orderId of doneOrderIds) this.orders.delete(orderId);
  }

  /** Drops those of the idempotency keys whose lifetime is over. @returns how many. */
  forgetKeys(digests: Iterable<string>, second: number): number {
    let dropped = 0;
    for (const digest of digests) {
      const answer = this.answered.get(digest);
      if (answer === undefined || second - answer.second < this.limits.idempotencyTtlS) continue;
      this.answered.delete(digest);
      dropped++;
    }
    return dropped;
  }

  order(orderId: string): Order | null {
    return this.orders.get(orderId) ?? null;
  }

  /** Everything the shard holds. */
  state(): ShardState {
    const levelState = ({ priceTicks, totalLots, queue }: PriceLevel): LevelState => (
      { priceTicks, quantityLots: totalLots, orderIds: [...queue] }
    );
    return {
      sequence: this.sequence,
      tradeIds: [...this.tradeIds]
        .map(([instrument, tradeId]) => ({ instrument, tradeId }))
        .sort((a, b) => compareText(a.instrument, b.instrument)),
      books: [...this.books]
        .map(([instrument, book]) => ({
          instrument, bids: [...book.buy.levels()].map(levelState), asks: [...book.sell.levels()].map(levelState),
        }))
        .filter((book) => book.bids.length + book.asks.length > 0)
        .sort((a, b) => compareText(a.instrument, b.instrument)),
      orders: [...this.orders.values()].sort((a, b) => compareText(a.orderId, b.orderId)),
      openOrders: [...this.openOrders]
        .filter(([, orderIds]) => orderIds.size > 0)
        .map(([clientId, orderIds]) => ({ clientId, orderIds: [...orderIds].sort(compareText) }))
        .sort((a, b) => compareText(a.clientId, b.clientId)),
      clientOrderIds: [...this.clientOrderIds]
        .flatMap(([clientId, names]) => [...names].map(([clientOrderId, orderId]) => ({ clientId, clientOrderId, orderId })))
        .sort((a, b) => compareText(a.clientId, b.clientId) || compareText(a.clientOrderId, b.clientOrderId)),
      idempotency: [...this.answered]
        .map(([digest, { sequence, second }]) => ({ digest, sequence, second }))
        .sort((a, b) => compareText(a.digest, b.digest)),
    };
  }

  /** @returns what is wrong with the shard, one sentence each; nothing is the right answer. */
  invariants(): string[] {
    return invariantProblems(this.state());
  }

  private place(command: PlaceCommand): CommandResult {
    const repeated = this.repeat(command.idempotency);
    if (repeated !== null) return repeated;
    if (this.isBacklogged()) return { outcome: 'refused', code: 'backlog_full', order: null };
    const { actor, instrument, side, kind, clientId, clientOrderId, orderId, quantityLots } = command;
    const logged: LoggedCommand = {
      op: 'place', actor, funds: 'off', fillsMax: this.limits.fillsPerOrderMax, openOrdersMax: this.limits.openOrdersPerClientMax, instrument, side, kind,
      priceTicks: command.priceTicks, quantityLots, orderId, clientId, clientOrderId,
    };
    const refuse = (code: ResultCode): CommandResult => this.refuse(code, null, logged, command.idempotency, null);
    const mayRest = kind === KIND_CODE.limit_gtc || kind === KIND_CODE.limit_post_only;
    if (mayRest && (this.openOrders.get(clientId)?.size ?? 0) >= this.limits.openOrdersPerClientMax) return refuse('open_orders_limit');
    if (clientOrderId !== null && this.clientOrderIds.get(clientId)?.has(clientOrderId) === true) return refuse('duplicate_client_order_id');

    const limitTicks = kind === KIND_CODE.market ? null : command.priceTicks;
    const makers = this.book(instrument)[opposite(side)];
    let plan = this.plan(makers, kind, limitTicks, quantityLots);
    let status: OrderStatus;
    let reason: StatusReason | null = null;
    if (kind === KIND_CODE.limit_post_only && makers.wouldMatch(limitTicks)) {
      [status, reason] = ['rejected', 'post_only_would_match'];
    } else if (kind === KIND_CODE.limit_fok && plan.leftLots > 0) {
      [status, reason] = ['rejected', 'fok_not_fillable'];
      plan = { fills: [], leftLots: quantityLots, limited: false };
    } else if (plan.leftLots === 0) {
      status = 'filled';
    } else if (plan.limited) {
      [status, reason] = ['cancelled', 'fills_limit'];
    } else if (!mayRest) {
      [status, reason] = ['cancelled', kind === KIND_CODE.market ? 'no_liquidity' : 'ioc_remainder'];
    } else {
      status = plan.fills.length > 0 ? 'partially_filled' : 'open';
      if (this.overflows(instrument, side, command.priceTicks, plan.leftLots)) return refuse('level_quantity_limit');
    }

    this.sequence++;
    const { type, timeInForce, postOnly } = kindOf(kind);
    const fresh: Order = {
      orderId, clientOrderId, clientId, instrument, side, type, timeInForce, postOnly, priceTicks: limitTicks, quantityLots,
      filledLots: 0, notional: '0', status, reason, sequence: this.sequence, updatedUs: this.now.timeUs,
      fillSequence: 0, priority: this.sequence, placedSequence: this.sequence, createdUs: this.now.timeUs, fees: null,
    };
    const { order, fills, levels } = this.trade(fresh, plan);
    this.orders.set(orderId, order);
    if (isOpen(order)) {
      levels.push(this.joinBook(order));
      this.listOpen(order);
    }
    return this.log({ kind: 'place', command: logged, events: [...fills, { type: 'order', order, previousFill: 0 }, ...levels] }, command.idempotency);
  }

  private cancel(command: CancelCommand): CommandResult {
    const repeated = this.repeat(command.idempotency);
    if (repeated !== null) return repeated;
    const { actor, idempotency, request } = command;
    const logged: LoggedCommand = { op: 'cancel', actor, order: command.order };
    const order = this.find(command.order, actor);
    if (order === null) return this.refuse('order_not_found', null, logged, idempotency, request);
    if (!isOpen(order)) return this.refuse('order_not_open', order, logged, idempotency, request);
    this.sequence++;
    return this.log({ kind: 'cancel', command: logged, events: this.cancelOpen(order, 'requested'), request }, idempotency);
  }

  private amend(command: AmendCommand): CommandResult {
    const repeated = this.repeat(command.idempotency);
    if (repeated !== null) return repeated;
    if (this.isBacklogged()) return { outcome: 'refused', code: 'backlog_full', order: null };
    const { actor, idempotency, request } = command;
    const order = this.find(command.order, actor);
    const wanted = wantedOf(command.candidates.find((candidate) => candidate.instrument === order?.instrument));
    const logged: LoggedCommand = { op: 'amend', actor, funds: 'off', fillsMax: this.limits.fillsPerOrderMax, order: command.order, wanted };
    if (order === null) return this.refuse('order_not_found', null, logged, idempotency, request);
    const refuse = (code: ResultCode): CommandResult => this.refuse(code, order, logged, idempotency, request);
    if (!isOpen(order)) return refuse('order_not_open');
    // A request that is not valid uses up no key.
    if (wanted === null) return { outcome: 'refused', code: 'amend_invalid', order };
    const { priceTicks: newPrice, quantityLots: newQuantity, remainingLots: newRemaining } = wanted;

    const oldPrice = order.priceTicks as number;
    const priceTicks = newPrice ?? oldPrice;
    let quantityLots = newQuantity ?? order.quantityLots;
    if (newRemaining !== null) quantityLots = order.filledLots + newRemaining;
    if (quantityLots <= order.filledLots) return refuse('quantity_below_filled');
    if (quantityLots > wanted.quantityLotsMax) return refuse('quantity_out_of_range');
    if (priceTicks === oldPrice && quantityLots === order.quantityLots) {
      if (idempotency === null) return { outcome: 'unchanged', order };
      this.sequence++;
      return this.log({ kind: 'keep', command: logged, events: [{ type: 'shown', order }], request }, idempotency);
    }

    const lots = quantityLots - order.filledLots;
    const keepsPlace = priceTicks === oldPrice && quantityLots < order.quantityLots;
    const makers = this.book(order.instrument)[opposite(order.side)];
    if (order.postOnly && makers.wouldMatch(priceTicks)) return refuse('post_only_would_match');
    // At its own price it cannot match: it rested there.
    const plan = this.plan(makers, order.postOnly ? KIND_CODE.limit_post_only : KIND_CODE.limit_gtc, priceTicks, lots);
    const rests = plan.leftLots > 0 && !plan.limited;
    const joining = priceTicks === oldPrice ? quantityLots - order.quantityLots : plan.leftLots;
    if (rests && this.overflows(order.instrument, order.side, priceTicks, joining)) return refuse('level_quantity_limit');

    this.sequence++;
    const changed: Order = {
      ...order, priceTicks, quantityLots, sequence: this.sequence, updatedUs: this.now.timeUs,
      priority: keepsPlace ? order.priority : this.sequence,
    };
    const side = this.book(order.instrument)[order.side];
    const levels: LevelChange[] = [];
    if (keepsPlace) side.change(oldPrice, joining);
    else side.leave(order.orderId, oldPrice, remainingLots(order));
    // A level that is only left behind speaks first; one that is joined again speaks last, once.
    if (priceTicks !== oldPrice || keepsPlace) levels.push(this.levelChange(order, oldPrice));
    const traded = this.trade(changed, plan);
    levels.push(...traded.levels);
    let status: OrderStatus = 'filled';
    if (rests) status = traded.order.filledLots > 0 ? 'partially_filled' : 'open';
    else if (plan.leftLots > 0) status = 'cancelled';
    const amended: Order = { ...traded.order, status, reason: status === 'cancelled' ? 'fills_limit' : null };
    this.orders.set(order.orderId, amended);
    if (!rests) this.unlistOpen(amended);
    else if (!keepsPlace) levels.push(this.joinBook(amended));
    const events: EntryEvent[] = [...traded.fills, { type: 'order', order: amended, previousFill: order.fillSequence }, ...levels];
    return this.log({ kind: 'amend', command: logged, events, request }, idempotency);
  }

  private massCancel(command: MassCancelCommand): CommandResult {
    const { actor, clientId, instrument, after, pageSize } = command;
    const bound = command.bound ?? this.sequence;
    const page = [...(this.openOrders.get(clientId) ?? [])]
      .map((orderId) => this.orders.get(orderId) as Order)
      .filter(({ placedSequence }) => placedSequence > after && placedSequence <= bound)
      .sort((a, b) => a.placedSequence - b.placedSequence)
      .slice(0, pageSize);
    const next = page.length === pageSize ? (page[page.length - 1]?.placedSequence ?? null) : null;
    const chosen = page.filter((order) => instrument === null || order.instrument === instrument);
    const logged: LoggedCommand = { op: 'mass_cancel', actor, clientId, instrument, after, bound, pageSize };
    return { outcome: 'mass_cancelled', after: next, bound, entry: chosen.length === 0 ? null : this.massCancelEntry(chosen, logged) };
  }

  private massCancelEntry(orders: readonly Order[], command: LoggedCommand): LogEntry {
    this.sequence++;
    const done = orders.map((order) => this.cancelOpen(order, 'mass_cancel'));
    return this.entry({ kind: 'mass_cancel', command, events: [...done.map(([order]) => order), ...done.map(([, level]) => level)] }, null);
  }

  /** A post-only order trades with nobody: it is let in as it is, or not at all. */
  private plan(makers: BookSide, kind: number, limitTicks: number | null, lots: number): MatchPlan {
    if (kind === KIND_CODE.limit_post_only) return { fills: [], leftLots: lots, limited: false };
    return planMatch(makers, this.orders, limitTicks, lots, this.limits.fillsPerOrderMax);
  }

  /** Carries out a plan: makers, trade ids and the makers' levels change. The taker's own place is the caller's. */
  private trade(taker: Order, plan: MatchPlan): { order: Order; fills: Fill[]; levels: LevelChange[] } {
    const makers = this.book(taker.instrument)[opposite(taker.side)];
    const fills: Fill[] = [];
    const touched = new Set<number>();
    let notional = BigInt(taker.notional);
    let filledLots = taker.filledLots;
    for (const { maker, lots } of plan.fills) {
      const priceTicks = maker.priceTicks as number;
      const value = BigInt(priceTicks) * BigInt(lots);
      notional += value;
      filledLots += lots;
      const makerDone = remainingLots(maker) === lots;
      const filledMaker: Order = {
        ...maker,
        filledLots: maker.filledLots + lots,
        notional: String(BigInt(maker.notional) + value),
        status: makerDone ? 'filled' : 'partially_filled',
        sequence: this.sequence,
        updatedUs: this.now.timeUs,
        fillSequence: this.sequence,
      };
      this.orders.set(maker.orderId, filledMaker);
      if (makerDone) {
        makers.leave(maker.orderId, priceTicks, lots);
        this.unlistOpen(maker);
      } else {
        makers.change(priceTicks, -lots);
      }
      touched.add(priceTicks);
      const tradeId = (this.tradeIds.get(taker.instrument) ?? 0) + 1;
      this.tradeIds.set(taker.instrument, tradeId);
      fills.push({ type: 'trade', tradeId, priceTicks, quantityLots: lots, taker: 0, maker: filledMaker, makerPreviousFill: maker.fillSequence, makerFee: '0', takerFee: '0' });
    }
    const fillSequence = fills.length > 0 ? this.sequence : taker.fillSequence;
    return {
      order: { ...taker, filledLots, notional: String(notional), fillSequence },
      fills,
      levels: [...touched].map((priceTicks) => ({
        type: 'level', instrument: taker.instrument, side: makers.side, priceTicks, quantityLots: makers.totalLots(priceTicks),
      })),
    };
  }

  /** @returns what became of the order and of its level */
  private cancelOpen(order: Order, reason: StatusReason): readonly [OrderChange, LevelChange] {
    this.book(order.instrument)[order.side].leave(order.orderId, order.priceTicks as number, remainingLots(order));
    this.unlistOpen(order);
    const cancelled: Order = { ...order, status: 'cancelled', reason, sequence: this.sequence, updatedUs: this.now.timeUs };
    this.orders.set(order.orderId, cancelled);
    return [{ type: 'order', order: cancelled, previousFill: order.fillSequence }, this.levelChange(order, order.priceTicks as number)];
  }

  /** @param actor the client that the order must belong to, null for any */
  private find(reference: OrderReference, actor: string | null): Order | null {
    const orderId = 'orderId' in reference
      ? reference.orderId
      : this.clientOrderIds.get(reference.clientId)?.get(reference.clientOrderId);
    const order = (orderId === undefined ? undefined : this.orders.get(orderId)) ?? null;
    return actor === null || order?.clientId === actor ? order : null;
  }

  private book(instrument: string): Book {
    let book = this.books.get(instrument);
    if (book === undefined) {
      book = { buy: new BookSide('buy'), sell: new BookSide('sell') };
      this.books.set(instrument, book);
    }
    return book;
  }

  private joinBook(order: Order): LevelChange {
    const priceTicks = order.priceTicks as number;
    this.book(order.instrument)[order.side].join(order.orderId, priceTicks, remainingLots(order));
    return this.levelChange(order, priceTicks);
  }

  /** Whether a level would hold more than an exact integer with `lots` on top. */
  private overflows(instrument: string, side: Side, priceTicks: number, lots: number): boolean {
    return BigInt(this.book(instrument)[side].totalLots(priceTicks)) + BigInt(lots) > BigInt(AMOUNT_MAX);
  }

  private levelChange({ instrument, side }: Order, priceTicks: number): LevelChange {
    return { type: 'level', instrument, side, priceTicks, quantityLots: this.book(instrument)[side].totalLots(priceTicks) };
  }

  private listOpen({ clientId, clientOrderId, orderId }: Order): void {
    const open = this.openOrders.get(clientId) ?? new Set();
    this.openOrders.set(clientId, open.add(orderId));
    if (clientOrderId === null) return;
    const names = this.clientOrderIds.get(clientId) ?? new Map<string, string>();
    this.clientOrderIds.set(clientId, names.set(clientOrderId, orderId));
  }

  private unlistOpen({ clientId, clientOrderId, orderId }: Order): void {
    this.openOrders.get(clientId)?.delete(orderId);
    if (clientOrderId !== null) this.clientOrderIds.get(clientId)?.delete(clientOrderId);
  }

  private isBacklogged(): boolean {
    return this.sequence - this.persistedSequence >= this.limits.backlogMax;
  }

  private repeat(digest: string | null): CommandResult | null {
    const answer = digest === null ? undefined : this.answered.get(digest);
    if (answer === undefined || this.now.second - answer.second >= this.limits.idempotencyTtlS) return null;
    return { outcome: 'repeated', by: 'key', ...answer };
  }

  private refuse(code: ResultCode, order: Order | null, command: LoggedCommand, digest: string | null, request: unknown): CommandResult {
    if (digest === null) return { outcome: 'refused', code, order };
    this.sequence++;
    const events: EntryEvent[] = order === null ? [] : [{ type: 'shown', order }];
    return this.log({ kind: 'refuse', command, events, request, code: RESULT_CODES[code].number ?? 0 }, digest);
  }

  private log(change: Change, digest: string | null): CommandResult {
    return { outcome: 'logged', entry: this.entry(change, digest) };
  }

  /** The entry of the command that has just advanced the sequence; with a key, also the key's answer from now on. */
  private entry(change: Change, digest: string | null): LogEntry {
    const entry = entryOf({
      version: LOG_ENTRY_VERSION,
      kind: change.kind,
      sequence: this.sequence,
      timeUs: this.now.timeUs,
      command: change.command,
      code: change.code ?? 0,
      events: change.events,
      idempotency: digest,
      // Without a key there is no repeat to tell apart, so what was asked for is not kept.
      request: digest === null ? null : change.request ?? null,
    });
    if (digest !== null) this.answered.set(digest, { sequence: entry.sequence, second: this.now.second, entry });
    return entry;
  }
}

/** What an amend wants in its order's own ticks and lots; null where no candidate says, or a value does not fit. */
function wantedOf(candidate: AmendCandidate | undefined): Extract<LoggedCommand, { op: 'amend' }>['wanted'] {
  if (candidate === undefined) return null;
  const { priceTicks, quantityLots, remainingLots, quantityLotsMax } = candidate;
  if (priceTicks === 'invalid' || quantityLots === 'invalid' || remainingLots === 'invalid') return null;
  return { priceTicks, quantityLots, remainingLots, quantityLotsMax };
}
