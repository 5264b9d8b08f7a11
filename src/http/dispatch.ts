import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import getRawBody from 'raw-body';
import type { Context } from '../domain/context';
import { ANYONE, NOBODY, type Principal } from '../domain/principal';
import type { OneTimeUse } from '../domain/one-time-use';
import { Refusal, refusalOf } from '../domain/refusal';
import type { Credentials, Gate } from '../people/gate';
import type { Answer } from './answer';
import { contextOf, type RequestContext } from './context';
import { audited } from './audited';
import { credentialsOf } from './credentials';
import type { BodyFormat, Call, Dialect } from './dialect';
import type { Peers } from './peers';
import { RequestRefusal } from './request-refusal';
import type { MountedRoute } from './route-table';

export interface DispatchOptions {
  readonly bodyBytesMax: number;
  readonly urlBytesMax: number;
  readonly rateLimitPerSecond: number;
  readonly requestTimeoutMs: number;
}

export interface DispatchObserver {
  request(method: string, route: string, status: number, seconds: number): void;
}

type SignedCredentials = Extract<Credentials, { readonly kind: 'signature' }>;

const NO_CREDENTIALS: Credentials = { kind: 'none' };

/** Longest time that an unwanted body is read off before its connection is closed. */
const DISCARD_MS = 500;

/**
 * From a request to its answer, the same for every way in (the quick one, Express, and messages of a connection): limits,
 * body, handler, errors in the words of the route's dialect, headers, log and metrics.
 */
export class Dispatcher {
  private readonly limiter: RateLimiterMemory;
  private inFlight = 0;
  private draining = false;

  constructor(
    private readonly options: DispatchOptions,
    private readonly logger: Logger,
    private readonly observer: DispatchObserver,
    private readonly peers: Pick<Peers, 'addressOf' | 'isInternal'>,
    /** null where nobody is asked who they are. */
    private readonly gate: Gate | null,
  ) {
    this.limiter = new RateLimiterMemory({ points: options.rateLimitPerSecond, duration: 1 });
  }

  get requestsInFlight(): number {
    return this.inFlight;
  }

  /** From now on every answer closes its connection, and new requests are refused. */
  drain(): void {
    this.draining = true;
  }

  /**
   * Answers a request with what its route gives, or with what it throws. Never rejects.
   * @param query what is behind the question mark, '' without one
   */
  async serve(
    route: MountedRoute, request: IncomingMessage, response: ServerResponse, params: Readonly<Record<string, string>>, query: string,
  ): Promise<void> {
    const startedMs = performance.now();
    const context = contextOf(request, this.peers.addressOf(request), this.options.requestTimeoutMs);
    this.inFlight++;
    let answer: Answer | null;
    try {
      await this.admit(context);
      if ((request.url ?? '').length > this.options.urlBytesMax) throw new RequestRefusal('uri_too_long');
      answer = this.gate === null ? await this.carryOut(route, { context, params, query, request, response }) : await this.carryOutFor(this.gate, route, { context, params, query, request, response });
    } catch (error) {
      answer = this.answerOfError(error, context, route.dialect);
    }
    this.report(request.method ?? '', route.path, context, answer?.status ?? response.statusCode, startedMs);
    // Null leaves the response to whoever has begun it.
    if (answer !== null) {
      if (!request.complete) await discardBody(request);
      this.send(request, response, answer, context);
    }
    this.inFlight--;
  }

  private async carryOut(route: MountedRoute, call: Omit<Call, 'body'>): Promise<Answer | null> {
    const bytes = route.body === null ? null : await this.readBody(call.request, route.body);
    const body = bytes === null || route.body === null ? undefined : route.body.parse(bytes);
    return route.handle({ ...call, body });
  }

