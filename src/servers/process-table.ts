import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Account } from './account';
import { pause, reportOnStderr, telling, type StartOptions } from './waiting';

const POLL_MS = 25;
const LOOK_TIMEOUT_MS = 10_000;
/** What is killed is gone at once, unless it waits for a disk. */
const KILL_TIMEOUT_MS = 30_000;

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

/** What Linux tells of a process, dead ones included as long as nobody has waited for them. */
function statOf(pid: number): { name: string; state: string; threads: number; started: string } | null {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The name, in parentheses, may hold anything; the fields behind it count from the third.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { name: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')), state: fields[0] ?? '', threads: Number(fields[17]), started: fields[19] ?? '' };
}

/**
 * Null when there is no such process, or only what is left of one (a zombie): that one does nothing any more, but keeps
 * its number until its parent asks for its end, which a parent may never do.
 */
export function identityOf(pid: number): ProcessIdentity | null {
  if (process.platform === 'linux') {
    const stat = statOf(pid);
    if (stat === null || stat.state === 'X') return null;
    // A first thread that has ended looks like a zombie while others still hold files and ports.
    if (stat.state === 'Z' && stat.threads <= 1) return null;
    return { pid, started: `${stat.started}@${read('/proc/sys/kernel/random/boot_id')?.trim() ?? ''}` };
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

/** Working directory and program of a process; without a program where it is just ending. */
interface Links {
  readonly directory: string;
  readonly program: string | null;
}

function linksOf(pid: number): Links {
  const directory = readlinkSync(`/proc/${pid}/cwd`);
  try {
    return { directory, program: readlinkSync(`/proc/${pid}/exe`) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { directory, program: null };
  }
}

/** The same by the account's own eyes: in a container even root may not look into other accounts' processes. */
function linksAs(account: Account, pids: readonly number[]): Map<number, Links> {
  const script = 'for pid; do echo "$pid"; readlink "/proc/$pid/cwd" || echo; readlink "/proc/$pid/exe" || echo; done';
  const { stdout } = spawnSync('/bin/sh', ['-c', script, 'sh', ...pids.map(String)], {
    encoding: 'utf8', cwd: '/', env: { PATH: process.env.PATH ?? '/usr/bin:/bin' }, timeout: LOOK_TIMEOUT_MS,
    stdio: ['ignore', 'pipe', 'ignore'], uid: account.uid, gid: account.gid,
  });
  const lines = stdout.split('\n');
  return new Map(pids.map((pid, i) => [pid, { directory: lines[3 * i + 1] ?? '', program: lines[3 * i + 2] || null }]));
}

/**
 * Servers of these program names that work in this directory: what an earlier life may have left behind.
 * @param account whose processes they are, where not ours
 */
export function findServers(directory: string, programs: readonly string[], account: Account | null = null): ProcessIdentity[] {
  const found: ProcessIdentity[] = [];
  const add = (pid: number): void => {
    const identity = pid === process.pid ? null : identityOf(pid);
    if (identity !== null) found.push(identity);
  };
  if (process.platform === 'linux') {
    const path = realpathSync(directory);
    const consider = (pid: number, links: Links): void => {
      if (links.directory !== path) return;
      // A replaced binary shows as "… (deleted)".
      const program = links.program === null ? statOf(pid)?.name : basename(links.program.replace(/ \(deleted\)$/, ''));
      if (program !== undefined && programs.includes(program)) add(pid);
    };
    const closed: number[] = [];
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      try {
        consider(Number(name), linksOf(Number(name)));
      } catch (error) {
        // Gone meanwhile, or another account's.
        const { code } = error as NodeJS.ErrnoException;
        if ((code === 'EACCES' || code === 'EPERM') && account !== null && ownerOf(Number(name)) === account.uid) closed.push(Number(name));
      }
    }
    if (account !== null && closed.length > 0) for (const [pid, links] of linksAs(account, closed)) consider(pid, links);
    return found;
  }
  for (const line of (run('ps', ['-axo', 'pid=,command=']) ?? '').split('\n')) {
    const match = /^\s*(\d+)\s+(\S+)(.*)$/.exec(line);
    if (match && programs.includes(basename(match[2] ?? '')) && (match[3] ?? '').includes(directory)) add(Number(match[1]));
  }
  return found;
}

function ownerOf(pid: number): number | undefined {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid;
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
export async function waitUntilGone(processes: readonly ProcessIdentity[], timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (processes.some(isAlive)) {
    if (Date.now() >= deadline) return false;
    await pause(POLL_MS, signal);
  }
  return true;
}

/**
 * Asks with the given signal, and kills what has not ended within the limit.
 * @param what they are, for whoever waits for their end
 * @throws Error when one cannot be killed either: it may wait for a disk
 */
export async function endProcesses(
  processes: readonly ProcessIdentity[], name: NodeJS.Signals, timeoutMs: number, what: string, options: StartOptions = {},
): Promise<void> {
  if (processes.length === 0) return;
  const left = (): string => processes.filter(isAlive).map(({ pid }) => pid).join(', ');
  await telling(options.report ?? reportOnStderr, () => `${what} of an earlier run to end (process ${left()})`, async () => {
    for (const one of processes) signal(one, name);
    if (await waitUntilGone(processes, timeoutMs, options.signal)) return;
    for (const one of processes) signal(one, 'SIGKILL');
    if (!(await waitUntilGone(processes, KILL_TIMEOUT_MS, options.signal))) throw new Error(`${what} of an earlier run cannot be ended: process ${left()}`);
  });
}
