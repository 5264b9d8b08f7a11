import { escapeText } from './text';

/**
 * A client's own name for an order, as a field of the `client_order_ids` hash: the very text between the outer quotes of
 * both in an order's record (lua/entry.lua).
 */
export function clientOrderName(clientId: string, clientOrderId: string): string {
  return `${escapeText(clientId)}","${escapeText(clientOrderId)}`;
}