  /** The same where callers say who they are, and may do what is theirs. */
  private async carryOutFor(gate: Gate, route: MountedRoute, call: Omit<Call, 'body'>): Promise<Answer | null> {
    const { access } = route;
    const { request } = call;
    const isForAll = access.caller === 'anyone' || (access.caller === 'internal' && this.peers.isInternal(request));
    const { authorization } = request.headers;
    const known = isForAll || authorization === undefined || request.headers['openfill-key'] !== undefined ? undefined : gate.byHeader(authorization);
    if (known !== undefined) return this.admitted(gate, route, call, known, route.body === null ? null : await this.readBody(request, route.body));
    const credentials = isForAll && access.asksWho !== true ? NO_CREDENTIALS : credentialsOf(request);
    if (!isForAll && credentials.kind === 'none') throw new Refusal('unauthenticated');
    const asked: MountedRoute = isForAll ? { ...route, access: { ...access, caller: 'anyone' } } : route;
    let principal: Principal = NOBODY;
    if (credentials.kind === 'token') principal = await gate.byToken(credentials.token);
    const bytes = route.body === null ? null : await this.readBody(request, route.body);
    if (credentials.kind === 'signature') {
      return this.carryOutSigned(gate, asked, call, credentials, bytes);
    }
    return this.admitted(gate, asked, call, principal, bytes);
  }

  /** The same for what a key has signed. A signature is used by whatever becomes of the request. */
  private async carryOutSigned(gate: Gate, route: MountedRoute, call: Omit<Call, 'body'>, { signature }: SignedCredentials, bytes: Buffer | null): Promise<Answer | null> {
    const { request, context: { address } } = call;
    const signed = gate.bySignature(signature, [request.method ?? '', request.url ?? '', bytes ?? ''], address);
    const { caller, use } = signed instanceof Promise ? await signed : signed;
    if (route.isOneCommand !== true) {
      await gate.takeSignature(use);
      return this.admitted(gate, route, call, caller, bytes);
    }
    try {
      return await this.admitted(gate, route, call, caller, bytes, use);
    } finally {
      // It was turned down ahead of its command.
      if (!use.isWithCommand) await gate.takeSignature(use);
    }
  }

  /** @param principal whoever it is, which is known now @param signatureUse that the call's command takes, null without one */
  private async admitted(
    gate: Gate, route: MountedRoute, call: Omit<Call, 'body'>, principal: Principal, bytes: Buffer | null, signatureUse: OneTimeUse | null = null,
  ): Promise<Answer | null> {
    const body = bytes === null || route.body === null ? undefined : route.body.parse(bytes);
    const waiting = gate.admit(principal, route.access, call.context.address, route.costOf?.(body) ?? null);
    if (waiting !== undefined) await waiting;
    const { params, query, request, response } = call;
    const known: Call = { context: { ...call.context, principal, signatureUse }, params, query, body, request, response };
    if (!gate.isAudited(principal)) return route.handle(known);
    return audited(gate.audit, principal, { name: route.name, path: route.path, isRead: route.method === 'GET' }, known, () => route.handle(known));
  }

  /**
   * Who opens a connection, as its handshake says: nobody where it says nothing.
   * @throws Refusal 401
   */
  async principalOfUpgrade(request: IncomingMessage, address: string): Promise<Principal> {
    if (this.gate === null) return ANYONE;
    const credentials = credentialsOf(request);
    switch (credentials.kind) {
      case 'none': return NOBODY;
      case 'token': return this.gate.byToken(credentials.token);
      case 'signature': return this.gate.takingSignature(credentials.signature, ['GET', request.url ?? ''], address);
    }
  }

  /**
   * Carries out one message of a connection within the same limits. Never rejects.
   * @param method and `route` name it in logs and metrics
   */
  async perform(
    method: string, route: string, context: Context, dialect: Pick<Dialect, 'answerOf'>, work: () => Promise<Answer>,
  ): Promise<Answer> {
    const startedMs = performance.now();
    this.inFlight++;
    let answer: Answer;
    try {
      await this.admit(context);
      answer = await work();
    } catch (error) {
      answer = this.answerOfError(error, context, dialect);
    }
    this.inFlight--;
    this.report(method, route, context, answer.status, startedMs);
    return answer;
  }

