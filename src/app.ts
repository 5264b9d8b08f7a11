import type { Logger } from 'pino';
import { CertificateReader } from './certificate-reader';
import type { Config } from './config';
import { AssetTable } from './domain/asset-table';
import { InstrumentTable } from './domain/instrument-table';
import { createMetrics } from './metrics';
import { AlgoRunner } from './duties/algo-runner';
import type { HashParameters } from './people/passwords';
import { algoObserver, streamObserver } from './service/observers';
import { createPeople } from './service/people';
import { createServer, type ServerOptions } from './service/server';
import { createServices, createTrading } from './service/services';
import { SlicePlacer } from './service/slice-placer';
import { Shard } from './shard/shard';
import { Venue } from './shard/venue';
import { Status } from './status';
import { AuctionChannel } from './stream/auction-channel';
import { MarketChannels } from './stream/market-channels';
import { StreamServer } from './stream/stream-server';
import { nameOfSubscription } from './stream/subscriptions';
import { WorkerMetrics, isWorker } from './workers';

export interface App {
  /** Resolves once it serves. @returns the port, null without the api role */
  start(): Promise<{ readonly port: number | null }>;
  /** Stops accepting, finishes what is in flight, flushes the writer, closes the streams. */
  stop(): Promise<void>;
  /** Reads the certificate's files again: new connections get what they hold; where they do not do, that is logged and all stays as it was. */
  renewCertificate(): void;
}

export interface AppOptions extends ServerOptions {
  /** What passwords are hashed with, where no password is worth guarding. */
  readonly hashing?: HashParameters | undefined;
}

function streamOf(config: Config, metrics: ReturnType<typeof createMetrics>, logger: Logger): StreamServer {
  return new StreamServer(config.instruments, {
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
  }, logger.child({ part: 'stream' }), streamObserver(metrics));
}

/** How often connections are looked at whose token may be over. */
const RECHECK_MS = 500;

