import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Account } from './account';
import { reportOnStderr } from './waiting';

/** The umask may take more away, and others may write in none of ours, whatever it is. */
const DIRECTORY_MODE = 0o755;
/** What a file's mode says of one class of accounts. */
const READ = 4;
const ENTER = 1;
/** Where systems keep temporary files, should TMPDIR name nothing that can be used. */
const TEMPORARY_DIRECTORIES = ['/tmp', '/var/tmp'];

/** Makes a directory, and those above it, in which we alone may write. */
export function makeDirectory(path: string): void {
  // One by one: below a file system that takes no directories, such as /proc, Node's recursive way never ends.
  if (existsSync(path)) {
    if (!statSync(path).isDirectory()) throw Object.assign(new Error(`EEXIST: file already exists, mkdir '${path}'`), { code: 'EEXIST' });
    return;
  }
  makeDirectory(dirname(path));
  try {
    mkdirSync(path, { mode: DIRECTORY_MODE });
  } catch (error) {
    // Another process was first.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Makes a directory that every account may read, those above it included where they are not there yet, whatever the umask. */
export function makePublicDirectory(path: string): void {
  if (existsSync(path)) return;
  makePublicDirectory(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process was first, and gives it its mode.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  chmodSync(path, DIRECTORY_MODE);
}

/** Every entry below a directory, the directory itself first, by its full path; links are not followed. */
export function* entriesBelow(directory: string): Generator<string> {
  yield directory;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* entriesBelow(path);
    else yield path;
  }
}

/** @returns what below the directory this account may not read, by the modes; null where it may read all of it */
export function unreadableEntry(account: Account | null, directory: string): string | null {
  if (account === null) return null;
  for (const path of entriesBelow(directory)) {
    const stat = lstatSync(path);
    if (stat.isSymbolicLink()) continue;
    const shift = stat.uid === account.uid ? 6 : stat.gid === account.gid ? 3 : 0;
    const needed = stat.isDirectory() ? READ + ENTER : READ;
    if (((stat.mode >> shift) & needed) !== needed) return path;
  }
  return null;
}

/** Gives a directory to an account with all that is in it. */
export function chownAll(directory: string, account: Account): void {
  for (const path of entriesBelow(directory)) {
    if (!lstatSync(path).isSymbolicLink()) chownSync(path, account.uid, account.gid);
  }
}

/**
 * A new directory for what is thrown away afterwards, in the system's place for that; where TMPDIR cannot be used, in
 * another, and that is said.
 * @param name what it is for
 * @throws Error in one line when there is no such place
 */
export function makeTemporaryDirectory(name: string): string {
  const problems: string[] = [];
  for (const parent of new Set([tmpdir(), ...TEMPORARY_DIRECTORIES])) {
    try {
      const made = mkdtempSync(join(parent, `openfill-${name}-`));
      if (problems.length > 0) reportOnStderr(`${problems.join('; ')}: temporary files go to ${parent}`);
      return made;
    } catch (error) {
      problems.push(`${parent} cannot be used (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`);
    }
  }
  throw new Error(`no directory for temporary files: ${problems.join('; ')}: set TMPDIR to one that can be written`);
}
