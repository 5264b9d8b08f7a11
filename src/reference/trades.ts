import type { MoneyScale } from '../domain/assets';
import type { Fill } from '../domain/entry';
import { remainingLots, type Order, type OrderFees } from '../domain/order';
import { charge, makerRateOf } from './fees';
import { valueOf } from './holds';
import type { MatchPlan } from './matching';

/** The entry that tells trades. */
export interface TradeMoment {
  readonly sequence: number;
  readonly timeUs: number;
  /** Of the instrument, ahead of the entry. */
  readonly lastTradeId: number;
  /** Of the instrument, null where no money is kept and so no fee charged. */
  readonly scale: MoneyScale | null;
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

/**
 * What a plan comes to, with nothing changed yet.
 * @param taker all but its status is what it becomes; that is the caller's to say
 * @returns the taker behind its trades, and these, each with its maker as it becomes
 */
export function tradesOfPlan(taker: Order, plan: MatchPlan, moment: TradeMoment): { readonly order: Order; readonly fills: readonly Fill[] } {
  let order = taker;
  let tradeId = moment.lastTradeId;
  const fills = plan.fills.map(({ maker, lots }): Fill => {
    const priceTicks = maker.priceTicks as number;
    const [traded, makerFee] = filled(maker, (fees) => makerRateOf(fees, taker.fees), priceTicks, lots, moment);
    const [took, takerFee] = filled(order, (fees) => fees.takerRate, priceTicks, lots, moment);
    order = took;
    tradeId++;
    return {
      type: 'trade', tradeId, priceTicks, quantityLots: lots, taker: 0,
      maker: { ...traded, status: remainingLots(traded) === 0 ? 'filled' : 'partially_filled', sequence: moment.sequence, updatedUs: moment.timeUs },
      makerPreviousFill: maker.fillSequence, makerFee: String(makerFee), takerFee: String(takerFee),
    };
  });
  return { order, fills };
}
