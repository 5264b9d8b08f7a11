import { Refusal } from '../../domain/refusal';
import type { Call } from '../../http/dialect';
import { parametersOf, parseQuery } from '../../http/query';
import { RequestRefusal, invalid } from '../../http/request-refusal';
import type { Opened, StreamDialect } from '../../stream/dialect';
import { followed, type Who } from '../../stream/following';
import type { Streams } from '../streams';

/**
 * Answers a call with the stream as server-sent events.
 * @throws RequestRefusal for a query that is not understood, or one connection too many, Refusal `funds_off`: ahead of the response's head
 */
export function beginEvents({ context, query, request, response }: Call, streams: Streams, dialect: StreamDialect): void {
  const lastEventId = request.headers['last-event-id'];
  const who = { principal: context.principal };
  const opened = open(query, who, context.address, typeof lastEventId === 'string' ? lastEventId : undefined, dialect);
  const refusal = streams.refusal(context.address);
  if (refusal !== null) throw new RequestRefusal(refusal);
  // Set one by one: what writeHead takes cannot be asked for later.
  response.setHeaders(new Map([
    ['Content-Type', 'text/event-stream'],
    ['Cache-Control', 'no-store'],
    ['X-Content-Type-Options', 'nosniff'],
    // A proxy that gathers the answer first would never pass it on.
    ['X-Accel-Buffering', 'no'],
    ['X-Request-Id', context.requestId],
    ['traceparent', context.traceparent ?? ''],
    ['Connection', 'close'],
  ]));
  response.writeHead(200);
  if (request.method === 'HEAD') response.end();
  else streams.acceptEvents(response, context.address, opened, who);
}

/** @param lastEventId what a client that connects again has seen last */
function open(query: string, who: Who, address: string, lastEventId: string | undefined, dialect: StreamDialect): Opened {
  // What is no query at all is refused as it is everywhere.
  parseQuery(query);
  const opened = dialect.open(parametersOf(query), who, { address, path: '' }, lastEventId);
  if ('error' in opened.start) {
    const { code, field = '', message } = opened.start.error;
    if (code === 'funds_off') throw new Refusal(code);
    throw invalid([{ field, message: message.slice(field.length).trimStart() }]);
  }
  const { wanted, isNamed } = opened.start.value;
  const own = followed(who.principal, wanted, isNamed);
  if ('refused' in own) throw new Refusal(own.refused);
  return opened;
}
