import { decodeTransfer } from '../domain/log-entry-wire';
import type { AccountState, FeeGroup, Transfer } from '../domain/money';
import { expandId } from '../domain/order-id';
import { decodeAccountRecord } from './account-record';
import { decodeFeeGroup } from './shard-reads';

type Pairs = readonly (readonly [string, string])[];

/** What a shard's keys of money hold: fields and values of hashes, members and scores of a sorted set. */
export interface MoneyKeys {
  readonly accounts: Pairs;
  readonly feeGroups: Pairs;
  readonly transfers: Pairs;
  readonly timers: Pairs;
  readonly references: Pairs;
}

export interface StoredMoney {
  /** By name. */
  readonly accounts: readonly AccountState[];
  readonly feeGroups: readonly FeeGroup[];
  /** Those that are pending, by id. */
  readonly transfers: readonly Transfer[];
  /** By digest. */
  readonly references: readonly { readonly digest: string; readonly sequence: number; readonly second: number }[];
}

const compareText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

/**
 * A shard's money as it is stored, and whether its timers say the same as its transfers.
 * @param problems to which what is wrong is added
 */
export function storedMoney(keys: MoneyKeys, problems: string[]): StoredMoney {
  const read = <T>(what: string, pairs: Pairs, decode: (name: string, value: string) => T): T[] => pairs.flatMap(([name, value]) => {
    try {
      return [decode(name, value)];
    } catch (error) {
      problems.push(`${what} ${name}: ${value} cannot be read: ${(error as Error).message}`);
      return [];
    }
  });
  const accounts = read('account', keys.accounts, (name, record) => decodeAccountRecord(JSON.parse(`"${name}"`) as string, record));
  const feeGroups = read('fee group', keys.feeGroups, decodeFeeGroup);
  const all = read('transfer', keys.transfers, (id, stored) => {
    const transfer = decodeTransfer(JSON.parse(`[${stored}]`) as readonly unknown[]);
    if (transfer.transferId !== expandId(id)) problems.push(`transfer ${expandId(id)} calls itself ${transfer.transferId}`);
    return transfer;
  });
  // One that has come to its end stays until that is persisted.
  const transfers = all.filter(({ status }) => status === 'pending');
  checkTimers(transfers, keys.timers, problems);
  const references = keys.references.map(([digest, stored]) => {
    if (!/^\d+,\d+$/.test(stored)) problems.push(`reference ${digest} holds ${stored}`);
    const [sequence, second] = stored.split(',');
    return { digest, sequence: Number(sequence), second: Number(second) };
  });
  return {
    accounts: accounts.sort((a, b) => compareText(a.account, b.account)),
    feeGroups: feeGroups.sort((a, b) => compareText(a.group, b.group)),
    transfers: transfers.sort((a, b) => compareText(a.transferId, b.transferId)),
    references: references.sort((a, b) => compareText(a.digest, b.digest)),
  };
}

function checkTimers(pending: readonly Transfer[], timers: Pairs, problems: string[]): void {
  const wanted = new Map(pending.filter(({ expiresUs }) => expiresUs !== null).map(({ transferId, expiresUs }) => [transferId, Number(expiresUs)]));
  for (const [id, due] of timers) {
    const transferId = expandId(id);
    if (wanted.get(transferId) !== Number(due)) problems.push(`transfer ${transferId} is timed for ${due}, it expires at ${wanted.get(transferId) ?? 'no time'}`);
    wanted.delete(transferId);
  }
  for (const transferId of wanted.keys()) problems.push(`transfer ${transferId} has no timer`);
}
