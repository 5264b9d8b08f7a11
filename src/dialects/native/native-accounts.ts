import type { Context } from '../../domain/context';
import type { Answer } from '../../http/answer';
import type { AccountOutcome } from '../../money/accounts';
import { accountsOf, actsForAll } from '../../domain/principal';
import { Refusal } from '../../domain/refusal';
import type { Money } from '../../money/money';
import type { People } from '../../people/people';
import { CHANGE_ACCOUNT, KEYED, OPENING_DEPOSIT, OPEN_ACCOUNT, moneyQueries } from './check/money-schemas';
import { checkBody, checkListed, checkQuery } from './check/schemas';
import { keyOf } from './parse';
import { customerOfPath, dayOfPath, parseEventId } from './parse-money';
import { REPLAYED, presentStaleness } from './present';
import {
  presentAccount, presentBalance, presentDifference, presentEvent, presentPortfolioLine, presentPosition, presentSnapshot, presentStatementLine,
} from './present-money';

type Query = Readonly<Record<string, unknown>>;

/** The calls about one account, and the list of them. All throw refusals. */
export class NativeAccounts {
  private readonly queries;

  /** @param people null where nobody is asked who they are */
  constructor(private readonly money: Money, private readonly people: People | null, limits: { readonly moneyLimitMax: number }) {
    this.queries = moneyQueries(limits.moneyLimitMax);
  }

  /** POST /accounts */
  async open(context: Context, body: unknown, headerKey: string | undefined): Promise<Answer> {
    const { accounts } = this.money.kept;
    const { account_id: accountId, name = null, credit = null, fee_group: feeGroup = null, deposits = [], idempotency_key: key } = checkBody(OPEN_ACCOUNT, body);
    const { principal } = context;
    const open = (): Promise<AccountOutcome> => accounts.open(context, {
      accountId, name, credit, feeGroup, deposits: checkListed(OPENING_DEPOSIT, deposits, 'deposits'), key: keyOf(key, headerKey),
    });
    if (this.people === null || principal.kind !== 'caller') return answered(201, await open());
    const { ownership } = this.people;
    if (actsForAll(principal)) {
      await ownership.requireNobodys(accountId);
      return answered(201, await open());
    }
    // What it opens with is the venue's to give.
    if (credit !== null || feeGroup !== null || deposits.length > 0) throw new Refusal('forbidden', { detail: 'credit, fee_group and deposits need the role operator.' });
    const read = async (): Promise<AccountOutcome> => ({ ...await accounts.one(context, accountId), replayed: true });
    return answered(201, await ownership.open(principal, accountId, this.people.accounts, open, read));
  }

  /** PATCH /accounts/{account_id} */
  async change(context: Context, account: string, body: unknown, headerKey: string | undefined): Promise<Answer> {
    const { accounts } = this.money.kept;
    const accountId = customerOfPath(account);
    const { name = null, status = null, credit = null, fee_group: feeGroup = null, idempotency_key: key } = checkBody(CHANGE_ACCOUNT, body);
    return answered(200, await accounts.change(context, { accountId, name, status, credit, feeGroup, key: keyOf(key, headerKey) }));
  }

  /** GET /accounts */
  async list(context: Context, query: Query): Promise<Answer> {
    const { accounts } = this.money.kept;
    const { limit, cursor = null } = checkQuery(this.queries.accounts, query);
    const { principal } = context;
    if (principal.kind === 'caller' && !actsForAll(principal)) return this.own(context, accountsOf(principal), cursor, limit);
    const { accounts: page, nextCursor, stale } = await accounts.page(context, cursor, limit);
    return { status: 200, body: { accounts: page.map(presentAccount), next_cursor: nextCursor, ...presentStaleness(stale) } };
  }

  /** Those that a caller may act for. */
  private async own(context: Context, names: readonly string[], cursor: string | null, limit: number): Promise<Answer> {
    const { accounts } = this.money.kept;
    const page = [...names].sort(compareText).filter((name) => cursor === null || compareText(name, cursor) > 0).slice(0, limit);
    const told = await Promise.all(page.map((name) => accounts.oneOrNull(context, name)));
    return {
      status: 200,
      body: { accounts: told.filter((account) => account !== null).map(presentAccount), next_cursor: page.length === limit ? page.at(-1) ?? null : null },
    };
  }

