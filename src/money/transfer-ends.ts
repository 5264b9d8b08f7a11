import type { AssetTable } from '../domain/asset-table';
import type { Context } from '../domain/context';
import type { Transfer, TransferEnd, TransferKind } from '../domain/money';
import { newOrderId } from '../domain/order-id';
import { initiator } from '../domain/principal';
import { Refusal, unavailableAs } from '../domain/refusal';
import type { ResultCode } from '../domain/result-code';
import type { MoneyFingerprint } from './fingerprint';
import { transferOf, type Explain, type MoneyOutcomes } from './outcomes';
import type { EndWithdrawalRequest, NamedTransferRequest, PostTransferRequest, WithdrawalEnd } from './requests';
import type { TransferFinder } from './transfer-finder';
import type { ReferenceDigests, TransferOutcome } from './transfers';
import { unitsOf } from './units';

/** What a transfer of a kind is called where there is none, and where it has come to its end. */
interface Words {
  readonly kind: TransferKind;
  readonly notFound: ResultCode;
  readonly resolved: ResultCode;
}

const WITHDRAWAL: Words = { kind: 'withdrawal', notFound: 'withdrawal_not_found', resolved: 'withdrawal_resolved' };
const TRANSFER: Words = { kind: 'transfer', notFound: 'transfer_not_found', resolved: 'transfer_resolved' };

const WITHDRAWAL_STATUS = { complete: 'posted', reject: 'rejected', cancel: 'voided' } as const satisfies Record<WithdrawalEnd, TransferEnd>;

/** Ends of pending transfers, each once; and moving a posted one back. */
export class TransferEnds {
  constructor(
    private readonly finder: TransferFinder, private readonly outcomes: MoneyOutcomes, private readonly assets: AssetTable,
    private readonly digests: ReferenceDigests,
  ) {}

  /** An end that it has come to already is told again. @throws Refusal `withdrawal_not_found`; `withdrawal_resolved` after another end */
  async endWithdrawal(context: Context, { withdrawalId, end, key }: EndWithdrawalRequest): Promise<TransferOutcome> {
    const withdrawal = await this.require(context, withdrawalId, WITHDRAWAL);
    const status = WITHDRAWAL_STATUS[end];
    try {
      return await this.end(context, withdrawal, status, null, key, { op: `${end}_withdrawal`, transfer_id: withdrawalId }, WITHDRAWAL);
    } catch (error) {
      const { transfer } = error instanceof Refusal && error.code === 'withdrawal_resolved' ? error.facts : {};
      if (transfer?.status !== status) throw error;
      return { transfer, replayed: true };
    }
  }

  /** Settles all or part of a pending transfer, and releases the rest. @throws Refusal `transfer_not_found`, `transfer_resolved` */
  async post(context: Context, { transferId, amount, key }: PostTransferRequest): Promise<TransferOutcome> {
    const transfer = await this.require(context, transferId, TRANSFER);
    const units = amount === null ? null : unitsOf(this.assets, transfer.asset, amount);
    return this.end(context, transfer, 'posted', units, key, { op: 'post_transfer', transfer_id: transferId, amount: units }, TRANSFER);
  }

  /** Releases a pending transfer. @throws Refusal `transfer_not_found`, `transfer_resolved` */
  async void(context: Context, { transferId, key }: NamedTransferRequest): Promise<TransferOutcome> {
    const transfer = await this.require(context, transferId, TRANSFER);
    return this.end(context, transfer, 'voided', null, key, { op: 'void_transfer', transfer_id: transferId }, TRANSFER);
  }

  /** Moves what a posted transfer moved back, once. @throws Refusal `transfer_not_found`, `transfer_resolved` */
  async reverse(context: Context, { transferId, key }: NamedTransferRequest): Promise<TransferOutcome> {
    const transfer = await this.require(context, transferId, TRANSFER);
    if (transfer.status !== 'posted') throw new Refusal('transfer_resolved', { transfer });
    const fingerprint: MoneyFingerprint = { op: 'reverse_transfer', transfer_id: transferId };
    const { entry, replayed, by } = await this.outcomes.carryOut(context, {
      op: 'transfer', actor: initiator(context.principal), transferId: newOrderId(), kind: 'reversal', pending: false, from: transfer.to, to: transfer.from,
      asset: transfer.asset, amount: transfer.settledAmount, reference: null, referenceDigest: this.digests.reversalDigest(transferId), note: null,
      timeoutUs: null, reverses: transferId,
      // The money that moves is the other account's now.
      idempotency: key === null ? null : this.digests.digest(transfer.to, key), request: fingerprint,
    }, fingerprint);
    const reversal = transferOf(entry);
    if (by === 'reference') throw new Refusal('transfer_resolved', { transfer, reversedBy: reversal.transferId });
    return { transfer: reversal, replayed };
  }

  private async require(context: Context, transferId: string, { kind, notFound, resolved }: Words): Promise<Transfer> {
    const transfer = await this.finder.find(context, transferId);
    // What was moved back is a transfer that has ended as it began.
    if (transfer?.kind === 'reversal' && kind === 'transfer') throw new Refusal(resolved, { transfer });
    if (transfer?.kind !== kind) throw new Refusal(notFound);
    return transfer;
  }

  private async end(
    context: Context, transfer: Transfer, status: TransferEnd, amount: string | null, key: string | null, fingerprint: MoneyFingerprint, words: Words,
  ): Promise<TransferOutcome> {
    const { entry, replayed } = await this.outcomes.carryOut(context, {
      op: 'transfer_end', actor: initiator(context.principal), transferId: transfer.transferId, status, amount,
      idempotency: key === null ? null : this.digests.digest(transfer.from, key), request: key === null ? null : fingerprint,
    }, fingerprint, this.explain(context, transfer.transferId, words));
    return { transfer: transferOf(entry), replayed };
  }

  /** By now the command has been refused, and that may be remembered: whatever cannot be read is `history_unavailable`, no answer yet. */
  private recorded(context: Context, transferId: string): Promise<Transfer | null> {
    return unavailableAs('history_unavailable', () => this.finder.inRecord(context, transferId));
  }

  /** What has come to its end has left Redis, which then knows of no such transfer: Postgres tells how it ended. */
  private explain(context: Context, transferId: string, { notFound, resolved }: Words): Explain {
    return async (code, facts) => {
      if (code === 'transfer_resolved') return new Refusal(resolved, facts);
      if (code !== 'transfer_not_found') return new Refusal(code, facts);
      const recorded = await this.recorded(context, transferId);
      if (recorded === null) return new Refusal(notFound);
      return recorded.status === 'pending' ? new Refusal('history_unavailable') : new Refusal(resolved, { transfer: recorded });
    };
  }
}
