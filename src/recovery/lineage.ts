/**
 * Which life of the shard Redis and Postgres are in. `epoch` names one unbroken life; the sequences say
 * who is ahead. Trading goes on only where both tell of the same life and Redis is not behind.
 */

export interface ShardSide {
  readonly epoch: string;
  readonly sequence: number;
}

export type Lineage =
  /** Same life, Redis at or ahead of the checkpoint: the writer catches up. */
  | 'normal'
  /** Neither side has a life: begin one. */
  | 'first_start'
  /** Postgres has a history, Redis is empty or tells of another life. */
  | 'redis_lost'
  /** Same life, but Redis is behind what Postgres holds. */
  | 'redis_older';

/**
 * @param redis null for an empty Redis
 * @param postgres null without a checkpoint
 */
export function lineageOf(redis: ShardSide | null, postgres: ShardSide | null): Lineage {
  if (postgres === null) return redis === null ? 'first_start' : 'redis_lost';
  if (redis === null || redis.epoch !== postgres.epoch) return 'redis_lost';
  return redis.sequence < postgres.sequence ? 'redis_older' : 'normal';
}
