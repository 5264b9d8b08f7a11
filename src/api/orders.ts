import { LRUCache } from 'lru-cache';
import { parseAmount, textOfInput, type AmountInput, type Step } from '../domain/amounts';
import type { AmendCandidate, CommandResult, EngineCommand, OrderReference, Repeated } from '../domain/commands';
import type { Instrument } from '../domain/instruments';
import { tradesOf, type LogEntry } from '../domain/log-entry';
import { isUuid, newOrderId } from '../domain/order-id';
import { isOpen, kindCode, type Order, type Trade } from '../domain/order';
import { presentOrder, presentOrderWithTrades } from '../domain/present';
import { resultCodeOf, type ResultCode } from '../domain/result-code';
import { UnavailableError } from '../domain/unavailable';
import type { Answer, Staleness } from './answer';
import { answerOfProblem } from './answer';
import { differences, printOfEntry, printOfPlace, type RequestPrint } from './idempotency';
import type { InstrumentTable } from './instrument-table';
import { Problem, invalid, problemOf, type FieldError } from './problem';
import {
  AMEND, CANCEL, batchSchema, checkBody, checkIdempotencyKey, checkOperation, checkPlace, checkQuery, querySchemas,
} from './schemas';
import type { AmendBody, Operation, OrderReferenceBody, PlaceBody } from './shapes';

/** The matching engine as the API uses it. */
export interface OrderEngine {
  submit(command: EngineCommand): Promise<CommandResult>;
  /** Commands that are handed over together take effect in their order. */
  submitAll(commands: readonly EngineCommand[]): Promise<readonly CommandResult[]>;
  readRecord(orderId: string): Promise<Order | null>;
  readOrder(orderId: string): Promise<{ order: Order; entries: readonly LogEntry[]; reachedFrom: number } | null>;
  readOpenOrders(clientId: string, instrument: string | null, behind: number | null, limit: number):
    Promise<{ orders: readonly Order[]; next: number | null }>;
  position(): Promise<Position>;
  /** The life of the shard that commands are bound to now, null before the first. */
  readonly known: { readonly epoch: string } | null;
}

/** Postgres as the API reads it. */
export interface OrderHistory {
  order(orderId: string): Promise<Order | null>;
  ordersOfClient(clientId: string, instrument: string | null, behind: number | null, limit: number): Promise<readonly Order[]>;
  tradesOfOrder(orderId: string): Promise<readonly Trade[]>;
  journalEntry(sequence: number, second: number): Promise<LogEntry | null>;
}

/** A place in the log of one life of the shard. */
export interface Position {
  readonly epoch: string;
  readonly sequence: number;
}

export interface CommitWatch {
  /** @returns false when Postgres does not hold `position` in time. */
  waitFor(position: Position, timeoutMs: number): Promise<boolean>;
  staleness(): Promise<Staleness>;
}

export interface OrdersObserver {
  received(instrument: string, type: string, side: string): void;
  matched(instrument: string, trades: number): void;
  rejected(instrument: string, reason: string): void;
  latency(instrument: string, type: string, seconds: number): void;
  /** An operation failed for a fault of ours. */
  failed(error: unknown, requestId: string): void;
}

export interface OrdersOptions {
  readonly batchOperationsMax: number;
  readonly ordersLimitMax: number;
  readonly massCancelPage: number;
  readonly ackAfter: 'redis' | 'postgres';
  readonly engineTimeoutMs: number;
  readonly readBarrierTimeoutMs: number;
  digest(clientId: string, key: string): string;
  /** Whether an error says that Postgres is away, as against a fault of ours. */
  isHistoryAway(error: unknown): boolean;
}

/** A command that passed its checks, and how its result becomes an answer. */
interface Prepared {
  readonly command: EngineCommand;
  finish(done: Done): Awaitable<Answer>;
}

/** Most answers are there at once: a promise for each operation of a batch would cost more than the answer. */
type Awaitable<T> = T | Promise<T>;

function allOf<T>(values: readonly Awaitable<T>[]): Awaitable<readonly T[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : values as readonly T[];
}

