import WebSocket from 'ws';
import { Latencies } from './http-load';

/** A lean load generator of order entry over WebSockets. */

export const WS_CONNECTIONS = 8;
/** Requests under way on each connection. */
export const IN_FLIGHT = 64;
const STATUS = '"status":201';

export const isTaken = (answer: string): boolean => answer.includes(STATUS);

export interface WsLoadResult {
  readonly answered: number;
  readonly seconds: number;
  readonly latencies: Latencies;
  readonly answerBytes: number;
}

async function open(url: string, headers: Readonly<Record<string, string>>): Promise<WebSocket> {
  const socket = new WebSocket(url, { perMessageDeflate: false, skipUTF8Validation: true, headers });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return socket;
}

/**
 * Closed model: `IN_FLIGHT` requests on each connection at any time.
 * @param next the n-th order, on which of the connections it goes @param isGood whether an answer is what was asked for
 * @param headersOf what the handshake of a connection carries
 */
export async function wsLoad(
  url: string, seconds: number, next: (n: number, connection: number) => string, isGood: (answer: string) => boolean,
  headersOf: (connection: number) => Readonly<Record<string, string>> = () => ({}),
): Promise<WsLoadResult> {
  const sockets = await Promise.all(Array.from({ length: WS_CONNECTIONS }, (_, i) => open(url, headersOf(i))));
  const latencies = new Latencies();
  let [sent, answered, answerBytes] = [0, 0, 0];
  let firstBad: string | null = null;
  const started = performance.now();
  const until = started + seconds * 1_000;
  await Promise.all(sockets.map((socket, connection) => new Promise<void>((resolve, reject) => {
    // Answers of a connection may come in any order; latency is that of as many requests ago.
    const sentAt: number[] = [];
    let waiting = 0;
    const send = (): void => {
      const now = performance.now();
      if (now >= until) {
        if (waiting === 0) resolve();
        return;
      }
      const n = sent++;
      sentAt.push(now);
      waiting++;
      socket.send(`{"id":"${n}","op":"place",${next(n, connection).slice(1)}`);
    };
    socket.on('message', (data: Buffer) => {
      const answer = data.toString('latin1');
      waiting--;
      answered++;
      answerBytes += data.length;
      latencies.record(sentAt.shift() as number);
      if (!isGood(answer)) firstBad ??= answer;
      send();
    });
    socket.once('close', () => reject(new Error(`${url} closed the connection`)));
    for (let i = 0; i < IN_FLIGHT; i++) send();
  })));
  const took = (performance.now() - started) / 1_000;
  for (const socket of sockets) socket.terminate();
  if (firstBad !== null) throw new Error(`an order was not taken: ${(firstBad as string).slice(0, 300)}`);
  return { answered, seconds: took, latencies, answerBytes };
}
