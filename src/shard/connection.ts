import type { Logger } from 'pino';
import type { Config } from '../config';
import { Engine, type EngineObserver } from '../engine/engine';
import { buildLibrary, type FunctionLibrary } from '../engine/library';
import { RedisConnection } from '../engine/redis-connection';
import { AlgoStore } from '../persistence/algo-store';
import { Database } from '../persistence/database';
import { History } from '../persistence/history';
import { MoneyHistory } from '../persistence/money-history';
import { PostgresLoginLimits, PostgresPeople } from '../persistence/people-store';
import { Statements } from '../persistence/statements';

/** A shard as whoever works with it reaches it: its engine in Redis and its record in Postgres. Nothing is connected yet. */
export interface ShardConnection {
  readonly name: string;
  readonly redis: RedisConnection;
  readonly library: FunctionLibrary;
  readonly engine: Engine;
  readonly database: Database;
  readonly history: History;
  readonly moneyHistory: MoneyHistory;
  readonly statements: Statements;
  readonly algos: AlgoStore;
  readonly people: PostgresPeople;
  readonly loginLimits: PostgresLoginLimits;
  close(): Promise<void>;
}

/**
 * @param connectionName what Redis lists the connection as
 * @param databaseConnectionsMax of the pool of reads
 */
export function connectionOf(
  config: Config, connectionName: string, databaseConnectionsMax: number, logger: Logger, observer?: EngineObserver,
): ShardConnection {
  const redis = new RedisConnection(config.redisUrl, connectionName, logger);
  const library = buildLibrary();
  const engine = new Engine(redis, library, config.shard, {
    fillsPerOrderMax: config.fillsPerOrderMax,
    triggersPerCommandMax: config.triggersPerCommand,
    openOrdersPerClientMax: config.openOrdersPerClientMax,
    icebergPartsMax: config.icebergPartsMax,
    backlogMax: config.backlogMax,
    idempotencyTtlS: config.idempotencyTtlS,
    duePage: config.duePage,
    auctionPage: config.auctionPage,
    commandsPerCallMax: config.engineCallCommandsMax,
    commandsInFlightMax: config.engineInFlightMax,
    timeoutMs: config.engineTimeoutMs,
  }, logger, observer);
  const database = new Database(config.databaseUrl, config.databaseTimeoutMs, databaseConnectionsMax, logger);
  return {
    name: config.shard, redis, library, engine, database, history: new History(database, config.shard), moneyHistory: new MoneyHistory(database, config.shard),
    statements: new Statements(database, config.shard), algos: new AlgoStore(database, config.shard), people: new PostgresPeople(database, Math.max(config.accessTokenTtlS, config.sudoTtlS)),
    loginLimits: new PostgresLoginLimits(database),
    close: async () => {
      engine.close();
      redis.close();
      await database.close();
    },
  };
}
