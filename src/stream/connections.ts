import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Caller } from '../domain/principal';
import { Subscriber } from './audience';
import type { CallerEnd, Opened } from './dialect';
import { Encoding } from './encoding';
import type { Who } from './following';
import { EventStreamLink } from './event-stream-link';
import type { Link } from './link';
import type { MarketFollower } from './market-follower';
import { Message } from './message';
import type { StreamObserver, StreamOptions } from './options';
import type { SlowSubscribers } from './slow-subscribers';
import type { Subscribing } from './subscribing';
import type { Telling } from './telling';
import { WebSocketLink } from './web-socket-link';

/** Why a connection cannot go on being a caller's, null where it can. */
export type Standing = (caller: Caller) => CallerEnd | null;

/** Why a connection is not taken. */
export type StreamRefusal = 'shutting_down' | 'streams_full' | 'too_many_streams';

/** Looks for silent clients in each heartbeat period: silence may last that much of it longer. */
const LOOKS_PER_HEARTBEAT = 4;
/** Longest wait for clients to answer the close, at shutdown. */
const CLOSE_GRACE_MS = 500;
const CLOSE_POLL_MS = 10;

/** Who is connected: whom to take, who is still there, and how it ends. */
export class Connections {
  private readonly server: WebSocketServer;
  private readonly subscribers = new Set<Subscriber>();
  private readonly byAddress = new Map<string, number>();
  private timers: NodeJS.Timeout[] = [];
  private closing = false;

  constructor(
    private readonly follower: MarketFollower,
    private readonly telling: Telling,
    private readonly slow: SlowSubscribers,
    private readonly subscribing: Subscribing,
    private readonly options: StreamOptions,
    private readonly logger: Logger,
    private readonly observer: StreamObserver,
  ) {
    this.server = new WebSocketServer({ noServer: true, maxPayload: options.messageBytesMax, perMessageDeflate: false, autoPong: false });
  }

  get all(): ReadonlySet<Subscriber> {
    return this.subscribers;
  }

  /** @returns why one more connection from an address is not taken; null when it is */
  refusal(address: string): StreamRefusal | null {
    if (this.closing) return 'shutting_down';
    if (this.subscribers.size >= this.options.connectionsMax) return 'streams_full';
    return (this.byAddress.get(address) ?? 0) >= this.options.connectionsPerAddressMax ? 'too_many_streams' : null;
  }

  /** Takes over an HTTP upgrade to a path of the stream. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, address: string, { session, start }: Opened, who: Who): void {
    this.server.handleUpgrade(request, socket, head, (webSocket) => {
      const link = new WebSocketLink(webSocket, socket, Encoding.of(session.encoder, 'frames'));
      const subscriber = new Subscriber(link, session, address, who);
      this.listen(subscriber, webSocket);
      this.admit(subscriber);
      this.subscribing.begin(subscriber, start);
    });
  }

  /** Apart, since what its functions can see lives as long as the connection. */
  private listen(subscriber: Subscriber, socket: WebSocket): void {
    socket.on('message', (data, isBinary) => this.subscribing.receive(subscriber, isBinary ? null : (data as Buffer).toString('utf8')));
    socket.on('pong', () => { subscriber.isAlive = true; });
    socket.on('ping', (data) => this.pong(subscriber, socket, data));
    socket.on('error', this.connectionError);
    socket.on('close', () => this.forget(subscriber));
  }

  private pong(subscriber: Subscriber, socket: WebSocket, data: Buffer): void {
    if (subscriber.isLeaving) return;
    subscriber.isAlive = true;
    socket.pong(data);
    this.slow.holdBack(subscriber);
  }

  private readonly connectionError = (error: Error): void => {
    this.logger.debug({ err: error }, 'stream connection');
  };

  /** Takes a response whose head is written as a stream of events. */
  acceptEvents(response: ServerResponse, address: string, { session, start }: Opened, who: Who): void {
    const link: Link = new EventStreamLink(response, Encoding.of(session.encoder, 'events'));
    const subscriber = new Subscriber(link, session, address, who);
    response.on('error', this.connectionError);
    response.on('close', () => this.forget(subscriber));
    this.admit(subscriber);
    this.subscribing.begin(subscriber, start);
  }

  private admit(subscriber: Subscriber): void {
    this.subscribers.add(subscriber);
    this.byAddress.set(subscriber.address, (this.byAddress.get(subscriber.address) ?? 0) + 1);
    if (this.timers.length === 0) {
      this.timers = [
        setInterval(() => this.beat(), this.options.heartbeatMs / LOOKS_PER_HEARTBEAT),
        setInterval(() => this.findDeadPeers(), this.options.pingMs),
      ];
    }
    this.observer.connections(this.subscribers.size);
  }

  private forget(subscriber: Subscriber): void {
    if (!this.subscribers.delete(subscriber)) return;
    this.telling.leave(subscriber);
    const others = (this.byAddress.get(subscriber.address) ?? 1) - 1;
    if (others > 0) this.byAddress.set(subscriber.address, others);
    else this.byAddress.delete(subscriber.address);
    this.observer.connections(this.subscribers.size);
  }

  /** Heartbeats for those that heard nothing, and an end for those that have been behind for too long. */
  private beat(): void {
    const nowMs = Date.now();
    const dueMs = nowMs - this.options.heartbeatMs;
    const { position, sequence } = this.follower;
    const news = { kind: 'notice', notice: { is: 'heartbeat' }, epoch: position.epoch, sequence, timeUs: nowMs * 1_000 } as const;
    const message = new Message(news, position);
    // One that waits for books to go on from must not be moved on.
    const nowhere = new Message(news);
    for (const subscriber of this.subscribers) {
      if (subscriber.isLeaving || !this.slow.check(subscriber, nowMs) || subscriber.lastSentMs > dueMs || subscriber.requests !== null) continue;
      subscriber.lastSentMs = nowMs;
      subscriber.link.write((subscriber.awaiting.length === 0 ? message : nowhere).in(subscriber.encoding));
      this.observer.sent(1);
    }
  }

  /** Ends connections whose caller's login has ended, and takes from others what they may not follow any more. */
  recheck(standing: Standing): void {
    for (const subscriber of this.subscribers) {
      const { principal } = subscriber.who;
      if (subscriber.isLeaving || principal.kind !== 'caller') continue;
      const end = standing(principal);
      if (end === null) this.subscribing.narrow(subscriber);
      else this.telling.drop(subscriber, end);
    }
  }

  private findDeadPeers(): void {
    for (const subscriber of this.subscribers) {
      // One that is not read from cannot be heard, and is not waited for longer than it may be behind.
      if (subscriber.link.kind === 'events' || subscriber.isHeldBack) continue;
      if (!subscriber.isAlive) {
        subscriber.link.destroy();
        continue;
      }
      subscriber.isAlive = false;
      subscriber.link.ping();
    }
  }

  /** Tells every client and closes its connection. */
  async close(): Promise<void> {
    this.closing = true;
    for (const timer of this.timers) clearInterval(timer);
    this.follower.flush();
    for (const subscriber of this.subscribers) {
      if (!subscriber.isLeaving) {
        this.slow.catchUp(subscriber);
        this.telling.notice(subscriber, { is: 'shutdown' });
      }
      this.telling.end(subscriber, 'shutdown');
    }
    const deadlineMs = Date.now() + CLOSE_GRACE_MS;
    while (this.subscribers.size > 0 && Date.now() < deadlineMs) await new Promise((resolve) => setTimeout(resolve, CLOSE_POLL_MS));
    for (const subscriber of this.subscribers) subscriber.link.destroy();
    this.server.close();
  }
}
