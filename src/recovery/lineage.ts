import { SHARD_LAYOUT_VERSION } from '../domain/layouts';
import type { Funds } from '../domain/money';

/**
 * Which life of the shard Redis and Postgres are in. `epoch` names one unbroken life; the sequences say
 * who is ahead. Trading goes on only where both tell of the same life and Redis is not behind.
 */

export interface ShardSide {
  readonly epoch: string;
  readonly sequence: number;
}

export interface RedisSide extends ShardSide {
  readonly state: 'open' | 'frozen' | 'recovering' | 'faulted';
  /** Log sequence up to which Postgres is known to have everything. */
  readonly persisted: number;
  /** Of what Redis holds (domain/layouts.ts). */
  readonly layoutVersion: number;
  /** How it keeps money. */
  readonly funds: Funds;
}

/** Why Redis has to be made anew. */
export type RebuildReason = 'redis_lost' | 'redis_older' | 'faulted' | 'interrupted_rebuild' | 'older_layout' | 'other_funds';

export type Verdict =
  /** Trade on: same life, Redis at or ahead of everything known. */
  | { readonly action: 'join' }
  /** Neither side has a life: begin one. */
  | { readonly action: 'begin' }
  /** Redis has to be made anew from Postgres. */
  | { readonly action: 'rebuild'; readonly reason: RebuildReason }
  /** The same, once Postgres has all that Redis logged. */
  | { readonly action: 'wait'; readonly reason: 'draining_before_rebuild'; readonly rebuild: RebuildReason }
  /** Neither trade nor touch anything yet. */
  | { readonly action: 'wait'; readonly reason: 'postgres_away' | 'postgres_lost' | 'newer_layout' | 'other_funds' };

/**
 * @param redis null for an empty Redis
 * @param postgres null without a checkpoint, 'away' when it cannot be asked
 * @param known the life this process has traded in and the highest sequence it has seen of it, null before its first
 * @param funds how this process is to keep money
 */
export function judge(redis: RedisSide | null, postgres: ShardSide | null | 'away', known: ShardSide | null, funds: Funds): Verdict {
  // A later version of this program laid it out: what it means is not known here, and nothing of it may be changed.
  if (redis !== null && redis.layoutVersion > SHARD_LAYOUT_VERSION) return { action: 'wait', reason: 'newer_layout' };
  if (postgres === 'away') {
    // Matching goes on without Postgres, but only on a Redis that this process knows well enough.
    const isKnown = known !== null && redis !== null && redis.epoch === known.epoch && redis.sequence >= known.sequence;
    const isTradable = (redis?.state === 'open' || redis?.state === 'frozen') && redis.layoutVersion === SHARD_LAYOUT_VERSION && redis.funds === funds;
    return isKnown && isTradable ? { action: 'join' } : { action: 'wait', reason: 'postgres_away' };
  }
  if (postgres === null) {
    // A record that vanished must not take the book with it: somebody has to look.
    return redis === null ? { action: 'begin' } : { action: 'wait', reason: 'postgres_lost' };
  }
  if (redis === null || redis.epoch !== postgres.epoch) return { action: 'rebuild', reason: 'redis_lost' };
  const floor = known !== null && known.epoch === postgres.epoch ? Math.max(known.sequence, postgres.sequence) : postgres.sequence;
  const reason = redis.sequence < floor ? 'redis_older'
    : redis.state === 'recovering' ? 'interrupted_rebuild'
      : redis.state === 'faulted' ? 'faulted'
        : redis.layoutVersion < SHARD_LAYOUT_VERSION ? 'older_layout'
          : redis.funds !== funds ? 'other_funds' : null;
  if (reason === null) return { action: 'join' };
  // A setting takes effect at a start. Should another process have started with another one since, two must not turn it back and
  // forth between them.
  if (reason === 'other_funds' && known !== null) return { action: 'wait', reason };
  // What is logged but not persisted would be lost to a rebuild; the writer brings it over first.
  if (postgres.sequence < redis.sequence) return { action: 'wait', reason: 'draining_before_rebuild', rebuild: reason };
  return { action: 'rebuild', reason };
}
