/** What a stream client may subscribe to. */
export const CHANNELS = ['orderbook', 'trades', 'orders', 'ticker', 'candles'] as const;
export type Channel = (typeof CHANNELS)[number];

/** What a client gets that names no channel. */
export const BARE_CHANNELS: readonly Channel[] = ['orderbook', 'trades', 'orders'];
