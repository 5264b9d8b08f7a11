import WebSocket from 'ws';
import { until } from '../../support/until';

/** A client of the plain dialect's tape, which keeps every line. */
export class TapeClient {
  readonly lines: string[] = [];
  closed: { readonly code: number; readonly reason: string } | null = null;
  private asked = 0;

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => { this.lines.push(data.toString('utf8')); });
    socket.on('close', (code, reason) => { this.closed = { code, reason: reason.toString() }; });
    socket.on('error', () => undefined);
  }

  /** @param on what it follows from its beginning */
  static async open(url: string, on = ''): Promise<TapeClient> {
    const query = on === '' ? '' : `?on=${encodeURIComponent(on)}`;
    const client = new TapeClient(new WebSocket(`${url.replace(/^http/, 'ws')}/plain/tape${query}`));
    await new Promise<void>((resolve, reject) => {
      client.socket.once('open', resolve);
      client.socket.once('error', reject);
    });
    return client;
  }

  of(word: string): string[] {
    return this.lines.filter((line) => line.startsWith(`${word} `));
  }

  /** @returns the answer, known by the number of what is asked */
  async ask(sign: '+' | '-' | '?', what = ''): Promise<string> {
    const number = ++this.asked;
    this.socket.send(`${sign}${number}${what === '' ? '' : ` ${what}`}`);
    let answer: string | undefined;
    await until(`an answer to ${sign}${number} ${what}`, () => (answer = this.lines.find((line) => (
      [`ok ${number}`, `no ${number}`].some((start) => line === start || line.startsWith(`${start} `))))) !== undefined);
    return answer as string;
  }

  /** Waits until everything is here that happened up to a sequence of the shard. */
  async caughtUp(sequence: number): Promise<void> {
    await until(`the tape reaches sequence ${sequence}`, async () => Number((await this.ask('?')).split(' at ')[1]) >= sequence);
  }

  async close(): Promise<void> {
    if (this.closed === null) this.socket.close();
    await until('the connection closes', () => this.closed !== null);
  }
}
