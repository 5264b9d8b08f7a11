export interface StreamOptions {
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  readonly subscriptionsMax: number;
  readonly messageBytesMax: number;
  /** Messages of one client in a second. */
  readonly messagesPerSecond: number;
  /** Bytes that may wait for a client before its messages are held back and its book changes merged. */
  readonly behindBytes: number;
  /** Bytes that may wait for a client in all. */
  readonly bufferBytesMax: number;
  /** How long a client may be behind. */
  readonly behindMs: number;
  readonly heartbeatMs: number;
  readonly pingMs: number;
  /** Book changes are merged over this time; 0 for a message each. */
  readonly flushMs: number;
  /** Log entries that a client may have missed and still go on from. */
  readonly resumeEntriesMax: number;
}

export interface StreamObserver {
  connections(count: number): void;
  /** A client was closed as too slow. */
  dropped(): void;
  /** A client was told that something was skipped. */
  resynced(): void;
  /** A client fell behind. */
  behind(): void;
  sent(count: number): void;
}
