import { isActors, type Actor } from '../domain/commands';
import { isOpen, type CancelReference, type Order } from '../domain/order';
import { LIST_SIZE_MAX, listOrderId, membershipOf } from '../domain/order-list';
import { Expiries } from './expiries';
import { compareText, type ShardState } from './state';

/** Orders by id, and those that are open by client and by their clients' names for them. An order is replaced, never changed. */
export class OrderStore {
  private readonly orders = new Map<string, Order>();
  /** Ids of open orders by client. */
  private readonly open = new Map<string, Set<string>>();
  private readonly expiries = new Expiries();
  /** Ids of open orders by client, then by client order id. */
  private readonly named = new Map<string, Map<string, string>>();

  get byId(): ReadonlyMap<string, Order> {
    return this.orders;
  }

  /** Keeps an order as it has become, and lists it while it is open. */
  put(order: Order): void {
    const { orderId, clientId, clientOrderId } = order;
    const isListed = this.open.get(clientId)?.has(orderId) ?? false;
    this.orders.set(orderId, order);
    if (isOpen(order) === isListed) return;
    if (isListed) {
      this.open.get(clientId)?.delete(orderId);
      if (clientOrderId !== null) this.named.get(clientId)?.delete(clientOrderId);
      return;
    }
    this.expiries.add(order);
    this.open.set(clientId, (this.open.get(clientId) ?? new Set()).add(orderId));
    if (clientOrderId === null) return;
    this.named.set(clientId, (this.named.get(clientId) ?? new Map<string, string>()).set(clientOrderId, orderId));
  }

  /** Lets go of an order that is done. */
  forget(orderId: string): void {
    this.orders.delete(orderId);
  }

  /** @param actor the client, or one of the clients, that the order must belong to, null for any */
  find(reference: CancelReference, actor: Actor): Order | null {
    if ('listId' in reference) return this.findOfList(reference.listId, actor);
    const orderId = 'orderId' in reference ? reference.orderId : this.named.get(reference.clientId)?.get(reference.clientOrderId);
    const order = (orderId === undefined ? undefined : this.orders.get(orderId)) ?? null;
    return order !== null && isActors(actor, order.clientId) ? order : null;
  }

  /** Of a list's orders that are the actor's the first that is open, else the first. */
  private findOfList(listId: string, actor: Actor): Order | null {
    const orders = Array.from({ length: LIST_SIZE_MAX }, (_, i) => this.orders.get(listOrderId(listId, i + 1)))
      .filter((order): order is Order => order !== undefined && membershipOf(order) !== null && isActors(actor, order.clientId));
    return orders.find(isOpen) ?? orders[0] ?? null;
  }

  isNamed(clientId: string, clientOrderId: string): boolean {
    return this.named.get(clientId)?.has(clientOrderId) ?? false;
  }

  openCount(clientId: string): number {
    return this.open.get(clientId)?.size ?? 0;
  }

  openOf(clientId: string): Order[] {
    return [...(this.open.get(clientId) ?? [])].map((orderId) => this.orders.get(orderId) as Order);
  }

  allOpen(): Order[] {
    return [...this.open.keys()].flatMap((clientId) => this.openOf(clientId));
  }

  /** The open order that ends by itself first, null where none does. */
  firstToExpire(): { readonly timeUs: number; readonly order: Order } | null {
    const first = this.expiries.first((orderId) => {
      const order = this.orders.get(orderId);
      return order !== undefined && isOpen(order);
    });
    return first === null ? null : { timeUs: first.timeUs, order: this.orders.get(first.orderId) as Order };
  }

  state(): Pick<ShardState, 'orders' | 'openOrders' | 'clientOrderIds'> {
    return {
      orders: [...this.orders.values()].sort((a, b) => compareText(a.orderId, b.orderId)),
      openOrders: [...this.open]
        .filter(([, orderIds]) => orderIds.size > 0)
        .map(([clientId, orderIds]) => ({ clientId, orderIds: [...orderIds].sort(compareText) }))
        .sort((a, b) => compareText(a.clientId, b.clientId)),
      clientOrderIds: [...this.named]
        .flatMap(([clientId, names]) => [...names].map(([clientOrderId, orderId]) => ({ clientId, clientOrderId, orderId })))
        .sort((a, b) => compareText(a.clientId, b.clientId) || compareText(a.clientOrderId, b.clientOrderId)),
    };
  }
}
