import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { startEmbeddedRedis } from './embedded-redis';

const COPY_TIMEOUT_MS = 120_000;
const POLL_MS = 50;

/** A copy of a running Redis at one moment, on a server of its own that nobody writes to. */
export interface RedisCopy {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Takes the copy by replication: the original forks once and goes on serving.
 * @throws Error when the original does not allow it
 */
export async function copyRedis(url: string): Promise<RedisCopy> {
  const dataDir = mkdtempSync(join(tmpdir(), 'openfill-copy-'));
  const server = await startEmbeddedRedis({ dataDir });
  const stop = async (): Promise<void> => {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  const client = createClient({ url: server.url, RESP: 2 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const original = new URL(url);
    if (original.password !== '') {
      await client.sendCommand(['CONFIG', 'SET', 'masterauth', decodeURIComponent(original.password)]);
      if (original.username !== '') await client.sendCommand(['CONFIG', 'SET', 'masteruser', decodeURIComponent(original.username)]);
    }
    await client.sendCommand(['REPLICAOF', original.hostname, original.port || '6379']);
    const deadline = Date.now() + COPY_TIMEOUT_MS;
    for (;;) {
      const info = await client.info('replication');
      if (info.includes('master_link_status:up')) break;
      if (Date.now() > deadline) throw new Error('redis did not hand out a copy in time');
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    await client.sendCommand(['REPLICAOF', 'NO', 'ONE']);
    return { url: server.url, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    client.destroy();
  }
}
