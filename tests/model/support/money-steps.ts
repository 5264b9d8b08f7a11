import fc from 'fast-check';
import { FAILURE_STEPS, type FailureStep } from '../../../src/domain/commands';
import type { AccountStatus, Credit, Funds, TransferEnd } from '../../../src/domain/money';
import {
  back, orderSteps, persist, pick, profileFields, record, sometimes, StepsArbitrary, STEPS_PER_SEQUENCE, time, upTo,
  type AmendStep, type CancelAfterStep, type CancelStep, type InstrumentStep, type KillStep, type LeaseStep, type ListStep, type MassCancelStep, type PersistStep, type PlaceStep, type Profile,
  type TimeStep,
} from './steps';

/** Random sequences of orders and money together, in the manner of steps.ts. */

export const ACCOUNTS = 20;

/** An amount: one of the scenario's sizes, and so many units off it. */
export interface Units {
  readonly size: number;
  readonly off: number;
}

export interface MoneyPlaceStep extends PlaceStep {
  readonly failAt: FailureStep | null;
}

export interface AccountStep {
  readonly op: 'account';
  readonly account: number;
  readonly opens: boolean;
  readonly name: number | null;
  readonly status: AccountStatus | null;
  readonly credit: Exclude<Credit, 'venue'> | null;
  readonly feeGroup: number | null;
  readonly deposits: readonly { readonly asset: number; readonly amount: Units }[];
  readonly key: number | null;
}

interface MovingStep {
  readonly asset: number;
  readonly amount: Units;
  readonly key: number | null;
}

export interface DepositStep extends MovingStep {
  readonly op: 'deposit';
  readonly account: number;
  readonly reference: number | null;
}

export interface WithdrawalStep extends MovingStep {
  readonly op: 'withdrawal';
  readonly account: number;
  readonly timeout: number | null;
}

export interface TransferStep extends MovingStep {
  readonly op: 'transfer';
  readonly from: number;
  readonly to: number;
  readonly pending: boolean;
  /** Which of the scenario's timeouts, null for none. */
  readonly timeout: number | null;
}

/** Moves back a transfer, by how many ago it came. */
export interface ReversalStep {
  readonly op: 'reversal';
  readonly back: number;
  readonly key: number | null;
}

/** Ends a pending transfer, by how many ago it came; beyond the first, one that never was. */
export interface TransferEndStep {
  readonly op: 'transfer_end';
  readonly back: number;
  readonly status: TransferEnd;
  /** null for all of it, a small number for that part of it, in sixths. */
  readonly part: number | null;
  readonly key: number | null;
}

export interface FeeGroupStep {
  readonly op: 'fee_group';
  readonly group: number;
  readonly rates: readonly { readonly instrument: number; readonly maker: number; readonly taker: number }[];
  /** Of every other instrument; group 0, which everybody falls back on, always has them. */
  readonly rest: { readonly maker: number; readonly taker: number } | null;
  readonly key: number | null;
}

/** What an audit of balances says: that they do not add up, or that they do. */
export interface BreachStep {
  readonly op: 'breach';
  readonly isFound: boolean;
}

export type MoneyCommandStep =
  | MoneyPlaceStep | ListStep | CancelStep | AmendStep | MassCancelStep | KillStep | CancelAfterStep | LeaseStep | InstrumentStep
  | AccountStep | DepositStep | WithdrawalStep | TransferStep | ReversalStep | TransferEndStep | FeeGroupStep;
export type MoneyStep = MoneyCommandStep | PersistStep | BreachStep | TimeStep;

export interface MoneyProfile extends Profile {
  readonly funds: Funds;
  /** Units of the base in a lot, and of the quote in a tick of a lot. */
  readonly lotUnits: number;
  readonly valueUnits: number;
  /** How many accounts are there from the beginning, and the size of what each has of every asset. */
  readonly opened: number;
  readonly wealth: number;
  /** Whether orders are charged, and whether some get money back. */
  readonly fees: 'none' | 'plain' | 'rebates';
}

export interface MoneySequence {
  readonly profile: MoneyProfile;
  readonly steps: readonly MoneyStep[];
}

/** Sizes of amounts: see the scenario. */
export const SIZES = 7;
const ENOUGH = 3;
/** Rarer than where there are orders alone: a repeat tells nothing of money. */
const key = fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: upTo(24) });
const account = upTo(ACCOUNTS - 1);
const asset = pick([4, 0], [2, 1], [1, 2]);
const off = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 3, arbitrary: upTo(3, -3) });
const amount: fc.Arbitrary<Units> = record({ size: pick([1, 0], [6, 1], [4, 2], [3, ENOUGH], [2, 4], [2, 5], [1, 6]), off });
const timeout = sometimes(upTo(1), 3);

