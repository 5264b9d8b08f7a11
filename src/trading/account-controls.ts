import type { Context } from '../domain/context';
import type { InstrumentTable } from '../domain/instrument-table';
import type { Killed } from '../domain/commands';
import { initiator, requireAccount } from '../domain/principal';
import { Refusal, refusalOf } from '../domain/refusal';
import type { Acknowledgement } from './acknowledgement';
import type { CommandRunner } from './command-runner';

/** Whether an account is killed, and what was cancelled for it. */
export interface AccountKill {
  readonly accountId: string;
  /** Since when it is stopped, null where it is not. */
  readonly killedUs: number | null;
  readonly cancelled: readonly string[];
}

export interface CancelAfterRequest {
  readonly clientId: string;
  /** null for every instrument. */
  readonly instrument: string | null;
  /** 0 takes it off. */
  readonly timeoutS: number;
}

/** What acts on an account's orders as a whole, beside a cancel of all. */
export class AccountControls {
  constructor(
    private readonly instruments: InstrumentTable, private readonly runner: CommandRunner, private readonly acknowledgement: Acknowledgement, private readonly pageSize: number,
    private readonly stopAlgos: (clientId: string) => Promise<void>,
  ) {}

  /**
   * Sets a client's dead man's switch, or takes it off.
   * @returns when it triggers, null where it is taken off
   * @throws Refusal
   */
  async cancelAfter(context: Context, { clientId, instrument, timeoutS }: CancelAfterRequest): Promise<number | null> {
    requireAccount(context.principal, clientId);
    if (instrument !== null) this.instruments.require(instrument);
    const { result, epoch } = await this.runner.one({
      op: 'cancel_after', actor: initiator(context.principal), clientId, instrument, timeoutUs: timeoutS === 0 ? null : timeoutS * 1_000_000,
    });
    if (result.outcome === 'refused') throw new Refusal(result.code);
    if (result.outcome !== 'logged') throw new Error(`a dead man's switch was answered as ${result.outcome}`);
    if (this.acknowledgement.isAfterPostgres(undefined)) await this.acknowledgement.committed(context, epoch, result.entry.sequence);
    const [event] = result.entry.events;
    return event?.type === 'control' && !event.isGone ? event.control.atUs : null;
  }

  /**
   * Stops an account: no order of it is taken from the first step on, its open ones are cancelled, a page in each, and then its algos are
   * asked to stop, lest they go on once it is let go on.
   * @throws Refusal with those that had been cancelled before it; should nobody go on, the venue does by itself
   */
  async kill(context: Context, accountId: string): Promise<AccountKill> {
    requireAccount(context.principal, accountId);
    const cancelled: string[] = [];
    try {
      for (;;) {
        const { sinceUs, hasMore, entry } = await this.command(context, accountId, true);
        for (const order of entry?.orders ?? []) cancelled.push(order.orderId);
        if (hasMore) continue;
        await this.stopAlgos(accountId);
        return { accountId, killedUs: sinceUs, cancelled };
      }
    } catch (error) {
      const refusal = refusalOf(error);
      // What happened before the error has happened.
      throw refusal === null || cancelled.length === 0 ? error : new Refusal(refusal.code, { ...refusal.facts, cancelled });
    }
  }

  /** Lets an account order again. @throws Refusal */
  async unkill(context: Context, accountId: string): Promise<AccountKill> {
    requireAccount(context.principal, accountId);
    await this.command(context, accountId, false);
    return { accountId, killedUs: null, cancelled: [] };
  }

  private async command(context: Context, account: string, kills: boolean): Promise<Killed> {
    const { result, epoch } = await this.runner.one({ op: 'kill', actor: initiator(context.principal), account, kills, pageSize: this.pageSize });
    if (result.outcome === 'refused') throw new Refusal(result.code);
    if (result.outcome !== 'killed') throw new Error(`the stop of an account was answered as ${result.outcome}`);
    if (result.entry !== null && this.acknowledgement.isAfterPostgres(undefined)) await this.acknowledgement.committed(context, epoch, result.entry.sequence);
    return result;
  }
}
