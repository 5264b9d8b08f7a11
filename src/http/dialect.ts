import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Access } from '../domain/access';
import type { Context } from '../domain/context';
import type { Principal } from '../domain/principal';
import type { Refusal } from '../domain/refusal';
import type { ResultCode } from '../domain/result-code';
import type { Cost } from '../people/gate';
import type { Answer } from './answer';

/**
 * A way of speaking with the venue: its addresses, how requests are read, how answers and errors are written. All dialects
 * stand before the same use cases (trading, market), which know none of them.
 *
 * To the port, a stream and whatever else goes over a WebSocket is an upgrade: what is said on it is between the dialect and
 * those whom it speaks for.
 */
export interface Dialect {
  /** Before each of its paths, such as `/binance`; '' for the native one. What stands at no route below it is told in its words. */
  readonly prefix: string;
  readonly routes: readonly Route[];
  readonly pages?: readonly Page[];
  /** WebSockets, by their paths behind the prefix. */
  readonly upgrades?: Readonly<Record<string, Upgrade>>;
  /** How a client is told that something is not carried out. */
  answerOf(refusal: Refusal, requestId: string): Answer;
  /** Ends the connections that the dialect holds itself, once nothing is in flight any more. */
  close?(): Promise<void>;
}

/** Who opens a connection, as its handshake says, and from where. */
export interface Opener {
  readonly principal: Principal;
  readonly address: string;
}

/** Takes a connection over. @returns why it does not, null when it does */
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer, query: URLSearchParams, opener: Opener) => ResultCode | null;

export type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

export interface Route {
  /** Of what it does, in the audit log. */
  readonly name: string;
  readonly method: Method;
  /** With parameters as `:name`, each between slashes. Behind the prefix, also the route's name in logs and metrics. */
  readonly path: string;
  /** How a body is read; null for a call without one. */
  readonly body: BodyFormat | null;
  /** Who may make it, where callers say who they are. */
  readonly access: Access;
  /** What it takes of which allowances, where that depends on its body; null for one of its own. */
  readonly costOf?: (body: unknown) => Cost | null;
  /** Whether what it does is one command of the engine, which takes the use of a signature itself. */
  readonly isOneCommand?: boolean;
  /** Answered whatever page or host asks: probes find the service under names that it does not know. */
  readonly isForAnyHost?: boolean;
  /** Whether a page's browser sends cookies along, and keeps those that the answer sets. */
  readonly usesCookie?: boolean;
  /**
   * @returns null where it has begun the response itself
   * @throws Refusal
   */
  handle(call: Call): Promise<Answer | null>;
}

/** A page for people, and what it loads: nothing from elsewhere, nothing inline. */
export interface Page {
  /** Behind the prefix, without a slash at its end. */
  readonly path: string;
  /** @param hasSlash whether the page was asked for with a slash at its end: its relative addresses count from there */
  readonly html: (hasSlash: boolean) => string;
  /** Below the page's path, by their names. */
  readonly scripts: Readonly<Record<string, string>>;
  /** Files of a directory, below `assets/`. */
  readonly assets: { readonly directory: string; readonly files: readonly string[] };
}

export interface BodyFormat {
  /** @param contentType '' without one */
  accepts(contentType: string): boolean;
  /** @throws Refusal */
  parse(bytes: Buffer): unknown;
}

/** What a route gets of a request, whichever way it was found. */
export interface Call {
  readonly context: Context;
  readonly params: Readonly<Record<string, string>>;
  /** What is behind the question mark, '' without one. */
  readonly query: string;
  /** As the route's format reads it; undefined without one. */
  readonly body: unknown;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}
