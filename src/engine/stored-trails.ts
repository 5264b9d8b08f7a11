import type { Order } from '../domain/order';
import { DIRECTIONS, directionOf, type Direction } from '../domain/order-type';
import { COMPACT_ID_LENGTH, expandId } from '../domain/order-id';
import { isBetter, MEASURES, nearestOf, trailingTicks, trailOf, type Measure } from '../domain/trailing';
import { bookMember } from './record';

/** Orders of one instrument that trail, from one direction, by one measure: as the keys of core/trails.lua hold them. */
export interface TrailKeys {
  /** By the sequence from which on their orders trail: member and score. */
  readonly groups: readonly (readonly [member: string, score: string])[];
  /** Of each group, the nearest first: member and score. */
  readonly stores: ReadonlyMap<string, readonly (readonly [member: string, score: string])[]>;
}

export interface TrailingOrder {
  readonly order: Order;
  /** 0 for none. */
  readonly bestTicks: number;
}

/** A trail's name, as its keys and `meta` have it. */
export function trailName(instrument: string, direction: Direction, measure: Measure): string {
  return `${instrument}:${direction}:${measure}`;
}

/** The names of all trails that an instrument may have. */
export function trailsOf(instrument: string): { readonly name: string; readonly direction: Direction; readonly measure: Measure }[] {
  return DIRECTIONS.flatMap((direction) => MEASURES.map((measure) => ({ name: trailName(instrument, direction, measure), direction, measure })));
}

const TRAIL_NAME = new RegExp(`^(.+):(${DIRECTIONS.join('|')}):(${MEASURES.join('|')})$`);

/** @returns null for what is no trail's name */
export function trailOfName(name: string): { readonly instrument: string; readonly direction: Direction; readonly measure: Measure } | null {
  const [, instrument, direction, measure] = TRAIL_NAME.exec(name) ?? [];
  return instrument === undefined ? null : { instrument, direction: direction as Direction, measure: measure as Measure };
}

/**
 * The orders of a trail, and of each group the one that stands among those that wait for a price, and where.
 * @param isMoving whether an entry has moved on some of the groups, and not yet the others
 * @param problems to which what is wrong is added
 */
export function storedTrail(
  name: string, { groups, stores }: TrailKeys, orders: ReadonlyMap<string, Order>, isMoving: boolean, problems: string[],
): { readonly orders: readonly TrailingOrder[]; readonly heads: readonly { readonly order: Order; readonly ticks: number }[] } {
  const trail = trailOfName(name);
  if (trail === null) throw new Error(`${name} is no trail`);
  const { instrument, direction, measure } = trail;
  const wrong = (what: string): void => void problems.push(`trail ${name}: ${what}`);
  const all: TrailingOrder[] = [];
  const heads: { readonly order: Order; readonly ticks: number }[] = [];
  const seen = new Set<string>();
  groups.forEach(([member, score], i) => {
    const [, best, store] = /^(\d+),(\d+)$/.exec(member) ?? [];
    if (store === undefined) {
      wrong(`group ${member} is none`);
      return;
    }
    const [bestTicks, first, next] = [Number(best), Number(score), Number(groups[i + 1]?.[1] ?? Number.POSITIVE_INFINITY)];
    const later = groups[i + 1]?.[0].split(',')[0];
    if (later !== undefined && !isMoving && isBetter(direction, Number(later), bestTicks)) wrong(`group ${member} has seen less than the one behind it`);
    const members = stores.get(store) ?? [];
    seen.add(store);
    if (members.length === 0) wrong(`group ${member} is empty`);
    const standing: { readonly order: Order; readonly ticks: number | null }[] = [];
    for (const [orderMember, distance] of members) {
      const orderId = expandId(orderMember.slice(-COMPACT_ID_LENGTH));
      const order = orders.get(orderId);
      const asked = order === undefined ? null : trailOf(order.traits);
      if (order === undefined || asked === null) {
        wrong(`order ${orderId} is ${order === undefined ? 'not there' : 'none that trails'}`);
        continue;
      }
      const fits = asked.measure === measure && String(asked.distance) === distance && orderMember === bookMember(order)
        && order.instrument === instrument && directionOf(order) === direction && order.status === 'pending';
      if (!fits) wrong(`order ${orderId} waits as ${orderMember} at ${distance}, its record tells otherwise`);
      const since = order.traits.trailsSince ?? 0;
      if (since < first || since >= next) wrong(`order ${orderId} trails since ${since}, its group is of ${first} and later`);
      all.push({ order, bestTicks });
      standing.push({ order, ticks: trailingTicks(direction, asked, bestTicks) });
    }
    const head = nearestOf(direction, standing);
    if (head !== null) heads.push({ order: head.order, ticks: head.ticks as number });
  });
  for (const store of stores.keys()) {
    if (!seen.has(store)) wrong(`store ${store} is of no group`);
  }
  return { orders: all, heads };
}
