import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import { BARE_CHANNELS, CHANNELS, type Channel } from '../domain/channels';
import type { Instrument } from '../domain/instruments';
import type { LogEntry } from '../domain/log-entry';
import { Client, Groups, joined, NOTHING_AWAITED, Topic, type Group } from './audience';
import { Backlog } from './backlog';
import { BookDesk } from './book-desk';
import { BookFeed } from './book-feed';
import { standsAhead, withBooksTold, withOwnBooksTold } from './event-ids';
import { EventStreamLink } from './event-stream-link';
import type { Link } from './link';
import type { AppliedChange, Market, MarketListener } from '../market/market';
import { inOrder, type Message } from './message';
import { channelMessage, checksumOf, controlMessage, deltaMessage, itemsOf, type ChannelMessage } from './messages';
import { positionAt, type Position } from './position';
import { Replay, type OlderEntries, type TouchedLevels } from './replay';
import { Requests, type Checked, type Request, type RequestError, type Wish } from './requests';
import { isSamePair, viewSubscriptions, type Subscription } from './subscriptions';
import { WebSocketLink } from './web-socket-link';

export interface StreamOptions {
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  readonly subscriptionsMax: number;
  readonly messageBytesMax: number;
  /** Messages of one client in a second. */
  readonly messagesPerSecond: number;
  readonly depthMax: number;
  /** Bytes that may wait for a client before its messages are held back and its book changes merged. */
  readonly behindBytes: number;
  /** Bytes that may wait for a client in all. */
  readonly bufferBytesMax: number;
  /** How long a client may be behind. */
  readonly behindMs: number;
  readonly heartbeatMs: number;
  readonly pingMs: number;
  /** Book changes are merged over this time; 0 for a message each. */
  readonly flushMs: number;
  /** Log entries that a client may have missed and still go on from. */
  readonly resumeEntriesMax: number;
}

export interface StreamObserver {
  connections(count: number): void;
  /** A client was closed as too slow. */
  dropped(): void;
  /** A client was told that something was skipped. */
  resynced(): void;
  /** A client fell behind. */
  behind(): void;
  sent(count: number): void;
}

/** Why a connection is not taken. */
export type StreamRefusal = 'shutting_down' | 'streams_full' | 'too_many_streams';

/** WebSocket close codes (RFC 6455). */
const CLOSE_GOING_AWAY = 1001;
const CLOSE_POLICY = 1008;

/** Looks for silent clients in each heartbeat period: silence may last that much of it longer. */
const LOOKS_PER_HEARTBEAT = 4;
/** Longest wait for clients to answer the close, at shutdown. */
const CLOSE_GRACE_MS = 500;
/** Longest wait for a client to take what waits for it and the close behind that. */
const DROP_GRACE_MS = 2_000;

/**
 * The stream: fans the market's entries out to clients, each with its own subscriptions. What is made for one is made for
 * all: a message is one text and one frame, a turn one buffer for all clients with the same subscriptions.
 */
export class StreamServer implements MarketListener {
  private readonly server: WebSocketServer;
  private readonly clients = new Set<Client>();
  private readonly byAddress = new Map<string, number>();
  private readonly groups = new Groups();
  /** Groups with messages that leave at the end of the turn. */
  private readonly gathering = new Set<Group>();
  private readonly instruments: Map<string, Instrument>;
  private readonly topics = new Map<Channel, Map<string, Topic>>();
  private readonly desks: Map<string, BookDesk>;
  private readonly requests: Requests;
  /** Of each channel that another market listener feeds: what is told first of an instrument. */
  private readonly fed = new Map<Channel, (instrument: string) => readonly ChannelMessage[]>();
  /** Books with changes that were not told yet, and the sequence of the first of these. */
  private readonly changedDesks = new Set<BookDesk>();
  private changedFrom = 0;
  private flushTimer: NodeJS.Timeout | null = null;
  private timers: NodeJS.Timeout[] = [];
  private market: Market | null = null;
  private older: OlderEntries = () => Promise.resolve(null);
  /** Counts how often the books were read anew. */
  private life = 0;
  private closing = false;

