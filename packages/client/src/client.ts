import { AccountView, type AccountViewOptions } from './account-view';
import { AlgoCalls } from './algo-calls';
import { ControlCalls } from './control-calls';
import type {
  Auction, CandlesPage, ChangeInstrumentRequest, Instrument, Interval, OpenInstrumentRequest, Order, OrderList, OrderListPage, OrderPage, OrderQueues, OrderWithTrades, Orderbook, ProblemBody, Readiness,
  Ticker, Trade, TradesPage,
} from './contract';
import { ProblemError } from './errors';
import { HttpTransport } from './http';
import { HttpCalls, PAGE, everyRow, withQuery } from './http-calls';
import { MoneyCalls } from './money-calls';
import { OrderEntry, type OrderEntryOptions } from './order-entry';
import { problemOf, RETRY_DEFAULTS, Retries, type Answer, type Attempt, type CallOptions, type RetryOptions } from './retry';
import { PeopleCalls } from './people-calls';
import type { Auth } from './session';
import { Stream, type StreamOptions } from './stream';

export interface ClientOptions extends Partial<RetryOptions> {
  /** Who it is, for a venue whose callers say so. */
  readonly auth?: Auth | undefined;
  /** Whether commands get an idempotency key where they have none. Without one, an unclear answer is not asked about again. */
  readonly idempotencyKeys?: boolean;
  /** Told of each attempt of each call, for logs and metrics. */
  readonly onAttempt?: (attempt: Attempt) => void;
}

/** A venue, over HTTP; `stream` and `orderEntry` open its WebSockets. */
export class OpenfillClient extends MoneyCalls {
  readonly url: string;
  private readonly http: HttpTransport;
  private readonly keys: boolean;
  /** Users, logins, API keys, and who may act for which account. */
  readonly people: PeopleCalls;
  /** What acts on an account's orders as a whole: a stop, a dead man's switch. */
  readonly controls: ControlCalls;
  /** Parent orders. */
  readonly algos: AlgoCalls;

  /** @param url of the venue: http or https, from which its WebSockets' addresses follow; ws and wss mean the same */
  constructor(url = 'http://127.0.0.1:3000', options: ClientOptions = {}) {
    const { auth, idempotencyKeys = true, onAttempt = () => undefined, ...retry } = options;
    const plain = new URL(url.replace(/^ws/i, 'http')).href.replace(/\/+$/, '');
    const http = new HttpTransport(plain, auth);
    const retries = new Retries({ ...RETRY_DEFAULTS, ...retry }, onAttempt);
    super(http, retries, idempotencyKeys, new HttpCalls(http, retries, idempotencyKeys));
    this.url = plain;
    this.http = http;
    this.keys = idempotencyKeys;
    this.people = new PeopleCalls(http, retries);
    this.controls = new ControlCalls(http, retries);
    this.algos = new AlgoCalls(http, retries, this.calls);
  }

  /** Trades, orders and book changes as they happen, resumed after each break. */
  stream(options: StreamOptions = {}): Stream {
    return new Stream(this.url, options, this.http.session);
  }

  /** What one account has and what its trades come to, kept as it happens, until it is closed. @param accountId a name without a comma */
  followAccount(accountId: string, options: AccountViewOptions = {}): AccountView {
    const stream = new Stream(this.url, { ...options, channels: ['balances', 'fills'], accounts: [accountId] }, this.http.session);
    return new AccountView(accountId, stream, (signal) => this.positions(accountId, { signal }), options.signal);
  }

  /** The same commands over one WebSocket, many in flight: for bots. */
  orderEntry(options: OrderEntryOptions = {}): OrderEntry {
    return new OrderEntry(this.url, { ...this.retries.options, ...options }, this.keys, this.http.session);
  }

  /**
   * Cancels all open orders of a client (the caller's own account where it is left out), of one instrument or all. It has no key: asked again after an unclear answer, it
   * cancels what is open then, and the ids of the first time are missing from the answer.
   */
  async cancelAll(clientId?: string, instrument?: string, call: CallOptions = {}): Promise<string[]> {
    const cancelled = new Set<string>();
    const note = ({ body }: Answer): void => {
      // An interrupted one tells what it has done all the same.
      for (const id of (body as Partial<ProblemBody> | null)?.cancelled ?? []) cancelled.add(id);
    };
    const path = withQuery('/orders', { client_id: clientId, instrument });
    const answer = await this.retries.settle({
      name: 'DELETE /orders', command: { ...(clientId !== undefined && { client_id: clientId }), ...(instrument !== undefined && { instrument }) }, isRepeatable: true,
      send: async (signal) => {
        const told = await this.http.request('DELETE', path, undefined, signal);
        note(told);
        return told;
      },
    }, call.signal);
    if (answer.status >= 300) throw problemOf(answer);
    return [...cancelled];
  }

  /** Orders of a client (of the caller's own account where it is left out), newest first, one page. */
  orders(
    query: { readonly client_id?: string; readonly status?: 'open' | 'all'; readonly instrument?: string; readonly limit?: number; readonly cursor?: string } = {},
    call: CallOptions = {},
  ): Promise<OrderPage> {
    return this.calls.get('/orders', query, call);
  }

  /** All pages of `orders`, order by order. */
  everyOrder(query: { readonly client_id?: string; readonly status?: 'open' | 'all'; readonly instrument?: string } = {}, call: CallOptions = {}): AsyncGenerator<Order> {
    return everyRow<Order, string>(async (cursor) => {
      const { orders, next_cursor: next } = await this.orders({ ...query, limit: PAGE, ...(cursor !== undefined && { cursor }) }, call);
      return { rows: orders, next };
    });
  }

