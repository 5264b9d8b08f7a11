import { once } from 'node:events';
import { connect } from 'node:net';
import type { ProblemBody } from '../support/client';
import { sendRaw, type RawAnswer } from '../http/support/raw';
import { PeopleVenue, type Person } from './support/people-venue';

/** Pages of others at a venue whose callers say who they are: what they ask for is answered, and not for them to see; they change nothing. */

const ALLOWED = 'https://terminal.example';
const HANDSHAKE = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];
const ORDER = JSON.stringify({ side: 'buy', type: 'limit', price: '10.00', quantity: '1' });
const JSON_BODY = ['Content-Type: application/json', `Content-Length: ${ORDER.length}`];

const STRANGERS: readonly [name: string, who: readonly string[]][] = [
  ['a page of elsewhere', ['Host: localhost', 'Origin: https://evil.example']],
  ['a file or a sandbox', ['Host: localhost', 'Origin: null']],
  ['a rebound name', ['Host: evil.example', 'Origin: http://evil.example']],
  ['a rebound name without an origin', ['Host: evil.example']],
  ['an image of another site', ['Host: localhost', 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: no-cors']],
];

describe('pages at a venue whose callers say who they are', () => {
  let venue: PeopleVenue;
  let alice: Person;
  let token: string;

  beforeAll(async () => {
    venue = await PeopleVenue.open({ ALLOWED_ORIGINS: ALLOWED });
    alice = await venue.register('alice');
    token = `Authorization: Bearer ${alice.tokens.access_token}`;
  });
  afterAll(() => venue.close());

  const bytes = (line: string, ...headers: readonly string[]): string => [`${line} HTTP/1.1`, ...headers, '', ''].join('\r\n');
  const send = async (line: string, headers: readonly string[], body = ''): Promise<RawAnswer> => {
    const [answer] = await sendRaw(venue.running.port, [bytes(line, ...headers) + body]);
    if (answer === undefined) throw new Error(`no answer to ${line}`);
    return answer;
  };
  const codeOf = ({ text }: RawAnswer): string => (JSON.parse(text) as ProblemBody).code;
  const headOf = async (line: string, headers: readonly string[]): Promise<string> => {
    const socket = connect(venue.running.port, '127.0.0.1');
    socket.write(bytes(line, ...headers));
    const [chunk] = await once(socket, 'data') as [Buffer];
    socket.destroy();
    return chunk.toString('latin1').split('\r\n\r\n')[0] as string;
  };

  it.each(STRANGERS)('%s asks, and cannot read what it is answered', async (_name, who) => {
    const hasOrigin = who.some((line) => line.startsWith('Origin'));
    for (const [path, status, more] of [
      ['/public/orderbook', 200, []], ['/orders', 200, [token]], ['/orders', 401, []], ['/nowhere', 404, []], ['/docs', 200, []], ['/docs/assets/swagger-ui.css', 200, []], ['/openapi.json', 200, []],
    ] as const) {
      const { headers, ...answer } = await send(`GET ${path}`, [...who, ...more]);
      expect([path, answer.status, headers.get('access-control-allow-origin'), headers.get('access-control-expose-headers')]).toEqual([path, status, null, null]);
      expect([path, headers.get('vary')]).toEqual([path, hasOrigin || path.includes('/assets/') ? 'Origin' : null]);
    }
    for (const line of ['HEAD /public/orderbook', 'GET /public/stream']) {
      const head = await headOf(line, who);
      expect([line, head.slice(0, 15)]).toEqual([line, 'HTTP/1.1 200 OK']);
      expect(head).not.toMatch(/access-control/i);
    }
  });

  it.each(STRANGERS)('%s changes nothing, opens nothing, and is permitted nothing ahead', async (_name, who) => {
    const before = (await alice.call<{ orders: unknown[] }>('GET', '/orders')).body.orders.length;
    for (const [line, more, body] of [
      ['POST /orders', [token, ...JSON_BODY], ORDER], ['POST /orders', [token, 'Content-Type: text/plain', `Content-Length: ${ORDER.length}`], ORDER], ['DELETE /orders', [token], ''],
      ['POST /auth/logout', [token, 'Content-Length: 0'], ''], ['POST /auth/login', JSON_BODY, ORDER], ['PUT /nowhere', [], ''],
      ['OPTIONS /orders', ['Access-Control-Request-Method: POST'], ''], ['OPTIONS /public/orderbook', ['Access-Control-Request-Method: GET'], ''],
      ['GET /stream', HANDSHAKE, ''], ['GET /orders', HANDSHAKE, ''],
    ] as const) {
      const answer = await send(line, [...who, ...more], body);
      expect([line, answer.status, codeOf(answer)]).toEqual([line, 403, 'origin_not_allowed']);
      expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
      expect(answer.headers.get('vary')).toBe('Origin');
    }
    expect((await alice.call<{ orders: unknown[] }>('GET', '/orders')).body.orders.length).toBe(before);
  });

  it('a page that may reads and changes', async () => {
    const page = ['Host: localhost', `Origin: ${ALLOWED}`];
    const preflight = await send('OPTIONS /orders', [...page, 'Access-Control-Request-Method: POST']);
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, ALLOWED]);
    for (const [line, more, body, status] of [['GET /public/orderbook', [], '', 200], ['GET /orders', [], '', 401], ['POST /orders', [token, ...JSON_BODY], ORDER, 201]] as const) {
      const { headers, ...answer } = await send(line, [...page, ...more], body);
      expect([line, answer.status, headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([line, status, ALLOWED, 'Origin']);
    }
    expect(await headOf('GET /stream', [...page, ...HANDSHAKE])).toMatch(/^HTTP\/1\.1 101/);
  });

  it('two Hosts are none, whatever is asked', async () => {
    expect((await send('GET /public/orderbook', ['Host: localhost', 'Host: evil.example'])).status).toBe(400);
  });
});
