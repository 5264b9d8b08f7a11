import type { Answer } from '../../http/answer';
import type { Call, Route } from '../../http/dialect';
import { parseQuery } from '../../http/query';
import { checkNoQuery } from './check/schemas';
import { idempotencyKeyOf } from './parse';

export type Handler = Route['handle'];

/** What this dialect reads of a request: the parameters of its query string, one given twice as an array, and its key. */
export function reading(handle: (call: Call, parameters: Readonly<Record<string, unknown>>, key: string | undefined) => Promise<Answer>): Handler {
  return (call) => handle(call, parseQuery(call.query), idempotencyKeyOf(call.request));
}

/** A call that is all in its path and body. */
export function plain(handle: (call: Call, key: string | undefined) => Promise<Answer>): Handler {
  return reading((call, parameters, key) => {
    checkNoQuery(parameters);
    return handle(call, key);
  });
}
