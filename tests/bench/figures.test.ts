import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CpuWatch, cpuSeconds } from '../../src/bench/cpu';
import { groupOf, summarise, type CpuProfile } from '../../src/bench/cpu-profile';
import { fillDocument, sectionsOf } from '../../src/bench/document';
import { parseCommandStats } from '../../src/bench/engine-shard';
import { lagsMs, percentile } from '../../src/bench/lag';
import { PARTS } from '../../src/bench/parts';
import { latencyPlot } from '../../src/bench/plot';
import { accountOfOrder } from '../../src/bench/money';
import { markdownFigures, markdownPart, terminalTable } from '../../src/bench/report';
import { formatNumber, fundsOfPart, isMet, type BenchReport, type Figure } from '../../src/bench/result';
import { deepStream, prepareStream } from '../../src/bench/streams';
import { inTurn, median } from '../../src/bench/turns';
import { medianCpu, shareOf } from '../../src/bench/venues-by-turns';

/** What the bench makes of its measurements. The measuring itself is for a quiet machine. */

const DOCUMENT = readFileSync(join(__dirname, '..', '..', 'docs', 'performance.md'), 'utf8');

describe('a figure', () => {
  const figure: Figure = { name: 'orders | all', value: 3_000, unit: 'orders/s', floor: { name: 'bare', value: 10_000 }, goal: { bound: 0.3, better: 'higher', of: 'floor' } };

  it('is told with three digits', () => {
    expect([0, 7, 12_345, 0.1234, 1.5, 12.345, 123.45, 123_456.7, Number.NaN].map(formatNumber)).toEqual(['0', '7', '12,345', '0.123', '1.50', '12.3', '123', '123,457', '–']);
  });

  it('is held against what is asked for, in its direction, and where so said as a share of its floor', () => {
    expect([isMet(figure), isMet({ ...figure, value: 2_999 })]).toEqual([true, false]);
    const most: Figure = { name: 'p99', value: 40, unit: 'ms', goal: { bound: 40, better: 'lower' } };
    expect([isMet(most), isMet({ ...most, value: 40.1 }), isMet({ ...most, value: Number.NaN })]).toEqual([true, false, false]);
    expect(isMet({ name: 'n', value: 1, unit: '' })).toBeNull();
  });

  it('stands in both tables', () => {
    expect(terminalTable([figure]).split('\n')[1]).toBe('orders | all  3,000 orders/s  10,000 (bare)  ≥ 0.30: met');
    expect(markdownFigures([figure]).split('\n')[2]).toBe('| orders \\| all | 3,000 orders/s | 10,000 (bare) | ≥ 0.30: met |');
  });
});

describe('docs/performance.md', () => {
  const report: BenchReport = {
    date: '2026-01-02T03:04:05.000Z', commit: 'abc', machine: { cores: '2' },
    parts: [{ part: 'latency', about: '', seconds: 1, figures: [{ name: 'p99', value: 1, unit: 'ms' }], latency: [{ offered: 1, answered: 1, p50: 1, p95: 1, p99: 1 }] }],
  };

  it('has a place for every part, and for no other', () => {
    expect(sectionsOf(DOCUMENT).sort()).toEqual(['machine', ...PARTS.map(({ name }) => name)].sort());
  });

  it('is filled with what was measured, and only there', () => {
    const filled = fillDocument(DOCUMENT, report);
    expect(filled).toContain('| p99 | 1 ms |');
    expect(filled).toContain('(latency.svg)');
    expect(filled).toContain('| commit | abc |');
    const without = (text: string): string => text.replace(/(<!-- bench:(?:machine|latency) -->)[\s\S]*?(<!-- \/bench -->)/g, '$1$2');
    expect(without(filled)).toBe(without(DOCUMENT));
    // Filled once more, it is the same.
    expect(fillDocument(filled, report)).toBe(filled);
  });

  it('has a plot of three curves', () => {
    const svg = latencyPlot([100, 1_000, 5_000].map((offered) => ({ offered, answered: offered, p50: 1, p95: 2, p99: offered / 100 })));
    expect(svg).toMatch(/^<svg[\s\S]*<\/svg>\n$/);
    for (const name of ['p50', 'p95', 'p99', 'milliseconds']) expect(svg).toContain(name);
    expect(svg).not.toContain('NaN');
  });
});

describe('settings of FUNDS', () => {
  const parts = new Map(PARTS.map((part) => [part.name, part]));
  const told = (name: string, settings: Readonly<Record<string, string>> = {}) => fundsOfPart(parts.get(name) as (typeof PARTS)[number], settings);

  it('are told of each part: off where nothing else is said, since what it is compared with was measured without money', () => {
    expect([told('http-orders'), told('http-orders', { FUNDS: 'paper' }), told('engine', { FUNDS: 'paper' }), told('library')]).toEqual([['off'], ['paper'], ['off'], null]);
    expect(PARTS.filter(({ name }) => name.startsWith('money-')).filter(({ funds }) => funds === undefined || funds === null)).toEqual([]);
  });

  it('stand above the figures', () => {
    const part = { part: 'engine', about: '', seconds: 1, figures: [{ name: 'p99', value: 1, unit: 'ms' }] };
    expect(markdownPart({ ...part, funds: ['off', 'paper'] }).split('\n')[0]).toBe('Measured with `FUNDS=off`, `FUNDS=paper`.');
    expect(markdownPart({ ...part, funds: null })).toBe(markdownPart(part));
  });
});

