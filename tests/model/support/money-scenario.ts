import type { MoneyScale } from '../../../src/domain/assets';
import type { EngineCommand } from '../../../src/domain/commands';
import { DEFAULT_FEE_GROUP, ISSUANCE, UNITS_MAX, type FeeRate } from '../../../src/domain/money';
import { referenceDigest, reversalDigest } from '../../../src/engine/idempotency';
import {
  ACCOUNTS, type AccountStep, type FeeGroupStep, type MoneyCommandStep, type MoneyProfile, type ReversalStep, type TransferEndStep, type TransferStep,
  type Units,
} from './money-steps';
import { BASES, CLIENTS, idOf, INSTRUMENTS, QUOTE, Scenario } from './scenario';

type Command<Op extends EngineCommand['op']> = Extract<EngineCommand, { op: Op }>;

/** An account that never trades. */
const SAVER = 'saver';
const ASSETS = [QUOTE, 'BTC', 'ETH'];
// Some are called as assets are, which stand in the same records.
const GROUPS = [DEFAULT_FEE_GROUP, 'vip', 'maker-1', 'USD', 'unheard-of'];
const NAMES = ['USD', '"', '\\', 'é\n', 'BTC', ','];
/**
 * Rebates that some takers pay for and some do not: of groups that stand beside each other one pair is refused, and a rebate of another
 * day gets back no more than its taker pays. The last maker stands beside takers only that do not pay enough.
 */
const MAKERS = [-30, -30, -7, 0, 0, 200, 100_000, -10_000];
const TAKERS = [30, 31, 500, 99_999, 0, 100_000, 7];
const TAKER_LEAST = 30;
/** Over at once, and not within any test. */
const TIMEOUTS_US = [1, 3_600_000_000];
/** Of an order that is neither small nor large. */
const LOTS = { plain: 6n, large: 10_000_000n };

/** Of whom credit may be unlimited: once given, it is never taken back, as that would leave debts without cover. */
const isTrusted = (client: number): boolean => client % 5 === 4;

/** Gives the steps of money their meaning, beside those of orders. */
export class MoneyScenario extends Scenario {
  /** By instrument. */
  readonly scales: ReadonlyMap<string, MoneyScale>;
  private readonly sizes: readonly (readonly bigint[])[];
  /** Of those that have happened or may have, oldest first. */
  private readonly made: Command<'transfer'>[] = [];
  private readonly pending: Command<'transfer'>[] = [];
  private ids = 0;

  /** @param hasShortTimeouts whether transfers may be over at once: for whoever knows the moment of every command */
  constructor(private readonly money: MoneyProfile, private readonly hasShortTimeouts = true) {
    super(money, { base: Math.log10(money.lotUnits), quote: Math.log10(money.valueUnits) });
    const [lotUnits, valueUnits] = [BigInt(money.lotUnits), BigInt(money.valueUnits)];
    this.scales = new Map(INSTRUMENTS.map((instrument, i) => [instrument, { base: BASES[i] as string, quote: QUOTE, lotUnits, valueUnits }]));
    const lots = money.large ? LOTS.large : LOTS.plain;
    this.sizes = ASSETS.map((asset) => {
      const worth = asset === QUOTE ? BigInt(this.base + 4) * lots * valueUnits : lots * lotUnits;
      return [1n, worth, 10n * worth, 1_000n * worth, 2n ** 53n, 10n ** 20n, UNITS_MAX];
    });
  }

  /** What goes ahead of the steps: what everybody is charged, and accounts that have something. */
  opening(): EngineCommand[] {
    if (this.money.funds === 'off') return [];
    const accounts = CLIENTS.slice(0, this.money.opened).map((account, i): EngineCommand => ({
      op: 'account', actor: null, account, opens: true, name: null, status: null, credit: i === ACCOUNTS - 1 ? 'unlimited' : null, feeGroup: null,
      deposits: ASSETS.map((asset, at) => ({ asset, amount: this.units(at, { size: this.money.wealth, off: 0 }) })), ...this.keyed(null, null),
    }));
    if (this.money.fees === 'none') return accounts;
    const fees: EngineCommand = {
      op: 'fee_group', actor: null, group: DEFAULT_FEE_GROUP, rates: [{ instrument: null, makerRate: this.maker(0), takerRate: TAKER_LEAST }], ...this.keyed(null, null),
    };
    return [fees, ...accounts];
  }

  /** @param sequence of the shard, from which mass cancels count back */
  moneyCommand(step: MoneyCommandStep, sequence: number, nowUs: number): EngineCommand {
    switch (step.op) {
      case 'place': {
        const { failAt, ...rest } = step;
        const command = this.place(rest, nowUs);
        return failAt === null ? command : { ...command, failAt };
      }
      case 'list':
      case 'cancel':
      case 'amend':
      case 'mass_cancel':
      case 'kill':
      case 'lease':
      case 'cancel_after':
      case 'instrument': return this.command(step, sequence, nowUs);
      case 'account': return this.account(step);
      case 'fee_group': return this.feeGroup(step);
      case 'transfer_end': return this.end(step);
      case 'reversal': return this.reversal(step);
      case 'deposit': {
        const asset = ASSETS[step.asset] as string;
        const reference = step.reference === null ? null : `ref "${step.reference}"`;
        return this.transfer({
          kind: 'deposit', pending: false, from: ISSUANCE, to: this.client(step.account), asset, amount: this.units(step.asset, step.amount),
          reference, referenceDigest: reference === null ? null : referenceDigest(asset, reference), note: null, timeoutUs: null, reverses: null,
          ...this.keyed(step.key, { deposit: step.asset }),
        });
      }
      case 'withdrawal': return this.transfer({
        kind: 'withdrawal', pending: true, from: this.client(step.account), to: ISSUANCE, asset: ASSETS[step.asset] as string,
        amount: this.units(step.asset, step.amount), reference: null, referenceDigest: null, note: 'to "where"', timeoutUs: this.timeout(step.timeout),
        reverses: null, ...this.keyed(step.key, { withdrawal: step.asset }),
      });
      case 'transfer': return this.transfer({
        kind: 'transfer', pending: step.pending, from: this.client(step.from), to: this.receiver(step), asset: ASSETS[step.asset] as string,
        amount: this.units(step.asset, step.amount), reference: null, referenceDigest: null, note: null,
        timeoutUs: step.pending ? this.timeout(step.timeout) : null, reverses: null, ...this.keyed(step.key, { transfer: step.asset }),
      });
    }
  }

