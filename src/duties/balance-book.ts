import type { LogEntry } from '../domain/log-entry';
import { isVenueAccount, type AccountState, type Balance, type Funds } from '../domain/money';
import type { AuditFinding } from '../domain/money-history';
import type { MoneyScale } from '../domain/assets';
import { learnScale, postingsOf, type MoneyScales } from '../domain/postings';

interface Kept {
  total: bigint;
  held: bigint;
  /** Log sequence behind which it is so. */
  sequence: number;
}

/** What an entry moves to and from an account, by asset. */
type Movements = ReadonlyMap<string, ReadonlyMap<string, bigint>>;

/**
 * What all accounts have by the record, and by what the log has moved since. Totals follow the movements alone: what an entry or Redis
 * says of a balance is held against them, so that a unit that came from nowhere goes on to be found until it is gone. Each entry has to
 * move as much away as it moves on, and to leave who needs cover with it (I-1, I-2, I-4).
 */
export class BalanceBook {
  private readonly balances = new Map<string, Map<string, Kept>>();
  private readonly sums = new Map<string, bigint>();
  /** Accounts whose credit is unlimited, whatever FUNDS says. */
  private readonly credited = new Set<string>();
  /** Those of instruments that the log makes are added on the way. */
  private readonly scales: Map<string, MoneyScale>;

  /**
   * @param funds how the shard keeps money
   * @param sequence log sequence of the record that is taken
   */
  constructor(private readonly funds: Funds, scales: MoneyScales, public sequence: number) {
    this.scales = new Map(scales);
  }

  /** Takes an account's balance as the record has it: before the log is followed. */
  take(account: string, { asset, total, held }: Balance): void {
    const kept = this.kept(account, asset);
    kept.held = BigInt(held);
    this.move(kept, asset, BigInt(total));
  }

  /** Puts right what was taken of an account. @param total that its movements add up to */
  correct(account: string, asset: string, total: string): void {
    const kept = this.kept(account, asset);
    this.move(kept, asset, BigInt(total) - kept.total);
  }

  takeCredit(account: string): void {
    this.credited.add(account);
  }

  /** Follows one entry. @returns what it leaves that must not be */
  add(entry: LogEntry): AuditFinding[] {
    this.sequence = entry.sequence;
    if (entry.kind === 'refuse') return [];
    learnScale(this.scales, entry);
    for (const event of entry.events) {
      if (event.type !== 'account') continue;
      if (event.account.credit === 'unlimited') this.credited.add(event.account.account);
      else this.credited.delete(event.account.account);
    }
    const findings: AuditFinding[] = [];
    const find = (account: string, asset: string, what: string): void => void findings.push({ account, asset, what, sequence: entry.sequence });
    const movements = movementsOf(entry, this.scales);
    const assets = new Set<string>();
    for (const { account, asset, total, held } of entry.balances) {
      const kept = this.kept(account, asset);
      this.move(kept, asset, movements.get(account)?.get(asset) ?? 0n);
      Object.assign(kept, { held: BigInt(held), sequence: entry.sequence });
      assets.add(asset);
      if (String(kept.total) !== total) find(account, asset, `has ${total} units by entry ${entry.sequence}, ${kept.total} by what has moved`);
      if (kept.held < 0n) find(account, asset, `holds ${held} units, less than nothing`);
      if (kept.total < kept.held && this.needsCover(account)) find(account, asset, `has ${kept.total} units and holds ${held}`);
    }
    for (const [account, moved] of movements) {
      for (const [asset, amount] of moved) {
        if (amount === 0n || this.balances.get(account)?.get(asset)?.sequence === entry.sequence) continue;
        this.move(this.kept(account, asset), asset, amount);
        assets.add(asset);
        find(account, asset, `has moved ${amount} units in entry ${entry.sequence}, which does not tell what is left`);
      }
    }
    for (const asset of assets) findings.push(...this.sumFinding(asset));
    return findings;
  }

  /** Looks at everything at once. */
  findings(): AuditFinding[] {
    return [...this.sums.keys()].flatMap((asset) => this.sumFinding(asset));
  }

  /** Begins to hold all accounts of Redis, which come page by page, against the book. */
  look(): BalanceLook {
    return new BalanceLook(this.balances, this.sequence);
  }

  private sumFinding(asset: string): AuditFinding[] {
    const sum = this.sums.get(asset) ?? 0n;
    return sum === 0n ? [] : [{ account: null, asset, what: `adds up to ${sum} units over all accounts`, sequence: this.sequence }];
  }

  private needsCover(account: string): boolean {
    return this.funds === 'required' && !this.credited.has(account) && !isVenueAccount(account);
  }

  private kept(account: string, asset: string): Kept {
    let assets = this.balances.get(account);
    if (assets === undefined) this.balances.set(account, assets = new Map<string, Kept>());
    let kept = assets.get(asset);
    if (kept === undefined) assets.set(asset, kept = { total: 0n, held: 0n, sequence: this.sequence });
    return kept;
  }

  private move(kept: Kept, asset: string, amount: bigint): void {
    if (amount === 0n) return;
    kept.total += amount;
    this.sums.set(asset, (this.sums.get(asset) ?? 0n) + amount);
  }
}

/** One look at all accounts of Redis. What has changed since a page was read is left to the next. */
export class BalanceLook {
  private readonly seen = new Set<string>();

  /** @param since log sequence at which the look began */
  constructor(private readonly balances: ReadonlyMap<string, ReadonlyMap<string, Kept>>, private readonly since: number) {}

  /** @param states accounts as Redis has them behind `sequence`, up to which the log has been followed */
  page(states: readonly AccountState[], sequence: number): AuditFinding[] {
    const findings: AuditFinding[] = [];
    for (const { account, balances } of states) {
      this.seen.add(account);
      const told = new Map(balances.map((balance) => [balance.asset, balance]));
      const kept = this.balances.get(account);
      for (const asset of new Set([...told.keys(), ...kept?.keys() ?? []])) {
        const { total, held } = told.get(asset) ?? { total: '0', held: '0' };
        const known = kept?.get(asset);
        if (known !== undefined && known.sequence > sequence) continue;
        const [wasTotal, wasHeld] = [known?.total ?? 0n, known?.held ?? 0n];
        if (BigInt(total) === wasTotal && BigInt(held) === wasHeld) continue;
        findings.push({ account, asset, what: `has ${total} units and holds ${held} in Redis, ${wasTotal} and ${wasHeld} by record and log`, sequence });
      }
    }
    return findings;
  }

  /** What Redis does not have at all. */
  end(): AuditFinding[] {
    const findings: AuditFinding[] = [];
    for (const [account, assets] of this.balances) {
      if (this.seen.has(account)) continue;
      for (const [asset, { total, held, sequence }] of assets) {
        if (sequence > this.since || (total === 0n && held === 0n)) continue;
        findings.push({ account, asset, what: `is not in Redis, and has ${total} units and holds ${held} by record and log`, sequence: this.since });
      }
    }
    return findings;
  }
}

function movementsOf(entry: LogEntry, scales: MoneyScales): Movements {
  const movements = new Map<string, Map<string, bigint>>();
  for (const { account, asset, amount } of postingsOf(entry, scales)) {
    let assets = movements.get(account);
    if (assets === undefined) movements.set(account, assets = new Map<string, bigint>());
    assets.set(asset, (assets.get(asset) ?? 0n) + amount);
  }
  return movements;
}
