/** What a stream client may subscribe to. */
export const CHANNELS = ['orderbook', 'trades', 'orders'] as const;
export type Channel = (typeof CHANNELS)[number];
