import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from './config';
import { nativeDialect } from './dialects/native/native';
import type { DialectMaker } from './dialects/services';
import { InstrumentTable } from './domain/instrument-table';
import type { Instrument } from './domain/instruments';
import type { RawLogEntry } from './domain/log-entry';
import { redisDurabilityProblems } from './engine/durability';
import { Engine } from './engine/engine';
import { idempotencyDigest } from './engine/idempotency';
import { buildLibrary } from './engine/library';
import { RedisConnection } from './engine/redis-connection';
import { requireRedisRights } from './engine/redis-rights';
import { ShardRestorer } from './engine/shard-restorer';
import { Dispatcher } from './http/dispatch';
import { createExpressApp } from './http/express-app';
import { HttpServer } from './http/http-server';
import { OriginGuard } from './http/origin-guard';
import { RouteTable } from './http/route-table';
import { LogReader } from './log/log-reader';
import { CandleReader } from './market/candle-reader';
import { MarketReader, type BookView, type TickerData } from './market/market-reader';
import { createMetrics, type Metrics } from './metrics';
import { CandleHistory } from './persistence/candle-history';
import { CommitWatcher } from './persistence/commit-watcher';
import { Database, DatabaseUnavailableError } from './persistence/database';
import { History } from './persistence/history';
import { InstrumentRegister } from './persistence/instrument-register';
import { migrate } from './persistence/migrate';
import { requireSessions } from './persistence/pooling';
import { RecoverySource } from './persistence/recovery-source';
import { PostgresSettings } from './persistence/settings-check';
import { Writer } from './persistence/writer/writer';
import { ShardKeeper } from './recovery/shard-keeper';
import { SettingsWatch } from './settings-watch';
import { Status } from './status';
import { Market } from './market/market';
import { MarketChannels } from './stream/market-channels';
import { MarketStatistics } from './market/market-statistics';
import { StreamServer } from './stream/stream-server';
import { Trading } from './trading/trading';
import { WorkerMetrics, isWorker } from './workers';

export interface App {
  /** Resolves once it serves. @returns the port, null without the api role */
  start(): Promise<{ readonly port: number | null }>;
  /** Stops accepting, finishes what is in flight, flushes the writer, closes the streams. */
  stop(): Promise<void>;
}

export interface AppOptions {
  /** Off sends every request through Express; both ways answer alike. */
  readonly hotPath?: boolean;
  /** Beside the native one, each below a prefix of its own. */
  readonly dialects?: readonly DialectMaker[];
}

/** How long a rebuild waits for the writer, or another rebuild, to let go of the shard's record. */
const RECORD_WAIT_MS = 30_000;
/** Longest wait at start for the books in memory; reads ask Redis until then. */
const START_SYNC_MS = 5_000;
/** Pause between attempts to reach Postgres at start. */
const START_RETRY_MS = 1_000;

/** Longest wait at the end for the stream to tell what was answered. */
const LAST_ENTRIES_WAIT_MS = 1_000;

/** An order book read waits this long for the local replica before it asks Redis. */
const REPLICA_WAIT_MS = 50;

function orderMetrics(metrics: Metrics, logger: Logger) {
  return {
    received: (instrument: string, type: string, side: string) => metrics.ordersReceived.inc({ instrument, type, side }),
    matched: (instrument: string, trades: number) => {
      metrics.ordersMatched.inc({ instrument });
      metrics.trades.inc({ instrument }, trades);
    },
    rejected: (instrument: string, reason: string) => metrics.ordersRejected.inc({ instrument, reason }),
    latency: (instrument: string, type: string, seconds: number) => metrics.orderLatency.observe({ instrument, type }, seconds),
    failed: (error: unknown, requestId: string) => logger.error({ err: error, request_id: requestId }, 'operation failed'),
  };
}

