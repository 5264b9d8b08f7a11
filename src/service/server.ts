import type { Logger } from 'pino';
import type { Config } from '../config';
import { nativeDialect } from '../dialects/native/native';
import type { DialectMaker, Services } from '../dialects/services';
import type { Streams } from '../dialects/streams';
import { Dispatcher } from '../http/dispatch';
import { createExpressApp } from '../http/express-app';
import { HttpServer } from '../http/http-server';
import { onFirstUse } from '../http/on-first-use';
import { OriginGuard } from '../http/origin-guard';
import { Peers } from '../http/peers';
import { RouteTable } from '../http/route-table';
import type { Metrics } from '../metrics';
import type { Status } from '../status';
import type { TlsCertificate } from '../tls-files';

export interface ServerOptions {
  /** Off sends every request through Express; both ways answer alike. */
  readonly hotPath?: boolean;
  /** Beside the native one, each below a prefix of its own. */
  readonly dialects?: readonly DialectMaker[];
}

/**
 * The service's one port: every dialect's routes and upgrades over the use cases.
 * @param metricsText of this process, or of all workers
 * @param certificate null for plain HTTP
 */
export function createServer(
  config: Config, useCases: Omit<Services, 'streams' | 'dispatcher'>, streams: Streams, status: Status, metrics: Metrics,
  metricsText: () => Promise<string>, certificate: TlsCertificate | null, logger: Logger, options: ServerOptions,
): HttpServer {
  const peers = new Peers(config.trustedProxies);
  const dispatcher = new Dispatcher(config, logger.child({ part: 'http' }), {
    request: (method, route, code, seconds) => metrics.httpSeconds.observe({ method, route, status: code }, seconds),
  }, peers, useCases.people?.gate ?? null);
  const native = nativeDialect(config, {
    ready: () => status.ready(),
    metrics: async () => ({ contentType: metrics.registry.contentType, text: await metricsText() }),
  }, logger, { connections: (count) => metrics.orderEntryConnections.set(count) });
  const services: Services = { ...useCases, streams, dispatcher };
  const routes = new RouteTable([native, ...options.dialects ?? []].map((make) => make(services)));
  return new HttpServer({
    host: config.host,
    port: config.port,
    connectionsMax: config.httpConnectionsMax,
    requestTimeoutMs: config.requestTimeoutMs,
    certificate,
  }, routes, onFirstUse(() => createExpressApp(routes, dispatcher)), dispatcher, new OriginGuard(config, peers), peers, options.hotPath ?? true);
}
