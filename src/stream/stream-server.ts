import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { InstrumentChannel } from '../domain/channels';
import type { Instrument } from '../domain/instruments';
import type { LogEntry } from '../domain/log-entry';
import type { AppliedChange, Market, MarketListener } from '../market/market';
import type { ReadAccounts } from './account-topics';
import { Connections, type Standing, type StreamRefusal } from './connections';
import type { Opened } from './dialect';
import { FanOut } from './fan-out';
import type { Who } from './following';
import { MarketFollower } from './market-follower';
import type { OlderEntries } from './missed-messages';
import type { ChannelNews } from './news';
import type { StreamObserver, StreamOptions } from './options';
import { Resumption } from './resumption';
import { SlowSubscribers } from './slow-subscribers';
import { Subscribing, type KeepFollowed } from './subscribing';
import { Telling } from './telling';
import { Topics } from './topics';

/**
 * The stream: fans the market's entries out to clients, each with its own subscriptions, in whatever dialect. What is made
 * for one is made for all: a message is one text in each dialect, a turn one buffer for all clients with the same
 * subscriptions. Its parts:
 *
 * - `Connections`: whom to take, who is there, how it ends
 * - `Subscribing`: what clients ask for; `Resumption` where they go on from somewhere
 * - `MarketFollower`: makes messages of entries; `FanOut` gathers them and hands them out
 * - `Topics`: what there is to follow, and what is told of it first; `AccountTopics` what accounts have
 * - `SlowSubscribers`: what becomes of those that do not take them as fast
 * - `Telling`: what is for one client alone
 */
export class StreamServer implements MarketListener {
  private readonly topics: Topics;
  private readonly follower: MarketFollower;
  private readonly slow: SlowSubscribers;
  private readonly resumption: Resumption;
  private readonly subscribing: Subscribing;
  private readonly connections: Connections;

  constructor(instruments: readonly Instrument[], options: StreamOptions, logger: Logger, observer: StreamObserver) {
    this.topics = new Topics(instruments, logger);
    const fanOut = new FanOut((subscriber, messages, nowMs, bytes) => this.slow.deliver(subscriber, messages, nowMs, bytes), observer);
    this.follower = new MarketFollower(this.topics, fanOut, options.flushMs);
    const telling = new Telling(this.topics, fanOut, this.follower, observer);
    this.slow = new SlowSubscribers(this.topics, fanOut, this.follower, telling, (subscriber) => this.subscribing.isAwaitedBack(subscriber), options, observer);
    this.resumption = new Resumption(this.topics, fanOut, this.follower, telling, this.slow, options, logger);
    this.subscribing = new Subscribing(this.topics, fanOut, this.follower, telling, this.slow, this.resumption, options);
    this.connections = new Connections(this.follower, telling, this.slow, this.subscribing, options, logger, observer);
  }

  /**
   * @param older entries that the market does not hold in memory, for clients that resume
   * @param readAccounts what accounts have, for clients that begin to follow them
   */
  attach(market: Market, older: OlderEntries, readAccounts: ReadAccounts): void {
    this.topics.attach(market, readAccounts);
    this.resumption.older = older;
  }

  /** There is one more instrument to follow: whoever follows all of them follows it, too. */
  know(instrument: Instrument): void {
    this.topics.know(instrument);
    // Once the books are what the log tells again.
    process.nextTick(() => {
      for (const subscriber of this.connections.all) this.subscribing.extend(subscriber, instrument);
    });
  }

  /**
   * Names another market listener as the source of a channel.
   * @param first what of an instrument a new subscriber is told at once, and one that had to skip messages
   */
  feed(channel: InstrumentChannel, first: (instrument: string) => readonly ChannelNews[]): void {
    this.topics.feed(channel, first);
  }

  /** Tells a channel's subscribers of an instrument. @param make called only when there are any */
  publish(channel: InstrumentChannel, instrument: string, make: () => readonly ChannelNews[]): void {
    this.follower.publish(channel, instrument, make);
  }

  /** Whether anybody follows a channel of an instrument. */
  isFollowed(channel: InstrumentChannel, instrument: string): boolean {
    return this.topics.followed(channel, instrument) !== undefined;
  }

  /** @returns why one more connection from an address is not taken; null when it is */
  refusal(address: string): StreamRefusal | null {
    return this.connections.refusal(address);
  }

  /** Takes over an HTTP upgrade. @param opened the connection, as its dialect has begun it */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, address: string, opened: Opened, who: Who): void {
    this.connections.upgrade(request, socket, head, address, opened, who);
  }

  /** Takes a response whose head is written as a stream of events. */
  acceptEvents(response: ServerResponse, address: string, opened: Opened, who: Who): void {
    this.connections.acceptEvents(response, address, opened, who);
  }

  /** Names where it is kept what somebody follows by an operator's powers. */
  keepFollowed(keep: KeepFollowed): void {
    this.subscribing.keepFollowed = keep;
  }

  /** Looks at who is connected once more: logins have ended, or accounts were taken back. */
  recheck(standing: Standing): void {
    this.connections.recheck(standing);
  }

  /** MarketListener */
  entry(entry: LogEntry, market: Market, changes: readonly AppliedChange[]): void {
    this.follower.entry(entry, market, changes);
  }

  /** MarketListener */
  reset(market: Market): void {
    this.follower.reset(market);
    for (const subscriber of this.connections.all) {
      this.slow.resync(subscriber, 'market_data_interrupted');
      this.subscribing.isAwaitedBack(subscriber);
    }
  }

  /** Tells every client and closes its connection. */
  close(): Promise<void> {
    return this.connections.close();
  }
}
