import type { Logger } from 'pino';
import { INSTRUMENT_CHANNELS, type InstrumentChannel } from '../domain/channels';
import type { Instrument } from '../domain/instruments';
import type { Market } from '../market/market';
import { AccountTopics, type ReadAccounts } from './account-topics';
import { InstrumentTopic, type Topic } from './audience';
import { BalanceFeed } from './balance-feed';
import { BookDesk } from './book-desk';
import { BookFeed } from './book-feed';
import { Message } from './message';
import type { ChannelNews } from './news';
import { isOfAccount, type Subscription } from './subscriptions';

/** Every topic there is, and what a new subscriber is told of each. */
export class Topics {
  private readonly desks = new Map<string, BookDesk>();
  private readonly others = new Map<InstrumentChannel, Map<string, InstrumentTopic>>();
  /** Orders of one account in one instrument, by both. */
  private readonly ownOrders = new Map<string, InstrumentTopic>();
  readonly accounts: AccountTopics;
  /** Of each channel that another market listener feeds: what is told first of an instrument. */
  private readonly fed = new Map<InstrumentChannel, (instrument: string) => readonly ChannelNews[]>();
  private followedMarket: Market | null = null;

  constructor(instruments: readonly Instrument[], logger: Logger) {
    this.accounts = new AccountTopics(logger);
    for (const channel of INSTRUMENT_CHANNELS) if (channel !== 'orderbook') this.others.set(channel, new Map());
    for (const instrument of instruments) this.know(instrument);
  }

  /** From now on there is an instrument to follow, should there not have been. */
  know(instrument: Instrument): void {
    const { instrument: name } = instrument;
    if (this.desks.has(name)) return;
    this.desks.set(name, new BookDesk(instrument));
    for (const [channel, topics] of this.others) topics.set(name, new InstrumentTopic(channel, instrument));
  }

  attach(market: Market, readAccounts: ReadAccounts): void {
    this.followedMarket = market;
    this.accounts.attach(market, readAccounts);
  }

  /** Null until the stream is attached to one. */
  get market(): Market | null {
    return this.followedMarket;
  }

  /** Names another market listener as the source of a channel. @param first what of an instrument is told first */
  feed(channel: InstrumentChannel, first: (instrument: string) => readonly ChannelNews[]): void {
    this.fed.set(channel, first);
  }

  desk(instrument: string): BookDesk | undefined {
    return this.desks.get(instrument);
  }

  allDesks(): Iterable<[string, BookDesk]> {
    return this.desks;
  }

  /** The topic of any channel of an instrument but books, where somebody follows it. */
  followed(channel: InstrumentChannel, instrument: string): InstrumentTopic | undefined {
    const topic = this.others.get(channel)?.get(instrument);
    return topic === undefined || topic.groups.size === 0 ? undefined : topic;
  }

  /** The topic of an account's orders in an instrument, where somebody follows it. */
  followedOrders(instrument: string, owner: string): InstrumentTopic | undefined {
    const topic = this.ownOrders.get(ownOrdersKey(instrument, owner));
    return topic === undefined || topic.groups.size === 0 ? undefined : topic;
  }

  /** Whether anybody follows single accounts' orders. */
  get hasOwnOrders(): boolean {
    return this.ownOrders.size > 0;
  }

  private ordersOf(instrument: Instrument, owner: string): InstrumentTopic {
    const key = ownOrdersKey(instrument.instrument, owner);
    let topic = this.ownOrders.get(key);
    if (topic === undefined) this.ownOrders.set(key, topic = new InstrumentTopic('orders', instrument, null, owner, () => this.ownOrders.delete(key)));
    return topic;
  }

  of(subscription: Subscription): Topic {
    if (isOfAccount(subscription)) return this.accounts.of(subscription.channel, subscription.account);
    const { channel, instrument, depth, owner } = subscription;
    if (owner !== null) return this.ordersOf(instrument, owner);
    const { instrument: name } = instrument;
    const topic = channel === 'orderbook' ? this.desks.get(name)?.feed(depth, this.market?.book(name)) : this.others.get(channel)?.get(name);
    if (topic === undefined) throw new Error(`there is no channel ${channel} of ${name}`);
    return topic;
  }

  /** What is told of a topic first: a book, what an account has, or what another listener has to say. Nothing may wait to be told. */
  firstOf(topic: Topic): Message[] {
    if (isOfAccount(topic)) return topic instanceof BalanceFeed ? [topic.snapshot()] : [];
    const { instrument: name } = topic.instrument;
    if (!(topic instanceof BookFeed)) return (this.fed.get(topic.channel)?.(name) ?? []).map((news) => new Message(news));
    const book = this.market?.book(name);
    const desk = this.desks.get(name);
    return book === undefined || desk === undefined ? [] : [desk.snapshot(topic, book)];
  }
}

function ownOrdersKey(instrument: string, owner: string): string {
  return `${instrument}/${owner}`;
}
