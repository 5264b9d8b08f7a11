import type WebSocket from 'ws';
import { Commands, type Command, type Transport } from './commands';
import { ConnectionError } from './errors';
import { problemOf, Retries, RETRY_DEFAULTS, type Answer, type Attempt, type CallOptions, type RetryOptions } from './retry';
import type { Session } from './session';
import { reasonOf } from './waiting';
import { openWebSocket } from './web-socket';

export interface OrderEntryOptions extends Partial<RetryOptions> {
  /** Bytes of one request; the venue ends a connection over a longer one, and with it all that is on its way. */
  readonly messageBytesMax?: number;
  readonly onAttempt?: (attempt: Attempt) => void;
}

const MESSAGE_BYTES_MAX = 1_048_576;

interface WireAnswer {
  /** null where the venue could not tell what was asked. */
  readonly id: number | null;
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/** Whether a client's orders go with the connection. */
export interface DisconnectRule {
  readonly client_id: string;
  readonly enabled: boolean;
}

/** Of the connection, and of none of the orders. */
interface DisconnectCommand {
  readonly op: 'cancel_on_disconnect';
  readonly client_id?: string;
  readonly enabled: boolean;
}

/** One connection of order entry, opened when it is needed. What is on its way when it breaks has no clear answer. */
class EntryLink implements Transport {
  private opening: Promise<WebSocket> | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;
  private isClosed = false;
  private readonly rules = new Map<string | undefined, DisconnectCommand>();
  /** The connection that was told them. */
  private ruled: WebSocket | null = null;
  /** Counts what came, to tell a dead connection from a slow answer. */
  private heard = 0;

  /** As what the connection was told who it is. */
  private toldVersion = 0;

  constructor(private readonly url: string, private readonly timeoutMs: number, private readonly messageBytesMax: number, private readonly session: Session | null) {}

  nameOf({ op }: Command): string {
    return op;
  }

  /** Has a rule told to every connection that is opened from now on, or no longer. */
  keep(rule: DisconnectCommand): void {
    if (rule.enabled) this.rules.set(rule.client_id, rule);
    else this.rules.delete(rule.client_id);
  }

  async send(command: Command | DisconnectCommand, signal: AbortSignal): Promise<Answer> {
    const id = ++this.lastId;
    const text = JSON.stringify({ id, ...command });
    if (Buffer.byteLength(text) > this.messageBytesMax) throw new RangeError(`the request is longer than ${this.messageBytesMax} bytes`);
    await this.session?.fresh(signal);
    const socket = await this.open();
    await this.tellWho(socket, signal);
    this.tellRules(socket);
    if (socket.readyState !== socket.OPEN) throw new ConnectionError('the connection is closing');
    signal.throwIfAborted();
    return new Promise<Answer>((resolve, reject) => {
      const heardBefore = this.heard;
      const settle = <T>(how: (value: T) => void) => (value: T): void => {
        this.waiting.delete(id);
        signal.removeEventListener('abort', abort);
        how(value);
      };
      const fail = settle(reject);
      const abort = (): void => {
        // Nothing at all came in the time in which an answer should have: the others wait in vain, too.
        if (this.heard === heardBefore && reasonOf(signal).name === 'TimeoutError') socket.terminate();
        fail(reasonOf(signal));
      };
      signal.addEventListener('abort', abort, { once: true });
      this.waiting.set(id, { resolve: settle(resolve), reject: fail });
      socket.send(text, (error) => { if (error) this.waiting.get(id)?.reject(error); });
    });
  }

  /** A connection outlives a token: the next one is told to it ahead of what is asked. */
  private async tellWho(socket: WebSocket, signal: AbortSignal): Promise<void> {
    if (this.session === null || this.session.version === this.toldVersion) return;
    this.toldVersion = this.session.version;
    socket.send(JSON.stringify(await this.session.message('/orders', signal)));
  }

  /** A rule is the connection's: another one is told ahead of what is asked. */
  private tellRules(socket: WebSocket): void {
    if (this.ruled === socket) return;
    this.ruled = socket;
    for (const rule of this.rules.values()) socket.send(JSON.stringify({ id: ++this.lastId, ...rule }));
  }

  open(): Promise<WebSocket> {
    if (this.isClosed) return Promise.reject(new RangeError('the order entry is closed'));
    if (this.opening === null) {
      const opening: Promise<WebSocket> = openWebSocket(this.url, '/orders', this.timeoutMs, {
        opened: (_socket, version) => { this.toldVersion = version; },
        message: (text, socket) => this.receive(socket, text),
        closed: (code, reason) => {
          this.forget(opening);
          this.lost(new Error(`the connection was closed with ${code} ${reason}`.trimEnd()));
        },
      }, this.session);
      this.opening = opening;
      opening.catch(() => this.forget(opening));
    }
    return this.opening;
  }

  private forget(opening: Promise<WebSocket>): void {
    if (this.opening === opening) this.opening = null;
  }

  /** Nobody will answer what is on its way. */
  private lost(error: Error): void {
    for (const one of [...this.waiting.values()]) one.reject(error);
  }

  private receive(socket: WebSocket, text: string): void {
    this.heard++;
    let answer: WireAnswer;
    try {
      answer = JSON.parse(text) as WireAnswer;
    } catch {
      // Whatever stands in between has spoilt it: whose answer it was cannot be told, so all of them are asked for again.
      socket.terminate();
      return;
    }
    const { id, status, body, headers } = answer;
    const told = new Map(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
    if (id !== null) this.waiting.get(id)?.resolve({ status, body, header: (name) => told.get(name) ?? null });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    const socket = await this.opening?.catch(() => null) ?? null;
    if (socket === null || socket.readyState === socket.CLOSED) return;
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.close();
    });
  }
}

/**
 * Commands over one WebSocket, which costs both sides less than a request each. Any number may be on their way; those that are
 * when the connection breaks are sent again, with their keys, over the next one. Commands that build on each other: wait for
 * the answer of the first.
 */
export class OrderEntry extends Commands {
  private readonly link: EntryLink;

  constructor(url: string, options: OrderEntryOptions, makesKeys: boolean, session: Session | null = null) {
    const { messageBytesMax = MESSAGE_BYTES_MAX, onAttempt = () => undefined, ...retry } = options;
    const retries = new Retries({ ...RETRY_DEFAULTS, ...retry }, onAttempt);
    const link = new EntryLink(url, retries.options.timeoutMs, messageBytesMax, session);
    super(link, retries, makesKeys);
    this.link = link;
  }

  /**
   * Has all open orders of a client (of the caller's own account where it is left out) cancelled when a connection of this ends, whyever: with
   * `close`, with this program, or with the venue's process. A connection that is opened anew behind that is told so as well.
   */
  async cancelOnDisconnect(clientId?: string, enabled = true, call: CallOptions = {}): Promise<DisconnectRule> {
    const rule: DisconnectCommand = { op: 'cancel_on_disconnect', ...(clientId !== undefined && { client_id: clientId }), enabled };
    const answer = await this.retries.settle({ name: rule.op, command: { ...rule }, isRepeatable: true, send: (signal) => this.link.send(rule, signal) }, call.signal);
    if (answer.status >= 300) throw problemOf(answer);
    this.link.keep(rule);
    return answer.body as DisconnectRule;
  }

  /** Opens the connection ahead of the first command. @throws ConnectionError or ProblemError */
  async open(): Promise<void> {
    await this.link.open();
  }

  /** What is on its way then has no clear answer. */
  close(): Promise<void> {
    return this.link.close();
  }
}

