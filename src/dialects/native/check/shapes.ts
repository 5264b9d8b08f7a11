import type {
  AmendOperation as AmendOperationShape, AmendRequest, CancelOperation as CancelOperationShape, CancelRequest, ListedOrderRequest, ObjectOf, OrderReference,
  PlaceOperation, PlaceRequest,
} from '#openfill-contract';
import type { AmountInput } from '../../../domain/amounts';

export { CLIENT_ID_LENGTH_MAX, CLIENT_ORDER_ID_LENGTH_MAX, IDEMPOTENCY_KEY_LENGTH_MAX, INSTRUMENT_DEFAULT } from '#openfill-contract';

/** What clients send, once checked: the contract's shapes, with amounts as they were written. */

export type PlaceBody = ObjectOf<typeof PlaceRequest, AmountInput>;
export type ListedOrderBody = ObjectOf<typeof ListedOrderRequest, AmountInput>;
export type CancelBody = ObjectOf<typeof CancelRequest, AmountInput>;
export type AmendBody = ObjectOf<typeof AmendRequest, AmountInput>;
export type OrderReferenceBody = ObjectOf<typeof OrderReference, AmountInput>;

export type CancelOperation = ObjectOf<typeof CancelOperationShape, AmountInput>;
export type AmendOperation = ObjectOf<typeof AmendOperationShape, AmountInput>;

/** One operation of a batch. */
export type Operation = ObjectOf<typeof PlaceOperation, AmountInput> | CancelOperation | AmendOperation;
