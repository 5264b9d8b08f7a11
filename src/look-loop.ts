import { setTimeout as sleep } from 'node:timers/promises';

/** What is looked at again and again, until it is stopped: with a pause in between, which the stop cuts short. */
export class LookLoop {
  private running: Promise<void> | null = null;
  private readonly stopping = new AbortController();

  /** @param look once @param failed told why a look broke off: the next one comes all the same */
  constructor(private readonly everyMs: number, private readonly look: () => Promise<void>, private readonly failed: (error: unknown) => void) {}

  get isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  start(): void {
    this.running = this.run();
  }

  /** Resolves when the look that is under way has ended. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.isStopping) {
      try {
        await this.look();
      } catch (error) {
        this.failed(error);
      }
      await sleep(this.everyMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }
}
