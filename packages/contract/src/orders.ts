import {
  always, answer, defaulting, each, either, flag, growingWord, integer, list, moment, named, number, only, optional, orNull, own, pattern, request, required, string, uuid, word,
  type Shape,
} from './language';
import {
  Ack, AssetName, ClientId, ClientOrderId, Decimal, IdempotencyKey, InstrumentName, ORDER_ID_EXAMPLE, OTHER_ORDER_ID_EXAMPLE, OrderId, OrderStatus, OrderType,
  Percent, Price, Quantity, Role, QuoteQuantity, SelfTradePrevention, Sequence, Side, SignedDecimal, SignedUnits, Slippage, TIME_EXAMPLE, Time, TimeInForce, Units,
} from './values';
import { Transfer, Withdrawal } from './transfers';
import { FAILURE_STEPS, INSTRUMENT_DEFAULT, INSTRUMENT_STATES, LIMIT_CLASSES, LIST_ORDERS_MAX, LIST_ORDERS_MIN, LIST_STATUSES, LIST_TYPES, STATUS_REASONS } from './words';

/** Orders: what clients send, and what they are told. */

const EXPIRY_EXAMPLE = '2100-01-31T09:30:00Z';

const displayed = optional(
  Quantity,
  'Where it may rest (gtc, gtd, day): what the book shows of the order at a time. Each time that much has traded, as much again is shown, behind the others at the price.',
);
const boughtFor = optional(QuoteQuantity, 'Of a buy, instead of quantity: what it spends at most, fees apart. It holds so much, and the fee on it, from the start.');
const slips = optional(Slippage, 'How far behind the best price it may take, as a fraction of that: what is left is cancelled.');
const expiry = optional(moment({ examples: [EXPIRY_EXAMPLE] }), 'With gtd: when the order ends by itself, by the venue\'s clock. UTC.');

/** What an order asks for, alone or in a list. */
const ORDER_TERMS = {
  side: required(Side),
  type: required(OrderType),
  price: only({ limit: required(Price), stop_limit: required(Price), take_profit_limit: required(Price) }),
  stop_price: only({
    stop: required(Price, 'It waits as `pending` until a trade\'s price reaches this: a buy at or above, a sell at or below.'),
    stop_limit: required(Price, 'As of a stop.'),
    take_profit: required(Price, 'It waits as `pending` until a trade\'s price reaches this: a buy at or below, a sell at or above.'),
    take_profit_limit: required(Price, 'As of a take_profit.'),
  }),
  trailing_offset: only({
    trailing_stop: optional(
      Price,
      'It waits as `pending` so far behind the best trade since it was placed: a sell below the highest, a buy above the lowest. Where it stands moves only in its owner\'s favour.',
    ),
  }),
  trailing_percent: only({ trailing_stop: optional(Percent, 'Instead of trailing_offset: the same as a percentage of that best price, rounded up to whole ticks.') }),
  quantity: each({
    limit: required(Quantity), market: optional(Quantity), stop: optional(Quantity), stop_limit: required(Quantity), take_profit: optional(Quantity),
    take_profit_limit: required(Quantity), trailing_stop: optional(Quantity),
  }),
  quote_quantity: only({
    market: optional(
      QuoteQuantity, 'Instead of quantity: it buys, or sells, for so much money, fees apart, as long as another lot fits. Its quantity is then what it has traded.',
    ),
    stop: boughtFor, take_profit: boughtFor, trailing_stop: boughtFor,
  }),
  max_slippage: only({ market: slips, stop: slips, take_profit: slips, trailing_stop: slips }),
  time_in_force: each({
    limit: defaulting(TimeInForce, 'gtc', 'gtc rests until filled or cancelled; ioc trades what it can at once and cancels the rest; fok trades all of it at once or nothing; gtd rests until expires_at; day until the next midnight UTC.'),
    market: defaulting(word(['ioc']), 'ioc'),
    stop: defaulting(word(['ioc']), 'ioc'),
    stop_limit: defaulting(TimeInForce, 'gtc', 'Of the limit order that it becomes.'),
    take_profit: defaulting(word(['ioc']), 'ioc'),
    take_profit_limit: defaulting(TimeInForce, 'gtc', 'Of the limit order that it becomes.'),
    trailing_stop: defaulting(word(['ioc']), 'ioc'),
  }),
  post_only: each({
    limit: defaulting(flag(), false, 'With gtc only: an order that would trade at once is rejected instead.'),
    market: defaulting(always(false), false),
    stop: defaulting(always(false), false),
    stop_limit: defaulting(flag(), false, 'With gtc only: of the limit order that it becomes.'),
    take_profit: defaulting(always(false), false),
    take_profit_limit: defaulting(flag(), false, 'With gtc only: of the limit order that it becomes.'),
    trailing_stop: defaulting(always(false), false),
  }),
  display_quantity: only({ limit: displayed, stop_limit: displayed, take_profit_limit: displayed }),
  expires_at: only({ limit: expiry, stop_limit: expiry, take_profit_limit: expiry }),
  self_trade_prevention: optional(
    SelfTradePrevention,
    'What happens where it would trade with an order of the same account, or owner (STP_SCOPE): it trades; or what is left of it is cancelled, or the order that waits, or both; or both lose the smaller of the two quantities, and whoever has no more is cancelled. The default is none in an open venue, else cancel_taker.',
  ),
  client_order_id: optional(ClientOrderId),
} as const;

