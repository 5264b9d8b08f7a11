// What idle stream clients cost: the service's resident memory before and with them, as its own metrics tell it.
//
//   npm run up                                            (in another terminal)
//   node load-test/idle-connections.mjs [clients] [url]
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectSecure } from 'node:tls';

const clients = Number(process.argv[2] ?? 10_000);
const url = new URL(process.argv[3] ?? 'http://127.0.0.1:3000');
/** Handshakes under way at a time. */
const AT_ONCE = 200;
/** Heartbeats go out, and what the handshakes left behind is collected. */
const SETTLE_MS = 10_000;

async function metric(name) {
  const line = (await (await fetch(new URL('/metrics', url))).text()).split('\n').find((text) => text.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1));
}

/** A client that reads and throws away what it reads. */
function open() {
  return new Promise((resolve, reject) => {
    const socket = url.protocol === 'https:' ? connectSecure({ host: url.hostname, port: Number(url.port || 443) }) : createConnection(Number(url.port || 80), url.hostname);
    socket.once('error', reject);
    socket.once('data', (data) => {
      if (data.toString('latin1').startsWith('HTTP/1.1 101')) resolve(socket);
      else reject(new Error(data.toString('latin1').split('\r\n')[0]));
      socket.resume();
    });
    socket.write('GET /stream HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n');
  });
}

const before = await metric('process_resident_memory_bytes');
const sockets = [];
while (sockets.length < clients) {
  sockets.push(...await Promise.all(Array.from({ length: Math.min(AT_ONCE, clients - sockets.length) }, open)));
}
await sleep(SETTLE_MS);
const after = await metric('process_resident_memory_bytes');
console.log(`${await metric('websocket_connections')} bare connections: ${((after - before) / 1e6).toFixed(1)} MB more, ${Math.round((after - before) / clients)} bytes each`);
console.log(`resident before ${(before / 1e6).toFixed(1)} MB, with them ${(after / 1e6).toFixed(1)} MB`);
for (const socket of sockets) socket.destroy();
