import { createClient } from 'redis';

const SCAN_COUNT = 1000;
const DELETE_COUNT = 1000;

/** A class of commands is made once. */
const MADE_OF = createClient({ RESP: 2 });

/** A plain connection for a test's own look into Redis; the service's way is src/engine. */
export class TestRedis {
  private constructor(private readonly client: typeof MADE_OF) {}

  static async connect(url: string): Promise<TestRedis> {
    const client = MADE_OF.duplicate({ url, name: 'test', socket: { reconnectStrategy: false } });
    client.on('error', () => undefined);
    await client.connect();
    return new TestRedis(client);
  }

  async command(...args: string[]): Promise<unknown> {
    return this.client.sendCommand(args);
  }

  /** Names of all keys that match; every key of a shard matches `{shard}:*`. */
  async keys(pattern: string): Promise<string[]> {
    const found = new Set<string>();
    let cursor = '0';
    do {
      const [next, names] = (await this.command('SCAN', cursor, 'MATCH', pattern, 'COUNT', String(SCAN_COUNT))) as [string, string[]];
      for (const name of names) found.add(name);
      cursor = next;
    } while (cursor !== '0');
    return [...found];
  }

  async dropShard(shard: string): Promise<void> {
    const keys = await this.keys(`{${shard}}:*`);
    while (keys.length > 0) await this.command('UNLINK', ...keys.splice(0, DELETE_COUNT));
  }

  close(): void {
    if (this.client.isOpen) this.client.destroy();
  }
}
