import { Commands, type Transport } from './commands';
import type {
  Account, AccountEvent, AccountEventPage, AccountPage, AccountSnapshots, Asset, Balances, ChangeAccountRequest, Deposit, DepositPage, DepositRequest, FeeGroup,
  FeeGroupRequest, FeeGroups, Fill, FillPage, KeyedRequest, MoneyOverview, OpenAccountRequest, Portfolio, PositionWithStaleness, Positions, PostTransferRequest,
  RebuildReport, Settlement, Statement, Transfer, TransferRequest, Withdrawal, WithdrawalPage, WithdrawalRequest,
} from './contract';
import { PAGE, everyRow, type HttpCalls } from './http-calls';
import type { CallOptions, Retries } from './retry';

/** What a page of a list by cursor is asked for with. */
interface Paged<Cursor> {
  readonly limit?: number;
  readonly cursor?: Cursor;
}

/** The calls about accounts and money, beside the commands of orders. */
export class MoneyCalls extends Commands {
  constructor(transport: Transport, retries: Retries, makesKeys: boolean, protected readonly calls: HttpCalls) {
    super(transport, retries, makesKeys);
  }

  // Accounts

  /** Makes an account, with what it opens with, in one step. @throws ProblemError `account_exists` */
  openAccount(account: OpenAccountRequest, call: CallOptions = {}): Promise<Account> {
    return this.calls.send('POST', '/accounts', { ...account }, call);
  }

  /** What is left out stays as it is. */
  changeAccount(accountId: string, changes: ChangeAccountRequest, call: CallOptions = {}): Promise<Account> {
    return this.calls.send('PATCH', '/accounts/:account_id', { account_id: accountId, ...changes }, call);
  }

  account(accountId: string, call: CallOptions = {}): Promise<Account> {
    return this.calls.get(accountPath(accountId), {}, call);
  }

  /** Accounts by name, one page. */
  accounts(query: Paged<string> = {}, call: CallOptions = {}): Promise<AccountPage> {
    return this.calls.get('/accounts', { ...query }, call);
  }

  everyAccount(call: CallOptions = {}): AsyncGenerator<Account> {
    return everyRow<Account, string>(async (cursor) => {
      const { accounts, next_cursor: next } = await this.accounts({ limit: PAGE, ...(cursor !== undefined && { cursor }) }, call);
      return { rows: accounts, next };
    });
  }

  /** What an account has, with everything that was acknowledged before the call. */
  balances(accountId: string, call: CallOptions = {}): Promise<Balances> {
    return this.calls.get(accountPath(accountId, 'balances'), {}, call);
  }

  /** All that changed what an account has, newest first, one page. */
  accountEvents(
    accountId: string, query: { readonly asset?: string; readonly before?: string; readonly limit?: number } = {}, call: CallOptions = {},
  ): Promise<AccountEventPage> {
    return this.calls.get(accountPath(accountId, 'events'), query, call);
  }

  everyAccountEvent(accountId: string, query: { readonly asset?: string } = {}, call: CallOptions = {}): AsyncGenerator<AccountEvent> {
    return everyRow<AccountEvent, string>(async (before) => {
      const { events, next_cursor: next } = await this.accountEvents(accountId, { ...query, limit: PAGE, ...(before !== undefined && { before }) }, call);
      return { rows: events, next };
    });
  }

  /** What an account had, every so many events, newest first. */
  accountSnapshots(accountId: string, query: { readonly limit?: number } = {}, call: CallOptions = {}): Promise<AccountSnapshots> {
    return this.calls.get(accountPath(accountId, 'snapshots'), query, call);
  }

  /** Whether an account's events come to what it has. It changes nothing. */
  rebuildAccount(accountId: string, call: CallOptions = {}): Promise<RebuildReport> {
    return this.calls.send('POST', '/accounts/:account_id/rebuild', { account_id: accountId }, call);
  }

  // What trades come to

  /** An account's own trades (those of the caller's own account where it is left out), newest first, one page. */
  fills(
    query: { readonly client_id?: string; readonly instrument?: string; readonly before?: string; readonly limit?: number } = {}, call: CallOptions = {},
  ): Promise<FillPage> {
    return this.calls.get('/fills', query, call);
  }

  everyFill(query: { readonly client_id?: string; readonly instrument?: string } = {}, call: CallOptions = {}): AsyncGenerator<Fill> {
    return everyRow<Fill, string>(async (before) => {
      const { fills, next_cursor: next } = await this.fills({ ...query, limit: PAGE, ...(before !== undefined && { before }) }, call);
      return { rows: fills, next };
    });
  }

  /** By instrument: all that the account ever traded. */
  positions(accountId: string, call: CallOptions = {}): Promise<Positions> {
    return this.calls.get(accountPath(accountId, 'positions'), {}, call);
  }

  /** @throws ProblemError `position_not_found` for what the account never traded */
  position(accountId: string, instrument: string, call: CallOptions = {}): Promise<PositionWithStaleness> {
    return this.calls.get(accountPath(accountId, `positions/${encodeURIComponent(instrument)}`), {}, call);
  }

  /** What an account has and what its positions are worth, by quote asset. */
  portfolio(accountId: string, query: { readonly mark?: 'last' | 'mid' } = {}, call: CallOptions = {}): Promise<Portfolio> {
    return this.calls.get(accountPath(accountId, 'portfolio'), query, call);
  }

  /** @param date YYYY-MM-DD, of UTC */
  statement(accountId: string, date: string, call: CallOptions = {}): Promise<Statement> {
    return this.calls.get(accountPath(accountId, `statements/${encodeURIComponent(date)}`), {}, call);
  }

