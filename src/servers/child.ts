import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Account } from './account';
import { makeDirectory } from './files';

/** A log of a server that is larger than this when the server starts is put aside, in place of the one before it. */
const LOG_BYTES_MAX = 16 * 1024 * 1024;
const LOG_LINES_SHOWN = 8;

export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env: NodeJS.ProcessEnv;
  /** Where its output goes; without one it shares ours. */
  readonly logFile?: string;
  readonly account?: Account | null;
  /** What the child is sent when this process is killed, where the system can do that. */
  readonly deathSignal: 'SIGTERM' | 'SIGINT';
}

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly pid: number;
  readonly process: ChildProcess;
  /** Resolves when it has ended, never rejects. */
  readonly exited: Promise<ChildExit>;
  hasExited(): boolean;
  /** Asks with the signal; kills after the limit. Resolves once it is gone. */
  stop(signal: NodeJS.Signals, timeoutMs: number): Promise<void>;
}

let deathSignalSupport: boolean | undefined;

/** util-linux's setpriv can ask the kernel to end a process with its parent; other systems leave orphans to the next start. */
function canSetDeathSignal(): boolean {
  deathSignalSupport ??= process.platform === 'linux'
    && spawnSync('setpriv', ['--pdeathsig', 'TERM', 'true'], { stdio: 'ignore' }).status === 0;
  return deathSignalSupport;
}

function openLog(file: string): number {
  makeDirectory(dirname(file));
  if (existsSync(file) && statSync(file).size > LOG_BYTES_MAX) renameSync(file, `${file}.old`);
  return openSync(file, 'a', 0o600);
}

export function lastLines(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LOG_LINES_SHOWN).join('\n');
  } catch {
    return '';
  }
}

export function describeExit(exit: ChildExit): string {
  return exit.signal === null ? `exit code ${exit.code ?? 'unknown'}` : exit.signal;
}

/**
 * Starts a program in a session of its own: Ctrl-C in the terminal reaches us alone, and we stop our children in order.
 * @throws Error when it cannot be started at all
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const wrapped = canSetDeathSignal()
    ? { command: 'setpriv', args: ['--pdeathsig', options.deathSignal.slice(3), options.command, ...options.args] }
    : { command: options.command, args: [...options.args] };
  const log = options.logFile === undefined ? undefined : openLog(options.logFile);
  const child = spawn(wrapped.command, wrapped.args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: options.env,
    stdio: ['ignore', log ?? 'inherit', log ?? 'inherit'],
    detached: true,
    ...options.account,
  });
  if (log !== undefined) closeSync(log);

  let ended = false;
  const exited = new Promise<ChildExit>((resolve) => {
    child.once('exit', (code, signal) => {
      ended = true;
      resolve({ code, signal });
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(new Error(`${options.command} cannot be started: ${error.message}`, { cause: error })));
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${options.command} has no process id`);

  return {
    pid,
    process: child,
    exited,
    hasExited: () => ended,
    async stop(signal, timeoutMs) {
      if (ended) return;
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
      await exited;
      clearTimeout(timer);
    },
  };
}
