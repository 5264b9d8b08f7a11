import {
  anything, choice, defaulting, integer, moment, optional, own, request, required, string, uuid, word,
  type Kind, type Shape,
} from './language';
import { AccountKill, CONTROL_EXAMPLES, CancelAfter, CancelAfterRequest } from './controls';
import { ALGO_EXAMPLES, Algo, AlgoPage, AlgoWithSlices, TwapRequest } from './algos';
import { Auction, ChangeInstrumentRequest, INSTRUMENT_EXAMPLES, Instrument, Instruments, OpenInstrumentRequest } from './instruments';
import { AnyBook, Candles, Health, MARKET_EXAMPLES, Readiness, Ticker, Trades } from './market';
import {
  Account, AccountEventPage, AccountPage, AccountSnapshots, Assets, Balances, ChangeAccountRequest, DepositPage, DepositRequest, EventId, FeeGroup,
  FeeGroupRequest, FeeGroups, FillPage, KeyedRequest, MONEY_EXAMPLES, MoneyOverview, OpenAccountRequest, Portfolio, PositionWithStaleness, Positions,
  PostTransferRequest, RebuildReport, Settlement, Statement, TransferRequest, WithdrawalPage, WithdrawalRequest,
} from './money';
import {
  AmendRequest, BatchRequest, BatchResults, CancelRequest, CancelledOrders, ORDER_EXAMPLES, OrderList, OrderListPage, OrderListRequest, OrderPage, OrderWithTrades, PlaceRequest,
} from './orders';
import {
  ApiKeyRequest, ApiKeys, AuditLog, ChangeMeRequest, ChangeUserRequest, Ended, Jwks, LoginRequest, LogoutRequest, MadeApiKey, Me, MintRequest, MintedToken, OidcCallbackQuery, OidcLoginQuery, OidcTokenRequest, Owners, PEOPLE_EXAMPLES,
  RefreshRequest, RegisterRequest, Registered, ShareRequest, SudoRequest, SudoToken, Tokens, User, UserPage, Username,
} from './people';
import { Deposit, TRANSFER_EXAMPLES, Transfer, Withdrawal } from './transfers';
import { AccountName, AssetName, ClientId, FeeGroupName, IdempotencyKey, InstrumentName, Interval, ORDER_ID_EXAMPLE, TIME_EXAMPLE, TRANSFER_ID_EXAMPLE } from './values';
import {
  AUDIT_LIMIT_DEFAULT, CANDLES_INTERVAL_DEFAULT, CANDLES_LIMIT_DEFAULT, INSTRUMENT_DEFAULT, MARKS, MONEY_LIMIT_DEFAULT, ORDERBOOK_LEVELS_DEFAULT, ORDERS_LIMIT_DEFAULT,
  SNAPSHOTS_LIMIT_DEFAULT, TRADES_LIMIT_DEFAULT, USERS_LIMIT_DEFAULT, WITHDRAWAL_STATUSES,
} from './words';

/**
 * The calls: each once. Routing takes method, path and whether there is a body from here; the checks take the query and the
 * body; the OpenAPI document takes all of it.
 */

/** An answer that is no problem. */
export interface Success {
  readonly description: string;
  /** Of a JSON answer. */
  readonly is?: Kind;
  readonly example?: unknown;
  /** Of an answer that is text. */
  readonly mediaType?: string;
  /** Headers that it always has, and what they say. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Who may make it is told by its row in CALL_ACCESS. */
export interface Call<Code extends string = string> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** With its parameters in braces. */
  readonly path: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly description?: string;
  readonly query?: Shape;
  /** Headers that it takes, beside those that every call takes. */
  readonly headers?: Readonly<Record<string, { readonly is: Kind; readonly description: string }>>;
  /** Whether the `Idempotency-Key` header is one of them: its answers may come a second time. */
  readonly keyed?: true;
  /** Whether a body is read; one that is read and not described is refused by name. */
  readonly takesBody: boolean;
  readonly body?: { readonly is: Shape; readonly required: boolean; readonly examples: Readonly<Record<string, unknown>> };
  /** Answered whatever page or host asks: probes find the service under names that it does not know. */
  readonly isForAnyHost?: true;
  /** Whether pages send it, and get from it, the cookie of a login. */
  readonly usesCookie?: true;
  readonly answers: Readonly<Record<number, Success>>;
  /** Codes of the problems that it can answer with, beside those that any call can. */
  readonly refusals: readonly Code[];
}

export const TAGS = {
  Orders: 'Placing, changing and listing orders.',
  Money: 'Accounts, what they have, and what moves it.',
  People: 'Who callers are, and what they may act for.',
  'Market data': 'What anyone may read.',
  Operation: 'For whoever runs it.',
} as const;
export type Tag = keyof typeof TAGS;

/** Codes that any call can get. */
export const ANY_CALL = ['origin_not_allowed', 'request_timeout', 'uri_too_long', 'rate_limited', 'headers_too_large', 'internal_error', 'shutting_down'] as const;
/** Codes of a call that takes parameters. */
const ANY_PARAMETERS = ['validation_failed'] as const;
/** Codes of a call that takes a body. */
const ANY_BODY = ['validation_failed', 'malformed_json', 'body_too_large', 'unsupported_media_type'] as const;
/** Codes of a call that reads the shard or its history. */
const ANY_READ = ['engine_recovering', 'engine_unavailable', 'history_unavailable'] as const;
/** Codes of a call that changes the book. */
const ANY_COMMAND = ['engine_frozen', ...ANY_READ, 'outcome_unknown'] as const;
/** Codes of a command that may commit what an account has. */
/** Codes of an order that an instrument does not take. */
const ANY_RULES = ['instrument_not_open', 'value_below_minimum', 'outside_instrument_limits'] as const;
const ANY_COVER = ['insufficient_funds', 'account_suspended', 'account_closed', 'balance_limit', 'balance_audit_breach'] as const;
/** Codes of a call that reads what accounts have. */
const MONEY_READ = [...ANY_PARAMETERS, ...ANY_READ, 'funds_off'] as const;
/** Codes of a call that changes it. */
const MONEY_COMMAND = [...ANY_BODY, ...ANY_COMMAND, 'backlog_full', 'idempotency_key_reused', 'funds_off'] as const;

/** Parameters that stand in a path, by their names. */
export const PATH_PARAMETERS: Readonly<Record<string, { readonly is: Kind; readonly description: string }>> = {
  order_id: { is: string({ examples: [ORDER_ID_EXAMPLE] }), description: 'The venue\'s id of the order. What is no UUID names no order: 404.' },
  account_id: { is: AccountName, description: 'Name of the account; the venue\'s own can be read, too.' },
  list_id: { is: string({ examples: [ORDER_EXAMPLES.orderList.list_id] }), description: 'The venue\'s id of the order list. What is no UUID names none: 404.' },
  algo_id: { is: string({ examples: [ALGO_EXAMPLES.algo.algo_id] }), description: 'The venue\'s id of the algo. What is no UUID names none: 404.' },
  withdrawal_id: { is: string({ examples: [TRANSFER_ID_EXAMPLE] }), description: 'The venue\'s id of the withdrawal. What is no UUID names none: 404.' },
  transfer_id: { is: string({ examples: [TRANSFER_ID_EXAMPLE] }), description: 'The venue\'s id of the transfer. What is no UUID names none: 404.' },
  group: { is: FeeGroupName, description: 'Name of the group; `default` is everybody\'s.' },
  instrument: { is: InstrumentName, description: 'Name of the instrument.' },
  username: { is: Username, description: 'Name of the user.' },
  key: { is: string({ examples: [PEOPLE_EXAMPLES.key.api_key] }), description: 'Public name of the key.' },
  date: { is: string({ examples: ['2026-01-31'] }), description: 'A day of UTC, YYYY-MM-DD.' },
};

