import type { AccountCommand, FeeGroupCommand, MoneyCommand, TransferCommand, TransferEndCommand } from '../domain/commands';
import type { EntryEvent, LoggedCommand } from '../domain/entry';
import { DEFAULT_FEE_GROUP, ISSUANCE, type Account, type Funds, type Transfer } from '../domain/money';
import { FEE_GROUPS_MAX, losingPair } from './fees';
import { LedgerChange } from './ledger';
import type { Money } from './money';
import type { Refusal } from './refusal';

/** When a command is carried out, and under which rules. */
export interface MoneyMoment {
  readonly timeUs: number;
  /** Of the entry that would tell it. */
  readonly sequence: number;
  readonly funds: Funds;
  readonly hasOpenOrders: (account: string) => boolean;
}

/** What a command comes to; nothing is changed before `apply`. */
export interface MoneyChange {
  readonly events: readonly EntryEvent[];
  apply(): void;
}

export function decideMoney(money: Money, command: MoneyCommand, moment: MoneyMoment): Refusal | MoneyChange {
  switch (command.op) {
    case 'account': return command.opens ? openAccount(money, command, moment) : changeAccount(money, command, moment);
    case 'transfer': return transfer(money, command, moment);
    case 'transfer_end': return endTransfer(money, command, moment);
    case 'fee_group': return setFeeGroup(money, command);
  }
}

/** A money command as an entry tells it. */
export function loggedMoney(command: MoneyCommand, funds: Funds): LoggedCommand {
  switch (command.op) {
    case 'account': {
      const { op, actor, account, opens, name, status, credit, feeGroup, deposits } = command;
      return { op, actor, funds, account, opens, name, status, credit, feeGroup, deposits };
    }
    case 'transfer': {
      const { op, actor, transferId, kind, pending, from, to, asset, amount, reference, note, timeoutUs, reverses } = command;
      return { op, actor, funds, transferId, kind, pending, from, to, asset, amount, reference, note, timeoutUs, reverses };
    }
    case 'transfer_end': {
      const { op, actor, transferId, status, amount } = command;
      return { op, actor, funds, transferId, status, amount };
    }
    case 'fee_group': {
      const { op, actor, group, rates } = command;
      return { op, actor, funds, group, rates };
    }
  }
}

function changeOf(change: LedgerChange, first: readonly EntryEvent[] = [], more: () => void = () => undefined): Refusal | MoneyChange {
  if (change.isTooLarge) return { code: 'balance_limit' };
  return {
    events: [...first, ...change.events()],
    apply(): void {
      change.commit();
      more();
    },
  };
}

const isFeeGroup = (money: Money, group: string): boolean => group === DEFAULT_FEE_GROUP || money.feeGroups.has(group);

function openAccount(money: Money, command: AccountCommand, { timeUs }: MoneyMoment): Refusal | MoneyChange {
  const { account, name, status, credit, feeGroup } = command;
  if (money.ledger.has(account)) return { code: 'account_exists' };
  if (feeGroup !== null && !isFeeGroup(money, feeGroup)) return { code: 'fee_group_not_found' };
  const change = new LedgerChange(money.ledger, timeUs);
  change.put({ account, name, status: status ?? 'active', credit: credit ?? 'venue', feeGroup: feeGroup ?? DEFAULT_FEE_GROUP, createdUs: timeUs });
  for (const { asset, amount } of command.deposits) change.move(ISSUANCE, account, asset, BigInt(amount));
  return changeOf(change);
}

function changeAccount(money: Money, command: AccountCommand, { timeUs, funds, hasOpenOrders }: MoneyMoment): Refusal | MoneyChange {
  const { account, name, status, credit, feeGroup } = command;
  const before = money.ledger.account(account);
  if (before === undefined) return { code: 'account_not_found' };
  if (feeGroup !== null && !isFeeGroup(money, feeGroup)) return { code: 'fee_group_not_found' };
  if (status === 'closed' && (!money.ledger.isEmpty(account) || hasOpenOrders(account))) return { code: 'account_not_empty' };
  const lacking = funds === 'required' && credit !== null && credit !== 'unlimited' ? money.uncovered(account) : null;
  if (lacking !== null) return lacking;
  const change = new LedgerChange(money.ledger, timeUs);
  const after: Account = {
    ...before, name: name ?? before.name, status: status ?? before.status, credit: credit ?? before.credit, feeGroup: feeGroup ?? before.feeGroup,
  };
  change.put(after);
  return changeOf(change);
}

