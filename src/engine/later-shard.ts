import { ErrorReply } from '@redis/client';
import type { Logger } from 'pino';
import { LaterVersionError } from '../domain/later-version';
import { ORDER_RECORD_VERSION, SHARD_LAYOUT_VERSION } from '../domain/layouts';
import { isLaterEntry, laterEntryError } from '../domain/log-entry';
import { COMPACT_ID_LENGTH } from '../domain/order-id';
import { entriesOf, shardKeys, type StreamElement } from './keys';
import type { RedisConnection } from './redis-connection';
import { untilRedisAnswers } from './until-redis-answers';

/** Elements of the stream that one read fetches: each holds as many entries as a call had commands. */
const ELEMENTS_PAGE = 200;

/**
 * Looks whether a later version of this program has worked on a shard in Redis: by the version of its layout, by every
 * entry of its log, and by the first order of each side of a book. It writes nothing and needs no function.
 * @param instruments whose books are looked at
 * @throws LaterVersionError naming both versions; what Redis threw
 */
export async function refuseLaterShard(redis: RedisConnection, shard: string, instruments: readonly string[], timeoutMs: number): Promise<void> {
  const keys = shardKeys(shard);
  const send = (...command: string[]): Promise<unknown> => redis.send(command, timeoutMs);
  const [version] = (await send('HMGET', keys.meta, 'version')) as [string | null];
  // Before the first version was written there was none.
  const layoutVersion = Number(version ?? 0);
  if (layoutVersion > SHARD_LAYOUT_VERSION) throw new LaterVersionError(`redis holds shard ${shard} in a layout`, layoutVersion, SHARD_LAYOUT_VERSION);

  for (let start = '-'; ;) {
    const elements = (await send('XRANGE', keys.log, start, '+', 'COUNT', String(ELEMENTS_PAGE))) as StreamElement[];
    for (const { sequence, payload } of elements.flatMap(entriesOf)) {
      if (isLaterEntry(payload)) throw laterEntryError(`the log of shard ${shard} in redis has entry ${sequence}`, payload);
    }
    const last = elements.at(-1);
    if (last === undefined || elements.length < ELEMENTS_PAGE) break;
    start = `(${last[0]}`;
  }

  // A layout of before has records without a version.
  if (layoutVersion !== SHARD_LAYOUT_VERSION) return;
  await Promise.all(instruments.flatMap((instrument) => (['bids', 'asks'] as const).map(async (side) => {
    const [member] = (await send('ZRANGE', keys.book(instrument, side), '0', '0')) as string[];
    if (member === undefined) return;
    const [record] = (await send('HMGET', keys.orders, member.slice(-COMPACT_ID_LENGTH))) as [string | null];
    const recordVersion = record === null ? NaN : Number(record.slice(0, record.indexOf(',')));
    if (recordVersion > ORDER_RECORD_VERSION) throw new LaterVersionError(`redis holds orders of shard ${shard} in records`, recordVersion, ORDER_RECORD_VERSION);
  })));
}

/**
 * The same at a start, which a Redis that reads its data back, or is lost just then, keeps waiting. What its user may not read
 * is left to the check of its rights.
 * @throws LaterVersionError
 */
export async function untilShardIsKnown(
  redis: RedisConnection, shard: string, instruments: readonly string[], timeoutMs: number, logger: Logger, isStopping: () => boolean,
): Promise<void> {
  await untilRedisAnswers(async () => {
    try {
      await refuseLaterShard(redis, shard, instruments, timeoutMs);
    } catch (error) {
      if (!(error instanceof ErrorReply) || !error.message.startsWith('NOPERM')) throw error;
    }
  }, logger, isStopping, (error) => error instanceof LaterVersionError);
}
