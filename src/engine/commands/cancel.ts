import type { CancelCommand, OrderReference } from '../../domain/commands';
import { compactId } from '../../domain/order-id';
import { escapeText } from './text';

/** The three arguments by which Lua finds an order. */
export function encodeReference(order: OrderReference): [id: string, client: string, clientOrderId: string] {
  if ('orderId' in order) return [compactId(order.orderId), '', ''];
  return ['', escapeText(order.clientId), escapeText(order.clientOrderId)];
}

export function encodeRequest(idempotency: string | null, request: unknown): string {
  return idempotency === null ? '' : JSON.stringify(request);
}

/** The arguments of lua/cancel.lua, its letter first. */
export function encodeCancel(command: CancelCommand): string[] {
  return [
    'C',
    ...encodeReference(command.order),
    command.idempotency ?? '',
    encodeRequest(command.idempotency, command.request),
  ];
}
