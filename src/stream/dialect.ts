import type { Caller } from '../domain/principal';
import type { Peer, Who } from './following';
import type { News, Reference, Unreadable } from './news';
import type { StreamPosition } from './stream-position';
import type { Subscription } from './subscriptions';

/**
 * What a dialect of the stream is: how clients ask, and how they are told. Who is told what and when, what is missed, and
 * what waits for whom is the same for all, and knows none.
 */
export interface StreamDialect {
  /**
   * Begins a connection.
   * @param who is at the other end, as far as it has said so by now
   * @param lastEventId how far a client of server-sent events says that it has come; it goes before what the query says
   */
  open(query: URLSearchParams, who: Who, peer: Peer, lastEventId?: string): Opened;
}

/** A connection whose first wish is not understood is there all the same: it is refused, and gets nothing until it asks again. */
export interface Opened {
  readonly session: StreamSession;
  readonly start: Checked<Start>;
}

export type Checked<T> = { readonly value: T } | { readonly error: Unreadable };

/** What a connection follows from its beginning. */
export interface Start {
  readonly wanted: readonly Subscription[];
  readonly since: StreamPosition | undefined;
  /** Whether it was named. What was not is not confirmed, and goes when the client first subscribes by name. */
  readonly isNamed: boolean;
}

/** One connection, as its dialect knows it. There may be many thousands. */
export interface StreamSession {
  readonly encoder: StreamEncoder;
  /** @param text of a client's message; null for one that is no text */
  read(text: string | null): Checked<Request>;
}

export type Request = { readonly reference: Reference } & (
  | { readonly op: 'subscribe'; readonly wanted: readonly Subscription[]; readonly since: StreamPosition | undefined }
  | { readonly op: 'unsubscribe'; readonly isMeant: (subscription: Subscription) => boolean }
  | { readonly op: 'ping' }
  /** @returns who it is, or why not */
  | { readonly op: 'auth'; readonly authenticate: () => Promise<Caller | { readonly error: Unreadable }> }
);

/** Why the stream closes a connection. */
export type EndReason = 'shutdown' | 'slow_consumer' | 'rate_limited' | CallerEnd;

/** Why a connection cannot go on being a caller's. */
export type CallerEnd = 'session_ended' | 'token_expired' | 'user_suspended' | 'invalid_api_key';

/** A message's text, on one line, and what kind of event it is to clients of server-sent events. */
export interface Told {
  readonly type: string;
  readonly text: string;
}

export interface Farewell {
  /** Close code of a WebSocket (RFC 6455, 7.4). */
  readonly code: number;
  readonly reason: string;
  /** The last event of an event stream. */
  readonly told: Told;
}

/** How a dialect says things: once for all clients that share the encoder, so it must look at none of them. */
export interface StreamEncoder {
  /** @returns null for what the dialect has no word for */
  tell(news: News): Told | null;
  /** A position as the id of a server-sent event. */
  formatPosition(position: StreamPosition): string;
  farewell(reason: EndReason): Farewell;
}
