import { randomUUID } from 'node:crypto';
import { createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Express } from 'express';
import { refusalOf, type Refusal } from '../domain/refusal';
import type { TlsCertificate } from '../tls-files';
import type { Answer } from './answer';
import type { Dialect, Upgrade } from './dialect';
import type { Dispatcher } from './dispatch';
import { isPreflight, preflightHeaders, type OriginGuard } from './origin-guard';
import type { Peers } from './peers';
import { parametersOf } from './query';
import { RequestRefusal, invalid } from './request-refusal';
import type { RouteTable } from './route-table';
import { TRANSPORT_SECURITY, TlsPort } from './tls-port';

export interface HttpServerOptions {
  readonly host: string;
  readonly port: number;
  readonly connectionsMax: number;
  readonly requestTimeoutMs: number;
  /** null for a port that speaks plain HTTP. */
  readonly certificate: TlsCertificate | null;
}

const HEADERS_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 65_000;
const HEADER_BYTES_MAX = 16_384;
/** How often requests are looked at that take too long to arrive. */
const TIMEOUT_CHECK_MS = 1_000;
const DRAIN_POLL_MS = 10;
/** What was answered last still has to reach its client. */
const LAST_ANSWERS_MS = 50;

/**
 * The service's one port: what is plainly one of its routes ahead of Express, everything else through Express, and WebSocket
 * upgrades by path.
 */
export class HttpServer {
  private readonly server: Server;
  private readonly tls: TlsPort | null;
  /** Connections that are not WebSockets. */
  private readonly sockets = new Set<Duplex>();
  /** Connections that were told of before. */
  private readonly met = new WeakSet<Duplex>();
  /** Answers that each connection still waits for. */
  private readonly unanswered = new WeakMap<Duplex, Set<ServerResponse>>();

