import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { isRoot } from '../../src/servers/account';
import { findFreePort } from '../../src/servers/ports';
import { programOf } from './debian-package';
import { until } from './until';
import { temporaryDirectory } from './servers';

/** pgbouncer, installed from the distribution where that can be done; null, and a reason printed, where there is none. */
export function pgbouncerProgram(): string | null {
  return programOf(['pgbouncer'], 'pgbouncer');
}

/** A real pgbouncer in front of one database. */
export class PgBouncer {
  private constructor(private readonly child: ChildProcess, private readonly directory: ReturnType<typeof temporaryDirectory>, readonly url: string) {}

  static async start(program: string, databaseUrl: string, mode: 'session' | 'transaction' | 'statement', settings: Readonly<Record<string, string>> = {}): Promise<PgBouncer> {
    const directory = temporaryDirectory('pgbouncer');
    const port = await findFreePort();
    const { hostname, port: serverPort, username, password, pathname } = new URL(databaseUrl);
    const name = pathname.slice(1);
    const file = join(directory.path, 'pgbouncer.ini');
    const lines = {
      listen_addr: '127.0.0.1', listen_port: String(port), unix_socket_dir: '', auth_type: 'any', pool_mode: mode, ...settings,
    };
    writeFileSync(file, [
      '[databases]', `${name} = host=${hostname} port=${serverPort} dbname=${name} user=${username} password=${decodeURIComponent(password)}`,
      '[pgbouncer]', ...Object.entries(lines).map(([key, value]) => `${key} = ${value}`), '',
    ].join('\n'));
    // It does not run as root, and reads this as somebody else.
    chmodSync(directory.path, 0o755);
    chmodSync(file, 0o644);
    const child = spawn(program, [...(isRoot() ? ['-u', 'nobody'] : []), file], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => { said += text; });
    await until('pgbouncer listens', () => new Promise<boolean>((resolve) => {
      if (child.exitCode !== null) throw new Error(`pgbouncer ended:\n${said}`);
      const socket = createConnection(port, '127.0.0.1');
      socket.once('connect', () => { socket.destroy(); resolve(true); });
      socket.once('error', () => resolve(false));
    }), 20_000);
    return new PgBouncer(child, directory, `postgres://anybody@127.0.0.1:${port}/${name}`);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      const ended = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      const late = setTimeout(() => this.child.kill('SIGKILL'), 5_000);
      await ended;
      clearTimeout(late);
    }
    this.directory.remove();
  }
}
