import { AMOUNT_MAX } from '../domain/amounts';
import { displayedLots } from '../domain/iceberg';
import { remainingLots, type Order } from '../domain/order';
import { isOwnAccount, stpModeOf } from '../domain/order-traits';
import type { BookSide } from './book-side';

/** A part of a maker that is traded. An iceberg that is swept has one for each part that it shows. */
export interface PlannedFill {
  /** As it was ahead of the plan but for its lots: those that are filled and shown ahead of this fill. */
  readonly maker: Order;
  readonly lots: number;
  /** Lots that it shows next, at the back of its price; null where the fill does not use up what it shows, or all of it. */
  readonly refillLots: number | null;
}

/** What an order would trade if it were let in now. */
export interface MatchPlan {
  /** Best price first, then first come. */
  readonly fills: readonly PlannedFill[];
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
  const fills: PlannedFill[] = [];
  const cancelled: Order[] = [];
  let leftLots = lots;
  let cutLots = 0;
  const planned = (rest: Partial<Prevented> & { readonly limited?: boolean } = {}): MatchPlan => ({
    fills, leftLots, limited: rest.limited ?? false, prevented: { cancelled, reduced: rest.reduced ?? null, cutLots, stops: rest.stops ?? false },
  });
  for (const level of makers.levels()) {
    if (limitTicks !== null && !makers.isWithin(level.priceTicks, limitTicks)) break;
    let totalLots = level.totalLots;
    // Parts that are shown anew, behind everybody who waits at the price by then.
    const again: Order[] = [];
    for (const maker of queueOf(level.queue, orders, again)) {
      if (leftLots === 0) return planned();
      if (fills.length + cancelled.length === fillsMax) return planned({ limited: true });
      if (mode === null || !isOwnAccount(taker, maker.clientId)) {
        const traded = Math.min(leftLots, displayedLots(maker));
        const refillLots = refillOf(maker, traded, totalLots);
        fills.push({ maker, lots: traded, refillLots });
        leftLots -= traded;
        totalLots += (refillLots ?? 0) - traded;
        if (refillLots !== null) again.push({ ...maker, filledLots: maker.filledLots + traded, traits: { ...maker.traits, shown: refillLots } });
        continue;
      }
      if (mode === 'cancel_taker') return planned({ stops: true });
      // The smaller goes, the larger loses as much; an iceberg is met as a whole.
      const resting = remainingLots(maker);
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

function* queueOf(queue: ReadonlySet<string>, orders: ReadonlyMap<string, Order>, again: readonly Order[]): Generator<Order> {
  for (const orderId of queue) yield orders.get(orderId) as Order;
  for (const order of again) yield order;
}

/** @param totalLots what the level shows ahead of the fill: with the refill it has to stay an exact integer */
function refillOf(maker: Order, traded: number, totalLots: number): number | null {
  const { display, shown } = maker.traits;
  const left = remainingLots(maker) - traded;
  if (display === undefined || traded !== shown || left === 0) return null;
  return Math.min(display, left, AMOUNT_MAX - (totalLots - traded));
}
