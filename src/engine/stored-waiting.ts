import type { Order } from '../domain/order';
import { DIRECTIONS, directionOf, isReached, type Direction } from '../domain/order-type';
import { COMPACT_ID_LENGTH, expandId } from '../domain/order-id';
import { bookMember } from './record';

/** What a shard's keys of orders that wait for a price hold, by instrument: members and scores, nearest first, and the list of entries. */
export interface WaitingKeys {
  readonly stops: ReadonlyMap<string, Readonly<Record<Direction, readonly (readonly [member: string, score: string])[]>>>;
  readonly reached: ReadonlyMap<string, readonly string[]>;
}

/** Orders that wait for a price of an instrument, by id, and the one that goes next, with the entry that has reached it. */
export interface StoredWaiting {
  readonly instrument: string;
  readonly rising: readonly string[];
  readonly falling: readonly string[];
  readonly next: { readonly orderId: string; readonly cause: number } | null;
}

const compareText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

/**
 * Orders that wait for a price, as they are stored, and whether `meta` says the same of them.
 * @param problems to which what is wrong is added
 */
export function storedWaiting(
  { stops, reached }: WaitingKeys, meta: Readonly<Record<string, string>>, orders: ReadonlyMap<string, Order>, problems: string[],
): StoredWaiting[] {
  const instruments = [...stops.keys()].sort(compareText);
  const named = (meta.waiting ?? ';').split(';').filter((name) => name !== '').sort(compareText);
  if (instruments.join() !== named.join()) problems.push(`meta names ${named.join() || 'nothing'} as what orders wait for a price of, there are some of ${instruments.join() || 'nothing'}`);
  const told = /^(.*)=(\d+),(\d+)$/.exec(meta.reached ?? '');
  if (meta.reached !== undefined && told === null) problems.push(`meta tells that ${meta.reached} was reached`);
  const suspended = (meta.suspended ?? ';').split(';').slice(1, -1).map((row) => /^(.*)=\d+,\d+$/.exec(row)?.[1] ?? null);
  if (suspended.includes(null) || (meta.suspended !== undefined && suspended.length === 0)) problems.push(`meta tells that ${meta.suspended ?? ''} is suspended`);
  for (const instrument of reached.keys()) {
    if (told?.[1] !== instrument && !suspended.includes(instrument)) problems.push(`entries have reached orders of ${instrument}, meta does not say so`);
  }
  return instruments.map((instrument) => {
    const ids = (direction: Direction): string[] => (stops.get(instrument)?.[direction] ?? []).map(([member, score]) => {
      const orderId = expandId(member.slice(-COMPACT_ID_LENGTH));
      const order = orders.get(orderId);
      if (order !== undefined && (member !== bookMember(order) || score !== waitingScore(order))) {
        problems.push(`${instrument} ${direction}: order ${orderId} waits as ${member} at ${score}, its record tells otherwise`);
      }
      return orderId;
    });
    const [rising, falling] = DIRECTIONS.map(ids) as [string[], string[]];
    return { instrument, rising, falling, next: nextOf(rising, falling, reached.get(instrument) ?? [], orders) };
  });
}

function nextOf(rising: readonly string[], falling: readonly string[], rows: readonly string[], orders: ReadonlyMap<string, Order>): StoredWaiting['next'] {
  const nearest = { rising: rising[0], falling: falling[0] };
  for (const row of rows) {
    const [cause, first, last] = row.split(',').map(Number) as [number, number, number];
    const turns: readonly (readonly [Direction, number])[] = last >= first ? [['falling', first], ['rising', last]] : [['rising', first], ['falling', last]];
    for (const [direction, price] of turns) {
      const orderId = nearest[direction];
      const ticks = orderId === undefined ? undefined : orders.get(orderId)?.traits.triggerPrice;
      if (orderId !== undefined && ticks !== undefined && isReached(direction, ticks, price)) return { orderId, cause };
    }
  }
  return null;
}

/** Score of an order among those that wait for a price: lowest first is nearest first from either direction. @throws Error for one that waits for none */
export function waitingScore(order: Order): string {
  const { triggerPrice } = order.traits;
  if (triggerPrice === undefined) throw new Error(`order ${order.orderId} waits for no price`);
  return directionOf(order) === 'falling' ? `-${triggerPrice}` : String(triggerPrice);
}
