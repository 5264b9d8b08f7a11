import { answer, flag, list, orNull, request, required } from './language';
import { AccountName, ClientId, ORDER_ID_EXAMPLE, OrderId, TIME_EXAMPLE, Time } from './values';

/** What acts on an account's orders as a whole. */

/** The account of a call whose address names it: one that orders may be of. */
export const ControlledAccount = request('ControlledAccount', { account_id: required(ClientId) });

export const AccountStop = answer('AccountStop', {
  account_id: required(AccountName),
  killed: required(flag(), 'Whether it is stopped: it may not order.'),
  killed_at: required(orNull(Time), 'Since when; null where it is not.'),
  cancelled: required(list(OrderId), 'The ids of the orders that were cancelled, oldest first.'),
});

export const CONTROL_EXAMPLES = {
  killed: { account_id: 'client-A', killed: true, killed_at: TIME_EXAMPLE, cancelled: [ORDER_ID_EXAMPLE] },
  unkilled: { account_id: 'client-A', killed: false, killed_at: null, cancelled: [] },
} as const;
