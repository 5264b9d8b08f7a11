import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import Joi from 'joi';
import type { Logger } from 'pino';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import { BARE_CHANNELS, CHANNELS, type Channel } from '../domain/channels';
import type { Instrument } from '../domain/instruments';
import type { LogEntry } from '../domain/log-entry';
import type { Order } from '../domain/order';
import type { Market, MarketListener } from './market';
import {
  channelMessage, controlMessage, deltaMessage, orderMessage, snapshotMessage, tradeMessages, type ChannelMessage,
} from './messages';

export interface StreamOptions {
  readonly connectionsMax: number;
  readonly messageBytesMax: number;
  /** Bytes that may wait for one client from one turn to the next before it is closed as too slow. */
  readonly bufferBytesMax: number;
  readonly heartbeatMs: number;
}

export interface StreamObserver {
  connections(count: number): void;
  dropped(): void;
  /** A client was told that something was skipped. */
  resynced(): void;
  sent(count: number): void;
}

/** WebSocket close codes (RFC 6455). */
const CLOSE_GOING_AWAY = 1001;
const CLOSE_POLICY = 1008;

/** Looks for silent clients in each heartbeat period: silence may last that much of it longer. */
const LOOKS_PER_HEARTBEAT = 4;

/** Longest wait for clients to answer the close, at shutdown. */
const CLOSE_GRACE_MS = 500;

class Client {
  readonly channels = new Set<Channel>(BARE_CHANNELS);
  /** null for every instrument. */
  instruments: Set<string> | null = null;
  /** Until it subscribes by name, a client gets everything. */
  implicit = true;
  /** It came while there were no books to show. */
  awaitsBooks = false;
  lastSentMs = Date.now();

  private isGathering = false;

  /** @param link the connection under the socket */
  constructor(readonly socket: WebSocket, private readonly link: Duplex) {}

  /**
   * Whether more than `bytesMax` have been waiting since earlier turns. What the current turn has added says nothing of
   * the client: one order may bring thousands of fills.
   */
  isBehind(bytesMax: number): boolean {
    return !this.isGathering && this.socket.bufferedAmount > bytesMax;
  }

  /** Messages of one turn leave in one write: a system call for each costs more than making it. */
  write(message: string | Buffer): void {
    if (!this.isGathering) {
      this.isGathering = true;
      this.link.cork();
      process.nextTick(() => {
        this.isGathering = false;
        this.link.uncork();
      });
    }
    this.socket.send(message, { binary: false });
  }

  wants(channel: Channel, instrument: string): boolean {
    return this.channels.has(channel) && (this.instruments === null || this.instruments.has(instrument));
  }
}

interface Request {
  readonly op: 'subscribe' | 'unsubscribe' | 'ping';
  readonly channels?: Channel[];
  readonly instruments?: string[];
}

/** The WebSocket stream: fans the market's entries out to clients, each with its own subscriptions. */
export class StreamServer implements MarketListener {
  private readonly server: WebSocketServer;
  private readonly clients = new Set<Client>();
  private readonly bySymbol: Map<string, Instrument>;
  private readonly requestSchema: Joi.ObjectSchema<Request>;
  /** Sequence of the last book message of each instrument. */
  private readonly bookSequence = new Map<string, number>();
  /** Of each channel that another market listener feeds: what is told first of an instrument. */
  private readonly fed = new Map<Channel, (instrument: string) => readonly ChannelMessage[]>();
  private heartbeat: NodeJS.Timeout | null = null;
  private market: Market | null = null;
  private closing = false;

  constructor(
    instruments: readonly Instrument[],
    private readonly options: StreamOptions,
    private readonly logger: Logger,
    private readonly observer: StreamObserver,
  ) {
    this.bySymbol = new Map(instruments.map((instrument) => [instrument.instrument, instrument]));
    const names = Joi.array().items(Joi.string().valid(...this.bySymbol.keys())).min(1).unique();
    this.requestSchema = Joi.object<Request>({
      op: Joi.string().valid('subscribe', 'unsubscribe', 'ping').required(),
      channels: Joi.array().items(Joi.string().valid(...CHANNELS)).min(1).unique(),
      instruments: names,
    });
    this.server = new WebSocketServer({ noServer: true, maxPayload: options.messageBytesMax, perMessageDeflate: false });
  }

  attach(market: Market): void {
    this.market = market;
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
    this.broadcast(channel, instrument, () => make().map((one) => channelMessage(one, instrument)));
  }

