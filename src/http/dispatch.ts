import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import getRawBody from 'raw-body';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { answerOfProblem, type Answer } from '../api/answer';
import { parseJson } from '../api/json';
import { Problem, invalid, problemOf } from '../api/problem';
import type { Route } from './routes';
import { traceOf, type RequestTrace } from './trace';

export interface DispatchOptions {
  readonly bodyBytesMax: number;
  readonly urlBytesMax: number;
  readonly rateLimitPerSecond: number;
}

export interface DispatchObserver {
  request(method: string, route: string, status: number, seconds: number): void;
}

/** What a request is known by in limits, logs and metrics. */
export interface RequestLabel {
  readonly method: string;
  /** Of a bounded set of names. */
  readonly route: string;
  /** Of the peer. */
  readonly address: string;
  readonly requestId: string;
  readonly traceparent?: string;
}

/** Longest time that an unwanted body is read off before its connection is closed. */
const DISCARD_MS = 500;

const JSON_TYPE = /^application\/json(?:\s*;\s*charset="?utf-8"?)?\s*$/i;

/**
 * From a request to its answer, the same for both ways in (the order routes ahead of Express, and
 * Express): limits, body, handler, problem documents, headers, log and metrics.
 */
export class Dispatcher {
  private readonly limiter: RateLimiterMemory;
  private inFlight = 0;
  private draining = false;

  constructor(
    private readonly options: DispatchOptions,
    private readonly logger: Logger,
    private readonly observer: DispatchObserver,
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

  /** Runs a route's handler and answers. Never rejects. */
  async run(route: Route, request: IncomingMessage, response: ServerResponse, params: Readonly<Record<string, string>>, query: string): Promise<void> {
    await this.respond(request, response, route.path, async (trace) => {
      const body = route.takesBody ? await this.readBody(request) : undefined;
      return route.handle({
        params,
        query: query === '' ? {} : parseQuery(query),
        body,
        idempotencyKey: idempotencyKeyOf(request),
        requestId: trace.requestId,
      });
    });
  }

  /**
   * Answers with what `work` gives, or with the problem it throws; null leaves the response to whoever has begun it.
   * @param route name for logs and metrics
   */
  async respond(
    request: IncomingMessage, response: ServerResponse, route: string, work: (trace: RequestTrace) => Promise<Answer | null>,
  ): Promise<void> {
    const trace = traceOf(request);
    const label = { method: request.method ?? '', route, address: request.socket.remoteAddress ?? '', ...trace };
    this.inFlight++;
    let isBegun = false;
    const answer = await this.perform(label, async () => {
      if ((request.url ?? '').length > this.options.urlBytesMax) throw new Problem('uri_too_long');
      const made = await work(trace);
      isBegun = made === null;
      return made ?? { status: response.statusCode, body: null };
    });
    if (!isBegun) {
      if (!request.complete) await discardBody(request);
      this.send(request, response, answer, trace);
    }
    this.inFlight--;
  }

  /** Carries out one request within the limits, whatever brought it. Never rejects. @returns what it is answered with */
  async perform(request: RequestLabel, work: () => Promise<Answer>): Promise<Answer> {
    const started = process.hrtime.bigint();
    this.inFlight++;
    let answer: Answer;
    try {
      if (this.draining) throw new Problem('shutting_down');
      await this.checkRate(request.address);
      answer = await work();
    } catch (error) {
      answer = this.answerOfError(error, request);
    }
    this.inFlight--;
    this.report(request, answer.status, Number(process.hrtime.bigint() - started) / 1e9);
    return answer;
  }

  private report({ method, route, requestId, traceparent }: RequestLabel, status: number, seconds: number): void {
    this.observer.request(method, route, status, seconds);
    // That a probe says no is its purpose.
    const level = status >= 500 && route !== '/readyz' ? 'warn' : 'debug';
    if (this.logger.isLevelEnabled(level)) {
      this.logger[level]({ request_id: requestId, traceparent, method, route, status, ms: seconds * 1000 }, 'request');
    }
  }

  private async checkRate(address: string): Promise<void> {
    const limit = this.options.rateLimitPerSecond;
    try {
      await this.limiter.consume(address);
    } catch (rejection) {
      if (rejection instanceof Error) throw rejection;
      const reset = Math.max(1, Math.ceil((rejection as RateLimiterRes).msBeforeNext / 1000));
      throw new Problem('rate_limited', {
        headers: {
          'Retry-After': String(reset),
          'RateLimit-Policy': `"default";q=${limit};w=1`,
          RateLimit: `"default";r=0;t=${reset}`,
        },
      });
    }
  }

  private async readBody(request: IncomingMessage): Promise<unknown> {
    const { headers } = request;
    const length = headers['content-length'];
    if (length === undefined && headers['transfer-encoding'] === undefined) return undefined;
    if (length === '0') return undefined;
    if (!JSON_TYPE.test(headers['content-type'] ?? '')) throw new Problem('unsupported_media_type');
    if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity') {
      throw new Problem('unsupported_media_type', { detail: 'The body must not be compressed.' });
    }
    let body: Buffer;
    try {
      body = await getRawBody(request, { limit: this.options.bodyBytesMax, ...(length === undefined ? {} : { length }) });
    } catch (error) {
      if ((error as { type?: string }).type === 'entity.too.large') {
        throw new Problem('body_too_large', { detail: `The body must be at most ${this.options.bodyBytesMax} bytes.` });
      }
      throw new Problem('malformed_json', { detail: 'The body ended early.' });
    }
    return body.length === 0 ? undefined : parseJson(body);
  }

  private answerOfError(error: unknown, { requestId, traceparent }: RequestLabel): Answer {
    const problem = problemOf(error);
    if (problem !== null) return answerOfProblem(problem, requestId);
    this.logger.error({ err: error, request_id: requestId, traceparent }, 'request failed');
    return answerOfProblem(new Problem('internal_error'), requestId);
  }

  private send(request: IncomingMessage, response: ServerResponse, answer: Answer, trace: RequestTrace): void {
    if (response.headersSent || response.destroyed) return;
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
    const headers: Record<string, string | number> = {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(text),
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'X-Request-Id': trace.requestId,
      traceparent: trace.traceparent,
      ...answer.headers,
    };
    // A body that was not read would be taken for the next request.
    if (this.draining || !request.complete) headers.Connection = 'close';
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

/** @throws Problem `validation_failed` for a key that is given twice */
function idempotencyKeyOf(request: IncomingMessage): string | undefined {
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string') return undefined;
  // Node joins what is given twice.
  if (key.includes(', ') && request.headersDistinct['idempotency-key']?.length !== 1) {
    throw invalid([{ field: 'Idempotency-Key', message: 'must be given once' }]);
  }
  // Headers come as Latin-1; a key is the same text here and in a body.
  const bytes = Buffer.from(key, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : key;
}

/** Names and values of a query, whatever it is. */
export function parametersOf(query: string): URLSearchParams {
  // A question mark in front would be dropped: it is part of the first name.
  return new URLSearchParams(`&${query}`);
}

/**
 * @param query the part behind the question mark
 * @throws Problem `validation_failed` for bytes that are no text: read leniently, they would be another name
 */
export function parseQuery(query: string): Record<string, unknown> {
  try {
    decodeURIComponent(query);
  } catch {
    throw new Problem('validation_failed', { detail: 'The query string is not valid.' });
  }
  const result: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of parametersOf(query)) {
    const known = result[name];
    if (known === undefined) result[name] = value;
    else if (Array.isArray(known)) known.push(value);
    else result[name] = [known, value];
  }
  return result;
}
