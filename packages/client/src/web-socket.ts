import type { IncomingMessage } from 'node:http';
import WebSocket from 'ws';
import { ConnectionError, ProblemError } from './errors';
import { certificateErrorOf, problemOf, type Answer } from './retry';
import { LoginRefused, type Session } from './session';

const PROBLEM_BYTES_MAX = 65_536;

export interface SocketListener {
  /** Before its first message. @param version of the session that the handshake told */
  opened?(socket: WebSocket, version: number): void;
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
  const untilMs = signal ?? AbortSignal.timeout(timeoutMs);
  try {
    return await openOnce(url, path, timeoutMs, listener, session, untilMs);
  } catch (error) {
    // A handshake that was refused for who asks is made once more, as calls are.
    if (session === null || !(error instanceof ProblemError) || error.status !== 401 || !(await renewed(session, error, untilMs))) throw error;
    return openOnce(url, path, timeoutMs, listener, session, untilMs);
  }
}

async function openOnce(url: string, path: string, timeoutMs: number, listener: SocketListener, session: Session | null, signal: AbortSignal): Promise<WebSocket> {
  const headers = session === null ? {} : await asked(() => session.headers('GET', path, '', signal));
  const version = session?.version ?? 0;
  signal.throwIfAborted();
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}${path}`, { handshakeTimeout: timeoutMs, perMessageDeflate: false, headers });
  let isOpen = false;
  socket.on('message', (data: Buffer) => listener.message(data.toString('utf8'), socket));
  socket.on('close', (code, reason) => { if (isOpen) listener.closed(code, reason.toString('utf8')); });
  const abort = (): void => { if (!isOpen) socket.terminate(); };
  signal.addEventListener('abort', abort, { once: true });
  return new Promise<WebSocket>((resolve, reject) => {
    socket.once('open', () => {
      isOpen = true;
      listener.opened?.(socket, version);
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
  }).finally(() => signal.removeEventListener('abort', abort));
}

/** @returns whether it is worth asking again @throws ProblemError */
function renewed(session: Session, { code }: ProblemError, signal: AbortSignal): Promise<boolean> {
  return asked(() => session.renew({ status: 401, body: { code }, header: () => null }, signal));
}

/** What a session says of itself. @throws ProblemError where the venue gives no tokens */
async function asked<T>(session: () => Promise<T>): Promise<T> {
  try {
    return await session();
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
