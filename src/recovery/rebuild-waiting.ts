import type { Order } from '../domain/order';
import { directionOf, isReached, type Direction } from '../domain/order-type';

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
}

export interface ReachTarget {
  /** Writes which instruments orders wait in, and the entries that have reached some of them. */
  addReached(waiting: readonly string[], reached: { readonly instrument: string; readonly reaches: readonly Reach[] } | null): Promise<void>;
}

interface Waiting {
  readonly priority: number;
  readonly direction: Direction;
  readonly ticks: number;
}

/**
 * Orders that wait for a price, and a cascade that was not over. What trades reach goes before anything else happens in its book, so an
 * order that waits and has been reached since it began to is one that was still to go.
 */
export class WaitingRebuild {
  private readonly byInstrument = new Map<string, Waiting[]>();

  add(orders: readonly Order[]): void {
    for (const order of orders) {
      if (order.status !== 'pending') continue;
      const list = this.byInstrument.get(order.instrument) ?? [];
      list.push({ priority: order.priority, direction: directionOf(order), ticks: order.traits.triggerPrice as number });
      this.byInstrument.set(order.instrument, list);
    }
  }

  /** @throws Error where more than one cascade was not over: one ends before another begins */
  async restore(source: ReachSource, target: ReachTarget): Promise<void> {
    const found: { readonly instrument: string; readonly reaches: readonly Reach[] }[] = [];
    for (const [instrument, waiting] of this.byInstrument) {
      const reaches = unfinished(waiting, await source.reaches(instrument));
      if (reaches.length > 0) found.push({ instrument, reaches });
    }
    if (found.length > 1) throw new Error(`orders of ${found.map(({ instrument }) => instrument).join(' and ')} have been reached and have not gone`);
    await target.addReached([...this.byInstrument.keys()], found[0] ?? null);
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
