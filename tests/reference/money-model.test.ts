import fc from 'fast-check';
import { moneySequences } from '../model/support/money-steps';
import { testSeed } from '../support/seed';
import { AlonePlay, type Seen } from './support/play-alone';
import { requireRebuildable } from './support/reckoned';

/** Each some 210 commands; MONEY_RUNS for more of them. */
const RUNS = Number(process.env.MONEY_RUNS ?? 100);

/** Where random sequences must have got to, or they test less than they say. */
const MUST_BE_SEEN = [
  'entry place', 'entry cancel', 'entry amend', 'entry mass_cancel', 'entry refuse', 'entry account', 'entry transfer', 'entry transfer_end',
  'entry fee_group', 'trades', 'self-trades', 'rebates', 'rebates cut short', 'maker fees', 'taker fees',
  'place insufficient_funds', 'place account_suspended', 'place failure_injected',
  'account account_exists', 'account account_not_found', 'account account_not_empty', 'account fee_group_not_found', 'account made by transfer',
  'deposit repeated by reference', 'deposit balance_limit', 'withdrawal insufficient_funds', 'withdrawal account_not_found',
  'transfer insufficient_funds', 'transfer account_not_found', 'reversal logged', 'reversal insufficient_funds', 'reversal repeated by reference',
  'transfer_end transfer_not_found', 'transfer_end transfer_resolved', 'ended posted', 'posted in part', 'ended voided', 'ended rejected', 'ended expired',
  'place balance_audit_breach', 'amend balance_audit_breach', 'withdrawal balance_audit_breach', 'transfer balance_audit_breach',
  'fee_group fee_rates_lose_money', 'balances past 2^53', 'balances past 10^20', 'balances below zero',
];
/** And from so many sequences on, each of these is certain enough. */
const RUNS_TO_SEE_ALL = 1_500;
const RARE = [
  'entry keep', 'account made by place', 'place balance_limit', 'place account_closed', 'amend insufficient_funds', 'amend account_suspended', 'amend balance_limit',
  'deposit account_closed', 'transfer account_closed', 'transfer_end account_closed', 'transfer account_suspended', 'withdrawal account_suspended', 'transfer balance_limit',
  'transfer_end amount_above_transfer', 'account balance_limit', 'account funds_off', 'deposit funds_off', 'transfer_end funds_off', 'fee_group funds_off',
];

test('orders and money together keep every rule after every entry, and add up again from the log, and from the open orders alone', async () => {
  const seen: Seen = new Map();
  const seed = testSeed('money of the reference');
  await fc.assert(fc.asyncProperty(moneySequences, async (sequence) => {
    const play = new AlonePlay(sequence, seen);
    play.run();
    const { state, scales, funds } = play.outcome;
    if (funds !== 'off') await requireRebuildable(state, scales, funds);
  }), { seed, numRuns: RUNS });
  process.stderr.write(`money of the reference: ${RUNS} sequences, ${seen.get('commands') ?? 0} commands, ${seen.get('trades') ?? 0} trades\n`);
  if (process.env.MONEY_SEEN !== undefined) process.stderr.write([...seen].sort().map(([name, count]) => `${count}  ${name}\n`).join(''));
  const expected = RUNS >= RUNS_TO_SEE_ALL ? [...MUST_BE_SEEN, ...RARE] : MUST_BE_SEEN;
  expect(expected.filter((name) => !seen.has(name))).toEqual([]);
}, 600_000);

test('a journal and the turns of FUNDS lead to the same, wherever money begins to be kept, or no longer is', () => {
  const funds = fc.constantFrom('off' as const, 'paper' as const, 'required' as const);
  const turns = fc.array(fc.tuple(fc.integer({ min: 0, max: 200 }), funds), { minLength: 1, maxLength: 8 });
  fc.assert(fc.property(moneySequences, turns, (sequence, when) => new AlonePlay(sequence, new Map(), new Map(when)).run()), {
    seed: testSeed('turns of funds'), numRuns: Math.ceil(RUNS / 4),
  });
}, 600_000);
