import type { Command, Transport } from './commands';
import type { BatchResult } from './results';
import type { Answer } from './retry';
import { LoginRefused, sessionOf, type Auth, type Session } from './session';

/** JSON over HTTP: one request, one answer, asked again for nothing but who it is from. For whoever looks at each answer for itself. */
export class HttpTransport implements Transport {
  /** null for a client that says nothing of who it is. */
  readonly session: Session | null;

  /** @param url of the venue, without a slash at its end */
  constructor(private readonly url: string, auth?: Auth) {
    this.session = auth === undefined ? null : sessionOf(auth, (method, path, body, signal) => this.bare(method, path, body, {}, signal));
  }

  async request(method: string, path: string, body: unknown, signal: AbortSignal): Promise<Answer> {
    const { session } = this;
    if (session === null) return this.bare(method, path, body, {}, signal);
    const text = body === undefined ? '' : JSON.stringify(body);
    try {
      const answer = await this.bare(method, path, body, await session.headers(method, path, text, signal), signal);
      // What is refused for who asks was not carried out.
      if (answer.status !== 401 || !(await session.renew(answer, signal))) return answer;
      return await this.bare(method, path, body, await session.headers(method, path, text, signal), signal);
    } catch (error) {
      if (error instanceof LoginRefused) return error.answer;
      throw error;
    }
  }

  private async bare(method: string, path: string, body: unknown, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      method, signal,
      headers: { ...headers, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: readBody(text, response.headers.get('content-type')), header: (name) => response.headers.get(name) };
  }

  nameOf(command: Command): string {
    const { method, path } = routeOf(command);
    return `${method} ${path}`;
  }

  async send(command: Command, signal: AbortSignal): Promise<Answer> {
    const { method, path, body } = routeOf(command);
    const id = 'list_id' in command ? command.list_id : 'order_id' in command ? command.order_id : '';
    const answer = await this.request(method, path.replace(/:\w+/, encodeURIComponent(id)), body, signal);
    // A single call names its order by id; by the client's own name it is a batch of one.
    return command.op !== 'batch' && path === '/orders/batch' ? onlyResult(answer) : answer;
  }
}

function readBody(text: string, type: string | null): unknown {
  if (type?.includes('json') !== true) return text;
  return JSON.parse(text) as unknown;
}

function routeOf(command: Command): { method: string; path: string; body: unknown } {
  if (command.op === 'batch') return { method: 'POST', path: '/orders/batch', body: { operations: command.operations } };
  if (command.op === 'place_list') {
    const { op: _op, ...fields } = command;
    return { method: 'POST', path: '/order-lists', body: fields };
  }
  if (command.op === 'cancel_list') {
    const { op: _op, list_id: _listId, ...fields } = command;
    return { method: 'DELETE', path: '/order-lists/:list_id', body: fields };
  }
  if (command.op !== 'place' && !('order_id' in command)) return { method: 'POST', path: '/orders/batch', body: { operations: [command] } };
  const { op: _op, ...fields } = command;
  if (command.op === 'place') return { method: 'POST', path: '/orders', body: fields };
  const { order_id: _orderId, ...body } = fields as { order_id: string };
  return command.op === 'cancel'
    ? { method: 'POST', path: '/orders/:order_id/cancel', body }
    : { method: 'PATCH', path: '/orders/:order_id', body };
}

function onlyResult(answer: Answer): Answer {
  if (answer.status !== 200) return answer;
  const [result] = (answer.body as { results: BatchResult[] }).results;
  return { ...answer, status: result?.status ?? 500, body: result?.body };
}
