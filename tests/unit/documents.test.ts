import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describeSettings, readConfig } from '../../src/config';
import { MADE_PAGES, fillTables } from '../../src/documents/tables';
import { API_PAGES, AUCTION_PAGES, ORDER_TYPE_PAGES, PEOPLE_PAGES, REACH_PAGES, VENUE_PAGES } from '../docs/support/groups';
import { ROOT, documentPaths, parsePage, readPage } from '../docs/support/page';
import { answerDifferences } from '../docs/support/shape';
import { PEERS } from '../peers/peers';
import { fillPage } from '../peers/support/page';

/** The documents say only what is true of the code, as far as a program can tell without a venue. */

const README_BYTES_MAX = 6_144;
const PAGES = documentPaths().map(readPage);
/** Those that are run: the client's README has a test of its own. */
const RUN = PAGES.filter(({ path }) => path === 'README.md' || path.startsWith('docs/'));
const everything = PAGES.map(({ text }) => text).join('\n');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('the documents', () => {
  it('have a README of three minutes', () => {
    expect(Buffer.byteLength(read('README.md'))).toBeLessThanOrEqual(README_BYTES_MAX);
  });

  it.each(PAGES)('$path points at files and headings that exist', ({ path, targets, anchors }) => {
    const broken = targets.filter((target) => {
      const [file = '', anchor] = target.split('#');
      const pointedAt = file === '' ? path : normalize(join(dirname(path), file));
      if (!existsSync(join(ROOT, pointedAt))) return true;
      if (anchor === undefined) return false;
      return !(pointedAt === path ? anchors : readPage(pointedAt).anchors).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it.each(PAGES)('$path names files that exist', ({ text }) => {
    // NAME and NNNN stand for one that is to be made.
    const named = [...text.matchAll(/`((?:src|tests|packages|scripts|load-test)\/[\w./-]+)`/g)].map(([, file]) => file as string);
    expect(named.filter((file) => !/\bN(?:AME|NNN)/.test(file) && !existsSync(join(ROOT, file)))).toEqual([]);
  });

  it('tell what each folder is for', () => {
    const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);
    const design = read('DESIGN.md');
    expect(folders.filter((name) => !new RegExp(`^\\| \`src/${name}/`, 'm').test(design))).toEqual([]);
  });

  it('are all reached from the README', () => {
    const reached = new Set(['README.md']);
    for (const path of reached) {
      if (!path.endsWith('.md')) continue;
      for (const target of readPage(path).targets) {
        const [file = ''] = target.split('#');
        if (file !== '') reached.add(normalize(join(dirname(path), file)));
      }
    }
    expect(PAGES.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
  });

  it.each(MADE_PAGES)('%s has the tables that the code makes: node scripts/run.mjs document', (path) => {
    const page = read(path);
    expect(page).toBe(fillTables(page));
    // And it sees a row that is missing.
    const lastRow = /^\|.*\n(?=\n<!-- \/made -->)/m.exec(page)?.[0] ?? '';
    expect(lastRow).not.toBe('');
    expect(fillTables(page.replace(lastRow, ''))).toBe(page);
  });

  it('tell of what peers expect as the cases have it', () => {
    const page = read('docs/peers.md');
    expect(page).toBe(fillPage(page, PEERS));
  });

  it('list the settings with the defaults that the service takes', () => {
    const settings = new Map(describeSettings().map(({ name, fallback }) => [name, fallback]));
    expect(settings.size).toBeGreaterThan(50);
    expect(settings.get('DATA_DIR')).toBe('./data');
    const without = readConfig({});
    const environment = Object.fromEntries([...settings].filter((entry): entry is [string, string] => entry[1] !== null));
    expect(readConfig(environment)).toEqual(without);
  });

  it('name no setting that does not exist', () => {
    const others = ['POSTGRES_PASSWORD', 'ADMIN_PASSWORD', 'SMOKE_PASSWORD', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'BASE_URL', 'TEST_LOG_LEVEL', 'MODEL_SEED', 'CONFORMANCE_ALL', 'CAMPAIGN_ALL', 'PLANTED_ALL', 'MODEL_RUNS', 'MODEL_MONEY_RUNS', 'ALGO_KILLS', 'CASCADE_KILLS', 'CHROMIUM_PATH', 'LD_PRELOAD', 'LOAD_USER', 'LOAD_PASSWORD',
      'OPENFILL_USER', 'OPENFILL_PASSWORD', 'OPENFILL_TOKEN', 'OPENFILL_API_KEY', 'OPENFILL_API_SECRET', 'OPENFILL_PRIVATE_KEY'];
    // Tables of the code are written as settings are.
    const places = ['src/domain', 'packages/contract/src'];
    const tables = places.flatMap((place) => readdirSync(join(ROOT, place)).map((file) => `${place}/${file}`)).flatMap((file) => [...read(file).matchAll(/^export const ([A-Z_]+)\b/gm)].map(([, name]) => name as string));
    const known = new Set([...describeSettings().map(({ name }) => name), ...others, ...tables]);
    const named = [...everything.matchAll(/`([A-Z]+(?:_[A-Z]+)+)(?:=[^`]*)?`/g)].map((match) => match[1] as string);
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it('name only npm scripts that exist, and every one of them', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = new Set([...everything.matchAll(/npm run ([a-z][a-z-]*)/g)].map((match) => match[1] as string));
    expect([...named].filter((name) => !(name in scripts))).toEqual([]);
    expect(Object.keys(scripts).filter((name) => !named.has(name) && name !== 'test')).toEqual([]);
  });

  it('have JSON that is JSON', () => {
    const blocks = [...everything.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(([, text]) => text as string);
    expect(blocks.length).toBeGreaterThan(20);
    for (const text of blocks) expect(() => JSON.parse(text) as unknown).not.toThrow();
  });

  it('have their shell blocks run, all but these', () => {
    const run: readonly string[] = [...API_PAGES, ...AUCTION_PAGES, ...ORDER_TYPE_PAGES, ...PEOPLE_PAGES, ...REACH_PAGES, ...VENUE_PAGES];
    const forgotten = RUN.filter(({ path }) => !run.includes(path)).flatMap(({ path, blocks }) => blocks.filter(({ notRun }) => notRun === null).map(({ line }) => `${path}:${line}`));
    expect(forgotten).toEqual([]);
    const notRun = RUN.flatMap(({ path, blocks }) => blocks.filter((block) => block.notRun !== null).map((block) => `${path}: ${block.text} (${block.notRun ?? ''})`));
    expect(notRun).toEqual([
      'README.md: npm test (this test is part of it)',
      'docs/api/order-entry.md: npx -y wscat -c ws://127.0.0.1:3000/orders (wscat comes from the registry and asks at a prompt)',
      'docs/api/stream.md: npx -y wscat -c ws://127.0.0.1:3000/stream (wscat comes from the registry and stays until Ctrl-C)',
      'docs/operate/chaos.md: npm run chaos -- --seed 1 --minutes 2 (takes minutes; tests/chaos plays a campaign with every fault)',
      'docs/operate/chaos.md: npm run chaos -- --seed 1 --minutes 2 --auth required (takes minutes; tests/chaos plays a campaign with every fault)',
      'docs/operate/load.md: npm run load -- place-orders -e RATE=200 -e DURATION=6s (needs k6; tests/load checks the scripts and the search for what was acknowledged)',
      'docs/operate/load.md: npm run bench (takes twenty-five minutes, and the machine to itself)',
      'docs/operate/run.md: AUTH=required OIDC_ISSUER=https://login.example OIDC_CLIENT_ID=openfill OIDC_CLIENT_SECRET=… npm run up (needs a provider; tests/people and tests/browser log in at one)',
      'docs/operate/run.md: docker compose up (needs a Docker engine)',
      'docs/performance.md: npm run bench -- --document (takes twenty-five minutes, and the machine to itself)',
    ]);
  });
});

describe('a page', () => {
  const page = (...lines: string[]) => parsePage('page.md', lines.join('\n'));

  it('is read block by block', () => {
    const { blocks, anchors, targets } = page(
      '# One, `two` & [three](x.md#y)', '<!-- run: exits with 3 -->', '<!-- run: "a" as "b" -->', '```sh', '# no heading', 'a', '```', 'and', '```json', '{}', '```',
      '```sh', 'c', '```', '## Next', '```text', 'no answer', '```', '<!-- not run: why -->', '```sh', 'd', '```',
    );
    expect(blocks.map(({ text, answer, notRun, exitCode, replacements }) => [text, answer?.text ?? null, notRun, exitCode, replacements])).toEqual([
      ['# no heading\na', '{}', null, 3, [{ from: 'a', to: 'b' }]], ['c', null, null, 0, []], ['d', null, 'why', 0, []],
    ]);
    expect(anchors).toEqual(['one-two--three', 'next']);
    expect(targets).toEqual(['x.md#y']);
  });

  it('is refused with a comment that nobody understands, or without an end of a block', () => {
    expect(() => page('<!-- run: twice -->', '```sh', 'a', '```')).toThrow('page.md:2: a comment that no test understands: run: twice');
    expect(() => page('```sh', 'a')).toThrow('page.md:1: nothing ends this block');
  });
});

describe('an answer is held against what a page shows', () => {
  const shown = JSON.stringify({
    order_id: '01a1fd47-7ff1-7046-bf13-9bc1bf6c2220', price: '50000.00', status: 'open', sequence: 1, at: '2026-11-21T08:44:43.893974Z', reason: null,
    post_only: false, bids: [['1.00', '2.0']], epoch: 'qsmxRzw4',
  });
  const json = (change: Record<string, unknown>) => answerDifferences({ language: 'json', text: shown }, JSON.stringify({ ...JSON.parse(shown) as object, ...change }));

  it.each([
    { order_id: '01a1fd47-8017-7f1d-ada4-f44712c73acf' }, { price: '1.25' }, { sequence: 7 }, { at: '2027-01-01T00:00:00.000000Z' }, { epoch: 'x' },
    { bids: [['9.00', '9.0'], ['8.00', '8.0']] },
  ])('and may differ in %j', (change) => { expect(json(change)).toEqual([]); });

  it.each([
    [{ order_id: 'x' }, '.order_id'], [{ price: '1.250' }, '.price'], [{ price: 1.25 }, '.price'], [{ status: 'filled' }, '.status'], [{ sequence: '1' }, '.sequence'],
    [{ reason: 'x' }, '.reason'], [{ post_only: true }, '.post_only'], [{ bids: [] }, '.bids'], [{ bids: [['9.00', 9], ['8.00', '8.0']] }, '.bids[0][1]'],
    [{ more: 1 }, '.more'], [{ price: undefined }, '.price'], [{ at: '2027-01-01' }, '.at'],
  ])('but not in %j', (change, path) => {
    expect(json(change)).toEqual([expect.stringContaining(`${path}: `)]);
  });

  it('with a number that is a status told apart', () => {
    expect(answerDifferences({ language: 'json', text: '{"status":201}' }, '{"status":503}')).toHaveLength(1);
    expect(answerDifferences({ language: 'json', text: '{"status":201}' }, 'nothing')).toEqual(['answered what is no JSON: nothing']);
  });

  it.each([
    ['HTTP/1.1 201 Created', 'HTTP/1.1 201 Created', true],
    ['HTTP/1.1 201 Created', 'HTTP/1.1 200 OK', false],
    ['200 text/html', '404 text/html', false],
    ['4000 orders, 12.5 s', '7 orders, 1 s', true],
    ['4000 orders', '4000 trades', false],
    ['ok    a (1)\n…\nend', 'ok  a (5)\nb\nc\nend', true],
    ['ok    a (1)\n…', 'ok  a (5)', true],
    ['ok    a (1)', 'ok  a (5)\nb', false],
    ['ok    a (1)\nb', 'ok  a (5)', false],
    ['{"a":"x",…,"b":1}', '{"a":"x","c":2,"b":3}', true],
    ['{"bids":[["1.0","2.0"]]}', '{"bids":[["1.0","2.0"],["3.0","4.0"]]}', true],
    ['epoch qsmxRzw4, sequence 1', 'epoch x_-9, sequence 2', true],
  ])('as text: %j and %j', (expected, actual, isAlike) => {
    expect(answerDifferences({ language: 'text', text: expected }, `${actual}\n`).length === 0).toBe(isAlike);
  });
});