  /** A day of all accounts, of which there is a page. @param date YYYY-MM-DD, of UTC */
  settlement(date: string, query: Paged<string> = {}, call: CallOptions = {}): Promise<Settlement> {
    return this.calls.get(`/settlements/${encodeURIComponent(date)}`, { ...query }, call);
  }

  // What moves without a trade

  deposit(deposit: DepositRequest, call: CallOptions = {}): Promise<Deposit> {
    return this.calls.send('POST', '/deposits', { ...deposit }, call);
  }

  /** An account's deposits, newest first, one page. */
  deposits(query: Paged<number> & { readonly account_id: string }, call: CallOptions = {}): Promise<DepositPage> {
    return this.calls.get('/deposits', { ...query }, call);
  }

  everyDeposit(accountId: string, call: CallOptions = {}): AsyncGenerator<Deposit> {
    return everyRow<Deposit, number>(async (cursor) => {
      const { deposits, next_cursor: next } = await this.deposits({ account_id: accountId, limit: PAGE, ...(cursor !== undefined && { cursor }) }, call);
      return { rows: deposits, next };
    });
  }

  /** Asks for a withdrawal: the amount is held until it is completed, rejected or cancelled. */
  withdraw(withdrawal: WithdrawalRequest, call: CallOptions = {}): Promise<Withdrawal> {
    return this.calls.send('POST', '/withdrawals', { ...withdrawal }, call);
  }

  /** The amount is gone. @throws ProblemError `withdrawal_resolved` with its state, where it has come to another end */
  completeWithdrawal(withdrawalId: string, fields: KeyedRequest = {}, call: CallOptions = {}): Promise<Withdrawal> {
    return this.calls.send('POST', '/withdrawals/:withdrawal_id/complete', { withdrawal_id: withdrawalId, ...fields }, call);
  }

  /** The venue does not pay: the amount is free again. */
  rejectWithdrawal(withdrawalId: string, fields: KeyedRequest = {}, call: CallOptions = {}): Promise<Withdrawal> {
    return this.calls.send('POST', '/withdrawals/:withdrawal_id/reject', { withdrawal_id: withdrawalId, ...fields }, call);
  }

  /** Its account wants it no more: the amount is free again. */
  cancelWithdrawal(withdrawalId: string, fields: KeyedRequest = {}, call: CallOptions = {}): Promise<Withdrawal> {
    return this.calls.send('POST', '/withdrawals/:withdrawal_id/cancel', { withdrawal_id: withdrawalId, ...fields }, call);
  }

  /** An account's withdrawals, newest first, one page. */
  withdrawals(
    query: Paged<number> & { readonly account_id: string; readonly status?: 'requested' | 'completed' | 'rejected' | 'cancelled' }, call: CallOptions = {},
  ): Promise<WithdrawalPage> {
    return this.calls.get('/withdrawals', { ...query }, call);
  }

  everyWithdrawal(accountId: string, call: CallOptions = {}): AsyncGenerator<Withdrawal> {
    return everyRow<Withdrawal, number>(async (cursor) => {
      const { withdrawals, next_cursor: next } = await this.withdrawals({ account_id: accountId, limit: PAGE, ...(cursor !== undefined && { cursor }) }, call);
      return { rows: withdrawals, next };
    });
  }

  /** Moves money between accounts, or holds it for that: `pending`. */
  transfer(transfer: TransferRequest, call: CallOptions = {}): Promise<Transfer> {
    return this.calls.send('POST', '/transfers', { ...transfer }, call);
  }

  /** All or part of a pending transfer moves, the rest is free again. @throws ProblemError `transfer_resolved` with its state */
  postTransfer(transferId: string, fields: PostTransferRequest = {}, call: CallOptions = {}): Promise<Transfer> {
    return this.calls.send('POST', '/transfers/:transfer_id/post', { transfer_id: transferId, ...fields }, call);
  }

  /** Calls a pending transfer off. @throws ProblemError `transfer_resolved` with its state */
  voidTransfer(transferId: string, fields: KeyedRequest = {}, call: CallOptions = {}): Promise<Transfer> {
    return this.calls.send('POST', '/transfers/:transfer_id/void', { transfer_id: transferId, ...fields }, call);
  }

  /** Moves back what a posted transfer moved, once. @returns the transfer that does */
  reverseTransfer(transferId: string, fields: KeyedRequest = {}, call: CallOptions = {}): Promise<Transfer> {
    return this.calls.send('POST', '/transfers/:transfer_id/reverse', { transfer_id: transferId, ...fields }, call);
  }

  // The venue

  async feeGroups(call: CallOptions = {}): Promise<readonly FeeGroup[]> {
    return (await this.calls.get<FeeGroups>('/fee-groups', {}, call)).fee_groups;
  }

  /** Sets what a group of accounts is charged: rates of before are gone. */
  putFeeGroup(group: string, fields: FeeGroupRequest, call: CallOptions = {}): Promise<FeeGroup> {
    return this.calls.send('PUT', '/fee-groups/:group', { group, ...fields }, call);
  }

  /** What all accounts have, by asset. */
  money(call: CallOptions = {}): Promise<MoneyOverview> {
    return this.calls.get('/money', {}, call);
  }

  /** What accounts can have, and how finely. */
  async assets(call: CallOptions = {}): Promise<readonly Asset[]> {
    return (await this.calls.get<{ readonly assets: readonly Asset[] }>('/public/assets', {}, call)).assets;
  }
}

function accountPath(accountId: string, of?: string): string {
  return `/accounts/${encodeURIComponent(accountId)}${of === undefined ? '' : `/${of}`}`;
}
