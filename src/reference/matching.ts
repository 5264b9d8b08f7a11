import { AMOUNT_MAX } from '../domain/amounts';
import { displayedLots } from '../domain/iceberg';
import { remainingLots, type Order } from '../domain/order';
import { isOwnAccount, stpModeOf } from '../domain/order-traits';
import { isBeyond, type BandLimits } from './bands';
import type { BookSide } from './book-side';

/** A part of a maker that is traded. An iceberg that is swept has one for each part that it shows. */
export interface PlannedFill {
  /** As it was ahead of the plan but for its lots: those that are filled and shown ahead of this fill. */
  readonly maker: Order;
  readonly lots: number;
  /** null where the fill does not use up what it shows, or all of it. */
  readonly refill: Refill | null;
}

/** What of an iceberg is shown next, at the back of its price. */
export interface Refill {
  readonly lots: number;
  /** Counts the refills of the plan, from 1. */
  readonly number: number;
}

/** What an order would trade if it were let in now. */
export interface MatchPlan {
  /** Best price first, then first come. */
  readonly fills: readonly PlannedFill[];
  /** Lots without a counterpart; none of an order by money. */
  readonly leftLots: number;
  /** Why it stopped where there was more to trade with: the bound on fills, or the next price is outside of the instrument's band. */
  readonly limited: 'fills_limit' | 'price_band' | null;
  /** The next price lay behind its limit. */
  readonly beyond: boolean;
  readonly prevented: Prevented;
  /** What is left of an order by money, null for any other. */
  readonly budget: Budget | null;
}

/** What self-trade prevention makes of a taker, and of its own orders that it meets. */
export interface Prevented {
  /** Those that are cancelled, as they were met. */
  readonly cancelled: readonly Order[];
  /** Those that go on waiting with less, in the order in which they were met first. */
  readonly reduced: readonly Reduced[];
  /** Lots that the taker loses and goes on. */
  readonly cutLots: number;
  /** The taker is cancelled. */
  readonly stops: boolean;
}

export interface Reduced {
  /** As it was ahead of the plan. */
  readonly maker: Order;
  /** Lots that it loses. */
  readonly lots: number;
  /** What an iceberg shows then, undefined for any other. */
  readonly shownLots: number | undefined;
  /** null where it keeps its place. */
  readonly refill: Refill | null;
}

/** Of an order by money, in ticks × lots. */
export interface Budget {
  /** What it came with, less what orders of its own have cost it. */
  readonly all: bigint;
  readonly left: bigint;
  /** No other lot fits. */
  readonly exhausted: boolean;
}

export const NOTHING_PREVENTED: Prevented = { cancelled: [], reduced: [], cutLots: 0, stops: false };

/** A plan that does nothing with an order. */
export function untouched(lots: number): MatchPlan {
  return { fills: [], leftLots: lots, limited: null, beyond: false, prevented: NOTHING_PREVENTED, budget: null };
}

/** The price behind which a market order takes nothing: a fraction of the best one, rounded towards it; null for any. */
function boundOf({ traits }: Pick<Order, 'traits'>, makers: BookSide): number | null {
  const [best] = [...makers.levels()].map(({ priceTicks }) => priceTicks);
  if (traits.slippage === undefined || best === undefined) return null;
  const off = Number(BigInt(best) * BigInt(traits.slippage) / 1_000_000n);
  return makers.side === 'sell' ? best + off : best - off;
}

/**
 * Finds the counterparts of an order; changes nothing.
 * @param taker by whose terms own orders are told and treated, and by whose bounds a market order ends
 * @param makers the side it trades with
 * @param limitTicks null for a market order
 * @param band null where any price will do
 */
