import type { Context } from '../domain/context';
import { FEES, ISSUANCE, type Balance } from '../domain/money';
import type { AccountEvent, AccountSnapshot, AssetAmount } from '../domain/money-history';
import { requireAccount } from '../domain/principal';
import { Refusal } from '../domain/refusal';
import type { Staleness } from '../domain/staleness';
import type { AccountState, EventsPage, MoneyEngine, MoneyRecord } from './ports';
import type { RecordReads } from './record-reads';

export interface BalancesAt {
  readonly account: string;
  readonly sequence: number;
  readonly balances: readonly Balance[];
}

export interface EventsOf {
  /** Newest first. */
  readonly events: readonly AccountEvent[];
  readonly hasMore: boolean;
  readonly stale: Staleness | null;
}

/** An asset of which the account has another total than its events add up to. */
export interface BalanceDifference {
  readonly asset: string;
  readonly live: string;
  /** From the latest snapshot on. */
  readonly fromSnapshot: string;
  /** From the first event on. */
  readonly fromEvents: string;
}

export interface RebuildReport {
  /** null without a snapshot. */
  readonly snapshotSequence: number | null;
  /** Those behind the snapshot. */
  readonly eventsReplayed: number;
  readonly recoveryMs: number;
  readonly differences: readonly BalanceDifference[];
}

/** Accounts that are there before anything has moved. */
const VENUE_ACCOUNTS: readonly string[] = [ISSUANCE, FEES];

/** What an account has, and how it came to that. */
export class Balances {
  constructor(
    private readonly engine: Pick<MoneyEngine, 'readAccount' | 'position'>,
    private readonly record: Pick<MoneyRecord, 'events' | 'snapshots' | 'eventSums'>, private readonly reads: RecordReads,
  ) {}

  /** Everything that was acknowledged before the call is in it. @throws Refusal `account_not_found` */
  async of(context: Context, account: string): Promise<BalancesAt> {
    const { balances, sequence } = await this.state(context, account);
    return { account, sequence, balances };
  }

  /** @throws Refusal `account_not_found` */
  async events(context: Context, account: string, page: EventsPage): Promise<EventsOf> {
    await this.state(context, account);
    const { value: events, stale } = await this.reads.read(context, () => this.record.events(account, page));
    return { events, hasMore: events.length === page.limit, stale };
  }

  /** Newest first. @throws Refusal `account_not_found` */
  async snapshots(context: Context, account: string, limit: number): Promise<{ snapshots: readonly AccountSnapshot[]; stale: Staleness | null }> {
    await this.state(context, account);
    const { value: snapshots, stale } = await this.reads.read(context, () => this.record.snapshots(account, null, limit));
    return { snapshots, stale };
  }

  /**
   * Computes an account's totals from its latest snapshot and what moved since, and once more from its first event, and holds
   * both against what it has, at one log sequence. It changes nothing.
   * @throws Refusal `account_not_found`; `history_unavailable` where Postgres does not hold that sequence in time
   */
  async rebuild(context: Context, account: string): Promise<RebuildReport> {
    const { balances, sequence } = await this.state(context, account);
    if (!(await this.reads.caughtUp(context))) throw new Refusal('history_unavailable');
    const startedMs = performance.now();
    const [snapshot] = await this.record.snapshots(account, sequence, 1);
    const behind = await this.record.eventSums(account, snapshot?.sequence ?? 0, sequence);
    const recoveryMs = Math.round((performance.now() - startedMs) * 1_000) / 1_000;
    const all = await this.record.eventSums(account, 0, sequence);
    const fromSnapshot = sumOf([...snapshot?.totals ?? [], ...behind.sums]);
    const fromEvents = sumOf(all.sums);
    const live = sumOf(balances.map(({ asset, total }) => ({ asset, amount: total })));
    const assets = [...new Set([...live.keys(), ...fromSnapshot.keys(), ...fromEvents.keys()])].sort();
    return {
      snapshotSequence: snapshot?.sequence ?? null, eventsReplayed: behind.events, recoveryMs,
      differences: assets
        .map((asset) => ({ asset, live: live.get(asset) ?? 0n, fromSnapshot: fromSnapshot.get(asset) ?? 0n, fromEvents: fromEvents.get(asset) ?? 0n }))
        .filter((sums) => sums.live !== sums.fromSnapshot || sums.live !== sums.fromEvents)
        .map((sums) => ({
          asset: sums.asset, live: String(sums.live), fromSnapshot: String(sums.fromSnapshot), fromEvents: String(sums.fromEvents),
        })),
    };
  }

  private async state({ principal }: Context, account: string): Promise<Pick<AccountState, 'balances' | 'sequence'>> {
    requireAccount(principal, account);
    const state = await this.engine.readAccount(account);
    if (state !== null) return state;
    if (!VENUE_ACCOUNTS.includes(account)) throw new Refusal('account_not_found');
    return { balances: [], sequence: (await this.engine.position()).sequence };
  }
}

function sumOf(amounts: readonly AssetAmount[]): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { asset, amount } of amounts) sums.set(asset, (sums.get(asset) ?? 0n) + BigInt(amount));
  return sums;
}
