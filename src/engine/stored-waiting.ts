import type { Order } from '../domain/order';
import { DIRECTIONS, isReached, type Direction } from '../domain/order-type';
import { COMPACT_ID_LENGTH, expandId } from '../domain/order-id';
import { betterTicks, compareStanding, isBetter, standsAt, trailOf, type Standing } from '../domain/trailing';
import { bookMember } from './record';
import { storedTrail, trailOfName, trailsOf, type TrailKeys } from './stored-trails';

/** What a shard's keys of orders that wait for a price hold, by instrument: members and scores, nearest first, and the list of entries. */
export interface WaitingKeys {
  readonly stops: ReadonlyMap<string, Readonly<Record<Direction, readonly (readonly [member: string, score: string])[]>>>;
  /** By name of the trail. */
  readonly trails: ReadonlyMap<string, TrailKeys>;
  readonly reached: ReadonlyMap<string, readonly string[]>;
}

/** Orders that wait for a price of an instrument, by id, and the one that goes next, with the entry that has reached it. */
export interface StoredWaiting {
  readonly instrument: string;
  readonly rising: readonly string[];
  readonly falling: readonly string[];
  readonly trailing: readonly { readonly orderId: string; readonly bestTicks: number }[];
  readonly next: { readonly orderId: string; readonly cause: number } | null;
}

/** An order and where it stands; of one that trails the best trade that it has seen, 0 for none. */
interface Waiter extends Standing {
  readonly order: Order;
  readonly bestTicks: number | null;
}

const compareText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);
const namesIn = (list: string | undefined): string[] => (list ?? ';').split(';').filter((name) => name !== '').sort(compareText);

/**
 * Orders that wait for a price, as they are stored, and whether `meta` says the same of them.
 * @param problems to which what is wrong is added
 */
export function storedWaiting(
  { stops, trails, reached }: WaitingKeys, meta: Readonly<Record<string, string>>, orders: ReadonlyMap<string, Order>, problems: string[],
): StoredWaiting[] {
  const trailing = [...trails.keys()].sort(compareText);
  const trailed = trailing.flatMap((name) => trailOfName(name)?.instrument ?? []);
  const instruments = [...new Set([...stops.keys(), ...trailed])].sort(compareText);
  const named = namesIn(meta.waiting);
  if (instruments.join() !== named.join()) problems.push(`meta names ${named.join() || 'nothing'} as what orders wait for a price of, there are some of ${instruments.join() || 'nothing'}`);
  if (trailing.join() !== namesIn(meta.trailing).join()) problems.push(`meta names ${meta.trailing ?? 'no trail'}, there are ${trailing.join() || 'none'}`);
  const told = /^(.*)=(\d+),(\d+)$/.exec(meta.reached ?? '');
  if (meta.reached !== undefined && told === null) problems.push(`meta tells that ${meta.reached} was reached`);
  const suspended = (meta.suspended ?? ';').split(';').slice(1, -1).map((row) => /^(.*)=\d+,\d+$/.exec(row)?.[1] ?? null);
  if (suspended.includes(null) || (meta.suspended !== undefined && suspended.length === 0)) problems.push(`meta tells that ${meta.suspended ?? ''} is suspended`);
  for (const instrument of reached.keys()) {
    if (told?.[1] !== instrument && !suspended.includes(instrument)) problems.push(`entries have reached orders of ${instrument}, meta does not say so`);
  }
  return instruments.map((instrument) => {
    const queues = { rising: [] as Waiter[], falling: [] as Waiter[] };
    const rows = reached.get(instrument) ?? [];
    for (const direction of DIRECTIONS) {
      const heads = new Map<string, string>();
      for (const { name } of trailsOf(instrument).filter((trail) => trail.direction === direction)) {
        const keys = trails.get(name);
        if (keys === undefined) continue;
        const stored = storedTrail(name, keys, orders, isMoving(rows[0]), problems);
        for (const { order, bestTicks } of stored.orders) queues[direction].push({ order, ticks: standsAt(order, bestTicks), bestTicks });
        for (const { order, ticks } of stored.heads) heads.set(bookMember(order), waitingScore(direction, ticks));
      }
      for (const [member, score] of stops.get(instrument)?.[direction] ?? []) {
        const orderId = expandId(member.slice(-COMPACT_ID_LENGTH));
        const order = orders.get(orderId);
        if (order === undefined) continue;
        const trails = trailOf(order.traits) !== null;
        const expected = trails ? heads.get(member) : waitingScore(direction, order.traits.triggerPrice as number);
        if (member !== bookMember(order) || score !== expected) {
          problems.push(`${instrument} ${direction}: order ${orderId} waits as ${member} at ${score}, its record tells otherwise`);
        }
        heads.delete(member);
        if (!trails) queues[direction].push({ order, ticks: order.traits.triggerPrice as number, bestTicks: null });
      }
      for (const [member, score] of heads) problems.push(`${instrument} ${direction}: ${member} leads its group, and does not wait at ${score}`);
      queues[direction].sort((a, b) => compareStanding(direction, a, b));
    }
    // What is left of the entries is carried on as far as somebody goes: what they move on in pages is told as it will be.
    const next = nextOf(queues, rows);
    const [rising, falling] = DIRECTIONS.map((direction) => queues[direction].map(({ order }) => order.orderId)) as [string[], string[]];
    return {
      instrument, rising, falling,
      trailing: DIRECTIONS.flatMap((direction) => queues[direction])
        .flatMap(({ order: { orderId }, bestTicks }) => (bestTicks === null ? [] : [{ orderId, bestTicks }]))
        .sort((a, b) => compareText(a.orderId, b.orderId)),
      next,
    };
  });
}

const MOVING = 'moving';
const isMoving = (row: string | undefined): boolean => row?.split(',')[3] === MOVING;

function nextOf(queues: Record<Direction, Waiter[]>, rows: readonly string[]): StoredWaiting['next'] {
  for (const row of rows) {
    const [cause, first, last] = row.split(',').slice(0, 3).map(Number) as [number, number, number];
    const met = (direction: Direction, price: number): StoredWaiting['next'] => {
      const [nearest] = queues[direction];
      return nearest !== undefined && nearest.ticks !== null && isReached(direction, nearest.ticks, price) ? { orderId: nearest.order.orderId, cause } : null;
    };
    const [ahead, behind] = last >= first ? ['falling', 'rising'] as const : ['rising', 'falling'] as const;
    const metFirst = isMoving(row) ? null : met(ahead, first);
    if (metFirst !== null) return metFirst;
    if (DIRECTIONS.some((direction) => queues[direction].some(({ bestTicks }) => bestTicks !== null))) moveOn(queues, first, last);
    const metLast = met(ahead, last) ?? met(behind, last);
    if (metLast !== null) return metLast;
  }
  return null;
}

function moveOn(queues: Record<Direction, Waiter[]>, firstTicks: number, lastTicks: number): void {
  for (const direction of DIRECTIONS) {
    const price = betterTicks(direction, firstTicks, lastTicks);
    queues[direction] = queues[direction]
      .map((one) => (one.bestTicks !== null && isBetter(direction, price, one.bestTicks) ? { order: one.order, ticks: standsAt(one.order, price), bestTicks: price } : one))
      .sort((a, b) => compareStanding(direction, a, b));
  }
}

/** Score among those that wait for a price from a direction: lowest first is nearest first from either. */
export function waitingScore(direction: Direction, ticks: number): string {
  return direction === 'falling' ? `-${ticks}` : String(ticks);
}
