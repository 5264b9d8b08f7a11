import type { Order } from './order';

/** A book as it is shown. */

export type Level = readonly [priceTicks: number, quantityLots: number];

export interface BookView {
  readonly sequence: number;
  readonly timeUs: number;
  /** Best first. */
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

/** A side's orders in queue order. */
export interface QueuedOrders {
  readonly orders: readonly Order[];
  /** There are more than were asked for at most. */
  readonly isCut: boolean;
  /** Price and total of the best levels. */
  readonly top: readonly Level[];
}

export interface BookOrders {
  readonly sequence: number;
  readonly timeUs: number;
  readonly bids: QueuedOrders;
  readonly asks: QueuedOrders;
}
