// How many messages a second reach many stream clients, with the clients on the same machine: orders go in at a steady
// rate, and each client counts the messages that it is told.
//
//   npm run up                                            (in another terminal)
//   node load-test/fan-out.mjs [clients] [orders a second] [seconds] [url]
//
// Where callers say who they are, the orders are of the user LOAD_USER, with LOAD_PASSWORD; without that of one that is registered for it.
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { createConnection } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectSecure } from 'node:tls';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const { OpenfillClient, isProblem } = createRequire(import.meta.url)(join(ROOT, 'packages', 'client', 'dist', 'index.js'));

const clients = Number(process.argv[2] ?? 500);
const rate = Number(process.argv[3] ?? 100);
const seconds = Number(process.argv[4] ?? 10);
const url = new URL(process.argv[5] ?? 'http://127.0.0.1:3000');
/** Requests of orders a second. */
const TICKS = 20;

const HEARTBEAT = Buffer.from('{"type":"heartbeat"');
let messages = 0;
let bytes = 0;

/** Counts whole frames: their headers tell how long they are. @param who header lines that say who asks */
function open(who) {
  return new Promise((resolve, reject) => {
    const socket = url.protocol === 'https:' ? connectSecure({ host: url.hostname, port: Number(url.port || 443) }) : createConnection(Number(url.port || 80), url.hostname);
    let rest = Buffer.alloc(0);
    let isOpen = false;
    socket.on('error', reject);
    socket.on('data', (data) => {
      bytes += data.length;
      rest = rest.length === 0 ? data : Buffer.concat([rest, data]);
      if (!isOpen) {
        const end = rest.indexOf('\r\n\r\n');
        if (end < 0) return;
        isOpen = true;
        rest = rest.subarray(end + 4);
        resolve(socket);
      }
      let at = 0;
      while (rest.length - at >= 2) {
        const short = rest[at + 1] & 0x7f;
        const header = short < 126 ? 2 : short === 126 ? 4 : 10;
        if (rest.length - at < header) break;
        const length = short < 126 ? short : short === 126 ? rest.readUInt16BE(at + 2) : Number(rest.readBigUInt64BE(at + 2));
        if (rest.length - at < header + length) break;
        // A client that is told nothing for a second hears that the venue is there.
        if (!rest.subarray(at + header, at + header + HEARTBEAT.length).equals(HEARTBEAT)) messages++;
        at += header + length;
      }
      rest = rest.subarray(at);
    });
    socket.write(`GET /stream?channels=orderbook,trades,orders&instruments=BTC-USD HTTP/1.1\r\nHost: localhost\r\n${who}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`);
  });
}

/** The client that sends the orders, the account that they are of, and what a receiver says who it is. */
async function sender() {
  const options = { idempotencyKeys: false, attemptsMax: 1 };
  const open = new OpenfillClient(url.href, options);
  const asks = await open.people.jwks().then(() => true, (error) => {
    if (isProblem(error, 'auth_off')) return false;
    throw error;
  });
  if (!asks) return { client: open, account: 'fan-out', who: '' };
  let { LOAD_USER: username, LOAD_PASSWORD: password } = process.env;
  if (!username) {
    username = `fan-out-${Date.now().toString(36)}`;
    password = randomBytes(18).toString('base64url');
    await open.people.register(username, password);
  }
  // Orders are told to whose they are.
  const { access_token: token } = await open.people.logIn(username, password);
  return { client: new OpenfillClient(url.href, { ...options, auth: { username, password } }), account: username, who: `Authorization: Bearer ${token}\r\n` };
}

const { client, account, who } = await sender();
const sockets = await Promise.all(Array.from({ length: clients }, () => open(who)));
await sleep(500);
messages = 0;
bytes = 0;
const started = performance.now();
let placed = 0;
for (let tick = 1; tick <= seconds * TICKS; tick++) {
  const operations = Array.from({ length: Math.round(rate * tick / TICKS) - placed }, (_, i) => ({
    op: 'place', client_id: account, side: 'buy', type: 'limit', price: (100 + ((placed + i) * 7 % 97) / 100).toFixed(2), quantity: '1',
  }));
  placed += operations.length;
  if (operations.length > 0) await client.batch(operations);
  await sleep(Math.max(0, started + tick * 1_000 / TICKS - performance.now()));
}
const wanted = clients * placed * 2;
while (messages < wanted && performance.now() - started < (seconds + 20) * 1_000) await sleep(5);
const elapsed = (performance.now() - started) / 1_000;
console.log(`${placed} orders in ${elapsed.toFixed(1)} s to ${clients} clients: ${messages} of ${wanted} messages, ${Math.round(messages / elapsed)} a second, ${(bytes / elapsed / 1e6).toFixed(1)} MB/s`);
await client.cancelAll(account);
for (const socket of sockets) socket.destroy();
