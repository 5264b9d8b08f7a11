import type { DeltaSource, FeedDelta } from './feed-delta';
import { LevelMerge } from './level-merge';
import { inOrder, type Message } from './message';
import type { ResyncReason } from './news';
import type { StreamPosition } from './stream-position';

/** What a held message and a merged level cost beside the message's own bytes, roughly. */
const HELD_BYTES = 64;
const LEVEL_BYTES = 128;

interface MergedDelta {
  readonly first: FeedDelta;
  last: FeedDelta;
  readonly changes: LevelMerge;
}

/**
 * What waits for a client that is behind: trades and orders in order, and of each book what has become of the levels that
 * changed. It is bounded by whoever fills it.
 */
export class Backlog {
  private held: Message[] = [];
  private readonly books = new Map<DeltaSource, MergedDelta>();
  private heldBytes = 0;
  private levels = 0;
  private skipReason: ResyncReason | null = null;

  /** @param stands what the client has been told before it */
  constructor(readonly stands: StreamPosition) {}

  /** Why messages were skipped; null while none were. */
  get skipped(): ResyncReason | null {
    return this.skipReason;
  }

  get bytes(): number {
    return this.heldBytes + LEVEL_BYTES * this.levels;
  }

  hold(message: Message, bytes: number): void {
    if (this.skipReason !== null) return;
    if (message.delta === null) {
      this.held.push(message);
      this.heldBytes += bytes + HELD_BYTES;
    } else {
      this.merge(message.delta);
    }
  }

  private merge(delta: FeedDelta): void {
    let merged = this.books.get(delta.feed);
    if (merged === undefined) {
      merged = { first: delta, last: delta, changes: new LevelMerge() };
      this.books.set(delta.feed, merged);
    }
    merged.last = delta;
    this.levels -= merged.changes.size;
    for (const { priceTicks, before, after } of delta.bids) merged.changes.note('buy', priceTicks, before, after);
    for (const { priceTicks, before, after } of delta.asks) merged.changes.note('sell', priceTicks, before, after);
    this.levels += merged.changes.size;
  }

  /** Lets go of everything: the client will be told that messages are missing. */
  skip(reason: ResyncReason): void {
    this.skipReason ??= reason;
    this.held = [];
    this.books.clear();
    this.heldBytes = 0;
    this.levels = 0;
  }

  /** What the client is told, in order. @param make a merged delta's message */
  release(make: (delta: FeedDelta) => Message): Message[] {
    const deltas = [...this.books].map(([feed, { first, last, changes }]) => make({
      feed, firstSequence: first.firstSequence, previousSequence: first.previousSequence, sequence: last.sequence, timeUs: last.timeUs,
      bids: LevelMerge.changed(changes.bids), asks: LevelMerge.changed(changes.asks),
    }));
    return inOrder(this.held, deltas);
  }
}
