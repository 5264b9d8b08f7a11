import { agrees, cancel, list, marketBuy, marketSell, type Outcome, type PeerCase, type Step } from '../support/case';
import { asks, bids, depth, inBook } from './depth';

/** Two orders of which one cancels the other. There they have one id, here a list has two orders. */

const OCO = inBook('test oco order');
/** The last price is 110 then: 1 is left of the offer there, and the best bid is 90. */
const AT_110: Step[] = [...depth(2), marketBuy('first', 3)];

function oco(name: string, side: 'buy' | 'sell', price: number, stopPrice: number, stopLimitPrice: number): Step {
  return list('oco', [
    { name: `${name}.limit`, order: { side, type: 'limit', price, quantity: 1 } },
    { name: `${name}.stop`, order: { side, type: 'stop_limit', price: stopLimitPrice, stop_price: stopPrice, quantity: 1 } },
  ]);
}

const BUYS: Step[] = [oco('buy-1', 'buy', 100, 120, 121), oco('buy-2', 'buy', 100, 120, 121)];
const SELLS: Step[] = [oco('sell-1', 'sell', 120, 100, 99), oco('sell-2', 'sell', 120, 100, 99)];
const REFUSED: Outcome = { refused: ['validation_failed orders'] };
const LINKED = { status: 'cancelled', reason: 'linked', filled: 0 };

export const OCO_CASES: readonly PeerCase[] = [
  agrees('oco', 'a purchase whose stop price is below the last price', OCO, [...AT_110, oco('list', 'buy', 100, 100, 110)], REFUSED),
  agrees('oco', 'a purchase whose limit is above the last price', OCO, [...AT_110, oco('list', 'buy', 120, 120, 110)], REFUSED),
  agrees('oco', 'a sale whose stop price is above the last price', OCO, [...AT_110, oco('list', 'sell', 120, 120, 110)], REFUSED),
  agrees('oco', 'a sale whose limit is below the last price', OCO, [...AT_110, oco('list', 'sell', 100, 100, 110)], REFUSED),
  agrees('oco', 'a purchase: the limit order rests, the stop waits', OCO, [...AT_110, ...BUYS], {
    orders: {
      'buy-1.limit': { status: 'open', price: 100 }, 'buy-1.stop': { status: 'pending', price: 121, stop_price: 120 },
      'buy-2.limit': { status: 'open', price: 100 }, 'buy-2.stop': { status: 'pending', price: 121, stop_price: 120 },
    },
    book: { bids: [[100, 2], ...bids(2)], asks: [[110, 1], ...asks(2, 120)] },
  }),
  agrees('oco', 'a sale: the limit order rests behind others, the stop waits', OCO, [...AT_110, ...BUYS, ...SELLS], {
    orders: { 'sell-1.limit': { status: 'open', price: 120 }, 'sell-1.stop': { status: 'pending', price: 99, stop_price: 100 }, 'sell-2.stop': { status: 'pending' } },
    book: { bids: [[100, 2], ...bids(2)], asks: [[110, 1], [120, 4], ...asks(2, 130)] },
  }),
  agrees('oco', 'the cancel of one cancels the other', OCO, [...AT_110, ...BUYS, ...SELLS, cancel('sell-2.limit')], {
    orders: { 'sell-2.limit': { status: 'cancelled', reason: 'requested' }, 'sell-2.stop': LINKED, 'sell-1.limit': { status: 'open' } },
    book: { bids: [[100, 2], ...bids(2)], asks: [[110, 1], [120, 3], ...asks(2, 130)] },
  }),
  agrees('oco', 'a trade fills a limit order, cancels its stop, and triggers others\' stops by age', OCO, [...AT_110, ...BUYS, ...SELLS, marketSell('taker', 1)], {
    orders: {
      taker: { status: 'filled', average: 100 },
      'buy-1.limit': { status: 'filled' }, 'buy-1.stop': LINKED,
      // The first of the sales meets the second purchase; the second finds nobody and rests.
      'sell-1.stop': { status: 'filled', average: 100 }, 'sell-1.limit': LINKED,
      'buy-2.limit': { status: 'filled' }, 'buy-2.stop': LINKED,
      'sell-2.stop': { status: 'open', price: 99, filled: 0 }, 'sell-2.limit': LINKED,
    },
    book: { bids: bids(2), asks: [[99, 1], [110, 1], ...asks(2, 120)] },
  }),
];
