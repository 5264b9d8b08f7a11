import { createOpenapiDocument } from '../../../src/api/openapi';
import type { FieldError, ProblemBody } from '../../../src/api/problem';
import { readConfig } from '../../../src/config';
import type { OrderView, OrderWithTradesView, TradeView } from '../../../src/dialects/native/present';
import type { CandleView, TickerView } from '../../../src/dialects/native/present-market';
import { Contract } from './contract';

export type { CandleView, FieldError, OrderView, OrderWithTradesView, ProblemBody, TradeView };

export interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
  readonly text: string;
}

export interface CallOptions {
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, with the content type of `headers`. */
  readonly raw?: string | Uint8Array | ReadableStream;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the document does not list is asked for on purpose: an address that is not there, or a method. */
  readonly outside?: 'NotFound' | 'MethodNotAllowed';
}

const contract = new Contract(createOpenapiDocument(readConfig({})));

/** Calls a service, and holds every answer against its document. */
export class Client {
  constructor(readonly url: string, readonly contract_: Contract = contract) {}

  async call<T>(method: string, path: string, options: CallOptions = {}): Promise<Answer<T>> {
    const { body, raw, headers, outside } = options;
    const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
      ...(sent === undefined ? {} : { body: sent as NonNullable<RequestInit['body']> }),
      ...(sent instanceof ReadableStream ? { duplex: 'half' } : {}),
    });
    const text = await response.text();
    const received = { status: response.status, headers: response.headers, text };
    const [bare] = path.split('?') as [string];
    const violations = outside === undefined
      ? this.contract_.violations(method, bare, received)
      : this.contract_.violationsOutside(outside, received);
    if (violations.length > 0) throw new Error(`${method} ${path} answered against its document: ${violations.join('; ')}`);
    const isJson = (response.headers.get('content-type') ?? '').includes('json') && text !== '';
    return { ...received, body: (isJson ? JSON.parse(text) : text) as T };
  }

  get<T>(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer<T>> {
    return this.call<T>('GET', path, { headers });
  }

  /** POST /orders */
  place(order: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer<OrderWithTradesView>> {
    return this.call('POST', '/orders', { body: order, headers });
  }

  cancel(orderId: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer<OrderWithTradesView>> {
    return this.call('POST', `/orders/${orderId}/cancel`, { ...(body === undefined ? {} : { body }), headers });
  }

  amend(orderId: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer<OrderWithTradesView>> {
    return this.call('PATCH', `/orders/${orderId}`, { body, headers });
  }

  batch(operations: readonly unknown[]): Promise<Answer<{ results: { status: number; body: OrderWithTradesView & ProblemBody }[] }>> {
    return this.call('POST', '/orders/batch', { body: { operations } });
  }

  order(orderId: string): Promise<Answer<OrderWithTradesView>> {
    return this.get(`/public/orders/${orderId}`);
  }

  book(query = ''): Promise<Answer<BookBody>> {
    return this.get(`/public/orderbook${query}`);
  }

  trades(query = ''): Promise<Answer<{ instrument: string; trades: TradeView[]; stale?: true }>> {
    return this.get(`/public/trades${query}`);
  }

  candles(query = ''): Promise<Answer<{ instrument: string; interval: string; candles: CandleView[]; stale?: true }>> {
    return this.get(`/public/candles${query}`);
  }

  ticker(query = ''): Promise<Answer<TickerView & { instrument: string; sequence: number; timestamp: string; stale?: true }>> {
    return this.get(`/public/ticker${query}`);
  }

  list(query: string): Promise<Answer<{ orders: OrderView[]; next_cursor: string | null; stale?: true }>> {
    return this.get(`/orders${query}`);
  }
}

export interface BookBody {
  instrument: string; sequence: number; bids: [string, string][]; asks: [string, string][]; checksum: number; timestamp: string;
}

/** A call that is to be refused. @throws Error when its status or code is another */
export async function refusal(answer: Promise<Answer<unknown>>, status: number, code: string): Promise<Answer<ProblemBody>> {
  const refused = (await answer) as Answer<ProblemBody>;
  expect([refused.status, refused.body.code, refused.body.status]).toEqual([status, code, status]);
  expect(refused.headers.get('content-type')).toBe('application/problem+json');
  return refused;
}

/** A limit order that is valid, with whatever of it is to be otherwise. */
export function limit(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { client_id: 'client-A', instrument: 'BTC-USD', side: 'buy', type: 'limit', price: '100.00', quantity: '1', ...changes };
}

export function market(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { client_id: 'client-M', instrument: 'BTC-USD', side: 'sell', type: 'market', quantity: '1', ...changes };
}

/** Both ways a request can take through the service; every suite runs over both. */
export const BOTH_WAYS: [name: string, hotPath: boolean][] = [['ahead of Express', true], ['through Express', false]];
