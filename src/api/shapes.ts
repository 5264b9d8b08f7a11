import type { AmountInput } from '../domain/amounts';
import type { OrderType, Side, TimeInForce } from '../domain/order';

/** What clients send, once checked, and the bounds of its texts. */

export const CLIENT_ID_LENGTH_MAX = 64;
export const CLIENT_ORDER_ID_LENGTH_MAX = 64;
export const IDEMPOTENCY_KEY_LENGTH_MAX = 255;

/** What a call means that names no instrument. */
export const INSTRUMENT_DEFAULT = 'BTC-USD';

export interface PlaceBody {
  readonly client_id: string;
  readonly instrument: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly price?: AmountInput;
  readonly quantity: AmountInput;
  readonly time_in_force: TimeInForce;
  readonly post_only: boolean;
  readonly client_order_id?: string;
  readonly idempotency_key?: string;
  readonly ack?: 'redis' | 'postgres';
}

export interface CancelBody {
  readonly client_id?: string;
  readonly idempotency_key?: string;
}

export interface AmendBody {
  readonly client_id?: string;
  readonly price?: AmountInput;
  readonly quantity?: AmountInput;
  readonly remaining_quantity?: AmountInput;
  readonly idempotency_key?: string;
}

export interface OrderReferenceBody {
  readonly order_id?: string;
  readonly client_id?: string;
  readonly client_order_id?: string;
}

export type CancelOperation = { readonly op: 'cancel' } & CancelBody & OrderReferenceBody;
export type AmendOperation = { readonly op: 'amend' } & AmendBody & OrderReferenceBody;

/** One operation of a batch. */
export type Operation = ({ readonly op: 'place' } & PlaceBody) | CancelOperation | AmendOperation;
