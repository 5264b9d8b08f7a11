import type { StreamEncoder, Told } from './dialect';
import type { FeedDelta } from './feed-delta';
import type { News } from './news';
import type { StreamPosition } from './stream-position';

/** How messages become bytes. */
interface BytesMaker {
  make(message: Message): Buffer;
}

/**
 * One message on its way to any number of clients. It is put into words once for each dialect and into bytes once for each
 * encoding, when the first client that needs them is told.
 */
export class Message {
  readonly sequence: number;
  /** What a book delta changes, so that it can be merged with others. */
  readonly delta: FeedDelta | null;
  // Most messages are told in one dialect to one kind of connection: what that needs stands here, all else aside.
  private encoder: StreamEncoder | null = null;
  private words: Told | null = null;
  private otherWords: Map<StreamEncoder, Told | null> | null = null;
  private encoding: BytesMaker | null = null;
  private bytes: Buffer | null = null;
  private otherBytes: Map<BytesMaker, Buffer> | null = null;

  constructor(
    private readonly news: News,
    /** Where a client stands that has got it; null when it may not go on from there. */
    readonly position: StreamPosition | null = null,
    /** The message that it says once more. */
    private readonly original: Message | null = null,
  ) {
    this.delta = news.kind === 'delta' ? news.delta : null;
    this.sequence = news.kind === 'delta' ? news.delta.sequence : news.sequence;
  }

  /** Whether it says how a book is. */
  get isOfBook(): boolean {
    return this.news.kind === 'delta' || this.news.kind === 'snapshot';
  }

  /** The same message for a client that stands elsewhere after it. */
  at(position: StreamPosition): Message {
    return new Message(this.news, position, this.original ?? this);
  }

  told(encoder: StreamEncoder): Told | null {
    if (this.original !== null) return this.original.told(encoder);
    if (this.encoder === encoder) return this.words;
    if (this.encoder === null) {
      this.encoder = encoder;
      return this.words = encoder.tell(this.news);
    }
    const others = this.otherWords ??= new Map<StreamEncoder, Told | null>();
    let words = others.get(encoder);
    if (words === undefined) others.set(encoder, words = encoder.tell(this.news));
    return words;
  }

  /** The message as an encoding has it, empty for what its dialect has no word for. */
  in(encoding: BytesMaker): Buffer {
    if (this.encoding === encoding) return this.bytes as Buffer;
    if (this.encoding === null) {
      this.encoding = encoding;
      return this.bytes = encoding.make(this);
    }
    const others = this.otherBytes ??= new Map<BytesMaker, Buffer>();
    let bytes = others.get(encoding);
    if (bytes === undefined) others.set(encoding, bytes = encoding.make(this));
    return bytes;
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
