import { setTimeout as sleep } from 'node:timers/promises';

/** Told what takes long, in a sentence. */
export type Report = (message: string) => void;

/** How a start talks, and what ends it before its time. */
export interface StartOptions {
  /** By default a line on stderr. */
  readonly report?: Report;
  /** Once it is aborted, what was begun is taken back and the start throws its reason. */
  readonly signal?: AbortSignal;
}

const TOLD_EACH_MS = 4_000;

export const reportOnStderr: Report = (message) => { process.stderr.write(`openfill: ${message}\n`); };

/** Does the work, and says every few seconds what is waited for: a start never hangs without a word. */
export async function telling<T>(report: Report, what: () => string, work: () => Promise<T>): Promise<T> {
  const startedAt = Date.now();
  const timer = setInterval(() => report(`waiting for ${what()} (${Math.round((Date.now() - startedAt) / 1_000)} s)`), TOLD_EACH_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** @throws the signal's reason, at once when it is aborted */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  signal?.throwIfAborted();
}

/** The outcome of the work, or the signal's reason as soon as it is aborted; the work is then on its own. */
export async function unlessAborted<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
    work.catch(() => undefined);
  }
}
