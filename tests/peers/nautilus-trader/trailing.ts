import { agrees, amend, buy, cancel, differs, list, place, quote, sell, trade, type OrderFields, type Outcome, type PeerCase, type Source, type Step, type Told } from '../support/case';
import { model, rust, trailing } from './sources';

/**
 * Stops that follow the market. The peer's follow its quote unless they are told otherwise, this venue's its trades: where a test moves the
 * quote alone, its case tells the difference, and a second one has somebody trade at each.
 *
 * There such an order may come with a first stop price of its own. Here it stands behind the last trade, so what comes first is a trade from
 * which it stands where the peer's begins. A hundred basis points are one per cent; a number of ticks is the offset that they come to.
 */

type Side = 'buy' | 'sell';
type Quote = readonly [bid: number, ask: number];

const SIDES = ['buy', 'sell'] as const;
const QUANTITY = 200_000;
const DEEP = 1_000_000;
const OFFSET: OrderFields = { trailing_offset: 1 };

const calculation = (test: string): Source => ({ file: 'crates/execution/src/trailing.rs', test });
const bracket = (test: string): Source => ({ file: 'tests/unit_tests/backtest/test_exchange_bracket_trailing_stop_orders.py', test });

function trails(side: Side, distance: OrderFields = OFFSET, quantity = QUANTITY): Step {
  return place('order', { side, type: 'trailing_stop', quantity, ...distance });
}

/** Each quote stands in place of the one before it, and at so many of them, from the first on, somebody trades a little. What is ordered comes behind the first. */
function market(quotes: readonly Quote[], traded: number, by: Side, ordered: readonly Step[], size = DEEP): Step[] {
  return quotes.flatMap(([bid, ask], at) => [
    ...(at === 0 ? [] : [cancel(`bid${at}`), cancel(`ask${at}`)]),
    ...quote([bid, size], [ask, size], [`bid${at + 1}`, `ask${at + 1}`]),
    ...(at < traded ? [(by === 'buy' ? buy : sell)(`comer${at + 1}`, 1, by === 'buy' ? ask : bid, { time_in_force: 'ioc' }, 'comer')] : []),
    ...(at === 0 ? ordered : []),
  ]);
}

const told = (order: Told): Outcome => ({ orders: { order } });
const stands = (stopPrice: number | null, more: Told = {}): Outcome => told({ status: 'pending', filled: 0, stop_price: stopPrice, ...more });
const REJECTED = told({ status: 'rejected' });

/** Of quotes alone, by which the order stands elsewhere, and of trades at each of them. @param known At how many of the quotes somebody has traded either way */
function eitherWay(
  title: string, source: Source, side: Side, quotes: readonly Quote[], known: number, ordered: readonly Step[], expected: Outcome, byQuotes: Outcome,
): PeerCase[] {
  return [
    differs('trailing', `${title}, by quotes alone`, source, market(quotes, known, side, ordered), expected, byQuotes, 'the last trade triggers'),
    agrees('trailing', `${title}, by trades`, source, market(quotes, quotes.length, side, ordered), expected),
  ];
}

const FIRST: Quote = [13, 14];
/** Where one of an offset of 1 stands behind a trade at the first quote. */
const standsFirst = { buy: 15, sell: 12 };
const ACTIVATED: Readonly<Record<Side, readonly Quote[]>> = {
  buy: [FIRST, [11, 11.5], [10, 10.5], [10.5, 11], [11, 12]],
  sell: [FIRST, [15.5, 16], [16.5, 17], [16, 16.5], [15, 15.5]],
};

