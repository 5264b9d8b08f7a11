import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Funds } from '../domain/money';
import { RedisConnection } from '../engine/redis-connection';
import { ShardRestorer } from '../engine/shard-restorer';
import { Database } from '../persistence/database';
import { recordedScales } from '../persistence/money-scales';
import { RecoverySource } from '../persistence/recovery-source';
import { rebuild, type RebuildReport } from '../recovery/rebuild';
import { ServicesApart } from '../servers/services-apart';
import { windowed } from './batching';
import type { Bench } from './result';

const PAGE = 1_000;
const TIMEOUT_MS = 60_000;
const RECORD = 'r'.repeat(120);
const quiet = pino({ level: 'silent' });

/** What a rebuild must write at least, in pages: record, place in the book, place in the client's list. @returns orders a second */
export async function bareWrites(redis: RedisConnection, orders: number): Promise<number> {
  const pages = Array.from({ length: orders / PAGE }, (_, page) => Array.from({ length: PAGE }, (_unused, i) => String(page * PAGE + i).padStart(22, '0')));
  const started = performance.now();
  await windowed(pages, 2, (ids) => Promise.all([
    redis.send(['HSET', '{bare}:orders', ...ids.flatMap((id) => [id, RECORD])], TIMEOUT_MS),
    redis.send(['ZADD', '{bare}:book', ...ids.flatMap((id, i) => [String(i), id])], TIMEOUT_MS),
    redis.send(['ZADD', '{bare}:open', ...ids.flatMap((id) => ['0', id])], TIMEOUT_MS),
  ]));
  const rate = orders / ((performance.now() - started) / 1_000);
  await redis.send(['UNLINK', '{bare}:orders', '{bare}:book', '{bare}:open'], TIMEOUT_MS);
  return rate;
}

/**
 * Rebuilds an empty Redis from a record.
 * @param fill makes the record: the database has its schema and a checkpoint
 * @param floor what is measured on the empty Redis before
 */
export async function rebuildApart(
  bench: Bench, funds: Funds, fill: (databaseUrl: string) => Promise<void>, floor: (redis: RedisConnection) => Promise<number>,
): Promise<{ report: RebuildReport; floor: number }> {
  const venue = await ServicesApart.start(mkdtempSync(join(bench.directory, 'recovery-')));
  const redis = new RedisConnection(venue.redis.url, 'bench', quiet);
  const database = new Database(venue.postgres.url, TIMEOUT_MS, 2, quiet);
  try {
    // A first life, so that there is a schema and a checkpoint.
    await (await venue.service({ ...bench.settings, FUNDS: funds })).stop();
    await fill(venue.postgres.url);
    await redis.connect();
    await redis.send(['FLUSHALL'], TIMEOUT_MS);
    const measured = await floor(redis);
    const source = await RecoverySource.open(database, 'main', TIMEOUT_MS);
    try {
      const options = { idempotencyTtlS: 86_400, recentTradesKept: 1_000, reason: 'bench', funds, scales: await recordedScales(database) };
      return { report: await rebuild(source, new ShardRestorer(redis, 'main'), options), floor: measured };
    } finally {
      await source.close();
    }
  } finally {
    redis.close();
    await database.close();
    await venue.stop();
  }
}
