import type { CommandResult, EngineCommand } from '../domain/commands';
import type { Outcome } from './requests';

/** Most of what is asked for is there at once: a promise for each operation of a batch would cost more than its answer. */
export type Awaitable<T> = T | Promise<T>;

export function allOf<T>(values: readonly Awaitable<T>[]): Awaitable<readonly T[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : values as readonly T[];
}

/** A request that passed its checks: what the engine is told, and what becomes of the engine's result. */
export interface Step {
  readonly command: EngineCommand;
  /**
   * @param epoch life of the shard in which the command was carried out; null when another one began meanwhile
   * @throws Refusal
   */
  finish(result: CommandResult, epoch: string | null): Awaitable<Outcome>;
}
