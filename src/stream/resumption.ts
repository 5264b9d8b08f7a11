import type { Logger } from 'pino';
import type { Market } from '../market/market';
import type { Subscriber, Topic } from './audience';
import { BookFeed } from './book-feed';
import { withBooksTold } from './event-ids';
import type { FanOut } from './fan-out';
import type { MarketFollower } from './market-follower';
import { Message, inOrder } from './message';
import { MissedMessages, type OlderEntries, type TouchedLevels } from './missed-messages';
import { checksumOf } from './news';
import type { StreamOptions } from './options';
import type { SlowSubscribers } from './slow-subscribers';
import { bookSequenceOf, type StreamPosition } from './stream-position';
import { isOfAccount, type Subscription } from './subscriptions';
import type { Telling } from './telling';
import type { Topics } from './topics';

/** Lets subscribers go on from where they were: what they have missed is told, and then what happens. */
export class Resumption {
  /** Entries that the market does not hold in memory. */
  older: OlderEntries = () => Promise.resolve(null);

  constructor(
    private readonly topics: Topics,
    private readonly fanOut: FanOut,
    private readonly follower: MarketFollower,
    private readonly telling: Telling,
    private readonly slow: SlowSubscribers,
    private readonly options: StreamOptions,
    private readonly logger: Logger,
  ) {}

  /** Tells a subscriber what it has missed, then lets it go on live within the same turn. */
  async resume(subscriber: Subscriber, market: Market, wanted: readonly Subscription[], since: StreamPosition): Promise<void> {
    const { life } = this.follower;
    // With merged deltas a sequence that was told with a trade says nothing of the book.
    const isBookKnown = this.options.flushMs === 0 || since.bookSequence !== since.sequence || wanted.every(({ channel }) => channel === 'orderbook');
    const missed = new MissedMessages(subscriber, wanted, since, market, market.tail, this.older, {
      entriesMax: this.options.resumeEntriesMax, waitingBytesMax: this.options.behindBytes, waitMs: this.options.behindMs,
    }, () => this.follower.life === life && !subscriber.isLeaving);
    const goOn = (held: readonly Message[], told: (topic: Topic) => Message[]): void => {
      this.follower.flush();
      const topics = wanted.map((one) => this.topics.of(one));
      this.fanOut.follow(subscriber, topics);
      this.telling.messages(subscriber, withBooksTold(inOrder(held, topics.flatMap(told)), missed.told, this.follower.position.bookSequence));
    };
    let refusal: Awaited<ReturnType<MissedMessages['run']>>;
    try {
      refusal = await missed.run((held, touched) => goOn(held, (topic) => {
        // What accounts have was told entry by entry.
        if (isOfAccount(topic)) return [];
        return isBookKnown && topic instanceof BookFeed ? this.missedOf(topic, market, since, touched) : this.topics.firstOf(topic);
      }));
      // Books are told at the end: who is cut off before it has to begin where it stood.
      if (refusal === null) this.telling.notice(subscriber, { is: 'resumed', since: since.sequence });
    } catch (error) {
      this.logger.warn({ err: error }, 'missed messages could not be read');
      refusal = 'history_unavailable';
    }
    if (subscriber.isLeaving) return;
    if (refusal === undefined) {
      this.slow.drop(subscriber);
      return;
    }
    if (refusal !== null) {
      this.telling.resync(subscriber, refusal);
      if (market.intact && this.topics.accounts.areKnown(wanted)) goOn([], (topic) => this.topics.firstOf(topic));
      else subscriber.awaiting = [{ wanted, since: undefined }, ...subscriber.awaiting];
    }
  }

  /** The book's changes since a position as one delta; a snapshot where they are not known exactly. */
  private missedOf(feed: BookFeed, market: Market, since: StreamPosition, touched: ReadonlyMap<string, TouchedLevels>): Message[] {
    const { instrument } = feed;
    const previousSequence = market.tail.lastChange(instrument.instrument, bookSequenceOf(since, instrument.instrument));
    const levels = touched.get(instrument.instrument);
    const book = market.book(instrument.instrument);
    if (previousSequence === feed.toldSequence && feed.depth === null) return [];
    if (feed.depth !== null || previousSequence === null || previousSequence > feed.toldSequence || levels === undefined || book === undefined) {
      return this.topics.firstOf(feed);
    }
    const delta = {
      feed, firstSequence: levels.firstSequence, previousSequence, sequence: feed.toldSequence, timeUs: book.changedUs,
      // What they were is not known: one that is gone is said to be gone, whether or not the client had it.
      bids: [...levels.bids].map((priceTicks) => ({ priceTicks, before: 0, after: book.bids.lotsAt(priceTicks) })),
      asks: [...levels.asks].map((priceTicks) => ({ priceTicks, before: 0, after: book.asks.lotsAt(priceTicks) })),
    };
    return [new Message({ kind: 'delta', delta, checksum: checksumOf(book, instrument, feed.checksumLevels) })];
  }
}
