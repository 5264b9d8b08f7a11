import type { Logger } from 'pino';

export interface WatchedProblems {
  /** What can lose something that was acknowledged, in words. */
  readonly durability: readonly string[];
  /** What can refuse, hang or slow down, in words. */
  readonly other: readonly string[];
}

/** Looks at a server's settings again and again, and says each change once: when one becomes wrong, and when it is right again. */
export class SettingsWatch {
  private found: WatchedProblems | null = null;
  private timer: NodeJS.Timeout | null = null;
  private running: Promise<void> | null = null;
  private isStopped = false;
  /** What the last look failed with, '' when it did not. */
  private failure = '';

  constructor(
    private readonly server: 'redis' | 'postgres',
    private readonly read: () => Promise<WatchedProblems>,
    private readonly intervalMs: number,
    private readonly logger: Logger,
  ) {}

  /** As last seen; null until they were looked at. */
  get problems(): WatchedProblems | null {
    return this.found;
  }

  /** Looks now, and from then on at each interval until `stop`. Never rejects: a server that is away is told elsewhere. */
  check(): Promise<void> {
    this.running ??= this.look().finally(() => {
      this.running = null;
      if (this.timer !== null) clearTimeout(this.timer);
      if (!this.isStopped) this.timer = setTimeout(() => { void this.check(); }, this.intervalMs).unref();
    });
    return this.running;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
    await this.running;
  }

  private async look(): Promise<void> {
    try {
      const now = await this.read();
      if (this.isStopped) return;
      this.compare(this.found?.durability ?? [], now.durability, `${this.server} is not durable`);
      this.compare(this.found?.other ?? [], now.other, `${this.server} is set to what the venue does not need`);
      this.found = now;
      this.failure = '';
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.failure) this.logger.debug({ server: this.server, reason: message }, 'settings could not be read');
      this.failure = message;
    }
  }

  private compare(before: readonly string[], now: readonly string[], message: string): void {
    for (const setting of now) if (!before.includes(setting)) this.logger.warn({ setting }, message);
    for (const setting of before) if (!now.includes(setting)) this.logger.warn({ server: this.server, was: setting }, 'a setting is not so any more');
  }
}
