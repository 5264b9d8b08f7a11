import type { ServerResponse } from 'node:http';
import type { Link } from './link';
import type { Message } from './message';
import { formatPosition, type Position } from './position';

/** Pause after which a client whose connection was lost connects again. */
const RETRY_MS = 1_000;

/** Server-sent events: the answer to a plain GET that does not end. */
export class EventStreamLink implements Link {
  readonly kind = 'events';

  constructor(private readonly response: ServerResponse) {
    // Sent at once, so that a client sees that it is connected. A lost one comes again after a second.
    response.write(`retry: ${RETRY_MS}\n\n`);
  }

  get isOpen(): boolean {
    return !this.response.destroyed && !this.response.writableEnded;
  }

  get waitingBytes(): number {
    return this.response.writableLength;
  }

  encode(message: Message): Buffer {
    return message.asEvent;
  }

  write(bytes: Buffer): void {
    if (this.isOpen) this.response.write(bytes);
  }

  /** An id without data moves the client's last event id and makes no event. */
  mark(position: Position): void {
    this.write(Buffer.from(`id: ${formatPosition(position)}\n\n`));
  }

  onceDrained(drained: () => void): void {
    if (this.response.writableLength === 0) setImmediate(drained);
    else this.response.once('drain', drained);
  }

  /** A client of events says nothing. */
  pause(): void {}

  resume(): void {}

  /** Events go one way: a peer that is gone is found when what is written to it is not taken. */
  ping(): void {}

  close(_code: number, reason: string): void {
    if (this.isOpen) this.response.end(`event: close\ndata: ${JSON.stringify({ reason })}\n\n`);
  }

  destroy(): void {
    this.response.destroy();
  }
}
