import type { InstrumentChannel } from '../domain/channels';
import type { Instrument } from '../domain/instruments';
import type { LogEntry } from '../domain/log-entry';
import type { AppliedChange, Market } from '../market/market';
import type { Topic } from './audience';
import type { BookDesk } from './book-desk';
import { itemsOf, newsOfItem, type EntryItem, type Wanted } from './entry-items';
import type { FanOut } from './fan-out';
import { Message } from './message';
import type { ChannelNews } from './news';
import { positionAt, type StreamPosition } from './stream-position';
import type { Topics } from './topics';

/** Makes messages of what happens in the market: trades and orders of each entry, and what the books have become. */
export class MarketFollower {
  /** Books with changes that were not told yet, and the sequence of the first of these. */
  private readonly changedDesks = new Set<BookDesk>();
  private changedFrom = 0;
  private flushTimer: NodeJS.Timeout | null = null;
  /** Counts how often the books were read anew. */
  life = 0;

  constructor(private readonly topics: Topics, private readonly fanOut: FanOut, private readonly flushMs: number) {}

  /** Up to where every client that is not behind has been told everything. */
  get position(): StreamPosition & { readonly epoch: string } {
    const { market } = this.topics;
    const sequence = market?.sequence ?? 0;
    return { epoch: market?.epoch ?? '', sequence, count: 0, bookSequence: this.changedFrom === 0 ? sequence : this.changedFrom - 1 };
  }

  /** Up to where that is certain of everything, books as well. */
  get sequence(): number {
    const { sequence, bookSequence } = this.position;
    return Math.min(sequence, bookSequence);
  }

  /** The books were read anew. */
  reset(market: Market): void {
    this.life++;
    this.changedDesks.clear();
    this.changedFrom = 0;
    this.topics.accounts.forget();
    for (const [name, desk] of this.topics.allDesks()) {
      const book = market.book(name);
      if (book !== undefined) desk.restart(book);
    }
  }

  entry(entry: LogEntry, market: Market, changes: readonly AppliedChange[]): void {
    this.topics.accounts.note(entry);
    if (!this.fanOut.groups.isEmpty) this.putItems(entry, market);
    for (const { instrument, side, priceTicks, before, after } of changes) {
      const desk = this.topics.desk(instrument);
      if (desk === undefined) continue;
      desk.note(entry.sequence, side, priceTicks, before, after);
      this.changedDesks.add(desk);
      if (this.changedFrom === 0) this.changedFrom = entry.sequence;
    }
    if (this.changedFrom === 0) return;
    if (this.flushMs === 0) this.tellBooks();
    else this.flushTimer ??= setTimeout(() => this.flush(), this.flushMs);
  }

  private putItems(entry: LogEntry, market: Market): void {
    const bookSequence = this.changedFrom === 0 ? entry.sequence - 1 : this.changedFrom - 1;
    const { accounts } = this.topics;
    for (const item of itemsOf(entry, accounts.isEmpty && !this.topics.hasOwnOrders ? this.followedMarket : this.followed)) {
      const topic = this.topicOf(item);
      const news = newsOfItem(item, entry, this.instrumentOf);
      if (topic === undefined || news === null) continue;
      this.fanOut.put(topic, new Message(news, { epoch: market.epoch, sequence: entry.sequence - 1, count: item.index + 1, bookSequence }));
    }
  }

  private topicOf(item: EntryItem): Topic | undefined {
    if ('account' in item) return this.topics.accounts.followed(item.channel, item.account);
    const owner = item.channel === 'orders' ? item.owner : null;
    return owner === null ? this.topics.followed(item.channel, item.instrument) : this.topics.followedOrders(item.instrument, owner);
  }

  private readonly instrumentOf = (name: string): Instrument | undefined => this.topics.desk(name)?.instrument;

  private readonly followedMarket: Wanted = {
    ofInstrument: (channel, instrument) => this.topics.followed(channel, instrument) !== undefined, ordersOf: null, ofAccount: null,
  };

  private readonly followed: Wanted = {
    ...this.followedMarket, ordersOf: (instrument, account) => this.topics.followedOrders(instrument, account) !== undefined,
    ofAccount: (channel, account) => this.topics.accounts.followed(channel, account) !== undefined,
  };

  /** Tells what another market listener has to say. @param make called only when somebody follows */
  publish(channel: InstrumentChannel, instrument: string, make: () => readonly ChannelNews[]): void {
    const topic = this.topics.followed(channel, instrument);
    if (topic === undefined) return;
    for (const news of make()) this.fanOut.put(topic, new Message(news));
  }

  /** Tells what the books have become. */
  private tellBooks(): void {
    if (this.flushTimer !== null) clearTimeout(this.flushTimer);
    this.flushTimer = null;
    const { market } = this.topics;
    if (market === null || this.changedFrom === 0) return;
    const before = { ...positionAt(market.sequence, market.epoch), bookSequence: this.changedFrom - 1 };
    this.changedFrom = 0;
    let left = this.changedDesks.size;
    for (const desk of left > 1 ? [...this.changedDesks].sort(byName) : this.changedDesks) {
      const { instrument: name } = desk.instrument;
      const book = market.book(name);
      // Only behind the last of them all books have been told.
      const position = --left === 0 ? positionAt(market.sequence, market.epoch) : { ...before, booksAhead: { lastBook: name, sequence: market.sequence } };
      if (book !== undefined) desk.tell(book, position, (feed, message) => this.fanOut.put(feed, message));
    }
    this.changedDesks.clear();
  }

  /** Tells everything that there is to tell, at once. */
  flush(): void {
    this.tellBooks();
    this.fanOut.flush();
  }
}

/** The order that a position goes by. */
function byName(a: BookDesk, b: BookDesk): number {
  return a.instrument.instrument < b.instrument.instrument ? -1 : 1;
}
