import WebSocket from 'ws';
import { until } from '../../support/until';

/** What somebody is told on a connection, whichever it is: a code where it is refused, null where it is not. */
export interface Told {
  readonly code: string | null;
  readonly body: Record<string, unknown>;
}

interface EntryAnswer { readonly id: unknown; readonly status: number; readonly body: Record<string, unknown> }
interface StreamAnswer { readonly type: string; readonly data: Record<string, unknown> }

/** A connection to /orders or /stream, asked one message after the other. */
export class Line {
  closed: { readonly code: number; readonly reason: string } | null = null;
  private readonly messages: unknown[] = [];
  private lastId = 0;

  private constructor(private readonly socket: WebSocket, private readonly path: '/orders' | '/stream') {
    socket.on('message', (data: Buffer) => { this.messages.push(JSON.parse(data.toString('utf8'))); });
    socket.on('close', (code, reason) => { this.closed = { code, reason: reason.toString() }; });
    socket.on('error', () => undefined);
  }

  /** @returns the status of the handshake where it is refused */
  static async open(url: string, path: '/orders' | '/stream', headers: Readonly<Record<string, string>> = {}): Promise<Line | { readonly status: number; readonly code: string }> {
    const socket = new WebSocket(url.replace(/^http/, 'ws') + path, { headers });
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(new Line(socket, path)));
      socket.once('error', reject);
      socket.once('unexpected-response', (_request, response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, code: (JSON.parse(text) as { code: string }).code }));
      });
    });
  }

  static async opened(url: string, path: '/orders' | '/stream', headers: Readonly<Record<string, string>> = {}): Promise<Line> {
    const line = await Line.open(url, path, headers);
    if (line instanceof Line) return line;
    throw new Error(`the connection is refused: ${line.code}`);
  }

  async ask(message: Readonly<Record<string, unknown>>): Promise<Told> {
    const id = ++this.lastId;
    const from = this.messages.length;
    this.socket.send(JSON.stringify({ ...(this.path === '/orders' && { id }), ...message }));
    return this.path === '/orders' ? this.entryAnswer(id) : this.streamAnswer(from);
  }

  private async entryAnswer(id: number): Promise<Told> {
    let found: EntryAnswer | undefined;
    await until('an answer', () => (found = (this.messages as EntryAnswer[]).find((answer) => answer.id === id)) !== undefined);
    const { status, body } = found as EntryAnswer;
    return { code: status < 400 ? null : String(body.code), body };
  }

  private async streamAnswer(from: number): Promise<Told> {
    let found: StreamAnswer | undefined;
    await until('an answer', () => (
      found = (this.messages as StreamAnswer[]).slice(from).find(({ type }) => ['error', 'subscribed', 'pong', 'authenticated'].includes(type))
    ) !== undefined);
    const { type, data } = found as StreamAnswer;
    return { code: type === 'error' ? String(data.code) : null, body: data };
  }

  async untilClosed(): Promise<{ readonly code: number; readonly reason: string }> {
    await until('it is closed', () => this.closed !== null);
    return this.closed as { code: number; reason: string };
  }

  async close(): Promise<void> {
    if (this.closed === null) this.socket.close();
    await this.untilClosed();
  }
}
