import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const VERSION = '0.9.0';
const ENVIRONMENT = join(__dirname, '..', '..', 'node_modules', '.cache', 'openapi-spec-validator');
const READY = join(ENVIRONMENT, `.ready-${VERSION}`);
const INSTALL_MS_MAX = 120_000;

const run = promisify(execFile);

/** Installs Python's openapi-spec-validator once. @returns its Python, or why there is none: no Python, or no way to its packages */
export async function specValidator(): Promise<{ readonly python: string } | { readonly missing: string }> {
  const python = join(ENVIRONMENT, 'bin', 'python');
  if (existsSync(READY)) return { python };
  try {
    rmSync(ENVIRONMENT, { recursive: true, force: true });
    mkdirSync(ENVIRONMENT, { recursive: true });
    await run('python3', ['-m', 'venv', ENVIRONMENT], { timeout: INSTALL_MS_MAX });
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--retries', '1', `openapi-spec-validator==${VERSION}`], { timeout: INSTALL_MS_MAX });
    writeFileSync(READY, '');
    return { python };
  } catch (error) {
    return { missing: (error as Error).message.split('\n')[0] as string };
  }
}