  /** Takes over an HTTP upgrade to the stream's path. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, query: URLSearchParams): void {
    if (this.closing || this.clients.size >= this.options.connectionsMax) {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n\r\n');
      return;
    }
    this.server.handleUpgrade(request, socket, head, (webSocket) => this.accept(webSocket, socket, query));
  }

  private accept(socket: WebSocket, link: Duplex, query: URLSearchParams): void {
    const client = new Client(socket, link);
    client.awaitsBooks = this.market?.intact !== true;
    this.clients.add(client);
    this.heartbeat ??= setInterval(() => this.beat(), this.options.heartbeatMs / LOOKS_PER_HEARTBEAT);
    this.observer.connections(this.clients.size);
    socket.on('message', (data, isBinary) => this.receive(client, data, isBinary));
    socket.on('error', (error) => this.logger.debug({ err: error }, 'stream connection'));
    socket.on('close', () => {
      this.clients.delete(client);
      this.observer.connections(this.clients.size);
    });
    const channels = query.get('channels')?.split(',');
    const instruments = query.get('instruments')?.split(',');
    if (channels === undefined && instruments === undefined) {
      this.sendSnapshots(client, null);
      this.sendFirst(client, null);
      return;
    }
    // It gets what it asks for, snapshots included; and nothing while what it asks for is not understood.
    client.channels.clear();
    this.subscribe(client, { op: 'subscribe', ...(channels && { channels }), ...(instruments && { instruments }) });
  }

  private receive(client: Client, data: RawData, isBinary: boolean): void {
    let request: unknown;
    try {
      if (isBinary) throw new SyntaxError('binary');
      request = JSON.parse((data as Buffer).toString('utf8'));
    } catch {
      this.sendError(client, 'malformed_json', 'a message must be a JSON object');
      return;
    }
    // Copied, it would be the object's prototype, and its fields would be taken for the request's own.
    if (typeof request === 'object' && request !== null && Object.hasOwn(request, '__proto__')) {
      this.sendError(client, 'validation_failed', '__proto__ is not allowed');
      return;
    }
    this.subscribe(client, request);
  }

  private subscribe(client: Client, request: unknown): void {
    const checked = this.requestSchema.validate(request, { convert: false, errors: { wrap: { label: false } } });
    if (checked.error) {
      this.sendError(client, 'validation_failed', checked.error.message);
      return;
    }
    const { op, channels, instruments } = checked.value;
    if (op === 'ping') {
      this.send(client, this.control('pong', {}));
      return;
    }
    const before = this.bookInstruments(client);
    const fedBefore = this.fedPairs(client);
    if (op === 'subscribe') this.add(client, channels, instruments);
    else this.remove(client, channels, instruments);
    this.send(client, this.control('subscribed', {
      channels: [...client.channels],
      instruments: client.instruments === null ? [...this.bySymbol.keys()] : [...client.instruments],
    }));
    this.sendSnapshots(client, before);
    this.sendFirst(client, fedBefore);
  }

  private fedPairs(client: Client): Map<string, [Channel, string]> {
    const pairs = new Map<string, [Channel, string]>();
    for (const channel of this.fed.keys()) {
      if (!client.channels.has(channel)) continue;
      for (const name of client.instruments ?? this.bySymbol.keys()) pairs.set(`${channel}/${name}`, [channel, name]);
    }
    return pairs;
  }

  /** What the fed channels tell first, of what the client follows now and did not before. */
  private sendFirst(client: Client, before: ReadonlyMap<string, unknown> | null): void {
    if (this.market === null || !this.market.intact) return;
    for (const [pair, [channel, name]] of this.fedPairs(client)) {
      if (before?.has(pair)) continue;
      for (const one of this.fed.get(channel)?.(name) ?? []) this.send(client, channelMessage(one, name));
    }
  }

  private add(client: Client, channels: Channel[] | undefined, instruments: string[] | undefined): void {
    if (client.implicit) {
      // The first subscription by name narrows what a bare connection gets.
      client.implicit = false;
      if (channels) client.channels.clear();
      if (instruments) client.instruments = new Set();
    }
    for (const channel of channels ?? BARE_CHANNELS) client.channels.add(channel);
    if (instruments === undefined) client.instruments = null;
    else if (client.instruments !== null) for (const name of instruments) client.instruments.add(name);
  }

  private remove(client: Client, channels: Channel[] | undefined, instruments: string[] | undefined): void {
    client.implicit = false;
    if (instruments !== undefined) {
      client.instruments ??= new Set(this.bySymbol.keys());
      for (const name of instruments) client.instruments.delete(name);
    }
    if (channels !== undefined) for (const channel of channels) client.channels.delete(channel);
    if (channels === undefined && instruments === undefined) client.channels.clear();
  }

