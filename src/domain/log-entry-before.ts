import { entryKindOf } from './log-entry-wire';
import type { EntryEvent, EntryFields, EntryKind, LoggedCommand } from './entry';
import { expandId } from './order-id';
import { NO_TRAITS } from './order-traits';
import { KIND_CODE, kindCode, kindOf, reasonOf, sideOf, statusOf, type Order } from './order';

/**
 * Entries of versions 1 and 2, as journals of before hold them: one taker at most, and no command but what the order that
 * came of it tells. In version 1 the id of an order stood ahead of the time of its creation.
 */

type Wire = readonly unknown[];

const UNCHARGED = { makerFee: '0', takerFee: '0' } as const;

type WireOrder = readonly [
  filled: number, notional: string, status: number, reason: number, sequence: number, updatedUs: number,
  fillSequence: number, priority: number, price: number, quantity: number, side: number, kind: number,
  instrument: string, client: string, clientOrderId: string, createdUs: number, id: string,
];
type WireFill = readonly [tradeId: number, price: number, quantity: number, makerPreviousFill: number, maker: WireOrder];
type WireLevel = readonly [instrument: string, side: number, price: number, quantity: number];
type WireEntry = readonly [
  version: number, kind: string, sequence: number, timeUs: number, orders: readonly WireOrder[], fills: readonly WireFill[],
  levels: readonly WireLevel[], idempotency: string, request: unknown, code: number, previousFill: number, epoch: string,
];

function decodeOrder(version: number, wire: WireOrder, placedSequence: number): Order {
  const [filledLots, notional, status, reason, sequence, updatedUs, fillSequence, priority, price, quantityLots, side, kindCode, instrument, clientId, name] = wire;
  const [createdUs, id] = (version === 1 ? [wire[16], wire[15]] : [wire[15], wire[16]]) as [number, string];
  const { type, timeInForce, postOnly } = kindOf(kindCode);
  return {
    orderId: expandId(id), clientOrderId: name === '' ? null : name, clientId, instrument, side: sideOf(side), type, timeInForce, postOnly,
    priceTicks: kindCode === KIND_CODE.market ? null : price, quantityLots, filledLots, notional, status: statusOf(status), reason: reasonOf(reason),
    // 0 as long as nothing has changed since it came in.
    sequence: sequence || priority, updatedUs: updatedUs || createdUs, fillSequence, priority, placedSequence, createdUs,
    fees: null, traits: NO_TRAITS,
  };
}

/** @throws Error for an entry of a version that this program does not know, or with a code that is in no table */
export function decodeEntryBefore(json: Wire): EntryFields {
  const version = json[0];
  if (version !== 1 && version !== 2) throw new Error(`log entry of unknown version ${String(version)}`);
  const [, name, sequence, timeUs, orders, fills, levels, idempotency, request, code, previousFill] = json as WireEntry;
  const kind = entryKindOf(name);
  const isShown = kind === 'refuse' || kind === 'keep';
  const events: EntryEvent[] = [];
  for (const [tradeId, priceTicks, quantityLots, makerPreviousFill, maker] of fills) {
    events.push({ type: 'trade', tradeId, priceTicks, quantityLots, taker: 0, maker: decodeOrder(version, maker, 0), makerPreviousFill, ...UNCHARGED });
  }
  for (const wire of orders) {
    const order = decodeOrder(version, wire, kind === 'place' ? sequence : 0);
    events.push(isShown ? { type: 'shown', order } : { type: 'order', order, previousFill });
  }
  for (const [instrument, side, priceTicks, quantityLots] of levels) events.push({ type: 'level', instrument, side: sideOf(side), priceTicks, quantityLots });
  const first = orders[0] === undefined ? null : decodeOrder(version, orders[0], 0);
  return {
    version, kind, sequence, timeUs, command: commandOf(kind, first, request), code, events,
    idempotency: idempotency === '' ? null : idempotency, request: Array.isArray(request) ? null : request,
  };
}

/** The order id of a refused place was not kept apart: its request ends with it. */
function commandOf(kind: EntryKind, order: Order | null, request: unknown): LoggedCommand | null {
  const unlimited = { actor: null, funds: 'off', fillsMax: null, openOrdersMax: null } as const;
  if (kind === 'place' && order !== null) {
    const { instrument, side, quantityLots, orderId, clientId, clientOrderId } = order;
    const code = kindCode(order.type, order.timeInForce, order.postOnly);
    return { op: 'place', ...unlimited, instrument, side, kind: code, priceTicks: order.priceTicks ?? 0, quantityLots, traits: NO_TRAITS, orderId, clientId, clientOrderId };
  }
  if (kind !== 'refuse' || !Array.isArray(request)) return null;
  const [price, quantityLots, side, code, instrument, clientId, name, id] = request as [number, number, number, number, string, string, string, string];
  return {
    op: 'place', ...unlimited, instrument, side: sideOf(side), kind: code, priceTicks: code === KIND_CODE.market ? 0 : price, quantityLots, traits: NO_TRAITS,
    orderId: expandId(id), clientId, clientOrderId: name === '' ? null : name,
  };
}
