import { connect, type Socket } from 'node:net';
import { createHistogram, performance, type RecordableHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LatencyPoint } from './result';

/**
 * A lean HTTP/1.1 load generator. It shares the machine with what it measures, so each microsecond of its own counts; it
 * understands just the answers of this service and of `node:http`: a status line, a Content-Length, a body.
 */

const HEADER_END = Buffer.from('\r\n\r\n');
const LENGTH_NAME = 'content-length: ';
/** `HTTP/1.1 ` stands before the status. */
const STATUS_AT = 9;
const NANOSECONDS_IN_US = 1_000;

export type OnAnswer = (status: number, body: Buffer) => void;

export function requestText(method: string, path: string, body: string): string {
  return `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** One kept-alive connection. Requests may be pipelined: answers come in their order. */
export class HttpConnection {
  private readonly waiting: OnAnswer[] = [];
  private readonly chunks: Buffer[] = [];
  private received = 0;
  /** Bytes of the answer that is arriving, header included; 0 while that is not known. */
  private expected = 0;
  private bodyAt = 0;
  private status = 0;

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
  }

  static async open(port: number): Promise<HttpConnection> {
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    // What is still waited for never comes; the measurement that waits says so by its time limit.
    socket.on('error', () => socket.destroy());
    return new HttpConnection(socket);
  }

  get inFlight(): number {
    return this.waiting.length;
  }

  send(request: string | Buffer, onAnswer: OnAnswer): void {
    this.waiting.push(onAnswer);
    this.socket.write(request);
  }

  private receive(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.expected === 0) {
        if (this.received > 0) rest = this.joined(rest);
        const headerEnd = rest.indexOf(HEADER_END);
        if (headerEnd < 0) {
          this.keep(rest);
          return;
        }
        const header = rest.toString('latin1', 0, headerEnd).toLowerCase();
        const lengthAt = header.indexOf(LENGTH_NAME);
        this.status = Number(header.slice(STATUS_AT, STATUS_AT + 3));
        this.bodyAt = headerEnd + HEADER_END.length;
        this.expected = this.bodyAt + (lengthAt < 0 ? 0 : Number.parseInt(header.slice(lengthAt + LENGTH_NAME.length), 10));
      }
      const missing = this.expected - this.received;
      if (rest.length < missing) {
        this.keep(rest);
        return;
      }
      const last = rest.subarray(0, missing);
      rest = rest.subarray(missing);
      const whole = this.received === 0 ? last : this.joined(last);
      const { status, bodyAt } = this;
      this.expected = 0;
      this.waiting.shift()?.(status, whole.subarray(bodyAt));
    }
  }

  private keep(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.received += chunk.length;
  }

  private joined(last: Buffer): Buffer {
    const whole = Buffer.concat([...this.chunks, last]);
    this.chunks.length = 0;
    this.received = 0;
    return whole;
  }

  close(): void {
    this.socket.destroy();
  }
}

/** Latencies in microseconds. */
export class Latencies {
  private readonly histogram: RecordableHistogram = createHistogram({ lowest: 1, highest: 600_000_000, figures: 3 });

  /** @param sinceMs of performance.now() */
  record(sinceMs: number): void {
    this.histogram.record(Math.max(1, Math.round((performance.now() - sinceMs) * NANOSECONDS_IN_US)));
  }

  /** Milliseconds. */
  percentile(share: number): number {
    return this.histogram.count === 0 ? Number.NaN : this.histogram.percentile(share) / 1_000;
  }

  reset(): void {
    this.histogram.reset();
  }
}

export interface LoadResult {
  readonly answered: number;
  readonly seconds: number;
  readonly latencies: Latencies;
  /** Answers that were not `expected`, by status. */
  readonly unexpected: ReadonlyMap<number, number>;
}

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  /** The status of an answer that counts. */
  readonly expected: number;
  /** The n-th request, whole. */
  request(n: number): string;
}

async function openAll(port: number, count: number): Promise<HttpConnection[]> {
  return Promise.all(Array.from({ length: count }, () => HttpConnection.open(port)));
}

/** @throws Error when answers were other than expected: speed of the wrong answers means nothing */
export function requireExpected({ unexpected, answered }: LoadResult): void {
  if (unexpected.size > 0) throw new Error(`of ${answered} answers these were not expected: ${JSON.stringify(Object.fromEntries(unexpected))}`);
  if (answered === 0) throw new Error('nothing was answered');
}

/** Closed model: each connection sends its next request when the answer is there. For the most that can be done. */
export async function closedLoad(options: LoadOptions): Promise<LoadResult> {
  const connections = await openAll(options.port, options.connections);
  const latencies = new Latencies();
  const unexpected = new Map<number, number>();
  let answered = 0;
  let sent = 0;
  const started = performance.now();
  const until = started + options.seconds * 1_000;
  await Promise.all(connections.map((connection) => new Promise<void>((resolve) => {
    const next = (): void => {
      const sentAt = performance.now();
      if (sentAt >= until) {
        resolve();
        return;
      }
      connection.send(options.request(sent++), (status) => {
        latencies.record(sentAt);
        answered++;
        if (status !== options.expected) unexpected.set(status, (unexpected.get(status) ?? 0) + 1);
        next();
      });
    };
    next();
  })));
  const seconds = (performance.now() - started) / 1_000;
  for (const connection of connections) connection.close();
  return { answered, seconds, latencies, unexpected };
}

/**
 * When the requests of an open model are due: the n-th at n / rate, so the first at once.
 * @param rate requests a second
 */
export class Schedule {
  private readonly total: number;

  constructor(private readonly rate: number, seconds: number) {
    this.total = Math.floor(rate * seconds);
  }

  /** Milliseconds from the start to the moment at which request `n`, counted from 0, is due. */
  dueAtMs(n: number): number {
    return (n / this.rate) * 1_000;
  }

  /** How many requests are due by then: request n as soon as `dueAtMs(n)` has come. */
  dueBy(elapsedMs: number): number {
    if (elapsedMs < 0) return 0;
    let due = Math.min(this.total, Math.floor((elapsedMs / 1_000) * this.rate) + 1);
    // Where the two divisions round apart.
    while (due < this.total && this.dueAtMs(due) <= elapsedMs) due++;
    while (due > 0 && this.dueAtMs(due - 1) > elapsedMs) due--;
    return due;
  }

  get requests(): number {
    return this.total;
  }
}

/**
 * Open model: requests are due at a rate, whatever the answers take. Latency counts from the moment a request was due, so
 * that what waits for a free connection is not hidden.
 */
export async function openLoad(options: LoadOptions & { readonly rate: number }): Promise<LoadResult> {
  const idle = await openAll(options.port, options.connections);
  const all = [...idle];
  const latencies = new Latencies();
  const unexpected = new Map<number, number>();
  const schedule = new Schedule(options.rate, options.seconds);
  let due = 0;
  let sent = 0;
  let answered = 0;
  const started = performance.now();
  let lastAnswer = started;
  const sendDue = (): void => {
    while (sent < due) {
      const connection = idle.pop();
      if (connection === undefined) return;
      const dueAt = started + schedule.dueAtMs(sent);
      connection.send(options.request(sent), (status) => {
        latencies.record(dueAt);
        lastAnswer = performance.now();
        answered++;
        if (status !== options.expected) unexpected.set(status, (unexpected.get(status) ?? 0) + 1);
        idle.push(connection);
        sendDue();
      });
      sent++;
    }
  };
  // What is late by as long again as the whole run took is given up: the rate is beyond what can be done.
  const deadline = started + 2 * options.seconds * 1_000;
  while (answered < schedule.requests && performance.now() < deadline) {
    due = schedule.dueBy(performance.now() - started);
    sendDue();
    await sleep(1);
  }
  for (const connection of all) connection.close();
  return { answered, seconds: (lastAnswer - started) / 1_000, latencies, unexpected };
}

export function latencyPoint(offered: number, { answered, seconds, latencies }: LoadResult): LatencyPoint {
  return { offered, answered: answered / seconds, p50: latencies.percentile(50), p95: latencies.percentile(95), p99: latencies.percentile(99) };
}
