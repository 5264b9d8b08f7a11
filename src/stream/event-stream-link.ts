import type { ServerResponse } from 'node:http';
import type { Farewell } from './dialect';
import type { Encoding } from './encoding';
import type { Link } from './link';
import type { StreamPosition } from './stream-position';

/** Pause after which a client whose connection was lost connects again. */
const RETRY_MS = 1_000;

/** Server-sent events: the answer to a plain GET that does not end. */
export class EventStreamLink implements Link {
  readonly kind = 'events';

  constructor(private readonly response: ServerResponse, readonly encoding: Encoding) {
    // Sent at once, so that a client sees that it is connected. A lost one comes again after a second.
    response.write(`retry: ${RETRY_MS}\n\n`);
  }

  get isOpen(): boolean {
    return !this.response.destroyed && !this.response.writableEnded;
  }

  get waitingBytes(): number {
    return this.response.writableLength;
  }

  write(bytes: Buffer): void {
    if (this.isOpen) this.response.write(bytes);
  }

  /** An id without data moves the client's last event id and makes no event. */
  mark(position: StreamPosition): void {
    this.write(Buffer.from(`id: ${this.encoding.encoder.formatPosition(position)}\n\n`));
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

  close({ told }: Farewell): void {
    if (this.isOpen) this.response.end(`event: ${told.type}\ndata: ${told.text}\n\n`);
  }

  destroy(): void {
    this.response.destroy();
  }
}
