import type { MoneyScale } from '../domain/assets';
import { UNITS_MAX } from '../domain/money';
import type { Order } from '../domain/order';
import { isUnfunded, membershipOf, type ListRole } from '../domain/order-list';
import { triggerOf } from '../domain/order-type';
import { holdOf } from './holds';

/** What is decided of new orders that belong together ahead of the one of them that comes in. */

const roleOf = (order: Order): ListRole | undefined => membershipOf(order)?.role;
const isPaired = (order: Order): boolean => roleOf(order) === 'leg' || roleOf(order) === 'waiting_leg';

/** Whether a first, or one of a pair whose turn it is, waits for its price. */
export type WaitsForPrice = (order: Order) => boolean;

/** The one that comes in: of a pair one whose price is reached already, else one that waits for none; else the first. Undefined where all wait. */
export function bringIn(orders: readonly Order[], waitsForPrice: WaitsForPrice): Order | undefined {
  const [first] = orders as readonly [Order, ...Order[]];
  if (roleOf(first) === 'first') return waitsForPrice(first) ? undefined : first;
  const ready = orders.filter((order) => !waitsForPrice(order));
  return ready.find(({ traits }) => triggerOf(traits) !== null) ?? ready[0];
}

/** Whether nobody can tell what an order will cost that is to hold it. */
export function isCostUnknown(order: Order, waitsForPrice: WaitsForPrice): boolean {
  if (order.side !== 'buy' || order.type !== 'market' || order.traits.budget !== undefined) return false;
  if (roleOf(order) === 'first') return waitsForPrice(order);
  return triggerOf(order.traits) !== null || !isUnfunded(order);
}

/** What all of them hold together, of a pair the larger once; null beyond what may be held. A first without a limit is left out where it comes in. */
export function coverOf(orders: readonly Order[], incoming: Order | undefined, scale: MoneyScale): { readonly asset: string; readonly units: bigint } | null {
  const holds = orders.map((order) => ({ order, ...holdOf(order, scale) }));
  if (holds.some(({ units }) => units > UNITS_MAX)) return null;
  const counted = holds.filter(({ order }) => !isUnfunded(order) && !(order === incoming && order.type === 'market' && roleOf(order) === 'first'));
  const alone = counted.filter(({ order }) => !isPaired(order)).reduce((sum, { units }) => sum + units, 0n);
  const pair = counted.filter(({ order }) => isPaired(order)).reduce((most, { units }) => (units > most ? units : most), 0n);
  const [first] = orders as readonly [Order, ...Order[]];
  const units = alone + pair;
  return units > UNITS_MAX ? null : { asset: first.side === 'sell' ? scale.base : scale.quote, units };
}
