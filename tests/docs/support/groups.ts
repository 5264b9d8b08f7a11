/** The pages whose shell blocks are run, in the order in which a reader would take them; a group shares a venue. */

/** Pasted against a fresh venue, as the pages say. */
export const API_PAGES = [
  'docs/api/README.md', 'docs/api/orders.md', 'docs/api/market-data.md', 'docs/api/order-entry.md', 'docs/api/stream.md', 'docs/api/browsers.md', 'docs/api/errors.md',
  'docs/api/money.md', 'docs/api/algos.md', 'docs/api/controls.md', 'docs/api/instruments.md', 'docs/api/order-lists.md',
] as const;

/** What orders can ask for: its examples trade, and are a market by themselves. */
export const ORDER_TYPE_PAGES = ['docs/order-types.md'] as const;

/** Orders that are gathered: an instrument of its own. */
export const AUCTION_PAGES = ['docs/auctions.md'] as const;

/** The same against a venue whose callers say who they are. */
export const PEOPLE_PAGES = ['docs/api/people.md'] as const;

/** How a venue is reached from elsewhere: with venues of its own. */
export const REACH_PAGES = ['docs/operate/reach.md'] as const;

/** The first look at a venue, and what an operator does with it. */
export const VENUE_PAGES = [
  'README.md', 'docs/operate/run.md', 'docs/operate/audit.md', 'docs/operate/recover.md', 'docs/operate/record.md', 'docs/operate/load.md',
] as const;
