import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRoot } from './account';
import { findProgram, runAs, runCommand } from './commands';
import { makeDirectory } from './files';
import { reportOnStderr, telling, type Report, type StartOptions } from './waiting';

/** Functions, which the engine is made of, came with Redis 7; Valkey began at 7.2. */
export const REDIS_MAJOR_MIN = 7;

const PROGRAMS = ['redis-server', 'valkey-server'] as const;
const VERSION_TIMEOUT_MS = 10_000;
const INSTALL_TIMEOUT_MS = 10 * 60_000;
const BUILD_TIMEOUT_MS = 20 * 60_000;

/** The builder comes when it is needed, which is almost never, instead of weighing on each installation. */
const BUILDER = 'redis-memory-server@0.17.1';
const BUILT_VERSION = '7.2.5';

const WHAT_TO_INSTALL = [
  `no Redis found: install Redis or Valkey ${REDIS_MAJOR_MIN} or newer (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis)`,
  'or set REDIS_URL to one that runs; to have one built here, install make and a C compiler',
].join('\n');

type Steps = StartOptions & { readonly report: Report };

/** Where a step failed, in a line each, for the error that names them all. */
type Problems = string[];

async function usable(program: string, problems: Problems): Promise<boolean> {
  const result = await runAs(null, program, ['--version'], { timeoutMs: VERSION_TIMEOUT_MS });
  const version = /\bv=(\d+)\.([\d.]+)/.exec(result.stdout);
  if (!result.ok || !version) {
    problems.push(`${program} does not tell its version`);
    return false;
  }
  if (Number(version[1]) >= REDIS_MAJOR_MIN) return true;
  problems.push(`${program} is version ${version[1]}.${version[2]}, too old`);
  return false;
}

async function findInstalled(problems: Problems): Promise<string | null> {
  for (const name of PROGRAMS) {
    const path = findProgram(name);
    if (path !== null && await usable(path, problems)) return path;
  }
  return null;
}

/**
 * Installs the distribution's package without its service: Debian asks policy-rc.d before it starts one, and a
 * service on port 6379 is not what was asked for.
 */
async function installPackage({ report, ...options }: Steps, problems: Problems): Promise<void> {
  const apt = findProgram('apt-get');
  if (!isRoot() || apt === null) return;
  report('no redis-server found: installing the distribution\'s package');
  const policy = '/usr/sbin/policy-rc.d';
  const policyIsOurs = !existsSync(policy);
  if (policyIsOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    const aptGet = (...args: string[]): ReturnType<typeof runCommand> =>
      telling(report, () => `apt-get ${args[0] ?? ''}`, () =>
        // By SIGINT it gives up a download, but finishes a package that it has begun to unpack.
        runCommand(apt, ['-q', '-y', '-o', 'DPkg::Lock::Timeout=120', ...args], { env, timeoutMs: INSTALL_TIMEOUT_MS, endSignal: 'SIGINT', ...options }));
    const install = (): ReturnType<typeof runCommand> => aptGet('install', '--no-install-recommends', 'redis-server');
    let result = await install();
    if (!result.ok && options.signal?.aborted !== true) {
      // The package lists may be missing or old.
      const updated = await aptGet('update');
      result = updated.ok ? await install() : updated;
    }
    if (!result.ok) problems.push(`apt-get: ${lastLine(result.output)}`);
    // Nor at the next boot.
    const systemctl = findProgram('systemctl');
    if (result.ok && systemctl !== null) await runCommand(systemctl, ['disable', 'redis-server.service'], { timeoutMs: VERSION_TIMEOUT_MS });
  } finally {
    if (policyIsOurs) rmSync(policy, { force: true });
  }
}

/** Where redis-memory-server puts what it builds. */
function builtDirectory(toolsDirectory: string): string {
  return join(toolsDirectory, 'redis-binaries');
}

function builtVersion(): string {
  return process.env.REDISMS_VERSION ?? BUILT_VERSION;
}

async function findBuilt(toolsDirectory: string): Promise<string | null> {
  const path = join(builtDirectory(toolsDirectory), builtVersion(), 'redis-server');
  return existsSync(path) && await usable(path, []) ? path : null;
}

/** Has redis-memory-server fetch and compile a Redis below the data directory; kept there for the next time. */
async function build(toolsDirectory: string, { report, ...options }: Steps, problems: Problems): Promise<string | null> {
  const compiler = findProgram('cc') ?? findProgram('gcc') ?? findProgram('clang');
  if (findProgram('make') === null || compiler === null) {
    problems.push('building one needs make and a C compiler');
    return null;
  }
  report('no redis-server found: building one, which takes some minutes');
  makeDirectory(toolsDirectory);
  const env = {
    // Its own step at installation would build into node_modules, and where scripts are not run, not at all.
    REDISMS_DISABLE_POSTINSTALL: '1',
    REDISMS_DOWNLOAD_DIR: builtDirectory(toolsDirectory),
    REDISMS_VERSION: builtVersion(),
  };
  const installed = await telling(report, () => `npm install ${BUILDER}`, () =>
    runCommand('npm', ['install', '--prefix', toolsDirectory, '--no-save', '--no-package-lock', '--no-audit', '--no-fund', BUILDER], {
      env, timeoutMs: INSTALL_TIMEOUT_MS, ...options,
    }));
  if (!installed.ok) {
    problems.push(`npm install ${BUILDER}: ${lastLine(installed.output)}`);
    return null;
  }
  const script = 'require("redis-memory-server/lib/util/RedisBinary").default.getPath()'
    + '.then((path) => console.log("\\n" + path), (error) => { console.error(error); process.exit(1); })';
  const built = await telling(report, () => `Redis ${builtVersion()} to be built`, () =>
    runCommand(process.execPath, ['-e', script], { env, cwd: toolsDirectory, timeoutMs: BUILD_TIMEOUT_MS, ...options }));
  if (!built.ok) {
    problems.push(`${BUILDER}: ${lastLine(built.output)}`);
    return null;
  }
  const path = built.stdout.trim().split('\n').at(-1) ?? '';
  return path !== '' && await usable(path, problems) ? path : null;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

/**
 * Path of a Redis or Valkey server: one that is installed, else the distribution's package, else one built here.
 * @param toolsDirectory where a built one is kept
 * @param options told what takes long, and what ends it before its time
 * @throws Error whose first two lines say what to install, and the rest what was tried
 */
export async function redisServerProgram(toolsDirectory: string, options: StartOptions): Promise<string> {
  const steps: Steps = { report: reportOnStderr, ...options };
  const problems: Problems = [];
  const found = await findInstalled(problems) ?? await findBuilt(toolsDirectory);
  if (found !== null) return found;
  await installPackage(steps, problems);
  options.signal?.throwIfAborted();
  const packaged = await findInstalled([]);
  if (packaged !== null) return packaged;
  const built = await build(toolsDirectory, steps, problems);
  options.signal?.throwIfAborted();
  if (built !== null) return built;
  throw new Error([WHAT_TO_INSTALL, ...problems.map((problem) => `  tried: ${problem}`)].join('\n'));
}
