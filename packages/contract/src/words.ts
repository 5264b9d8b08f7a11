/** The words that calls and messages are made of. A test holds them against those that the service computes with. */

export const SIDES = ['buy', 'sell'] as const;
export const ORDER_TYPES = ['limit', 'market'] as const;
export const TIMES_IN_FORCE = ['gtc', 'ioc', 'fok'] as const;
export const ORDER_STATUSES = ['open', 'partially_filled', 'filled', 'cancelled', 'rejected', 'expired'] as const;
export const STATUS_REASONS = [
  'requested', 'ioc_remainder', 'no_liquidity', 'fok_not_fillable', 'post_only_would_match', 'mass_cancel', 'fills_limit',
] as const;
export const ACKS = ['redis', 'postgres'] as const;
export const INTERVALS = ['1s', '1m', '5m', '15m', '1h', '1d'] as const;
export const CHANNELS = ['orderbook', 'trades', 'orders', 'ticker', 'candles'] as const;
/** As Redis tells it; `empty` for a Redis without a shard, `unknown` for one that does not answer. */
export const SHARD_STATES = ['open', 'frozen', 'recovering', 'faulted', 'empty', 'unknown'] as const;

/** What a call means that names no instrument. */
export const INSTRUMENT_DEFAULT = 'BTC-USD';
export const INSTRUMENT_NAME = '^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$';

export const CLIENT_ID_LENGTH_MAX = 64;
export const CLIENT_ORDER_ID_LENGTH_MAX = 64;
export const IDEMPOTENCY_KEY_LENGTH_MAX = 255;
/** Characters of a request's id in order entry. */
export const ENTRY_ID_LENGTH_MAX = 64;

/** How much a call gets where it does not say. */
export const ORDERBOOK_LEVELS_DEFAULT = 20;
export const TRADES_LIMIT_DEFAULT = 50;
export const ORDERS_LIMIT_DEFAULT = 100;
export const CANDLES_LIMIT_DEFAULT = 500;
export const CANDLES_INTERVAL_DEFAULT = '1m';