  constructor(
    instruments: readonly Instrument[],
    private readonly options: StreamOptions,
    private readonly logger: Logger,
    private readonly observer: StreamObserver,
  ) {
    this.instruments = new Map(instruments.map((instrument) => [instrument.instrument, instrument]));
    this.desks = new Map(instruments.map((instrument) => [instrument.instrument, new BookDesk(instrument)]));
    for (const channel of CHANNELS) {
      if (channel !== 'orderbook') this.topics.set(channel, new Map(instruments.map((one) => [one.instrument, new Topic(channel, one)])));
    }
    this.requests = new Requests(instruments, options.depthMax);
    this.server = new WebSocketServer({ noServer: true, maxPayload: options.messageBytesMax, perMessageDeflate: false, autoPong: false });
  }

  /** @param older entries that the market does not hold in memory, for clients that resume */
  attach(market: Market, older: OlderEntries): void {
    this.market = market;
    this.older = older;
  }

  /**
   * Names another market listener as the source of a channel.
   * @param first what of an instrument a new subscriber is told at once, and one that had to skip messages
   */
  feed(channel: Channel, first: (instrument: string) => readonly ChannelMessage[]): void {
    this.fed.set(channel, first);
  }

  /** Tells a channel's subscribers of an instrument. @param make called only when there are any */
  publish(channel: Channel, instrument: string, make: () => readonly ChannelMessage[]): void {
    const topic = this.topics.get(channel)?.get(instrument);
    if (topic === undefined || topic.groups.size === 0) return;
    for (const one of make()) this.put(topic, channelMessage(one, instrument));
  }

  // Connections

  /** @returns why one more connection from an address is not taken; null when it is */
  refusal(address: string): StreamRefusal | null {
    if (this.closing) return 'shutting_down';
    if (this.clients.size >= this.options.connectionsMax) return 'streams_full';
    return (this.byAddress.get(address) ?? 0) >= this.options.connectionsPerAddressMax ? 'too_many_streams' : null;
  }

  checkQuery(query: URLSearchParams): Checked<Wish> {
    return this.requests.readQuery(query);
  }

  /** Takes over an HTTP upgrade to the stream's path. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, query: URLSearchParams): void {
    const address = request.socket.remoteAddress ?? '';
    this.server.handleUpgrade(request, socket, head, (webSocket) => this.acceptWebSocket(webSocket, socket, address, query));
  }

  private acceptWebSocket(socket: WebSocket, connection: Duplex, address: string, query: URLSearchParams): void {
    const client = new Client(new WebSocketLink(socket, connection), address);
    this.listen(client, socket);
    this.admit(client);
    const checked = this.requests.readQuery(query);
    if ('value' in checked) this.begin(client, checked.value, query.has('channels') || query.has('instruments'));
    // It gets nothing while what it asks for is not understood.
    else this.refuse(client, checked.error);
  }

  /** Apart, since what its functions can see lives as long as the connection. */
  private listen(client: Client, socket: WebSocket): void {
    socket.on('message', (data, isBinary) => this.receive(client, data, isBinary));
    socket.on('pong', () => { client.isAlive = true; });
    socket.on('ping', (data) => this.pong(client, socket, data));
    socket.on('error', this.connectionError);
    socket.on('close', () => this.forget(client));
  }

  private pong(client: Client, socket: WebSocket, data: Buffer): void {
    if (client.isLeaving) return;
    client.isAlive = true;
    socket.pong(data);
    this.holdBack(client);
  }

  private readonly connectionError = (error: Error): void => {
    this.logger.debug({ err: error }, 'stream connection');
  };

  /** Takes a response whose head is written as a stream of events. */
  acceptEvents(response: ServerResponse, address: string, wish: Wish, isNamed: boolean): void {
    const client = new Client(new EventStreamLink(response), address);
    response.on('error', this.connectionError);
    response.on('close', () => this.forget(client));
    this.admit(client);
    this.begin(client, wish, isNamed);
  }

  private admit(client: Client): void {
    this.clients.add(client);
    this.byAddress.set(client.address, (this.byAddress.get(client.address) ?? 0) + 1);
    if (this.timers.length === 0) {
      this.timers = [
        setInterval(() => this.beat(), this.options.heartbeatMs / LOOKS_PER_HEARTBEAT),
        setInterval(() => this.findDeadPeers(), this.options.pingMs),
      ];
    }
    this.observer.connections(this.clients.size);
  }

