import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/**
 * A lean receiver of the stream: it walks the frames and follows the chain of book messages, and leaves the rest unread. Hundreds
 * of them share the machine with the service, so they must cost little.
 */

const HEADER_END = Buffer.from('\r\n\r\n');
const OPCODE_TEXT = 1;
const OPCODE_CLOSE = 8;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
/** Every message begins with these, `"type":` first. */
const BOOK = Buffer.from('{"type":"orderbook_');
const DELTA_AT = BOOK.length;
const LETTER_D = 'd'.charCodeAt(0);
const SEQUENCE = Buffer.from('"sequence":');
const PREVIOUS = Buffer.from('"previous_sequence":');
const INSTRUMENT = Buffer.from('"instrument":"');
const QUOTE = '"'.charCodeAt(0);
const DIGIT_0 = 48;

function numberAt(buffer: Buffer, at: number): number {
  let value = 0;
  for (let i = at; ; i++) {
    const digit = (buffer[i] ?? 0) - DIGIT_0;
    if (digit < 0 || digit > 9) return value;
    value = value * 10 + digit;
  }
}

export class StreamReceiver {
  messages = 0;
  /** Changes of a book among them. */
  deltas = 0;
  gaps = 0;
  private readonly books = new Map<string, number>();
  private rest: Buffer = Buffer.alloc(0);
  private isOpen = false;
  isClosed = false;

  /** Told of what came in one piece. */
  onMessages: (count: number) => void = () => undefined;

  private constructor(private readonly socket: Socket, private readonly opened: () => void) {
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('close', () => { this.isClosed = true; });
    socket.on('error', () => socket.destroy());
  }

  static async open(port: number, path: string): Promise<StreamReceiver> {
    const socket = connect(port, '127.0.0.1');
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', () => {
        const receiver: StreamReceiver = new StreamReceiver(socket, () => resolve(receiver));
        socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`);
      });
      socket.once('close', () => reject(new Error(`${path} was closed before it was open`)));
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private receive(chunk: Buffer): void {
    let data = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    if (!this.isOpen) {
      const end = data.indexOf(HEADER_END);
      if (end < 0) {
        this.rest = data;
        return;
      }
      if (data.toString('latin1', 9, 12) !== '101') {
        this.socket.destroy();
        return;
      }
      this.isOpen = true;
      data = data.subarray(end + HEADER_END.length);
      this.opened();
    }
    this.rest = data.subarray(this.walk(data));
  }

  /** Reads whole frames. @returns where the first incomplete one begins */
  private walk(data: Buffer): number {
    let at = 0;
    const before = this.messages;
    while (at + 2 <= data.length) {
      const opcode = (data[at] as number) & 0x0f;
      const short = (data[at + 1] as number) & 0x7f;
      const headerLength = short === LENGTH_16 ? 4 : short === LENGTH_64 ? 10 : 2;
      if (at + headerLength > data.length) break;
      const length = short === LENGTH_16 ? data.readUInt16BE(at + 2) : short === LENGTH_64 ? Number(data.readBigUInt64BE(at + 2)) : short;
      const end = at + headerLength + length;
      if (end > data.length) break;
      if (opcode === OPCODE_TEXT) this.message(data.subarray(at + headerLength, end));
      else if (opcode === OPCODE_CLOSE) this.socket.destroy();
      at = end;
    }
    if (this.messages > before) this.onMessages(this.messages - before);
    return at;
  }

  private message(text: Buffer): void {
    this.messages++;
    if (text.compare(BOOK, 0, BOOK.length, 0, BOOK.length) !== 0) return;
    const nameAt = text.indexOf(INSTRUMENT) + INSTRUMENT.length;
    const name = text.toString('latin1', nameAt, text.indexOf(QUOTE, nameAt));
    const isDelta = text[DELTA_AT] === LETTER_D;
    if (isDelta) {
      this.deltas++;
      if (numberAt(text, text.indexOf(PREVIOUS) + PREVIOUS.length) !== this.books.get(name)) this.gaps++;
    }
    this.books.set(name, numberAt(text, text.indexOf(SEQUENCE) + SEQUENCE.length));
  }
}
