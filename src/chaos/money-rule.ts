import type { MoneyScale } from '../domain/assets';
import { holdOf } from '../domain/holds';
import type { LogEntry } from '../domain/log-entry';
import { FEES, isVenueAccount, type Funds, type Transfer } from '../domain/money';
import type { Order } from '../domain/order';
import { partnerId } from '../domain/order-list';

interface Amounts {
  total: bigint;
  held: bigint;
}

/** A table of units by account and asset, in which nothing is there that is 0. */
class Units {
  private readonly byName = new Map<string, bigint>();

  get(account: string, asset: string): bigint {
    return this.byName.get(JSON.stringify([account, asset])) ?? 0n;
  }

  add(account: string, asset: string, units: bigint): void {
    const name = JSON.stringify([account, asset]);
    const after = (this.byName.get(name) ?? 0n) + units;
    if (after === 0n) this.byName.delete(name);
    else this.byName.set(name, after);
  }
}

/**
 * The rule of money behind every entry of a log whose funds have been kept in one way from its first on: nobody holds less than nothing,
 * or more than he has where funds are required; each asset adds up to nothing over all accounts; what is held is what open orders and
 * pending transfers say; the venue never gives back more than it was paid.
 */
export class MoneyRule {
  private readonly balances = new Map<string, Amounts>();
  private readonly sums = new Map<string, bigint>();
  /** What orders and transfers hold, told from them alone. */
  private readonly holds = new Units();
  private readonly orders = new Map<string, Order>();

  /** @param scales of every instrument that is traded */
  constructor(private readonly funds: Funds, private readonly scales: ReadonlyMap<string, MoneyScale>) {}

  /** @returns what of the rule an entry breaks */
  add(entry: LogEntry): string[] {
    const problems: string[] = [];
    const wrong = (what: string): void => void problems.push(`entry ${entry.sequence}: ${what}`);
    if (entry.kind === 'refuse' || entry.kind === 'keep') {
      if (entry.balances.length > 0) wrong(`is a ${entry.kind} and changes balances`);
      return problems;
    }
    if (this.funds === 'off') return problems;
    for (const { maker } of entry.fills) this.holdOrder(maker);
    for (const event of entry.events) {
      if (event.type === 'order') this.holdOrder(event.order);
      else if (event.type === 'transfer') this.holdTransfer(event.transfer, entry.kind);
    }
    for (const { account, asset, total, held } of entry.balances) this.replace(account, asset, { total: BigInt(total), held: BigInt(held) }, wrong);
    for (const [asset, sum] of this.sums) {
      if (sum === 0n) continue;
      wrong(`${asset} adds up to ${sum} over all accounts`);
      this.sums.delete(asset);
    }
    return problems;
  }

  private replace(account: string, asset: string, after: Amounts, wrong: (what: string) => void): void {
    const name = JSON.stringify([account, asset]);
    const { total, held } = after;
    this.sums.set(asset, (this.sums.get(asset) ?? 0n) + total - (this.balances.get(name)?.total ?? 0n));
    this.balances.set(name, after);
    const has = `${account} has ${total} of ${asset} and holds ${held}`;
    const isCovered = this.funds !== 'required' || isVenueAccount(account) || held <= total;
    if (held < 0n || !isCovered) wrong(has);
    if (account === FEES && total < 0n) wrong(has);
    const wanted = this.holds.get(account, asset);
    if (held !== wanted) wrong(`${has}, orders and transfers say ${wanted}`);
  }

  private holdOrder(order: Order): void {
    const scale = this.scales.get(order.instrument);
    if (scale === undefined) throw new Error(`instrument ${order.instrument} has no assets`);
    const before = this.orders.get(order.orderId);
    if (before !== undefined) this.count(before, scale, -1n);
    this.orders.set(order.orderId, order);
    this.count(order, scale, 1n);
  }

  /** What both of a pair hold is held once. */
  private count(order: Order, scale: MoneyScale, sign: 1n | -1n): void {
    const { asset, units } = holdOf(order, scale);
    const partner = this.orders.get(partnerId(order) ?? '');
    const shared = partner === undefined || partnerId(partner) === null ? 0n : holdOf(partner, scale).units;
    this.holds.add(order.clientId, asset, sign * (units > shared ? units - shared : 0n));
  }

  private holdTransfer({ from, asset, amount, status }: Transfer, kind: LogEntry['kind']): void {
    if (status === 'pending') this.holds.add(from, asset, BigInt(amount));
    else if (kind === 'transfer_end') this.holds.add(from, asset, -BigInt(amount));
  }
}