  private forget(client: Client): void {
    if (!this.clients.delete(client)) return;
    this.leave(client);
    const others = (this.byAddress.get(client.address) ?? 1) - 1;
    if (others > 0) this.byAddress.set(client.address, others);
    else this.byAddress.delete(client.address);
    this.observer.connections(this.clients.size);
  }

  /** From here on the client is told nothing. */
  private leave(client: Client): void {
    client.isLeaving = true;
    client.backlog = null;
    client.awaiting = NOTHING_AWAITED;
    this.groups.leave(client);
  }

  // Subscriptions

  /** What a connection asks for at first. @param isNamed whether by name, and not just everything */
  private begin(client: Client, wish: Wish, isNamed: boolean): void {
    client.depth = wish.depth ?? null;
    if (isNamed) {
      this.subscribe(client, wish);
    } else {
      const wanted = this.wanted(client, {});
      if (wanted.length > this.options.subscriptionsMax) this.refuse(client, this.tooMany());
      else this.follow(client, [], wanted, wish.since);
    }
  }

  private receive(client: Client, data: RawData, isBinary: boolean): void {
    if (client.isLeaving) return;
    client.isAlive = true;
    if (!client.mayAsk(this.options.messagesPerSecond)) {
      this.refuse(client, { code: 'rate_limited', message: `at most ${this.options.messagesPerSecond} messages a second` });
      this.drop(client, 'rate_limited');
      return;
    }
    const checked: Checked<Request> = isBinary
      ? { error: { code: 'malformed_json', message: 'a message must be text' } }
      : this.requests.read((data as Buffer).toString('utf8'));
    if (client.requests === null) {
      this.answer(client, checked);
      this.holdBack(client);
    } else if (client.requests.length < this.options.messagesPerSecond) {
      client.requests.push(checked);
    } else {
      this.drop(client, 'rate_limited');
    }
  }

  /** Reads nothing from a client while too much waits for it: the answers would wait behind that. */
  private holdBack(client: Client): void {
    if (client.isHeldBack || client.isLeaving || client.link.waitingBytes <= this.options.bufferBytesMax) return;
    client.isHeldBack = true;
    client.link.pause();
    this.awaitDrain(client);
  }

  private answer(client: Client, checked: Checked<Request>): void {
    if ('error' in checked) {
      this.refuse(client, checked.error);
      return;
    }
    const request = checked.value;
    if (request.op === 'ping') this.control(client, 'pong', {});
    // What that brings may be much, and the client does not take what it has.
    else if (client.link.waitingBytes > this.options.bufferBytesMax) this.dropSlow(client);
    else if (request.op === 'subscribe') this.subscribe(client, request);
    else this.unsubscribe(client, request);
  }

  /** Subscriptions that a wish names, books as deep as it or the connection says. */
  private wanted(client: Client, wish: Wish): Subscription[] {
    const wanted: Subscription[] = [];
    const names = wish.instruments ?? [...this.instruments.keys()];
    for (const channel of wish.channels ?? BARE_CHANNELS) {
      const depth = channel === 'orderbook' ? wish.depth ?? client.depth : null;
      for (const name of names) wanted.push({ channel, instrument: this.instruments.get(name) as Instrument, depth });
    }
    return wanted;
  }

  private subscribe(client: Client, wish: Wish): void {
    const wanted = this.wanted(client, wish);
    // The first subscription by name replaces what a bare connection gets.
    const others = client.isBare ? [] : client.subscriptions.filter((other) => !wanted.some((one) => isSamePair(one, other)));
    if (others.length + wanted.length > this.options.subscriptionsMax) {
      this.refuse(client, this.tooMany());
      return;
    }
    this.catchUp(client);
    client.isBare = false;
    this.tellSubscribed(client, [...others, ...wanted]);
    this.follow(client, others, wanted, wish.since);
  }

  private unsubscribe(client: Client, { channels, instruments }: Wish): void {
    this.catchUp(client);
    client.isBare = false;
    const left = client.subscriptions.filter(({ channel, instrument }) => (
      (channels !== undefined && !channels.includes(channel)) || (instruments !== undefined && !instruments.includes(instrument.instrument))
    ));
    this.flush();
    this.keep(client, left);
    this.tellSubscribed(client, left);
  }

  private tellSubscribed(client: Client, subscriptions: readonly Subscription[]): void {
    this.control(client, 'subscribed', { subscriptions: viewSubscriptions(subscriptions) });
  }