  private account({ account, opens, name, status, credit, feeGroup, deposits, key }: AccountStep): EngineCommand {
    // Most of those that are to close are who something is on its way to.
    const receiver = !opens && status === 'closed' && account % 4 !== 0 ? this.pending.findLast(({ to }) => to.startsWith(SAVER))?.to : undefined;
    const named = receiver ?? this.client(account);
    const mayBeUnlimited = isTrusted(CLIENTS.indexOf(named));
    return {
      op: 'account', actor: null, account: named, opens, name: name === null ? null : NAMES[name] as string, status,
      credit: credit === 'unlimited' && !mayBeUnlimited ? null : credit, feeGroup: feeGroup === null ? null : GROUPS[feeGroup] as string,
      // Closed is only what has nothing.
      deposits: opens && status !== 'closed' ? deposits.map(({ asset, amount }) => ({ asset: ASSETS[asset] as string, amount: this.units(asset, amount) })) : [],
      ...this.keyed(key, { account: named, status }),
    };
  }

  private transfer(command: Omit<Command<'transfer'>, 'op' | 'actor' | 'transferId'>): EngineCommand {
    const transferId = idOf(400_000, ++this.ids);
    const made: Command<'transfer'> = { op: 'transfer', actor: null, transferId, ...command };
    this.made.push(made);
    if (made.pending) this.pending.push(made);
    return made;
  }

  /** Where nothing came before, a first transfer of one unit is moved back that never was. */
  private reversal({ back, key }: ReversalStep): EngineCommand {
    const original = this.made[this.made.length - 1 - (back % Math.max(1, this.made.length))];
    const reverses = original?.transferId ?? idOf(500_000, back);
    return this.transfer({
      kind: 'reversal', pending: false, from: original?.to ?? this.client(0), to: original?.from ?? this.client(1), asset: original?.asset ?? QUOTE,
      amount: original?.amount ?? '1', reference: null, referenceDigest: reversalDigest(reverses), note: null, timeoutUs: null, reverses,
      ...this.keyed(key, { reverse: back }),
    });
  }

  private end({ back, status, part, key }: TransferEndStep): EngineCommand {
    const pending = this.pending[this.pending.length - 1 - back];
    // Of a sixth of one unit nothing is left, and nothing is no amount.
    const sixths = pending === undefined || part === null ? null : BigInt(pending.amount) * BigInt(part) / 6n;
    return {
      op: 'transfer_end', actor: null, transferId: pending?.transferId ?? idOf(500_000, back), status,
      amount: status !== 'posted' || sixths === null || sixths === 0n ? null : String(sixths), ...this.keyed(key, { end: status }),
    };
  }

  private feeGroup({ group, rates, rest, key }: FeeGroupStep): EngineCommand {
    const rateOf = (instrument: string | null, maker: number, taker: number): FeeRate => ({ instrument, makerRate: this.maker(maker), takerRate: this.taker(maker, taker) });
    const all = rates.map(({ instrument, maker, taker }) => rateOf(INSTRUMENTS[instrument] as string, maker, taker));
    const other = rest ?? (group === 0 ? { maker: 3, taker: TAKERS.length - 1 } : null);
    if (other !== null) all.push(rateOf(null, other.maker, other.taker));
    return { op: 'fee_group', actor: null, group: GROUPS[group] as string, rates: all, ...this.keyed(key, { group }) };
  }

  /** Nobody sends money to himself. Some of what is pending is for somebody who has nothing yet, and so may close before it comes. */
  private receiver({ from, to, pending }: TransferStep): string {
    if (pending && to % 2 === 0) return `${SAVER}-${this.ids}`;
    return this.client(from) === this.client(to) ? SAVER : this.client(to);
  }

  private maker(at: number): number {
    const rate = MAKERS[at] as number;
    return this.money.fees === 'rebates' || at === MAKERS.length - 1 ? rate : Math.max(0, rate);
  }

  private taker(maker: number, at: number): number {
    const rate = TAKERS[at] as number;
    if (maker === MAKERS.length - 1) return Math.min(rate, 9_999);
    return rate;
  }

  private timeout(at: number | null): number | null {
    return at === null ? null : TIMEOUTS_US[this.hasShortTimeouts ? at : TIMEOUTS_US.length - 1] as number;
  }

  private units(asset: number, { size, off }: Units): string {
    const units = (this.sizes[asset]?.[size] ?? 1n) + BigInt(off);
    return String(units < 1n ? 1n : units > UNITS_MAX ? UNITS_MAX : units);
  }
}
