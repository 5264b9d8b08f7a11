import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { InstrumentTable } from './api/instrument-table';
import { MarketDataApi, type BookView } from './api/market-data';
import { OrdersApi } from './api/orders';
import { openapiDocument } from './api/openapi';
import type { Config } from './config';
import { Engine } from './engine/engine';
import { idempotencyDigest } from './engine/idempotency';
import { buildLibrary } from './engine/library';
import { RedisConnection } from './engine/redis-connection';
import { Dispatcher } from './http/dispatch';
import { createExpressApp } from './http/express-app';
import { HttpServer, type Upgrade } from './http/http-server';
import { apiRoutes } from './http/routes';
import { LogReader } from './log/log-reader';
import { createMetrics, type Metrics } from './metrics';
import { CommitWatcher } from './persistence/commit-watcher';
import { Database, DatabaseUnavailableError } from './persistence/database';
import { History } from './persistence/history';
import { InstrumentRegister } from './persistence/instrument-register';
import { applySchema } from './persistence/migrate';
import { Writer } from './persistence/writer';
import { lineageOf } from './recovery/lineage';
import { Status } from './status';
import { Market } from './stream/market';
import { StreamServer } from './stream/stream-server';

export interface App {
  /** Resolves once it serves. @returns the port, null without the api role */
  start(): Promise<{ readonly port: number | null }>;
  /** Stops accepting, finishes what is in flight, flushes the writer, closes the streams. */
  stop(): Promise<void>;
}

export interface AppOptions {
  /** Off sends every request through Express; both ways answer alike. */
  readonly hotPath?: boolean;
}

/** An order book read waits this long for the local replica before it asks Redis. */
const REPLICA_WAIT_MS = 50;

function orderMetrics(metrics: Metrics) {
  return {
    received: (instrument: string, type: string, side: string) => metrics.ordersReceived.inc({ instrument, type, side }),
    matched: (instrument: string, trades: number) => {
      metrics.ordersMatched.inc({ instrument });
      metrics.trades.inc({ instrument }, trades);
    },
    rejected: (instrument: string, reason: string) => metrics.ordersRejected.inc({ instrument, reason }),
    latency: (instrument: string, type: string, seconds: number) => metrics.orderLatency.observe({ instrument, type }, seconds),
  };
}

