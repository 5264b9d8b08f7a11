import type { ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import type { Answer } from '../api/answer';
import { Problem } from '../api/problem';
import type { Dispatcher } from './dispatch';
import { DOCS_SCRIPT, docsPage } from './docs-page';
import type { Route } from './routes';
import { traceOf } from './trace';

export interface Probes {
  /** GET /readyz: status 200 or 503 with each dependency. */
  ready(): Promise<Answer>;
  /** Prometheus text. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** The stream as server-sent events. */
export interface EventStreams {
  /**
   * @param lastEventId what a client that connects again has seen last
   * @returns what begins the stream on a response whose head is out
   * @throws Problem for a query that is not understood, or one connection too many
   */
  open(query: string, lastEventId: string | undefined, address: string): (response: ServerResponse) => void;
}

const DOCS_PACKAGE = dirname(require.resolve('swagger-ui-dist/package.json'));
/** All that the page loads of the package; the package's own page and its maps stay out. */
const DOCS_ASSETS = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];

/** The page's headers: nothing from elsewhere, nothing inline but the styles that the page's code sets itself. */
const docsHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
      imgSrc: ["'self'", 'data:'],
      objectSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
    },
  },
  // The service speaks plain HTTP: whoever puts TLS before it says so there. A browser that was told to insist on
  // https, for the page's files or for the host, would find nothing.
  strictTransportSecurity: false,
  // Ignored, with a complaint in the console, wherever the page is not on https or the local host.
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  xFrameOptions: { action: 'deny' },
});

/** What the dispatcher's answers carry, for those that it does not make. */
function traced(request: Request, response: Response, next: NextFunction): void {
  const { requestId, traceparent } = traceOf(request);
  response.set({ 'X-Request-Id': requestId, traceparent });
  next();
}

/** Everything but the hot path: routes by Express, answers by the dispatcher. */
export function createExpressApp(
  routes: readonly Route[], documents: Readonly<Record<string, unknown>>, probes: Probes, streams: EventStreams, dispatcher: Dispatcher,
): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.set('query parser', false);

  const allowed = new Map<string, Set<string>>();
  const allow = (path: string, method: string): void => {
    const methods = allowed.get(path) ?? new Set();
    allowed.set(path, methods.add(method));
    if (method === 'GET') methods.add('HEAD');
  };
  const json = (path: string, answer: () => Promise<Answer>): void => {
    allow(path, 'GET');
    app.get(path, (request, response) => dispatcher.respond(request, response, path, answer));
  };

  for (const route of routes) {
    allow(route.path, route.method);
    const method = route.method.toLowerCase() as 'get' | 'post' | 'patch' | 'delete';
    app[method](route.path, (request: Request, response: Response) => {
      const mark = request.originalUrl.indexOf('?');
      return dispatcher.run(route, request, response, request.params as Record<string, string>, mark < 0 ? '' : request.originalUrl.slice(mark + 1));
    });
  }
  json('/healthz', () => Promise.resolve({ status: 200, body: { status: 'ok' } }));
  json('/readyz', () => probes.ready());
  for (const [path, document] of Object.entries(documents)) {
    json(path, () => Promise.resolve({ status: 200, body: document }));
  }
  json('/stream', () => Promise.reject(new Problem('upgrade_required', {
    headers: { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' },
  })));
  allow('/public/stream', 'GET');
  app.get('/public/stream', (request, response) => dispatcher.respond(request, response, '/public/stream', async (trace) => {
    const mark = request.originalUrl.indexOf('?');
    const begin = streams.open(mark < 0 ? '' : request.originalUrl.slice(mark + 1), request.get('last-event-id'), request.socket.remoteAddress ?? '');
    // Set one by one: what writeHead takes cannot be asked for later.
    response.setHeaders(new Map([
      ['Content-Type', 'text/event-stream'],
      ['Cache-Control', 'no-store'],
      ['X-Content-Type-Options', 'nosniff'],
      // A proxy that gathers the answer first would never pass it on.
      ['X-Accel-Buffering', 'no'],
      ['X-Request-Id', trace.requestId],
      ['traceparent', trace.traceparent],
      ['Connection', 'close'],
    ]));
    response.writeHead(200);
    if (request.method === 'HEAD') response.end();
    else begin(response);
    return null;
  }));
  allow('/metrics', 'GET');
  app.get('/metrics', (request, response) => dispatcher.respond(request, response, '/metrics', async () => {
    const { contentType, text } = await probes.metrics();
    return { status: 200, body: text, headers: { 'Content-Type': contentType } };
  }));
  allow('/docs', 'GET');
  app.use('/docs', traced, docsHeaders);
  app.get('/docs', (request, response) => { response.type('html').send(docsPage(request.path.endsWith('/'))); });
  app.get('/docs/start.js', (_request, response) => { response.type('js').send(DOCS_SCRIPT); });
  for (const file of DOCS_ASSETS) {
    app.get(`/docs/assets/${file}`, (_request, response) => { response.sendFile(file, { root: DOCS_PACKAGE, maxAge: '1h', acceptRanges: false }); });
  }

  for (const [path, methods] of allowed) {
    app.all(path, (request, response) => dispatcher.respond(request, response, path, () => Promise.reject(
      new Problem('method_not_allowed', { headers: { Allow: [...methods].join(', ') } }),
    )));
  }
  app.use((request: Request, response: Response) => dispatcher.respond(request, response, 'none', () => Promise.reject(new Problem('not_found'))));
  // Express' own refusals, such as a path that is no valid percent-encoding. It tells them by four parameters.
  app.use((error: { status?: number }, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) { next(error); return; }
    const isClients = error.status !== undefined && error.status < 500;
    void dispatcher.respond(request, response, 'none', () => Promise.reject(
      isClients ? new Problem('validation_failed', { detail: 'The address is not valid.' }) : (error as Error),
    ));
  });
  return app;
}
