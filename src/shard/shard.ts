import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config';
import { scaleOf, type Asset, type MoneyScale } from '../domain/assets';
import type { BookView } from '../domain/book-view';
import { scaleOfRules, type InstrumentRules } from '../domain/instrument-rules';
import type { Instrument } from '../domain/instruments';
import type { LogEntry, RawLogEntry } from '../domain/log-entry';
import type { LogPosition } from '../domain/log-position';
import type { AuditFinding } from '../domain/money-history';
import { BalanceAuditor, findingsOf } from '../duties/balance-auditor';
import { FeeTierDuty } from '../duties/fee-tier-duty';
import { LoginSweeper } from '../duties/login-sweeper';
import { Timekeeper } from '../duties/timekeeper';
import { TransferTimer } from '../duties/transfer-timer';
import { redisDurabilityProblems } from '../engine/durability';
import { untilShardIsKnown } from '../engine/later-shard';
import { requireRedisRights } from '../engine/redis-rights';
import { ShardRestorer } from '../engine/shard-restorer';
import { isRefusedByRedis, untilRedisAnswers } from '../engine/until-redis-answers';
import { LogReader } from '../log/log-reader';
import type { TickerData } from '../market/market-reader';
import { Market, type AppliedChange } from '../market/market';
import { MarketStatistics, type StatisticsListener } from '../market/market-statistics';
import type { Metrics } from '../metrics';
import { AssetRegister } from '../persistence/asset-register';
import { CandleHistory } from '../persistence/candle-history';
import { CommitWatcher } from '../persistence/commit-watcher';
import { DatabaseUnavailableError } from '../persistence/database';
import { InstrumentRegister } from '../persistence/instrument-register';
import { refuseLaterRecord } from '../persistence/later-record';
import { migrate } from '../persistence/migrate';
import { requireSessions } from '../persistence/pooling';
import { RecoverySource } from '../persistence/recovery-source';
import { PostgresSettings } from '../persistence/settings-check';
import { Writer } from '../persistence/writer/writer';
import { ShardKeeper } from '../recovery/shard-keeper';
import { SettingsWatch } from '../settings-watch';
import { connectionOf, type ShardConnection } from './connection';
import { recordedMoney } from './recorded-money';

/** How long a rebuild waits at a time for the writer, or another rebuild, to let go of the shard's record. */
const RECORD_WAIT_MS = 1_000;
/** Longest wait at start for the books in memory; reads ask Redis until then. */
const START_SYNC_MS = 5_000;
/** Pause between attempts to reach Postgres at start. */
const START_RETRY_MS = 1_000;
/** Longest wait at the end for the stream to tell what was answered. */
const LAST_ENTRIES_WAIT_MS = 1_000;
/** An order book read waits this long for the local replica before it asks Redis. */
const REPLICA_WAIT_MS = 50;

/** Something that goes on beside, as long as the shard is served. */
interface Duty {
  start(): void;
  stop(): Promise<void>;
}

/** Whoever is told of the shard's market: what the log says, entry by entry, and what its statistics make of it. */
export interface ShardListener {
  /** An instrument was made or changed: ahead of the entry that tells it, and of each ahead of a reset. */
  instrument(rules: InstrumentRules): void;
  entry(entry: LogEntry, market: Market, changes: readonly AppliedChange[]): void;
  /** The books were read anew. */
  reset(market: Market): void;
  readonly statistics: StatisticsListener;
}

/** What a process that serves the API has of a shard: its books and statistics, in step with the log. */
export interface LiveMarket {
  readonly market: Market;
  readonly statistics: MarketStatistics;
}

/**
 * A set of instruments that match in one place, with one log and one writer: its engine, its writer, its keeper, its books
 * and its statistics, as far as this process has these roles.
 */
export class Shard {
  readonly connection: ShardConnection;
  readonly commits: CommitWatcher;
  readonly candleHistory: CandleHistory;
  readonly live: LiveMarket | null;
  readonly settings: { readonly redis: SettingsWatch; readonly postgres: SettingsWatch };
  readonly keeper: ShardKeeper;
  readonly writer: Writer | null;
  private readonly writerLog: LogReader | null;
  private readonly marketLog: LogReader | null;
  private readonly auditLog: LogReader | null;
  private readonly duties: Duty[] = [];
  /** Of every instrument that the records may tell of, known from `start` on. */
  private readonly scales = new Map<string, MoneyScale>();
  /** As the register has them, known from `start` on. */
  assets: readonly Asset[] = [];
  private stopping = false;
  private markStopped: () => void = () => undefined;
  private readonly stopped = new Promise<void>((resolve) => { this.markStopped = resolve; });

