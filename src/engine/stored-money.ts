import { decodeTransfer } from '../domain/log-entry-wire';
import type { AccountState, FeeGroup, Transfer } from '../domain/money';
import { isOpen, type Order } from '../domain/order';
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
  readonly rebates: Pairs;
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
 * A shard's money as it is stored, and whether what is kept beside it says the same: timers as the transfers, counted rebates as the
 * orders.
 * @param orders all that the shard holds
 * @param problems to which what is wrong is added
 */
export function storedMoney(keys: MoneyKeys, orders: readonly Order[], problems: string[]): StoredMoney {
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
  checkRebates(orders, keys.rebates, problems);
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

function checkRebates(orders: readonly Order[], rebates: Pairs, problems: string[]): void {
  const counted = new Map<string, number>();
  for (const order of orders) {
    const rate = order.fees?.makerRate ?? 0;
    if (rate < 0 && isOpen(order)) counted.set(String(rate), (counted.get(String(rate)) ?? 0) + 1);
  }
  for (const [rate, count] of rebates) {
    if (String(counted.get(rate) ?? 0) !== count) problems.push(`${count} open orders are said to have the rate ${rate}, ${counted.get(rate) ?? 0} have`);
    counted.delete(rate);
  }
  for (const [rate, count] of counted) problems.push(`${count} open orders have the rate ${rate}, which is not counted`);
}
