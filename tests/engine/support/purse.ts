import type { MoneyScale } from '../../../src/domain/assets';
import type { AccountCommand, EngineCommand, TransferCommand } from '../../../src/domain/commands';
import type { LogEntry } from '../../../src/domain/log-entry';
import { ISSUANCE, type Balance, type FeeRate } from '../../../src/domain/money';
import { newOrderId } from '../../../src/domain/order-id';
import { BTC, ETH } from './desk';

/** A lot is a unit of the base, a tick of a lot one of the quote. */
export const UNIT_SCALES: ReadonlyMap<string, MoneyScale> = new Map([
  [BTC, { base: 'BTC', quote: 'USD', lotUnits: 1n, valueUnits: 1n }], [ETH, { base: 'ETH', quote: 'USD', lotUnits: 1n, valueUnits: 1n }],
]);

export const unkeyed = { actor: null, idempotency: null, request: null } as const;

export function accountCommand(account: string, funds: Readonly<Record<string, string | number>>, more: Partial<AccountCommand> = {}): EngineCommand {
  return {
    op: 'account', account, opens: true, name: null, status: null, credit: null, feeGroup: null, ...unkeyed,
    deposits: Object.entries(funds).map(([asset, amount]) => ({ asset, amount: String(amount) })), ...more,
  };
}

/** Changes an account that is there. */
export function changeCommand(account: string, more: Partial<AccountCommand>): EngineCommand {
  return accountCommand(account, {}, { opens: false, ...more });
}

export function transferCommand(from: string, to: string, asset: string, amount: string | number, more: Partial<TransferCommand> = {}): EngineCommand & TransferCommand {
  return {
    op: 'transfer', transferId: newOrderId(), kind: 'transfer', pending: false, from, to, asset, amount: String(amount), reference: null, referenceDigest: null,
    note: null, timeoutUs: null, reverses: null, ...unkeyed, ...more,
  };
}

export const depositCommand = (to: string, asset: string, amount: string | number, more: Partial<TransferCommand> = {}): EngineCommand & TransferCommand => (
  transferCommand(ISSUANCE, to, asset, amount, { kind: 'deposit', ...more })
);

export function feesCommand(group: string, rates: readonly FeeRate[]): EngineCommand {
  return { op: 'fee_group', group, rates, ...unkeyed };
}

/** Rates of every instrument. */
export const all = (makerRate: number, takerRate: number): FeeRate[] => [{ instrument: null, makerRate, takerRate }];

/** What an entry says that an account has of an asset. */
export function balanceIn(entry: LogEntry, account: string, asset: string): Pick<Balance, 'total' | 'held'> | undefined {
  const found = entry.balances.find((balance) => balance.account === account && balance.asset === asset);
  return found === undefined ? undefined : { total: found.total, held: found.held };
}