interface Done {
  readonly result: CommandResult;
  /** Life of the shard in which it was carried out; null when another one began meanwhile. */
  readonly epoch: string | null;
}

/** Orders whose owner and instrument are remembered; neither ever changes. */
const OWNERS_MAX = 200_000;

const REPLAYED = { 'Idempotency-Replayed': 'true' } as const;

interface Owner {
  readonly clientId: string;
  readonly instrument: string;
}

/** Placing, changing and reading orders: the same code behind HTTP, batches and WebSocket order entry. */
export class OrdersApi {
  private readonly owners = new LRUCache<string, Owner>({ max: OWNERS_MAX });
  private readonly batchBody;
  private readonly queries;

  constructor(
    private readonly engine: OrderEngine,
    private readonly history: OrderHistory,
    private readonly commits: CommitWatch,
    private readonly instruments: InstrumentTable,
    private readonly options: OrdersOptions,
    private readonly observer: OrdersObserver,
  ) {
    this.batchBody = batchSchema(options.batchOperationsMax);
    this.queries = querySchemas({ levelsMax: 1, tradesMax: 1, ordersMax: options.ordersLimitMax });
  }

  /** POST /orders */
  async place(body: unknown, headerKey: string | undefined): Promise<Answer> {
    const started = process.hrtime.bigint();
    const order = checkPlace(body);
    const answer = await this.carryOut(this.preparePlace(order, headerKey));
    this.observeLatency(order, started);
    return answer;
  }

  /** POST /orders/{order_id}/cancel, DELETE /orders/{order_id} */
  async cancel(orderId: string, body: unknown, headerKey: string | undefined): Promise<Answer> {
    const fields = checkBody(CANCEL, body === undefined ? {} : body);
    return this.carryOut(await this.prepareCancel({ order_id: this.pathId(orderId), ...fields }, headerKey));
  }

  /** PATCH /orders/{order_id} */
  async amend(orderId: string, body: unknown, headerKey: string | undefined): Promise<Answer> {
    const fields = checkBody(AMEND, body);
    return this.carryOut(await this.prepareAmend({ order_id: this.pathId(orderId), ...fields }, headerKey));
  }

  /** One operation as a batch has them, alone. */
  async operation(operation: unknown): Promise<Answer> {
    const started = process.hrtime.bigint();
    const checked = checkOperation(operation);
    const answer = await this.carryOut(await this.prepare(checked));
    if (checked.op === 'place') this.observeLatency(checked, started);
    return answer;
  }

  /** POST /orders/batch: every operation is answered as its own call would be. */
  async batch(body: unknown, requestId: string): Promise<Answer> {
    const { operations } = checkBody(this.batchBody, body);
    const prepared = await allOf(operations.map((operation) => (
      this.asAnswer<Prepared>(() => this.prepare(checkOperation(operation)), requestId)
    )));
    const steps = prepared.filter((step): step is Prepared => !('status' in step));
    const done = await this.submitAll(steps.map((step) => step.command));
    let next = 0;
    const answers = await allOf(prepared.map((step) => {
      if ('status' in step) return step;
      const own = done[next++] as Done;
      return this.asAnswer(() => step.finish(own), requestId);
    }));
    return { status: 200, body: { results: answers.map(({ status, body: answer }) => ({ status, body: answer })) } };
  }

  /** DELETE /orders?client_id=… */
  async massCancel(query: Readonly<Record<string, unknown>>): Promise<Answer> {
    const { client_id: clientId, instrument } = checkQuery(this.queries.massCancel, query);
    if (instrument !== undefined) this.instruments.require(instrument);
    const cancelled: string[] = [];
    try {
      await this.cancelPages(clientId, instrument ?? null, cancelled);
    } catch (error) {
      const problem = problemOf(error);
      // What happened before the error has happened.
      throw problem === null ? error : new Problem(problem.code, { ...problem.extras, extensions: { cancelled } });
    }
    return { status: 200, body: { cancelled } };
  }

