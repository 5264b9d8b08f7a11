import { remainingLots, type Order } from './order';
import type { OrderTraits } from './order-traits';

/**
 * Icebergs: orders of which the book shows a part (spec K-23). What is shown trades first; when it is used up, as much again is shown
 * of what is left, at the back of its price as of that moment.
 */

/** Lots that an open order adds to its price level: what of it may be seen. */
export function displayedLots(order: Order): number {
  return order.traits.shown ?? remainingLots(order);
}

/** Lots of an open order that nobody sees. */
export function hiddenLots(order: Order): number {
  return remainingLots(order) - displayedLots(order);
}

/** The traits of an order that takes a place in the book with `lots`, as anybody does who comes there. */
export function traitsAtRest(traits: OrderTraits, lots: number): OrderTraits {
  return traits.display === undefined ? traits : { ...traitsAtEnd(traits), shown: Math.min(traits.display, lots) };
}

/** The traits of an order that waits no more. */
export function traitsAtEnd(traits: OrderTraits): OrderTraits {
  if (traits.display === undefined) return traits;
  const { shown: _shown, refill: _refill, ...rest } = traits;
  return rest;
}

/** The traits of an iceberg whose total falls at an unchanged price: the hidden part goes first. @param lots that are left of it */
export function traitsWithLess(traits: OrderTraits, lots: number): OrderTraits {
  return traits.shown === undefined ? traits : { ...traits, shown: Math.min(traits.shown, lots) };
}

/** Whether one order stands ahead of another at the same price. */
export function isAhead(one: Order, other: Order): boolean {
  return one.priority === other.priority ? (one.traits.refill ?? 0) < (other.traits.refill ?? 0) : one.priority < other.priority;
}
