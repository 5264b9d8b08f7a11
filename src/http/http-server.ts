import { createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Express } from 'express';
import { Problem } from '../api/problem';
import type { Dispatcher } from './dispatch';
import { matchHotRoute, type Route } from './routes';

export interface HttpServerOptions {
  readonly host: string;
  readonly port: number;
  readonly connectionsMax: number;
  readonly requestTimeoutMs: number;
}

export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer, query: URLSearchParams) => void;

const HEADERS_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 65_000;
const HEADER_BYTES_MAX = 16_384;
const DRAIN_POLL_MS = 10;

/**
 * The service's one port: order routes ahead of Express, everything else through Express, and WebSocket
 * upgrades by path.
 */
export class HttpServer {
  private readonly server: Server;
  private readonly hot: Map<string, Route>;

  constructor(
    private readonly options: HttpServerOptions,
    routes: readonly Route[],
    private readonly express: Express,
    private readonly dispatcher: Dispatcher,
    upgrades: ReadonlyMap<string, Upgrade>,
    /** Off sends every request through Express: both ways must answer alike. */
    private readonly hotPath: boolean = true,
  ) {
    this.hot = new Map(routes.map((route) => [`${route.method} ${route.path}`, route]));
    this.server = createServer({ maxHeaderSize: HEADER_BYTES_MAX, keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => this.handle(request, response));
    this.server.maxConnections = options.connectionsMax;
    this.server.requestTimeout = options.requestTimeoutMs;
    this.server.headersTimeout = HEADERS_TIMEOUT_MS;
    this.server.on('clientError', (error, socket) => answerBrokenRequest(error as NodeJS.ErrnoException, socket));
    this.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      const upgrade = upgrades.get(url.pathname.replace(/\/+$/, ''));
      if (upgrade === undefined) socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
      else upgrade(request, socket, head, url.searchParams);
    });
  }

  private handle(request: IncomingMessage, response: ServerResponse): void {
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    const match = this.hotPath ? matchHotRoute(request.method ?? '', path) : null;
    const route = match === null ? undefined : this.hot.get(`${request.method} ${match.path}`);
    if (match !== null && route !== undefined) {
      void this.dispatcher.run(route, request, response, match.params, mark < 0 ? '' : url.slice(mark + 1));
      return;
    }
    // Express' types call for its own request and response; it makes them of these.
    this.express(request as never, response as never);
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

  /** Stops accepting, lets what is in flight finish, closes the rest after `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    this.dispatcher.drain();
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeIdleConnections();
    const deadline = Date.now() + timeoutMs;
    while (this.dispatcher.requestsInFlight > 0 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
    }
    // Answers that were just written need a turn to leave.
    await new Promise((resolve) => setImmediate(resolve));
    this.server.closeIdleConnections();
    const closing = setTimeout(() => this.server.closeAllConnections(), 100);
    await closed;
    clearTimeout(closing);
  }
}

/** A request that is not HTTP never reaches a handler; it still gets a problem document. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = error.code === 'HPE_HEADER_OVERFLOW'
    ? new Problem('headers_too_large')
    : new Problem('validation_failed', { detail: 'The request is not valid HTTP.' });
  const text = JSON.stringify(problem.body(''));
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\nContent-Type: application/problem+json\r\n`
    + `Content-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
  );
}
