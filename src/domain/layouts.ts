/**
 * The one table of layouts: where each value stands in what Redis holds, in what the log says and in what a function is
 * told. The Lua constants, patterns and record builders (engine/lua-layouts.ts) and the TypeScript codecs are made from it, so
 * that the two cannot drift apart. A change of a layout is a new version of it.
 */

/** Where each name of a layout stands, counted from 0. */
export type Positions<Names extends readonly string[]> = Readonly<Record<Names[number], number>>;

export function positionsOf<const Names extends readonly string[]>(names: Names): Positions<Names> {
  return Object.freeze(Object.fromEntries(names.map((name, at) => [name, at]))) as Positions<Names>;
}

/**
 * Version of everything that a shard holds in Redis, in `meta`. A process that knows another one neither trades on the
 * shard nor changes it; one that knows a later one has it rebuilt from the record.
 */
export const SHARD_LAYOUT_VERSION = 5;

/** Version at the head of each order record. */
export const ORDER_RECORD_VERSION = 5;

/**
 * What an order asks for: a record and the log's place have it in the same words, so that it is joined once. `traits` is an array in the
 * array: code and value of each (order-traits.ts), or nothing.
 */
export const ORDER_TERMS = ['price', 'quantity', 'traits', 'side', 'kind', 'instrument', 'client', 'client_order_id'] as const;

/**
 * An order as a JSON array. `sequence` and `updated_us` are 0 as long as nothing has changed since it took its place, and
 * `placed` is 0 as long as that place is its first. `fees` is an array in the array: ORDER_FEES, or nothing where none are
 * charged. The `orders` hash holds it without the id, which is the field's name.
 */
export const ORDER_RECORD = [
  'version', 'filled', 'notional', 'status', 'reason', 'sequence', 'updated_us', 'fill_sequence', 'priority', 'fees', ...ORDER_TERMS,
  'created_us', 'placed', 'id',
] as const;

/** What stands in quotes in a record: text, and sums that outgrow a double. */
export const ORDER_RECORD_TEXTS: readonly (typeof ORDER_RECORD)[number][] = ['notional', 'instrument', 'client', 'client_order_id', 'id'];

/**
 * The rates of an order, in millionths of money, and what it has been charged, exactly: units + millionths / 10^6 of the
 * quote asset's units, 0 <= millionths < 10^6. What is paid is that, rounded up.
 */
export const ORDER_FEES = ['maker_rate', 'taker_rate', 'units', 'millionths'] as const;
/** What stands in quotes among the fees: a sum that outgrows a double. */
export const ORDER_FEES_TEXTS: readonly (typeof ORDER_FEES)[number][] = ['units'];

/** First of the values that neither a trade nor a cancel changes; from here on a record is passed on as it is. */
export const ORDER_RECORD_TAIL = 'side';

/** A row of the list of recent trades. */
export const RECENT_TRADE = ['trade_id', 'price', 'quantity', 'taker_side', 'maker', 'taker', 'executed_us'] as const;

export const LOG_ENTRY_VERSION = 5;

/** A log entry. */
export const ENTRY = ['version', 'kind', 'sequence', 'time_us', 'command', 'code', 'events', 'idempotency', 'request', 'epoch'] as const;

/** What an entry's events are, by the number at the head of each. */
export const EVENT = {
  /** The commanded order of a place: what the command says of it is not repeated. */
  placed: 1,
  /** A trade, with its maker as it is after it. */
  trade: 2,
  /** An order as it became. */
  order: 3,
  /** The total of a price level; 0 when it is gone. */
  level: 4,
  /** An order that the answer tells of, unchanged. */
  shown: 5,
  /** What an account has of an asset; once for each that an entry changes, behind everything else. */
  balance: 6,
  /** An account as it became. */
  account: 7,
  /** A transfer as it became. */
  transfer: 8,
  /** The rates of a group of accounts as they became. */
  fee_group: 9,
  /** What was wanted of an asset, and how much of it was there. */
  shortfall: 10,
  /** A control of an account (controls.ts) as it became. */
  control: 12,
  /** An instrument as it became, or as it is where it does not let something happen. */
  instrument: 11,
} as const;

