import type { Order } from '../domain/order';
import { LIST_ROLE_CODE, listOrderId, waitsForFirst } from '../domain/order-list';
import { directionOf, isReached, type Direction } from '../domain/order-type';
import { betterTicks, isBetter, trailingTicks, trailOf, type Trail } from '../domain/trailing';
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
  /**
   * Of the trades of entries behind one sequence and ahead of another, those that are better than all behind them, seen from each direction:
   * oldest first.
   */
  bestTrades(instrument: string, after: number, before: number): Promise<Readonly<Record<Direction, readonly BestTrade[]>>>;
  /** Of orders that are filled, the log sequence of their last fill, by id. */
  filledAt(orderIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
}

/** A trade that is better than all behind it. */
export interface BestTrade {
  readonly sequence: number;
  readonly ticks: number;
}

export interface ReachTarget {
  /** Writes all that trail, of all instruments. */
  addTrails(trails: readonly RestoredTrail[]): Promise<void>;
  /** Writes which instruments orders wait in, and the entries that have reached some of them: who goes ahead of all else, and who once an instrument trades. */
  addReached(waiting: readonly string[], reached: InstrumentReaches | null, suspended: readonly InstrumentReaches[]): Promise<void>;
  /**
   * Writes orders whose list's first is filled and that are still to go, in the order in which they do.
   * @param isActive whether they go ahead of all else; else once their instrument trades
   */
  addReleased(instrument: string, released: readonly { readonly orderId: string; readonly cause: number }[], isActive: boolean): Promise<void>;
}

interface InstrumentReaches {
  readonly instrument: string;
  readonly reaches: readonly Reach[];
}

interface Waiting {
  readonly priority: number;
  readonly direction: Direction;
  /** Of one that trails, null for any other. */
  readonly trail: Trail | null;
  readonly since: number;
  /** Of one that trails. */
  readonly member: string;
  /** The price that it waits for, or the best trade that it has seen, 0 for none. */
  ticks: number;
}

/**
 * Orders that wait for a price, and a cascade that was not over. What trades reach goes before anything else happens in its book, so an
 * order that waits and has been reached since it began to is one that was still to go. What those that trail have seen their records tell
 * as of when they took their places, and the trades since then.
 */
export class WaitingRebuild {
  private readonly byInstrument = new Map<string, Waiting[]>();
  /** Orders that wait for the first of their list. */
  private readonly behindFirst: { readonly orderId: string; readonly instrument: string; readonly placed: number }[] = [];
  private readonly openFirsts = new Set<string>();

  /** Ids of orders that wait for the first of their list: they stand nowhere else. */
  get listed(): readonly string[] {
    return this.behindFirst.map(({ orderId }) => orderId);
  }

  add(orders: readonly Order[]): void {
    for (const order of orders) {
      if (order.traits.listRole === LIST_ROLE_CODE.first) this.openFirsts.add(order.orderId);
      if (waitsForFirst(order)) {
        this.behindFirst.push({ orderId: order.orderId, instrument: order.instrument, placed: order.placedSequence });
        continue;
      }
      if (order.status !== 'pending') continue;
      const list = this.byInstrument.get(order.instrument) ?? [];
      const { priority, traits } = order;
      const trail = trailOf(traits);
      list.push({
        priority, direction: directionOf(order), trail, since: traits.trailsSince ?? 0, member: trail === null ? '' : bookMember(order),
        ticks: (trail === null ? traits.triggerPrice : traits.best) as number,
      });
      this.byInstrument.set(order.instrument, list);
    }
  }

  /**
   * @param isOpen whether an instrument trades: what was reached of one that does not goes once it does
   * @throws Error where more than one cascade was not over: one ends before another begins
   */
  async restore(source: ReachSource, target: ReachTarget, isOpen: (instrument: string) => boolean): Promise<void> {
    const found: InstrumentReaches[] = [];
    const trails: RestoredTrail[] = [];
    for (const [instrument, waiting] of this.byInstrument) {
      const entries = await source.reaches(instrument);
      const trailing = waiting.filter(({ trail }) => trail !== null);
      if (trailing.length > 0) {
        const after = trailing.reduce((least, { priority }) => Math.min(least, priority), Number.MAX_SAFE_INTEGER);
        const best = await source.bestTrades(instrument, after, entries[0]?.sequence ?? Number.MAX_SAFE_INTEGER);
        for (const order of trailing) seeTrades(order, best[order.direction]);
      }
      const reaches = trailing.length > 0 ? carriedOn(waiting, entries) : unfinished(waiting, entries);
      if (trailing.length > 0) {
        seeAll(trailing);
        trails.push(...trailsOf(instrument, trailing));
      }
      if (reaches.length > 0) found.push({ instrument, reaches });
    }
    await target.addTrails(trails);
    const active = found.filter(({ instrument }) => isOpen(instrument));
    if (active.length > 1) throw new Error(`orders of ${active.map(({ instrument }) => instrument).join(' and ')} have been reached and have not gone`);
    await target.addReached([...this.byInstrument.keys()], active[0] ?? null, found.filter(({ instrument }) => !isOpen(instrument)));
    await this.restoreReleased(source, target, isOpen);
  }

