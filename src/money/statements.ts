import type { Context } from '../domain/context';
import type { Settlement, Statement } from '../domain/money-history';
import { requireAccount } from '../domain/principal';
import { Refusal } from '../domain/refusal';
import type { Staleness } from '../domain/staleness';
import type { MoneyEngine, MoneyRecord } from './ports';
import type { RecordReads } from './record-reads';

export interface SettlementPage extends Settlement {
  /** null behind the last page. */
  readonly nextCursor: string | null;
}

const DATE_LENGTH = 'YYYY-MM-DD'.length;

/** What a UTC day came to. */
export class Statements {
  constructor(
    private readonly engine: Pick<MoneyEngine, 'readAccount'>, private readonly record: Pick<MoneyRecord, 'statement' | 'settlement'>,
    private readonly reads: RecordReads, private readonly nowMs: () => number,
  ) {}

  /** @param day YYYY-MM-DD @throws Refusal `account_not_found`; `validation_failed` for a day that has not begun */
  async ofAccount(context: Context, account: string, day: string): Promise<Statement & { readonly stale: Staleness | null }> {
    requireAccount(context.principal, account);
    this.requireBegun(day);
    if (await this.engine.readAccount(account) === null) throw new Refusal('account_not_found');
    const { value, stale } = await this.reads.read(context, () => this.record.statement(account, day));
    return { ...value, stale };
  }

  /** @param cursor name of the last account of the page before @throws Refusal `validation_failed` for a day that has not begun */
  async ofVenue(
    context: Context, day: string, cursor: string | null, limit: number,
  ): Promise<SettlementPage & { readonly stale: Staleness | null }> {
    this.requireBegun(day);
    const { value, stale } = await this.reads.read(context, () => this.record.settlement(day, cursor, limit));
    const last = value.accounts.length === limit ? value.accounts.at(-1) : undefined;
    return { ...value, nextCursor: last?.account ?? null, stale };
  }

  private requireBegun(day: string): void {
    const today = new Date(this.nowMs()).toISOString().slice(0, DATE_LENGTH);
    if (day > today) throw new Refusal('validation_failed', { fields: [{ field: 'date', message: 'has not begun yet' }] });
  }
}
