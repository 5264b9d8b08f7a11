import { ORDER_RECORD, ORDER_RECORD_VERSION, positionsOf } from './layouts';
import { expandId } from './order-id';
import { KIND_CODE, kindOf, reasonOf, sideOf, statusOf, type Order } from './order';

/** An order as Redis and the log hold it. */

const AT = positionsOf(ORDER_RECORD);

/**
 * @param wire holds an order's record from `from` on
 * @returns the order, with its UUID written out
 * @throws Error for a record of another version, or with a code that is in no table
 */
export function decodeOrder(wire: readonly unknown[], from = 0): Order {
  const version = wire[from + AT.version] as number;
  if (version !== ORDER_RECORD_VERSION) throw new Error(`order record of unknown version ${version}`);
  const kindCode = wire[from + AT.kind] as number;
  const kind = kindOf(kindCode);
  const priority = wire[from + AT.priority] as number;
  const createdUs = wire[from + AT.created_us] as number;
  const clientOrderId = wire[from + AT.client_order_id] as string;
  return {
    orderId: expandId(wire[from + AT.id] as string),
    clientOrderId: clientOrderId === '' ? null : clientOrderId,
    clientId: wire[from + AT.client] as string,
    instrument: wire[from + AT.instrument] as string,
    side: sideOf(wire[from + AT.side] as number),
    type: kind.type,
    timeInForce: kind.timeInForce,
    postOnly: kind.postOnly,
    priceTicks: kindCode === KIND_CODE.market ? null : wire[from + AT.price] as number,
    quantityLots: wire[from + AT.quantity] as number,
    filledLots: wire[from + AT.filled] as number,
    notional: wire[from + AT.notional] as string,
    status: statusOf(wire[from + AT.status] as number),
    reason: reasonOf(wire[from + AT.reason] as number),
    sequence: wire[from + AT.sequence] as number || priority,
    updatedUs: wire[from + AT.updated_us] as number || createdUs,
    fillSequence: wire[from + AT.fill_sequence] as number,
    priority,
    placedSequence: wire[from + AT.placed] as number || priority,
    createdUs,
  };
}

/** @param record the inside of an order's array, as results hold it */
export function decodeOrderRecord(record: string): Order {
  return decodeOrder(JSON.parse(`[${record}]`) as readonly unknown[]);
}
