import type { Account } from '../domain/money';
import type { AccountFill, DayStatus, SettledAccount, StatementLine } from '../domain/money-history';
import { closingOf, lineOf, totalsOf, type Net, type SettledDay } from '../domain/settled-day';
import type { MoneyEngine, MoneyRecord } from '../money/ports';
import type { ShardConnection } from '../shard/connection';

/** What money's use cases are given of a shard: its engine in Redis, and its record in Postgres. */

const DATE_LENGTH = 'YYYY-MM-DD'.length;

/** What is said of the venue's own accounts, which exist by their balances alone. */
function venueAccount(account: string): Account {
  return { account, name: null, status: 'active', credit: 'unlimited', feeGroup: 'default', createdUs: 0 };
}

export function moneyEngineOf(engine: ShardConnection['engine']): MoneyEngine {
  return {
    submit: (command) => engine.submit(command),
    submitAll: (commands) => engine.submitAll(commands),
    position: () => engine.position(),
    get known() { return engine.known; },
    readAccount: async (name) => {
      const { sequence, accounts: [state] } = await engine.readAccounts([name]);
      return state === null || state === undefined ? null : { account: state.details ?? venueAccount(name), balances: state.balances, sequence };
    },
    readTransfer: (transferId) => engine.readTransfer(transferId),
    readFeeGroups: () => engine.readFeeGroups(),
  };
}

/** A page of a settlement's accounts, by name. */
function accountsOf({ assets, nets }: SettledDay, after: string | null, limit: number): SettledAccount[] {
  const names = [...new Set([...assets, ...nets].map(({ account }) => account))].sort().filter((name) => after === null || name > after).slice(0, limit);
  const page = new Map(names.map((account) => [account, { account, lines: [] as StatementLine[], netting: [] as SettledAccount['netting'][number][] }]));
  for (const day of assets) page.get(day.account)?.lines.push(lineOf(day));
  const netting = ({ instrument, netLots, netValue, fees }: Net): SettledAccount['netting'][number] => ({ instrument, netLots, netMoney: netValue, fees });
  for (const net of nets) page.get(net.account)?.netting.push(netting(net));
  return [...page.values()];
}

/** A day that is not over may still change. @param nowMs as Date.now() */
function statusOf(day: string, standing: 'settled' | 'mismatch' | null, closes: boolean, nowMs: number): DayStatus {
  if (!closes) return 'mismatch';
  if (day >= new Date(nowMs).toISOString().slice(0, DATE_LENGTH)) return 'open';
  return standing ?? 'unsettled';
}

export function moneyRecordOf({ history, moneyHistory, statements }: Pick<ShardConnection, 'history' | 'moneyHistory' | 'statements'>): MoneyRecord {
  return {
    journalEntry: (sequence, second) => history.journalEntry(sequence, second),
    accounts: (after, limit) => moneyHistory.accounts(after ?? '', limit),
    events: (account, { asset, before, limit }) => moneyHistory.events(account, asset, before, limit),
    snapshots: async (account, upTo, limit) => (await moneyHistory.snapshots(account, upTo === null ? null : upTo + 1, limit)).map((snapshot) => ({
      sequence: snapshot.sequence, totals: snapshot.balances.map(({ asset, total }) => ({ asset, amount: total })), atUs: snapshot.atUs,
    })),
    eventSums: async (account, after, upTo) => {
      const { postings, sums } = await moneyHistory.posted(account, after, upTo);
      return { events: postings, sums };
    },
    transfer: (transferId) => moneyHistory.transfer(transferId),
    transfers: ({ account, kind, status, before, limit }) => (
      kind === 'deposit' ? moneyHistory.deposits(account, before, limit) : moneyHistory.withdrawals(account, status, before, limit)
    ),
    fills: (account, { instrument, before, limit }): Promise<AccountFill[]> => moneyHistory.fills(account, instrument, before, limit),
    positions: async (account) => (await moneyHistory.positions(account)).map(({ instrument, position }) => ({
      instrument, netLots: String(position.netLots), cost: String(position.cost), realized: String(position.realized), fees: String(position.fees),
      boughtLots: String(position.boughtLots), soldLots: String(position.soldLots), updatedUs: position.updatedUs, sequence: position.sequence,
    })),
    statement: async (account, day) => {
      const [{ assets, closes }, standing] = await Promise.all([statements.statement(account, day), statements.standing(day)]);
      return { status: statusOf(day, standing, closes, Date.now()), lines: assets.map(lineOf) };
    },
    settlement: async (day, after, limit) => {
      const settled = await statements.settled(day);
      const told = settled ?? await statements.settlement(day);
      const closes = told.mismatches === 0 && told.assets.every((one) => closingOf(one) === BigInt(one.closing));
      return {
        status: statusOf(day, settled === null ? null : 'settled', closes, Date.now()), totals: totalsOf(told.assets), accounts: accountsOf(told, after, limit),
      };
    },
    totals: async () => {
      const { sequence, assets } = await moneyHistory.sums();
      return { sequence, assets };
    },
  };
}
