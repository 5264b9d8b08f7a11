import type { Random } from '../seeded-random';
import { LOAD_INSTRUMENTS, MID_PRICE } from './market';
import type { Habit, Planned } from './habit';
import type { AckMode, Ledger } from './ledger';

const OPEN_ORDERS_MAX = 40;
const LIVES_MAX_MS = 5_000;
/** What an iceberg shows: the least that any order is of. */
const DISPLAYED = '0.01';
/** Most orders leave it to the venue. */
const SELF_TRADE_PREVENTIONS = ['none', 'cancel_taker', 'cancel_maker', 'cancel_both', 'decrement'] as const;

interface OpenOrder {
  readonly orderId: string;
  readonly account: string;
}

/**
 * `mixed` does everything; a `taker` only sends orders that never rest, so nothing it asks for needs Postgres; a `guest` says each time
 * whose order it means: what it may no longer act for is told apart from what is not there.
 */
export type OrderHabitKind = 'mixed' | 'taker' | 'guest';

/** Places, amends and cancels orders of its accounts. */
export class OrderHabit implements Habit {
  private readonly open: OpenOrder[] = [];

  constructor(
    private readonly accounts: readonly string[], private readonly mode: AckMode, private readonly ledger: Ledger, private readonly random: Random,
    private readonly kind: OrderHabitKind = 'mixed',
  ) {}

  plan(): Planned {
    const choice = this.random.next();
    const target = this.open.length === 0 ? undefined : this.random.pick(this.open);
    if (target !== undefined && (this.open.length >= OPEN_ORDERS_MAX || choice < 0.3)) return this.cancel(target);
    if (target !== undefined && choice < 0.45) return this.amend(target);
    return this.place(choice > 0.92);
  }

  /** @param told what a client is told of an order: one that is open is amended and cancelled later */
  follow(told: Readonly<Record<string, unknown>>, account: string): void {
    if (isOpen(told) && typeof told.order_id === 'string') this.open.push({ orderId: told.order_id, account });
  }

  private cancel(order: OpenOrder): Planned {
    const command = this.ledger.enter(order.account, 'cancel', this.mode, null, this.kind === 'guest' ? null : order.orderId);
    return {
      command, method: 'POST', path: `/orders/${order.orderId}/cancel`, body: { ...this.named(order), idempotency_key: command.key }, byOperator: false,
      operation: { op: 'cancel', order_id: order.orderId, idempotency_key: command.key }, learn: (status, body) => this.learn(order, status, body),
    };
  }

  private amend(order: OpenOrder): Planned {
    const command = this.ledger.enter(order.account, 'amend', this.mode, null, this.kind === 'guest' ? null : order.orderId);
    const kind = this.random.next();
    const change = kind < 0.45 ? { price: this.price() } : kind < 0.9 ? { remaining_quantity: this.quantity() } : { trailing_offset: this.offset() };
    const body = { ...change, ...this.named(order), idempotency_key: command.key };
    return {
      command, method: 'PATCH', path: `/orders/${order.orderId}`, body, byOperator: false, operation: { op: 'amend', order_id: order.orderId, ...body },
      learn: (status, told) => this.learn(order, status, told),
    };
  }

  private place(isMarket: boolean): Planned {
    const account = this.random.pick(this.accounts);
    const command = this.ledger.enter(account, 'place', this.mode);
    const order = { client_id: account, instrument: this.random.pick(LOAD_INSTRUMENTS), side: this.random.pick(['buy', 'sell'] as const), quantity: this.quantity() };
    const lifetimes = this.kind === 'taker' ? ['ioc', 'fok'] : ['gtc', 'gtc', 'gtc', 'gtd', 'ioc', 'fok'];
    const lifetime = this.random.pick(lifetimes);
    const waits = !isMarket && this.kind !== 'taker' && this.random.next() < 0.12;
    const trails = waits && this.random.next() < 0.3;
    const terms = isMarket ? { type: 'market' } : trails ? this.trailing() : waits ? this.stop() : { type: 'limit', price: this.price(), time_in_force: lifetime, ...(lifetime === 'gtd' && { expires_at: this.soon() }) };
    const hides = !isMarket && !trails && lifetime === 'gtc' && this.random.next() < 0.3 ? { display_quantity: DISPLAYED } : {};
    const bounds = isMarket && this.random.next() < 0.4 ? { max_slippage: this.random.pick(['0', '0.00005', '0.0002']) } : {};
    const prevents = this.random.next() < 0.3 ? { self_trade_prevention: this.random.pick(SELF_TRADE_PREVENTIONS) } : {};
    const { quantity: _quantity, ...byMoney } = order;
    const isByMoney = (isMarket && this.random.next() < 0.4) || (trails && order.side === 'buy');
    const body = { ...(isByMoney ? { ...byMoney, quote_quantity: this.money() } : order), ...terms, ...hides, ...bounds, ...prevents, idempotency_key: command.key };
    return {
      command, method: 'POST', path: '/orders', body, byOperator: false, operation: { op: 'place', ...body },
      learn: (_status, told) => this.follow(told, account),
    };
  }

  /** A time of the venue's clock that most commands come ahead of, and some do not. */
  private soon(): string {
    return new Date(Date.now() + this.random.below(LIVES_MAX_MS)).toISOString();
  }

  /** Near the market, so that many are reached: a limit, as a buy without one would have to name what it may cost. */
  private stop(): Readonly<Record<string, string>> {
    return { type: this.random.pick(['stop_limit', 'stop_limit', 'take_profit_limit'] as const), stop_price: this.price(), price: this.price() };
  }

  /** Behind the market as far as it usually moves. */
  private trailing(): Readonly<Record<string, string>> {
    const distance = this.random.next() < 0.6 ? { trailing_offset: this.offset() } : { trailing_percent: this.random.pick(['0.002', '0.0064', '0.02']) };
    return { type: 'trailing_stop', ...distance };
  }

  private offset(): string {
    return String(1 + this.random.below(12));
  }

  private named({ account }: OpenOrder): { readonly client_id?: string } {
    return this.kind === 'guest' ? { client_id: account } : {};
  }

  private learn(order: OpenOrder, status: number, told: Readonly<Record<string, unknown>>): void {
    if ((status === 200 && isOpen(told)) || status === 422 || status === 400) return;
    // Refused for want of money, or by an account that is suspended: the order stays as it was.
    if (told.code === 'insufficient_funds' || told.code === 'account_suspended') return;
    const at = this.open.indexOf(order);
    if (at >= 0) this.open.splice(at, 1);
  }

  private price(): string {
    return String(MID_PRICE + this.random.below(21) - 10);
  }

  /** Some of it too little for any lot, none a round number of them. */
  private money(): string {
    return (0.0001 + 500 * this.random.below(40)).toFixed(4);
  }

  private quantity(): string {
    return (0.01 * (1 + this.random.below(50))).toFixed(2);
  }
}

function isOpen({ status }: Readonly<Record<string, unknown>>): boolean {
  return status === 'open' || status === 'partially_filled' || status === 'pending';
}
