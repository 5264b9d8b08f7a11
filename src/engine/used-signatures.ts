import { createHash } from 'node:crypto';
import { UnavailableError } from '../domain/unavailable';
import { shardKeys, type ShardKeys } from './keys';
import type { RedisConnection } from './redis-connection';

const DIGEST_LENGTH = 22;

/** Signatures that were used, over all processes: in Redis for as long as they could be used again, as digests. */
export class UsedSignatures {
  private readonly keys: ShardKeys;

  constructor(private readonly redis: RedisConnection, shard: string, private readonly timeoutMs: number) {
    this.keys = shardKeys(shard);
  }

  /** @returns whether it was used for the first time @throws UnavailableError where Redis cannot say */
  async take(signature: string, forMs: number): Promise<boolean> {
    const digest = createHash('sha256').update(signature).digest('base64url').slice(0, DIGEST_LENGTH);
    try {
      return await this.redis.send(['SET', this.keys.signature(digest), '1', 'NX', 'PX', String(forMs)], this.timeoutMs) !== null;
    } catch (error) {
      throw new UnavailableError('engine_unavailable', 'redis cannot say whether a signature was used', { cause: error });
    }
  }
}
