import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signalPostgres, startEmbeddedPostgres } from '../servers/embedded-postgres';
import { startEmbeddedRedis } from '../servers/embedded-redis';
import type { EmbeddedServer } from '../servers/embedded-server';
import { makeTemporaryDirectory } from '../servers/files';
import { findFreePort } from '../servers/ports';
import { localUrl, readiness, startService, type Service } from '../servers/service';
import type { AckMode } from './ledger';
import { TcpProxy } from './tcp-proxy';
import type { Random } from '../seeded-random';

const MAIN = join(__dirname, '..', 'main.js');
const ADMIN = join(__dirname, '..', 'cli', 'admin.js');
const HOST = '127.0.0.1';
const RESTART_MS = 300;
const READY_TIMEOUT_MS = 90_000;
const POLL_MS = 50;
/** Who waits for Postgres sends nothing meanwhile: at the end one client alone may have to fill it. */
const BACKLOG_TIMEOUT_MS = 180_000;
const SHUTDOWN_TIMEOUT_MS = 10_000;

/** A process of the service that is started again whenever it ends. */
class KeptService {
  private service: Service | null = null;
  private stopping = false;
  starts = 0;

  constructor(readonly name: string, private readonly environment: NodeJS.ProcessEnv, private readonly dataDir: string) {
    mkdirSync(dataDir, { recursive: true });
  }

  async start(): Promise<void> {
    this.starts++;
    const service = await startService({ main: MAIN, dataDir: this.dataDir, shutdownTimeoutMs: SHUTDOWN_TIMEOUT_MS, environment: this.environment });
    this.service = service;
    void service.exited.then(async () => {
      if (this.stopping) return;
      await sleep(RESTART_MS);
      if (!this.stopping) await this.start();
    });
  }

  signal(name: NodeJS.Signals): void {
    if (this.service !== null && !this.service.hasExited()) process.kill(this.service.pid, name);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.signal('SIGCONT');
    await this.service?.stop();
  }
}

export interface ChaosVenueOptions {
  readonly backlogMax: number;
  /** What else the service's processes get: PATH, a log level. */
  readonly environment: NodeJS.ProcessEnv;
}

export interface ApiProcess {
  readonly url: string;
  readonly mode: AckMode;
  readonly service: KeptService;
}

/**
 * A venue whose every part can be broken: two API processes (one acknowledging after Redis, one after
 * Postgres), two writers, and proxies between them and their servers.
 */
export class ChaosVenue {
  private redisCopies = 0;
  /** How long faults have kept parts away by intent. */
  outageMs = 0;
  /** Called when Redis is about to lose what it acknowledged, and when it is back without it. */
  onRedisLoss: { before(): void; after(): void } = { before: () => undefined, after: () => undefined };

  private constructor(
    private readonly dataDir: string,
    private redis: EmbeddedServer,
    private postgres: EmbeddedServer,
    readonly redisLink: TcpProxy,
    readonly postgresLink: TcpProxy,
    readonly apis: readonly ApiProcess[],
    readonly writers: readonly KeptService[],
    private readonly backlogMax: number,
    private readonly settings: NodeJS.ProcessEnv,
  ) {}

  static async start(options: ChaosVenueOptions): Promise<ChaosVenue> {
    const dataDir = makeTemporaryDirectory('chaos');
    const redis = await startEmbeddedRedis({ dataDir });
    const postgres = await startEmbeddedPostgres({ dataDir });
    const redisLink = await TcpProxy.start(redis.port);
    const postgresLink = await TcpProxy.start(postgres.port);
    const through = (url: string, port: number): string => url.replace(/(@|\/\/)127\.0\.0\.1:\d+/, `$1${HOST}:${port}`);
    const base = {
      ...options.environment, HOST, KEYS_DIR: join(dataDir, 'keys'), REQUIRE_DURABLE: 'true', BACKLOG_MAX: String(options.backlogMax), ENGINE_TIMEOUT_MS: '2000',
      // Nobody's certificate is for it.
      TLS_CERT_FILE: '', TLS_KEY_FILE: '',
      REDIS_URL: through(redis.url, redisLink.port), DATABASE_URL: through(postgres.url, postgresLink.port),
    };
    const apis: ApiProcess[] = [];
    for (const mode of ['redis', 'postgres'] as const) {
      const port = await findFreePort(HOST);
      const service = new KeptService(`api-${mode}`, { ...base, ROLES: 'api', PORT: String(port), ACK_AFTER: mode }, join(dataDir, `api-${mode}`));
      apis.push({ url: localUrl(HOST, port), mode, service });
    }
    const writers = [1, 2].map((n) => new KeptService(`writer-${n}`, { ...base, ROLES: 'writer' }, join(dataDir, `writer-${n}`)));
    const venue = new ChaosVenue(dataDir, redis, postgres, redisLink, postgresLink, apis, writers, options.backlogMax, base);
    for (const service of [...writers, ...apis.map((api) => api.service)]) await service.start();
    await venue.untilReady();
    return venue;
  }

