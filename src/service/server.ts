import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { Problem, invalid } from '../api/problem';
import type { Config } from '../config';
import { nativeDialect } from '../dialects/native/native';
import { OrderEntryServer } from '../dialects/native/order-entry';
import { NativeStreamDialect } from '../dialects/native/stream';
import type { DialectMaker, Services } from '../dialects/services';
import { Dispatcher } from '../http/dispatch';
import { createExpressApp } from '../http/express-app';
import { HttpServer, type Upgrade } from '../http/http-server';
import { OriginGuard } from '../http/origin-guard';
import { parametersOf, parseQuery } from '../http/query';
import { RouteTable } from '../http/route-table';
import type { Metrics } from '../metrics';
import type { Status } from '../status';
import type { StreamDialect } from '../stream/dialect';
import type { StreamServer } from '../stream/stream-server';

export interface ServerOptions {
  /** Off sends every request through Express; both ways answer alike. */
  readonly hotPath?: boolean;
  /** Dialects of the stream beside the venue's own, each on a path of its own. */
  readonly streamDialects?: ReadonlyMap<string, StreamDialect>;
  /** Beside the native one. */
  readonly dialects?: readonly DialectMaker[];
}

/** Checks what a client of server-sent events asks for, ahead of the response's head. */
function openEvents(
  streams: StreamServer, dialect: StreamDialect, query: string, lastEventId: string | undefined, address: string,
): (response: ServerResponse) => void {
  // What is no query at all is refused as it is everywhere.
  parseQuery(query);
  const opened = dialect.open(parametersOf(query), lastEventId);
  if ('error' in opened.start) {
    const { field = '', message } = opened.start.error;
    throw invalid([{ field, message: message.slice(field.length).trimStart() }]);
  }
  const refusal = streams.refusal(address);
  if (refusal !== null) throw new Problem(refusal);
  return (response) => streams.acceptEvents(response, address, opened);
}

/** The upgrade to a path on which the stream speaks a dialect. */
function streamUpgrade(streams: StreamServer, dialect: StreamDialect): Upgrade {
  return (request, socket, head, query) => {
    const refusal = streams.refusal(request.socket.remoteAddress ?? '');
    if (refusal === null) streams.upgrade(request, socket, head, dialect.open(query));
    return refusal;
  };
}

/** The service's one port: every dialect's routes and upgrades over the use cases. */
export interface ServiceServer {
  readonly http: HttpServer;
  readonly orderEntry: OrderEntryServer;
}

/** @param metricsText of this process, or of all workers */
export function createServer(
  config: Config, services: Services, streams: StreamServer, status: Status, metrics: Metrics, metricsText: () => Promise<string>,
  logger: Logger, options: ServerOptions,
): ServiceServer {
  const streamDialect = new NativeStreamDialect(config.instruments, config.orderbookLevelsMax);
  const dispatcher = new Dispatcher(config, logger.child({ part: 'http' }), {
    request: (method, route, code, seconds) => metrics.httpSeconds.observe({ method, route, status: code }, seconds),
  });
  const native = nativeDialect(services, {
    ready: () => status.ready(),
    metrics: async () => ({ contentType: metrics.registry.contentType, text: await metricsText() }),
  }, {
    open: (query, lastEventId, address) => openEvents(streams, streamDialect, query, lastEventId, address),
  }, config);
  const routes = new RouteTable([native, ...(options.dialects ?? []).map((make) => make(services))]);
  const express = createExpressApp(routes, dispatcher);
  const orderEntry = new OrderEntryServer(native, dispatcher, {
    connectionsMax: config.orderEntryConnectionsMax,
    inFlightMax: config.orderEntryInFlightMax,
    messageBytesMax: config.bodyBytesMax,
    bufferBytesMax: config.orderEntryBufferBytesMax,
    pingMs: config.orderEntryPingMs,
    requestTimeoutMs: config.requestTimeoutMs,
  }, logger.child({ part: 'order-entry' }), { connections: (count) => metrics.orderEntryConnections.set(count) });
  const upgrades = new Map<string, Upgrade>([
    ['/stream', streamUpgrade(streams, streamDialect)],
    ['/orders', (request, socket, head) => orderEntry.upgrade(request, socket, head)],
    ...[...options.streamDialects ?? []].map(([path, dialect]) => [path, streamUpgrade(streams, dialect)] as const),
  ]);
  const http = new HttpServer({
    host: config.host,
    port: config.port,
    connectionsMax: config.httpConnectionsMax,
    requestTimeoutMs: config.requestTimeoutMs,
  }, routes, express, dispatcher, new OriginGuard(config), upgrades, options.hotPath ?? true);
  return { http, orderEntry };
}
