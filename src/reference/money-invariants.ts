import type { MoneyScale } from '../domain/assets';
import { DEFAULT_FEE_GROUP, FEES, UNITS_MAX, isVenueAccount, unitsMaxOf, type Funds } from '../domain/money';
import { isOpen, type Order } from '../domain/order';
import { partnerId } from '../domain/order-list';
import { losingPair } from './fees';
import { heldBy } from './holds';
import { sharedUnits } from './lists';
import type { ShardState } from './state';

/** By what rules a shard's money is judged. */
export interface MoneyRules {
  /**
   * How money is kept. `required` is for a shard that has always been so, its accounts' credit too: what was lacking when it began
   * to be asked for goes on to be lacking.
   */
  readonly funds: Funds;
  /** By instrument. */
  readonly scales: ReadonlyMap<string, MoneyScale>;
}

const keyOf = (account: string, asset: string): string => JSON.stringify([account, asset]);

/**
 * What must hold of any shard's money at any moment.
 * @returns one sentence for each thing that is wrong
 */
export function moneyProblems(state: ShardState, { funds, scales }: MoneyRules): string[] {
  const problems: string[] = [];
  const sums = new Map<string, bigint>();
  const held = new Map<string, bigint>();
  const groups = new Map(state.feeGroups.map(({ group, rates }) => [group, rates]));
  for (const { account, details, balances } of state.accounts) {
    const wrong = (what: string): void => void problems.push(`account ${account} ${what}`);
    if (isVenueAccount(account) !== (details === null)) wrong(`is ${details === null ? 'not ' : ''}told of`);
    if (details !== null && details.account !== account) wrong(`calls itself ${details.account}`);
    if (details !== null && details.feeGroup !== DEFAULT_FEE_GROUP && !groups.has(details.feeGroup)) wrong(`is of group ${details.feeGroup}, which is not there`);
    const needsCover = funds === 'required' && details !== null && details.credit !== 'unlimited';
    for (const balance of balances) {
      const total = BigInt(balance.total);
      const heldUnits = BigInt(balance.held);
      if (held.has(keyOf(account, balance.asset))) wrong(`has two balances of ${balance.asset}`);
      sums.set(balance.asset, (sums.get(balance.asset) ?? 0n) + total);
      held.set(keyOf(account, balance.asset), heldUnits);
      const has = `has ${total} of ${balance.asset}, ${heldUnits} held`;
      if (heldUnits < 0n) wrong(`${has}: less than nothing is held`);
      if (needsCover && heldUnits > total) wrong(`${has}: more is held than is there`);
      if (account === FEES && total < 0n) wrong(`${has}: more rebates than fees`);
      const max = unitsMaxOf(account);
      if (total > max || total < -max || heldUnits > UNITS_MAX) wrong(`${has}: more than can be kept`);
    }
  }
  for (const [asset, sum] of sums) {
    if (sum !== 0n) problems.push(`asset ${asset} adds up to ${sum} over all accounts`);
  }
  for (const order of state.orders) feeProblems(order, problems);
  // Off, balances stand still while orders go on.
  if (funds !== 'off') holdProblems(state, scales, held, problems);
  const loss = losingPair(groups);
  if (loss !== null) problems.push(loss);
  return problems;
}

/** What is held must be what open orders and pending transfers say. */
function holdProblems(state: ShardState, scales: ReadonlyMap<string, MoneyScale>, held: ReadonlyMap<string, bigint>, problems: string[]): void {
  const wanted = new Map<string, bigint>();
  const want = (account: string, asset: string, units: bigint): void => {
    const key = keyOf(account, asset);
    wanted.set(key, (wanted.get(key) ?? 0n) + units);
  };
  const accounts = new Set(state.accounts.map(({ account }) => account));
  const open = new Map(state.orders.filter(isOpen).map((order) => [order.orderId, order]));
  for (const order of state.orders) {
    if (!isOpen(order)) continue;
    if (!accounts.has(order.clientId)) problems.push(`order ${order.orderId} is of ${order.clientId}, who has no account`);
    const scale = scales.get(order.instrument);
    if (scale === undefined) {
      problems.push(`order ${order.orderId} is for ${order.instrument}, whose assets are not known`);
      continue;
    }
    const { asset, units } = heldBy(order, scale);
    want(order.clientId, asset, units);
    // What both of a pair hold is held once.
    const partner = open.get(partnerId(order) ?? '');
    if (partner !== undefined && partner.orderId > order.orderId) want(order.clientId, asset, -sharedUnits(order, partner, scale));
  }
  for (const { transferId, status, from, asset, amount } of state.transfers) {
    if (status !== 'pending') problems.push(`transfer ${transferId} is ${status}, and pending`);
    want(from, asset, BigInt(amount));
  }
  for (const key of new Set([...wanted.keys(), ...held.keys()])) {
    const [account, asset] = JSON.parse(key) as [string, string];
    const [expected, told] = [wanted.get(key) ?? 0n, held.get(key) ?? 0n];
    if (expected !== told) problems.push(`account ${account} has ${told} of ${asset} held, its orders and transfers say ${expected}`);
  }
}

function feeProblems({ orderId, fees }: Order, problems: string[]): void {
  if (fees === null) return;
  if (fees.millionths < 0 || fees.millionths >= 1_000_000) problems.push(`order ${orderId} is charged ${fees.millionths} millionths on top of whole units`);
  if (fees.makerRate === 0 && fees.takerRate === 0) problems.push(`order ${orderId} has fees of nothing`);
}
