import { createConnection, type Socket } from 'node:net';
import { once } from 'node:events';
import WebSocket from 'ws';
import { Client } from '../support/client';
import { ShardView } from '../persistence/support/shard-view';
import { until } from '../support/until';
import { metricOf } from '../support/metrics';
import { Venue, type RunningApp } from '../support/venue';
import { RebuiltBook } from './support/rebuilt-book';
import { StreamClient } from './support/stream-client';

const CONNECTIONS_MAX = 6;
const MESSAGE_BYTES_MAX = 4_096;
const HANDSHAKE = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13'];

describe('the stream and clients that do not behave', () => {
  let venue: Venue;
  let shard: ShardView;
  let running: RunningApp;
  let http: Client;
  let good: StreamClient;
  const others: StreamClient[] = [];

  beforeAll(async () => {
    venue = await Venue.open({ environment: {
      STREAM_CONNECTIONS_MAX: String(CONNECTIONS_MAX), STREAM_MESSAGE_BYTES_MAX: String(MESSAGE_BYTES_MAX),
    } });
    shard = new ShardView(venue);
    running = await venue.start();
    http = new Client(() => running.url);
    good = await StreamClient.open(running.url);
    await good.count(2);
  });
  afterAll(async () => {
    await good.close();
    http.close();
    await venue.close();
  });
  // Whatever happened to others, one client is served as if it were alone.
  afterEach(async () => {
    for (const client of others.splice(0)) await client.close();
    const { status } = await http.post('/orders', { client_id: 'ann', side: 'buy', type: 'limit', price: '9.00', quantity: '1' });
    expect(status).toBe(201);
    await good.caughtUp(await shard.meta('seq'));
    const book = RebuiltBook.of(good.messages);
    expect(book.problems).toEqual([]);
    expect(book.snapshots).toBe(1);
  });

  const open = async (query = ''): Promise<StreamClient> => {
    const client = await StreamClient.open(running.url, query);
    others.push(client);
    return client;
  };

  const connections = (): Promise<number> => metricOf(running.url, 'websocket_connections');
  const onlyGood = (): Promise<void> => until('only the good client is left', async () => await connections() === 1);

  const raw = async (lines: readonly string[]): Promise<{ socket: Socket; received: () => string }> => {
    const socket = createConnection(running.port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => { text += chunk.toString('latin1'); });
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    return { socket, received: () => text };
  };

  it.each([
    ['broken JSON', '{"op":', 'malformed_json'],
    ['nothing', '', 'malformed_json'],
    ['bytes', Buffer.from('{"op":"ping"}'), 'malformed_json'],
    ['another encoding', Buffer.from([0xff, 0xfe, 0x00]), 'malformed_json'],
    ['null', 'null', 'validation_failed'],
    ['a number', '1e999', 'validation_failed'],
    ['a list', '[{"op":"ping"}]', 'validation_failed'],
    ['no op', '{}', 'validation_failed'],
    ['an unknown op', '{"op":"drop_tables"}', 'validation_failed'],
    ['an unknown field', '{"op":"ping","x":1}', 'validation_failed'],
    ['an unknown channel', '{"op":"subscribe","channels":["trades","everything"]}', 'validation_failed'],
    ['an unknown instrument', '{"op":"subscribe","instruments":["DOGE-USD"]}', 'validation_failed'],
    ['no list', '{"op":"subscribe","channels":"trades"}', 'validation_failed'],
    ['an empty list', '{"op":"unsubscribe","instruments":[]}', 'validation_failed'],
    ['a prototype', '{"op":"subscribe","__proto__":{"channels":["trades"]}}', 'validation_failed'],
    ['a constructor', '{"op":"subscribe","constructor":{"prototype":{"implicit":true}}}', 'validation_failed'],
    ['a depth of nothing', '{"op":"subscribe","depth":0}', 'validation_failed'],
    ['a depth beyond all books', '{"op":"subscribe","depth":5001}', 'validation_failed'],
    ['a ping with a depth', '{"op":"ping","depth":5}', 'validation_failed'],
    ['a negative sequence', '{"op":"subscribe","since":-1}', 'validation_failed'],
    ['half an event id', '{"op":"subscribe","since":"x:1:2"}', 'validation_failed'],
    ['a prototype as a channel', '{"op":"subscribe","channels":["__proto__","constructor"]}', 'validation_failed'],
    ['depth', `{"op":"subscribe","channels":${'['.repeat(1900)}${']'.repeat(1900)}}`, 'malformed_json'],
    ['a name twice', '{"op":"ping","op":"ping"}', 'malformed_json'],
    ['many channels', `{"op":"subscribe","channels":[${Array.from({ length: 300 }, () => '"trades"').join(',')}]}`, 'validation_failed'],
  ])('an error answers %s, and the connection lives', async (_, message, code) => {
    const client = await open('?channels=trades&instruments=ETH-USD');
    const answer = await client.ask(message, 'error');
    expect(answer).toMatchObject({ instrument: null, data: { code, message: expect.any(String) as string } });
    expect(JSON.stringify(answer).length).toBeLessThan(2 * MESSAGE_BYTES_MAX);
    expect((await client.ask({ op: 'subscribe', channels: ['trades'], instruments: ['ETH-USD'] }, 'subscribed')).data)
      .toMatchObject({ subscriptions: [{ channel: 'trades', instruments: ['ETH-USD'] }] });
  });

  it.each([
    ['?chanels=trades', 'chanels is not allowed'],
    ['?channels=trades&a%20b=1', 'a b is not allowed'],
    ['??channels=trades', '?channels is not allowed'],
    ['?__proto__=1', '__proto__ is not allowed'],
    ['?=1', 'query is not allowed'],
    [`?${'x'.repeat(3_000)}=1`, `${'x'.repeat(100)}… is not allowed`],
    ['?channels=trades&channels=orders', 'channels must be given once'],
    ['?depth=0', 'depth must be greater than or equal to 1'],
    ['?since=x', 'since must be a sequence or the id of an event'],
  ])('an error names what is wrong with a query, nothing else is told, and the connection lives: %s', async (query, message) => {
    const client = await open(query);
    expect((await client.ask({ op: 'ping' }, 'pong')).sequence).toEqual(expect.any(Number));
    expect(client.told).toMatchObject([{ type: 'error', data: { code: 'validation_failed', message } }]);
    await client.ask({ op: 'subscribe', channels: ['trades'], instruments: ['ETH-USD'] }, 'subscribed');
    // Server-sent events refuse the same, for the same reason.
    const refused = (await http.get(`/public/stream${query}`)) as { status: number; body: { errors: { field: string; message: string }[] } };
    expect([refused.status, refused.body.errors.map((error) => `${error.field} ${error.message}`)]).toEqual([400, [message]]);
  });

  it('closes on a message that is too large, with the code for it', async () => {
    const client = await open();
    client.send(`{"op":"ping","x":"${'x'.repeat(MESSAGE_BYTES_MAX)}"}`);
    expect((await client.untilClosed()).code).toBe(1009);
  });

  it.each([
    // A client's frames must be masked; control frames have at most 125 bytes; text is UTF-8; the rest is reserved.
    ['unmasked', Buffer.from([0x81, 0x02, 0x7b, 0x7d])],
    ['of a reserved kind', Buffer.from([0x83, 0x80, 0, 0, 0, 0])],
    ['too long to ping', Buffer.from([0x89, 0xfe, 0x00, 0x7e, 0, 0, 0, 0])],
    ['no UTF-8', Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe])],
    ['longer than any message', Buffer.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])],
    ['noise', Buffer.from(Array.from({ length: 512 }, (_, i) => (i * 167 + 13) % 256))],
  ])('closes on a frame that is %s', async (_, frame) => {
    const { socket, received } = await raw(['GET /stream HTTP/1.1', 'Host: localhost', ...HANDSHAKE]);
    await until('the handshake', () => received().includes('101 Switching Protocols'));
    const closed = once(socket, 'close');
    socket.write(frame);
    // It answers with a close frame and waits for ours, which never comes; ending our side is enough.
    socket.end();
    await closed;
    await onlyGood();
  });

  it('answers handshakes that are none with a 4xx', async () => {
    for (const [wrong, status] of [
      [['GET /stream HTTP/1.1', 'Host: localhost', ...HANDSHAKE.slice(0, 2)], 426],
      [['GET /stream HTTP/1.1', 'Host: localhost', ...HANDSHAKE.slice(0, 3), 'Sec-WebSocket-Version: 7'], 426],
      [['POST /stream HTTP/1.1', 'Host: localhost', 'Content-Length: 0', ...HANDSHAKE], 405],
      [['GET //stream HTTP/1.1', 'Host: localhost', ...HANDSHAKE], 404],
      [['GET // HTTP/1.1', 'Host: localhost', ...HANDSHAKE], 404],
      [['GET /streams HTTP/1.1', 'Host: localhost', ...HANDSHAKE], 404],
      [['GET http://[ HTTP/1.1', 'Host: localhost', ...HANDSHAKE], 403],
    ] as const) {
      const { socket, received } = await raw(wrong);
      await until(`an answer to ${wrong[0]}`, () => received().includes('\r\n'));
      expect(received()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      socket.destroy();
    }
    for (const query of ['?channels=%', '?channels=%E0%A4%A', `?channels=${'trades,'.repeat(500)}`, '?&&==&?']) {
      const { socket, received } = await raw([`GET /stream${query} HTTP/1.1`, 'Host: localhost', ...HANDSHAKE]);
      await until('the handshake', () => received().includes('101 Switching Protocols'));
      socket.destroy();
    }
    await onlyGood();
  });

  it('lives through connections that are reset at any moment', async () => {
    for (let i = 0; i < 20; i++) {
      const socket = createConnection(running.port, '127.0.0.1');
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.write(`GET ${i % 2 === 0 ? '/stream' : '/nowhere'} HTTP/1.1\r\nHost: localhost\r\n${HANDSHAKE.join('\r\n')}\r\n\r\n`);
      if (i % 4 < 2) await once(socket, 'data');
      socket.resetAndDestroy();
    }
    await onlyGood();
  });

  it('refuses connections beyond its limit, and takes them again when others leave', async () => {
    while (others.length < CONNECTIONS_MAX - 1) await open();
    const refused = new WebSocket(`ws://127.0.0.1:${running.port}/stream`);
    const [request, response] = await once(refused, 'unexpected-response') as [{ destroy(): void }, { statusCode: number; headers: Record<string, string> }];
    expect(response.statusCode).toBe(503);
    expect(response.headers['retry-after']).toBe('1');
    request.destroy();
    expect(await connections()).toBe(CONNECTIONS_MAX);
    await others.pop()?.close();
    await until('there is room again', async () => await connections() < CONNECTIONS_MAX);
    await open();
  });

  it('refuses connections beyond the limit of one address', async () => {
    const narrow = await venue.start({ STREAM_CONNECTIONS_PER_ADDRESS_MAX: '1' });
    const first = await StreamClient.open(narrow.url);
    const refused = new WebSocket(`ws://127.0.0.1:${narrow.port}/stream`);
    const [request, response] = await once(refused, 'unexpected-response') as [{ destroy(): void }, { statusCode: number }];
    expect(response.statusCode).toBe(429);
    request.destroy();
    expect(await new Client(() => narrow.url).get('/public/stream')).toMatchObject({ status: 429, body: { code: 'too_many_streams' } });
    await first.close();
    await until('there is room again', async () => {
      try {
        await (await StreamClient.open(narrow.url)).close();
        return true;
      } catch {
        return false;
      }
    });
    await narrow.stop();
  });

  it('takes no more subscriptions than its limit, and leaves those that are', async () => {
    const narrow = await venue.start({ STREAM_SUBSCRIPTIONS_MAX: '2' });
    const client = await StreamClient.open(narrow.url, '?channels=trades&instruments=BTC-USD');
    const subscriptions = (message: unknown): Promise<unknown> => client.ask(message, 'subscribed').then(({ data }) => data.subscriptions);
    expect((await client.ask({ op: 'subscribe', channels: ['orders'] }, 'error')).data).toMatchObject({ code: 'subscription_limit' });
    expect(await subscriptions({ op: 'subscribe', channels: ['trades'] })).toEqual([{ channel: 'trades', instruments: ['BTC-USD', 'ETH-USD'] }]);
    await client.close();
    const bare = await StreamClient.open(narrow.url);
    expect(await bare.next('an error', ({ type }) => type === 'error')).toMatchObject({ data: { code: 'subscription_limit' } });
    await bare.close();
    await narrow.stop();
  });

  it('closes a client that sends too many messages', async () => {
    const strict = await venue.start({ STREAM_MESSAGES_PER_SECOND: '5' });
    const client = await StreamClient.open(strict.url, '?channels=trades');
    for (let i = 0; i < 11; i++) client.send({ op: 'ping' });
    expect(await client.untilClosed()).toEqual({ code: 1008, reason: 'rate_limited' });
    expect(client.messages.at(-1)).toMatchObject({ type: 'error', data: { code: 'rate_limited' } });
    // A second may have begun between two of them.
    expect(client.ofType('pong').length).toBeGreaterThanOrEqual(5);
    expect(client.ofType('pong').length).toBeLessThan(11);
    await strict.stop();
  });

  it('cuts off a peer that answers no ping, and keeps one that does', async () => {
    const watchful = await venue.start({ STREAM_PING_MS: '100' });
    const alive = await StreamClient.open(watchful.url, '?channels=trades');
    const dead = createConnection(watchful.port, '127.0.0.1');
    dead.on('error', () => undefined);
    await once(dead, 'connect');
    const closed = once(dead, 'close');
    dead.write(`${['GET /stream HTTP/1.1', 'Host: localhost', ...HANDSHAKE].join('\r\n')}\r\n\r\n`);
    dead.resume();
    await closed;
    expect(alive.closed).toBeNull();
    await alive.close();
    await watchful.stop();
  });
});
