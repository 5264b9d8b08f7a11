import { rm } from 'node:fs/promises';
import { leftoverDatabases } from './postgres';
import { TestRedis } from './redis';

const NAMES_SHOWN = 10;

/** Stops the run's servers, and fails the run when a test file has left something behind in them. */
export default async function globalTeardown(): Promise<void> {
  const run = globalThis.openfillTestServers;
  if (run === undefined) return;
  const leaks: string[] = [];
  for (const url of run.redisUrls) {
    const redis = await TestRedis.connect(url);
    leaks.push(...await redis.keys('*'));
    redis.close();
  }
  leaks.push(...(await leftoverDatabases(run.databaseUrl)).map((name) => `database ${name}`));
  await Promise.all(run.servers.map((server) => server.stop()));
  await rm(run.directory, { recursive: true, force: true });
  if (leaks.length === 0) return;
  process.stderr.write(`\nleft behind by tests: ${leaks.slice(0, NAMES_SHOWN).join(', ')}${leaks.length > NAMES_SHOWN ? ` and ${leaks.length - NAMES_SHOWN} more` : ''}\n`);
  process.exitCode = 1;
}
