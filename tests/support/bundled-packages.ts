import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

/**
 * A test file has a world of its own, which loads every module anew: node-redis is eight hundred of them, half of what a test of the service
 * loads. For tests it is one, made once for each version.
 */
const PACKAGE = 'redis';
const MODULES = join(__dirname, '..', '..', 'node_modules');

/** Where jest.config.ts has tests find it. */
export const BUNDLED_REDIS = join(MODULES, '.cache', 'openfill', 'bundled', 'redis.cjs');

const versionOf = (directory: string): string => (JSON.parse(readFileSync(join(MODULES, directory, 'package.json'), 'utf8')) as { version: string }).version;

/** Makes the module where it is missing, or is of another version. */
export async function bundlePackages(): Promise<void> {
  const banner = `// ${PACKAGE} ${versionOf(PACKAGE)}, @redis/client ${versionOf('@redis/client')}\n`;
  if (existsSync(BUNDLED_REDIS) && readFileSync(BUNDLED_REDIS, 'utf8').startsWith(banner)) return;
  const bundle = await rolldown({ input: PACKAGE, cwd: MODULES, platform: 'node', logLevel: 'silent' });
  try {
    await bundle.write({ file: BUNDLED_REDIS, format: 'cjs', banner, minify: false });
  } finally {
    await bundle.close();
  }
}
