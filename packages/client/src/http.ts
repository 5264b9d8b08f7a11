import type { Command, Transport } from './commands';
import type { BatchResult } from './results';
import type { Answer } from './retry';

/** JSON over HTTP. */
export class HttpTransport implements Transport {
  /** @param url of the venue, without a slash at its end */
  constructor(private readonly url: string) {}

  async request(method: string, path: string, body: unknown, signal: AbortSignal): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      method, signal,
      ...(body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
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
    const answer = await this.request(method, path.replace(':order_id', 'order_id' in command ? encodeURIComponent(command.order_id) : ''), body, signal);
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
