import type { IncomingMessage } from 'node:http';
import WebSocket from 'ws';
import { ConnectionError, type ProblemError } from './errors';
import { problemOf, type Answer } from './retry';

const PROBLEM_BYTES_MAX = 65_536;

export interface SocketListener {
  /** Before its first message. */
  opened?(socket: WebSocket): void;
  /** Text of a message. */
  message(text: string, socket: WebSocket): void;
  /** It was open, and is no longer. */
  closed(code: number, reason: string): void;
}

/**
 * Opens a WebSocket. @param url of the venue, as for HTTP; @param signal gives it up while it is opening
 * @throws ProblemError when the venue refuses it, ConnectionError when it cannot be reached
 */
export function openWebSocket(url: string, path: string, timeoutMs: number, listener: SocketListener, signal?: AbortSignal): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}${path}`, { handshakeTimeout: timeoutMs, perMessageDeflate: false });
  let isOpen = false;
  socket.on('message', (data: Buffer) => listener.message(data.toString('utf8'), socket));
  socket.on('close', (code, reason) => { if (isOpen) listener.closed(code, reason.toString('utf8')); });
  const abort = (): void => { if (!isOpen) socket.terminate(); };
  signal?.addEventListener('abort', abort, { once: true });
  return new Promise<WebSocket>((resolve, reject) => {
    socket.once('open', () => {
      isOpen = true;
      listener.opened?.(socket);
      resolve(socket);
    });
    // Once it is open, its closing tells.
    socket.on('error', (error) => reject(new ConnectionError(`${url}${path} cannot be reached: ${error.message}`, { cause: error })));
    socket.once('unexpected-response', (_request, response) => {
      void refusalOf(response).then((problem) => {
        reject(problem);
        socket.terminate();
      });
    });
  }).finally(() => signal?.removeEventListener('abort', abort));
}

async function refusalOf(response: IncomingMessage): Promise<ProblemError> {
  let text = '';
  try {
    for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
      text += chunk;
      if (text.length > PROBLEM_BYTES_MAX) break;
    }
  } catch {
    // What there is of it has to do.
  }
  let body: unknown = text;
  try {
    body = JSON.parse(text);
  } catch {
    // It is no problem document.
  }
  const header = (name: string): string | null => {
    const value = response.headers[name];
    return typeof value === 'string' ? value : null;
  };
  return problemOf({ status: response.statusCode ?? 0, body, header } satisfies Answer);
}
