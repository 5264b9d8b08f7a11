import { formatUnits } from '../domain/assets';
import type { AmendOperation, CancelOperation, Operation, Order, PlaceOperation } from '#openfill-client';

/** What is sent to a venue so that there happens what happened to an order in a recording. */

/** Whose the orders are that were open before: the venue does not tell. */
export const EARLIER_CLIENT = 'recording';

const REQUESTED = new Set(['requested', 'mass_cancel', 'expired', 'cancel_after', 'disconnected', 'killed', 'linked']);

/** Whether somebody ended an order that waited, and not the book. */
export const isRequested = ({ status_reason: reason }: Order): boolean => REQUESTED.has(reason ?? '');

/** Why an order ended ahead of what it could have traded: it is played by what it did. */
const STOPPED = new Set([
  'self_trade', 'price_protection', 'budget_exhausted', 'price_band', 'level_quantity_limit', 'balance_limit', 'insufficient_funds',
]);

export const isStopped = ({ status_reason: reason }: Order): boolean => STOPPED.has(reason ?? '');

const isNothing = (quantity: string): boolean => /^[0.]*$/.test(quantity);

/** A decimal in units of its last digit: those of equal scale are added and compared so, without a float. */
export const unitsOf = (decimal: string): bigint => BigInt(decimal.replace('.', ''));

const scaleOf = (decimal: string): number => decimal.split('.')[1]?.length ?? 0;

function sum(decimals: readonly string[]): string {
  return formatUnits(decimals.reduce((all, decimal) => all + unitsOf(decimal), 0n), scaleOf(decimals[0] ?? ''));
}

/** The open part that a cancelled order had. */
function unfilledOf(order: Order): string {
  return formatUnits(unitsOf(order.quantity) - unitsOf(order.filled_quantity), scaleOf(order.quantity));
}

/** How an order is named in the venue that it is played into. */
export interface Name {
  readonly client_id: string;
  readonly client_order_id: string;
}

/**
 * An order that has come into its book, or trades with it: none where it left no trace. One that waited for a price goes as what it is by then.
 * What became of its own orders that it met is played as what happened to them. What ended by its time rests until that comes.
 */
export function placeOf(order: Order): PlaceOperation[] {
  const quantity = isStopped(order) ? order.filled_quantity : order.quantity;
  if (isNothing(quantity)) return [];
  const { client_id, order_id: client_order_id, instrument, side, price, post_only, display_quantity: display, time_in_force: lifetime } = order;
  const common = { op: 'place' as const, client_id, client_order_id, instrument, side, quantity, self_trade_prevention: 'none' as const };
  if (price === null) return [{ ...common, type: 'market' }];
  if (isStopped(order)) return [{ ...common, type: 'limit', price, time_in_force: 'ioc' }];
  const time_in_force = lifetime === 'gtd' || lifetime === 'day' ? 'gtc' : lifetime;
  return [{ ...common, type: 'limit', price, time_in_force, post_only, ...(display === undefined ? {} : { display_quantity: display }) }];
}

export function cancelOf(name: Name): CancelOperation {
  return { op: 'cancel', ...name };
}

/** What came of an order that was known: its quantities as the amend asked for them, ahead of what it `traded`. Nothing for one without a limit. */
export function amendOf(order: Order, name: Name, traded: readonly string[]): Operation[] {
  if (order.price === null) return [];
  if (isStopped(order)) return traded.length === 0 ? [cancelOf(name)] : [{ op: 'amend', ...name, price: order.price, remaining_quantity: sum(traded) }];
  const remaining = sum([order.status === 'cancelled' ? unfilledOf(order) : order.remaining_quantity, ...traded]);
  return [{ op: 'amend', ...name, price: order.price, remaining_quantity: remaining } satisfies AmendOperation];
}

/** What makes way for a command: it is cancelled, or loses what it no longer has. */
export function wayOf(order: Order, name: Name): Operation {
  if (order.status !== 'open' && order.status !== 'partially_filled') return cancelOf(name);
  return { op: 'amend', ...name, remaining_quantity: order.remaining_quantity } satisfies AmendOperation;
}

/** What is left of an order as its instrument stops trading: it moves to its own price there. */
export function restOf(order: Order, name: Name): AmendOperation {
  return { op: 'amend', ...name, price: order.price as string, remaining_quantity: order.remaining_quantity };
}

/** The same with another limit. */
export function withLimit(operation: Operation, price: string): Operation {
  return operation.op === 'cancel' ? operation : { ...operation, price } as Operation;
}