/** Puts the parts together: a shard, its stream, and the use cases behind one port. Nothing runs before `start`. */
export function createApp(config: Config, logger: Logger, options: AppOptions = {}): App {
  const metrics = createMetrics(() => refreshGauges());
  const workerMetrics = isWorker() ? new WorkerMetrics(metrics.registry) : null;
  const stream = config.roles.has('api') ? streamOf(config, metrics, logger) : null;
  const table = new InstrumentTable(config.instruments);
  const assets = new AssetTable(config.assets);
  const shard: Shard = new Shard(config, logger, metrics, stream === null ? null : {
    instrument: ({ instrument }) => stream.know(table.of(instrument)),
    entry: (entry, market, changes) => stream.entry(entry, market, changes),
    reset: (market) => stream.reset(market),
    statistics: { changed: (...change) => channels?.changed(...change) },
  }, (rules, at) => {
    assets.take(rules);
    table.take(rules, at);
    venue.know(rules.instrument, shard);
  });
  const venue: Venue<Shard> = new Venue([{ shard, instruments: config.instruments }]);
  const { live } = shard;
  if (live !== null) stream?.attach(live.market, (after, count) => shard.olderEntries(after, count), (names) => shard.connection.engine.readAccounts(names));
  const channels = live === null || stream === null ? null : new MarketChannels(table, (name) => table.rulesOf(name, assets), stream, live.market, live.statistics);

  const auctions = live === null || stream === null ? null : new AuctionChannel(
    table, stream, live.market, (name) => shard.connection.engine.readAuction(name), (name) => table.rulesOf(name, assets).state, logger.child({ part: 'auctions' }),
  );

  let draining = false;
  const status: Status = new Status({
    roles: [...config.roles],
    shard: config.shard,
    meta: () => shard.connection.engine.meta(),
    oldestUnpersistedUs: (meta) => shard.connection.engine.entryTimeUs(meta.persisted + 1),
    pingPostgres: () => shard.connection.database.ping(),
    writerActive: () => (shard.writer === null ? null : shard.writer.committed !== null),
    epoch: () => shard.connection.engine.known?.epoch ?? null,
    // Books of another life of the shard are not behind: they are of something else.
    marketSynced: (epoch) => live !== null && live.market.synced && (epoch === null || live.market.epoch === epoch),
    draining: () => draining,
    problem: () => shard.keeper.problem,
    redisOutage: () => shard.connection.redis.outageReason,
    settings: { redis: () => shard.settings.redis.problems, postgres: () => shard.settings.postgres.problems },
    requireDurable: config.requireDurable,
    people: () => people?.health ?? null,
  });
  const refreshGauges = async (): Promise<void> => {
    if (people !== null) {
      const { staleMs, hashing, isProviderAsked } = people.health;
      metrics.peopleStaleSeconds.set(staleMs / 1_000);
      metrics.passwordsHashed.set(hashing.running);
      metrics.passwordsWaiting.set({ standing: 'known' }, hashing.waitingKnown);
      metrics.passwordsWaiting.set({ standing: 'stranger' }, hashing.waitingStrangers);
      if (isProviderAsked !== null) metrics.loginProviderDown.set(isProviderAsked ? 0 : 1);
    }
    const lag = await status.lag();
    metrics.writerLagEntries.set(lag.entries);
    metrics.writerLagSeconds.set(lag.seconds);
    metrics.logLength.set(await shard.connection.engine.logLength());
    if (shard.writer !== null) metrics.algosRunning.set(await shard.connection.algos.countRunning());
    for (const { instrument } of table.all) {
      const book = live?.market.book(instrument);
      if (book === undefined) continue;
      metrics.orderbookDepth.set({ instrument, side: 'buy' }, book.bids.size);
      metrics.orderbookDepth.set({ instrument, side: 'sell' }, book.asks.size);
    }
  };

  const metricsText = async (): Promise<string> => workerMetrics?.text() ?? metrics.registry.metrics();
  const people = live === null ? null : createPeople(config, shard.connection, options.hashing, logger.child({ part: 'people' }));
  const trading = createTrading(config, shard, table, assets, status, metrics, people, logger);
  const algoRunner = shard.writer === null ? null : new AlgoRunner(shard.connection.algos, new SlicePlacer(trading, table, config.engineTimeoutMs), {
    refusalsMax: config.algoRefusalsMax, isOnDuty: () => shard.isOnDuty(), clock: () => shard.connection.engine.clock(),
  }, logger.child({ part: 'algos' }), algoObserver(metrics));
  if (algoRunner !== null) shard.takeOn(algoRunner);
  const services = live === null ? null : createServices(config, venue, shard, live, table, assets, status, trading, people, () => algoRunner?.nudge());
  const recheck = (): void => {
    if (people !== null) stream?.recheck((caller) => people.gate.standing(caller));
  };
  people?.gate.onChange(recheck);
  if (people !== null) stream?.keepFollowed((caller, subscriptions) => people.followed(caller, subscriptions.map(nameOfSubscription)));
  let rechecks: NodeJS.Timeout | undefined;
  const certificates = config.tls === null ? null : new CertificateReader(config.tls, logger);
  const server = services === null || stream === null ? null
    : createServer(config, services, stream, status, metrics, metricsText, certificates?.first() ?? null, logger, options);

  return {
    async start() {
      // Listening first: probes and clients are told what is missing instead of finding nobody.
      const port = server === null ? null : await server.listen();
      shard.holdOff();
      table.addRetired(await shard.start());
      // As the register has them: what is in history only has assets as well.
      if (shard.assets.length > 0) assets.replace(shard.assets);
      await shard.untilServing();
      await people?.start();
      // A token's time ends without anybody changing anything.
      if (people !== null) rechecks = setInterval(recheck, RECHECK_MS);
      auctions?.start();
      logger.info({ port, pid: process.pid, roles: [...config.roles] }, 'serving');
      return { port };
    },

    async stop() {
      draining = true;
      shard.stopStarting();
      await server?.close(config.shutdownTimeoutMs);
      await shard.drain();
      clearInterval(rechecks);
      await auctions?.stop();
      await people?.stop();
      // The stream closes last: its clients see everything that was answered.
      await stream?.close();
      await shard.stop();
    },

    renewCertificate() {
      const renewed = server === null ? null : certificates?.renew() ?? null;
      if (renewed !== null) server?.renewCertificate(renewed);
    },
  };
}
