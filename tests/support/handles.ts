import { setTimeout as sleep } from 'node:timers/promises';

const KINDS = new Set(['TCPSocketWrap', 'TCPServerWrap', 'PipeWrap', 'PipeServerWrap', 'ProcessWrap', 'FSReqCallback', 'FSEventWrap']);
const GRACE_MS = 1_000;
const POLL_MS = 25;

function count(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (KINDS.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

/**
 * Remembers what keeps this process alive now.
 * @returns a check that waits a moment for closing to finish and answers what has been left open since
 */
export function watchHandles(): () => Promise<string[]> {
  const before = count();
  const leaks = (): string[] => [...count()]
    .map(([kind, now]) => ({ kind, more: now - (before.get(kind) ?? 0) }))
    .filter(({ more }) => more > 0)
    .map(({ kind, more }) => `${more} ${kind}`);
  return async () => {
    const deadline = Date.now() + GRACE_MS;
    while (leaks().length > 0 && Date.now() < deadline) await sleep(POLL_MS);
    return leaks();
  };
}
