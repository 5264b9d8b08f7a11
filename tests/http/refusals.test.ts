import { once } from 'node:events';
import { connect, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Engine } from '../../src/engine/engine';
import { buildLibrary } from '../../src/engine/library';
import { RedisConnection } from '../../src/engine/redis-connection';
import { PrivateServer } from '../support/servers';
import { until } from '../support/until';
import { testLogger } from '../support/venue';
import { type Answer, BOTH_WAYS, limit, market, refusal, type Client, type OrderWithTradesView, type ProblemBody } from '../support/client';
import { sendRaw } from './support/raw';
import { Service } from './support/service';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const UNKNOWN_ID = '01900000-0000-7000-8000-000000000000';

/** Moves a shard between its states as an operator would. */
async function withEngine<T>(service: Service, work: (engine: Engine) => Promise<T>): Promise<T> {
  const redis = new RedisConnection(service.venue.redisUrl, 'test', testLogger);
  await redis.connect();
  const engine = new Engine(redis, buildLibrary(), service.venue.shard, {
    fillsPerOrderMax: 1, triggersPerCommandMax: 1, openOrdersPerClientMax: 1, icebergPartsMax: 1, backlogMax: 1, idempotencyTtlS: 1, duePage: 1, auctionPage: 1, commandsPerCallMax: 1,
    commandsInFlightMax: 1, timeoutMs: 1_000,
  }, testLogger);
  try {
    return await work(engine);
  } finally {
    engine.close();
    redis.close();
  }
}

