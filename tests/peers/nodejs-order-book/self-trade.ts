import { agrees, buy, differs, marketSell, sell, type OrderFields, type PeerCase, type Source } from '../support/case';

/** The suite of self-trade prevention; its EXPIRE_MAKER, EXPIRE_TAKER and EXPIRE_BOTH are cancel_maker, cancel_taker and cancel_both. */

function scenario(test: string): Source {
  return { file: 'test/stp.test.ts', test };
}

const mode = (word: string): OrderFields => ({ self_trade_prevention: word });
/** The maker that most scenarios begin with, and who comes for it. */
const MAKER = buy('maker', 5, 100, {}, 'alice');
const comes = (word: string, client = 'alice', more: OrderFields = {}) => sell('taker', 3, 90, { ...mode(word), ...more }, client);
const comesAtMarket = (word: string) => marketSell('taker', 3, mode(word), 'alice');

const PREVENTED = { status: 'cancelled', reason: 'self_trade', filled: 0 };
const UNTOUCHED = { status: 'open', filled: 0, remaining: 5 };
const TAKER_ENDS = { orders: { taker: PREVENTED, maker: UNTOUCHED }, fills: [], book: { bids: [[100, 5] as const], asks: [] } };
const BOTH_END = { orders: { taker: PREVENTED, maker: PREVENTED }, fills: [], book: { bids: [], asks: [] } };
const TRADED = { orders: { taker: { status: 'filled', average: 100 }, maker: { status: 'partially_filled', filled: 3, remaining: 2 } }, fills: [['maker', 'taker', 100, 3] as const] };

export const SELF_TRADE: readonly PeerCase[] = [
  agrees('self-trade', 'cancel_maker: both makers go, the taker rests', scenario('STP Scenario A: EXPIRE_MAKER — maker expires, taker continues'), [
    MAKER, buy('maker-90', 5, 90, {}, 'alice'), comes('cancel_maker'),
  ], {
    orders: { maker: PREVENTED, 'maker-90': PREVENTED, taker: { status: 'open', filled: 0, remaining: 3 } }, fills: [], book: { bids: [], asks: [[90, 3]] },
  }),
  agrees('self-trade', 'cancel_taker: the taker goes, the maker stays', scenario('STP Scenario B: EXPIRE_TAKER — taker expires, maker stays'), [MAKER, comes('cancel_taker')], TAKER_ENDS),
  agrees('self-trade', 'cancel_both: both go', scenario('STP Scenario C: EXPIRE_BOTH — both maker and taker expire'), [MAKER, comes('cancel_both')], BOTH_END),
  agrees('self-trade', 'the taker\'s mode counts, not the maker\'s', scenario('STP Scenario D: taker STP mode wins over maker mode'), [
    buy('maker', 5, 100, mode('cancel_maker'), 'alice'), comes('cancel_taker'),
  ], TAKER_ENDS),
  agrees('self-trade', 'cancel_maker of a market order: the maker goes, and then there is no market', scenario('STP Scenario E: market order with EXPIRE_MAKER'), [MAKER, comesAtMarket('cancel_maker')], {
    orders: { maker: PREVENTED, taker: { status: 'cancelled', reason: 'no_liquidity', filled: 0, remaining: 3 } }, fills: [], book: { bids: [], asks: [] },
  }),
  agrees('self-trade', 'cancel_taker of a market order', scenario('STP Scenario F: market order with EXPIRE_TAKER'), [MAKER, comesAtMarket('cancel_taker')], TAKER_ENDS),
  agrees('self-trade', 'orders of others trade', scenario('STP Scenario G: different accounts — normal matching'), [MAKER, comes('cancel_maker', 'bob')], TRADED),
  ...([
    ['STP Scenario H: no accountId — backward compatible', 'cancel_maker'], ['STP Scenario M: STP mode but no accountId — no prevention', 'cancel_taker'],
  ] as const).map(([test, word]) => differs('self-trade', `orders of nobody, ${word}`, scenario(test), [buy('maker', 5, 100, { client_id: '' }), comes(word, 'alice', { client_id: '' })],
    TRADED, { refused: ['validation_failed client_id', 'validation_failed client_id'], fills: [] }, 'orders have accounts')),
  agrees('self-trade', 'cancel_maker: another\'s order at the same price trades', scenario('STP Scenario I: mixed accounts at same price level'), [
    MAKER, buy('other', 5, 100, {}, 'bob'), sell('taker', 8, 90, mode('cancel_maker'), 'alice'),
  ], {
    orders: { maker: PREVENTED, other: { status: 'filled' }, taker: { status: 'partially_filled', filled: 5, remaining: 3 } },
    fills: [['other', 'taker', 100, 5]], book: { bids: [], asks: [[90, 3]] },
  }),
  agrees('self-trade', 'cancel_maker over two prices', scenario('STP Scenario J: multiple price levels with same account'), [
    buy('maker-90', 5, 90, {}, 'alice'), buy('maker-80', 5, 80, {}, 'alice'), sell('taker', 3, 80, mode('cancel_maker'), 'alice'),
  ], { orders: { 'maker-90': PREVENTED, 'maker-80': PREVENTED, taker: { status: 'open', remaining: 3 } }, fills: [] }),
  agrees('self-trade', 'cancel_both of a market order', scenario('STP Scenario K: market order with EXPIRE_BOTH'), [MAKER, comesAtMarket('cancel_both')], BOTH_END),
  agrees('self-trade', 'none: own orders trade', scenario('STP Scenario L: SelfTradePreventionMode.NONE — no prevention'), [MAKER, comes('none')], TRADED),
  agrees('self-trade', 'cancel_taker, placed another way', scenario('STP Scenario N: STP via createOrder API'), [MAKER, comes('cancel_taker')], TAKER_ENDS),
  agrees('self-trade', 'cancel_maker of an immediate-or-cancel order: nothing rests', scenario('STP Scenario P: IOC order with EXPIRE_MAKER'), [
    MAKER, comes('cancel_maker', 'alice', { time_in_force: 'ioc' }),
  ], { orders: { maker: PREVENTED, taker: { status: 'cancelled', reason: 'ioc_remainder', filled: 0, remaining: 3 } }, fills: [], book: { bids: [], asks: [] } }),
];
