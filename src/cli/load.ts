import { spawn } from 'node:child_process';
import { createReadStream, existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import pino from 'pino';
import { idempotencyDigest } from '../engine/idempotency';
import { judgeAcknowledged, parseAcknowledged, type Acknowledged, type RecordVerdict } from '../load/acknowledged';
import { k6Program, toolsDirectory } from '../load/k6';
import { AuditSource } from '../persistence/audit-source';
import { Database } from '../persistence/database';
import { forgetPostgresVariables } from '../servers/environment';
import { makeTemporaryDirectory } from '../servers/files';
import { readRuntime } from '../servers/runtime';
import { readiness, type Readiness } from '../servers/service';
import { startTemporaryVenue, type TemporaryVenue } from '../servers/temporary-venue';
import { venueUrl } from '../servers/venue-url';

/**
 * `npm run load -- <script> [k6 options]`: runs a k6 script against a venue, and then looks for every command that was
 * acknowledged in the venue's record.
 */

const SCRIPTS = join(__dirname, '..', '..', 'load-test');
/** k6's own exit code for a script whose thresholds did not hold. */
const K6_THRESHOLDS_CROSSED = 99;
const DRAIN_TIMEOUT_MS = 120_000;
const DRAIN_POLL_MS = 200;
const DATABASE_TIMEOUT_MS = 60_000;
const PROBLEMS_SHOWN_MAX = 20;
/** Clients of load-test/lib/orders.js; with a word of the run among them where they are users. */
const LOAD_CLIENT = /^load-(?:[0-9a-z]+-)?\d+$/;

/** Ends the command with exit code 1 and this line. */
class LoadError extends Error {}

type Venue = Required<Omit<Readiness, 'problem'>>;

interface Target {
  readonly url: string;
  readonly redisUrl: string;
  readonly databaseUrl: string;
  /** Where its log was before the load. */
  readonly before: Venue;
  readonly own: TemporaryVenue | null;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Scripts of load-test/ by name, with the first line of each. */
function scripts(): { readonly name: string; readonly about: string }[] {
  return readdirSync(SCRIPTS).filter((file) => file.endsWith('.js')).sort().map((file) => ({
    name: file.slice(0, -3), about: readFileSync(join(SCRIPTS, file), 'utf8').split('\n', 1)[0]?.replace(/^\/\/ /, '') ?? '',
  }));
}

function scriptPath(name: string): string {
  const ours = join(SCRIPTS, `${basename(name, '.js')}.js`);
  const path = existsSync(resolve(name)) && name.endsWith('.js') ? resolve(name) : ours;
  if (existsSync(path)) return path;
  throw new LoadError(`there is no script ${name}; there are:\n${scripts().map((one) => `  ${one.name.padEnd(16)} ${one.about}`).join('\n')}`);
}

/** A setting of the script: `-e NAME=…` among k6's options, else the environment's. */
function settingOf(name: string, k6Options: readonly string[]): string | undefined {
  const given = k6Options.map((option) => new RegExp(`^(?:(?:-e|--env)=?)?${name}=(.+)$`).exec(option)?.[1]).find((value) => value !== undefined);
  return given ?? process.env[name];
}

/** The address that the script will use: its setting, else where a venue is found. */
function addressOf(k6Options: readonly string[]): string {
  const url = settingOf('BASE_URL', k6Options) ?? venueUrl(process.env);
  return url.replace(/\/+$/, '');
}

/** @returns null where nobody answers */
async function venueAt(url: string): Promise<Venue | null> {
  const found = await readiness(url);
  if (found === null) return null;
  const { isReady, shard, writer, problem } = found;
  if (shard === undefined || writer === undefined) throw new LoadError(`what answers at ${url} is not a venue${typeof problem === 'string' ? `: ${problem}` : ''}`);
  return { isReady, shard, writer };
}

/** A venue that runs at the address, with its servers; else one of our own. */
async function findTarget(url: string): Promise<Target> {
  const running = await venueAt(url);
  if (running === null) {
    say(`no venue answers at ${url}: starting one in a temporary directory`);
    const settings = Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
    const own = await startTemporaryVenue({ ...settings, LOG_LEVEL: process.env.LOG_LEVEL || 'warn' });
    const before = await venueAt(own.url);
    if (before === null) throw new LoadError('the venue ended before the load began');
    return { url: own.url, redisUrl: own.redis.url, databaseUrl: own.postgres.url, before, own };
  }
  if (!running.isReady) throw new LoadError(`the venue at ${url} is not ready: see ${url}/readyz`);
  const runtime = readRuntime(resolve(process.env.DATA_DIR || './data'));
  const redisUrl = process.env.REDIS_URL || runtime?.redisUrl;
  const databaseUrl = process.env.DATABASE_URL || runtime?.databaseUrl;
  if (!process.env.DATABASE_URL) forgetPostgresVariables();
  if (redisUrl === undefined || databaseUrl === undefined) {
    throw new LoadError(`a venue runs at ${url}, and its record cannot be looked into: set DATA_DIR to that of its "npm run up", or REDIS_URL and DATABASE_URL`);
  }
  await withRecord(databaseUrl, running.shard.name, async (record) => {
    const checkpoint = await record.checkpoint();
    if (checkpoint?.epoch !== running.shard.epoch) throw new LoadError(`the record found is not that of the venue at ${url}: set DATA_DIR, or REDIS_URL and DATABASE_URL, to its own`);
  });
  say(`load goes to the venue that runs at ${url}`);
  return { url, redisUrl, databaseUrl, before: running, own: null };
}

async function withRecord<T>(databaseUrl: string, shard: string, work: (record: AuditSource) => Promise<T>): Promise<T> {
  const database = new Database(databaseUrl, DATABASE_TIMEOUT_MS, 1, pino({ level: 'silent' }));
  try {
    const record = await AuditSource.open(database, shard);
    try {
      return await work(record);
    } finally {
      await record.close();
    }
  } finally {
    await database.close();
  }
}

/** Runs a program in our terminal. Ctrl-C reaches it there by itself, and it ends in order; other signals are passed on. */
function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolveCode, reject) => {
    const child = spawn(command, args, { env, stdio: 'inherit' });
    const onInterrupt = (): void => { if (!process.stdin.isTTY) child.kill('SIGINT'); };
    const onTerminate = (): void => { child.kill('SIGINT'); };
    process.on('SIGINT', onInterrupt);
    process.on('SIGTERM', onTerminate);
    child.once('error', reject);
    child.once('exit', (code) => {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onTerminate);
      resolveCode(code ?? 1);
    });
  });
}

