import type { OrderReference } from '../../domain/commands';
import { compactId } from '../../domain/order-id';
import { clientOrderName } from './client-order-name';
import { escapeText } from './text';

/** The two arguments by which Lua finds an order. */
export function encodeReference(order: OrderReference): readonly [id: string, name: string] {
  if ('orderId' in order) return [compactId(order.orderId), ''];
  return ['', clientOrderName(order.clientId, order.clientOrderId)];
}

/** '' for anybody. */
export function encodeActor(actor: string | null): string {
  return actor === null ? '' : escapeText(actor);
}

/** What an entry remembers beside a key, as JSON; '' without one. */
export function encodeRequest(idempotency: string | null, request: unknown): string {
  return idempotency === null ? '' : JSON.stringify(request);
}
