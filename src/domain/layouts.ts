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
export const SHARD_LAYOUT_VERSION = 3;

/** Version at the head of each order record. */
export const ORDER_RECORD_VERSION = 3;

/** What an order asks for: a record and the log's place have it in the same words, so that it is joined once. */
export const ORDER_TERMS = ['price', 'quantity', 'side', 'kind', 'instrument', 'client', 'client_order_id'] as const;

/**
 * An order as a JSON array. `sequence` and `updated_us` are 0 as long as nothing has changed since it took its place, and
 * `placed` is 0 as long as that place is its first. The `orders` hash holds it without the id, which is the field's name.
 */
export const ORDER_RECORD = [
  'version', 'filled', 'notional', 'status', 'reason', 'sequence', 'updated_us', 'fill_sequence', 'priority', ...ORDER_TERMS,
  'created_us', 'placed', 'id',
] as const;

/** What stands in quotes in a record: text, and sums that outgrow a double. */
export const ORDER_RECORD_TEXTS: readonly (typeof ORDER_RECORD)[number][] = ['notional', 'instrument', 'client', 'client_order_id', 'id'];

/** First of the values that neither a trade nor a cancel changes; from here on a record is passed on as it is. */
export const ORDER_RECORD_TAIL = 'side';

/** A row of the list of recent trades. */
export const RECENT_TRADE = ['trade_id', 'price', 'quantity', 'taker_side', 'maker', 'taker', 'executed_us'] as const;

export const LOG_ENTRY_VERSION = 3;

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
} as const;

export const PLACED_EVENT = ['event', 'filled', 'notional', 'status', 'reason', 'fill_sequence'] as const;
/** `taker` counts the entry's orders from 0; the maker's record follows. */
export const TRADE_EVENT = ['event', 'trade_id', 'price', 'quantity', 'maker_previous_fill', 'taker'] as const;
/** The order's record follows. */
export const ORDER_EVENT = ['event', 'previous_fill'] as const;
export const LEVEL_EVENT = ['event', 'instrument', 'side', 'price', 'quantity'] as const;
/** The order's record follows. */
export const SHOWN_EVENT = ['event'] as const;

/** Commands as entries hold them, by the letter at their head: what was asked, by whom, under which limits. */
export const LOGGED_PLACE = [
  'letter', 'actor', 'fills_max', 'open_orders_max', ...ORDER_TERMS, 'id',
] as const;
/** An order by its id, with '' behind it; else '', and its client and the client's own name for it. */
export const LOGGED_CANCEL = ['letter', 'actor', 'id', 'client', 'client_order_id'] as const;
/** What is wanted is null where the order was not found, so that no instrument tells ticks. */
export const LOGGED_AMEND = [
  'letter', 'actor', 'fills_max', 'price', 'quantity', 'remaining', 'quantity_max', 'id', 'client', 'client_order_id',
] as const;
export const LOGGED_MASS_CANCEL = ['letter', 'actor', 'client', 'instrument', 'after', 'bound', 'page_size'] as const;

/** Letters of commands, in calls and in entries. */
export const COMMAND_LETTER = { place: 'P', cancel: 'C', amend: 'A', mass_cancel: 'M' } as const;

/** Arguments of an `execute` call ahead of its commands. */
export const EXECUTE_ARGUMENTS = ['fills_max', 'open_orders_max', 'backlog_max', 'idempotency_ttl_s', 'epoch', 'sequence_min'] as const;

/** Arguments of each command behind its letter. What they mean stands at the head of each command's Lua file. */
export const COMMAND_ARGUMENTS = {
  place: ['instrument', 'side', 'kind', 'price', 'quantity', 'id', 'client', 'name', 'idem', 'terms', 'actor'],
  cancel: ['id', 'name', 'actor', 'idem', 'request'],
  amend: ['id', 'name', 'actor', 'candidates', 'idem', 'request'],
  mass_cancel: ['client', 'instrument', 'after', 'bound', 'page_size', 'actor'],
} as const;
