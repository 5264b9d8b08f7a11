import {
  agrees, amend, batch, buy, cancel, cancelAll, differs, marketBuy, marketSell, quote, sell, trade, type Level, type PeerCase, type Step,
} from '../support/case';
import { depthBook, engine, margin, rust } from './sources';

/** The suite's usual market, quoted with its usual size. */
const SIZE = 100_000;
const MARKET = quote([90.002, SIZE], [90.005, SIZE]);
const HALF = quote([90.002, 500_000], [90.005, 500_000]);
const LARGE = quote([90.002, 1_000_000], [90.005, 1_000_000]);
/** The engine's own suites have one offer, or a spread with the order between. */
const OFFER = quote(null, [1500, 1]);
const SPREAD = quote([211.3, SIZE], [211.4, SIZE]);
/** A book of three prices a side, each deeper than the one before. */
function ladder(size: number): Step[] {
  return [0, 1, 2].flatMap((at) => quote([100 - at, size * (at + 1)], [101 + at, size * (at + 1)], [`bid${at}`, `ask${at}`]));
}
const OFF_THE_LADDER: Step[] = [0, 1, 2].flatMap((at) => [cancel(`bid${at}`), cancel(`ask${at}`)]);
/** The market's orders go, and others come: its quote has moved. */
function moved(bid: Level | null, ask: Level | null): Step[] {
  return [cancel('bid'), cancel('ask'), ...quote(bid, ask, ['bid2', 'ask2'])];
}

const SIDES = ['buy', 'sell'] as const;
const limitOf = { buy, sell };
const marketOf = { buy: marketBuy, sell: marketSell };

