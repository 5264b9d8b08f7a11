import type { Context } from '../../domain/context';
import type { InstrumentTable } from '../../domain/instrument-table';
import type { Answer } from '../../http/answer';
import type { Money } from '../../money/money';
import { FEE_GROUP, FEE_RATE, moneyQueries } from './check/money-schemas';
import { checkBody, checkListed, checkQuery } from './check/schemas';
import { withClient } from './own-client';
import { keyOf } from './parse';
import { dayOfPath, formatEventId, groupOfPath, parseEventId } from './parse-money';
import { REPLAYED, presentStaleness } from './present';
import { presentAssetOverview, presentFeeGroup, presentFill, presentFinding, presentNetting, presentStatementLine } from './present-money';

type Query = Readonly<Record<string, unknown>>;

/** The calls about the venue's money as a whole, and those that list trades. All throw refusals. */
export class NativeMoney {
  private readonly queries;

  constructor(private readonly money: Money, private readonly instruments: InstrumentTable, limits: { readonly moneyLimitMax: number }) {
    this.queries = moneyQueries(limits.moneyLimitMax);
  }

  /** GET /public/assets */
  assets(): Promise<Answer> {
    return Promise.resolve({ status: 200, body: { assets: this.money.assets.all } });
  }

  /** GET /fills */
  async fills(context: Context, query: Query): Promise<Answer> {
    const { fills } = this.money.kept;
    const { client_id: account, instrument = null, before, limit } = checkQuery(this.queries.fills, withClient(query, context) as Query);
    const page = await fills.page(context, account, { instrument, before: before === undefined ? null : parseEventId(before), limit });
    const last = page.hasMore ? page.fills.at(-1) : undefined;
    return {
      status: 200,
      body: {
        fills: page.fills.map((fill) => presentFill(fill, this.instruments.of(fill.instrument), this.money.assets)),
        next_cursor: last === undefined ? null : formatEventId(last), ...presentStaleness(page.stale),
      },
    };
  }

  /** GET /settlements/{date} */
  async settlement(context: Context, date: string, query: Query): Promise<Answer> {
    const { statements } = this.money.kept;
    const { assets } = this.money;
    const { limit, cursor = null } = checkQuery(this.queries.settlement, query);
    const { status, totals, accounts, nextCursor, stale } = await statements.ofVenue(context, dayOfPath(date), cursor, limit);
    return {
      status: 200,
      body: {
        date, status, assets: totals.map((line) => presentStatementLine(line, assets)),
        accounts: accounts.map(({ account, lines, netting }) => ({
          account_id: account, assets: lines.map((line) => presentStatementLine(line, assets)),
          netting: netting.map((net) => presentNetting(net, this.instruments.of(net.instrument), assets)),
        })),
        next_cursor: nextCursor, ...presentStaleness(stale),
      },
    };
  }

  /** GET /fee-groups */
  async feeGroups(context: Context): Promise<Answer> {
    return { status: 200, body: { fee_groups: (await this.money.kept.feeGroups.all(context)).map(presentFeeGroup) } };
  }

  /** PUT /fee-groups/{group} */
  async putFeeGroup(context: Context, group: string, body: unknown, headerKey: string | undefined): Promise<Answer> {
    const { feeGroups } = this.money.kept;
    const name = groupOfPath(group);
    const { rates, idempotency_key: key } = checkBody(FEE_GROUP, body);
    const rows = checkListed(FEE_RATE, rates, 'rates').map(({ instrument = null, maker, taker }) => ({ instrument, maker, taker }));
    const { group: told, replayed } = await feeGroups.put(context, { group: name, rates: rows, key: keyOf(key, headerKey) });
    return replayed ? { status: 200, body: presentFeeGroup(told), headers: REPLAYED } : { status: 200, body: presentFeeGroup(told) };
  }

  /** GET /money */
  async overview(context: Context): Promise<Answer> {
    const { sequence, assets, findings, stale } = await this.money.kept.overview.all(context);
    return {
      status: 200,
      body: {
        sequence, assets: assets.map((asset) => presentAssetOverview(asset, this.money.assets)), findings: findings.map(presentFinding), ...presentStaleness(stale),
      },
    };
  }
}
