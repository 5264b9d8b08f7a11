import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory } from './files';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-table';

const LOCK_FILE = 'up.lock';
/** Anybody may see who it is, and only we say so. */
const IDENTITY_MODE = 0o644;
const ATTEMPTS_MAX = 10;

export class DataDirInUseError extends Error {
  constructor(dataDir: string, pid: number) {
    super(`DATA_DIR ${dataDir} is in use by process ${pid}: stop that one, or choose another DATA_DIR (and PORT)`);
    this.name = 'DataDirInUseError';
  }
}

export function readIdentity(file: string): ProcessIdentity | null {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8')) as Partial<ProcessIdentity>;
    return typeof value.pid === 'number' && typeof value.started === 'string' ? { pid: value.pid, started: value.started } : null;
  } catch {
    return null;
  }
}

export function writeIdentity(file: string, identity: ProcessIdentity): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(identity)}\n`, { mode: IDENTITY_MODE });
  renameSync(`${file}.new`, file);
}

/**
 * Makes a data directory ours until `release`, or until this process ends in whatever way.
 * @throws DataDirInUseError when a living process has it
 */
export function lockDataDir(dataDir: string): { release(): void } {
  makeDirectory(dataDir);
  const lock = join(dataDir, LOCK_FILE);
  const own = ownIdentity();
  const mine = `${lock}.${own.pid}`;
  writeIdentity(mine, own);
  try {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      try {
        // A link appears with its content, and only if nothing is there: the one atomic step of this.
        linkSync(mine, lock);
        return { release: () => releaseIfOurs(lock, own) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = readIdentity(lock);
      if (holder !== null && isAlive(holder)) throw new DataDirInUseError(dataDir, holder.pid);
      putAside(dataDir, lock, `${mine}.stale`);
    }
    throw new Error(`${lock} cannot be taken: remove it if no other openfill uses ${dataDir}`);
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Takes away a lock whose holder is dead, unless somebody else has just done so and put his own there. */
function putAside(dataDir: string, lock: string, aside: string): void {
  try {
    renameSync(lock, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const taken = readIdentity(aside);
  if (taken !== null && isAlive(taken)) {
    renameSync(aside, lock);
    throw new DataDirInUseError(dataDir, taken.pid);
  }
  rmSync(aside, { force: true });
}

function releaseIfOurs(lock: string, own: ProcessIdentity): void {
  const holder = readIdentity(lock);
  if (holder?.pid === own.pid && holder.started === own.started) rmSync(lock, { force: true });
}
