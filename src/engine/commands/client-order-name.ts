import { escapeText } from './text';

/** Between texts that are one, such as a client and its own name for an order: no escaped text holds it, and in quotes the whole is JSON texts. */
export const SEPARATOR = '","';

/** A client's own name for an order, as a field of the `client_order_ids` hash. */
export function clientOrderName(clientId: string, clientOrderId: string): string {
  return `${escapeText(clientId)}${SEPARATOR}${escapeText(clientOrderId)}`;
}

/** @throws Error for what is no such field */
export function parseClientOrderName(name: string): { readonly clientId: string; readonly clientOrderId: string } {
  const [clientId, clientOrderId, ...rest] = JSON.parse(`["${name}"]`) as (string | undefined)[];
  if (clientId === undefined || clientOrderId === undefined || rest.length > 0) throw new Error(`${name} names no order of a client`);
  return { clientId, clientOrderId };
}
