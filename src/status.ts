import type { Staleness } from './domain/staleness';
import type { ShardMeta } from './engine/shard-upkeep';
import type { WatchedProblems } from './settings-watch';
import type { Answer } from './http/answer';
import type { PeopleHealth } from './people/people';

export interface StatusSources {
  readonly roles: readonly string[];
  readonly shard: string;
  meta(): Promise<ShardMeta | null>;
  /** Time of the oldest log entry that is not persisted, null when all are. */
  oldestUnpersistedUs(meta: ShardMeta): Promise<number | null>;
  pingPostgres(): Promise<void>;
  /** Whether this process is the writer now; null where another process has that role. */
  writerActive(): boolean | null;
  /** The life of the shard that this process' commands are meant for, null before its first. */
  epoch(): string | null;
  /** Whether the books follow the log, of that life of the shard where it is known. */
  marketSynced(epoch: string | null): boolean;
  draining(): boolean;
  /** Why Redis cannot be reached, in a stable word; null where that is not known. */
  redisOutage(): string | null;
  /** What is wrong with the servers' settings; null until they were looked at. */
  readonly settings: { redis(): WatchedProblems | null; postgres(): WatchedProblems | null };
  readonly requireDurable: boolean;
  /** Why the shard is not traded on by this process, null while it is. */
  problem(): string | null;
  /** null where this process asks nobody who they are. */
  people(): PeopleHealth | null;
}

export interface WriterLag {
  readonly entries: number;
  readonly seconds: number;
}

function presentPeople(health: PeopleHealth | null): object | null {
  if (health === null) return null;
  const { isLoaded, staleMs, staleMaxMs, hashing, isProviderAsked } = health;
  return {
    loaded: isLoaded,
    stale_seconds: staleMs / 1_000,
    stale_max_seconds: staleMaxMs / 1_000,
    hashing: {
      running: hashing.running, running_max: hashing.atOnceMax, waiting_known: hashing.waitingKnown, waiting_strangers: hashing.waitingStrangers, waiting_max: hashing.waitingMax,
    },
    login_provider: isProviderAsked === null ? null : isProviderAsked ? 'up' : 'down',
  };
}

/** How the service is: for /readyz, for the metrics page, and for answers that are behind. */
export class Status {
  constructor(private readonly sources: StatusSources) {}

  async lag(): Promise<WriterLag> {
    const meta = await this.sources.meta();
    return meta === null ? { entries: 0, seconds: 0 } : this.lagOf(meta);
  }

  /** For answers that are stale. Never rejects: where even the lag cannot be told, they are stale all the same. */
  async staleness(): Promise<Staleness> {
    const lag = await this.lag().catch(() => null);
    return { lagEntries: lag?.entries ?? null, lagSeconds: lag?.seconds ?? null };
  }

  private async lagOf(meta: ShardMeta): Promise<WriterLag> {
    const entries = Math.max(0, meta.sequence - meta.persisted);
    if (entries === 0) return { entries: 0, seconds: 0 };
    const oldestUs = await this.sources.oldestUnpersistedUs(meta);
    return { entries, seconds: oldestUs === null ? 0 : Math.max(0, Date.now() / 1000 - oldestUs / 1e6) };
  }

  /** @returns the problem's name where a server can lose what was acknowledged and that is not accepted */
  private unsafeServer(settings: Readonly<Record<'redis' | 'postgres', WatchedProblems | null>>): string | null {
    if (!this.sources.requireDurable) return null;
    if ((settings.redis?.durability.length ?? 0) > 0) return 'redis_not_durable';
    return (settings.postgres?.durability.length ?? 0) > 0 ? 'postgres_not_durable' : null;
  }

  async ready(): Promise<Answer> {
    const [redis, postgres] = await Promise.all([
      this.sources.meta().then((meta) => ({ up: true, meta }), () => ({ up: false, meta: null })),
      this.sources.pingPostgres().then(() => true, () => false),
    ]);
    const { meta } = redis;
    const synced = this.sources.marketSynced(meta?.epoch ?? null);
    const lag = meta === null ? null : await this.lagOf(meta).catch(() => null);
    const isApi = this.sources.roles.includes('api');
    const state = meta?.state ?? (redis.up ? 'empty' : 'unknown');
    // Postgres may be away: matching goes on, and the lag says how far behind its history is.
    const settings = { redis: this.sources.settings.redis(), postgres: this.sources.settings.postgres() };
    const problem = this.sources.draining() ? 'draining' : this.sources.problem() ?? this.unsafeServer(settings);
    const people = this.sources.people();
    // Redis refuses commands that are meant for the life before a rebuild.
    const isJoined = meta === null || meta.epoch === this.sources.epoch();
    const behind = people?.isLoaded === false ? 'people_not_loaded' : !isJoined ? 'shard_not_joined' : isApi && !synced ? 'market_data_behind' : null;
    const isReady = problem === null && redis.up && state === 'open' && behind === null;
    return {
      status: isReady ? 200 : 503,
      body: {
        status: isReady ? 'ready' : 'not_ready',
        problem: isReady ? null : (problem ?? (state === 'open' ? behind : `shard_${state}`)),
        roles: this.sources.roles,
        redis: {
          status: redis.up ? 'up' : 'down',
          reason: redis.up ? null : this.sources.redisOutage(),
          durability_problems: settings.redis?.durability ?? [],
        },
        postgres: {
          status: postgres ? 'up' : 'down',
          durability_problems: settings.postgres?.durability ?? [],
          setting_problems: settings.postgres?.other ?? [],
        },
        shard: { name: this.sources.shard, state, epoch: meta?.epoch ?? null, sequence: meta?.sequence ?? null },
        writer: { active: this.sources.writerActive(), lag_entries: lag?.entries ?? null, lag_seconds: lag?.seconds ?? null },
        market_data: { synced },
        people: presentPeople(people),
      },
    };
  }
}
