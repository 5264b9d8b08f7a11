import type { CancelCommand, OrderReference } from '../../domain/commands';
import { compactId } from '../../domain/order-id';
import { clientOrderName } from './client-order-name';

/** The two arguments by which Lua finds an order. */
export function encodeReference(order: OrderReference): [id: string, name: string] {
  if ('orderId' in order) return [compactId(order.orderId), ''];
  return ['', clientOrderName(order.clientId, order.clientOrderId)];
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
