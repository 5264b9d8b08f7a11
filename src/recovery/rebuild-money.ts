import type { MoneyScale } from '../domain/assets';
import { PairedHolds } from '../domain/holds';
import { DEFAULT_FEE_GROUP, UNITS_MAX, isVenueAccount, type Account, type AccountState, type Balance, type FeeGroup, type Funds, type Transfer } from '../domain/money';
import type { Order } from '../domain/order';
import { referenceDigest, reversalDigest } from '../engine/idempotency';
import { MoneyHash, type WrittenReference } from './money-hash';

/** What happened once and may not happen again: a deposit by its reference, or the reversal of a transfer. */
export type UsedReference =
  & { readonly sequence: number; readonly second: number }
  & ({ readonly kind: 'deposit'; readonly asset: string; readonly reference: string } | { readonly kind: 'reversal'; readonly transferId: string });

/** Money's side of a rebuild's record. */
export interface MoneySource {
  /** All accounts with what they have, the venue's own among them. */
  accounts(pageSize: number): AsyncGenerator<{ readonly name: string; readonly account: Account | null; readonly balances: readonly Balance[] }[]>;
  pendingTransfers(pageSize: number): AsyncGenerator<Transfer[]>;
  feeGroups(): Promise<FeeGroup[]>;
  /** What has happened once and may not happen again. */
  usedReferences(pageSize: number): AsyncGenerator<UsedReference[]>;
}

/** Balances of accounts that need cover and do not have what they hold: how many, and the names of some. */
export interface Uncovered {
  readonly count: number;
  /** Account and asset of each. */
  readonly some: readonly string[];
}

/** What is asked of the record ahead of a rebuild that asks for cover. */
export interface CoverSource extends MoneySource {
  /** As the record says what is held. @param namesMax how many are named */
  uncovered(namesMax: number): Promise<Uncovered>;
  openOrders(pageSize: number): AsyncGenerator<Order[]>;
}

/** What a rebuild finds out where nobody kept money before: accounts that came to be meanwhile, and what is held. */
export interface ComputedMoney {
  readonly accounts: readonly Account[];
  /** Only of balances that the record holds otherwise. */
  readonly held: readonly { readonly account: string; readonly asset: string; readonly held: string }[];
}

export const NOTHING_COMPUTED: ComputedMoney = { accounts: [], held: [] };

/** Money's side of the Redis that is rebuilt. */
export interface MoneyTarget {
  addAccounts(accounts: readonly AccountState[], timeUs: number): Promise<void>;
  addFeeGroups(groups: readonly FeeGroup[]): Promise<void>;
  addTransfers(transfers: readonly Transfer[]): Promise<void>;
  addReferences(references: readonly WrittenReference[]): Promise<void>;
  /** All accounts as they were written. */
  accountStates(): AsyncGenerator<AccountState[]>;
  /** All pending transfers as they were written, each with the timer that it is to have. @throws Error where timers say something else */
  writtenTransfers(): AsyncGenerator<Transfer[]>;
  /** All groups as they were written. @throws Error where orders would not look for them */
  writtenFeeGroups(): Promise<FeeGroup[]>;
  /** Those of some references that were written, as they were. */
  writtenReferences(digests: readonly string[]): Promise<WrittenReference[]>;
  /** How many references were written in all. */
  writtenReferenceCount(): Promise<number>;
}

/** The record's money does not add up, or Redis did not take it as it is: the shard stays closed. */
export class MoneyMismatchError extends Error {}

/** FUNDS asks for cover, and accounts hold more than they have: the shard stays closed. */
export class UncoveredError extends Error {
  constructor({ count, some }: Uncovered) {
    super(`with FUNDS=required ${count} balances do not cover what they hold, or are below zero (${some.join(', ')}): `
      + 'start with FUNDS=paper and deposit, cancel or set credit first');
  }
}

const PAGE = 5_000;
/** Accounts that an error names. */
const NAMED_MAX = 3;

/**
 * Finds out whether everybody has what he holds, ahead of anything that is written. What the record says is held is so, but where it
 * kept no money last: there the open orders say it.
 * @throws UncoveredError
 */
export async function requireCover(source: CoverSource, scales: ReadonlyMap<string, MoneyScale>, recordedFunds: Funds): Promise<void> {
  let found: Uncovered;
  if (recordedFunds === 'off') {
    const money = new MoneyRebuild('required', scales);
    for await (const page of source.openOrders(PAGE)) money.addOrders(page);
    found = await money.uncovered(source);
  } else {
    found = await source.uncovered(NAMED_MAX);
  }
  if (found.count > 0) throw new UncoveredError(found);
}

