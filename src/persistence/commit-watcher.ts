import { setTimeout as sleep } from 'node:timers/promises';

/** Where the checkpoint can be read from, whichever process writes. */
export interface CheckpointSource {
  /** Log sequence up to which Postgres holds everything, as Redis was last told. */
  persisted(): Promise<number>;
}

const POLL_MIN_MS = 2;
const POLL_MAX_MS = 50;

/** Waits for the writer: told at once where it runs in this process, by asking Redis where it does not. */
export class CommitWatcher {
  private committed = 0;
  private readonly waiters = new Set<{ readonly sequence: number; readonly wake: () => void }>();

  constructor(private readonly source: CheckpointSource) {}

  /** Called by the writer of this process after each commit. */
  note(sequence: number): void {
    this.committed = sequence;
    for (const waiter of this.waiters) {
      if (waiter.sequence <= sequence) waiter.wake();
    }
  }

  /** Forgets what was committed: the shard begins another life. */
  reset(): void {
    this.committed = 0;
  }

  /** @returns false when Postgres does not hold `sequence` in time. */
  async waitFor(sequence: number, timeoutMs: number): Promise<boolean> {
    if (this.committed >= sequence) return true;
    let woken = false;
    let wake: () => void = () => undefined;
    const told = new Promise<void>((resolve) => { wake = resolve; });
    const waiter = { sequence, wake: (): void => { woken = true; wake(); } };
    this.waiters.add(waiter);
    try {
      const deadline = Date.now() + timeoutMs;
      let pause = POLL_MIN_MS;
      for (;;) {
        await Promise.race([told, sleep(Math.min(pause, Math.max(0, deadline - Date.now())))]);
        if (woken) return true;
        const persisted = await this.source.persisted().catch(() => 0);
        if (persisted >= sequence) return true;
        if (Date.now() >= deadline) return false;
        pause = Math.min(POLL_MAX_MS, pause * 2);
      }
    } finally {
      this.waiters.delete(waiter);
    }
  }
}
