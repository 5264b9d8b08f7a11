import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import { contextOf } from './context';
import type { Page } from './dialect';
import type { Dispatcher } from './dispatch';
import { RequestRefusal } from './request-refusal';
import { refusing, type RouteTable } from './route-table';

/** A page's headers: nothing from elsewhere, nothing inline but the styles that the page's code sets itself. */
const pageHeaders = helmet({
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
  // A port with a certificate says so with each answer, and whoever puts TLS before one without says so there. A browser that
  // was told to insist on https, for the page's files or for the host, would find nothing on a plain one.
  strictTransportSecurity: false,
  // Ignored, with a complaint in the console, wherever the page is not on https or the local host.
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  xFrameOptions: { action: 'deny' },
});

/** What the dispatcher's answers carry, for those that it does not make. */
function traced(request: Request, response: Response, next: NextFunction): void {
  const { requestId, traceparent } = contextOf(request, '', 0);
  response.set({ 'X-Request-Id': requestId, traceparent });
  next();
}

/** What is behind the question mark. */
function queryOf({ originalUrl }: Request): string {
  const mark = originalUrl.indexOf('?');
  return mark < 0 ? '' : originalUrl.slice(mark + 1);
}

function servePage(app: Express, path: string, { html, scripts, assets: { directory, files } }: Page): void {
  app.use(path, traced, pageHeaders);
  app.get(path, (request, response) => { response.type('html').send(html(request.path.endsWith('/'))); });
  for (const [name, text] of Object.entries(scripts)) {
    app.get(`${path}/${name}`, (_request, response) => { response.type('js').send(text); });
  }
  for (const file of files) {
    // Kept by caches, and not the same for a page that may read it.
    app.get(`${path}/assets/${file}`, (_request, response) => { response.vary('Origin').sendFile(file, { root: directory, maxAge: '1h', acceptRanges: false }); });
  }
}

/** The pages, and whatever of the routes is not found the quick way: other spellings, and what is not there. */
export function createExpressApp(table: RouteTable, dispatcher: Dispatcher): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.set('query parser', false);

  for (const route of table.routes) {
    const method = route.method.toLowerCase() as Lowercase<typeof route.method>;
    app[method](route.path, (request: Request, response: Response) => (
      dispatcher.serve(route, request, response, request.params as Record<string, string>, queryOf(request))
    ));
  }
  const methodsOfPages = table.dialects.flatMap((dialect) => (dialect.pages ?? []).map((page) => {
    servePage(app, dialect.prefix + page.path, page);
    return refusing(dialect.prefix + page.path, dialect, () => new RequestRefusal('method_not_allowed', { headers: { Allow: 'GET, HEAD' } }));
  }));
  for (const route of [...table.otherMethods(), ...methodsOfPages]) {
    app.all(route.path, (request, response) => dispatcher.serve(route, request, response, {}, ''));
  }
  app.use((request: Request, response: Response) => dispatcher.serve(table.nothingAt(request.path), request, response, {}, ''));
  // Express' own refusals, such as a path that is no valid percent-encoding. It tells them by four parameters.
  app.use((error: { status?: number }, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) { next(error); return; }
    const isClients = error.status !== undefined && error.status < 500;
    const problem = (): Error => (isClients ? new RequestRefusal('validation_failed', { detail: 'The address is not valid.' }) : (error as Error));
    void dispatcher.serve(refusing('none', table.nothingAt(request.path).dialect, problem), request, response, {}, '');
  });
  return app;
}
