import type { Principal } from './principal';
import type { OneTimeUse } from './one-time-use';

/**
 * Who asks for something, and how the answer is tied to the question. One is made for each request and each message, where
 * it comes in (http/context.ts), and goes with it through every use case; the operations of a batch share their request's.
 */
export interface Context {
  readonly principal: Principal;
  /** The caller's own, or a new one: it is in the answer and in the log. */
  readonly requestId: string;
  /** W3C trace context: the caller's trace, or a new one, with a span of ours; null where it came without headers. */
  readonly traceparent: string | null;
  /** Of who asks, or of the proxy through which it does where that is not one that is trusted (http/peers.ts). */
  readonly address: string;
  /** Of the signature that it came with and whose command is to take it; null where there is none, or it is taken. */
  readonly signatureUse: OneTimeUse | null;
  /** When whoever asked need not be waited for any longer, in ms as performance.now() counts. */
  readonly deadlineMs: number;
}