  /** An order with all its trades, open or done. */
  order(orderId: string, call: CallOptions = {}): Promise<OrderWithTrades> {
    return this.calls.get(`/public/orders/${encodeURIComponent(orderId)}`, {}, call);
  }

  /** A list with its orders and all their trades, open or done. */
  orderList(listId: string, call: CallOptions = {}): Promise<OrderList> {
    return this.calls.get(`/order-lists/${encodeURIComponent(listId)}`, {}, call);
  }

  /** Lists of a client (of the caller's own account where it is left out), newest first, one page. */
  orderLists(query: { readonly client_id?: string; readonly limit?: number; readonly cursor?: string } = {}, call: CallOptions = {}): Promise<OrderListPage> {
    return this.calls.get('/order-lists', query, call);
  }

  /** Totals by price, best first. */
  orderbook(query: { readonly instrument?: string; readonly levels?: number } = {}, call: CallOptions = {}): Promise<Orderbook> {
    return this.calls.get('/public/orderbook', query, call);
  }

  /** The best price of each side alone. */
  best(query: { readonly instrument?: string } = {}, call: CallOptions = {}): Promise<Orderbook> {
    return this.calls.get('/public/orderbook', { ...query, level: 1 }, call);
  }

  /** The single orders of the best prices, in queue order. */
  orderQueues(query: { readonly instrument?: string; readonly levels?: number } = {}, call: CallOptions = {}): Promise<OrderQueues> {
    return this.calls.get('/public/orderbook', { ...query, level: 3 }, call);
  }

  /** Trades, newest first, one page. */
  trades(query: { readonly instrument?: string; readonly limit?: number; readonly before?: number } = {}, call: CallOptions = {}): Promise<TradesPage> {
    return this.calls.get('/public/trades', query, call);
  }

  /** All trades there ever were, newest first. */
  async *everyTrade(query: { readonly instrument?: string } = {}, call: CallOptions = {}): AsyncGenerator<Trade> {
    for (let before: number | undefined; ;) {
      const { trades } = await this.trades({ ...query, limit: PAGE, ...(before !== undefined && { before }) }, call);
      if (trades.length === 0) return;
      yield* trades;
      before = trades.at(-1)?.trade_id;
      if (before === 1) return;
    }
  }

  candles(
    query: {
      readonly instrument?: string; readonly interval?: Interval; readonly start?: string; readonly end?: string; readonly limit?: number; readonly fill?: 'previous';
    } = {},
    call: CallOptions = {},
  ): Promise<CandlesPage> {
    return this.calls.get('/public/candles', query, call);
  }

  ticker(query: { readonly instrument?: string } = {}, call: CallOptions = {}): Promise<Ticker> {
    return this.calls.get('/public/ticker', query, call);
  }

  /** Makes an instrument: for operators. @throws ProblemError `instrument_exists` */
  openInstrument(instrument: OpenInstrumentRequest, call: CallOptions = {}): Promise<Instrument> {
    return this.calls.send('POST', '/instruments', { ...instrument }, call);
  }

  /** Changes an instrument's state or limits: for operators. What is left out stays as it is. */
  changeInstrument(instrument: string, changes: ChangeInstrumentRequest, call: CallOptions = {}): Promise<Instrument> {
    return this.calls.send('PATCH', '/instruments/:instrument', { instrument, ...changes }, call);
  }

  async instruments(call: CallOptions = {}): Promise<readonly Instrument[]> {
    return (await this.calls.get<{ instruments: readonly Instrument[] }>('/public/instruments', {}, call)).instruments;
  }

  /** What a call auction of an instrument would come to now. */
  auction(instrument: string, call: CallOptions = {}): Promise<Auction> {
    return this.calls.get(`/public/instruments/${encodeURIComponent(instrument)}/auction`, {}, call);
  }

  /** Whether the process is alive. */
  health(call: CallOptions = {}): Promise<{ readonly status: 'ok' }> {
    return this.calls.get('/healthz', {}, call);
  }

  /** Whether it takes orders. Not being ready is an answer here, and no error. */
  async readiness(call: CallOptions = {}): Promise<Readiness> {
    const isReadiness = ({ body }: Answer): boolean => typeof (body as Partial<Readiness> | null)?.status === 'string';
    const answer = await this.retries.settle({
      name: 'GET /readyz', command: null, isRepeatable: true, judge: (given) => (isReadiness(given) ? 'done' : 'refused'),
      send: (signal) => this.http.request('GET', '/readyz', undefined, signal),
    }, call.signal);
    return answer.body as Readiness;
  }

  /** Prometheus' text. */
  metrics(call: CallOptions = {}): Promise<string> {
    return this.calls.get('/metrics', {}, call);
  }

  openapi(call: CallOptions = {}): Promise<Readonly<Record<string, unknown>>> {
    return this.calls.get('/openapi.json', {}, call);
  }

  asyncapi(call: CallOptions = {}): Promise<Readonly<Record<string, unknown>>> {
    return this.calls.get('/asyncapi.json', {}, call);
  }
}

/** Whether an error is the venue's refusal with a code. */
export function isProblem(error: unknown, code?: string): error is ProblemError {
  return error instanceof ProblemError && (code === undefined || error.code === code);
}
