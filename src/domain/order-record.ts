import { ORDER_FEES, ORDER_RECORD, ORDER_RECORD_VERSION, positionsOf } from './layouts';
import { expandId } from './order-id';
import { decodeTraits, NO_TRAITS } from './order-traits';
import { KIND_CODE, kindOf, reasonOf, sideOf, statusOf, type Order, type OrderFees } from './order';

/** An order as Redis and the log hold it. */

/** Where the values of a record stand. In records of version 4 there are no traits, in those of version 3 no fees either. */
type RecordPositions = Omit<ReturnType<typeof positionsOf<typeof ORDER_RECORD>>, 'fees' | 'traits'> & { readonly fees?: number; readonly traits?: number };

/** By version of the record. Entries hold records of their own version. */
const AT: readonly (RecordPositions | undefined)[] = Object.assign([] as RecordPositions[], {
  3: positionsOf(ORDER_RECORD.filter((field) => field !== 'fees' && field !== 'traits')),
  4: positionsOf(ORDER_RECORD.filter((field) => field !== 'traits')),
  [ORDER_RECORD_VERSION]: positionsOf(ORDER_RECORD),
});
const VERSION_AT = positionsOf(ORDER_RECORD).version;
const FEES_AT = positionsOf(ORDER_FEES);

/** @param wire ORDER_FEES, or nothing */
export function decodeFees(wire: readonly unknown[]): OrderFees | null {
  if (wire.length === 0) return null;
  return {
    makerRate: wire[FEES_AT.maker_rate] as number, takerRate: wire[FEES_AT.taker_rate] as number,
    units: wire[FEES_AT.units] as string, millionths: wire[FEES_AT.millionths] as number,
  };
}

/**
 * @param wire holds an order's record from `from` on
 * @returns the order, with its UUID written out
 * @throws Error for a record of another version, or with a code that is in no table
 */
export function decodeOrder(wire: readonly unknown[], from = 0): Order {
  const version = wire[from + VERSION_AT] as number;
  const at = AT[version];
  if (at === undefined) throw new Error(`order record of unknown version ${version}`);
  const kindCode = wire[from + at.kind] as number;
  const kind = kindOf(kindCode);
  const priority = wire[from + at.priority] as number;
  const createdUs = wire[from + at.created_us] as number;
  const clientOrderId = wire[from + at.client_order_id] as string;
  return {
    orderId: expandId(wire[from + at.id] as string),
    clientOrderId: clientOrderId === '' ? null : clientOrderId,
    clientId: wire[from + at.client] as string,
    instrument: wire[from + at.instrument] as string,
    side: sideOf(wire[from + at.side] as number),
    type: kind.type,
    timeInForce: kind.timeInForce,
    postOnly: kind.postOnly,
    priceTicks: kindCode === KIND_CODE.market ? null : wire[from + at.price] as number,
    quantityLots: wire[from + at.quantity] as number,
    filledLots: wire[from + at.filled] as number,
    notional: wire[from + at.notional] as string,
    status: statusOf(wire[from + at.status] as number),
    reason: reasonOf(wire[from + at.reason] as number),
    sequence: wire[from + at.sequence] as number || priority,
    updatedUs: wire[from + at.updated_us] as number || createdUs,
    fillSequence: wire[from + at.fill_sequence] as number,
    priority,
    placedSequence: wire[from + at.placed] as number || priority,
    createdUs,
    fees: at.fees === undefined ? null : decodeFees(wire[from + at.fees] as readonly unknown[]),
    traits: at.traits === undefined ? NO_TRAITS : decodeTraits(wire[from + at.traits] as readonly unknown[]),
  };
}

/** @param record the inside of an order's array, as results hold it */
export function decodeOrderRecord(record: string): Order {
  return decodeOrder(JSON.parse(`[${record}]`) as readonly unknown[]);
}