  /** @param cancelled takes the ids, page by page */
  private async cancelPages(clientId: string, instrument: string | null, cancelled: string[]): Promise<void> {
    let after: number | null = 0;
    let bound: number | null = null;
    do {
      const { result, epoch }: Done = await this.submit({
        op: 'mass_cancel', actor: null, clientId, instrument, after, bound, pageSize: this.options.massCancelPage,
      });
      if (result.outcome === 'refused') throw new Problem(result.code);
      if (result.outcome !== 'mass_cancelled') throw new Error(`mass cancel answered with ${result.outcome}`);
      for (const order of result.entry?.orders ?? []) cancelled.push(order.orderId);
      if (result.entry !== null && this.options.ackAfter === 'postgres') await this.acknowledge(epoch, result.entry.sequence);
      ({ after, bound } = result);
    } while (after !== null);
  }

  private async carryOut(prepared: Prepared): Promise<Answer> {
    return prepared.finish(await this.submit(prepared.command));
  }

  private async submit(command: EngineCommand): Promise<Done> {
    const before = this.engine.known?.epoch;
    const result = await this.engine.submit(command);
    return { result, epoch: this.epochSince(before) };
  }

  private async submitAll(commands: readonly EngineCommand[]): Promise<readonly Done[]> {
    const before = this.engine.known?.epoch;
    const results = await this.engine.submitAll(commands);
    const epoch = this.epochSince(before);
    return results.map((result) => ({ result, epoch }));
  }

  private epochSince(before: string | undefined): string | null {
    return before !== undefined && before === this.engine.known?.epoch ? before : null;
  }

  /** GET /public/orders/{order_id} */
  async order(orderId: string): Promise<Answer> {
    const id = this.pathId(orderId);
    const live = await this.engine.readOrder(id);
    if (live !== null) {
      const { trades, stale } = await this.tradesOf(live.order, live.entries, live.reachedFrom);
      return { status: 200, body: { ...this.present(live.order, trades), ...stale } };
    }
    const order = await this.fromHistory(() => this.history.order(id));
    if (order === null) throw new Problem('order_not_found');
    return { status: 200, body: this.present(order, await this.fromHistory(() => this.history.tradesOfOrder(id))) };
  }

  /** GET /orders */
  async list(query: Readonly<Record<string, unknown>>): Promise<Answer> {
    const { client_id: clientId, status, instrument, limit, cursor } = checkQuery(this.queries.orders, query);
    if (instrument !== undefined) this.instruments.require(instrument);
    if (status === 'open') return this.listOpen(clientId, instrument, cursor, limit, null);
    const complete = await this.commits.waitFor(await this.engine.position(), this.options.readBarrierTimeoutMs);
    try {
      const orders = await this.history.ordersOfClient(clientId, instrument ?? null, cursor ?? null, limit);
      const last = orders.length === limit ? orders[orders.length - 1] : undefined;
      return {
        status: 200,
        body: {
          orders: orders.map((order) => presentOrder(order, this.instruments.of(order.instrument))),
          next_cursor: last === undefined ? null : String(last.placedSequence),
          ...(complete ? {} : await this.commits.staleness()),
        },
      };
    } catch (error) {
      if (!this.options.isHistoryAway(error)) throw error;
      // What Redis knows is better than nothing, as long as the answer says so.
      return this.listOpen(clientId, instrument, cursor, limit, await this.commits.staleness());
    }
  }

  private async listOpen(
    clientId: string, instrument: string | undefined, cursor: number | undefined, limit: number, stale: Staleness | null,
  ): Promise<Answer> {
    const page = await this.engine.readOpenOrders(clientId, instrument ?? null, cursor ?? null, limit);
    return {
      status: 200,
      body: {
        orders: page.orders.map((order) => presentOrder(order, this.instruments.of(order.instrument))),
        next_cursor: page.next === null ? null : String(page.next),
        ...stale,
      },
    };
  }

  /** A path that is no UUID names no order. */
  private pathId(orderId: string): string {
    if (!isUuid(orderId)) throw new Problem('order_not_found');
    return orderId.toLowerCase();
  }

