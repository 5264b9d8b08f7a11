import type { CommandResult, EngineCommand } from '../domain/commands';
import type { OneTimeUse } from '../domain/one-time-use';
import type { OrderEngine } from './ports';

/** Results of commands that were handed over together. */
export interface CarriedOut {
  readonly results: readonly CommandResult[];
  /** Life of the shard in which it was; null when another one began meanwhile: sequences would be somebody else's. */
  readonly epoch: string | null;
}

/** Hands commands to the engine, and notes in which life of the shard they took effect. */
export class CommandRunner {
  constructor(private readonly engine: Pick<OrderEngine, 'submit' | 'submitAll' | 'known'>) {}

  /** @param signatureUse that the command is to take, null without one */
  async one(command: EngineCommand, signatureUse: OneTimeUse | null = null): Promise<{ readonly result: CommandResult; readonly epoch: string | null }> {
    const before = this.engine.known?.epoch;
    const result = await this.engine.submit(command, signatureUse);
    return { result, epoch: this.epochSince(before) };
  }

  async all(commands: readonly EngineCommand[]): Promise<CarriedOut> {
    const before = this.engine.known?.epoch;
    const results = await this.engine.submitAll(commands);
    return { results, epoch: this.epochSince(before) };
  }

  private epochSince(before: string | undefined): string | null {
    return before !== undefined && before === this.engine.known?.epoch ? before : null;
  }
}
