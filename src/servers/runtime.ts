import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where a running venue and its servers are: for the operator's commands, which may need the servers' passwords. */
export interface Runtime {
  readonly redisUrl: string;
  readonly databaseUrl: string;
  /** Of the service itself, as it is reached from this machine. */
  readonly url?: string;
}

const OWNER_ONLY = 0o600;

const fileOf = (dataDir: string): string => join(dataDir, 'runtime.json');

export function writeRuntime(dataDir: string, runtime: Runtime): void {
  const file = fileOf(dataDir);
  // A mode is given to a file that is made, never to one that was there.
  rmSync(`${file}.new`, { force: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(runtime)}\n`, { mode: OWNER_ONLY });
  renameSync(`${file}.new`, file);
}

/** @returns null where no venue runs */
export function readRuntime(dataDir: string): Runtime | null {
  try {
    return JSON.parse(readFileSync(fileOf(dataDir), 'utf8')) as Runtime;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

export function removeRuntime(dataDir: string): void {
  rmSync(fileOf(dataDir), { force: true });
}
