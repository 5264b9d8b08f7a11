import { documentPaths, readPage } from './support/page';
import { API_PAGES } from './support/groups';
import { describePages } from './support/run-pages';

const PATH_TAKEN = /\$ORDER\b/g;

/** `METHOD /path` of each call that a shell block of a page makes. */
function calls(): Set<string> {
  const lines = documentPaths().flatMap((path) => readPage(path).blocks).flatMap(({ text }) => text.split('\n'));
  return new Set(lines.flatMap((line) => {
    const path = /(?:http|ws):\/\/127\.0\.0\.1:3000(\/[^\s'"?]*)/.exec(line)?.[1];
    return path === undefined ? [] : [`${/ -X ([A-Z]+) /.exec(line)?.[1] ?? 'GET'} ${path.replace(PATH_TAKEN, '{order_id}')}`];
  }));
}

describePages('the API, call by call', API_PAGES, (url) => {
  it('shows every call of the contract, and none that is not in it', async () => {
    const { paths } = await (await fetch(`${url()}/openapi.json`)).json() as { paths: Record<string, Record<string, unknown>> };
    const operations = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
    const shown = calls();
    expect(operations.length).toBeGreaterThan(20);
    expect(operations.filter((operation) => !shown.has(operation))).toEqual([]);
    expect([...shown].filter((call) => !operations.includes(call))).toEqual([]);
  });
});
