import { tradesOf, type LogEntry } from '../domain/log-entry';
import type { Order, SettledTrade } from '../domain/order';
import type { OrderWithTrades } from '../domain/refusal';
import type { Staleness } from '../domain/staleness';
import { UnavailableError } from '../domain/unavailable';
import type { CommitWatch, OrderEngine, OrderHistory } from './ports';

/** The trades of orders, from the log as far as it reaches back, and from Postgres before that. */
export class OrderTrades {
  constructor(
    private readonly engine: Pick<OrderEngine, 'readOrder'>, private readonly history: Pick<OrderHistory, 'tradesOfOrder'>,
    private readonly commits: Pick<CommitWatch, 'staleness'>,
  ) {}

  /**
   * Every trade of a done order, oldest first. The command that asks has been carried out by now, so what cannot
   * be read must not turn its answer into a refusal: the trades are left out, and the answer says that it is stale.
   */
  async ofDone(order: Order): Promise<OrderWithTrades> {
    if (order.filledLots === 0) return { order, trades: [], stale: null };
    try {
      const live = await this.engine.readOrder(order.orderId);
      if (live !== null) return { ...await this.joined(live.order, live.entries, live.reachedFrom), order };
      return { order, trades: await this.history.tradesOfOrder(order.orderId), stale: null };
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      return { order, trades: [], stale: await this.commits.staleness() };
    }
  }

  /**
   * Joins the trades that are in the log with those that are only in Postgres.
   * @param entries of the log in which the order was filled
   * @param reachedFrom log sequence of a fill that is in the log no more, 0 when all of them are
   */
  async joined(order: Order, entries: readonly LogEntry[], reachedFrom: number): Promise<OrderWithTrades> {
    const byId = new Map<number, SettledTrade>();
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
        if (!(error instanceof UnavailableError)) throw error;
        stale = await this.commits.staleness();
      }
    }
    return { order, trades: [...byId.values()].sort((a, b) => a.tradeId - b.tradeId), stale };
  }
}