  /** @param work may throw, or reject, with a problem */
  private asAnswer<T>(work: () => Awaitable<T | Answer>, requestId: string): Awaitable<T | Answer> {
    const told = (error: unknown): Answer => {
      const problem = problemOf(error);
      // A fault of ours in one operation takes nothing from the others: they have been carried out.
      if (problem === null) this.observer.failed(error, requestId);
      return answerOfProblem(problem ?? new Problem('internal_error'), requestId);
    };
    try {
      const value = work();
      return value instanceof Promise ? value.catch(told) : value;
    } catch (error) {
      return told(error);
    }
  }

  private prepare(operation: Operation): Awaitable<Prepared> {
    switch (operation.op) {
      case 'place': return this.preparePlace(operation, undefined);
      case 'cancel': return this.prepareCancel(operation, undefined);
      case 'amend': return this.prepareAmend(operation, undefined);
    }
  }

  private keyOf(bodyKey: string | undefined, headerKey: string | undefined): string | null {
    if (headerKey === undefined) return bodyKey ?? null;
    checkIdempotencyKey(headerKey);
    if (bodyKey !== undefined && bodyKey !== headerKey) {
      throw invalid([{ field: 'idempotency_key', message: 'differs from the Idempotency-Key header' }]);
    }
    return headerKey;
  }

  private preparePlace(body: PlaceBody, headerKey: string | undefined): Prepared {
    const instrument = this.instruments.require(body.instrument);
    const errors: FieldError[] = [];
    const amount = (field: string, value: AmountInput, step: Step, max: number, min: number): number => {
      const parsed = parseAmount(value, step, max, min);
      if (parsed.ok) return parsed.value;
      errors.push({ field, message: parsed.problem });
      return 0;
    };
    const priceTicks = body.price === undefined
      ? 0
      : amount('price', body.price, instrument.tick, instrument.priceTicksMax, instrument.priceTicksMin);
    const quantityLots = amount('quantity', body.quantity, instrument.lot, instrument.quantityLotsMax, instrument.quantityLotsMin);
    if (errors.length > 0) throw invalid(errors);
    const key = this.keyOf(body.idempotency_key, headerKey);
    const command = {
      op: 'place' as const,
      actor: null,
      instrument: body.instrument,
      side: body.side,
      kind: kindCode(body.type, body.time_in_force, body.post_only),
      priceTicks,
      quantityLots,
      orderId: newOrderId(),
      clientId: body.client_id,
      clientOrderId: body.client_order_id ?? null,
      idempotency: key === null ? null : this.options.digest(body.client_id, key),
    };
    this.observer.received(body.instrument, body.type, body.side);
    return {
      command,
      finish: (done) => {
        this.observePlace(body.instrument, done.result);
        return this.answer(done, 201, key === null ? null : printOfPlace(command), body.ack);
      },
    };
  }

  private observeLatency({ instrument, type }: PlaceBody, started: bigint): void {
    this.observer.latency(instrument, type, Number(process.hrtime.bigint() - started) / 1e9);
  }

  private observePlace(instrument: string, result: CommandResult): void {
    if (result.outcome === 'refused') this.observer.rejected(instrument, result.code);
    if (result.outcome !== 'logged') return;
    const { entry } = result;
    if (entry.kind === 'refuse') this.observer.rejected(instrument, resultCodeOf(entry.code));
    const order = entry.orders[0];
    if (order?.status === 'rejected' && order.reason !== null) this.observer.rejected(instrument, order.reason);
    this.observeFills(entry);
  }

  private observeFills(entry: LogEntry): void {
    const order = entry.orders[0];
    if (order !== undefined && entry.fills.length > 0) this.observer.matched(order.instrument, entry.fills.length);
  }

  private prepareCancel(
    body: OrderReferenceBody & { readonly idempotency_key?: string }, headerKey: string | undefined,
  ): Awaitable<Prepared> {
    const key = this.keyOf(body.idempotency_key, headerKey);
    const order = this.reference(body);
    const named: NamedOrder = { order, actor: actorOf(body) };
    const print: RequestPrint | null = key === null ? null : { op: 'cancel', ...this.printOfReference(body) };
    const prepare = (idempotency: string | null): Prepared => ({
      command: { op: 'cancel', ...named, idempotency, request: print },
      finish: (done) => this.answer(done, 200, print, undefined, named),
    });
    const idempotency = this.scopeOf(body, key);
    return idempotency instanceof Promise ? idempotency.then(prepare) : prepare(idempotency);
  }

