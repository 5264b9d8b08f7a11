import { copyFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { readRuntime } from '../../src/servers/runtime';
import { findFreePort } from '../../src/servers/ports';
import { runCommand } from '../audit/support';
import { ServiceProcess } from '../persistence/support/service-process';
import { makeCertificate, type MadeCertificate } from '../support/certificates';
import { temporaryDirectory } from '../support/servers';
import { until } from '../support/until';
import { UpProcess } from '../support/up-process';
import { Venue } from '../support/venue';

/** Processes whose port has a certificate, which SIGHUP renews. */

const directory = temporaryDirectory('certificates');
afterAll(async () => {
  await UpProcess.killAll();
  await ServiceProcess.killAll();
  directory.remove();
});

const first = makeCertificate(directory.path, 'first');
const second = makeCertificate(directory.path, 'second');
const shown = { TLS_CERT_FILE: `${directory.path}/shown.pem`, TLS_KEY_FILE: `${directory.path}/shown.key` } as const;
function show({ certFile, keyFile }: MadeCertificate): void {
  copyFileSync(certFile, shown.TLS_CERT_FILE);
  copyFileSync(keyFile, shown.TLS_KEY_FILE);
}

async function secure(port: number): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ca: [first.cert, second.cert] });
  await once(socket, 'secureConnect');
  return socket;
}

async function fingerprint(port: number): Promise<string> {
  const socket = await secure(port);
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

async function healthy(socket: TLSSocket): Promise<void> {
  socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const [chunk] = await once(socket, 'data') as [Buffer];
  expect(chunk.toString('latin1')).toMatch(/^HTTP\/1\.1 200 OK/);
}

describe('a service with a certificate', () => {
  let venue: Venue;
  beforeAll(async () => { venue = await Venue.open(); });
  beforeEach(() => show(first));
  afterEach(() => ServiceProcess.killAll());
  afterAll(() => venue.close());

  it('ends with one line where the files do not do', async () => {
    const service = new ServiceProcess(venue.environment({ TLS_CERT_FILE: first.certFile, TLS_KEY_FILE: second.keyFile }));
    expect(await service.exited()).toBe(1);
    expect([service.stdout, service.stderr]).toEqual(['', `openfill: TLS_KEY_FILE ${second.keyFile} is not the key of the certificate in TLS_CERT_FILE ${first.certFile}\n`]);
  });

  it('reads it again on SIGHUP, and keeps the old one where the new one does not do', async () => {
    const service = new ServiceProcess(venue.environment({ ...shown, LOG_LEVEL: 'info' }));
    const port = (await service.logged('serving')).port as number;
    const standing = await secure(port);
    expect(await fingerprint(port)).toBe(first.fingerprint);
    show(second);
    service.signal('SIGHUP');
    await until('the second is shown', async () => await fingerprint(port) === second.fingerprint);
    writeFileSync(shown.TLS_KEY_FILE, 'no key');
    service.signal('SIGHUP');
    const told = await service.logged('the certificate was not renewed');
    expect([told.level, told.reason]).toEqual(['error', `TLS_KEY_FILE ${shown.TLS_KEY_FILE} holds no private key (PEM) that opens without a password`]);
    expect(await fingerprint(port)).toBe(second.fingerprint);
    await healthy(standing);
    standing.destroy();
    service.signal('SIGTERM');
    expect(await service.exited()).toBe(0);
  });

  it('passes SIGHUP on to every worker', async () => {
    const service = new ServiceProcess(venue.environment({ ...shown, LOG_LEVEL: 'info', API_WORKERS: '2' }));
    const serving = (): number => service.lines.filter(({ msg, roles }) => msg === 'serving' && (roles as string[])[0] === 'api').length;
    await until('both workers serve', () => serving() === 2);
    const port = service.lines.find((line) => line.msg === 'serving' && line.port !== null)?.port as number;
    show(second);
    service.signal('SIGHUP');
    await until('both workers have read it', () => service.lines.filter(({ msg, fingerprint: found }) => msg === 'certificate read' && found === second.fingerprint).length === 2);
    // Whichever of them takes a connection.
    expect(new Set(await Promise.all(Array.from({ length: 20 }, () => fingerprint(port))))).toEqual(new Set([second.fingerprint]));
    service.signal('SIGTERM');
    expect(await service.exited()).toBe(0);
  });

  it('ends in order on SIGHUP without one', async () => {
    const service = new ServiceProcess(venue.environment({ LOG_LEVEL: 'info' }));
    await service.serving();
    service.signal('SIGHUP');
    expect(await service.exited()).toBe(0);
    expect(service.lines.at(-1)?.msg).toBe('stopped');
  });
});

describe('npm run up with a certificate', () => {
  const data = temporaryDirectory('up-tls');
  const trusting = { DATA_DIR: data.path, NODE_EXTRA_CA_CERTS: first.certFile };
  let up: UpProcess;
  let port: number;

  beforeAll(async () => {
    show(first);
    port = await findFreePort();
    up = UpProcess.direct({ ...shown, PORT: String(port), DATA_DIR: data.path });
  });
  afterAll(() => data.remove());

  it('says where it is', async () => {
    const lines = await up.ready();
    expect(lines[0]).toBe(`openfill ready on https://127.0.0.1:${port}`);
    expect(lines.slice(1).every((line) => line.includes(`https://127.0.0.1:${port}/`))).toBe(true);
    expect(readRuntime(data.path)?.url).toBe(`https://127.0.0.1:${port}`);
  });

  it('is found by the commands, as far as its certificate is trusted', async () => {
    const seeded = await runCommand('seed', trusting, ['--orders', '50']);
    expect([seeded.code, seeded.stderr]).toEqual([0, '']);
    expect(seeded.stdout).toMatch(/^50 orders with seed 1/);
    const smoke = await runCommand('smoke', trusting);
    expect(smoke.stdout).toMatch(/\d+ passed, 0 failed, \d+ skipped\n$/);
    expect(smoke.code).toBe(0);
    const recorded = await runCommand('record', trusting, ['--out', `${directory.path}/market.ndjson.gz`, '--minutes', '0.02']);
    expect(recorded.stdout).toMatch(/\n[1-9]\d* messages up to sequence/);
    const strange = await runCommand('seed', { DATA_DIR: data.path }, ['--orders', '50']);
    expect([strange.code, strange.stderr]).toEqual([1, 'seed: the venue\'s certificate is not trusted: DEPTH_ZERO_SELF_SIGNED_CERT\n']);
    // Without a venue in DATA_DIR it is where the settings say.
    const elsewhere = await runCommand('seed', { DATA_DIR: directory.path, NODE_EXTRA_CA_CERTS: first.certFile, PORT: String(port), TLS_CERT_FILE: first.certFile }, ['--orders', '1']);
    expect([elsewhere.code, elsewhere.stderr]).toEqual([0, '']);
  });

  it('passes SIGHUP on, and goes on', async () => {
    const standing = await secure(port);
    show(second);
    process.kill(up.pid, 'SIGHUP');
    await until('the second is shown', async () => await fingerprint(port) === second.fingerprint);
    await healthy(standing);
    standing.destroy();
    await up.signal('SIGTERM');
    expect(await up.exitCode()).toBe(0);
    expect(up.stderr).toBe('');
  });
});
