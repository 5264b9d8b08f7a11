import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../../src/config';
import type { NativeMarket } from '../../src/dialects/native/native-market';
import type { NativeOrders } from '../../src/dialects/native/native-orders';
import { apiRoutes } from '../../src/dialects/native/routes';

/** The README says only what is true of the code, as far as a program can tell. */

const ROOT = join(__dirname, '..', '..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const README = read('README.md');

/** Served beside the JSON routes. */
const OTHER_PATHS = ['/public/stream', '/healthz', '/readyz', '/metrics', '/openapi.json', '/asyncapi.json', '/docs'];

function shellLines(): string[] {
  return [...README.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap((block) => (block[1] as string).trim().split('\n'));
}

/** Name and default of every setting, as a person would write them. */
function settings(): Map<string, string> {
  const source = read('src/config.ts');
  const schema = source.slice(source.indexOf('const ENVIRONMENT'), source.indexOf('.unknown(true)'));
  const names = [...schema.matchAll(/^ {2}([A-Z][A-Z_]*): /gm)].map((match) => match[1] as string);
  const config = readConfig({}) as unknown as Record<string, unknown>;
  const written: Record<string, string> = {
    DATA_DIR: './data', INSTRUMENTS_FILE: 'none', ALLOWED_ORIGINS: 'none', ALLOWED_HOSTS: 'none', ROLES: [...readConfig({}).roles].join(','),
    IDEMPOTENCY_TTL: String(config.idempotencyTtlS),
  };
  return new Map(names.map((name) => {
    const property = name.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    return [name, written[name] ?? String(config[property])];
  }));
}

describe('README.md', () => {
  it('lists every setting with its default, and no other', () => {
    const rows = [...README.matchAll(/^\| `([A-Z][A-Z_]*)` \| (\S+) \| \S/gm)];
    const listed = rows.map((row) => [row[1], (row[2] as string).replaceAll('`', '')]);
    expect(listed).toEqual([...settings()]);
    expect(listed.length).toBeGreaterThan(40);
    expect(settings().get('DATA_DIR')).toBe('./data');
    expect(readConfig({}).dataDir).toBe(join(process.cwd(), 'data'));
  });

  it('names no setting that does not exist', () => {
    const known = new Set([...settings().keys(), 'POSTGRES_PASSWORD', 'ORDER', 'BASE_URL']);
    const named = [...README.matchAll(/`([A-Z]+(?:_[A-Z]+)+)(?:=[^`]*)?`/g)].map((match) => match[1] as string);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it('names only npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = new Set([...README.matchAll(/npm run ([a-z][a-z-]*)/g)].map((match) => match[1] as string));
    expect([...named].filter((name) => !(name in scripts))).toEqual([]);
    // And leaves out none that a person would use.
    expect(Object.keys(scripts).filter((name) => !named.has(name) && name !== 'test' && name !== 'check')).toEqual([]);
  });

  it('calls only routes that exist, and every one of them', () => {
    const routes = [
      ...apiRoutes(undefined as unknown as NativeOrders, undefined as unknown as NativeMarket).map(({ method, path }) => `${method} ${path}`),
      ...OTHER_PATHS.map((path) => `GET ${path}`),
    ];
    const called = shellLines().filter((line) => line.includes('curl ')).map((line) => {
      const method = / -X ([A-Z]+) /.exec(line)?.[1] ?? 'GET';
      const path = /http:\/\/127\.0\.0\.1:3000([^\s'"?]*)/.exec(line)?.[1] ?? line;
      return `${method} ${path.replace('$ORDER', ':order_id')}`;
    });
    expect(called.filter((call) => !routes.includes(call))).toEqual([]);
    expect(routes.filter((route) => !called.includes(route))).toEqual([]);
  });

  it('has JSON that is JSON', () => {
    for (const [, text] of README.matchAll(/^```json\n([\s\S]*?)^```$/gm)) expect(() => JSON.parse(text as string) as unknown).not.toThrow();
  });

  it('points at files that exist', () => {
    for (const file of ['README.md', 'DESIGN.md', 'CONTRIBUTING.md']) {
      for (const [, target] of read(file).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
        if (!/^https?:/.test(target as string)) expect(() => read(target as string)).not.toThrow(/ENOENT/);
      }
    }
  });

  it('points at headings that exist', () => {
    const anchors = [...README.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
      (title as string).toLowerCase().replace(/[^\w\s-]/g, '').replace(/\s/g, '-'));
    const wanted = [...README.matchAll(/\]\(#([^)]+)\)/g)].map((match) => match[1]);
    expect(wanted.filter((anchor) => !anchors.includes(anchor as string))).toEqual([]);
  });
});
