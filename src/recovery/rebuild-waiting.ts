import type { Order } from '../domain/order';
import { directionOf, isReached, type Direction } from '../domain/order-type';
import { isBetter, trailingTicks, trailOf, type Trail } from '../domain/trailing';
import { bookMember } from '../engine/record';
import type { RestoredTrail } from '../engine/shard-restorer';
import { trailName } from '../engine/stored-trails';

/** Where the trades of an entry lie: the first and the last of them. */
export interface Reach {
  readonly sequence: number;
  readonly firstTicks: number;
  readonly lastTicks: number;
}

/** What the record says of the trades of an instrument. */
export interface ReachSource {
  /**
   * Entries whose trades may have reached orders that have not gone yet, oldest first, the last one that traded among them: none ahead of
   * the one because of which the last order went.
   */
  reaches(instrument: string): Promise<readonly Reach[]>;
  /** The best trades of an instrument between two sequences, from either direction: oldest first, each better than all behind it. */
  bestTrades(instrument: string, after: number, before: number): Promise<Readonly<Record<Direction, readonly BestTrade[]>>>;
}

export interface BestTrade {
  readonly sequence: number;
  readonly ticks: number;
}

export interface ReachTarget {
  addTrails(trails: readonly RestoredTrail[]): Promise<void>;
  /** Writes which instruments orders wait in, and the entries that have reached some of them. */
  addReached(waiting: readonly string[], reached: { readonly instrument: string; readonly reaches: readonly Reach[] } | null): Promise<void>;
}

interface Waiting {
  readonly priority: number;
  /** Of its record: what a command has changed of it, trades ahead of that had reached or moved on already. */
  readonly sequence: number;
  readonly direction: Direction;
  /** Of one that trails, null for any other. */
  readonly trail: Trail | null;
  readonly placedSequence: number;
  readonly member: string;
  /** The price that it waits for, or the best trade that it has seen, 0 for none. */
  ticks: number;
}

/**
 * Orders that wait for a price, and a cascade that was not over. What trades reach goes before anything else happens in its book, so an
 * order that waits and has been reached since it began to is one that was still to go. What those that trail have seen their records tell
 * up to when they were written, and the trades since then.
 */
export class WaitingRebuild {
  private readonly byInstrument = new Map<string, Waiting[]>();

  add(orders: readonly Order[]): void {
    for (const order of orders) {
      if (order.status !== 'pending') continue;
      const list = this.byInstrument.get(order.instrument) ?? [];
      const { priority, sequence, placedSequence, traits } = order;
      const trail = trailOf(traits);
      const ticks = (trail === null ? traits.triggerPrice : traits.best) as number;
      list.push({ priority, sequence, placedSequence, direction: directionOf(order), trail, ticks, member: trail === null ? '' : bookMember(order) });
      this.byInstrument.set(order.instrument, list);
    }
  }

  /** @throws Error where more than one cascade was not over: one ends before another begins */
  async restore(source: ReachSource, target: ReachTarget): Promise<void> {
    const found: { readonly instrument: string; readonly reaches: readonly Reach[] }[] = [];
    for (const [instrument, waiting] of this.byInstrument) {
      const entries = await source.reaches(instrument);
      const trailing = waiting.filter(({ trail }) => trail !== null);
      if (trailing.length > 0) {
        const after = trailing.reduce((least, { sequence }) => Math.min(least, sequence), Number.MAX_SAFE_INTEGER);
        const best = await source.bestTrades(instrument, after, entries[0]?.sequence ?? Number.MAX_SAFE_INTEGER);
        for (const order of trailing) seeTrades(order, best[order.direction]);
      }
      const reaches = unfinished(waiting, entries);
      seeAll(trailing);
      if (trailing.length > 0) await target.addTrails(trailsOf(instrument, trailing));
      if (reaches.length > 0) found.push({ instrument, reaches });
    }
    if (found.length > 1) throw new Error(`orders of ${found.map(({ instrument }) => instrument).join(' and ')} have been reached and have not gone`);
    await target.addReached([...this.byInstrument.keys()], found[0] ?? null);
  }
}

function see(order: Waiting, ticks: number): void {
  if (isBetter(order.direction, ticks, order.ticks)) order.ticks = ticks;
}

/** @param best oldest first */
function seeTrades(order: Waiting, best: readonly BestTrade[]): void {
  let [low, high] = [0, best.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((best[middle] as BestTrade).sequence <= order.sequence) low = middle + 1;
    else high = middle;
  }
  const found = best[low];
  if (found !== undefined) see(order, found.ticks);
}

/** Who was placed earlier has seen all that a later one has, also where the record lacks a trade. */
function seeAll(trailing: readonly Waiting[]): void {
  const seen = new Map<Direction, number>();
  for (const order of [...trailing].sort((a, b) => b.placedSequence - a.placedSequence)) {
    const later = seen.get(order.direction) ?? 0;
    if (later !== 0) see(order, later);
    seen.set(order.direction, order.ticks);
  }
}

/** What is left of the entries, once trades have moved on what trails as far as nobody has been reached who still waits. */
function unfinished(waiting: readonly Waiting[], entries: readonly Reach[]): Reach[] {
  const newest = entries[entries.length - 1];
  if (newest === undefined) return [];
  for (const [i, { sequence, firstTicks, lastTicks }] of entries.entries()) {
    // Who began to wait behind it, or was changed, has nothing of it.
    const met = waiting.filter((order) => order.sequence < sequence);
    const isRising = lastTicks >= firstTicks;
    const reachedBy = (direction: Direction, ticks: number): boolean => met.some((order) => order.direction === direction && isReachedAt(order, ticks));
    if (reachedBy(isRising ? 'falling' : 'rising', firstTicks)) return entries.slice(i);
    for (const order of met) {
      if (order.trail !== null) see(order, order.direction === 'falling' ? Math.max(firstTicks, lastTicks) : Math.min(firstTicks, lastTicks));
    }
    if (reachedBy(isRising ? 'rising' : 'falling', lastTicks)) return [{ sequence, firstTicks: lastTicks, lastTicks }, ...entries.slice(i + 1)];
  }
  // Amended to where the market stood already: its own entry has reached it.
  const { sequence, lastTicks } = newest;
  return waiting.filter((order) => order.priority > sequence && isReachedAt(order, lastTicks))
    .map((order) => ({ sequence: order.priority, firstTicks: lastTicks, lastTicks }));
}

function isReachedAt({ direction, trail, ticks }: Waiting, priceTicks: number): boolean {
  const stop = trail === null ? ticks : trailingTicks(direction, trail, ticks);
  return stop !== null && isReached(direction, stop, priceTicks);
}

/** Groups of those that have seen the same best trade: who was placed earlier has seen all that a later one has. */
function trailsOf(instrument: string, trailing: readonly Waiting[]): RestoredTrail[] {
  const trails = new Map<string, { bestTicks: number; orders: { placedSequence: number; priority: number; member: string; distance: number }[] }[]>();
  for (const { placedSequence, priority, direction, trail, member, ticks: bestTicks } of [...trailing].sort((a, b) => a.placedSequence - b.placedSequence)) {
    const { measure, distance } = trail as Trail;
    const name = trailName(instrument, direction, measure);
    const groups = trails.get(name) ?? [];
    trails.set(name, groups);
    let group = groups[groups.length - 1];
    if (group?.bestTicks !== bestTicks) groups.push(group = { bestTicks, orders: [] });
    group.orders.push({ placedSequence, priority, member, distance });
  }
  return [...trails].map(([name, groups]) => ({ name, groups }));
}
