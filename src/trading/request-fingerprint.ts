import { textOfInput, type AmountInput } from '../domain/amounts';
import type { PlaceCommand } from '../domain/commands';
import type { LogEntry } from '../domain/log-entry';
import { kindOf } from '../domain/order';
import type { ListedOrder, ListType } from '../domain/order-list';
import { stpModeOf } from '../domain/order-traits';
import { displayedType } from '../domain/order-type';
import type { FieldFault, RequestField } from '../domain/refusal';
import type { AmendRequest, NamedOrder } from './requests';

/**
 * What a keyed command asked for, in a form that two requests can be compared in: amounts as ticks and
 * lots for a place, canonical text for an amend. The order id of a place is left out: each attempt has its own.
 * Its names are those in which the log keeps the fingerprints of amends and cancels.
 */
export type RequestFingerprint = Readonly<Partial<Record<FingerprintName, string | number | boolean | null>>>;

/** The log's name of each field that a fingerprint may have, and the domain's. */
const FIELDS = {
  op: 'op', instrument: 'instrument', side: 'side', type: 'type', time_in_force: 'timeInForce', post_only: 'postOnly',
  self_trade_prevention: 'selfTradePrevention', price: 'price', quantity: 'quantity', remaining_quantity: 'remainingQuantity', display_quantity: 'displayQuantity',
  stop_price: 'stopPrice', trailing_offset: 'trailingOffset', trailing_percent: 'trailingPercent', orders: 'orders', order_id: 'orderId', client_order_id: 'clientOrderId', expires_at: 'expiresAt',
  quote_quantity: 'quoteQuantity', max_slippage: 'maxSlippage',
} as const satisfies Record<string, RequestField>;

type FingerprintName = keyof typeof FIELDS;

/** What a request may leave to the venue: then it is the same request, whatever the venue made of it when the key was used first. */
const LEFT_TO_VENUE: readonly FingerprintName[] = ['self_trade_prevention'];

/** @param isModeLeft whether the request left its self-trade prevention to the venue */
export function fingerprintOfPlace(
  request: Pick<PlaceCommand, 'instrument' | 'side' | 'kind' | 'priceTicks' | 'quantityLots' | 'traits' | 'clientOrderId'>, isModeLeft = false,
): RequestFingerprint {
  const kind = kindOf(request.kind);
  return {
    op: 'place', instrument: request.instrument, side: request.side, type: displayedType({ type: kind.type, traits: request.traits }), time_in_force: kind.timeInForce,
    post_only: kind.postOnly, price: request.priceTicks, quantity: request.quantityLots, display_quantity: request.traits.display ?? null,
    stop_price: request.traits.triggerPrice ?? null, trailing_offset: request.traits.trailingOffset ?? null, trailing_percent: request.traits.trailingPercent ?? null,
    expires_at: request.traits.expiresUs ?? null, quote_quantity: request.traits.budget ?? null, max_slippage: request.traits.slippage ?? null,
    client_order_id: request.clientOrderId, ...(isModeLeft ? {} : { self_trade_prevention: stpModeOf(request.traits) ?? 'none' }),
  };
}

/** @param orders of the list, each with whether it left its self-trade prevention to the venue */
export function fingerprintOfList(
  type: ListType, instrument: string, orders: readonly (readonly [order: ListedOrder, isModeLeft: boolean])[],
): RequestFingerprint {
  const told = orders.map(([order, isModeLeft]) => fingerprintOfPlace({ ...order, instrument }, isModeLeft));
  return { op: 'list', type, instrument, orders: JSON.stringify(told) };
}

export function fingerprintOfListCancel(listId: string): RequestFingerprint {
  return { op: 'cancel', orders: listId };
}

function namesOf(order: NamedOrder): Pick<RequestFingerprint, 'order_id' | 'client_order_id'> {
  return 'orderId' in order ? { order_id: order.orderId, client_order_id: null } : { order_id: null, client_order_id: order.clientOrderId };
}

export function fingerprintOfCancel(order: NamedOrder): RequestFingerprint {
  return { op: 'cancel', ...namesOf(order) };
}

export function fingerprintOfAmend({ order, price, quantity, remainingQuantity, stopPrice, trailingOffset, trailingPercent }: AmendRequest): RequestFingerprint {
  return {
    op: 'amend', ...namesOf(order),
    price: canonicalText(price), quantity: canonicalText(quantity), remaining_quantity: canonicalText(remainingQuantity),
    stop_price: canonicalText(stopPrice), trailing_offset: canonicalText(trailingOffset), trailing_percent: canonicalText(trailingPercent),
  };
}

/** An amount in one spelling, so that 1, 1.0 and "1.00" compare as equal. */
function canonicalText(amount: AmountInput | undefined): string | null {
  if (amount === undefined) return null;
  const text = textOfInput(amount).replace(/^0+(?=[0-9])/, '');
  return text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text;
}

/** What the first use of a key asked for, as its log entry tells. */
export function fingerprintOfEntry(entry: LogEntry): RequestFingerprint {
  return entry.command?.op === 'place' ? fingerprintOfPlace(entry.command) : entry.request as RequestFingerprint;
}

/** @returns the fields in which a repeat differs from the first use of its key; none for a true retry. */
export function differences(first: RequestFingerprint, repeat: RequestFingerprint): FieldFault[] {
  const names = first.op === repeat.op ? new Set([...Object.keys(first), ...Object.keys(repeat)] as FingerprintName[]) : new Set(['op'] as const);
  return [...names]
    .filter((name) => name in repeat || !LEFT_TO_VENUE.includes(name))
    .filter((name) => (first[name] ?? null) !== (repeat[name] ?? null))
    .map((name) => ({ field: FIELDS[name], message: 'differs from the request that used this key first' }));
}