  private prepareAmend(body: AmendBody & OrderReferenceBody, headerKey: string | undefined): Awaitable<Prepared> {
    const key = this.keyOf(body.idempotency_key, headerKey);
    const idempotency = this.scopeOf(body, key);
    return idempotency instanceof Promise
      ? idempotency.then((digest) => this.prepareOwnAmend(body, key, digest))
      : this.prepareOwnAmend(body, key, idempotency);
  }

  private prepareOwnAmend(body: AmendBody & OrderReferenceBody, key: string | null, idempotency: string | null): Prepared {
    // Only the instrument can tell ticks; an unlikely one is sorted out by the engine in its atomic step.
    const owner = body.order_id === undefined ? undefined : this.owners.get(body.order_id);
    const candidates = owner === undefined ? this.instruments.all : [this.instruments.of(owner.instrument)];
    const amounts = candidates.map((instrument) => this.candidate(instrument, body));
    const allInvalid = amounts.every((candidate) => candidate.errors.length > 0);
    // Wrong in every instrument: no need to ask which one it is.
    if (allInvalid && amounts[0] !== undefined) throw invalid(amounts[0].errors);
    const print: RequestPrint | null = key === null ? null : {
      op: 'amend', ...this.printOfReference(body),
      price: canonicalText(body.price), quantity: canonicalText(body.quantity),
      remaining_quantity: canonicalText(body.remaining_quantity),
    };
    const named: NamedOrder = { order: this.reference(body), actor: actorOf(body) };
    return {
      command: { op: 'amend', ...named, candidates: amounts.map(({ candidate }) => candidate), idempotency, request: print },
      finish: (done) => {
        if (done.result.outcome === 'logged') this.observeFills(done.result.entry);
        const refusal = this.amendErrors(done.result, body);
        if (refusal !== null) throw refusal;
        return this.answer(done, 200, print, undefined, named);
      },
    };
  }

  private candidate(instrument: Instrument, body: AmendBody): { candidate: AmendCandidate; errors: FieldError[] } {
    const errors: FieldError[] = [];
    const amount = (field: string, value: AmountInput | undefined, step: Step, max: number, min: number): number | 'invalid' | null => {
      if (value === undefined) return null;
      const parsed = parseAmount(value, step, max, min);
      if (parsed.ok) return parsed.value;
      errors.push({ field, message: parsed.problem });
      return 'invalid';
    };
    return {
      candidate: {
        instrument: instrument.instrument,
        priceTicks: amount('price', body.price, instrument.tick, instrument.priceTicksMax, instrument.priceTicksMin),
        quantityLots: amount('quantity', body.quantity, instrument.lot, instrument.quantityLotsMax, instrument.quantityLotsMin),
        remainingLots: amount('remaining_quantity', body.remaining_quantity, instrument.lot, instrument.quantityLotsMax, 1),
        quantityLotsMax: instrument.quantityLotsMax,
      },
      errors,
    };
  }

  /** An amend that does not fit its order's instrument: names the fields that do not. */
  private amendErrors(result: CommandResult, body: AmendBody): Problem | null {
    let order: Order | null = null;
    if (result.outcome === 'refused' && result.code === 'amend_invalid') order = result.order;
    return order === null ? null : invalid(this.candidate(this.instruments.of(order.instrument), body).errors);
  }

  private reference(body: OrderReferenceBody): OrderReference {
    if (body.order_id !== undefined) return { orderId: body.order_id };
    return { clientId: body.client_id as string, clientOrderId: body.client_order_id as string };
  }

  private printOfReference(body: OrderReferenceBody): RequestPrint {
    return { order_id: body.order_id ?? null, client_order_id: body.client_order_id ?? null };
  }

