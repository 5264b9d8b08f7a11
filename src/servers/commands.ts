import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Account } from './account';

/** Where servers are installed although a plain user's PATH may not say so. */
const USUAL_DIRECTORIES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin', '/opt/homebrew/bin'];
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
}

/** Runs a program to its end without a terminal. Never rejects: a program that cannot start is a failed one. */
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
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      keep(text);
    });
    child.stderr.setEncoding('utf8').on('data', keep);
    child.once('error', (error) => resolve({ ok: false, stdout, output: error.message }));
    child.once('close', (code) => resolve({ ok: code === 0, stdout, output: output.trim() }));
  });
}

/** The environment for a server: none of our own settings, nor any that would turn its meaning (PGDATA, LD_PRELOAD …). */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH ?? USUAL_DIRECTORIES.join(delimiter), LC_ALL: 'C', TZ: 'UTC' };
}
