import { spawnSync } from 'node:child_process';
import { isRoot } from '../../src/servers/account';
import { findProgram } from '../../src/servers/commands';

const INSTALL_TIMEOUT_MS = 10 * 60_000;
/** Test files run side by side: one installs at a time, and whoever waited looks again. The kernel lets go of it with its holder. */
const LOCK = '/tmp/openfill-test-apt.lock';

const INSTALL = 'apt-get -q -y -o DPkg::Lock::Timeout=120 install --no-install-recommends "$1"';
const UPDATE = 'apt-get -q -y update';

const firstOf = (programs: readonly string[]): string | null => {
  for (const program of programs) {
    const path = findProgram(program);
    if (path !== null) return path;
  }
  return null;
};

/**
 * A program that tests need, by any of its names: one that is there, else from the distribution's package where that can be installed.
 * @returns its path; null, with a line printed that says so, where there is none
 */
export function programOf(names: readonly [string, ...string[]], debianPackage: string): string | null {
  const found = firstOf(names);
  if (found !== null) return found;
  if (isRoot() && findProgram('apt-get') !== null && findProgram('flock') !== null) {
    // The package lists may be missing or old.
    const script = `for name in ${names.join(' ')}; do command -v "$name" && exit 0; done; ${INSTALL} || { ${UPDATE} && ${INSTALL}; }`;
    spawnSync('flock', [LOCK, 'sh', '-c', script, 'sh', debianPackage], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, stdio: 'ignore', timeout: INSTALL_TIMEOUT_MS,
    });
  }
  const installed = firstOf(names);
  if (installed === null) process.stderr.write(`skipped: tests with ${names[0]}, which is not installed and cannot be (it takes root and apt-get)\n`);
  return installed;
}
