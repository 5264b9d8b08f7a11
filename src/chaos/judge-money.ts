import { firstDifference } from '../audit/difference';
import type { AssetTable } from '../domain/asset-table';
import { shortfallOf, type LogEntry } from '../domain/log-entry';
import type { Transfer } from '../domain/money';
import { resultCodeOf, type ResultCode } from '../domain/result-code';
import { presentAccount, presentDeposit, presentFeeGroup, presentShortfall, presentTransfer, presentWithdrawal, WITHDRAWAL_STATUS } from '../dialects/native/present-money';

/** What clients are told of money, as the record has it. */

/** @returns null for an entry of orders */
export function answerOfMoney(entry: LogEntry, assets: AssetTable): Record<string, unknown> | null {
  switch (entry.kind) {
    case 'account':
    case 'transfer':
    case 'transfer_end':
    case 'fee_group': break;
    default: return null;
  }
  for (const event of entry.events) {
    // Nobody of a campaign has credit: funds are required of all.
    if (entry.kind === 'account' && event.type === 'account') return { ...presentAccount({ account: event.account, credit: 'none' }) };
    if (event.type === 'transfer') return { ...presentAny(event.transfer, assets) };
    if (event.type === 'fee_group') return { ...presentFeeGroup(event) };
  }
  return {};
}

function presentAny(transfer: Transfer, assets: AssetTable): object {
  switch (transfer.kind) {
    case 'deposit': return presentDeposit(transfer, assets);
    case 'withdrawal': return presentWithdrawal(transfer, assets);
    case 'transfer':
    case 'reversal': return presentTransfer(transfer, assets);
  }
}

/** What a client may have been told where the record says a code: what Redis has let go of is looked up in history. */
const TOLD_AS: Readonly<Partial<Record<ResultCode, readonly string[]>>> = {
  order_not_found: ['order_not_open'],
  order_list_not_found: ['order_list_not_open'],
  transfer_not_found: ['withdrawal_not_found', 'transfer_resolved', 'withdrawal_resolved'],
  transfer_resolved: ['withdrawal_resolved'],
};

export function isSameRefusal(code: ResultCode, told: unknown): boolean {
  return told === code || TOLD_AS[code]?.includes(String(told)) === true;
}

/** Whether an end of a withdrawal that had come before, by another key, was told again: the record says only that it had ended. */
export function isEndToldAgain({ code, command }: LogEntry, status: number, told: unknown): boolean {
  const said = resultCodeOf(code);
  return status < 300 && (said === 'transfer_resolved' || said === 'transfer_not_found') && command?.op === 'transfer_end' && WITHDRAWAL_STATUS[command.status] === told;
}

/** @returns how what was told to be lacking differs from what the record says, null when it does not */
export function shortfallDifference(entry: LogEntry, body: Readonly<Record<string, unknown>>, assets: AssetTable): string | null {
  const shortfall = shortfallOf(entry);
  if (shortfall === undefined) return null;
  const { asset, needed, available } = body;
  const difference = firstDifference(presentShortfall(shortfall, assets), { asset, needed, available });
  return difference === null ? null : `differs from the answer at${difference}`;
}
