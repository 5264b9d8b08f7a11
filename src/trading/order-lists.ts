import { isActors, type CommandResult, type EngineCommand, type Repeated } from '../domain/commands';
import type { Context } from '../domain/context';
import type { InstrumentTable } from '../domain/instrument-table';
import type { Instrument } from '../domain/instruments';
import { rulesShownBy, shortfallOf, tradesOf, type LogEntry } from '../domain/log-entry';
import { isOpen, kindOf, type Order } from '../domain/order';
import { legDirection, LIST_ROLE_CODE, LIST_SIZE, listIdOf, listOrderId, listOrderIds, membershipOf, newListId, roleAt, type ListedOrder, type ListType } from '../domain/order-list';
import { triggerOf } from '../domain/order-type';
import { actorOf, initiator, requireAccount } from '../domain/principal';
import { Refusal, unavailableAs, type FieldFault, type OrderWithTrades } from '../domain/refusal';
import { resultCodeOf } from '../domain/result-code';
import type { Staleness } from '../domain/staleness';
import type { Acknowledgement } from './acknowledgement';
import type { CommandRunner } from './command-runner';
import type { OrderOwners } from './order-owners';
import type { OrderReader } from './order-reader';
import { factsOf } from './outcomes';
import { isModeLeft, MAY_REST, type PlaceOrder } from './place-order';
import type { CommitWatch, OrderEngine, OrderHistory, TradingObserver } from './ports';
import { differences, fingerprintOfEntry, fingerprintOfList, fingerprintOfListCancel, type RequestFingerprint } from './request-fingerprint';
import type { AckAfter, ListRequest, OrderList } from './requests';

/** What came of a list's request. */
export interface ListOutcome extends OrderList {
  /** It is the answer that the request's key got first. */
  readonly replayed: boolean;
}

export interface CancelListRequest {
  /** UUID in lower case. */
  readonly listId: string;
  /** Whose it must be, null for anybody's. */
  readonly clientId: string | null;
  readonly key: string | null;
}

export interface ListsQuery {
  readonly clientId: string;
  readonly limit: number;
  /** The id of the last list of the page before, null for the first page. */
  readonly cursor: string | null;
}

export interface ListsPage {
  /** The newest first; of each its orders, without their trades. */
  readonly lists: readonly { readonly listId: string; readonly type: ListType; readonly orders: readonly Order[] }[];
  /** null behind the last page. */
  readonly nextCursor: string | null;
  /** Set where lists may be missing. */
  readonly stale: Staleness | null;
}

export interface OrderListsOptions {
  readonly readBarrierTimeoutMs: number;
  /** Of a client and its idempotency key. */
  digest(clientId: string, key: string): string;
}

/** Orders that belong together: placing them in one step, cancelling what is left of them, reading them. */
export class OrderLists {
  constructor(
    private readonly engine: OrderEngine, private readonly history: OrderHistory, private readonly commits: CommitWatch, private readonly instruments: InstrumentTable,
    private readonly placing: PlaceOrder, private readonly runner: CommandRunner, private readonly reader: OrderReader, private readonly owners: OrderOwners,
    private readonly acknowledgement: Acknowledgement, private readonly observer: TradingObserver, private readonly options: OrderListsOptions,
  ) {}

  /** @throws Refusal */
  async place(context: Context, request: ListRequest): Promise<ListOutcome> {
    const { clientId, type, key, ackAfter } = request;
    requireAccount(context.principal, clientId);
    const idempotency = key === null ? null : this.options.digest(clientId, key);
    const instrument = await this.instrumentOf(request, idempotency);
    const orders = await this.ordersOf(request, instrument ?? this.instruments.of(request.instrument));
    const fingerprint = fingerprintOfList(type, request.instrument, orders.map((order, i) => [order, isModeLeft(request.orders[i] as ListRequest['orders'][number])]));
    const listId = newListId();
    for (const order of request.orders) this.observer.received(request.instrument, order.type, order.side);
    const actor = initiator(context.principal);
    const asked = { idempotency, request: idempotency === null ? null : fingerprint };
    // Where the instrument is traded no more only a repeat is answered; the command that it comes with does nothing.
    const command: EngineCommand = instrument === null
      ? { op: 'cancel', actor, order: { listId }, ...asked }
      : { op: 'list', actor, listId, clientId, instrument: request.instrument, orders: orders.map((order, i) => listed(order, type, i, orders)), ...asked };
    const { result, epoch } = await this.runner.one(command, context.signatureUse);
    if (instrument === null && result.outcome !== 'repeated') throw new Refusal('instrument_not_found', { instrument: request.instrument });
    this.observe(request, result);
    const entry = await this.entryOf(context, result, epoch, fingerprint, ackAfter);
    const replayed = result.outcome === 'repeated';
    for (const order of entry.orders) this.owners.remember(order);
    return this.replaying(replayed, () => Promise.resolve({ ...placedBy(entry), replayed }));
  }