describe.each(BOTH_WAYS)('requests that are refused %s', (_name, hotPath) => {
  let service: Service;
  let client: Client;

  beforeAll(async () => {
    service = await Service.open({ hotPath, environment: { BODY_BYTES_MAX: '65536', URL_BYTES_MAX: '2048', REQUEST_TIMEOUT_MS: '1500' } });
    client = service.client;
  });
  afterAll(() => service.close());

  const post = (raw: string | Uint8Array, headers: Record<string, string> = JSON_TYPE) => client.call<ProblemBody>('POST', '/orders', { raw, headers });

  describe('bodies', () => {
    it.each([
      ['nothing', ''], ['a word', 'order'], ['half an object', '{"client_id":'], ['a trailing comma', '{"a":1,}'], ['single quotes', "{'a':1}"],
      ['a comment', '{"a":1} // x'], ['two values', '{} {}'], ['NaN', '{"price":NaN}'], ['Infinity', '{"price":-Infinity}'], ['a plus sign', '{"price":+1}'],
      ['a bare point', '{"price":.5}'], ['a leading zero', '{"price":01}'], ['hexadecimal', '{"price":0x10}'], ['a raw line break', '{"client_id":"a\nb"}'],
      ['a byte order mark', '\ufeff{}'], ['a null byte', '{}\u0000'], ['the same name twice', '{"quantity":1,"quantity":2}'],
      ['the same name twice with the same value', '{"quantity":1,"quantity":1}'], ['the same name in two spellings', '{"price":1,"pric\\u0065":2}'],
      ['deep nesting', `${'['.repeat(33)}${']'.repeat(33)}`], ['very deep nesting', '{"a":'.repeat(10_000)],
    ])('that are no JSON are malformed: %s', async (_case, text) => {
      if (text === '') await refusal(client.call('POST', '/orders', { headers: JSON_TYPE }), 400, 'validation_failed');
      else await refusal(post(text), 400, 'malformed_json');
    });

    it('that are not UTF-8 are malformed', async () => {
      const { body } = await refusal(post(Buffer.concat([Buffer.from('{"client_id":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')])), 400, 'malformed_json');
      expect(body.detail).toBe('The body is not UTF-8.');
    });

    it.each([['an array', '[]'], ['a string', '"x"'], ['a number', '1'], ['a large number', '1e400'], ['null', 'null'], ['true', 'true']])('must be objects: %s', async (_case, text) => {
      expect((await refusal(post(text), 400, 'validation_failed')).body.errors).toEqual([{ field: 'body', message: 'must be a JSON object' }]);
    });

    it.each(['__proto__', 'constructor', 'toString', 'prototype', 'hasOwnProperty'])('have no field %s', async (name) => {
      const text = `${JSON.stringify(limit()).slice(0, -1)},"${name}":{"post_only":true}}`;
      expect((await refusal(post(text), 400, 'validation_failed')).body.errors?.map(({ field }) => field)).toEqual([name]);
      const escaped = text.replace(name, `\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}`);
      expect((await refusal(post(escaped), 400, 'validation_failed')).body.errors?.map(({ field }) => field)).toEqual([name]);
    });

    it('must say that they are JSON', async () => {
      const text = JSON.stringify(limit());
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/jsonp', 'application/json; charset=latin1', 'application/json, text/plain', 'json', '*/*']) {
        await refusal(post(text, { 'Content-Type': type }), 415, 'unsupported_media_type');
      }
      for (const encoding of ['gzip', 'br', 'deflate', 'identity, gzip']) {
        await refusal(post(text, { ...JSON_TYPE, 'Content-Encoding': encoding }), 415, 'unsupported_media_type');
      }
      for (const type of ['application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON;charset="UTF-8"']) {
        expect((await post(text, { 'Content-Type': type })).status).toBe(201);
      }
      expect((await sendRaw(service.running.port, [`POST /orders HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${text.length}\r\n\r\n${text}`]))[0]?.status).toBe(415);
    });

    it('may be as large as allowed, and no larger', async () => {
      const padded = (bytes: number): string => `${JSON.stringify(limit())}${' '.repeat(bytes)}`.slice(0, bytes);
      expect((await post(padded(65_536))).status).toBe(201);
      for (const bytes of [65_537, 1_000_000, 20_000_000]) {
        const { body } = await refusal(post(padded(bytes)), 413, 'body_too_large');
        expect(body.detail).toBe('The body must be at most 65536 bytes.');
      }
      // Of unknown length, in pieces.
      for (const pieces of [20, 300]) {
        let left = pieces;
        const stream = new ReadableStream({
          pull(controller) {
            if (left-- > 0) controller.enqueue(new Uint8Array(10_000).fill(32));
            else controller.close();
          },
        });
        await refusal(client.call('POST', '/orders', { raw: stream, headers: JSON_TYPE }), 413, 'body_too_large');
      }
    });

    it('may be none in pieces where none is needed', async () => {
      const { body: order } = await client.place(limit());
      const [answer] = await sendRaw(service.running.port, [`POST /orders/${order.order_id}/cancel HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`]);
      expect(answer?.status).toBe(200);
    });

    it('with too many fields are not looked at one by one', async () => {
      const fields = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`f${i}`, 1]));
      expect((await refusal(client.place(fields), 400, 'validation_failed')).body.errors).toEqual([{ field: 'body', message: 'has more than 32 fields' }]);
      const { body } = await refusal(client.place(Object.fromEntries(Object.entries(fields).slice(0, 30))), 400, 'validation_failed');
      expect(body.errors).toHaveLength(20);
      const long = await refusal(client.place({ ['x'.repeat(60_000)]: 1 }), 400, 'validation_failed');
      expect(long.text.length).toBeLessThan(1_500);
    });
  });

  it('addresses that are none are not found', async () => {
    const paths = [
      '/', '/order', '/orders/batch/x', `/orders/${UNKNOWN_ID}/cancel/x`, '/ORDERS', '/Public/orderbook', '/public', '/public/', '/public/orders', '/stream/x', '/docs/x',
      '/docs/assets/index.html', '/docs/assets/package.json', '/docs/assets/../../../package.json', '/asyncapi', '//orders', '/orders//', '/__proto__', '/.env', '/favicon.ico',
    ];
    for (const path of paths) await refusal(client.call('GET', path, { outside: 'NotFound' }), 404, 'not_found');
    await refusal(client.call('POST', '/public/order', { body: {}, outside: 'NotFound' }), 404, 'not_found');
    const long = await refusal(client.call('GET', `/public/orderbook?instrument=${'x'.repeat(3_000)}`), 414, 'uri_too_long');
    expect(long.body.detail).toBe('The address is longer than allowed.');
    const [bad] = await sendRaw(service.running.port, ['GET /public/orders/%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n']);
    expect([bad?.status, (JSON.parse(bad?.text ?? '{}') as ProblemBody).code]).toEqual([400, 'validation_failed']);
  });

  const methods: [path: string, allowed: string][] = [
    ['/orders', 'DELETE, GET, HEAD, POST'], ['/orders/', 'DELETE, GET, HEAD, POST'], ['/orders/batch', 'POST'], [`/orders/${UNKNOWN_ID}/cancel`, 'POST'],
    [`/orders/${UNKNOWN_ID}`, 'DELETE, PATCH'], ['/public/orderbook', 'GET, HEAD'], ['/public/trades', 'GET, HEAD'],
    [`/public/orders/${UNKNOWN_ID}`, 'GET, HEAD'], ['/public/instruments', 'GET, HEAD'], ['/healthz', 'GET, HEAD'], ['/readyz', 'GET, HEAD'],
    ['/metrics', 'GET, HEAD'], ['/openapi.json', 'GET, HEAD'], ['/docs', 'GET, HEAD'],
  ];
  it.each(methods)('%s has only its own methods', async (path, allowed) => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'QUERY', 'PURGE']) {
      if (allowed.includes(method)) continue;
      // An address that names an order may also be read as another call of the same method.
      if (path === '/orders/batch' && (method === 'DELETE' || method === 'PATCH')) continue;
      if (method === 'QUERY' && process.versions.node.startsWith('20.')) continue;
      const answer = await refusal(client.call(method, path, { outside: 'MethodNotAllowed', ...(method === 'GET' ? {} : { body: { x: 1 } }) }), 405, 'method_not_allowed');
      expect([method, answer.headers.get('allow')?.split(', ').sort().join(', ')]).toEqual([method, allowed]);
    }
  });

  describe('of the venue\'s own state', () => {
    const everyCommand = (order: OrderWithTradesView): [string, () => Promise<{ status: number; body: unknown; headers: Headers }>][] => [
      ['place', () => client.place(limit())],
      ['cancel', () => client.cancel(order.order_id)],
      ['delete', () => client.call('DELETE', `/orders/${order.order_id}`)],
      ['amend', () => client.amend(order.order_id, { price: '1.00' })],
      ['cancel all', () => client.call('DELETE', '/orders?client_id=client-A')],
    ];

    it.each([['frozen', 'engine_frozen'], ['faulted', 'engine_unavailable']] as const)('a shard that is %s takes no commands, and is still read', async (state, code) => {
      const { body: order } = await client.place(limit());
      // Set as it is, without the service's own keeper having a say.
      await service.venue.redis.command('HSET', `{${service.venue.shard}}:meta`, 'state', state);
      const codes: string[] = [];
      for (const [name, command] of everyCommand(order)) {
        const answer = await command();
        codes.push(`${name} ${answer.status} ${(answer.body as ProblemBody).code}`);
        expect(answer.headers.get('retry-after')).toMatch(/^[1-9]/);
      }
      const { results } = (await client.batch([{ op: 'place', ...limit() }, { op: 'cancel', order_id: order.order_id }])).body;
      codes.push(...results.map((result) => `batch ${result.status} ${result.body.code}`));
      if (state === 'frozen') {
        expect(codes).toEqual([...['place', 'cancel', 'delete', 'amend', 'cancel all', 'batch', 'batch'].map((name) => `${name} 503 ${code}`)]);
        expect((await client.order(order.order_id)).body).toEqual(order);
        expect((await client.get<{ instruments: { state: string }[] }>('/public/instruments')).body.instruments[0]?.state).toBe('frozen');
        const ready = await client.get<{ status: string; shard: { state: string } }>('/readyz');
        expect([ready.status, ready.body.status, ready.body.shard.state]).toEqual([503, 'not_ready', 'frozen']);
        expect((await client.get('/healthz')).status).toBe(200);
      } else {
        // A faulted shard is rebuilt by itself, which may have begun.
        for (const line of codes.slice(0, 1)) expect(line).toMatch(/ 503 engine_(unavailable|recovering)$/);
      }
      if (state === 'frozen') await withEngine(service, (engine) => engine.setState('open', ['frozen']));
      await until('it is ready again', async () => (await client.get('/readyz')).status === 200);
      expect((await client.cancel(order.order_id)).body.status).toBe('cancelled');
    });
  });

  describe('on the wire', () => {
    const order = JSON.stringify(limit());
    const head = (more = ''): string => `POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${more}`;
    const problemOf = (answer: { text: string } | undefined): ProblemBody => JSON.parse(answer?.text ?? '{}') as ProblemBody;

    it.each([
      ['garbage', ['\x16\x03\x01\x02\x00\x01\x00']], ['no HTTP', ['HELO example.org\r\n\r\n']], ['a bad version', ['GET / HTTP/9.9\r\nHost: localhost\r\n\r\n']],
      ['a method that is none', ['BREW /orders HTTP/1.1\r\nHost: localhost\r\n\r\n']], ['a header without a colon', ['GET / HTTP/1.1\r\nHost x\r\n\r\n']],
      ['a bad content length', [head('Content-Length: ten\r\n\r\n')]], ['two content lengths', [head('Content-Length: 1\r\nContent-Length: 2\r\n\r\n')]],
      ['a content length and chunks', [head('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n')]],
      ['a bad chunk size', [head('Transfer-Encoding: chunked\r\n\r\nZZ\r\n')]], ['a null byte in a header', ['GET / HTTP/1.1\r\nHost: localhost\r\nA: \x00\r\n\r\n']],
      ['no Host', ['GET /healthz HTTP/1.1\r\n\r\n']], ['a space in the address', ['GET /public /orderbook HTTP/1.1\r\nHost: localhost\r\n\r\n']],
    ])('%s is answered with a problem document', async (_case, parts) => {
      const answers = await sendRaw(service.running.port, parts);
      expect(answers).toHaveLength(1);
      expect([answers[0]?.status, problemOf(answers[0]).code, answers[0]?.headers.get('content-type')]).toEqual([400, 'validation_failed', 'application/problem+json']);
      expect(problemOf(answers[0]).instance).toBe(answers[0]?.headers.get('x-request-id'));
    });

    it('headers have a limit', async () => {
      const answers = await sendRaw(service.running.port, [`GET /healthz HTTP/1.1\r\nHost: localhost\r\nA: ${'x'.repeat(20_000)}\r\n\r\n`]);
      expect(answers.map((answer) => [answer.status, problemOf(answer).code])).toEqual([[431, 'headers_too_large']]);
    });

    it('requests that do not arrive in time are given up', async () => {
      const [line, headers, body] = await Promise.all([
        sendRaw(service.running.port, ['GET /heal']),
        sendRaw(service.running.port, ['GET /healthz HTTP/1.1\r\nHost: localhost\r\nA: ']),
        sendRaw(service.running.port, [head(`Content-Length: ${order.length}\r\n\r\n${order.slice(0, 20)}`)]),
      ]);
      for (const answers of [line, headers, body]) {
        expect(answers.map((answer) => [answer.status, problemOf(answer).code])).toEqual([[408, 'request_timeout']]);
      }
    });

    it('what follows a whole request is answered behind it', async () => {
      const whole = `${head(`Content-Length: ${order.length}`)}\r\n\r\n${order}`;
      const answers = await sendRaw(service.running.port, [`${whole}${whole}GARBAGE\r\n\r\n`], { answers: 3 });
      expect(answers.map((answer) => answer.status)).toEqual([201, 201, 400]);
    });

    it('an offer of HTTP/2 is passed over, with its body', async () => {
      const offer = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n';
      const request = `${head(`${offer}Content-Length: ${order.length}`)}\r\n\r\n${order}`;
      const get = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
      expect((await sendRaw(service.running.port, [request, request, get], { answers: 3 })).map((answer) => answer.status)).toEqual([201, 201, 200]);
      const [first, ...rest] = [request.slice(0, -30), request.slice(-30, -10), request.slice(-10)] as [string, string, string];
      expect((await sendRaw(service.running.port, [first, ...rest, get], { answers: 2, pauseMs: 20 })).map((answer) => answer.status)).toEqual([201, 200]);
      expect((await sendRaw(service.running.port, [`${request}${request}${get}`], { answers: 3 })).map((answer) => answer.status)).toEqual([201, 201, 200]);
    });

    it('offers of HTTP/2 leave nothing with a connection that they go on coming on', async () => {
      const get = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n\r\n';
      const client = connect(service.running.port, '127.0.0.1');
      let answers = 0;
      client.on('data', (chunk: Buffer) => { answers += chunk.toString().split('HTTP/1.1 200').length - 1; });
      await once(client, 'connect');
      const { localPort } = client;
      // The venue's end of it, which is in this process.
      const heard = (): number => {
        const sockets = (process as unknown as { _getActiveHandles(): unknown[] })._getActiveHandles().filter((handle): handle is Socket => handle instanceof Socket);
        const served = sockets.find(({ remotePort }) => remotePort === localPort);
        return served === undefined ? Number.NaN : served.eventNames().reduce((sum, name) => sum + served.listenerCount(name), 0);
      };
      const counts: number[] = [];
      for (let i = 1; i <= 20; i++) {
        client.write(get);
        await until('the next is answered', () => answers === i);
        counts.push(heard());
      }
      client.destroy();
      expect(counts.at(-1)).toBe(counts[1]);
    });

    it.each([
      ['an address that is none', '//', 404], ['an unknown address', '/nowhere', 404], ['an address of ours', '/public/trades?limit=0', 400], ['a bad address', '/%zz', 404],
      ['a long address', `/${'/'.repeat(8_000)}x`, 414],
    ])('a WebSocket on %s is answered like any request', async (_case, path, status) => {
      const upgrade = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
      const answers = await sendRaw(service.running.port, [upgrade]);
      expect(answers.map((answer) => [answer.status, answer.headers.get('content-type')])).toEqual([[status, 'application/problem+json']]);
    });

    it('the stream is for WebSockets', async () => {
      for (const path of ['/stream', '/stream/', '/stream?channels=trades']) {
        const { headers } = await refusal(client.get(path), 426, 'upgrade_required');
        expect([headers.get('upgrade'), headers.get('connection'), headers.get('sec-websocket-version')]).toEqual(['websocket', 'Upgrade', '13']);
        // Who asks for the end of the connection gets it.
        const [last] = await sendRaw(service.running.port, [`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`]);
        expect(last?.headers.get('connection')).toBe('Upgrade, close');
      }
      await refusal(client.call('POST', '/stream', { body: {}, outside: 'MethodNotAllowed' }), 405, 'method_not_allowed');
      const offer = 'Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
      for (const more of ['', 'Sec-WebSocket-Version: 13\r\n', 'Sec-WebSocket-Version: 12\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n', 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n']) {
        const [answer] = await sendRaw(service.running.port, [`GET /stream HTTP/1.1\r\n${offer}${more}\r\n`]);
        expect([answer?.status, problemOf(answer).code]).toEqual([426, 'upgrade_required']);
      }
    });

    it('connections may break at any moment', async () => {
      for (const text of [head(`Content-Length: ${order.length}\r\n\r\n${order.slice(0, 9)}`), 'GET /stream HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n', `${head(`Content-Length: ${order.length}`)}\r\n\r\n${order}`, 'GET ']) {
        await new Promise<void>((resolve) => {
          const socket = connect(service.running.port, '127.0.0.1', () => {
            socket.write(text, () => { socket.resetAndDestroy(); resolve(); });
          });
          socket.on('error', () => undefined);
        });
      }
      expect((await client.get('/healthz')).status).toBe(200);
    });

    it('CONNECT and unknown expectations are no mystery', async () => {
      const [connectAnswer] = await sendRaw(service.running.port, ['CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n']);
      expect([connectAnswer?.status, problemOf(connectAnswer).code]).toEqual([405, 'method_not_allowed']);
      const [expected] = await sendRaw(service.running.port, ['GET /healthz HTTP/1.1\r\nHost: localhost\r\nExpect: miracles\r\nConnection: close\r\n\r\n']);
      expect(expected?.status).toBe(200);
      const continued = await sendRaw(service.running.port, [head(`Expect: 100-continue\r\nConnection: close\r\nContent-Length: ${order.length}\r\n\r\n`), order]);
      expect(continued.map((answer) => answer.status)).toEqual([201]);
    });

    it('an unread body does not spoil the connection', async () => {
      const unread = `POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nGET GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
      expect((await sendRaw(service.running.port, [unread], { answers: 2 })).map((answer) => answer.status)).toEqual([404, 200]);
    });
  });
});

/** Closes what a test has opened, also where the test has failed. */
let closers: (() => Promise<void>)[] = [];
const closing = <T>(thing: T, close: (thing: T) => Promise<void>): T => {
  closers.push(() => close(thing));
  return thing;
};
afterEach(async () => {
  for (const close of closers.reverse()) await close();
  closers = [];
});

const opened = async (environment: Record<string, string>): Promise<Service> => closing(await Service.open({ environment }), (service) => service.close());

describe('a service that has too much to do', () => {
  it('refuses new orders when too much waits for Postgres, and takes cancels', async () => {
    const service = await opened({ ROLES: 'api', BACKLOG_MAX: '5' });
    const { client } = service;
    const placed: OrderWithTradesView[] = [];
    for (let i = 0; i < 5; i++) placed.push((await client.place(limit())).body);
    const [first, second] = placed as [OrderWithTradesView, OrderWithTradesView];
    const refused = await refusal(client.place(limit()), 503, 'backlog_full');
    expect(refused.headers.get('retry-after')).toBe('2');
    await refusal(client.place(market()), 503, 'backlog_full');
    await refusal(client.amend(first.order_id, { quantity: '2' }), 503, 'backlog_full');
    expect((await client.cancel(first.order_id)).status).toBe(200);
    const { results } = (await client.batch([{ op: 'place', ...limit() }, { op: 'cancel', order_id: second.order_id }])).body;
    expect(results.map((result) => result.status)).toEqual([503, 200]);
    expect((await client.call('DELETE', '/orders?client_id=client-A')).status).toBe(200);
    // Reads that would wait for the writer say that they are behind.
    const listed = await client.list('?client_id=client-A&status=all');
    expect(listed.body).toMatchObject({ orders: [], stale: true });
  });

  it('says that the outcome is not known when Postgres does not confirm in time', async () => {
    const service = await opened({ ROLES: 'api', ENGINE_TIMEOUT_MS: '300' });
    const { client } = service;
    const order = limit({ ack: 'postgres', idempotency_key: 'unknown' });
    await refusal(client.place(order), 504, 'outcome_unknown');
    // The same key tells which: it has happened.
    const again = await client.place({ ...order, ack: 'redis' });
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
  });

  it('refuses an address that asks too often, and says when to come again', async () => {
    const service = await opened({ RATE_LIMIT_PER_SECOND: '5' });
    const { client } = service;
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.get<ProblemBody>('/healthz')));
    const limited = answers.filter((answer) => answer.status === 429);
    expect(limited.length).toBeGreaterThanOrEqual(10);
    for (const { body, headers } of limited) {
      expect([body.code, headers.get('retry-after'), headers.get('ratelimit-policy'), headers.get('ratelimit')]).toEqual(['rate_limited', '1', '"default";q=5;w=1', '"default";r=0;t=1']);
    }
    await refusal(client.place(limit()), 429, 'rate_limited');
    await until('the next second has room', async () => (await client.place(limit())).status === 201);
  });
});

interface StalenessView { stale?: true; lag_entries?: number | null; lag_seconds?: number | null }

describe('a service whose stores go away', () => {
  it('matches on without Postgres, and says what it cannot read', async () => {
    const postgres = closing(await PrivateServer.postgres(), (server) => server.remove());
    const environment = { READ_BARRIER_TIMEOUT_MS: '200', RECENT_TRADES_KEPT: '2', LOG_TAIL_ENTRIES: '1' };
    const service = closing(await Service.open({ environment, databaseServerUrl: postgres.url }), (venue) => venue.close());
    const { client } = service;
    for (let i = 0; i < 5; i++) {
      await client.place(limit({ side: 'sell' }));
      await client.place(limit({ idempotency_key: `before-${i}` }));
    }
    const { body: done } = await client.place(limit({ time_in_force: 'ioc' }));
    await service.persisted();
    await service.venue.redis.command('XTRIM', `{${service.venue.shard}}:log`, 'MAXLEN', '0');
    await postgres.kill();
    expect((await client.place(limit())).status).toBe(201);
    expect((await client.book()).body.bids).toEqual([['100.00', '1.00000000']]);
    const trades = (await client.trades()).body;
    expect([trades.trades.length, trades.stale]).toEqual([2, true]);
    expect((await client.list('?client_id=client-A&status=all')).body).toMatchObject({ stale: true, orders: [{ status: 'open' }] });
    await refusal(client.order(done.order_id), 503, 'history_unavailable');
    await refusal(client.cancel(done.order_id), 503, 'history_unavailable');
    await refusal(client.place(limit({ idempotency_key: 'before-1' })), 503, 'history_unavailable');
    const ready = await client.get<{ status: string; postgres: { status: string }; writer: { lag_entries: number } }>('/readyz');
    expect([ready.status, ready.body.postgres.status]).toEqual([200, 'down']);
    await postgres.restart();
    await until('history is there again', async () => (await client.order(done.order_id)).status === 200);
    expect((await client.order(done.order_id)).body).toEqual(done);
  }, 60_000);

  it('answers a key with a refusal that tells all of a done order, or not yet; and then alike each time', async () => {
    const postgres = closing(await PrivateServer.postgres(), (server) => server.remove());
    const service = closing(await Service.open({ environment: { LOG_TAIL_ENTRIES: '1' }, databaseServerUrl: postgres.url }), (venue) => venue.close());
    const { client } = service;
    const [doneBook, openBook] = [service.nextBook(), service.nextBook()];
    const { body: done } = await client.place(limit({ instrument: doneBook, side: 'sell', quantity: '2' }));
    const { body: open } = await client.place(limit({ instrument: openBook, side: 'sell', quantity: '2' }));
    for (const instrument of [doneBook, openBook]) expect((await client.place(limit({ instrument, quantity: '1' }))).body.trades).toHaveLength(1);
    await service.persisted();
    await service.venue.redis.command('XTRIM', `{${service.venue.shard}}:log`, 'MAXLEN', '0');
    await postgres.kill();
    // Of the two trades of this one Postgres alone has the first, and Redis alone the second.
    expect((await client.place(limit({ instrument: doneBook, quantity: '1' }))).body.trades).toHaveLength(1);

    const calls: (() => Promise<Answer>)[] = [
      () => client.cancel(done.order_id, { idempotency_key: 'a cancel' }), () => client.amend(done.order_id, { price: '99.00', idempotency_key: 'an amend' }),
    ];
    for (const call of [...calls, ...calls]) {
      const { headers } = await refusal(call(), 503, 'history_unavailable');
      expect(headers.get('idempotency-replayed')).toBeNull();
    }
    // Without a key there is nothing to keep to, and a part is better than nothing. What was done is never told as refused.
    const unkeyed = await client.cancel(done.order_id);
    expect(unkeyed).toMatchObject({ status: 409, body: { code: 'order_not_open', order: { stale: true, trades: [{ maker_order_id: done.order_id }] } } });
    const cancelled = await client.cancel(open.order_id, { idempotency_key: 'a cancel of what is open' }) as Answer<OrderWithTradesView & StalenessView>;
    expect(cancelled).toMatchObject({ status: 200, body: { status: 'cancelled', trades: [], stale: true } });

    await postgres.restart();
    await until('history is there again', async () => ((await client.order(done.order_id)).body as StalenessView).stale === undefined);
    for (const call of calls) {
      const first = await call();
      expect(first).toMatchObject({ status: 409, body: { code: 'order_not_open', order: { status: 'filled', trades: [{ trade_id: 1 }, { trade_id: 2 }] } } });
      const again = await call();
      for (const { headers, body } of [first, again]) {
        expect([headers.get('idempotency-replayed'), (body as { order: unknown }).order]).toEqual(['true', (first.body as { order: unknown }).order]);
      }
    }
    const again = await client.cancel(open.order_id, { idempotency_key: 'a cancel of what is open' });
    const { stale: _stale, lag_entries: _entries, lag_seconds: _seconds, ...told } = cancelled.body;
    expect([again.status, again.body]).toEqual([200, { ...told, trades: [expect.objectContaining({ trade_id: 1 })] }]);
  }, 60_000);

  it('refuses everything but /healthz and /metrics without Redis', async () => {
    const redis = closing(await PrivateServer.redis(), (server) => server.remove());
    const service = closing(await Service.open({ environment: { ENGINE_TIMEOUT_MS: '500' }, redisUrl: redis.url }), (venue) => venue.closeWithoutRedis());
    const { client } = service;
    const { body: order } = await client.place(limit());
    await redis.kill();
    await sleep(50);
    for (const answer of [
      () => client.place(limit()), () => client.cancel(order.order_id), () => client.amend(order.order_id, { price: 1 }), () => client.order(order.order_id),
      () => client.book(), () => client.trades(), () => client.list('?client_id=client-A'), () => client.list('?client_id=client-A&status=all'),
      () => client.call('DELETE', '/orders?client_id=client-A'), () => client.cancel(order.order_id, { idempotency_key: 'k' }),
    ]) {
      const { status, body, headers } = await (answer() as Promise<{ status: number; body: unknown; headers: Headers }>);
      expect([status, (body as ProblemBody).code]).toEqual([503, expect.stringMatching(/^engine_(unavailable|recovering)$/)]);
      expect(headers.has('retry-after')).toBe(true);
    }
    const { results } = (await client.batch([{ op: 'place', ...limit() }, { op: 'cancel', order_id: order.order_id, idempotency_key: 'k' }])).body;
    expect(results.map((result) => result.status)).toEqual([503, 503]);
    expect((await client.get<{ instruments: { state: string }[] }>('/public/instruments')).body.instruments[0]?.state).toBe('unknown');
    expect((await client.get('/healthz')).status).toBe(200);
    expect((await client.get('/metrics')).status).toBe(200);
    const ready = await client.get<{ redis: { status: string } }>('/readyz');
    expect([ready.status, ready.body.redis.status]).toEqual([503, 'down']);
    await redis.restart();
    await until('it is ready again', async () => (await client.get('/readyz')).status === 200);
    expect((await client.order(order.order_id)).body).toEqual(order);
  }, 60_000);
});
