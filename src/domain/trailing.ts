import { AMOUNT_MAX, type AmountInput } from './amounts';
import { formatRate, parseRate } from './assets';
import type { Side } from './order';
import type { OrderTraits } from './order-traits';
import { directionOf, triggerOf, type Direction } from './order-type';

/**
 * Trailing stops wait at a distance behind the best trade since they were placed: a sell below the highest, a buy above the lowest. So where
 * one stands moves only in its owner's favour. The distance is an offset in ticks, or a fraction of that best price in millionths, rounded
 * up to whole ticks: a price has to come back by so much at least.
 */

export const MEASURES = ['offset', 'percent'] as const;
/** In what a distance is told. */
export type Measure = (typeof MEASURES)[number];

export interface Trail {
  readonly measure: Measure;
  /** Ticks, or millionths of the best price. */
  readonly distance: number;
}

const MILLIONTHS = 1_000_000;
const PER_PERCENT = 100;

export const PERCENT_PROBLEM = 'must be above 0 and below 100, with at most 4 decimals';

/** A percentage of a price, below all of it, in millionths of the price. @returns null for one that is none */
export function parsePercent(input: AmountInput): number | null {
  const rate = parseRate(input);
  return rate !== null && rate > 0 && rate < MILLIONTHS * PER_PERCENT && rate % PER_PERCENT === 0 ? rate / PER_PERCENT : null;
}

export function formatPercent(millionths: number): string {
  return formatRate(millionths * PER_PERCENT);
}

/** @returns null for an order that does not trail @throws Error for one that trails by nothing, or by both */
export function trailOf(traits: OrderTraits): Trail | null {
  if (triggerOf(traits) !== 'trailing_stop') return null;
  const { trailingOffset: offset, trailingPercent: percent } = traits;
  if ((offset === undefined) === (percent === undefined)) throw new Error('a trailing stop has one distance');
  return offset !== undefined ? { measure: 'offset', distance: offset } : { measure: 'percent', distance: percent as number };
}

/** Ticks that a trailing stop waits behind a best price. */
function distanceTicks({ measure, distance }: Trail, bestTicks: number): number {
  if (measure === 'offset') return distance;
  const [share, all] = [BigInt(bestTicks) * BigInt(distance), BigInt(MILLIONTHS)];
  return Number((share + all - 1n) / all);
}

/** Where one stands by the best price, 0 of which is none yet. @returns null where no trade can be */
export function trailingTicks(direction: Direction, trail: Trail, bestTicks: number): number | null {
  if (bestTicks === 0) return null;
  const off = distanceTicks(trail, bestTicks);
  if (direction === 'falling') return bestTicks > off ? bestTicks - off : null;
  return off <= AMOUNT_MAX - bestTicks ? bestTicks + off : null;
}

/** Whether a trade at a price is better than the best one, 0 of which is none yet. */
export function isBetter(direction: Direction, priceTicks: number, bestTicks: number): boolean {
  if (bestTicks === 0) return true;
  return direction === 'falling' ? priceTicks > bestTicks : priceTicks < bestTicks;
}

/** The better one, seen from a direction, of the prices between which an entry's trades lie. */
export function betterTicks(direction: Direction, firstTicks: number, lastTicks: number): number {
  return direction === 'falling' ? Math.max(firstTicks, lastTicks) : Math.min(firstTicks, lastTicks);
}

/** Where an order stands that waits for a price, null for nowhere. @param bestTicks of one that trails the best trade that it has seen, 0 for none */
export function standsAt(order: { readonly side: Side; readonly traits: OrderTraits }, bestTicks: number): number | null {
  const trail = trailOf(order.traits);
  return trail === null ? order.traits.triggerPrice ?? null : trailingTicks(directionOf(order), trail, bestTicks);
}

/** An order that waits for a price, and where it stands, null for nowhere. */
export interface Standing {
  readonly order: { readonly priority: number };
  readonly ticks: number | null;
}

/** Nearest first, then first come; those that stand nowhere last. */
export function compareStanding(direction: Direction, a: Standing, b: Standing): number {
  const first = a.order.priority - b.order.priority;
  if (a.ticks === null || b.ticks === null) return a.ticks === b.ticks ? first : a.ticks === null ? 1 : -1;
  return (direction === 'rising' ? a.ticks - b.ticks : b.ticks - a.ticks) || first;
}

/** The one that goes first, null where none of them stands anywhere. */
export function nearestOf<One extends Standing>(direction: Direction, standing: readonly One[]): One | null {
  const [first, ...others] = standing;
  if (first === undefined) return null;
  const nearest = others.reduce((known, one) => (compareStanding(direction, one, known) < 0 ? one : known), first);
  return nearest.ticks === null ? null : nearest;
}

/** The price that an order waits for, or went at, as its record tells. @returns null where it stands nowhere yet, or waits for none */
export function stopTicksOf(order: { readonly side: Side; readonly traits: OrderTraits }): number | null {
  return standsAt(order, order.traits.best ?? 0);
}
