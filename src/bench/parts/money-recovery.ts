import { fillOrdersOfAccounts } from '../fill-orders';
import { bareWrites, rebuildApart } from '../rebuild-apart';
import type { Bench, Part } from '../result';

const ORDERS = 1_000_000;
const ACCOUNTS = 100_000;
const told = (count: number): string => count.toLocaleString('en-US');

async function run(bench: Bench) {
  const { report, floor } = await rebuildApart(bench, 'required', (url) => fillOrdersOfAccounts(url, ORDERS, ACCOUNTS), (redis) => bareWrites(redis, ORDERS));
  // The venue's own account of what customers have comes on top.
  if (report.openOrders !== ORDERS || report.accounts !== ACCOUNTS + 1) throw new Error(`${report.openOrders} orders of ${report.accounts} accounts were rebuilt`);
  return {
    figures: [
      { name: `until ${told(ORDERS)} open orders of ${told(ACCOUNTS)} accounts are traded on again`, value: report.seconds, unit: 's', goal: { bound: 75, better: 'lower' as const } },
      { name: 'open orders rebuilt, books and accounts compared by hash', value: ORDERS / report.seconds, unit: 'orders/s', floor: { name: 'bare Redis writes of as many records and places', value: floor } },
    ],
  };
}

export const moneyRecoveryPart: Part = { name: 'money-recovery', about: 'an empty Redis rebuilt with accounts, balances and what they hold', funds: ['required'], run };
