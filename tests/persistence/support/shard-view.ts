import type { RawLogEntry } from '../../../src/domain/log-entry';
import { entriesOf, type StreamElement } from '../../../src/engine/keys';
import type { Venue } from '../../support/venue';
import { until } from '../../support/until';

/** A test's own look at a shard: its counters in Redis, and who holds the right to write its record. */
export class ShardView {
  constructor(private readonly venue: Venue) {}

  key(name: string): string {
    return `{${this.venue.shard}}:${name}`;
  }

  async meta(field: 'seq' | 'persisted'): Promise<number> {
    return Number(await this.venue.redis.command('HGET', this.key('meta'), field));
  }

  /** Waits until Redis has been told that Postgres holds everything. */
  async persisted(timeoutMs?: number): Promise<void> {
    await until('everything is persisted', async () => await this.meta('persisted') === await this.meta('seq'), timeoutMs);
  }

  /** The log as Redis holds it now. */
  async log(): Promise<RawLogEntry[]> {
    const elements = (await this.venue.redis.command('XRANGE', this.key('log'), '-', '+')) as StreamElement[];
    return elements.flatMap(entriesOf);
  }

  /** Process ids of the Postgres sessions that hold the writer's lock: at most one. */
  async writerSessions(): Promise<number[]> {
    const rows = await this.venue.database.query<{ pid: number }>(
      `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND (classid::bigint << 32 | objid::bigint) = hashtextextended($1, 0)`, [`openfill:writer:${this.venue.shard}`],
    );
    return rows.map((row) => row.pid);
  }

  /** Breaks the connection of the active writer. @returns whether there was one */
  async killWriterSession(): Promise<boolean> {
    const pids = await this.writerSessions();
    for (const pid of pids) await this.venue.database.query('SELECT pg_terminate_backend($1)', [pid]);
    return pids.length > 0;
  }

  /** Breaks every connection the service has to Postgres. */
  async killAllSessions(): Promise<void> {
    await this.venue.database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'openfill'`,
    );
  }

  /**
   * Breaks the service's connections of this name to Redis. For a Redis of the test's own: names do not tell shards apart.
   * @returns how many
   */
  async killRedisConnection(name: 'openfill-engine' | 'openfill-log-writer' | 'openfill-log-market'): Promise<number> {
    const list = (await this.venue.redis.command('CLIENT', 'LIST')) as string;
    const ids = list.split('\n').filter((line) => line.includes(` name=${name} `)).map((line) => /^id=(\d+)/.exec(line)?.[1] as string);
    for (const id of ids) await this.venue.redis.command('CLIENT', 'KILL', 'ID', id);
    return ids.length;
  }
}
