import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { OpenfillClient, StreamError } from '#openfill-client';
import { watchHandles } from '../support/handles';

/** What stands between a client and the venue, and answers in its place. */
async function peer(connected: (socket: WebSocket, connection: number) => void): Promise<{ url: string; connections(): number; close(): Promise<void> }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  let connections = 0;
  server.on('connection', (socket) => connected(socket, ++connections));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    close: async () => {
      for (const socket of server.clients) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('the client, before a peer that is no venue', () => {
  let handles: () => Promise<string[]>;
  beforeEach(() => { handles = watchHandles(); });
  afterEach(async () => { expect(await handles()).toEqual([]); });

  it('sends a command again over another connection when its answer was spoilt', async () => {
    const keys: unknown[] = [];
    const spoiler = await peer((socket, connection) => {
      socket.on('message', (data: Buffer) => {
        const { id, idempotency_key: key } = JSON.parse(data.toString('utf8')) as { id: number; idempotency_key: string };
        keys.push(key);
        socket.send(connection === 1 ? '{"id":1,"sta' : JSON.stringify({ id, status: 201, body: { order_id: 'it' } }));
      });
    });
    const entry = new OpenfillClient(spoiler.url).orderEntry({ backoffMs: 1 });
    expect(await entry.place({ client_id: 'ann', side: 'buy', type: 'limit', price: '1.00', quantity: '1' })).toEqual({ order_id: 'it' });
    expect([spoiler.connections(), new Set(keys).size, keys.length]).toEqual([2, 1, 2]);
    await entry.close();
    await spoiler.close();
  });

  it('gives a stream up after so many connections in a row on which nothing was said', async () => {
    const mute = await peer((socket) => socket.close());
    const stream = new OpenfillClient(mute.url).stream({ backoffMs: 1, backoffMaxMs: 2, reconnectsMax: 3 });
    await expect((async () => { for await (const message of stream) expect(message).toBeUndefined(); })()).rejects.toThrow(StreamError);
    expect(mute.connections()).toBe(4);
    await mute.close();
  });
});

it('takes the address of a WebSocket for that of the venue', () => {
  expect(['ws://venue.example:3000/', 'wss://venue.example', 'https://venue.example/'].map((url) => new OpenfillClient(url).url))
    .toEqual(['http://venue.example:3000', 'https://venue.example', 'https://venue.example']);
});
