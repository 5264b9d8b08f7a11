import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { until, within } from '../../support/until';

const ROOT = join(__dirname, '..', '..', '..');

export interface LogLine {
  readonly level?: string;
  readonly msg?: string;
  readonly [field: string]: unknown;
}

/** The built service in a process of its own, to be killed like one. */
export class ServiceProcess {
  private static readonly alive = new Set<ServiceProcess>();
  stdout = '';
  stderr = '';
  private readonly child: ChildProcessByStdio<null, Readable, Readable>;
  private readonly closed: Promise<unknown>;

  /** @param environment settings, as `Venue.environment` gives them */
  constructor(environment: Readonly<Record<string, string>>) {
    // Settings of whoever runs the tests must not reach it.
    const { PATH } = process.env;
    this.child = spawn(process.execPath, ['--enable-source-maps', join(ROOT, 'dist', 'main.js')], {
      cwd: ROOT, env: { PATH, LOG_LEVEL: 'info', ...environment }, stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => { this.stdout += text; });
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => { this.stderr += text; });
    this.closed = once(this.child, 'close');
    ServiceProcess.alive.add(this);
    this.child.once('close', () => { ServiceProcess.alive.delete(this); });
  }

  /** Kills what a test that failed has left running. */
  static async killAll(): Promise<void> {
    await Promise.all([...ServiceProcess.alive].map((service) => service.kill()));
  }

  /** What it has logged so far. */
  get lines(): LogLine[] {
    return this.stdout.split('\n').slice(0, -1).map((line) => JSON.parse(line) as LogLine);
  }

  get hasExited(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  get exitCode(): number | null {
    return this.child.exitCode;
  }

  /** Waits until it has logged a message. @returns the newest such line */
  async logged(message: string): Promise<LogLine> {
    let found: LogLine | undefined;
    await until(`the service logs "${message}"`, () => {
      found = this.lines.findLast((line) => line.msg === message);
      if (found === undefined && this.hasExited) throw new Error(`the service ended without logging "${message}":\n${this.stdout}\n${this.stderr}`);
      return found !== undefined;
    });
    return found as LogLine;
  }

  /** Waits until it serves. @returns its address, of use with the api role only */
  async serving(): Promise<string> {
    const { port } = await this.logged('serving');
    return `http://127.0.0.1:${String(port)}`;
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** @returns the exit code, null when a signal ended it */
  async exited(): Promise<number | null> {
    await within('the service ends', this.closed);
    return this.child.exitCode;
  }

  /** As the kernel would: no time for a last word. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.closed;
  }
}