/**
 * What accounts hold, told from the open orders and the pending transfers alone, against what the record says. Orders come in as the
 * rebuild reads them.
 */
export class MoneyRebuild {
  private readonly holds = new PairedHolds();
  /** By account, then by asset. */
  private readonly held = new Map<string, Map<string, bigint>>();
  /** When the first open order of each client was placed: it is that old, should the record not know it. */
  private readonly firstOrderUs = new Map<string, number>();
  /** Of the accounts that have been reckoned: what all have of each asset, what the record holds otherwise, and who is not covered. */
  private readonly sums = new Map<string, bigint>();
  private readonly moved: { account: string; asset: string; held: string }[] = [];
  private readonly lacking: string[] = [];
  /** Accounts that the record does not know. */
  private readonly unknown: Account[] = [];

  constructor(private readonly funds: Funds, private readonly scales: ReadonlyMap<string, MoneyScale>) {}

  get isKept(): boolean {
    return this.funds !== 'off';
  }

  addOrders(orders: readonly Order[]): void {
    if (!this.isKept) return;
    for (const order of orders) {
      const scale = this.scales.get(order.instrument);
      if (scale === undefined) throw new MoneyMismatchError(`open order ${order.orderId} is of ${order.instrument}, which has no assets`);
      const { asset, units } = this.holds.add(order, scale);
      this.hold(order.clientId, asset, units);
      const first = this.firstOrderUs.get(order.clientId);
      if (first === undefined || order.createdUs < first) this.firstOrderUs.set(order.clientId, order.createdUs);
    }
  }

  private hold(account: string, asset: string, units: bigint): void {
    // Whose cover another order is to bring may have nothing of it yet, and no balance.
    if (units === 0n) return;
    let byAsset = this.held.get(account);
    if (byAsset === undefined) this.held.set(account, byAsset = new Map<string, bigint>());
    const held = (byAsset.get(asset) ?? 0n) + units;
    if (held > UNITS_MAX) throw new MoneyMismatchError(`account ${account} would hold ${held} units of ${asset}, more than the venue can keep`);
    byAsset.set(asset, held);
  }

  /** Who does not have what he holds, once all open orders are in. */
  async uncovered(source: MoneySource): Promise<Uncovered> {
    for await (const page of source.pendingTransfers(PAGE)) this.addTransfers(page);
    for await (const _ of this.reckoned(source)) { /* What is reckoned is not kept. */ }
    return { count: this.lacking.length, some: this.lacking.slice(0, NAMED_MAX) };
  }

  private addTransfers(pending: readonly Transfer[]): void {
    for (const { from, asset, amount } of pending) this.hold(from, asset, BigInt(amount));
  }

  /**
   * Restores accounts, rates, transfers and references, once all open orders are in.
   * @param recordedFunds how the record's money was kept last: where it was off, nothing says yet what is held
   * @returns how many accounts, their hash on both sides, and what the record does not say yet
   * @throws MoneyMismatchError, UncoveredError
   */
  async restore(
    source: MoneySource, target: MoneyTarget, at: { readonly timeUs: number }, recordedFunds: Funds, progress: (done: number) => void,
  ): Promise<{ readonly accounts: number; readonly hash: string; readonly computed: ComputedMoney }> {
    const [expected, rebuilt] = [new MoneyHash(), new MoneyHash()];
    for await (const page of source.pendingTransfers(PAGE)) {
      this.addTransfers(page);
      for (const transfer of page) expected.addTransfer(transfer);
      await target.addTransfers(page);
    }
    const groups = await source.feeGroups();
    for (const group of groups) expected.addFeeGroup(group);
    await target.addFeeGroups(groups);
    const references = await restoreReferences(source, target, expected, rebuilt);
    for await (const states of this.reckoned(source)) {
      for (const state of states) expected.add(state);
      await target.addAccounts(states, at.timeUs);
      progress(expected.accounts);
    }
    this.requireSound(recordedFunds);
    for await (const states of target.accountStates()) for (const state of states) rebuilt.add(state);
    for await (const page of target.writtenTransfers()) for (const transfer of page) rebuilt.addTransfer(transfer);
    for (const group of await target.writtenFeeGroups()) rebuilt.addFeeGroup(group);
    const written = await target.writtenReferenceCount();
    if (written !== references) throw new MoneyMismatchError(`${written} references are written, the record has ${references}`);
    if (rebuilt.digest() !== expected.digest()) throw new MoneyMismatchError(`the rebuilt money is ${String(rebuilt)}, the record's ${String(expected)}`);
    return { accounts: expected.accounts, hash: expected.digest(), computed: { accounts: this.unknown, held: this.moved } };
  }