  /**
   * Wires the shard's parts. Nothing runs before `start`.
   * @param listener null in a process that serves no API
   */
  constructor(
    private readonly config: Config, private readonly logger: Logger, metrics: Metrics, listener: ShardListener | null,
    /** Told of instruments that were made or changed. */
    private readonly instrument: (rules: InstrumentRules, at: LogPosition) => void = () => undefined,
  ) {
    this.connection = connectionOf(config, 'engine', config.databaseConnectionsMax, logger, {
      call: (commands, seconds) => {
        metrics.engineCallCommands.observe(commands);
        metrics.engineCallSeconds.observe(seconds);
      },
    });
    const { engine, redis, database, history } = this.connection;
    this.candleHistory = new CandleHistory(database, config.shard);
    this.commits = new CommitWatcher({
      persisted: async () => {
        const meta = await engine.meta();
        return meta === null ? null : { epoch: meta.epoch, sequence: meta.persisted };
      },
    });
    this.writerLog = config.roles.has('writer') ? new LogReader(config.redisUrl, config.shard, 'writer', logger) : null;
    this.writer = this.writerLog === null ? null : this.createWriter(this.writerLog, metrics);
    this.auditLog = this.writer === null || config.funds === 'off' ? null : new LogReader(config.redisUrl, config.shard, 'audit', logger);
    if (this.writer !== null) this.duties.push(this.createTimekeeper(metrics));
    if (this.auditLog !== null) this.duties.push(...this.createDuties(this.auditLog, metrics));
    this.marketLog = listener === null ? null : new LogReader(config.redisUrl, config.shard, 'market', logger);
    this.live = this.marketLog === null || listener === null ? null : this.createLive(this.marketLog, listener);
    const postgresSettings = new PostgresSettings(database);
    this.settings = {
      redis: new SettingsWatch('redis', async () => ({
        durability: await redisDurabilityProblems(redis, config.engineTimeoutMs), other: [],
      }), config.settingsCheckMs, logger),
      postgres: new SettingsWatch('postgres', () => postgresSettings.problems(), config.settingsCheckMs, logger),
    };
    this.keeper = new ShardKeeper(
      engine, history, () => this.openRecord(), new ShardRestorer(redis, config.shard),
      { ...config, scales: this.scales }, logger.child({ part: 'recovery' }), { recovered: (report) => metrics.recoveries.inc({ reason: report.reason }) },
    );
    redis.onReady(() => {
      this.keeper.nudge();
      // It may be another Redis, or the same one with other settings.
      void this.settings.redis.check();
    });
    redis.onLost(() => this.keeper.connectionLost());
    engine.onNotTaken(() => this.keeper.nudge());
  }

  /** The record for a rebuild. A later program may have brought it on since the start. */
  private async openRecord(): Promise<RecoverySource> {
    await refuseLaterRecord(this.connection.database, this.config.shard);
    return RecoverySource.open(this.connection.database, this.config.shard, RECORD_WAIT_MS);
  }

  get name(): string {
    return this.connection.name;
  }

  private createWriter(log: LogReader, metrics: Metrics): Writer {
    const { config, connection: { database, history, engine } } = this;
    return new Writer(database, history, log, engine, {
      shard: config.shard,
      batchEntriesMax: config.writerBatchEntriesMax,
      // Where each answer waits for the commit, nothing else may.
      lingerMs: config.ackAfter === 'postgres' ? 0 : config.writerLingerMs,
      keep: { entries: config.logTailEntries, trades: config.recentTradesKept },
      idempotencyTtlS: config.idempotencyTtlS,
      accountSnapshotEvery: config.accountSnapshotEvery,
      scales: this.scales,
      instrument: (rules, at) => this.instrument(rules, at),
    }, this.logger.child({ part: 'writer' }), {
      committed: (entries, seconds) => {
        metrics.writerBatchEntries.observe(entries);
        metrics.writerCommitSeconds.observe(seconds);
        const committed = this.writer?.committed;
        if (committed) this.commits.note(committed);
      },
      deadLetter: () => metrics.deadLetters.inc(),
      active: (isActive) => metrics.writerActive.set(isActive ? 1 : 0),
    });
  }

  /** Whether this process is the one that does what one process of the venue does. */
  isOnDuty(): boolean {
    return (this.writer?.committed ?? null) !== null && this.keeper.problem === null;
  }

  /** One more duty of the process that holds the writer's lock; ahead of `start`. */
  takeOn(duty: Duty): void {
    this.duties.push(duty);
  }

