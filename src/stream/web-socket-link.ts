import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Farewell } from './dialect';
import type { Encoding } from './encoding';
import type { Link } from './link';

/**
 * A WebSocket. Messages are written to the connection under it as frames that were made before; everything else is left to
 * `ws`, which writes whole frames too, since nothing is compressed.
 */
export class WebSocketLink implements Link {
  readonly kind = 'frames';

  constructor(private readonly socket: WebSocket, private readonly connection: Duplex, readonly encoding: Encoding) {}

  get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  get waitingBytes(): number {
    return this.connection.writableLength;
  }

  write(bytes: Buffer): void {
    if (this.isOpen) this.connection.write(bytes);
  }

  /** A client of a WebSocket goes by the sequences of its messages. */
  mark(): void {}

  onceDrained(drained: () => void): void {
    if (this.connection.writableLength === 0) setImmediate(drained);
    else this.connection.once('drain', drained);
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  ping(): void {
    if (this.isOpen) this.socket.ping();
  }

  close({ code, reason }: Farewell): void {
    // The peer's own close has to be heard.
    this.socket.resume();
    this.socket.close(code, reason);
  }

  destroy(): void {
    this.socket.terminate();
  }
}
