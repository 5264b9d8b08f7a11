import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, runCommand } from '../servers/commands';

/** k6, the load generator that runs load-test/: an installed one, else one that Go builds once. */

/** The one that the scripts are tried with. */
export const K6_VERSION = 'v1.8.1';
const BUILD_TIMEOUT_MS = 30 * 60_000;
const VERSION_TIMEOUT_MS = 10_000;

export const HOW_TO_GET_K6 = [
  'k6 is not installed. Get it from https://grafana.com/docs/k6/latest/set-up/install-k6/ (a package for most systems),',
  'or install Go: with that, this command builds k6 by itself.',
].join('\n');

/** The directory of tools that we build, below the data directory. */
export function toolsDirectory(dataDir: string): string {
  return join(dataDir, 'tools');
}

/**
 * @param report told before anything is built
 * @returns the program's path
 * @throws Error that says how to get k6
 */
export async function k6Program(directory: string, report: (line: string) => void): Promise<string> {
  const built = join(directory, 'k6');
  const found = findProgram('k6') ?? (existsSync(built) ? built : null);
  if (found !== null && (await runCommand(found, ['version'], { timeoutMs: VERSION_TIMEOUT_MS })).ok) return found;
  const go = findProgram('go');
  if (go === null) throw new Error(HOW_TO_GET_K6);
  const module = `go.k6.io/k6@${K6_VERSION}`;
  report(`k6 is not installed: building it with "go install ${module}" into ${directory}, once; this takes some minutes`);
  mkdirSync(directory, { recursive: true });
  const result = await runCommand(go, ['install', module], { env: { GOBIN: directory }, timeoutMs: BUILD_TIMEOUT_MS });
  if (!result.ok || !existsSync(built)) throw new Error(`${HOW_TO_GET_K6}\n"go install ${module}" failed:\n${result.output}`);
  return built;
}