  private createTimekeeper(metrics: Metrics): Duty {
    return new Timekeeper(this.connection.engine, () => this.isOnDuty(), this.logger.child({ part: 'timekeeper' }), { late: (seconds) => metrics.dueLate.set(seconds) });
  }

  /** What the process that holds the writer's lock does beside, where money is kept. */
  private createDuties(log: LogReader, metrics: Metrics): readonly Duty[] {
    const { config, logger, connection: { engine, database, moneyHistory, people } } = this;
    const isOnDuty = (): boolean => this.isOnDuty();
    return [
      new BalanceAuditor(engine, recordedMoney(database, config.shard), log, {
        intervalMs: config.balanceAuditMs, isOnDuty, scales: this.scales,
      }, logger.child({ part: 'audit' }), {
        passed: () => metrics.balanceAuditLastOk.set(Math.floor(Date.now() / 1000)),
        breached: () => metrics.balanceAuditBreaches.inc(),
      }),
      new TransferTimer(engine, isOnDuty, logger.child({ part: 'timer' })),
      new LoginSweeper(people, isOnDuty, logger.child({ part: 'logins' })),
      new FeeTierDuty({
        volumes: (fromUs, toUs) => moneyHistory.volumes(fromUs, toUs),
        accounts: (behind, limit) => moneyHistory.accounts(behind, limit),
        submitAll: (commands) => engine.submitAll(commands),
      }, { tiers: config.feeTiers, decimalsOf: (asset) => this.decimalsOf(asset), isOnDuty, nowMs: () => Date.now() }, logger.child({ part: 'tiers' })),
    ];
  }

  private decimalsOf(asset: string): number {
    const decimals = this.assets.find((known) => known.asset === asset)?.decimals;
    if (decimals === undefined) throw new Error(`asset ${asset} is in no register`);
    return decimals;
  }

  /** What the audit of balances has found, in whichever process. */
  readonly balanceAudit = {
    findings: async (): Promise<readonly AuditFinding[]> => findingsOf((await this.connection.engine.meta())?.breach ?? null),
  };

  private createLive(log: LogReader, listener: ShardListener): LiveMarket {
    const { config, logger, connection: { engine } } = this;
    const names = config.instruments.map(({ instrument }) => instrument);
    const statistics: MarketStatistics = new MarketStatistics(names, {
      clock: () => engine.clock(),
      logPage: (after, count) => engine.logPage(after, count),
      recentCandles: (minutesFromS, secondsFromS) => this.candleHistory.recent([...statistics.names], minutesFromS, secondsFromS),
      lastTrades: () => this.candleHistory.lastTrades([...statistics.names]),
    }, listener.statistics, { flushMs: config.streamFlushMs }, logger.child({ part: 'statistics' }));
    const market = new Market(config.instruments, engine, log, {
      instrument: (rules, at) => {
        this.scales.set(rules.instrument, scaleOfRules(rules));
        statistics.instrument(rules);
        this.instrument(rules, at);
        listener.instrument(rules);
      },
      entry: (entry, from, changes) => {
        // What went through other processes counts, too, when a Redis has to be told from an older one.
        engine.noteSeen(from.epoch, entry.sequence);
        statistics.entry(entry, from);
        listener.entry(entry, from, changes);
      },
      reset: (from) => {
        statistics.reset(from);
        listener.reset(from);
      },
    }, logger.child({ part: 'market' }), config.streamTailEntries);
    return { market, statistics };
  }

  /** A book from memory where the replica provably has everything acknowledged so far, else from Redis. */
  async readBook(instrument: string, levels: number): Promise<BookView> {
    const { engine } = this.connection;
    const market = this.live?.market;
    if (market !== undefined && await market.waitFor(await engine.position(), REPLICA_WAIT_MS)) {
      const book = market.book(instrument);
      if (book !== undefined) {
        return { sequence: market.sequence, timeUs: market.timeUs, bids: book.bids.top(levels), asks: book.asks.top(levels) };
      }
    }
    return engine.readBook(instrument, levels);
  }

  async readTicker({ market, statistics }: LiveMarket, instrument: string): Promise<TickerData> {
    const isCurrent = await statistics.waitFor(await this.connection.engine.position(), this.config.readBarrierTimeoutMs);
    const book = market.book(instrument);
    return {
      sequence: market.sequence, timeUs: market.timeUs, last: statistics.last(instrument),
      bid: book?.bids.top(1)[0], ask: book?.asks.top(1)[0], day: statistics.day(instrument), isWhole: isCurrent && statistics.isComplete,
    };
  }

