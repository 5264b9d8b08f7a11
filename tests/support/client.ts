import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { ProblemBody } from '../../src/dialects/native/problem';
import type { FieldError } from '../../src/http/request-refusal';
import type { OrderView, OrderWithTradesView, TradeView } from '../../src/dialects/native/present';
import type { CandleView, TickerView } from '../../src/dialects/native/present-market';
import { Contract } from './contract';

export type { CandleView, FieldError, OrderView, OrderWithTradesView, ProblemBody, TradeView };

export interface Answer<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  /** What the JSON says; the text of an answer that is none. */
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

/** An answer that the service's document does not foresee. */
export class ContractError extends Error {}

const VIOLATIONS_SHOWN = 5;
const TEXT_SHOWN = 2_000;

type Received = Omit<Answer, 'body'>;

function headersOf(received: IncomingHttpHeaders): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(received)) {
    for (const one of Array.isArray(value) ? value : [value ?? '']) headers.append(name, one);
  }
  return headers;
}

/** The documents that services serve, by where; equal ones are compiled once. */
const served = new Map<string, Promise<Contract>>();
const compiled = new Map<string, Contract>();

/**
 * Calls a service over kept-alive connections, and holds every answer against the document that the service itself serves.
 * `close` ends the connections.
 */
export class Client {
  private readonly agent: Agent;
  private readonly urlNow: () => string;

  /**
   * @param url of the service; a function is asked anew for each call, since a service that was started again has another port
   * @param connectionsMax more requests at once wait for one of these
   */
  constructor(url: string | (() => string), connectionsMax = 256) {
    this.urlNow = typeof url === 'string' ? () => url : url;
    this.agent = new Agent({ keepAlive: true, maxSockets: connectionsMax });
  }

  get url(): string {
    return this.urlNow();
  }

  /** The service's document, loaded once. */
  contract(url = this.url): Promise<Contract> {
    const known = served.get(url);
    if (known !== undefined) return known;
    const loaded = this.send(url, 'GET', '/openapi.json', {}).then(({ status, text }) => {
      if (status !== 200) throw new Error(`the service has no document: ${status} ${text.slice(0, 200)}`);
      const contract = compiled.get(text) ?? new Contract(JSON.parse(text) as unknown);
      compiled.set(text, contract);
      return contract;
    });
    served.set(url, loaded);
    // Another call may find the service there.
    loaded.catch(() => served.delete(url));
    return loaded;
  }

  /**
   * @throws ContractError when the answer is against the document
   * @throws Error when the connection ended before the answer did
   */
  async call<T = unknown>(method: string, path: string, options: CallOptions = {}): Promise<Answer<T>> {
    const url = this.url;
    const contract = await this.contract(url);
    const received = await this.send(url, method, path, options);
    const [bare] = path.split('?') as [string];
    const violations = options.outside === undefined
      ? contract.violations(method, bare, received)
      : contract.violationsOutside(options.outside, received);
    if (violations.length > 0) {
      throw new ContractError(`${method} ${path} answered against its document: ${violations.slice(0, VIOLATIONS_SHOWN).join('; ')}: ${received.text.slice(0, TEXT_SHOWN)}`);
    }
    const isJson = (received.headers.get('content-type') ?? '').includes('json') && received.text !== '';
    return { ...received, body: (isJson ? JSON.parse(received.text) : received.text) as T };
  }

  private send(url: string, method: string, path: string, { body, raw, headers }: CallOptions): Promise<Received> {
    const given = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    // As bytes: a text would be written together with the headers, and these are not UTF-8.
    const content = typeof given === 'string' ? Buffer.from(given, 'utf8') : given;
    const stream = content !== undefined && 'getReader' in content ? content : null;
    return new Promise((resolve, reject) => {
      const sent = request(`${url}${path}`, {
        method,
        agent: this.agent,
        headers: {
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...(content !== undefined && 'byteLength' in content ? { 'Content-Length': content.byteLength } : {}),
          ...headers,
        },
      }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; });
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: headersOf(response.headers), text }));
      });
      sent.on('error', reject);
      if (stream !== null) Readable.fromWeb(stream).on('error', reject).pipe(sent);
      else sent.end(content);
    });
  }

  get<T = unknown>(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer<T>> {
    return this.call<T>('GET', path, { headers });
  }

  post<T = unknown>(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer<T>> {
    return this.call<T>('POST', path, { body, headers });
  }

  close(): void {
    this.agent.destroy();
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

/** One call over a connection of its own. */
export async function callOnce<T = unknown>(url: string, method: string, path: string, options: CallOptions = {}): Promise<Answer<T>> {
  const client = new Client(url, 1);
  try {
    return await client.call<T>(method, path, options);
  } finally {
    client.close();
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