export const PLACED_EVENT = ['event', 'filled', 'notional', 'status', 'reason', 'fill_sequence', 'fees'] as const;
/** `taker` counts the entry's orders from 0; fees are units of the quote asset as text; the maker's record follows. */
export const TRADE_EVENT = ['event', 'trade_id', 'price', 'quantity', 'maker_previous_fill', 'taker', 'maker_fee', 'taker_fee'] as const;
/** The order's record follows. */
export const ORDER_EVENT = ['event', 'previous_fill'] as const;
export const LEVEL_EVENT = ['event', 'instrument', 'side', 'price', 'quantity'] as const;
/** The order's record follows. */
export const SHOWN_EVENT = ['event'] as const;
/** Amounts are units of the asset as text. */
export const BALANCE_EVENT = ['event', 'account', 'asset', 'total', 'held'] as const;
export const ACCOUNT_EVENT = ['event', 'account', 'status', 'credit', 'fee_group', 'name', 'created_us'] as const;
/** Amounts are units of the asset as text. `expires_us` is 0 without an end, and `reverses` '' but for a reversal. */
export const TRANSFER_EVENT = [
  'event', 'id', 'kind', 'status', 'from', 'to', 'asset', 'amount', 'settled_amount', 'reference', 'note', 'expires_us', 'reverses', 'sequence',
  'created_us',
] as const;
/** Pairs of an instrument ('' for every other one) and its rates follow: instrument, maker_rate, taker_rate. */
export const FEE_GROUP_EVENT = ['event', 'group'] as const;
export const FEE_RATE = ['instrument', 'maker_rate', 'taker_rate'] as const;
/** Amounts are units of the asset as text. */
export const SHORTFALL_EVENT = ['event', 'asset', 'needed', 'available'] as const;

/** `at_us` is 0 for one that is gone. */
export const CONTROL_EVENT = ['event', 'control', 'account', 'detail', 'at_us'] as const;

/** What of an instrument may be changed. Limits are ticks and lots, `min_value` ticks times lots, fractions millionths; 0 of those is none. */
export const INSTRUMENT_CHANGEABLE = [
  'state', 'price_min', 'price_max', 'quantity_min', 'quantity_max', 'min_value', 'price_band', 'band_window_s', 'max_slippage',
] as const;
/** The price of a call auction that is being carried out, 0 where none is. */
export const INSTRUMENT_PROGRESS = ['opening_price'] as const;
/** What never changes of an instrument. */
export const INSTRUMENT_BOUND = ['base', 'quote', 'tick_size', 'lot_size', 'base_decimals', 'quote_decimals'] as const;
/** An instrument, by its name in the `catalogue` hash. `band_from` is the id of the first trade that its reference price may be of, 0 for any. */
export const INSTRUMENT_RULES = [...INSTRUMENT_BOUND, ...INSTRUMENT_CHANGEABLE, ...INSTRUMENT_PROGRESS, 'band_from'] as const;
export type InstrumentRule = (typeof INSTRUMENT_RULES)[number];
/** What stands in quotes among them. */
export const INSTRUMENT_TEXTS: readonly InstrumentRule[] = ['base', 'quote', 'tick_size', 'lot_size'];
export const INSTRUMENT_EVENT = ['event', 'instrument', ...INSTRUMENT_RULES] as const;

/** Whether money is kept, in `meta` and in commands as entries hold them: not at all; with unlimited credit; with cover. */
export const FUNDS_CODE = { off: 0, paper: 1, required: 2 } as const;
export type Funds = keyof typeof FUNDS_CODE;

/** Version at the head of each account record. */
export const ACCOUNT_RECORD_VERSION = 1;
/**
 * An account as text between commas: field of the `accounts` hash is its name. Behind this stands, for each asset it has had, the
 * asset in quotes, total and held in units.
 */
export const ACCOUNT_RECORD = ['version', 'status', 'credit', 'fee_group', 'name', 'created_us'] as const;

/** Commands as entries hold them, by the letter at their head: what was asked, by whom, under which limits. */
export const LOGGED_PLACE = [
  'letter', 'actor', 'funds', 'fills_max', 'open_orders_max', ...ORDER_TERMS, 'id',
] as const;
/** The terms of each of its orders follow, each an array in the array. */
export const LOGGED_LIST = ['letter', 'actor', 'funds', 'fills_max', 'open_orders_max', 'id'] as const;
/** Ahead of the id of a list, where a cancel names one: every order of it that is open is meant. */
export const LIST_MARK = 'L';
/** An order by its id, with '' behind it; else '', and its client and the client's own name for it. */
export const LOGGED_CANCEL = ['letter', 'actor', 'id', 'client', 'client_order_id'] as const;
/** What is wanted is null where the order was not found, so that no instrument tells ticks. */
export const LOGGED_AMEND = [
  'letter', 'actor', 'funds', 'fills_max', 'price', 'quantity', 'remaining', 'stop_price', 'trailing_offset', 'trailing_percent', 'quantity_max', 'id', 'client', 'client_order_id',
] as const;
export const LOGGED_MASS_CANCEL = ['letter', 'actor', 'client', 'instrument', 'after', 'bound', 'page_size'] as const;
/** What is left as it is is null. Pairs of an asset and an amount, as text, follow: the deposits that it opens with. */
export const LOGGED_ACCOUNT = ['letter', 'actor', 'funds', 'account', 'opens', 'name', 'status', 'credit', 'fee_group'] as const;
/** `timeout_us` is 0 without one. */
export const LOGGED_TRANSFER = [
  'letter', 'actor', 'funds', 'id', 'kind', 'pending', 'from', 'to', 'asset', 'amount', 'reference', 'note', 'timeout_us', 'reverses',
] as const;
/** `amount` is '' for all of it. */
export const LOGGED_TRANSFER_END = ['letter', 'actor', 'funds', 'id', 'status', 'amount'] as const;
/** Rates follow as in FEE_GROUP_EVENT. */
export const LOGGED_FEE_GROUP = ['letter', 'actor', 'funds', 'group'] as const;
/** The instrument as it is where the catalogue has nothing of it, then what is wanted of each rule that may be changed: null leaves it. */
export const LOGGED_INSTRUMENT = ['letter', 'actor', 'opens', 'instrument', ...INSTRUMENT_RULES] as const;

