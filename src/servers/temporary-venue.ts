import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { startEmbeddedPostgres } from './embedded-postgres';
import { startEmbeddedRedis } from './embedded-redis';
import type { EmbeddedServer } from './embedded-server';
import { withoutPostgresVariables } from './environment';
import { makeTemporaryDirectory } from './files';
import { findFreePort } from './ports';
import { localUrl, startService, waitUntilReady, type Service } from './service';

const MAIN = join(__dirname, '..', 'main.js');
const SHUTDOWN_TIMEOUT_MS = 10_000;
const HOST = '127.0.0.1';

/** A whole venue of its own in a temporary directory: servers, service, nothing kept. */
export interface TemporaryVenue {
  readonly url: string;
  readonly redis: EmbeddedServer;
  readonly postgres: EmbeddedServer;
  readonly service: Service;
  /** One more process of it on the same servers, which whoever asks ends; it is not ready yet. */
  another(): Promise<{ readonly service: Service; readonly url: string }>;
  stop(): Promise<void>;
}

/**
 * @param environment settings of the service, by the names of the environment
 * @param nodeArguments of the service's process
 */
export async function startTemporaryVenue(
  environment: Readonly<Record<string, string>> = {}, nodeArguments: readonly string[] = [],
): Promise<TemporaryVenue> {
  const dataDir = makeTemporaryDirectory('venue');
  const running: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    for (const one of running.reverse()) await one.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    const redis = await startEmbeddedRedis({ dataDir });
    running.push(redis);
    const postgres = await startEmbeddedPostgres({ dataDir });
    running.push(postgres);
    const another = async (): Promise<{ service: Service; url: string }> => {
      const port = await findFreePort(HOST);
      const service = await startService({
        main: MAIN,
        dataDir,
        shutdownTimeoutMs: SHUTDOWN_TIMEOUT_MS,
        nodeArguments,
        environment: {
          PATH: process.env.PATH ?? '', LOG_LEVEL: 'warn', REQUIRE_DURABLE: 'true', ...withoutPostgresVariables(environment),
          HOST, PORT: String(port), DATA_DIR: dataDir, REDIS_URL: redis.url, DATABASE_URL: postgres.url,
          // Nobody's certificate is for it.
          TLS_CERT_FILE: '', TLS_KEY_FILE: '',
        },
      });
      return { service, url: localUrl(HOST, port) };
    };
    const { service, url } = await another();
    running.push(service);
    if (!(await waitUntilReady(service, url, new AbortController().signal))) throw new Error('the service ended before it was ready');
    return { url, redis, postgres, service, another, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
