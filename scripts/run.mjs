// Behind every `npm run`: brings a checkout to where its commands can run (packages installed, build up to date), then
// runs one. It comes before anything is installed, so it uses nothing but Node.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import Module from 'node:module';
import { constants as osConstants, tmpdir } from 'node:os';
import { dirname, extname, join, relative } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';

const [command, ...args] = process.argv.slice(2);
const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** Major and minor: from there on a CommonJS program can load ECMAScript modules. */
const NODE_MIN = [20, 19];
const LOCK_DIRECTORY = join(ROOT, '.setup-lock');
const LOCK_WAIT_MAX_MS = 10 * 60_000;
const LOCK_POLL_MS = 200;
const LOCK_TOLD_EACH_MS = 4_000;
/** A lock without its holder's number is one whose maker died in between. */
const LOCK_UNSIGNED_MAX_MS = 5_000;
const DIST = join(ROOT, 'dist');
/** The compiler in Go; `typescript` itself is there for the tools that call it from JavaScript. */
const COMPILER = 'typescript-native/bin/tsc';
/** What is built first: the contract, and the client, which the commands use as anybody would who installed it. */
const PACKAGES = ['contract', 'client'].map((name) => join(ROOT, 'packages', name));
const BUILD_STAMP = join(DIST, '.openfill-built');
const BUILD_INPUTS = ['tsconfig.json', 'tsconfig.build.json', 'package.json', 'package-lock.json', 'packages/contract/tsconfig.json', 'packages/client/tsconfig.json'];
const FAILURE_LINES = 40;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** What is asked to end has this long for it. */
const END_TIMEOUT_MS = 2_000;
const PARENT_POLL_MS = 500;
/** Others may not write in what is made here, and its owner always may, whatever the umask. */
const UMASK_LEAST = 0o022;
const UMASK_MOST = 0o077;

/** Ends with one clear message. */
function fail(message) {
  process.stderr.write(`openfill: ${message}\n`);
  if (command === 'test') process.stdout.write('0 passed, 1 failed\n');
  process.exit(1);
}

function read(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

function sha256(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** Programs that run for us now. One that is `apart` leads a group of its own, with all that it has started. */
const children = new Map();
let isEnding = false;

function killChild(child, isApart, signal) {
  try {
    if (child.pid !== undefined) process.kill(isApart ? -child.pid : child.pid, signal);
  } catch {
    // It is gone.
  }
}

/** Ends what runs for us, then ourselves, as the signal says: nothing goes on behind our back. */
function endBy(signal) {
  isEnding = true;
  for (const name of SIGNALS) process.removeListener(name, endBy);
  // A second signal finds us on our way.
  for (const name of SIGNALS) process.on(name, () => undefined);
  const kill = (name) => { for (const [child, isApart] of children) killChild(child, isApart, name); };
  const leave = () => process.exit(128 + osConstants.signals[signal]);
  kill('SIGTERM');
  setTimeout(() => { kill('SIGKILL'); leave(); }, END_TIMEOUT_MS);
  void Promise.all([...children.keys()].map((child) => new Promise((resolve) => { child.once('close', resolve); }))).then(leave);
}

/**
 * Runs a program to its end; `quiet` shows what it said only when it failed, and keeps the terminal's Ctrl-C from it:
 * we pass that on.
 */
function run(command, args, { quiet = true } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit', detached: quiet });
    children.set(child, quiet);
    child.once('close', () => children.delete(child));
    if (quiet && existsSync(LOCK_DIRECTORY)) noteChild(child.pid);
    let output = '';
    const keep = (chunk) => { output += chunk; };
    child.stdout?.setEncoding('utf8').on('data', keep);
    child.stderr?.setEncoding('utf8').on('data', keep);
    child.once('error', (error) => resolve({ code: 1, output: error.message }));
    // What we have ended ourselves has not failed.
    child.once('close', (code, signal) => { if (!isEnding) resolve({ code: code ?? 1, signal, output }); });
  });
}

function tail(output) {
  return output.trimEnd().split('\n').slice(-FAILURE_LINES).join('\n');
}

/** npm as whoever called us runs it, or from the PATH. */
function npm(...args) {
  const script = process.env.npm_execpath;
  if (script?.endsWith('.js') && existsSync(script)) return run(process.execPath, [script, ...args]);
  return run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args);
}

