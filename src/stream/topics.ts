import { CHANNELS, type Channel } from '../domain/channels';
import type { Instrument } from '../domain/instruments';
import type { Market } from '../market/market';
import { Topic } from './audience';
import { BookDesk } from './book-desk';
import { BookFeed } from './book-feed';
import { Message } from './message';
import type { ChannelNews } from './news';
import type { Subscription } from './subscriptions';

/** Every topic there is, and what a new subscriber is told of each. */
export class Topics {
  private readonly desks: ReadonlyMap<string, BookDesk>;
  private readonly others = new Map<Channel, ReadonlyMap<string, Topic>>();
  /** Of each channel that another market listener feeds: what is told first of an instrument. */
  private readonly fed = new Map<Channel, (instrument: string) => readonly ChannelNews[]>();
  /** Null until the stream is attached to one. */
  market: Market | null = null;

  constructor(instruments: readonly Instrument[]) {
    this.desks = new Map(instruments.map((instrument) => [instrument.instrument, new BookDesk(instrument)]));
    for (const channel of CHANNELS) {
      if (channel !== 'orderbook') this.others.set(channel, new Map(instruments.map((one) => [one.instrument, new Topic(channel, one)])));
    }
  }

  /** Names another market listener as the source of a channel. @param first what of an instrument is told first */
  feed(channel: Channel, first: (instrument: string) => readonly ChannelNews[]): void {
    this.fed.set(channel, first);
  }

  desk(instrument: string): BookDesk | undefined {
    return this.desks.get(instrument);
  }

  allDesks(): Iterable<[string, BookDesk]> {
    return this.desks;
  }

  /** The topic of any channel but books, where somebody follows it. */
  followed(channel: Channel, instrument: string): Topic | undefined {
    const topic = this.others.get(channel)?.get(instrument);
    return topic === undefined || topic.groups.size === 0 ? undefined : topic;
  }

  of({ channel, instrument, depth }: Subscription): Topic {
    const { instrument: name } = instrument;
    const topic = channel === 'orderbook' ? this.desks.get(name)?.feed(depth, this.market?.book(name)) : this.others.get(channel)?.get(name);
    if (topic === undefined) throw new Error(`there is no channel ${channel} of ${name}`);
    return topic;
  }

  /** What is told of a topic first: a book, or what another listener has to say. Nothing may wait to be told. */
  firstOf(topic: Topic): Message[] {
    const { instrument: name } = topic.instrument;
    if (!(topic instanceof BookFeed)) return (this.fed.get(topic.channel)?.(name) ?? []).map((news) => new Message(news));
    const book = this.market?.book(name);
    const desk = this.desks.get(name);
    return book === undefined || desk === undefined ? [] : [desk.snapshot(topic, book)];
  }
}
