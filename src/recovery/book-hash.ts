import { createHash } from 'node:crypto';
import { remainingLots, type Order } from '../domain/order';

const MODULUS = 1n << 256n;

/**
 * A hash of a whole book: the sum of the SHA-256 of each open order, with its place in the queue, what is
 * left of it and who it belongs to. It does not depend on the order in which orders are read, so two sides
 * can be compared without sorting either; equal hashes mean equal books in equal queue order.
 */
export class BookHash {
  private sum = 0n;
  orders = 0;

  add(order: Order): void {
    const text = [
      order.instrument, order.side, order.priceTicks, order.priority, order.orderId, remainingLots(order), order.quantityLots,
      order.filledLots, order.notional, order.clientId, order.clientOrderId ?? '', order.status, order.fillSequence,
    ].join('\u0000');
    this.sum = (this.sum + BigInt(`0x${createHash('sha256').update(text).digest('hex')}`)) % MODULUS;
    this.orders++;
  }

  digest(): string {
    return this.sum.toString(16).padStart(64, '0');
  }
}
