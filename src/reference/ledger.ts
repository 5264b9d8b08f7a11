import { isVenueAccount, DEFAULT_FEE_GROUP, UNITS_MAX, unitsMaxOf, type Account, type AccountState } from '../domain/money';
import type { EntryEvent } from '../domain/entry';
import { compareText } from './state';

/** What an account has of an asset, in units. */
export interface Amounts {
  readonly total: bigint;
  /** Of the total, what open orders and pending transfers may still take. */
  readonly held: bigint;
}

const NOTHING: Amounts = { total: 0n, held: 0n };

const isBeyond = (units: bigint, max = UNITS_MAX): boolean => units > max || units < -max;

/** Amounts by account and asset, in the order of their first change. */
class Balances {
  private readonly byAccount = new Map<string, Map<string, Amounts>>();

  get(account: string, asset: string): Amounts | undefined {
    return this.byAccount.get(account)?.get(asset);
  }

  set(account: string, asset: string, amounts: Amounts): void {
    const own = this.byAccount.get(account) ?? new Map<string, Amounts>();
    this.byAccount.set(account, own.set(asset, amounts));
  }

  of(account: string): readonly (readonly [asset: string, amounts: Amounts])[] {
    return [...(this.byAccount.get(account) ?? [])];
  }

  accounts(): readonly string[] {
    return [...this.byAccount.keys()];
  }
}

/** Accounts, and what each has. It changes only by a {@link LedgerChange}, as a whole or not at all. */
export class Ledger {
  private readonly accounts = new Map<string, Account>();
  private readonly balances = new Balances();
  private replaced = new Balances();

  account(account: string): Account | undefined {
    return this.accounts.get(account);
  }

  /** The venue's own accounts exist by their names. */
  has(account: string): boolean {
    return isVenueAccount(account) || this.accounts.has(account);
  }

  amounts(account: string, asset: string): Amounts {
    return this.balances.get(account, asset) ?? NOTHING;
  }

  available(account: string, asset: string): bigint {
    const { total, held } = this.amounts(account, asset);
    return total - held;
  }

  isEmpty(account: string): boolean {
    return this.balances.of(account).every(([, { total, held }]) => total === 0n && held === 0n);
  }

  /** What there was ahead of the changes since `beginCommand`. */
  amountsBefore(account: string, asset: string): Amounts {
    return this.replaced.get(account, asset) ?? this.amounts(account, asset);
  }

  beginCommand(): void {
    this.replaced = new Balances();
  }

  commit(accounts: Iterable<Account>, balances: Iterable<readonly [account: string, asset: string, amounts: Amounts]>): void {
    for (const account of accounts) this.accounts.set(account.account, account);
    for (const [account, asset, amounts] of balances) {
      if (this.replaced.get(account, asset) === undefined) this.replaced.set(account, asset, this.amounts(account, asset));
      this.balances.set(account, asset, amounts);
    }
  }

  /** Lets go of everything that is held, to be held anew. */
  releaseAll(): void {
    for (const account of this.balances.accounts()) {
      for (const [asset, { total }] of this.balances.of(account)) this.balances.set(account, asset, { total, held: 0n });
    }
  }

  state(): AccountState[] {
    return [...new Set([...this.accounts.keys(), ...this.balances.accounts()])].sort(compareText).map((account) => this.stateOf(account));
  }

  stateOf(account: string): AccountState {
    return {
      account,
      details: this.accounts.get(account) ?? null,
      balances: this.balances.of(account)
        .map(([asset, { total, held }]) => ({ asset, total: String(total), held: String(held) }))
        .sort((a, b) => compareText(a.asset, b.asset)),
    };
  }
}

/** What one entry changes of a ledger: gathered and judged first, then carried out. */
export class LedgerChange {
  private readonly accounts = new Map<string, Account>();
  private readonly balances = new Balances();
  private hasLargeAmount = false;
  private committed: readonly (readonly [account: string, asset: string, amounts: Amounts])[] | null = null;

  constructor(private readonly ledger: Ledger, private readonly timeUs: number) {}

  /** Makes the account of whoever has none yet. */
  open(account: string): void {
    if (this.ledger.has(account) || this.accounts.has(account)) return;
    this.put({ account, name: null, status: 'active', credit: 'venue', feeGroup: DEFAULT_FEE_GROUP, createdUs: this.timeUs });
  }

  put(account: Account): void {
    this.accounts.set(account.account, account);
  }

  /** Adds to what an account has, and to what of it is held. */
  add(account: string, asset: string, total: bigint, held = 0n): void {
    if (total === 0n && held === 0n) return;
    const before = this.balances.get(account, asset) ?? this.ledger.amounts(account, asset);
    this.balances.set(account, asset, { total: before.total + total, held: before.held + held });
  }

  move(from: string, to: string, asset: string, units: bigint): void {
    this.note(units);
    this.add(from, asset, -units);
    this.add(to, asset, units);
  }

  /** An amount of the command, which may be larger than what it changes. */
  note(units: bigint): void {
    if (isBeyond(units)) this.hasLargeAmount = true;
  }

  /** Whether an amount, or what an account would have or hold behind this, is more than the venue can keep. */
  get isTooLarge(): boolean {
    return this.hasLargeAmount || this.changed().some(([account, , { total, held }]) => isBeyond(total, unitsMaxOf(account)) || isBeyond(held));
  }

  /** What an entry tells of it. */
  events(): EntryEvent[] {
    return [
      ...[...this.accounts.values()].map((account): EntryEvent => ({ type: 'account', account })),
      ...this.changed().map(([account, asset, { total, held }]): EntryEvent => (
        { type: 'balance', account, asset, total: String(total), held: String(held) }
      )),
    ];
  }

  commit(): void {
    this.committed = this.changed();
    this.ledger.commit(this.accounts.values(), this.committed);
  }

  /** What is behind the entry not as it was ahead of it. */
  private changed(): readonly (readonly [account: string, asset: string, amounts: Amounts])[] {
    return this.committed ?? this.balances.accounts().flatMap((account) => (
      this.balances.of(account).map(([asset, amounts]) => [account, asset, amounts] as const).filter(([, asset, { total, held }]) => {
        const before = this.ledger.amounts(account, asset);
        return before.total !== total || before.held !== held;
      })
    ));
  }
}
