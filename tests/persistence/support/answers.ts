/** Orders and trades as the service's answers tell them: what its record must hold in the end. */

export interface OrderTold {
  order_id: string; client_order_id: string | null; client_id: string; instrument: string; side: string; type: string;
  time_in_force: string; post_only: boolean; price: string | null; quantity: string; filled_quantity: string;
  remaining_quantity: string; average_price: string | null; status: string; status_reason: string | null; sequence: number;
  created_at: string; updated_at: string; trades: OrderTradeTold[];
}

export interface OrderTradeTold {
  trade_id: number; price: string; quantity: string; maker_order_id: string; taker_order_id: string; executed_at: string;
  role: string; fee: string;
}

/** What both sides of a trade are told of it. */
export interface TradeTold extends Omit<OrderTradeTold, 'role' | 'fee'> {
  instrument: string;
}

/** Whole steps of a decimal text whose step has units of one: ticks and lots of the default instruments. */
export function steps(text: string): bigint {
  return BigInt(text.replace('.', ''));
}

const OPEN = new Set(['open', 'partially_filled']);

export class Answers {
  /** The newest answer on each order. */
  readonly orders = new Map<string, OrderTold>();
  readonly trades = new Map<string, TradeTold>();
  private readonly fees = new Map<string, string>();
  readonly massCancelled = new Set<string>();
  /** What was answered twice in two ways: always a fault. */
  readonly contradictions: string[] = [];

  order(told: OrderTold): void {
    const known = this.orders.get(told.order_id);
    if (known === undefined || told.sequence > known.sequence) this.orders.set(told.order_id, told);
    for (const { role, fee, ...trade } of told.trades) {
      this.trade({ ...trade, instrument: told.instrument });
      this.side(`${told.instrument}/${trade.trade_id}`, told.order_id, trade, role, fee);
    }
  }

  /** What an order's own answers tell of its side of a trade. */
  private side(key: string, orderId: string, trade: Omit<TradeTold, 'instrument'>, role: string, fee: string): void {
    const known = this.fees.get(`${key} ${orderId}`);
    this.fees.set(`${key} ${orderId}`, fee);
    if (known !== undefined && known !== fee) this.contradictions.push(`trade ${key}: order ${orderId} is charged ${known} and ${fee}`);
    if (orderId !== (role === 'maker' ? trade.maker_order_id : trade.taker_order_id)) this.contradictions.push(`trade ${key}: order ${orderId} is told as its ${role}`);
  }

  private trade(told: TradeTold): void {
    const key = `${told.instrument}/${told.trade_id}`;
    const known = this.trades.get(key);
    if (known === undefined) this.trades.set(key, told);
    else if (JSON.stringify(sorted(known)) !== JSON.stringify(sorted(told))) {
      this.contradictions.push(`trade ${key}: ${JSON.stringify(known)} and ${JSON.stringify(told)}`);
    }
  }

  /** Orders as they must be after everything that was answered: the last answer on each, and the fills others brought it. */
  expectedOrders(): Map<string, ExpectedOrder> {
    const fills = new Map<string, { lots: bigint; notional: bigint }>();
    for (const trade of this.trades.values()) {
      for (const id of [trade.maker_order_id, trade.taker_order_id]) {
        const sum = fills.get(id) ?? { lots: 0n, notional: 0n };
        fills.set(id, { lots: sum.lots + steps(trade.quantity), notional: sum.notional + steps(trade.quantity) * steps(trade.price) });
      }
    }
    return new Map([...this.orders].map(([id, told]) => {
      const filled = fills.get(id) ?? { lots: 0n, notional: 0n };
      return [id, this.expected(told, filled.lots, filled.notional)];
    }));
  }

  private expected(told: OrderTold, filled: bigint, notional: bigint): ExpectedOrder {
    let { status, status_reason: reason } = told;
    if (OPEN.has(status)) {
      status = filled === steps(told.quantity) ? 'filled' : filled > 0n ? 'partially_filled' : 'open';
      if (this.massCancelled.has(told.order_id)) [status, reason] = ['cancelled', 'mass_cancel'];
    }
    return {
      order_id: told.order_id, client_id: told.client_id, client_order_id: told.client_order_id, instrument: told.instrument,
      side: told.side, type: told.type, time_in_force: told.time_in_force, post_only: told.post_only,
      price_ticks: told.price === null ? null : steps(told.price).toString(), quantity_lots: steps(told.quantity).toString(),
      filled_lots: filled.toString(), notional: notional.toString(), status, status_reason: reason,
    };
  }
}

export interface ExpectedOrder {
  order_id: string; client_id: string; client_order_id: string | null; instrument: string; side: string; type: string;
  time_in_force: string; post_only: boolean; price_ticks: string | null; quantity_lots: string; filled_lots: string;
  notional: string; status: string; status_reason: string | null;
}

function sorted(value: object): unknown {
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
}
