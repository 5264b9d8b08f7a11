import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { createClient } from '@redis/client';
import { startEmbeddedPostgres } from '../servers/embedded-postgres';
import { startEmbeddedRedis } from '../servers/embedded-redis';

/** Of the servers that the parts are measured on. */
export async function serverVersions(directory: string): Promise<{ redis: string; postgres: string }> {
  const dataDir = mkdtempSync(join(directory, 'versions-'));
  const redis = await startEmbeddedRedis({ dataDir });
  try {
    const postgres = await startEmbeddedPostgres({ dataDir });
    try {
      const cache = createClient({ url: redis.url });
      await cache.connect();
      const version = /(?:valkey|redis)_version:(\S+)/.exec(await cache.info('server'))?.[1] ?? 'unknown';
      cache.destroy();
      const database = new pg.Client({ connectionString: postgres.url });
      await database.connect();
      const { rows } = await database.query<{ server_version: string }>('SHOW server_version');
      await database.end();
      return { redis: version, postgres: rows[0]?.server_version ?? 'unknown' };
    } finally {
      await postgres.stop();
    }
  } finally {
    await redis.stop();
  }
}
