import type { AccountCommand } from '../domain/commands';
import type { Context } from '../domain/context';
import type { AssetTable } from '../domain/asset-table';
import type { Account, Funds } from '../domain/money';
import { initiator, requireAccount } from '../domain/principal';
import { Refusal } from '../domain/refusal';
import type { Staleness } from '../domain/staleness';
import type { MoneyFingerprint } from './fingerprint';
import { accountOf, type MoneyOutcomes } from './outcomes';
import type { MoneyEngine, MoneyRecord } from './ports';
import type { RecordReads } from './record-reads';
import type { ChangeAccountRequest, NamedCredit, OpenAccountRequest } from './requests';
import { UnitsReader } from './units';

/** An account, and the credit that it really has: its own, or the venue's. */
export interface ToldAccount {
  readonly account: Account;
  readonly credit: NamedCredit;
}

export interface AccountOutcome extends ToldAccount {
  readonly replayed: boolean;
}

export interface AccountsPage {
  /** By name. */
  readonly accounts: readonly ToldAccount[];
  /** null behind the last page. */
  readonly nextCursor: string | null;
  readonly stale: Staleness | null;
}

/** Making, changing and reading accounts. */
export class Accounts {
  /** @param digest of an account and its idempotency key */
  constructor(
    private readonly engine: Pick<MoneyEngine, 'readAccount'>, private readonly record: Pick<MoneyRecord, 'accounts'>,
    private readonly outcomes: MoneyOutcomes, private readonly reads: RecordReads, private readonly assets: AssetTable, private readonly funds: Funds,
    private readonly digest: (account: string, key: string) => string,
  ) {}

  /** Makes an account with what it opens with, in one step. @throws Refusal */
  async open(context: Context, { accountId, name, credit, feeGroup, deposits: asked, key }: OpenAccountRequest): Promise<AccountOutcome> {
    const reader = new UnitsReader(this.assets);
    const deposits = asked.map(({ asset, amount }, index) => ({
      asset, amount: reader.read(asset, amount, { list: 'deposits', index, field: 'amount' }),
    }));
    reader.check();
    return this.carryOut(context, {
      account: accountId, opens: true, name, status: null, credit, feeGroup, deposits,
    }, key, {
      op: 'open_account', account_id: accountId, name, credit, fee_group: feeGroup, deposits: deposits.map(({ asset, amount }) => [asset, amount]),
    });
  }

  /** @throws Refusal */
  change(context: Context, { accountId, name, status, credit, feeGroup, key }: ChangeAccountRequest): Promise<AccountOutcome> {
    return this.carryOut(context, { account: accountId, opens: false, name, status, credit, feeGroup, deposits: [] }, key, {
      op: 'change_account', account_id: accountId, name, status, credit, fee_group: feeGroup,
    });
  }

  private async carryOut(
    context: Context, command: Omit<AccountCommand, 'actor' | 'idempotency' | 'request'>, key: string | null, fingerprint: MoneyFingerprint,
  ): Promise<AccountOutcome> {
    const { entry, replayed } = await this.outcomes.carryOut(context, {
      op: 'account', ...command, actor: initiator(context.principal),
      idempotency: key === null ? null : this.digest(command.account, key), request: key === null ? null : fingerprint,
    }, fingerprint);
    return { ...this.told(accountOf(entry)), replayed };
  }

  /** @throws Refusal `account_not_found` */
  async one(context: Context, accountId: string): Promise<ToldAccount> {
    const account = await this.oneOrNull(context, accountId);
    if (account === null) throw new Refusal('account_not_found');
    return account;
  }

  /** @returns null for one that has not begun @throws Refusal `account_not_found` for one that is not the caller's */
  async oneOrNull(context: Context, accountId: string): Promise<ToldAccount | null> {
    requireAccount(context.principal, accountId);
    const state = await this.engine.readAccount(accountId);
    return state === null ? null : this.told(state.account);
  }

  /** @param cursor name of the last account of the page before, null for the first page */
  async page(context: Context, cursor: string | null, limit: number): Promise<AccountsPage> {
    const { value, stale } = await this.reads.read(context, () => this.record.accounts(cursor, limit));
    const last = value.length === limit ? value.at(-1) : undefined;
    return { accounts: value.map((account) => this.told(account)), nextCursor: last?.account ?? null, stale };
  }

  private told(account: Account): ToldAccount {
    if (account.credit !== 'venue') return { account, credit: account.credit };
    return { account, credit: this.funds === 'required' ? 'none' : 'unlimited' };
  }
}
