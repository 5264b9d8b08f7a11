import {
  agrees, amend, buy, cancel, differs, marketBuy, marketSell, place, sell, type Fill, type PeerCase, type Source, type Step,
} from '../support/case';
import { asks, bids, depth, inBook } from './depth';

const LIMIT = inBook('test limit');
const POST_ONLY = inBook('test limit with postOnly');
const TIF = inBook('test limit FOK and IOC');
const MARKET = inBook('test market');
const MODIFY = inBook('test modify');
const PRICES = inBook('test priceCalculation');
const BUY_SIDE: Source = { file: 'packages/core/test/orderside.test.ts', test: 'it should append/update/remove orders from queue on BUY side' };
const SELL_SIDE: Source = { file: 'packages/core/test/orderside.test.ts', test: 'it should append/update/remove orders from queue on SELL side' };

const BOUGHT_ALL: Fill[] = [
  ['sell-100', 'b150', 100, 1], ['sell-110', 'b150', 110, 2], ['sell-120', 'b150', 120, 2], ['sell-130', 'b150', 130, 2], ['sell-140', 'b150', 140, 2],
];
const BUYING_ALL: Step[] = [...depth(2), buy('b100', 1, 100), buy('b150', 10, 150)];
const AMENDED_BOOK: Step[] = [...depth(2), buy('first', 1000, 52), sell('second', 1000, 200)];
const AMENDED_TO_130: Step[] = [...AMENDED_BOOK, amend('first', { quantity: 990 }), amend('first', { price: 82, quantity: 990 }), amend('first', { price: 130 })];
const TWO_BIDS: Step[] = [buy('order1', 5, 10), buy('order2', 5, 20)];
const TWO_ASKS: Step[] = [sell('order1', 5, 10), sell('order2', 5, 20)];
const THREE_DEEP: Step[] = ['05-', '10-', '15-'].flatMap((prefix) => depth(10, prefix));

