import { agrees, amend, buy, cancel, differs, list, marketBuy, marketSell, quote, sell, trade, type Level, type OrderFields, type Outcome, type PeerCase, type Step, type Told } from '../support/case';
import { contingencies, ifTouched, independence } from './sources';

/**
 * A first order and the two that close what it opens: there a bracket, here an otoco. What is accepted there waits (the stop) or rests
 * (the limit) here; what there is not yet at the venue is pending here, and what is rejected with its first is cancelled with it.
 */

type Side = 'buy' | 'sell';
const SIDES = ['buy', 'sell'] as const;

const BID: Level = [3090.2, 15.1];
const ASK: Level = [3090.5, 15.1];
const MARKET = quote(BID, ASK);
const MARKET_ORDER: OrderFields = { type: 'market' };

const WAITS: Told = { status: 'pending', filled: 0 };
const RESTS: Told = { status: 'open', filled: 0 };
const LINKED: Told = { status: 'cancelled', reason: 'linked', filled: 0 };

const limitAt = (price: number): OrderFields => ({ type: 'limit', price });

/** Orders of one quantity: the first, and of the other side the one for the gain and the one against the loss. */
function bracket(side: Side, first: OrderFields, gain: OrderFields | number, loss: number, quantity = 10, name = ''): Step {
  const other = side === 'buy' ? 'sell' : 'buy';
  return list('otoco', [
    { name: `${name}first`, order: { side, quantity, ...first } },
    { name: `${name}gain`, order: { side: other, quantity, ...(typeof gain === 'number' ? limitAt(gain) : gain) } },
    { name: `${name}loss`, order: { side: other, quantity, type: 'stop', stop_price: loss } },
  ]);
}

const moved = (bid: Level, ask: Level): Step[] => [cancel('bid'), cancel('ask'), ...quote(bid, ask, ['bid2', 'ask2'])];

/** One that buys at the offer, though its limit is above, with the gain at 3150 and the loss at 3050. */
const BOUGHT: Step[] = [...MARKET, bracket('buy', limitAt(3100), 3150, 3050)];
const opened = (more: Readonly<Record<string, Told>> = {}): Outcome => ({ orders: { first: { status: 'filled' }, gain: RESTS, loss: WAITS, ...more } });
const FOLLOWS_NOT_YET: Outcome = { orders: { first: { status: 'open', filled: 0 }, gain: WAITS, loss: WAITS } };
const GAINED: Outcome = { orders: { first: { status: 'filled' }, gain: { status: 'filled', filled: 10 }, loss: LINKED } };
const gainOf = (side: Side): number => (side === 'buy' ? 3150 : 3050);
const lossOf = (side: Side): number => (side === 'buy' ? 3050 : 3150);

