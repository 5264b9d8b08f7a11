import type { ServerResponse } from 'node:http';
import type { Answer } from '../../http/answer';
import type { Call, Method, Route } from '../../http/dialect';
import { parseQuery } from '../../http/query';
import { RequestRefusal, invalid } from '../../http/request-refusal';
import { checkNoQuery } from './check/schemas';
import type { NativeMarket } from './native-market';
import type { NativeOrders } from './native-orders';
import { JSON_BODY, idempotencyKeyOf } from './parse';

export interface Probes {
  /** GET /readyz: status 200 or 503 with each dependency. */
  ready(): Promise<Answer>;
  /** Prometheus text. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** The stream as server-sent events. */
export interface EventStreams {
  /**
   * @param lastEventId what a client that connects again has seen last
   * @returns what begins the stream on a response whose head is out
   * @throws RequestRefusal for a query that is not understood, or one connection too many
   */
  open(query: string, lastEventId: string | undefined, address: string): (response: ServerResponse) => void;
}

/** What this dialect reads of every request: the parameters of its query string, one given twice as an array, and its key. */
type Handler = (call: Call, parameters: Readonly<Record<string, unknown>>, key: string | undefined) => Promise<Answer>;

function route(method: Method, path: string, handle: Handler): Route {
  return {
    method, path, body: method === 'GET' ? null : JSON_BODY,
    handle: (call) => handle(call, parseQuery(call.query), idempotencyKeyOf(call.request)),
  };
}

/** A call that is all in its path and body. */
function plain(handle: (call: Call, key: string | undefined) => Promise<Answer>): Handler {
  return (call, parameters, key) => {
    checkNoQuery(parameters);
    return handle(call, key);
  };
}

/** Clients that cannot send a body with DELETE give its fields in the query string. */
function bodyOrQuery(body: unknown, parameters: Readonly<Record<string, unknown>>): unknown {
  if (body === undefined) return parameters;
  checkNoQuery(parameters);
  return body;
}

/** A key for a batch as a whole would be taken for a promise that nothing keeps: each operation has its own. */
function refuseBatchKey(key: string | undefined): void {
  if (key === undefined) return;
  throw invalid([{ field: 'Idempotency-Key', message: 'is not for a batch: give each operation an idempotency_key' }]);
}

/** The calls of orders and market data. */
export function apiRoutes(orders: NativeOrders, market: NativeMarket): Route[] {
  const id = (call: Call): string => call.params.order_id as string;
  return [
    route('POST', '/orders', plain((call, key) => orders.place(call.context, call.body, key))),
    route('POST', '/orders/batch', plain((call, key) => {
      refuseBatchKey(key);
      return orders.batch(call.context, call.body);
    })),
    route('POST', '/orders/:order_id/cancel', plain((call, key) => orders.cancel(call.context, id(call), call.body, key))),
    route('DELETE', '/orders/:order_id', (call, parameters, key) => orders.cancel(call.context, id(call), bodyOrQuery(call.body, parameters), key)),
    route('PATCH', '/orders/:order_id', plain((call, key) => orders.amend(call.context, id(call), call.body, key))),
    route('DELETE', '/orders', (call, parameters) => {
      // One that names an instrument must not be overlooked: the call would cancel more than was meant.
      if (call.body !== undefined) throw invalid([{ field: 'body', message: 'is not taken: client_id and instrument are query parameters' }]);
      return orders.massCancel(call.context, parameters);
    }),
    route('GET', '/orders', (call, parameters) => orders.list(call.context, parameters)),
    route('GET', '/public/orderbook', (call, parameters) => market.orderbook(call.context, parameters)),
    route('GET', '/public/trades', (call, parameters) => market.trades(call.context, parameters)),
    route('GET', '/public/candles', (call, parameters) => market.candles(call.context, parameters)),
    route('GET', '/public/ticker', (call, parameters) => market.ticker(call.context, parameters)),
    route('GET', '/public/orders/:order_id', plain((call) => orders.order(call.context, id(call)))),
    route('GET', '/public/instruments', plain((call) => market.list(call.context))),
  ];
}

/** What is asked of the service itself: how it is, what it promises, and its stream without a WebSocket. */
export function serviceRoutes(documents: Readonly<Record<string, unknown>>, probes: Probes, streams: EventStreams): Route[] {
  const get = (path: string, handle: Route['handle'], isForAnyHost = false): Route => ({ method: 'GET', path, body: null, isForAnyHost, handle });
  return [
    get('/healthz', () => Promise.resolve({ status: 200, body: { status: 'ok' } }), true),
    get('/readyz', () => probes.ready(), true),
    get('/metrics', async () => {
      const { contentType, text } = await probes.metrics();
      return { status: 200, body: text, headers: { 'Content-Type': contentType } };
    }, true),
    ...Object.entries(documents).map(([path, document]) => get(path, () => Promise.resolve({ status: 200, body: document }))),
    get('/stream', () => Promise.reject(new RequestRefusal('upgrade_required', {
      headers: { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' },
    }))),
    get('/public/stream', (call) => {
      beginEvents(call, streams);
      return Promise.resolve(null);
    }),
  ];
}

function beginEvents({ context, query, request, response }: Call, streams: EventStreams): void {
  const lastEventId = request.headers['last-event-id'];
  const begin = streams.open(query, typeof lastEventId === 'string' ? lastEventId : undefined, context.address);
  // Set one by one: what writeHead takes cannot be asked for later.
  response.setHeaders(new Map([
    ['Content-Type', 'text/event-stream'],
    ['Cache-Control', 'no-store'],
    ['X-Content-Type-Options', 'nosniff'],
    // A proxy that gathers the answer first would never pass it on.
    ['X-Accel-Buffering', 'no'],
    ['X-Request-Id', context.requestId],
    ['traceparent', context.traceparent ?? ''],
    ['Connection', 'close'],
  ]));
  response.writeHead(200);
  if (request.method === 'HEAD') response.end();
  else begin(response);
}
