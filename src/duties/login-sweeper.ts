import type { Logger } from 'pino';
import { LookLoop } from '../look-loop';

/** The record of logins as the sweeper sees it. */
export interface SweptLogins {
  /** Deletes logins of which nothing can be good any more. @returns whether there may be more of them @throws UnavailableError */
  sweepSessions(limit: number): Promise<boolean>;
}

const EVERY_MS = 60_000;
const PAGE = 1_000;

/** Deletes logins that are over, page by page: nobody waits for it, and two at once do no harm. */
export class LoginSweeper {
  private readonly loop: LookLoop;

  /** @param isOnDuty whether this process is the one that does it now */
  constructor(
    private readonly logins: SweptLogins, private readonly isOnDuty: () => boolean, private readonly logger: Logger, everyMs = EVERY_MS, private readonly page = PAGE,
  ) {
    this.loop = new LookLoop(everyMs, () => this.sweep(), (error) => this.logger.debug({ err: error }, 'logins that are over could not be deleted'));
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async sweep(): Promise<void> {
    let isMore = true;
    while (isMore && !this.loop.isStopping && this.isOnDuty()) isMore = await this.logins.sweepSessions(this.page);
  }
}