const ACK = optional(Ack, 'Answer when Redis has the order on disk, or when Postgres holds it as well. The default is the server\'s setting.');

const TERMS_RULES = [
  { rule: 'true_only_with', flag: 'post_only', field: 'time_in_force', value: 'gtc' },
  { rule: 'some', of: ['quantity', 'quote_quantity'] },
  { rule: 'not_both', of: ['quantity', 'quote_quantity'] },
  { rule: 'some', of: ['trailing_offset', 'trailing_percent'], where: { field: 'type', value: 'trailing_stop' } },
  { rule: 'not_both', of: ['trailing_offset', 'trailing_percent'] },
  { rule: 'just_with', field: 'expires_at', other: 'time_in_force', value: 'gtd' },
] as const;

export const PlaceRequest = request('PlaceRequest', {
  client_id: own(ClientId, 'Who trades: the name of an account.'),
  instrument: defaulting(InstrumentName, INSTRUMENT_DEFAULT),
  ...ORDER_TERMS,
  idempotency_key: optional(IdempotencyKey),
  ack: ACK,
}, {
  varies: 'type',
  variantNames: {
    limit: 'LimitOrderRequest', market: 'MarketOrderRequest', stop: 'StopOrderRequest', stop_limit: 'StopLimitOrderRequest',
    take_profit: 'TakeProfitOrderRequest', take_profit_limit: 'TakeProfitLimitOrderRequest', trailing_stop: 'TrailingStopOrderRequest',
  },
  rules: TERMS_RULES,
});

/** An order of a list: whose it is, and of which instrument, the list says. */
export const ListedOrderRequest = request('ListedOrderRequest', ORDER_TERMS, {
  varies: 'type',
  variantNames: {
    limit: 'ListedLimitOrder', market: 'ListedMarketOrder', stop: 'ListedStopOrder', stop_limit: 'ListedStopLimitOrder',
    take_profit: 'ListedTakeProfitOrder', take_profit_limit: 'ListedTakeProfitLimitOrder', trailing_stop: 'ListedTrailingStopOrder',
  },
  rules: TERMS_RULES,
});

export const OrderListRequest = request('OrderListRequest', {
  type: required(word(LIST_TYPES), 'oco: two orders of which one goes and the other is cancelled. oto: the second is placed once the first is filled. otoco: a pair is.'),
  client_id: own(ClientId, 'Who trades: the name of an account.'),
  instrument: defaulting(InstrumentName, INSTRUMENT_DEFAULT),
  orders: required(
    list(ListedOrderRequest, { min: LIST_ORDERS_MIN, max: LIST_ORDERS_MAX }),
    'Two, of an otoco three. Both of a pair are of the same side: one waits for the price to rise, the other for it to fall.',
  ),
  idempotency_key: optional(IdempotencyKey),
  ack: ACK,
});

export const CancelFields = request('CancelFields', {
  idempotency_key: optional(IdempotencyKey),
});

