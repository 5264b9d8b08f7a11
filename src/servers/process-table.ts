import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 25;

/** One process for as long as the machine runs: a pid alone is given again to others. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When the process began, in whatever form the system tells it. */
  readonly started: string;
}

function run(command: string, args: string[]): string | null {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return null;
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/** Null when there is no such process, or only what is left of one (a zombie). */
export function identityOf(pid: number): ProcessIdentity | null {
  if (process.platform === 'linux') {
    const stat = read(`/proc/${pid}/stat`);
    if (stat === null) return null;
    // The name, in parentheses, may hold anything; the fields behind it count from the third.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return null;
    return { pid, started: `${fields[19] ?? ''}@${read('/proc/sys/kernel/random/boot_id')?.trim() ?? ''}` };
  }
  const line = run('ps', ['-o', 'stat=,lstart=', '-p', String(pid)])?.trim();
  if (!line || line.startsWith('Z')) return null;
  return { pid, started: line.replace(/^\S+\s+/, '') };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.started === identity.started;
}

export function ownIdentity(): ProcessIdentity {
  const own = identityOf(process.pid);
  if (own === null) throw new Error('this process cannot find itself in the process table');
  return own;
}

/** Servers of these program names that work in this directory: what an earlier life may have left behind. */
export function findServers(directory: string, programs: readonly string[]): ProcessIdentity[] {
  const found: ProcessIdentity[] = [];
  const add = (pid: number): void => {
    const identity = pid === process.pid ? null : identityOf(pid);
    if (identity !== null) found.push(identity);
  };
  if (process.platform === 'linux') {
    const path = realpathSync(directory);
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      try {
        if (readlinkSync(`/proc/${name}/cwd`) !== path) continue;
        // A replaced binary shows as "… (deleted)".
        const program = basename(readlinkSync(`/proc/${name}/exe`).replace(/ \(deleted\)$/, ''));
        if (programs.includes(program)) add(Number(name));
      } catch {
        // Gone meanwhile, or another user's.
      }
    }
    return found;
  }
  for (const line of (run('ps', ['-axo', 'pid=,command=']) ?? '').split('\n')) {
    const match = /^\s*(\d+)\s+(\S+)(.*)$/.exec(line);
    if (match && programs.includes(basename(match[2] ?? '')) && (match[3] ?? '').includes(directory)) add(Number(match[1]));
  }
  return found;
}

/** Sends a signal, unless the process is gone. */
export function signal(identity: ProcessIdentity, name: NodeJS.Signals): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** @returns whether all of them are gone before the limit */
export async function waitUntilGone(processes: readonly ProcessIdentity[], timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (processes.some(isAlive)) {
    if (Date.now() >= deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/** Asks with the given signal, and kills what has not ended within the limit. */
export async function endProcesses(processes: readonly ProcessIdentity[], name: NodeJS.Signals, timeoutMs: number): Promise<void> {
  for (const one of processes) signal(one, name);
  if (await waitUntilGone(processes, timeoutMs)) return;
  for (const one of processes) signal(one, 'SIGKILL');
  await waitUntilGone(processes, timeoutMs);
}
