import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { RESULT_CODES } from '../../src/domain/result-code';
import { until } from '../support/until';
import { limit, market, type Client, type ProblemBody } from '../support/client';
import { HostileGenerator, Random, type HostileRequest, type HostileTarget } from './support/hostile';
import { parseAnswers, type RawAnswer } from './support/raw';
import { Service } from './support/service';

/** HOSTILE_SEED and HOSTILE_REQUESTS play a run again, or a longer one. */
const SEED = Number(process.env.HOSTILE_SEED ?? Date.now() % 2 ** 31);
const REQUESTS = Number(process.env.HOSTILE_REQUESTS ?? 10_000);
const BATCHES = 100;
const CONNECTIONS = 16;
const ANSWER_TIMEOUT_MS = 10_000;
const BODY_BYTES_MAX = 131_072;

/** One connection, one request at a time; a closed one is opened anew. */
class Wire {
  private socket: Socket | null = null;

  constructor(private readonly port: number) {}

  /** @throws Error when no whole answer comes, or more than one */
  async send(bytes: Buffer): Promise<RawAnswer> {
    const socket = this.socket ??= await this.open();
    const chunks: Buffer[] = [];
    const answer = await new Promise<RawAnswer>((resolve, reject) => {
      const finish = (work: () => void): void => {
        clearTimeout(timer);
        socket.removeAllListeners('data').removeAllListeners('close');
        work();
      };
      const timer = setTimeout(() => finish(() => reject(new Error(`no answer within ${ANSWER_TIMEOUT_MS} ms`))), ANSWER_TIMEOUT_MS);
      socket.on('data', (chunk) => {
        chunks.push(chunk);
        const answers = parseAnswers(Buffer.concat(chunks));
        if (answers.length > 1) finish(() => reject(new Error(`${answers.length} answers to one request`)));
        else if (answers[0] !== undefined) finish(() => resolve(answers[0] as RawAnswer));
      });
      socket.on('close', () => finish(() => reject(new Error(`closed without an answer: ${Buffer.concat(chunks).toString('latin1').slice(0, 200)}`))));
      socket.write(bytes);
    });
    if (answer.headers.get('connection') === 'close') this.close();
    return answer;
  }

  close(): void {
    this.socket?.destroy();
    this.socket = null;
  }

