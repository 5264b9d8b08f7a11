import type { Instrument } from '../domain/instruments';
import type { Side } from '../domain/order';
import { BookFeed } from './book-feed';
import type { BookReplica } from '../market/book-replica';
import { LevelMerge } from './level-merge';
import { Message } from './message';
import { checksumOf } from './news';
import type { StreamPosition } from './stream-position';

/** The book channel of one instrument: its feeds, one for each depth that somebody follows, and what they are to tell next. */
export class BookDesk {
  private readonly feeds = new Map<number | null, BookFeed>();
  private readonly snapshots = new WeakMap<BookFeed, Message>();
  private changes = new LevelMerge();
  private firstSequence = 0;

  constructor(readonly instrument: Instrument) {}

  /** The feed of a depth, begun anew where nobody follows it. */
  feed(depth: number | null, book: BookReplica | undefined): BookFeed {
    let feed = this.feeds.get(depth);
    if (feed === undefined || feed.groups.size === 0) {
      feed = new BookFeed(this.instrument, depth, book);
      this.feeds.set(depth, feed);
    }
    return feed;
  }

  /** The book as a feed's clients have it: nothing may wait to be told. */
  snapshot(feed: BookFeed, book: BookReplica): Message {
    let message = this.snapshots.get(feed);
    if (message?.sequence !== feed.toldSequence) {
      message = new Message({
        kind: 'snapshot', instrument: this.instrument, sequence: feed.toldSequence, timeUs: book.changedUs,
        bids: book.bids.top(feed.levels), asks: book.asks.top(feed.levels), checksum: checksumOf(book, this.instrument, feed.checksumLevels),
      });
      this.snapshots.set(feed, message);
    }
    return message;
  }

  note(sequence: number, side: Side, priceTicks: number, before: number, after: number): void {
    if (this.feeds.size === 0) return;
    if (this.firstSequence === 0) this.firstSequence = sequence;
    this.changes.note(side, priceTicks, before, after);
  }

  /** The books were read anew. */
  restart(book: BookReplica): void {
    this.forgetChanges();
    for (const feed of this.feeds.values()) {
      this.snapshots.delete(feed);
      feed.restart(book);
    }
  }

  private forgetChanges(): void {
    this.changes = new LevelMerge();
    this.firstSequence = 0;
  }

  /** Tells each feed what has changed since the last time. @param position where a client stands after it */
  tell(book: BookReplica, position: StreamPosition, put: (feed: BookFeed, message: Message) => void): void {
    if (this.firstSequence === 0) return;
    for (const [depth, feed] of this.feeds) {
      if (feed.groups.size === 0) {
        this.feeds.delete(depth);
        continue;
      }
      const delta = feed.advance(this.changes, this.firstSequence, book);
      if (delta === null) continue;
      put(feed, new Message({ kind: 'delta', delta, checksum: checksumOf(book, this.instrument, feed.checksumLevels) }, position));
    }
    this.forgetChanges();
  }
}