const EXCHANGE: readonly PeerCase[] = [
  ...([
    ['for_unsupported_offset_type_raises', { trailing_percent: 0.01 }, 'by a percentage'],
    ['bid_ask_when_no_quote_ticks_raises', OFFSET, 'behind the quote'],
    ['last_when_no_quote_ticks_raises', OFFSET, 'behind the last trade'],
    ['last_or_bid_ask_when_no_market_raises', OFFSET, 'behind either'],
  ] as const).map(([test, distance, title]) => differs('trailing', `a trailing buy without a market, ${title}`, trailing(`test_trailing_stop_market_order_${test}_runtime_error`), [
    trails('buy', distance),
  ], REJECTED, stands(null), 'the last trade triggers')),
  ...SIDES.flatMap((side) => eitherWay(`a trailing ${side} stands behind the market that it finds`, trailing('test_trailing_stop_market_order_bid_ask_with_no_trigger_updates_order'),
    side, [FIRST], 0, [trails(side)], stands(standsFirst[side]), stands(null))),
  ...SIDES.map((side) => agrees('trailing', `a trailing ${side} stands behind the last trade`, trailing('test_trailing_stop_market_order_last_with_no_trigger_updates_order'),
    market([FIRST], 1, 'buy', [trails(side)]), stands(side === 'buy' ? 15 : 13))),
  ...SIDES.flatMap((side) => eitherWay(`a trailing ${side} moves with the market, and not back`, trailing(`test_trailing_stop_market_order_${side}_bid_ask_price_when_offset_activated_updates_order`),
    side, side === 'buy' ? [FIRST, [12, 13], [12.5, 13.5]] : [FIRST, [14, 15], [13.5, 14.5]], 1, [trails(side)], stands(side === 'buy' ? 14 : 13), stands(standsFirst[side]))),
  differs('trailing', 'a trailing sell that begins at a price of its own', trailing('test_trailing_stop_market_order_trail_activate_and_sell'),
    market([FIRST], 1, 'sell', [trails('sell', { ...OFFSET, activation_price: 15 })]), stands(null), { refused: ['validation_failed activation_price'] }, 'a trailing stop has a distance alone'),
  // It trails from the start instead, and passes the price at which the peer's begins.
  ...SIDES.map((side) => agrees('trailing', `a trailing ${side} goes once the market comes back`, trailing(`test_trailing_stop_market_order_trail_activate_and_${side}`),
    market(ACTIVATED[side], ACTIVATED[side].length, side, [trails(side)]), told({ status: 'filled', filled: QUANTITY, stop_price: side === 'buy' ? 11.5 : 15.5 }))),
  differs('trailing', 'a trailing buy with a limit', trailing('test_trailing_stop_limit_order_last_with_no_trigger_updates_order'),
    market([FIRST], 1, 'buy', [place('order', { side: 'buy', type: 'trailing_stop_limit', quantity: QUANTITY, price: 15, ...OFFSET })]), stands(15, { price: 15 }),
    { refused: ['validation_failed type,trailing_offset'] }, 'what trails becomes a market order'),
  ...SIDES.flatMap((side): PeerCase[] => {
    const beyond: Quote = side === 'buy' ? [16, 16.5] : [11, 11.5];
    const there = side === 'buy' ? 16.5 : 11;
    const test = `test_trailing_stop_market_order_${side}_fill`;
    return [
      differs('trailing', `a trailing ${side} that the market passes`, trailing(test), market([FIRST, beyond], 2, side, [trails(side, OFFSET, 100_000)]),
        told({ status: 'filled', filled: 100_000, average: standsFirst[side] }), told({ status: 'filled', filled: 100_000, average: there }), 'only what rests trades'),
      differs('trailing', `a trailing ${side} of more than there is`, trailing(`${test}_when_quantity_exceeds_top_level`), market([FIRST, beyond], 2, side, [trails(side)], 100_001),
        told({ status: 'filled', filled: QUANTITY, average: side === 'buy' ? 15.0005 : 11.9995 }), told({ status: 'cancelled', reason: 'no_liquidity', filled: 100_000, average: there }),
        'only what rests trades'),
    ];
  }),
  ...SIDES.flatMap((side) => eitherWay(`a trailing ${side}, amended to less, goes for that`, trailing(`test_trailing_stop_market_${side}_order_modify`),
    side, [FIRST, side === 'buy' ? [14, 15] : [12, 13]], 1, [trails(side), amend('order', { quantity: 100_000 })],
    told({ status: 'filled', quantity: 100_000, filled: 100_000 }), stands(standsFirst[side], { quantity: 100_000 }))),
  agrees('trailing', 'a trailing buy is amended ahead of what it follows', trailing('test_modify_unactivated_trailing_stop_order_before_activation'), [
    ...quote([12, DEEP], [13, DEEP]), trails('buy', OFFSET, 100_000), amend('order', { quantity: 50_000 }), buy('comer', 1, 13, { time_in_force: 'ioc' }, 'comer'),
  ], stands(14, { quantity: 50_000 })),
];

/** What comes of a trade behind one from which the order stands where the peer's does. */
function moves(title: string, test: string, side: Side, distance: OrderFields, first: number, last: number, stopPrice: number): PeerCase {
  return agrees('trailing', title, calculation(test), [...trade('first', first), trails(side, distance), ...trade('last', last)], stands(stopPrice));
}

/** A trade from which one of an offset of 1 stands at 100. */
const FIRST_TRADE = { buy: 99, sell: 101 };
const AT_100 = { buy: trade('first', FIRST_TRADE.buy), sell: trade('first', FIRST_TRADE.sell) };
const IN_FAVOUR = 'a trade in favour of a trailing';

