import { agrees, amend, buy, cancel, differs, place, quote, sell, trade, type Level, type OrderFields, type Outcome, type PeerCase, type Step } from '../support/case';
import { margin, rust, stopLimits } from './sources';

/**
 * Orders that wait for a price. The peer's wait for the market's quote unless they are told otherwise, this venue's for a trade:
 * where a test moves the quote alone, its case tells the difference, and a second one has somebody trade at the price.
 */

const SIZE = 100_000;
const MARKET = quote([90.002, SIZE], [90.005, SIZE]);
const OFFER = quote(null, [1500, 1]);
const LAST_1500: Step[] = [...trade('last', 1500), ...OFFER];
const PENDING = { status: 'pending', filled: 0 };

const SIDES = ['buy', 'sell'] as const;

function waits(type: string, side: 'buy' | 'sell', quantity: number, stopPrice: number, more: OrderFields = {}): Step {
  return place('order', { side, type, quantity, stop_price: stopPrice, ...more });
}

function moved(bid: Level | null, ask: Level | null): Step[] {
  return [cancel('bid'), cancel('ask'), ...quote(bid, ask, ['bid2', 'ask2'])];
}

/** The market's quote has moved, and at it somebody has bought or sold a little. */
function tradedAt(bid: Level, ask: Level, by: 'buy' | 'sell'): Step[] {
  const [price] = by === 'buy' ? ask : bid;
  return [...moved(bid, ask), (by === 'buy' ? buy : sell)('comer', 1, price, { time_in_force: 'ioc' }, 'comer')];
}

const stays: Outcome = { orders: { order: PENDING } };
const rejected: Outcome = { orders: { order: { status: 'rejected' } } };

