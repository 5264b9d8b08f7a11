import { agrees, cancel, differs, marketBuy, marketSell, place, trade, type OrderFields, type PeerCase, type Source, type Step } from '../support/case';
import { depth, inBook } from './depth';

/** Orders that wait for a price. Its market price is the last trade's, as here; it knows none before the first trade. */

const STOP_MARKET = inBook('test stop_market order');
const STOP_LIMIT = inBook('test stop_limit order');
const SNAPSHOT = inBook('orderbook test snapshot');
const VALID: Source = { file: 'test/stopbook.test.ts', test: 'it should validate conditional order' };
const REACHED: Source = { file: 'test/stopbook.test.ts', test: 'it should add/remove/get order to stop book' };
const BETWEEN: Source = { file: 'packages/core/test/stopside.test.ts', test: 'it should find all queue between upper and lower bound' };

function stop(name: string, side: 'buy' | 'sell', quantity: number, stopPrice: number, more: OrderFields = {}): Step {
  return place(name, { side, type: 'stop', quantity, stop_price: stopPrice, ...more });
}

function stopLimit(name: string, side: 'buy' | 'sell', quantity: number, stopPrice: number, price: number, more: OrderFields = {}): Step {
  return place(name, { side, type: 'stop_limit', quantity, stop_price: stopPrice, price, ...more });
}

/** The last price is 110 then, and 1 is left of the offer there. */
const AT_110: Step[] = [...depth(2), marketBuy('first', 3)];
const PENDING = { status: 'pending', filled: 0 };
const REFUSED = { refused: ['validation_failed stop_price'] };

/** A stop whose price is reached as it comes: refused by the peer, at once a taker here. */
function reached(title: string, source: Source, before: readonly Step[], order: Step, told: Record<string, unknown>): PeerCase {
  return differs('stop', title, source, [...before, order], REFUSED, { orders: { stop: told } }, 'a reached stop goes at once');
}

/** What waits at a price, and what comes of it when the price goes somewhere. */
function waiting(side: 'buy' | 'sell', stopPrices: readonly number[], price: number): Step[] {
  return stopPrices.map((at, index) => stopLimit(`${side}-${index}`, side, 5, at, price));
}

function stand(side: 'buy' | 'sell', stopPrices: readonly number[], isReached: (stopPrice: number) => boolean): Record<string, { status: string }> {
  return Object.fromEntries(stopPrices.map((at, index) => [`${side}-${index}`, { status: isReached(at) ? 'open' : 'pending' }]));
}

const BUYS = [20, 20, 20, 30, 40, 40, 40.5, 50];
const SELLS = [10, 19.5, 20, 20, 20, 30, 40, 40];
const SELLS_OF_BOOK = [110, 110, 120, 130, 140];
const BUYS_OF_BOOK = [100, 100, 90, 80, 70];

