import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { MESSAGE_ACCESS } from '#openfill-contract';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import { wholeNumberOf } from '../../domain/amounts';
import type { Context } from '../../domain/context';
import { ownAccount, type Principal } from '../../domain/principal';
import type { ResultCode } from '../../domain/result-code';
import type { Answer } from '../../http/answer';
import { audited } from '../../http/audited';
import { contextOfMessage } from '../../http/context';
import type { Dialect, Opener } from '../../http/dialect';
import type { Dispatcher } from '../../http/dispatch';
import { RequestRefusal, invalid } from '../../http/request-refusal';
import type { Gate } from '../../people/gate';
import type { ConnectionLease } from '../../trading/connection-leases';
import { CLOSE_SESSION_ENDED, callerOfMessage } from './authentication';
import { parseJson } from './check/json';
import { ENTRY_ID_LENGTH_MAX } from './documents/asyncapi';
import type { NativeControls } from './native-controls';
import type { NativeLists } from './native-lists';
import { costOfBatch, type NativeOrders } from './native-orders';

/**
 * Order entry over a WebSocket: requests `{ "id", "op", … }`, each answered with `{ "id", "status", "body" }`, where status
 * and body are what the HTTP call would have answered. The handlers, limits and errors are those of HTTP; what is saved is
 * HTTP's own work for each request. Requests of one connection are carried out in the order they came, except that one
 * which names an order of unknown owner waits for a look-up.
 */

export interface OrderEntryOptions {
  readonly connectionsMax: number;
  /** Requests of one connection that may wait for their answers. */
  readonly inFlightMax: number;
  readonly messageBytesMax: number;
  /** Bytes of answers that a client has not read, from which on it is not read from either. */
  readonly bufferBytesMax: number;
  /** How long a connection may be nobody's, where callers say who they are. */
  readonly authTimeoutMs: number;
  /** A peer that answers no ping for so long is gone. */
  readonly pingMs: number;
  /** How long it may take to answer a request. */
  readonly requestTimeoutMs: number;
}

export interface OrderEntryObserver {
  connections(count: number): void;
}

/** WebSocket close codes (RFC 6455). */
const CLOSE_GOING_AWAY = 1001;
const CLOSE_GRACE_MS = 500;
/** Close code of a connection whose clients' orders have gone although it had not ended: its process was silent for too long. */
const CLOSE_LEASE_LOST = 4408;
/** How long a connection that has ended is waited for to have answered what it was asked. */
const ANSWERS_WAIT_MS = 1_000;
/** How often connections are looked at whose token may be over. */
const LOOK_MS = 500;
const MESSAGES = MESSAGE_ACCESS['/orders'];
/** How often a client whose answers pile up is looked at again. */
const RESUME_POLL_MS = 5;

type RequestId = string | number;

type Fields = Readonly<Record<string, unknown>>;

/** @returns what a message says, or why it says nothing */
function parse(data: RawData, isBinary: boolean): Fields | Error {
  try {
    if (isBinary) throw new RequestRefusal('malformed_json', { detail: 'A request must be a text message.' });
    const request = parseJson(data as Buffer);
    if (typeof request !== 'object' || request === null || Array.isArray(request)) throw invalid([{ field: 'body', message: 'must be a JSON object' }]);
    return request as Fields;
  } catch (error) {
    return error as Error;
  }
}

/** @returns null for what cannot be a request's id */
function idOf(request: Fields): RequestId | null {
  if (typeof request.id === 'string') return request.id.length >= 1 && request.id.length <= ENTRY_ID_LENGTH_MAX ? request.id : null;
  return wholeNumberOf(request.id);
}

class Connection {
  readonly openedMs = performance.now();
  inFlight = 0;
  /** Who it is, as the handshake or a message said last. */
  principal: Principal;
  /** While a message says who it is: what comes behind it is of whoever that makes it. */
  identifying: Promise<void> | null = null;
  /** Whether it answered the last ping. */
  isAlive = true;
  /** Of clients whose orders go with the connection. */
  lease: ConnectionLease | null = null;
  private isGathering = false;

  /** @param link the connection under the socket; @param path with its query, as it was opened */
  constructor(readonly socket: WebSocket, readonly address: string, readonly path: string, principal: Principal, private readonly link: Duplex) {
    this.principal = principal;
  }

  /** Answers of one turn leave in one write: a system call for each costs more than making it. */
  send(text: string): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    if (!this.isGathering) {
      this.isGathering = true;
      this.link.cork();
      process.nextTick(() => {
        this.isGathering = false;
        this.link.uncork();
      });
    }
    this.socket.send(text);
  }
}

export class OrderEntryServer {
  private readonly server: WebSocketServer;
  private readonly connections = new Set<Connection>();
  private readonly pings: NodeJS.Timeout;
  private readonly looks: NodeJS.Timeout | undefined;
  private closing = false;

