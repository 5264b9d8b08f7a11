import { createHash } from 'node:crypto';
import { ErrorReply } from '@redis/client';
import { shardKeys } from './keys';
import type { FunctionLibrary } from './library';
import type { RedisConnection } from './redis-connection';

/** The Redis user may not do what the service needs: starting again would not help. */
export class RedisRightsError extends Error {}

/** Commands that the service sends itself, beside those in the library: for its own work, and for a rebuild. */
const OWN_COMMANDS = [
  'fcall', 'function load', 'time', 'hmget', 'lindex', 'lrange', 'xread', 'xrange', 'xrevrange',
  'scan', 'unlink', 'del', 'hset', 'hget', 'zadd', 'hincrby', 'rpush', 'zrange',
] as const;

/** Commands without a key. */
const KEYLESS = new Set(['time', 'scan', 'function load']);

/** Checks commands by the rights of whoever calls, and tells the numbers of those that would be refused. */
const CHECK = `
local refused = {}
for i, command in ipairs(cjson.decode(ARGS[1])) do
  if not redis.acl_check_cmd(unpack(command)) then refused[#refused + 1] = i end
end
return refused`;

interface Probe {
  readonly command: string;
  readonly key: string | null;
  readonly words: readonly string[];
}

/** The library's commands as its own text names them: a command that comes to it comes here by itself. */
function libraryCommands({ source }: FunctionLibrary): string[] {
  return [...source.matchAll(/\bcall(?:_many)?\('([A-Z]+)'/g)].map((match) => (match[1] as string).toLowerCase());
}

function probesOf(library: FunctionLibrary, shard: string): Probe[] {
  const keys = shardKeys(shard);
  const everyKind = [
    keys.meta, keys.log, keys.orders, keys.clientOrderIds, keys.idempotency,
    keys.trades('X'), keys.book('X', 'bids'), keys.depth('X', 'bids'), keys.open('X'),
  ];
  const probe = (command: string, key: string | null): Probe => {
    if (key === null) return { command, key, words: command === 'function load' ? ['function', 'load', 'x'] : command === 'scan' ? ['scan', '0'] : [command] };
    if (command === 'fcall') return { command, key, words: ['fcall', 'x', '1', key] };
    if (command === 'xread') return { command, key, words: ['xread', 'streams', key, '0'] };
    return { command, key, words: [command, key] };
  };
  return [...new Set([...OWN_COMMANDS, ...libraryCommands(library)])]
    .flatMap((command) => (KEYLESS.has(command) ? [probe(command, null)] : everyKind.map((key) => probe(command, key))));
}

const isNoPermission = (error: unknown): error is ErrorReply => error instanceof ErrorReply && error.message.startsWith('NOPERM');

/** @returns the probes that would be refused; null where Redis does not let us ask */
async function refusedOf(redis: RedisConnection, probes: readonly Probe[], metaKey: string, timeoutMs: number): Promise<Probe[] | null> {
  const words = JSON.stringify(probes.map((probe) => probe.words));
  const numbers = async (): Promise<number[]> => {
    try {
      return (await redis.send(['EVAL', CHECK.replace('ARGS', 'ARGV'), '1', metaKey, words], timeoutMs)) as number[];
    } catch (error) {
      if (!isNoPermission(error)) throw error;
    }
    // A user without EVAL: the same as a function, as the engine itself is.
    const name = `openfill_rights_${createHash('sha256').update(CHECK).digest('hex').slice(0, 12)}`;
    const source = `#!lua name=${name}\nredis.register_function('${name}', function(_, ARGS) ${CHECK} end)`;
    await redis.send(['FUNCTION', 'LOAD', 'REPLACE', source], timeoutMs);
    return (await redis.send(['FCALL', name, '1', metaKey, words], timeoutMs)) as number[];
  };
  try {
    return (await numbers()).map((number) => probes[number - 1] as Probe);
  } catch (error) {
    // Neither is a right that can be done without.
    if (isNoPermission(error)) throw new RedisRightsError(error.message.replace(/^NOPERM /, ''));
    if (error instanceof ErrorReply) return null;
    throw error;
  }
}

function list(words: Iterable<string>): string {
  return [...new Set(words)].sort().join(', ');
}

/**
 * Looks whether the user may do everything that the engine, the readers of the log and a rebuild do on a shard.
 * @param user as the URL names it
 * @throws RedisRightsError naming the commands and keys that are missing
 */
export async function requireRedisRights(redis: RedisConnection, library: FunctionLibrary, shard: string, user: string, timeoutMs: number): Promise<void> {
  const probes = probesOf(library, shard);
  let refused: Probe[] | null;
  try {
    refused = await refusedOf(redis, probes, shardKeys(shard).meta, timeoutMs);
  } catch (error) {
    if (error instanceof RedisRightsError) error.message = `the redis user ${user} lacks rights: ${error.message}`;
    throw error;
  }
  if (refused === null || refused.length === 0) return;
  const isRefused = new Set(refused);
  const all = new Set(probes.map(({ command }) => command));
  const hasKey = probes.filter(({ key }) => key !== null);
  const lacks: string[] = [];
  if (hasKey.every((probe) => isRefused.has(probe))) {
    // Which of the two it is cannot be told from here.
    lacks.push(`keys {${shard}}:*, or every command on them`);
    const keyless = refused.filter(({ key }) => key === null);
    if (keyless.length > 0) lacks.push(`commands ${list(keyless.map(({ command }) => command))}`);
  } else {
    const never = [...all].filter((command) => probes.every((probe) => probe.command !== command || isRefused.has(probe)));
    if (never.length > 0) lacks.push(`commands ${list(never)}`);
    const some = refused.filter(({ command }) => !never.includes(command));
    if (some.length > 0) lacks.push(`${list(some.map(({ command }) => command))} on keys ${list(some.map(({ key }) => key ?? ''))}`);
  }
  throw new RedisRightsError(`the redis user ${user} lacks rights: ${lacks.join('; ')}; the service needs ${list(all)} on {${shard}}:*`);
}
