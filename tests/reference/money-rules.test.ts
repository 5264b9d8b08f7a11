import type { LogEntry } from '../../src/domain/log-entry';
import { FEES, ISSUANCE } from '../../src/domain/money';
import { invariantProblems } from '../../src/reference/invariants';
import { LogAudit } from '../../src/reference/log-audit';
import { cancelCommand } from '../engine/support/desk';
import { PostingsAudit } from '../model/support/postings';
import { accountOf, BTC, feesOf, order, SCALES, Till, transferOf, USD } from './support/till';

/** The rules that judge money, judged: each must notice what it is there to notice. */

type Mutable<T> = T extends readonly (infer E)[] ? Mutable<E>[] : T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T;

/** Two accounts that have traded with fees, one of them with an order and a pending transfer. */
function sample(): Till {
  const till = new Till();
  till.do(feesOf('default', [null, -100, 20_000]));
  till.do(accountOf('ann', { deposits: [[USD, '10000']], credit: 'none' }));
  till.do(accountOf('bob', { deposits: [[BTC, '100']] }));
  till.do(accountOf('rich', { credit: 'unlimited' }));
  till.place('buy', 100, 4, 'ann');
  till.do(order('sell', 90, 3, 'bob'));
  till.do(transferOf('transfer', 'ann', 'bob', USD, 50, { pending: true }));
  till.do(cancelCommand(till.place('buy', 1, 1, 'rich')));
  till.do(order('sell', 1, 1_000, 'bob', { key: 'k' }));
  return till;
}

type State = Mutable<ReturnType<Till['shard']['state']>>;

describe('rules of money', () => {
  const problemsOf = (state: State, funds: 'off' | 'paper' | 'required' = 'required'): string => invariantProblems(state, { funds, scales: SCALES }).join('\n');
  const account = (state: State, name: string): State['accounts'][number] => state.accounts.find((one) => one.account === name) as never;
  const balance = (state: State, name: string, asset: string): State['accounts'][number]['balances'][number] => account(state, name).balances.find((one) => one.asset === asset) as never;
  const move = (state: State, from: string, to: string, units: bigint): void => {
    for (const [name, sign] of [[from, -1n], [to, 1n]] as const) {
      const own = balance(state, name, USD);
      own.total = String(BigInt(own.total) + sign * units);
    }
  };

  test('find nothing wrong with a sound shard', () => {
    const state = sample().shard.state() as State;
    expect(problemsOf(state)).toBe('');
    expect(state.accounts.map((one) => one.account)).toEqual([FEES, ISSUANCE, 'ann', 'bob', 'rich']);
  });

  test.each<[string, (state: State) => void, RegExp]>([
    ['a unit too much', (state) => { balance(state, 'ann', USD).total += '0'; }, /asset USD adds up to/],
    ['a hold left behind', (state) => { balance(state, 'ann', BTC).held = '1'; }, /ann has 1 of BTC held, its orders and transfers say 0/],
    ['a hold that is missing', (state) => { balance(state, 'ann', USD).held = '50'; }, /ann has 50 of USD held, its orders and transfers say 3/],
    ['a transfer that holds nothing', (state) => { state.transfers = []; }, /its orders and transfers say 3/],
    ['a transfer that has ended', (state) => { Object.assign(state.transfers[0] as object, { status: 'posted' }); }, /is posted, and pending/],
    ['less than nothing held', (state) => { balance(state, 'bob', BTC).held = '-1'; }, /less than nothing is held/],
    ['more held than is there', (state) => { move(state, 'ann', 'bob', 9_000n); }, /ann has .* more is held than is there/],
    ['more rebates than fees', (state) => { move(state, FEES, 'bob', 1_000n); }, /@fees has .* more rebates than fees/],
    ['more than can be kept', (state) => { move(state, ISSUANCE, 'bob', 10n ** 31n); }, /bob has .* more than can be kept/],
    ['a balance that is there twice', (state) => { account(state, 'ann').balances.push(balance(state, 'ann', USD)); }, /two balances of USD/],
    ['an order of nobody', (state) => { account(state, 'ann').account = 'nobody'; }, /is of ann, who has no account/],
    ['an account by another name', (state) => { account(state, 'rich').account = 'poor'; }, /calls itself rich/],
    ['a group that is not there', (state) => { (account(state, 'ann').details as { feeGroup: string }).feeGroup = 'vip'; }, /is of group vip/],
    ['rates that lose money', (state) => { (state.feeGroups[0] as State['feeGroups'][number]).rates[0] = { instrument: null, makerRate: -2, takerRate: 1 }; }, /pay -1 millionths/],
    ['a customer that nothing is told of', (state) => { account(state, 'ann').details = null; }, /account ann is not told of/],
    ['fees past a whole unit', (state) => { (state.orders[0] as { fees: object }).fees = { makerRate: 1, takerRate: 1, units: '0', millionths: 1_000_000 }; }, /1000000 millionths/],
  ])('notice %s', (_, corrupt, problem) => {
    const state = structuredClone(sample().shard.state()) as State;
    corrupt(state);
    expect(problemsOf(state)).toMatch(problem);
  });

  test('ask for no cover where none is asked for, and for no holds where no money is kept', () => {
    const state = structuredClone(sample().shard.state()) as State;
    move(state, 'rich', 'ann', 5n);
    expect(account(state, 'rich').balances).toEqual([{ asset: USD, total: '-5', held: '0' }]);
    expect(problemsOf(state)).toBe('');
    move(state, 'ann', 'rich', 9_500n);
    expect(problemsOf(state, 'paper')).toBe('');
    balance(state, 'bob', BTC).held = '1';
    expect(problemsOf(state, 'off')).toBe('');
  });
});

