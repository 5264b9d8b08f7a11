import type { LogEntry } from '../domain/log-entry';
import { kindOf } from '../domain/order';
import type { FieldError } from './problem';

/**
 * What a keyed command asked for, in a form that two requests can be compared in: amounts as ticks and
 * lots for a place, canonical text for an amend. The order id of a place is left out: each attempt has its own.
 */
export type RequestPrint = Readonly<Record<string, string | number | boolean | null>>;

export function printOfPlace(request: {
  readonly instrument: string; readonly side: string; readonly kind: number; readonly priceTicks: number;
  readonly quantityLots: number; readonly clientOrderId: string | null;
}): RequestPrint {
  const kind = kindOf(request.kind);
  return {
    op: 'place', instrument: request.instrument, side: request.side, type: kind.type, time_in_force: kind.timeInForce,
    post_only: kind.postOnly, price: request.priceTicks, quantity: request.quantityLots,
    client_order_id: request.clientOrderId,
  };
}

/** What the first use of a key asked for, as its log entry tells. */
export function printOfEntry(entry: LogEntry): RequestPrint {
  return entry.command?.op === 'place' ? printOfPlace(entry.command) : entry.request as RequestPrint;
}

/** @returns the fields in which a repeat differs from the first use of its key; none for a true retry. */
export function differences(first: RequestPrint, repeat: RequestPrint): FieldError[] {
  const fields = first.op === repeat.op ? new Set([...Object.keys(first), ...Object.keys(repeat)]) : new Set(['op']);
  return [...fields]
    .filter((field) => (first[field] ?? null) !== (repeat[field] ?? null))
    .map((field) => ({ field, message: 'differs from the request that used this key first' }));
}
