import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIPv4 } from 'node:net';
import { plainAddress } from '../domain/address';
import { authorityOf, originOf, type Authority } from '../domain/origin';
import type { Peers, Scheme } from './peers';
import { RequestRefusal, invalid } from './request-refusal';

/**
 * Whom a web page may make its visitor's browser ask. A browser says in `Origin` which page asks, and in `Host` under which
 * name it found the service; neither can be forged by a page. So a page of elsewhere is told by its Origin, and a name that
 * was made to point here (DNS rebinding) by its Host. A request without an Origin is no page's, and passes.
 *
 * Where nobody is asked who they are, this is what stands between the venue and every page that its people visit, so it is asked of all
 * calls. Where callers say who they are, a page of elsewhere has nothing to say it with: its reads are answered like anybody's, and what
 * they answer is not for it to see. Connections, and calls that change something, are refused there as well.
 */

export interface OriginGuardOptions {
  /** Pages that may, beside the service's own: `https://terminal.example`, each in the form of `originOf`. */
  readonly allowedOrigins: readonly string[];
  /** Names of the service beside the loopback's: with a port, under that one alone. */
  readonly allowedHosts: readonly Authority[];
  /** What it listens on: beyond loopback, that address is a name of it, too. */
  readonly host: string;
  readonly auth: 'off' | 'dev' | 'required';
}

const SCHEMES: readonly Scheme[] = ['http', 'https'];
const ABSOLUTE_TARGET = /^https?:\/\/([^/?#]*)/i;
/** Listened on, they stand for every address of the machine. */
const WILDCARDS = new Set(['0.0.0.0', '[::]']);
/** Verdicts on hosts and origins that are remembered: clients send the same ones over and over. */
const REMEMBERED_MAX = 1_000;

/** Seconds for which a browser remembers that it may ask. */
const PREFLIGHT_MAX_AGE_S = 600;
const ALLOWED_METHODS = 'GET, POST, PATCH, PUT, DELETE';
const ALLOWED_HEADERS = 'Authorization, Content-Type, Idempotency-Key, Last-Event-ID, Openfill-Key, Openfill-Recv-Window, Openfill-Signature, Openfill-Timestamp, traceparent, X-Request-Id';
const EXPOSED_HEADERS = 'Allow, Idempotency-Replayed, RateLimit, RateLimit-Policy, Retry-After, traceparent, WWW-Authenticate, X-Request-Id';

/** Only `localhost` itself: a name below it may be resolved by whoever answers for it. */
export function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || (name.startsWith('127.') && isIPv4(name));
}

export class OriginGuard {
  private readonly allowedOrigins: ReadonlySet<string>;
  private readonly allowedHosts: readonly Authority[];
  private readonly isOnEveryAddress: boolean;
  /** Whether whoever asks may read, as far as pages go. */
  private readonly letsRead: boolean;
  private readonly hosts = new Map<string, Authority | null>();
  private readonly origins = new Map<string, string | null>();

  constructor({ allowedOrigins, allowedHosts, host, auth }: OriginGuardOptions, private readonly peers: Pick<Peers, 'schemeOf'>) {
    this.letsRead = auth !== 'off';
    this.allowedOrigins = new Set(allowedOrigins);
    const own = authorityOf(host.includes(':') ? `[${host}]` : host);
    this.isOnEveryAddress = own !== null && WILDCARDS.has(own.name);
    this.allowedHosts = own === null || this.isOnEveryAddress ? allowedHosts : [...allowedHosts, { name: own.name, port: null }];
  }

  /**
   * Lets a call pass, and the page that asks read the answer where it may.
   * @param withCookies whether the page's browser may send some, and keep what it gets
   * @returns why it is turned down; null when it may pass
   */
  admit(request: IncomingMessage, response: ServerResponse, withCookies: boolean): RequestRefusal | null {
    const { origin } = request.headers;
    const refusal = this.refusal(request);
    if (origin !== undefined) response.setHeader('Vary', 'Origin');
    if (refusal !== null) return this.letsRead && refusal.code === 'origin_not_allowed' && isRead(request) ? null : refusal;
    if (origin !== undefined) {
      response.setHeader('Access-Control-Allow-Origin', origin);
      response.setHeader('Access-Control-Expose-Headers', EXPOSED_HEADERS);
      if (withCookies) response.setHeader('Access-Control-Allow-Credentials', 'true');
    }
    return null;
  }

  /** @returns why a page may not ask for a connection, or for a change; null where it may, and for what is no page's */
  refusal(request: IncomingMessage): RequestRefusal | null {
    const { headers } = request;
    if (hasManyHosts(request.rawHeaders)) return invalid([{ field: 'Host', message: 'must be given once' }]);
    let host: Authority | null = null;
    if (headers.host !== undefined) {
      host = this.ownName(headers.host, request);
      if (host === null) return forbidden('Host is no name of this service. ALLOWED_HOSTS has those that it has beside the loopback\'s.');
    }
    const target = ABSOLUTE_TARGET.exec(request.url ?? '');
    if (target !== null) {
      // It goes before the Host (RFC 9112, 3.2.2).
      host = this.ownName(target[1] as string, request);
      if (host === null) return forbidden('The address names a host that is not this service.');
    }
    if (headers.origin !== undefined) {
      return this.isAllowedOrigin(headers.origin, host, request) ? null : forbidden('Origin is not the service\'s own, and not one of ALLOWED_ORIGINS.');
    }
    return isForeignFetch(request) ? forbidden('A page of another site may not use this service.') : null;
  }

  private isAllowedOrigin(text: string, host: Authority | null, request: IncomingMessage): boolean {
    const origin = this.remembered(this.origins, text, originOf);
    if (origin === null) return false;
    if (this.allowedOrigins.has(origin)) return true;
    if (host === null) return false;
    // The service's own, under the name and port by which it was asked: as it was asked, where that is known; else plain, or with TLS before it.
    const scheme = this.peers.schemeOf(request);
    return (scheme === null ? SCHEMES : [scheme]).some((own) => origin === originOf(`${own}://${host.name}${host.port === null ? '' : `:${host.port}`}`));
  }

  /** @returns the name by which the service was asked; null where it is none of its names */
  private ownName(text: string, { socket }: IncomingMessage): Authority | null {
    const host = this.remembered(this.hosts, text, (given) => this.allowedName(given));
    if (host !== null || !this.isOnEveryAddress) return host;
    // A name can be made to point here; the address that a connection came to is an address, and it is ours.
    const asked = authorityOf(text);
    return asked !== null && asked.name === nameOfAddress(socket.localAddress ?? '') ? asked : null;
  }

  private allowedName(text: string): Authority | null {
    const host = authorityOf(text);
    if (host === null) return null;
    const isAllowed = isLoopbackName(host.name)
      || this.allowedHosts.some(({ name, port }) => name === host.name && (port === null || port === host.port));
    return isAllowed ? host : null;
  }

  private remembered<T>(known: Map<string, T>, text: string, find: (text: string) => T): T {
    let found = known.get(text);
    if (found === undefined) {
      found = find(text);
      if (known.size >= REMEMBERED_MAX) known.clear();
      known.set(text, found);
    }
    return found;
  }
}

/** What a browser asks ahead of a call that a form could not make. */
export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}

