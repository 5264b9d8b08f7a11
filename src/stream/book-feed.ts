import { CHECKSUM_LEVELS } from '../domain/checksum';
import type { Instrument } from '../domain/instruments';
import type { BookReplica, ReplicaSide } from '../market/book-replica';
import { InstrumentTopic } from './audience';
import { LevelMerge, type LevelStep } from './level-merge';
import type { FeedDelta } from './feed-delta';

/** Steps of one side as a client sees it that has the best `depth` levels only. @param edge the last of them before, null where all were in */
function windowSteps(side: ReplicaSide, steps: ReadonlyMap<number, LevelStep>, depth: number, edge: number | null): LevelStep[] {
  const newEdge = side.edge(depth);
  const isWithin = (price: number, last: number | null): boolean => last === null || !side.isBehind(price, last);
  const seen: LevelStep[] = [];
  for (const { priceTicks, before, after } of steps.values()) {
    const was = isWithin(priceTicks, edge) ? before : 0;
    const is = isWithin(priceTicks, newEdge) ? after : 0;
    if (was !== is) seen.push({ priceTicks, before: was, after: is });
  }
  // Levels that nobody touched come into the window or leave it because others left or came: as many at most.
  if (newEdge !== null && (edge === null || side.isBehind(edge, newEdge))) {
    for (const priceTicks of side.behind(newEdge, edge)) {
      if (!steps.has(priceTicks)) seen.push({ priceTicks, before: side.lotsAt(priceTicks), after: 0 });
    }
  } else if (edge !== null && newEdge !== edge) {
    for (const priceTicks of side.behind(edge, newEdge)) {
      if (!steps.has(priceTicks)) seen.push({ priceTicks, before: 0, after: side.lotsAt(priceTicks) });
    }
  }
  return seen;
}

/** The book of one instrument as all clients get it that asked for the same depth: one chain of messages. */
export class BookFeed extends InstrumentTopic {
  /** Sequence of the last message, or of the book itself while there was none. */
  toldSequence: number;
  /** Last price of each side that clients have, null while they have the whole side. */
  private bidEdge: number | null = null;
  private askEdge: number | null = null;

  constructor(instrument: Instrument, depth: number | null, book: BookReplica | undefined) {
    super('orderbook', instrument, depth);
    this.toldSequence = 0;
    if (book !== undefined) this.restart(book);
  }

  /** Levels of each side that clients hold. */
  get levels(): number {
    return this.depth ?? Infinity;
  }

  /** Levels of each side that a checksum is made of. */
  get checksumLevels(): number {
    return Math.min(CHECKSUM_LEVELS, this.levels);
  }

  /** The chain begins anew with the book as it is. */
  restart(book: BookReplica): void {
    this.toldSequence = book.changedSequence;
    this.moveEdges(book);
  }

  private moveEdges(book: BookReplica): void {
    if (this.depth === null) return;
    this.bidEdge = book.bids.edge(this.depth);
    this.askEdge = book.asks.edge(this.depth);
  }

  /**
   * @returns null when the clients of a depth see nothing of the changes. Whole books tell every change, even one that was
   * taken back: whatever process a client goes on at, its last message is then the book's last change up to where it stands.
   */
  advance(changes: LevelMerge, firstSequence: number, book: BookReplica): FeedDelta | null {
    const { depth } = this;
    const bids = depth === null ? LevelMerge.changed(changes.bids) : windowSteps(book.bids, changes.bids, depth, this.bidEdge);
    const asks = depth === null ? LevelMerge.changed(changes.asks) : windowSteps(book.asks, changes.asks, depth, this.askEdge);
    this.moveEdges(book);
    if (depth !== null && bids.length + asks.length === 0) return null;
    const previousSequence = this.toldSequence;
    this.toldSequence = book.changedSequence;
    return { feed: this, firstSequence, previousSequence, sequence: book.changedSequence, timeUs: book.changedUs, bids, asks };
  }
}
