import type { Control } from '../domain/controls';
import type { InstrumentRules } from '../domain/instrument-rules';
import type { AccountState, FeeGroup, Transfer } from '../domain/money';
import type { Order } from '../domain/order';
import type { BandSamples } from '../domain/price-band';

/**
 * Everything a shard holds, in one comparable form: the reference book gives it, and whoever reads a
 * live shard can bring it into the same form. Every list is in a fixed order, so equal shards are equal.
 */
export interface ShardState {
  /** Log sequence of the last entry. */
  readonly sequence: number;
  /** Last trade id of each instrument that has traded, by instrument. */
  readonly tradeIds: readonly { readonly instrument: string; readonly tradeId: number }[];
  /** Instruments that were made, or changed, by name. */
  readonly catalogue: readonly InstrumentRules[];
  /** What the reference prices of instruments with a price band come from, by name. */
  readonly bands: readonly BandSamples[];
  /** Instruments with at least one order in the book, by name. */
  readonly books: readonly BookState[];
  /** Instruments with orders that wait for a price, by name. */
  readonly waiting: readonly WaitingState[];
  /** Orders whose list's first is filled and that are still to go, in the order in which they do, and the entry that has filled it. */
  readonly released: readonly { readonly orderId: string; readonly cause: number }[];
  /** Every order that is held, done ones included, by id. */
  readonly orders: readonly Order[];
  /** Clients with open orders, by client id; their orders by id. */
  readonly openOrders: readonly { readonly clientId: string; readonly orderIds: readonly string[] }[];
  /** By client id, then client order id. */
  readonly clientOrderIds: readonly { readonly clientId: string; readonly clientOrderId: string; readonly orderId: string }[];
  /** By digest. */
  readonly idempotency: readonly { readonly digest: string; readonly sequence: number; readonly second: number }[];
  /** By kind, account and detail. */
  readonly controls: readonly Control[];
  /** By name. */
  readonly accounts: readonly AccountState[];
  /** By name. */
  readonly feeGroups: readonly FeeGroup[];
  /** Those that are pending, by id. */
  readonly transfers: readonly Transfer[];
  /** What has happened once for ever, by digest. */
  readonly references: readonly { readonly digest: string; readonly sequence: number; readonly second: number }[];
}

export interface BookState {
  readonly instrument: string;
  /** Best first. */
  readonly bids: readonly LevelState[];
  readonly asks: readonly LevelState[];
}

/** Orders that wait for a price of an instrument, by id: of each direction the nearest first. */
export interface WaitingState {
  readonly instrument: string;
  readonly rising: readonly string[];
  readonly falling: readonly string[];
  /** Those of them that trail, by id, with the best trade that each has seen; 0 for none. */
  readonly trailing: readonly { readonly orderId: string; readonly bestTicks: number }[];
  /** The one that goes next, and the entry that has reached it; null where nobody has been reached. */
  readonly next: { readonly orderId: string; readonly cause: number } | null;
}

export interface LevelState {
  readonly priceTicks: number;
  readonly quantityLots: number;
  /** In queue order. */
  readonly orderIds: readonly string[];
}

/** The order in which lists of a {@link ShardState} stand: by UTF-16 code unit, whatever the locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