/** The answer to a preflight of a page that may ask. */
export function preflightHeaders({ headers }: IncomingMessage): Record<string, string> {
  return {
    'Access-Control-Allow-Methods': ALLOWED_METHODS,
    'Access-Control-Allow-Headers': ALLOWED_HEADERS,
    'Access-Control-Max-Age': String(PREFLIGHT_MAX_AGE_S),
    // From a public page to a local address, some browsers ask for this, too.
    ...(headers['access-control-request-private-network'] === 'true' && { 'Access-Control-Allow-Private-Network': 'true' }),
  };
}

function isRead({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD';
}

function forbidden(detail: string): RequestRefusal {
  return new RequestRefusal('origin_not_allowed', { detail, headers: { Vary: 'Origin' } });
}

/** Node shows the first one only; whoever stands before the service may go by another. */
function hasManyHosts(rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') count++;
  }
  return count > 1;
}

/**
 * A second signal, from browsers that give it: a request without an Origin that another site's page makes, such as that of an
 * image. A link from there is followed by a person, who sees the answer where the page does not.
 */
function isForeignFetch(request: IncomingMessage): boolean {
  const { headers } = request;
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return false;
  const isLink = isRead(request) && headers['sec-fetch-mode'] === 'navigate';
  return !isLink;
}

/** An address of the system's as it stands in a Host. */
function nameOfAddress(address: string): string {
  const text = plainAddress(address);
  return text.includes(':') ? authorityOf(`[${text}]`)?.name ?? '' : text;
}
