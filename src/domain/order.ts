import type { OrderTraits } from './order-traits';

/** What an order is, in the venue's own integers. Codes are the numbers that Redis records carry. */

export const SIDES = ['buy', 'sell'] as const;
export type Side = (typeof SIDES)[number];
export const SIDE_CODE = { buy: 0, sell: 1 } as const satisfies Record<Side, number>;

export type OrderType = 'limit' | 'market';
export type TimeInForce = 'gtc' | 'ioc' | 'fok' | 'gtd' | 'day';

export interface OrderKind {
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly postOnly: boolean;
}

/** Every combination of type, time in force and post-only that the venue takes, by its name; what it does is in engine/lua/orders/<name>.lua. */
const KINDS = {
  limit_gtc: { type: 'limit', timeInForce: 'gtc', postOnly: false },
  limit_post_only: { type: 'limit', timeInForce: 'gtc', postOnly: true },
  limit_ioc: { type: 'limit', timeInForce: 'ioc', postOnly: false },
  limit_fok: { type: 'limit', timeInForce: 'fok', postOnly: false },
  market: { type: 'market', timeInForce: 'ioc', postOnly: false },
  limit_gtd: { type: 'limit', timeInForce: 'gtd', postOnly: false },
  limit_day: { type: 'limit', timeInForce: 'day', postOnly: false },
} as const satisfies Record<string, OrderKind>;

export type KindName = keyof typeof KINDS;
export const KIND_NAMES = Object.keys(KINDS) as readonly KindName[];

/** By code. A code is never given to another kind: records and entries keep it for ever. */
export const ORDER_KINDS: readonly OrderKind[] = Object.values(KINDS);

export const KIND_CODE = Object.freeze(Object.fromEntries(KIND_NAMES.map((name, code) => [name, code]))) as Readonly<Record<KindName, number>>;

/** @throws Error for a code that is in no table: the record is of a later version */
export function kindOf(code: number): OrderKind {
  const kind = ORDER_KINDS[code];
  if (kind === undefined) throw new Error(`unknown order kind ${code}`);
  return kind;
}

/** @throws Error for a code that is in no table */
export function sideOf(code: number): Side {
  const side = SIDES[code];
  if (side === undefined) throw new Error(`unknown side ${code}`);
  return side;
}

/** @returns the code, or -1 when the venue does not take this combination. */
export function kindCode(type: OrderType, timeInForce: TimeInForce, postOnly: boolean): number {
  return ORDER_KINDS.findIndex(
    (kind) => kind.type === type && kind.timeInForce === timeInForce && kind.postOnly === postOnly,
  );
}

/** The names of a table, each where its code says. */
function byCode<Name extends string>(codes: Readonly<Record<Name, number>>): (Name | undefined)[] {
  const names: (Name | undefined)[] = [];
  for (const [name, code] of Object.entries(codes) as [Name, number][]) names[code] = name;
  return names;
}

/** `pending` waits for a price, and is in no book until a trade reaches it (order-type.ts). */
export const STATUS_CODE = { open: 1, partially_filled: 2, filled: 3, cancelled: 4, rejected: 5, expired: 6, pending: 7 } as const;
export type OrderStatus = keyof typeof STATUS_CODE;
const STATUSES: readonly (OrderStatus | undefined)[] = byCode(STATUS_CODE);

/** @throws Error for a code that is in no table */
export function statusOf(code: number): OrderStatus {
  const status = STATUSES[code];
  if (status === undefined) throw new Error(`unknown order status ${code}`);
  return status;
}

/** Why a done order was not filled; 0 where there is nothing to say. */
export const REASON_CODE = {
  requested: 1,
  ioc_remainder: 2,
  no_liquidity: 3,
  fok_not_fillable: 4,
  post_only_would_match: 5,
  mass_cancel: 6,
  fills_limit: 7,
  self_trade: 8,
  price_protection: 9,
  budget_exhausted: 10,
  expired: 11,
  cancel_after: 12,
  disconnected: 13,
  killed: 14,
  linked: 15,
  level_quantity_limit: 17,
  balance_limit: 18,
  insufficient_funds: 19,
  price_band: 20,
} as const;
export type StatusReason = keyof typeof REASON_CODE;
const REASONS: readonly (StatusReason | undefined)[] = byCode(REASON_CODE);

