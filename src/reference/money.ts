import type { MoneyScale } from '../domain/assets';
import { isVenueAccount, DEFAULT_FEE_GROUP, type FeeRate, type Funds, type Transfer } from '../domain/money';
import type { Order, OrderFees } from '../domain/order';
import { partnerId } from '../domain/order-list';
import { freshFees, ratesOf } from './fees';
import { heldBy, type Hold } from './holds';
import { sharedUnits } from './lists';
import { Ledger, LedgerChange } from './ledger';
import type { Refusal } from './refusal';
import { compareText, type ShardState } from './state';

/** The money of a shard: who has what, what is charged, what is on its way. */
export class Money {
  readonly ledger = new Ledger();
  readonly feeGroups = new Map<string, readonly FeeRate[]>();
  /** Pending ones, and those that have ended and are not let go of yet. */
  readonly transfers = new Map<string, Transfer>();

  constructor(private readonly scales: { scaleOf(instrument: string): MoneyScale | undefined }) {}

  /** @throws Error for an instrument whose assets are not known */
  scaleOf(instrument: string): MoneyScale {
    const scale = this.scales.scaleOf(instrument);
    if (scale === undefined) throw new Error(`the assets of instrument ${instrument} are not known`);
    return scale;
  }

  /** What an order is charged that is placed now. */
  feesOf(account: string, instrument: string): OrderFees | null {
    return freshFees(ratesOf(this.feeGroups, this.ledger.account(account)?.feeGroup ?? DEFAULT_FEE_GROUP, instrument));
  }

  /** Whether an account may neither order nor send money, because of what it is. */
  standing(account: string): Refusal | null {
    switch (this.ledger.account(account)?.status) {
      case 'suspended': return { code: 'account_suspended' };
      case 'closed': return { code: 'account_closed' };
      default: return null;
    }
  }

  /** Whether an account lacks what a command would commit of an asset, where it needs to have it. */
  lacking(funds: Funds, account: string, { asset, units }: Hold): Refusal | null {
    if (!this.needsCover(funds, account)) return null;
    const available = this.ledger.available(account, asset);
    if (units <= available) return null;
    return { code: 'insufficient_funds', shortfall: { asset, needed: String(units), available: String(available) } };
  }

  /** What an account holds beyond what it has: of the first such asset by name. */
  uncovered(account: string): Refusal | null {
    const found = this.ledger.stateOf(account).balances.find(({ total, held }) => BigInt(held) > BigInt(total));
    return found === undefined ? null : { code: 'insufficient_funds', shortfall: { asset: found.asset, needed: found.held, available: found.total } };
  }

  private needsCover(funds: Funds, account: string): boolean {
    return funds === 'required' && !isVenueAccount(account) && this.ledger.account(account)?.credit !== 'unlimited';
  }

  /** Nothing was kept up to now: makes the accounts of those who have open orders, and holds what these and pending transfers hold. */
  begin(openOrders: readonly Order[]): void {
    this.ledger.releaseAll();
    const byId = new Map(openOrders.map((order) => [order.orderId, order]));
    // Of a pair the one that is told first.
    const shared = (order: Order): bigint => {
      const partner = byId.get(partnerId(order) ?? '');
      return partner === undefined || partner.orderId < order.orderId ? 0n : sharedUnits(order, partner, this.scaleOf(order.instrument));
    };
    for (const order of [...openOrders].sort((a, b) => a.createdUs - b.createdUs)) {
      const change = new LedgerChange(this.ledger, order.createdUs);
      const { asset, units } = heldBy(order, this.scaleOf(order.instrument));
      change.open(order.clientId);
      change.add(order.clientId, asset, 0n, units - shared(order));
      change.commit();
    }
    for (const { status, from, asset, amount } of this.transfers.values()) {
      if (status !== 'pending') continue;
      const change = new LedgerChange(this.ledger, 0);
      change.add(from, asset, 0n, BigInt(amount));
      change.commit();
    }
  }

  state(): Pick<ShardState, 'accounts' | 'feeGroups' | 'transfers'> {
    return {
      accounts: this.ledger.state(),
      feeGroups: [...this.feeGroups].map(([group, rates]) => ({ group, rates })).sort((a, b) => compareText(a.group, b.group)),
      transfers: [...this.transfers.values()].filter(({ status }) => status === 'pending')
        .sort((a, b) => compareText(a.transferId, b.transferId)),
    };
  }
}
