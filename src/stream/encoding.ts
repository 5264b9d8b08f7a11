import type { StreamEncoder } from './dialect';
import type { Message } from './message';

/** Longest payload whose length stands in a frame's second byte, and in two bytes behind it (RFC 6455, 5.2). */
const SHORT_LENGTH_MAX = 125;
const MEDIUM_LENGTH_MAX = 0xffff;
/** Final frame of a text. */
const TEXT_FRAME = 0x81;

const NOTHING = Buffer.alloc(0);

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

/** Messages as bytes: a dialect's texts on one kind of connection. `ws` would frame a message for each client anew. */
export abstract class Encoding {
  private static readonly known = new Map<StreamEncoder, { readonly frames: Encoding; readonly events: Encoding }>();

  constructor(readonly encoder: StreamEncoder) {}

  /** The one encoding for a dialect's texts on a kind of connection: its bytes are shared. */
  static of(encoder: StreamEncoder, kind: 'frames' | 'events'): Encoding {
    let encodings = Encoding.known.get(encoder);
    if (encodings === undefined) {
      encodings = { frames: new Frames(encoder), events: new Events(encoder) };
      Encoding.known.set(encoder, encodings);
    }
    return encodings[kind];
  }

  /** Makes a message's bytes: {@link Message.in} keeps them. */
  abstract make(message: Message): Buffer;

  /** Messages as one buffer. */
  joined(messages: readonly Message[]): Buffer {
    const [first] = messages;
    if (messages.length === 1 && first !== undefined) return first.in(this);
    return Buffer.concat(messages.map((message) => message.in(this)));
  }
}

/** Texts of a WebSocket. */
class Frames extends Encoding {
  make(message: Message): Buffer {
    const told = message.told(this.encoder);
    return told === null ? NOTHING : textFrame(told.text);
  }
}

/** Server-sent events. */
class Events extends Encoding {
  make(message: Message): Buffer {
    const told = message.told(this.encoder);
    if (told === null) return NOTHING;
    const id = message.position === null ? '' : `id: ${this.encoder.formatPosition(message.position)}\n`;
    return Buffer.from(`event: ${told.type}\n${id}data: ${told.text}\n\n`);
  }
}
