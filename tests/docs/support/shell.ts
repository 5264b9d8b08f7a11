import { spawn } from 'node:child_process';
import { ROOT, type Page, type ShellBlock } from './page';

/** Runs the shell blocks of pages as a reader would: in one shell, from the checkout, one after the other. */

export interface Ran {
  readonly block: ShellBlock;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Ends what a block printed; no program prints it. */
const MARK = '\u001e';
/** The addresses that the pages name. */
const SHOWN = /\b127\.0\.0\.1:(\d+)/g;

export interface Shell {
  /** Port of the venue that the page is run against. */
  readonly port: number;
  /** Ports of the venues that the page names, by the port that it names. */
  readonly ports: ReadonlyMap<string, number>;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

function command(block: ShellBlock, ports: ReadonlyMap<string, number>): string {
  return block.replacements.reduce((text, { from, to }) => {
    if (!text.includes(from)) throw new Error(`line ${block.line} has no ${from}`);
    return text.replaceAll(from, to);
  }, block.text).replaceAll(SHOWN, (shown, port: string) => (ports.has(port) ? `127.0.0.1:${ports.get(port)}` : shown));
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // Nothing is left of it.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** @returns the blocks that are to be run, in order, with what came of them @throws Error when it takes too long */
export async function runPage(page: Page, { port, ports, environment, timeoutMs }: Shell): Promise<Ran[]> {
  const blocks = page.blocks.filter(({ notRun, isInBackground }) => notRun === null && !isInBackground);
  const script = blocks.map((block) => `${command(block, ports)}\n__code=$?; printf '${MARK}%s${MARK}' $__code; printf '${MARK}' >&2\n`).join('');
  const { PATH, HOME, TMPDIR } = process.env;
  // A group of its own: what a block leaves in the background ends with it.
  const shell = spawn('bash', ['-c', `set -o pipefail\n${script}`], {
    cwd: ROOT, env: { PATH, HOME, TMPDIR, npm_config_loglevel: 'silent', PORT: String(port), ...environment }, detached: true,
  });
  const [stdout, stderr] = [shell.stdout, shell.stderr].map((stream) => {
    const told = { text: '' };
    stream.setEncoding('utf8').on('data', (chunk: string) => { told.text += chunk; });
    return told;
  }) as [{ text: string }, { text: string }];
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`${page.path} took more than ${timeoutMs} ms:\n${stdout.text}\n${stderr.text}`)), timeoutMs);
      // Not `close`: what goes on in the background holds the pipes.
      shell.once('exit', () => resolve());
      shell.once('error', reject);
    });
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    clearTimeout(timer);
    if (shell.pid !== undefined) killGroup(shell.pid);
  }
  const parts = stdout.text.split(MARK);
  const errors = stderr.text.split(MARK);
  return blocks.map((block, i) => ({ block, stdout: parts[2 * i] ?? '', exitCode: Number(parts[2 * i + 1] ?? Number.NaN), stderr: errors[i] ?? '' }));
}
