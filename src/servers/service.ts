import { request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { join } from 'node:path';
import { startChild, type Child } from './child';
import { readIdentity, writeIdentity } from './data-dir-lock';
import { endProcesses, identityOf, isAlive } from './process-table';
import type { Running } from './supervisor';
import { pause, type StartOptions } from './waiting';

const PID_FILE = 'service.pid';
const POLL_MS = 100;
const ANSWER_TIMEOUT_MS = 2_000;
/** The service's steps of stopping each have SHUTDOWN_TIMEOUT_MS, and it gives itself three times that at most. */
const STOP_STEPS = 3;
const STOP_MARGIN_MS = 2_000;

function stopLimitMs(shutdownTimeoutMs: number): number {
  return STOP_STEPS * shutdownTimeoutMs + STOP_MARGIN_MS;
}

/**
 * For Node, before the program. The room for young objects is the one with the lowest p99 of single orders among those that
 * `npm run bench -- --only young-generation` measures: more of it is collected less often, in longer pauses.
 */
export const NODE_FLAGS = ['--enable-source-maps', '--max-semi-space-size=24'] as const;

export interface ServiceOptions {
  /** The built main.js. */
  readonly main: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly dataDir: string;
  /** How long the service lets itself drain. */
  readonly shutdownTimeoutMs: number;
  /** Arguments of Node's own, such as a profiler's. */
  readonly nodeArguments?: readonly string[];
}

export type Service = Running & Pick<Child, 'hasExited'> & {
  /** Passes a SIGHUP on. Only for a service that answers: one that has just begun would end by it. */
  hangUp(): void;
};

/** Starts the exchange's own process; its output goes where ours goes. It is not ready yet when this resolves. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const child = await startChild({
    command: process.execPath,
    args: [...NODE_FLAGS, ...options.nodeArguments ?? [], options.main],
    env: options.environment,
    deathSignal: 'SIGTERM',
  });
  const identity = identityOf(child.pid);
  if (identity !== null) writeIdentity(join(options.dataDir, PID_FILE), identity);
  return {
    pid: child.pid,
    exited: child.exited,
    hasExited: () => child.hasExited(),
    hangUp: () => { child.process.kill('SIGHUP'); },
    stop: () => child.stop('SIGTERM', stopLimitMs(options.shutdownTimeoutMs)),
  };
}

/** Ends a service that an earlier life with this data directory left behind; it would hold the port. */
export async function endOrphanedService(dataDir: string, shutdownTimeoutMs: number, options: StartOptions = {}): Promise<void> {
  const orphan = readIdentity(join(dataDir, PID_FILE));
  if (orphan !== null && isAlive(orphan)) {
    await endProcesses([orphan], 'SIGTERM', stopLimitMs(shutdownTimeoutMs), 'the service', options);
  }
}

/** Address to reach a service from this machine, whatever it listens on. */
export function localUrl(host: string, port: number, scheme: 'http' | 'https' = 'http'): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `${scheme}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

/** What a service says of itself; what is missing, it does not say, or it is no service of ours. */
export interface Readiness {
  readonly isReady: boolean;
  /** null where nothing keeps it from being ready. */
  readonly problem?: string | null;
  readonly shard?: { readonly name: string; readonly epoch: string | null; readonly sequence: number | null };
  readonly writer?: { readonly lag_entries: number | null };
}

/** @returns null while nobody answers */
export async function readiness(url: string): Promise<Readiness | null> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    return readinessOf(response.status, await response.text());
  } catch (error) {
    const { code = '' } = (error as { cause?: NodeJS.ErrnoException }).cause ?? {};
    return /CERT|SIGNATURE|ALTNAME/.test(code) ? { isReady: false, problem: `its certificate is not trusted: ${code}` } : null;
  }
}

/** What a service that we have started says: its certificate is for the names by which others find it. @returns null while nobody answers */
export function ownReadiness(url: string): Promise<Readiness | null> {
  const request = url.startsWith('https:') ? requestSecure : requestPlain;
  return new Promise((resolve) => {
    const sent = request(`${url}/readyz`, { agent: false, rejectUnauthorized: false, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; }).on('error', () => resolve(null))
        .on('end', () => resolve(readinessOf(response.statusCode ?? 0, text)));
    });
    sent.on('error', () => resolve(null));
    sent.end();
  });
}

function readinessOf(status: number, text: string): Readiness {
  let body: Partial<Readiness> | null = null;
  try {
    body = JSON.parse(text) as Partial<Readiness> | null;
  } catch {
    // It is no service of ours.
  }
  return { ...body, isReady: status === 200 };
}

/** @returns in a few words what keeps a service from being ready */
export async function whyNotReady(url: string): Promise<string> {
  const found = await ownReadiness(url);
  if (found === null) return 'no answer yet';
  return found.problem === 'shard_frozen' ? 'the venue is frozen, "npm run unfreeze" lifts that' : found.problem ?? 'ready';
}

/** @returns false when the service ended, or `signal` was given, before it was ready */
export async function waitUntilReady(service: Service, url: string, signal: AbortSignal): Promise<boolean> {
  while (!service.hasExited() && !signal.aborted) {
    if ((await ownReadiness(url))?.isReady) return true;
    await pause(POLL_MS, signal).catch(() => undefined);
  }
  return false;
}
