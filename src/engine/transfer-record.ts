import { EVENT, TRANSFER_EVENT } from '../domain/layouts';
import { TRANSFER_KIND_CODE, TRANSFER_STATUS_CODE, type Transfer } from '../domain/money';
import { compactId } from '../domain/order-id';
import { escapeText } from './commands/text';

const quoted = (text: string): string => `"${escapeText(text)}"`;

/** The value of each field of a transfer's event. */
const VALUE: Readonly<Record<(typeof TRANSFER_EVENT)[number], (transfer: Transfer) => string | number>> = {
  event: () => EVENT.transfer,
  id: ({ transferId }) => quoted(compactId(transferId)),
  kind: ({ kind }) => TRANSFER_KIND_CODE[kind],
  status: ({ status }) => TRANSFER_STATUS_CODE[status],
  from: ({ from }) => quoted(from),
  to: ({ to }) => quoted(to),
  asset: ({ asset }) => quoted(asset),
  amount: ({ amount }) => quoted(amount),
  settled_amount: ({ settledAmount }) => quoted(settledAmount),
  reference: ({ reference }) => quoted(reference ?? ''),
  note: ({ note }) => quoted(note ?? ''),
  expires_us: ({ expiresUs }) => expiresUs ?? 0,
  reverses: ({ reverses }) => quoted(reverses === null ? '' : compactId(reverses)),
  sequence: ({ sequence }) => sequence,
  created_us: ({ createdUs }) => createdUs,
};

/** A transfer as the `transfers` hash holds it: the inside of its event. */
export function encodeStoredTransfer(transfer: Transfer): string {
  return TRANSFER_EVENT.map((field) => VALUE[field](transfer)).join(',');
}