export const AmendFields = request('AmendFields', {
  price: optional(Price),
  quantity: optional(Quantity, 'The new total, what is filled already included.'),
  remaining_quantity: optional(Quantity, 'The new open part.'),
  stop_price: optional(Price, 'Of an order that waits for a price: which one.'),
  trailing_offset: optional(Price, 'Of a trailing stop that has one: how far behind the best price it waits from now on.'),
  trailing_percent: optional(Percent, 'Likewise.'),
  idempotency_key: optional(IdempotencyKey),
}, {
  description: 'At least one of the prices, distances and quantities; of the two quantities one.',
  rules: [{ rule: 'some', of: ['price', 'quantity', 'remaining_quantity', 'stop_price', 'trailing_offset', 'trailing_percent'] }, { rule: 'not_both', of: ['quantity', 'remaining_quantity'] }],
});

/** Which order is meant. */
export const OrderReference = request('OrderReference', {
  order_id: optional(OrderId),
  client_id: optional(ClientId, 'When given, the order must be this client\'s.'),
  client_order_id: optional(ClientOrderId),
}, {
  description: 'The venue\'s id of an order, or the client\'s own name of an open one.',
  rules: [{ rule: 'one', of: ['order_id', 'client_order_id'] }, { rule: 'needs', field: 'client_order_id', other: 'client_id', own: true }],
});

const ownerField = optional(ClientId, 'When given, the order must be this client\'s.');

/** The body of a cancel whose order is in the address. */
export const CancelRequest = request('CancelRequest', { client_id: ownerField }, { parts: [CancelFields] });
/** The body of an amend whose order is in the address. */
export const AmendRequest = request('AmendRequest', { client_id: ownerField }, { parts: [AmendFields] });

/** Operations of a batch and of order entry, by their `op`. */
export const PlaceOperation = request('PlaceOperation', { op: required(word(['place'])) }, {
  parts: [PlaceRequest],
  variantNames: {
    limit: 'PlaceLimitOperation', market: 'PlaceMarketOperation', stop: 'PlaceStopOperation', stop_limit: 'PlaceStopLimitOperation',
    take_profit: 'PlaceTakeProfitOperation', take_profit_limit: 'PlaceTakeProfitLimitOperation', trailing_stop: 'PlaceTrailingStopOperation',
  },
});
export const CancelOperation = request('CancelOperation', { op: required(word(['cancel'])) }, { parts: [CancelFields, OrderReference] });
export const AmendOperation = request('AmendOperation', { op: required(word(['amend'])) }, { parts: [AmendFields, OrderReference] });

/** Operations of order entry alone. */
export const PlaceListOperation = request('PlaceListOperation', { op: required(word(['place_list'])) }, { parts: [OrderListRequest] });
export const CancelListOperation = request('CancelListOperation', { op: required(word(['cancel_list'])), list_id: required(uuid()) }, { parts: [CancelRequest] });

export const OPERATIONS = { place: PlaceOperation, cancel: CancelOperation, amend: AmendOperation } as const satisfies Record<string, Shape>;
export const Operation = named('Operation', either([PlaceOperation, CancelOperation, AmendOperation]));

export const BatchRequest = request('BatchRequest', {
  operations: required(
    list(Operation, { min: 1, max: { limit: 'batchOperationsMax' } }),
    'Applied in order. One that is not valid is answered with a 400 of its own and leaves the others alone.',
  ),
});

/** Members of an answer that could not be made from all of history, because Postgres is away or behind. */
export const Staleness = answer('Staleness', {
  stale: optional(always(true), 'Present when history could not be read to its end.'),
  lag_entries: optional(orNull(integer({ min: 0 })), 'Log entries that history is behind by; null where it cannot be told.'),
  lag_seconds: optional(orNull(number({ min: 0 })), 'Age of the oldest of them.'),
}, { description: 'There when an answer could not be made from all of history.' });

