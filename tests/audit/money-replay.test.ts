import { compareMoney, compareReferences } from '../../src/audit/compare-money';
import { Finding } from '../../src/audit/finding';
import { JournalReplay } from '../../src/audit/journal-replay';
import type { UsedReference } from '../../src/audit/replayed-money';
import type { MoneyScale } from '../../src/domain/assets';
import type { LogEntry } from '../../src/domain/log-entry';
import { FEES, ISSUANCE, type AccountState } from '../../src/domain/money';
import { amendCommand, cancelCommand } from '../engine/support/desk';
import { accountOf, BTC, depositOf, endOf, feesOf, order, SCALES, Till, transferIdOf, transferOf, USD } from '../reference/support/till';

/** A journal of money, played again: what follows from what came before is taken, and nothing else. */

type Mutable<T> = T extends readonly (infer E)[] ? Mutable<E>[] : T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T;
type Entry = Mutable<LogEntry>;
type Balance = Extract<Entry['events'][number], { type: 'balance' }>;

function replayed(log: readonly LogEntry[], scales: ReadonlyMap<string, MoneyScale> = SCALES): { readonly replay: JournalReplay; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const replay = new JournalReplay((problem) => problems.push(problem), scales);
  for (const entry of log) replay.add(entry);
  return { replay, problems };
}
const problemsOf = (log: readonly LogEntry[]): string => replayed(log).problems.join('\n');

/** Balances as an engine may tell them: in another order, and also those that have not changed. */
function toldOtherwise(log: readonly LogEntry[]): LogEntry[] {
  const known = new Map<string, Balance>();
  return log.map((entry) => {
    const extra = entry.balances.length === 0 ? [] : [...known.values()].filter(({ account, asset }) => !entry.balances.some((one) => one.account === account && one.asset === asset));
    for (const balance of entry.balances) known.set(JSON.stringify([balance.account, balance.asset]), balance);
    const balances = [...entry.balances, ...extra.slice(0, 2)].reverse();
    return { ...entry, events: [...entry.events.filter(({ type }) => type !== 'balance'), ...balances], balances };
  });
}

function sample(): Till {
  const till = new Till();
  till.do(feesOf('default', [null, -100, 20_000]));
  till.do(accountOf('ann', { deposits: [[USD, '10000']], credit: 'none' }));
  till.do(accountOf('bob', { deposits: [[BTC, '1000']], key: 'open' }));
  till.place('buy', 100, 4, 'ann', { name: 'mine' });
  till.do(order('sell', 90, 3, 'bob'));
  const first = transferIdOf(till.do(transferOf('transfer', 'ann', 'bob', USD, 50, { pending: true, timeoutUs: 50 })));
  const second = transferIdOf(till.do(transferOf('withdrawal', 'ann', ISSUANCE, USD, 70)));
  till.do(endOf(second, 'posted', 30));
  till.do(endOf(second, 'posted', null, 'again'));
  till.do(endOf(second.replace('01900000', '01900001'), 'voided', null, 'unknown'));
  till.do(depositOf('ann', USD, 5, { reference: 'r', referenceDigest: 'digest', request: { amount: '5' } }));
  // Refused without showing the order, which only its client's name for it names.
  till.do(amendCommand({ clientId: 'ann', clientOrderId: 'mine' }, { quantity: 1_000, key: 'amend' }));
  till.do({ ...order('sell', 90, 1, 'bob', { key: 'failed' }), failAt: 'settle' } as never);
  till.do(cancelCommand({ clientId: 'ann', clientOrderId: 'mine' }));
  till.timeUs += 100;
  till.do(endOf(first, 'posted', null, 'late'));
  till.do(endOf(first, 'expired'));
  return till;
}

test('a sound journal is played to what the shard holds, however its balances are told', () => {
  const till = sample();
  expect(till.log.filter(({ kind }) => kind === 'refuse').map(({ code }) => code)).toEqual([19, 18, 10, 24, 19]);
  for (const log of [till.log, toldOtherwise(till.log)]) {
    const { replay, problems } = replayed(log);
    expect(problems).toEqual([]);
    const { accounts, feeGroups, transfers, books, openOrders } = replay.state();
    const held = till.shard.state();
    expect({ accounts, feeGroups, transfers, books, openOrders }).toEqual({
      accounts: held.accounts, feeGroups: held.feeGroups, transfers: held.transfers, books: held.books, openOrders: held.openOrders,
    });
  }
});

