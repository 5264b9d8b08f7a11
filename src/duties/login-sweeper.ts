import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';

/** The record of logins as the sweeper sees it. */
export interface SweptLogins {
  /** Deletes logins of which nothing can be good any more. @returns whether there may be more of them @throws UnavailableError */
  sweepSessions(limit: number): Promise<boolean>;
}

const EVERY_MS = 60_000;
const PAGE = 1_000;

/** Deletes logins that are over, page by page: nobody waits for it, and two at once do no harm. */
export class LoginSweeper {
  private stopping = false;
  private running: Promise<void> | null = null;
  private readonly waking = new AbortController();

  /** @param isOnDuty whether this process is the one that does it now */
  constructor(
    private readonly logins: SweptLogins, private readonly isOnDuty: () => boolean, private readonly logger: Logger, private readonly everyMs = EVERY_MS, private readonly page = PAGE,
  ) {}

  start(): void {
    this.running = this.loop();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.waking.abort();
    await this.running;
  }

  private async loop(): Promise<void> {
    while (!this.stopping) {
      try {
        let isMore = true;
        while (isMore && this.isActing()) isMore = await this.logins.sweepSessions(this.page);
      } catch (error) {
        this.logger.debug({ err: error }, 'logins that are over could not be deleted');
      }
      if (!this.stopping) await sleep(this.everyMs, undefined, { signal: this.waking.signal }).catch(() => undefined);
    }
  }

  private isActing(): boolean {
    return !this.stopping && this.isOnDuty();
  }
}
