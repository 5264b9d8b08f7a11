import { ACCOUNT_RECORD_VERSION } from '../domain/layouts';
import { ACCOUNT_STATUS_CODE, CREDIT_CODE, accountStatusOf, creditOf, isVenueAccount, type AccountState, type Balance } from '../domain/money';
import { escapeText } from './commands/text';

const HEAD = /^(\d+),(\d),(\d),("[^"]*"),("[^"]*"),(\d+)/;
const BALANCE = /,"([^"]*)",(-?\d+),(\d+)/y;

/**
 * @param record an account and what it has, as the `accounts` hash holds it under the account's name (lua/ledger/accounts.lua)
 * @throws Error for what is no account record of this version
 */
export function decodeAccountRecord(account: string, record: string): AccountState {
  const head = HEAD.exec(record);
  if (head === null) throw new Error('it is no account record');
  const [all, version, status, credit, feeGroup, name, createdUs] = head as unknown as [string, string, string, string, string, string, string];
  if (Number(version) !== ACCOUNT_RECORD_VERSION) throw new Error(`account record of unknown version ${version}`);
  const balances: Balance[] = [];
  BALANCE.lastIndex = all.length;
  for (let end = all.length; end < record.length; end = BALANCE.lastIndex) {
    const match = BALANCE.exec(record);
    if (match === null) throw new Error('its balances are in another form');
    balances.push({ asset: match[1] as string, total: match[2] as string, held: match[3] as string });
  }
  const title = JSON.parse(name) as string;
  return {
    account,
    details: isVenueAccount(account) ? null : {
      account, name: title === '' ? null : title, status: accountStatusOf(Number(status)), credit: creditOf(Number(credit)),
      feeGroup: JSON.parse(feeGroup) as string, createdUs: Number(createdUs),
    },
    balances: balances.sort((a, b) => (a.asset < b.asset ? -1 : 1)),
  };
}

/** @param createdUs of the venue's own accounts, which have no details */
export function encodeAccountRecord({ details, balances }: AccountState, createdUs: number): string {
  const { status, credit, feeGroup, name } = details ?? { status: 'active', credit: 'venue', feeGroup: 'default', name: null } as const;
  const head = `${ACCOUNT_RECORD_VERSION},${ACCOUNT_STATUS_CODE[status]},${CREDIT_CODE[credit]},"${escapeText(feeGroup)}","${name === null ? '' : escapeText(name)}"`;
  return `${head},${details?.createdUs ?? createdUs}${balances.map(({ asset, total, held }) => `,"${asset}",${total},${held}`).join('')}`;
}