  /** Gives a client new subscriptions beside others that go on, or wait, as they are. */
  private follow(client: Client, others: readonly Subscription[], wanted: readonly Subscription[], since: Position | undefined): void {
    this.flush();
    // What is only named once more is not begun anew.
    const same = since === undefined ? client.subscriptions.filter((one) => wanted.some((other) => isSamePair(one, other) && one.depth === other.depth)) : [];
    this.keep(client, [...others, ...same]);
    const added = wanted.filter((one) => !same.some((other) => isSamePair(one, other)));
    if (added.length > 0) client.awaiting = [...client.awaiting, { wanted: added, since }];
    void this.beginAwaited(client);
  }

  /** Takes all but these subscriptions from a client, whether it follows them or waits for them. */
  private keep(client: Client, subscriptions: readonly Subscription[]): void {
    const kept = new Set(subscriptions);
    if (client.group !== null) this.groups.join(client, client.group.topics.filter((topic) => kept.has(topic)));
    client.awaiting = client.awaiting
      .map(({ wanted, since }) => ({ wanted: wanted.filter((one) => kept.has(one)), since }))
      .filter(({ wanted }) => wanted.length > 0);
  }

  /** Begins what a client waits for, one after the other, as long as there are books to show. Its requests wait for the end. */
  private async beginAwaited(client: Client): Promise<void> {
    const { market } = this;
    client.requests = [];
    for (let next = client.awaiting[0]; next !== undefined && market?.intact === true; next = client.awaiting[0]) {
      client.awaiting = client.awaiting.slice(1);
      if (next.since === undefined) this.beginAnew(client, next.wanted);
      else await this.resume(client, market, next.wanted, next.since);
    }
    this.answerWaiting(client);
  }

  private beginAnew(client: Client, wanted: readonly Subscription[]): void {
    const topics = wanted.map((one) => this.topicOf(one));
    this.groups.join(client, [...client.group?.topics ?? [], ...topics]);
    this.tellFirst(client, topics);
  }

  private topicOf({ channel, instrument, depth }: Subscription): Topic {
    const { instrument: name } = instrument;
    if (channel === 'orderbook') return (this.desks.get(name) as BookDesk).feed(depth, this.market?.book(name));
    return this.topics.get(channel)?.get(name) as Topic;
  }

  /** What a new subscriber is told at once: books, and what other listeners have to say. Nothing may wait to be told. */
  private tellFirst(client: Client, topics: readonly Topic[]): void {
    const messages = topics.flatMap((topic) => this.firstOf(topic));
    client.write(messages);
    this.mark(client);
    this.observer.sent(messages.length);
  }

  private firstOf(topic: Topic): Message[] {
    const { instrument: name } = topic.instrument;
    if (!(topic instanceof BookFeed)) return (this.fed.get(topic.channel)?.(name) ?? []).map((one) => channelMessage(one, name));
    const book = this.market?.book(name);
    return book === undefined ? [] : [(this.desks.get(name) as BookDesk).snapshot(topic, book)];
  }

  // Resuming

  /** Tells a client what it has missed, then lets it go on live within the same turn. */
  private async resume(client: Client, market: Market, wanted: readonly Subscription[], since: Position): Promise<void> {
    const { life } = this;
    // With merged deltas a sequence that was told with a trade says nothing of the book.
    const isBookKnown = this.options.flushMs === 0 || since.bookSequence !== since.sequence || wanted.every(({ channel }) => channel === 'orderbook');
    const replay = new Replay(client, wanted, since, market, market.tail, this.older, {
      entriesMax: this.options.resumeEntriesMax, waitingBytesMax: this.options.behindBytes, waitMs: this.options.behindMs,
    }, () => this.life === life && !client.isLeaving);
    const goOn = (held: readonly Message[], told: (topic: Topic) => Message[]): void => {
      this.flush();
      const topics = wanted.map((one) => this.topicOf(one));
      this.groups.join(client, [...client.group?.topics ?? [], ...topics]);
      const messages = withBooksTold(inOrder(held, topics.flatMap(told)), replay.told, this.position.bookSequence);
      client.write(messages);
      this.mark(client);
      this.observer.sent(messages.length);
    };
    let refusal: Awaited<ReturnType<Replay['run']>>;
    try {
      refusal = await replay.run((held, touched) => goOn(held, (topic) => (
        isBookKnown && topic instanceof BookFeed ? this.missedOf(topic, market, since, touched) : this.firstOf(topic)
      )));
      // Books are told at the end: who is cut off before it has to begin where it stood.
      if (refusal === null) this.control(client, 'resumed', { since: since.sequence });
    } catch (error) {
      this.logger.warn({ err: error }, 'missed messages could not be read');
      refusal = 'history_unavailable';
    }
    if (client.isLeaving) return;
    if (refusal === undefined) {
      this.dropSlow(client);
      return;
    }
    if (refusal !== null) {
      this.tellResync(client, refusal);
      if (market.intact) goOn([], (topic) => this.firstOf(topic));
      else client.awaiting = [{ wanted, since: undefined }, ...client.awaiting];
    }
  }

