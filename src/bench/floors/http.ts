import { createServer } from 'node:http';

/** The least that an HTTP service does: reads a body, answers a fixed JSON of the size given. Run as a child. */

const body = JSON.stringify({ answer: 'x'.repeat(Math.max(0, Number(process.argv[2]) - '{"answer":""}'.length)) });
const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };

const server = createServer((request, response) => {
  request.on('data', () => undefined);
  request.on('end', () => {
    response.writeHead(200, headers);
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', () => process.send?.(server.address()));
