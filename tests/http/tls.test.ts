import { copyFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { Agent, request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { makeCertificate, type MadeCertificate } from '../support/certificates';
import { BOTH_WAYS, limit, type ProblemBody } from '../support/client';
import { temporaryDirectory } from '../support/servers';
import { Venue, type RunningApp } from '../support/venue';
import { parseAnswers, sendRaw, type RawAnswer } from './support/raw';

const INSIST = 'max-age=31536000';
const directory = temporaryDirectory('tls');
afterAll(() => directory.remove());

const first = makeCertificate(directory.path, 'first');
const second = makeCertificate(directory.path, 'second');

/** The files that a service is told, which hold what is copied to them. */
const [certFile, keyFile] = [join(directory.path, 'shown.pem'), join(directory.path, 'shown.key')];
function show(certificate: MadeCertificate): void {
  copyFileSync(certificate.certFile, certFile);
  copyFileSync(certificate.keyFile, keyFile);
}

describe.each(BOTH_WAYS)('a port with a certificate %s', (_name, hotPath) => {
  let venue: Venue;
  let running: RunningApp;
  let agent: Agent;

  beforeAll(async () => {
    show(first);
    venue = await Venue.open({ app: { hotPath }, environment: { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile } });
    running = await venue.start();
    agent = new Agent({ ca: first.cert, keepAlive: true });
  });
  afterAll(async () => {
    agent.destroy();
    await venue.close();
  });

  function call(method: string, path: string, body?: unknown): Promise<RawAnswer> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const sent = request({ agent, host: '127.0.0.1', port: running.port, method, path, headers: text === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) } }, (response) => {
        let received = '';
        response.setEncoding('utf8').on('data', (chunk: string) => { received += chunk; }).on('end', () => resolve({
          status: response.statusCode ?? 0, headers: new Headers(Object.entries(response.headers) as [string, string][]), text: received,
        }));
      });
      sent.on('error', reject);
      sent.end(text);
    });
  }

  async function secure(ca = first.cert): Promise<TLSSocket> {
    const socket = connect({ host: '127.0.0.1', port: running.port, ca });
    await once(socket, 'secureConnect');
    return socket;
  }

  /** What comes back over TLS for bytes that no client would send. */
  async function raw(bytes: string, isEnough: (received: string) => boolean): Promise<string> {
    const socket = await secure();
    socket.write(bytes);
    let received = '';
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      received += chunk.toString('latin1');
      if (isEnough(received)) break;
    }
    socket.destroy();
    return received;
  }

  it('answers over https, and says that there is nothing else', async () => {
    for (const [method, path, body, status] of [
      ['GET', '/healthz', undefined, 200], ['GET', '/metrics', undefined, 200], ['POST', '/orders', limit(), 201], ['POST', '/orders', {}, 400],
      ['GET', '/public/orderbook', undefined, 200], ['GET', '/nowhere', undefined, 404], ['PUT', '/orders', undefined, 405], ['GET', '/docs', undefined, 200], ['GET', '/docs/start.js', undefined, 200],
    ] as const) {
      const answer = await call(method, path, body);
      expect([path, answer.status, answer.headers.get('strict-transport-security')]).toEqual([path, status, INSIST]);
    }
    const broken = await raw('GET / HTTP/9.9\r\n\r\n', (text) => parseAnswers(Buffer.from(text, 'latin1')).length > 0);
    expect(parseAnswers(Buffer.from(broken, 'latin1'))[0]?.status).toBe(400);
    expect(broken).toContain(`Strict-Transport-Security: ${INSIST}`);
  });

  it('speaks TLS 1.2 and 1.3, and nothing older', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = connect({ host: '127.0.0.1', port: running.port, ca: first.cert, minVersion: version, maxVersion: version });
      await once(socket, 'secureConnect');
      expect(socket.getProtocol()).toBe(version);
      socket.destroy();
    }
    const old = connect({ host: '127.0.0.1', port: running.port, ca: first.cert, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
    const [error] = await once(old, 'error') as [NodeJS.ErrnoException];
    expect(error.code).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  });

  it('tells one who speaks http so, and ends what is neither', async () => {
    const [answer] = await sendRaw(running.port, ['GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n']);
    expect([answer?.status, answer?.headers.get('content-type'), (JSON.parse(answer?.text ?? '') as ProblemBody).detail]).toEqual([400, 'application/problem+json', 'This port speaks https alone.']);
    const placed = await sendRaw(running.port, [`POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(1_000)}`, 'x'.repeat(50_000)]);
    expect(placed.length).toBeLessThanOrEqual(1);
    const handshake = await sendRaw(running.port, ['GET /stream HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n']);
    expect(handshake[0]?.status).toBe(400);
    const other = connectPlain(running.port, '127.0.0.1');
    other.on('error', () => undefined);
    other.write(Buffer.alloc(64, 0xff));
    await once(other.resume(), 'close');
    expect((await call('GET', '/healthz')).status).toBe(200);
  });

  it('has its streams and order entry over wss', async () => {
    const stream = new WebSocket(`wss://127.0.0.1:${running.port}/stream?channels=trades`, { ca: first.cert });
    const [told] = await once(stream, 'message') as [Buffer];
    expect(JSON.parse(told.toString('utf8'))).toHaveProperty('type');
    stream.terminate();

    const entry = new WebSocket(`wss://127.0.0.1:${running.port}/orders`, { ca: first.cert, origin: `https://127.0.0.1:${running.port}` });
    await once(entry, 'open');
    entry.send(JSON.stringify({ id: 1, op: 'place', ...limit() }));
    const [answer] = await once(entry, 'message') as [Buffer];
    expect(JSON.parse(answer.toString('utf8'))).toMatchObject({ id: 1, status: 201 });
    entry.terminate();

    const foreign = new WebSocket(`wss://127.0.0.1:${running.port}/orders`, { ca: first.cert, origin: 'https://evil.example' });
    const [error] = await once(foreign, 'error') as [Error];
    expect(error.message).toBe('Unexpected server response: 403');

    const events = await raw('GET /public/stream HTTP/1.1\r\nHost: localhost\r\n\r\n', (text) => text.includes('retry:'));
    expect(events).toContain('Content-Type: text/event-stream');
    expect(events).toContain(`Strict-Transport-Security: ${INSIST}`);
  });

  it('goes on with http where another protocol is offered', async () => {
    const received = await raw('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n', (text) => text.includes('"ok"'));
    expect(received).toMatch(/^HTTP\/1\.1 200 OK/);
  });

  it('shows a renewed certificate to new connections, while those that stand go on', async () => {
    const fingerprint = async (ca: string): Promise<string> => {
      const socket = await secure(ca);
      const { fingerprint256 } = socket.getPeerCertificate();
      socket.destroy();
      return fingerprint256;
    };
    const stream = new WebSocket(`wss://127.0.0.1:${running.port}/orders`, { ca: first.cert });
    await once(stream, 'open');
    const standing = await secure();
    try {
      expect(await fingerprint(first.cert)).toBe(first.fingerprint);
      show(second);
      running.app.renewCertificate();
      expect(await fingerprint(second.cert)).toBe(second.fingerprint);
      // What does not do changes nothing.
      for (const [cert, key] of [[second.certFile, first.keyFile], [second.keyFile, second.keyFile]] as const) {
        copyFileSync(cert, certFile);
        copyFileSync(key, keyFile);
        running.app.renewCertificate();
        expect(await fingerprint(second.cert)).toBe(second.fingerprint);
      }
      writeFileSync(certFile, '');
      running.app.renewCertificate();
      expect(await fingerprint(second.cert)).toBe(second.fingerprint);
      stream.send(JSON.stringify({ id: 2, op: 'place', ...limit() }));
      const [answer] = await once(stream, 'message') as [Buffer];
      expect(JSON.parse(answer.toString('utf8'))).toMatchObject({ id: 2, status: 201 });
      standing.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
      const [answered] = await once(standing, 'data') as [Buffer];
      expect(answered.toString('latin1')).toMatch(/^HTTP\/1\.1 200 OK/);
    } finally {
      show(first);
      running.app.renewCertificate();
      stream.terminate();
      standing.destroy();
    }
    expect(await fingerprint(first.cert)).toBe(first.fingerprint);
  });

  it('ends although somebody never says a word', async () => {
    const app = await venue.start();
    const silent = connectPlain(app.port, '127.0.0.1');
    silent.on('error', () => undefined);
    await once(silent, 'connect');
    const closed = once(silent.resume(), 'close');
    await app.stop();
    await closed;
  });
});