  /** The book's changes since a position as one delta; a snapshot where they are not known exactly. */
  private missedOf(feed: BookFeed, market: Market, since: Position, touched: ReadonlyMap<string, TouchedLevels>): Message[] {
    const { instrument } = feed;
    const previousSequence = market.tail.lastChange(instrument.instrument, since.bookSequence);
    const levels = touched.get(instrument.instrument);
    const book = market.book(instrument.instrument);
    if (previousSequence === feed.toldSequence && feed.depth === null) return [];
    if (feed.depth !== null || previousSequence === null || previousSequence > feed.toldSequence || levels === undefined || book === undefined) {
      return this.firstOf(feed);
    }
    const delta = {
      feed, firstSequence: levels.firstSequence, previousSequence, sequence: feed.toldSequence, timeUs: book.changedUs,
      // What they were is not known: one that is gone is said to be gone, whether or not the client had it.
      bids: [...levels.bids].map((priceTicks) => ({ priceTicks, before: 0, after: book.bids.lotsAt(priceTicks) })),
      asks: [...levels.asks].map((priceTicks) => ({ priceTicks, before: 0, after: book.asks.lotsAt(priceTicks) })),
    };
    return [deltaMessage(delta, checksumOf(book, instrument, feed.checksumLevels), null)];
  }

  /** Requests that came while missed messages were told. */
  private answerWaiting(client: Client): void {
    const waiting = client.requests ?? [];
    client.requests = null;
    for (const request of waiting) {
      // One of them may begin another such telling.
      const next = client.requests as Checked<Request>[] | null;
      if (next !== null) next.push(request);
      else if (!client.isLeaving) this.answer(client, request);
    }
  }

  // The market

  /** MarketListener */
  reset(market: Market): void {
    this.life++;
    this.changedDesks.clear();
    this.changedFrom = 0;
    for (const [name, desk] of this.desks) {
      const book = market.book(name);
      if (book !== undefined) desk.restart(book);
    }
    for (const client of this.clients) {
      this.resync(client, 'market_data_interrupted');
      // One that is being told what it has missed goes on with the rest by itself.
      if (client.awaiting.length > 0 && client.requests === null) void this.beginAwaited(client);
    }
  }

  /** MarketListener */
  entry(entry: LogEntry, market: Market, changes: readonly AppliedChange[]): void {
    if (this.clients.size > 0) this.putItems(entry, market);
    for (const { instrument, side, priceTicks, before, after } of changes) {
      const desk = this.desks.get(instrument);
      if (desk === undefined) continue;
      desk.note(entry.sequence, side, priceTicks, before, after);
      this.changedDesks.add(desk);
      if (this.changedFrom === 0) this.changedFrom = entry.sequence;
    }
    if (this.changedFrom === 0) return;
    if (this.options.flushMs === 0) this.tellBooks();
    else this.flushTimer ??= setTimeout(() => this.flush(), this.options.flushMs);
  }

  private putItems(entry: LogEntry, market: Market): void {
    const bookSequence = this.changedFrom === 0 ? entry.sequence - 1 : this.changedFrom - 1;
    for (const item of itemsOf(entry, this.isFollowed)) {
      const topic = this.topics.get(item.channel)?.get(item.instrument);
      if (topic === undefined) continue;
      this.put(topic, item.make(topic.instrument, { epoch: market.epoch, sequence: entry.sequence - 1, count: item.index + 1, bookSequence }));
    }
  }

