import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identityOf } from '../../src/servers/process-table';
import { until } from '../support/until';
import { temporaryDirectory } from '../support/servers';
import { UpProcess } from '../support/up-process';

jest.setTimeout(120_000);
afterEach(() => UpProcess.killAll());

const directory = temporaryDirectory('up-start');
afterAll(() => directory.remove());

function portOf(line: string | undefined): number {
  return Number(/:(\d+)$/.exec(line ?? '')?.[1]);
}

async function order(port: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/orders`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ client_id: 'client-A', instrument: 'BTC-USD', side: 'buy', type: 'limit', price: '50000', quantity: '0.5' }),
  });
  return response.status;
}

describe('npm run up starts, and trades,', () => {
  const closed = join(directory.path, 'closed');
  mkdirSync(closed, { mode: 0o700 });

  it.each<[string, Record<string, string>, string]>([
    ['with the variables of Postgres\' and Redis\' other clients', {
      PGSSLMODE: 'require', PGOPTIONS: '-c default_transaction_read_only=on', PGHOST: 'nowhere.invalid', PGPORT: '1', PGUSER: 'somebody',
      PGPASSWORD: 'secret', PGDATABASE: 'nothing', PGSERVICE: 'none', PGSSLROOTCERT: '/nonexistent', PGPASSFILE: '/nonexistent', PGAPPNAME: 'other',
      PGSSLNEGOTIATION: 'direct', PGREPLICATION: 'database', PGDATA: '/nonexistent', NODE_PG_FORCE_NATIVE: '1', REDISCLI_AUTH: 'secret',
      LD_LIBRARY_PATH: '/nonexistent',
    }, '022'],
    ['with a TMPDIR that is not there', { TMPDIR: '/nonexistent' }, '022'],
    ['with a TMPDIR that is closed to others', { TMPDIR: closed }, '022'],
    ['under a umask that closes everything to others', {}, '077'],
    ['under a umask that closes nothing', {}, '000'],
  ])('%s', async (name, environment, umask) => {
    const dataDir = join(directory.path, name.replaceAll(/\W/g, '-'));
    const up = new UpProcess({ PORT: '0', DATA_DIR: dataDir, ...environment }, ['sh', '-c', `umask ${umask} && exec "$0" scripts/run.mjs up`, process.execPath]);
    const [line] = await up.ready();
    expect(await order(portOf(line))).toBe(201);
    await up.signal('SIGTERM');
    expect(await up.exitCode()).toBe(0);
    expect(up.stderr).toBe('');
    expect(readdirSync(closed)).toEqual([]);
  });
});

describe('npm run up gives way to a signal', () => {
  it('while the data directory is made', async () => {
    const dataDir = join(directory.path, 'initdb');
    const up = UpProcess.direct({ PORT: '0', DATA_DIR: dataDir });
    await until('initdb runs', () => existsSync(join(dataDir, 'postgres.initdb')));
    await up.signal('SIGTERM');
    expect(await up.exitCode()).toBe(0);
    expect(readdirSync(dataDir).filter((name) => /^(postgres|up\.lock|runtime)/.test(name))).toEqual([]);
  });

  it('while it waits for a server, having said that it does', async () => {
    const dataDir = join(directory.path, 'standby');
    const first = UpProcess.direct({ PORT: '0', DATA_DIR: dataDir });
    await first.ready();
    await first.signal('SIGTERM');
    // A standby that serves nobody never becomes ready.
    writeFileSync(join(dataDir, 'postgres', 'standby.signal'), '');
    appendFileSync(join(dataDir, 'postgres', 'postgresql.auto.conf'), 'hot_standby = off\n');
    const up = UpProcess.direct({ PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'warn' });
    await up.says(/waiting for postgres to be ready: .+ \(4 s\)/);
    await up.signal('SIGTERM');
    expect(await up.exitCode()).toBe(0);
    expect(up.stderr).toBe('');
    expect(existsSync(join(dataDir, 'up.lock'))).toBe(false);
  });
});

describe('npm run up and the npm that started it', () => {
  const dataDir = join(directory.path, 'npm');
  const service = (): number => (JSON.parse(readFileSync(join(dataDir, 'service.pid'), 'utf8')) as { pid: number }).pid;
  const lastOf = (name: string): string => readFileSync(join(dataDir, 'logs', name), 'utf8').trimEnd().split('\n').at(-1) ?? '';

  it.each(['SIGTERM', 'SIGKILL'] as const)('ends as by a signal when that is ended alone by %s', async (name) => {
    const up = new UpProcess({ PORT: '0', DATA_DIR: dataDir });
    await up.ready();
    const running = [up.serverPid('redis'), up.serverPid('postgres'), service()];
    expect(running.map(identityOf)).not.toContain(null);
    await up.signal(name);
    await until('all of it is gone', () => running.every((pid) => identityOf(pid) === null));
    expect(lastOf('postgres.log')).toMatch(/database system is shut down/);
    expect(existsSync(join(dataDir, 'up.lock'))).toBe(false);
  });

  it('goes on in the background when the shell that started npm is gone', async () => {
    const log = join(directory.path, 'nohup.out');
    const shell = spawn('sh', ['-c', `nohup npm run up > "${log}" 2>&1 & echo $!`], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', DATA_DIR: dataDir }, stdio: ['ignore', 'pipe', 'inherit'], detached: true,
    });
    const [text] = await once(shell.stdout, 'data') as [Buffer];
    const npm = Number(text.toString());
    const said = (): string => (existsSync(log) ? readFileSync(log, 'utf8') : '');
    try {
      await until('it is ready', () => said().includes('openfill ready on'));
      // Long enough for it to have looked around several times.
      await sleep(1_500);
      expect(await order(portOf(said().split('\n').find((line) => line.startsWith('openfill ready on'))))).toBe(201);
    } finally {
      process.kill(npm, 'SIGTERM');
    }
    await until('all of it is gone', () => !existsSync(join(dataDir, 'up.lock')));
    expect(lastOf('postgres.log')).toMatch(/database system is shut down/);
  });
});

/** A process namespace as a container has it, whose first process asks for nobody's end. */
class Container {
  private constructor(private readonly holder: ChildProcess, private readonly first: number) {}

  static isPossible(): boolean {
    return process.getuid?.() === 0 && spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true'], { stdio: 'ignore' }).status === 0;
  }

  static async start(): Promise<Container> {
    const holder = spawn('unshare', ['--pid', '--fork', '--mount-proc', '--kill-child', 'sleep', '600'], { stdio: 'ignore' });
    const children = `/proc/${holder.pid}/task/${holder.pid}/children`;
    await until('its first process runs', () => existsSync(children) && readFileSync(children, 'utf8').trim() !== '');
    return new Container(holder, Number(readFileSync(children, 'utf8').trim()));
  }

  /** A command that runs in there. */
  command(...command: readonly string[]): string[] {
    return ['nsenter', '--target', String(this.first), '--pid', '--mount', ...command];
  }

  run(script: string): number | null {
    const [program = '', ...args] = this.command('sh', '-c', script);
    return spawnSync(program, args, { stdio: 'inherit' }).status;
  }

  async remove(): Promise<void> {
    this.holder.kill('SIGKILL');
    await once(this.holder, 'exit');
  }
}

(Container.isPossible() ? it : it.skip)('npm run up starts again after a kill of everything in a container whose first process reaps nobody', async () => {
  const container = await Container.start();
  try {
    const dataDir = join(directory.path, 'container');
    const start = (): UpProcess => new UpProcess({ PORT: '0', DATA_DIR: dataDir }, container.command(process.execPath, join(__dirname, '..', '..', 'scripts', 'run.mjs'), 'up'));
    const up = start();
    expect(await order(portOf((await up.ready())[0]))).toBe(201);
    container.run('kill -KILL -1');
    const [postgres = ''] = readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n');
    // What PostgreSQL would believe in.
    await until('it is dead and still there', () => container.run(`kill -0 ${postgres} && grep -q 'State:.Z' /proc/${postgres}/status`) === 0);
    const again = start();
    const port = portOf((await again.ready())[0]);
    const book = await (await fetch(`http://127.0.0.1:${port}/public/orderbook?instrument=BTC-USD`)).json() as { bids: unknown[] };
    expect(book.bids).toEqual([['50000.00', '0.50000000']]);
    expect(again.stderr).toBe('');
    container.run('kill -TERM $(sed "s/[^0-9]*\\([0-9]*\\).*/\\1/" ' + join(dataDir, 'up.lock') + ')');
    expect(await again.exitCode()).toBe(0);
  } finally {
    await container.remove();
  }
});