  /** Once all accounts are reckoned. @throws MoneyMismatchError, UncoveredError */
  private requireSound(recordedFunds: Funds): void {
    const { sums, moved, unknown, lacking } = this;
    for (const [asset, sum] of sums) {
      if (sum !== 0n) throw new MoneyMismatchError(`asset ${asset} adds up to ${sum} units over all accounts in the record`);
    }
    if (recordedFunds !== 'off' && (moved.length > 0 || unknown.length > 0)) {
      const [one] = moved;
      throw new MoneyMismatchError(one === undefined
        ? `${unknown.length} accounts with open orders are not in the record`
        : `${moved.length} balances of the record hold something else than their orders and transfers say, ${one.account}'s of ${one.asset} among them: ${one.held} units`);
    }
    if (lacking.length > 0) throw new UncoveredError({ count: lacking.length, some: lacking.slice(0, NAMED_MAX) });
  }

  /** All accounts with what they really hold, page by page: those of the record, then those that only have open orders. */
  private async *reckoned(source: MoneySource): AsyncGenerator<AccountState[]> {
    for await (const page of source.accounts(PAGE)) {
      yield page.map(({ name, account, balances }) => this.judged({ account: name, details: account, balances: this.balancesOf(name, balances) }));
    }
    const firstOrders = [...this.firstOrderUs];
    for (let first = 0; first < firstOrders.length; first += PAGE) {
      yield firstOrders.slice(first, first + PAGE).map(([account, createdUs]) => {
        const details: Account = { account, name: null, status: 'active', credit: 'venue', feeGroup: DEFAULT_FEE_GROUP, createdUs };
        this.unknown.push(details);
        return this.judged({ account, details, balances: this.balancesOf(account, []) });
      });
    }
  }

  /** An account's balances with what is really held; what the record says otherwise is added to `moved`. */
  private balancesOf(account: string, recorded: readonly Balance[]): Balance[] {
    const { moved } = this;
    const byAsset = this.held.get(account) ?? new Map<string, bigint>();
    this.held.delete(account);
    const balances = recorded.map((balance): Balance => {
      const held = String(byAsset.get(balance.asset) ?? 0n);
      byAsset.delete(balance.asset);
      if (held !== balance.held) moved.push({ account, asset: balance.asset, held });
      return { ...balance, held };
    });
    for (const [asset, units] of byAsset) {
      moved.push({ account, asset, held: String(units) });
      balances.push({ asset, total: '0', held: String(units) });
    }
    this.firstOrderUs.delete(account);
    return balances.sort((a, b) => (a.asset < b.asset ? -1 : 1));
  }

  /** Adds an account to what all have, and to those who do not have what they hold. */
  private judged(state: AccountState): AccountState {
    const { account, details, balances } = state;
    const needsCover = this.funds === 'required' && details?.credit !== 'unlimited' && !isVenueAccount(account);
    for (const { asset, total, held } of balances) {
      this.sums.set(asset, (this.sums.get(asset) ?? 0n) + BigInt(total));
      if (needsCover && BigInt(held) > BigInt(total)) this.lacking.push(`${account} ${asset}`);
    }
    return state;
  }
}

/**
 * There may be more of them than of anything else, and there is no order to read them in: each page is read back as soon as it is
 * written. @returns how many there are
 */
async function restoreReferences(source: MoneySource, target: MoneyTarget, expected: MoneyHash, rebuilt: MoneyHash): Promise<number> {
  let count = 0;
  for await (const page of source.usedReferences(PAGE)) {
    const references = page.map((used): WrittenReference => ({
      digest: used.kind === 'deposit' ? referenceDigest(used.asset, used.reference) : reversalDigest(used.transferId),
      sequence: used.sequence, second: used.second,
    }));
    await target.addReferences(references);
    for (const reference of references) expected.addReference(reference);
    for (const reference of await target.writtenReferences(references.map(({ digest }) => digest))) rebuilt.addReference(reference);
    count += references.length;
  }
  return count;
}
