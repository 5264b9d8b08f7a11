import { documentPaths, readPage } from './support/page';
import { API_PAGES } from './support/groups';
import { describePages } from './support/run-pages';

/** `METHOD /path` of each call that a shell block of a page makes. */
function calls(): Set<string> {
  const lines = documentPaths().flatMap((path) => readPage(path).blocks).flatMap(({ text }) => text.split('\n'));
  return new Set(lines.flatMap((line) => {
    // That of the venue whose callers say who they are, too; README's second one has no calls of its own.
    const path = /(?:http|ws):\/\/127\.0\.0\.1:300[02](\/[^\s'"?;]*)/.exec(line)?.[1];
    return path === undefined ? [] : [`${/ -X ([A-Z]+) /.exec(line)?.[1] ?? 'GET'} ${path}`];
  }));
}

/** Whether a call is one of an operation: what is in braces there is some name here. */
function isOf(call: string, operation: string): boolean {
  return new RegExp(`^${operation.replace(/\{\w+\}/g, '[^/]+')}$`).test(call);
}

describePages('the API, call by call', API_PAGES, (url) => {
  it('shows every call of the contract, and none that is not in it', async () => {
    const { paths } = await (await fetch(`${url()}/openapi.json`)).json() as { paths: Record<string, Record<string, unknown>> };
    const operations = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
    const shown = calls();
    expect(operations.length).toBeGreaterThan(20);
    // A call of a fixed path is not one of a path with a name in its place.
    const operationOf = (call: string): string | undefined => (operations.includes(call) ? call : operations.find((operation) => isOf(call, operation)));
    const met = new Set([...shown].map(operationOf));
    expect(operations.filter((operation) => !met.has(operation))).toEqual([]);
    expect([...shown].filter((call) => operationOf(call) === undefined)).toEqual([]);
  });
});