  /** Orders whose list's first is filled, and that had not gone yet. */
  private async restoreReleased(source: ReachSource, target: ReachTarget, isOpen: (instrument: string) => boolean): Promise<void> {
    const firstOf = (orderId: string): string => listOrderId(orderId, 1);
    const left = this.behindFirst.filter(({ orderId }) => !this.openFirsts.has(firstOf(orderId)));
    if (left.length === 0) return;
    const filled = await source.filledAt([...new Set(left.map(({ orderId }) => firstOf(orderId)))]);
    const byInstrument = new Map<string, { readonly orderId: string; readonly cause: number; readonly placed: number }[]>();
    for (const { orderId, instrument, placed } of left) {
      const cause = filled.get(firstOf(orderId));
      if (cause === undefined) throw new Error(`order ${orderId} waits for the first of its list, which is neither open nor filled`);
      const released = byInstrument.get(instrument) ?? [];
      byInstrument.set(instrument, released);
      released.push({ orderId, cause, placed });
    }
    const active = [...byInstrument.keys()].filter(isOpen);
    if (active.length > 1) throw new Error(`orders of ${active.join(' and ')} were to go because of their lists`);
    for (const [instrument, released] of byInstrument) {
      released.sort((a, b) => a.cause - b.cause || a.placed - b.placed || (a.orderId < b.orderId ? -1 : 1));
      await target.addReleased(instrument, released, isOpen(instrument));
    }
  }
}

/** Those of the entries that have reached an order that still waits. */
function unfinished(waiting: readonly Waiting[], reaches: readonly Reach[]): Reach[] {
  const newest = reaches[reaches.length - 1];
  if (newest === undefined) return [];
  const isReachedBy = ({ direction, ticks }: Waiting, { firstTicks, lastTicks }: Reach): boolean => (
    isReached(direction, ticks, direction === 'rising' ? Math.max(firstTicks, lastTicks) : Math.min(firstTicks, lastTicks))
  );
  const candidates = waiting.filter((order) => reaches.some((reach) => order.priority < reach.sequence && isReachedBy(order, reach)));
  const left = reaches.filter((reach) => candidates.some((order) => order.priority < reach.sequence && isReachedBy(order, reach)));
  // Amended to where the market stood already: its own entry has reached it.
  const { lastTicks } = newest;
  for (const { priority, direction, ticks } of waiting) {
    if (priority > newest.sequence && isReached(direction, ticks, lastTicks)) left.push({ sequence: priority, firstTicks: lastTicks, lastTicks });
  }
  return left;
}

function see(order: Waiting, ticks: number): void {
  if (isBetter(order.direction, ticks, order.ticks)) order.ticks = ticks;
}

/** @param best oldest first */
function seeTrades(order: Waiting, best: readonly BestTrade[]): void {
  let [low, high] = [0, best.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((best[middle] as BestTrade).sequence <= order.priority) low = middle + 1;
    else high = middle;
  }
  const found = best[low];
  if (found !== undefined) see(order, found.ticks);
}

/** Who began earlier has seen all that a later one has, also where the record lacks a trade. */
function seeAll(trailing: readonly Waiting[]): void {
  const seen = new Map<Direction, number>();
  for (const order of [...trailing].sort((a, b) => b.since - a.since)) {
    const later = seen.get(order.direction) ?? 0;
    if (later !== 0) see(order, later);
    seen.set(order.direction, order.ticks);
  }
}

/** What is left of the entries, once they have moved on what trails as far as nobody is reached who still waits. */
function carriedOn(waiting: readonly Waiting[], entries: readonly Reach[]): Reach[] {
  const newest = entries[entries.length - 1];
  if (newest === undefined) return [];
  for (const [i, { sequence, firstTicks, lastTicks }] of entries.entries()) {
    // Who took his place behind it has nothing of it.
    const met = waiting.filter((order) => order.priority < sequence);
    const isRising = lastTicks >= firstTicks;
    const reachedBy = (direction: Direction, ticks: number): boolean => met.some((order) => order.direction === direction && isReachedAt(order, ticks));
    if (reachedBy(isRising ? 'falling' : 'rising', firstTicks)) return entries.slice(i);
    for (const order of met) {
      if (order.trail !== null) see(order, betterTicks(order.direction, firstTicks, lastTicks));
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

/** Groups of those that have seen the same best trade: who began to trail earlier has seen all that a later one has. */
function trailsOf(instrument: string, trailing: readonly Waiting[]): RestoredTrail[] {
  const trails = new Map<string, { bestTicks: number; orders: { since: number; priority: number; member: string; distance: number }[] }[]>();
  for (const { since, priority, direction, trail, member, ticks: bestTicks } of [...trailing].sort((a, b) => a.since - b.since)) {
    const { measure, distance } = trail as Trail;
    const name = trailName(instrument, direction, measure);
    const groups = trails.get(name) ?? [];
    trails.set(name, groups);
    let group = groups[groups.length - 1];
    if (group?.bestTicks !== bestTicks) groups.push(group = { bestTicks, orders: [] });
    group.orders.push({ since, priority, member, distance });
  }
  return [...trails].map(([name, groups]) => ({ name, groups }));
}
