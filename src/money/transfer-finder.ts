import type { Context } from '../domain/context';
import type { Transfer } from '../domain/money';
import { mayActFor } from '../domain/principal';
import { Refusal } from '../domain/refusal';
import type { MoneyEngine, MoneyRecord } from './ports';
import type { RecordReads } from './record-reads';

/** A transfer by its id: a pending one is in Redis, one that has come to its end in Postgres. */
export class TransferFinder {
  constructor(
    private readonly engine: Pick<MoneyEngine, 'readTransfer'>, private readonly record: Pick<MoneyRecord, 'transfer'>, private readonly reads: RecordReads,
  ) {}

  /**
   * One from another's account is looked for as long as one that there is not.
   * @returns null where there is none of the caller's @throws Refusal `history_unavailable` where that cannot be told
   */
  async find(context: Context, transferId: string): Promise<Transfer | null> {
    const own = (transfer: Transfer | null): Transfer | null => (transfer !== null && mayMove(context, transfer) ? transfer : null);
    return own(await this.engine.readTransfer(transferId)) ?? own(await this.record.transfer(transferId)) ?? own(await this.inRecord(context, transferId));
  }

  /** The transfer as Postgres has it once it holds all that was acknowledged before. */
  async inRecord(context: Context, transferId: string): Promise<Transfer | null> {
    const isComplete = await this.reads.caughtUp(context);
    const transfer = await this.record.transfer(transferId);
    if (!isComplete) throw new Refusal('history_unavailable');
    return transfer;
  }
}

/** Whether a transfer is the caller's to end: whose money it is. */
function mayMove({ principal }: Context, { from }: Transfer): boolean {
  return mayActFor(principal, from);
}
