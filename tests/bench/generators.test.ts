import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { closedLoad, HttpConnection, openLoad, requestText, requireExpected, Schedule } from '../../src/bench/http-load';
import { orderRequests, orderSource } from '../../src/bench/orders';
import { StreamReceiver } from '../../src/bench/stream-receiver';
import { until } from '../support/until';

/** What measures must see what is there: answers cut anywhere, wrong ones, gaps. */

const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

describe('the schedule of an open model', () => {
  it('has the first request due at once, and each next one an interval later, to the end', () => {
    const schedule = new Schedule(250, 2);
    expect([schedule.requests, schedule.dueAtMs(0), schedule.dueAtMs(1), schedule.dueAtMs(499)]).toEqual([500, 0, 4, 1_996]);
    const dueBy = [[-1, 0], [0, 1], [3.999, 1], [4, 2], [4.001, 2], [7.999, 2], [8, 3], [1_000, 251], [1_995.999, 499], [1_996, 500], [1e6, 500]];
    expect(dueBy.map(([elapsedMs]) => [elapsedMs, schedule.dueBy(elapsedMs as number)])).toEqual(dueBy);
  });

  it('has a request due from the moment that its latency counts from, at any rate', () => {
    for (const rate of [1, 3, 7, 250, 333, 1_500, 2_000, 20_000]) {
      const schedule = new Schedule(rate, 3);
      for (let n = 0; n < schedule.requests; n++) {
        const at = schedule.dueAtMs(n);
        expect([rate, n, schedule.dueBy(at)]).toEqual([rate, n, n + 1]);
      }
    }
  });
});

describe('the HTTP generator', () => {
  it('reads answers wherever the network cuts them', async () => {
    const bodies = ['{"a":1}', '', 'x'.repeat(70_000)];
    const answers = bodies.map((body, i) => `HTTP/1.1 20${i} OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`).join('');
    for (const cut of [1, 7, 60, 5_000, answers.length]) {
      const server = createServer((socket) => {
        socket.setNoDelay(true).on('error', () => undefined);
        socket.once('data', () => void (async () => {
          // Small pieces where headers are, larger ones in the long body.
          for (let at = 0; at < answers.length;) {
            const step = at < 200 ? cut : Math.max(cut, 10_000);
            socket.write(answers.slice(at, at + step));
            at += step;
            await new Promise((resolve) => setImmediate(resolve));
          }
        })());
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const connection = await HttpConnection.open(portOf(server));
      const read = await Promise.all(bodies.map(() => new Promise<[number, string]>((resolve) => {
        connection.send(requestText('GET', '/', ''), (status, body) => resolve([status, body.toString()]));
      })));
      expect(read).toEqual(bodies.map((body, i) => [200 + i, body]));
      connection.close();
      await new Promise((resolve) => { server.close(resolve); });
    }
  }, 10_000);

  describe('on a server', () => {
    let server: Server;
    let isBroken = false;
    const bodies: string[] = [];
    beforeAll(async () => {
      server = createHttpServer((request, response) => {
        let body = '';
        request.on('data', (chunk: Buffer) => { body += chunk.toString(); });
        request.on('end', () => {
          bodies.push(body);
          response.writeHead(isBroken ? 503 : 201, { 'Content-Length': 2 });
          response.end('{}');
        });
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
    });
    afterAll(() => new Promise((resolve) => { server.close(resolve); }));

    it('sends no more than at the rate asked for, and counts every answer', async () => {
      const result = await openLoad({ port: portOf(server), connections: 4, expected: 201, rate: 200, seconds: 0.5, request: orderRequests('open') });
      requireExpected(result);
      // What a busy machine does not get to within the time is not made up for.
      expect(result.answered).toBeGreaterThan(0);
      expect(result.answered).toBeLessThanOrEqual(100);
      expect(bodies).toHaveLength(result.answered);
      const keys = bodies.map((body) => (JSON.parse(body) as { idempotency_key: string }).idempotency_key);
      expect(new Set(keys).size).toBe(result.answered);
      expect(result.latencies.percentile(50)).toBeGreaterThan(0);
    });

    it('does not take a wrong answer for speed', async () => {
      isBroken = true;
      const result = await closedLoad({ port: portOf(server), connections: 2, expected: 201, seconds: 0.1, request: orderRequests('closed') });
      expect(() => requireExpected(result)).toThrow(/503/);
    });
  });

  it('makes the same orders from the same seed', () => {
    const [one, other] = [orderSource('a', 3), orderSource('a', 3)];
    const orders = Array.from({ length: 50 }, (_, n) => one(n));
    expect(Array.from({ length: 50 }, (_, n) => other(n))).toEqual(orders);
    expect(orders.every((order) => typeof (JSON.parse(order) as { side: unknown }).side === 'string')).toBe(true);
  });
});

describe('the stream receiver', () => {
  const delta = (sequence: number, previous: number, padding = 0): string => JSON.stringify({
    type: 'orderbook_delta', instrument: 'BTC-USD', sequence, timestamp: 't', data: { first_sequence: sequence, previous_sequence: previous, bids: [], padding: 'x'.repeat(padding) },
  });
  const snapshot = JSON.stringify({ type: 'orderbook_snapshot', instrument: 'BTC-USD', sequence: 5, timestamp: 't', data: { bids: [], asks: [] } });

  it.each([
    ['follows a chain', [snapshot, delta(6, 5), '{"type":"trade","sequence":6}', delta(9, 6, 300), delta(12, 9, 80_000)], 0],
    ['sees a gap', [snapshot, delta(6, 5), delta(9, 8), delta(12, 9)], 1],
  ])('%s', async (_, messages, gaps) => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
    await once(server, 'listening');
    server.on('connection', (socket) => { for (const message of messages) socket.send(message); });
    const receiver = await StreamReceiver.open(portOf(server), '/stream');
    await until('it has every message', () => receiver.messages >= messages.length);
    expect([receiver.messages, receiver.deltas, receiver.gaps]).toEqual([messages.length, 3, gaps]);
    receiver.close();
    await new Promise((resolve) => server.close(resolve));
  });
});
