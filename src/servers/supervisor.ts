import { setTimeout as sleep } from 'node:timers/promises';
import { describeExit, type ChildExit } from './child';

const BACKOFF_FIRST_MS = 250;
const BACKOFF_MAX_MS = 15_000;
/** Whoever ran for this long is healthy: his next death starts from the shortest wait again. */
const HEALTHY_AFTER_MS = 60_000;

export interface Running {
  readonly pid: number;
  readonly exited: Promise<ChildExit>;
  stop(): Promise<void>;
}

export interface SupervisorLog {
  warn(fields: object, message: string): void;
  info(fields: object, message: string): void;
}

/** Keeps one program running: when it dies, it is started again, with longer and longer waits between. */
export class Supervisor<T extends Running> {
  private current: T;
  private stopping = false;
  private readonly wake = new AbortController();
  private readonly ended: Promise<void>;

  /**
   * @param first the program as it runs now
   * @param start starts it again on the same place and port, unless the signal is aborted first
   */
  constructor(private readonly name: string, first: T, private readonly start: (signal: AbortSignal) => Promise<T>, private readonly log: SupervisorLog) {
    this.current = first;
    this.ended = this.watch();
  }

  get pid(): number {
    return this.current.pid;
  }

  /** The program as it runs now, or ran last. */
  get running(): T {
    return this.current;
  }

  private async watch(): Promise<void> {
    let backoffMs = BACKOFF_FIRST_MS;
    while (!this.stopping) {
      const startedAt = Date.now();
      const exit = await this.current.exited;
      if (this.stopping) return;
      if (Date.now() - startedAt >= HEALTHY_AFTER_MS) backoffMs = BACKOFF_FIRST_MS;
      this.log.warn({ server: this.name, end: describeExit(exit), wait_ms: backoffMs }, `${this.name} died, starting it again`);
      backoffMs = await this.restart(backoffMs);
    }
  }

  /** @returns the wait before the next start, should it die again */
  private async restart(firstBackoffMs: number): Promise<number> {
    let backoffMs = firstBackoffMs;
    while (!this.stopping) {
      await sleep(backoffMs, undefined, { signal: this.wake.signal }).catch(() => undefined);
      if (this.stopping) break;
      backoffMs = Math.min(backoffMs * 2, BACKOFF_MAX_MS);
      try {
        this.current = await this.start(this.wake.signal);
        this.log.info({ server: this.name, pid: this.current.pid }, `${this.name} runs again`);
        break;
      } catch (error) {
        if (this.wake.signal.aborted) break;
        this.log.warn({ server: this.name, err: error, wait_ms: backoffMs }, `${this.name} did not start, trying again`);
      }
    }
    return backoffMs;
  }

  /** Ends the program for good; resolves once it is gone. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.wake.abort();
    await this.current.stop();
    await this.ended;
    // A start that was under way has brought up another one.
    await this.current.stop();
  }
}