export const Order = answer('Order', {
  order_id: required(OrderId),
  client_order_id: required(orNull(ClientOrderId)),
  client_id: required(ClientId),
  instrument: required(InstrumentName),
  side: required(Side),
  type: required(OrderType),
  time_in_force: required(TimeInForce),
  post_only: required(flag()),
  price: required(orNull(Decimal), 'null for an order that trades at any price.'),
  stop_price: optional(Decimal, 'Of an order that waits for a price, or has: which one. Of a trailing stop: where it stands, or stood as it went; left out as long as no trade tells.'),
  trailing_offset: optional(Decimal, 'Of a trailing stop: how far behind the best price it waits.'),
  trailing_percent: optional(Decimal, 'The same as a percentage of that price.'),
  quantity: required(Decimal, 'Of an order by money: what it has traded.'),
  filled_quantity: required(Decimal),
  remaining_quantity: required(Decimal),
  display_quantity: optional(Decimal, 'Of an order that asked for it: what of it the book shows at a time.'),
  average_price: required(orNull(Decimal), 'Of what is filled, rounded half up to the price\'s decimals; null while nothing is.'),
  maker_fee_rate: required(SignedDecimal, 'Fraction of money that it is charged for what it trades while it waits; set when it is placed. Below zero is a rebate.'),
  taker_fee_rate: required(SignedDecimal, 'The same for what it takes.'),
  fee: required(SignedUnits, 'What it has been charged so far: exactly its fees, rounded up to the asset\'s unit.'),
  fee_asset: required(AssetName),
  self_trade_prevention: optional(SelfTradePrevention, 'Left out for none.'),
  quote_quantity: optional(Decimal, 'Of a market order by money: what it could trade for.'),
  max_slippage: optional(Decimal, 'Of a market order with a bound.'),
  status: required(OrderStatus),
  status_reason: required(orNull(growingWord(STATUS_REASONS)), 'Why a done order was not filled.'),
  sequence: required(Sequence, 'Of the order\'s last change: what a stream message or a read with the same or a higher number contains.'),
  created_at: required(Time),
  updated_at: required(Time),
  expires_at: optional(Time, 'When it ends by itself: of gtd and day orders.'),
  list_id: optional(uuid(), 'The list that it belongs to.'),
});

/** What everybody is told of a trade. */
export const TradeFields = answer('TradeFields', {
  trade_id: required(integer({ min: 1 }), 'Counts up by one for each instrument.'),
  price: required(Decimal),
  quantity: required(Decimal),
  maker_order_id: required(OrderId),
  taker_order_id: required(OrderId),
  executed_at: required(Time),
});

/** A trade inside an order's answer. */
export const OrderTrade = answer('OrderTrade', {
  role: required(Role, 'Whether the order waited, or took.'),
  fee: required(SignedUnits, 'What the order was charged for it; below zero is a rebate.'),
}, { parts: [TradeFields] });

export const OrderWithTrades = answer('OrderWithTrades', {
  trades: required(list(OrderTrade), 'Oldest first; of an amend, those of the amend.'),
}, { parts: [Order, Staleness] });

export const OrderPage = answer('OrderPage', {
  orders: required(list(Order), 'Newest first.'),
  next_cursor: required(orNull(OrderId), 'Give it as cursor to go on; null behind the last page.'),
}, { parts: [Staleness] });

const OrderListFields = answer('OrderListFields', {
  list_id: required(uuid()),
  type: required(word(LIST_TYPES)),
  client_id: required(ClientId),
  instrument: required(InstrumentName),
  status: required(word(LIST_STATUSES), 'open as long as any of its orders is: one that waits for the first of them is `pending`.'),
  created_at: required(Time),
});

export const OrderList = answer('OrderList', {
  orders: required(list(OrderWithTrades), 'As they were sent.'),
}, { parts: [OrderListFields] });

export const ListedOrderList = answer('ListedOrderList', {
  orders: required(list(Order), 'As they were sent.'),
}, { parts: [OrderListFields] });

export const OrderListPage = answer('OrderListPage', {
  order_lists: required(list(ListedOrderList), 'Newest first.'),
  next_cursor: required(orNull(uuid()), 'Give it as cursor to go on; null behind the last page.'),
}, { parts: [Staleness] });

export const CancelledOrders = answer('CancelledOrders', { cancelled: required(list(OrderId)) });

export const FieldError = answer('FieldError', { field: required(string()), message: required(string()) });

