import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../src/servers/embedded-postgres';
import { startEmbeddedRedis, type EmbeddedRedisOptions } from '../../src/servers/embedded-redis';
import type { EmbeddedServer } from '../../src/servers/embedded-server';

/** URL of one of the run's shared servers, which the global set-up has started. */
export function sharedUrl(variable: 'TEST_REDIS_URL' | 'TEST_REDIS_CLUSTER_URL' | 'TEST_DATABASE_URL'): string {
  const url = process.env[variable];
  if (url === undefined) throw new Error(`${variable} is not set: run the tests with npm test`);
  return url;
}

/** A directory below the system's temporary one; `remove` it at the end. */
export function temporaryDirectory(name: string): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `openfill-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A server of one test's own, to be killed and started again on the same data and port. */
export class PrivateServer {
  private constructor(
    private current: EmbeddedServer,
    private readonly directory: ReturnType<typeof temporaryDirectory>,
    private readonly again: (port: number) => Promise<EmbeddedServer>,
  ) {}

  static async redis(options: Omit<EmbeddedRedisOptions, 'dataDir' | 'port'> = {}): Promise<PrivateServer> {
    return PrivateServer.start('redis', (dataDir, port) => startEmbeddedRedis({ ...options, dataDir, ...port }));
  }

  static async postgres(settings: Readonly<Record<string, string>> = {}): Promise<PrivateServer> {
    return PrivateServer.start('postgres', (dataDir, port) => startEmbeddedPostgres({ settings, dataDir, ...port }));
  }

  private static async start(name: string, start: (dataDir: string, port: { port?: number }) => Promise<EmbeddedServer>): Promise<PrivateServer> {
    const directory = temporaryDirectory(name);
    try {
      return new PrivateServer(await start(directory.path, {}), directory, (port) => start(directory.path, { port }));
    } catch (error) {
      directory.remove();
      throw error;
    }
  }

  get url(): string {
    return this.current.url;
  }

  get pid(): number {
    return this.current.pid;
  }

  get dataDir(): string {
    return this.directory.path;
  }

  /** As the kernel or a power cut would: no time for a last word. */
  async kill(): Promise<void> {
    process.kill(this.current.pid, 'SIGKILL');
    await this.current.exited;
  }

  async stop(): Promise<void> {
    await this.current.stop();
  }

  /** Starts it again on the same data and port, after `kill` or `stop`. */
  async restart(): Promise<void> {
    this.current = await this.again(this.current.port);
  }

  /** Stops it and removes its data. */
  async remove(): Promise<void> {
    await this.current.stop();
    this.directory.remove();
  }
}