describe('rules of a log of money', () => {
  type Entry = Mutable<LogEntry>;
  type Told = Entry['balances'][number];
  const problemsOf = (log: readonly LogEntry[]): string => {
    const [audit, postings] = [new LogAudit(), new PostingsAudit(SCALES)];
    return log.flatMap((entry) => [...audit.add(entry), ...postings.add(entry)]).join('\n');
  };
  const of = (log: Entry[], kind: string, nth = 0): Entry => log.filter((entry) => entry.kind === kind)[nth] as Entry;
  const told = (entry: Entry, account: string, asset: string): Told => entry.balances.find((one) => one.account === account && one.asset === asset) as Told;

  test('find nothing wrong with a sound one', () => {
    expect(problemsOf(sample().log)).toBe('');
  });

  const trade = (log: Entry[]): Entry => of(log, 'place', 1);
  test.each<[string, (log: Entry[]) => void, RegExp]>([
    ['a unit too much', (log) => { told(trade(log), 'bob', USD).total += '0'; }, /balances of USD add up to/],
    ['a fee that goes nowhere', (log) => { trade(log).balances = trade(log).balances.filter(({ account }) => account !== FEES); }, /balances of USD add up to -/],
    ['two that differ from what moved', (log) => {
      told(trade(log), 'ann', USD).total = '1';
      told(trade(log), 'bob', USD).total = '9981';
    }, /ann is told to have 1 of USD, its postings say/],
    ['a balance that is not told', (log) => { trade(log).balances = trade(log).balances.filter(({ asset }) => asset !== BTC); }, /changed and is not told/],
    ['a balance told twice', (log) => { trade(log).balances.push(told(trade(log), 'bob', USD)); }, /told twice/],
    ['less than nothing held', (log) => { told(trade(log), 'bob', USD).held = '-1'; }, /has -1 held/],
    ['a fee of the maker that its order does not count', (log) => { (trade(log).fills[0] as { makerFee: string }).makerFee = '5'; }, /does not count the trade's fee/],
    ['a fee of the taker that its order does not count', (log) => { (trade(log).fills[0] as { takerFee: string }).takerFee = '5'; }, /was charged 18, its trades say 5/],
    ['a refusal that changes a balance', (log) => { of(log, 'refuse').events.push(told(trade(log), 'bob', USD)); }, /is a refuse and changes .*: balance/],
    ['a refusal that makes an account', (log) => { of(log, 'refuse').events.push(of(log, 'account').events[0] as Entry['events'][number]); }, /money: account/],
  ])('notice %s', (_, corrupt, problem) => {
    const log = structuredClone(sample().log) as Entry[];
    corrupt(log);
    expect(problemsOf(log as LogEntry[])).toMatch(problem);
  });
});
