import type { LogEntry } from '../../src/domain/log-entry';
import { FEES, ISSUANCE, type AccountState, type Funds } from '../../src/domain/money';
import { BalanceBook } from '../../src/duties/balance-book';
import { cancelCommand } from '../engine/support/desk';
import { accountOf, BTC, endOf, feesOf, order, SCALES, Till, transferIdOf, transferOf, USD } from '../reference/support/till';

/** What the running audit keeps in mind: the record's balances, and what the log has moved since. */

type Mutable<T> = T extends readonly (infer E)[] ? Mutable<E>[] : T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T;

/** A venue that has traded, with fees, rebates and transfers. */
function traded(funds: Funds = 'required'): Till {
  const till = new Till();
  till.limits.funds = funds;
  till.do(feesOf('default', [null, -100, 20_000]));
  till.do(accountOf('ann', { deposits: [[USD, '10000']] }));
  till.do(accountOf('bob', { deposits: [[BTC, '1000']] }));
  till.place('buy', 100, 4, 'ann');
  till.do(order('sell', 90, 3, 'bob'));
  till.do(order('sell', 120, 3, 'bob'));
  const pending = transferIdOf(till.do(transferOf('transfer', 'ann', 'bob', USD, 50, { pending: true })));
  till.do(endOf(pending, 'posted', 30));
  return till;
}

const entryOf = (till: Till, sequence: number): Mutable<LogEntry> => structuredClone(till.log[sequence - 1]) as Mutable<LogEntry>;

function balanceOf(entry: Mutable<LogEntry>, account: string, asset: string): Mutable<LogEntry>['balances'][number] {
  const found = entry.balances.find((one) => one.account === account && one.asset === asset);
  if (found === undefined) throw new Error(`the entry tells no ${asset} of ${account}`);
  return found;
}

/** A book that has followed a log up to an entry. */
function following(log: readonly LogEntry[], funds: Funds = 'required', upTo = log.length): BalanceBook {
  const book = new BalanceBook(funds, SCALES, 0);
  for (const entry of log.slice(0, upTo)) expect(book.add(entry)).toEqual([]);
  return book;
}

/** Accounts as Redis has them. */
const states = (till: Till): Mutable<AccountState>[] => structuredClone(till.shard.state().accounts) as Mutable<AccountState>[];
const own = (accounts: Mutable<AccountState>[], account: string, asset: string): Mutable<AccountState>['balances'][number] => {
  const found = accounts.find((one) => one.account === account)?.balances.find((one) => one.asset === asset);
  if (found === undefined) throw new Error(`no ${asset} of ${account}`);
  return found;
};

describe('a sound log', () => {
  test.each<Funds>(['paper', 'required'])('leaves nothing to find with FUNDS=%s', (funds) => {
    const till = traded(funds);
    const book = following(till.log, funds);
    expect(book.findings()).toEqual([]);
    const look = book.look();
    expect([...look.page(states(till), book.sequence), ...look.end()]).toEqual([]);
    expect(till.balance(FEES, USD)).not.toEqual([0n, 0n]);
  });

  test('goes on from what the record has', () => {
    const till = traded();
    const recorded = 5;
    // As the record has it behind that entry.
    const balances = new Map(till.log.slice(0, recorded).flatMap((entry) => entry.balances.map((balance) => [JSON.stringify([balance.account, balance.asset]), balance])));
    const book = new BalanceBook('required', SCALES, recorded);
    for (const balance of balances.values()) book.take(balance.account, balance);
    expect(book.findings()).toEqual([]);
    for (const entry of till.log.slice(recorded)) expect(book.add(entry)).toEqual([]);
    const look = book.look();
    expect([...look.page(states(till), book.sequence), ...look.end()]).toEqual([]);
  });
});

describe('an entry is found that', () => {
  test('gives an account a unit from nowhere, and every one behind it until the unit is gone', () => {
    const till = traded();
    const book = following(till.log, 'required', 4);
    const entry = entryOf(till, 5);
    const told = balanceOf(entry, 'bob', USD);
    told.total = String(BigInt(told.total) + 1n);
    expect(book.add(entry as LogEntry)).toEqual([{ account: 'bob', asset: USD, what: `has ${told.total} units by entry 5, ${BigInt(told.total) - 1n} by what has moved`, sequence: 5 }]);
    const next = entryOf(till, 8);
    expect(book.add(entryOf(till, 6) as LogEntry)).toEqual([]);
    expect(book.add(entryOf(till, 7) as LogEntry)).toEqual([]);
    balanceOf(next, 'bob', USD).total = String(BigInt(balanceOf(next, 'bob', USD).total) + 1n);
    expect(book.add(next as LogEntry)).toMatchObject([{ account: 'bob', asset: USD, sequence: 8 }]);
    // The book itself is as it must be: Redis is held against that.
    expect(book.findings()).toEqual([]);
    const accounts = states(till);
    expect(book.look().page(accounts, 8)).toEqual([]);
    own(accounts, 'bob', USD).total = String(BigInt(own(accounts, 'bob', USD).total) + 1n);
    expect(book.look().page(accounts, 8)).toMatchObject([{ account: 'bob', asset: USD }]);
  });

  test('moves a unit from one account to another, though all add up', () => {
    const till = traded();
    const book = following(till.log, 'required', 4);
    const entry = entryOf(till, 5);
    balanceOf(entry, 'ann', USD).total = String(BigInt(balanceOf(entry, 'ann', USD).total) - 1n);
    balanceOf(entry, 'bob', USD).total = String(BigInt(balanceOf(entry, 'bob', USD).total) + 1n);
    expect(book.add(entry as LogEntry).map(({ account, asset }) => [account, asset]).sort()).toEqual([['ann', USD], ['bob', USD]]);
  });

  test('does not tell where a fee went', () => {
    const till = traded();
    const book = following(till.log, 'required', 4);
    const entry = entryOf(till, 5);
    entry.balances = entry.balances.filter(({ account }) => account !== FEES);
    expect(book.add(entry as LogEntry)).toMatchObject([{ account: FEES, asset: USD, what: expect.stringContaining('does not tell what is left') as string }]);
  });

  test('leaves somebody who needs cover without it, or less than nothing held', () => {
    const till = traded();
    const spend = (funds: Funds): string[] => {
      const book = following(till.log, funds, 3);
      const entry = entryOf(till, 4);
      balanceOf(entry, 'ann', USD).held = '10001';
      return book.add(entry as LogEntry).map(({ what }) => what);
    };
    expect(spend('required')).toEqual(['has 10000 units and holds 10001']);
    expect(spend('paper')).toEqual([]);
    const book = following(till.log, 'paper', 3);
    const entry = entryOf(till, 4);
    balanceOf(entry, 'ann', USD).held = '-1';
    expect(book.add(entry as LogEntry)).toMatchObject([{ account: 'ann', what: 'holds -1 units, less than nothing' }]);
  });
});