const CALCULATED: readonly PeerCase[] = [
  agrees('trailing', 'a market order trails nothing', calculation('test_calculate_with_invalid_order_type'), [place('order', { side: 'buy', type: 'market', quantity: 1, ...OFFSET })], {
    refused: ['validation_failed trailing_offset'],
  }),
  agrees('trailing', 'nothing trails an index', calculation('test_calculate_with_unsupported_trigger_type'), [trails('buy', { ...OFFSET, trigger_type: 'index' })], {
    refused: ['validation_failed trigger_type'],
  }),
  ...SIDES.map((side) => differs('trailing', `a trailing ${side}, nothing having traded`, calculation('test_calculate_with_last_price_no_last'), [trails(side)], REJECTED, stands(null), 'the last trade triggers')),
  ...SIDES.map((side) => differs('trailing', `a trailing ${side}, nobody buying or selling`, calculation('test_calculate_with_bid_ask_no_bid_ask'), [...AT_100[side], trails(side)],
    REJECTED, stands(100), 'the last trade triggers')),
  ...(['test_trailing_stop_market_last_price', 'test_no_update_when_candidate_worse'] as const).flatMap((test) => SIDES.map((side) =>
    moves(`a trade that is no better moves no trailing ${side}`, test, side, OFFSET, FIRST_TRADE[side], FIRST_TRADE[side], 100))),
  ...(['test_trailing_stop_market_last_price', 'test_trailing_stop_market_last_price_move_in_favour'] as const).flatMap((test) => SIDES.map((side) =>
    moves(`${IN_FAVOUR} ${side} moves it`, test, side, OFFSET, FIRST_TRADE[side], side === 'buy' ? 98 : 102, side === 'buy' ? 99 : 101))),
  ...([
    ['buy', 0.5, 99.5, 98, 98.49], ['buy', 1, 99, 97, 97.97], ['sell', 0.5, 100.5, 102, 101.49], ['sell', 1, 101, 103, 101.97],
  ] as const).map(([side, percent, first, last, stopPrice]) =>
    moves(`${IN_FAVOUR} ${side} by ${percent} % moves it`, 'test_trailing_stop_market_basis_points', side, { trailing_percent: percent }, first, last, stopPrice)),
  ...([
    ['buy', 0.05, 99.95, 98, 98.05], ['buy', 0.1, 99.9, 97, 97.1], ['sell', 0.05, 100.05, 102, 101.95], ['sell', 0.1, 100.1, 103, 102.9],
  ] as const).map(([side, offset, first, last, stopPrice]) =>
    moves(`${IN_FAVOUR} ${side} by ${offset * 100} ticks moves it`, 'test_trailing_stop_market_ticks', side, { trailing_offset: offset }, first, last, stopPrice)),
  ...([
    ['buy', [[1503, 1504], [1479, 1480]], 1481, 1505], ['sell', [[1496, 1497], [1520, 1521]], 1519, 1495],
  ] as const).flatMap(([side, quotes, stopPrice, stood]) => eitherWay(`a trailing ${side} that names no reference`, calculation('test_trailing_stop_market_default_uses_bid_ask'),
    side, quotes, 1, [trails(side)], stands(stopPrice), stands(stood))),
  ...SIDES.map((side) => agrees('trailing', `a quote that is no better moves no trailing ${side}`, calculation('test_trailing_stop_market_bid_ask'), [
    ...AT_100[side], trails(side), ...(side === 'buy' ? quote([98, DEEP], [99, DEEP]) : quote([101, DEEP], [102, DEEP])),
  ], stands(100))),
  ...SIDES.flatMap((side) => eitherWay(`a trailing ${side} behind the quote`, calculation('test_trailing_stop_market_bid_ask'),
    side, side === 'buy' ? [[98, 99], [97, 98]] : [[101, 102], [102, 103]], 1, [trails(side)], stands(side === 'buy' ? 99 : 101), stands(100))),
  ...([
    ['buy', 98, [97, 98], 99], ['buy', 97, [96, 99], 98], ['sell', 102, [102, 103], 101], ['sell', 103, [101, 102], 102],
  ] as const).map(([side, last, [bid, ask], stopPrice]) => agrees('trailing', `a trailing ${side} behind the last trade or the quote, at ${bid} and ${ask}`, calculation('test_trailing_stop_last_or_bid_ask'), [
    ...AT_100[side], trails(side), ...trade('last', last), ...quote([bid, DEEP], [ask, DEEP]),
  ], stands(stopPrice))),
];

const OFFER = quote(null, [1500, 1]);
const TRAILING_MODEL = 'trailing_stop_market';

