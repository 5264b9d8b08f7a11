import type { Actor } from '../../domain/commands';
import { LIST_MARK } from '../../domain/layouts';
import type { CancelReference } from '../../domain/order';
import { compactId } from '../../domain/order-id';
import { SEPARATOR, clientOrderName } from './client-order-name';
import { escapeText } from './text';

/** The two arguments by which Lua finds an order, or the orders of a list. */
export function encodeReference(order: CancelReference): readonly [id: string, name: string] {
  if ('listId' in order) return [`${LIST_MARK}${compactId(order.listId)}`, ''];
  if ('orderId' in order) return [compactId(order.orderId), ''];
  return ['', clientOrderName(order.clientId, order.clientOrderId)];
}

/** '' for anybody; several clients as one text, which in quotes is as many JSON texts. */
export function encodeActor(actor: Actor): string {
  if (actor === null) return '';
  return typeof actor === 'string' ? escapeText(actor) : actor.map(escapeText).join(SEPARATOR);
}

/** What an entry remembers beside a key, as JSON; '' without one. */
export function encodeRequest(idempotency: string | null, request: unknown): string {
  return idempotency === null ? '' : JSON.stringify(request);
}