  get redisUrl(): string {
    return this.redis.url;
  }

  get databaseUrl(): string {
    return this.postgres.url;
  }

  /** Resolves once every API process is ready. @throws Error when that takes too long */
  async untilReady(): Promise<void> {
    const deadline = Date.now() + READY_TIMEOUT_MS;
    for (const { url } of this.apis) {
      while (!(await readiness(url))?.isReady) {
        if (Date.now() > deadline) throw new Error(`${url} was not ready within ${READY_TIMEOUT_MS / 1000} s`);
        await sleep(POLL_MS);
      }
    }
  }

  /** Log entries that Postgres does not hold, null when nobody can say. */
  async lagEntries(): Promise<number | null> {
    return (await readiness(this.apis[0]?.url ?? ''))?.writer?.lag_entries ?? null;
  }

  /** What `npm run admin` does for whoever runs the venue. @throws Error with what it told when it fails */
  async admin(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<void> {
    const child = spawn(process.execPath, [ADMIN, ...args], { env: { ...this.settings, ...environment }, stdio: ['ignore', 'ignore', 'pipe'] });
    let told = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => { told += text; });
    const [code] = await once(child, 'close') as [number | null];
    if (code !== 0) throw new Error(`admin ${args.join(' ')} failed: ${told}`);
  }

  async killRedis(): Promise<void> {
    process.kill(this.redis.pid, 'SIGKILL');
    await this.redis.exited;
  }

  async startRedis(): Promise<void> {
    this.redis = await startEmbeddedRedis({ dataDir: this.dataDir, port: this.redis.port });
  }

  signalRedis(name: NodeJS.Signals): void {
    process.kill(this.redis.pid, name);
  }

  /** Leaves a part as a fault has put it, for a time between these seconds. */
  async outage(random: Random, fromS: number, toS: number): Promise<void> {
    const ms = 1000 * (fromS + random.next() * (toS - fromS));
    this.outageMs += ms;
    await sleep(ms);
  }

  /** Resolves once so much waits for Postgres that new orders are refused. @throws Error when the load does not come to that */
  async untilBacklogFull(): Promise<void> {
    const started = Date.now();
    while ((await this.lagEntries() ?? 0) < this.backlogMax) {
      if (Date.now() - started > BACKLOG_TIMEOUT_MS) throw new Error(`the backlog was not full within ${BACKLOG_TIMEOUT_MS / 1000} s`);
      await sleep(POLL_MS);
    }
    this.outageMs += Date.now() - started;
  }

  /** Redis comes back with other data: what it acknowledged and Postgres does not hold is lost. */
  async loseRedis(copy: string | null): Promise<void> {
    this.onRedisLoss.before();
    await this.killRedis();
    this.replaceRedisData(copy);
    await this.startRedis();
    this.onRedisLoss.after();
  }

  /** What Redis has on disk now, as a backup of an earlier day would have it. */
  keepRedisCopy(): string {
    const copy = join(this.dataDir, `redis-copy-${++this.redisCopies}`);
    cpSync(join(this.dataDir, 'redis'), copy, { recursive: true });
    return copy;
  }

  /** @param copy an older state to come back with; null for nothing at all. Redis must be down. */
  private replaceRedisData(copy: string | null): void {
    const directory = join(this.dataDir, 'redis');
    rmSync(directory, { recursive: true, force: true });
    if (copy !== null) cpSync(copy, directory, { recursive: true });
  }

  async killPostgres(): Promise<void> {
    process.kill(this.postgres.pid, 'SIGKILL');
    await this.postgres.exited;
  }

  async startPostgres(): Promise<void> {
    this.postgres = await startEmbeddedPostgres({ dataDir: this.dataDir, port: this.postgres.port });
  }

  signalPostgres(name: NodeJS.Signals): void {
    signalPostgres(this.postgres.pid, this.dataDir, name);
  }

  /** @returns where its data is, null where it went with it */
  async stop(keepsData: boolean): Promise<string | null> {
    await Promise.all(this.apis.map((api) => api.service.stop()));
    await Promise.all(this.writers.map((writer) => writer.stop()));
    await this.redisLink.stop();
    await this.postgresLink.stop();
    await this.redis.stop();
    await this.postgres.stop();
    if (keepsData) return this.dataDir;
    rmSync(this.dataDir, { recursive: true, force: true });
    return null;
  }
}
