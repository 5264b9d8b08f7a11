import { join } from 'node:path';
import { startEmbeddedPostgres } from './embedded-postgres';
import { startEmbeddedRedis } from './embedded-redis';
import type { EmbeddedServer } from './embedded-server';
import { findFreePort } from './ports';
import { localUrl, startService, waitUntilReady, type Service } from './service';

const MAIN = join(__dirname, '..', 'main.js');
const HOST = '127.0.0.1';
const SHUTDOWN_TIMEOUT_MS = 10_000;

/** A Redis and a Postgres, and processes of the service with roles of one's choice beside them. */
export class ServicesApart {
  private readonly services: Service[] = [];

  private constructor(private readonly dataDir: string, readonly redis: EmbeddedServer, readonly postgres: EmbeddedServer) {}

  static async start(dataDir: string): Promise<ServicesApart> {
    const redis = await startEmbeddedRedis({ dataDir });
    try {
      return new ServicesApart(dataDir, redis, await startEmbeddedPostgres({ dataDir }));
    } catch (error) {
      await redis.stop();
      throw error;
    }
  }

  /** @param waits whether it has a page that tells when it is ready: a writer alone has none */
  async service(environment: Readonly<Record<string, string>>, waits = true): Promise<Service> {
    const port = await findFreePort(HOST);
    const service = await startService({
      main: MAIN, dataDir: this.dataDir, shutdownTimeoutMs: SHUTDOWN_TIMEOUT_MS,
      environment: {
        PATH: process.env.PATH ?? '', LOG_LEVEL: 'error', REQUIRE_DURABLE: 'true', ...environment,
        HOST, PORT: String(port), DATA_DIR: this.dataDir, REDIS_URL: this.redis.url, DATABASE_URL: this.postgres.url,
      },
    });
    this.services.push(service);
    if (waits && !(await waitUntilReady(service, localUrl(HOST, port), new AbortController().signal))) throw new Error('the service ended before it was ready');
    return service;
  }

  async stop(): Promise<void> {
    for (const service of this.services) await service.stop();
    await this.postgres.stop();
    await this.redis.stop();
  }
}
