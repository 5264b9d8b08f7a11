import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { startEmbeddedRedis } from '../../src/servers/embedded-redis';
import { findFreePort } from '../../src/servers/ports';
import { identityOf } from '../../src/servers/process-table';
import { callOnce, ContractError } from '../support/client';
import { TestRedis } from '../support/redis';
import { temporaryDirectory } from '../support/servers';
import { until } from '../support/until';
import { UpProcess } from '../support/up-process';

jest.setTimeout(120_000);
afterEach(() => UpProcess.killAll());

interface Book {
  readonly sequence: number;
  readonly bids: readonly (readonly [string, string])[];
}

function sh(command: string): unknown {
  return JSON.parse(execFileSync('sh', ['-c', command.replace('curl', 'curl -sS')], { encoding: 'utf8' }));
}

async function book(port: number): Promise<Book> {
  return (await callOnce<Book>(`http://127.0.0.1:${port}`, 'GET', '/public/orderbook?instrument=BTC-USD')).body;
}

async function order(port: number): Promise<number> {
  try {
    const body = { client_id: 'client-A', instrument: 'BTC-USD', side: 'buy', type: 'limit', price: 50000.0, quantity: 0.5 };
    return (await callOnce(`http://127.0.0.1:${port}`, 'POST', '/orders', { body })).status;
  } catch (error) {
    if (error instanceof ContractError) throw error;
    return 0;
  }
}

describe('npm run up', () => {
  const first = temporaryDirectory('up');
  const second = temporaryDirectory('up');
  afterAll(() => {
    first.remove();
    second.remove();
  });

  it('runs an exchange that works as printed, keeps its data, and runs beside another one', async () => {
    const port = await findFreePort();
    const up = new UpProcess({ PORT: String(port), DATA_DIR: first.path });
    const [line, post, orderbook, trades] = await up.ready();
    expect(line).toBe(`openfill ready on http://127.0.0.1:${port}`);
    expect(up.stdout.match(/openfill ready/g)).toHaveLength(1);
    expect(sh(post ?? '')).toMatchObject({ client_id: 'client-A', status: 'open', price: '50000.00', quantity: '0.50000000' });
    expect(sh(orderbook ?? '')).toMatchObject({ instrument: 'BTC-USD', bids: [['50000.00', '0.50000000']], asks: [] });
    expect(sh(trades ?? '')).toMatchObject({ instrument: 'BTC-USD', trades: [] });

    const same = UpProcess.direct({ PORT: String(await findFreePort()), DATA_DIR: first.path });
    expect(await same.exitCode()).toBe(1);
    expect(same.stderr).toMatch(/^openfill: DATA_DIR \S+ is in use by process \d+.*\n$/);

    const beside = new UpProcess({ PORT: '0', DATA_DIR: second.path, LOG_LEVEL: 'warn' });
    const besidePort = Number(/:(\d+)$/.exec((await beside.ready())[0] ?? '')?.[1]);
    expect((await book(besidePort)).bids).toEqual([]);
    await beside.ctrlC();

    const servers = [up.serverPid('redis'), up.serverPid('postgres')];
    expect(servers.map((pid) => identityOf(pid) !== null)).toEqual([true, true]);
    await up.ctrlC();
    // npm may be gone a moment before its child.
    await until('its servers are gone', () => servers.every((pid) => identityOf(pid) === null), 10_000);
    expect(readFileSync(join(first.path, 'logs', 'postgres.log'), 'utf8')).toMatch(/database system is shut down/);
  });

  it('brings back what dies, on the same data, and stops on SIGTERM with exit code 0', async () => {
    const port = await findFreePort();
    const up = UpProcess.direct({ PORT: String(port), DATA_DIR: first.path });
    await up.ready();
    expect((await book(port)).bids).toEqual([['50000.00', '0.50000000']]);

    process.kill(up.serverPid('redis'), 'SIGKILL');
    process.kill(up.serverPid('postgres'), 'SIGKILL');
    await up.says(/redis runs again/);
    await up.says(/postgres runs again/);
    await until('it takes orders again', async () => await order(port) === 201);

    const service = (JSON.parse(readFileSync(join(first.path, 'service.pid'), 'utf8')) as { pid: number }).pid;
    process.kill(service, 'SIGKILL');
    await up.says(/service runs again/);
    await until('it takes orders again', async () => await order(port) === 201);

    await up.signal('SIGTERM');
    expect(await up.exitCode()).toBe(0);
    expect(up.stderr).toBe('');
  });

  it('starts after it was killed itself, with everything it had', async () => {
    const port = await findFreePort();
    const up = UpProcess.direct({ PORT: String(port), DATA_DIR: first.path });
    await up.ready();
    expect(await order(port)).toBe(201);
    const before = await book(port);
    await up.signal('SIGKILL');

    const again = UpProcess.direct({ PORT: String(port), DATA_DIR: first.path });
    await again.ready();
    expect((await book(port)).bids).toEqual(before.bids);
    await again.signal('SIGINT');
    expect(await again.exitCode()).toBe(0);
  });
});

