export interface VenueRule {
  readonly venue: string;
  /** In our words. */
  readonly rule: string;
  readonly where: string;
}

/** Rules of venues that people trade on, by which this venue differs from a peer. */
export const VENUE_RULES = {
  'decimal text': {
    venue: 'Binance, Coinbase',
    rule: 'prices and sizes are written as decimal text in JSON, so that no digit depends on how a program reads numbers',
    where: 'https://docs.cdp.coinbase.com/api-reference/exchange-api/rest-api/orders/create-new-order',
  },
  'market ends': {
    venue: 'Binance',
    rule: 'a market order that finds too little, or nothing, was accepted and ends by the rules of its type (`EXPIRED`); `REJECTED` is for what the engine did not process',
    where: 'https://developers.binance.com/docs/binance-spot-api-docs/enums',
  },
  'market has no time in force': {
    venue: 'Binance',
    rule: 'a market order has no time in force: a request that gives it one is refused (-1106)',
    where: 'https://developers.binance.com/docs/binance-spot-api-docs/rest-api/trading-endpoints',
  },
  'fill or kill is rejected': {
    venue: 'Coinbase Exchange',
    rule: 'a fill-or-kill order that cannot be matched whole is rejected',
    where: 'https://docs.cdp.coinbase.com/api-reference/exchange-api/rest-api/orders/create-new-order',
  },
  'only what rests trades': {
    venue: 'Coinbase Exchange',
    rule: 'orders are matched with orders of the book, at the price of the order in the book: nothing trades with a quantity that nobody offered',
    where: 'https://docs.cdp.coinbase.com/exchange/concepts/matching-engine',
  },
  'price-time priority': {
    venue: 'Coinbase Exchange',
    rule: 'within a price whoever came first trades first, whoever it is',
    where: 'https://docs.cdp.coinbase.com/exchange/concepts/matching-engine',
  },
  'steps, not digits': {
    venue: 'Binance',
    rule: 'a quantity passes its filter when it is a multiple of the step, a price when it is one of the tick, however many digits they are written with',
    where: 'https://developers.binance.com/docs/binance-spot-api-docs/filters',
  },
  'no market-to-limit': {
    venue: 'Binance',
    rule: 'the order types of spot have no market order whose rest becomes a limit order: what a market order does not trade at once is over',
    where: 'https://developers.binance.com/docs/binance-spot-api-docs/enums',
  },
  'no reduce-only on spot': {
    venue: 'Binance',
    rule: 'spot orders have no `reduceOnly`: a sale is bounded by what the account has, not by a position',
    where: 'https://developers.binance.com/docs/binance-spot-api-docs/rest-api/trading-endpoints',
  },
  'cancel all by market': {
    venue: 'Binance',
    rule: 'cancelling all open orders takes a market, and no side',
    where: 'https://developers.binance.com/docs/binance-spot-api-docs/rest-api/trading-endpoints',
  },
  'orders have accounts': {
    venue: 'Binance',
    rule: 'every order is signed by the key of an account: one of nobody is refused',
    where: 'https://developers.binance.com/docs/binance-spot-api-docs/rest-api/request-security',
  },
  'an end in the past is refused': {
    venue: 'Kraken',
    rule: 'an order may end 5 seconds from now at the earliest: an end that is over already is refused',
    where: 'https://docs.kraken.com/api/docs/rest-api/add-order',
  },
  'the last trade triggers': {
    venue: 'Kraken',
    rule: 'what a waiting order is held against is the last price traded in the book, unless it asks for an index: no quote triggers it',
    where: 'https://docs.kraken.com/api/docs/rest-api/add-order',
  },
  'a reached stop goes at once': {
    venue: 'London Stock Exchange',
    rule: 'a stop order whose price the last trade has reached already is elected as it is received',
    where: 'https://docs.londonstockexchange.com/sites/default/files/documents/mit201-guide-to-the-trading-system.pdf',
  },
  'limit and stop price are apart': {
    venue: 'Binance',
    rule: 'a STOP_LOSS_LIMIT order has a price and a stopPrice, each within the filters of the market; which is above the other is up to whoever sends it',
    where: 'https://developers.binance.com/docs/binance-spot-api-docs/rest-api/trading-endpoints',
  },
  'money is for market orders': {
    venue: 'Binance',
    rule: 'an amount of money (quoteOrderQty) is for market orders only; a limit order has a quantity',
    where: 'https://developers.binance.com/docs/binance-spot-api-docs/rest-api/trading-endpoints',
  },
  'one of a pair ends the other': {
    venue: 'Binance',
    rule: 'as soon as one order of an OCO is active, in that it trades or is triggered, the other one is cancelled: no part of it stays',
    where: 'https://developers.binance.com/docs/binance-spot-api-docs/rest-api/trading-endpoints',
  },
  'an amend is of one order': {
    venue: 'Binance',
    rule: 'an amend names one order, and lessens the quantity of that one, also where it is of a list',
    where: 'https://developers.binance.com/docs/binance-spot-api-docs/faqs/order_amend_keep_priority',
  },
  'what follows waits for all of it': {
    venue: 'Binance',
    rule: 'the pending orders of an OTO or OTOCO are placed when the working order is filled whole, and not before',
    where: 'https://developers.binance.com/docs/binance-spot-api-docs/rest-api/trading-endpoints',
  },
  'a pair has one above and one below': {
    venue: 'Binance',
    rule: 'an OCO to sell is a limit or a take-profit above the last price and a stop below it, one to buy the other way round',
    where: 'https://developers.binance.com/docs/binance-spot-api-docs/rest-api/trading-endpoints',
  },
  'a trailing stop has a distance alone': {
    venue: 'Kraken',
    rule: 'a trailing stop has a relative price and no other: how far the market comes back from its peak or trough',
    where: 'https://docs.kraken.com/api/docs/websocket-v1/addorder',
  },
  'what trails becomes a market order': {
    venue: 'Bitfinex',
    rule: 'among the order types there is a stop with a limit, and a trailing stop, and none that is both: what trails becomes a market order',
    where: 'https://support.bitfinex.com/hc/en-us/articles/115003451049-Bitfinex-Order-Types',
  },
} as const satisfies Readonly<Record<string, VenueRule>>;

export type RuleName = keyof typeof VENUE_RULES;
