import { setTimeout as sleep } from 'node:timers/promises';
import { isSameLife, reaches, type LogPosition } from '../domain/log-position';

/** Where the checkpoint can be read from, whichever process writes. */
export interface CheckpointSource {
  /** Up to where Postgres holds everything, as Redis was last told; null for an empty Redis. */
  persisted(): Promise<LogPosition | null>;
}

interface Waiter {
  readonly position: LogPosition;
  wake(isCommitted: boolean): void;
}

const POLL_MIN_MS = 2;
const POLL_MAX_MS = 50;

/** Waits for the writer: told at once where it runs in this process, by asking Redis where it does not. */
export class CommitWatcher {
  private committed: LogPosition | null = null;
  private readonly waiters = new Set<Waiter>();
  private isPolling = false;

  constructor(private readonly source: CheckpointSource) {}

  /** Called by the writer of this process after each commit. */
  note(committed: LogPosition): void {
    this.committed = committed;
    this.wakeUpTo(committed);
  }

  /** @returns false when Postgres does not hold `position` in time, or never will: its life of the shard is over. */
  waitFor(position: LogPosition, timeoutMs: number): Promise<boolean> {
    if (this.committed !== null && reaches(this.committed, position)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const waiter: Waiter = {
        position,
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
  private wakeUpTo(committed: LogPosition | null): boolean {
    if (committed === null) return false;
    const before = this.waiters.size;
    for (const waiter of this.waiters) {
      if (reaches(committed, waiter.position)) waiter.wake(true);
      // What this life had not persisted when it ended never will be.
      else if (!isSameLife(committed, waiter.position)) waiter.wake(false);
    }
    return this.waiters.size < before;
  }

  /** Asks on behalf of all who wait, however many they are, until nobody does. */
  private async poll(): Promise<void> {
    this.isPolling = true;
    let pause = POLL_MIN_MS;
    while (this.waiters.size > 0) {
      const isMoving = this.wakeUpTo(await this.source.persisted().catch(() => null));
      pause = isMoving ? POLL_MIN_MS : Math.min(POLL_MAX_MS, pause * 2);
      if (this.waiters.size > 0) await sleep(pause);
    }
    this.isPolling = false;
  }
}
