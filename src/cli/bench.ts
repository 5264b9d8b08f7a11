import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { fillDocument } from '../bench/document';
import { commit, machine } from '../bench/machine';
import { EXTRA_PARTS, PARTS } from '../bench/parts';
import { latencyPlot } from '../bench/plot';
import { terminalRows, terminalTable } from '../bench/report';
import { makeTemporaryDirectory } from '../servers/files';
import { fundsOfPart, isMet, type BenchReport, type MeasuredPart, type Part } from '../bench/result';
import { serverVersions } from '../bench/versions';

/** `npm run bench`: measures the parts of a venue on servers of its own, each beside a floor that the same machine sets. */

const ROOT = join(__dirname, '..', '..');
const DOCUMENT = join(ROOT, 'docs', 'performance.md');
const PLOT = join(ROOT, 'docs', 'latency.svg');

interface Options {
  readonly only?: readonly Part[];
  readonly seconds: number;
  readonly set: Readonly<Record<string, string>>;
  readonly json?: string;
  readonly from?: string;
  readonly document: boolean;
  readonly strict: boolean;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError(`"${text}" is not a positive number`);
  return value;
}

function partsNamed(text: string): Part[] {
  const all = [...PARTS, ...EXTRA_PARTS];
  return text.split(',').map((name) => {
    const part = all.find((one) => one.name === name.trim());
    if (part === undefined) throw new InvalidArgumentError(`there is no part ${name}; there are: ${all.map((one) => one.name).join(', ')}`);
    return part;
  });
}

function tell({ part, about, funds = null, seconds, figures, tables }: MeasuredPart): void {
  const setting = funds === null ? '' : `, FUNDS=${funds.join('|')}`;
  const texts = [`\n${part}: ${about}${setting} (${seconds.toFixed(0)} s)`, terminalTable(figures), ...(tables ?? []).map(terminalRows)];
  process.stdout.write(`${texts.join('\n\n')}\n`);
}

/** `NAME=value`, as often as given. */
function setting(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const [, name, value] = /^([A-Z][A-Z_]*)=(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError(`"${text}" is not a NAME=value`);
  return { ...before, [name]: value };
}

async function measure(parts: readonly Part[], seconds: number, settings: Readonly<Record<string, string>>): Promise<BenchReport> {
  const directory = makeTemporaryDirectory('bench');
  const measured: MeasuredPart[] = [];
  try {
    const facts = { date: new Date().toISOString(), commit: commit(), machine: { ...machine(await serverVersions(directory)), ...settings } };
    for (const one of parts) {
      const { name, about } = one;
      process.stderr.write(`${name}: ${about} …\n`);
      const started = performance.now();
      const result = await one.run({ seconds, directory, settings });
      const part = { part: name, about, seconds: (performance.now() - started) / 1_000, funds: fundsOfPart(one, settings), ...result };
      measured.push(part);
      tell(part);
    }
    return { ...facts, parts: measured };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function writeDocument(report: BenchReport): void {
  writeFileSync(DOCUMENT, fillDocument(readFileSync(DOCUMENT, 'utf8'), report));
  const points = report.parts.flatMap(({ latency }) => latency ?? []);
  if (points.length > 0) writeFileSync(PLOT, latencyPlot(points));
}

/** @returns the exit code */
async function bench(options: Options): Promise<number> {
  const report = options.from === undefined
    ? await measure(options.only ?? PARTS, options.seconds, options.set)
    : JSON.parse(readFileSync(resolve(options.from), 'utf8')) as BenchReport;
  if (options.json !== undefined) {
    mkdirSync(dirname(resolve(options.json)), { recursive: true });
    writeFileSync(resolve(options.json), `${JSON.stringify(report, null, 2)}\n`);
  }
  if (options.document) writeDocument(report);
  if (options.from !== undefined) report.parts.forEach(tell);
  process.stdout.write(`\n${Object.entries(report.machine).map(([name, value]) => `${name} ${value}`).join(', ')}; commit ${report.commit}, ${report.date}\n`);
  const figures = report.parts.flatMap((part) => part.figures);
  return options.strict && figures.some((figure) => isMet(figure) === false) ? 1 : 0;
}

const described = (parts: readonly Part[]): string => parts.map(({ name, about }) => `${name} (${about})`).join('; ');

void new Command('bench')
  .description(`Measures, on servers of its own. Parts: ${described(PARTS)}. Only when named: ${described(EXTRA_PARTS)}.`)
  .option('--only <parts>', 'these parts, separated by commas', partsNamed)
  .option('--seconds <number>', 'length of each timed section', positive, 10)
  .option('--set <NAME=value>', 'a setting of the service that differs from its default; as often as wanted', setting, {})
  .option('--json <file>', 'write the report for machines, too')
  .option('--from <file>', 'measure nothing, tell a report that --json has written')
  .option('--document', 'write the figures into docs/performance.md, and the plot beside it', false)
  .option('--strict', 'exit code 1 when a figure is not what is asked of it', false)
  .action(async (options: Options) => { process.exitCode = await bench(options); })
  .parseAsync();
