import type { Logger } from 'pino';
import { epochOfPayload, type RawLogEntry } from '../domain/log-entry';
import { ElementCount, entriesOf, shardKeys, type StreamElement } from '../engine/keys';
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

type XReadReply = [key: string, elements: StreamElement[]][] | null;

/** Elements of the stream that one read may fetch: each holds as many entries as a call had commands. */
const ELEMENTS_MAX = 2_000;

/** Reads a shard's log forward from a sequence, on a connection of its own since it blocks there. */
export class LogReader {
  private readonly redis: RedisConnection;
  private readonly key: string;
  private readonly elementCount = new ElementCount();

  constructor(url: string, shard: string, name: string, logger: Logger) {
    this.redis = new RedisConnection(url, `log-${name}`, logger);
    this.key = shardKeys(shard).log;
  }

  async connect(): Promise<void> {
    await this.redis.connect();
  }

  /**
   * At most `count` entries behind `after`, oldest first; empty when none came within `blockMs`. Fewer do not mean that the
   * log ends there.
   * @throws LogGapError when the first one is not `after + 1`, or they are not contiguous
   * @throws LogEpochError when they are of another life than `epoch`: sequences alone would not tell
   */
  async read(epoch: string, after: number, count: number, blockMs: number): Promise<RawLogEntry[]> {
    const elementsMax = Math.min(this.elementCount.of(count), ELEMENTS_MAX);
    const reply = (await this.redis.send(
      ['XREAD', 'COUNT', String(elementsMax), 'BLOCK', String(blockMs), 'STREAMS', this.key, `${after}-0`],
      // Blocking is bounded by Redis; the rest is for a Redis that stopped answering.
      blockMs + 10_000,
    )) as XReadReply;
    const elements = reply?.[0]?.[1] ?? [];
    if (elements.length === 0) return [];
    const entries: RawLogEntry[] = [];
    let found = 0;
    for (const element of elements) {
      for (const entry of entriesOf(element)) {
        found++;
        // The reader may have stopped within a call.
        if (entry.sequence <= after || entries.length === count) continue;
        const expected = after + 1 + entries.length;
        if (entry.sequence !== expected) throw new LogGapError(expected, entry.sequence);
        const life = epochOfPayload(entry.payload);
        if (life !== epoch) throw new LogEpochError(epoch, life);
        entries.push(entry);
      }
    }
    this.elementCount.note(elements.length, found);
    return entries;
  }

  close(): void {
    this.redis.close();
  }
}
