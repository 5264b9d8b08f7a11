import { ErrorReply } from '@redis/client';
import type { RedisConnection } from './redis-connection';

/** Settings of Redis that the promise rests on, their safe value, and what any other one can lose. */
const DURABLE_SETTINGS = [
  ['appendonly', 'yes', 'a restart of Redis loses everything that Postgres does not have yet'],
  ['appendfsync', 'always', 'a crash of Redis or the machine loses the orders acknowledged last'],
  ['maxmemory-policy', 'noeviction', 'a full Redis throws away books and orders'],
  ['no-appendfsync-on-rewrite', 'no', 'a crash during a rewrite of the log loses the orders acknowledged meanwhile'],
] as const;

/** @returns null where Redis does not let us read its settings */
async function readSettings(redis: RedisConnection, timeoutMs: number): Promise<Map<string, string> | null> {
  try {
    const reply = (await redis.send(['CONFIG', 'GET', ...DURABLE_SETTINGS.map(([name]) => name)], timeoutMs)) as string[];
    return new Map(reply.flatMap((name, i) => (i % 2 === 0 ? [[name, reply[i + 1] ?? ''] as const] : [])));
  } catch (error) {
    if (error instanceof ErrorReply) return null;
    throw error;
  }
}

/**
 * What Redis' settings can lose of what it acknowledged, in words; empty when nothing.
 * @param timeoutMs how long Redis may take
 * @throws Error while Redis does not answer
 */
export async function redisDurabilityProblems(redis: RedisConnection, timeoutMs: number): Promise<string[]> {
  const settings = await readSettings(redis, timeoutMs);
  return DURABLE_SETTINGS.flatMap(([name, safe, loss]) => {
    const value = settings?.get(name);
    if (value === undefined) return [`${name} cannot be read: whether acknowledged orders survive is not known`];
    return value === safe ? [] : [`${name} is ${value}, not ${safe}: ${loss}`];
  });
}