/** `timeout_us` is 0 where the switch is taken off. */
export const LOGGED_CANCEL_AFTER = ['letter', 'actor', 'client', 'instrument', 'timeout_us'] as const;
/** `begins` is 0 where the client's orders stay when the lease ends. */
export const LOGGED_LEASE = ['letter', 'actor', 'lease', 'client', 'begins'] as const;
/** `kills` is 0 where the account may order again. */
export const LOGGED_KILL = ['letter', 'actor', 'account', 'kills', 'page_size'] as const;

/** An order whose price was reached goes: by whose trade (the entry's sequence). Nobody asks for it. */
export const LOGGED_TRIGGER = ['letter', 'funds', 'fills_max', 'id', 'cause'] as const;

/**
 * What fell due, carried out ahead of a call's commands: `what` is one of DUE_CODE (controls.ts). Of orders, `count` whose time was over, in
 * order of their times; else a page of `count` of the account's open orders, of those that were placed behind `after`.
 */
export const LOGGED_DUE = ['letter', 'what', 'count', 'account', 'detail', 'after'] as const;

/** A page of a call auction, carried out ahead of all commands: `page` is how many trades it has at most. 0: one order that could not pay ended. */
export const LOGGED_AUCTION = ['letter', 'funds', 'instrument', 'page'] as const;

/** Letters of commands, in calls and in entries. */
export const COMMAND_LETTER = {
  place: 'P', cancel: 'C', amend: 'A', mass_cancel: 'M', account: 'N', transfer: 'T', transfer_end: 'E', fee_group: 'F', due: 'W', kill: 'K', cancel_after: 'D', lease: 'G',
  instrument: 'I', trigger: 'X', list: 'L', auction: 'U',
} as const;

/** Ahead of a place that is to fail, with the step at which (commands.ts, FAILURE_STEPS). */
export const FAILURE_LETTER = 'J';
/** Ahead of a command that a signature allows, with the use of that (one-time-use.ts). */
export const ONCE_LETTER = 'S';

/** Arguments of an `execute` call ahead of its commands. */
export const EXECUTE_ARGUMENTS = [
  'fills_max', 'triggers_max', 'open_orders_max', 'iceberg_parts_max', 'backlog_max', 'idempotency_ttl_s', 'epoch', 'sequence_min', 'due_page', 'auction_page', 'held_seen',
] as const;

/** Arguments of each command behind its letter. What they mean stands at the head of each command's Lua file. */
export const COMMAND_ARGUMENTS = {
  place: ['instrument', 'side', 'kind', 'price', 'quantity', 'id', 'client', 'name', 'idem', 'terms', 'actor', 'traits'],
  cancel: ['id', 'name', 'actor', 'idem', 'request'],
  amend: ['id', 'name', 'actor', 'candidates', 'idem', 'request'],
  mass_cancel: ['client', 'instrument', 'after', 'bound', 'page_size', 'actor'],
  account: ['account', 'opens', 'name', 'status', 'credit', 'fee_group', 'deposits', 'actor', 'idem', 'request'],
  transfer: [
    'id', 'kind', 'pending', 'from', 'to', 'asset', 'amount', 'reference', 'reference_digest', 'note', 'timeout_us', 'reverses', 'actor', 'idem', 'request',
  ],
  transfer_end: ['id', 'status', 'amount', 'actor', 'idem', 'request'],
  fee_group: ['group', 'rates', 'actor', 'idem', 'request'],
  instrument: ['instrument', 'opens', 'listed', 'wanted', 'scale', 'actor', 'idem', 'request'],
  due: [],
  cancel_after: ['client', 'instrument', 'timeout_us', 'actor'],
  lease: ['lease', 'client', 'begins', 'ttl_us', 'actor'],
  kill: ['account', 'kills', 'page_size', 'actor'],
  list: ['id', 'client', 'instrument', 'first', 'second', 'third', 'idem', 'actor', 'request'],
} as const;
