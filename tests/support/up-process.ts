import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { until, within } from './until';

const ROOT = join(__dirname, '..', '..');

/** `npm run up` as a person runs it, in a process group of its own as a terminal gives it. */
export class UpProcess {
  private static readonly started = new Set<UpProcess>();
  stdout = '';
  stderr = '';
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly closed: Promise<unknown>;

  /** @param command what to start; by default npm, which is what a person starts */
  constructor(environment: Readonly<Record<string, string>>, command: readonly string[] = ['npm', 'run', 'up']) {
    // Settings of whoever runs the tests must not reach it.
    const { PATH, HOME } = process.env;
    const [program = '', ...args] = command;
    this.child = spawn(program, args, { cwd: ROOT, env: { PATH, HOME, ...environment }, detached: true });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => { this.stdout += text; });
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => { this.stderr += text; });
    this.closed = once(this.child, 'close');
    UpProcess.started.add(this);
  }

  /** Ends what a failed test has left running. */
  static async killAll(): Promise<void> {
    for (const up of UpProcess.started) {
      if (!up.hasExited) process.kill(-up.pid, 'SIGKILL');
      await up.closed;
    }
    UpProcess.started.clear();
  }

  static direct(environment: Readonly<Record<string, string>>): UpProcess {
    return new UpProcess(environment, [process.execPath, 'scripts/run.mjs', 'up']);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get hasExited(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Resolves with the lines from `openfill ready` on. */
  async ready(lines = 4): Promise<string[]> {
    let found: string[] = [];
    await until('up is ready', () => {
      const from = this.stdout.indexOf('openfill ready on ');
      found = from < 0 ? [] : this.stdout.slice(from).split('\n');
      if (found.length <= lines && this.hasExited) throw new Error(`up ended before it was ready:\n${this.stdout}\n${this.stderr}`);
      return found.length > lines;
    });
    return found.slice(0, lines);
  }

  /** Resolves once a line of its log matches. */
  async says(pattern: RegExp): Promise<void> {
    await until(`up says ${String(pattern)}`, () => {
      const isSaid = pattern.test(this.stdout);
      if (!isSaid && this.hasExited) throw new Error(`up ended without saying ${String(pattern)}:\n${this.stdout}\n${this.stderr}`);
      return isSaid;
    });
  }

  /** Process ids of the embedded servers as its log tells them, the newest of each. */
  serverPid(name: 'redis' | 'postgres'): number {
    const lines = this.stdout.split('\n').filter((line) => line.includes(`embedded ${name} runs`) || line.includes(`${name} runs again`));
    return Number(/"pid":(\d+)/.exec(lines.at(-1) ?? '')?.[1]);
  }

  /** What Ctrl-C does: the whole group gets it, npm and all. */
  async ctrlC(): Promise<void> {
    process.kill(-this.pid, 'SIGINT');
    await within('up ends on Ctrl-C', this.closed);
  }

  async signal(name: NodeJS.Signals): Promise<void> {
    this.child.kill(name);
    await within(`up ends on ${name}`, this.closed);
  }

  async exitCode(): Promise<number | null> {
    await within('up ends', this.closed);
    return this.child.exitCode;
  }
}