/** RFC 9457, with the venue's stable `code`. */
export const Problem = answer('Problem', {
  type: required(pattern('^urn:openfill:problem:[a-z_]+$', 'the type of a problem', { format: 'uri' })),
  title: required(string()),
  status: required(integer({ min: 400, max: 599 })),
  detail: required(string(), 'For people; its wording may change.'),
  instance: required(string(), 'The request\'s id, as in X-Request-Id.'),
  code: required(named('ProblemCode', string()), 'For programs; it stays.'),
  errors: optional(list(FieldError, { min: 1 }), 'What is wrong with which field.'),
  order: optional(OrderWithTrades, 'With order_not_open: the order\'s final state.'),
  list: optional(OrderList, 'With order_list_not_open: the list\'s final state.'),
  asset: optional(AssetName, 'With insufficient_funds: what is wanting.'),
  needed: optional(Units, 'With insufficient_funds: what this would commit.'),
  available: optional(SignedUnits, 'With insufficient_funds: what the account has free.'),
  withdrawal: optional(Withdrawal, 'With withdrawal_resolved: its state.'),
  transfer: optional(Transfer, 'With transfer_resolved: its state.'),
  step: optional(word(FAILURE_STEPS), 'With failure_injected: where.'),
  instrument: optional(InstrumentName, 'Where it is about what an instrument takes, or is.'),
  state: optional(growingWord(INSTRUMENT_STATES), 'With instrument_not_open: its state.'),
  min_value: optional(Decimal, 'With value_below_minimum: the least price × quantity.'),
  price_min: optional(Decimal, 'With outside_instrument_limits, as the three beside it: what it takes.'),
  price_max: optional(Decimal),
  quantity_min: optional(Decimal),
  quantity_max: optional(Decimal),
  class: optional(word(LIMIT_CLASSES), 'With rate_limited: the allowance that is used up.'),
  retry_after_ms: optional(integer({ min: 1 }), 'With rate_limited: when there is some of it again.'),
  cancelled: optional(list(OrderId), 'With an interrupted cancel-all: what has been cancelled all the same.'),
}, { description: 'RFC 9457.' });

export const BatchResult = answer('BatchResult', {
  status: required(integer(), 'What the single call would have answered with.'),
  body: required(either([OrderWithTrades, Problem])),
});

export const BatchResults = answer('BatchResults', {
  results: required(list(BatchResult, { min: 1, max: { limit: 'batchOperationsMax' } }), 'One for each operation, in their order.'),
});

const tradeExample = {
  trade_id: 77, price: '49999.50', quantity: '0.20000000',
  maker_order_id: OTHER_ORDER_ID_EXAMPLE, taker_order_id: ORDER_ID_EXAMPLE, executed_at: TIME_EXAMPLE,
};
const orderTradeExample = { ...tradeExample, role: 'taker', fee: '4.9999500000' };

const orderExample = {
  order_id: ORDER_ID_EXAMPLE, client_order_id: 'my-7', client_id: 'client-A', instrument: INSTRUMENT_DEFAULT,
  side: 'buy', type: 'limit', time_in_force: 'gtc', post_only: false, price: '50000.00', quantity: '0.50000000',
  filled_quantity: '0.20000000', remaining_quantity: '0.30000000', average_price: '49999.50',
  maker_fee_rate: '0.0002', taker_fee_rate: '0.0005', fee: '4.9999500000', fee_asset: 'USD',
  status: 'partially_filled', status_reason: null, sequence: 1042, created_at: TIME_EXAMPLE, updated_at: TIME_EXAMPLE,
};

const orderWithTradesExample = { ...orderExample, trades: [orderTradeExample] };
const listId = '019c2b4e-9a10-7c3a-9f52-1b6f0a4f8e20';
const takeProfit = { ...orderExample, order_id: '019c2b4e-9a10-7c3a-9f52-1b6f0a4f8e21', client_order_id: null, side: 'sell', price: '52000.00', list_id: listId,
  filled_quantity: '0.00000000', remaining_quantity: '0.50000000', average_price: null, fee: '0.0000000000', status: 'open' };
const stopLoss = { ...takeProfit, order_id: '019c2b4e-9a10-7c3a-9f52-1b6f0a4f8e22', type: 'stop', time_in_force: 'ioc', price: null, stop_price: '49000.00', status: 'pending' };
const orderListExample = {
  list_id: listId, type: 'oco', client_id: 'client-A', instrument: INSTRUMENT_DEFAULT, status: 'open', created_at: TIME_EXAMPLE,
  orders: [{ ...takeProfit, trades: [] }, { ...stopLoss, trades: [] }],
};
const bracket = [
  { side: 'sell', type: 'limit', price: '52000.00', quantity: '0.5' }, { side: 'sell', type: 'stop', stop_price: '49000.00', quantity: '0.5' },
] as const;
const limitOrder = { client_id: 'client-A', instrument: INSTRUMENT_DEFAULT, side: 'buy', type: 'limit', price: 50000.0, quantity: 0.5 };

