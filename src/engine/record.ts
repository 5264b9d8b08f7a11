import { ORDER_RECORD, ORDER_RECORD_TEXTS, ORDER_RECORD_VERSION } from '../domain/layouts';
import { decodeOrderRecord } from '../domain/order-record';
import { compactId } from '../domain/order-id';
import { KIND_CODE, REASON_CODE, SIDE_CODE, STATUS_CODE, kindCode, type Order, type OrderFees } from '../domain/order';
import { encodeTraits } from '../domain/order-traits';
import { escapeText } from './commands/text';

/** @param stored an order as the `orders` hash holds it: its record without the id, which is the field's name */
export function decodeStoredOrder(stored: string, compactOrderId: string): Order {
  return decodeOrderRecord(`${stored},"${compactOrderId}"`);
}

type Field = (typeof ORDER_RECORD)[number];

/** The value of each field of a record but its id. */
const VALUE: Readonly<Record<Exclude<Field, 'id'>, (order: Order) => string | number>> = {
  version: () => ORDER_RECORD_VERSION,
  filled: (order) => order.filledLots,
  notional: (order) => order.notional,
  status: (order) => STATUS_CODE[order.status],
  reason: (order) => (order.reason === null ? 0 : REASON_CODE[order.reason]),
  sequence: (order) => (order.sequence === order.priority ? 0 : order.sequence),
  updated_us: (order) => (order.updatedUs === order.createdUs ? 0 : order.updatedUs),
  fill_sequence: (order) => order.fillSequence,
  priority: (order) => order.priority,
  placed: (order) => (order.placedSequence === order.priority ? 0 : order.placedSequence),
  price: (order) => order.priceTicks ?? 0,
  quantity: (order) => order.quantityLots,
  traits: (order) => `[${encodeTraits(order.traits)}]`,
  side: (order) => SIDE_CODE[order.side],
  kind: (order) => (order.type === 'market' ? KIND_CODE.market : kindCode(order.type, order.timeInForce, order.postOnly)),
  instrument: (order) => order.instrument,
  client: (order) => escapeText(order.clientId),
  client_order_id: (order) => (order.clientOrderId === null ? '' : escapeText(order.clientOrderId)),
  created_us: (order) => order.createdUs,
  fees: (order) => `[${order.fees === null ? '' : encodeFees(order.fees)}]`,
};

/** What stands in the array of a record's fees. */
function encodeFees({ makerRate, takerRate, units, millionths }: OrderFees): string {
  return `${makerRate},${takerRate},"${units}",${millionths}`;
}

const STORED = ORDER_RECORD.filter((field) => field !== 'id');

/** An order as the `orders` hash holds it: what lua/core/records.lua writes, made from an order read elsewhere. */
export function encodeStoredOrder(order: Order): string {
  return STORED.map((field) => {
    const value = VALUE[field](order);
    return ORDER_RECORD_TEXTS.includes(field) ? `"${value}"` : value;
  }).join(',');
}

const PRIORITY_DIGITS = 14;
const REFILL_DIGITS = 6;

/** An order's place in its price's queue, as it sorts. */
export function bookPlace({ priority, traits: { refill } }: Order): string {
  return String(priority).padStart(PRIORITY_DIGITS, '0') + (refill === undefined ? '' : String(refill).padStart(REFILL_DIGITS, '0'));
}

/** Member of an order in its side's sorted set: it sorts by age within a price. */
export function bookMember(order: Order): string {
  return bookPlace(order) + compactId(order.orderId);
}

/** Score of an order in its side's sorted set: lowest first is best first on either side. */
export function bookScore(order: Order): string {
  return order.side === 'buy' ? `-${order.priceTicks}` : String(order.priceTicks);
}

/** What the member of a dead man's switch begins with: behind it stand its client and its instrument. */
export const DUE_SWITCH = 'A';
/** What the member of a connection's lease begins with. */
export const DUE_LEASE = 'L';
/** What the member of an account that was stopped begins with, in the set of what falls due. */
export const DUE_KILL = 'K';
/** What the member of an order in the set of what falls due begins with, ahead of its id. */
export const DUE_ORDER = 'O';

export function dueMember(order: Order): string {
  return `${DUE_ORDER}${compactId(order.orderId)}`;
}