  private async admit({ address }: Context): Promise<void> {
    if (this.draining) throw new RequestRefusal('shutting_down');
    const limit = this.options.rateLimitPerSecond;
    try {
      await this.limiter.consume(address);
    } catch (rejection) {
      if (rejection instanceof Error) throw rejection;
      const reset = Math.max(1, Math.ceil((rejection as RateLimiterRes).msBeforeNext / 1000));
      throw new RequestRefusal('rate_limited', {
        headers: {
          'Retry-After': String(reset),
          'RateLimit-Policy': `"default";q=${limit};w=1`,
          RateLimit: `"default";r=0;t=${reset}`,
        },
      });
    }
  }

  private report(method: string, route: string, { requestId, traceparent, address }: Context, status: number, startedMs: number): void {
    const ms = performance.now() - startedMs;
    this.observer.request(method, route, status, ms / 1000);
    // That a probe says no is its purpose.
    const level = status >= 500 && route !== '/readyz' ? 'warn' : 'debug';
    if (this.logger.isLevelEnabled(level)) {
      this.logger[level]({ request_id: requestId, traceparent: traceparent ?? undefined, address, method, route, status, ms }, 'request');
    }
  }

  /** @returns null without one */
  private async readBody(request: IncomingMessage, format: BodyFormat): Promise<Buffer | null> {
    const { headers } = request;
    const length = headers['content-length'];
    if (length === undefined && headers['transfer-encoding'] === undefined) return null;
    if (length === '0') return null;
    if (!format.accepts(headers['content-type'] ?? '')) throw new RequestRefusal('unsupported_media_type');
    if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity') {
      throw new RequestRefusal('unsupported_media_type', { detail: 'The body must not be compressed.' });
    }
    let body: Buffer;
    try {
      body = await getRawBody(request, { limit: this.options.bodyBytesMax, ...(length === undefined ? {} : { length }) });
    } catch (error) {
      if ((error as { type?: string }).type === 'entity.too.large') {
        throw new RequestRefusal('body_too_large', { detail: `The body must be at most ${this.options.bodyBytesMax} bytes.` });
      }
      throw new RequestRefusal('malformed_json', { detail: 'The body ended early.' });
    }
    return body.length === 0 ? null : body;
  }

  private answerOfError(error: unknown, { requestId, traceparent }: Context, dialect: Pick<Dialect, 'answerOf'>): Answer {
    const refusal = refusalOf(error);
    if (refusal !== null) return dialect.answerOf(refusal, requestId);
    this.logger.error({ err: error, request_id: requestId, traceparent: traceparent ?? undefined }, 'request failed');
    return dialect.answerOf(new Refusal('internal_error'), requestId);
  }

  private send(request: IncomingMessage, response: ServerResponse, answer: Answer, { requestId, traceparent }: RequestContext): void {
    if (response.headersSent || response.destroyed) return;
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
    const headers: Record<string, string | number | string[]> = {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(text),
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'X-Request-Id': requestId,
      traceparent,
      ...answer.headers,
      ...(answer.cookies !== undefined && { 'Set-Cookie': [...answer.cookies] }),
    };
    // A body that was not read would be taken for the next request.
    if (this.draining || !request.complete) headers.Connection = 'close';
    // With a header of ours Node says nothing of what the client asked for.
    else if (headers.Connection !== undefined && !response.shouldKeepAlive) headers.Connection = `${String(headers.Connection)}, close`;
    response.writeHead(answer.status, headers);
    response.end(request.method === 'HEAD' ? undefined : text);
  }
}

/**
 * Reads off a body that nobody wants, for a while: a connection that is closed on data still under way is reset, and
 * takes the answer with it.
 */
async function discardBody(request: IncomingMessage): Promise<void> {
  if (request.destroyed) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, DISCARD_MS);
    request.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    request.resume();
  });
}
