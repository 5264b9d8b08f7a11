import { decodeOrderRecord } from '../domain/log-entry';
import { compactId } from '../domain/order-id';
import { KIND_CODE, REASON_CODE, SIDE_CODE, STATUS_CODE, kindCode, type Order } from '../domain/order';
import { escapeText } from './commands/text';

/** @param stored an order as the `orders` hash holds it: its record without the id, which is the field's name */
export function decodeStoredOrder(stored: string, compactOrderId: string): Order {
  return decodeOrderRecord(`${stored},"${compactOrderId}"`);
}

/** An order as the `orders` hash holds it: what lua/shard.lua writes, made from an order read elsewhere. */
export function encodeStoredOrder(order: Order): string {
  const kind = order.type === 'market' ? KIND_CODE.market : kindCode(order.type, order.timeInForce, order.postOnly);
  const reason = order.reason === null ? 0 : REASON_CODE[order.reason];
  return `${order.filledLots},"${order.notional}",${STATUS_CODE[order.status]},${reason},`
    + `${order.sequence === order.priority ? 0 : order.sequence},${order.updatedUs === order.createdUs ? 0 : order.updatedUs},`
    + `${order.fillSequence},${order.priority},${order.priceTicks ?? 0},${order.quantityLots},${SIDE_CODE[order.side]},${kind},`
    + `"${order.instrument}","${escapeText(order.clientId)}","${order.clientOrderId === null ? '' : escapeText(order.clientOrderId)}",`
    + String(order.createdUs);
}

const PRIORITY_DIGITS = 14;

/** Member of an order in its side's sorted set: it sorts by age within a price. */
export function bookMember(order: Order): string {
  return String(order.priority).padStart(PRIORITY_DIGITS, '0') + compactId(order.orderId);
}

/** Score of an order in its side's sorted set: lowest first is best first on either side. */
export function bookScore(order: Order): string {
  return order.side === 'buy' ? `-${order.priceTicks}` : String(order.priceTicks);
}
