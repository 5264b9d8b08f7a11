import { WebSocketServer, type WebSocket } from 'ws';

/**
 * The least that a WebSocket service does. `echo`: answers each message with a text of the size given; `broadcast`: sends each message on to
 * all other connections. Run as a child.
 */

const [what, bytes] = process.argv.slice(2);
const answer = 'x'.repeat(Number(bytes));
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });

function broadcast(from: WebSocket, message: Buffer): void {
  for (const client of server.clients) {
    if (client !== from) client.send(message, { binary: false });
  }
}

server.on('connection', (socket) => {
  socket.on('message', (message: Buffer) => {
    if (what === 'echo') socket.send(answer);
    else broadcast(socket, message);
  });
});
server.on('listening', () => process.send?.(server.address()));
