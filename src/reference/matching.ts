import { remainingLots, type Order } from '../domain/order';
import { isOwnAccount, stpModeOf } from '../domain/order-traits';
import type { BookSide } from './book-side';

/** What an order would trade if it were let in now. */
export interface MatchPlan {
  /** Best price first, then first come. */
  readonly fills: readonly { readonly maker: Order; readonly lots: number }[];
  /** Lots without a counterpart. */
  readonly leftLots: number;
  /** The bound on fills stopped it: there was more to trade with. */
  readonly limited: boolean;
  readonly prevented: Prevented;
}

/** What self-trade prevention makes of a taker, and of its own orders that it meets. */
export interface Prevented {
  /** Those that are cancelled, as they were met. */
  readonly cancelled: readonly Order[];
  /** One that goes on waiting with so many lots less. */
  readonly reduced: { readonly maker: Order; readonly lots: number } | null;
  /** Lots that the taker loses and goes on. */
  readonly cutLots: number;
  /** The taker is cancelled. */
  readonly stops: boolean;
}

export const NOTHING_PREVENTED: Prevented = { cancelled: [], reduced: null, cutLots: 0, stops: false };

/** A plan that does nothing with an order. */
export function untouched(lots: number): MatchPlan {
  return { fills: [], leftLots: lots, limited: false, prevented: NOTHING_PREVENTED };
}

/**
 * Finds the counterparts of an order; changes nothing.
 * @param taker by whose terms own orders are told and treated
 * @param makers the side it trades with
 * @param limitTicks null for a market order
 */
export function planMatch(
  taker: Pick<Order, 'clientId' | 'traits'>, makers: BookSide, orders: ReadonlyMap<string, Order>, limitTicks: number | null, lots: number, fillsMax: number,
): MatchPlan {
  const mode = stpModeOf(taker.traits);
  const fills: { maker: Order; lots: number }[] = [];
  const cancelled: Order[] = [];
  let leftLots = lots;
  let cutLots = 0;
  const planned = (rest: Partial<Prevented> & { readonly limited?: boolean } = {}): MatchPlan => ({
    fills, leftLots, limited: rest.limited ?? false, prevented: { cancelled, reduced: rest.reduced ?? null, cutLots, stops: rest.stops ?? false },
  });
  for (const level of makers.levels()) {
    if (limitTicks !== null && !makers.isWithin(level.priceTicks, limitTicks)) break;
    for (const orderId of level.queue) {
      if (leftLots === 0) return planned();
      if (fills.length + cancelled.length === fillsMax) return planned({ limited: true });
      const maker = orders.get(orderId) as Order;
      const resting = remainingLots(maker);
      if (mode === null || !isOwnAccount(taker, maker.clientId)) {
        const traded = Math.min(leftLots, resting);
        fills.push({ maker, lots: traded });
        leftLots -= traded;
        continue;
      }
      if (mode === 'cancel_taker') return planned({ stops: true });
      // The smaller goes, the larger loses as much.
      if (mode === 'decrement' && resting > leftLots) return planned({ reduced: { maker, lots: leftLots }, stops: true });
      cancelled.push(maker);
      if (mode === 'cancel_both' || (mode === 'decrement' && resting === leftLots)) return planned({ stops: true });
      if (mode === 'decrement') {
        leftLots -= resting;
        cutLots += resting;
      }
    }
  }
  return planned();
}
