import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { auditVenue } from '../../src/audit/audit';
import { idempotencyDigest, referenceDigest, reversalDigest } from '../../src/engine/idempotency';
import { RedisConnection } from '../../src/engine/redis-connection';
import { ShardReader, type StoredShard } from '../../src/engine/shard-reader';
import { AuditSource } from '../../src/persistence/audit-source';
import { Database } from '../../src/persistence/database';
import { recordedScales } from '../../src/persistence/money-scales';
import { testLogger, type Venue } from '../support/venue';

/** Everything a shard holds in Redis now; the venue must be at rest. */
export async function readShard(redisUrl: string, shard: string): Promise<StoredShard> {
  const redis = new RedisConnection(redisUrl, 'reader', testLogger);
  await redis.connect();
  try {
    return await new ShardReader(redis, shard).read();
  } finally {
    redis.close();
  }
}

/** @returns what the audit finds, each as `<check>: <problem>`; the venue must be at rest */
export async function audit(venue: Venue, idempotencyTtlS = 86_400): Promise<string[]> {
  const shard = await readShard(venue.redisUrl, venue.shard);
  const database = new Database(venue.database.url, 30_000, 1, testLogger);
  try {
    const record = await AuditSource.open(database, venue.shard);
    try {
      const checks = await auditVenue(record, shard, {
        idempotencyTtlS, scales: await recordedScales(database), digests: { key: idempotencyDigest, reference: referenceDigest, reversal: reversalDigest },
      });
      return checks.flatMap(({ name, problems }) => problems.map((problem) => `${name}: ${problem}`));
    } finally {
      await record.close();
    }
  } finally {
    await database.close();
  }
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const DIST = join(__dirname, '..', '..', 'dist', 'cli');

/** Runs a command of the operator to its end. */
export async function runCommand(name: string, environment: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<Finished> {
  // Settings of whoever runs the tests must not reach it.
  const { PATH, HOME, TMPDIR } = process.env;
  const child = spawn(process.execPath, ['--enable-source-maps', join(DIST, `${name}.js`), ...args], { env: { PATH, HOME, TMPDIR, ...environment } });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
  child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}
