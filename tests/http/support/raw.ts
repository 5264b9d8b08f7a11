import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface RawOptions {
  /** How many answers are awaited; one more is waited for a moment, to see that it does not come. */
  readonly answers?: number;
  readonly timeoutMs?: number;
  /** Between two parts. */
  readonly pauseMs?: number;
}

const ONE_MORE_MS = 20;

/**
 * Sends bytes as they are, where an HTTP client would not.
 * @param parts sent one after the other
 * @returns the answers that came until there were enough, the service closed the connection, or time was up
 */
export async function sendRaw(port: number, parts: readonly (string | Uint8Array)[], options: RawOptions = {}): Promise<RawAnswer[]> {
  const { answers = 1, timeoutMs = 5_000, pauseMs = 5 } = options;
  const received = await new Promise<Buffer>((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1');
    const done = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(Buffer.concat(chunks));
    };
    let timer = setTimeout(done, timeoutMs);
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (parseAnswers(Buffer.concat(chunks)).length < answers) return;
      clearTimeout(timer);
      timer = setTimeout(done, ONE_MORE_MS);
    });
    socket.on('end', done);
    socket.on('error', done);
    socket.on('close', done);
    socket.on('connect', () => {
      const [first, ...rest] = parts;
      if (first !== undefined) socket.write(first);
      rest.forEach((part, index) => setTimeout(() => { if (socket.writable) socket.write(part); }, pauseMs * (index + 1)));
    });
  });
  return parseAnswers(received);
}

/** Answers with a content length, one after the other. */
export function parseAnswers(bytes: Buffer): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) break;
    const [statusLine, ...lines] = rest.subarray(0, end).toString('latin1').split('\r\n') as [string, ...string[]];
    const headers = new Headers(lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()] as [string, string];
    }));
    const status = Number(statusLine.split(' ')[1]);
    if (status === 100) {
      rest = rest.subarray(end + 4);
      continue;
    }
    const length = Number(headers.get('content-length') ?? 0);
    if (rest.length < end + 4 + length) break;
    answers.push({ status, headers, text: rest.subarray(end + 4, end + 4 + length).toString('utf8') });
    rest = rest.subarray(end + 4 + length);
  }
  return answers;
}
