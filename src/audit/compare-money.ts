import type { Balance } from '../domain/money';
import type { ShardState } from '../reference/state';
import type { Finding } from './finding';

/** Accounts, what they have and hold, groups of fees and transfers on their way, each thing by its name. */
export function compareMoney(expected: ShardState, actual: ShardState, finding: Finding): void {
  const wanted = new Map(expected.accounts.map((account) => [account.account, account]));
  const found = new Map(actual.accounts.map((account) => [account.account, account]));
  finding.count = wanted.size;
  for (const account of new Set([...wanted.keys(), ...found.keys()])) {
    finding.addDifference(`account ${account}`, wanted.get(account)?.details ?? null, found.get(account)?.details ?? null);
    compareBalances(account, wanted.get(account)?.balances ?? [], found.get(account)?.balances ?? [], finding);
  }
  compareNamed('group of fees', expected.feeGroups, actual.feeGroups, ({ group }) => group, finding);
  compareNamed('pending transfer', expected.transfers, actual.transfers, ({ transferId }) => transferId, finding);
  // By what digests they are known is not for the replay to tell.
  finding.addDifference('references that are used up', expected.references.length, actual.references.length);
}

/** Where there is none, there is nothing: a balance of nothing may be there or not. */
function compareBalances(account: string, expected: readonly Balance[], actual: readonly Balance[], finding: Finding): void {
  const wanted = new Map(expected.map((balance) => [balance.asset, balance]));
  const found = new Map(actual.map((balance) => [balance.asset, balance]));
  for (const asset of new Set([...wanted.keys(), ...found.keys()])) {
    const nothing: Balance = { asset, total: '0', held: '0' };
    finding.addDifference(`balance of ${account} in ${asset}`, wanted.get(asset) ?? nothing, found.get(asset) ?? nothing);
  }
}

function compareNamed<T>(what: string, expected: readonly T[], actual: readonly T[], nameOf: (item: T) => string, finding: Finding): void {
  const wanted = new Map(expected.map((item) => [nameOf(item), item]));
  const found = new Map(actual.map((item) => [nameOf(item), item]));
  for (const name of new Set([...wanted.keys(), ...found.keys()])) {
    const [item, told] = [wanted.get(name), found.get(name)];
    if (told === undefined) finding.add(`${what} ${name} is missing`);
    else if (item === undefined) finding.add(`${what} ${name} is there and must not be`);
    else finding.addDifference(`${what} ${name}`, item, told);
  }
}
