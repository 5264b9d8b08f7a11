import type { Logger } from 'pino';
import type { CommandResult, EngineCommand } from '../domain/commands';
import { LookLoop } from '../look-loop';

/** The engine as the timekeeper sees it. */
export interface DueEngine {
  /** By Redis' clock, as the engine decides. */
  nowUs(): Promise<number>;
  firstDueUs(): Promise<number | null>;
  /** Whether orders that trades have reached are still to go, or a call auction is half carried out: somebody was to go on with it, and is no more. */
  isUnfinished(): Promise<boolean>;
  submit(command: EngineCommand): Promise<CommandResult>;
}

export interface TimekeeperObserver {
  /** How late the first of what had fallen due was, in seconds, as it was seen; 0 where nothing had. */
  late(seconds: number): void;
}

const EVERY_MS = 100;

/**
 * Sees to it that what falls due is done where nobody else comes, and that a call auction goes on whose process is gone: every call of the
 * engine does both first, and this sends one that does nothing else. What has fallen due is decided by the engine's own clock, so that two
 * timekeepers at once do no harm.
 */
export class Timekeeper {
  private readonly loop: LookLoop;

  /** @param isOnDuty whether this process is the one that does it now */
  constructor(private readonly engine: DueEngine, private readonly isOnDuty: () => boolean, logger: Logger, private readonly observer: TimekeeperObserver) {
    this.loop = new LookLoop(EVERY_MS, () => this.look(), (error) => logger.debug({ err: error }, 'what is due could not be looked at'));
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async look(): Promise<void> {
    if (!this.isOnDuty()) return;
    const [nowUs, dueUs, isUnfinished] = await Promise.all([this.engine.nowUs(), this.engine.firstDueUs(), this.engine.isUnfinished()]);
    const lateUs = dueUs === null ? 0 : Math.max(0, nowUs - dueUs);
    this.observer.late(lateUs / 1e6);
    // What the shard does not take now, frozen or away, is due at the next look as well.
    if (isUnfinished || (dueUs !== null && dueUs <= nowUs)) await this.engine.submit({ op: 'due', actor: null });
  }
}
