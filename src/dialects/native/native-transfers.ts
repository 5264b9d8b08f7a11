import type { WITHDRAWAL_STATUSES } from '#openfill-contract';
import type { Context } from '../../domain/context';
import type { Transfer, TransferStatus } from '../../domain/money';
import type { Answer } from '../../http/answer';
import type { Money } from '../../money/money';
import type { WithdrawalEnd } from '../../money/requests';
import type { TransferOutcome, TransfersOf } from '../../money/transfers';
import { DEPOSIT, KEYED, POST_TRANSFER, TRANSFER, WITHDRAWAL, moneyQueries } from './check/money-schemas';
import { checkBody, checkQuery } from './check/schemas';
import { keyOf } from './parse';
import { transferIdOfPath } from './parse-money';
import { REPLAYED, presentStaleness } from './present';
import { presentDeposit, presentTransfer, presentWithdrawal } from './present-money';

type Query = Readonly<Record<string, unknown>>;

/** States of withdrawals by what clients call them, the other way round than in presenting them. */
const STATUS_OF_WITHDRAWAL = { requested: 'pending', completed: 'posted', rejected: 'rejected', cancelled: 'voided' } as const satisfies
  Readonly<Record<(typeof WITHDRAWAL_STATUSES)[number], TransferStatus>>;

/** The calls that move money. All throw refusals. */
export class NativeTransfers {
  private readonly queries;

  constructor(private readonly money: Money, limits: { readonly moneyLimitMax: number }) {
    this.queries = moneyQueries(limits.moneyLimitMax);
  }

  /** POST /deposits */
  async deposit(context: Context, body: unknown, headerKey: string | undefined): Promise<Answer> {
    const { transfers } = this.money.kept;
    const { account_id: accountId, asset, amount, reference = null, idempotency_key: key } = checkBody(DEPOSIT, body);
    const outcome = await transfers.deposit(context, { accountId, asset, amount, reference, key: keyOf(key, headerKey) });
    return this.answered(201, outcome, (transfer) => presentDeposit(transfer, this.money.assets));
  }

  /** GET /deposits */
  async deposits(context: Context, query: Query): Promise<Answer> {
    const { transfers } = this.money.kept;
    const { account_id: account, limit, cursor = null } = checkQuery(this.queries.deposits, query);
    const page = await transfers.page(context, { account, kind: 'deposit', status: null, before: cursor, limit });
    return pageOf(page, { deposits: page.transfers.map((transfer) => presentDeposit(transfer, this.money.assets)) });
  }

  /** POST /withdrawals */
  async withdraw(context: Context, body: unknown, headerKey: string | undefined): Promise<Answer> {
    const { transfers } = this.money.kept;
    const { account_id: accountId, asset, amount, destination = null, idempotency_key: key } = checkBody(WITHDRAWAL, body);
    const outcome = await transfers.withdraw(context, { accountId, asset, amount, destination, key: keyOf(key, headerKey) });
    return this.answered(201, outcome, (transfer) => presentWithdrawal(transfer, this.money.assets));
  }

  /** GET /withdrawals */
  async withdrawals(context: Context, query: Query): Promise<Answer> {
    const { transfers } = this.money.kept;
    const { account_id: account, status, limit, cursor = null } = checkQuery(this.queries.withdrawals, query);
    const page = await transfers.page(context, {
      account, kind: 'withdrawal', status: status === undefined ? null : STATUS_OF_WITHDRAWAL[status], before: cursor, limit,
    });
    return pageOf(page, { withdrawals: page.transfers.map((transfer) => presentWithdrawal(transfer, this.money.assets)) });
  }

  /** POST /withdrawals/{withdrawal_id}/complete, reject, cancel */
  async endWithdrawal(context: Context, id: string, end: WithdrawalEnd, body: unknown, headerKey: string | undefined): Promise<Answer> {
    const { ends } = this.money.kept;
    const { idempotency_key: key } = checkBody(KEYED, body === undefined ? {} : body);
    const withdrawalId = transferIdOfPath(id, 'withdrawal_not_found');
    const outcome = await ends.endWithdrawal(context, { withdrawalId, end, key: keyOf(key, headerKey) });
    return this.answered(200, outcome, (transfer) => presentWithdrawal(transfer, this.money.assets));
  }

  /** POST /transfers */
  async transfer(context: Context, body: unknown, headerKey: string | undefined): Promise<Answer> {
    const { transfers } = this.money.kept;
    const { from, to, asset, amount, note = null, pending = false, timeout_s: timeoutS = null, idempotency_key: key } = checkBody(TRANSFER, body);
    return this.told(201, await transfers.transfer(context, { from, to, asset, amount, note, pending, timeoutS, key: keyOf(key, headerKey) }));
  }

  /** POST /transfers/{transfer_id}/post */
  async post(context: Context, id: string, body: unknown, headerKey: string | undefined): Promise<Answer> {
    const { ends } = this.money.kept;
    const { amount = null, idempotency_key: key } = checkBody(POST_TRANSFER, body === undefined ? {} : body);
    return this.told(200, await ends.post(context, { transferId: transferIdOfPath(id, 'transfer_not_found'), amount, key: keyOf(key, headerKey) }));
  }

  /** POST /transfers/{transfer_id}/void */
  async void(context: Context, id: string, body: unknown, headerKey: string | undefined): Promise<Answer> {
    const { ends } = this.money.kept;
    const { idempotency_key: key } = checkBody(KEYED, body === undefined ? {} : body);
    return this.told(200, await ends.void(context, { transferId: transferIdOfPath(id, 'transfer_not_found'), key: keyOf(key, headerKey) }));
  }

  /** POST /transfers/{transfer_id}/reverse */
  async reverse(context: Context, id: string, body: unknown, headerKey: string | undefined): Promise<Answer> {
    const { ends } = this.money.kept;
    const { idempotency_key: key } = checkBody(KEYED, body === undefined ? {} : body);
    return this.told(201, await ends.reverse(context, { transferId: transferIdOfPath(id, 'transfer_not_found'), key: keyOf(key, headerKey) }));
  }

  private told(status: number, outcome: TransferOutcome): Answer {
    return this.answered(status, outcome, (transfer) => presentTransfer(transfer, this.money.assets));
  }

  private answered(status: number, { transfer, replayed }: TransferOutcome, present: (transfer: Transfer) => object): Answer {
    const body = present(transfer);
    return replayed ? { status, body, headers: REPLAYED } : { status, body };
  }
}

function pageOf({ next, stale }: TransfersOf, views: object): Answer {
  return { status: 200, body: { ...views, next_cursor: next, ...presentStaleness(stale) } };
}
