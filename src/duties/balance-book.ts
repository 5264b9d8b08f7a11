import type { LogEntry } from '../domain/log-entry';
import { isVenueAccount, type AccountState, type Funds } from '../domain/money';
import type { AuditFinding } from '../domain/money-history';

interface Kept {
  total: bigint;
  held: bigint;
  /** Log sequence behind which it is so. */
  sequence: number;
}

/** Why an account's balance is not as it must be, as a sentence without its subject. */
function faultOf(total: bigint, held: bigint, needsCover: boolean): string | null {
  if (held < 0n) return `holds ${held} units, less than nothing`;
  if (needsCover && held > total) return `has ${total} units and holds ${held}`;
  return null;
}

/**
 * What all accounts have, taken once from Redis and then followed through the log. After each entry every asset has to add up to
 * zero, and who needs cover has to have what is held (I-1, I-2).
 */
export class BalanceBook {
  private readonly balances = new Map<string, Map<string, Kept>>();
  private readonly sums = new Map<string, bigint>();
  /** Accounts whose credit is unlimited, whatever FUNDS says. */
  private readonly credited = new Set<string>();
  /** Log sequence up to which the log has been followed. */
  sequence = 0;
  /** Log sequence from which on all that was taken is of one moment. */
  private wholeFrom = 0;

  /** @param funds how the shard keeps money */
  constructor(private readonly funds: Funds) {}

  /** Takes accounts as Redis has them behind log sequence `sequence`: before the log is followed. */
  take(states: readonly AccountState[], sequence: number): void {
    this.wholeFrom = Math.max(this.wholeFrom, sequence);
    for (const { account, details, balances } of states) {
      if (details?.credit === 'unlimited') this.credited.add(account);
      for (const { asset, total, held } of balances) this.set(account, asset, BigInt(total), BigInt(held), sequence);
    }
  }

  /** Follows one entry. @returns what it leaves that must not be */
  add(entry: LogEntry): AuditFinding[] {
    this.sequence = entry.sequence;
    const findings: AuditFinding[] = [];
    if (entry.kind !== 'refuse') {
      for (const event of entry.events) {
        if (event.type !== 'account') continue;
        if (event.account.credit === 'unlimited') this.credited.add(event.account.account);
        else this.credited.delete(event.account.account);
      }
    }
    const assets = new Set<string>();
    for (const { account, asset, total, held } of entry.balances) {
      // What was read of an account behind this entry has it already.
      if ((this.balances.get(account)?.get(asset)?.sequence ?? 0) >= entry.sequence) continue;
      this.set(account, asset, BigInt(total), BigInt(held), entry.sequence);
      assets.add(asset);
      const fault = faultOf(BigInt(total), BigInt(held), this.needsCover(account));
      if (fault !== null) findings.push({ account, asset, what: fault, sequence: entry.sequence });
    }
    if (this.isWhole) for (const asset of assets) findings.push(...this.sumFinding(asset));
    return findings;
  }

  /** Whether the log has been followed beyond everything that was taken. */
  get isWhole(): boolean {
    return this.sequence >= this.wholeFrom;
  }

  /** Looks at everything at once. */
  findings(): AuditFinding[] {
    const found = [...this.sums.keys()].flatMap((asset) => this.sumFinding(asset));
    for (const [account, assets] of this.balances) {
      for (const [asset, { total, held }] of assets) {
        const fault = faultOf(total, held, this.needsCover(account));
        if (fault !== null) found.push({ account, asset, what: fault, sequence: this.sequence });
      }
    }
    return found;
  }

  /**
   * Holds accounts as Redis has them behind log sequence `sequence`, which has been followed, against the book. What has changed since
   * is left to the next look.
   */
  compare(states: readonly AccountState[], sequence: number): AuditFinding[] {
    const findings: AuditFinding[] = [];
    for (const { account, balances } of states) {
      const kept = this.balances.get(account);
      for (const { asset, total, held } of balances) {
        const known = kept?.get(asset);
        if (known !== undefined && known.sequence > sequence) continue;
        const [wasTotal, wasHeld] = [known?.total ?? 0n, known?.held ?? 0n];
        if (BigInt(total) === wasTotal && BigInt(held) === wasHeld) continue;
        findings.push({
          account, asset, what: `has ${total} units and holds ${held} in Redis, ${wasTotal} and ${wasHeld} by what the log tells`, sequence,
        });
      }
    }
    return findings;
  }

  private sumFinding(asset: string): AuditFinding[] {
    const sum = this.sums.get(asset) ?? 0n;
    return sum === 0n ? [] : [{ account: null, asset, what: `adds up to ${sum} units over all accounts`, sequence: this.sequence }];
  }

  private needsCover(account: string): boolean {
    return this.funds === 'required' && !this.credited.has(account) && !isVenueAccount(account);
  }

  private set(account: string, asset: string, total: bigint, held: bigint, sequence: number): void {
    let assets = this.balances.get(account);
    if (assets === undefined) this.balances.set(account, assets = new Map<string, Kept>());
    const known = assets.get(asset);
    this.sums.set(asset, (this.sums.get(asset) ?? 0n) + total - (known?.total ?? 0n));
    if (known === undefined) assets.set(asset, { total, held, sequence });
    else Object.assign(known, { total, held, sequence });
  }
}