  /** Entries that the market does not hold in memory. Postgres first: Redis has enough to do, and holds what Postgres does not have yet. */
  async olderEntries(after: number, count: number): Promise<readonly RawLogEntry[] | null> {
    const { history, engine } = this.connection;
    const journal = await history.journalPage(after, count).catch((error: unknown) => {
      if (!(error instanceof DatabaseUnavailableError)) throw error;
      return [];
    });
    const entries = journal.length > 0 ? journal : await engine.logPage(after, count);
    return entries.length > 0 ? entries : null;
  }

  /** Commands are refused until `start` has looked at what is there. */
  holdOff(): void {
    this.keeper.holdOff();
  }

  /** Connects, migrates the record and joins the shard. @returns instruments that are in the record only any more */
  async start(): Promise<readonly Instrument[]> {
    const { redis, library, engine } = this.connection;
    const { config } = this;
    await redis.connect();
    // Ahead of everything that writes.
    const names = config.instruments.map(({ instrument }) => instrument);
    await untilShardIsKnown(redis, config.shard, names, config.engineTimeoutMs, this.logger, () => this.stopping);
    const user = decodeURIComponent(new URL(config.redisUrl).username) || 'default';
    await requireRedisRights(redis, library, config.shard, user, config.engineTimeoutMs);
    const retired = await this.prepareRecord();
    await untilRedisAnswers(() => engine.load(), this.logger, () => this.stopping, isRefusedByRedis);
    // Before anything is acknowledged.
    await Promise.all([this.settings.redis.check(), this.settings.postgres.check()]);
    this.keeper.start();
    await Promise.all([this.writerLog?.connect(), this.marketLog?.connect(), this.auditLog?.connect()]);
    this.writer?.start();
    for (const duty of this.duties) duty.start();
    this.live?.market.start();
    this.live?.statistics.start();
    return retired;
  }

  /** Resolves once the shard is traded on and its books follow the log, or `stop` was asked for. */
  async untilServing(): Promise<void> {
    await Promise.race([this.keeper.joined, this.stopped]);
    await this.live?.market.waitUntilSynced(START_SYNC_MS);
    await this.live?.statistics.untilComplete(START_SYNC_MS);
  }

  /** Waits out a Postgres that is not there yet; what it refuses is an error. */
  private async prepareRecord(): Promise<readonly Instrument[]> {
    const { database } = this.connection;
    let said = '';
    for (;;) {
      try {
        await requireSessions(database);
        await refuseLaterRecord(database, this.config.shard);
        await migrate(database);
        const retired = await new InstrumentRegister(database).reconcile(this.config.instruments);
        await this.prepareScales([...this.config.instruments, ...retired]);
        return retired;
      } catch (error) {
        if (!(error instanceof DatabaseUnavailableError)) throw error;
        const reason = error.cause instanceof Error ? error.cause.message : error.message;
        if (reason !== said) this.logger.warn({ reason }, 'waiting for postgres');
        said = reason;
        await sleep(START_RETRY_MS);
        if (this.stopping) return [];
      }
    }
  }

  private async prepareScales(instruments: readonly Instrument[]): Promise<void> {
    const assets = await new AssetRegister(this.connection.database).reconcile(instruments, this.config.assetDecimals);
    this.assets = assets;
    const decimals = new Map(assets.map(({ asset, decimals: own }) => [asset, own]));
    for (const instrument of instruments) this.scales.set(instrument.instrument, scaleOf(instrument, decimals));
  }

  /** From now on a start that is under way gives up. */
  stopStarting(): void {
    this.stopping = true;
    this.markStopped();
  }

  /** Commits what the log holds, then waits until the market has told everything that was answered. */
  async drain(): Promise<void> {
    await Promise.all(this.duties.map((duty) => duty.stop()));
    await this.writer?.stop(this.config.shutdownTimeoutMs);
    const { redis, engine } = this.connection;
    const end = this.live !== null && redis.isReady ? await engine.position().catch(() => null) : null;
    if (end !== null) await this.live?.market.waitFor(end, LAST_ENTRIES_WAIT_MS);
  }

  async stop(): Promise<void> {
    const marketStopped = this.live?.market.stop();
    this.writerLog?.close();
    this.marketLog?.close();
    this.auditLog?.close();
    await marketStopped;
    await this.live?.statistics.stop();
    await this.keeper.stop();
    await Promise.all([this.settings.redis.stop(), this.settings.postgres.stop()]);
    await this.connection.close();
  }
}
