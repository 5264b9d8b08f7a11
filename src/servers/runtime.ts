import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the servers of a running venue are: for the operator's commands, which may need their passwords. */
export interface Runtime {
  readonly redisUrl: string;
  readonly databaseUrl: string;
}

const OWNER_ONLY = 0o600;

const fileOf = (dataDir: string): string => join(dataDir, 'runtime.json');

export function writeRuntime(dataDir: string, runtime: Runtime): void {
  writeFileSync(fileOf(dataDir), `${JSON.stringify(runtime)}\n`, { mode: OWNER_ONLY });
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
