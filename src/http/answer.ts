/** What a call answers, whatever carries it: HTTP, a batch's result or a WebSocket message. */
export interface Answer {
  readonly status: number;
  /** Sent as JSON; text is sent as it is. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Set by the answer: each a `Set-Cookie`. */
  readonly cookies?: readonly string[];
}