const instrument = defaulting(InstrumentName, INSTRUMENT_DEFAULT, 'Name of the instrument.');
const instrumentFilter = optional(InstrumentName, 'Only this instrument.');

export const OrderbookQuery = request('OrderbookQuery', {
  instrument,
  levels: defaulting(integer({ min: 1, max: { limit: 'orderbookLevelsMax' } }, { examples: [20] }), ORDERBOOK_LEVELS_DEFAULT, 'Price levels of each side.'),
  level: defaulting(choice([1, 2, 3]), 2, '1: the best price of each side. 2: totals by price. 3: single orders, those of the best `levels` prices in queue order.'),
});
export const TradesQuery = request('TradesQuery', {
  instrument,
  limit: defaulting(integer({ min: 1, max: { limit: 'tradesLimitMax' } }, { examples: [50] }), TRADES_LIMIT_DEFAULT, 'Trades in one page.'),
  before: optional(integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), 'Only trades older than the one with this trade_id.'),
});
export const CandlesQuery = request('CandlesQuery', {
  instrument,
  interval: defaulting(Interval, CANDLES_INTERVAL_DEFAULT, 'Length of a candle. They begin at UTC\'s whole seconds, minutes, hours and days.'),
  start: optional(moment({ examples: ['2026-01-31T00:00:00Z'] }), 'Candles that begin at this moment or later. UTC, a date or a time with seconds.'),
  end: optional(moment({ examples: [TIME_EXAMPLE] }), 'Candles that begin before this moment.'),
  limit: defaulting(integer({ min: 1, max: { limit: 'candlesLimitMax' } }, { examples: [100] }), CANDLES_LIMIT_DEFAULT, 'Candles in one page.'),
  fill: optional(word(['previous']), 'previous: a flat candle without volume, at the price of the close before it, where nothing was traded.'),
});
export const TickerQuery = request('TickerQuery', { instrument });
export const OrdersQuery = request('OrdersQuery', {
  client_id: own(ClientId, 'The client.'),
  status: defaulting(word(['open', 'all']), 'open', 'The open ones, or all there ever were.'),
  instrument: instrumentFilter,
  limit: defaulting(integer({ min: 1, max: { limit: 'ordersLimitMax' } }), ORDERS_LIMIT_DEFAULT, 'Orders in one page.'),
  cursor: optional(uuid(), 'next_cursor of the page before.'),
});
export const MassCancelQuery = request('MassCancelQuery', { client_id: own(ClientId, 'The client.'), instrument: instrumentFilter });

export const OrderListsQuery = request('OrderListsQuery', {
  client_id: own(ClientId, 'The client.'),
  limit: defaulting(integer({ min: 1, max: { limit: 'ordersLimitMax' } }), ORDERS_LIMIT_DEFAULT, 'Lists in one page.'),
  cursor: optional(uuid(), 'next_cursor of the page before.'),
});

export const AlgosQuery = request('AlgosQuery', {
  client_id: own(ClientId, 'The client.'),
  status: defaulting(word(['running', 'all']), 'running', 'The running ones, or all there ever were.'),
  limit: defaulting(integer({ min: 1, max: { limit: 'ordersLimitMax' } }), ORDERS_LIMIT_DEFAULT, 'Algos in one page.'),
  cursor: optional(uuid(), 'next_cursor of the page before.'),
});

const moneyLimit = (what: string) => (
  defaulting(integer({ min: 1, max: { limit: 'moneyLimitMax' } }), MONEY_LIMIT_DEFAULT, `${what} in one page.`)
);
const accountFilter = required(ClientId, 'The account.');
const sequenceCursor = optional(integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), 'next_cursor of the page before.');

export const AccountsQuery = request('AccountsQuery', { limit: moneyLimit('Accounts'), cursor: optional(AccountName, 'next_cursor of the page before.') });
export const AccountEventsQuery = request('AccountEventsQuery', {
  asset: optional(AssetName, 'Only this asset.'),
  before: optional(EventId, 'Only events older than the one with this event_id.'),
  limit: moneyLimit('Events'),
});
export const SnapshotsQuery = request('SnapshotsQuery', {
  limit: defaulting(integer({ min: 1, max: SNAPSHOTS_LIMIT_DEFAULT }), SNAPSHOTS_LIMIT_DEFAULT, 'Snapshots in the answer.'),
});
export const DepositsQuery = request('DepositsQuery', { account_id: accountFilter, limit: moneyLimit('Deposits'), cursor: sequenceCursor });
export const WithdrawalsQuery = request('WithdrawalsQuery', {
  account_id: accountFilter, status: optional(word(WITHDRAWAL_STATUSES), 'Only those in this state.'), limit: moneyLimit('Withdrawals'), cursor: sequenceCursor,
});
export const FillsQuery = request('FillsQuery', {
  client_id: own(ClientId, 'The account.'), instrument: instrumentFilter, before: optional(EventId, 'next_cursor of the page before.'), limit: moneyLimit('Fills'),
});
export const PortfolioQuery = request('PortfolioQuery', {
  mark: defaulting(word(MARKS), 'last', 'Price that positions are held against: the last trade\'s, or the middle of the best bid and ask.'),
});
export const SettlementQuery = request('SettlementQuery', { limit: moneyLimit('Accounts'), cursor: optional(AccountName, 'next_cursor of the page before.') });

export const UsersQuery = request('UsersQuery', {
  limit: defaulting(integer({ min: 1, max: { limit: 'moneyLimitMax' } }), USERS_LIMIT_DEFAULT, 'Users in one page.'),
  cursor: optional(Username, 'next_cursor of the page before.'),
});
export const AuditLogQuery = request('AuditLogQuery', {
  before: optional(integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), 'Only entries older than the one with this audit_id.'),
  limit: defaulting(integer({ min: 1, max: { limit: 'moneyLimitMax' } }), AUDIT_LIMIT_DEFAULT, 'Entries in one page.'),
});

/** Read by the stream itself: lists come as names with commas. */
export const StreamQuery = request('StreamQuery', {
  channels: optional(string({ examples: ['trades,orderbook,balances'] }), 'Names of channels, separated by commas.'),
  instruments: optional(string({ examples: [INSTRUMENT_DEFAULT] }), 'Names of instruments, separated by commas.'),
  accounts: optional(string({ examples: ['client-A'] }), 'Names of accounts, separated by commas, for the channels balances and fills. A name with a comma can be given in a message only.'),
  depth: optional(integer({ min: 1, max: { limit: 'orderbookLevelsMax' } }, { examples: [10] }), 'Levels of each side that books are limited to; without it they are whole.'),
  since: optional(string({ examples: ['1042'] }), 'Goes on behind this sequence, or behind the event with this id, instead of beginning with snapshots.'),
});

export const IDEMPOTENCY_KEY_HEADER = {
  is: IdempotencyKey,
  description: 'The same as idempotency_key in the body; when both are given they must be equal. A request with a key that '
    + 'was used before gets the first answer again, with `Idempotency-Replayed: true`.',
} as const;

const orderAnswer = (description: string): Success => ({ description, is: OrderWithTrades, example: ORDER_EXAMPLES.orderWithTrades });

