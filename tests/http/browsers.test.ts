import { once } from 'node:events';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { WebSocket } from 'ws';
import { BOTH_WAYS, limit, type ProblemBody } from '../support/client';
import { sendRaw, type RawAnswer } from './support/raw';
import { Service } from './support/service';

/**
 * What web pages can make the browsers of the venue's people send, as browsers send it: bytes, since no HTTP client lets
 * anybody choose Host and Origin.
 */

const ALLOWED = 'https://terminal.example';
const OTHER_NAME = 'venue.example';

const HANDSHAKE = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];
const ORDER = JSON.stringify(limit({ client_id: 'page' }));
const JSON_BODY = ['Content-Type: application/json', `Content-Length: ${ORDER.length}`];

/** Lines of a request's head that say who asks; `PORT` stands for the service's. */
type Who = readonly string[];

const HOST = 'Host: 127.0.0.1:PORT';

const MAY: readonly [name: string, who: Who][] = [
  ['no browser', [HOST]],
  ['a page of its own', [HOST, 'Origin: http://127.0.0.1:PORT']],
  ['a page of its own behind TLS', [HOST, 'Origin: https://127.0.0.1:PORT']],
  ['a page of its own by another name', ['Host: localhost:PORT', 'Origin: http://localhost:PORT']],
  ['a page of its own in capitals', ['Host: LocalHost:PORT', 'Origin: HTTP://LOCALHOST:PORT']],
  ['a page of its own on IPv6', ['Host: [::1]:PORT', 'Origin: http://[::1]:PORT']],
  ['IPv6 in another spelling', ['Host: [0:0:0:0:0:0:0:1]:PORT', 'Origin: http://[::1]:PORT']],
  ['another loopback address', ['Host: 127.9.8.7:PORT', 'Origin: http://127.9.8.7:PORT']],
  ['the default port, not written', ['Host: localhost', 'Origin: http://localhost']],
  ['the default port in the Host', ['Host: localhost:80', 'Origin: http://localhost']],
  ['the default port in the Origin', ['Host: localhost', 'Origin: http://localhost:80']],
  ['the default port of TLS', ['Host: localhost:443', 'Origin: https://localhost']],
  ['a forwarded port', ['Host: localhost:8443', 'Origin: https://localhost:8443']],
  ['an allowed page', [HOST, `Origin: ${ALLOWED}`]],
  ['an allowed page that writes its port', [HOST, `Origin: ${ALLOWED}:443`]],
  ['an allowed page, seen from a browser', [HOST, `Origin: ${ALLOWED}`, 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: cors']],
  ['an allowed host', [`Host: ${OTHER_NAME}:PORT`, `Origin: http://${OTHER_NAME}:PORT`]],
  ['a proxy that says for whom', [HOST, 'X-Forwarded-Host: evil.example', 'Forwarded: host=evil.example']],
  ['a page of its own, seen from a browser', [HOST, 'Sec-Fetch-Site: same-origin']],
  ['a person who types the address', [HOST, 'Sec-Fetch-Site: none', 'Sec-Fetch-Mode: navigate']],
];

const MAY_NOT: readonly [name: string, who: Who][] = [
  ['a page of elsewhere', [HOST, 'Origin: http://evil.example']],
  ['a file or a sandbox', [HOST, 'Origin: null']],
  ['an empty origin', [HOST, 'Origin: ']],
  ['another port', [HOST, 'Origin: http://127.0.0.1:1']],
  ['another port, not written', [HOST, 'Origin: http://127.0.0.1']],
  ['the default port of the other scheme', ['Host: localhost:80', 'Origin: https://localhost']],
  ['another name of the loopback', [HOST, 'Origin: http://localhost:PORT']],
  ['a name that begins like ours', [HOST, 'Origin: http://127.0.0.1:PORT.evil.example']],
  ['a name that ends like an allowed one', [HOST, 'Origin: https://evil-terminal.example']],
  ['a name below an allowed one', [HOST, 'Origin: https://a.terminal.example']],
  ['an allowed name with a dot behind it', [HOST, 'Origin: https://terminal.example.']],
  ['an allowed name without TLS', [HOST, 'Origin: http://terminal.example']],
  ['an allowed name on another port', [HOST, `Origin: ${ALLOWED}:8443`]],
  ['a user before our name', [HOST, 'Origin: http://127.0.0.1:PORT@evil.example']],
  ['our name as a user', [HOST, 'Origin: http://evil.example@127.0.0.1:PORT']],
  ['an origin with a path', [HOST, 'Origin: http://127.0.0.1:PORT/']],
  ['another scheme', [HOST, 'Origin: chrome-extension://127.0.0.1:PORT']],
  ['two origins in one line', [HOST, `Origin: http://127.0.0.1:PORT ${ALLOWED}`]],
  ['two origins, one of them ours', [HOST, 'Origin: http://127.0.0.1:PORT', 'Origin: http://evil.example']],
  ['two origins, ours last', [HOST, 'Origin: http://evil.example', 'Origin: http://127.0.0.1:PORT']],
  ['a rebound name', ['Host: evil.example:PORT']],
  ['a rebound name, same origin', ['Host: evil.example:PORT', 'Origin: http://evil.example:PORT']],
  ['a rebound name and a page that may', ['Host: evil.example:PORT', `Origin: ${ALLOWED}`]],
  ['a rebound name that is passed on', ['Host: evil.example:PORT', 'X-Forwarded-Host: localhost', 'Forwarded: host=localhost', 'X-Host: localhost']],
  ['a name below localhost', ['Host: evil.localhost:PORT']],
  ['localhost with a dot behind it', ['Host: localhost.:PORT']],
  ['an address as part of a name', ['Host: 127.0.0.1.nip.io:PORT']],
  ['a short address', ['Host: 127.1:PORT']],
  ['an address in one number', ['Host: 2130706433:PORT']],
  ['an address that is none', ['Host: 127.0.0.256:PORT']],
  ['every address', ['Host: 0.0.0.0:PORT']],
  ['every IPv6 address', ['Host: [::]:PORT']],
  ['an IPv4 address in IPv6', ['Host: [::ffff:127.0.0.1]:PORT']],
  ['another machine', ['Host: 10.0.0.1:PORT']],
  ['a name below an allowed one', [`Host: a.${OTHER_NAME}:PORT`]],
  ['an empty Host', ['Host: ']],
  ['a port that is none', ['Host: localhost:99999']],
  ['a Host with a user', ['Host: localhost@evil.example']],
  ['a Host with a path', ['Host: localhost/evil.example']],
  ['two names', ['Host: localhost evil.example']],
  ['an image of another site', [HOST, 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: no-cors', 'Sec-Fetch-Dest: image']],
  ['an image of another port', [HOST, 'Sec-Fetch-Site: same-site', 'Sec-Fetch-Mode: no-cors']],
  ['a word that no browser says', [HOST, 'Sec-Fetch-Site: elsewhere']],
];

describe.each(BOTH_WAYS)('browsers %s', (_name, hotPath) => {
  let service: Service;
  let port: number;
  let openOrderId: string;

  beforeAll(async () => {
    service = await Service.open({ hotPath, environment: { ALLOWED_ORIGINS: ALLOWED, ALLOWED_HOSTS: OTHER_NAME } });
    ({ port } = service.running);
    openOrderId = (await service.client.place(limit({ client_id: 'victim' }))).body.order_id;
  });
  afterAll(() => service.close());

  const bytes = (line: string, who: Who, more: readonly string[] = [], body = '', version = '1.1'): string => (
    `${[`${line} HTTP/${version}`, ...who, ...more, '', ''].join('\r\n').replaceAll('PORT', String(port))}${body}`
  );
  const send = async (line: string, who: Who, more: readonly string[] = [], body = '', version = '1.1'): Promise<RawAnswer> => {
    const [answer] = await sendRaw(port, [bytes(line, who, more, body, version)]);
    if (answer === undefined) throw new Error(`no answer to ${line}`);
    return answer;
  };
  const codeOf = ({ text }: RawAnswer): string => (JSON.parse(text) as ProblemBody).code;
  /** First line of what comes back: of a stream, the answer has no end. */
  const statusLine = async (line: string, who: Who, more: readonly string[] = []): Promise<string> => {
    const socket = connect(port, '127.0.0.1');
    socket.write(bytes(line, who, more));
    const [chunk] = await once(socket, 'data') as [Buffer];
    socket.destroy();
    return chunk.toString('latin1').split('\r\n')[0] as string;
  };

  it.each(MAY)('%s may do everything', async (_who, who) => {
    const placed = await send('POST /orders', who, JSON_BODY, ORDER);
    expect(placed.status).toBe(201);
    const { order_id: orderId } = JSON.parse(placed.text) as { order_id: string };
    expect((await send(`POST /orders/${orderId}/cancel`, who, ['Content-Length: 0'])).status).toBe(200);
    await Promise.all(['/public/orderbook', '/docs', '/docs/start.js', '/openapi.json', '/healthz', '/readyz', '/metrics', `/public/orders/${orderId}`].map(async (path) => {
      expect([path, (await send(`GET ${path}`, who)).status]).toEqual([path, 200]);
    }));
    expect(await statusLine('GET /public/stream', who)).toBe('HTTP/1.1 200 OK');
    for (const path of ['/stream', '/orders']) expect(await statusLine(`GET ${path}`, who, HANDSHAKE)).toBe('HTTP/1.1 101 Switching Protocols');
  });

  it.each(MAY_NOT)('%s may do nothing', async (_who, who) => {
    const before = (await service.client.book()).body.sequence;
    await Promise.all(([
      ['POST /orders', JSON_BODY, ORDER],
      ['POST /orders', ['Content-Type: text/plain', `Content-Length: ${ORDER.length}`], ORDER],
      ['POST /orders/batch', ['Content-Type: application/json', 'Content-Length: 2'], '{}'],
      [`POST /orders/${openOrderId}/cancel`, ['Content-Length: 0'], ''],
      [`POST /orders/${openOrderId}/cancel/`, ['Content-Length: 0'], ''],
      [`DELETE /orders/${openOrderId}`, [], ''],
      [`DELETE /orders?client_id=victim`, [], ''],
      [`PATCH /orders/${openOrderId}`, ['Content-Type: application/json', 'Content-Length: 11'], '{"price":1}'],
      ['OPTIONS /orders', ['Access-Control-Request-Method: POST'], ''],
      ['GET /orders?client_id=victim', [], ''],
      ['GET /public/orderbook', [], ''],
      ['GET /public/orderbook/', [], ''],
      ['GET /public/stream', [], ''],
      ['GET /openapi.json', [], ''],
      ['GET /docs', [], ''],
      ['GET /docs/start.js', [], ''],
      ['GET /docs/assets/swagger-ui.css', [], ''],
      ['GET /nowhere', [], ''],
      ['GET /stream', HANDSHAKE, ''],
      ['GET /stream/', HANDSHAKE, ''],
      ['GET /orders', HANDSHAKE, ''],
    ] as const).map(async ([line, more, body]) => {
      const answer = await send(line, who, more, body);
      expect([line, answer.status, codeOf(answer)]).toEqual([line, 403, 'origin_not_allowed']);
      expect([answer.headers.get('access-control-allow-origin'), answer.headers.get('vary')]).toEqual([null, 'Origin']);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
    }));
    await Promise.all(['/healthz', '/readyz', '/metrics', '/healthz/'].map(async (path) => {
      expect([path, (await send(`GET ${path}`, who)).status]).toEqual([path, 200]);
    }));
    expect((await service.client.book()).body.sequence).toBe(before);
  });

  it('an absolute address goes before the Host', async () => {
    const read = (address: string, host: string): Promise<RawAnswer> => send(`GET ${address}/public/orderbook`, [`Host: ${host}`]);
    expect((await read('http://127.0.0.1:PORT', 'localhost')).status).toBe(200);
    for (const [address, host] of [['http://evil.example', 'localhost'], ['http://localhost', 'evil.example'], ['http://localhost@evil.example', 'localhost'], ['HTTP://evil.example:PORT', '127.0.0.1:PORT']] as const) {
      expect([address, host, codeOf(await read(address, host))]).toEqual([address, host, 'origin_not_allowed']);
    }
    const placed = await send('POST http://evil.example/orders', [HOST, 'Origin: http://127.0.0.1:PORT'], JSON_BODY, ORDER);
    expect(codeOf(placed)).toBe('origin_not_allowed');
  });

  it('a Host is given once', async () => {
    for (const who of [['Host: localhost', 'Host: evil.example'], ['Host: evil.example', 'host: localhost'], ['Host: localhost', 'HOST: localhost']]) {
      const answer = await send('GET /public/orderbook', who);
      expect([answer.status, (JSON.parse(answer.text) as ProblemBody).errors]).toEqual([400, [{ field: 'Host', message: 'must be given once' }]]);
    }
  });

  it('who has no Host is no browser, but has no page of its own either', async () => {
    expect((await send('GET /public/orderbook', [], [], '', '1.0')).status).toBe(200);
    expect((await send('POST /orders', [], JSON_BODY, ORDER, '1.0')).status).toBe(201);
    expect(codeOf(await send('POST /orders', ['Origin: http://127.0.0.1:PORT'], JSON_BODY, ORDER, '1.0'))).toBe('origin_not_allowed');
    expect((await send('POST /orders', [`Origin: ${ALLOWED}`], JSON_BODY, ORDER, '1.0')).status).toBe(201);
  });

  it('a link from another site is followed by a person', async () => {
    const link = [HOST, 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document'];
    for (const path of ['/docs', '/public/orderbook']) expect((await send(`GET ${path}`, link)).status).toBe(200);
    expect(codeOf(await send('POST /orders', link, JSON_BODY, ORDER))).toBe('origin_not_allowed');
    expect(codeOf(await send('GET /orders', link.slice(0, 2), HANDSHAKE))).toBe('origin_not_allowed');
  });

  it('an allowed page asks ahead, and reads the answers', async () => {
    const page = [HOST, `Origin: ${ALLOWED}`];
    for (const path of ['/orders', `/orders/${openOrderId}`, '/nowhere']) {
      const preflight = await send(`OPTIONS ${path}`, page, ['Access-Control-Request-Method: PATCH', 'Access-Control-Request-Headers: content-type,idempotency-key', 'Access-Control-Request-Private-Network: true']);
      expect([preflight.status, preflight.text]).toEqual([204, '']);
      expect(preflight.headers.get('access-control-allow-origin')).toBe(ALLOWED);
      expect(preflight.headers.get('access-control-allow-methods')?.split(', ')).toEqual(expect.arrayContaining(['GET', 'POST', 'PATCH', 'DELETE']));
      expect(preflight.headers.get('access-control-allow-headers')?.toLowerCase().split(', ')).toEqual(expect.arrayContaining(['content-type', 'idempotency-key', 'x-request-id', 'traceparent']));
      expect([preflight.headers.get('access-control-max-age'), preflight.headers.get('access-control-allow-private-network'), preflight.headers.get('vary')]).toEqual(['600', 'true', 'Origin']);
      expect(preflight.headers.has('access-control-allow-credentials')).toBe(false);
    }
    for (const [line, more, body, status] of [
      ['POST /orders', JSON_BODY, ORDER, 201], ['POST /orders', ['Content-Length: 2', 'Content-Type: application/json'], '{}', 400], ['GET /public/orderbook', [], '', 200],
      ['GET /nowhere', [], '', 404], ['PUT /orders', [], '', 405], ['GET /docs', [], '', 200], ['POST /orders', ['Content-Length: 1'], 'x', 415],
    ] as const) {
      const { headers, ...answer } = await send(line, page, more, body);
      expect([line, answer.status, headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([line, status, ALLOWED, 'Origin']);
      expect(headers.get('access-control-expose-headers')?.split(', ')).toEqual(expect.arrayContaining(['X-Request-Id', 'Idempotency-Replayed', 'Retry-After', 'RateLimit', 'RateLimit-Policy']));
    }
  });

  it('an allowed page reads the stream without a WebSocket', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.write(bytes('GET /public/stream', [HOST, `Origin: ${ALLOWED}`]));
    const [chunk] = await once(socket, 'data') as [Buffer];
    socket.destroy();
    const [head] = chunk.toString('latin1').split('\r\n\r\n') as [string];
    expect(head.split('\r\n')).toEqual(expect.arrayContaining([`Access-Control-Allow-Origin: ${ALLOWED}`, 'Vary: Origin', 'Content-Type: text/event-stream']));
  });

  it('without a page, answers say nothing of pages', async () => {
    for (const path of ['/public/orderbook', '/docs', '/healthz']) {
      const { headers } = await send(`GET ${path}`, [HOST]);
      expect([headers.get('access-control-allow-origin'), headers.get('access-control-expose-headers'), headers.get('vary')]).toEqual([null, null, null]);
    }
    // What is no preflight is a method that is not there.
    expect(codeOf(await send('OPTIONS /orders', [HOST, `Origin: ${ALLOWED}`]))).toBe('method_not_allowed');
    expect(codeOf(await send('OPTIONS /orders', [HOST, 'Access-Control-Request-Method: POST']))).toBe('method_not_allowed');
  });

  it('a header counts wherever it stands: a foreign Origin, or a key, behind more than a thousand others', async () => {
    const filler = Array.from({ length: 1_100 }, (_, i) => `X${i}:a`);
    const request = (...last: string[]): string => [
      'POST /orders HTTP/1.1', `Host: 127.0.0.1:${port}`, ...JSON_BODY, ...filler, ...last, '', ORDER,
    ].join('\r\n');
    const [refused] = await sendRaw(port, [request('Origin: http://evil.example')]);
    expect([refused?.status, (JSON.parse(refused?.text ?? '') as ProblemBody).code]).toEqual([403, 'origin_not_allowed']);
    const [first] = await sendRaw(port, [request('Idempotency-Key: behind')]);
    const [again] = await sendRaw(port, [request('Idempotency-Key: behind')]);
    expect([first?.status, again?.status, again?.headers.get('idempotency-replayed')]).toEqual([201, 201, 'true']);
    expect(again?.text).toBe(first?.text);
  });

  it('an HTTP client finds it as before', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/stream`);
    await once(socket, 'open');
    socket.terminate();
    const own = new WebSocket(`ws://127.0.0.1:${port}/orders`, { origin: `http://127.0.0.1:${port}` });
    await once(own, 'open');
    own.terminate();
    const foreign = new WebSocket(`ws://127.0.0.1:${port}/orders`, { origin: 'http://evil.example' });
    const [error] = await once(foreign, 'error') as [Error];
    expect(error.message).toBe('Unexpected server response: 403');
  });
});

/** An address of this machine that others can reach, if it has one. */
const REACHABLE = Object.values(networkInterfaces()).flat().find((address) => address?.family === 'IPv4' && !address.internal)?.address;

describe('a service that listens beyond the loopback', () => {
  (REACHABLE === undefined ? it.skip : it)('is known by the address that it was reached at', async () => {
    const service = await Service.open({ environment: { HOST: '0.0.0.0', ALLOW_INSECURE: 'true' } });
    try {
      for (const [name, origin, status] of [[REACHABLE, REACHABLE, 200], ['localhost', 'localhost', 200], [REACHABLE, 'localhost', 403], ['evil.example', 'evil.example', 403], ['0.0.0.0', '0.0.0.0', 403]] as const) {
        const socket = connect(service.running.port, REACHABLE as string);
        socket.write(`GET /public/orderbook HTTP/1.1\r\nHost: ${name}:1\r\nOrigin: http://${origin}:1\r\n\r\n`);
        const [chunk] = await once(socket, 'data') as [Buffer];
        socket.destroy();
        expect([name, origin, chunk.toString('latin1').slice(9, 12)]).toEqual([name, origin, String(status)]);
      }
    } finally {
      await service.close();
    }
  });

  it.each([
    ['on every address', '0.0.0.0', [['127.0.0.1', 200], ['localhost', 200], ['0.0.0.0', 403], ['10.9.8.7', 403], ['evil.example', 403]]],
    ['on every address of both kinds', '::', [['127.0.0.1', 200], ['[::1]', 200], ['[::]', 403], ['evil.example', 403]]],
    ['on a name', 'localhost', [['localhost', 200], ['127.0.0.1', 200], ['evil.example', 403]]],
  ] as const)('%s is known by the loopback\'s names and by the address that was reached', async (_name, host, hosts) => {
    const service = await Service.open({ environment: { HOST: host, ALLOW_INSECURE: 'true' } });
    try {
      for (const [name, status] of hosts) {
        const [answer] = await sendRaw(service.running.port, [`GET /public/orderbook HTTP/1.1\r\nHost: ${name}:${service.running.port}\r\n\r\n`]);
        expect([name, answer?.status]).toEqual([name, status]);
      }
    } finally {
      await service.close();
    }
  });
});
