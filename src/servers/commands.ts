import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Account } from './account';
import { USUAL_DIRECTORIES, serverEnvironment } from './environment';

const OUTPUT_CHARACTERS_MAX = 4_000;

/** Full path of a program on the PATH or in the usual places, or null. */
export function findProgram(name: string): string | null {
  for (const directory of [...(process.env.PATH ?? '').split(delimiter), ...USUAL_DIRECTORIES]) {
    if (directory === '') continue;
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // Not here.
    }
  }
  return null;
}

export interface CommandResult {
  readonly ok: boolean;
  readonly stdout: string;
  /** The end of what it said on both streams, for a message to a person. */
  readonly output: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly timeoutMs: number;
  /** Ends the program, and what it has started, before its time. */
  readonly signal?: AbortSignal;
  /** What ends it then: for one that would leave things half done, a signal that it takes at a good moment. */
  readonly endSignal?: NodeJS.Signals;
}

/** What has been asked to end has this long for it. */
const END_TIMEOUT_MS = 10_000;

/** Runs a program to its end without a terminal. Never rejects: one that cannot start, or is ended, is a failed one. */
export function runCommand(command: string, args: readonly string[], options: CommandOptions & { env?: NodeJS.ProcessEnv }): Promise<CommandResult> {
  return run(command, args, null, { ...process.env, ...options.env }, options);
}

/** The same as another account, with a server's environment. */
export function runAs(account: Account | null, command: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  return run(command, args, account, serverEnvironment(), options);
}

function run(command: string, args: readonly string[], account: Account | null, env: NodeJS.ProcessEnv, options: CommandOptions): Promise<CommandResult> {
  return new Promise((resolve) => {
    let stdout = '';
    let output = '';
    const keep = (text: string): void => {
      output = (output + text).slice(-OUTPUT_CHARACTERS_MAX);
    };
    const child = spawn(command, args, {
      env,
      ...account,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: what it has started ends with it, and Ctrl-C in the terminal reaches us alone, who pass it on.
      detached: options.signal !== undefined,
    });
    const timers: NodeJS.Timeout[] = [];
    const kill = (name: NodeJS.Signals): void => {
      try {
        if (child.pid !== undefined) process.kill(options.signal === undefined ? child.pid : -child.pid, name);
      } catch {
        // All of it is gone.
      }
    };
    const abort = (): void => {
      kill(options.endSignal ?? 'SIGTERM');
      timers.push(setTimeout(() => kill('SIGKILL'), END_TIMEOUT_MS));
    };
    timers.push(setTimeout(() => kill('SIGKILL'), options.timeoutMs));
    if (options.signal?.aborted) abort();
    else options.signal?.addEventListener('abort', abort, { once: true });
    const finish = (result: CommandResult): void => {
      timers.forEach(clearTimeout);
      options.signal?.removeEventListener('abort', abort);
      resolve(result);
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      keep(text);
    });
    child.stderr.setEncoding('utf8').on('data', keep);
    child.once('error', (error) => finish({ ok: false, stdout, output: error.message }));
    child.once('close', (code) => finish({ ok: code === 0, stdout, output: output.trim() }));
  });
}