test('who had credit and has it no longer has what he holds', () => {
  const till = new Till();
  till.do(accountOf('ann', { credit: 'unlimited' }));
  till.do(accountOf('bob', { deposits: [[USD, '1000']] }));
  const first = till.place('buy', 10, 5, 'ann');
  till.place('buy', 10, 5, 'ann');
  expect(till.refused(accountOf('ann', { opens: false, credit: 'none' })).shortfall).toEqual({ asset: USD, needed: '300', available: '0' });
  till.deposit('ann', USD, 150);
  till.do(cancelCommand(first));
  till.do(accountOf('ann', { opens: false, credit: 'none' }));
  expect(till.balance('ann', USD)).toEqual([150n, 150n]);
  const book = following(till.log);
  expect(book.findings()).toEqual([]);
  const worse = entryOf(till, 6);
  worse.sequence = 8;
  balanceOf(worse, 'ann', USD).held = '151';
  expect(book.add(worse as LogEntry)).toMatchObject([{ account: 'ann', what: 'has 150 units and holds 151' }]);
});

describe('of what Redis has is found', () => {
  const problems = (corrupt: (accounts: Mutable<AccountState>[]) => void, at?: number): string[] => {
    const till = traded();
    const book = following(till.log);
    const accounts = states(till);
    corrupt(accounts);
    const look = book.look();
    return [...look.page(accounts, at ?? book.sequence), ...look.end()].map(({ account, asset, what }) => `${account ?? 'all'} ${asset} ${what}`);
  };

  test('a balance that is another, a hold that is another, an asset that is not there', () => {
    expect(problems((accounts) => { own(accounts, 'ann', USD).total = '9999'; })).toEqual([expect.stringMatching(/^ann USD has 9999 units and holds \d+ in Redis, \d+ and \d+ by record and log$/)]);
    expect(problems((accounts) => { own(accounts, 'bob', BTC).held = '0'; })).toEqual([expect.stringMatching(/^bob BTC has \d+ units and holds 0 in Redis, \d+ and 30 by/)]);
    expect(problems((accounts) => { (accounts.find(({ account }) => account === 'ann') as Mutable<AccountState>).balances.pop(); })).toEqual([expect.stringMatching(/^ann USD has 0 units and holds 0 in Redis/)]);
    expect(problems((accounts) => { own(accounts, 'ann', USD).asset = 'ETH'; }).map((problem) => problem.split(' ')[1]).sort()).toEqual(['ETH', USD]);
  });

  test('an account that is gone, and one that came from nowhere', () => {
    expect(problems((accounts) => { accounts.splice(accounts.findIndex(({ account }) => account === ISSUANCE), 1); })).toEqual([
      '@issuance USD is not in Redis, and has -10000 units and holds 0 by record and log', '@issuance BTC is not in Redis, and has -1000 units and holds 0 by record and log',
    ]);
    expect(problems((accounts) => { accounts.push({ account: 'eve', details: null, balances: [{ asset: USD, total: '5', held: '0' }] }); })).toEqual([
      'eve USD has 5 units and holds 0 in Redis, 0 and 0 by record and log',
    ]);
  });

  test('nothing of what has changed since a page was read', () => {
    expect(problems((accounts) => { own(accounts, 'ann', USD).total = '9999'; }, 7)).toEqual([]);
    expect(problems((accounts) => { own(accounts, 'bob', BTC).held = '0'; }, 7)).not.toEqual([]);
  });
});

test('a record that does not add up is found at once', () => {
  const book = new BalanceBook('paper', SCALES, 3);
  book.take('ann', { asset: USD, total: '5', held: '0' });
  book.take(ISSUANCE, { asset: USD, total: '-4', held: '0' });
  expect(book.findings()).toEqual([{ account: null, asset: USD, what: 'adds up to 1 units over all accounts', sequence: 3 }]);
});
