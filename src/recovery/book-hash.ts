import { createHash } from 'node:crypto';
import { encodeTraits } from '../domain/order-traits';
import { remainingLots, type Order } from '../domain/order';

const LIMBS = 8;
const LIMB_BITS = 32;
const LIMB = 2 ** LIMB_BITS;

/**
 * A hash of a whole book: the sum of the SHA-256 of each open order, with its place in the queue and all that it is. It does not depend on the order in which orders are read, so two sides
 * can be compared without sorting either; equal hashes mean equal books in equal queue order.
 */
export class BookHash {
  /** Modulo 2^256, least significant limb first: plain numbers, since a million orders are hashed twice over. */
  private readonly sum = new Array<number>(LIMBS).fill(0);
  orders = 0;

  add(order: Order): void {
    const { fees } = order;
    const text = [
      order.instrument, order.side, order.type, order.timeInForce, order.postOnly, order.priceTicks, order.priority, order.placedSequence || order.priority, order.orderId, remainingLots(order), order.quantityLots,
      order.filledLots, order.notional, order.clientId, order.clientOrderId ?? '', order.status, order.fillSequence, order.sequence, order.createdUs, order.updatedUs,
      fees === null ? '' : `${fees.makerRate},${fees.takerRate},${fees.units},${fees.millionths}`, encodeTraits(order.traits),
    ].join('\u0000');
    const digest = createHash('sha256').update(text).digest();
    let carry = 0;
    for (let i = 0; i < LIMBS; i++) {
      const limb = (this.sum[i] as number) + digest.readUInt32LE(4 * i) + carry;
      carry = limb >= LIMB ? 1 : 0;
      this.sum[i] = limb % LIMB;
    }
    this.orders++;
  }

  digest(): string {
    return [...this.sum].reverse().map((limb) => limb.toString(16).padStart(LIMB_BITS / 4, '0')).join('');
  }
}