  /** Cancels what is left of a list. @throws Refusal `order_list_not_found`, `order_list_not_open` with the list */
  async cancel(context: Context, { listId, clientId, key }: CancelListRequest): Promise<ListOutcome> {
    const first = { orderId: listOrderId(listId, 1), clientId };
    const idempotency = await this.owners.keyScope(context, first, key);
    const fingerprint = fingerprintOfListCancel(listId);
    const actor = actorOf(context.principal, clientId);
    const { result, epoch } = await this.runner.one(
      { op: 'cancel', actor, order: { listId }, idempotency, request: idempotency === null ? null : fingerprint }, context.signatureUse,
    );
    const replayed = result.outcome === 'repeated';
    // That its list cannot be read now is no promise that nothing happened.
    return this.replaying(replayed, () => unavailableAs(key === null ? 'outcome_unknown' : 'history_unavailable', async () => {
      try {
        await this.entryOf(context, result, epoch, fingerprint, undefined);
      } catch (error) {
        throw error instanceof Refusal ? await this.notCancelled(context, error, listId, actor, key !== null) : error;
      }
      return { ...await this.list(context, listId), replayed };
    }));
  }

  /** A list with its orders and their trades, wherever they are. @throws Refusal `order_list_not_found` */
  async list(context: Context, listId: string): Promise<OrderList> {
    const first = await this.orderOf(context, listOrderId(listId, 1));
    const membership = membershipOf(first.order);
    if (membership === null) throw new Refusal('order_list_not_found');
    const [, ...others] = listOrderIds(listId, membership.type);
    return { listId, type: membership.type, orders: [first, ...await Promise.all(others.map((orderId) => this.orderOf(context, orderId)))] };
  }

  /** A client's lists. @throws Refusal `account_not_found` */
  async lists(context: Context, { clientId, limit, cursor }: ListsQuery): Promise<ListsPage> {
    requireAccount(context.principal, clientId);
    const timeoutMs = Math.max(0, Math.min(this.options.readBarrierTimeoutMs, context.deadlineMs - performance.now()));
    const isComplete = await this.commits.waitFor(await this.engine.position(), timeoutMs);
    const firsts = await this.history.listsOfClient(clientId, cursor === null ? null : await this.placedAt(cursor, clientId), limit);
    const lists = await Promise.all(firsts.map(async (first) => {
      const type = (membershipOf(first) as NonNullable<ReturnType<typeof membershipOf>>).type;
      const [, ...others] = listOrderIds(listIdOf(first), type);
      const found = await Promise.all(others.map((orderId) => this.history.order(orderId)));
      return { listId: listIdOf(first), type, orders: [first, ...found.filter((order) => order !== null)] };
    }));
    const now = new Map((await this.reader.asOfNow(lists.flatMap(({ orders }) => orders))).map((order) => [order.orderId, order]));
    const told = lists.map((list) => ({ ...list, orders: list.orders.map((order) => now.get(order.orderId) ?? order) }));
    const last = lists.length === limit ? lists.at(-1) : undefined;
    return { lists: told, nextCursor: last?.listId ?? null, stale: isComplete ? null : await this.commits.staleness() };
  }

  private async placedAt(listId: string, clientId: string): Promise<number> {
    const first = await this.history.order(listOrderId(listId, 1));
    if (first === null || first.clientId !== clientId || membershipOf(first) === null) {
      throw new Refusal('validation_failed', { fields: [{ field: 'cursor', message: 'names no order list' }] });
    }
    return first.placedSequence;
  }