export const STOPS: readonly PeerCase[] = [
  differs('stop', 'a purchase at the offer, nothing having traded', margin('test_submit_order_with_invalid_price_gets_rejected'), [...MARKET, waits('stop', 'buy', SIZE, 90.005)], rejected, stays, 'the last trade triggers'),
  ...SIDES.map((side) => differs('stop', `a ${side} inside the market, nothing having traded`, margin('test_submit_stop_market_order_inside_market_rejects'), [
    ...MARKET, waits('stop', side, SIZE, side === 'buy' ? 90.005 : 90.002),
  ], rejected, stays, 'the last trade triggers')),
  ...([
    ['test_submit_stop_limit_order_inside_market_rejects', 90.005, 90.005, 90.002, 90.002],
    ['test_submit_stop_limit_order_when_inside_market_rejects', 90.002, 90.01, 90.005, 90],
  ] as const).flatMap(([test, buyStop, buyPrice, sellStop, sellPrice]) => SIDES.map((side) => differs('stop-limit', `a ${side} inside the market, nothing having traded`, margin(test), [
    ...MARKET, waits('stop_limit', side, SIZE, side === 'buy' ? buyStop : sellStop, { price: side === 'buy' ? buyPrice : sellPrice }),
  ], rejected, stays, 'the last trade triggers'))),
  ...SIDES.map((side) => agrees('stop', `a ${side} outside the market waits`, margin('test_submit_stop_market_order'), [...MARKET, waits('stop', side, SIZE, side === 'buy' ? 90.01 : 90)], stays)),
  ...SIDES.map((side) => agrees('stop-limit', `a ${side} outside the market waits`, margin('test_submit_stop_limit_order'), [
    ...MARKET, waits('stop_limit', side, SIZE, side === 'buy' ? 90.01 : 89.99, { price: side === 'buy' ? 90 : 89.98 }),
  ], stays)),
  agrees('stop', 'one that waits is cancelled', margin('test_cancel_stop_order'), [...MARKET, waits('stop', 'buy', SIZE, 90.01), cancel('order')], { orders: { order: { status: 'cancelled', reason: 'requested' } } }),

  differs('stop', 'an amend to inside the market, nothing having traded', margin('test_modify_stop_market_order_when_price_inside_market_then_rejects_modify'), [
    ...MARKET, waits('stop', 'buy', SIZE, 90.01), amend('order', { quantity: SIZE, stop_price: 90.005 }),
  ], { orders: { order: { stop_price: 90.01 } } }, { orders: { order: { ...PENDING, stop_price: 90.005 } } }, 'the last trade triggers'),
  agrees('stop', 'an amend of the stop price', margin('test_modify_stop_market_order_when_price_valid_then_updates'), [...MARKET, waits('stop', 'buy', SIZE, 90.01), amend('order', { stop_price: 90.011 })], {
    orders: { order: { ...PENDING, stop_price: 90.011 } },
  }),
  agrees('stop-limit', 'an amend of the limit price to the offer leaves it waiting', margin('test_modify_untriggered_stop_limit_order_when_price_inside_market_then_rejects_modify'), [
    ...MARKET, waits('stop_limit', 'buy', SIZE, 90.01, { price: 90 }), amend('order', { price: 90.005 }),
  ], { orders: { order: { ...PENDING, stop_price: 90.01 } } }),
  agrees('stop-limit', 'an amend of the limit price', margin('test_modify_untriggered_stop_limit_order_when_price_valid_then_amends'), [
    ...MARKET, waits('stop_limit', 'buy', SIZE, 90.01, { price: 90 }), amend('order', { price: 90.011 }),
  ], { orders: { order: { ...PENDING, price: 90.011 } } }),
  ...([
    ['is refused where it is post-only and would match', 'test_modify_triggered_post_only_stop_limit_order_when_price_inside_market_then_rejects_modify', true, 90.01, { status: 'open', price: 90 }, ['post_only_would_match']],
    ['is filled at the offer', 'test_modify_triggered_stop_limit_order_when_price_inside_market_then_fills', false, 90.01, { status: 'filled', price: 90.01 }, []],
    ['is taken over below the offer', 'test_modify_triggered_stop_limit_order_when_price_valid_then_amends', false, 90.005, { status: 'open', price: 90.005 }, []],
  ] as const).map(([title, test, postOnly, price, order, refused]) => agrees('stop-limit', `an amend of one that was triggered and rests ${title}`, margin(test), [
    ...MARKET, waits('stop_limit', 'buy', SIZE, 90.01, { price: 90, post_only: postOnly }), ...tradedAt([90.009, SIZE], [90.01, SIZE + 1], 'buy'), amend('order', { price }),
  ], { orders: { order }, refused: [...refused] })),

  differs('stop', 'a purchase when the offer alone reaches its price', margin('test_process_quote_tick_fills_buy_stop_order'), [
    ...MARKET, waits('stop', 'buy', SIZE, 96.711), ...moved([96.71, 1_000_000], [96.711, 1_000_000]),
  ], { orders: { order: { status: 'filled', average: 96.711 } } }, stays, 'the last trade triggers'),
  agrees('stop', 'a purchase when a trade reaches its price', margin('test_process_quote_tick_fills_buy_stop_order'), [
    ...MARKET, waits('stop', 'buy', SIZE, 96.711), ...tradedAt([96.71, 1_000_000], [96.711, 1_000_000], 'buy'),
  ], { orders: { order: { status: 'filled', average: 96.711 } } }),
  agrees('stop-limit', 'a purchase is triggered by a trade and rests at its limit', margin('test_process_quote_tick_triggers_buy_stop_limit_order'), [
    ...MARKET, waits('stop_limit', 'buy', SIZE, 96.71, { price: 96.5 }), ...tradedAt([96.71, SIZE], [96.712, SIZE], 'buy'),
  ], { orders: { order: { status: 'open', price: 96.5, filled: 0 } } }),
  agrees('stop-limit', 'a post-only purchase that would match when it is triggered is rejected', margin('test_process_quote_tick_rejects_triggered_post_only_buy_stop_limit_order'), [
    ...MARKET, waits('stop_limit', 'buy', SIZE, 90.006, { price: 90.006, post_only: true }), ...tradedAt([90.005, SIZE], [90.006, SIZE], 'buy'),
  ], { orders: { order: { status: 'rejected', reason: 'post_only_would_match', filled: 0 } } }),
  agrees('stop-limit', 'a purchase that was triggered is filled when the offer comes down to it', margin('test_process_quote_tick_fills_triggered_buy_stop_limit_order'), [
    ...MARKET, waits('stop_limit', 'buy', SIZE, 90.006, { price: 90.001 }), ...tradedAt([90.006, SIZE], [90.007, SIZE], 'buy'), cancel('bid2'), cancel('ask2'), sell('ask3', SIZE, 90.001, {}, 'maker'),
  ], { orders: { order: { status: 'filled', average: 90.001 } } }),
  differs('stop', 'a sale when the bid reaches its price', margin('test_process_quote_tick_fills_sell_stop_order'), [
    ...MARKET, waits('stop', 'sell', SIZE, 90), ...tradedAt([89.997, SIZE + 1], [89.999, SIZE], 'sell'),
  ], { orders: { order: { status: 'filled', average: 90 } } }, { orders: { order: { status: 'filled', average: 89.997 } } }, 'only what rests trades'),

  ...SIDES.map((side) => agrees('stop-limit', `a ${side} whose price is reached as it comes is filled at once`, stopLimits(`test_submit_stop_limit_${side}_order_when_marketable_then_fills`), [
    ...trade('last', 90.005), ...MARKET, waits('stop_limit', side, SIZE, side === 'buy' ? 90 : 90.01, { price: side === 'buy' ? 90.1 : 90 }),
  ], { orders: { order: { status: 'filled', average: side === 'buy' ? 90.005 : 90.002 } } })),
  ...SIDES.map((side) => {
    const isBuy = side === 'buy';
    return differs('stop-limit', `a ${side} that a trade past its stop price triggers`, stopLimits(`test_process_quote_tick_fills_${side}_stop_limit_order_passively`), [
      ...MARKET, waits('stop_limit', side, SIZE, isBuy ? 90.01 : 90, { price: isBuy ? 90.1 : 89.9 }),
      ...(isBuy ? tradedAt([90.01, SIZE], [90.011, SIZE + 1], 'buy') : tradedAt([89.998, SIZE + 1], [89.999, SIZE], 'sell')),
    ], { orders: { order: { status: 'filled', average: isBuy ? 90.01 : 90 } } }, { orders: { order: { status: 'filled', average: isBuy ? 90.011 : 89.998 } } }, 'only what rests trades');
  }),

  agrees('stop', 'a stop price finer than the tick is refused', rust('test_process_order_when_invalid_trigger_price_precision'), [waits('stop', 'sell', 1, 100.12333)], { refused: ['validation_failed stop_price'] }),
  differs('stop', 'a purchase whose price is reached as it comes, where the engine is told to reject such', rust('test_process_stop_market_order_triggered_rejected'), [...LAST_1500, waits('stop', 'buy', 1, 1495)],
    rejected, { orders: { order: { status: 'filled', average: 1500 } } }, 'a reached stop goes at once'),
  agrees('stop', 'a purchase whose price is reached as it comes', rust('test_process_stop_market_order_valid_trigger_filled'), [...LAST_1500, waits('stop', 'buy', 1, 1495)], { orders: { order: { status: 'filled', filled: 1, average: 1500 } } }),
  agrees('stop', 'a purchase above the last price waits', rust('test_process_stop_market_order_valid_not_triggered_accepted'), [...LAST_1500, waits('stop', 'buy', 1, 1505)], stays),
  agrees('stop-limit', 'one that is triggered as it comes, below the offer, rests', rust('test_process_stop_limit_order_triggered_not_filled'), [...LAST_1500, waits('stop_limit', 'buy', 1, 1495, { price: 1490 })], {
    orders: { order: { status: 'open', price: 1490, filled: 0 } },
  }),
  agrees('stop-limit', 'one that is triggered as it comes, above the offer, is filled at the offer', rust('test_process_stop_limit_order_triggered_filled'), [...LAST_1500, waits('stop_limit', 'buy', 1, 1495, { price: 1502 })], {
    orders: { order: { status: 'filled', average: 1500 } },
  }),
  agrees('stop', 'an amend of the stop price that reaches nothing', rust('test_update_stop_market_order_valid'), [...LAST_1500, waits('stop', 'buy', 1, 1505), amend('order', { stop_price: 1501 })], { orders: { order: { ...PENDING, stop_price: 1501 } } }),
  agrees('stop-limit', 'an amend of the stop price that reaches nothing', rust('test_update_stop_limit_order_valid_update_not_triggered'), [
    ...LAST_1500, waits('stop_limit', 'buy', 1, 1505, { price: 1502 }), amend('order', { stop_price: 1501 }),
  ], { orders: { order: { ...PENDING, stop_price: 1501 } } }),

  // If touched: what this API calls take profit.
  agrees('take-profit', 'a purchase below the market waits', margin('test_submit_market_if_touched_order'), [...MARKET, waits('take_profit', 'buy', SIZE, 90)], stays),
  agrees('take-profit', 'a purchase with a limit, below the market, waits', margin('test_submit_limit_if_touched_order'), [...MARKET, waits('take_profit_limit', 'buy', SIZE, 90, { price: 90.01 })], stays),
  agrees('take-profit', 'a purchase is filled when a trade comes down to its price', margin('test_submit_market_if_touched_order_then_fills'), [
    ...MARKET, waits('take_profit', 'buy', 10_000, 90), ...tradedAt([89.999, SIZE], [90, 10_001], 'buy'),
  ], { orders: { order: { status: 'filled', filled: 10_000 } } }),
  ...SIDES.map((side) => agrees('take-profit', `a ${side} with its limit at its stop price is filled when a trade comes to it`, margin('test_submit_limit_if_touched_order_then_fills'), [
    ...quote([90, SIZE], [90.01, SIZE]), waits('take_profit_limit', side, 10_000, side === 'buy' ? 90 : 90.01, { price: side === 'buy' ? 90 : 90.01 }),
    ...(side === 'buy' ? tradedAt([89.99, SIZE], [90, 10_001], 'buy') : tradedAt([90.01, 10_001], [90.02, SIZE], 'sell')),
  ], { orders: { order: { status: 'filled', filled: 10_000 } } })),
  ...SIDES.map((side) => {
    const [price, at, to] = side === 'buy' ? [90, 90.001, 90.002] : [90.011, 90.01, 90.009];
    return agrees('take-profit', `an amend of the stop price of a ${side} that reaches nothing`, margin('test_modify_limit_if_touched'), [
      ...trade('last', 90.005), waits('take_profit_limit', side, SIZE, at, { price }), amend('order', { stop_price: to }),
    ], { orders: { order: { ...PENDING, stop_price: to } } });
  }),
  agrees('take-profit', 'a purchase at the last price goes at once', rust('test_process_market_if_touched_order_already_triggered'), [...LAST_1500, waits('take_profit', 'buy', 1, 1500)], { orders: { order: { status: 'filled', average: 1500 } } }),
  agrees('take-profit', 'an amend of the stop price, nothing having traded', rust('test_update_market_if_touched_order_valid'), [waits('take_profit', 'buy', 1, 1505), amend('order', { stop_price: 1501 })], { orders: { order: { ...PENDING, stop_price: 1501 } } }),
  agrees('take-profit', 'a purchase with a limit, its price reached as it comes, is filled at the offer', rust('test_process_limit_if_touched_order_immediate_trigger_and_fill'), [
    ...LAST_1500, waits('take_profit_limit', 'buy', 1, 1500, { price: 1505 }),
  ], { orders: { order: { status: 'filled', average: 1500 } } }),
  agrees('take-profit', 'an amend of the stop price with a limit', rust('test_update_limit_if_touched_order_valid'), [
    ...LAST_1500, waits('take_profit_limit', 'buy', 1, 1498, { price: 1505 }), amend('order', { stop_price: 1499 }),
  ], { orders: { order: { ...PENDING, stop_price: 1499 } } }),
];