async function untilDrained(url: string): Promise<void> {
  const deadline = Date.now() + DRAIN_TIMEOUT_MS;
  while ((await readiness(url))?.writer?.lag_entries !== 0) {
    if (Date.now() > deadline) throw new LoadError(`postgres did not catch up within ${DRAIN_TIMEOUT_MS / 1000} s`);
    await sleep(DRAIN_POLL_MS);
  }
}

/** What the script wrote: acknowledged commands, and whatever else it had to say, which is passed on. */
async function readConsole(file: string): Promise<Acknowledged[]> {
  const told: Acknowledged[] = [];
  if (!existsSync(file)) return told;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    const command = parseAcknowledged(line);
    if (command !== null) told.push(command);
    else if (line !== '') say(line);
  }
  return told;
}

/** The script's own count of acknowledged commands, null where k6 did not come to its end. */
function countedBy(summaryFile: string): number | null {
  if (!existsSync(summaryFile)) return null;
  const { metrics } = JSON.parse(readFileSync(summaryFile, 'utf8')) as { metrics: Record<string, { count?: number } | undefined> };
  return metrics.commands_acknowledged?.count ?? 0;
}

/** @returns whether everything that was acknowledged is there, as it was told */
function tell(verdict: RecordVerdict, counted: number | null): boolean {
  const { acknowledged, missing, different, doubled, unanswered } = verdict;
  const problems = [
    ...(counted === null || counted === acknowledged ? [] : [`k6 counted ${counted} acknowledged commands and told of ${acknowledged}`]),
    ...missing.map((one) => `missing: ${one}`), ...different.map((one) => `different: ${one}`), ...doubled.map((one) => `doubled: ${one}`),
  ];
  for (const problem of problems.slice(0, PROBLEMS_SHOWN_MAX)) say(`  ${problem}`);
  if (unanswered > 0) say(`${unanswered} commands were carried out whose answers the load did not wait for`);
  say(problems.length === 0
    ? `all ${acknowledged} acknowledged commands are in the record, each once and as it was told`
    : `of ${acknowledged} acknowledged commands ${missing.length} are missing, ${different.length} differ, ${doubled.length} are doubled`);
  return problems.length === 0;
}