/** Wires the parts together. Nothing runs before `start`. */
export function createApp(config: Config, logger: Logger, options: AppOptions = {}): App {
  const isApi = config.roles.has('api');
  const isWriter = config.roles.has('writer');
  const metrics = createMetrics(() => refreshGauges());
  const workerMetrics = isWorker() ? new WorkerMetrics(metrics.registry) : null;

  const redis = new RedisConnection(config.redisUrl, 'engine', logger);
  const library = buildLibrary();
  const engine = new Engine(redis, library, config.shard, {
    fillsPerOrderMax: config.fillsPerOrderMax,
    openOrdersPerClientMax: config.openOrdersPerClientMax,
    backlogMax: config.backlogMax,
    idempotencyTtlS: config.idempotencyTtlS,
    commandsPerCallMax: config.engineCallCommandsMax,
    commandsInFlightMax: config.engineInFlightMax,
    timeoutMs: config.engineTimeoutMs,
  }, logger, {
    call: (commands, seconds) => {
      metrics.engineCallCommands.observe(commands);
      metrics.engineCallSeconds.observe(seconds);
    },
  });
  const database = new Database(config.databaseUrl, config.databaseTimeoutMs, config.databaseConnectionsMax, logger);
  const history = new History(database, config.shard);
  const candleHistory = new CandleHistory(database, config.shard);
  const commits = new CommitWatcher({
    persisted: async () => {
      const meta = await engine.meta();
      return meta === null ? null : { epoch: meta.epoch, sequence: meta.persisted };
    },
  });

  const writerLog = isWriter ? new LogReader(config.redisUrl, config.shard, 'writer', logger) : null;
  const writer = writerLog === null ? null : new Writer(database, history, writerLog, engine, {
    shard: config.shard,
    batchEntriesMax: config.writerBatchEntriesMax,
    // Where each answer waits for the commit, nothing else may.
    lingerMs: config.ackAfter === 'postgres' ? 0 : config.writerLingerMs,
    keep: { entries: config.logTailEntries, trades: config.recentTradesKept },
    idempotencyTtlS: config.idempotencyTtlS,
  }, logger.child({ part: 'writer' }), {
    committed: (entries, seconds) => {
      metrics.writerBatchEntries.observe(entries);
      metrics.writerCommitSeconds.observe(seconds);
      const committed = writer?.committed;
      if (committed) commits.note(committed);
    },
    deadLetter: () => metrics.deadLetters.inc(),
    active: (isActive) => metrics.writerActive.set(isActive ? 1 : 0),
  });

  const isHistoryAway = (error: unknown): boolean => error instanceof DatabaseUnavailableError;

  const marketLog = isApi ? new LogReader(config.redisUrl, config.shard, 'market', logger) : null;
  const names = config.instruments.map((instrument) => instrument.instrument);
  const stream = isApi ? new StreamServer(config.instruments, {
    connectionsMax: config.streamConnectionsMax,
    connectionsPerAddressMax: config.streamConnectionsPerAddressMax,
    subscriptionsMax: config.streamSubscriptionsMax,
    messageBytesMax: config.streamMessageBytesMax,
    messagesPerSecond: config.streamMessagesPerSecond,
    behindBytes: Math.min(config.streamBehindBytes, config.streamBufferBytesMax),
    bufferBytesMax: config.streamBufferBytesMax,
    behindMs: config.streamBehindMs,
    heartbeatMs: config.streamHeartbeatMs,
    pingMs: config.streamPingMs,
    flushMs: config.streamFlushMs,
    resumeEntriesMax: config.streamResumeEntriesMax,
  }, logger.child({ part: 'stream' }), {
    connections: (count) => metrics.websocketConnections.set(count),
    dropped: () => metrics.streamDropped.inc(),
    resynced: () => metrics.streamResynced.inc(),
    behind: () => metrics.streamBehind.inc(),
    sent: (count) => metrics.streamMessages.inc(count),
  }) : null;
  const statistics = isApi ? new MarketStatistics(names, {
    clock: () => engine.clock(),
    logPage: (after, count) => engine.logPage(after, count),
    recentCandles: (minutesFromS, secondsFromS) => candleHistory.recent(names, minutesFromS, secondsFromS),
    lastTrades: () => candleHistory.lastTrades(names),
  }, { changed: (...change) => channels?.changed(...change) }, { flushMs: config.streamFlushMs }, logger.child({ part: 'statistics' })) : null;
  const market = marketLog === null || stream === null
    ? null
    : new Market(config.instruments, engine, marketLog, {
      entry: (entry, from, changes) => {
        // What went through other processes counts, too, when a Redis has to be told from an older one.
        engine.noteSeen(from.epoch, entry.sequence);
        statistics?.entry(entry, from);
        stream.entry(entry, from, changes);
      },
      reset: (from) => {
        statistics?.reset(from);
        stream.reset(from);
      },
    }, logger.child({ part: 'market' }), config.streamTailEntries);
  /** Postgres first: Redis has enough to do, and holds what Postgres does not have yet. */
  const olderEntries = async (after: number, count: number): Promise<readonly RawLogEntry[] | null> => {
    const journal = await history.journalPage(after, count).catch((error: unknown) => {
      if (!isHistoryAway(error)) throw error;
      return [];
    });
    const entries = journal.length > 0 ? journal : await engine.logPage(after, count);
    return entries.length > 0 ? entries : null;
  };
  if (market !== null) stream?.attach(market, olderEntries);
  const channels = market === null || stream === null || statistics === null
    ? null
    : new MarketChannels(config.instruments, stream, market, statistics);

  let draining = false;
  const redisSettings = new SettingsWatch('redis', async () => ({
    durability: await redisDurabilityProblems(redis, config.engineTimeoutMs), other: [],
  }), config.settingsCheckMs, logger);
  const postgresSettings = new SettingsWatch('postgres', (() => {
    const settings = new PostgresSettings(database);
    return () => settings.problems();
  })(), config.settingsCheckMs, logger);
  let markStopped: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => { markStopped = resolve; });
  const status = new Status({
    roles: [...config.roles],
    shard: config.shard,
    meta: () => engine.meta(),
    oldestUnpersistedUs: (meta) => engine.entryTimeUs(meta.persisted + 1),
    pingPostgres: () => database.ping(),
    writerActive: () => (writer === null ? null : writer.committed !== null),
    marketSynced: () => market?.synced ?? false,
    draining: () => draining,
    problem: () => keeper.problem,
    redisOutage: () => redis.outageReason,
    settings: { redis: () => redisSettings.problems, postgres: () => postgresSettings.problems },
    requireDurable: config.requireDurable,
  });

  /** From memory where the replica provably has everything acknowledged so far, else from Redis. */
  const readBook = async (instrument: string, levels: number): Promise<BookView> => {
    if (market !== null && await market.waitFor(await engine.position(), REPLICA_WAIT_MS)) {
      const book = market.book(instrument);
      if (book !== undefined) {
        return { sequence: market.sequence, timeUs: market.timeUs, bids: book.bids.top(levels), asks: book.asks.top(levels) };
      }
    }
    return engine.readBook(instrument, levels);
  };
  const readTicker = async (live: Market, summary: MarketStatistics, instrument: string): Promise<TickerData> => {
    const isCurrent = await summary.waitFor(await engine.position(), config.readBarrierTimeoutMs);
    const book = live.book(instrument);
    return {
      sequence: live.sequence, timeUs: live.timeUs, last: summary.last(instrument),
      bid: book?.bids.top(1)[0], ask: book?.asks.top(1)[0], day: summary.day(instrument), isWhole: isCurrent && summary.isComplete,
    };
  };
  const refreshGauges = async (): Promise<void> => {
    const lag = await status.lag();
    metrics.writerLagEntries.set(lag.entries);
    metrics.writerLagSeconds.set(lag.seconds);
    metrics.logLength.set(await engine.logLength());
    for (const name of names) {
      const book = market?.book(name);
      if (book === undefined) continue;
      metrics.orderbookDepth.set({ instrument: name, side: 'buy' }, book.bids.size);
      metrics.orderbookDepth.set({ instrument: name, side: 'sell' }, book.asks.size);
    }
  };

  const createServer = (
    table: InstrumentTable, streams: StreamServer, live: Market, summary: MarketStatistics,
  ): HttpServer => {
    const trading = new Trading(engine, history, {
      waitFor: (position, timeoutMs) => commits.waitFor(position, timeoutMs),
      staleness: () => status.staleness(),
    }, table, {
      massCancelPage: config.massCancelPage,
      ackAfter: config.ackAfter,
      engineTimeoutMs: config.engineTimeoutMs,
      readBarrierTimeoutMs: config.readBarrierTimeoutMs,
      digest: idempotencyDigest,
    }, orderMetrics(metrics, logger.child({ part: 'orders' })));
    const marketReader = new MarketReader({
      book: readBook,
      bookOrders: (instrument, levels, topLevels) => engine.readOrders(instrument, levels, config.orderbookOrdersMax, topLevels),
      recentTrades: (instrument, count, before) => engine.recentTrades(instrument, count, before),
      olderTrades: (instrument, before, count) => history.trades(instrument, before, count),
      ticker: (instrument) => readTicker(live, summary, instrument),
      staleness: () => status.staleness(),
      state: async () => (await engine.meta())?.state ?? 'empty',
    }, table);
    const candles = new CandleReader({
      unrecorded: async (instrument) => {
        const position = await engine.position();
        if (!(await summary.waitFor(position, config.readBarrierTimeoutMs))) return null;
        const trades = summary.tail(instrument, position.epoch);
        return trades === null ? null : { epoch: position.epoch, trades };
      },
      recorded: (...range) => candleHistory.candles(...range),
      recordedBefore: (...range) => candleHistory.candleBefore(...range),
      remembered: (instrument, intervalS) => summary.remembered(instrument, intervalS),
      nowS: () => summary.nowS(),
      staleness: () => status.staleness(),
    }, table);
    const dispatcher = new Dispatcher(config, logger.child({ part: 'http' }), {
      request: (method, route, code, seconds) => metrics.httpSeconds.observe({ method, route, status: code }, seconds),
    });
    const native = nativeDialect(config, {
      ready: () => status.ready(),
      metrics: async () => ({
        contentType: metrics.registry.contentType, text: await (workerMetrics?.text() ?? metrics.registry.metrics()),
      }),
    }, logger, { connections: (count) => metrics.orderEntryConnections.set(count) });
    const services = { trading, market: marketReader, candles, streams, instruments: table, dispatcher };
    const routes = new RouteTable([native, ...options.dialects ?? []].map((make) => make(services)));
    const express = createExpressApp(routes, dispatcher);
    return new HttpServer({
      host: config.host,
      port: config.port,
      connectionsMax: config.httpConnectionsMax,
      requestTimeoutMs: config.requestTimeoutMs,
    }, routes, express, dispatcher, new OriginGuard(config), options.hotPath ?? true);
  };

  const keeper = new ShardKeeper(
    engine, history, () => RecoverySource.open(database, config.shard, RECORD_WAIT_MS), new ShardRestorer(redis, config.shard),
    config, logger.child({ part: 'recovery' }), {
      recovered: (report) => metrics.recoveries.inc({ reason: report.reason }),
    },
  );
  redis.onReady(() => {
    keeper.nudge();
    // It may be another Redis, or the same one with other settings.
    void redisSettings.check();
  });
  redis.onLost(() => keeper.connectionLost());

  /** Waits out a Postgres that is not there yet; what it refuses is an error. */
  const prepareRecord = async (): Promise<readonly Instrument[]> => {
    for (;;) {
      try {
        await requireSessions(database);
        await migrate(database);
        return await new InstrumentRegister(database).reconcile(config.instruments);
      } catch (error) {
        if (!(error instanceof DatabaseUnavailableError)) throw error;
        logger.warn({ err: error }, 'waiting for postgres');
        await sleep(START_RETRY_MS);
        if (draining) return [];
      }
    }
  };

  const table = new InstrumentTable(config.instruments);
  let server: HttpServer | null = null;

  return {
    async start() {
      // Listening first: probes and clients are told what is missing instead of finding nobody.
      if (stream !== null && market !== null && statistics !== null) server = createServer(table, stream, market, statistics);
      const port = server === null ? null : await server.listen();
      keeper.holdOff();
      await redis.connect();
      await requireRedisRights(redis, library, config.shard, decodeURIComponent(new URL(config.redisUrl).username) || 'default', config.engineTimeoutMs);
      table.addRetired(await prepareRecord());
      await engine.load();
      // Before anything is acknowledged.
      await Promise.all([redisSettings.check(), postgresSettings.check()]);
      keeper.start();
      await Promise.all([writerLog?.connect(), marketLog?.connect()]);
      writer?.start();
      market?.start();
      statistics?.start();
      await Promise.race([keeper.joined, stopped]);
      await market?.waitUntilSynced(START_SYNC_MS);
      await statistics?.untilComplete(START_SYNC_MS);
      logger.info({ port, pid: process.pid, roles: [...config.roles] }, 'serving');
      return { port };
    },

    async stop() {
      draining = true;
      markStopped();
      await server?.close(config.shutdownTimeoutMs);
      await writer?.stop(config.shutdownTimeoutMs);
      // The stream closes last: its clients see everything that was answered.
      const end = market !== null && redis.isReady ? await engine.position().catch(() => null) : null;
      if (end !== null) await market?.waitFor(end, LAST_ENTRIES_WAIT_MS);
      await stream?.close();
      const marketStopped = market?.stop();
      writerLog?.close();
      marketLog?.close();
      await marketStopped;
      await statistics?.stop();
      await keeper.stop();
      await Promise.all([redisSettings.stop(), postgresSettings.stop()]);
      engine.close();
      redis.close();
      await database.close();
    },
  };
}
