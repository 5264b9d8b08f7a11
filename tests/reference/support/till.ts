import type { MoneyScale } from '../../../src/domain/assets';
import type { CommandResult, EngineCommand, Refused, TransferCommand } from '../../../src/domain/commands';
import type { LogEntry } from '../../../src/domain/log-entry';
import { ISSUANCE, type AccountStatus, type Credit, type FeeRate, type TransferEnd } from '../../../src/domain/money';
import type { Order, Side } from '../../../src/domain/order';
import { ReferenceShard, type ReferenceLimits } from '../../../src/reference/shard';
import { amendCommand, entryOf, orderOf, placeCommand, refusalOf, type AmendOptions, type PlaceOptions } from '../../engine/support/desk';
import { TEST_LIMITS } from '../../engine/support/test-shard';

export const USD = 'USD';
export const BTC = 'BTC';
/** A lot is 10 units of the base, a tick of a lot 3 of the quote. */
export const SCALES: ReadonlyMap<string, MoneyScale> = new Map([
  ['BTC-USD', { base: BTC, quote: USD, lotUnits: 10n, valueUnits: 3n }],
  ['ETH-USD', { base: 'ETH', quote: USD, lotUnits: 10n, valueUnits: 3n }],
]);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

let ids = 0;
/** A UUID that sorts behind those before it. */
const nextId = (): string => `01900000-0000-7000-8000-${(++ids).toString(16).padStart(12, '0')}`;

/** Short words for what tests do with the money of a reference shard. */
export class Till {
  readonly limits: Mutable<ReferenceLimits> = { ...TEST_LIMITS, funds: 'required' };
  readonly shard = new ReferenceShard(this.limits, SCALES);
  readonly log: LogEntry[] = [];
  timeUs = 1_000_000;

  apply(command: EngineCommand): CommandResult {
    this.timeUs++;
    const result = this.shard.apply(command, { timeUs: this.timeUs, second: Math.floor(this.timeUs / 1e6) });
    if (result.outcome === 'logged') this.log.push(result.entry);
    if (result.outcome === 'mass_cancelled' && result.entry !== null) this.log.push(result.entry);
    return result;
  }

  do(command: EngineCommand): LogEntry {
    return entryOf(this.apply(command));
  }

  refused(command: EngineCommand): Refused {
    return refusalOf(this.apply(command));
  }

  place(side: Side, price: number | null, lots: number, client: string, options: PlaceOptions = {}): Order {
    return orderOf(this.do(order(side, price, lots, client, options)));
  }

  amend(named: Order, options: AmendOptions): Order {
    return orderOf(this.do(amendCommand(named, options)));
  }

  deposit(to: string, asset: string, amount: number | bigint): LogEntry {
    return this.do(depositOf(to, asset, amount));
  }

  /** Total and held. */
  balance(account: string, asset: string): readonly [total: bigint, held: bigint] {
    const own = this.shard.state().accounts.find((one) => one.account === account)?.balances.find((balance) => balance.asset === asset);
    return [BigInt(own?.total ?? '0'), BigInt(own?.held ?? '0')];
  }
}

export function order(side: Side, price: number | null, lots: number, client: string, options: PlaceOptions = {}): EngineCommand {
  return placeCommand(side, price, lots, { ...options, client, orderId: nextId() });
}

export function accountOf(
  account: string,
  more: { opens?: boolean; status?: AccountStatus; credit?: Credit; feeGroup?: string; name?: string; deposits?: [string, string][]; key?: string } = {},
): EngineCommand {
  return {
    op: 'account', actor: null, account, opens: more.opens ?? true, name: more.name ?? null, status: more.status ?? null, credit: more.credit ?? null,
    feeGroup: more.feeGroup ?? null, deposits: (more.deposits ?? []).map(([asset, amount]) => ({ asset, amount })), idempotency: more.key ?? null,
    request: more.key === undefined ? null : { account },
  };
}

export function transferOf(kind: TransferCommand['kind'], from: string, to: string, asset: string, amount: number | bigint, more: Partial<TransferCommand> = {}): EngineCommand {
  return {
    op: 'transfer', actor: null, transferId: nextId(), kind, pending: kind === 'withdrawal', from, to, asset, amount: String(amount), reference: null,
    referenceDigest: null, note: null, timeoutUs: null, reverses: null, idempotency: null, request: null, ...more,
  };
}

export const depositOf = (to: string, asset: string, amount: number | bigint, more: Partial<TransferCommand> = {}): EngineCommand => (
  transferOf('deposit', ISSUANCE, to, asset, amount, more)
);

export function endOf(transferId: string, status: TransferEnd, amount: number | null = null, key: string | null = null): EngineCommand {
  return { op: 'transfer_end', actor: null, transferId, status, amount: amount === null ? null : String(amount), idempotency: key, request: null };
}

export function feesOf(group: string, ...rates: readonly (readonly [instrument: string | null, makerRate: number, takerRate: number])[]): EngineCommand {
  const rows = rates.map(([instrument, makerRate, takerRate]): FeeRate => ({ instrument, makerRate, takerRate }));
  return { op: 'fee_group', actor: null, group, rates: rows, idempotency: null, request: null };
}

/** The id of the transfer that an entry tells of. */
export function transferIdOf(entry: LogEntry): string {
  for (const event of entry.events) {
    if (event.type === 'transfer') return event.transfer.transferId;
  }
  throw new Error('the entry has no transfer');
}

export const typesOf = (entry: LogEntry): string[] => entry.events.map(({ type }) => type);