/** What calls and answers look like, for the documents. */
export const ORDER_EXAMPLES = {
  trade: tradeExample,
  order: orderExample,
  orderWithTrades: orderWithTradesExample,
  cancelledOrder: { ...orderWithTradesExample, status: 'cancelled', status_reason: 'requested', sequence: 1050 },
  places: {
    limit: limitOrder,
    'limit-with-everything': {
      ...limitOrder, side: 'sell', price: '50100.00', quantity: '0.50000000', time_in_force: 'gtc', post_only: true,
      self_trade_prevention: 'cancel_taker', client_order_id: 'my-7', idempotency_key: 'a-unique-uuid-12345', ack: 'redis',
    },
    iceberg: { ...limitOrder, client_id: 'client-D', side: 'sell', price: '50200.00', quantity: '2', display_quantity: '0.25' },
    market: { client_id: 'client-B', side: 'sell', type: 'market', quantity: '0.2' },
    'market-by-money': { client_id: 'client-B', side: 'buy', type: 'market', quote_quantity: '250.00', max_slippage: '0.005' },
    'immediate-or-cancel': { ...limitOrder, client_id: 'client-C', instrument: 'ETH-USD', time_in_force: 'ioc', price: '2500.00' },
    'good-til-date': { ...limitOrder, price: '45000.00', time_in_force: 'gtd', expires_at: EXPIRY_EXAMPLE },
    day: { ...limitOrder, price: '45000.00', time_in_force: 'day' },
    'fill-or-kill': { ...limitOrder, client_id: 'client-C', time_in_force: 'fok', quantity: '10' },
    'stop-loss': { client_id: 'client-B', side: 'sell', type: 'stop', stop_price: '49000.00', quantity: '0.2' },
    'trailing-stop': { client_id: 'client-B', side: 'sell', type: 'trailing_stop', trailing_offset: '500.00', quantity: '0.2' },
    'trailing-stop-percent': { client_id: 'client-B', side: 'buy', type: 'trailing_stop', trailing_percent: '2.5', quote_quantity: '250.00' },
    'stop-limit': { client_id: 'client-B', side: 'sell', type: 'stop_limit', stop_price: '49000.00', price: '48900.00', quantity: '0.2' },
  },
  orderList: orderListExample,
  cancelledOrderList: {
    ...orderListExample, status: 'done', orders: [
      { ...takeProfit, status: 'cancelled', status_reason: 'requested', trades: [] }, { ...stopLoss, status: 'cancelled', status_reason: 'linked', trades: [] },
    ],
  },
  listedOrderList: { ...orderListExample, orders: [takeProfit, stopLoss] },
  lists: {
    oco: { type: 'oco', client_id: 'client-A', instrument: INSTRUMENT_DEFAULT, orders: bracket, idempotency_key: 'a-unique-uuid-12349' },
    oto: { type: 'oto', client_id: 'client-A', orders: [{ side: 'buy', type: 'limit', price: '50000.00', quantity: '0.5' }, bracket[1]] },
    otoco: { type: 'otoco', client_id: 'client-A', orders: [{ side: 'buy', type: 'limit', price: '50000.00', quantity: '0.5' }, ...bracket] },
  },
  cancels: { keyed: { idempotency_key: 'a-unique-uuid-12347' } },
  amends: { price: { price: '50005.00' }, quantity: { quantity: 0.4 }, 'open-part': { price: 50001, remaining_quantity: '0.1' } },
  batches: {
    'place-amend-cancel': {
      operations: [
        { op: 'place', ...limitOrder, client_order_id: 'my-8', idempotency_key: 'a-unique-uuid-12346' },
        { op: 'amend', client_id: 'client-A', client_order_id: 'my-8', price: '49990.00' },
        { op: 'cancel', client_id: 'client-A', client_order_id: 'my-8' },
      ],
    },
  },
} as const;
