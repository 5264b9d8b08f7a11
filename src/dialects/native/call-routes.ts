import type { Access, Call } from '#openfill-contract';
import type { Route } from '../../http/dialect';
import { JSON_BODY } from './parse';

/**
 * Routes of calls as the contract describes them: method, path, body and who may make them are said there, once.
 * @param handlers what each call does, by its name
 * @param access who may make it, by the call's name
 * @param costs of calls that may take more of their allowance than one, by their names
 * @param oneCommand names of calls that are one command of the engine
 * @throws Error for a call without a handler or without its row of who may make it, or a handler without a call
 */
export function routesOf(
  calls: Readonly<Record<string, Call>>, handlers: Readonly<Record<string, Route['handle']>>, access: Readonly<Record<string, Access>>,
  costs: Readonly<Record<string, NonNullable<Route['costOf']>>> = {}, oneCommand: ReadonlySet<string> = new Set(),
): Route[] {
  const stray = Object.keys(handlers).find((id) => !Object.hasOwn(calls, id));
  if (stray !== undefined) throw new Error(`${stray} handles no call of the contract`);
  return Object.entries(calls).map(([id, { method, path, takesBody, isForAnyHost = false, usesCookie = false }]) => {
    const handle = Object.hasOwn(handlers, id) ? handlers[id] : undefined;
    if (handle === undefined) throw new Error(`the call ${id} has no handler`);
    const row = Object.hasOwn(access, id) ? access[id] : undefined;
    if (row === undefined) throw new Error(`nothing says who may make the call ${id}`);
    const costOf = costs[id];
    return {
      name: id, method, path: path.replace(/\{(\w+)\}/g, ':$1'), body: takesBody ? JSON_BODY : null, access: row, isForAnyHost, usesCookie,
      isOneCommand: oneCommand.has(id), ...(costOf !== undefined && { costOf }), handle,
    };
  });
}
