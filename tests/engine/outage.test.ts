import { createServer, type Server as HttpListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import pino, { type Logger } from 'pino';
import { RedisConnection } from '../../src/engine/redis-connection';
import { findFreePort } from '../../src/servers/ports';
import { Client } from '../support/client';
import { ServiceProcess, type LogLine } from '../persistence/support/service-process';
import { until } from '../support/until';
import { PrivateServer } from '../support/servers';
import { Venue } from '../support/venue';

const SECRET = 'tried-in-vain';

let redis: PrivateServer;
let lines: LogLine[];
let logger: Logger;

beforeAll(async () => { redis = await PrivateServer.redis(); });
afterAll(async () => { await redis.remove(); });
beforeEach(() => {
  lines = [];
  logger = pino({ level: 'info', formatters: { level: (label) => ({ level: label }) } }, { write: (text: string) => { lines.push(JSON.parse(text) as LogLine); } });
});
afterEach(async () => { await ServiceProcess.killAll(); });

const told = (): LogLine[] => lines.filter(({ msg }) => msg === 'redis cannot be reached');
const portOf = (server: Server | HttpListener): number => (server.address() as AddressInfo).port;
const withPassword = (url: string): string => url.replace('redis://', `redis://:${SECRET}@`);

/** Tries an address until it has failed several times. @param reason that is waited for: on a busy machine another may be told first */
async function attempt(url: string, reason?: string): Promise<RedisConnection> {
  const connection = new RedisConnection(url, 'test', logger);
  connection.connect().catch(() => undefined);
  await until('the cause is told', () => told().some((line) => reason === undefined || line.reason === reason));
  // Two more attempts, at least.
  await sleep(400);
  return connection;
}

describe('why Redis cannot be reached', () => {
  const listeners: (Server | HttpListener)[] = [];
  const listen = async (server: Server | HttpListener): Promise<number> => {
    listeners.push(server);
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    return portOf(server);
  };
  afterAll(() => { for (const server of listeners) server.close(); });

  const cases: [cause: string, reason: string, url: () => Promise<string>][] = [
    ['a wrong password', 'wrong_password', () => Promise.resolve(redis.url.replace('redis://:', `redis://:x${SECRET}`).replace(/^redis:\/\/(?!:)/, `redis://ann:${SECRET}@`))],
    ['a wrong port', 'connection_refused', async () => withPassword(`redis://127.0.0.1:${await findFreePort()}`)],
    ['a wrong name', 'unknown_host', () => Promise.resolve(withPassword('redis://nowhere.invalid:6379'))],
    ['TLS on our side only', 'timeout', () => Promise.resolve(redis.url.replace('redis://', 'rediss://'))],
    ['TLS on its side only', 'closed', async () => withPassword(`redis://127.0.0.1:${await listen(createTlsServer({}))}`)],
    ['no Redis there', 'no_redis', async () => `redis://127.0.0.1:${await listen(createServer((_, response) => response.end('x')))}`],
    ['a server that says nothing', 'silent', async () => `redis://127.0.0.1:${await listen(createTcpServer((socket) => { socket.on('error', () => undefined).resume(); }))}`],
  ];

  it.each(cases)('%s is told once, as %s, without the password', async (_cause, reason, url) => {
    const connection = await attempt(await url(), reason);
    expect(told().filter((line) => line.reason === reason)).toMatchObject([{ level: 'warn', reason, detail: expect.any(String) as string }]);
    expect(connection.outageReason).not.toBeNull();
    expect(JSON.stringify(lines)).not.toContain(SECRET);
    connection.close();
  });

  it('is told once for all connections of a service, anew for the next outage, and so is its end', async () => {
    const own = await PrivateServer.redis();
    const connections = ['a', 'b', 'c'].map((name) => new RedisConnection(own.url, name, logger));
    await Promise.all(connections.map((connection) => connection.connect()));
    expect(lines).toEqual([]);
    for (let outage = 1; outage <= 2; outage++) {
      await own.stop();
      await until('the cause is told', () => told().filter(({ reason }) => reason === 'connection_refused').length === outage);
      await sleep(300);
      await own.restart();
      await until('all are back', () => connections.every(({ isReady }) => isReady));
      for (const reason of ['closed', 'connection_refused']) expect(told().filter((line) => line.reason === reason).length).toBeLessThanOrEqual(outage);
      expect(lines.filter(({ msg }) => msg === 'redis is reached again')).toHaveLength(outage);
      expect(connections.map(({ outageReason }) => outageReason)).toEqual([null, null, null]);
    }
    for (const connection of connections) connection.close();
    await own.remove();
  });

  it('is told to probes, too', async () => {
    const venue = await Venue.open({ redisUrl: redis.url });
    const port = await findFreePort();
    const service = new ServiceProcess(venue.environment({ REDIS_URL: `redis://127.0.0.1:${await findFreePort()}`, PORT: String(port), LOG_LEVEL: 'info' }));
    await service.logged('redis cannot be reached');
    const http = new Client(() => `http://127.0.0.1:${port}`);
    expect(await http.get('/readyz')).toMatchObject({ status: 503, body: { redis: { status: 'down', reason: 'connection_refused' } } });
    http.close();
    await service.kill();
    await venue.close();
  });
});

describe('a Redis user', () => {
  let venue: Venue;
  beforeEach(async () => { venue = await Venue.open({ redisUrl: redis.url }); });
  afterEach(async () => {
    await ServiceProcess.killAll();
    await venue.redis.command('ACL', 'DELUSER', 'ann');
    await venue.close();
  });

  const urlOf = (): string => {
    const url = new URL(redis.url);
    [url.username, url.password] = ['ann', SECRET];
    return url.toString();
  };
  const startAs = async (...rules: string[]): Promise<ServiceProcess> => {
    await venue.redis.command('ACL', 'SETUSER', 'ann', 'reset', 'on', `>${SECRET}`, ...rules);
    return new ServiceProcess(venue.environment({ REDIS_URL: urlOf(), LOG_LEVEL: 'info' }));
  };
  const all = ['+@read', '+@write', '+@connection', '+time', '+scan', '+fcall', '+function|load'];

  const lacking: [name: string, rules: string[], said: RegExp][] = [
    ['FUNCTION LOAD', ['~*', ...all, '-function|load'], /lacks rights: \S+ \S+ has no permissions to run the 'function\|load' command\n$/],
    ['FUNCTION LOAD, where EVAL may tell', ['~*', ...all, '+eval', '-function|load'], /lacks rights: commands function load; the service needs /],
    ['FCALL', ['~*', ...all, '-fcall', '+eval'], /lacks rights: commands fcall; /],
    ['two commands of the engine and one of the readers', ['~*', ...all, '-hset', '-zadd', '-xread'], /lacks rights: commands hset, xread, zadd; /],
    ['the keys', ['~other:*', ...all], /lacks rights: .*(keys|key)/],
    ['the keys, where EVAL may tell', ['~{x}:*', ...all, '+eval'], /lacks rights: /],
  ];

  it.each(lacking)('without rights to %s is named at the start, in one line', async (_name, rules, said) => {
    const service = await startAs(...rules);
    expect(await service.exited()).toBe(1);
    expect(service.stderr).toMatch(said);
    expect(service.stderr).toMatch(/^openfill: the redis user ann lacks rights: [^\n]+\n$/);
    expect(service.stdout + service.stderr).not.toContain(SECRET);
  });

  it('without rights to some keys is told which', async () => {
    const service = await startAs(`~{${venue.shard}}:meta`, `%R~{${venue.shard}}:log`, `~{${venue.shard}}:[^l]*`, ...all);
    expect(await service.exited()).toBe(1);
    expect(service.stderr).toMatch(new RegExp(`lacks rights: [^;]*xadd[^;]* on keys \\{${venue.shard}\\}:log; `));
    expect(service.stderr).not.toMatch(/lacks rights: [^;]*xread/);
  });

  it('with the rights that are needed, and no others, serves; settings that it cannot read are told', async () => {
    const service = await startAs(`~{${venue.shard}}:*`, ...all);
    const url = await service.serving();
    const http = new Client(() => url);
    expect((await http.post('/orders', { client_id: 'ann', side: 'buy', type: 'limit', price: '1.00', quantity: '1' })).status).toBe(201);
    expect(service.lines.filter(({ msg }) => msg === 'redis is not durable').map(({ setting }) => setting)).toEqual(
      expect.arrayContaining([expect.stringContaining('appendfsync cannot be read')]));
    http.close();
    service.signal('SIGTERM');
    expect(await service.exited()).toBe(0);
  });
});
