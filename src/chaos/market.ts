/** What a campaign trades, and around which price all of it is ordered. */
export const LOAD_INSTRUMENTS = ['BTC-USD', 'ETH-USD'] as const;
export const MID_PRICE = 50_000;
