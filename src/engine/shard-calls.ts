import CircuitBreaker from 'opossum';
import { ErrorReply } from '@redis/client';
import type { ResultCode } from '../domain/result-code';
import { UnavailableError } from '../domain/unavailable';
import { shardKeys, type ShardKeys } from './keys';
import type { FunctionLibrary, FunctionName } from './library';
import type { RedisConnection } from './redis-connection';
import { isRefusedByRedis } from './until-redis-answers';

/** The breaker opens when half of at least so many calls in ten seconds got no answer. */
const BREAKER_VOLUME_MIN = 3;
const BREAKER_ERROR_PERCENT = 50;
const BREAKER_RESET_MS = 500;

export interface CallLimits {
  readonly timeoutMs: number;
  /** Commands of this process that may wait for an answer, and as many reads; more are refused at once. */
  readonly commandsInFlightMax: number;
}

/**
 * How Redis is asked about a shard. Calls of the library and reads go through a breaker, so that a Redis which does not answer
 * is told at once; `send` goes past it, for whoever looks whether it is there again.
 */
export class ShardCalls {
  readonly keys: ShardKeys;
  /** Why commands and reads are refused before they are sent, null while they are let through. */
  protected gate: ResultCode | null = null;
  private readsInFlight = 0;
  private readonly breaker: CircuitBreaker<[readonly string[]], unknown>;

  constructor(
    protected readonly redis: RedisConnection, private readonly library: FunctionLibrary, shard: string, private readonly callLimits: CallLimits,
  ) {
    this.keys = shardKeys(shard);
    const limits = callLimits;
    // While Redis does not answer, only a probe now and then waits for it; the rest is refused at once.
    this.breaker = new CircuitBreaker((command: readonly string[]) => this.redis.send(command, limits.timeoutMs), {
      timeout: false,
      volumeThreshold: BREAKER_VOLUME_MIN,
      errorThresholdPercentage: BREAKER_ERROR_PERCENT,
      resetTimeout: BREAKER_RESET_MS,
      // Nobody reads them, and each failed call would sort the latencies of all calls of ten seconds.
      rollingPercentilesEnabled: false,
      // A refusal is an answer.
      errorFilter: (error: unknown) => error instanceof ErrorReply,
    });
  }

  /** Ends the timers of this object; the connection is its owner's. */
  close(): void {
    this.breaker.shutdown();
  }

  get isConnected(): boolean {
    return this.redis.isReady;
  }

  protected opening(name: FunctionName): readonly string[] {
    return ['FCALL', this.library.functionName(name), '1', this.keys.meta];
  }

  /** Calls one library function on the shard. */
  protected call(name: FunctionName, args: readonly string[]): Promise<unknown> {
    return this.fire([...this.opening(name), ...args]);
  }

  /** Sends the call of a library function; loads the library first where Redis does not know it. */
  protected async fire(command: readonly string[]): Promise<unknown> {
    try {
      return await this.breaker.fire(command);
    } catch (error) {
      if (!(error instanceof ErrorReply) || !/function not found/i.test(error.message)) throw error;
      await this.load();
      return this.breaker.fire(command);
    }
  }

  /** A read on behalf of a client: refused while the shard is not whole. @throws UnavailableError */
  protected async read(command: () => Promise<unknown>): Promise<unknown> {
    if (this.gate !== null) throw new UnavailableError(this.gate, 'the shard is not served now');
    if (this.readsInFlight >= this.callLimits.commandsInFlightMax) throw new UnavailableError('engine_unavailable', 'too many reads wait for redis');
    this.readsInFlight++;
    try {
      return await command();
    } catch (error) {
      if (isRefusedByRedis(error)) throw error;
      throw new UnavailableError('engine_unavailable', 'redis did not answer', { cause: error });
    } finally {
      this.readsInFlight--;
    }
  }

  protected sendRead(...command: string[]): Promise<unknown> {
    return this.read(() => this.breaker.fire(command));
  }

  /** Past the breaker: an answer or an error within the time that a call may take. */
  protected send(...command: string[]): Promise<unknown> {
    return this.redis.send(command, this.callLimits.timeoutMs);
  }

  /** Loads the function library; harmless where it is loaded already. */
  async load(): Promise<void> {
    try {
      await this.send('FUNCTION', 'LOAD', this.library.source);
    } catch (error) {
      if (!(error instanceof ErrorReply) || !/already exists/i.test(error.message)) throw error;
    }
  }
}
