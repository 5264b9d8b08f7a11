import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readIdentity, writeIdentity } from '../../src/servers/data-dir-lock';
import { isAlive, ownIdentity } from '../../src/servers/process-table';

/** Where Linux keeps files in memory. */
const IN_MEMORY = '/dev/shm';
/** Of memory, and of room there; a whole run takes less than half of it. */
const ROOM_BYTES = 4e9;
const PREFIX = 'openfill-test-';
const OWNER_FILE = 'owner.json';
/** As a system's own directory for temporary files: other accounts have theirs below it. */
const OPEN_TO_ALL = 0o1777;

/** What a run that was killed has left there would take memory until the machine is started again. */
function clearOld(parent: string): void {
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(PREFIX)) continue;
    const owner = readIdentity(join(parent, name, OWNER_FILE));
    if (owner !== null && !isAlive(owner)) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function make(parent: string): string {
  const directory = mkdtempSync(join(parent, PREFIX));
  writeIdentity(join(directory, OWNER_FILE), ownIdentity());
  return directory;
}

/** Containers often give it little room, and mount it so that nothing there can be run. */
function inMemory(): string | null {
  let directory: string | null = null;
  try {
    clearOld(IN_MEMORY);
    const { bavail, bsize } = statfsSync(IN_MEMORY);
    if (Math.min(bavail * bsize, process.availableMemory()) < ROOM_BYTES) return null;
    directory = make(IN_MEMORY);
    const program = join(directory, 'program');
    writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
    if (spawnSync(program).status === 0) {
      rmSync(program);
      return directory;
    }
  } catch {
    // Another system, or not ours to write to.
  }
  if (directory !== null) rmSync(directory, { recursive: true, force: true });
  return null;
}

/**
 * A directory for all that a run writes, removed at its end; from then on it is this process' and its children's for temporary files.
 * In memory where there is room, unless TMPDIR says where: tests wait for many thousand writes to be on disk, and kill servers,
 * but none of them cuts a machine's power.
 */
export function makeScratch(): string {
  const directory = (process.env.TMPDIR === undefined ? inMemory() : null) ?? make(tmpdir());
  chmodSync(directory, OPEN_TO_ALL);
  process.env.TMPDIR = directory;
  return directory;
}