const cancelling = {
  tag: 'Orders', summary: 'Cancel an order', keyed: true, takesBody: true,
  answers: { 200: { description: 'The order as it is now, cancelled.', is: OrderWithTrades, example: ORDER_EXAMPLES.cancelledOrder } },
  refusals: [...ANY_BODY, ...ANY_COMMAND, 'order_not_found', 'order_not_open', 'instrument_not_open', 'idempotency_key_reused'],
} as const;

const accountAnswer = (description: string): Success => ({ description, is: Account, example: MONEY_EXAMPLES.account });
const transferAnswer = (description: string): Success => ({ description, is: Transfer, example: TRANSFER_EXAMPLES.transfer });

const endingWithdrawal = {
  method: 'POST', tag: 'Money', keyed: true, takesBody: true,
  body: { is: KeyedRequest, required: false, examples: { keyed: MONEY_EXAMPLES.keyed } },
  refusals: [...MONEY_COMMAND, 'withdrawal_not_found', 'withdrawal_resolved'],
} as const;

const endedWithdrawal = (description: string, status: string): Readonly<Record<number, Success>> => ({
  200: { description, is: Withdrawal, example: { ...TRANSFER_EXAMPLES.withdrawal, status } },
});

const endingTransfer = {
  method: 'POST', tag: 'Money', keyed: true, takesBody: true,
  body: { is: KeyedRequest, required: false, examples: { keyed: MONEY_EXAMPLES.keyed } },
} as const;

/** Codes of any call about people. */
const PEOPLE = ['auth_off', 'people_unavailable'] as const;