  private readonly isFollowed = (channel: Channel, instrument: string): boolean => {
    const topic = this.topics.get(channel)?.get(instrument);
    return topic !== undefined && topic.groups.size > 0;
  };

  private put(topic: Topic, message: Message): void {
    if (this.gathering.size === 0) process.nextTick(() => this.flushGroups());
    for (const group of topic.groups) {
      group.pending.push(message);
      this.gathering.add(group);
    }
  }

  /** Tells what the books have become. */
  private tellBooks(): void {
    if (this.flushTimer !== null) clearTimeout(this.flushTimer);
    this.flushTimer = null;
    const { market } = this;
    if (market === null || this.changedFrom === 0) return;
    const before = { ...positionAt(market.sequence, market.epoch), bookSequence: this.changedFrom - 1 };
    this.changedFrom = 0;
    let left = this.changedDesks.size;
    for (const desk of this.changedDesks) {
      const book = market.book(desk.instrument.instrument);
      // Only behind the last of them all books have been told.
      const position = --left === 0 ? positionAt(market.sequence, market.epoch) : before;
      if (book !== undefined) desk.tell(book, position, (feed, message) => this.put(feed, message));
    }
    this.changedDesks.clear();
  }

  /** Tells everything that there is to tell, at once. */
  private flush(): void {
    this.tellBooks();
    this.flushGroups();
  }

  private flushGroups(): void {
    const now = Date.now();
    for (const group of this.gathering) {
      const messages = group.pending.splice(0);
      const bytes: Partial<Record<Link['kind'], Buffer>> = {};
      for (const client of group.clients) {
        this.deliver(client, messages, now, () => bytes[client.link.kind] ??= joined(client.link.kind === 'events' ? withOwnBooksTold(messages) : messages, client.link));
      }
      this.observer.sent(messages.length * group.clients.size);
    }
    this.gathering.clear();
  }

  // Clients that are behind

  /** Gives a client a turn's messages, or keeps them for it while it is behind. */
  private deliver(client: Client, messages: readonly Message[], now: number, bytes: () => Buffer): void {
    const { link } = client;
    let { backlog } = client;
    if (backlog === null) {
      // What the turn itself brings says nothing of the client: one order may bring thousands of fills.
      if (link.waitingBytes <= this.options.behindBytes) {
        client.lastSentMs = now;
        link.write(bytes());
        return;
      }
      backlog = this.fallBehind(client, standsAhead(messages, this.position), now);
    }
    for (const message of messages) backlog.hold(message, link.encode(message).length);
    if (link.waitingBytes + backlog.bytes > this.options.bufferBytesMax) backlog.skip('slow_consumer');
  }

  /** From here on messages wait. @param stands what the client has been told */
  private fallBehind(client: Client, stands: Position, now: number): Backlog {
    const backlog = new Backlog(stands);
    client.backlog = backlog;
    client.behindSinceMs ??= now;
    this.observer.behind();
    this.awaitDrain(client);
    return backlog;
  }

  private awaitDrain(client: Client): void {
    if (client.awaitsDrain) return;
    client.awaitsDrain = true;
    client.link.onceDrained(() => {
      client.awaitsDrain = false;
      client.behindSinceMs = null;
      if (client.isHeldBack) client.link.resume();
      client.isHeldBack = false;
      this.catchUp(client);
    });
  }

  /** Tells a client that was behind what has waited for it. */
  private catchUp(client: Client): void {
    if (client.backlog === null || client.isLeaving) return;
    this.flush();
    const { backlog } = client;
    if (backlog === null) return;
    client.backlog = null;
    if (backlog.skipped !== null) {
      this.resync(client, backlog.skipped);
      return;
    }
    const messages = backlog.release((delta) => {
      const { instrument } = delta.feed;
      const book = this.market?.book(instrument.instrument);
      return deltaMessage(delta, book === undefined ? 0 : checksumOf(book, instrument, delta.feed.checksumLevels), null);
    });
    // Their ids were made for clients that have the books of their moment.
    client.write(client.link.kind === 'frames' ? messages : withBooksTold(messages, backlog.stands, this.position.bookSequence));
    this.mark(client);
  }