  /**
   * A key is scoped to the client that acts; where a call names only the order, to the order's client, which never changes.
   * An order that does not exist has none: its key belongs to that one id.
   * @returns the key's digest, null without one
   */
  private scopeOf(body: OrderReferenceBody, key: string | null): Awaitable<string | null> {
    if (key === null) return null;
    if (body.client_id !== undefined) return this.options.digest(body.client_id, key);
    return this.scopeOfOwner(body.order_id as string, key);
  }

  private async scopeOfOwner(orderId: string, key: string): Promise<string> {
    const owner = await this.owner(orderId);
    return this.options.digest(owner?.clientId ?? `\u0000${orderId}`, key);
  }

  private async owner(orderId: string): Promise<Owner | null> {
    const known = this.owners.get(orderId);
    if (known !== undefined) return known;
    const order = await this.engine.readRecord(orderId) ?? await this.fromHistory(() => this.history.order(orderId));
    if (order !== null) this.remember(order);
    return order;
  }

  private remember(order: Order): void {
    // A done order is seldom asked for again; its record tells as well.
    if (isOpen(order)) this.owners.set(order.orderId, { clientId: order.clientId, instrument: order.instrument });
  }

  /**
   * A command's result as its answer.
   * @param print what this request asks for, to tell a retry from a reused key; null without a key
   * @param named the order that was named, to look a missing one up in history
   * @throws Problem
   */
  private answer(
    { result, epoch }: Done, success: number, print: RequestPrint | null, ack: 'redis' | 'postgres' | undefined,
    named?: NamedOrder,
  ): Awaitable<Answer> {
    const ackAfter = ack ?? this.options.ackAfter;
    switch (result.outcome) {
      case 'logged': {
        const { entry } = result;
        if (ackAfter === 'redis') return this.answerOfEntry(entry, success, named);
        return this.acknowledge(epoch, entry.sequence).then(() => this.answerOfEntry(entry, success, named));
      }
      case 'repeated':
        return this.answerAgain(result, epoch, success, print, ackAfter, named);
      case 'unchanged':
        return { status: success, body: this.present(result.order, []) };
      case 'refused':
        return this.refusal(result.code, result.order, named).then((problem) => { throw problem; });
      case 'mass_cancelled':
        throw new Error('a single command answered as a mass cancel');
    }
  }

  /** The first answer of an idempotency key, for a request that may be another one. */
  private async answerAgain(
    result: Repeated, epoch: string | null, success: number, print: RequestPrint | null, ackAfter: 'redis' | 'postgres',
    named: NamedOrder | undefined,
  ): Promise<Answer> {
    const entry = result.entry ?? await this.fromHistory(() => this.history.journalEntry(result.sequence, result.second));
    if (entry === null) throw new Error(`entry ${result.sequence} is neither in the log nor in the journal`);
    const different = print === null ? [] : differences(printOfEntry(entry), print);
    if (different.length > 0) {
      throw new Problem('idempotency_key_reused', {
        detail: `The key was used for a request with another ${different.map((error) => error.field).join(', ')}.`,
        errors: different,
      });
    }
    // What came out of the journal is in Postgres already.
    if (result.entry !== null && ackAfter === 'postgres') await this.acknowledge(epoch, entry.sequence);
    try {
      const answer = await this.answerOfEntry(entry, success, named);
      return { ...answer, headers: { ...answer.headers, ...REPLAYED } };
    } catch (error) {
      if (error instanceof Problem) Object.assign(error.headers, REPLAYED);
      throw error;
    }
  }

  private answerOfEntry(entry: LogEntry, success: number, named: NamedOrder | undefined): Awaitable<Answer> {
    const order = entry.orders[0];
    if (entry.kind === 'refuse') {
      return this.refusal(resultCodeOf(entry.code), order ?? null, named).then((problem) => { throw problem; });
    }
    if (order === undefined) throw new Error(`entry ${entry.sequence} has no order`);
    this.remember(order);
    if (entry.kind !== 'cancel') return { status: success, body: this.present(order, tradesOf(entry)) };
    if (order.filledLots === 0) return { status: success, body: this.present(order, []) };
    return this.allTradesOf(order).then(({ trades, stale }) => ({ status: success, body: { ...this.present(order, trades), ...stale } }));
  }

