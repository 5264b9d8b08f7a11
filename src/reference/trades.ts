import type { MoneyScale } from '../domain/assets';
import type { Fill } from '../domain/entry';
import { traitsAtEnd } from '../domain/iceberg';
import { remainingLots, type Order, type OrderFees } from '../domain/order';
import { charge, makerRateOf } from './fees';
import { valueOf } from './holds';
import type { MatchPlan, PlannedFill } from './matching';

/** The entry that tells trades. */
export interface TradeMoment {
  readonly sequence: number;
  readonly timeUs: number;
  /** Of the instrument, ahead of the entry. */
  readonly lastTradeId: number;
  /** Of the instrument, null where no money is kept and so no fee charged. */
  readonly scale: MoneyScale | null;
}

/** A trade, and its maker ahead of it. */
export interface PlannedTrade {
  readonly fill: Fill;
  readonly before: Order;
}

/** An order as a fill leaves it, and what it is charged for it. */
function filled(order: Order, rateOf: (fees: OrderFees) => number, priceTicks: number, lots: number, moment: TradeMoment): readonly [order: Order, fee: bigint] {
  const { sequence, scale } = moment;
  const charged = scale === null || order.fees === null ? null : charge(order.fees, rateOf(order.fees), valueOf(priceTicks, lots, scale));
  return [{
    ...order, filledLots: order.filledLots + lots, notional: String(BigInt(order.notional) + BigInt(priceTicks) * BigInt(lots)),
    fillSequence: sequence, fees: charged === null ? order.fees : charged.fees,
  }, charged?.fee ?? 0n];
}

/** What a maker shows behind a fill. */
function shownBehind(maker: Order, { lots, refill }: PlannedFill, sequence: number): Partial<Order> {
  const { traits } = maker;
  if (traits.shown === undefined) return {};
  if (remainingLots(maker) === 0) return { traits: traitsAtEnd(traits) };
  if (refill === null) return { traits: { ...traits, shown: traits.shown - lots } };
  return { priority: sequence, traits: { ...traits, shown: refill.lots, refill: refill.number } };
}

/**
 * What a plan comes to, with nothing changed yet.
 * @param taker all but its status is what it becomes; that is the caller's to say
 * @returns the taker behind its trades, and these, each with its maker as it becomes
 */
export function tradesOfPlan(taker: Order, plan: MatchPlan, moment: TradeMoment): { readonly order: Order; readonly trades: readonly PlannedTrade[] } {
  const { sequence, timeUs } = moment;
  let order = taker;
  let tradeId = moment.lastTradeId;
  const makers = new Map<string, Order>();
  const trades = plan.fills.map((planned): PlannedTrade => {
    const { lots } = planned;
    // An order may have traded an earlier part of it already.
    const before = makers.get(planned.maker.orderId) ?? planned.maker;
    const priceTicks = before.priceTicks as number;
    const [traded, makerFee] = filled(before, (fees) => makerRateOf(fees, taker.fees), priceTicks, lots, moment);
    const [took, takerFee] = filled(order, (fees) => fees.takerRate, priceTicks, lots, moment);
    order = took;
    tradeId++;
    const maker: Order = {
      ...traded, status: remainingLots(traded) === 0 ? 'filled' : 'partially_filled', sequence, updatedUs: timeUs,
      ...shownBehind(traded, planned, sequence),
    };
    makers.set(maker.orderId, maker);
    return {
      before,
      fill: {
        type: 'trade', tradeId, priceTicks, quantityLots: lots, taker: 0, maker, makerPreviousFill: before.fillSequence,
        makerFee: String(makerFee), takerFee: String(takerFee),
      },
    };
  });
  return { order, trades };
}
