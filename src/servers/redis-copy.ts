import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { readIdentity, writeIdentity } from './data-dir-lock';
import { startEmbeddedRedis } from './embedded-redis';
import { makeTemporaryDirectory } from './files';
import { isAlive, ownIdentity } from './process-table';

const COPY_TIMEOUT_MS = 120_000;
const POLL_MS = 50;
const COPY_PREFIX = 'redis-copy-';
const OWNER_FILE = 'owner.json';

/** A copy of a running Redis at one moment, on a server of its own that nobody writes to. */
export interface RedisCopy {
  readonly url: string;
  stop(): Promise<void>;
}

/** Below the venue's data, where there is room for it; elsewhere where this machine has none. Copies of who was killed are removed. */
function copyDirectory(dataDir: string): string {
  if (!existsSync(dataDir)) return makeTemporaryDirectory('copy');
  for (const name of readdirSync(dataDir)) {
    if (!name.startsWith(COPY_PREFIX)) continue;
    const owner = readIdentity(join(dataDir, name, OWNER_FILE));
    if (owner !== null && !isAlive(owner)) rmSync(join(dataDir, name), { recursive: true, force: true });
  }
  const directory = mkdtempSync(join(dataDir, COPY_PREFIX));
  writeIdentity(join(directory, OWNER_FILE), ownIdentity());
  return directory;
}

/**
 * Takes the copy by replication: the original forks once and goes on serving.
 * @param venueDir the venue's DATA_DIR
 * @throws Error when the original does not allow it
 */
export async function copyRedis(url: string, venueDir: string): Promise<RedisCopy> {
  const dataDir = copyDirectory(venueDir);
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