  private async open(): Promise<Socket> {
    const socket = connect(this.port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  }
}

/** Every key of the shard, as Redis stores it. */
async function hashOfShard(service: Service): Promise<string> {
  const { redis, shard } = service.venue;
  const hash = createHash('sha256');
  for (const key of (await redis.keys(`{${shard}}:*`)).sort()) {
    const type = await redis.command('TYPE', key);
    const content = type === 'stream' ? await redis.command('XRANGE', key, '-', '+')
      : type === 'hash' ? Object.entries(flat(await redis.command('HGETALL', key))).sort()
        : type === 'zset' ? await redis.command('ZRANGE', key, '0', '-1', 'WITHSCORES')
          : await redis.command('LRANGE', key, '0', '-1');
    hash.update(JSON.stringify([key, content]));
  }
  return hash.digest('hex');
}

function flat(pairs: unknown): Record<string, string> {
  const list = pairs as string[];
  return Object.fromEntries(Array.from({ length: list.length / 2 }, (_, i) => [list[2 * i] as string, list[2 * i + 1] as string]));
}

function isProblem(status: number, body: Partial<ProblemBody>): boolean {
  const code = body.code;
  return status >= 400 && status < 500 && code !== undefined && code in RESULT_CODES && RESULT_CODES[code].status === status && body.status === status
    && body.type === `urn:openfill:problem:${code}` && body.title === RESULT_CODES[code].title && typeof body.detail === 'string' && body.detail.length < 500;
}

/** @returns what is wrong with the answer to a hostile request, null when nothing is */
function objection(answer: RawAnswer): string | null {
  const { status, headers, text } = answer;
  if (status < 400 || status > 499) return `status ${status}`;
  if (headers.get('content-type') !== 'application/problem+json') return `content type ${headers.get('content-type')}`;
  const body = JSON.parse(text) as Partial<ProblemBody>;
  if (!isProblem(status, body)) return 'no problem document';
  if (body.instance === undefined || body.instance === '' || body.instance !== headers.get('x-request-id')) return 'no request id';
  if (/node_modules|\bat .*:\d+:\d+|Error:|redis|postgres|lua/i.test(text.replace(/"field":"[^"]*"|must be one of \[redis, postgres\]/g, ''))) return 'it tells of the inside';
  return null;
}

const WAYS: [name: string, hotPath: boolean, requests: number][] = [['ahead of Express', true, REQUESTS], ['through Express', false, Math.ceil(REQUESTS / 5)]];

describe.each(WAYS)('hostile requests %s', (_name, hotPath, requests) => {
  let service: Service;
  let client: Client;
  let target: HostileTarget;
  let before: string;

  beforeAll(async () => {
    service = await Service.open({ hotPath, environment: { BODY_BYTES_MAX: String(BODY_BYTES_MAX), LOG_TAIL_ENTRIES: '1000' } });
    client = service.client;
    const open = await client.place(limit({ client_id: 'victim', price: '50000.00', quantity: '1', client_order_id: 'victim-1', idempotency_key: 'victim-key' }));
    await client.place(limit({ client_id: 'victim', side: 'sell', price: '50010.00', quantity: '2' }));
    const done = await client.place(market({ client_id: 'victim', quantity: '0.25' }));
    target = { orderId: open.body.order_id, doneOrderId: done.body.order_id, bodyBytesMax: BODY_BYTES_MAX };
    await service.persisted();
    before = await hashOfShard(service);
  });
  afterAll(() => service.close());

  afterEach(async () => {
    expect(await hashOfShard(service)).toBe(before);
    expect((await client.get('/healthz')).status).toBe(200);
    expect((await client.get('/readyz')).status).toBe(200);
    expect((await client.order(target.orderId)).body).toMatchObject({ status: 'partially_filled', price: '50000.00', quantity: '1.00000000', filled_quantity: '0.25000000' });
    expect((await client.book()).body).toMatchObject({ bids: [['50000.00', '0.75000000']], asks: [['50010.00', '2.00000000']] });
  });

  it(`get a 4xx problem document each, ${requests} of them (HOSTILE_SEED=${SEED})`, async () => {
    const generator = new HostileGenerator(new Random(SEED), target);
    const objections: string[] = [];
    const statuses = new Map<number, number>();
    let made = 0;
    const work = async (): Promise<void> => {
      const wire = new Wire(service.running.port);
      while (made < requests && objections.length < 20) {
        made++;
        const request = generator.next();
        const found = await judge(wire, request, statuses);
        if (found !== null) objections.push(`${request.kind}: ${found}\n  ${request.bytes.toString('latin1').slice(0, 400)}`);
      }
      wire.close();
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, work));
    if (objections.length > 0) throw new Error(`HOSTILE_SEED=${SEED}\n${objections.join('\n')}`);
    // All the refusals there are came up; a generator that only makes one kind would prove little.
    for (const status of [400, 403, 404, 405, 409, 413, 414, 415, 431]) expect([status, (statuses.get(status) ?? 0) > 0]).toEqual([status, true]);
  }, 120_000 + 10 * REQUESTS);

  async function judge(wire: Wire, request: HostileRequest, statuses: Map<number, number>): Promise<string | null> {
    try {
      const answer = await wire.send(request.bytes);
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      const found = objection(answer);
      return found === null ? null : `${found}, ${answer.status} ${answer.text.slice(0, 200)}`;
    } catch (error) {
      wire.close();
      return (error as Error).message;
    }
  }

  it(`in a batch get a 4xx problem each, and the batch goes on (HOSTILE_SEED=${SEED})`, async () => {
    const generator = new HostileGenerator(new Random(SEED + 1), target);
    for (let i = 0; i < BATCHES; i++) {
      const operations = Array.from({ length: 10 }, () => generator.operation());
      const text = `{"operations":[${operations.join(',')}]}`;
      const answer = await client.call<{ results?: { status: number; body: ProblemBody }[]; code?: string }>('POST', '/orders/batch', { raw: text, headers: { 'Content-Type': 'application/json' } });
      // One operation that is no JSON spoils the whole.
      if (answer.status !== 200) expect([text, answer.body.code]).toEqual([text, expect.stringMatching(/^(malformed_json|validation_failed|body_too_large)$/)]);
      answer.body.results?.forEach((result, at) => expect([operations[at], isProblem(result.status, result.body)]).toEqual([operations[at], true]));
    }
  });

  it('that never end do not keep others waiting', async () => {
    const halves = [
      'GET /heal', 'POST /orders HTTP/1.1\r\n', 'POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"client_id":', 'GET /stream HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n',
      'POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a"', 'PUT /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nx', '',
    ];
    const sockets = Array.from({ length: 280 }, (_, i) => {
      const socket = connect(service.running.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(halves[i % halves.length] as string);
      return socket;
    });
    const started = Date.now();
    for (let i = 0; i < 50; i++) expect((await client.get('/public/orderbook')).status).toBe(200);
    expect(Date.now() - started).toBeLessThan(5_000);
    for (const socket of sockets) socket.destroy();
  });

  describe('on the stream', () => {
    const open = async (): Promise<{ socket: WebSocket; messages: { type: string; data: { code?: string } }[] }> => {
      const socket = new WebSocket(`ws://127.0.0.1:${service.running.port}/stream`);
      const messages: { type: string; data: { code?: string } }[] = [];
      socket.on('message', (data) => messages.push(JSON.parse((data as Buffer).toString()) as { type: string; data: { code?: string } }));
      socket.on('error', () => undefined);
      await once(socket, 'open');
      return { socket, messages };
    };
    it('are told what is wrong with them, and the connection goes on', async () => {
      const { socket, messages } = await open();
      const hostile = [
        '', ' ', 'x', 'null', '1', '[]', '"ping"', '{}', '{"op":"ping"', '{"op":"PING"}', '{"op":null}', '{"op":["ping"]}', '{"op":"__proto__"}', '{"op":"constructor"}', '{"op":"subscribe","channels":"trades"}', '{"op":"subscribe","channels":[]}',
        '{"op":"subscribe","channels":["nothing"]}', '{"op":"subscribe","channels":["trades","trades"]}', '{"op":"subscribe","instruments":["NO-SUCH"]}', '{"op":"subscribe","instruments":[null]}', '{"op":"subscribe","instruments":["__proto__"]}',
        '{"op":"ping","__proto__":{"x":1}}', '{"op":"ping","x":1}', `{"op":${'['.repeat(5_000)}${']'.repeat(5_000)}}`, '{"op":"subscribe","channels":{"length":1}}', '\u0000', '{"op":"ping"}{"op":"ping"}', `{"op":"${'x'.repeat(10_000)}"}`, '{"op":1e400}',
      ];
      for (const message of hostile) socket.send(message);
      socket.send(Buffer.from([0xff, 0x00, 0x01]), { binary: true });
      socket.send('{"op":"ping"}');
      await until('its answers', () => messages.some((message) => message.type === 'pong'));
      const errors = messages.filter((message) => message.type === 'error');
      expect(errors.length).toBe(hostile.length + 1);
      for (const error of errors) {
        expect(error.data.code).toMatch(/^(malformed_json|validation_failed)$/);
        expect(JSON.stringify(error).length).toBeLessThan(1_000);
      }
      socket.terminate();
    });

    it('end the connection when they are too large or no WebSocket frames', async () => {
      const { socket } = await open();
      const closed = once(socket, 'close');
      socket.send('x'.repeat(20_000));
      expect((await closed)[0]).toBe(1009);
      for (const frame of [[0x81, 0x05, 0x68, 0x65, 0x6c, 0x6c, 0x6f], [0xff, 0xff, 0xff, 0xff], [0x8f, 0x80, 0, 0, 0, 0], [0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [0x81, 0x84, 0, 0, 0, 0, 0xff, 0xfe, 0xfd, 0xfc]]) {
        const raw = connect(service.running.port, '127.0.0.1');
        raw.on('error', () => undefined);
        raw.write('GET /stream HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
        await once(raw, 'data');
        const ended = once(raw, 'close');
        raw.write(Buffer.from(frame));
        raw.resume();
        await ended;
      }
    });

    it('come as handshakes, too', async () => {
      for (const headers of ['', 'Sec-WebSocket-Version: 13\r\n', 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n', 'Sec-WebSocket-Version: 99\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n']) {
        for (const line of ['GET /stream', 'POST /stream', 'GET /stream?channels=__proto__', 'GET /stream?instruments=%00', 'GET /stream/?channels=&channels=x']) {
          const wire = new Wire(service.running.port);
          const answer = await wire.send(Buffer.from(`${line} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${headers}\r\n`));
          expect([line, headers, objection(answer)]).toEqual([line, headers, null]);
          wire.close();
        }
      }
      for (const query of ['?channels=__proto__', '?instruments=%00', '?channels=&channels=x', `?channels=${'x,'.repeat(3_000)}`, '?x=1', '?instruments=NO-SUCH']) {
        const socket = new WebSocket(`ws://127.0.0.1:${service.running.port}/stream${query}`);
        socket.on('error', () => undefined);
        await new Promise((resolve) => { socket.on('open', resolve); socket.on('close', resolve); });
        socket.terminate();
      }
    });
  });

  it('leave a service that trades as before', async () => {
    const { body } = await client.place(limit({ client_id: 'honest', instrument: 'ETH-USD' }));
    expect(body.status).toBe('open');
    await client.cancel(body.order_id);
    await service.persisted();
    before = await hashOfShard(service);
  });
});