export const MATCHING: readonly PeerCase[] = [
  agrees('limit', 'orders that do not cross rest at their prices', inBook('test limit place'), depth(2), {
    orders: { 'sell-100': { status: 'open', price: 100, quantity: 2, remaining: 2 } }, fills: [], book: { bids: bids(2), asks: asks(2) },
  }),
  agrees('limit', 'a smaller taker leaves the maker its rest', LIMIT, [...depth(2), buy('b100', 1, 100)], {
    orders: { b100: { status: 'filled', filled: 1, remaining: 0 }, 'sell-100': { status: 'partially_filled', filled: 1, remaining: 1 } },
    fills: [['sell-100', 'b100', 100, 1]],
  }),
  agrees('limit', 'a taker goes through every price up to its own, and its rest stays', LIMIT, BUYING_ALL, {
    orders: { b150: { status: 'partially_filled', quantity: 10, filled: 9, remaining: 1 } },
    fills: [['sell-100', 'b100', 100, 1], ...BOUGHT_ALL],
    book: { bids: [[150, 1], ...bids(2)], asks: [] },
  }),
  agrees('limit', 'a taker as large as the whole side empties it', LIMIT, [...BUYING_ALL, sell('s40', 11, 40)], {
    orders: { s40: { status: 'filled', filled: 11, remaining: 0 }, b150: { status: 'filled' }, 'buy-50': { status: 'filled' } },
    book: { bids: [], asks: [] },
  }),
  agrees('limit', 'a name that an open order has is refused', LIMIT, [buy('buy-70', 2, 70, { client_order_id: 'buy-70' }), sell('again', 11, 40, { client_order_id: 'buy-70' })], {
    orders: { 'buy-70': { status: 'open', remaining: 2 } }, fills: [], refused: ['duplicate_client_order_id'],
  }),
  agrees('limit', 'a quantity of zero is refused', LIMIT, [sell('zero', 0, 40)], { refused: ['validation_failed quantity'] }),
  agrees('limit', 'a side that is none is refused', LIMIT, [buy('sideways', 70, 100, { side: 'unsupported-side' })], { refused: ['validation_failed side'] }),
  agrees('limit', 'zero as text, and null, are no quantities', LIMIT, [sell('text', 1, 40, { quantity: '0' }), sell('null', 1, 40, { quantity: null })], {
    refused: ['validation_failed quantity', 'validation_failed quantity'],
  }),
  differs('limit', 'a price as text', LIMIT, [sell('text', 10, 40, { price: '40' })],
    { refused: ['validation_failed price'] },
    { orders: { text: { status: 'open', price: 40, remaining: 10 } } }, 'decimal text'),
  agrees('limit', 'a limit order without a price is refused', LIMIT, [place('priceless', { side: 'sell', type: 'limit', quantity: 10 })], { refused: ['validation_failed price'] }),
  agrees('time in force', 'a time in force that is none is refused', LIMIT, [sell('fake', 10, 10, { time_in_force: 'FAKE' })], { refused: ['validation_failed time_in_force'] }),
  agrees('cancel', 'an order that is filled cannot be cancelled', LIMIT, [...depth(2), buy('b100', 1, 100), cancel('b100')], {
    orders: { b100: { status: 'filled' } }, refused: ['order_not_open'],
  }),

  agrees('post-only', 'one that does not match rests', POST_ONLY, [...depth(2), buy('b90', 2, 90, { post_only: true })], {
    orders: { b90: { status: 'open', remaining: 2 } }, fills: [], book: { bids: [[90, 4], ...bids(2, 80)], asks: asks(2) },
  }),
  agrees('post-only', 'one that would match is rejected, and the book is as it was', POST_ONLY, [...depth(2), buy('b100', 3, 100, { post_only: true })], {
    orders: { b100: { status: 'rejected', reason: 'post_only_would_match', filled: 0, remaining: 3 } }, fills: [], book: { bids: bids(2), asks: asks(2) },
  }),

  agrees('time in force', 'fill-or-kill beyond its price, or beyond the side, is rejected', TIF, [
    ...depth(2), buy('fok-b100', 3, 100, { time_in_force: 'fok' }), sell('fok-s90', 3, 90, { time_in_force: 'fok' }),
    buy('fok-large-buy', 30, 100, { time_in_force: 'fok' }), sell('fok-large-sell', 30, 90, { time_in_force: 'fok' }),
  ], {
    orders: Object.fromEntries(['fok-b100', 'fok-s90', 'fok-large-buy', 'fok-large-sell'].map((name) => [name, { status: 'rejected', reason: 'fok_not_fillable', filled: 0 }])),
    fills: [], book: { bids: bids(2), asks: asks(2) },
  }),
  agrees('time in force', 'immediate-or-cancel takes what is there and rests nothing', TIF, [
    ...depth(2), buy('ioc-b100', 3, 100, { time_in_force: 'ioc' }), sell('ioc-s90', 3, 90, { time_in_force: 'ioc' }),
  ], {
    orders: { 'ioc-b100': { status: 'cancelled', reason: 'ioc_remainder', filled: 2, remaining: 1 }, 'ioc-s90': { status: 'cancelled', filled: 2, remaining: 1 } },
    fills: [['sell-100', 'ioc-b100', 100, 2], ['buy-90', 'ioc-s90', 90, 2]], book: { bids: bids(2, 80), asks: asks(2, 110) },
  }),
  agrees('time in force', 'fill-or-kill is filled over several prices', TIF, [
    ...depth(2), buy('ioc-b100', 3, 100, { time_in_force: 'ioc' }), sell('ioc-s90', 3, 90, { time_in_force: 'ioc' }),
    buy('fok-b120', 2, 120, { time_in_force: 'fok' }), sell('fok-s70', 4, 70, { time_in_force: 'fok' }),
  ], {
    orders: { 'fok-b120': { status: 'filled', filled: 2, average: 110 }, 'fok-s70': { status: 'filled', filled: 4, average: 75 } },
    book: { bids: bids(2, 60), asks: asks(2, 120) },
  }),
  agrees('time in force', 'a limit order without one rests', inBook('createOrder error'), [...depth(2), buy('plain', 1, 90)], {
    orders: { plain: { status: 'open', time_in_force: 'gtc', remaining: 1 } }, fills: [],
  }),

  agrees('market', 'a purchase goes through the offers until it is filled', MARKET, [...depth(2), marketBuy('taker', 3)], {
    orders: { taker: { status: 'filled', filled: 3, remaining: 0 }, 'sell-110': { status: 'partially_filled', remaining: 1 } },
    fills: [['sell-100', 'taker', 100, 2], ['sell-110', 'taker', 110, 1]],
  }),
  agrees('market', 'a sale larger than the side takes all of it and leaves no rest', MARKET, [...depth(2), marketSell('taker', 12)], {
    orders: { taker: { status: 'cancelled', reason: 'no_liquidity', filled: 10, remaining: 2 } }, book: { bids: [], asks: asks(2) },
  }),
  agrees('market', 'one without a quantity, with zero or with a side that is none is refused', MARKET, [
    marketSell('zero', 0), place('nothing', { side: 'sell', type: 'market' }), marketSell('sideways', 100, { side: 'unsupported-side' }),
  ], { refused: ['validation_failed quantity', 'validation_failed body', 'validation_failed side'] }),
  agrees('market', 'a type that is none is refused', inBook('createOrder error'), [sell('odd', 10, 100, { type: 'wrong-market-type' })], {
    refused: ['validation_failed type'],
  }),
  agrees('market', 'what 115 cost is the sum over three prices', PRICES, [...THREE_DEEP, marketBuy('taker', 115)], {
    // 13150 / 115
    orders: { taker: { status: 'filled', filled: 115, average: 114.348 } },
  }),
  agrees('market', 'what 115 bring is the sum over three prices', PRICES, [...THREE_DEEP, marketSell('taker', 115)], {
    // 8700 / 115
    orders: { taker: { status: 'filled', filled: 115, average: 75.652 } },
  }),
  agrees('market', 'more than there is costs what all of it costs', PRICES, [...THREE_DEEP, marketBuy('taker', 200)], {
    orders: { taker: { status: 'cancelled', reason: 'no_liquidity', filled: 150, average: 120 } },
  }),
  agrees('market', 'more than is asked for brings what all of it brings', PRICES, [...THREE_DEEP, marketSell('taker', 200)], {
    orders: { taker: { status: 'cancelled', reason: 'no_liquidity', filled: 150, average: 70 } },
  }),

  agrees('cancel', 'a cancelled order leaves the book', inBook('orderbook event order.cancelled payload'), [...depth(2), cancel('sell-100')], {
    orders: { 'sell-100': { status: 'cancelled', reason: 'requested', filled: 0 } }, book: { bids: bids(2), asks: asks(2, 110) },
  }),
  agrees('cancel', 'an order that is not there cannot be cancelled', inBook('orderbook event order.rejected on cancel of missing order'), [cancel('missing')], {
    refused: ['order_not_found'],
  }),

  agrees('amend', 'less quantity trades nothing', MODIFY, [...AMENDED_BOOK, amend('first', { quantity: 990 }), amend('second', { quantity: 990 })], {
    orders: { first: { status: 'open', quantity: 990, remaining: 990 }, second: { status: 'open', remaining: 990 } }, fills: [],
  }),
  agrees('amend', 'more quantity trades nothing', inBook('orderbook event order.modified payload'), [...depth(2), amend('buy-50', { quantity: 55 })], {
    orders: { 'buy-50': { status: 'open', quantity: 55, remaining: 55 } }, fills: [],
  }),
  agrees('amend', 'a price of zero and a quantity below it are refused', MODIFY, [
    ...AMENDED_BOOK, amend('first', { price: 0 }), amend('first', { quantity: -1 }), amend('first', { quantity: -1, price: 0 }),
    amend('second', { price: 0 }), amend('second', { quantity: -1 }), amend('second', { quantity: -1, price: 0 }),
  ], {
    orders: { first: { status: 'open', price: 52, remaining: 1000 }, second: { status: 'open', price: 200, remaining: 1000 } },
    refused: ['validation_failed price', 'validation_failed quantity', 'validation_failed price,quantity', 'validation_failed price', 'validation_failed quantity', 'validation_failed price,quantity'],
  }),
  agrees('amend', 'an amend of nothing is refused', MODIFY, [...AMENDED_BOOK, amend('first', {}), amend('second', {})], {
    orders: { first: { price: 52, remaining: 1000 }, second: { price: 200, remaining: 1000 } }, refused: ['validation_failed body', 'validation_failed body'],
  }),
  agrees('amend', 'a price that crosses nothing is taken over', MODIFY, [...AMENDED_BOOK, amend('first', { price: 82, quantity: 990 }), amend('second', { price: 250, quantity: 990 })], {
    orders: { first: { status: 'open', price: 82, remaining: 990 }, second: { status: 'open', price: 250, remaining: 990 } }, fills: [],
  }),
  agrees('amend', 'a purchase amended across the offers takes them, and its rest stays at the new price', MODIFY, AMENDED_TO_130, {
    orders: { first: { status: 'partially_filled', price: 130, filled: 8, remaining: 982 } },
    fills: [['sell-100', 'first', 100, 2], ['sell-110', 'first', 110, 2], ['sell-120', 'first', 120, 2], ['sell-130', 'first', 130, 2]],
  }),
  agrees('amend', 'a sale amended across the bids takes them, and its rest stays at the new price', MODIFY, [
    ...AMENDED_TO_130, amend('second', { quantity: 990 }), amend('second', { price: 250, quantity: 990 }), amend('second', { price: 80 }),
  ], {
    orders: { second: { status: 'partially_filled', price: 80, filled: 986, remaining: 4 }, first: { status: 'filled' } },
    fills: [
      ['sell-100', 'first', 100, 2], ['sell-110', 'first', 110, 2], ['sell-120', 'first', 120, 2], ['sell-130', 'first', 130, 2],
      ['first', 'second', 130, 982], ['buy-90', 'second', 90, 2], ['buy-80', 'second', 80, 2],
    ],
    book: { bids: bids(2, 70), asks: [[80, 4], [140, 2]] },
  }),
  agrees('amend', 'an order that is not there cannot be amended', MODIFY, [amend('missing', { price: 123 })], { refused: ['order_not_found'] }),

  ...([['bids', TWO_BIDS, BUY_SIDE], ['offers', TWO_ASKS, SELL_SIDE]] as const).flatMap(([word, two, source]): PeerCase[] => {
    const isBids = word === 'bids';
    const book = (...levels: [number, number][]) => ({ bids: isBids ? [...levels].reverse() : [], asks: isBids ? [] : levels });
    const take = (quantity: number): Step => (isBids ? sell('taker', quantity, 1, { time_in_force: 'ioc' }) : buy('taker', quantity, 99, { time_in_force: 'ioc' }));
    return [
      agrees('amend', `${word}: a quantity is raised where the order stands`, source, [...two, amend('order1', { quantity: 10 })], { book: book([10, 10], [20, 5]), fills: [] }),
      agrees('amend', `${word}: price and quantity at once`, source, [...two, amend('order1', { quantity: 10, price: 15 })], { book: book([15, 10], [20, 5]), fills: [] }),
      agrees('amend', `${word}: an order amended to a price that others have goes behind them`, source, [...two, amend('order1', { quantity: 10, price: 20 }), take(5)], {
        fills: [['order2', 'taker', 20, 5]], book: book([20, 10]),
      }),
      agrees('amend', `${word}: an order amended past another's price changes places with it`, source, [...two, amend('order1', { quantity: 10, price: 25 }), take(5)], {
        fills: [isBids ? ['order1', 'taker', 25, 5] : ['order2', 'taker', 20, 5]], book: isBids ? book([20, 5], [25, 5]) : book([25, 10]),
      }),
      agrees('cancel', `${word}: without orders there is no price`, source, [...two, cancel('order1'), cancel('order2')], { book: book(), fills: [] }),
    ];
  }),
];