export const CALLS = {
  placeOrder: {
    method: 'POST', path: '/orders', tag: 'Orders', summary: 'Place an order',
    description: 'Answered when the match is done and on disk. An order that the book itself turns down (fill-or-kill, post-only) is a '
      + '201 with the status `rejected`, and leaves no trace in the book.',
    keyed: true, takesBody: true,
    body: { is: PlaceRequest, required: true, examples: ORDER_EXAMPLES.places },
    answers: { 201: orderAnswer('The order, with its trades so far.') },
    refusals: [
      ...ANY_BODY, ...ANY_COMMAND, ...ANY_COVER, ...ANY_RULES, 'backlog_full', 'instrument_not_found', 'duplicate_client_order_id', 'idempotency_key_reused',
      'open_orders_limit', 'level_quantity_limit', 'iceberg_parts_limit', 'expires_at_past', 'quote_quantity_required', 'account_killed', 'failure_injected',
    ],
  },
  listOrders: {
    method: 'GET', path: '/orders', tag: 'Orders', summary: 'A client\'s orders, newest first',
    description: 'As a WebSocket handshake it opens order entry instead, which the AsyncAPI document describes.',
    query: OrdersQuery, takesBody: false,
    answers: {
      200: { description: 'One page.', is: OrderPage, example: { orders: [ORDER_EXAMPLES.order], next_cursor: null } },
      101: { description: 'The WebSocket of order entry is open.' },
    },
    refusals: [...ANY_PARAMETERS, ...ANY_READ, 'instrument_not_found', 'order_entry_full'],
  },
  cancelAllOrders: {
    method: 'DELETE', path: '/orders', tag: 'Orders', summary: 'Cancel all open orders of a client',
    description: 'Orders that the client places while this runs are left alone, and so are those of a halted instrument; one that is named is refused then. What was cancelled before an error is in the problem\'s `cancelled`.',
    query: MassCancelQuery, takesBody: true,
    answers: { 200: { description: 'The ids of the cancelled orders, oldest first.', is: CancelledOrders, example: { cancelled: [ORDER_EXAMPLES.order.order_id] } } },
    refusals: [...ANY_BODY, ...ANY_COMMAND, 'instrument_not_found', 'instrument_not_open'],
  },
  submitBatch: {
    method: 'POST', path: '/orders/batch', tag: 'Orders', summary: 'Many operations, applied in order',
    description: 'Each is answered as its single call would be. Cancel and amend name their order by `order_id`, or by `client_id` and '
      + '`client_order_id`. Idempotency keys belong to the operations: a header for the whole batch is refused.',
    takesBody: true,
    body: { is: BatchRequest, required: true, examples: ORDER_EXAMPLES.batches },
    answers: {
      200: {
        description: 'One result for each operation.', is: BatchResults,
        example: { results: [{ status: 201, body: ORDER_EXAMPLES.orderWithTrades }, { status: 200, body: ORDER_EXAMPLES.cancelledOrder }] },
      },
    },
    refusals: [...ANY_BODY, ...ANY_READ],
  },
  cancelOrder: {
    method: 'POST', path: '/orders/{order_id}/cancel', ...cancelling,
    body: { is: CancelRequest, required: false, examples: ORDER_EXAMPLES.cancels },
  },
  deleteOrder: {
    method: 'DELETE', path: '/orders/{order_id}', ...cancelling,
    // The body of a DELETE has no meaning of its own in HTTP: the document cannot describe one.
    query: CancelRequest,
    description: 'The fields may come as a JSON body instead of the query string.',
  },
  amendOrder: {
    method: 'PATCH', path: '/orders/{order_id}', tag: 'Orders', summary: 'Amend an order\'s price or quantity',
    description: 'A lower quantity at the same price keeps the order\'s priority, no change changes nothing; all else goes to the back of '
      + 'the queue and may match at once.',
    keyed: true, takesBody: true,
    body: { is: AmendRequest, required: true, examples: ORDER_EXAMPLES.amends },
    answers: { 200: orderAnswer('The order, with the trades of this amend.') },
    refusals: [
      ...ANY_BODY, ...ANY_COMMAND, ...ANY_COVER, ...ANY_RULES, 'backlog_full', 'quantity_out_of_range', 'order_not_found', 'instrument_not_found', 'order_not_open', 'idempotency_key_reused',
      'order_not_pending', 'order_waits_otherwise', 'order_without_price', 'order_by_money', 'quantity_below_filled', 'post_only_would_match', 'level_quantity_limit', 'account_killed', 'iceberg_parts_limit',
    ],
  },
  placeOrderList: {
    method: 'POST', path: '/order-lists', tag: 'Orders', summary: 'Place orders that belong together: oco, oto, otoco',
    description: 'All of them in one step, or none. A list holds orders, and no lists. The orders have the list\'s id but for its last digit, which counts them.',
    keyed: true, takesBody: true,
    body: { is: OrderListRequest, required: true, examples: ORDER_EXAMPLES.lists },
    answers: { 201: { description: 'The list, with its orders and their trades so far.', is: OrderList, example: ORDER_EXAMPLES.orderList } },
    refusals: [
      ...ANY_BODY, ...ANY_COMMAND, ...ANY_COVER, ...ANY_RULES, 'backlog_full', 'instrument_not_found', 'duplicate_client_order_id', 'idempotency_key_reused',
      'open_orders_limit', 'level_quantity_limit', 'iceberg_parts_limit', 'expires_at_past', 'quote_quantity_required', 'account_killed',
    ],
  },
  listOrderLists: {
    method: 'GET', path: '/order-lists', tag: 'Orders', summary: 'A client\'s order lists, newest first', query: OrderListsQuery, takesBody: false,
    answers: { 200: { description: 'One page.', is: OrderListPage, example: { order_lists: [ORDER_EXAMPLES.listedOrderList], next_cursor: null } } },
    refusals: [...ANY_PARAMETERS, ...ANY_READ, 'account_not_found'],
  },
  getOrderList: {
    method: 'GET', path: '/order-lists/{list_id}', tag: 'Orders', summary: 'An order list, with the trades of its orders', takesBody: false,
    answers: { 200: { description: 'The list.', is: OrderList, example: ORDER_EXAMPLES.orderList } },
    refusals: [...ANY_PARAMETERS, ...ANY_READ, 'order_list_not_found'],
  },
  cancelOrderList: {
    method: 'DELETE', path: '/order-lists/{list_id}', tag: 'Orders', summary: 'Cancel what is left of an order list', keyed: true, takesBody: true,
    // The body of a DELETE has no meaning of its own in HTTP: the document cannot describe one.
    query: CancelRequest,
    description: 'The fields may come as a JSON body instead of the query string. What its orders have traded stays.',
    answers: { 200: { description: 'The list as it is now.', is: OrderList, example: ORDER_EXAMPLES.cancelledOrderList } },
    refusals: [...ANY_BODY, ...ANY_COMMAND, 'order_list_not_found', 'order_list_not_open', 'instrument_not_open', 'idempotency_key_reused'],
  },
  startTwap: {
    method: 'POST', path: '/algos/twap', tag: 'Orders', summary: 'Trade a quantity by slices, evenly over a time',
    description: 'A parent order of the venue. Its slices are orders of the account that take what is there: at the limit price or better where there is one '
      + '(`ioc`), else market orders. What a slice does not trade is spread over those that are left. A repeat of its key answers with the algo as it is now.',
    keyed: true, takesBody: true,
    body: { is: TwapRequest, required: true, examples: ALGO_EXAMPLES.twaps },
    answers: { 201: { description: 'The algo, which runs.', is: Algo, example: ALGO_EXAMPLES.begun } },
    refusals: [...ANY_BODY, ...ANY_READ, 'outcome_unknown', 'account_not_found', 'instrument_not_found', 'idempotency_key_reused', 'algos_limit'],
  },
  listAlgos: {
    method: 'GET', path: '/algos', tag: 'Orders', summary: 'A client\'s algos, newest first', query: AlgosQuery, takesBody: false,
    answers: { 200: { description: 'One page.', is: AlgoPage, example: { algos: [ALGO_EXAMPLES.algo], next_cursor: null } } },
    refusals: [...ANY_PARAMETERS, ...ANY_READ, 'account_not_found'],
  },
  getAlgo: {
    method: 'GET', path: '/algos/{algo_id}', tag: 'Orders', summary: 'An algo, with its slices so far', takesBody: false,
    answers: { 200: { description: 'The algo.', is: AlgoWithSlices, example: ALGO_EXAMPLES.withSlices } },
    refusals: [...ANY_PARAMETERS, ...ANY_READ, 'algo_not_found'],
  },
  stopAlgo: {
    method: 'DELETE', path: '/algos/{algo_id}', tag: 'Orders', summary: 'Cancel an algo',
    description: 'What it has traded stays. Once it is `cancelled` no further slice is placed; it is `cancelling` where what came of its last one cannot be known yet.',
    takesBody: false,
    answers: { 200: { description: 'The algo as it is now.', is: Algo, example: ALGO_EXAMPLES.cancelled } },
    refusals: [...ANY_PARAMETERS, ...ANY_READ, 'outcome_unknown', 'algo_not_found', 'algo_ended'],
  },
  cancelAfter: {
    method: 'POST', path: '/orders/cancel-after', tag: 'Orders', summary: 'A dead man\'s switch: cancel all orders of a client, unless called again in time',
    description: 'It triggers once, by the venue\'s clock, and cancels what is open then. It is the client\'s, not the connection\'s: it outlives both, and restarts of the venue.',
    takesBody: true, body: { is: CancelAfterRequest, required: true, examples: { minute: CONTROL_EXAMPLES.switch } },
    answers: { 200: { description: 'It is set, or taken off.', is: CancelAfter, example: CONTROL_EXAMPLES.set } },
    refusals: [...ANY_BODY, ...ANY_COMMAND, 'account_not_found', 'instrument_not_found'],
  },
  killAccount: {
    method: 'POST', path: '/accounts/{account_id}/kill', tag: 'Orders', summary: 'Kill an account: it orders no more, and all its open orders are cancelled',
    description: 'From its first step on no order of the account is taken, and no amend but one that makes an order smaller at its price; open orders are cancelled '
      + 'in pages, between which nothing of the account comes. It has no key: asked again, it goes on. What was cancelled before an error is in the problem\'s '
      + '`cancelled`, and what is left the venue cancels by itself.',
    takesBody: true,
    answers: { 200: { description: 'The account is killed.', is: AccountKill, example: CONTROL_EXAMPLES.killed } },
    refusals: [...ANY_BODY, ...ANY_COMMAND, 'account_not_found'],
  },
  unkillAccount: {
    method: 'POST', path: '/accounts/{account_id}/unkill', tag: 'Orders', summary: 'Let a killed account order again',
    takesBody: true,
    answers: { 200: { description: 'The account may order.', is: AccountKill, example: CONTROL_EXAMPLES.unkilled } },
    refusals: [...ANY_BODY, ...ANY_COMMAND, 'account_not_found'],
  },
  openAccount: {
    method: 'POST', path: '/accounts', tag: 'Money', summary: 'Make an account, with what it opens with',
    description: 'One step: either all of it is there, or nothing. An account that nobody makes begins with its first order, deposit or transfer. '
      + 'Where callers say who they are, its name is letters, digits, dots, underscores and hyphens, with a single `:` or `/` between them, and no other\'s in another case.',
    keyed: true, takesBody: true,
    body: { is: OpenAccountRequest, required: true, examples: MONEY_EXAMPLES.opens },
    answers: { 201: accountAnswer('The account.') },
    refusals: [...MONEY_COMMAND, 'account_exists', 'accounts_limit', 'fee_group_not_found', 'asset_not_found', 'balance_limit'],
  },
  listAccounts: {
    method: 'GET', path: '/accounts', tag: 'Money', summary: 'Accounts by name',
    query: AccountsQuery, takesBody: false,
    answers: { 200: { description: 'One page.', is: AccountPage, example: MONEY_EXAMPLES.accounts } },
    refusals: MONEY_READ,
  },
  getAccount: {
    method: 'GET', path: '/accounts/{account_id}', tag: 'Money', summary: 'An account', takesBody: false,
    answers: { 200: accountAnswer('The account.') },
    refusals: [...MONEY_READ, 'account_not_found'],
  },
  changeAccount: {
    method: 'PATCH', path: '/accounts/{account_id}', tag: 'Money', summary: 'Change an account',
    keyed: true, takesBody: true,
    body: { is: ChangeAccountRequest, required: true, examples: MONEY_EXAMPLES.changes },
    answers: { 200: accountAnswer('The account as it is now.') },
    refusals: [...MONEY_COMMAND, 'account_not_found', 'fee_group_not_found', 'account_not_empty', 'insufficient_funds'],
  },
  getBalances: {
    method: 'GET', path: '/accounts/{account_id}/balances', tag: 'Money', summary: 'What an account has', takesBody: false,
    answers: { 200: { description: 'The balances with everything that was acknowledged before the call.', is: Balances, example: MONEY_EXAMPLES.balances } },
    refusals: [...MONEY_READ, 'account_not_found'],
  },
  getAccountEvents: {
    method: 'GET', path: '/accounts/{account_id}/events', tag: 'Money', summary: 'All that changed what an account has, newest first',
    query: AccountEventsQuery, takesBody: false,
    answers: { 200: { description: 'One page.', is: AccountEventPage, example: MONEY_EXAMPLES.events } },
    refusals: [...MONEY_READ, 'account_not_found', 'asset_not_found'],
  },
  getAccountSnapshots: {
    method: 'GET', path: '/accounts/{account_id}/snapshots', tag: 'Money', summary: 'What an account had, every so many events, newest first',
    query: SnapshotsQuery, takesBody: false,
    answers: { 200: { description: 'The snapshots.', is: AccountSnapshots, example: MONEY_EXAMPLES.snapshots } },
    refusals: [...MONEY_READ, 'account_not_found'],
  },
  rebuildAccount: {
    method: 'POST', path: '/accounts/{account_id}/rebuild', tag: 'Money', summary: 'Whether an account\'s events come to what it has',
    description: 'Computes its totals from the latest snapshot and what moved since, and once more from the first event, and holds both against what it has, '
      + 'at one sequence. It changes nothing, so that a key is taken and makes no difference.',
    takesBody: true,
    body: { is: KeyedRequest, required: false, examples: { keyed: MONEY_EXAMPLES.keyed } },
    answers: { 200: { description: 'What came of it.', is: RebuildReport, example: MONEY_EXAMPLES.rebuild } },
    refusals: [...ANY_BODY, ...ANY_READ, 'funds_off', 'account_not_found'],
  },
  listPositions: {
    method: 'GET', path: '/accounts/{account_id}/positions', tag: 'Money', summary: 'What an account\'s trades come to, by instrument', takesBody: false,
    answers: { 200: { description: 'All that it ever traded.', is: Positions, example: MONEY_EXAMPLES.positions } },
    refusals: [...MONEY_READ, 'account_not_found'],
  },
  getPosition: {
    method: 'GET', path: '/accounts/{account_id}/positions/{instrument}', tag: 'Money', summary: 'What an account\'s trades of an instrument come to',
    takesBody: false,
    answers: { 200: { description: 'The position.', is: PositionWithStaleness, example: MONEY_EXAMPLES.position } },
    refusals: [...MONEY_READ, 'account_not_found', 'instrument_not_found', 'position_not_found'],
  },
  getPortfolio: {
    method: 'GET', path: '/accounts/{account_id}/portfolio', tag: 'Money', summary: 'What an account has and what its positions are worth, by quote asset',
    query: PortfolioQuery, takesBody: false,
    answers: { 200: { description: 'The portfolio.', is: Portfolio, example: MONEY_EXAMPLES.portfolio } },
    refusals: [...MONEY_READ, 'account_not_found'],
  },
  getStatement: {
    method: 'GET', path: '/accounts/{account_id}/statements/{date}', tag: 'Money', summary: 'What a day came to for an account', takesBody: false,
    answers: { 200: { description: 'The statement; of today, as far as it is.', is: Statement, example: MONEY_EXAMPLES.statement } },
    refusals: [...MONEY_READ, 'account_not_found'],
  },
  deposit: {
    method: 'POST', path: '/deposits', tag: 'Money', summary: 'Credit an account',
    description: 'A reference is used once for an asset, for ever: the same deposit again gets the first answer.',
    keyed: true, takesBody: true,
    body: { is: DepositRequest, required: true, examples: MONEY_EXAMPLES.deposits },
    answers: { 201: { description: 'The deposit.', is: Deposit, example: TRANSFER_EXAMPLES.deposit } },
    refusals: [...MONEY_COMMAND, 'asset_not_found', 'account_closed', 'balance_limit', 'reference_reused'],
  },
  listDeposits: {
    method: 'GET', path: '/deposits', tag: 'Money', summary: 'An account\'s deposits, newest first',
    description: 'What an account opened with is in its events.',
    query: DepositsQuery, takesBody: false,
    answers: { 200: { description: 'One page.', is: DepositPage, example: { deposits: [TRANSFER_EXAMPLES.deposit], next_cursor: null } } },
    refusals: MONEY_READ,
  },
  requestWithdrawal: {
    method: 'POST', path: '/withdrawals', tag: 'Money', summary: 'Ask for a withdrawal: the amount is held',
    keyed: true, takesBody: true,
    body: { is: WithdrawalRequest, required: true, examples: MONEY_EXAMPLES.withdrawals },
    answers: { 201: { description: 'The withdrawal.', is: Withdrawal, example: TRANSFER_EXAMPLES.withdrawal } },
    refusals: [...MONEY_COMMAND, ...ANY_COVER, 'asset_not_found', 'account_not_found'],
  },
  listWithdrawals: {
    method: 'GET', path: '/withdrawals', tag: 'Money', summary: 'An account\'s withdrawals, newest first',
    query: WithdrawalsQuery, takesBody: false,
    answers: { 200: { description: 'One page.', is: WithdrawalPage, example: { withdrawals: [TRANSFER_EXAMPLES.withdrawal], next_cursor: null } } },
    refusals: MONEY_READ,
  },
  completeWithdrawal: {
    path: '/withdrawals/{withdrawal_id}/complete', summary: 'The amount is gone', ...endingWithdrawal,
    answers: endedWithdrawal('The withdrawal, completed.', 'completed'),
    refusals: [...endingWithdrawal.refusals, 'balance_audit_breach'],
  },
  rejectWithdrawal: {
    path: '/withdrawals/{withdrawal_id}/reject', summary: 'The venue does not pay: the amount is free again', ...endingWithdrawal,
    answers: endedWithdrawal('The withdrawal, rejected.', 'rejected'),
  },
  cancelWithdrawal: {
    path: '/withdrawals/{withdrawal_id}/cancel', summary: 'Its account wants it no more: the amount is free again', ...endingWithdrawal,
    answers: endedWithdrawal('The withdrawal, cancelled.', 'cancelled'),
  },
  transfer: {
    method: 'POST', path: '/transfers', tag: 'Money', summary: 'Move money between accounts, or hold it for that',
    keyed: true, takesBody: true,
    body: { is: TransferRequest, required: true, examples: MONEY_EXAMPLES.transfers },
    answers: { 201: transferAnswer('The transfer.') },
    refusals: [...MONEY_COMMAND, ...ANY_COVER, 'asset_not_found', 'account_not_found', 'same_account'],
  },
  postTransfer: {
    path: '/transfers/{transfer_id}/post', summary: 'All or part of a pending transfer moves, the rest is free again', ...endingTransfer,
    body: { is: PostTransferRequest, required: false, examples: MONEY_EXAMPLES.posts },
    answers: { 200: transferAnswer('The transfer, posted.') },
    refusals: [...MONEY_COMMAND, 'transfer_not_found', 'transfer_resolved', 'amount_above_transfer', 'account_closed', 'balance_limit', 'balance_audit_breach'],
  },
  voidTransfer: {
    path: '/transfers/{transfer_id}/void', summary: 'A pending transfer is called off', ...endingTransfer,
    answers: { 200: { description: 'The transfer, voided.', is: Transfer, example: { ...TRANSFER_EXAMPLES.transfer, status: 'voided', settled_amount: '0.0000000000' } } },
    refusals: [...MONEY_COMMAND, 'transfer_not_found', 'transfer_resolved'],
  },
  reverseTransfer: {
    path: '/transfers/{transfer_id}/reverse', summary: 'What a posted transfer moved is moved back, once', ...endingTransfer,
    description: 'By a transfer of its own, which names it.',
    answers: {
      201: {
        description: 'The transfer that moves it back.', is: Transfer,
        example: { ...TRANSFER_EXAMPLES.transfer, from: 'client-B', to: 'client-A', note: null, reverses: TRANSFER_ID_EXAMPLE },
      },
    },
    refusals: [...MONEY_COMMAND, 'transfer_not_found', 'transfer_resolved', 'insufficient_funds', 'account_closed', 'balance_limit', 'balance_audit_breach'],
  },
  listFills: {
    method: 'GET', path: '/fills', tag: 'Money', summary: 'An account\'s own trades, newest first',
    query: FillsQuery, takesBody: false,
    answers: { 200: { description: 'One page.', is: FillPage, example: MONEY_EXAMPLES.fills } },
    refusals: [...MONEY_READ, 'instrument_not_found'],
  },
  getSettlement: {
    method: 'GET', path: '/settlements/{date}', tag: 'Money', summary: 'What a day came to for all accounts',
    query: SettlementQuery, takesBody: false,
    answers: { 200: { description: 'The day, and a page of its accounts.', is: Settlement, example: MONEY_EXAMPLES.settlement } },
    refusals: MONEY_READ,
  },
  listFeeGroups: {
    method: 'GET', path: '/fee-groups', tag: 'Money', summary: 'What groups of accounts are charged', takesBody: false,
    answers: { 200: { description: 'All of them.', is: FeeGroups, example: { fee_groups: [MONEY_EXAMPLES.feeGroup] } } },
    refusals: MONEY_READ,
  },
  putFeeGroup: {
    method: 'PUT', path: '/fee-groups/{group}', tag: 'Money', summary: 'Set what a group of accounts is charged',
    description: 'Rates are copied into an order when it is placed: those that are there keep theirs. An instrument\'s own row goes before the row without one, '
      + 'and the group\'s before those of `default`. No two groups may have rates of which a maker\'s rebate is more than its taker\'s fee.',
    keyed: true, takesBody: true,
    body: { is: FeeGroupRequest, required: true, examples: MONEY_EXAMPLES.feeGroups },
    answers: { 200: { description: 'The group.', is: FeeGroup, example: MONEY_EXAMPLES.feeGroup } },
    refusals: [...MONEY_COMMAND, 'instrument_not_found', 'fee_rates_lose_money', 'fee_groups_limit'],
  },
  getMoney: {
    method: 'GET', path: '/money', tag: 'Money', summary: 'The venue\'s money as a whole', takesBody: false,
    answers: { 200: { description: 'What all accounts have, by asset.', is: MoneyOverview, example: MONEY_EXAMPLES.money } },
    refusals: MONEY_READ,
  },
  getAssets: {
    method: 'GET', path: '/public/assets', tag: 'Market data', summary: 'What accounts can have, and how finely', takesBody: false,
    answers: { 200: { description: 'All assets.', is: Assets, example: MONEY_EXAMPLES.assets } },
    refusals: ANY_PARAMETERS,
  },
  getOrderbook: {
    method: 'GET', path: '/public/orderbook', tag: 'Market data', summary: 'The order book, best first',
    query: OrderbookQuery, takesBody: false,
    answers: { 200: { description: 'The book with everything that was acknowledged before the call.', is: AnyBook, example: MARKET_EXAMPLES.orderbook } },
    refusals: [...ANY_PARAMETERS, ...ANY_READ, 'instrument_not_found'],
  },
  getTrades: {
    method: 'GET', path: '/public/trades', tag: 'Market data', summary: 'Trades, newest first, back through all history',
    query: TradesQuery, takesBody: false,
    answers: { 200: { description: 'One page.', is: Trades, example: MARKET_EXAMPLES.trades } },
    refusals: [...ANY_PARAMETERS, ...ANY_READ, 'instrument_not_found'],
  },
  getCandles: {
    method: 'GET', path: '/public/candles', tag: 'Market data', summary: 'Open, high, low, close and volume by interval, oldest first',
    description: 'With a start: the candles from there on; without one: the newest before the end. Where nothing was traded there is no '
      + 'candle, unless gaps are filled. A page begins where the one before ended: `start` is its last start plus the interval, or `end` its first.',
    query: CandlesQuery, takesBody: false,
    answers: { 200: { description: 'One page, with everything that was acknowledged before the call.', is: Candles, example: MARKET_EXAMPLES.candles } },
    refusals: [...ANY_PARAMETERS, ...ANY_READ, 'instrument_not_found'],
  },
  getTicker: {
    method: 'GET', path: '/public/ticker', tag: 'Market data', summary: 'Last trade, best prices and the last 24 hours',
    description: 'The 24 hours slide by whole minutes: they are the minute under way and the 1,439 before it.',
    query: TickerQuery, takesBody: false,
    answers: { 200: { description: 'The ticker with everything that was acknowledged before the call.', is: Ticker, example: MARKET_EXAMPLES.ticker } },
    refusals: [...ANY_PARAMETERS, ...ANY_READ, 'instrument_not_found'],
  },
  getOrder: {
    method: 'GET', path: '/public/orders/{order_id}', tag: 'Market data', summary: 'An order with all its trades, open or done',
    takesBody: false,
    answers: { 200: orderAnswer('The order.') },
    refusals: [...ANY_PARAMETERS, ...ANY_READ, 'order_not_found'],
  },
  openInstrument: {
    method: 'POST', path: '/instruments', tag: 'Operation', summary: 'Make an instrument',
    description: 'It is traded at once, in every process. Tick, lot and assets are bound for ever: under the same name nothing else comes again. An asset that is '
      + 'new with it is as fine as its ticks and lots need, and stays so.',
    keyed: true, takesBody: true,
    body: { is: OpenInstrumentRequest, required: true, examples: INSTRUMENT_EXAMPLES.opens },
    answers: { 201: { description: 'The instrument.', is: Instrument, example: INSTRUMENT_EXAMPLES.made } },
    refusals: [...ANY_BODY, ...ANY_COMMAND, 'idempotency_key_reused', 'instrument_exists', 'instrument_bound', 'instrument_limits_crossed', 'instruments_limit'],
  },
  changeInstrument: {
    method: 'PATCH', path: '/instruments/{instrument}', tag: 'Operation', summary: 'Change an instrument\'s state or limits',
    description: 'Counts from the answer on, for every order that comes behind it. Orders that wait stay, whatever the new limits say of them.',
    keyed: true, takesBody: true,
    body: { is: ChangeInstrumentRequest, required: true, examples: INSTRUMENT_EXAMPLES.changes },
    answers: { 200: { description: 'The instrument.', is: Instrument, example: INSTRUMENT_EXAMPLES.made } },
    refusals: [...ANY_BODY, ...ANY_COMMAND, 'idempotency_key_reused', 'instrument_not_found', 'instrument_limits_crossed'],
  },
  getInstruments: {
    method: 'GET', path: '/public/instruments', tag: 'Market data', summary: 'What is traded: steps, limits and state',
    takesBody: false,
    answers: { 200: { description: 'All instruments.', is: Instruments, example: INSTRUMENT_EXAMPLES.instruments } },
    refusals: ANY_PARAMETERS,
  },
  getAuction: {
    method: 'GET', path: '/public/instruments/{instrument}/auction', tag: 'Market data', summary: 'What a call auction would come to now',
    description: 'The price with the most trades by quantity, of several such the one that leaves the least over, of several such the one nearest to the last trade.',
    takesBody: false,
    answers: { 200: { description: 'The auction with everything that was acknowledged before the call.', is: Auction, example: INSTRUMENT_EXAMPLES.auction } },
    refusals: [...ANY_PARAMETERS, ...ANY_READ, 'instrument_not_found'],
  },
  openStream: {
    method: 'GET', path: '/stream', tag: 'Market data', summary: 'A WebSocket: book snapshots and deltas, trades and orders as they happen',
    description: 'Without parameters it gives everything.',
    query: StreamQuery, takesBody: false,
    answers: { 101: { description: 'The WebSocket is open.' } },
    refusals: ['upgrade_required', 'too_many_streams', 'streams_full'],
  },
  openEventStream: {
    method: 'GET', path: '/public/stream', tag: 'Market data', summary: 'The stream as server-sent events, for browsers and curl',
    description: 'The messages of `/stream`: `event` is the type, `data` the message as JSON, `id` where the client stands after it. Who '
      + 'connects again with that id as `Last-Event-ID` or `since` gets what came in between, nothing twice. A last event `close` carries the reason when the service ends it; a client that is too slow to read up to there is cut off without it. Without parameters it gives everything.',
    query: StreamQuery, takesBody: false,
    headers: { 'Last-Event-ID': { is: string(), description: 'Id of the last event that the client has got; it wins over `since`.' } },
    answers: { 200: { description: 'Events, until one side closes.', mediaType: 'text/event-stream' } },
    refusals: [...ANY_PARAMETERS, 'funds_off', 'too_many_streams', 'streams_full'],
  },
  listOwners: {
    method: 'GET', path: '/accounts/{account_id}/owners', tag: 'People', summary: 'Who may act for an account', takesBody: false,
    description: 'For whoever may act for it: who opened it first, then those with whom it is shared. For an operator, none where it is nobody\'s.',
    answers: { 200: { description: 'Who may act for it.', is: Owners, example: PEOPLE_EXAMPLES.owners } },
    refusals: [...ANY_PARAMETERS, ...PEOPLE, 'engine_unavailable', 'account_not_found'],
  },
  shareAccount: {
    method: 'POST', path: '/accounts/{account_id}/owners', tag: 'People', summary: 'Let another user act for an account', takesBody: true,
    body: { is: ShareRequest, required: true, examples: PEOPLE_EXAMPLES.share },
    answers: { 200: { description: 'Who may act for it now.', is: Owners, example: PEOPLE_EXAMPLES.owners } },
    refusals: [...ANY_BODY, ...PEOPLE, 'account_not_found', 'user_not_found', 'owners_limit', 'shared_accounts_limit'],
  },
  unshareAccount: {
    method: 'DELETE', path: '/accounts/{account_id}/owners/{username}', tag: 'People', summary: 'Take an account back from a user, or give it up', takesBody: false,
    description: 'Who opened an account may take it back from others; anybody may give up one that was shared with them. Orders stay.',
    answers: { 200: { description: 'Who may act for it now.', is: Owners, example: PEOPLE_EXAMPLES.owners } },
    refusals: [...ANY_PARAMETERS, ...PEOPLE, 'account_not_found', 'owner_not_found', 'owner_stays'],
  },
  register: {
    method: 'POST', path: '/auth/register', tag: 'People', summary: 'Become a user, with an account of the same name', takesBody: true,
    body: { is: RegisterRequest, required: true, examples: PEOPLE_EXAMPLES.credentials },
    answers: { 201: { description: 'The user.', is: Registered, example: PEOPLE_EXAMPLES.registered } },
    refusals: [...ANY_BODY, ...PEOPLE, ...ANY_COMMAND, 'registration_closed', 'username_taken', 'hashing_busy'],
  },
  logIn: {
    method: 'POST', path: '/auth/login', tag: 'People', summary: 'Get tokens for a name and a password', takesBody: true, usesCookie: true,
    body: { is: LoginRequest, required: true, examples: PEOPLE_EXAMPLES.credentials },
    answers: { 200: { description: 'An access token, and a refresh token for the next.', is: Tokens, example: PEOPLE_EXAMPLES.tokens } },
    refusals: [...ANY_BODY, ...PEOPLE, 'invalid_credentials', 'user_suspended', 'hashing_busy'],
  },
  refresh: {
    method: 'POST', path: '/auth/refresh', tag: 'People', summary: 'Get a new pair of tokens for a refresh token',
    description: 'It is used up by that. Presented once more within 10 seconds it gets the same successor; later all tokens of its login end. From a cookie it is taken only where the request has an `Origin` that may.',
    takesBody: true, usesCookie: true,
    body: { is: RefreshRequest, required: false, examples: PEOPLE_EXAMPLES.refresh },
    answers: { 200: { description: 'The new pair.', is: Tokens, example: PEOPLE_EXAMPLES.tokens } },
    refusals: [...ANY_BODY, ...PEOPLE, 'unauthenticated', 'invalid_token', 'wrong_token_type', 'token_expired', 'session_ended', 'user_suspended', 'refresh_reused'],
  },
  oidcLogin: {
    method: 'GET', path: '/auth/oidc/login', tag: 'People', summary: 'Log in elsewhere: sends a browser to the provider', query: OidcLoginQuery, takesBody: false,
    description: 'For a person to follow, not for a program. OpenID Connect, authorization code with PKCE; the browser keeps in a cookie what it has begun, for 10 minutes.',
    answers: { 302: { description: 'To the provider.', mediaType: 'text/plain', headers: { Location: 'The provider\'s page.' } } },
    refusals: [...ANY_PARAMETERS, ...PEOPLE, 'oidc_off', 'login_provider_unavailable'],
  },
  oidcCallback: {
    method: 'GET', path: '/auth/oidc/callback', tag: 'People', summary: 'The end of a login elsewhere: the venue\'s own tokens', query: OidcCallbackQuery, takesBody: false,
    description: 'Where the provider sends the browser back to. Its first login makes the user, and an account of the same name. Works once, in the browser that began.',
    answers: {
      200: { description: 'The tokens, where the login began without `return_to`.', is: Tokens, example: PEOPLE_EXAMPLES.tokens },
      302: { description: 'To `return_to`; the refresh token is in a cookie.', mediaType: 'text/plain', headers: { Location: 'A path of the service\'s own.' } },
    },
    refusals: [
      ...ANY_PARAMETERS, ...PEOPLE, ...ANY_COMMAND, 'oidc_off', 'login_not_begun', 'login_refused', 'login_not_proven', 'login_provider_unavailable', 'registration_closed',
      'user_suspended', 'username_taken',
    ],
  },
  oidcToken: {
    method: 'POST', path: '/auth/oidc/token', tag: 'People', summary: 'Log a machine in by the provider\'s access token', takesBody: true,
    description: 'The provider\'s token names a machine client (`azp`, or `client_id`) that `OIDC_MACHINE_CLIENTS` maps to a user. There is no refresh token: the provider gives the next token.',
    body: { is: OidcTokenRequest, required: true, examples: PEOPLE_EXAMPLES.oidcToken },
    answers: { 200: { description: 'The venue\'s own token.', is: MintedToken, example: PEOPLE_EXAMPLES.mintedToken } },
    refusals: [
      ...ANY_BODY, ...PEOPLE, ...ANY_COMMAND, 'oidc_off', 'login_not_proven', 'machine_unknown', 'login_provider_unavailable', 'registration_closed', 'user_suspended', 'username_taken',
    ],
  },
  logOut: {
    method: 'POST', path: '/auth/logout', tag: 'People', summary: 'End a login: its tokens are good for nothing', takesBody: true, usesCookie: true,
    body: { is: LogoutRequest, required: false, examples: PEOPLE_EXAMPLES.refresh },
    answers: { 200: { description: 'It is ended.', is: Ended, example: { ended: true } } },
    refusals: [...ANY_BODY, ...PEOPLE],
  },
  logOutEverywhere: {
    method: 'POST', path: '/auth/logout-all', tag: 'People', summary: 'End all logins of the caller', takesBody: false, usesCookie: true,
    answers: { 200: { description: 'They are ended.', is: Ended, example: { ended: true } } },
    refusals: [...ANY_PARAMETERS, ...PEOPLE],
  },
  getMe: {
    method: 'GET', path: '/auth/me', tag: 'People', summary: 'Who the caller is', takesBody: false,
    answers: { 200: { description: 'The user, and what the token or key is good for.', is: Me, example: PEOPLE_EXAMPLES.me } },
    refusals: [...ANY_PARAMETERS, ...PEOPLE],
  },
  changeMe: {
    method: 'PATCH', path: '/auth/me', tag: 'People', summary: 'Change the password: all logins end', takesBody: true,
    body: { is: ChangeMeRequest, required: true, examples: PEOPLE_EXAMPLES.changeMe },
    answers: { 200: { description: 'The user.', is: Me, example: PEOPLE_EXAMPLES.me } },
    refusals: [...ANY_BODY, ...PEOPLE, 'invalid_credentials', 'hashing_busy'],
  },
  sudo: {
    method: 'POST', path: '/auth/sudo', tag: 'People', summary: 'Get a token with the powers of the caller\'s role', takesBody: true,
    body: { is: SudoRequest, required: true, examples: PEOPLE_EXAMPLES.sudo },
    answers: { 200: { description: 'Good for 15 minutes at most.', is: SudoToken, example: PEOPLE_EXAMPLES.sudoToken } },
    refusals: [...ANY_BODY, ...PEOPLE, 'invalid_credentials', 'not_admin', 'hashing_busy'],
  },
  mintToken: {
    method: 'POST', path: '/auth/token', tag: 'People', summary: 'Get an access token for another user', takesBody: true,
    description: 'For an operator under sudo; with `AUTH=dev`, for anybody, of a user who is made where there is none. It has no powers and no refresh token, makes no keys and shares nothing. '
      + 'What is done by it is in the audit log as its minter\'s act. It ends with the logins of its user, and of its minter, and with the minter\'s role.',
    body: { is: MintRequest, required: true, examples: PEOPLE_EXAMPLES.mint },
    answers: { 200: { description: 'The token, told this once.', is: MintedToken, example: PEOPLE_EXAMPLES.mintedToken } },
    refusals: [...ANY_BODY, ...PEOPLE, ...ANY_COMMAND, 'user_not_found', 'user_suspended', 'registration_closed', 'username_taken'],
  },
  makeApiKey: {
    method: 'POST', path: '/auth/api-keys', tag: 'People', summary: 'Make an API key', takesBody: true,
    body: { is: ApiKeyRequest, required: true, examples: PEOPLE_EXAMPLES.keys },
    answers: { 201: { description: 'The key, with its secret.', is: MadeApiKey, example: PEOPLE_EXAMPLES.madeKey } },
    refusals: [...ANY_BODY, ...PEOPLE, 'account_not_found', 'api_keys_limit'],
  },
  listApiKeys: {
    method: 'GET', path: '/auth/api-keys', tag: 'People', summary: 'The caller\'s API keys', takesBody: false,
    answers: { 200: { description: 'Those that have not ended.', is: ApiKeys, example: { api_keys: [PEOPLE_EXAMPLES.key] } } },
    refusals: [...ANY_PARAMETERS, ...PEOPLE],
  },
  endApiKey: {
    method: 'DELETE', path: '/auth/api-keys/{key}', tag: 'People', summary: 'End an API key', takesBody: false,
    answers: { 200: { description: 'It is ended.', is: Ended, example: { ended: true } } },
    refusals: [...ANY_PARAMETERS, ...PEOPLE, 'api_key_not_found'],
  },
  getJwks: {
    method: 'GET', path: '/auth/jwks.json', tag: 'People', summary: 'Public keys of the venue\'s tokens', takesBody: false,
    answers: { 200: { description: 'A JSON Web Key Set.', is: Jwks, example: PEOPLE_EXAMPLES.jwks } },
    refusals: [...ANY_PARAMETERS, 'auth_off'],
  },
  listUsers: {
    method: 'GET', path: '/users', tag: 'People', summary: 'Users by name', query: UsersQuery, takesBody: false,
    answers: { 200: { description: 'One page.', is: UserPage, example: { users: [PEOPLE_EXAMPLES.user], next_cursor: null } } },
    refusals: [...ANY_PARAMETERS, ...PEOPLE],
  },
  changeUser: {
    method: 'PATCH', path: '/users/{username}', tag: 'People', summary: 'Suspend a user, or give roles', takesBody: true,
    body: { is: ChangeUserRequest, required: true, examples: PEOPLE_EXAMPLES.changes },
    answers: { 200: { description: 'The user as it is now.', is: User, example: PEOPLE_EXAMPLES.user } },
    refusals: [...ANY_BODY, ...PEOPLE, 'user_not_found', 'last_admin'],
  },
  getAuditLog: {
    method: 'GET', path: '/audit-log', tag: 'People', summary: 'What operators and admins did, newest first', query: AuditLogQuery, takesBody: false,
    answers: { 200: { description: 'One page.', is: AuditLog, example: PEOPLE_EXAMPLES.audit } },
    refusals: [...ANY_PARAMETERS, ...PEOPLE],
  },
  getHealth: {
    method: 'GET', path: '/healthz', tag: 'Operation', summary: 'Whether the process is alive', takesBody: false, isForAnyHost: true,
    answers: { 200: { description: 'It is.', is: Health, example: { status: 'ok' } } },
    refusals: [],
  },
  getReadiness: {
    method: 'GET', path: '/readyz', tag: 'Operation', summary: 'Whether it takes orders, and how its dependencies are', takesBody: false, isForAnyHost: true,
    answers: {
      200: { description: 'It does.', is: Readiness, example: MARKET_EXAMPLES.readiness },
      503: {
        description: 'It does not, and why. While it shuts down: `shutting_down`.', is: Readiness,
        example: { ...MARKET_EXAMPLES.readiness, status: 'not_ready', problem: 'shard_frozen', shard: { ...MARKET_EXAMPLES.readiness.shard, state: 'frozen' } },
      },
    },
    refusals: ['engine_unavailable'],
  },
  getMetrics: {
    method: 'GET', path: '/metrics', tag: 'Operation', summary: 'Prometheus metrics', takesBody: false, isForAnyHost: true,
    answers: { 200: { description: 'The metrics in Prometheus\' text format.', mediaType: 'text/plain' } },
    refusals: [],
  },
  getOpenapi: {
    method: 'GET', path: '/openapi.json', tag: 'Operation', summary: 'This document', takesBody: false,
    answers: { 200: { description: 'OpenAPI 3.1.', is: anything() } },
    refusals: [],
  },
  getAsyncapi: {
    method: 'GET', path: '/asyncapi.json', tag: 'Operation', summary: 'The contract of the stream', takesBody: false,
    answers: { 200: { description: 'AsyncAPI 3.', is: anything() } },
    refusals: [],
  },
  getDocs: {
    method: 'GET', path: '/docs', tag: 'Operation', summary: 'A page to read and try this document', takesBody: false,
    answers: { 200: { description: 'The page.', mediaType: 'text/html' } },
    refusals: [],
  },
} as const satisfies Readonly<Record<string, Call>>;

export type CallId = keyof typeof CALLS;