describe('npm run up ends with one line and exit code 1', () => {
  const directory = temporaryDirectory('up');
  afterAll(() => directory.remove());

  it.each([
    ['PORT', { PORT: '70000' }, /^openfill: PORT must be .*\n$/],
    ['LOG_LEVEL', { LOG_LEVEL: 'loud' }, /^openfill: LOG_LEVEL must be one of .*\n$/],
    ['an instruments file that is not there', { INSTRUMENTS_FILE: '/nonexistent.json' }, /^openfill: INSTRUMENTS_FILE \/nonexistent\.json: .*\n$/],
    ['a host that is open to all', { HOST: '0.0.0.0' }, /^openfill: HOST 0\.0\.0\.0 .*ALLOW_INSECURE=true.*\n$/],
    ['a host that is not ours', { HOST: '192.0.2.1', ALLOW_INSECURE: 'true' }, /^openfill: HOST 192\.0\.2\.1 is not an address of this machine\n$/],
    ['a data directory that cannot be', { DATA_DIR: '/dev/null/x' }, /^openfill: DATA_DIR \/dev\/null\/x cannot be used: .*\n$/],
    ['a data directory where there are none', { DATA_DIR: '/proc/x/y' }, /^openfill: DATA_DIR \/proc\/x\/y cannot be used: .*\n$/],
  ])('for %s', async (_, environment, line) => {
    const up = UpProcess.direct({ PORT: '0', DATA_DIR: directory.path, ...environment });
    expect(await up.exitCode()).toBe(1);
    expect(up.stderr).toMatch(line);
    expect(up.stdout).toBe('');
  });

  it('for data that a later version has worked on, which stays as it is', async () => {
    const made = UpProcess.direct({ PORT: '0', DATA_DIR: directory.path });
    await made.ready();
    await made.signal('SIGTERM');
    const change = async (work: (redis: TestRedis) => Promise<unknown>): Promise<unknown> => {
      const server = await startEmbeddedRedis({ dataDir: directory.path });
      const redis = await TestRedis.connect(server.url);
      try {
        return await work(redis);
      } finally {
        redis.close();
        await server.stop();
      }
    };
    await change((redis) => redis.command('HSET', '{main}:meta', 'version', '9'));
    const up = UpProcess.direct({ PORT: '0', DATA_DIR: directory.path });
    expect(await up.exitCode()).toBe(1);
    expect(up.stderr).toMatch(/^openfill: redis holds shard main in a layout of version 9 and this program knows versions up to \d+: start the program that made it, or a newer one; nothing was changed\n$/);
    expect(up.stdout).not.toContain('openfill ready');
    expect(await change((redis) => redis.command('HGET', '{main}:meta', 'version'))).toBe('9');
  });

  it('for a PORT that is in use', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    try {
      const up = UpProcess.direct({ PORT: String(port), DATA_DIR: directory.path });
      expect(await up.exitCode()).toBe(1);
      expect(up.stderr).toBe(`openfill: PORT ${port} is already in use on 127.0.0.1: stop what listens there, or choose another PORT\n`);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
