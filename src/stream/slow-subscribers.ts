import type { Subscriber } from './audience';
import { Backlog } from './backlog';
import { standsAhead, withBooksTold } from './event-ids';
import type { FanOut, SharedBytes } from './fan-out';
import type { MarketFollower } from './market-follower';
import { Message } from './message';
import { checksumOf, type ResyncReason } from './news';
import type { StreamObserver, StreamOptions } from './options';
import type { StreamPosition } from './stream-position';
import type { Telling } from './telling';
import type { Topics } from './topics';

/** Delivers messages, and looks after the subscribers that do not take them as fast as they come. */
export class SlowSubscribers {
  constructor(
    private readonly topics: Topics,
    private readonly fanOut: FanOut,
    private readonly follower: MarketFollower,
    private readonly telling: Telling,
    /** Begins what a subscriber waits for. */
    private readonly begin: (subscriber: Subscriber) => void,
    private readonly options: StreamOptions,
    private readonly observer: StreamObserver,
  ) {}

  /** Gives a subscriber a turn's messages, or keeps them for it while it is behind. */
  deliver(subscriber: Subscriber, messages: readonly Message[], nowMs: number, bytes: SharedBytes): void {
    const { link } = subscriber;
    let { backlog } = subscriber;
    if (backlog === null) {
      // What the turn itself brings says nothing of the client: one order may bring thousands of fills.
      if (link.waitingBytes <= this.options.behindBytes) {
        subscriber.lastSentMs = nowMs;
        link.write(bytes.of(link));
        return;
      }
      backlog = this.fallBehind(subscriber, standsAhead(messages, this.follower.position), nowMs);
    }
    for (const message of messages) backlog.hold(message, message.in(link.encoding).length);
    if (link.waitingBytes + backlog.bytes > this.options.bufferBytesMax) backlog.skip('slow_consumer');
  }

  /** From here on messages wait. @param stands what the client has been told */
  private fallBehind(subscriber: Subscriber, stands: StreamPosition, nowMs: number): Backlog {
    const backlog = new Backlog(stands);
    subscriber.backlog = backlog;
    subscriber.behindSinceMs ??= nowMs;
    this.observer.behind();
    this.awaitDrain(subscriber);
    return backlog;
  }

  /** Whether more waits for it than answers may be added to. */
  isOverfull(subscriber: Subscriber): boolean {
    return subscriber.link.waitingBytes > this.options.bufferBytesMax;
  }

  /** Reads nothing from a client while too much waits for it: the answers would wait behind that. */
  holdBack(subscriber: Subscriber): void {
    if (subscriber.isHeldBack || subscriber.isLeaving || !this.isOverfull(subscriber)) return;
    subscriber.isHeldBack = true;
    subscriber.link.pause();
    this.awaitDrain(subscriber);
  }

  private awaitDrain(subscriber: Subscriber): void {
    if (subscriber.awaitsDrain) return;
    subscriber.awaitsDrain = true;
    subscriber.link.onceDrained(() => {
      subscriber.awaitsDrain = false;
      subscriber.behindSinceMs = null;
      if (subscriber.isHeldBack) subscriber.link.resume();
      subscriber.isHeldBack = false;
      this.catchUp(subscriber);
    });
  }

  /** Tells a subscriber that was behind what has waited for it. */
  catchUp(subscriber: Subscriber): void {
    if (subscriber.backlog === null || subscriber.isLeaving) return;
    this.follower.flush();
    const { backlog } = subscriber;
    if (backlog === null) return;
    subscriber.backlog = null;
    if (backlog.skipped !== null) {
      this.resync(subscriber, backlog.skipped);
      return;
    }
    const messages = backlog.release((delta) => {
      const { instrument } = delta.feed;
      const book = this.topics.market?.book(instrument.instrument);
      return new Message({ kind: 'delta', delta, checksum: book === undefined ? 0 : checksumOf(book, instrument, delta.feed.checksumLevels) });
    });
    // Their ids were made for clients that have the books of their moment.
    subscriber.write(subscriber.link.kind === 'frames' ? messages : withBooksTold(messages, backlog.stands, this.follower.position.bookSequence));
    this.telling.mark(subscriber);
  }

  /** Tells a subscriber that something was skipped, and everything anew. */
  resync(subscriber: Subscriber, reason: ResyncReason): void {
    if (subscriber.backlog !== null) {
      // It is told when it can take it.
      subscriber.backlog.skip(reason);
      return;
    }
    const topics = subscriber.group?.topics ?? [];
    if (topics.length === 0) return;
    this.telling.resync(subscriber, reason);
    if (this.topics.accounts.areKnown(topics)) {
      this.telling.first(subscriber, topics);
      return;
    }
    // An account has to be read first. All of it begins anew then: an id that names what is told meanwhile would leave that out.
    this.fanOut.groups.leave(subscriber);
    subscriber.awaiting = [{ wanted: topics, since: undefined }, ...subscriber.awaiting];
    this.begin(subscriber);
  }

  /** Looks how far behind it is, from time to time. @returns whether it takes what comes */
  check(subscriber: Subscriber, nowMs: number): boolean {
    const isFull = subscriber.isHeldBack || subscriber.link.waitingBytes > this.options.behindBytes;
    // Answers and heartbeats wait, too. One that is told what it has missed is waited for by that.
    if (isFull && subscriber.backlog === null && subscriber.requests === null) this.fallBehind(subscriber, this.follower.position, nowMs);
    if (!isFull && subscriber.backlog === null) subscriber.behindSinceMs = null;
    if (subscriber.behindSinceMs === null || nowMs - subscriber.behindSinceMs <= this.options.behindMs) return subscriber.backlog === null;
    this.drop(subscriber);
    return false;
  }

  drop(subscriber: Subscriber): void {
    this.observer.dropped();
    this.telling.drop(subscriber, 'slow_consumer');
  }
}