  /** GET /accounts/{account_id} */
  async one(context: Context, account: string): Promise<Answer> {
    return { status: 200, body: presentAccount(await this.money.kept.accounts.one(context, account)) };
  }

  /** GET /accounts/{account_id}/balances */
  async balances(context: Context, account: string): Promise<Answer> {
    const { sequence, balances } = await this.money.kept.balances.of(context, account);
    const { assets } = this.money;
    return { status: 200, body: { account_id: account, sequence, balances: balances.map((balance) => presentBalance(balance, assets)) } };
  }

  /** GET /accounts/{account_id}/events */
  async events(context: Context, account: string, query: Query): Promise<Answer> {
    const { balances } = this.money.kept;
    const { assets } = this.money;
    const { asset = null, before, limit } = checkQuery(this.queries.events, query);
    if (asset !== null) assets.require(asset);
    const { events, hasMore, stale } = await balances.events(context, account, { asset, before: before === undefined ? null : parseEventId(before), limit });
    const views = events.map((event) => presentEvent(event, assets));
    return { status: 200, body: { events: views, next_cursor: hasMore ? views.at(-1)?.event_id ?? null : null, ...presentStaleness(stale) } };
  }

  /** GET /accounts/{account_id}/snapshots */
  async snapshots(context: Context, account: string, query: Query): Promise<Answer> {
    const { balances } = this.money.kept;
    const { limit } = checkQuery(this.queries.snapshots, query);
    const { snapshots, stale } = await balances.snapshots(context, account, limit);
    return { status: 200, body: { snapshots: snapshots.map((snapshot) => presentSnapshot(snapshot, this.money.assets)), ...presentStaleness(stale) } };
  }

  /** POST /accounts/{account_id}/rebuild */
  async rebuild(context: Context, account: string, body: unknown, headerKey: string | undefined): Promise<Answer> {
    const { balances } = this.money.kept;
    keyOf(checkBody(KEYED, body === undefined ? {} : body).idempotency_key, headerKey);
    const { snapshotSequence, eventsReplayed, recoveryMs, differences } = await balances.rebuild(context, account);
    return {
      status: 200,
      body: {
        ok: differences.length === 0, snapshot_sequence: snapshotSequence, events_replayed: eventsReplayed, recovery_ms: recoveryMs,
        differences: differences.map((difference) => presentDifference(difference, this.money.assets)),
      },
    };
  }

  /** GET /accounts/{account_id}/positions */
  async positions(context: Context, account: string): Promise<Answer> {
    const { sequence, positions, stale } = await this.money.kept.positions.all(context, account);
    return {
      status: 200, body: { sequence, positions: positions.map((position) => presentPosition(position, this.money.assets)), ...presentStaleness(stale) },
    };
  }

  /** GET /accounts/{account_id}/positions/{instrument} */
  async position(context: Context, account: string, instrument: string): Promise<Answer> {
    const { position, stale } = await this.money.kept.positions.one(context, account, instrument);
    return { status: 200, body: { ...presentPosition(position, this.money.assets), ...presentStaleness(stale) } };
  }

  /** GET /accounts/{account_id}/portfolio */
  async portfolio(context: Context, account: string, query: Query): Promise<Answer> {
    const { positions } = this.money.kept;
    const { mark } = checkQuery(this.queries.portfolio, query);
    const { sequence, lines, stale } = await positions.portfolio(context, account, mark);
    return {
      status: 200,
      body: {
        account_id: account, mark, sequence, assets: lines.map((line) => presentPortfolioLine(line, this.money.assets)), ...presentStaleness(stale),
      },
    };
  }

  /** GET /accounts/{account_id}/statements/{date} */
  async statement(context: Context, account: string, date: string): Promise<Answer> {
    const { status, lines, stale } = await this.money.kept.statements.ofAccount(context, account, dayOfPath(date));
    return {
      status: 200,
      body: { account_id: account, date, status, assets: lines.map((line) => presentStatementLine(line, this.money.assets)), ...presentStaleness(stale) },
    };
  }
}

/** In the order of code points, as Postgres' C collation has it. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function answered(status: number, outcome: AccountOutcome): Answer {
  const body = presentAccount(outcome);
  return outcome.replayed ? { status, body, headers: REPLAYED } : { status, body };
}