test.each<[string, (log: Entry[]) => void, RegExp]>([
  ['a unit too much at one account', (log) => { balance(log, 5, 'bob', USD).total += '0'; }, /entry 5: balances of USD add up/],
  ['a unit from one account to another', (log) => { move(log, 5, 'bob', 'ann', 1n); }, /entry 5 .*\.total/],
  ['a hold left behind', (log) => { without(log, 14, 'ann', USD); }, /entry 14 releases nothing/],
  ['a hold left behind of a part-filled order', (log) => { balance(log, 5, 'ann', USD).held = '1200'; }, /entry 5 .*\.held/],
  ['a fee not credited', (log) => { without(log, 5, FEES, USD); }, /entry 5: balances of USD add up/],
  ['a fee that is another', (log) => { ((log[4] as Entry).fills[0] as { takerFee: string }).takerFee = '17'; }, /entry 5: order .* was charged/],
  ['a transfer that posts more than it says', (log) => { move(log, 8, 'ann', ISSUANCE, 40n); }, /entry 8 .*\.total/],
  ['a deposit that happens twice', (log) => { again(log, 11); }, /it is repeated/],
  ['an account that is made twice', (log) => { again(log, 3); }, /entry 17 .*\.kind: expected "refuse"/],
  ['another account in its place', (log) => { ((log[1] as Entry).events[0] as { account: { credit: string } }).account.credit = 'unlimited'; }, /entry 2 .*\.credit/],
  ['an expiry that is early', (log) => { (log[15] as Entry).timeUs -= 100; (log[14] as Entry).timeUs -= 100; }, /entry 15/],
  ['a refusal for want of what is there', (log) => { (log[11] as Entry).code = 11; }, /entry 12 .*\.code/],
  ['a shortfall of another amount', (log) => { ((log[11] as Entry).events[0] as { available: string }).available = '0'; }, /entry 12 .*\.available/],
  ['a transfer that is pending and said to be missing', (log) => { ((log[9] as Entry).command as { transferId: string }).transferId = transferIdOf(log[5] as LogEntry); }, /entry 10 .* is pending/],
])('what does not follow is told of: %s', (_, corrupt, problem) => {
  const log = structuredClone(sample().log) as Entry[];
  corrupt(log);
  expect(problemsOf(log as LogEntry[])).toMatch(problem);
});

function balance(log: readonly Entry[], sequence: number, account: string, asset: string): Balance {
  const found = log[sequence - 1]?.balances.find((one) => one.account === account && one.asset === asset);
  if (found === undefined) throw new Error(`entry ${sequence} tells no ${asset} of ${account}`);
  return found;
}

function move(log: readonly Entry[], sequence: number, from: string, to: string, units: bigint): void {
  for (const [account, sign] of [[from, -1n], [to, 1n]] as const) {
    const own = balance(log, sequence, account, USD);
    own.total = String(BigInt(own.total) + sign * units);
  }
}

function without(log: readonly Entry[], sequence: number, account: string, asset: string): void {
  const gone = balance(log, sequence, account, asset);
  const entry = log[sequence - 1] as Entry;
  entry.events = entry.events.filter((event) => event !== gone);
  entry.balances = entry.balances.filter((event) => event !== gone);
}

function again(log: Entry[], sequence: number): void {
  const last = log.at(-1) as Entry;
  log.push({ ...(log[sequence - 1] as Entry), sequence: last.sequence + 1, timeUs: last.timeUs });
}