export const STOPS: readonly PeerCase[] = [
  reached('a purchase below the last price', STOP_MARKET, AT_110, stop('stop', 'buy', 1, 100), { status: 'filled', average: 110 }),
  reached('a purchase at the last price', STOP_MARKET, AT_110, stop('stop', 'buy', 1, 110), { status: 'filled', average: 110 }),
  agrees('stop', 'a side that is none, and a quantity of zero', STOP_MARKET, [
    ...AT_110, place('sideways', { side: 'wrong-side', type: 'stop', quantity: 1, stop_price: 120 }), stop('zero', 'buy', 0, 120),
  ], { refused: ['validation_failed side', 'validation_failed quantity'] }),
  agrees('stop', 'a purchase above the last price waits', STOP_MARKET, [...AT_110, stop('stop', 'buy', 1, 120)], { orders: { stop: { ...PENDING, stop_price: 120, quantity: 1 } } }),
  agrees('stop', 'a purchase goes when a trade reaches its price', STOP_MARKET, [...AT_110, stop('stop', 'buy', 1, 120), marketBuy('taker', 2)], {
    orders: { stop: { status: 'filled', average: 120 }, taker: { status: 'filled' } },
    fills: [['sell-100', 'first', 100, 2], ['sell-110', 'first', 110, 1], ['sell-110', 'taker', 110, 1], ['sell-120', 'taker', 120, 1], ['sell-120', 'stop', 120, 1]],
  }),
  reached('a sale above the last price', STOP_MARKET, AT_110, stop('stop', 'sell', 1, 120), { status: 'filled', average: 90 }),
  reached('a sale at the last price', STOP_MARKET, AT_110, stop('stop', 'sell', 1, 110), { status: 'filled', average: 90 }),
  agrees('stop', 'a sale below the last price waits', STOP_MARKET, [...AT_110, stop('stop', 'sell', 2, 100)], { orders: { stop: { ...PENDING, stop_price: 100, quantity: 2 } } }),
  agrees('stop', 'a sale goes when a trade reaches its price', STOP_MARKET, [...AT_110, stop('stop', 'sell', 2, 100), marketSell('taker', 2)], {
    orders: { stop: { status: 'filled', average: 80 }, taker: { status: 'filled', average: 90 } },
  }),

  reached('stop-limit: a purchase below the last price', STOP_LIMIT, AT_110, stopLimit('stop', 'buy', 1, 100, 110), { status: 'filled', average: 110 }),
  reached('stop-limit: a purchase at the last price', STOP_LIMIT, AT_110, stopLimit('stop', 'buy', 1, 110, 110), { status: 'filled', average: 110 }),
  agrees('stop-limit', 'a side that is none, and a quantity or a price of zero', STOP_LIMIT, [
    ...AT_110, place('sideways', { side: 'wrong-side', type: 'stop_limit', quantity: 1, price: 10, stop_price: 120 }),
    stopLimit('zero', 'buy', 0, 120, 130), stopLimit('free', 'buy', 1, 120, 0),
  ], { refused: ['validation_failed side', 'validation_failed quantity', 'validation_failed price'] }),
  agrees('stop-limit', 'a purchase waits with its price, its stop price and its time in force', STOP_LIMIT, [...AT_110, stopLimit('stop', 'buy', 1, 120, 130, { time_in_force: 'ioc' })], {
    orders: { stop: { ...PENDING, price: 130, stop_price: 120, time_in_force: 'ioc', quantity: 1 } },
  }),
  agrees('stop-limit', 'an immediate-or-cancel purchase that finds nothing at its price is over', STOP_LIMIT, [
    ...AT_110, stopLimit('stop', 'buy', 1, 120, 130, { time_in_force: 'ioc' }), marketBuy('taker', 6),
  ], { orders: { stop: { status: 'cancelled', reason: 'ioc_remainder', filled: 0 }, taker: { status: 'filled', filled: 6 }, 'sell-140': { remaining: 1 } } }),
  reached('stop-limit: a sale above the last price', STOP_LIMIT, [...depth(2), marketSell('first', 1)], stopLimit('stop', 'sell', 1, 100, 90), { status: 'filled', average: 90 }),
  reached('stop-limit: a sale at the last price', STOP_LIMIT, [...depth(2), marketSell('first', 1)], stopLimit('stop', 'sell', 1, 90, 90), { status: 'filled', average: 90 }),
  agrees('stop-limit', 'a sale rests when nobody bids its price', STOP_LIMIT, [
    ...depth(2), marketSell('first', 1), stopLimit('stop', 'sell', 1, 80, 70), marketSell('taker', 6),
  ], { orders: { stop: { status: 'open', price: 70, filled: 0, time_in_force: 'gtc' }, taker: { status: 'filled', filled: 6 } }, book: { bids: [[60, 1], [50, 2]], asks: [[70, 1], ...[100, 110, 120, 130, 140].map((price) => [price, 2] as const)] } }),
  agrees('stop-limit', 'purchases wait while nothing has traded', SNAPSHOT, [...depth(10), ...waiting('buy', BUYS_OF_BOOK, 100)], {
    orders: Object.fromEntries(BUYS_OF_BOOK.map((at, index) => [`buy-${index}`, { ...PENDING, stop_price: at, quantity: 5 }])), fills: [],
  }),

  // Whether its last price may be where it is: of each pair, the price that it stands at and the order's.
  ...([
    ['buy', 80, 90, 100, true], ['buy', 80, 90, 90, true], ['sell', 110, 100, 90, true], ['sell', 110, 90, 90, true],
  ] as const).map(([side, last, stopPrice, price]) => agrees('stop-limit', `a ${side} that waits for ${stopPrice} at ${price}, the last price ${last}`, VALID, [
    ...trade('last', last), stopLimit('stop', side, 5, stopPrice, price),
  ], { orders: { stop: PENDING } })),
  ...([['buy', 90, 90, 100], ['buy', 110, 90, 100], ['sell', 100, 100, 90]] as const).map(([side, last, stopPrice, price]) => differs(
    'stop-limit', `a ${side} that waits for ${stopPrice}, the last price ${last}`, VALID, [...trade('last', last), stopLimit('stop', side, 5, stopPrice, price)],
    REFUSED, { orders: { stop: { status: 'open', price } } }, 'a reached stop goes at once')),
  ...([['buy', 80, 100, 90], ['sell', 110, 80, 90]] as const).map(([side, last, stopPrice, price]) => differs(
    'stop-limit', `a ${side} whose limit its stop price has passed already`, VALID, [...trade('last', last), stopLimit('stop', side, 5, stopPrice, price)],
    REFUSED, { orders: { stop: { ...PENDING, price, stop_price: stopPrice } } }, 'limit and stop price are apart')),
  ...([['buy', 80], ['sell', 100]] as const).map(([side, last]) => agrees('stop', `a ${side} that waits for 90, the last price ${last}`, VALID, [
    ...trade('last', last), stop('stop', side, 5, 90),
  ], { orders: { stop: PENDING } })),
  ...([['buy', 90], ['buy', 110], ['sell', 90], ['sell', 80]] as const).map(([side, last]) => differs('stop', `a ${side} that waits for 90, the last price ${last}`, VALID, [
    ...trade('last', last), stop('stop', side, 5, 90),
  ], REFUSED, { orders: { stop: { status: 'cancelled', reason: 'no_liquidity', filled: 0 } } }, 'a reached stop goes at once')),

  agrees('stop-limit', 'a rise reaches all purchases up to the price, that one included', BETWEEN, [...trade('before', 19.75), ...waiting('buy', BUYS, 10), ...trade('after', 40)], {
    orders: stand('buy', BUYS, (at) => at <= 40),
  }),
  agrees('stop-limit', 'a fall reaches all sales down to the price, that one included', BETWEEN, [...trade('before', 41), ...waiting('sell', SELLS, 60), ...trade('after', 20)], {
    orders: stand('sell', SELLS, (at) => at >= 20),
  }),
  agrees('stop-limit', 'a fall to 110 reaches the sales that wait there and above', REACHED, [...trade('before', 150), ...waiting('sell', SELLS_OF_BOOK, 160), ...trade('after', 110)], {
    orders: stand('sell', SELLS_OF_BOOK, (at) => at >= 110),
  }),
  agrees('stop-limit', 'a rise to 130 reaches every purchase below it', REACHED, [...trade('before', 60), ...waiting('buy', BUYS_OF_BOOK, 50), ...trade('after', 130)], {
    orders: stand('buy', BUYS_OF_BOOK, () => true),
  }),
  agrees('stop-limit', 'one that waits can be cancelled, and others at its price stay', REACHED, [
    ...trade('before', 60), ...waiting('buy', BUYS_OF_BOOK, 50), cancel('buy-1'), cancel('buy-1'), cancel('missing'), ...trade('after', 130),
  ], { orders: { 'buy-0': { status: 'open' }, 'buy-1': { status: 'cancelled', reason: 'requested' } }, refused: ['order_not_open', 'order_not_found'] }),
  agrees('self-trade', 'a stop-limit order takes its mode along while it waits', { file: 'test/stp.test.ts', test: 'STP Scenario O: STP carries through triggered stop orders' }, [
    ...depth(10), place('stop', { side: 'buy', type: 'stop_limit', quantity: 3, price: 110, stop_price: 108, self_trade_prevention: 'cancel_maker' }, 'alice'),
  ], { orders: { stop: PENDING } }),
];
