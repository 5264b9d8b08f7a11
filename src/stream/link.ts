import type { Message } from './message';
import type { Position } from './position';

/** A client's connection, whichever kind it is. */
export interface Link {
  /** Messages look alike on all links of a kind. */
  readonly kind: 'frames' | 'events';
  readonly isOpen: boolean;
  /** Bytes that the client has not taken yet. */
  readonly waitingBytes: number;
  encode(message: Message): Buffer;
  write(bytes: Buffer): void;
  /** Lets the client know where it stands, if this kind of connection can say so without a message. */
  mark(position: Position): void;
  /** Calls `drained` once, when nothing waits any more. */
  onceDrained(drained: () => void): void;
  /** Reads nothing from the client until `resume`. */
  pause(): void;
  resume(): void;
  /** Asks the client whether it is there. */
  ping(): void;
  /** Ends the connection behind what waits. */
  close(code: number, reason: string): void;
  /** Ends it at once. */
  destroy(): void;
}
