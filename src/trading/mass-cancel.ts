import type { Context } from '../domain/context';
import type { MassCancelled } from '../domain/commands';
import type { InstrumentTable } from '../domain/instrument-table';
import { initiator, requireAccount } from '../domain/principal';
import { Refusal, refusalOf } from '../domain/refusal';
import type { Acknowledgement } from './acknowledgement';
import type { CommandRunner } from './command-runner';

export interface MassCancelRequest {
  readonly clientId: string;
  /** null for every instrument. */
  readonly instrument: string | null;
}

/** Cancelling all of a client's open orders, a page of them in each atomic step. */
export class MassCancel {
  constructor(
    private readonly instruments: InstrumentTable, private readonly runner: CommandRunner,
    private readonly acknowledgement: Acknowledgement, private readonly pageSize: number,
  ) {}

  /**
   * @returns the ids of the orders that it cancelled
   * @throws Refusal with those that had been cancelled before it
   */
  async run(context: Context, { clientId, instrument }: MassCancelRequest): Promise<readonly string[]> {
    requireAccount(context.principal, clientId);
    if (instrument !== null) this.instruments.require(instrument);
    const cancelled: string[] = [];
    try {
      await this.cancelPages(context, clientId, instrument, cancelled);
    } catch (error) {
      const refusal = refusalOf(error);
      // What happened before the error has happened.
      throw refusal === null ? error : new Refusal(refusal.code, { ...refusal.facts, cancelled });
    }
    return cancelled;
  }

  /** @param cancelled takes the ids, page by page */
  private async cancelPages(context: Context, clientId: string, instrument: string | null, cancelled: string[]): Promise<void> {
    // The first page sets the bound: where the log ends then, everything that was acknowledged before the call lies below.
    let at: Pick<MassCancelled, 'after'> & { readonly bound: number | null } = { after: 0, bound: null };
    while (at.after !== null) {
      const { after, bound } = at;
      const { result, epoch } = await this.runner.one({
        op: 'mass_cancel', actor: initiator(context.principal), clientId, instrument, after, bound, pageSize: this.pageSize,
      });
      if (result.outcome === 'refused') throw new Refusal(result.code, result.instrument === undefined ? {} : { rules: result.instrument });
      if (result.outcome !== 'mass_cancelled') throw new Error(`mass cancel answered with ${result.outcome}`);
      for (const order of result.entry?.orders ?? []) cancelled.push(order.orderId);
      if (result.entry !== null && this.acknowledgement.isAfterPostgres(undefined)) {
        await this.acknowledgement.committed(context, epoch, result.entry.sequence);
      }
      at = result;
    }
  }
}
