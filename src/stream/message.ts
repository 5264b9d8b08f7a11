import { formatPosition, type Position } from './position';
import type { FeedDelta } from './feed-delta';

/** Longest payload whose length stands in a frame's second byte, and in two bytes behind it (RFC 6455, 5.2). */
const SHORT_LENGTH_MAX = 125;
const MEDIUM_LENGTH_MAX = 0xffff;
/** Final frame of a text. */
const TEXT_FRAME = 0x81;

/** A whole text as one unmasked WebSocket frame. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const headerBytes = length <= SHORT_LENGTH_MAX ? 2 : length <= MEDIUM_LENGTH_MAX ? 4 : 10;
  const frame = Buffer.allocUnsafe(headerBytes + length);
  frame[0] = TEXT_FRAME;
  if (headerBytes === 2) {
    frame[1] = length;
  } else if (headerBytes === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.write(text, headerBytes);
  return frame;
}

/**
 * One message on its way to any number of clients. It is framed once for each kind of connection, when the first client of
 * that kind needs it: `ws` would frame it for each client anew.
 */
export class Message {
  private frame: Buffer | null = null;
  private event: Buffer | null = null;

  constructor(
    readonly type: string,
    readonly text: string,
    readonly sequence: number,
    /** Where a client stands that has got it; null when it may not go on from there. */
    readonly position: Position | null = null,
    /** What a book delta changes, so that it can be merged with others. */
    readonly delta: FeedDelta | null = null,
  ) {}

  /** The same message for a client that stands elsewhere after it. */
  at(position: Position): Message {
    return new Message(this.type, this.text, this.sequence, position, this.delta);
  }

  get asFrame(): Buffer {
    return this.frame ??= textFrame(this.text);
  }

  get asEvent(): Buffer {
    const id = this.position === null ? '' : `id: ${formatPosition(this.position)}\n`;
    return this.event ??= Buffer.from(`event: ${this.type}\n${id}data: ${this.text}\n\n`);
  }
}

/** Puts messages of their own order among others, each ahead of the first that has a later sequence. */
export function inOrder(messages: readonly Message[], others: readonly Message[]): Message[] {
  const sorted = [...others].sort((a, b) => a.sequence - b.sequence);
  const all: Message[] = [];
  let next = 0;
  for (const message of messages) {
    for (; next < sorted.length && (sorted[next] as Message).sequence < message.sequence; next++) all.push(sorted[next] as Message);
    all.push(message);
  }
  all.push(...sorted.slice(next));
  return all;
}
