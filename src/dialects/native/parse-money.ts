import { FEE_GROUP_NAME, isVenueAccount } from '../../domain/money';
import type { AccountEventId } from '../../domain/money-history';
import { isUuid } from '../../domain/order-id';
import type { ResultCode } from '../../domain/result-code';
import { RequestRefusal, invalid } from '../../http/request-refusal';
import { momentUs } from './check/moment';

/** Parts of addresses and cursors of the calls about money, as the use cases take them. */

/** A path that is no UUID names no transfer. @throws RequestRefusal with the code */
export function transferIdOfPath(id: string, notFound: ResultCode): string {
  if (!isUuid(id)) throw new RequestRefusal(notFound);
  return id.toLowerCase();
}

/** The venue's own accounts can be read, and nothing else. @throws RequestRefusal `validation_failed` */
export function customerOfPath(accountId: string): string {
  if (isVenueAccount(accountId)) throw invalid([{ field: 'account_id', message: 'must not be one of the venue\'s own' }]);
  return accountId;
}

/** @throws RequestRefusal `validation_failed` */
export function groupOfPath(group: string): string {
  if (!FEE_GROUP_NAME.test(group)) throw invalid([{ field: 'group', message: 'must be the name of a group of fees' }]);
  return group;
}

const DAY_LENGTH = 'YYYY-MM-DD'.length;

/** @throws RequestRefusal `validation_failed` */
export function dayOfPath(date: string): string {
  if (date.length !== DAY_LENGTH || momentUs(date) === null) throw invalid([{ field: 'date', message: 'must be a day such as 2026-01-31' }]);
  return date;
}

/** @param eventId `<sequence>:<index>` */
export function parseEventId(eventId: string): AccountEventId {
  const [sequence, index] = eventId.split(':');
  return { sequence: Number(sequence), index: Number(index) };
}

export function formatEventId({ sequence, index }: AccountEventId): string {
  return `${sequence}:${index}`;
}
