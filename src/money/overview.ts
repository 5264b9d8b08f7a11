import type { Context } from '../domain/context';
import type { AssetTotals, AuditFinding } from '../domain/money-history';
import type { Staleness } from '../domain/staleness';
import type { BalanceAudit, MoneyRecord } from './ports';
import type { RecordReads } from './record-reads';

/** What all accounts have of an asset, and what that adds up to: 0, or something is wrong. */
export interface AssetOverview extends AssetTotals {
  readonly sum: bigint;
}

export interface Overview {
  readonly sequence: number;
  /** By asset. */
  readonly assets: readonly AssetOverview[];
  readonly findings: readonly AuditFinding[];
  readonly stale: Staleness | null;
}

/** The venue's money as a whole. */
export class MoneyOverview {
  constructor(
    private readonly record: Pick<MoneyRecord, 'totals'>, private readonly audit: BalanceAudit, private readonly reads: RecordReads,
  ) {}

  async all(context: Context): Promise<Overview> {
    const { value: { sequence, assets }, stale } = await this.reads.read(context, () => this.record.totals());
    const withSums = assets.map((totals) => ({ ...totals, sum: BigInt(totals.customers) + BigInt(totals.issuance) + BigInt(totals.fees) }));
    return { sequence, assets: withSums, findings: await this.audit.findings(), stale };
  }
}