/** Wires the parts together. Nothing runs before `start`. */
export function createApp(config: Config, logger: Logger, options: AppOptions = {}): App {
  const isApi = config.roles.has('api');
  const isWriter = config.roles.has('writer');
  const metrics = createMetrics();

  const redis = new RedisConnection(config.redisUrl, 'engine', logger);
  const engine = new Engine(redis, buildLibrary(), config.shard, {
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
  const commits = new CommitWatcher({ persisted: async () => (await engine.meta())?.persisted ?? 0 });

  const writerLog = isWriter ? new LogReader(config.redisUrl, config.shard, 'writer', logger) : null;
  const writer = writerLog === null ? null : new Writer(database, history, writerLog, engine, {
    shard: config.shard,
    batchEntriesMax: config.writerBatchEntriesMax,
    keep: { entries: config.logTailEntries, trades: config.recentTradesKept },
    idempotencyTtlS: config.idempotencyTtlS,
  }, logger.child({ part: 'writer' }), {
    committed: (entries, seconds) => {
      metrics.writerBatchEntries.observe(entries);
      metrics.writerCommitSeconds.observe(seconds);
      commits.note(writer?.committedSequence ?? 0);
    },
    deadLetter: () => metrics.deadLetters.inc(),
    active: (isActive) => {
      metrics.writerActive.set(isActive ? 1 : 0);
      if (!isActive) commits.reset();
    },
  });

  const marketLog = isApi ? new LogReader(config.redisUrl, config.shard, 'market', logger) : null;
  const names = config.instruments.map((instrument) => instrument.instrument);
  const stream = isApi ? new StreamServer(config.instruments, {
    connectionsMax: config.streamConnectionsMax,
    messageBytesMax: config.streamMessageBytesMax,
    bufferBytesMax: config.streamBufferBytesMax,
    heartbeatMs: config.streamHeartbeatMs,
  }, logger.child({ part: 'stream' }), {
    connections: (count) => metrics.websocketConnections.set(count),
    dropped: () => metrics.streamDropped.inc(),
    sent: (count) => metrics.streamMessages.inc(count),
  }) : null;
  const market = marketLog === null || stream === null
    ? null
    : new Market(names, engine, marketLog, stream, logger.child({ part: 'market' }));
  if (market !== null) stream?.attach(market);

  let draining = false;
  const status = new Status({
    roles: [...config.roles],
    shard: config.shard,
    meta: () => engine.meta(),
    oldestUnpersistedUs: (meta) => engine.entryTimeUs(meta.persisted + 1),
    pingPostgres: () => database.ping(),
    writerActive: () => writer?.committedSequence !== null && writer !== null,
    marketSynced: () => market?.synced ?? false,
    draining: () => draining,
  });

  /** From memory where the replica provably has everything acknowledged so far, else from Redis. */
  const readBook = async (instrument: string, levels: number): Promise<BookView> => {
    if (market !== null && await market.waitFor(await engine.sequence(), REPLICA_WAIT_MS)) {
      const book = market.book(instrument);
      if (book !== undefined) {
        return { sequence: market.sequence, timeUs: market.timeUs, bids: book.bids.top(levels), asks: book.asks.top(levels) };
      }
    }
    return engine.readBook(instrument, levels);
  };
  const isHistoryAway = (error: unknown): boolean => error instanceof DatabaseUnavailableError;

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

  const createServer = (table: InstrumentTable, streams: StreamServer): HttpServer => {
    const orders = new OrdersApi(engine, history, {
      waitFor: (sequence, timeoutMs) => commits.waitFor(sequence, timeoutMs),
      staleness: () => status.staleness(),
    }, table, {
      batchOperationsMax: config.batchOperationsMax,
      ordersLimitMax: config.ordersLimitMax,
      massCancelPage: config.massCancelPage,
      ackAfter: config.ackAfter,
      engineTimeoutMs: config.engineTimeoutMs,
      readBarrierTimeoutMs: config.readBarrierTimeoutMs,
      digest: idempotencyDigest,
      isHistoryAway,
    }, orderMetrics(metrics));
    const marketData = new MarketDataApi({
      book: readBook,
      recentTrades: (instrument, count, before) => engine.recentTrades(instrument, count, before),
      olderTrades: (instrument, before, count) => history.trades(instrument, before, count),
      isHistoryAway,
      staleness: () => status.staleness(),
      state: async () => (await engine.meta())?.state ?? 'empty',
    }, table, config);
    const routes = apiRoutes(orders, marketData);
    const dispatcher = new Dispatcher(config, logger.child({ part: 'http' }), {
      request: (method, route, code, seconds) => metrics.httpSeconds.observe({ method, route, status: code }, seconds),
    });
    const express = createExpressApp(routes, { '/openapi.json': openapiDocument }, {
      ready: () => status.ready(),
      metrics: async () => {
        // The page answers while Redis is away, with the gauges as they were.
        await refreshGauges().catch(() => undefined);
        return { contentType: metrics.registry.contentType, text: await metrics.registry.metrics() };
      },
    }, dispatcher);
    const upgrades = new Map<string, Upgrade>([
      ['/stream', (request, socket, head, query) => streams.upgrade(request, socket, head, query)],
    ]);
    return new HttpServer({
      host: config.host,
      port: config.port,
      connectionsMax: config.httpConnectionsMax,
      requestTimeoutMs: config.requestTimeoutMs,
    }, routes, express, dispatcher, upgrades, options.hotPath ?? true);
  };

  /** Begins the first life, or finds the one that goes on. */
  const joinShard = async (): Promise<void> => {
    const [meta, checkpoint] = [await engine.meta(), await history.checkpoint()];
    const lineage = lineageOf(meta, checkpoint);
    if (lineage === 'first_start') {
      // Postgres first: should Redis be lost before its turn, it is an empty shard that is rebuilt.
      await history.createCheckpoint(randomUUID());
      const begun = await history.checkpoint();
      if (begun !== null) await engine.initialise(begun.epoch);
      return joinShard();
    }
    if (lineage !== 'normal' || meta === null || checkpoint === null) {
      throw new Error(`the shard cannot be traded on: ${lineage}, redis ${meta?.epoch}/${meta?.sequence}, postgres ${checkpoint?.epoch}/${checkpoint?.sequence}`);
    }
    engine.bind(meta.epoch, checkpoint.sequence);
    logger.info({ shard: config.shard, epoch: meta.epoch, sequence: meta.sequence, checkpoint: checkpoint.sequence, state: meta.state }, 'shard joined');
  };

  let server: HttpServer | null = null;

  return {
    async start() {
      await redis.connect();
      await engine.load();
      await applySchema(database);
      const retired = await new InstrumentRegister(database).reconcile(config.instruments);
      await joinShard();
      await Promise.all([writerLog?.connect(), marketLog?.connect()]);
      writer?.start();
      market?.start();
      if (stream === null) return { port: null };
      server = createServer(new InstrumentTable(config.instruments, retired), stream);
      const port = await server.listen();
      logger.info({ port, roles: [...config.roles] }, 'serving');
      return { port };
    },

    async stop() {
      draining = true;
      await server?.close(config.shutdownTimeoutMs);
      await writer?.stop(config.shutdownTimeoutMs);
      // The stream closes last: its clients see everything that was answered.
      if (market !== null && redis.isReady) await market.waitFor(await engine.sequence().catch(() => 0), 1_000);
      await stream?.close();
      const stopped = market?.stop();
      writerLog?.close();
      marketLog?.close();
      await stopped;
      redis.close();
      await database.close();
    },
  };
}
