import type { Random } from '../seeded-random';
import type { Habit, Planned } from './habit';
import type { AckMode, Ledger, Op, Reference } from './ledger';

type Body = Readonly<Record<string, unknown>>;

/** Deposits whose reference may be sent again. */
const REFERENCES_MAX = 30;
/** Decimals of the assets of the venue's default instruments, and about what an amount of each is worth. */
const ASSETS = [{ asset: 'USD', decimals: 10, size: 20_000 }, { asset: 'BTC', decimals: 8, size: 1 }, { asset: 'ETH', decimals: 6, size: 1 }] as const;
const TIMEOUT_MAX_S = 4;
/** What only an operator does. */
const OPERATORS = /^\/deposits$|\/(complete|reject|reverse)$/;

interface Moved {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly amount: string;
}

/** Brings money of its accounts in and out, sends it to others, at once and in two phases, and moves some of it back. */
export class MoneyHabit implements Habit {
  private readonly withdrawals: Moved[] = [];
  private readonly pending: Moved[] = [];
  private readonly posted: Moved[] = [];
  private readonly deposits: { readonly account: string; readonly terms: Body; readonly reference: Reference }[] = [];
  private references = 0;

  /** @param others accounts that money is sent to */
  constructor(
    private readonly accounts: readonly string[], private readonly others: readonly string[], private readonly mode: AckMode, private readonly ledger: Ledger,
    private readonly random: Random,
  ) {}

  plan(): Planned {
    const choice = this.random.next();
    if (choice < 0.25) return this.deposit();
    if (choice < 0.35) return this.withdraw();
    if (choice < 0.5 && this.withdrawals.length > 0) return this.endWithdrawal(this.taken(this.withdrawals));
    if (choice < 0.7) return this.transfer(false);
    if (choice < 0.8) return this.transfer(true);
    if (choice < 0.9 && this.pending.length > 0) return this.endTransfer(this.taken(this.pending));
    if (this.posted.length > 0) return this.reverse(this.random.pick(this.posted));
    return this.deposit();
  }

  private command(account: string, op: Op, path: string, terms: Body, learn: Planned['learn'], reference: Reference | null = null): Planned {
    const command = this.ledger.enter(account, op, this.mode, reference);
    return { command, method: 'POST', path, body: { ...terms, idempotency_key: command.key }, byOperator: OPERATORS.test(path), operation: null, learn };
  }

  private deposit(): Planned {
    const again = this.random.next();
    if (again < 0.2 && this.deposits.length > 0) {
      const { account, terms, reference } = this.random.pick(this.deposits);
      // The same once more, or something else by the same reference.
      const changed = again < 0.05 ? { ...terms, amount: this.amount(reference.asset) } : terms;
      return this.command(account, 'deposit', '/deposits', changed, () => undefined, reference);
    }
    const account = this.random.pick(this.accounts);
    const { asset } = this.random.pick(ASSETS);
    const terms = { account_id: account, asset, amount: this.amount(asset) };
    if (this.random.next() < 0.4) return this.command(account, 'deposit', '/deposits', terms, () => undefined);
    const reference = { asset, reference: `wire-${this.accounts[0] ?? ''}-${++this.references}` };
    this.deposits.push({ account, terms: { ...terms, reference: reference.reference }, reference });
    if (this.deposits.length > REFERENCES_MAX) this.deposits.shift();
    return this.command(account, 'deposit', '/deposits', { ...terms, reference: reference.reference }, () => undefined, reference);
  }

  private withdraw(): Planned {
    const account = this.random.pick(this.accounts);
    const { asset } = this.random.pick(ASSETS);
    const amount = this.amount(asset);
    return this.command(account, 'withdrawal', '/withdrawals', { account_id: account, asset, amount }, (status, { withdrawal_id: id }) => {
      if (status === 201 && typeof id === 'string') this.withdrawals.push({ id, from: account, to: '', amount });
    });
  }

  private endWithdrawal({ id, from }: Moved): Planned {
    const end = this.random.pick(['complete', 'complete', 'reject', 'cancel'] as const);
    return this.command(from, 'end_withdrawal', `/withdrawals/${id}/${end}`, {}, () => undefined);
  }

  private transfer(isPending: boolean): Planned {
    const from = this.random.pick(this.accounts);
    const to = this.random.pick(this.others.filter((other) => other !== from));
    const { asset } = this.random.pick(ASSETS);
    const amount = this.amount(asset);
    const phases = isPending ? { pending: true, ...(this.random.next() < 0.7 ? { timeout_s: 1 + this.random.below(TIMEOUT_MAX_S) } : {}) } : {};
    return this.command(from, 'transfer', '/transfers', { from, to, asset, amount, ...phases }, (status, { transfer_id: id }) => {
      if (status === 201 && typeof id === 'string') (isPending ? this.pending : this.posted).push({ id, from, to, amount });
    });
  }

  private endTransfer({ id, from, amount }: Moved): Planned {
    const choice = this.random.next();
    if (choice < 0.4) return this.command(from, 'end_transfer', `/transfers/${id}/void`, {}, () => undefined);
    // More than it is, now and then.
    const part = choice < 0.7 ? { amount: choice < 0.45 ? `1${amount}` : '0.000001' } : {};
    return this.command(from, 'end_transfer', `/transfers/${id}/post`, part, () => undefined);
  }

  private reverse(moved: Moved): Planned {
    return this.command(moved.to, 'reversal', `/transfers/${moved.id}/reverse`, {}, (status) => {
      const at = this.posted.indexOf(moved);
      // One that was moved back is tried once more, now and then.
      if (at >= 0 && (status !== 201 || this.random.next() < 0.7)) this.posted.splice(at, 1);
    });
  }

  private taken(from: Moved[]): Moved {
    const at = this.random.below(from.length);
    const [moved] = from.splice(at, 1) as [Moved];
    // Ends of what has come to its end are refused.
    if (this.random.next() < 0.15) from.push(moved);
    return moved;
  }

  /** Of any number of digits that the asset has. */
  private amount(asset: string): string {
    const { decimals, size } = ASSETS.find((one) => one.asset === asset) ?? ASSETS[0];
    const whole = this.random.below(size);
    const fraction = String(1 + this.random.below(10 ** decimals - 1)).padStart(decimals, '0');
    return `${whole}.${fraction}`;
  }
}