  constructor(
    private readonly dialect: Pick<Dialect, 'answerOf'> & { readonly orders: NativeOrders; readonly lists: NativeLists; readonly controls: NativeControls },
    private readonly dispatcher: Pick<Dispatcher, 'perform'>,
    private readonly options: OrderEntryOptions,
    private readonly logger: Logger,
    private readonly observer: OrderEntryObserver,
    /** null where nobody is asked who they are. */
    private readonly gate: Gate | null,
  ) {
    this.server = new WebSocketServer({ noServer: true, maxPayload: options.messageBytesMax, perMessageDeflate: false });
    this.pings = setInterval(() => this.ping(), options.pingMs);
    if (gate === null) return;
    gate.onChange(() => this.endStrangers(gate));
    this.looks = setInterval(() => this.endStrangers(gate), LOOK_MS);
  }

  /** Takes over an HTTP upgrade to the path of order entry. @returns why it is not taken, null when it is */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, { principal, address }: Opener): ResultCode | null {
    if (this.closing) return 'shutting_down';
    if (this.connections.size >= this.options.connectionsMax && !this.dropStranger()) return 'order_entry_full';
    this.server.handleUpgrade(request, socket, head, (webSocket) => this.accept(new Connection(webSocket, address, request.url ?? '', principal, socket)));
    return null;
  }

  /** Strangers must not keep callers out: the one that has been nobody for longest makes room. @returns whether there was one */
  private dropStranger(): boolean {
    for (const connection of this.connections) {
      if (connection.principal.kind !== 'nobody') continue;
      this.connections.delete(connection);
      this.end(connection.socket, 'unauthenticated');
      return true;
    }
    return false;
  }

  private accept(connection: Connection): void {
    const { socket } = connection;
    this.connections.add(connection);
    this.observer.connections(this.connections.size);
    socket.on('message', (data, isBinary) => this.receive(connection, data, isBinary));
    socket.on('pong', () => { connection.isAlive = true; });
    socket.on('error', (error) => this.logger.debug({ err: error }, 'order entry connection'));
    socket.on('close', () => {
      this.connections.delete(connection);
      this.observer.connections(this.connections.size);
      void this.letGo(connection);
    });
  }

  /** Behind what the connection has asked for: an order of its that comes later would stay. */
  private async letGo(connection: Connection): Promise<void> {
    const deadline = performance.now() + ANSWERS_WAIT_MS;
    while (connection.inFlight > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, RESUME_POLL_MS));
    connection.lease?.end();
  }

  private receive(connection: Connection, data: RawData, isBinary: boolean): void {
    // One that was closed is nobody's, whether or not its peer takes notice.
    if (connection.socket.readyState !== connection.socket.OPEN) return;
    connection.inFlight++;
    if (connection.identifying === null || connection.inFlight > this.options.inFlightMax) void this.serve(connection, data, isBinary);
    else void this.serveInTurn(connection, data, isBinary);
    if (connection.socket.bufferedAmount > this.options.bufferBytesMax) this.waitForReader(connection);
  }

  /** Of all that wait, the one that says who it is next is begun before any behind it looks. */
  private async serveInTurn(connection: Connection, data: RawData, isBinary: boolean): Promise<void> {
    while (connection.identifying !== null) await connection.identifying;
    await this.serve(connection, data, isBinary);
  }

  /** Every message is answered; one whose id cannot be told, with null for it. */
  private async serve(connection: Connection, data: RawData, isBinary: boolean): Promise<void> {
    const context = contextOfMessage(connection.principal, connection.address, this.options.requestTimeoutMs);
    const request = parse(data, isBinary);
    const fields = request instanceof Error ? {} : request;
    const id = idOf(fields);
    const isAuth = this.gate !== null && fields.op === 'auth';
    const isTooMany = connection.inFlight > this.options.inFlightMax;
    let identified = (): void => undefined;
    if (isAuth && !isTooMany) connection.identifying = new Promise((resolve) => { identified = resolve; });
    const answer = await this.dispatcher.perform(
      'WS', routeOf(fields.op), context, this.dialect, () => {
        if (request instanceof Error) throw request;
        if (id === null && !isAuth) throw invalid([{ field: 'id', message: `must be a whole number or a text of 1 to ${ENTRY_ID_LENGTH_MAX} characters` }]);
        if (isTooMany) {
          throw new RequestRefusal('rate_limited', { detail: `At most ${this.options.inFlightMax} requests of a connection may wait for their answers.` });
        }
        if (this.gate !== null && isAuth) return this.authenticate(this.gate, connection, fields);
        return this.gate === null ? this.carryOut(connection, fields, context) : this.carryOutFor(this.gate, connection, fields, context);
      },
    );
    connection.inFlight--;
    if (isAuth && !isTooMany) {
      connection.identifying = null;
      identified();
    }
    this.answer(connection, id, answer);
  }

  /** `{ "op": "auth", "token" }`, or a key's signature over the path: from then on the connection is the caller's. */
  private async authenticate(gate: Gate, connection: Connection, fields: Fields): Promise<Answer> {
    const caller = await callerOfMessage(gate, fields, connection.path, connection.address);
    connection.principal = caller;
    return { status: 200, body: { authenticated: true, username: caller.person.username, account_id: ownAccount(caller) } };
  }

  private async carryOutFor(gate: Gate, connection: Connection, fields: Fields, context: Context): Promise<Answer> {
    const { op } = fields;
    const { principal } = context;
    const end = principal.kind === 'caller' ? gate.standing(principal) : null;
    if (end !== null) throw new RequestRefusal(end);
    // What is no operation is told so, to whoever may ask for one.
    const access = typeof op === 'string' && Object.hasOwn(MESSAGES, op) ? MESSAGES[op as keyof typeof MESSAGES] : MESSAGES.place;
    await gate.admit(context.principal, access, context.address, op === 'batch' ? costOfBatch(fields) : null);
    if (!gate.isAudited(context.principal)) return this.carryOut(connection, fields, context);
    const action = { name: String(op), path: '/orders', isRead: false };
    return audited(gate.audit, context.principal, action, { context, params: {}, query: '', body: fields }, () => this.carryOut(connection, fields, context));
  }

  /** Connections whose caller's login has ended, whose token or key is over, or that do not say who they are. */
  private endStrangers(gate: Gate): void {
    const longAgoMs = performance.now() - this.options.authTimeoutMs;
    for (const { principal, socket, openedMs } of this.connections) {
      if (principal.kind === 'nobody' && openedMs < longAgoMs) this.end(socket, 'unauthenticated');
      if (principal.kind !== 'caller') continue;
      const end = gate.standing(principal);
      if (end !== null) this.end(socket, end);
    }
  }

  /** A peer that does not answer the close is cut off. */
  private end(socket: WebSocket, reason: string, code = CLOSE_SESSION_ENDED): void {
    if (socket.readyState !== socket.OPEN) return;
    socket.close(code, reason);
    setTimeout(() => socket.terminate(), CLOSE_GRACE_MS).unref();
  }

  private carryOut(connection: Connection, { id: _id, ...operation }: Fields, context: Context): Promise<Answer> {
    const { op, ...body } = operation;
    switch (op) {
      case 'batch': return this.dialect.orders.batch(context, body);
      case 'place_list': return this.dialect.lists.place(context, body, undefined);
      case 'cancel_list': return this.dialect.lists.cancelNamed(context, body);
      case 'cancel_on_disconnect':
        connection.lease ??= this.dialect.controls.leaseOf(() => this.end(connection.socket, 'lease_lost', CLOSE_LEASE_LOST));
        return this.dialect.controls.cancelOnDisconnect(context, connection.lease, operation);
      default: return this.dialect.orders.operation(context, operation);
    }
  }

  private answer(connection: Connection, id: RequestId | null, { status, body, headers }: Answer): void {
    const { 'Content-Type': _type, ...told } = headers ?? {};
    connection.send(JSON.stringify({ id, status, body, ...(Object.keys(told).length > 0 && { headers: told }) }));
  }

  /** What a client does not read must not pile up here: until it reads, it is not read from. */
  private waitForReader(connection: Connection): void {
    const { socket } = connection;
    if (socket.isPaused) return;
    socket.pause();
    const look = setInterval(() => {
      if (socket.readyState === socket.OPEN && socket.bufferedAmount > this.options.bufferBytesMax) return;
      clearInterval(look);
      socket.resume();
    }, RESUME_POLL_MS);
  }

  private ping(): void {
    for (const connection of this.connections) {
      if (!connection.isAlive) {
        connection.socket.terminate();
      } else {
        connection.isAlive = false;
        connection.socket.ping();
      }
    }
  }

  /** Tells every client and closes its connection, once the answers to what is in flight are out. */
  async close(): Promise<void> {
    this.closing = true;
    clearInterval(this.pings);
    clearInterval(this.looks);
    for (const { socket } of this.connections) socket.close(CLOSE_GOING_AWAY, 'shutdown');
    const deadline = Date.now() + CLOSE_GRACE_MS;
    while (this.connections.size > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
    for (const { socket } of this.connections) socket.terminate();
    this.server.close();
    await this.dialect.controls.leasesSettled();
  }
}

/** Name for logs and metrics: nothing that a client makes up. */
function routeOf(op: unknown): string {
  return typeof op === 'string' && Object.hasOwn(MESSAGES, op) ? `/orders ${op}` : '/orders none';
}
