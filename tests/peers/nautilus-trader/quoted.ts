import { agrees, differs, place, quote, type OrderFields, type PeerCase, type Step } from '../support/case';
import { execution } from './sources';

/**
 * Orders by money. The peer turns the money of a limit order into a quantity as it is submitted, by the quote or the last trade of
 * that moment; here the money bounds what a market order trades.
 */

const CONVERTS = execution('test_submit_order_with_quote_quantity_and_quote_tick_converts_to_base_quantity');
const MONEY = 100_000;
/** An instrument with the peer's steps: five decimals, whole units. */
const FX: OrderFields = { instrument: 'FX-USD' };
const DEEP: Step[] = quote([0.8, 10_000_000], [0.8001, 10_000_000]).map((step) => (step.do === 'place' ? place(step.name, { ...step.order, ...FX }, step.client) : step));

function byMoney(name: string, side: 'buy' | 'sell', type: 'limit' | 'market'): Step {
  return place(name, { side, type, quote_quantity: MONEY, ...FX, ...(type === 'limit' ? { price: 10 } : {}) });
}

const REFUSED = { refused: ['validation_failed quantity,quote_quantity'] };

export const QUOTED: readonly PeerCase[] = [
  agrees('quote-sized', 'a limit order by money, without a market, is refused', execution('test_submit_order_with_quote_quantity_and_no_prices_denies'), [byMoney('order', 'buy', 'limit')], REFUSED),
  ...([['buy', 124_984], ['sell', 125_000]] as const).map(([side, quantity]) => differs('quote-sized', `a limit ${side} by money, with a market`, CONVERTS, [byMoney('order', side, 'limit')],
    { orders: { order: { quantity } } }, REFUSED, 'money is for market orders')),
  agrees('quote-sized', 'money is as much as the market makes of it, in whole lots', CONVERTS, [...DEEP, byMoney('bought', 'buy', 'market'), byMoney('sold', 'sell', 'market')], {
    orders: { bought: { filled: 124_984 }, sold: { filled: 125_000 } },
  }),
];
