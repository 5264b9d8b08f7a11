import type pg from 'pg';
import { readConfig } from '../../../src/config';
import { assetsOf, scaleOf } from '../../../src/domain/assets';
import type { Instrument } from '../../../src/domain/instruments';
import type { RawLogEntry } from '../../../src/domain/log-entry';
import type { MoneyScales } from '../../../src/domain/postings';
import { Engine } from '../../../src/engine/engine';
import { buildLibrary } from '../../../src/engine/library';
import { RedisConnection } from '../../../src/engine/redis-connection';
import { LogReader } from '../../../src/log/log-reader';
import { Database } from '../../../src/persistence/database';
import { History } from '../../../src/persistence/history';
import { Writer } from '../../../src/persistence/writer/writer';
import { testLogger, type Venue } from '../../support/venue';

/** Of assets that are as fine as the instruments need. */
function scalesOf(instruments: readonly Instrument[]): MoneyScales {
  const decimals = new Map(assetsOf(instruments, new Map()).map(({ asset, decimals: own }) => [asset, own]));
  return new Map(instruments.map((instrument) => [instrument.instrument, scaleOf(instrument, decimals)]));
}

/** Moments at which a test steps in; everything else is the real thing. */
export interface RigMoments {
  /** Entries have been read and are about to be written. */
  beforeWrite?(raws: readonly RawLogEntry[]): Promise<void>;
  /** A batch is committed and Redis is about to be told. */
  beforeTrim?(sequence: number): Promise<void>;
}

/** Lets a test reach the very session that a writer works on. */
class ReachableDatabase extends Database {
  newest: pg.Client | null = null;

  override async session(timeoutMs?: number): Promise<pg.Client> {
    this.newest = await super.session(timeoutMs);
    return this.newest;
  }
}

/** A writer wired as the service wires it, on real servers, that a test can hold up between any two of its steps. */
export class WriterRig {
  readonly writer: Writer;
  /** How often it took up and laid down its work. */
  readonly turns: boolean[] = [];
  deadLetters = 0;
  private readonly redis: RedisConnection;
  private readonly engine: Engine;
  private readonly log: LogReader;
  private readonly database: ReachableDatabase;

  private constructor(venue: Venue, moments: RigMoments, environment: Readonly<Record<string, string>>) {
    const config = readConfig(venue.environment(environment));
    this.redis = new RedisConnection(config.redisUrl, 'rig', testLogger);
    this.engine = new Engine(this.redis, buildLibrary(), config.shard, {
      fillsPerOrderMax: config.fillsPerOrderMax, triggersPerCommandMax: config.triggersPerCommand, openOrdersPerClientMax: config.openOrdersPerClientMax,
      icebergPartsMax: config.icebergPartsMax, backlogMax: config.backlogMax,
      idempotencyTtlS: config.idempotencyTtlS, duePage: config.duePage, auctionPage: config.auctionPage, commandsPerCallMax: config.engineCallCommandsMax,
      commandsInFlightMax: config.engineInFlightMax, timeoutMs: config.engineTimeoutMs,
    }, testLogger);
    this.log = new LogReader(config.redisUrl, config.shard, 'rig', testLogger);
    this.database = new ReachableDatabase(config.databaseUrl, config.databaseTimeoutMs, 2, testLogger);
    const { engine, log } = this;
    this.writer = new Writer(this.database, new History(this.database, config.shard), {
      read: async (epoch, after, count, blockMs) => {
        const raws = await log.read(epoch, after, count, blockMs);
        if (raws.length > 0) await moments.beforeWrite?.(raws);
        return raws;
      },
    }, {
      meta: () => engine.meta(),
      forgetKeys: (digests) => engine.forgetKeys(digests),
      fault: (epoch, reason) => engine.fault(epoch, reason),
      trim: async (epoch, sequence, keep, lastTradeIds, doneOrderIds) => {
        await moments.beforeTrim?.(sequence);
        return engine.trim(epoch, sequence, keep, lastTradeIds, doneOrderIds);
      },
    }, {
      shard: config.shard, batchEntriesMax: config.writerBatchEntriesMax, lingerMs: config.writerLingerMs, idempotencyTtlS: config.idempotencyTtlS,
      keep: { entries: config.logTailEntries, trades: config.recentTradesKept }, accountSnapshotEvery: 500, scales: new Map(scalesOf(config.instruments)),
    }, testLogger, {
      committed: () => undefined,
      deadLetter: () => { this.deadLetters++; },
      active: (isActive) => { this.turns.push(isActive); },
    });
  }

  static async start(venue: Venue, moments: RigMoments = {}, environment: Readonly<Record<string, string>> = {}): Promise<WriterRig> {
    const rig = new WriterRig(venue, moments, environment);
    await rig.redis.connect();
    await rig.log.connect();
    rig.writer.start();
    return rig;
  }

  get isActive(): boolean {
    return this.writer.committed !== null;
  }

  /** Takes the lock away from the writer while its session lives on: it does not notice. */
  async loseLock(): Promise<void> {
    await this.database.newest?.query('SELECT pg_advisory_unlock_all()');
  }

  /** Cuts it off from both servers at once, as its end would. What it still tries fails. */
  async cutOff(): Promise<void> {
    this.engine.close();
    this.redis.close();
    this.log.close();
    await this.database.newest?.end();
  }

  async stop(): Promise<void> {
    await this.writer.stop(5_000);
    this.engine.close();
    this.log.close();
    this.redis.close();
    await this.database.close();
  }
}
