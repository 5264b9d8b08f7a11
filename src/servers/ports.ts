import { createServer } from 'node:net';

/**
 * Below the range that kernels hand out for outgoing connections (from 32768 on Linux, 49152 elsewhere): a client
 * that reconnects to a stopped server must not be given that server's port as its own.
 */
const PORT_FIRST = 20_000;
const PORT_LAST = 31_999;
const ATTEMPTS_MAX = 100;

/** Whether nobody listens on this port now. */
export async function isPortFree(port: number, host: string): Promise<boolean> {
  return (await listenProblem(port, host)) === null;
}

/** Tries to listen and stops again; answers the system's error code (`EADDRINUSE`, `EACCES`, …) or null. */
export function listenProblem(port: number, host: string): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(null)));
  });
}

/**
 * A port that is free at this moment; another process may still take it first, so whoever starts a server on it tries
 * again with another.
 * @throws Error when none of many tried is free
 */
export async function findFreePort(host = '127.0.0.1'): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const port = PORT_FIRST + Math.floor(Math.random() * (PORT_LAST - PORT_FIRST + 1));
    if (await isPortFree(port, host)) return port;
  }
  throw new Error(`no free port found between ${PORT_FIRST} and ${PORT_LAST}`);
}
