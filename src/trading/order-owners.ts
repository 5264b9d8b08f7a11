import { LRUCache } from 'lru-cache';
import { actorOf, type Context } from '../domain/context';
import { isOpen, type Order } from '../domain/order';
import type { OrderEngine, OrderHistory } from './ports';
import type { NamedOrder } from './requests';
import type { Awaitable } from './step';

/** Orders whose owner and instrument are remembered; neither ever changes. */
const OWNERS_MAX = 200_000;

interface Owner {
  readonly clientId: string;
  readonly instrument: string;
}

/** Whose an order is that a call names by its id alone: an idempotency key is scoped to the order's client. */
export class OrderOwners {
  private readonly owners = new LRUCache<string, Owner>({ max: OWNERS_MAX });

  /** @param digest of a client and its key */
  constructor(
    private readonly engine: Pick<OrderEngine, 'readRecord'>, private readonly history: Pick<OrderHistory, 'order'>,
    private readonly digest: (clientId: string, key: string) => string,
  ) {}

  remember(order: Order): void {
    // A done order is seldom asked for again; its record tells as well.
    if (isOpen(order)) this.owners.set(order.orderId, { clientId: order.clientId, instrument: order.instrument });
  }

  /** @returns the instrument of an order that is remembered */
  instrumentOf(orderId: string): string | undefined {
    return this.owners.get(orderId)?.instrument;
  }

  /**
   * A key is scoped to the client that acts; where a call names only the order, to the order's client, which never changes.
   * An order that does not exist has none: its key belongs to that one id.
   * @returns the key's digest, null without a key
   */
  keyScope(context: Context, order: NamedOrder, key: string | null): Awaitable<string | null> {
    if (key === null) return null;
    if (!('orderId' in order)) return this.digest(order.clientId, key);
    const actor = actorOf(context, order.clientId);
    return actor === null ? this.scopeOfOwner(order.orderId, key) : this.digest(actor, key);
  }

  private async scopeOfOwner(orderId: string, key: string): Promise<string> {
    const owner = await this.owner(orderId);
    return this.digest(owner?.clientId ?? `\u0000${orderId}`, key);
  }

  private async owner(orderId: string): Promise<Owner | null> {
    const known = this.owners.get(orderId);
    if (known !== undefined) return known;
    const order = await this.engine.readRecord(orderId) ?? await this.history.order(orderId);
    if (order !== null) this.remember(order);
    return order;
  }
}

/** The client that a named order must belong to, null for anybody's: the engine decides within its atomic step. */
export function actorOfNamed(context: Context, order: NamedOrder): string | null {
  return 'orderId' in order ? actorOf(context, order.clientId) : null;
}
