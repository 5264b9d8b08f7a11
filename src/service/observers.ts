import type { Logger } from 'pino';
import type { AlgoStatus, SliceStatus } from '../domain/algo';
import type { Metrics } from '../metrics';
import type { StreamObserver } from '../stream/options';
import type { TradingObserver } from '../trading/ports';

/** What the parts tell of themselves, as metrics and log lines. */

export function tradingObserver(metrics: Metrics, logger: Logger): TradingObserver {
  return {
    received: (instrument, type, side) => metrics.ordersReceived.inc({ instrument, type, side }),
    matched: (instrument, trades) => {
      metrics.ordersMatched.inc({ instrument });
      metrics.trades.inc({ instrument }, trades);
    },
    rejected: (instrument, reason) => metrics.ordersRejected.inc({ instrument, reason }),
    latency: (instrument, type, seconds) => metrics.orderLatency.observe({ instrument, type }, seconds),
    failed: (error, requestId) => logger.error({ err: error, request_id: requestId }, 'operation failed'),
  };
}

export function algoObserver(metrics: Metrics) {
  return {
    slice: (status: SliceStatus) => metrics.algoSlices.inc({ status }),
    ended: (status: AlgoStatus) => metrics.algosEnded.inc({ status }),
  };
}

export function streamObserver(metrics: Metrics): StreamObserver {
  return {
    connections: (count) => metrics.websocketConnections.set(count),
    dropped: () => metrics.streamDropped.inc(),
    resynced: () => metrics.streamResynced.inc(),
    behind: () => metrics.streamBehind.inc(),
    sent: (count) => metrics.streamMessages.inc(count),
  };
}