  /** Tells a client that something was skipped, and everything anew. */
  private resync(client: Client, reason: string): void {
    if (client.backlog !== null) {
      // It is told when it can take it.
      client.backlog.skip(reason);
      return;
    }
    const topics = client.group?.topics ?? [];
    if (topics.length === 0) return;
    this.tellResync(client, reason);
    this.tellFirst(client, topics);
  }

  private tellResync(client: Client, reason: string): void {
    this.control(client, 'resync', { reason });
    this.observer.resynced();
  }

  private dropSlow(client: Client): void {
    this.observer.dropped();
    this.drop(client, 'slow_consumer');
  }

  /** Closes behind what waits for the client; a client that does not even take that is cut off. */
  private drop(client: Client, reason: string): void {
    this.leave(client);
    client.link.close(CLOSE_POLICY, reason);
    setTimeout(() => client.link.destroy(), DROP_GRACE_MS).unref();
  }

  // Messages about a connection

  /** Up to where every client that is not behind has been told everything. */
  private get position(): Position {
    const sequence = this.market?.sequence ?? 0;
    return { epoch: this.market?.epoch ?? '', sequence, count: 0, bookSequence: this.changedFrom === 0 ? sequence : this.changedFrom - 1 };
  }

  /** Lets a client know that it has been told everything, unless something is still to begin. */
  private mark(client: Client): void {
    if (client.awaiting.length === 0) client.link.mark(this.position);
  }

  private control(client: Client, type: string, data: Readonly<Record<string, unknown>>): void {
    this.flushGroups();
    if (!client.link.isOpen) return;
    const { epoch } = this.position;
    const { sequence, bookSequence } = client.backlog?.stands ?? this.position;
    client.write([controlMessage(type, Math.min(sequence, bookSequence), { ...data, epoch })]);
    this.observer.sent(1);
  }

  private refuse(client: Client, { code, message }: RequestError): void {
    this.control(client, 'error', { code, message });
  }

  private tooMany(): RequestError {
    return { code: 'subscription_limit', message: `at most ${this.options.subscriptionsMax} subscriptions, one for each channel of each instrument` };
  }

  /** Heartbeats for those that heard nothing, and an end for those that have been behind for too long. */
  private beat(): void {
    const now = Date.now();
    const due = now - this.options.heartbeatMs;
    const { epoch, sequence, bookSequence } = this.position;
    const message = controlMessage('heartbeat', Math.min(sequence, bookSequence), { epoch }, this.position);
    // One that waits for books to go on from must not be moved on.
    const nowhere = controlMessage('heartbeat', Math.min(sequence, bookSequence), { epoch });
    for (const client of this.clients) {
      if (client.isLeaving) continue;
      const isFull = client.isHeldBack || client.link.waitingBytes > this.options.behindBytes;
      // Answers and heartbeats wait, too. One that is told what it has missed is waited for by that.
      if (isFull && client.backlog === null && client.requests === null) this.fallBehind(client, this.position, now);
      if (!isFull && client.backlog === null) client.behindSinceMs = null;
      if (client.behindSinceMs !== null && now - client.behindSinceMs > this.options.behindMs) this.dropSlow(client);
      else if (client.backlog === null && client.lastSentMs <= due && client.requests === null) {
        client.lastSentMs = now;
        client.link.write(client.link.encode(client.awaiting.length === 0 ? message : nowhere));
        this.observer.sent(1);
      }
    }
  }

  private findDeadPeers(): void {
    for (const client of this.clients) {
      // One that is not read from cannot be heard, and is not waited for longer than it may be behind.
      if (client.link.kind === 'events' || client.isHeldBack) continue;
      if (!client.isAlive) {
        client.link.destroy();
        continue;
      }
      client.isAlive = false;
      client.link.ping();
    }
  }

  /** Tells every client and closes its connection. */
  async close(): Promise<void> {
    this.closing = true;
    for (const timer of this.timers) clearInterval(timer);
    this.flush();
    for (const client of this.clients) {
      if (!client.isLeaving) {
        this.catchUp(client);
        this.control(client, 'shutdown', { reason: 'the service is shutting down' });
      }
      this.leave(client);
      client.link.close(CLOSE_GOING_AWAY, 'shutdown');
    }
    const deadline = Date.now() + CLOSE_GRACE_MS;
    while (this.clients.size > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
    for (const client of this.clients) client.link.destroy();
    this.server.close();
  }
}
