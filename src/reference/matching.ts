import { remainingLots, type Order } from '../domain/order';
import type { BookSide } from './book-side';

/** What an order would trade if it were let in now. */
export interface MatchPlan {
  /** Best price first, then first come. */
  readonly fills: readonly { readonly maker: Order; readonly lots: number }[];
  /** Lots without a counterpart. */
  readonly leftLots: number;
  /** The bound on fills stopped it: there was more to trade with. */
  readonly limited: boolean;
}

/**
 * Finds the counterparts of an order; changes nothing.
 * @param makers the side it trades with
 * @param limitTicks null for a market order
 */
export function planMatch(
  makers: BookSide, orders: ReadonlyMap<string, Order>, limitTicks: number | null, lots: number, fillsMax: number,
): MatchPlan {
  const fills: { maker: Order; lots: number }[] = [];
  let leftLots = lots;
  for (const level of makers.levels()) {
    if (limitTicks !== null && !makers.isWithin(level.priceTicks, limitTicks)) break;
    for (const orderId of level.queue) {
      if (leftLots === 0) return { fills, leftLots, limited: false };
      if (fills.length === fillsMax) return { fills, leftLots, limited: true };
      const maker = orders.get(orderId) as Order;
      const traded = Math.min(leftLots, remainingLots(maker));
      fills.push({ maker, lots: traded });
      leftLots -= traded;
    }
  }
  return { fills, leftLots, limited: false };
}