const ENGINE: readonly PeerCase[] = [
  differs('trailing', 'a trailing buy with a stop price of its own, below the offer', rust('test_process_trailing_stop_orders_rejeceted_and_valid'), [...OFFER, trails('buy', { trailing_offset: 0.1, stop_price: 1498 }, 1)],
    REJECTED, { refused: ['validation_failed stop_price'] }, 'a trailing stop has a distance alone'),
  agrees('trailing', 'a trade below the offer moves a trailing buy', rust('test_updating_of_trailing_stop_market_order_with_no_trigger_price_set'), [...trade('first', 1504), ...OFFER, trails('buy', OFFSET, 1), ...trade('last', 1480)],
    stands(1481)),
  agrees('trailing', 'a trailing buy of nothing is refused', model(TRAILING_MODEL, 'test_quantity_zero_err'), [trails('buy', { trailing_offset: 10 }, 0)], { refused: ['validation_failed quantity'] }),
  differs('trailing', 'a trailing buy that ends by itself', model(TRAILING_MODEL, 'test_trailing_stop_market_order_expire_time'), [
    ...trade('first', 99.5), trails('buy', { trailing_offset: 0.5, time_in_force: 'gtd', expires_in_s: 3600 }, 10),
  ], stands(100, { time_in_force: 'gtd' }), { refused: ['validation_failed time_in_force'] }, 'market has no time in force'),
  differs('trailing', 'an amend of where a trailing buy stands', model(TRAILING_MODEL, 'test_trailing_stop_market_order_update'), [
    ...trade('first', 99.5), trails('buy', { trailing_offset: 0.5 }, 10), amend('order', { stop_price: 95, quantity: 5 }),
  ], stands(95, { quantity: 5 }), { ...stands(100, { quantity: 10 }), refused: ['order_waits_otherwise'] }, 'a trailing stop has a distance alone'),
];

/** What is bought at 3100 is sold by a limit or by what trails, there at a market whose bid is its offer. Here one side of it rests. */
function bought(gain: OrderFields, loss: OrderFields): Step[] {
  const ends = { side: 'sell', quantity: 10 };
  return [
    ...quote(null, [3100, 10]),
    list('otoco', [{ name: 'first', order: { side: 'buy', quantity: 10, type: 'market' } }, { name: 'gain', order: { ...ends, ...gain } }, { name: 'loss', order: { ...ends, ...loss } }]),
  ];
}

const TRAILING_LOSS = bought({ type: 'limit', price: 3200 }, { type: 'trailing_stop', trailing_offset: 100 });
const LINKED: Told = { status: 'cancelled', reason: 'linked', filled: 0 };
const SOLD: Told = { status: 'filled', filled: 10 };
const bid = (name: string, price: number): Step => buy(name, 11, price, {}, 'maker');
const hits = (price: number): Step => sell('comer', 1, price, { time_in_force: 'ioc' }, 'comer');

const IN_LISTS: readonly PeerCase[] = [
  agrees('list', 'a loss that trails stands behind what the first was filled at', bracket('test_bracket_accepts_trailing_stop_market_order_sl'), TRAILING_LOSS, {
    orders: { first: { status: 'filled' }, gain: { status: 'open' }, loss: { status: 'pending', stop_price: 3000 } },
  }),
  agrees('list', 'a loss that trails goes with the market', bracket('test_bracket_accepts_trailing_stop_market_order_sl'), [...TRAILING_LOSS, ...trade('up', 3150)], {
    orders: { gain: { status: 'open' }, loss: { status: 'pending', stop_price: 3050 } },
  }),
  differs('list', 'a loss that trails is reached, by quotes alone', bracket('test_bracket_accepts_trailing_stop_market_order_sl'), [...TRAILING_LOSS, bid('up', 3150), cancel('up'), bid('down', 3050)],
    { orders: { gain: LINKED, loss: { ...SOLD, stop_price: 3050 } } }, { orders: { gain: { status: 'open' }, loss: { status: 'pending', stop_price: 3000 } } }, 'the last trade triggers'),
  agrees('list', 'a loss that trails is reached, by trades', bracket('test_bracket_accepts_trailing_stop_market_order_sl'), [...TRAILING_LOSS, ...trade('up', 3150), bid('down', 3050), hits(3050)], {
    orders: { gain: LINKED, loss: { ...SOLD, stop_price: 3050 } },
  }),
  // The peer's trails from 3200 on, which is not asked for here: it differs all the same.
  differs('list', 'a gain that trails, beside a loss that waits below as well', bracket('test_bracket_accepts_trailing_stop_market_order_tp'), [
    ...bought({ type: 'trailing_stop', trailing_offset: 30 }, { type: 'stop', stop_price: 3000 }), cancel('ask'), ...trade('up', 3250), bid('down', 3210), hits(3210),
  ], { orders: { first: { status: 'filled' }, gain: SOLD, loss: LINKED } }, { refused: ['validation_failed orders'] }, 'a pair has one above and one below'),
];

export const TRAILING: readonly PeerCase[] = [...EXCHANGE, ...CALCULATED, ...ENGINE, ...IN_LISTS];
