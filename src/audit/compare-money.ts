import type { Control } from '../domain/controls';
import type { AccountState, Balance } from '../domain/money';
import type { ShardState } from '../reference/state';
import type { ReferenceDigests } from './audited';
import type { Finding } from './finding';
import type { UsedReference } from './replayed-money';

export type MoneyState = Pick<ShardState, 'accounts' | 'feeGroups' | 'transfers'>;

/** Money of a shard that keeps none: balances stand still in the record meanwhile. */
export const NO_MONEY: MoneyState = { accounts: [], feeGroups: [], transfers: [] };

/** Accounts, what they have and hold, groups of fees and transfers on their way, each thing by its name. */
export function compareMoney(expected: MoneyState, actual: MoneyState, finding: Finding): void {
  const byName = (accounts: readonly AccountState[]): ReadonlyMap<string, AccountState> => new Map(accounts.map((account) => [account.account, account]));
  const [wanted, found] = [byName(expected.accounts), byName(actual.accounts)];
  finding.count = wanted.size;
  for (const account of new Set([...wanted.keys(), ...found.keys()])) {
    finding.addDifference(`account ${account}`, wanted.get(account)?.details ?? null, found.get(account)?.details ?? null);
    compareBalances(`balance of ${account}`, wanted.get(account)?.balances ?? [], found.get(account)?.balances ?? [], finding);
  }
  compareNamed('group of fees', expected.feeGroups, actual.feeGroups, ({ group }) => group, finding);
  compareNamed('pending transfer', expected.transfers, actual.transfers, ({ transferId }) => transferId, finding);
}

/** What has happened once for ever, and at which entry. */
export function compareReferences(expected: readonly UsedReference[], actual: ShardState['references'], digests: ReferenceDigests, finding: Finding): void {
  const found = new Map(actual.map(({ digest, sequence }) => [digest, sequence]));
  for (const used of expected) {
    const [digest, name] = used.kind === 'deposit'
      ? [digests.reference(used.asset, used.reference), `reference ${used.reference} of a deposit of ${used.asset}`]
      : [digests.reversal(used.transferId), `reversal of transfer ${used.transferId}`];
    finding.addDifference(name, { sequence: used.sequence }, { sequence: found.get(digest) ?? null });
    found.delete(digest);
  }
  for (const [digest, sequence] of found) finding.add(`reference ${digest} points at entry ${sequence}, no deposit and no reversal has used it`);
}

/** Where there is none, there is nothing: a balance of nothing may be there or not. @param of as the subject of a sentence, without the asset */
export function compareBalances(of: string, expected: readonly Balance[], actual: readonly Balance[], finding: Finding): void {
  const wanted = new Map(expected.map((balance) => [balance.asset, balance]));
  const found = new Map(actual.map((balance) => [balance.asset, balance]));
  for (const asset of new Set([...wanted.keys(), ...found.keys()])) {
    const nothing: Balance = { asset, total: '0', held: '0' };
    finding.addDifference(`${of} in ${asset}`, wanted.get(asset) ?? nothing, found.get(asset) ?? nothing);
  }
}

/** What is kept of accounts that acts on their orders. */
export function compareControls(expected: readonly Control[], actual: readonly Control[], finding: Finding): void {
  compareNamed('control', expected, actual, ({ kind, account, detail }) => `${kind} of ${account}${detail === '' ? '' : ` (${detail})`}`, finding);
}

export function compareNamed<T>(what: string, expected: readonly T[], actual: readonly T[], nameOf: (item: T) => string, finding: Finding): void {
  const wanted = new Map(expected.map((item) => [nameOf(item), item]));
  const found = new Map(actual.map((item) => [nameOf(item), item]));
  for (const name of new Set([...wanted.keys(), ...found.keys()])) {
    const [item, told] = [wanted.get(name), found.get(name)];
    if (told === undefined) finding.add(`${what} ${name} is missing`);
    else if (item === undefined) finding.add(`${what} ${name} is there and must not be`);
    else finding.addDifference(`${what} ${name}`, item, told);
  }
}
