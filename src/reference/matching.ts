import { AMOUNT_MAX } from '../domain/amounts';
import { displayedLots } from '../domain/iceberg';
import { remainingLots, type Order } from '../domain/order';
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
}

/**
 * Finds the counterparts of an order; changes nothing.
 * @param makers the side it trades with
 * @param limitTicks null for a market order
 */
export function planMatch(
  makers: BookSide, orders: ReadonlyMap<string, Order>, limitTicks: number | null, lots: number, fillsMax: number,
): MatchPlan {
  const fills: PlannedFill[] = [];
  let leftLots = lots;
  for (const level of makers.levels()) {
    if (limitTicks !== null && !makers.isWithin(level.priceTicks, limitTicks)) break;
    let totalLots = level.totalLots;
    // Parts that are shown anew, behind everybody who waits at the price by then.
    const again: Order[] = [];
    for (const maker of queueOf(level.queue, orders, again)) {
      if (leftLots === 0) return { fills, leftLots, limited: false };
      if (fills.length === fillsMax) return { fills, leftLots, limited: true };
      const traded = Math.min(leftLots, displayedLots(maker));
      const refillLots = refillOf(maker, traded, totalLots);
      fills.push({ maker, lots: traded, refillLots });
      leftLots -= traded;
      totalLots += (refillLots ?? 0) - traded;
      if (refillLots === null) continue;
      again.push({ ...maker, filledLots: maker.filledLots + traded, traits: { ...maker.traits, shown: refillLots } });
    }
  }
  return { fills, leftLots, limited: false };
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