/** A process for as long as the machine runs, or null: a zombie is none, and a number alone is given again to others. */
function identityOf(pid) {
  if (process.platform !== 'linux') {
    try {
      const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
      return line === '' || line.startsWith('Z') ? null : { pid, started: line.replace(/^\S+\s+/, '') };
    } catch {
      return null;
    }
  }
  const stat = readNow(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? null : { pid, started: `${fields[19]}@${readNow('/proc/sys/kernel/random/boot_id')?.trim()}` };
}

function readNow(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function readIdentity(file) {
  try {
    const { pid, started } = JSON.parse(readNow(file) ?? '');
    return typeof pid === 'number' && typeof started === 'string' ? { pid, started } : null;
  } catch {
    return null;
  }
}

function isAlive(identity) {
  return identityOf(identity.pid)?.started === identity.started;
}

const LOCK_HOLDER = join(LOCK_DIRECTORY, 'holder');
/** What the holder has running: it goes on when its holder is killed. */
const LOCK_CHILD = join(LOCK_DIRECTORY, 'child');

function noteChild(pid) {
  const identity = pid === undefined ? null : identityOf(pid);
  if (identity !== null && readIdentity(LOCK_HOLDER)?.pid === process.pid) writeFileSync(LOCK_CHILD, JSON.stringify(identity));
}

/** Takes a lock away whose holder is gone, with what he left running; unless somebody else has just done so and put his own there. */
async function clearStaleLock() {
  const aside = `${LOCK_DIRECTORY}.${process.pid}`;
  try {
    renameSync(LOCK_DIRECTORY, aside);
  } catch {
    return;
  }
  const holder = readIdentity(join(aside, 'holder'));
  if (holder !== null && isAlive(holder)) {
    renameSync(aside, LOCK_DIRECTORY);
    return;
  }
  const child = readIdentity(join(aside, 'child'));
  if (child !== null && isAlive(child)) killChild(child, true, 'SIGKILL');
  const deadline = Date.now() + END_TIMEOUT_MS;
  while (child !== null && isAlive(child) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  rmSync(aside, { recursive: true, force: true });
}

/** One set-up at a time in a checkout: two `npm run up` side by side share its node_modules and dist. */
async function withLock(work) {
  const startedAt = Date.now();
  let toldAt = 0;
  for (;;) {
    try {
      mkdirSync(LOCK_DIRECTORY);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') fail(`cannot write to ${ROOT}: ${error.message}`);
    }
    const holder = readIdentity(LOCK_HOLDER);
    const age = Date.now() - (statSync(LOCK_DIRECTORY, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    const isStale = holder === null ? age > LOCK_UNSIGNED_MAX_MS : !isAlive(holder);
    if (isStale) {
      await clearStaleLock();
      continue;
    }
    const who = `another set-up of this checkout (process ${holder?.pid ?? 'unknown'})`;
    if (Date.now() - startedAt > LOCK_WAIT_MAX_MS) fail(`${who} has held ${LOCK_DIRECTORY} for too long`);
    if (Date.now() - toldAt > LOCK_TOLD_EACH_MS) {
      toldAt = Date.now();
      process.stderr.write(`openfill: waiting for ${who} to end (${Math.round((toldAt - startedAt) / 1000)} s)\n`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  }
  writeFileSync(LOCK_HOLDER, JSON.stringify(identityOf(process.pid)));
  const release = () => rmSync(LOCK_DIRECTORY, { recursive: true, force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.removeListener('exit', release);
    release();
  }
}

/** Processes between us and the npm that has started us, itself included; none where it was not npm. */
function startedBy() {
  const { npm_lifecycle_event: event, npm_package_name: name } = process.env;
  if (event !== command || name !== 'openfill' || process.platform === 'win32' || process.ppid <= 1) return [];
  const found = [identityOf(process.ppid)];
  // npm starts a shell, which starts us, and which a signal to npm does not get past.
  const [parent, line] = describe(process.ppid);
  if (line.includes('run.mjs')) found.push(identityOf(parent));
  return found.filter((identity) => identity !== null);
}

/** A process's parent and command line. */
function describe(pid) {
  if (process.platform === 'linux') {
    const stat = readNow(`/proc/${pid}/stat`) ?? '';
    return [Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]), (readNow(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ')];
  }
  try {
    const line = execFileSync('ps', ['-o', 'ppid=,command=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return [Number.parseInt(line, 10), line];
  } catch {
    return [0, ''];
  }
}

/**
 * Whoever ends npm means what it has started: npm passes signals on to its shell alone, and none when it is killed.
 * A start without npm is left to itself, as is one whose npm lives on in the background.
 */
function endWithParent() {
  const watched = startedBy();
  if (watched.length === 0) return;
  const parent = process.ppid;
  // Elsewhere than on Linux to look at a process costs a process: there only its number is looked for.
  const isThere = (one) => {
    if (process.platform === 'linux') return isAlive(one);
    try {
      return process.kill(one.pid, 0);
    } catch {
      return false;
    }
  };
  const timer = setInterval(() => {
    if (process.ppid === parent && watched.every(isThere)) return;
    clearInterval(timer);
    // A command that knows what to do about it does that; what does not, ends.
    if (!process.emit('disconnect')) process.kill(process.pid, 'SIGTERM');
  }, PARENT_POLL_MS);
  timer.unref();
}

/** Temporary files go where TMPDIR says, as long as it names a directory that can be used. */
function checkTemporaryDirectory() {
  const directory = tmpdir();
  try {
    accessSync(join(directory, '.'), constants.W_OK | constants.X_OK);
  } catch (error) {
    for (const name of ['TMPDIR', 'TMP', 'TEMP']) delete process.env[name];
    // `up` has no use for it itself.
    if (command !== 'up') process.stderr.write(`openfill: TMPDIR ${directory} cannot be used (${error.code}): temporary files go to ${tmpdir()}\n`);
  }
}

/**
 * Whether node_modules holds what the lock file says, by npm's own record of what it installed. Optional packages may
 * be missing: most are for other platforms.
 */
function isInstalled() {
  const record = read(join(ROOT, 'node_modules', '.package-lock.json'));
  if (record === null) return false;
  const installed = JSON.parse(record).packages;
  const wanted = Object.entries(JSON.parse(read(join(ROOT, 'package-lock.json'))).packages);
  return wanted.every(([path, { version, optional }]) =>
    path === '' || installed[path]?.version === version || (optional === true && installed[path] === undefined));
}

async function install() {
  if (isInstalled()) return;
  process.stderr.write('openfill: installing packages (once) ...\n');
  // With everything the build needs, whatever NODE_ENV or the user's npm settings leave out; and without the packages'
  // own scripts, which many machines do not run anyway: nothing here needs one.
  const flags = ['--include=dev', '--include=optional', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error',
    // Nor as other settings of the user's would have it.
    '--global=false', '--dry-run=false', '--package-lock=true', '--package-lock-only=false'];
  let result = await npm('ci', ...flags);
  if (result.code !== 0) {
    const first = result.output;
    result = await npm('install', ...flags);
    if (result.code !== 0) fail(`packages cannot be installed:\n${tail(first)}\n${tail(result.output)}`);
  }
}

/** Every file below a directory, in a fixed order. */
function sourceFiles(directory) {
  return readdirSync(directory, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(directory, entry.name);
      return entry.isDirectory() ? sourceFiles(path) : [path];
    });
}

function buildHash() {
  const inputs = [...BUILD_INPUTS.map((name) => join(ROOT, name)), ...[...PACKAGES, ROOT].flatMap((place) => sourceFiles(join(place, 'src')))];
  return sha256(...inputs.flatMap((file) => [relative(ROOT, file), '\0', readFileSync(file), '\0']));
}

/** Compiles a project beside its `dist`. @returns where to; it takes the place of `dist` by `replaceDist` */
async function compile(directory, project) {
  const next = join(directory, 'dist.next');
  rmSync(next, { recursive: true, force: true });
  const result = await run(process.execPath, [join(ROOT, 'node_modules', COMPILER), '-p', project, '--outDir', next]);
  if (result.code === 0) return next;
  rmSync(next, { recursive: true, force: true });
  return fail(`the build failed:\n${tail(result.output)}`);
}

/** Two renames, so that a command which starts meanwhile hardly ever finds none. */
function replaceDist(directory) {
  const dist = join(directory, 'dist');
  const old = join(directory, 'dist.old');
  rmSync(old, { recursive: true, force: true });
  try {
    renameSync(dist, old);
  } catch {
    // There is none, or it came with a container's image, whose directories cannot be renamed.
    rmSync(dist, { recursive: true, force: true });
  }
  renameSync(join(directory, 'dist.next'), dist);
  rmSync(old, { recursive: true, force: true });
}

function isBuilt() {
  return PACKAGES.every((place) => existsSync(join(place, 'dist', 'index.js'))) && read(BUILD_STAMP) === buildHash();
}

/** Compiles the packages and src, and brings along what is not TypeScript; a build that fails leaves the old one. */
async function build() {
  if (isBuilt()) return;
  const hash = buildHash();
  process.stderr.write('openfill: building ...\n');
  // What is compiled next is checked against their declarations.
  for (const place of PACKAGES) {
    await compile(place, join(place, 'tsconfig.json'));
    replaceDist(place);
  }
  const next = await compile(ROOT, 'tsconfig.build.json');
  for (const file of sourceFiles(join(ROOT, 'src'))) {
    if (extname(file) !== '.ts') cpSync(file, join(next, relative(join(ROOT, 'src'), file)));
  }
  writeFileSync(join(next, '.openfill-built'), hash);
  replaceDist(ROOT);
}

async function setUp() {
  if (isInstalled() && isBuilt()) return;
  await withLock(async () => {
    await install();
    await build();
  });
}

/** The checks that come with the tests; each counts as one in the closing line. */
const CHECKS = [
  { name: 'types', bin: COMPILER, args: ['--noEmit', '-p', 'tsconfig.json'] },
  { name: 'lint', bin: 'oxlint/bin/oxlint', args: ['.', '--deny-warnings'] },
  { name: 'dependency rules', bin: 'dependency-cruiser/bin/dependency-cruise.mjs', args: ['src', 'packages/client/src', 'packages/contract/src', '--config', '.dependency-cruiser.cjs', '--output-type', 'err'] },
];

/** The same while one works, and the tests that need no server. */
const QUICK_CHECKS = [
  ...CHECKS,
  { name: 'unit tests', bin: 'jest/bin/jest.js', args: ['--config', 'jest.unit.config.ts', '--silent'] },
];

async function check({ name, bin, args }) {
  const startedAt = Date.now();
  const result = await run(process.execPath, [join(ROOT, 'node_modules', bin), ...args]);
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(`${result.code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)\n`);
  if (result.code !== 0) process.stdout.write(`${result.output.trimEnd()}\n`);
  return result.code === 0;
}

/**
 * Everything: types, lint, dependency rules, and beside them the tests, many of which wait more than they compute. With
 * arguments, only the tests, and they go to jest. Closes with `N passed, N failed`, whatever happened before.
 */
async function test(jestArgs) {
  let passed = 0;
  let failed = 0;
  const checks = Promise.all(jestArgs.length === 0 ? CHECKS.map(check) : []);
  const report = join(tmpdir(), `openfill-test-${process.pid}.json`);
  const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  // What a failed test leaves open must not hold up the closing line; what a passing one leaves open fails it (tests/support).
  // Tests make much that is soon done with: collecting it seldom takes a third off the longest of them. Workers inherit it.
  const result = await run(process.execPath, ['--max-semi-space-size=64', jest, '--forceExit', '--json', `--outputFile=${report}`, ...jestArgs], { quiet: false });
  for (const isGood of await checks) {
    if (isGood) passed += 1;
    else failed += 1;
  }
  const outcome = read(report);
  rmSync(report, { force: true });
  if (outcome === null) {
    failed += 1;
  } else {
    const counts = JSON.parse(outcome);
    passed += counts.numPassedTests;
    failed += counts.numFailedTests + counts.numRuntimeErrorTestSuites;
  }
  // A failure that no test stands for: a leak found at the end, or no test at all.
  if (failed === 0 && (result.code !== 0 || passed === 0)) failed = 1;
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

/** @returns the exit code */
async function quickCheck() {
  const results = await Promise.all(QUICK_CHECKS.map(check));
  return results.every((isGood) => isGood) ? 0 : 1;
}

/**
 * Runs a built command in this very process: signals, the terminal and the exit code are then its own, with nothing
 * in between that would have to pass them on.
 */
function runCommand(name, rest) {
  const script = join(DIST, 'cli', `${name}.js`);
  if (!/^[a-z][a-z-]*$/.test(name) || !existsSync(script)) {
    const known = existsSync(join(DIST, 'cli')) ? readdirSync(join(DIST, 'cli')).filter((file) => file.endsWith('.js')).map((file) => file.slice(0, -3)) : [];
    fail(`there is no command ${name}; there are: test, check, build, ${known.join(', ')}`);
  }
  // From here on signals are the command's.
  for (const name of SIGNALS) process.removeListener(name, endBy);
  // Another driver for Postgres than the one that is installed cannot be loaded.
  delete process.env.NODE_PG_FORCE_NATIVE;
  process.setSourceMapsEnabled(true);
  process.argv = [process.argv[0], script, ...rest];
  Module.runMain();
}

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < NODE_MIN[0] || (major === NODE_MIN[0] && minor < NODE_MIN[1])) fail(`Node ${NODE_MIN.join('.')} or newer is needed; this is ${process.version}`);
if (command === undefined) fail('usage: node scripts/run.mjs <command> [arguments]');

process.umask((process.umask() | UMASK_LEAST) & UMASK_MOST);
for (const name of SIGNALS) process.on(name, endBy);
endWithParent();
checkTemporaryDirectory();

if (command === 'test') {
  await setUp();
  process.exit(await test(args));
} else if (command === 'check') {
  // Nothing of it needs the build.
  if (!isInstalled()) await withLock(install);
  process.exit(await quickCheck());
} else {
  await setUp();
  if (command !== 'build') runCommand(command, args);
}