/** @returns null for 0 @throws Error for a code that is in no table */
export function reasonOf(code: number): StatusReason | null {
  if (code === 0) return null;
  const reason = REASONS[code];
  if (reason === undefined) throw new Error(`unknown status reason ${code}`);
  return reason;
}

/** What an order is charged, and has been, as ORDER_FEES says. */
export interface OrderFees {
  /** Millionths of money; below zero is a rebate. */
  readonly makerRate: number;
  readonly takerRate: number;
  /** Whole units of the quote asset, as decimal text. */
  readonly units: string;
  /** What is owed beyond them, 0 to 999,999. */
  readonly millionths: number;
}

/** Units of the quote asset that an order has been charged: its exact fees, rounded up. */
export function chargedUnits(fees: OrderFees | null): bigint {
  return fees === null ? 0n : BigInt(fees.units) + (fees.millionths > 0 ? 1n : 0n);
}

/**
 * The rate of a fill's maker, in millionths. Orders keep the rates of the day on which they were placed, so a rebate may meet a taker of
 * another day: it gets back no more than that one pays (I-9).
 */
export function makerRateOf(maker: OrderFees | null, taker: OrderFees | null): number {
  // Not -0, which is another number to whoever compares.
  return maker === null ? 0 : Math.max(maker.makerRate, -(taker?.takerRate ?? 0)) + 0;
}

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
  /** Log sequence at which it took its place in the queue, of a pending order in that of those that wait for a price. */
  readonly priority: number;
  /** Log sequence at which it was placed: what came before what, whatever clocks say. 0 in entries of before version 3, which do not tell. */
  readonly placedSequence: number;
  /** null where it is charged nothing. */
  readonly fees: OrderFees | null;
  readonly traits: OrderTraits;
  readonly createdUs: number;
}

/** An order by its id, or by its client's own name for it. */
export type OrderReference =
  | { readonly orderId: string }
  | { readonly clientId: string; readonly clientOrderId: string };

/** What a cancel may name: a list means every order of it that is open. */
export type CancelReference = OrderReference | { readonly listId: string };

/** Where an order stands among its client's, by when it was placed. Those of a list are placed at the same sequence: their ids tell them apart. */
export interface Placing {
  readonly sequence: number;
  readonly orderId: string;
}

export function placingOf({ placedSequence, orderId }: Pick<Order, 'placedSequence' | 'orderId'>): Placing {
  return { sequence: placedSequence, orderId };
}

/** A day of the venue ends at midnight UTC. */
export const DAY_US = 86_400_000_000;

/** Orders end ahead of it: every time of theirs is a number that is exact. */
export const EXPIRY_US_END = Date.UTC(2200, 0, 1) * 1_000;

/** When an order's time is over; null for one that waits as long as it takes. It is told from the record alone. */
export function expiryUs({ timeInForce, createdUs, traits }: Pick<Order, 'timeInForce' | 'createdUs' | 'traits'>): number | null {
  if (timeInForce === 'day') return (Math.floor(createdUs / DAY_US) + 1) * DAY_US;
  if (timeInForce !== 'gtd') return null;
  if (traits.expiresUs === undefined) throw new Error('an order that is good until a time has none');
  return traits.expiresUs;
}

/** Whether an order waits in the book. */
export function isResting({ status }: Pick<Order, 'status'>): boolean {
  return status === 'open' || status === 'partially_filled';
}

/** Whether an order has not come to its end: it waits in the book, or for its price. */
export function isOpen(order: Pick<Order, 'status'>): boolean {
  return isResting(order) || order.status === 'pending';
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

/** Which part an account has in a trade: its order waited, or took. */
export const ROLES = ['maker', 'taker'] as const;
export type Role = (typeof ROLES)[number];

/** A trade as its parties see it: who they are, and what each was charged, in units of the quote asset as decimal text. */
export interface SettledTrade extends Trade {
  readonly makerClientId: string;
  readonly takerClientId: string;
  readonly makerFee: string;
  readonly takerFee: string;
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