  constructor(
    private readonly options: HttpServerOptions,
    private readonly table: RouteTable,
    private readonly express: () => Express,
    private readonly dispatcher: Dispatcher,
    private readonly guard: OriginGuard,
    private readonly peers: Peers,
    /** Off sends every request through Express: both ways must answer alike. */
    private readonly hotPath: boolean = true,
  ) {
    const settings = {
      maxHeaderSize: HEADER_BYTES_MAX,
      keepAliveTimeout: KEEP_ALIVE_MS,
      requestTimeout: options.requestTimeoutMs,
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, options.requestTimeoutMs),
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      // Node's own refusal has no problem document.
      requireHostHeader: false,
    };
    const handle = (request: IncomingMessage, response: ServerResponse): void => this.handle(request, response);
    this.tls = options.certificate === null ? null : new TlsPort(options.certificate, settings, () => this.answerToPlain(), handle);
    this.server = this.tls?.server ?? createServer(settings, handle);
    this.server.maxConnections = options.connectionsMax;
    // Node would drop what stands behind the thousandth without a word, a key or an Origin among it; bytes are bounded above.
    this.server.maxHeadersCount = 0;
    // An expectation that we do not know may be ignored (RFC 9110, 10.1.1); Node's own refusal is empty.
    this.server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => this.handle(request, response));
    this.server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      const problem = problemOfParser(error);
      if (problem === null) socket.destroy();
      else this.answerBroken(problem, this.table.nothingAt('/').dialect, socket);
    });
    this.server.on(this.connectionEvent, (socket: Duplex) => {
      this.sockets.add(socket);
      // One comes again with each upgrade that is ignored.
      if (this.met.has(socket)) return;
      this.met.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    this.server.on('connect', (_request, socket: Duplex) => (
      this.answerBroken(new RequestRefusal('method_not_allowed', { headers: { Allow: '' } }), this.table.nothingAt('/').dialect, socket)
    ));
    this.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      // From here on Node leaves the socket to us; an error that nobody hears would end the process.
      socket.removeListener('error', destroyOnError).on('error', destroyOnError);
      this.sockets.delete(socket);
      const { path, query } = partsOf(request.url ?? '/');
      const upgrade = isWebSocket(request) ? table.upgradeAt(path) : null;
      this.behindEarlierAnswers(socket, () => {
        if (upgrade === null) this.serveWithoutUpgrade(request, socket, head);
        else this.upgrade(upgrade, request, socket, head, path, query);
      });
    });
  }

  /** Tells of connections on which requests come. */
  private get connectionEvent(): 'connection' | 'secureConnection' {
    return this.tls === null ? 'connection' : 'secureConnection';
  }

  /** New connections are shown another certificate. */
  renewCertificate(certificate: TlsCertificate): void {
    this.tls?.renew(certificate);
  }

  private upgrade(upgrade: Upgrade, request: IncomingMessage, socket: Duplex, head: Buffer, path: string, query: string): void {
    const { dialect } = this.table.nothingAt(path);
    const foreign = this.guard.refusal(request);
    if (foreign !== null) {
      this.answerBroken(foreign, dialect, socket);
      return;
    }
    const address = this.peers.addressOf(request);
    void this.dispatcher.principalOfUpgrade(request, address).then((principal) => {
      if (socket.destroyed) return;
      const refusal = upgrade(request, socket, head, parametersOf(query), { principal, address });
      if (refusal !== null) this.answerBroken(new RequestRefusal(refusal), dialect, socket);
    }).catch((error: unknown) => this.answerBroken(refusalOf(error) ?? new RequestRefusal('internal_error'), dialect, socket));
  }

  /** Runs `work` when the answers to all whole requests of a connection are out. */
  private behindEarlierAnswers(socket: Duplex, work: () => void): void {
    const earlier = [...this.unanswered.get(socket) ?? []].filter((response) => response.req.complete).at(-1);
    if (earlier === undefined) work();
    else earlier.once('close', () => this.behindEarlierAnswers(socket, work));
  }

  /**
   * An upgrade that we do not know is ignored (RFC 9110, 7.8): clients offer h2c by default. Node has let go of such a
   * request before its body, so it goes through the parser once more, without the offer.
   */
  private serveWithoutUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    let text = `${request.method} ${request.url} HTTP/1.1\r\n`;
    for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
      const name = request.rawHeaders[i] as string;
      if (!UPGRADE_HEADERS.has(name.toLowerCase())) text += `${name}: ${request.rawHeaders[i + 1]}\r\n`;
    }
    if (socket.destroyed) return;
    socket.unshift(Buffer.concat([Buffer.from(`${text}\r\n`, 'latin1'), head]));
    this.server.emit(this.connectionEvent, socket);
  }

  /** What is not HTTP never reaches a handler; it still gets a problem document, behind the answers of the requests before it. */
  private answerBroken(refusal: Refusal, dialect: Dialect, socket: Duplex): void {
    if (socket.listenerCount('error') === 0) socket.on('error', destroyOnError);
    this.behindEarlierAnswers(socket, () => {
      // Where the answer to the broken request itself has begun, another one would be taken for part of it.
      const hasBegun = [...this.unanswered.get(socket) ?? []].some((response) => response.headersSent);
      if (hasBegun || !socket.writable) socket.destroy();
      else {
        const requestId = randomUUID();
        socket.end(this.rawAnswer(dialect.answerOf(refusal, requestId), requestId));
      }
    });
  }

  private answerToPlain(): string {
    const requestId = randomUUID();
    return this.rawAnswer(this.table.nothingAt('/').dialect.answerOf(new RequestRefusal('validation_failed', { detail: 'This port speaks https alone.' }), requestId), requestId);
  }

  private rawAnswer({ status, body, headers }: Answer, requestId: string): string {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const all = {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(text),
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'X-Request-Id': requestId,
      Connection: 'close',
      ...(this.tls !== null && TRANSPORT_SECURITY),
      ...headers,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join('');
    return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines}\r\n${text}`;
  }

  /** Whether a connection is a stream: those close later. */
  private isEventStream(socket: Duplex): boolean {
    return [...this.unanswered.get(socket) ?? []].some((response) => response.getHeader('Content-Type') === 'text/event-stream');
  }

  private handle(request: IncomingMessage, response: ServerResponse): void {
    const waiting = this.unanswered.get(request.socket) ?? new Set();
    this.unanswered.set(request.socket, waiting.add(response));
    response.once('close', () => waiting.delete(response));
    if (this.tls !== null) for (const [name, value] of Object.entries(TRANSPORT_SECURITY)) response.setHeader(name, value);
    const { path, query } = partsOf(request.url ?? '/');
    if (request.headers.host === undefined && request.httpVersion === '1.1') {
      this.answerWith(request, response, path, () => Promise.reject(invalid([{ field: 'Host', message: 'is required' }])));
      return;
    }
    if (!this.table.isForAnyHost(path)) {
      const foreign = this.guard.admit(request, response, this.table.usesCookie(path));
      if (foreign !== null) {
        this.answerWith(request, response, path, () => Promise.reject(foreign));
        return;
      }
      if (isPreflight(request)) {
        this.answerWith(request, response, path, () => Promise.resolve({ status: 204, body: '', headers: preflightHeaders(request) }));
        return;
      }
    }
    const match = this.hotPath ? this.table.match(request.method ?? '', path) : null;
    if (match !== null) {
      void this.dispatcher.serve(match.route, request, response, match.params, query);
      return;
    }
    // Express' types call for its own request and response; it makes them of these.
    this.express()(request as never, response as never);
  }

  /** Answers what does not come as far as a route, in the words of the dialect that its path is of. */
  private answerWith(request: IncomingMessage, response: ServerResponse, path: string, handle: () => Promise<Answer>): void {
    void this.dispatcher.serve({ ...this.table.nothingAt(path), handle }, request, response, {}, '');
  }

  /** @returns the port, which the system chose where 0 was asked for. */
  async listen(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.options.port, this.options.host, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : this.options.port;
  }

  /** Stops accepting, lets what is in flight finish for at most `timeoutMs`, closes the rest. Then dialects let go of theirs. Streams stay open. */
  async close(timeoutMs: number): Promise<void> {
    this.dispatcher.drain();
    // Not waited for: the streams' connections count, too, and close later.
    this.server.close();
    this.server.closeIdleConnections();
    const deadline = Date.now() + timeoutMs;
    while (this.dispatcher.requestsInFlight > 0 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
    }
    // Answers that were just written need a turn to leave.
    await new Promise((resolve) => setImmediate(resolve));
    this.server.closeIdleConnections();
    await new Promise((resolve) => setTimeout(resolve, LAST_ANSWERS_MS));
    this.tls?.dropBeginners();
    for (const socket of this.sockets) if (!this.isEventStream(socket)) socket.destroy();
    for (const dialect of this.table.dialects) await dialect.close?.();
  }
}

/** One for all sockets: a function of each would keep its request alive as long as the connection. */
function destroyOnError(this: Duplex): void {
  this.destroy();
}

/** Headers that speak of an upgrade only. */
const UPGRADE_HEADERS = new Set(['connection', 'upgrade', 'http2-settings']);

const WEBSOCKET_KEY = /^[+/0-9A-Za-z]{22}==$/;

/** Whether a handshake is one that can succeed; any other is told so as a plain request. */
function isWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && headers['sec-websocket-version'] === '13'
    && WEBSOCKET_KEY.test(headers['sec-websocket-key'] ?? '');
}

function partsOf(url: string): { path: string; query: string } {
  const mark = url.indexOf('?');
  return mark < 0 ? { path: url, query: '' } : { path: url.slice(0, mark), query: url.slice(mark + 1) };
}

/** @returns null for what is wrong with the connection and not with what came on it */
function problemOfParser({ code = '' }: NodeJS.ErrnoException): RequestRefusal | null {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW': return new RequestRefusal('headers_too_large');
    case 'ERR_HTTP_REQUEST_TIMEOUT': return new RequestRefusal('request_timeout');
    default: return code.startsWith('HPE_') ? new RequestRefusal('validation_failed', { detail: 'The request is not valid HTTP.' }) : null;
  }
}
