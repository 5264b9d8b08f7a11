import type { AssetTable } from '../domain/asset-table';
import type { TransferCommand } from '../domain/commands';
import type { Context } from '../domain/context';
import { ISSUANCE, type Transfer, type TransferKind, type TransferStatus } from '../domain/money';
import { newOrderId } from '../domain/order-id';
import { initiator, requireAccount } from '../domain/principal';
import { Refusal } from '../domain/refusal';
import type { Staleness } from '../domain/staleness';
import type { MoneyFingerprint } from './fingerprint';
import { transferOf, type MoneyOutcomes } from './outcomes';
import type { MoneyEngine, MoneyRecord } from './ports';
import type { RecordReads } from './record-reads';
import type { DepositRequest, TransferRequest, WithdrawalRequest } from './requests';
import { unitsOf } from './units';

/** A transfer as it became. */
export interface TransferOutcome {
  readonly transfer: Transfer;
  readonly replayed: boolean;
}

export interface TransfersOf {
  /** Newest first. */
  readonly transfers: readonly Transfer[];
  /** Sequence to go on behind; null behind the last page. */
  readonly next: number | null;
  readonly stale: Staleness | null;
}

export interface TransfersQuery {
  readonly account: string;
  readonly kind: TransferKind;
  readonly status: TransferStatus | null;
  readonly before: number | null;
  readonly limit: number;
}

/** Names what happens once for ever. */
export interface ReferenceDigests {
  /** Of an account and its idempotency key. */
  digest(account: string, key: string): string;
  referenceDigest(asset: string, reference: string): string;
  reversalDigest(transferId: string): string;
}

const US_PER_S = 1_000_000;

/** Moving money: into the venue, out of it, and between accounts. */
export class Transfers {
  constructor(
    private readonly engine: Pick<MoneyEngine, 'readAccount'>, private readonly record: Pick<MoneyRecord, 'transfers'>, private readonly outcomes: MoneyOutcomes, private readonly reads: RecordReads,
    private readonly assets: AssetTable, private readonly digests: ReferenceDigests,
  ) {}

  /** @throws Refusal */
  async deposit(context: Context, { accountId, asset, amount, reference, key }: DepositRequest): Promise<TransferOutcome> {
    requireAccount(context.principal, accountId);
    const units = unitsOf(this.assets, asset, amount);
    return this.carryOut(context, accountId, key, {
      kind: 'deposit', pending: false, from: ISSUANCE, to: accountId, asset, amount: units, reference,
      referenceDigest: reference === null ? null : this.digests.referenceDigest(asset, reference), note: null, timeoutUs: null,
    }, { op: 'deposit', account_id: accountId, asset, amount: units, reference });
  }

  /** Holds the amount until the withdrawal is completed, rejected or cancelled. @throws Refusal */
  async withdraw(context: Context, { accountId, asset, amount, destination, key }: WithdrawalRequest): Promise<TransferOutcome> {
    requireAccount(context.principal, accountId);
    const units = unitsOf(this.assets, asset, amount);
    return this.carryOut(context, accountId, key, {
      kind: 'withdrawal', pending: true, from: accountId, to: ISSUANCE, asset, amount: units, reference: null, referenceDigest: null, note: destination,
      timeoutUs: null,
    }, { op: 'withdrawal', account_id: accountId, asset, amount: units, destination });
  }

  /** @throws Refusal */
  async transfer(context: Context, { from, to, asset, amount, note, pending, timeoutS, key }: TransferRequest): Promise<TransferOutcome> {
    requireAccount(context.principal, from);
    if (from === to) throw new Refusal('same_account');
    if (timeoutS !== null && !pending) throw new Refusal('validation_failed', { fields: [{ field: 'timeoutS', message: 'is of a pending transfer: it needs "pending": true' }] });
    const units = unitsOf(this.assets, asset, amount);
    // Where accounts are people's none begins by what it gets: names would be taken by whoever is quick. One that there is stays.
    if (context.principal.kind === 'caller' && (await this.engine.readAccount(to)) === null) {
      throw new Refusal('account_not_found', { detail: 'There is no account to transfer to.' });
    }
    return this.carryOut(context, from, key, {
      kind: 'transfer', pending, from, to, asset, amount: units, reference: null, referenceDigest: null, note,
      timeoutUs: timeoutS === null ? null : timeoutS * US_PER_S,
    }, { op: 'transfer', from, to, asset, amount: units, note, pending, timeout_s: timeoutS });
  }

  /** @param account whose money moves: its key it is */
  private async carryOut(
    context: Context, account: string, key: string | null,
    command: Omit<TransferCommand, 'actor' | 'transferId' | 'reverses' | 'idempotency' | 'request'>, fingerprint: MoneyFingerprint,
  ): Promise<TransferOutcome> {
    const { entry, replayed } = await this.outcomes.carryOut(context, {
      op: 'transfer', ...command, actor: initiator(context.principal), transferId: newOrderId(), reverses: null,
      idempotency: key === null ? null : this.digests.digest(account, key),
      request: key === null && command.referenceDigest === null ? null : fingerprint,
    }, fingerprint);
    return { transfer: transferOf(entry), replayed };
  }

  /** Deposits to an account, or withdrawals from it. */
  async page(context: Context, query: TransfersQuery): Promise<TransfersOf> {
    requireAccount(context.principal, query.account);
    const { value: transfers, stale } = await this.reads.read(context, () => this.record.transfers(query));
    const last = transfers.length === query.limit ? transfers.at(-1) : undefined;
    return { transfers, next: last?.sequence ?? null, stale };
  }
}
