import { newOrderId } from './order-id';
import type { Order, Side } from './order';
import type { OrderTraits } from './order-traits';
import { directionOf, triggerOf, type Direction } from './order-type';

/**
 * Orders that belong together: of a pair one goes and the other is cancelled, and what follows an order waits until that is filled. Which
 * list an order is of, and which of its orders, is told by its id; what the list is, and whose turn it is, by two traits.
 */

export const LIST_TYPES = ['oco', 'oto', 'otoco'] as const;
export type ListType = (typeof LIST_TYPES)[number];

/** One order of a list that is to be placed: its id follows from the list's. */
export interface ListedOrder {
  readonly side: Side;
  /** One of KIND_CODE. */
  readonly kind: number;
  /** 0 for an order that trades at any price. */
  readonly priceTicks: number;
  readonly quantityLots: number;
  readonly traits: OrderTraits;
  readonly clientOrderId: string | null;
}

/** Orders of a list, by its type. */
export const LIST_SIZE = { oco: 2, oto: 2, otoco: 3 } as const satisfies Record<ListType, number>;
export const LIST_SIZE_MAX = 3;

/**
 * What an order is in its list now. Those that wait for the first hold their cover from the start where it is on the first's own side:
 * `waiting`, `waiting_leg`. On the other side it is what the first brings, and taken when they go: `unfunded`, `unfunded_leg`.
 */
export const LIST_ROLE_CODE = { leg: 1, first: 2, second: 3, waiting: 4, waiting_leg: 5, unfunded: 6, unfunded_leg: 7 } as const;
export type ListRole = keyof typeof LIST_ROLE_CODE;
const ROLES = Object.keys(LIST_ROLE_CODE) as readonly ListRole[];

/** What an order that waits for the first is once that is filled. */
export const ROLE_BEHIND_FIRST = { waiting: 'second', unfunded: 'second', waiting_leg: 'leg', unfunded_leg: 'leg' } as const satisfies Partial<Record<ListRole, ListRole>>;
type WaitingRole = keyof typeof ROLE_BEHIND_FIRST;

const TYPES: ReadonlySet<string> = new Set(LIST_TYPES);

/** An order's place in its list: what the list is, the role, and where it stands among the list's orders, from 1. */
export interface Membership {
  readonly type: ListType;
  readonly role: ListRole;
  readonly place: number;
}

/** @returns null for an order of no list @throws Error for a list or a role that is in no table */
export function membershipOf({ orderId, traits: { list, listRole } }: Pick<Order, 'orderId' | 'traits'>): Membership | null {
  if (list === undefined) return null;
  const role = ROLES.find((name) => LIST_ROLE_CODE[name] === listRole);
  if (!TYPES.has(list) || role === undefined) throw new Error(`order ${orderId} has an unknown place in a list: ${list}, ${listRole ?? 'none'}`);
  return { type: list as ListType, role, place: Number(orderId.slice(-1)) };
}

/** A list's id: those of its orders differ from it, and from each other, in their last digit. */
export function newListId(): string {
  return `${newOrderId().slice(0, -1)}0`;
}

/** @param place from 1 */
export function listOrderId(listId: string, place: number): string {
  return `${listId.slice(0, -1)}${place}`;
}

export function isListId(id: string): boolean {
  return id.endsWith('0');
}

export function listIdOf({ orderId }: Pick<Order, 'orderId'>): string {
  return listOrderId(orderId, 0);
}

/** Ids of all orders of a list. */
export function listOrderIds(listId: string, type: ListType): string[] {
  return Array.from({ length: LIST_SIZE[type] }, (_, i) => listOrderId(listId, i + 1));
}

/** Ids of the other orders of an order's list; none for one of no list. */
export function siblingIds(order: Pick<Order, 'orderId' | 'traits'>): string[] {
  const membership = membershipOf(order);
  if (membership === null) return [];
  return listOrderIds(listIdOf(order), membership.type).filter((orderId) => orderId !== order.orderId);
}

/** Whether a first has done what those behind it wait for: it is filled, or has spent what it may as far as another lot fits. */
export function isFulfilled({ status, reason, filledLots }: Pick<Order, 'status' | 'reason' | 'filledLots'>): boolean {
  return status === 'filled' || (reason === 'budget_exhausted' && filledLots > 0);
}

/** Whether an order waits for the first of its list. */
export function waitsForFirst(order: Pick<Order, 'orderId' | 'traits' | 'status'>): boolean {
  const membership = order.status === 'pending' ? membershipOf(order) : null;
  return membership !== null && membership.role in ROLE_BEHIND_FIRST;
}

/** Whether an order holds nothing yet: what its list's first brings is its cover. */
export function isUnfunded(order: Pick<Order, 'orderId' | 'traits'>): boolean {
  const role = membershipOf(order)?.role;
  return role === 'unfunded' || role === 'unfunded_leg';
}

/** The traits of an order once the first of its list is filled. @throws Error for one that does not wait for it */
export function traitsBehindFirst(order: Pick<Order, 'orderId' | 'traits'>): OrderTraits {
  const role = membershipOf(order)?.role;
  if (role === undefined || !(role in ROLE_BEHIND_FIRST)) throw new Error(`order ${order.orderId} waits for no other`);
  return { ...order.traits, listRole: LIST_ROLE_CODE[ROLE_BEHIND_FIRST[role as WaitingRole]] };
}

/** The other one of a pair of which one lives, and both hold their cover, which is held once: its id; null where there is none. */
export function partnerId(order: Pick<Order, 'orderId' | 'traits'>): string | null {
  const membership = membershipOf(order);
  if (membership === null || (membership.role !== 'leg' && membership.role !== 'waiting_leg')) return null;
  const { type, place } = membership;
  return listOrderId(order.orderId, (type === 'oco' ? 3 : 5) - place);
}

/** What a new order is in its list. @param place from 1 @param sides of all orders of the list */
export function roleAt(type: ListType, place: number, sides: readonly Side[]): ListRole {
  if (type === 'oco') return 'leg';
  if (place === 1) return 'first';
  const isFunded = sides[place - 1] === sides[0];
  if (type === 'oto') return isFunded ? 'waiting' : 'unfunded';
  return isFunded ? 'waiting_leg' : 'unfunded_leg';
}

/** From which side the price has to come for one of a pair: a limit waits for a better one. */
export function legDirection(leg: { readonly side: Side; readonly traits: OrderTraits }): Direction {
  if (triggerOf(leg.traits) !== null) return directionOf(leg);
  return leg.side === 'sell' ? 'rising' : 'falling';
}
