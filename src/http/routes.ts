import type { Answer } from '../api/answer';
import type { CandlesApi } from '../api/candles';
import type { MarketDataApi } from '../api/market-data';
import type { OrdersApi } from '../api/orders';
import { invalid } from '../api/problem';
import { checkNoQuery } from '../api/schemas';

/** What a handler gets of a request, whichever router found it. */
export interface Call {
  readonly params: Readonly<Record<string, string>>;
  /** Parameters of the query string; one given twice is an array. */
  readonly query: Readonly<Record<string, unknown>>;
  /** The parsed body; undefined without one. */
  readonly body: unknown;
  readonly idempotencyKey: string | undefined;
  readonly requestId: string;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Express' path pattern; also the route's name in logs and metrics. */
  readonly path: string;
  readonly takesBody: boolean;
  handle(call: Call): Promise<Answer>;
}

/** A call that is all in its path and body. */
function plain(handle: (call: Call) => Promise<Answer>): (call: Call) => Promise<Answer> {
  return async (call) => {
    checkNoQuery(call.query);
    return handle(call);
  };
}

/** Clients that cannot send a body with DELETE give its fields in the query string. */
function bodyOrQuery(call: Call): unknown {
  if (call.body === undefined) return call.query;
  checkNoQuery(call.query);
  return call.body;
}

/** A key for a batch as a whole would be taken for a promise that nothing keeps: each operation has its own. */
function refuseBatchKey(call: Call): void {
  if (call.idempotencyKey === undefined) return;
  throw invalid([{ field: 'Idempotency-Key', message: 'is not for a batch: give each operation an idempotency_key' }]);
}

/** The JSON routes. */
export function apiRoutes(orders: OrdersApi, market: MarketDataApi, candles: CandlesApi): Route[] {
  const id = (call: Call): string => call.params.order_id as string;
  return [
    { method: 'POST', path: '/orders', takesBody: true, handle: plain((call) => orders.place(call.body, call.idempotencyKey)) },
    {
      method: 'POST', path: '/orders/batch', takesBody: true,
      handle: plain((call) => {
        refuseBatchKey(call);
        return orders.batch(call.body, call.requestId);
      }),
    },
    {
      method: 'POST', path: '/orders/:order_id/cancel', takesBody: true,
      handle: plain((call) => orders.cancel(id(call), call.body, call.idempotencyKey)),
    },
    {
      method: 'DELETE', path: '/orders/:order_id', takesBody: true,
      handle: async (call) => orders.cancel(id(call), bodyOrQuery(call), call.idempotencyKey),
    },
    {
      method: 'PATCH', path: '/orders/:order_id', takesBody: true,
      handle: plain((call) => orders.amend(id(call), call.body, call.idempotencyKey)),
    },
    {
      method: 'DELETE', path: '/orders', takesBody: true,
      handle: async (call) => {
        // One that names an instrument must not be overlooked: the call would cancel more than was meant.
        if (call.body !== undefined) throw invalid([{ field: 'body', message: 'is not taken: client_id and instrument are query parameters' }]);
        return orders.massCancel(call.query);
      },
    },
    { method: 'GET', path: '/orders', takesBody: false, handle: (call) => orders.list(call.query) },
    { method: 'GET', path: '/public/orderbook', takesBody: false, handle: (call) => market.orderbook(call.query) },
    { method: 'GET', path: '/public/trades', takesBody: false, handle: (call) => market.trades(call.query) },
    { method: 'GET', path: '/public/candles', takesBody: false, handle: (call) => candles.candles(call.query) },
    { method: 'GET', path: '/public/ticker', takesBody: false, handle: (call) => market.ticker(call.query) },
    { method: 'GET', path: '/public/orders/:order_id', takesBody: false, handle: plain((call) => orders.order(id(call))) },
    { method: 'GET', path: '/public/instruments', takesBody: false, handle: plain(() => market.list()) },
  ];
}

/**
 * Finds an order route without a router: Express' costs more than the order itself.
 * @returns the pattern and its parameters, or null for whatever is not plainly one of the hot routes
 */
export function matchHotRoute(method: string, path: string): { path: string; params: Record<string, string> } | null {
  if (!path.startsWith('/orders')) return null;
  if (path === '/orders') return method === 'POST' ? { path, params: {} } : null;
  if (path === '/orders/batch') return method === 'POST' ? { path, params: {} } : null;
  const match = /^\/orders\/([0-9a-fA-F-]{36})(\/cancel)?$/.exec(path);
  if (match === null) return null;
  const params = { order_id: match[1] as string };
  if (match[2] !== undefined) return method === 'POST' ? { path: '/orders/:order_id/cancel', params } : null;
  return method === 'PATCH' || method === 'DELETE' ? { path: '/orders/:order_id', params } : null;
}
