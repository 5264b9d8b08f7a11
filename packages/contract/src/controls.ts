import { answer, flag, integer, list, optional, orNull, own, request, required, word } from './language';
import { AccountName, ClientId, InstrumentName, ORDER_ID_EXAMPLE, OrderId, TIME_EXAMPLE, Time } from './values';

/** What acts on an account's orders as a whole. */

/** An hour. */
const CANCEL_AFTER_MAX_S = 3_600;

/** The account of a call whose address names it: one that orders may be of. */
export const ControlledAccount = request('ControlledAccount', { account_id: required(ClientId) });

export const CancelAfterRequest = request('CancelAfterRequest', {
  client_id: own(ClientId, 'Whose orders it is about.'),
  timeout_s: required(integer({ min: 0, max: CANCEL_AFTER_MAX_S }, { examples: [60] }), 'Seconds from now after which all its open orders are cancelled, unless it is called again before. 0 takes it off.'),
  instrument: optional(InstrumentName, 'Orders of this instrument alone: a switch of its own.'),
});

export const CancelAfter = answer('CancelAfter', {
  client_id: required(ClientId),
  instrument: required(orNull(InstrumentName), 'null for all.'),
  timeout_s: required(integer({ min: 0 })),
  triggers_at: required(orNull(Time), 'null where it is taken off.'),
});

/** A request of order entry: it is about the connection. */
export const CancelOnDisconnect = request('CancelOnDisconnect', {
  op: required(word(['cancel_on_disconnect'])),
  client_id: own(ClientId, 'Whose open orders are cancelled when this connection ends, whyever, also with its process.'),
  enabled: required(flag(), 'false: they stay.'),
});

export const DisconnectRule = answer('DisconnectRule', { client_id: required(ClientId), enabled: required(flag()) });

export const AccountKill = answer('AccountKill', {
  account_id: required(AccountName),
  killed: required(flag(), 'Whether it is stopped: it may not order.'),
  killed_at: required(orNull(Time), 'Since when; null where it is not.'),
  cancelled: required(list(OrderId), 'The ids of the orders that were cancelled, oldest first.'),
});

export const CONTROL_EXAMPLES = {
  killed: { account_id: 'client-A', killed: true, killed_at: TIME_EXAMPLE, cancelled: [ORDER_ID_EXAMPLE] },
  switch: { client_id: 'client-A', timeout_s: 60 },
  set: { client_id: 'client-A', instrument: null, timeout_s: 60, triggers_at: TIME_EXAMPLE },
  unkilled: { account_id: 'client-A', killed: false, killed_at: null, cancelled: [] },
} as const;
