import type { Logger } from 'pino';
import type { Config } from '../config';
import type { Services } from '../dialects/services';
import type { AssetTable } from '../domain/asset-table';
import type { InstrumentTable } from '../domain/instrument-table';
import { idempotencyDigest, referenceDigest, reversalDigest } from '../engine/idempotency';
import { CandleReader } from '../market/candle-reader';
import { MarketReader } from '../market/market-reader';
import type { Metrics } from '../metrics';
import type { People } from '../people/people';
import { Money } from '../money/money';
import type { LiveMarket, Shard } from '../shard/shard';
import type { Venue } from '../shard/venue';
import type { Status } from '../status';
import { Algos, stopAlgosOf } from '../trading/algos';
import type { CommitWatch } from '../trading/ports';
import { Trading } from '../trading/trading';
import { marksOf } from './marks';
import { moneyEngineOf, moneyRecordOf } from './money-ports';
import { tradingObserver } from './observers';

function watchOf({ commits }: Shard, status: Status): CommitWatch {
  return { waitFor: (position, timeoutMs) => commits.waitFor(position, timeoutMs), staleness: () => status.staleness() };
}

/** Trading over a shard: for whoever asks, and for what the venue does by itself. */
export function createTrading(
  config: Config, shard: Shard, table: InstrumentTable, assets: AssetTable, status: Status, metrics: Metrics, people: People | null, logger: Logger,
): Trading {
  const { connection: { engine, history, people: record } } = shard;
  return new Trading(engine, history, watchOf(shard, status), table, assets, {
    massCancelPage: config.massCancelPage,
    stopAlgos: async (clientId) => stopAlgosOf(shard.connection.algos, (await engine.clock()).timeUs, clientId),
    ackAfter: config.ackAfter,
    engineTimeoutMs: config.engineTimeoutMs,
    readBarrierTimeoutMs: config.readBarrierTimeoutMs,
    disconnectMs: config.cancelOnDisconnectMs,
    leasesFailed: (error) => logger.warn({ err: error }, 'leases of connections could not be renewed'),
    selfTrade: {
      mode: config.auth === 'off' ? 'none' : 'cancel_taker',
      accountsBeside: (account) => {
        if (config.stpScope === 'account' || config.auth === 'off') return [];
        // What the venue places by itself may be due before everybody is known, or where nobody asks.
        return people?.directory.isLoaded === true ? people.directory.accountsBeside(account) : record.accountsBeside(account);
      },
    },
    digest: idempotencyDigest,
  }, tradingObserver(metrics, logger.child({ part: 'orders' })));
}

/** The use cases over a shard that is served: what every dialect works with. */
export function createServices(
  config: Config, venue: Venue<Shard>, shard: Shard, live: LiveMarket, table: InstrumentTable, assets: AssetTable, status: Status, trading: Trading,
  people: People | null, algoStarted: () => void,
): Omit<Services, 'streams' | 'dispatcher'> {
  const { connection: { engine }, candleHistory } = shard;
  const { statistics } = live;
  const algos = new Algos(shard.connection.algos, () => engine.clock(), table, {
    perAccountMax: config.algosPerAccountMax, stopTimeoutMs: config.engineTimeoutMs, digest: idempotencyDigest,
  }, algoStarted);
  const market = new MarketReader({
    book: (instrument, levels) => venue.ofInstrument(instrument).readBook(instrument, levels),
    bookOrders: (instrument, levels, topLevels) => (
      venue.ofInstrument(instrument).connection.engine.readOrders(instrument, levels, config.orderbookOrdersMax, topLevels)
    ),
    auction: (instrument) => venue.ofInstrument(instrument).connection.engine.readAuction(instrument),
    recentTrades: (instrument, count, before) => venue.ofInstrument(instrument).connection.engine.recentTrades(instrument, count, before),
    olderTrades: (instrument, before, count) => venue.ofInstrument(instrument).connection.history.trades(instrument, before, count),
    ticker: (instrument) => venue.ofInstrument(instrument).readTicker(live, instrument),
    staleness: () => status.staleness(),
    state: async () => (await engine.meta())?.state ?? 'empty',
    feeGroups: () => engine.readFeeGroups(),
  }, table, assets);
  const candles = new CandleReader({
    unrecorded: async (instrument) => {
      const position = await engine.position();
      if (!(await statistics.waitFor(position, config.readBarrierTimeoutMs))) return null;
      const trades = statistics.tail(instrument, position.epoch);
      return trades === null ? null : { epoch: position.epoch, trades };
    },
    recorded: (...range) => candleHistory.candles(...range),
    recordedBefore: (...range) => candleHistory.candleBefore(...range),
    remembered: (instrument, intervalS) => statistics.remembered(instrument, intervalS),
    nowS: () => statistics.nowS(),
    staleness: () => status.staleness(),
  }, table);
  const money = new Money({
    engine: moneyEngineOf(engine), record: moneyRecordOf(shard.connection), commits: watchOf(shard, status), marks: marksOf(venue), audit: shard.balanceAudit,
  }, table, assets, {
    funds: config.funds,
    ackAfter: config.ackAfter,
    engineTimeoutMs: config.engineTimeoutMs,
    readBarrierTimeoutMs: config.readBarrierTimeoutMs,
    digest: idempotencyDigest,
    referenceDigest,
    reversalDigest,
    nowMs: () => Date.now(),
  });
  return { trading, algos, market, money, candles, instruments: table, people };
}
