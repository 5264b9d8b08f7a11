import type { Farewell } from './dialect';
import type { Encoding } from './encoding';
import type { StreamPosition } from './stream-position';

/** A client's connection, whichever kind it is. */
export interface Link {
  readonly kind: 'frames' | 'events';
  /** How messages are put into bytes for it. */
  readonly encoding: Encoding;
  readonly isOpen: boolean;
  /** Bytes that the client has not taken yet. */
  readonly waitingBytes: number;
  write(bytes: Buffer): void;
  /** Lets the client know where it stands, if this kind of connection can say so without a message. */
  mark(position: StreamPosition): void;
  /** Calls `drained` once, when nothing waits any more. */
  onceDrained(drained: () => void): void;
  /** Reads nothing from the client until `resume`. */
  pause(): void;
  resume(): void;
  /** Asks the client whether it is there. */
  ping(): void;
  /** Ends the connection behind what waits. */
  close(farewell: Farewell): void;
  /** Ends it at once. */
  destroy(): void;
}
