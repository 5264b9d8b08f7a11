import WebSocket from 'ws';
import { until } from '../../support/until';

export interface BookData { bids: [price: string, quantity: string][]; asks: [price: string, quantity: string][]; checksum: number }
export interface DeltaData extends BookData { first_sequence: number; previous_sequence: number }

export interface StreamMessage {
  readonly type: string;
  readonly instrument: string | null;
  readonly sequence: number;
  readonly timestamp: string;
  readonly data: Record<string, unknown>;
}

/** A client that keeps every message it gets. */
export class StreamClient {
  readonly messages: StreamMessage[] = [];
  /** Code and reason of the close, null while it is open. */
  closed: { readonly code: number; readonly reason: string } | null = null;

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => { this.messages.push(JSON.parse(data.toString('utf8')) as StreamMessage); });
    socket.on('close', (code, reason) => { this.closed = { code, reason: reason.toString() }; });
    socket.on('error', () => undefined);
  }

  /** @param url of the service @param query with its question mark */
  static async open(url: string, query = ''): Promise<StreamClient> {
    const client = new StreamClient(new WebSocket(`${url.replace(/^http/, 'ws')}/stream${query}`));
    await new Promise<void>((resolve, reject) => {
      client.socket.once('open', resolve);
      client.socket.once('error', reject);
    });
    return client;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message));
  }

  /** Messages without those that come for the silence between them, how the instruments are, and answers to `caughtUp`. */
  get told(): StreamMessage[] {
    return this.messages.filter(({ type }) => type !== 'heartbeat' && type !== 'pong' && type !== 'instrument');
  }

  ofType(type: string): StreamMessage[] {
    return this.messages.filter((message) => message.type === type);
  }

  /** Waits until there are so many messages. */
  async count(count: number): Promise<StreamMessage[]> {
    await until(`${count} messages, got ${this.told.map((message) => message.type).join(' ')}`, () => this.told.length >= count);
    return this.told;
  }

  /** Waits for a message behind the first `from`. @returns the first that matches */
  async next(what: string, matches: (message: StreamMessage) => boolean, from = 0): Promise<StreamMessage> {
    let found: StreamMessage | undefined;
    await until(what, () => (found = this.messages.slice(from).find(matches)) !== undefined);
    return found as StreamMessage;
  }

  /** Sends a message and waits for what is answered to it. */
  async ask(message: unknown, type: string): Promise<StreamMessage> {
    const from = this.messages.length;
    this.send(message);
    return this.next(`an answer of type ${type}`, (answer) => answer.type === type, from);
  }

  /** Waits until everything is here that happened up to a sequence of the shard: an order may be answered before it is told. */
  async caughtUp(sequence: number): Promise<void> {
    await until(`the stream reaches sequence ${sequence}`, async () => (await this.ask({ op: 'ping' }, 'pong')).sequence >= sequence);
  }

  async untilClosed(): Promise<{ readonly code: number; readonly reason: string }> {
    await until('the service closes the connection', () => this.closed !== null);
    return this.closed as { code: number; reason: string };
  }

  async close(): Promise<void> {
    if (this.closed === null) this.socket.close();
    await until('the connection closes', () => this.closed !== null);
  }
}
