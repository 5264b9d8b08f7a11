import type { Logger } from 'pino';
import type { CommandResult, EngineCommand } from '../domain/commands';
import { LookLoop } from '../look-loop';

/** The engine as the timer sees it. */
export interface TimedEngine {
  /** By Redis' clock, as the engine decides. */
  clock(): Promise<{ readonly timeUs: number }>;
  dueTransfers(timeUs: number, limit: number): Promise<readonly string[]>;
  submitAll(commands: readonly EngineCommand[]): Promise<readonly CommandResult[]>;
}

const EVERY_MS = 200;
const PAGE = 200;

/**
 * Ends pending transfers whose time is over. The end is a command of the log like any other, and the engine decides by its own clock
 * whether it is due: two timers at once, or one that comes late, do no harm.
 */
export class TransferTimer {
  private readonly loop: LookLoop;

  /** @param isOnDuty whether this process is the one that does it now */
  constructor(private readonly engine: TimedEngine, private readonly isOnDuty: () => boolean, logger: Logger) {
    this.loop = new LookLoop(EVERY_MS, () => this.expire(), (error) => logger.debug({ err: error }, 'pending transfers could not be looked at'));
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async expire(): Promise<void> {
    if (!this.isOnDuty()) return;
    for (;;) {
      const { timeUs } = await this.engine.clock();
      const due = await this.engine.dueTransfers(timeUs, PAGE);
      if (due.length === 0) return;
      const results = await this.engine.submitAll(due.map((transferId): EngineCommand => (
        { op: 'transfer_end', actor: null, transferId, status: 'expired', amount: null, idempotency: null, request: null }
      )));
      // What the shard does not take now, frozen or away, is due at the next look as well.
      if (due.length < PAGE || results.every(({ outcome }) => outcome === 'refused')) return;
    }
  }
}
