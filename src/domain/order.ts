/** What an order is, in the venue's own integers. Codes are the numbers that Redis records carry. */

export const SIDES = ['buy', 'sell'] as const;
export type Side = (typeof SIDES)[number];
export const SIDE_CODE = { buy: 0, sell: 1 } as const satisfies Record<Side, number>;

export type OrderType = 'limit' | 'market';
export type TimeInForce = 'gtc' | 'ioc' | 'fok';

export interface OrderKind {
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly postOnly: boolean;
}

/** Every combination of type, time in force and post-only that the venue takes; the index is the code. */
export const ORDER_KINDS = [
  { type: 'limit', timeInForce: 'gtc', postOnly: false },
  { type: 'limit', timeInForce: 'gtc', postOnly: true },
  { type: 'limit', timeInForce: 'ioc', postOnly: false },
  { type: 'limit', timeInForce: 'fok', postOnly: false },
  { type: 'market', timeInForce: 'ioc', postOnly: false },
] as const satisfies readonly OrderKind[];

export const KIND_CODE = { limit_gtc: 0, limit_post_only: 1, limit_ioc: 2, limit_fok: 3, market: 4 } as const;

/** @returns the code, or -1 when the venue does not take this combination. */
export function kindCode(type: OrderType, timeInForce: TimeInForce, postOnly: boolean): number {
  return ORDER_KINDS.findIndex(
    (kind) => kind.type === type && kind.timeInForce === timeInForce && kind.postOnly === postOnly,
  );
}

export const STATUS_CODE = { open: 1, partially_filled: 2, filled: 3, cancelled: 4, rejected: 5, expired: 6 } as const;
export type OrderStatus = keyof typeof STATUS_CODE;
export const STATUSES = ['', ...Object.keys(STATUS_CODE)] as readonly OrderStatus[];

/** Why a done order was not filled; 0 where there is nothing to say. */
export const REASON_CODE = {
  requested: 1,
  ioc_remainder: 2,
  no_liquidity: 3,
  fok_not_fillable: 4,
  post_only_would_match: 5,
  mass_cancel: 6,
  fills_limit: 7,
} as const;
export type StatusReason = keyof typeof REASON_CODE;
export const REASONS: readonly (StatusReason | null)[] = [null, ...(Object.keys(REASON_CODE) as StatusReason[])];

export interface Order extends OrderKind {
  readonly orderId: string;
  readonly clientOrderId: string | null;
  readonly clientId: string;
  readonly instrument: string;
  readonly side: Side;
  /** null for a market order. */
  readonly priceTicks: number | null;
  readonly quantityLots: number;
  readonly filledLots: number;
  /** Σ price_ticks × quantity_lots of its fills, as decimal text: it outgrows 2^53. */
  readonly notional: string;
  readonly status: OrderStatus;
  readonly reason: StatusReason | null;
  /** Log sequence of the last change. */
  readonly sequence: number;
  readonly updatedUs: number;
  /** Log sequence of the last fill, 0 before the first. */
  readonly fillSequence: number;
  /** Log sequence at which it took its place in the queue. */
  readonly priority: number;
  readonly createdUs: number;
}

export function isOpen(order: Order): boolean {
  return order.status === 'open' || order.status === 'partially_filled';
}

export function remainingLots(order: Order): number {
  return order.quantityLots - order.filledLots;
}

/** A trade as the public sees it: maker's price, taker's side. */
export interface Trade {
  readonly instrument: string;
  readonly tradeId: number;
  readonly priceTicks: number;
  readonly quantityLots: number;
  readonly takerSide: Side;
  readonly makerOrderId: string;
  readonly takerOrderId: string;
  readonly executedUs: number;
}

let lastTimeUs = Number.NaN;
let lastTimeText = '';
let lastSecond = Number.NaN;
let lastSecondText = '';

/** ISO 8601 UTC with microseconds. */
export function formatTimeUs(timeUs: number): string {
  // An answer tells the same moment several times over, and a second has thousands of them.
  if (timeUs === lastTimeUs) return lastTimeText;
  const second = Math.floor(timeUs / 1_000_000);
  if (second !== lastSecond) {
    lastSecondText = new Date(second * 1000).toISOString().slice(0, -'000Z'.length);
    lastSecond = second;
  }
  lastTimeText = `${lastSecondText}${String(timeUs - second * 1_000_000).padStart(6, '0')}Z`;
  lastTimeUs = timeUs;
  return lastTimeText;
}
