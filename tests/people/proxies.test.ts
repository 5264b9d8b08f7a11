import { createHmac } from 'node:crypto';
import { WebSocket } from 'ws';
import type { ProblemBody } from '../support/client';
import { sendRaw } from '../http/support/raw';
import { PASSWORD, PeopleVenue, signed, type Person } from './support/people-venue';

/** Who asks through a proxy is told by what the proxy says, at every place that looks at addresses. */

const HOME = '203.0.113.7';
const AWAY = '198.51.100.9';

/** Ends a connection, whether it came about or not. */
function end(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState === WebSocket.CLOSED) resolve();
    socket.once('close', () => resolve()).on('error', () => undefined).terminate();
  });
}
const through = (address: string): Record<string, string> => ({ 'X-Forwarded-For': address });

describe('behind a proxy that is trusted', () => {
  let venue: PeopleVenue;
  let alice: Person;

  beforeAll(async () => {
    venue = await PeopleVenue.open({ TRUSTED_PROXIES: 'loopback', LIMIT_LOGIN_PER_SECOND: '1', LIMIT_LOGIN_BURST: '5', STREAM_CONNECTIONS_PER_ADDRESS_MAX: '1', RATE_LIMIT_PER_SECOND: '100' });
    alice = await venue.register('alice');
  });
  afterAll(() => venue.close());

  const open = async (path: string, headers: Record<string, string>): Promise<{ socket: WebSocket; status: number }> => {
    const socket = new WebSocket(`${venue.url.replace('http', 'ws')}${path}`, { headers });
    const status = await new Promise<number>((resolve) => {
      socket.once('open', () => resolve(101));
      socket.once('unexpected-response', (_request, response) => {
        resolve(response.statusCode ?? 0);
        response.resume();
      });
    });
    return { socket, status };
  };

  it('logins are counted for who tries, and a made-up address in front changes nothing', async () => {
    const tried: (string | undefined)[] = [];
    for (let i = 0; i < 7; i++) tried.push((await venue.client.post<ProblemBody>('/auth/login', { username: 'nobody', password: PASSWORD }, through(`192.0.2.${i}, ${HOME}`))).body.code);
    expect([tried[0], tried.at(-1)]).toEqual(['invalid_credentials', 'rate_limited']);
    expect((await venue.client.post('/auth/login', { username: 'alice', password: PASSWORD }, through(AWAY))).status).toBe(200);
  });

  it('keys are good from the addresses that they name, over HTTP and connections', async () => {
    const key = await alice.key({ ip_allow: [`${HOME}/32`] });
    const code = async (headers: Record<string, string>): Promise<number | string | undefined> => {
      const { status, body } = await venue.client.get<ProblemBody>('/orders', { ...signed(key, 'GET', '/orders'), ...headers });
      return status === 200 ? 200 : body.code;
    };
    expect(await code(through(HOME))).toBe(200);
    expect(await code(through(`${AWAY}, ${HOME}`))).toBe(200);
    for (const headers of [{}, through(AWAY), through(`${HOME}, ${AWAY}`), through('unknown'), through('')]) expect(await code(headers)).toBe('invalid_api_key');
    for (const path of ['/stream', '/orders'] as const) {
      for (const [from, status] of [[HOME, 101], [AWAY, 401]] as const) {
        const { socket, status: answered } = await open(path, { ...signed(key, 'GET', path), ...through(from) });
        expect([path, from, answered]).toEqual([path, from, status]);
        await end(socket);
      }
      for (const [from, isGood] of [[HOME, true], [AWAY, false]] as const) {
        const { socket } = await open(path, through(from));
        const timestamp = Date.now() + (isGood ? 1 : 2);
        const signature = createHmac('sha256', key.secret).update(`${timestamp}GET${path}`).digest('base64');
        const answer = new Promise<string>((resolve) => {
          socket.on('message', (data: Buffer) => { if (/authenticated|invalid_api_key/.test(data.toString('utf8'))) resolve(data.toString('utf8')); });
        });
        socket.send(JSON.stringify({ id: 1, op: 'auth', key: key.api_key, timestamp, signature }));
        expect([path, from, (await answer).includes('invalid_api_key')]).toEqual([path, from, !isGood]);
        await end(socket);
      }
    }
  });

  it('streams are counted for who opens them', async () => {
    const first = await open('/stream', through(HOME));
    expect(first.status).toBe(101);
    expect((await open('/stream', through(`${AWAY}, ${HOME}`))).status).toBe(429);
    expect((await venue.client.get<ProblemBody>('/public/stream', through(HOME))).body.code).toBe('too_many_streams');
    const other = await open('/stream', through(AWAY));
    expect(other.status).toBe(101);
    for (const { socket } of [first, other]) await end(socket);
  });

  it('metrics are for the machine itself, and for an operator', async () => {
    const status = async (headers: Record<string, string>): Promise<number> => (await venue.client.get('/metrics', headers)).status;
    expect(await status({})).toBe(200);
    expect(await status(through('127.0.0.1'))).toBe(200);
    for (const headers of [through(HOME), through(`127.0.0.1, ${HOME}`), through('unknown'), { Via: '1.1 proxy' }, { 'X-Forwarded-Proto': 'https' }]) expect(await status(headers)).toBe(401);
    const operator = await (await venue.withRoles('olivia', ['operator'])).sudo();
    expect(await status({ ...operator.headers, ...through(HOME) })).toBe(200);
  });

  it('its own pages are those of the scheme by which it was asked', async () => {
    const { port } = venue.running;
    const body = '{}';
    const code = async (origin: string, ...more: string[]): Promise<string> => {
      const [answer] = await sendRaw(port, [['POST /orders HTTP/1.1', 'Host: localhost', `Origin: ${origin}://localhost`, 'Content-Type: application/json', `Content-Length: ${body.length}`, ...more, '', body].join('\r\n')]);
      return (JSON.parse(answer?.text ?? '') as ProblemBody).code;
    };
    expect(await code('https', `X-Forwarded-For: ${AWAY}`, 'X-Forwarded-Proto: https')).toBe('unauthenticated');
    expect(await code('http', `X-Forwarded-For: ${AWAY}`, 'X-Forwarded-Proto: https')).toBe('origin_not_allowed');
    expect(await code('http', `X-Forwarded-For: ${AWAY}`, 'X-Forwarded-Proto: http')).toBe('unauthenticated');
    expect(await code('https', `X-Forwarded-For: ${AWAY}`, 'X-Forwarded-Proto: http')).toBe('origin_not_allowed');
    expect(await code('https', `X-Forwarded-For: ${AWAY}`, 'X-Forwarded-Proto: https, http')).toBe('origin_not_allowed');
  });

  it('requests are counted for who makes them', async () => {
    const asked = await Promise.all(Array.from({ length: 500 }, () => venue.client.get('/public/instruments', through(HOME))));
    expect(asked.filter(({ status }) => status === 429).length).toBeGreaterThan(0);
    expect((await venue.client.get('/public/instruments', through(AWAY))).status).toBe(200);
  });
});

describe('behind a proxy that nobody named', () => {
  let venue: PeopleVenue;
  beforeAll(async () => { venue = await PeopleVenue.open({ LIMIT_LOGIN_PER_SECOND: '1', LIMIT_LOGIN_BURST: '5' }); });
  afterAll(() => venue.close());

  it('what it says counts for nothing, and what it passes on is not internal', async () => {
    expect((await venue.client.get('/metrics')).status).toBe(200);
    expect((await venue.client.get('/metrics', through(HOME))).status).toBe(401);
    const tried: string[] = [];
    for (let i = 0; i < 7; i++) tried.push((await venue.client.post<ProblemBody>('/auth/login', { username: 'nobody', password: PASSWORD }, through(`192.0.2.${i}`))).body.code);
    expect(tried.at(-1)).toBe('rate_limited');
  });
});
