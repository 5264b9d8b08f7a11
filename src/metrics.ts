import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

const LATENCY_BUCKETS_S = [
  0.0001, 0.00025, 0.0005, 0.00075, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
];

/**
 * Every metric of the service. Labels are instruments, types, routes and codes, never an order or a client.
 * @param refresh sets the gauges of what is looked up
 */
export function createMetrics(refresh: () => Promise<void>) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  let refreshing: Promise<void> | null = null;
  /** What is looked up when the metrics are read, once for all of them; an error leaves them as they were. */
  const collect = (): Promise<void> => refreshing ??= refresh().catch(() => undefined).finally(() => { refreshing = null; });
  // Every process tells the same of these: several workers' values are no sum, as those of all others are.
  const shared = { aggregator: 'max', collect } as const;
  return {
    registry,
    ordersReceived: new Counter({ name: 'orders_received_total', help: 'Orders received.', labelNames: ['instrument', 'type', 'side'], registers }),
    ordersMatched: new Counter({ name: 'orders_matched_total', help: 'Orders that traded when they came in.', labelNames: ['instrument'], registers }),
    ordersRejected: new Counter({ name: 'orders_rejected_total', help: 'Orders turned down.', labelNames: ['instrument', 'reason'], registers }),
    trades: new Counter({ name: 'trades_total', help: 'Trades.', labelNames: ['instrument'], registers }),
    orderLatency: new Histogram({ name: 'order_latency_seconds', help: 'From the request read to the answer ready.', labelNames: ['instrument', 'type'], buckets: LATENCY_BUCKETS_S, registers }),
    orderbookDepth: new Gauge({ ...shared, name: 'current_orderbook_depth', help: 'Price levels in the book.', labelNames: ['instrument', 'side'], registers }),
    orderEntryConnections: new Gauge({ name: 'order_entry_connections', help: 'Open order entry connections.', registers }),
    websocketConnections: new Gauge({ name: 'websocket_connections', help: 'Open stream connections, WebSockets and event streams.', registers }),
    engineCallSeconds: new Histogram({ name: 'engine_call_seconds', help: 'One engine call, network and fsync included.', buckets: LATENCY_BUCKETS_S, registers }),
    engineCallCommands: new Histogram({ name: 'engine_call_commands', help: 'Commands in one engine call.', buckets: [1, 2, 5, 10, 20, 50, 100], registers }),
    logLength: new Gauge({ ...shared, name: 'log_length_entries', help: 'Entries in the shard log, its kept tail included.', registers }),
    writerLagEntries: new Gauge({ ...shared, name: 'writer_lag_entries', help: 'Log entries that are not in Postgres yet.', registers }),
    writerLagSeconds: new Gauge({ ...shared, name: 'writer_lag_seconds', help: 'Age of the oldest log entry that is not in Postgres yet.', registers }),
    peopleStaleSeconds: new Gauge({ ...shared, name: 'people_stale_seconds', help: 'For how long nothing was heard of Postgres about users and keys.', registers }),
    passwordsHashed: new Gauge({ name: 'passwords_hashing', help: 'Passwords that are being hashed.', collect, registers }),
    passwordsWaiting: new Gauge({ name: 'passwords_waiting', help: 'Passwords that wait for that.', labelNames: ['standing'], collect, registers }),
    loginProviderDown: new Gauge({ ...shared, name: 'login_provider_down', help: '1 while the provider of logins does not answer and is not asked.', registers }),
    writerBatchEntries: new Histogram({ name: 'writer_batch_entries', help: 'Log entries in one transaction.', buckets: [1, 10, 50, 100, 500, 1000, 2000, 5000], registers }),
    writerCommitSeconds: new Histogram({ name: 'writer_commit_seconds', help: 'One transaction of the writer.', buckets: LATENCY_BUCKETS_S, registers }),
    writerActive: new Gauge({ name: 'writer_active', help: '1 while this process is the writer of its shard.', registers }),
    balanceAuditLastOk: new Gauge({ name: 'balance_audit_last_ok_seconds', help: 'When all balances were last found to add up, in seconds since 1970; 0 before the first time.', registers }),
    balanceAuditBreaches: new Counter({ name: 'balance_audit_breaches_total', help: 'Times that balances were found not to add up.', registers }),
    deadLetters: new Counter({ name: 'dead_letters_total', help: 'Log entries that Postgres refused.', registers }),
    recoveries: new Counter({ name: 'recoveries_total', help: 'Rebuilds of Redis from Postgres.', labelNames: ['reason'], registers }),
    algosRunning: new Gauge({ ...shared, name: 'algos_running', help: 'Parent orders that run.', registers }),
    algosEnded: new Counter({ name: 'algos_ended_total', help: 'Parent orders that have come to their end.', labelNames: ['status'], registers }),
    algoSlices: new Counter({ name: 'algo_slices_total', help: 'Slices of parent orders, by what came of them.', labelNames: ['status'], registers }),
    streamDropped: new Counter({ name: 'stream_clients_dropped_total', help: 'Stream clients closed because they fell behind.', registers }),
    streamResynced: new Counter({ name: 'stream_clients_resynced_total', help: 'Stream clients sent a fresh snapshot.', registers }),
    streamBehind: new Counter({ name: 'stream_clients_behind_total', help: 'Times that a stream client fell behind and its book changes were merged.', registers }),
    streamMessages: new Counter({ name: 'stream_messages_total', help: 'Stream messages sent.', registers }),
    httpSeconds: new Histogram({ name: 'http_request_seconds', help: 'HTTP requests.', labelNames: ['method', 'route', 'status'], buckets: LATENCY_BUCKETS_S, registers }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
