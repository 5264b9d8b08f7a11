import { escapeText } from './text';

/** A client's own name for an order, as a field of the `client_order_ids` hash. */
export function clientOrderName(clientId: string, clientOrderId: string): string {
  return `${escapeText(clientId)}"${escapeText(clientOrderId)}`;
}
