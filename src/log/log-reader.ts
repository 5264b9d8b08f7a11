import type { Logger } from 'pino';
import { epochOfPayload, type RawLogEntry } from '../domain/log-entry';
import { LOG_FIELD, shardKeys } from '../engine/keys';
import { RedisConnection } from '../engine/redis-connection';

/** The log does not go on where the reader stopped: it was trimmed past it, or it is another log. */
export class LogGapError extends Error {
  constructor(readonly expected: number, readonly found: number) {
    super(`log goes on at sequence ${found}, expected ${expected}`);
    this.name = 'LogGapError';
  }
}

/** The log is of another life of the shard than the reader follows. */
export class LogEpochError extends Error {
  constructor(readonly expected: string, readonly found: string) {
    super(`log is of epoch ${found}, expected ${expected}`);
    this.name = 'LogEpochError';
  }
}

type XReadReply = [key: string, entries: [id: string, fields: string[]][]][] | null;

/** Reads a shard's log forward from a sequence, on a connection of its own since it blocks there. */
export class LogReader {
  private readonly redis: RedisConnection;
  private readonly key: string;

  constructor(url: string, shard: string, name: string, logger: Logger) {
    this.redis = new RedisConnection(url, `log-${name}`, logger);
    this.key = shardKeys(shard).log;
  }

  async connect(): Promise<void> {
    await this.redis.connect();
  }

  /**
   * Entries behind `after`, oldest first; empty when none came within `blockMs`.
   * @throws LogGapError when the first one is not `after + 1`, or they are not contiguous
   * @throws LogEpochError when they are of another life than `epoch`: sequences alone would not tell
   */
  async read(epoch: string, after: number, count: number, blockMs: number): Promise<RawLogEntry[]> {
    const reply = (await this.redis.send(
      ['XREAD', 'COUNT', String(count), 'BLOCK', String(blockMs), 'STREAMS', this.key, `${after}-0`],
      // Blocking is bounded by Redis; the rest is for a Redis that stopped answering.
      blockMs + 10_000,
    )) as XReadReply;
    if (reply === null) return [];
    const entries: RawLogEntry[] = [];
    let expected = after + 1;
    for (const [id, fields] of reply[0]?.[1] ?? []) {
      const sequence = Number(id.slice(0, id.indexOf('-')));
      if (sequence !== expected) throw new LogGapError(expected, sequence);
      expected++;
      const payload = fields[fields.indexOf(LOG_FIELD) + 1] as string;
      const found = epochOfPayload(payload);
      if (found !== epoch) throw new LogEpochError(epoch, found);
      entries.push({ sequence, payload });
    }
    return entries;
  }

  close(): void {
    this.redis.close();
  }
}
