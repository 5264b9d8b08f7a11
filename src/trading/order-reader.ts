import type { Context } from '../domain/context';
import type { InstrumentTable } from '../domain/instrument-table';
import type { Order } from '../domain/order';
import { Refusal, type OrderWithTrades } from '../domain/refusal';
import type { Staleness } from '../domain/staleness';
import { UnavailableError } from '../domain/unavailable';
import type { OrderTrades } from './order-trades';
import type { CommitWatch, OrderEngine, OrderHistory } from './ports';

export interface OrdersQuery {
  readonly clientId: string;
  readonly status: 'open' | 'all';
  /** null for every instrument. */
  readonly instrument: string | null;
  readonly limit: number;
  /** Log sequence at which the last order of the page before was placed, null for the first page. */
  readonly behind: number | null;
}

export interface OrdersPage {
  /** The newest placed first. */
  readonly orders: readonly Order[];
  /** What the next page lies behind; null behind the last page. */
  readonly next: number | null;
  /** Set where orders may be missing. */
  readonly stale: Staleness | null;
}

/** Reading orders: one with its trades, or a client's. */
export class OrderReader {
  constructor(
    private readonly engine: OrderEngine, private readonly history: OrderHistory, private readonly commits: CommitWatch,
    private readonly trades: OrderTrades, private readonly instruments: InstrumentTable, private readonly barrierTimeoutMs: number,
  ) {}

  /**
   * An order with its trades, wherever it is: what was acknowledged is there at once, and for ever.
   * @param orderId UUID in lower case
   * @throws Refusal `order_not_found`
   */
  async order(_context: Context, orderId: string): Promise<OrderWithTrades> {
    const live = await this.engine.readOrder(orderId);
    if (live !== null) return this.trades.joined(live.order, live.entries, live.reachedFrom);
    const order = await this.history.order(orderId);
    if (order === null) throw new Refusal('order_not_found');
    return { order, trades: await this.history.tradesOfOrder(orderId), stale: null };
  }

  /** A client's orders. @throws Refusal `instrument_not_found` */
  async orders(context: Context, query: OrdersQuery): Promise<OrdersPage> {
    const { clientId, status, instrument, behind, limit } = query;
    if (instrument !== null) this.instruments.require(instrument);
    if (status === 'open') return this.open(query, null);
    const timeoutMs = Math.max(0, Math.min(this.barrierTimeoutMs, context.deadlineMs - performance.now()));
    const isComplete = await this.commits.waitFor(await this.engine.position(), timeoutMs);
    try {
      const orders = await this.history.ordersOfClient(clientId, instrument, behind, limit);
      const last = orders.length === limit ? orders[orders.length - 1] : undefined;
      return { orders, next: last?.placedSequence ?? null, stale: isComplete ? null : await this.commits.staleness() };
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      // What Redis knows is better than nothing, as long as the answer says so.
      return this.open(query, await this.commits.staleness());
    }
  }

  private async open({ clientId, instrument, behind, limit }: OrdersQuery, stale: Staleness | null): Promise<OrdersPage> {
    const { orders, next } = await this.engine.readOpenOrders(clientId, instrument, behind, limit);
    return { orders, next, stale };
  }
}