export function planMatch(
  taker: Pick<Order, 'clientId' | 'traits'>, makers: BookSide, orders: ReadonlyMap<string, Order>, limitTicks: number | null, lots: number, fillsMax: number,
  band: BandLimits | null,
): MatchPlan {
  const mode = stpModeOf(taker.traits);
  const bound = limitTicks ?? boundOf(taker, makers);
  const fills: PlannedFill[] = [];
  const cancelled: Order[] = [];
  const reduced = new Map<string, Reduced>();
  let all = taker.traits.budget === undefined ? null : BigInt(taker.traits.budget);
  let money = all;
  let leftLots = all === null ? lots : AMOUNT_MAX;
  let cutLots = 0;
  let met = 0;
  let refills = 0;
  const planned = (
    rest: { readonly limited?: MatchPlan['limited']; readonly stops?: boolean; readonly beyond?: boolean; readonly exhausted?: boolean } = {},
  ): MatchPlan => ({
    fills, leftLots: all === null ? leftLots : 0, limited: rest.limited ?? null, beyond: rest.beyond ?? false,
    prevented: { cancelled, reduced: [...reduced.values()], cutLots, stops: rest.stops ?? false },
    budget: all === null || money === null ? null : { all, left: money, exhausted: rest.exhausted ?? leftLots === 0 },
  });
  /** The taker loses lots that it would have traded. @returns whether these were all that it has */
  const loses = (by: number, price: bigint): boolean => {
    const cost = BigInt(by) * price;
    if (money === null ? by === leftLots : cost === money) return true;
    if (money === null || all === null) {
      leftLots -= by;
      cutLots += by;
    } else {
      money -= cost;
      all -= cost;
    }
    return false;
  };
  for (const level of makers.levels()) {
    const price = BigInt(level.priceTicks);
    if (bound !== null && !makers.isWithin(level.priceTicks, bound)) return planned(leftLots > 0 ? { beyond: true } : {});
    let totalLots = level.totalLots;
    // Parts that are shown anew, behind everybody who waits at the price by then.
    const again: Order[] = [];
    /** What an iceberg shows next behind `used` lots, with which it shows no more. */
    const shownNext = (maker: Order, used: number): Refill | null => {
      const next = refillOf(maker, used, totalLots);
      if (next !== null) refills++;
      return next === null ? null : { lots: next, number: refills };
    };
    for (const maker of queueOf(level.queue, orders, again)) {
      if (leftLots === 0 || money === 0n) return planned();
      if (met === fillsMax) return planned({ limited: 'fills_limit' });
      met++;
      const affordable = money === null ? leftLots : Number(min(money / price, BigInt(AMOUNT_MAX)));
      if (affordable === 0) return planned({ exhausted: true });
      const shown = displayedLots(maker);
      if (mode === null || !isOwnAccount(taker, maker.clientId)) {
        if (isBeyond(band, level.priceTicks)) return planned({ limited: 'price_band' });
        const wanted = Math.min(leftLots, shown);
        const traded = Math.min(wanted, affordable);
        const refill = shownNext(maker, traded);
        fills.push({ maker, lots: traded, refill });
        leftLots -= traded;
        if (money !== null) money -= BigInt(traded) * price;
        // Behind an order of which not all fits none is better.
        if (traded < wanted) return planned({ exhausted: true });
        totalLots += (refill?.lots ?? 0) - traded;
        if (refill !== null) again.push({ ...maker, filledLots: maker.filledLots + traded, traits: { ...maker.traits, shown: refill.lots } });
        continue;
      }
      if (mode === 'cancel_taker') return planned({ stops: true });
      const original = orders.get(maker.orderId) as Order;
      const lostBefore = original.quantityLots - maker.quantityLots;
      // The smaller goes, the larger loses as much: of an iceberg as much as it would trade.
      if (mode === 'decrement' && shown > affordable) {
        const { display } = maker.traits;
        reduced.set(maker.orderId, {
          maker: original, lots: lostBefore + affordable, shownLots: display === undefined ? undefined : shown - affordable,
          refill: reduced.get(maker.orderId)?.refill ?? null,
        });
        return planned({ stops: true });
      }
      if (mode === 'decrement' && shown < remainingLots(maker)) {
        const refill = shownNext(maker, shown) as Refill;
        totalLots += refill.lots - shown;
        reduced.set(maker.orderId, { maker: original, lots: lostBefore + shown, shownLots: refill.lots, refill });
        if (loses(shown, price)) return planned({ stops: true });
        again.push({ ...maker, quantityLots: maker.quantityLots - shown, traits: { ...maker.traits, shown: refill.lots } });
        continue;
      }
      cancelled.push(original);
      reduced.delete(maker.orderId);
      if (mode === 'cancel_both' || (mode === 'decrement' && loses(shown, price))) return planned({ stops: true });
    }
  }
  return planned();
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** A taker as it is ahead of its trades: without what it loses to orders of its own, and by money with what it trades. */
export function plannedTaker(taker: Order, { fills, budget, prevented }: MatchPlan): Order {
  if (budget === null) return { ...taker, quantityLots: taker.quantityLots - prevented.cutLots };
  return {
    ...taker, quantityLots: fills.reduce((sum, fill) => sum + fill.lots, 0),
    traits: taker.traits.budget === String(budget.all) ? taker.traits : { ...taker.traits, budget: String(budget.all) },
  };
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
