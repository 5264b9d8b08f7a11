import { execFileSync, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { serverEnvironment } from './environment';

/** Who a server runs as when we are root. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Accounts that systems have for such things, best first. */
const CANDIDATES = ['postgres', 'nobody'] as const;
const OWN_ACCOUNT = 'openfill';
const LOOK_TIMEOUT_MS = 30_000;

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function lookUp(name: string): Account | null {
  const id = (flag: string): number => {
    const result = spawnSync('id', [flag, name], { encoding: 'utf8', env: serverEnvironment(), timeout: LOOK_TIMEOUT_MS });
    return result.status === 0 ? Number(result.stdout.trim()) : 0;
  };
  const uid = id('-u');
  const gid = id('-g');
  return uid > 0 && gid > 0 ? { uid, gid } : null;
}

/**
 * The account that a server which refuses root runs as: whoever owns its data already, else one that the system has,
 * else a new one.
 * @returns null when we are not root and everything runs as ourselves
 * @throws Error when root has no account to drop to and cannot make one
 */
export function unprivilegedAccount(dataDirectory: string): Account | null {
  if (!isRoot()) return null;
  const owner = statSync(dataDirectory, { throwIfNoEntry: false });
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  for (const name of [...CANDIDATES, OWN_ACCOUNT]) {
    const account = lookUp(name);
    if (account) return account;
  }
  try {
    execFileSync('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', OWN_ACCOUNT], { stdio: 'ignore' });
  } catch (error) {
    throw new Error('PostgreSQL does not run as root and there is no account to run it as:\nmake one (useradd --system openfill), or start as an ordinary user', { cause: error });
  }
  const made = lookUp(OWN_ACCOUNT);
  if (!made) throw new Error(`the account ${OWN_ACCOUNT} was made but cannot be found`);
  return made;
}

/** @returns why this account cannot start the program, directories above it included; null where it can */
export function whyNotRun(account: Account | null, program: string): string | null {
  const result = spawnSync(program, ['--version'], {
    encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'], cwd: '/', env: serverEnvironment(), timeout: LOOK_TIMEOUT_MS, ...account,
  });
  if (result.status === 0) return null;
  const reason = result.error ? (result.error as NodeJS.ErrnoException).code ?? result.error.message : result.stderr.trim().split('\n')[0] ?? '';
  return `${program} does not run${account === null ? '' : ` as account ${account.uid}`}${reason === '' ? '' : `: ${reason}`}`;
}

/** Whether this account reaches the directory by its name. */
export function canEnter(account: Account | null, directory: string): boolean {
  if (account === null) return true;
  return spawnSync('/bin/sh', ['-c', 'cd -- "$1"', 'sh', directory], {
    stdio: 'ignore', cwd: '/', env: serverEnvironment(), timeout: LOOK_TIMEOUT_MS, ...account,
  }).status === 0;
}
