import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { isUuid } from '../../domain/order-id';
import type { BodyFormat } from '../../http/dialect';
import { RequestRefusal, invalid } from '../../http/request-refusal';
import type { AmendRequest, CancelRequest, NamedOrder, OrderRequest, OrderTerms, PlaceRequest } from '../../trading/requests';
import { parseJson } from './check/json';
import { checkIdempotencyKey, checkNoQuery } from './check/schemas';
import type { AmendBody, CancelBody, ListedOrderBody, Operation, OrderReferenceBody, PlaceBody } from './check/shapes';

/** From what clients write, once checked, to what trading is asked. */

const JSON_TYPE = /^application\/json(?:\s*;\s*charset="?utf-8"?)?\s*$/i;

export const JSON_BODY: BodyFormat = { accepts: (contentType) => JSON_TYPE.test(contentType), parse: parseJson };

/** @throws RequestRefusal `validation_failed` for a key that is given twice */
export function idempotencyKeyOf(request: IncomingMessage): string | undefined {
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string') return undefined;
  // Node joins what is given twice.
  if (key.includes(', ') && request.headersDistinct['idempotency-key']?.length !== 1) {
    throw invalid([{ field: 'Idempotency-Key', message: 'must be given once' }]);
  }
  // Headers come as Latin-1; a key is the same text here and in a body.
  const bytes = Buffer.from(key, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : key;
}

/** A path that is no UUID names no order. @throws RequestRefusal `order_not_found` */
export function orderIdOfPath(orderId: string): string {
  if (!isUuid(orderId)) throw new RequestRefusal('order_not_found');
  return orderId.toLowerCase();
}

/** @throws RequestRefusal `validation_failed` for a header that is no key, or another one than the body's */
export function keyOf(bodyKey: string | undefined, headerKey: string | undefined): string | null {
  if (headerKey === undefined) return bodyKey ?? null;
  checkIdempotencyKey(headerKey);
  if (bodyKey !== undefined && bodyKey !== headerKey) {
    throw invalid([{ field: 'idempotency_key', message: 'differs from the Idempotency-Key header' }]);
  }
  return headerKey;
}

/** Clients that cannot send a body with DELETE give its fields in the query string. */
export function bodyOrQuery(body: unknown, parameters: Readonly<Record<string, unknown>>): unknown {
  if (body === undefined) return parameters;
  checkNoQuery(parameters);
  return body;
}

/** What an order of a list asks for. */
export function termsOf(body: ListedOrderBody): OrderTerms {
  return {
    side: body.side, type: body.type, timeInForce: body.time_in_force, postOnly: body.post_only, price: body.price, stopPrice: body.stop_price,
    trailingOffset: body.trailing_offset, trailingPercent: body.trailing_percent, quantity: body.quantity,
    quoteQuantity: body.quote_quantity, maxSlippage: body.max_slippage, displayQuantity: body.display_quantity, expiresUs: body.expires_at,
    selfTradePrevention: body.self_trade_prevention, clientOrderId: body.client_order_id ?? null,
  };
}

export function placeRequest(body: PlaceBody, headerKey: string | undefined): PlaceRequest {
  return {
    op: 'place',
    clientId: body.client_id,
    instrument: body.instrument,
    side: body.side,
    type: body.type,
    timeInForce: body.time_in_force,
    postOnly: body.post_only,
    price: body.price,
    stopPrice: body.stop_price,
    trailingOffset: body.trailing_offset,
    trailingPercent: body.trailing_percent,
    quantity: body.quantity,
    quoteQuantity: body.quote_quantity,
    maxSlippage: body.max_slippage,
    displayQuantity: body.display_quantity,
    expiresUs: body.expires_at,
    selfTradePrevention: body.self_trade_prevention,
    clientOrderId: body.client_order_id ?? null,
    key: keyOf(body.idempotency_key, headerKey),
    ackAfter: body.ack,
  };
}

export function cancelRequest(body: CancelBody & OrderReferenceBody, headerKey: string | undefined): CancelRequest {
  return { op: 'cancel', order: namedOrder(body), key: keyOf(body.idempotency_key, headerKey) };
}

export function amendRequest(body: AmendBody & OrderReferenceBody, headerKey: string | undefined): AmendRequest {
  return {
    op: 'amend', order: namedOrder(body), price: body.price, quantity: body.quantity, remainingQuantity: body.remaining_quantity, stopPrice: body.stop_price,
    trailingOffset: body.trailing_offset, trailingPercent: body.trailing_percent,
    key: keyOf(body.idempotency_key, headerKey),
  };
}

export function operationRequest(operation: Operation): OrderRequest {
  switch (operation.op) {
    case 'place': return placeRequest(operation, undefined);
    case 'cancel': return cancelRequest(operation, undefined);
    case 'amend': return amendRequest(operation, undefined);
  }
}

function namedOrder(body: OrderReferenceBody): NamedOrder {
  if (body.order_id !== undefined) return { orderId: body.order_id, clientId: body.client_id ?? null };
  return { clientId: body.client_id as string, clientOrderId: body.client_order_id as string };
}
