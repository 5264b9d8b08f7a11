/** The words that calls and messages are made of. A test holds them against those that the service computes with. */

export const SIDES = ['buy', 'sell'] as const;
export const ORDER_TYPES = ['limit', 'market', 'stop', 'stop_limit', 'take_profit', 'take_profit_limit', 'trailing_stop'] as const;
export const TIMES_IN_FORCE = ['gtc', 'ioc', 'fok', 'gtd', 'day'] as const;
export const ORDER_STATUSES = ['open', 'partially_filled', 'filled', 'cancelled', 'rejected', 'expired', 'pending'] as const;
export const STATUS_REASONS = [
  'requested', 'ioc_remainder', 'no_liquidity', 'fok_not_fillable', 'post_only_would_match', 'mass_cancel', 'fills_limit', 'self_trade', 'price_protection', 'budget_exhausted',
  'expired', 'cancel_after', 'disconnected', 'killed', 'linked', 'level_quantity_limit', 'balance_limit', 'insufficient_funds', 'price_band',
] as const;
/** Orders that belong together. */
export const LIST_TYPES = ['oco', 'oto', 'otoco'] as const;
export const LIST_STATUSES = ['open', 'done'] as const;
export const LIST_ORDERS_MIN = 2;
export const LIST_ORDERS_MAX = 3;
/** What a taker does about an order of its own that it meets, instead of trading with it. */
export const SELF_TRADE_PREVENTIONS = ['none', 'cancel_taker', 'cancel_maker', 'cancel_both', 'decrement'] as const;
/** `cancelling` is one that runs until it is known what came of its last slice. */
export const ALGO_STATUSES = ['running', 'cancelling', 'completed', 'expired', 'cancelled', 'stopped'] as const;
export const SLICE_STATUSES = ['placing', 'placed', 'refused', 'missed'] as const;
export const ACKS = ['redis', 'postgres'] as const;
export const INTERVALS = ['1s', '1m', '5m', '15m', '1h', '1d'] as const;
export const CHANNELS = ['orderbook', 'trades', 'orders', 'ticker', 'candles', 'instruments', 'auction', 'balances', 'fills'] as const;
/** Those that are of accounts. */
export const ACCOUNT_CHANNELS = ['balances', 'fills'] as const;
/** States that an instrument can be put in. */
export const INSTRUMENT_STATES = ['open', 'post_only', 'cancel_only', 'halted', 'auction'] as const;
/** As Redis tells it; `empty` for a Redis without a shard, `unknown` for one that does not answer. */
export const SHARD_STATES = ['open', 'frozen', 'recovering', 'faulted', 'empty', 'unknown'] as const;

/** Steps at which an order can be made to fail. */
export const FAILURE_STEPS = ['reserve_funds', 'submit_order', 'process_fills', 'settle'] as const;
export const ROLES = ['maker', 'taker'] as const;
export const ACCOUNT_STATUSES = ['active', 'suspended', 'closed'] as const;
export const CREDITS = ['unlimited', 'none'] as const;
export const ACCOUNT_EVENT_KINDS = [
  'deposited', 'withdrew', 'transferred_in', 'transferred_out', 'traded', 'fee', 'rebate', 'adjusted',
] as const;
export const WITHDRAWAL_STATUSES = ['requested', 'completed', 'rejected', 'cancelled'] as const;
export const TRANSFER_STATUSES = ['pending', 'posted', 'voided', 'rejected', 'expired'] as const;
export const DAY_STATUSES = ['open', 'unsettled', 'settled', 'mismatch'] as const;
export const MARKS = ['last', 'mid'] as const;

/** What a call means that names no instrument. */
export const INSTRUMENT_DEFAULT = 'BTC-USD';
export const INSTRUMENT_NAME = '^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$';

export const ASSET_NAME = '^[A-Za-z0-9][A-Za-z0-9._-]{0,15}$';
export const FEE_GROUP_NAME = '^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$';
export const EVENT_ID_PATTERN = '^(0|[1-9][0-9]{0,15}):(0|[1-9][0-9]{0,8})$';
/** Names that begin so are the venue's own accounts. */
export const VENUE_ACCOUNT_START = '@';

export const CLIENT_ID_LENGTH_MAX = 64;
export const CLIENT_ORDER_ID_LENGTH_MAX = 64;
export const IDEMPOTENCY_KEY_LENGTH_MAX = 255;
export const ACCOUNT_NAME_LENGTH_MAX = 64;
export const REFERENCE_LENGTH_MAX = 128;
export const DESTINATION_LENGTH_MAX = 255;
export const NOTE_LENGTH_MAX = 500;
/** Deposits that an account opens with. */
export const OPENING_DEPOSITS_MAX = 100;
/** A year. */
export const TRANSFER_TIMEOUT_MAX_S = 31_536_000;
/** Seconds of a price band's window where it is set without one, and the most of them. */
export const BAND_WINDOW_S = 300;
export const BAND_WINDOW_S_MAX = 3_600;
/** Rows of a group of fees. */
export const FEE_RATES_MAX = 1_001;
/** What an API key, or a token, may be used for. */
/** What a person's own token is good for, without the powers of a role. */
export const OWN_SCOPES = ['read', 'trade', 'transfer', 'withdraw'] as const;
export const PROVIDER_TOKEN_LENGTH_MAX = 8_192;
export const MINTED_MINUTES_MAX = 10_080;
export const SCOPES = ['read', 'trade', 'transfer', 'withdraw', 'admin'] as const;
/** Roles that a user can have; each has the powers of those before it. */
export const USER_ROLES = ['trader', 'operator', 'admin'] as const;
/** Allowances of calls, each counted by itself. */
export const LIMIT_CLASSES = ['address', 'login', 'principal', 'mutate', 'cancel', 'expensive'] as const;
export const USERNAME = '^[A-Za-z0-9._-]{3,64}$';
export const PASSWORD_BYTES_MIN = 12;
export const PASSWORD_BYTES_MAX = 256;
export const TOKEN_LENGTH_MAX = 4096;
export const API_KEY_NAME_LENGTH_MAX = 64;
export const API_KEY_SCOPES_MAX = 5;
export const KEY_ACCOUNTS_MAX = 100;
export const KEY_ADDRESSES_MAX = 20;
export const ADDRESS_LENGTH_MAX = 64;
/** A path of the service's own: never another host, however a browser reads it. */
export const OWN_PATH = '^/(?![/])[!-\\[\\]-~]{0,511}$';
export const PUBLIC_KEY_PEM = '^-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\\s]{1,1000}-----END PUBLIC KEY-----\\s*$';
export const USERS_LIMIT_DEFAULT = 100;
export const AUDIT_LIMIT_DEFAULT = 100;
/** Characters of a request's id in order entry. */
export const ENTRY_ID_LENGTH_MAX = 64;

/** How much a call gets where it does not say. */
export const ORDERBOOK_LEVELS_DEFAULT = 20;
export const TRADES_LIMIT_DEFAULT = 50;
export const ORDERS_LIMIT_DEFAULT = 100;
export const CANDLES_LIMIT_DEFAULT = 500;
export const MONEY_LIMIT_DEFAULT = 100;
export const SNAPSHOTS_LIMIT_DEFAULT = 50;
export const CANDLES_INTERVAL_DEFAULT = '1m';
