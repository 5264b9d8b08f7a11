import { setTimeout as sleep } from 'node:timers/promises';

/** Where the checkpoint can be read from, whichever process writes. */
export interface CheckpointSource {
  /** Log sequence up to which Postgres holds everything, as Redis was last told. */
  persisted(): Promise<number>;
}

interface Waiter {
  readonly sequence: number;
  wake(isCommitted: boolean): void;
}

const POLL_MIN_MS = 2;
const POLL_MAX_MS = 50;

/** Waits for the writer: told at once where it runs in this process, by asking Redis where it does not. */
export class CommitWatcher {
  private committed = 0;
  private readonly waiters = new Set<Waiter>();
  private isPolling = false;

  constructor(private readonly source: CheckpointSource) {}

  /** Called by the writer of this process after each commit. */
  note(sequence: number): void {
    this.committed = sequence;
    this.wakeUpTo(sequence);
  }

  /** Forgets what was committed: the shard begins another life. */
  reset(): void {
    this.committed = 0;
  }

  /** @returns false when Postgres does not hold `sequence` in time. */
  waitFor(sequence: number, timeoutMs: number): Promise<boolean> {
    if (this.committed >= sequence) return Promise.resolve(true);
    return new Promise((resolve) => {
      const waiter: Waiter = {
        sequence,
        wake: (isCommitted) => {
          clearTimeout(timer);
          this.waiters.delete(waiter);
          resolve(isCommitted);
        },
      };
      const timer = setTimeout(() => waiter.wake(false), timeoutMs);
      this.waiters.add(waiter);
      if (!this.isPolling) void this.poll();
    });
  }

  /** @returns whether anybody had waited for it */
  private wakeUpTo(sequence: number): boolean {
    const before = this.waiters.size;
    for (const waiter of this.waiters) {
      if (waiter.sequence <= sequence) waiter.wake(true);
    }
    return this.waiters.size < before;
  }

  /** Asks on behalf of all who wait, however many they are, until nobody does. */
  private async poll(): Promise<void> {
    this.isPolling = true;
    let pause = POLL_MIN_MS;
    while (this.waiters.size > 0) {
      const isMoving = this.wakeUpTo(await this.source.persisted().catch(() => 0));
      pause = isMoving ? POLL_MIN_MS : Math.min(POLL_MAX_MS, pause * 2);
      if (this.waiters.size > 0) await sleep(pause);
    }
    this.isPolling = false;
  }
}
