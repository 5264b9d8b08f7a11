import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 10;
/** Below jest's own limit for a test, which would not say what was waited for. */
const TIMEOUT_MS = 45_000;

/** Waits until `check` holds. @throws Error naming `what` when it does not come to that in time */
export async function until(what: string, check: () => boolean | Promise<boolean>, timeoutMs = TIMEOUT_MS): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    if (await check()) return;
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await sleep(POLL_MS);
  }
}

/** Waits for what something else brings about. @throws Error naming `what` when it does not come in time */
export async function within<T>(what: string, promise: Promise<T>, timeoutMs = TIMEOUT_MS): Promise<T> {
  const given = new AbortController();
  const late = sleep(timeoutMs, undefined, { signal: given.signal }).then(() => { throw new Error(`waited in vain: ${what}`); });
  try {
    return await Promise.race([promise, late]);
  } finally {
    // Seen by nobody any more.
    late.catch(() => undefined);
    given.abort();
  }
}