const IN_LISTS: readonly PeerCase[] = [
  ...SIDES.map((side) => agrees('list', `a ${side} at the market is followed by its pair`, contingencies(`test_submit_bracket_market_entry_${side}_accepts_sl_and_tp`), [
    ...MARKET, bracket(side, MARKET_ORDER, gainOf(side), lossOf(side)),
  ], opened())),
  agrees('list', 'both of a pair are amended at once', contingencies('test_submit_bracket_market_entry_with_immediate_modify_accepts_sl_and_tp'), [
    ...MARKET, bracket('sell', MARKET_ORDER, 3050, 3150), amend('loss', { stop_price: 3151 }), amend('gain', { price: 3051 }),
  ], opened({ gain: { ...RESTS, price: 3051 }, loss: { ...WAITS, stop_price: 3151 } })),
  // The cancel of one is that of both: the second finds nothing any more, which the peer does not look at.
  agrees('list', 'a pair is cancelled at once', contingencies('test_submit_bracket_market_entry_with_immediate_cancel'), [...MARKET, bracket('sell', MARKET_ORDER, 3050, 3150), cancel('loss')], {
    orders: { first: { status: 'filled' }, gain: LINKED, loss: { status: 'cancelled', reason: 'requested' } },
  }),
  ...SIDES.map((side) => agrees('list', `the pair of a ${side} that rests does not go yet`, contingencies(`test_submit_bracket_limit_entry_${side}_has_sl_tp_pending`), [
    ...MARKET, bracket(side, limitAt(side === 'buy' ? 3090 : 3100), gainOf(side), lossOf(side)),
  ], FOLLOWS_NOT_YET)),
  ...SIDES.map((side) => agrees('list', `a ${side} whose limit is reached is followed by its pair`, contingencies(`test_submit_bracket_limit_entry_${side}_fills_then_triggers_sl_and_tp`), [
    ...MARKET, side === 'buy' ? bracket('buy', limitAt(3100), 3150, 3050) : bracket('sell', limitAt(3050), 3000, 3150),
  ], opened())),
  agrees('list', 'a first that is rejected takes its pair along', contingencies('test_reject_bracket_entry_then_rejects_sl_and_tp'), [
    ...MARKET, bracket('sell', { ...limitAt(3050), post_only: true }, 3000, 3150),
  ], { orders: { first: { status: 'rejected', reason: 'post_only_would_match' }, gain: LINKED, loss: LINKED }, book: { bids: [BID], asks: [ASK] } }),
  // One is named for the loss; both move the market to the gain.
  ...['test_filling_bracket_tp_cancels_sl_order', 'test_filling_bracket_sl_cancels_tp_order'].map((test) => agrees('list', 'the gain is filled, and the loss cancelled', contingencies(test), [
    ...BOUGHT, ...moved([3150, 10], [3151, 10]),
  ], GAINED)),
  differs('list', 'the gain is filled in part', contingencies('test_partial_fill_bracket_tp_updates_sl_order'), [...BOUGHT, ...moved([3150, 5], [3151, 5.1])],
    opened({ gain: { status: 'partially_filled', quantity: 10, remaining: 5 }, loss: { ...WAITS, quantity: 5 } }),
    opened({ gain: { status: 'partially_filled', quantity: 10, remaining: 5 }, loss: LINKED }), 'one of a pair ends the other'),
  differs('list', 'less is asked of the loss', contingencies('test_modifying_bracket_tp_updates_sl_order'), [...BOUGHT, amend('loss', { quantity: 5 })],
    opened({ gain: { ...RESTS, quantity: 5 }, loss: { ...WAITS, quantity: 5 } }), opened({ gain: { ...RESTS, quantity: 10 }, loss: { ...WAITS, quantity: 5 } }), 'an amend is of one order'),
  differs('list', 'what was bought is sold beside the pair', contingencies('test_closing_position_cancels_bracket_ocos'), [...MARKET, bracket('buy', MARKET_ORDER, 3150, 3050), marketSell('beside', 10)],
    { orders: { first: { status: 'filled' }, gain: { status: 'cancelled' }, loss: { status: 'cancelled' } } }, opened({ beside: { status: 'filled' } }), 'no reduce-only on spot'),
  differs('list', 'half of what was bought is sold beside the pair', contingencies('test_partially_filling_position_updates_bracket_ocos'), [...MARKET, bracket('buy', MARKET_ORDER, 3150, 3050), marketSell('beside', 5)],
    opened({ gain: { ...RESTS, quantity: 5 }, loss: { ...WAITS, quantity: 5 } }), opened({ gain: { ...RESTS, quantity: 10 }, loss: { ...WAITS, quantity: 10 } }), 'no reduce-only on spot'),
];

/** A quote there has bid and offer at one price; here one side of it rests, and the last trade was there. */
const LAST = trade('last', 3100);
const rest = (name: string, of: Side, price: number, quantity: number): Step => (of === 'buy' ? buy : sell)(name, quantity, price, {}, 'maker');
const against = (side: Side): Side => (side === 'buy' ? 'sell' : 'buy');
/** Somebody trades a little there, with enough left for one more. */
function reached(side: Side, price: number): Step[] {
  return [rest('there', against(side), price, 11), (side === 'buy' ? marketBuy : marketSell)('comer', 1, {}, 'comer')];
}
const touched = (side: Side, stop: number, price?: number): OrderFields => (
  price === undefined ? { type: 'take_profit', stop_price: stop } : { type: 'take_profit_limit', stop_price: stop, price }
);
const PASSIVE_LIMIT = ifTouched('test_bracket_limit_if_touched_entry_triggers_passively_then_limit_working');
/** Each as far below 3100 for a purchase as it is above for a sale. */
const off = (side: Side, by: number): number => (side === 'buy' ? 3100 - by : 3100 + by);
const filledAt = (average: number): Outcome => opened({ first: { status: 'filled', average } });

