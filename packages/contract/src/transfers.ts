import { answer, growingWord, optional, orNull, required, string, word } from './language';
import {
  AccountName, AssetName, ClientId, Sequence, TIME_EXAMPLE, TRANSFER_ID_EXAMPLE, Time, TransferId, Units,
} from './values';
import { TRANSFER_STATUSES, WITHDRAWAL_STATUSES } from './words';

/** Money that moves without a trade, as the venue tells it. */

export const Deposit = answer('Deposit', {
  deposit_id: required(TransferId),
  account_id: required(ClientId),
  asset: required(AssetName),
  amount: required(Units),
  reference: required(orNull(string()), 'Used once for an asset, for ever.'),
  status: required(word(['credited'])),
  sequence: required(Sequence, 'At which it was made.'),
  at: required(Time),
});

export const Withdrawal = answer('Withdrawal', {
  withdrawal_id: required(TransferId),
  account_id: required(ClientId),
  asset: required(AssetName),
  amount: required(Units),
  destination: required(orNull(string())),
  status: required(growingWord(WITHDRAWAL_STATUSES), 'requested: the amount is held. completed: it is gone. rejected, cancelled: it is free again.'),
  sequence: required(Sequence, 'At which it was requested.'),
  at: required(Time, 'When it was requested.'),
});

export const Transfer = answer('Transfer', {
  transfer_id: required(TransferId),
  from: required(AccountName),
  to: required(AccountName),
  asset: required(AssetName),
  amount: required(Units),
  settled_amount: required(Units, 'What has moved: less than the amount where it was posted in part, nothing until it is posted.'),
  status: required(growingWord(TRANSFER_STATUSES), 'pending: the amount is held. posted: it has moved. voided, expired: it is free again.'),
  note: required(orNull(string())),
  reverses: required(orNull(TransferId), 'The transfer that it moves back.'),
  reversed_by: optional(TransferId, 'In a refused reversal: what moved it back before.'),
  expires_at: required(orNull(Time), 'When a pending one is released by itself; null for never.'),
  sequence: required(Sequence, 'At which it was made.'),
  at: required(Time, 'When it was made.'),
});

/** What answers look like, for the documents. */
export const TRANSFER_EXAMPLES = {
  deposit: {
    deposit_id: TRANSFER_ID_EXAMPLE, account_id: 'client-A', asset: 'USD', amount: '1000.0000000000', reference: 'wire-2026-01-31-7', status: 'credited',
    sequence: 1051, at: TIME_EXAMPLE,
  },
  withdrawal: {
    withdrawal_id: TRANSFER_ID_EXAMPLE, account_id: 'client-A', asset: 'USD', amount: '250.0000000000', destination: 'DE89 3704 0044 0532 0130 00',
    status: 'requested', sequence: 1052, at: TIME_EXAMPLE,
  },
  transfer: {
    transfer_id: TRANSFER_ID_EXAMPLE, from: 'client-A', to: 'client-B', asset: 'USD', amount: '10.0000000000', settled_amount: '10.0000000000', status: 'posted',
    note: 'lunch', reverses: null, expires_at: null, sequence: 1053, at: TIME_EXAMPLE,
  },
} as const;