  private async refusal(code: ResultCode, order: Order | null, named: NamedOrder | undefined): Promise<Problem> {
    let final = order;
    if (code === 'order_not_found' && named !== undefined && 'orderId' in named.order) {
      const { orderId } = named.order;
      // Done and persisted orders have left Redis: history knows whether it ever was.
      final = await this.fromHistory(() => this.history.order(orderId));
      if (final === null || (named.actor !== null && final.clientId !== named.actor)) return new Problem('order_not_found');
      if (isOpen(final)) return new Problem('engine_recovering');
      return this.notOpen(final);
    }
    if (code === 'order_not_open' && final !== null) return this.notOpen(final);
    return new Problem(code);
  }

  private async notOpen(order: Order): Promise<Problem> {
    const { trades, stale } = await this.allTradesOf(order);
    return new Problem('order_not_open', {
      detail: `The order is ${order.status} already.`,
      extensions: { order: { ...this.present(order, trades), ...stale } },
    });
  }

  private present(order: Order, trades: readonly Trade[]) {
    return presentOrderWithTrades(order, trades, this.instruments.of(order.instrument));
  }

  /**
   * Every trade of a done order, oldest first. The command that asks has been carried out by now, so what cannot
   * be read must not turn its answer into a refusal: the trades are left out, and the answer says that it is stale.
   */
  private async allTradesOf(order: Order): Promise<{ trades: Trade[]; stale: Staleness | null }> {
    if (order.filledLots === 0) return { trades: [], stale: null };
    try {
      const live = await this.engine.readOrder(order.orderId);
      if (live !== null) return await this.tradesOf(live.order, live.entries, live.reachedFrom);
      return { trades: [...await this.history.tradesOfOrder(order.orderId)], stale: null };
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      return { trades: [], stale: await this.commits.staleness() };
    }
  }

  /** Joins the trades that are in the log with those that are only in Postgres. */
  private async tradesOf(order: Order, entries: readonly LogEntry[], reachedFrom: number): Promise<{ trades: Trade[]; stale: Staleness | null }> {
    const byId = new Map<number, Trade>();
    for (const entry of entries) {
      for (const trade of tradesOf(entry)) {
        if (trade.makerOrderId === order.orderId || trade.takerOrderId === order.orderId) byId.set(trade.tradeId, trade);
      }
    }
    let stale: Staleness | null = null;
    if (reachedFrom > 0) {
      try {
        for (const trade of await this.history.tradesOfOrder(order.orderId)) byId.set(trade.tradeId, trade);
      } catch (error) {
        if (!this.options.isHistoryAway(error)) throw error;
        stale = await this.commits.staleness();
      }
    }
    return { trades: [...byId.values()].sort((a, b) => a.tradeId - b.tradeId), stale };
  }

  private async fromHistory<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (this.options.isHistoryAway(error)) throw new Problem('history_unavailable');
      throw error;
    }
  }

  /** Where the acknowledgement waits for Postgres: a commit that does not come in time leaves the outcome open. */
  private async acknowledge(epoch: string | null, sequence: number): Promise<void> {
    // A sequence counts within its life only: in the next one it may be somebody else's.
    if (epoch !== null && await this.commits.waitFor({ epoch, sequence }, this.options.engineTimeoutMs)) return;
    throw new Problem('outcome_unknown', { detail: 'The command has happened in Redis; Postgres has not confirmed it in time.' });
  }
}

/** The order that a cancel or amend names, and whose it must be. */
interface NamedOrder {
  readonly order: OrderReference;
  readonly actor: string | null;
}

/** A client that names itself beside an order's id means an order of its own. */
function actorOf(body: OrderReferenceBody): string | null {
  return body.order_id === undefined ? null : body.client_id ?? null;
}

/** An amount in one spelling, so that 1, 1.0 and "1.00" compare as equal. */
function canonicalText(amount: AmountInput | undefined): string | null {
  if (amount === undefined) return null;
  const text = textOfInput(amount).replace(/^0+(?=[0-9])/, '');
  return text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text;
}