describe('funds that are turned on and off', () => {
  test('hold what is open from then on, also where a cancel is the first to tell', () => {
    const till = new Till();
    till.limits.funds = 'off';
    const first = till.place('buy', 100, 2, 'ann');
    till.place('buy', 90, 2, 'ann');
    till.do(cancelCommand(till.place('sell', 300, 1, 'bob')));
    till.limits.funds = 'paper';
    till.do(cancelCommand(first));
    expect(till.log.at(-1)?.balances).toEqual([{ type: 'balance', account: 'ann', asset: USD, total: '0', held: '540' }]);
    till.do(order('sell', 90, 1, 'bob'));
    till.limits.funds = 'off';
    const last = till.place('sell', 400, 1, 'bob');
    till.do(order('sell', 90, 1, 'bob'));
    till.do(cancelCommand(last));
    till.place('buy', 10, 1, 'ann');
    till.limits.funds = 'required';
    till.deposit('ann', USD, 1_000);
    const { replay, problems } = replayed(till.log);
    expect(problems).toEqual([]);
    expect(replay.state().accounts).toEqual(till.shard.state().accounts);
    expect(till.balance('ann', USD)).toEqual([730n, 30n]);
  });

  test('hold it also before anything has happened since', () => {
    const till = new Till();
    till.limits.funds = 'off';
    till.place('buy', 100, 2, 'ann');
    const { replay } = replayed(till.log);
    replay.keepsMoney('paper');
    expect(replay.state().accounts).toMatchObject([{ account: 'ann', balances: [{ asset: USD, total: '0', held: '600' }] }]);
  });

  test('journals of before are of funds that were off', () => {
    const till = new Till();
    till.limits.funds = 'off';
    const bid = till.place('buy', 100, 2, 'ann');
    till.do(order('sell', 100, 1, 'bob'));
    till.do(amendCommand(bid, { price: 101 }));
    till.do(cancelCommand(bid));
    expect(problemsOf(till.log.map((entry) => ({ ...entry, version: 3 })))).toBe('');
  });
});

test('what a shard holds of money is held against the replay, thing by thing', () => {
  const till = sample();
  till.do(transferOf('transfer', 'ann', 'bob', USD, 1, { pending: true }));
  const expected = replayed(till.log).replay.state();
  const problems = (corrupt: (state: Mutable<typeof expected>) => void): string => {
    const actual = structuredClone(expected) as Mutable<typeof expected>;
    corrupt(actual);
    const finding = new Finding('money');
    compareMoney(expected, actual, finding);
    return finding.problems.join('\n');
  };
  const balancesOf = (state: Mutable<typeof expected>, account: string): Mutable<typeof expected>['accounts'][number]['balances'] => state.accounts.find((one) => one.account === account)?.balances ?? [];
  expect(problems((state) => { balancesOf(state, 'ann').push({ asset: 'ETH', total: '0', held: '0' }); })).toBe('');
  expect(problems((state) => { (balancesOf(state, 'bob')[0] as { total: string }).total = '1'; })).toMatch(/^balance of bob in BTC \.total: expected "970", got "1"$/);
  expect(problems((state) => { balancesOf(state, 'ann').pop(); })).toMatch(/balance of ann in USD/);
  expect(problems((state) => { ((state.accounts.at(-1) as AccountState).details as { status: string }).status = 'closed'; })).toMatch(/account bob \.status/);
  expect(problems((state) => { state.feeGroups = []; })).toMatch(/group of fees default is missing/);
  expect(problems((state) => { state.transfers = []; })).toMatch(/pending transfer .* is missing/);
});

test('what happens once for ever is held against its entry', () => {
  const used: UsedReference[] = [{ kind: 'deposit', asset: USD, reference: 'r', sequence: 3 }, { kind: 'reversal', transferId: 't', sequence: 5 }];
  const digests = { key: (clientId: string, key: string) => `${clientId} ${key}`, reference: (asset: string, reference: string) => `${asset} ${reference}`, reversal: (transferId: string) => transferId };
  const problems = (...references: [digest: string, sequence: number][]): readonly string[] => {
    const finding = new Finding('money');
    compareReferences(used, references.map(([digest, sequence]) => ({ digest, sequence, second: 0 })), digests, finding);
    return finding.problems;
  };
  expect(problems(['USD r', 3], ['t', 5])).toEqual([]);
  expect(problems(['USD r', 3])).toEqual(['reversal of transfer t .sequence: expected 5, got null']);
  expect(problems(['USD r', 4], ['t', 5], ['x', 1])).toEqual([
    'reference r of a deposit of USD .sequence: expected 3, got 4', 'reference x points at entry 1, no deposit and no reversal has used it',
  ]);
});

test('an instrument whose assets are not known cannot be played', () => {
  expect(replayed(sample().log, new Map()).problems.join('\n')).toMatch(/the assets of instrument BTC-USD are not known/);
});
