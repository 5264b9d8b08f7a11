import type { Actor } from '../domain/commands';
import type { Context } from '../domain/context';
import { isOpen, type Order } from '../domain/order';
import { actorOf, mayActFor, requireAccount, type Principal } from '../domain/principal';
import type { OrderEngine, OrderHistory } from './ports';
import type { NamedOrder } from './requests';
import type { Awaitable } from './step';

/** Orders whose owner and instrument are remembered, at most twice as many; neither ever changes. */
const OWNERS_KEPT = 100_000;

interface Owner {
  readonly clientId: string;
  readonly instrument: string;
}

/** Whose an order is that a call names by its id alone: an idempotency key is scoped to the order's client. */
export class OrderOwners {
  /** Those that were placed or asked for last, and those before. A cache that knows the turn of each reserves its memory ahead, and each order waits for it. */
  private recent = new Map<string, Owner>();
  private earlier: ReadonlyMap<string, Owner> = new Map();

  /** @param digest of a client and its key */
  constructor(
    private readonly engine: Pick<OrderEngine, 'readRecord'>, private readonly history: Pick<OrderHistory, 'order'>,
    private readonly digest: (clientId: string, key: string) => string,
  ) {}

  remember(order: Order): void {
    // A done order is seldom asked for again; its record tells as well.
    if (isOpen(order)) this.keep(order.orderId, { clientId: order.clientId, instrument: order.instrument });
  }

  private keep(orderId: string, owner: Owner): void {
    this.recent.set(orderId, owner);
    if (this.recent.size < OWNERS_KEPT) return;
    this.earlier = this.recent;
    this.recent = new Map();
  }

  private known(orderId: string): Owner | undefined {
    const recent = this.recent.get(orderId);
    if (recent !== undefined) return recent;
    const earlier = this.earlier.get(orderId);
    if (earlier !== undefined) this.keep(orderId, earlier);
    return earlier;
  }

  /** @returns the instrument of an order that is remembered */
  instrumentOf(orderId: string): string | undefined {
    return this.known(orderId)?.instrument;
  }

  /**
   * A key is scoped to the client that acts; where a call names only the order, to the order's client, which never changes.
   * An order that does not exist has none: its key belongs to that one id.
   * @returns the key's digest, null without a key
   */
  keyScope(context: Context, order: NamedOrder, key: string | null): Awaitable<string | null> {
    if (key === null) return null;
    if (!('orderId' in order)) return this.digest(order.clientId, key);
    return order.clientId === null ? this.scopeOfOwner(order.orderId, key, context.principal) : this.digest(order.clientId, key);
  }

  private async scopeOfOwner(orderId: string, key: string, principal: Principal): Promise<string> {
    const owner = await this.owner(orderId);
    // What another's key was used for is not told: it is as if there were no such order, whoever asks.
    if (owner !== null && mayActFor(principal, owner.clientId)) return this.digest(owner.clientId, key);
    return this.digest(`\u0000${orderId}${principal.kind === 'caller' ? `\u0000${principal.person.userId}` : ''}`, key);
  }

  private async owner(orderId: string): Promise<Owner | null> {
    const known = this.known(orderId);
    if (known !== undefined) return known;
    const order = await this.engine.readRecord(orderId) ?? await this.history.order(orderId);
    if (order !== null) this.remember(order);
    return order;
  }
}

/**
 * The client, or clients, that a named order must belong to, null for anybody's: the engine decides within its atomic step.
 * @throws Refusal `account_not_found`
 */
export function actorOfNamed({ principal }: Context, order: NamedOrder): Actor {
  if ('orderId' in order) return actorOf(principal, order.clientId);
  requireAccount(principal, order.clientId);
  return null;
}