export const MATCHING: readonly PeerCase[] = [
  ...SIDES.map((side) => agrees('limit', `a ${side} rests in an empty book`, margin('test_submit_limit_order_with_no_market_accepts_order'), [limitOf[side]('order', SIZE, 110)], {
    orders: { order: { status: 'open', filled: 0 } },
  })),
  agrees('limit', 'two that do not cross rest both', margin('test_submit_multiple_limit_orders_then_accepts_both'), [buy('one', SIZE, 110.01), sell('two', SIZE, 110.011)], {
    orders: { one: { status: 'open' }, two: { status: 'open' } }, fills: [],
  }),
  agrees('limit', 'one below the offer rests', margin('test_submit_limit_order'), [...MARKET, buy('order', SIZE, 90.001)], { orders: { order: { status: 'open' } }, fills: [] }),
  agrees('limit', 'one above the offer is filled at the offer', margin('test_submit_limit_order_when_marketable_then_fills'), [...MARKET, buy('order', SIZE, 90.01)], {
    orders: { order: { status: 'filled', average: 90.005 } }, fills: [['ask', 'order', 90.005, SIZE]],
  }),
  agrees('limit', 'one above the offer is filled at the offer', rust('test_process_limit_order_matched_immediate_fill'), [...OFFER, buy('order', 1, 1501)], {
    orders: { order: { status: 'filled' } }, fills: [['ask', 'order', 1500, 1]],
  }),
  agrees('limit', 'a resting order is filled at its own price when the market moves through it', margin('test_submit_limit_order_fills_at_correct_price'), [
    ...MARKET, buy('order', SIZE, 90), ...moved([89.9, SIZE], [89.95, SIZE]),
  ], { orders: { order: { status: 'filled', average: 90 } }, fills: [['order', 'ask2', 90, SIZE]] }),
  agrees('limit', 'a resting purchase is filled when the offer comes to it', margin('test_process_quote_tick_fills_buy_limit_order'), [
    ...MARKET, cancel('bid'), buy('order', SIZE, 90.001, { post_only: true }), cancel('ask'), ...quote([90, SIZE], [90.001, SIZE], ['bid2', 'ask2']),
  ], { orders: { order: { status: 'filled', average: 90.001 } } }),
  agrees('limit', 'a resting sale is filled at its own price when the bid comes above it', margin('test_process_quote_tick_fills_sell_limit_order'), [
    ...MARKET, sell('order', SIZE, 90.1), ...moved([90.101, SIZE], [90.102, SIZE]),
  ], { orders: { order: { status: 'filled', average: 90.1 } } }),
  agrees('limit', 'no more than is offered is filled', margin('test_submit_limit_order_fills_at_most_book_volume'), [
    ...quote([90.008, 1_000_000], [90.01, 1_000_000]), buy('order', 2_000_000, 90.01),
  ], { orders: { order: { status: 'partially_filled', filled: 1_000_000 } } }),
  agrees('limit', 'no more is filled than the order has left: a purchase', margin('test_submit_limit_order_fills_at_most_order_volume'), [
    ...quote([90, 10_000], [90.01, 10_000]), buy('order', 15_000, 90.01), ...quote(null, [90.005, 10_000], ['', 'ask2']),
  ], { orders: { order: { status: 'filled', filled: 15_000 }, ask2: { remaining: 5_000 } } }),
  agrees('limit', 'no more is filled than the order has left: a sale', margin('test_submit_limit_order_fills_at_most_order_volume'), [
    ...quote([90, 10_000], [90.01, 10_000]), sell('order', 15_000, 90), ...quote([90.005, 10_000], null, ['bid2', '']),
  ], { orders: { order: { status: 'filled', filled: 15_000 }, bid2: { remaining: 5_000 } } }),
  agrees('limit', 'what comes later than the last of an order finds nothing of it', engine('test_fill_order_with_non_positive_qty_returns_early'), [
    ...quote([999, SIZE], [1001, SIZE]), cancel('bid'), buy('order', 100, 998), sell('first', 50, 998), sell('second', 60, 998), sell('third', 10, 998),
  ], {
    orders: { order: { status: 'filled', filled: 100 }, second: { filled: 50, remaining: 10 }, third: { status: 'open', filled: 0 } },
    fills: [['order', 'first', 998, 50], ['order', 'second', 998, 50]],
  }),

  // The suite's book of one price takes what is quoted as all there is at it, and more one tick behind.
  differs('limit', 'a purchase larger than the quoted offer', margin('test_process_limit_order_buy_l1_taker_exhausting_book_volume'), [...MARKET, buy('order', 1_000_000, 90.01)],
    { orders: { order: { status: 'filled' } }, fills: [['ask', 'order', 90.005, SIZE], ['ask', 'order', 90.006, 900_000]] },
    { orders: { order: { status: 'partially_filled', filled: SIZE, remaining: 900_000 } }, fills: [['ask', 'order', 90.005, SIZE]], book: { bids: [[90.01, 900_000], [90.002, SIZE]], asks: [] } },
    'only what rests trades'),
  differs('limit', 'a sale larger than the quoted bid', margin('test_process_limit_order_sell_l1_taker_exhausting_book_volume'), [...MARKET, sell('order', 1_000_000, 90)],
    { orders: { order: { status: 'filled' } }, fills: [['bid', 'order', 90.002, SIZE], ['bid', 'order', 90.001, 900_000]] },
    { orders: { order: { status: 'partially_filled', filled: SIZE, remaining: 900_000 } }, fills: [['bid', 'order', 90.002, SIZE]], book: { bids: [], asks: [[90, 900_000], [90.005, SIZE]] } },
    'only what rests trades'),
  ...(['quotes', 'trades'] as const).flatMap((by): PeerCase[] => {
    const one = (side: 'buy' | 'sell', price: number): [Step[], ReturnType<typeof margin>] => {
      const other = side === 'buy' ? sell : buy;
      const resting = limitOf[side]('order', 1_000_000, side === 'buy' ? 90 : 90.01, { post_only: true });
      return [
        [...MARKET, resting, cancel('bid'), cancel('ask'), other('comer', SIZE, price)],
        margin(`test_process_limit_order_${side}_l1_maker_${by}_exhausting_book_volume`),
      ];
    };
    const part = { orders: { order: { status: 'partially_filled', filled: SIZE } } };
    const all = { orders: { order: { status: 'filled', filled: 1_000_000 } } };
    return SIDES.flatMap((side) => {
      const [at, beyond] = side === 'buy' ? [90, 89.999] : [90.01, 90.011];
      const fills = (price: number) => ({ ...part, fills: [['order', 'comer', price, SIZE] as const] });
      const [atSteps, source] = one(side, at);
      const [beyondSteps] = one(side, beyond);
      return [
        agrees('limit', `a resting ${side} gets what comes at its price, by ${by}`, source, atSteps, fills(at)),
        differs('limit', `a resting ${side} whose price the market passes, by ${by}`, source, beyondSteps, all, fills(at), 'only what rests trades'),
      ];
    });
  }),

  agrees('limit', 'a purchase over two prices pays each its own', depthBook('test_submit_limit_order_aggressive_multiple_levels'), [...ladder(10_000), buy('order', 20_000, 102)], {
    orders: { order: { status: 'filled', filled: 20_000, average: 101.5 } },
  }),
  agrees('limit', 'a purchase beyond the whole side keeps its rest', depthBook('test_aggressive_partial_fill'), [...ladder(10_000), buy('order', 70_000, 112)], {
    orders: { order: { status: 'partially_filled', filled: 60_000, average: 102.333 } },
  }),
  differs('limit', 'a bid above an offer that stands behind another at its price', depthBook('test_passive_partial_fill_sell'), [...ladder(SIZE), sell('order', SIZE, 101), buy('comer', 50_000, 102)],
    { orders: { order: { status: 'partially_filled', filled: 50_000, average: 101 } } },
    { orders: { order: { status: 'open', filled: 0 } }, fills: [['ask0', 'comer', 101, 50_000]] }, 'price-time priority'),
  differs('limit', 'an offer below a bid that stands behind another at its price', depthBook('test_passive_partial_fill_buy'), [...ladder(SIZE), buy('order', SIZE, 100), sell('comer', 50_000, 98)],
    { orders: { order: { status: 'partially_filled', filled: 50_000, average: 100 } } },
    { orders: { order: { status: 'open', filled: 0 } }, fills: [['bid0', 'comer', 100, 50_000]] }, 'price-time priority'),
  agrees('limit', 'a sale alone at its price gets all bids above it, at its price', depthBook('test_passive_multiple_fills_sell'), [
    ...ladder(SIZE), sell('order', SIZE, 101), ...OFF_THE_LADDER, buy('first', 50_000, 103), buy('second', 100_000, 102),
  ], { orders: { order: { status: 'filled', average: 101 } }, fills: [['order', 'first', 101, 50_000], ['order', 'second', 101, 50_000]] }),
  agrees('limit', 'a purchase alone at its price gets all offers below it, at its price', depthBook('test_passive_multiple_fills_buy'), [
    ...ladder(SIZE), buy('order', SIZE, 100), ...OFF_THE_LADDER, sell('first', 50_000, 98), sell('second', 100_000, 99),
  ], { orders: { order: { status: 'filled', average: 100 } }, fills: [['order', 'first', 100, 50_000], ['order', 'second', 100, 50_000]] }),

  agrees('limit', 'a resting purchase is filled by a sale at its price', engine('test_buy_limit_fills_on_seller_trade_at_limit_price'), [...SPREAD, buy('order', 1, 211.32), sell('seller', 1, 211.32)], {
    orders: { order: { status: 'filled' } }, fills: [['order', 'seller', 211.32, 1]],
  }),
  agrees('limit', 'a resting sale is filled by a purchase at its price', engine('test_sell_limit_fills_on_buyer_trade_at_limit_price'), [...SPREAD, sell('order', 1, 211.38), buy('buyer', 1, 211.38)], {
    orders: { order: { status: 'filled' } }, fills: [['order', 'buyer', 211.38, 1]],
  }),
  agrees('limit', 'a better purchase is filled by a sale at less', engine('test_trade_execution_fills_better_priced_orders_for_buys'), [...SPREAD, buy('order', 1, 211.35), sell('seller', 1, 211.32)], {
    orders: { order: { status: 'filled' } }, fills: [['order', 'seller', 211.35, 1]],
  }),
  agrees('limit', 'a better sale is filled by a purchase at more', engine('test_trade_execution_fills_better_priced_orders_for_sells'), [...SPREAD, sell('order', 1, 211.35), buy('buyer', 1, 211.38)], {
    orders: { order: { status: 'filled' } }, fills: [['order', 'buyer', 211.35, 1]],
  }),
  agrees('limit', 'a trade of others leaves nothing behind that a later order could match', engine('test_trade_execution_does_not_persist_ghost_liquidity'), [
    ...quote([100, SIZE], [110, SIZE]), ...trade('others', 105), buy('order', 1, 106),
  ], { orders: { order: { status: 'open', filled: 0 } } }),
  agrees('limit', 'a sale to others leaves nothing to a later purchase above it', engine('test_trade_execution_restores_matching_state_after_seller_trade'), [...SPREAD, ...trade('others', 211.32), buy('order', 1, 211.35)], {
    orders: { order: { status: 'open' } },
  }),
  agrees('limit', 'a purchase by others leaves nothing to a later sale below it', engine('test_trade_execution_restores_matching_state_after_buyer_trade'), [...SPREAD, ...trade('others', 211.38), sell('order', 1, 211.35)], {
    orders: { order: { status: 'open' } },
  }),
  agrees('limit', 'a sale fills no sale', engine('test_trade_execution_same_side_sell_does_not_fill_on_seller_trade'), [...SPREAD, sell('order', 1, 211.35), ...trade('others', 211.32)], {
    orders: { order: { status: 'open', filled: 0 } },
  }),
  agrees('limit', 'a price finer than the tick is refused', rust('test_process_order_when_invalid_price_precision'), [sell('order', 1, 100.12333)], { refused: ['validation_failed price'] }),
  differs('market', 'a quantity written with fewer digits than the lot has', rust('test_process_order_when_invalid_quantity_precision'), [...OFFER, marketBuy('order', 1)],
    { refused: ['validation_failed quantity'] }, { orders: { order: { status: 'filled', filled: 1 } } }, 'steps, not digits'),

  ...SIDES.map((side) => differs('market', `a ${side} that finds no market`, margin('test_submit_market_order_with_no_market_rejects_order'), [marketOf[side]('order', SIZE)],
    { orders: { order: { status: 'rejected' } } }, { orders: { order: { status: 'cancelled', reason: 'no_liquidity', filled: 0 } } }, 'market ends')),
  differs('market', 'orders of both sides that find no market', rust('test_process_market_order_no_market_rejected'), [marketBuy('first', 1), marketSell('second', 1)],
    { orders: { first: { status: 'rejected' }, second: { status: 'rejected' } } },
    { orders: { first: { status: 'cancelled', reason: 'no_liquidity' }, second: { status: 'cancelled', reason: 'no_liquidity' } } }, 'market ends'),
  agrees('market', 'a purchase is filled at the offer', margin('test_submit_market_order'), [...MARKET, marketBuy('order', SIZE)], { orders: { order: { status: 'filled', average: 90.005 } } }),
  agrees('market', 'a purchase over two prices', rust('test_valid_market_buy'), [...OFFER, ...quote(null, [1510, 1], ['', 'ask2']), marketBuy('order', 2)], {
    orders: { order: { status: 'filled', filled: 2 } }, fills: [['ask', 'order', 1500, 1], ['ask2', 'order', 1510, 1]],
  }),
  agrees('market', 'one that is filled cannot be cancelled', margin('test_submit_market_order_then_immediately_cancel_submits_and_fills'), [...MARKET, marketBuy('order', SIZE), cancel('order')], {
    orders: { order: { status: 'filled' } }, refused: ['order_not_open'],
  }),
  agrees('market', 'less than the least quantity is refused', margin('test_submit_order_when_quantity_below_min_then_gets_denied'), [marketBuy('order', 1, { instrument: 'OTHER-USD' })], { refused: ['validation_failed quantity'] }),
  agrees('market', 'more than the largest quantity is refused', margin('test_submit_order_when_quantity_above_max_then_gets_denied'), [marketBuy('order', 1e8)], { refused: ['validation_failed quantity'] }),
  ...([
    ['test_submit_market_order_with_ioc_time_in_force_cancels_remaining_qty', HALF, 1_000_000, 500_000],
    ['test_submit_market_order_ioc_cancels_remaining', LARGE, 2_000_000, 1_000_000],
  ] as const).map(([test, market, quantity, filled]) => agrees('time in force', `what a market order of ${quantity} does not find is cancelled`, margin(test), [...market, marketBuy('order', quantity, { time_in_force: 'ioc' })], {
    orders: { order: { status: 'cancelled', reason: 'no_liquidity', quantity, filled, remaining: quantity - filled } },
  })),
  ...([
    [margin('test_submit_market_order_with_fok_time_in_force_cancels_immediately'), HALF, 1_000_000],
    [margin('test_submit_market_order_fok_cancels_when_cannot_fill_full_size'), LARGE, 2_000_000],
    [rust('test_not_enough_quantity_filled_fok_order'), OFFER, 2],
  ] as const).map(([source, market, quantity]) => differs('time in force', `a fill-or-kill market order of ${quantity}`, source, [...market, marketBuy('order', quantity, { time_in_force: 'fok' })],
    { orders: { order: { status: 'cancelled', filled: 0 } }, fills: [] }, { refused: ['validation_failed time_in_force'], fills: [] }, 'market has no time in force')),
  ...([
    [margin('test_submit_limit_order_with_fok_time_in_force_cancels_immediately'), HALF, 1_000_000, 90],
    [margin('test_submit_limit_order_with_fok_time_in_force_immediately_cancels'), HALF, 1_000_000, 1],
    [margin('test_submit_limit_order_fok_cancels_when_cannot_fill_full_size'), LARGE, 2_000_000, 90.005],
    [rust('test_process_limit_order_not_matched_and_canceled_fok_order'), OFFER, 1, 1495],
  ] as const).map(([source, market, quantity, price]) => differs('time in force', `a fill-or-kill of ${quantity} at ${price} that is not there`, source, [...market, buy('order', quantity, price, { time_in_force: 'fok' })],
    { orders: { order: { status: 'cancelled', filled: 0, remaining: quantity } } },
    { orders: { order: { status: 'rejected', reason: 'fok_not_fillable', filled: 0, remaining: quantity } }, fills: [] }, 'fill or kill is rejected')),
  agrees('time in force', 'immediate-or-cancel that finds nothing at its price is cancelled', margin('test_submit_limit_order_with_ioc_time_in_force_immediately_cancels'), [...HALF, buy('order', 1_000_000, 1, { time_in_force: 'ioc' })], {
    orders: { order: { status: 'cancelled', quantity: 1_000_000, filled: 0 } }, fills: [],
  }),
  ...([
    ['test_submit_market_to_limit_order_less_than_available_top_of_book', MARKET, SIZE],
    ['test_submit_market_to_limit_order_greater_than_available_top_of_book', LARGE, 2_000_000],
  ] as const).map(([test, market, quantity]) => differs('market', `a market-to-limit order of ${quantity}`, margin(test), [...market, marketBuy('order', quantity, { type: 'market_to_limit', price: 90.005 })],
    { orders: { order: { status: quantity === SIZE ? 'filled' : 'partially_filled', price: 90.005 } } }, { refused: ['validation_failed type'] }, 'no market-to-limit')),
  ...SIDES.map((side) => differs('market', `a ${side} that may only reduce a position`, margin('test_submit_reduce_only_order_when_no_position_rejects'), [...MARKET, marketOf[side]('order', SIZE, { reduce_only: true })],
    { orders: { order: { status: 'rejected' } } }, { refused: ['validation_failed reduce_only'], fills: [] }, 'no reduce-only on spot')),

  agrees('post-only', 'one at the offer is rejected', margin('test_submit_post_only_limit_order_when_marketable_then_rejects'), [...MARKET, buy('order', SIZE, 90.005, { post_only: true })], {
    orders: { order: { status: 'rejected', reason: 'post_only_would_match' } }, fills: [],
  }),
  agrees('post-only', 'one above the offer is rejected', rust('test_process_limit_post_only_order_that_would_be_a_taker'), [...OFFER, buy('order', 1, 1501, { post_only: true })], {
    orders: { order: { status: 'rejected', reason: 'post_only_would_match' } }, fills: [],
  }),
  agrees('post-only', 'one inside the spread rests', depthBook('test_post_only_insert'), [...ladder(SIZE), sell('order', 2_000, 102, { post_only: true })], { orders: { order: { status: 'open' } }, fills: [] }),
  agrees('post-only', 'one at the best offer of a deep book is rejected', depthBook('test_post_only_reject_would_take'), [...ladder(SIZE), buy('order', 2_000, 101, { post_only: true })], {
    orders: { order: { status: 'rejected', reason: 'post_only_would_match' } }, fills: [],
  }),

  agrees('cancel', 'at once', margin('test_submit_limit_order_with_immediate_cancel'), [buy('order', SIZE, 110), cancel('order')], { orders: { order: { status: 'cancelled', reason: 'requested' } }, book: { bids: [], asks: [] } }),
  agrees('cancel', 'a resting order in a market', margin('test_submit_limit_order_then_immediately_cancel_submits_then_cancels'), [...MARKET, buy('order', SIZE, 90), cancel('order')], {
    orders: { order: { status: 'cancelled' } }, book: { bids: [[90.002, SIZE]], asks: [[90.005, SIZE]] },
  }),
  agrees('cancel', 'a resting order below the offer', rust('test_process_cancel_command_valid'), [...OFFER, buy('order', 1, 1495), cancel('order')], { orders: { order: { status: 'cancelled' } } }),
  agrees('cancel', 'an order that is not there', rust('test_process_cancel_command_order_not_found'), [cancel('order')], { refused: ['order_not_found'] }),
  agrees('cancel', 'an order that is not there, at the exchange', margin('test_cancel_stop_order_when_order_does_not_exist_generates_cancel_reject'), [cancel('order')], { refused: ['order_not_found'] }),
  agrees('cancel', 'all of them', margin('test_cancel_all_orders_with_no_side_filter_cancels_all'), [...MARKET, buy('first', SIZE, 90), buy('second', SIZE, 90), cancelAll()], {
    orders: { first: { status: 'cancelled', reason: 'mass_cancel' }, second: { status: 'cancelled' } }, book: { bids: [[90.002, SIZE]], asks: [[90.005, SIZE]] },
  }),
  agrees('cancel', 'all of one instrument leaves those of another', rust('test_process_cancel_all_command'), [...OFFER, buy('first', 1, 1495), buy('second', 1, 1496), buy('elsewhere', 1_000, 1497, { instrument: 'OTHER-USD' }), cancelAll()], {
    orders: { first: { status: 'cancelled' }, second: { status: 'cancelled' }, elsewhere: { status: 'open' } },
  }),
  ...SIDES.map((side) => differs('cancel', `all of them on the ${side} side`, margin(`test_cancel_all_orders_with_${side}_side_filter_cancels_all_${side}_orders`), [
    ...MARKET, buy('bought', SIZE, 90), sell('sold', SIZE, 90.01), cancelAll(`&side=${side}`),
  ],
  { orders: { bought: { status: side === 'buy' ? 'cancelled' : 'open' }, sold: { status: side === 'sell' ? 'cancelled' : 'open' } } },
  { orders: { bought: { status: 'open' }, sold: { status: 'open' } }, refused: ['validation_failed side'] }, 'cancel all by market')),
  agrees('cancel', 'several in a batch, one of which is cancelled already', margin('test_batch_cancel_orders_all_open_orders_for_batch'), [
    ...MARKET, sell('first', SIZE, 90.03), sell('second', SIZE, 90.02), sell('third', SIZE, 90.01), sell('fourth', SIZE, 90.01), cancel('fourth'),
    batch(cancel('first'), cancel('second'), cancel('third'), cancel('fourth')),
  ], {
    orders: Object.fromEntries(['first', 'second', 'third', 'fourth'].map((name) => [name, { status: 'cancelled' }])), refused: ['order_not_open'],
    book: { bids: [[90.002, SIZE]], asks: [[90.005, SIZE]] },
  }),
  agrees('cancel', 'two in a batch', rust('test_process_batch_cancel_command'), [...OFFER, buy('first', 1, 1495), buy('second', 1, 1496), batch(cancel('first'), cancel('second'))], {
    orders: { first: { status: 'cancelled' }, second: { status: 'cancelled' } },
  }),

  ...SIDES.map((side) => agrees('amend', `a ${side} at once`, margin('test_submit_limit_order_with_immediate_modify'), [
    limitOf[side]('order', SIZE, side === 'buy' ? 110.01 : 110.011), amend('order', { price: side === 'buy' ? 110.011 : 110.01 }),
  ], { orders: { order: { status: 'open', price: side === 'buy' ? 110.011 : 110.01 } } })),
  agrees('amend', 'less quantity', margin('test_latency_model_modify_order'), [buy('order', 200_000, 100), amend('order', { quantity: 100_000 })], { orders: { order: { status: 'open', quantity: 100_000 } } }),
  agrees('amend', 'an order that is not there', margin('test_modify_stop_order_when_order_does_not_exist'), [amend('order', { quantity: SIZE, price: 110 })], { refused: ['order_not_found'] }),
  agrees('amend', 'an order that the engine does not know', rust('test_process_modify_order_rejected_not_found'), [amend('order', { price: 110 })], { refused: ['order_not_found'] }),
  agrees('amend', 'a quantity of zero is refused', margin('test_modify_order_with_zero_quantity_rejects_modify'), [...MARKET, buy('order', SIZE, 90.001, { post_only: true }), amend('order', { quantity: 0, price: 90.001 })], {
    orders: { order: { status: 'open', price: 90.001, quantity: SIZE } }, refused: ['validation_failed quantity'],
  }),
  agrees('amend', 'a post-only order to the offer is refused, and stays', margin('test_modify_post_only_limit_order_when_marketable_then_rejects_modify'), [...MARKET, buy('order', SIZE, 90.001, { post_only: true }), amend('order', { price: 90.005 })], {
    orders: { order: { status: 'open', price: 90.001 } }, fills: [], refused: ['post_only_would_match'],
  }),
  agrees('amend', 'a post-only order to the only offer is refused, and stays', rust('test_update_limit_order_post_only_matched'), [...OFFER, buy('order', 1, 1495, { post_only: true }), amend('order', { price: 1500 })], {
    orders: { order: { status: 'open', price: 1495 } }, fills: [], refused: ['post_only_would_match'],
  }),
  agrees('amend', 'an order to the offer is filled there', margin('test_modify_limit_order_when_marketable_then_fills_order'), [...MARKET, buy('order', SIZE, 90.001), amend('order', { quantity: SIZE, price: 90.005 })], {
    orders: { order: { status: 'filled', average: 90.005 } }, fills: [['ask', 'order', 90.005, SIZE]],
  }),
  agrees('amend', 'an order to the only offer is filled there', rust('test_update_limit_order_valid'), [...OFFER, buy('order', 1, 1495), amend('order', { price: 1500 })], {
    orders: { order: { status: 'filled', price: 1500 } }, fills: [['ask', 'order', 1500, 1]],
  }),
];