  /** Instruments whose book the client follows. */
  private bookInstruments(client: Client): Set<string> {
    if (!client.channels.has('orderbook')) return new Set();
    return new Set(client.instruments ?? this.bySymbol.keys());
  }

  /** Snapshots of the books that the client follows now and did not before. */
  private sendSnapshots(client: Client, before: ReadonlySet<string> | null): void {
    if (this.market === null || !this.market.intact) return;
    for (const name of this.bookInstruments(client)) {
      if (before?.has(name)) continue;
      const book = this.market.book(name);
      if (book !== undefined) this.send(client, snapshotMessage(book, this.bySymbol.get(name) as Instrument, Infinity));
    }
  }

  /** MarketListener */
  reset(market: Market): void {
    for (const name of this.bySymbol.keys()) {
      this.bookSequence.set(name, market.book(name)?.changedSequence ?? 0);
    }
    for (const client of this.clients) {
      if (client.awaitsBooks) {
        client.awaitsBooks = false;
      } else {
        // Whatever the channel: trades and orders of the gap are not told one by one.
        this.send(client, this.control('resync', { reason: 'market_data_interrupted' }));
        this.observer.resynced();
      }
      this.sendSnapshots(client, null);
      this.sendFirst(client, null);
    }
  }

  /** MarketListener */
  entry(entry: LogEntry, market: Market): void {
    // A refusal is between the venue and its client.
    if (entry.kind === 'refuse' || entry.kind === 'keep') return;
    const touched = new Set(entry.levels.map((level) => level.instrument));
    const previous = new Map<string, number>();
    for (const name of touched) {
      previous.set(name, this.bookSequence.get(name) ?? 0);
      this.bookSequence.set(name, entry.sequence);
    }
    if (this.clients.size === 0) return;
    const taker = entry.orders[0];
    const home = taker === undefined ? undefined : this.bySymbol.get(taker.instrument);
    if (home !== undefined && entry.fills.length > 0) {
      this.broadcast('trades', home.instrument, () => tradeMessages(entry, home));
    }
    const orders: Order[] = [...entry.orders, ...entry.fills.map((fill) => fill.maker)];
    for (const order of orders) {
      const instrument = this.bySymbol.get(order.instrument);
      if (instrument !== undefined) this.broadcast('orders', order.instrument, () => [orderMessage(order, entry, instrument)]);
    }
    for (const name of touched) {
      const instrument = this.bySymbol.get(name);
      const book = market.book(name);
      if (instrument === undefined || book === undefined) continue;
      this.broadcast('orderbook', name, () => [deltaMessage(entry, book, instrument, previous.get(name) as number)]);
    }
  }

  private broadcast(channel: Channel, instrument: string, make: () => string[]): void {
    let messages: Buffer[] | null = null;
    for (const client of this.clients) {
      if (!client.wants(channel, instrument)) continue;
      messages ??= make().map((text) => Buffer.from(text));
      for (const message of messages) this.send(client, message);
    }
  }

  private send(client: Client, message: string | Buffer): void {
    const { socket } = client;
    if (socket.readyState !== socket.OPEN) return;
    if (client.isBehind(this.options.bufferBytesMax)) {
      this.observer.dropped();
      socket.close(CLOSE_POLICY, 'slow_consumer');
      socket.terminate();
      return;
    }
    client.lastSentMs = Date.now();
    client.write(message);
    this.observer.sent(1);
  }

  private control(type: string, data: unknown): string {
    return controlMessage(type, this.market?.sequence ?? 0, Date.now() * 1000, data);
  }

  private sendError(client: Client, code: string, message: string): void {
    this.send(client, this.control('error', { code, message }));
  }

  private beat(): void {
    const due = Date.now() - this.options.heartbeatMs;
    let text: string | null = null;
    for (const client of this.clients) {
      if (client.lastSentMs <= due) this.send(client, text ??= this.control('heartbeat', {}));
    }
  }

  /** Tells every client and closes its connection. */
  async close(): Promise<void> {
    this.closing = true;
    if (this.heartbeat !== null) clearInterval(this.heartbeat);
    for (const client of this.clients) {
      this.send(client, this.control('shutdown', { reason: 'the service is shutting down' }));
      client.socket.close(CLOSE_GOING_AWAY, 'shutdown');
    }
    const deadline = Date.now() + CLOSE_GRACE_MS;
    while (this.clients.size > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
    for (const client of this.clients) client.socket.terminate();
    this.server.close();
  }
}

