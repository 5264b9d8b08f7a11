import type { SignatureUse } from '../domain/signature-use';
import { UnavailableError } from '../domain/unavailable';
import { shardKeys } from './keys';
import type { RedisConnection } from './redis-connection';

/**
 * Signatures that were used, over all processes: in Redis for as long as they could be used again, as digests. Those that come with a
 * command are taken there (lua/core/execute.lua).
 */
export class UsedSignatures {
  private readonly prefix: string;

  constructor(private readonly redis: RedisConnection, shard: string, private readonly timeoutMs: number) {
    this.prefix = shardKeys(shard).signaturePrefix;
  }

  /** @returns whether it was used for the first time @throws UnavailableError where Redis cannot say */
  async take({ digest, forMs }: SignatureUse): Promise<boolean> {
    try {
      return await this.redis.send(['SET', `${this.prefix}${digest}`, '1', 'NX', 'PX', String(forMs)], this.timeoutMs) !== null;
    } catch (error) {
      throw new UnavailableError('engine_unavailable', 'redis cannot say whether a signature was used', { cause: error });
    }
  }
}
