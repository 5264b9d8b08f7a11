import { agrees, amend, buy, differs, marketBuy, quote, sell, type Fill, type PeerCase, type Step } from '../support/case';
import { engine } from './sources';

/** How much of what is there trades how often: the suite of the matching engine, whose books may forget or remember what was taken. */

const SIDES = ['buy', 'sell'] as const;
const limitOf = { buy, sell };
const otherOf = { buy: sell, sell: buy };

const AROUND_100 = quote([90, 100], [110, 100]);
const OFFER_OF_50 = quote([90, 100], [100, 50]);
const OFFER_OF_100 = quote([90, 100], [100, 100]);

/** Two orders of 30 at one price, and somebody who comes for less than both. */
function twoWait(side: 'buy' | 'sell', price = 100): Step[] {
  return [limitOf[side]('first', 30, price), limitOf[side]('second', 30, price)];
}

export const LIQUIDITY: readonly PeerCase[] = [
  agrees('limit', 'a purchase fills no purchase', engine('test_trade_execution_same_side_buy_does_not_fill_on_buyer_trade'), [
    ...quote([211.3, 100], [211.4, 100]), buy('order', 1, 211.35), buy('buyer', 1, 211.38), sell('seller', 1, 211.38),
  ], { orders: { order: { status: 'open', filled: 0 } }, fills: [['buyer', 'seller', 211.38, 1]] }),
  agrees('limit', 'an order inside a deep book\'s spread is filled by whoever comes', engine('test_trade_execution_with_l2_mbp_order_book_deltas'), [
    ...quote([211.3, 100], [211.4, 100]), buy('order', 1, 211.32), sell('seller', 1, 211.32),
  ], { orders: { order: { status: 'filled' } }, fills: [['order', 'seller', 211.32, 1]] }),
  agrees('limit', 'whoever comes with more than an order wants leaves it full, and no fuller', engine('test_trade_execution_complete_fill_when_trade_exceeds_order'), [
    ...quote([1000, 100], [1010, 100]), buy('order', 50, 1005), sell('seller', 100, 1005),
  ], { orders: { order: { status: 'filled', filled: 50 }, seller: { remaining: 50 } }, fills: [['order', 'seller', 1005, 50]] }),
  agrees('amend', 'below what is filled is refused', engine('test_modify_partially_filled_order_quantity_below_filled_rejected'), [
    ...quote([1490, 100], [1500, 50]), buy('order', 100, 1500), amend('order', { quantity: 40 }),
  ], { orders: { order: { status: 'partially_filled', quantity: 100, filled: 50 } }, refused: ['quantity_below_filled'] }),
  ...SIDES.flatMap((side): PeerCase[] => {
    const other = otherOf[side];
    const [first, second, own] = side === 'buy' ? [1498, 1502, 1490] : [1502, 1498, 1510];
    const to = side === 'buy' ? 1510 : 1490;
    return [
      agrees('limit', `a ${side} gets what is there, and later what comes`, engine('test_partial_fill_uses_current_book_liquidity'), [
        limitOf[side]('own', 100, side === 'buy' ? 90 : 110), other('there', 10, 100), limitOf[side]('order', 200, 100), other('comes', 50, 100),
      ], { orders: { order: { status: 'partially_filled', filled: 60 } }, fills: [['there', 'order', 100, 10], ['order', 'comes', 100, 50]] }),
      agrees('amend', `a ${side} in part filled, to a price that crosses the next one`, engine('test_modify_partially_filled_limit_order_crosses_new_book_level'), [
        other('first', 50, first), other('second', 50, second), limitOf[side]('own', 100, own), limitOf[side]('order', 100, 1500), amend('order', { price: to }),
      ], { orders: { order: { status: 'filled', filled: 100 } }, fills: [['first', 'order', first, 50], ['second', 'order', second, 50]] }),
    ];
  }),
  differs('limit', 'an offer below a bid that has taken all there was at its price', engine('test_new_liquidity_at_better_price_fills'), [
    ...quote([80, 100], [100, 10]), buy('order', 200, 100), sell('comes', 50, 90),
  ],
  { orders: { order: { filled: 70 } }, fills: [['ask', 'order', 100, 10], ['comes', 'order', 90, 50], ['ask', 'order', 100, 10]] },
  { orders: { order: { status: 'partially_filled', filled: 60 } }, fills: [['ask', 'order', 100, 10], ['order', 'comes', 100, 50]] },
  'only what rests trades'),
  agrees('limit', 'an order that is filled is filled once', engine('test_fully_filled_order_not_rematched_on_subsequent_iterate'), [...OFFER_OF_50, buy('order', 50, 100)], {
    orders: { order: { status: 'filled', filled: 50 } }, fills: [['ask', 'order', 100, 50]],
  }),
  agrees('market', 'each takes from what those before have left', engine('test_liquidity_consumption_tracks_fills_at_price_level'), [
    ...OFFER_OF_100, marketBuy('first', 30), marketBuy('second', 50), marketBuy('third', 50),
  ], {
    orders: { third: { status: 'cancelled', reason: 'no_liquidity', filled: 20 } },
    fills: [['ask', 'first', 100, 30], ['ask', 'second', 100, 50], ['ask', 'third', 100, 20]],
  }),
  agrees('market', 'what comes anew can be taken', engine('test_liquidity_consumption_resets_on_fresh_data'), [
    ...OFFER_OF_50, marketBuy('first', 50), sell('anew', 80, 100), marketBuy('second', 60),
  ], { orders: { second: { status: 'filled' } }, fills: [['ask', 'first', 100, 50], ['anew', 'second', 100, 60]] }),
  differs('market', 'what has been taken is not there twice', engine('test_liquidity_consumption_off_allows_repeated_fills'), [
    ...OFFER_OF_50, marketBuy('first', 50), marketBuy('second', 50),
  ],
  { orders: { second: { status: 'filled' } }, fills: [['ask', 'first', 100, 50], ['ask', 'second', 100, 50]] },
  { orders: { second: { status: 'cancelled', reason: 'no_liquidity', filled: 0 } }, fills: [['ask', 'first', 100, 50]] },
  'only what rests trades'),
  ...SIDES.flatMap((side): PeerCase[] => {
    const came = otherOf[side];
    const shared = (price: number): Fill[] => [['first', 'comer', price, 30], ['second', 'comer', price, 20]];
    return [
      agrees('limit', `a trade of 50 fills two ${side}s of 30 no further than that`, engine('test_trade_consumption_prevents_overfill'), [...AROUND_100, ...twoWait(side), came('comer', 50, 100)], {
        fills: shared(100), orders: { second: { status: 'partially_filled', filled: 20 } },
      }),
      differs('limit', `a trade of 50 fills two ${side}s of 30 each`, engine('test_trade_consumption_disabled_allows_overfill'), [...AROUND_100, ...twoWait(side), came('comer', 50, 100)],
        { fills: [['first', 'comer', 100, 30], ['second', 'comer', 100, 30]] }, { fills: shared(100) }, 'only what rests trades'),
      agrees('limit', `a second trade goes on where the first one ended: ${side}s`, engine('test_trade_consumption_resets_on_fresh_trade'), [
        ...AROUND_100, ...twoWait(side), came('comer', 40, 100), came('later', 50, 100),
      ], { fills: [['first', 'comer', 100, 30], ['second', 'comer', 100, 10], ['second', 'later', 100, 20]] }),
      agrees('limit', `a ${side} better than the price of a trade is filled at its own`, engine('test_trade_execution_fill_with_liquidity_consumption_l2_mbp'), [
        ...quote([211.3, 100], [211.4, 100]), limitOf[side]('order', 50, 211.35), came('comer', 100, side === 'buy' ? 211.32 : 211.38),
      ], { orders: { order: { status: 'filled' } }, fills: [['order', 'comer', 211.35, 50]] }),
      agrees('limit', `two ${side}s better than the price of a trade share it at their own`, engine('test_trade_execution_consumption_prevents_overfill_l2_mbp'), [
        ...quote([211.3, 100], [211.4, 100]), ...twoWait(side, 211.35), came('comer', 50, side === 'buy' ? 211.32 : 211.38),
      ], { fills: shared(211.35) }),
    ];
  }),
];