const orders = orderSteps(ACCOUNTS, key);

const accountStep: fc.Arbitrary<AccountStep> = record({
  op: fc.constant('account' as const),
  account,
  opens: fc.boolean(),
  name: sometimes(upTo(5), 2),
  status: pick<AccountStatus | null>([6, null], [4, 'active'], [1, 'suspended'], [3, 'closed']),
  credit: pick<Exclude<Credit, 'venue'> | null>([4, null], [1, 'none'], [1, 'unlimited']),
  feeGroup: sometimes(upTo(4), 2),
  deposits: fc.array(record({ asset, amount }), { maxLength: 3 }),
  key,
});
const deposit: fc.Arbitrary<DepositStep> = record({ op: fc.constant('deposit' as const), account, asset, amount, reference: sometimes(upTo(7), 2), key });
const withdrawal: fc.Arbitrary<WithdrawalStep> = record({ op: fc.constant('withdrawal' as const), account, asset, amount, timeout, key });
const transfer: fc.Arbitrary<TransferStep> = record({
  op: fc.constant('transfer' as const), from: account, to: account, asset, amount, pending: fc.boolean(), timeout, key,
});
const reversal: fc.Arbitrary<ReversalStep> = record({ op: fc.constant('reversal' as const), back, key });
const transferEnd: fc.Arbitrary<TransferEndStep> = record({
  op: fc.constant('transfer_end' as const),
  back: fc.oneof({ weight: 5, arbitrary: upTo(4) }, { weight: 1, arbitrary: upTo(40) }),
  status: pick<TransferEnd>([6, 'posted'], [2, 'voided'], [1, 'rejected'], [3, 'expired']),
  part: sometimes(upTo(7, 1), 3),
  key,
});
/** Rates by the scenario's tables. */
const rates = { maker: upTo(7), taker: upTo(6) };
const feeGroup: fc.Arbitrary<FeeGroupStep> = record({
  op: fc.constant('fee_group' as const),
  group: upTo(3),
  rates: fc.uniqueArray(record({ instrument: upTo(2), ...rates }), { maxLength: 3, selector: ({ instrument }) => instrument }),
  rest: sometimes(record(rates), 3),
  key,
});
/** Seldom found, and soon over: little happens meanwhile. */
const breach: fc.Arbitrary<BreachStep> = record({ op: fc.constant('breach' as const), isFound: pick([1, true], [12, false]) });

const step: fc.Arbitrary<MoneyStep> = fc.oneof(
  {
    weight: 50,
    arbitrary: record<MoneyPlaceStep>({
      ...orders.place,
      failAt: fc.oneof({ weight: 40, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.constantFrom(...FAILURE_STEPS) }),
    }),
  },
  { weight: 9, arbitrary: orders.list },
  { weight: 10, arbitrary: orders.cancel },
  { weight: 20, arbitrary: orders.amend },
  { weight: 2, arbitrary: orders.massCancel },
  { weight: 3, arbitrary: orders.kill },
  { weight: 3, arbitrary: orders.cancelAfter },
  { weight: 2, arbitrary: orders.lease },
  { weight: 4, arbitrary: orders.instrument },
  { weight: 7, arbitrary: accountStep },
  { weight: 5, arbitrary: deposit },
  { weight: 4, arbitrary: withdrawal },
  { weight: 6, arbitrary: transfer },
  { weight: 2, arbitrary: reversal },
  { weight: 8, arbitrary: transferEnd },
  { weight: 2, arbitrary: feeGroup },
  { weight: 3, arbitrary: persist },
  { weight: 5, arbitrary: breach },
  { weight: 4, arbitrary: time },
);

const profile: fc.Arbitrary<MoneyProfile> = record({
  ...profileFields(ACCOUNTS),
  funds: pick<Funds>([1, 'off'], [3, 'paper'], [12, 'required']),
  lotUnits: pick([2, 1], [1, 1000]),
  valueUnits: pick([3, 1], [1, 10], [1, 1_000_000]),
  opened: upTo(ACCOUNTS, 4),
  wealth: pick([2, 1], [6, 2], [6, ENOUGH], [1, 4], [3, 5]),
  fees: pick<MoneyProfile['fees']>([1, 'none'], [2, 'plain'], [5, 'rebates']),
});

export const moneySequences: fc.Arbitrary<MoneySequence> = record({ profile, steps: new StepsArbitrary(step, STEPS_PER_SEQUENCE) });
