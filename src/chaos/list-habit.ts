import type { Random } from '../seeded-random';
import { LOAD_INSTRUMENTS, MID_PRICE } from './market';
import type { Habit, Planned } from './habit';
import type { AckMode, Ledger } from './ledger';
import type { OrderHabit } from './order-habit';

type Body = Readonly<Record<string, unknown>>;

const LISTS_MAX = 12;
const REACH = 8;
/** As few lots as the others', so that orders of a list are filled whole, in parts, and not at all. */
const QUANTITY_MAX = 20;

interface OpenList {
  readonly listId: string;
  readonly account: string;
}

/** Places lists of every type near the market, and cancels some of them; their orders are amended and cancelled as others are. */
export class ListHabit implements Habit {
  private readonly open: OpenList[] = [];

  /** @param orders told of what a list has placed */
  constructor(
    private readonly accounts: readonly string[], private readonly mode: AckMode, private readonly ledger: Ledger, private readonly random: Random,
    private readonly orders: OrderHabit,
  ) {}

  plan(): Planned {
    const target = this.open.length === 0 ? undefined : this.random.pick(this.open);
    return target !== undefined && (this.open.length >= LISTS_MAX || this.random.next() < 0.3) ? this.cancel(target) : this.place();
  }

  private place(): Planned {
    const { random } = this;
    const account = random.pick(this.accounts);
    const command = this.ledger.enter(account, 'list', this.mode);
    const type = random.pick(['oco', 'oto', 'otoco'] as const);
    const side = random.pick(['buy', 'sell'] as const);
    const other = side === 'buy' ? 'sell' : 'buy';
    const quantity = (0.01 * (1 + random.below(QUANTITY_MAX))).toFixed(2);
    const first = { side, type: 'limit', price: String(MID_PRICE + random.below(2 * REACH + 1) - REACH), quantity };
    const pair = this.pair(type === 'oco' ? side : other, quantity);
    const orders = { oco: pair, oto: [first, random.pick(pair)], otoco: [first, ...pair] }[type];
    return {
      command, method: 'POST', path: '/order-lists', body: { type, client_id: account, instrument: random.pick(LOAD_INSTRUMENTS), orders, idempotency_key: command.key },
      byOperator: false, operation: null,
      learn: (status, told) => {
        if (status !== 201) return;
        const { list_id: listId, orders: placed } = told as { readonly list_id: string; readonly orders: readonly Body[] };
        if (told.status === 'open') this.open.push({ listId, account });
        for (const order of placed) this.orders.follow(order, account);
      },
    };
  }

  /** One of which is reached whichever way the price goes. */
  private pair(side: 'buy' | 'sell', quantity: string): Body[] {
    const away = (sign: 1 | -1): string => String(MID_PRICE + sign * (1 + this.random.below(REACH)));
    const [profit, loss] = side === 'sell' ? [1, -1] as const : [-1, 1] as const;
    return [
      { side, type: 'limit', price: away(profit), quantity },
      // A buy without a limit would have to name what it may cost.
      { side, stop_price: away(loss), quantity, ...(side === 'sell' && this.random.next() < 0.5 ? { type: 'stop' } : { type: 'stop_limit', price: away(loss) }) },
    ];
  }

  private cancel(list: OpenList): Planned {
    this.open.splice(this.open.indexOf(list), 1);
    const command = this.ledger.enter(list.account, 'cancel_list', this.mode);
    return {
      command, method: 'DELETE', path: `/order-lists/${list.listId}`, body: { client_id: list.account, idempotency_key: command.key }, byOperator: false, operation: null,
      learn: () => undefined,
    };
  }
}