const IF_TOUCHED: readonly PeerCase[] = SIDES.flatMap((side) => [
  agrees('list', `a ${side} at the market, of one price, is followed by its pair`, ifTouched('test_bracket_market_entry_accepts_sl_and_tp'), [
    rest('there', against(side), 3100, 10), bracket(side, MARKET_ORDER, gainOf(side), lossOf(side)),
  ], opened()),
  agrees('list', `a ${side} that waits is reached and filled, and the gain waits as well`, ifTouched('test_bracket_market_if_touched_entry_triggers_passively_then_sl_tp_working'), [
    ...LAST, bracket(side, touched(side, off(side, 10)), { type: 'take_profit', stop_price: gainOf(side) }, lossOf(side)), ...reached(side, off(side, 10)),
  ], opened({ gain: WAITS })),
  agrees('list', `a ${side} that waits is reached, and rests at its limit`, PASSIVE_LIMIT, [
    ...LAST, bracket(side, touched(side, off(side, 10), off(side, 11)), gainOf(side), lossOf(side)), ...reached(side, off(side, 10)),
  ], { orders: { first: { ...RESTS, price: off(side, 11) }, gain: WAITS, loss: WAITS } }),
  agrees('list', `a ${side} that waits is reached, rests, and is filled at its limit`, ifTouched('test_bracket_limit_if_touched_entry_triggers_passively_and_fills_passively'), [
    ...LAST, bracket(side, touched(side, off(side, 1), off(side, 5)), gainOf(side), lossOf(side)), ...trade('touch', off(side, 1)), rest('comes', against(side), off(side, 6), 10),
  ], filledAt(off(side, 5))),
  differs('list', `a ${side} that waits is passed, and filled by its limit`, ifTouched('test_bracket_limit_if_touched_entry_triggers_passively_and_fills_immediately'), [
    ...LAST, bracket(side, touched(side, off(side, 1), off(side, side === 'buy' ? 0 : -1)), gainOf(side), lossOf(side)), ...reached(side, off(side, 2)),
  ], filledAt(off(side, 1)), filledAt(off(side, 2)), 'only what rests trades'),
  agrees('list', `a ${side} that is reached as it comes rests, and is filled at its limit`, ifTouched('test_bracket_limit_if_touched_entry_triggers_immediately_and_fills_passively'), [
    ...LAST, bracket(side, touched(side, 3100, off(side, 5)), gainOf(side), lossOf(side)), rest('comes', against(side), off(side, 6), 10),
  ], filledAt(off(side, 5))),
  agrees('list', `a ${side} that is reached as it comes is filled where the market is`, ifTouched('test_bracket_limit_if_touched_entry_triggers_immediately_and_fills_immediately'), [
    ...LAST, rest('there', against(side), 3100, 10), bracket(side, touched(side, off(side, -2), off(side, -3)), gainOf(side), lossOf(side)),
  ], filledAt(3100)),
]);

const LOTS = 50_000;
const two = (): Step[] => [1, 2].map((n) => bracket('buy', limitAt(1.1), 1.101, 1.099, n * 2 * LOTS, `${n}.`));
const ofBoth: Outcome = {
  orders: {
    '1.first': { status: 'filled', filled: 2 * LOTS }, '1.gain': { ...RESTS, quantity: 2 * LOTS }, '1.loss': { ...WAITS, quantity: 2 * LOTS },
    '2.first': { status: 'filled', filled: 4 * LOTS }, '2.gain': { ...RESTS, quantity: 4 * LOTS }, '2.loss': { ...WAITS, quantity: 4 * LOTS },
  },
};
const PARTIAL = independence('test_partial_fills_update_child_orders_independently');
const FILLED_IN_PART: Told = { status: 'partially_filled', filled: LOTS };

const INDEPENDENT: readonly PeerCase[] = [
  agrees('list', 'two at the offer have a pair each, of their own quantity', independence('test_multiple_bracket_orders_maintain_independent_quantities'), [sell('ask', 20 * LOTS, 1.1, {}, 'maker'), ...two()], ofBoth),
  differs('list', 'the first of one is filled in part', PARTIAL, [bracket('buy', limitAt(1.1), 1.101, 1.099, 2 * LOTS), sell('ask', LOTS, 1.1, {}, 'maker')],
    { orders: { first: FILLED_IN_PART, gain: { ...RESTS, quantity: LOTS }, loss: { ...WAITS, quantity: LOTS } } },
    { orders: { first: FILLED_IN_PART, gain: { ...WAITS, quantity: 2 * LOTS }, loss: { ...WAITS, quantity: 2 * LOTS } } }, 'what follows waits for all of it'),
  agrees('list', 'two that are filled part by part have a pair each, of their own quantity', PARTIAL, [...two(), sell('ask', LOTS, 1.1, {}, 'maker'), sell('more', 5 * LOTS, 1.1, {}, 'maker')], ofBoth),
];

export const CONTINGENCIES: readonly PeerCase[] = [...IN_LISTS, ...IF_TOUCHED, ...INDEPENDENT];
