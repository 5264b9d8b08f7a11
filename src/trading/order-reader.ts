import type { Context } from '../domain/context';
import type { InstrumentTable } from '../domain/instrument-table';
import { placingOf, type Order, type Placing } from '../domain/order';
import { mayActFor, requireAccount } from '../domain/principal';
import { Refusal, type OrderWithTrades } from '../domain/refusal';
import type { Staleness } from '../domain/staleness';
import { trailOf } from '../domain/trailing';
import { UnavailableError } from '../domain/unavailable';
import type { OrderTrades } from './order-trades';
import type { CommitWatch, OrderEngine, OrderHistory } from './ports';

export interface OrdersQuery {
  readonly clientId: string;
  readonly status: 'open' | 'all';
  /** null for every instrument. */
  readonly instrument: string | null;
  readonly limit: number;
  /** The id of the last order of the page before, null for the first page. */
  readonly cursor: string | null;
}

export interface OrdersPage {
  /** The newest placed first. */
  readonly orders: readonly Order[];
  /** null behind the last page. */
  readonly nextCursor: string | null;
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
  async order({ principal }: Context, orderId: string): Promise<OrderWithTrades> {
    const live = await this.engine.readOrder(orderId);
    if (live !== null && mayActFor(principal, live.order.clientId)) return this.trades.joined(live.order, live.entries, live.reachedFrom);
    // Another's is looked for as long as one that there is not.
    const order = await this.history.order(orderId);
    if (order === null || !mayActFor(principal, order.clientId)) throw new Refusal('order_not_found');
    return { order, trades: await this.history.tradesOfOrder(orderId), stale: null };
  }

  /** A client's orders. @throws Refusal `account_not_found`, `instrument_not_found` */
  async orders(context: Context, query: OrdersQuery): Promise<OrdersPage> {
    const { clientId, status, instrument, cursor, limit } = query;
    requireAccount(context.principal, clientId);
    if (instrument !== null) this.instruments.require(instrument);
    // A cursor names an order; what lies behind it is told by the log, whatever the clock of its id.
    const behind = cursor === null ? null : await this.placing(context, cursor);
    if (status === 'open') return this.open(query, behind, null);
    const timeoutMs = Math.max(0, Math.min(this.barrierTimeoutMs, context.deadlineMs - performance.now()));
    const isComplete = await this.commits.waitFor(await this.engine.position(), timeoutMs);
    try {
      const orders = await this.history.ordersOfClient(clientId, instrument, behind, limit);
      const last = orders.length === limit ? orders[orders.length - 1] : undefined;
      return { orders: await this.asOfNow(orders), nextCursor: last?.orderId ?? null, stale: isComplete ? null : await this.commits.staleness() };
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      // What Redis knows is better than nothing, as long as the answer says so.
      return this.open(query, behind, await this.commits.staleness());
    }
  }

  /** Orders of the record as they are now: what trails, trades move on without their records being written. */
  async asOfNow(orders: readonly Order[]): Promise<readonly Order[]> {
    const trailing = orders.filter(({ status, traits }) => status === 'pending' && trailOf(traits) !== null);
    if (trailing.length === 0) return orders;
    const found = await this.engine.readWaiting(trailing.map(({ orderId }) => orderId));
    const now = new Map(found.flatMap((order) => (order?.status === 'pending' ? [[order.orderId, order.traits] as const] : [])));
    return orders.map((order) => ({ ...order, traits: now.get(order.orderId) ?? order.traits }));
  }

  private async placing({ principal }: Context, orderId: string): Promise<Placing> {
    const own = (found: Order | null): Order | null => (found !== null && mayActFor(principal, found.clientId) ? found : null);
    const order = own(await this.engine.readRecord(orderId)) ?? own(await this.history.order(orderId));
    if (order === null) throw new Refusal('validation_failed', { fields: [{ field: 'cursor', message: 'names no order' }] });
    return placingOf(order);
  }

  private async open({ clientId, instrument, limit }: OrdersQuery, behind: Placing | null, stale: Staleness | null): Promise<OrdersPage> {
    const { orders, next } = await this.engine.readOpenOrders(clientId, instrument, behind, limit);
    return { orders, nextCursor: next === null ? null : orders.at(-1)?.orderId ?? null, stale };
  }
}
