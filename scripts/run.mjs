// Behind every `npm run`: brings a checkout to where its commands can run (packages installed, build up to date), then
// runs one. It comes before anything is installed, so it uses nothing but Node.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import Module from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const [command, ...args] = process.argv.slice(2);
const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const NODE_MAJOR_MIN = 20;
const LOCK_DIRECTORY = join(ROOT, '.setup-lock');
const LOCK_WAIT_MAX_MS = 10 * 60_000;
const LOCK_POLL_MS = 200;
/** A lock without its holder's number is one whose maker died in between. */
const LOCK_UNSIGNED_MAX_MS = 5_000;
const DIST = join(ROOT, 'dist');
/** What is built first: the contract, and the client, which the commands use as anybody would who installed it. */
const PACKAGES = ['contract', 'client'].map((name) => join(ROOT, 'packages', name));
const BUILD_STAMP = join(DIST, '.openfill-built');
const BUILD_INPUTS = ['tsconfig.json', 'tsconfig.build.json', 'package.json', 'package-lock.json', 'packages/contract/tsconfig.json', 'packages/client/tsconfig.json'];
const FAILURE_LINES = 40;

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

/** Runs a program to its end; `quiet` shows what it said only when it failed. */
function run(command, args, { quiet = true } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit' });
    let output = '';
    const keep = (chunk) => { output += chunk; };
    child.stdout?.setEncoding('utf8').on('data', keep);
    child.stderr?.setEncoding('utf8').on('data', keep);
    child.once('error', (error) => resolve({ code: 1, output: error.message }));
    child.once('close', (code, signal) => resolve({ code: code ?? 1, signal, output }));
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

/** One set-up at a time in a checkout: two `npm run up` side by side share its node_modules and dist. */
async function withLock(work) {
  const deadline = Date.now() + LOCK_WAIT_MAX_MS;
  const holder = join(LOCK_DIRECTORY, 'pid');
  for (;;) {
    try {
      mkdirSync(LOCK_DIRECTORY);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') fail(`cannot write to ${ROOT}: ${error.message}`);
    }
    const pid = Number(read(holder) ?? Number.NaN);
    const age = Date.now() - (statSync(LOCK_DIRECTORY, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    const isStale = Number.isNaN(pid) ? age > LOCK_UNSIGNED_MAX_MS : pid === process.pid || !isAlive(pid);
    if (isStale) rmSync(LOCK_DIRECTORY, { recursive: true, force: true });
    else if (Date.now() > deadline) fail(`another set-up (process ${pid}) has held ${LOCK_DIRECTORY} for too long`);
    else await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  }
  writeFileSync(holder, String(process.pid));
  const release = () => rmSync(LOCK_DIRECTORY, { recursive: true, force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.removeListener('exit', release);
    release();
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
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
  const flags = ['--include=dev', '--include=optional', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
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
  const result = await run(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', project, '--outDir', next]);
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
  { name: 'types', bin: 'typescript/bin/tsc', args: ['--noEmit', '-p', 'tsconfig.json'] },
  { name: 'lint', bin: 'eslint/bin/eslint.js', args: ['.', '--max-warnings=0'] },
  { name: 'dependency rules', bin: 'dependency-cruiser/bin/dependency-cruise.mjs', args: ['src', 'packages/client/src', 'packages/contract/src', '--config', '.dependency-cruiser.cjs', '--output-type', 'err'] },
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
 * Everything: types, lint, dependency rules, then the tests. With arguments, only the tests, and they go to jest.
 * Closes with `N passed, N failed`, whatever happened before.
 */
async function test(jestArgs) {
  let passed = 0;
  let failed = 0;
  if (jestArgs.length === 0) {
    for (const isGood of await Promise.all(CHECKS.map(check))) {
      if (isGood) passed += 1;
      else failed += 1;
    }
  }
  const report = join(tmpdir(), `openfill-test-${process.pid}.json`);
  const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  // What a failed test leaves open must not hold up the closing line; what a passing one leaves open fails it (tests/support).
  // Tests make much that is soon done with: collecting it seldom takes a third off the longest of them. Workers inherit it.
  const result = await run(process.execPath, ['--max-semi-space-size=64', jest, '--forceExit', '--json', `--outputFile=${report}`, ...jestArgs], { quiet: false });
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

/**
 * Runs a built command in this very process: signals, the terminal and the exit code are then its own, with nothing
 * in between that would have to pass them on.
 */
function runCommand(name, rest) {
  const script = join(DIST, 'cli', `${name}.js`);
  if (!/^[a-z][a-z-]*$/.test(name) || !existsSync(script)) {
    const known = existsSync(join(DIST, 'cli')) ? readdirSync(join(DIST, 'cli')).filter((file) => file.endsWith('.js')).map((file) => file.slice(0, -3)) : [];
    fail(`there is no command ${name}; there are: test, build, ${known.join(', ')}`);
  }
  process.setSourceMapsEnabled(true);
  process.argv = [process.argv[0], script, ...rest];
  Module.runMain();
}

if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN) fail(`Node ${NODE_MAJOR_MIN} or newer is needed; this is ${process.version}`);
if (command === undefined) fail('usage: node scripts/run.mjs <command> [arguments]');

if (command === 'test') {
  await setUp();
  process.exit(await test(args));
} else {
  await setUp();
  if (command !== 'build') runCommand(command, args);
}