  /** @returns null for one that is traded no more, where the key may have an answer @throws Refusal `instrument_not_found` */
  private async instrumentOf({ instrument }: ListRequest, idempotency: string | null): Promise<Instrument | null> {
    if (idempotency === null || !this.instruments.isRetired(instrument)) return this.instruments.require(instrument);
    if (await this.engine.hasKey(idempotency)) return null;
    throw new Refusal('instrument_not_found', { instrument });
  }

  /** @throws Refusal `validation_failed` for amounts that do not fit the instrument, and orders that make no list of that type */
  private async ordersOf({ type, clientId, orders }: ListRequest, instrument: Instrument): Promise<ListedOrder[]> {
    const faults: FieldFault[] = [];
    const read: ListedOrder[] = [];
    for (const [index, order] of orders.entries()) {
      const beside = await this.placing.besideOf({ ...order, clientId });
      read.push(this.placing.termsOf(order, instrument, beside, (field, message) => faults.push({ field: { list: 'orders', index, field }, message })));
    }
    if (faults.length === 0) faults.push(...faultsOfList(type, read));
    if (faults.length > 0) throw new Refusal('validation_failed', { fields: faults });
    return read;
  }

  private async orderOf(context: Context, orderId: string): Promise<OrderWithTrades> {
    try {
      return await this.reader.order(context, orderId);
    } catch (error) {
      throw error instanceof Refusal && error.code === 'order_not_found' ? new Refusal('order_list_not_found') : error;
    }
  }

  /** The entry of a command that was carried out, or had been by the same key. @throws Refusal */
  private async entryOf(context: Context, result: CommandResult, epoch: string | null, fingerprint: RequestFingerprint, ackAfter: AckAfter | undefined): Promise<LogEntry> {
    if (result.outcome === 'refused') throw new Refusal(result.code, factsOf({ shortfall: result.shortfall, rules: result.instrument }));
    if (result.outcome !== 'logged' && result.outcome !== 'repeated') throw new Error(`a command of a list was answered as ${result.outcome}`);
    const entry = result.outcome === 'logged' ? result.entry : await this.repeatedEntry(result, fingerprint);
    // What came out of the journal is in Postgres already.
    if (result.entry !== null && this.acknowledgement.isAfterPostgres(ackAfter)) await this.acknowledgement.committed(context, epoch, entry.sequence);
    if (entry.kind === 'refuse') throw new Refusal(resultCodeOf(entry.code), factsOf({ shortfall: shortfallOf(entry), rules: rulesShownBy(entry) }));
    return entry;
  }

  private async repeatedEntry(result: Repeated, fingerprint: RequestFingerprint): Promise<LogEntry> {
    const entry = result.entry ?? await this.history.journalEntry(result.sequence, result.second);
    if (entry === null) throw new Error(`entry ${result.sequence} is neither in the log nor in the journal`);
    const fields = differences(fingerprintOfEntry(entry), fingerprint);
    if (fields.length > 0) throw new Refusal('idempotency_key_reused', { fields });
    return entry;
  }

  /** Lists whose orders have all left Redis are told from the record. */
  private async notCancelled(context: Context, refusal: Refusal, listId: string, actor: ReturnType<typeof actorOf>, isKeyed: boolean): Promise<Refusal> {
    if (refusal.code !== 'order_list_not_found' && refusal.code !== 'order_list_not_open') return refusal;
    const list = await this.list(context, listId).catch((error: unknown) => {
      if (error instanceof Refusal && error.code === 'order_list_not_found') return null;
      throw error;
    });
    const owner = list?.orders[0]?.order.clientId;
    if (list === null || owner === undefined || !isActors(actor, owner)) return new Refusal('order_list_not_found');
    // With a key the refusal is remembered: then this is no answer yet, and not a promise that nothing happened.
    if (list.orders.some(({ order, stale }) => isOpen(order) || (isKeyed && stale !== null))) return new Refusal(isKeyed ? 'history_unavailable' : 'engine_recovering');
    return new Refusal('order_list_not_open', { list });
  }

  private async replaying(replayed: boolean, answer: () => Promise<ListOutcome>): Promise<ListOutcome> {
    try {
      return await answer();
    } catch (error) {
      // What cannot be read now is no answer yet, and a key that was used for something else has none here.
      if (replayed && error instanceof Refusal && error.code !== 'history_unavailable' && error.code !== 'idempotency_key_reused') error.replayed = true;
      throw error;
    }
  }

