import { FEES } from '../domain/money';
import type { Random } from '../seeded-random';
import type { Habit, Planned } from './habit';
import type { AckMode, Ledger } from './ledger';

type Rates = readonly Readonly<Record<string, string>>[];

export const DEFAULT_RATES: Rates = [{ maker: '-0.0001', taker: '0.0005' }];
/** What the better group is charged, one after the other; with everybody's no pair of them loses money. */
export const BETTER_RATES: readonly Rates[] = [
  [{ maker: '0', taker: '0.0003' }, { instrument: 'ETH-USD', maker: '-0.0002', taker: '0.0004' }],
  [{ maker: '-0.000123', taker: '0.000377' }],
  [{ instrument: 'BTC-USD', maker: '0.000001', taker: '0.000499' }, { maker: '-0.0002', taker: '0.0003' }],
];
export const BETTER_GROUP = 'vip';

/** Changes rates, and what accounts are: their group, and whether they may trade. */
export class OperatorHabit implements Habit {
  constructor(
    private readonly accounts: readonly string[], private readonly mode: AckMode, private readonly ledger: Ledger, private readonly random: Random,
  ) {}

  plan(): Planned {
    if (this.random.next() < 0.2) return this.putRates(BETTER_GROUP, this.random.pick(BETTER_RATES));
    const account = this.random.pick(this.accounts);
    const change = this.random.pick([
      { fee_group: BETTER_GROUP }, { fee_group: 'default' }, { status: 'suspended' }, { status: 'active' }, { status: 'active' }, { name: `Name ${this.random.below(99)}` },
    ]);
    return this.change(account, change);
  }

  putRates(group: string, rates: Rates): Planned {
    // Fees are what moves: its keys are the account's that gets them.
    const command = this.ledger.enter(FEES, 'fee_group', this.mode);
    return { command, method: 'PUT', path: `/fee-groups/${group}`, body: { rates, idempotency_key: command.key }, byOperator: true, operation: null, learn: () => undefined };
  }

  /** @param deposits that it opens with: what an operator gives */
  open(account: string, deposits: readonly Readonly<Record<string, string>>[]): Planned {
    const command = this.ledger.enter(account, 'open_account', this.mode);
    const byOperator = deposits.length > 0;
    return { command, method: 'POST', path: '/accounts', body: { account_id: account, ...(byOperator && { deposits }), idempotency_key: command.key }, byOperator, operation: null, learn: () => undefined };
  }

  deposit(account: string, terms: Readonly<Record<string, string>>): Planned {
    const command = this.ledger.enter(account, 'deposit', this.mode);
    return { command, method: 'POST', path: '/deposits', body: { account_id: account, ...terms, idempotency_key: command.key }, byOperator: true, operation: null, learn: () => undefined };
  }

  change(account: string, terms: Readonly<Record<string, string>>): Planned {
    const command = this.ledger.enter(account, 'change_account', this.mode);
    return { command, method: 'PATCH', path: `/accounts/${account}`, body: { ...terms, idempotency_key: command.key }, byOperator: true, operation: null, learn: () => undefined };
  }
}
