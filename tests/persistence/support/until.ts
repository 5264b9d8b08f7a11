import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 10;

/** Waits until `check` holds. @throws Error naming `what` when it does not come to that in time */
export async function until(what: string, check: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    if (await check()) return;
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await sleep(POLL_MS);
  }
}
