import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { RedisConnection } from '../../engine/redis-connection';
import { ShardRestorer } from '../../engine/shard-restorer';
import { Database } from '../../persistence/database';
import { RecoverySource } from '../../persistence/recovery-source';
import { rebuild } from '../../recovery/rebuild';
import { windowed } from '../batching';
import { fillOpenOrders } from '../fill-orders';
import type { Bench, Part } from '../result';
import { ServicesApart } from '../../servers/services-apart';

const ORDERS = 200_000;
const PAGE = 1_000;
const TIMEOUT_MS = 60_000;
const RECORD = 'r'.repeat(120);
const quiet = pino({ level: 'silent' });

/** What a rebuild must write at least, in pages: record, place in the book, place in the client's list. @returns orders a second */
async function bareWrites(redis: RedisConnection): Promise<number> {
  const pages = Array.from({ length: ORDERS / PAGE }, (_, page) => Array.from({ length: PAGE }, (_unused, i) => String(page * PAGE + i).padStart(22, '0')));
  const started = performance.now();
  await windowed(pages, 2, (ids) => Promise.all([
    redis.send(['HSET', '{bare}:orders', ...ids.flatMap((id) => [id, RECORD])], TIMEOUT_MS),
    redis.send(['ZADD', '{bare}:book', ...ids.flatMap((id, i) => [String(i), id])], TIMEOUT_MS),
    redis.send(['ZADD', '{bare}:open', ...ids.flatMap((id) => ['0', id])], TIMEOUT_MS),
  ]));
  const rate = ORDERS / ((performance.now() - started) / 1_000);
  await redis.send(['UNLINK', '{bare}:orders', '{bare}:book', '{bare}:open'], TIMEOUT_MS);
  return rate;
}

async function run(bench: Bench) {
  const venue = await ServicesApart.start(mkdtempSync(join(bench.directory, 'recovery-')));
  const redis = new RedisConnection(venue.redis.url, 'bench', quiet);
  const database = new Database(venue.postgres.url, TIMEOUT_MS, 2, quiet);
  try {
    // A first life, so that there is a schema and a checkpoint.
    await (await venue.service(bench.settings)).stop();
    await fillOpenOrders(venue.postgres.url, ORDERS);
    await redis.connect();
    await redis.send(['FLUSHALL'], TIMEOUT_MS);
    const floor = { name: 'bare Redis writes of as many records and places', value: await bareWrites(redis) };
    const source = await RecoverySource.open(database, 'main', TIMEOUT_MS);
    try {
      const report = await rebuild(source, new ShardRestorer(redis, 'main'), { idempotencyTtlS: 86_400, recentTradesKept: 1_000, reason: 'bench', funds: 'off', scales: new Map() });
      return {
        figures: [
          { name: 'open orders rebuilt from Postgres, compared by hash', value: report.openOrders / report.seconds, unit: 'orders/s', floor },
          { name: `until ${ORDERS.toLocaleString('en-US')} open orders are traded on again`, value: report.seconds, unit: 's' },
        ],
      };
    } finally {
      await source.close();
    }
  } finally {
    redis.close();
    await database.close();
    await venue.stop();
  }
}

export const recoveryPart: Part = { name: 'recovery', about: 'an empty Redis rebuilt from Postgres', funds: ['off'], run };
