import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../src/servers/embedded-postgres';
import { startEmbeddedRedis } from '../../src/servers/embedded-redis';
import type { EmbeddedServer } from '../../src/servers/embedded-server';
import { bundleRedis } from './bundled-redis';
import { prepareServer } from './postgres';
import { makeScratch } from './scratch';

/** What the end of the run needs to know; jest runs set-up and teardown in one process. */
export interface TestServers {
  readonly directory: string;
  readonly servers: readonly EmbeddedServer[];
  readonly redisUrls: readonly string[];
  readonly databaseUrl: string;
}

declare global {
  var openfillTestServers: TestServers | undefined;
}

/** One durable Redis, one in cluster mode and one Postgres for the whole run; test files find them by these variables. */
export default async function globalSetup(): Promise<void> {
  const directory = makeScratch();
  const report = (message: string): void => { process.stderr.write(`${message}\n`); };
  // One after the other where an installation may be needed: two would wait for each other's lock.
  const redis = await startEmbeddedRedis({ dataDir: join(directory, 'redis'), report });
  const [cluster, postgres] = await Promise.all([
    startEmbeddedRedis({ dataDir: join(directory, 'redis-cluster'), cluster: true }),
    startEmbeddedPostgres({ dataDir: join(directory, 'postgres'), settings: { max_connections: '300', max_wal_size: '512MB' } }),
  ]);
  await Promise.all([prepareServer(postgres.url), bundleRedis()]);
  process.env.TEST_REDIS_URL = redis.url;
  process.env.TEST_REDIS_CLUSTER_URL = cluster.url;
  process.env.TEST_DATABASE_URL = postgres.url;
  globalThis.openfillTestServers = {
    directory,
    servers: [redis, cluster, postgres],
    redisUrls: [redis.url, cluster.url],
    databaseUrl: postgres.url,
  };
}
