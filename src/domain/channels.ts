/** What a stream client may subscribe to. */
export const CHANNELS = ['orderbook', 'trades', 'orders', 'ticker', 'candles', 'instruments', 'auction', 'balances', 'fills'] as const;
export type Channel = (typeof CHANNELS)[number];

/** What of these is of an account: the others are of an instrument. */
export const ACCOUNT_CHANNELS = ['balances', 'fills'] as const satisfies readonly Channel[];
export type AccountChannel = (typeof ACCOUNT_CHANNELS)[number];
export type InstrumentChannel = Exclude<Channel, AccountChannel>;

export function isOfAccounts(channel: Channel): channel is AccountChannel {
  return (ACCOUNT_CHANNELS as readonly Channel[]).includes(channel);
}

export const INSTRUMENT_CHANNELS = CHANNELS.filter((channel): channel is InstrumentChannel => !isOfAccounts(channel));

/** What a client gets that names no channel. */
export const BARE_CHANNELS: readonly InstrumentChannel[] = ['orderbook', 'trades', 'orders', 'instruments'];
