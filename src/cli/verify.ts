import { auditVenue, type Check } from '../audit/audit';
import { idempotencyDigest, referenceDigest, reversalDigest } from '../engine/idempotency';
import { RedisConnection } from '../engine/redis-connection';
import { ShardReader } from '../engine/shard-reader';
import { AuditSource } from '../persistence/audit-source';
import { recordedScales } from '../persistence/money-scales';
import { copyRedis } from '../servers/redis-copy';
import { OperatorError, simpleCommand } from './operator';

/** `npm run verify`: audits a venue, running or stopped, from its own records. */

function tell({ name, count, problems }: Check): void {
  process.stdout.write(`${problems.length === 0 ? 'ok  ' : 'FAIL'}  ${name} (${count})\n`);
  for (const problem of problems) process.stdout.write(`        ${problem}\n`);
}

simpleCommand('verify', 'Audits a venue: journal, independent replay, Redis and Postgres must agree. Exit code 1 when they do not.', async ({ config, database, history, engine, logger }) => {
  const checkpoint = await history.checkpoint();
  if (await engine.meta() === null) {
    throw new OperatorError(checkpoint === null
      ? `neither redis nor postgres knows a shard ${config.shard}: there is nothing to verify`
      : `redis is empty, postgres holds the history of shard ${config.shard} up to sequence ${checkpoint.sequence}: "npm run recover", or the start of the service, rebuilds it`);
  }
  // A copy stands still while it is read; the venue goes on.
  const copy = await copyRedis(config.redisUrl, config.dataDir);
  const redis = new RedisConnection(copy.url, 'verify', logger);
  try {
    await redis.connect();
    const shard = await new ShardReader(redis, config.shard).read();
    const record = await AuditSource.open(database, config.shard);
    try {
      const checks = await auditVenue(record, shard, {
        ...config, scales: await recordedScales(database), digests: { key: idempotencyDigest, reference: referenceDigest, reversal: reversalDigest },
      });
      checks.forEach(tell);
      const failed = checks.filter((check) => check.problems.length > 0).length;
      process.stdout.write(failed === 0
        ? `verified up to sequence ${shard.state.sequence}: everything agrees\n`
        : `${failed} of ${checks.length} checks failed\n`);
      return failed === 0 ? 0 : 1;
    } finally {
      await record.close();
    }
  } finally {
    redis.close();
    await copy.stop();
  }
});
