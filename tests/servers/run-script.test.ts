import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { identityOf, ownIdentity } from '../../src/servers/process-table';
import { until } from '../support/until';
import { temporaryDirectory } from '../support/servers';
import { makeZombie } from './support/zombie';

/** A compiler that takes as long as it is told to, and makes one command. */
const COMPILER = `
const fs = require('node:fs');
const out = process.argv[process.argv.indexOf('--outDir') + 1];
fs.writeFileSync('compiler.pid', String(process.pid));
const done = () => {
  fs.mkdirSync(out + '/cli', { recursive: true });
  fs.writeFileSync(out + '/index.js', '');
  fs.writeFileSync(out + '/cli/tell.js', 'console.log(JSON.stringify({ umask: process.umask(), tmp: require("node:os").tmpdir() }));');
};
if (process.env.SLOW) setInterval(() => {}, 1000);
else done();
`;

/** A checkout with the real scripts/run.mjs, no packages, and that compiler. */
class Checkout {
  private readonly directory = temporaryDirectory('checkout');
  readonly lock = join(this.directory.path, '.setup-lock');

  constructor() {
    const write = (path: string, text: string): void => {
      const file = join(this.directory.path, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    };
    mkdirSync(join(this.directory.path, 'scripts'));
    cpSync(join(__dirname, '..', '..', 'scripts', 'run.mjs'), join(this.directory.path, 'scripts', 'run.mjs'));
    write('package.json', '{ "name": "openfill", "scripts": { "tell": "node scripts/run.mjs tell" } }');
    write('package-lock.json', '{ "packages": { "": {} } }');
    write('node_modules/.package-lock.json', '{ "packages": {} }');
    write('node_modules/typescript-native/bin/tsc', COMPILER);
    for (const path of ['tsconfig.json', 'tsconfig.build.json', 'src/main.ts']) write(path, '{}');
    for (const name of ['contract', 'client']) for (const path of ['tsconfig.json', 'src/index.ts']) write(`packages/${name}/${path}`, '{}');
  }

  /** Whose set-up this is, as the lock tells. */
  hold(holder: object | null, child: object | null = null): void {
    mkdirSync(this.lock);
    if (holder !== null) writeFileSync(join(this.lock, 'holder'), JSON.stringify(holder));
    if (child !== null) writeFileSync(join(this.lock, 'child'), JSON.stringify(child));
  }

  run(environment: Readonly<Record<string, string>> = {}, command: readonly string[] = [process.execPath, 'scripts/run.mjs', 'tell']): Run {
    return new Run(this.directory.path, environment, command);
  }

  compilerPid(): number {
    const file = join(this.directory.path, 'compiler.pid');
    return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  }

  locks(): string[] {
    return readdirSync(this.directory.path).filter((name) => name.startsWith('.setup-lock'));
  }

  /** With what a failed test has left running. */
  remove(): void {
    const compiler = this.compilerPid();
    if (compiler !== 0 && identityOf(compiler) !== null) process.kill(compiler, 'SIGKILL');
    this.directory.remove();
  }
}

class Run {
  stdout = '';
  stderr = '';
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly closed: Promise<unknown>;

  constructor(cwd: string, environment: Readonly<Record<string, string>>, [program = '', ...args]: readonly string[]) {
    this.child = spawn(program, args, { cwd, env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment } });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => { this.stdout += text; });
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => { this.stderr += text; });
    this.closed = once(this.child, 'close');
  }

  kill(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Exit code once its last process has closed its output. */
  async ended(): Promise<number | null> {
    await this.closed;
    return this.child.exitCode;
  }
}

describe('scripts/run.mjs', () => {
  let checkout: Checkout;
  beforeEach(() => { checkout = new Checkout(); });
  afterEach(() => checkout.remove());

  it.each<[string, () => Promise<{ holder: object | null; after?: () => Promise<void> }>]>([
    ['has ended, though nobody has asked for its end', async () => {
      const zombie = await makeZombie();
      return { holder: { ...ownIdentity(), pid: zombie.pid }, after: () => zombie.remove() };
    }],
    ['had a number that another one has now', () => Promise.resolve({ holder: { ...ownIdentity(), started: 'long ago' } })],
  ])('takes over from a set-up that %s', async (_, make) => {
    const { holder, after } = await make();
    checkout.hold(holder);
    try {
      const run = checkout.run();
      expect({ code: await run.ended(), stderr: run.stderr }).toEqual({ code: 0, stderr: 'openfill: building ...\n' });
      expect(checkout.locks()).toEqual([]);
    } finally {
      await after?.();
    }
  });

  it('ends what a killed set-up has left running, before it takes over', async () => {
    const slow = checkout.run({ SLOW: '1' });
    await until('it builds', () => checkout.compilerPid() !== 0);
    const compiler = checkout.compilerPid();
    slow.kill('SIGKILL');
    await until('it is gone', () => identityOf((JSON.parse(readFileSync(join(checkout.lock, 'holder'), 'utf8')) as { pid: number }).pid) === null);
    expect(identityOf(compiler)).not.toBeNull();
    expect(await checkout.run().ended()).toBe(0);
    expect(identityOf(compiler)).toBeNull();
    expect(checkout.locks()).toEqual([]);
  });

  it('says which set-up it waits for, and gives way to a signal', async () => {
    checkout.hold(ownIdentity());
    const run = checkout.run();
    await until('it says so', () => run.stderr !== '');
    expect(run.stderr).toBe(`openfill: waiting for another set-up of this checkout (process ${process.pid}) to end (0 s)\n`);
    run.kill('SIGTERM');
    expect(await run.ended()).toBe(143);
    expect(checkout.locks()).toEqual(['.setup-lock']);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends a build, and what it has started, by %s', async (name) => {
    const run = checkout.run({ SLOW: '1' });
    await until('it builds', () => checkout.compilerPid() !== 0);
    run.kill(name);
    expect(await run.ended()).toBe({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[name]);
    expect(identityOf(checkout.compilerPid())).toBeNull();
    expect(checkout.locks()).toEqual([]);
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)('ends a build when the npm that started it is ended alone by %s', async (name) => {
    const run = checkout.run({ SLOW: '1' }, ['npm', 'run', 'tell']);
    await until('it builds', () => checkout.compilerPid() !== 0);
    run.kill(name);
    await run.ended();
    expect(identityOf(checkout.compilerPid())).toBeNull();
    expect(checkout.locks()).toEqual([]);
  });

  it('takes another place for temporary files where TMPDIR is none, and says so', async () => {
    const run = checkout.run({ TMPDIR: '/nonexistent' });
    expect(await run.ended()).toBe(0);
    expect(run.stderr).toBe('openfill: TMPDIR /nonexistent cannot be used (ENOENT): temporary files go to /tmp\nopenfill: building ...\n');
    expect(JSON.parse(run.stdout)).toMatchObject({ tmp: '/tmp' });
  });

  it.each([['000', 0o022], ['027', 0o027], ['077', 0o077], ['777', 0o077]])('under the umask %s takes from others and leaves to its owner', async (umask, kept) => {
    const run = checkout.run({}, ['sh', '-c', `umask ${umask} && exec "$0" scripts/run.mjs tell`, process.execPath]);
    expect(await run.ended()).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ umask: kept });
  });
});
