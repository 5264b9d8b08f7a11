import type { Balance, Time } from './contract';
import type { BalancesMessage, BalancesSnapshotMessage } from './messages';

/** What one account has, kept from the stream: a snapshot, then what it has of the assets that changed. */
export class LocalBalances {
  private readonly byAsset = new Map<string, Balance>();
  private told = 0;
  private changed: Time = '';

  constructor(readonly account: string) {}

  /** Of the last change. */
  get sequence(): number {
    return this.told;
  }

  /** Of the last change. */
  get timestamp(): Time {
    return this.changed;
  }

  /** By asset: of all that the account has ever had. */
  get all(): readonly Balance[] {
    return [...this.byAsset.values()].sort((a, b) => (a.asset < b.asset ? -1 : 1));
  }

  /** undefined for what the account never had. */
  of(asset: string): Balance | undefined {
    return this.byAsset.get(asset);
  }

  /** Takes a snapshot, or what changed: balances are absolute. */
  take({ type, sequence, timestamp, data }: BalancesSnapshotMessage | BalancesMessage): void {
    if (type === 'balances_snapshot') this.byAsset.clear();
    for (const balance of data.balances) this.byAsset.set(balance.asset, balance);
    this.told = sequence;
    this.changed = timestamp;
  }

  /** The same balances, to be kept apart. */
  copy(): LocalBalances {
    const copy = new LocalBalances(this.account);
    for (const balance of this.byAsset.values()) copy.byAsset.set(balance.asset, balance);
    copy.told = this.told;
    copy.changed = this.changed;
    return copy;
  }
}
