import { PrivateServer, temporaryDirectory } from '../support/servers';
import { TestRedis } from '../support/redis';
import { startEmbeddedRedis } from '../../src/servers/embedded-redis';
import { findServers } from '../../src/servers/process-table';
import { createServer } from 'node:net';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../support/until';

async function ask(url: string, ...command: string[]): Promise<unknown> {
  const redis = await TestRedis.connect(url);
  try {
    return await redis.command(...command);
  } finally {
    redis.close();
  }
}

describe('an embedded Redis', () => {
  let server: PrivateServer;
  beforeAll(async () => { server = await PrivateServer.redis(); });
  afterAll(() => server.remove());

  it.each([
    ['appendonly', 'yes'], ['appendfsync', 'always'], ['no-appendfsync-on-rewrite', 'no'],
    ['maxmemory-policy', 'noeviction'], ['save', ''], ['bind', '127.0.0.1'],
  ])('runs with %s %s', async (name, value) => {
    expect(await ask(server.url, 'CONFIG', 'GET', name)).toEqual([name, value]);
  });

  it('has its data again on the same port, after a stop as after a kill', async () => {
    const { url } = server;
    await ask(url, 'SET', 'kept', '1');
    await server.stop();
    await server.restart();
    expect(server.url).toBe(url);
    expect(await ask(url, 'INCR', 'kept')).toBe(2);
    await server.kill();
    await server.restart();
    expect(await ask(url, 'GET', 'kept')).toBe('2');
  });

  it('stops one that an earlier life left running on its directory, before it starts', async () => {
    const orphan = server.pid;
    const directory = join(server.dataDir, 'redis');
    expect(findServers(directory, ['redis-server', 'redis-check-rdb', 'valkey-server']).map(({ pid }) => pid)).toEqual([orphan]);
    await server.restart();
    expect(server.pid).not.toBe(orphan);
    expect(await ask(server.url, 'GET', 'kept')).toBe('2');
  });
});

it('an embedded Redis in cluster mode owns every slot and refuses to cross them', async () => {
  const server = await PrivateServer.redis({ cluster: true });
  try {
    expect(await ask(server.url, 'CLUSTER', 'INFO')).toMatch(/cluster_state:ok[^]*cluster_slots_assigned:16384/);
    await expect(ask(server.url, 'MGET', 'a', 'b')).rejects.toThrow(/CROSSSLOT/);
    await server.kill();
    await server.restart();
    expect(await ask(server.url, 'SET', 'a', '1')).toBe('OK');
  } finally {
    await server.remove();
  }
});

it('a Redis that cannot start says why', async () => {
  const directory = temporaryDirectory('redis');
  try {
    await expect(startEmbeddedRedis({ dataDir: directory.path, settings: { maxmemory: 'plenty' } })).rejects.toThrow(/redis ended while starting[^]*maxmemory/);
  } finally {
    directory.remove();
  }
});

it('a Redis that is not ready yet says what it waits for, and gives way to a signal', async () => {
  const directory = temporaryDirectory('redis');
  const stop = new AbortController();
  const said: string[] = [];
  // It waits for a primary that takes connections and says nothing.
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = silent.address() as { port: number };
    const start = startEmbeddedRedis({
      dataDir: directory.path, signal: stop.signal, report: (message) => said.push(message),
      settings: { replicaof: `127.0.0.1 ${port}`, 'replica-serve-stale-data': 'no' },
    });
    const outcome = expect(start).rejects.toThrow('stop asked');
    await until('it is said', () => said.length > 0);
    expect(said[0]).toMatch(/^waiting for redis to be ready: .+ \(4 s\)$/);
    stop.abort(new Error('stop asked'));
    await outcome;
    expect(findServers(join(directory.path, 'redis'), ['redis-server', 'valkey-server'])).toEqual([]);
  } finally {
    silent.close();
    directory.remove();
  }
});

it('an embedded Redis with a password is for whoever may read its file, and has it nowhere else to be seen', async () => {
  const server = await PrivateServer.redis({ hasPassword: true });
  try {
    const { url } = server;
    const password = new URL(url).password;
    const file = join(server.dataDir, 'redis.password');
    expect([readFileSync(file, 'utf8').trim(), statSync(file).mode & 0o777]).toEqual([password, 0o600]);
    expect(statSync(join(server.dataDir, 'redis', 'openfill.conf')).mode & 0o777).toBe(0o600);
    await expect(ask(url.replace(`:${password}@`, ''), 'PING')).rejects.toThrow(/NOAUTH/);
    expect(await ask(url, 'SET', 'kept', '1')).toBe('OK');
    expect(readFileSync(`/proc/${server.pid}/cmdline`, 'utf8')).not.toContain(password);
    await server.kill();
    await server.restart();
    expect([server.url, await ask(server.url, 'GET', 'kept')]).toEqual([url, '1']);
  } finally {
    await server.remove();
  }
});
