import { AMOUNT_MAX } from '../domain/amounts';
import { remainingLots, type Order } from '../domain/order';
import { isOwnAccount, stpModeOf } from '../domain/order-traits';
import type { BookSide } from './book-side';

/** What an order would trade if it were let in now. */
export interface MatchPlan {
  /** Best price first, then first come. */
  readonly fills: readonly { readonly maker: Order; readonly lots: number }[];
  /** Lots without a counterpart; none of an order by money. */
  readonly leftLots: number;
  /** The bound on fills stopped it: there was more to trade with. */
  readonly limited: boolean;
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
  /** One that goes on waiting with so many lots less. */
  readonly reduced: { readonly maker: Order; readonly lots: number } | null;
  /** Lots that the taker loses and goes on. */
  readonly cutLots: number;
  /** The taker is cancelled. */
  readonly stops: boolean;
}

/** Of an order by money, in ticks × lots. */
export interface Budget {
  /** What it came with, less what orders of its own have cost it. */
  readonly all: bigint;
  readonly left: bigint;
  /** No other lot fits. */
  readonly exhausted: boolean;
}

export const NOTHING_PREVENTED: Prevented = { cancelled: [], reduced: null, cutLots: 0, stops: false };

/** A plan that does nothing with an order. */
export function untouched(lots: number): MatchPlan {
  return { fills: [], leftLots: lots, limited: false, beyond: false, prevented: NOTHING_PREVENTED, budget: null };
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
 */
export function planMatch(
  taker: Pick<Order, 'clientId' | 'traits'>, makers: BookSide, orders: ReadonlyMap<string, Order>, limitTicks: number | null, lots: number, fillsMax: number,
): MatchPlan {
  const mode = stpModeOf(taker.traits);
  const bound = limitTicks ?? boundOf(taker, makers);
  const fills: { maker: Order; lots: number }[] = [];
  const cancelled: Order[] = [];
  let all = taker.traits.budget === undefined ? null : BigInt(taker.traits.budget);
  let money = all;
  let leftLots = all === null ? lots : AMOUNT_MAX;
  let cutLots = 0;
  const planned = (
    rest: { readonly reduced?: Prevented['reduced']; readonly stops?: true; readonly limited?: true; readonly beyond?: true; readonly exhausted?: true } = {},
  ): MatchPlan => ({
    fills, leftLots: all === null ? leftLots : 0, limited: rest.limited ?? false, beyond: rest.beyond ?? false,
    prevented: { cancelled, reduced: rest.reduced ?? null, cutLots, stops: rest.stops ?? false },
    budget: all === null || money === null ? null : { all, left: money, exhausted: rest.exhausted ?? leftLots === 0 },
  });
  for (const level of makers.levels()) {
    const price = BigInt(level.priceTicks);
    if (bound !== null && !makers.isWithin(level.priceTicks, bound)) return planned(leftLots > 0 ? { beyond: true } : {});
    for (const orderId of level.queue) {
      if (leftLots === 0 || money === 0n) return planned();
      if (fills.length + cancelled.length === fillsMax) return planned({ limited: true });
      const maker = orders.get(orderId) as Order;
      const resting = remainingLots(maker);
      const affordable = money === null ? leftLots : Number(min(money / price, BigInt(AMOUNT_MAX)));
      if (affordable === 0) return planned({ exhausted: true });
      if (mode === null || !isOwnAccount(taker, maker.clientId)) {
        const wanted = Math.min(leftLots, resting);
        const traded = Math.min(wanted, affordable);
        fills.push({ maker, lots: traded });
        leftLots -= traded;
        if (money !== null) money -= BigInt(traded) * price;
        // Behind an order of which not all fits none is better.
        if (traded < wanted) return planned({ exhausted: true });
        continue;
      }
      if (mode === 'cancel_taker') return planned({ stops: true });
      // The smaller goes, the larger loses as much.
      if (mode === 'decrement' && resting > affordable) return planned({ reduced: { maker, lots: affordable }, stops: true });
      cancelled.push(maker);
      if (mode === 'cancel_both') return planned({ stops: true });
      if (mode === 'cancel_maker') continue;
      const cost = BigInt(resting) * price;
      if (money === null ? resting === leftLots : cost === money) return planned({ stops: true });
      if (money === null || all === null) {
        leftLots -= resting;
        cutLots += resting;
      } else {
        money -= cost;
        all -= cost;
      }
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
