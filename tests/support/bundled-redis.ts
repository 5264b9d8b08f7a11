import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

/**
 * A test file has a world of its own, which loads every module anew: node-redis is eight hundred of them, half of what a test of the service
 * loads. For tests it is one, made once for each version.
 */
const MODULES = join(__dirname, '..', '..', 'node_modules');

/** Where jest.config.ts has tests find it. */
const BUNDLED = join(MODULES, '.cache', 'openfill', 'bundled', 'redis.cjs');

const versionOf = (directory: string): string => (JSON.parse(readFileSync(join(MODULES, directory, 'package.json'), 'utf8')) as { version: string }).version;

/** Makes the module where it is missing, or is of another version. */
export async function bundleRedis(): Promise<void> {
  const banner = `// redis ${versionOf('redis')}, @redis/client ${versionOf('@redis/client')}\n`;
  if (existsSync(BUNDLED) && readFileSync(BUNDLED, 'utf8').startsWith(banner)) return;
  const bundle = await rolldown({ input: 'redis', cwd: MODULES, platform: 'node', logLevel: 'silent' });
  try {
    await bundle.write({ file: BUNDLED, format: 'cjs', banner });
  } finally {
    await bundle.close();
  }
}