async function checkRecord(target: Target, loadUser: string | undefined, consoleFile: string, summaryFile: string): Promise<boolean> {
  await untilDrained(target.url);
  const told = await readConsole(consoleFile);
  const { shard } = target.before;
  const verdict = await withRecord(target.databaseUrl, shard.name, async (record) =>
    judgeAcknowledged(told, record.journal(shard.sequence ?? 0), idempotencyDigest, (clientId) => LOAD_CLIENT.test(clientId) || clientId === loadUser));
  const isWhole = tell(verdict, countedBy(summaryFile));
  const audit = await run(process.execPath, [join(__dirname, 'verify.js')], {
    ...process.env, SHARD: shard.name, REDIS_URL: target.redisUrl, DATABASE_URL: target.databaseUrl,
  });
  return isWhole && audit === 0;
}

/** @returns the exit code */
async function load(scriptName: string, k6Options: readonly string[]): Promise<number> {
  const script = scriptPath(scriptName);
  const k6 = await k6Program(toolsDirectory(resolve(process.env.DATA_DIR || './data')), say);
  const target = await findTarget(addressOf(k6Options));
  const directory = makeTemporaryDirectory('load');
  const [consoleFile, summaryFile] = [join(directory, 'console.txt'), join(directory, 'summary.json')];
  try {
    const ended = await run(k6, [
      'run', ...k6Options, '-e', `BASE_URL=${target.url}`, '-e', 'TELL=1',
      '--console-output', consoleFile, '--log-format', 'raw', '--summary-export', summaryFile, script,
    ], process.env);
    const isWhole = await checkRecord(target, settingOf('LOAD_USER', k6Options), consoleFile, summaryFile);
    if (ended !== 0) say(ended === K6_THRESHOLDS_CROSSED
      ? 'k6: a threshold of the script was crossed (✗ above), mostly latency on a machine that is busy'
      : `k6 ended with exit code ${ended}: see above what it did not like`);
    return ended === 0 && !isWhole ? 1 : ended;
  } finally {
    rmSync(directory, { recursive: true, force: true });
    await target.own?.stop();
  }
}

void new Command('load')
  .description('Runs a k6 script against a venue (its own, where none runs), then looks for everything acknowledged in the venue\'s record.')
  .argument('<script>', `one of load-test/: ${scripts().map(({ name }) => name).join(', ')}; or the path of another`)
  .argument('[k6 options...]', 'for "k6 run", such as -e RATE=500 -e DURATION=10s')
  .allowUnknownOption()
  .passThroughOptions()
  .action(async (script: string, k6Options: string[]) => {
    try {
      process.exitCode = await load(script, k6Options);
    } catch (error) {
      const isExpected = error instanceof LoadError || /k6 is not installed/.test((error as Error).message);
      process.stderr.write(`load: ${isExpected ? (error as Error).message : String((error as Error).stack)}\n`);
      process.exitCode = 1;
    }
  })
  .parseAsync();