function transfer(money: Money, command: TransferCommand, { timeUs, sequence, funds }: MoneyMoment): Refusal | MoneyChange {
  const { transferId, kind, from, to, asset, amount, reference, note, reverses, timeoutUs } = command;
  const units = BigInt(amount);
  // Where everybody has credit, whoever sends money needs no account to send it from; to take it out of the venue he does.
  const mayMakeSender = funds === 'paper' && kind !== 'withdrawal';
  if (!money.ledger.has(from) && !mayMakeSender) return { code: 'account_not_found' };
  const standing = kind === 'deposit' ? null : money.standing(from);
  if (standing !== null && (kind !== 'reversal' || standing.code === 'account_closed')) return standing;
  if (money.ledger.account(to)?.status === 'closed') return { code: 'account_closed' };
  const lacking = money.lacking(funds, from, { asset, units });
  if (lacking !== null) return lacking;

  const isPending = kind === 'withdrawal' || (kind === 'transfer' && command.pending);
  const change = new LedgerChange(money.ledger, timeUs);
  change.open(from);
  change.open(to);
  change.note(units);
  if (isPending) change.add(from, asset, 0n, units);
  else change.move(from, to, asset, units);
  const made: Transfer = {
    transferId, kind, status: isPending ? 'pending' : 'posted', from, to, asset, amount, settledAmount: isPending ? '0' : amount, reference, note,
    expiresUs: isPending && timeoutUs !== null ? timeUs + timeoutUs : null, reverses, sequence, createdUs: timeUs,
  };
  return changeOf(change, [{ type: 'transfer', transfer: made }], () => money.transfers.set(transferId, made));
}

function endTransfer(money: Money, command: TransferEndCommand, { timeUs }: MoneyMoment): Refusal | MoneyChange {
  const { transferId, status } = command;
  const pending = money.transfers.get(transferId);
  if (pending === undefined) return { code: 'transfer_not_found' };
  if (pending.status !== 'pending') return { code: 'transfer_resolved', transfer: pending };
  const isOver = pending.expiresUs !== null && timeUs >= pending.expiresUs;
  if (status === 'expired' && !isOver) return { code: 'transfer_resolved', transfer: pending };
  // Its time is over, though the timer has not come by yet.
  if (status !== 'expired' && isOver) return { code: 'transfer_resolved', transfer: { ...pending, status: 'expired' } };

  const { from, to, asset } = pending;
  const held = BigInt(pending.amount);
  const settled = status === 'posted' ? BigInt(command.amount ?? pending.amount) : 0n;
  if (settled > held) return { code: 'amount_above_transfer' };
  if (status === 'posted' && money.ledger.account(to)?.status === 'closed') return { code: 'account_closed' };
  const change = new LedgerChange(money.ledger, timeUs);
  if (status === 'posted') change.open(to);
  change.add(from, asset, 0n, -held);
  change.move(from, to, asset, settled);
  const ended: Transfer = { ...pending, status, settledAmount: String(settled) };
  return changeOf(change, [{ type: 'transfer', transfer: ended }], () => money.transfers.set(transferId, ended));
}

function setFeeGroup(money: Money, { group, rates }: FeeGroupCommand): Refusal | MoneyChange {
  // The default is there whether or not it has rates.
  if (!isFeeGroup(money, group) && new Set([DEFAULT_FEE_GROUP, ...money.feeGroups.keys()]).size >= FEE_GROUPS_MAX) return { code: 'fee_groups_limit' };
  if (losingPair(new Map([...money.feeGroups, [group, rates]])) !== null) return { code: 'fee_rates_lose_money' };
  return {
    events: [{ type: 'fee_group', group, rates }],
    apply: () => void money.feeGroups.set(group, rates),
  };
}
