import fc from 'fast-check';
import { moneySequences } from '../model/support/money-steps';
import { testSeed } from '../support/seed';
import { AlonePlay, type Seen } from './support/play-alone';

/** Each some 210 commands; MONEY_RUNS for more of them. */
const RUNS = Number(process.env.MONEY_RUNS ?? 60);

/** Where random sequences must have got to, or they test less than they say. */
const MUST_BE_SEEN = [
  'entry place', 'entry cancel', 'entry amend', 'entry mass_cancel', 'entry refuse', 'entry keep', 'entry account', 'entry transfer', 'entry transfer_end',
  'entry fee_group', 'trades', 'self-trades', 'rebates', 'maker fees', 'taker fees',
  'place insufficient_funds', 'amend insufficient_funds', 'place account_suspended', 'place account_closed', 'place balance_limit', 'place failure_injected',
  'account account_exists', 'account account_not_found', 'account account_not_empty', 'account fee_group_not_found', 'account funds_off',
  'deposit repeated by reference', 'deposit repeated by key', 'deposit balance_limit', 'deposit account_closed',
  'withdrawal insufficient_funds', 'withdrawal account_not_found', 'withdrawal account_suspended',
  'transfer insufficient_funds', 'transfer account_not_found', 'transfer account_suspended', 'reversal repeated by reference', 'reversal insufficient_funds',
  'reversal logged', 'transfer_end transfer_not_found', 'transfer_end transfer_resolved', 'transfer_end amount_above_transfer',
  'ended posted', 'ended voided', 'ended rejected', 'ended expired', 'posted in part',
  'account made by place', 'account made by transfer', 'fee_group fee_rates_lose_money',
  'balances past 2^53', 'balances past 10^20', 'balances below zero',
];

test('orders and money together keep every rule after every entry, and add up again from the log', () => {
  const seen: Seen = new Map();
  const seed = testSeed('money of the reference');
  fc.assert(fc.property(moneySequences, (sequence) => new AlonePlay(sequence, seen).run()), { seed, numRuns: RUNS });
  process.stderr.write(`money of the reference: ${RUNS} sequences, ${seen.get('commands') ?? 0} commands, ${seen.get('trades') ?? 0} trades\n`);
  if (process.env.MONEY_SEEN !== undefined) process.stderr.write([...seen].sort().map(([name, count]) => `${count}  ${name}\n`).join(''));
  expect(MUST_BE_SEEN.filter((name) => !seen.has(name))).toEqual([]);
}, 600_000);
