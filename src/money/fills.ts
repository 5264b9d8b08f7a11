import type { Context } from '../domain/context';
import type { InstrumentTable } from '../domain/instrument-table';
import type { AccountFill } from '../domain/money-history';
import { requireAccount } from '../domain/principal';
import type { Staleness } from '../domain/staleness';
import type { FillsPage, MoneyRecord } from './ports';
import type { RecordReads } from './record-reads';

export interface FillsOf {
  /** Newest first. */
  readonly fills: readonly AccountFill[];
  readonly hasMore: boolean;
  readonly stale: Staleness | null;
}

/** An account's own trades. */
export class Fills {
  constructor(
    private readonly record: Pick<MoneyRecord, 'fills'>, private readonly reads: RecordReads, private readonly instruments: InstrumentTable,
  ) {}

  /** @throws Refusal `instrument_not_found` */
  async page(context: Context, account: string, page: FillsPage): Promise<FillsOf> {
    requireAccount(context.principal, account);
    if (page.instrument !== null) this.instruments.require(page.instrument);
    const { value: fills, stale } = await this.reads.read(context, () => this.record.fills(account, page));
    return { fills, hasMore: fills.length === page.limit, stale };
  }
}
