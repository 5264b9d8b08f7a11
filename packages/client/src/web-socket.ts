import type { IncomingMessage } from 'node:http';
import WebSocket from 'ws';
import { ConnectionError, type ProblemError } from './errors';
import { certificateErrorOf, problemOf, type Answer } from './retry';
import { LoginRefused, type Session } from './session';

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
export async function openWebSocket(url: string, path: string, timeoutMs: number, listener: SocketListener, session: Session | null, signal?: AbortSignal): Promise<WebSocket> {
  const headers = session === null ? {} : await headersOf(session, path, signal ?? AbortSignal.timeout(timeoutMs));
  signal?.throwIfAborted();
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}${path}`, { handshakeTimeout: timeoutMs, perMessageDeflate: false, headers });
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
    socket.on('error', (error) => reject(certificateErrorOf(error) ?? new ConnectionError(`${url}${path} cannot be reached: ${error.message}`, { cause: error })));
    socket.once('unexpected-response', (_request, response) => {
      void refusalOf(response).then((problem) => {
        reject(problem);
        socket.terminate();
      });
    });
  }).finally(() => signal?.removeEventListener('abort', abort));
}

/** @throws ProblemError */
async function headersOf(session: Session, path: string, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
  try {
    return await session.headers('GET', path, '', signal);
  } catch (error) {
    throw error instanceof LoginRefused ? problemOf(error.answer) : error;
  }
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