  private observe({ instrument }: ListRequest, result: CommandResult): void {
    // Whether a list of unknown outcome was turned down nobody knows yet.
    if (result.outcome === 'refused' && result.code !== 'outcome_unknown') this.observer.rejected(instrument, result.code);
    if (result.outcome !== 'logged') return;
    const { entry } = result;
    if (entry.kind === 'refuse') this.observer.rejected(instrument, resultCodeOf(entry.code));
    for (const { status, reason } of entry.kind === 'list' ? entry.orders : []) {
      if (status === 'rejected' && reason !== null) this.observer.rejected(instrument, reason);
    }
    if (entry.fills.length > 0) this.observer.matched(instrument, entry.fills.length);
  }
}

/** An order as one of a list's. */
function listed(order: ListedOrder, type: ListType, index: number, orders: readonly ListedOrder[]): ListedOrder {
  const role = roleAt(type, index + 1, orders.map(({ side }) => side));
  return { ...order, traits: { ...order.traits, list: type, listRole: LIST_ROLE_CODE[role] } };
}

/** A list as its entry told it, its orders in their places. */
function placedBy(entry: LogEntry): OrderList {
  const { command } = entry;
  if (command?.op !== 'list') throw new Error(`entry ${entry.sequence} places no list`);
  const [first] = command.orders;
  const ids = listOrderIds(command.listId, first?.traits.list as ListType);
  const trades = tradesOf(entry);
  const orders = ids.map((orderId): OrderWithTrades => {
    const order = entry.orders.find((one) => one.orderId === orderId);
    if (order === undefined) throw new Error(`entry ${entry.sequence} does not tell order ${orderId}`);
    return { order, trades: trades.filter(({ takerOrderId }) => takerOrderId === orderId), stale: null };
  });
  return { listId: command.listId, type: first?.traits.list as ListType, orders };
}

/** Why orders make no list of a type. */
function faultsOfList(type: ListType, orders: readonly ListedOrder[]): FieldFault[] {
  const size = LIST_SIZE[type];
  if (orders.length !== size) return [{ field: 'orders', message: `must be ${size} of an ${type}` }];
  const behind = type === 'oco' ? [] : orders.slice(1);
  const unheld = behind.flatMap(({ side, traits: { budget } }, i): FieldFault[] => (side === 'buy' || budget === undefined
    ? [] : [{ field: { list: 'orders', index: i + 1, field: 'quoteQuantity' }, message: 'is for a buy: a sell that waits for another order names its quantity' }]));
  if (unheld.length > 0 || type === 'oto') return unheld;
  const from = type === 'oco' ? 0 : 1;
  const pair = orders.slice(from) as [ListedOrder, ListedOrder];
  const faults = pair.flatMap((leg, i): FieldFault[] => {
    const { type: kind, timeInForce } = kindOf(leg.kind);
    const mayWait = triggerOf(leg.traits) !== null || (kind === 'limit' && MAY_REST.has(timeInForce));
    return mayWait ? [] : [{ field: { list: 'orders', index: from + i, field: 'type' }, message: 'must be one of a pair that waits: a limit order that may rest, or one that waits for its price' }];
  });
  if (faults.length > 0) return faults;
  const [one, other] = pair;
  if (one.side !== other.side) return [{ field: { list: 'orders', index: from + 1, field: 'side' }, message: 'must be that of the other one of the pair' }];
  const [upper, lower] = legDirection(one) === 'rising' ? pair : [other, one];
  if (legDirection(upper) !== 'rising' || legDirection(lower) !== 'falling') {
    return [{ field: 'orders', message: 'must be a pair of which one waits for the price to rise and the other for it to fall: a stop, and a limit or a take-profit' }];
  }
  if (waitsAt(upper) > waitsAt(lower)) return [];
  return [{ field: 'orders', message: 'must be a pair of which the one that waits for the price to rise is above the other' }];
}

/** Ticks that the price has to come to for one of a pair. */
function waitsAt({ traits, priceTicks }: ListedOrder): number {
  return traits.triggerPrice ?? priceTicks;
}
