import type { Call } from '#openfill-contract';
import type { Route } from '../../http/dialect';
import { JSON_BODY } from './parse';

/**
 * Routes of calls as the contract describes them: method, path and body are said there, once.
 * @param handlers what each call does, by its name
 * @throws Error for a call without a handler, or a handler without a call
 */
export function routesOf(calls: Readonly<Record<string, Call>>, handlers: Readonly<Record<string, Route['handle']>>): Route[] {
  const stray = Object.keys(handlers).find((id) => !Object.hasOwn(calls, id));
  if (stray !== undefined) throw new Error(`${stray} handles no call of the contract`);
  return Object.entries(calls).map(([id, { method, path, takesBody, isForAnyHost = false }]) => {
    const handle = Object.hasOwn(handlers, id) ? handlers[id] : undefined;
    if (handle === undefined) throw new Error(`the call ${id} has no handler`);
    return { method, path: path.replace(/\{(\w+)\}/g, ':$1'), body: takesBody ? JSON_BODY : null, isForAnyHost, handle };
  });
}