describe('what is measured by turns', () => {
  it('has each of them first as often as any other', () => {
    expect([0, 1, 2, 3].map((round) => inTurn(['a', 'b', 'c'], round).join(''))).toEqual(['abc', 'bca', 'cab', 'abc']);
  });

  it('is held against what stood beside it in its round', () => {
    // The machine was twice as fast in the second round: that is no merit of either.
    expect(shareOf({ off: [100, 200, 100], paper: [80, 160, 90] }, (rate) => rate)).toBe(0.8);
    expect([median([3, 1, 2]), median([])]).toEqual([2, Number.NaN]);
    expect(medianCpu([[['service', 1], ['Redis', 5]], [['service', 3], ['Redis', null]], [['service', 2], ['Redis', 5]]])).toEqual([2, null]);
  });

  it('is of 1,000 accounts', () => {
    const accounts = new Set(prepareStream('normal').commands.map(({ orderId }) => accountOfOrder(orderId)));
    expect([accounts.size, accounts.has('account-NaN')]).toEqual([1_000, false]);
  });
});

describe('what is summed up', () => {
  it('reads what Redis charged', () => {
    const stats = parseCommandStats('# Commandstats\r\ncmdstat_fcall:calls=2,usec=31,usec_per_call=15.50\r\ncmdstat_config|resetstat:calls=1,usec=9,usec_per_call=9.00\r\n');
    expect([...stats]).toEqual([['fcall', { calls: 2, us: 31 }], ['config|resetstat', { calls: 1, us: 9 }]]);
  });

  it('knows since when Postgres is behind', () => {
    const at = (atMs: number, sequence: number, persisted: number) => ({ atMs, sequence, persisted });
    // Entry 1 was first seen at 10 and persisted by 30; then 2 and 3 waited from 20 on.
    expect(lagsMs([at(0, 0, 0), at(10, 1, 0), at(20, 3, 0), at(30, 3, 1), at(50, 3, 1), at(60, 3, 3)])).toEqual([0, 0, 10, 10, 30, 0]);
    expect([percentile([4, 1, 3, 2], 50), percentile([4, 1, 3, 2], 99), percentile([], 50)]).toEqual([2, 4, Number.NaN]);
  });

  it('gives a profile\'s time to whose code it is', () => {
    const frame = (functionName: string, url: string) => ({ functionName, url, lineNumber: 0 });
    const groups = {
      'src/trading': frame('place', 'file:///openfill/dist/trading/trading.js'), 'src/app': frame('f', '/openfill/dist/app.js'),
      '@redis/client': frame('write', '/openfill/node_modules/redis/node_modules/@redis/client/dist/x.js'),
      'node:http': frame('end', 'node:_http_outgoing'), 'node:streams': frame('on', 'node:internal/streams/readable'),
      'native code and system calls': frame('writev', ''), 'garbage collector': frame('(garbage collector)', ''),
    };
    for (const [name, callFrame] of Object.entries(groups)) expect(groupOf(callFrame)).toBe(name);
    const profile: CpuProfile = {
      nodes: [{ id: 1, callFrame: groups['src/trading'] }, { id: 2, callFrame: frame('(idle)', '') }, { id: 3, callFrame: groups['node:http'] }],
      startTime: 1_000, samples: [1, 2, 3, 1, 1], timeDeltas: [10, 20, 30, 40, 50],
    };
    expect(summarise(profile)).toMatchObject({ busyUs: 130, groups: [['src/trading', 100], ['node:http', 30]] });
    // Only what lies in the stretch asked for.
    expect(summarise(profile, 1_050, 1_120)).toMatchObject({ busyUs: 70, groups: [['src/trading', 40], ['node:http', 30]] });
  });

  it('counts the CPU of a process with all that it started', () => {
    const used = cpuSeconds(process.pid);
    if (process.platform === 'linux') expect(used).toBeGreaterThan(0);
    const [[name, us] = ['', 0]] = new CpuWatch(new Map([['self', process.pid]])).microsecondsPer(1);
    expect(name).toBe('self');
    expect(us ?? 0).toBeGreaterThanOrEqual(0);
  });
});

describe('the streams', () => {
  it('accept no answers but the expected ones', () => {
    const stream = prepareStream('normal');
    expect(stream.messages).toHaveLength(100_000);
    expect(() => stream.check(stream.commands.map(() => null))).toThrow();
  });

  it('have a deep one that is the same each time and names only orders that it placed', () => {
    const messages = deepStream(7);
    const text = JSON.stringify(messages);
    expect(JSON.stringify(deepStream(7)) === text).toBe(true);
    expect(JSON.stringify(deepStream(8)) === text).toBe(false);
    const placed = new Set<string>();
    const unknown = messages.filter((message) => {
      if (message.op === 'new') placed.add(message.orderId);
      return !placed.has(message.orderId);
    });
    expect(unknown).toEqual([]);
    expect(messages.every(({ seq }, i) => seq === i + 1)).toBe(true);
  });
});

describe('docs/operate/load.md', () => {
  it('names every part of the bench', () => {
    const page = readFileSync(join(__dirname, '..', '..', 'docs', 'operate', 'load.md'), 'utf8');
    expect(PARTS.filter(({ name }) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});
